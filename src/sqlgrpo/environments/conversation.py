"""Let somebody answer a batch of examples, turn by turn while the environment has a reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlgrpo.environments.protocols import Environment, MultiTurnEnv
from sqlgrpo.types import Completion, Example, Message

Advance = Callable[[int], None]
"""Hears how many more examples were answered."""
Speak = Callable[[Sequence[Sequence[Message]], Advance], Sequence[str]]
"""One text for each conversation so far, in order."""


def in_silence(_count: int) -> None:
    """Nobody is told how far it is."""


def converse(
    environment: Environment,
    examples: Sequence[Example],
    speak: Speak,
    advance: Advance = in_silence,
) -> list[Completion]:
    """The completion of each example: a text, or in a ``MultiTurnEnv`` the turns.

    Each turn is one batch of the conversations that still go on; progress is that of the first.
    """
    prompts = [environment.messages(example) for example in examples]
    if not isinstance(environment, MultiTurnEnv):
        return list(speak(prompts, advance))
    turns: list[list[Message]] = [[] for _ in examples]
    going_on = list(range(len(examples)))
    while going_on:
        said = speak([[*prompts[row], *turns[row]] for row in going_on], advance)
        advance = in_silence
        for row, text in zip(going_on, said, strict=True):
            turns[row].append({"role": "assistant", "content": text})
        responses = environment.env_response_batch(
            [turns[row] for row in going_on], [examples[row] for row in going_on]
        )
        answered = [(r, m) for r, m in zip(going_on, responses, strict=True) if m is not None]
        for row, response in answered:
            turns[row].append(response)
        going_on = [row for row, _ in answered]
    return list(turns)
