"""Text to SQL: one prompt, one completion, one score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlgrpo.config import EnvironmentConfig
from sqlgrpo.environments.protocols import Parser
from sqlgrpo.errors import ConfigError
from sqlgrpo.rubrics import Rubric
from sqlgrpo.types import Completion, Example, Message, Score


def prompt_messages(
    config: EnvironmentConfig, question: str, schema: str, dialect: str
) -> list[Message]:
    """What the model reads; ``ConfigError`` when the template names an unknown field."""
    try:
        user = config.user_prompt.format(schema=schema, question=question, dialect=dialect)
    except (KeyError, IndexError, ValueError) as error:
        raise ConfigError(
            f"environment.user_prompt: {error} is not one of "
            "{schema}, {question}, {dialect}; write {{ and }} for literal braces"
        ) from None
    return [
        {"role": "system", "content": config.system_prompt},
        {"role": "user", "content": user},
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlEnv:
    """The text-to-SQL task: what the model reads, and what its answer is worth."""

    config: EnvironmentConfig
    parse: Parser
    rubric: Rubric

    @property
    def reward_names(self) -> tuple[str, ...]:
        """The verifiers of the rubric."""
        return self.rubric.names

    def messages(self, example: Example) -> list[Message]:
        """The prompt, as chat messages."""
        return prompt_messages(self.config, example.question, example.schema, example.dialect)

    def answer(self, example: Example) -> Message:
        """The gold as the completion that a perfect model would give."""
        return {"role": "assistant", "content": example.gold_sql}

    def demonstrations(self, examples: Sequence[Example]) -> list[tuple[list[Message], Message]]:
        """What the warm start imitates: a conversation, and how it goes on."""
        return [(self.messages(example), self.answer(example)) for example in examples]

    def score(self, completion: Completion, example: Example) -> Score:
        """The completion's reward and its reasons; ``ExampleError`` when the example is broken."""
        return self.score_batch([completion], [example])[0]

    def score_batch(
        self, completions: Sequence[Completion], examples: Sequence[Example]
    ) -> list[Score]:
        """Scores in order; queries are executed once each, spread over worker processes."""
        parsed = [self.parse(last_text(completion)) for completion in completions]
        return self.rubric.score_batch(list(zip(parsed, examples, strict=True)))

    def contributions(self, score: Score) -> dict[str, float]:
        """What each verifier added to the reward."""
        return self.rubric.contributions(score)

    def figures(
        self, _completions: Sequence[Completion], _examples: Sequence[Example]
    ) -> dict[str, list[float]]:
        """Nothing beyond the scores."""
        return {}


def last_text(completion: Completion) -> str:
    """The text that the model wrote last."""
    return completion if isinstance(completion, str) else completion[-1]["content"]
