"""The gold in groups that fail: something to learn where every sampled completion is wrong.

A group without a right completion has no gradient, or one between two wrong answers. One of its
completions is exchanged for the gold before the rewards are computed, and the gold's advantage is
that of any other member (off-policy guidance, LUFFY: Yan et al., 2025, here without its shaping of
the ratio, which is 1 in the first update). The gold counts as sampled by the policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlgrpo.environments import SqlEnv
from sqlgrpo.types import Example


class GoldGuide:
    """Exchanges the last completion of each failed group for the gold."""

    def __init__(
        self,
        environment: SqlEnv,
        examples: Sequence[Example],
        tokenizer: Any,
        *,
        group_size: int,
        max_tokens: int,
    ) -> None:
        self.environment, self.tokenizer = environment, tokenizer
        self.examples: Mapping[str, Example] = {example.id: example for example in examples}
        self.group_size, self.max_tokens = group_size, max_tokens

    def __call__(
        self, rows: Sequence[Mapping[str, Any]], completions: list[list[int]]
    ) -> tuple[list[list[int]], float]:
        """The completions, a gold among those of each group in which none has the full reward,
        and the share of such groups. A group that is divided between processes stays."""
        examples = [self.examples[row["example_id"]] for row in rows]
        decode = self.tokenizer.decode
        texts = [decode(tokens, skip_special_tokens=True) for tokens in completions]
        rewards = [score.reward for score in self.environment.score_batch(texts, examples)]
        result, exchanged = list(completions), 0
        for last in range(self.group_size - 1, len(rows), self.group_size):
            group = slice(last - self.group_size + 1, last + 1)
            gold = self.gold(examples[last])
            whole = len({example.id for example in examples[group]}) == 1
            if whole and max(rewards[group]) < 1.0 and len(gold) <= self.max_tokens:
                result[last] = gold
                exchanged += 1
        return result, exchanged * self.group_size / max(1, len(rows))

    def gold(self, example: Example) -> list[int]:
        """Tokens of the gold, as the policy would write it: the answer, then the end."""
        text = self.environment.answer(example)["content"]
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return [*ids, self.tokenizer.eos_token_id]
