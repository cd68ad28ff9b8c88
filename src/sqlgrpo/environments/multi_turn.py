"""Text to SQL with repair: the model sees what its query does and may write a better one.

The query runs on a small database that is made for it and knows neither the gold nor the suite
(``databases.preview``). The last query of a conversation is the answer, and it alone is rewarded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlgrpo.environments.feedback import error_message, rows_message
from sqlgrpo.environments.mishaps import misnamed
from sqlgrpo.environments.single_turn import SqlEnv, last_text
from sqlgrpo.parsers.lexer import same_text
from sqlgrpo.types import Completion, Example, Message, Parsed, Score, Verdict

SHOWN_FIRST, SHOWN_EVERY = 1, 4
"""Which examples of a warm start are repairs."""
TURNS = "turns"
"""The reward name of what the turns after the first cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlRepairEnv(SqlEnv):
    """The text-to-SQL task in up to ``turns.limit`` answers."""

    @property
    def max_turns(self) -> int:
        """Most answers in a conversation."""
        return self.config.turns.limit

    @property
    def reward_names(self) -> tuple[str, ...]:
        """The verifiers of the rubric, and the cost of turns if there is one."""
        return (*self.rubric.names, *((TURNS,) if self.config.turns.cost else ()))

    def env_response(self, turns: Sequence[Message], example: Example) -> Message | None:
        """What the last query does, or ``None`` when the conversation is over."""
        return self.env_response_batch([turns], [example])[0]

    def env_response_batch(
        self, conversations: Sequence[Sequence[Message]], examples: Sequence[Example]
    ) -> list[Message | None]:
        """The same for many conversations; queries run in the judge's worker processes."""
        going_on = [self._goes_on(turns) for turns in conversations]
        wanted = [
            (parsed.sql, example)
            for parsed, example in zip(going_on, examples, strict=True)
            if parsed and parsed.sql is not None
        ]
        found = iter(self.rubric.judge.previews(wanted))
        responses: list[Message | None] = []
        for parsed in going_on:
            if parsed is None:
                responses.append(None)
            elif parsed.sql is None:
                responses.append(error_message(parsed.problem, self.config.turns))
            elif (preview := next(found)).error:
                responses.append(error_message(preview.error, self.config.turns))
            else:
                shown = rows_message(preview, self.config.turns) if self.config.turns.rows else None
                responses.append(shown)
        return responses

    def demonstrations(self, examples: Sequence[Example]) -> list[tuple[list[Message], Message]]:
        """The gold as the first answer; for every fourth example, as the repair of a wrong name."""
        shown = SqlEnv.demonstrations(self, examples)
        tries = [
            (number, sql)
            for number in range(SHOWN_FIRST, len(examples), SHOWN_EVERY)
            if self.max_turns > 1 and (sql := misnamed(examples[number])) is not None
        ]
        previews = self.rubric.judge.previews([(sql, examples[number]) for number, sql in tries])
        for (number, sql), preview in zip(tries, previews, strict=True):
            if preview.error:
                prompt, answer = shown[number]
                failed: Message = {"role": "assistant", "content": sql}
                told = error_message(preview.error, self.config.turns)
                shown[number] = ([*prompt, failed, told], answer)
        return shown

    def score_batch(
        self, completions: Sequence[Completion], examples: Sequence[Example]
    ) -> list[Score]:
        """Scores of the answers that stood at the end, less the cost of the turns they took."""
        answers: list[Completion] = [self.standing(completion)[-1] for completion in completions]
        scores = SqlEnv.score_batch(self, answers, examples)
        taken = [len(texts(completion)) for completion in completions]
        return [self._charged(score, turns) for score, turns in zip(scores, taken, strict=True)]

    def contributions(self, score: Score) -> dict[str, float]:
        """What each verifier added to the reward, and what the turns took from it."""
        earned = self.rubric.contributions(score)
        if not self.config.turns.cost:
            return earned
        return {**earned, TURNS: score.reward - sum(earned.values())}

    def figures(
        self, completions: Sequence[Completion], examples: Sequence[Example]
    ) -> dict[str, list[float]]:
        """For each turn: who was right after it, who came to it, whom it fixed and whom it broke.

        All are shares of all conversations; one that is over keeps its answer.
        """
        right = self._right_after_each_turn(completions, examples)
        taken = [len(texts(completion)) for completion in completions]
        measured = {"right_at_turn_1": [float(row[0]) for row in right]}
        for turn in range(1, self.max_turns):
            name = f"turn_{turn + 1}"
            measured[f"reached_{name}"] = [float(turns > turn) for turns in taken]
            measured[f"fixed_at_{name}"] = [float(r[turn] and not r[turn - 1]) for r in right]
            measured[f"broken_at_{name}"] = [float(r[turn - 1] and not r[turn]) for r in right]
        return measured

    def standing(self, completion: Completion) -> list[str]:
        """The answer that stands after each turn: the last text so far that holds a query."""
        answers: list[str] = []
        for text in texts(completion):
            holds = not answers or self.parse(text).sql is not None
            answers.append(text if holds else answers[-1])
        return answers

    def _goes_on(self, turns: Sequence[Message]) -> Parsed | None:
        """The query to run next, or ``None`` when nothing more will be said."""
        said = texts(list(turns))
        if len(said) >= self.max_turns:
            return None
        parsed = self.parse(said[-1])
        if parsed.sql is None:
            stops = said[-1].strip(" .!\n\"'`").casefold() == self.config.turns.stop_word.casefold()
            return None if stops else parsed
        earlier = [self.parse(text).sql for text in said[:-1]]
        repeated = same_text(parsed.sql) in {same_text(sql) for sql in earlier if sql is not None}
        return None if repeated else parsed

    def _charged(self, score: Score, turns: int) -> Score:
        if not self.config.turns.cost:
            return score
        cost = min(score.reward, self.config.turns.cost * (turns - 1))
        verdict = Verdict(verifier=TURNS, score=1.0 / turns, reason=f"{turns} turns")
        told = (*score.verdicts, verdict) if turns > 1 else score.verdicts
        return replace(score, reward=score.reward - cost, verdicts=told)

    def _right_after_each_turn(
        self, completions: Sequence[Completion], examples: Sequence[Example]
    ) -> list[list[bool]]:
        """One row per conversation, ``max_turns`` long."""
        rows = [self.standing(completion) for completion in completions]
        rows = [(row + row[-1:] * self.max_turns)[: self.max_turns] for row in rows]
        flat: list[Completion] = [text for row in rows for text in row]
        repeated = [example for example in examples for _ in range(self.max_turns)]
        scores = SqlEnv.score_batch(self, flat, repeated)
        right = [score.reward == 1.0 for score in scores]
        width = self.max_turns
        return [right[start : start + width] for start in range(0, len(right), width)]


def texts(completion: Completion) -> list[str]:
    """What the model said, turn by turn; at least one text."""
    if isinstance(completion, str):
        return [completion]
    said = [turn["content"] for turn in completion if turn["role"] == "assistant"]
    return said or [last_text(completion)]
