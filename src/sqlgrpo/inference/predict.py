"""Questions in, SQL out, with a trained checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlgrpo.config import EnvironmentConfig, ModelConfig
from sqlgrpo.environments import prompt_messages
from sqlgrpo.errors import ConfigError, unknown
from sqlgrpo.inference.generate import Decoding, generate
from sqlgrpo.inference.questions import Ask
from sqlgrpo.models import check_checkpoint, load_checkpoint, load_tokenizer
from sqlgrpo.parsers import PARSERS
from sqlgrpo.settings import from_file
from sqlgrpo.types import Parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """A model with its tokenizer and the prompt it was trained on."""

    model: Any
    tokenizer: Any
    environment: EnvironmentConfig
    chat: bool
    decoding: Decoding

    def __call__(
        self, asks: Sequence[Ask], advance: Callable[[int], None] = lambda _: None
    ) -> list[Parsed]:
        """One answer per question, in order."""
        conversations = [
            prompt_messages(self.environment, ask.question, ask.schema, ask.dialect) for ask in asks
        ]
        texts = generate(
            self.model,
            self.tokenizer,
            conversations,
            self.decoding,
            chat=self.chat,
            advance=advance,
        )
        parse = PARSERS[self.environment.parser]
        return [parse(text) for text in texts]


def load_predictor(checkpoint: Path, decoding: Decoding) -> Predictor:
    """The checkpoint's adapter on its base model, with the prompt of its run.

    Raises ``ConfigError`` when the folder holds no adapter or its run's ``config.yaml`` is gone.
    """
    check_checkpoint(checkpoint)
    file = run_config(checkpoint)
    model_config: ModelConfig = from_file(file, "model", ModelConfig)
    environment: EnvironmentConfig = from_file(file, "environment", EnvironmentConfig)
    if environment.parser not in PARSERS:
        raise unknown("parser", environment.parser, PARSERS)
    return Predictor(
        model=load_checkpoint(model_config, checkpoint),
        tokenizer=load_tokenizer(model_config),
        environment=environment,
        chat=model_config.chat,
        decoding=decoding,
    )


def run_config(checkpoint: Path) -> Path:
    """The ``config.yaml`` of the run that wrote the checkpoint: in its folder or the one above."""
    for folder in (checkpoint, checkpoint.resolve().parent):
        if (folder / "config.yaml").is_file():
            return folder / "config.yaml"
    raise ConfigError(
        f"checkpoint {checkpoint}: no config.yaml in it or above it; "
        "copy the one of the run that trained it"
    )
