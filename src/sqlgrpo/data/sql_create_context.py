"""``data=sql_create_context``: b-mc2/sql-create-context, from the hub or from a local copy."""

from __future__ import annotations

from pathlib import Path

from sqlgrpo.config import DataConfig
from sqlgrpo.data.files import load_file
from sqlgrpo.data.formats import Record
from sqlgrpo.data.loaded import Loaded
from sqlgrpo.data.rows import to_examples
from sqlgrpo.data.sampling import sample_records
from sqlgrpo.errors import ConfigError


def load_sql_create_context(config: DataConfig, seed: int) -> Loaded:
    """The local file ``config.path`` when it is set, else ``config.hub_id`` from the hub."""
    if config.path is not None:
        return load_file(config, seed)
    if config.hub_id is None:
        raise ConfigError("data=sql_create_context needs data.path=FILE or data.hub_id=OWNER/NAME")
    records = _from_hub(config.hub_id)
    return to_examples(sample_records(records, config.limit, seed), config, Path(config.hub_id))


def _from_hub(hub_id: str) -> list[Record]:
    instead = "download the file and set data.path=FILE"
    try:
        import datasets
    except ImportError as error:
        raise ConfigError(
            f"loading {hub_id!r} needs the package datasets: pip install datasets, or {instead}"
        ) from error
    try:
        rows = datasets.load_dataset(hub_id, split="train")
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).splitlines()[0][:200]
        raise ConfigError(f"cannot load {hub_id!r} from the hub ({reason}); {instead}") from error
    return [Record(f"row {number}", dict(row)) for number, row in enumerate(rows, start=1)]
