"""Questions in, SQL out, with a trained checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlgrpo.config import EnvironmentConfig, ModelConfig
from sqlgrpo.environments import prompt_messages
from sqlgrpo.errors import ConfigError
from sqlgrpo.inference.generate import Decoding, Generator
from sqlgrpo.inference.journal import Journal
from sqlgrpo.inference.questions import Question
from sqlgrpo.inference.resume import Ask, Remembering, who
from sqlgrpo.models import check_checkpoint, load_checkpoint, load_tokenizer
from sqlgrpo.parsers import PARSERS
from sqlgrpo.registry import lookup
from sqlgrpo.settings import from_file
from sqlgrpo.types import Parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """Somebody who answers, and the prompt that they were trained on."""

    ask: Ask
    environment: EnvironmentConfig

    def __call__(
        self, questions: Sequence[Question], advance: Callable[[int], None] = lambda _: None
    ) -> list[Parsed]:
        """One answer per question, in order."""
        conversations = [
            prompt_messages(self.environment, each.question, each.schema, each.dialect)
            for each in questions
        ]
        texts = self.ask(conversations, lambda _index, _text: advance(1))
        parse = lookup("parser", self.environment.parser, PARSERS)
        return [parse(text) for text in texts]


def load_predictor(checkpoint: Path, decoding: Decoding, journal: Path | None = None) -> Predictor:
    """The checkpoint's model with the prompt of its run; answers are kept in ``journal``.

    Raises ``ConfigError`` when the folder holds no weights or its run's ``config.yaml`` is gone.
    """
    check_checkpoint(checkpoint)
    file = run_config(checkpoint)
    model: ModelConfig = from_file(file, "model", ModelConfig)
    environment: EnvironmentConfig = from_file(file, "environment", EnvironmentConfig)
    lookup("parser", environment.parser, PARSERS)  # a name that is not known fails here
    ask = Generator(
        load_checkpoint(model, checkpoint), load_tokenizer(model), decoding, chat=model.chat
    )
    if journal is None:
        return Predictor(ask=ask, environment=environment)
    name = who(model.name, checkpoint, decoding)
    remembering = Remembering(ask=ask, journal=Journal.open(journal), who=name)
    return Predictor(ask=remembering, environment=environment)


def run_config(checkpoint: Path) -> Path:
    """The ``config.yaml`` of the run that wrote the checkpoint: in its folder or the one above."""
    for folder in (checkpoint, checkpoint.resolve().parent):
        if (folder / "config.yaml").is_file():
            return folder / "config.yaml"
    raise ConfigError(
        f"checkpoint {checkpoint}: no config.yaml in it or above it; "
        "copy the one of the run that trained it"
    )
