"""One prompt, one completion, one score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlgrpo.errors import ConfigError
from sqlgrpo.rubrics import Rubric
from sqlgrpo.types import Example, Message, Parsed, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleTurnEnv:
    """The text-to-SQL task: what the model reads, and what its answer is worth."""

    system_prompt: str
    user_prompt: str
    """Template with ``{schema}``, ``{question}`` and ``{dialect}``."""
    parse: Callable[[str], Parsed]
    rubric: Rubric

    def __post_init__(self) -> None:
        try:
            self.user_prompt.format(schema="", question="", dialect="")
        except (KeyError, IndexError, ValueError) as error:
            raise ConfigError(
                f"environment.user_prompt: {error} is not one of "
                "{schema}, {question}, {dialect}; write {{ and }} for literal braces"
            ) from None

    def messages(self, example: Example) -> list[Message]:
        """The prompt, as chat messages."""
        return self.ask(example.question, example.schema, example.dialect)

    def ask(self, question: str, schema: str, dialect: str = "sqlite") -> list[Message]:
        """The prompt for a question that has no gold."""
        user = self.user_prompt.format(schema=schema, question=question, dialect=dialect)
        return [
            {"role": "system", "content": self.system_prompt},
            {"role": "user", "content": user},
        ]

    def answer(self, example: Example) -> Message:
        """The gold as the completion that a perfect model would give."""
        return {"role": "assistant", "content": example.gold_sql}

    def score(self, completion: str, example: Example) -> Score:
        return self.rubric.score(self.parse(completion), example)

    def score_batch(self, completions: Sequence[str], examples: Sequence[Example]) -> list[Score]:
        """Scores in order; queries are executed once each, spread over worker processes."""
        parsed = [self.parse(completion) for completion in completions]
        return self.rubric.score_batch(list(zip(parsed, examples, strict=True)))
