"""A supervised loss on golds beside that of GRPO: the gold is one more branch of its group's tree.

To the loss of GRPO comes a weight times the mean negative log-likelihood of the golds' tokens, at
the temperature of sampling (CHORD: Zhang et al., 2025, with a constant weight). A group reads its
prompt for its completions anyway, so a gold costs only the tokens that no completion has. A group
in which every completion earns the full reward needs none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

FULL = 1.0 - 1e-6
"""The full reward, computed in float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldLoss:
    """Which golds a batch learns from, and how much."""

    golds: Mapping[str, Sequence[int]]
    """By the ``example_id`` of a dataset row: the tokens that the policy should write."""
    weight: float

    @classmethod
    def of(
        cls, answers: Mapping[str, str], tokenizer: Any, *, weight: float, longest: int
    ) -> GoldLoss:
        """Answers by ``example_id``, each with its end; one of more tokens than ``longest``, which
        the policy could not write, is left out."""
        tokens = tokenizer(list(answers.values()), add_special_tokens=False)["input_ids"]
        ended = [[*ids, tokenizer.eos_token_id] for ids in tokens]
        golds = {name: ids for name, ids in zip(answers, ended, strict=True) if len(ids) <= longest}
        return cls(golds=golds, weight=weight)

    def branches(
        self, rows: Sequence[Mapping[str, Any]], rewards_BF: Tensor, group_size: int
    ) -> list[Sequence[int]]:
        """The gold of each group that is not right throughout, at its first row; else nothing."""
        right_B = (rewards_BF >= FULL).all(dim=1).tolist()
        branches: list[Sequence[int]] = [()] * len(rows)
        for first in range(0, len(rows), group_size):
            if not all(right_B[first : first + group_size]):
                branches[first] = self.golds.get(rows[first]["example_id"], ())
        return branches
