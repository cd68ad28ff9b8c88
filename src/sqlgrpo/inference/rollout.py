"""Sample completions for groups that share a prompt, computing each distinct prefix once.

While samples of a group are identical they have the same next-token distribution, so they are one
row from which several tokens are drawn; the row forks when the draws differ and leaves the batch
when its samples end. Samples stay independent draws from the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from sqlgrpo.errors import ConfigError
from sqlgrpo.inference.cache import TreeCache
from sqlgrpo.inference.prefill import PackedPrompts
from sqlgrpo.inference.sampling import Sampler
from sqlgrpo.inference.step import Step
from sqlgrpo.models import attention

Finished = Callable[[int, list[int]], None]


@dataclass(slots=True, kw_only=True)
class Sample:
    """One completion; ``index`` is its place in the batch that was asked for."""

    index: int
    tokens: list[int] = field(default_factory=list)
    logps: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """The newest token of a distinct prefix and the samples that go through it."""

    group: int
    token: int
    parent: int
    """Row of its parent in the step before."""
    samples: list[Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a completion ends."""

    max_new_tokens: int
    eos: frozenset[int]
    stops: Callable[[Sequence[int]], bool] | None = None
    """True for tokens that contain a stop string."""

    def reached(self, tokens: Sequence[int]) -> bool:
        """Does the completion end here?"""
        if tokens[-1] in self.eos or len(tokens) >= self.max_new_tokens:
            return True
        return self.stops is not None and self.stops(tokens)


class Rollout:
    """One batch of completions; ``run`` returns them in the order of the prompts."""

    def __init__(
        self, model: Any, sampler: Sampler, limits: Limits, finished: Finished | None = None
    ) -> None:
        self.model = model
        self.sampler = sampler
        self.limits = limits
        self.finished = finished
        self.device = model.device
        self.forwarded_tokens = 0

    @torch.no_grad()
    def run(self, prompts: Sequence[Sequence[int]]) -> list[Sample]:
        """A completion for each prompt; equal prompts form a group."""
        groups: dict[tuple[int, ...], list[Sample]] = {}
        samples = [Sample(index=index) for index in range(len(prompts))]
        for sample, prompt in zip(samples, prompts, strict=True):
            groups.setdefault(tuple(prompt), []).append(sample)
        lengths = [len(prompt) for prompt in groups]
        self.next_slot = list(lengths)
        self.prompt_length = lengths
        logits_RV = self._prefill(PackedPrompts(list(groups)))
        leaves = [
            Leaf(group=group, token=-1, parent=group, samples=members)
            for group, members in enumerate(groups.values())
        ]
        visible_RL = torch.arange(max(lengths), device=self.device) < torch.tensor(
            lengths, device=self.device
        ).unsqueeze(1)
        while leaves := self._grow(leaves, logits_RV):
            leaves, visible_RL = self._compact(leaves, visible_RL)
            visible_RL, step = self._place(leaves, visible_RL)
            logits_RV = self._decode(leaves, step)
        return samples

    def _prefill(self, prompts: PackedPrompts) -> Tensor:
        """Read the prompts; logits after each of them."""
        self.cache = TreeCache(prompts)
        last = torch.tensor(prompts.last, device=self.device)
        logits_RV = self._forward(prompts.tokens, prompts.positions, last)
        layers = self.model.config.num_hidden_layers
        if len(self.cache.keys) != layers:
            raise ConfigError(
                f"only {len(self.cache.keys)} of {layers} layers of {type(self.model).__name__} "
                "use the shared attention; set training.fast=false"
            )
        return logits_RV

    def _grow(self, leaves: Sequence[Leaf], logits_RV: Tensor) -> list[Leaf]:
        """Draw a token for every sample; the leaves of the next step."""
        most = max(len(leaf.samples) for leaf in leaves)
        tokens_RM, logps_RM = (drawn.tolist() for drawn in self.sampler.draw(logits_RV, most))
        children: list[Leaf] = []
        for row, leaf in enumerate(leaves):
            branches: dict[int, list[Sample]] = {}
            for sample, token, logp in zip(
                leaf.samples, tokens_RM[row], logps_RM[row], strict=False
            ):
                sample.tokens.append(token)
                sample.logps.append(logp)
                branches.setdefault(token, []).append(sample)
            for token, members in branches.items():
                if self.limits.reached(members[0].tokens):
                    self._report(members)
                else:
                    children.append(
                        Leaf(group=leaf.group, token=token, parent=row, samples=members)
                    )
        return children

    def _report(self, samples: Sequence[Sample]) -> None:
        if self.finished is not None:
            for sample in samples:
                self.finished(sample.index, sample.tokens)

    def _compact(self, leaves: list[Leaf], visible_RL: Tensor) -> tuple[list[Leaf], Tensor]:
        """Drop finished groups from the cache once they are half of it."""
        alive = sorted({leaf.group for leaf in leaves})
        if 2 * len(alive) > len(self.next_slot):
            return leaves, visible_RL
        self.cache.keep(alive)
        self.next_slot = [self.next_slot[group] for group in alive]
        self.prompt_length = [self.prompt_length[group] for group in alive]
        renumbered = {group: number for number, group in enumerate(alive)}
        return [
            Leaf(
                group=renumbered[leaf.group],
                token=leaf.token,
                parent=leaf.parent,
                samples=leaf.samples,
            )
            for leaf in leaves
        ], visible_RL

    def _place(self, leaves: Sequence[Leaf], visible_RL: Tensor) -> tuple[Tensor, Step]:
        """Give each leaf a slot; it sees what its parent saw, and itself."""
        slots: list[int] = []
        for leaf in leaves:
            slots.append(self.next_slot[leaf.group])
            self.next_slot[leaf.group] += 1
        parents_R = torch.tensor([leaf.parent for leaf in leaves], device=self.device)
        length = max(visible_RL.shape[1], max(slots) + 1)
        seen_RL = visible_RL.new_zeros(len(leaves), length)
        seen_RL[:, : visible_RL.shape[1]] = visible_RL[parents_R]
        seen_RL[torch.arange(len(leaves)), slots] = True
        groups = [leaf.group for leaf in leaves]
        return seen_RL, Step.of(groups, slots, seen_RL, len(self.next_slot))

    def _decode(self, leaves: Sequence[Leaf], step: Step) -> Tensor:
        self.cache.start(step)
        positions = [
            self.prompt_length[leaf.group] + len(leaf.samples[0].tokens) - 1 for leaf in leaves
        ]
        return self._forward([leaf.token for leaf in leaves], positions, 0)

    def _forward(self, tokens: list[int], positions: list[int], keep: int | Tensor) -> Tensor:
        self.forwarded_tokens += len(tokens)
        logits: Tensor = self.model(
            input_ids=torch.tensor([tokens], device=self.device),
            position_ids=torch.tensor([positions], device=self.device),
            attention_mask=attention.unread_mask(self.device),
            use_cache=False,
            logits_to_keep=keep,
            **{attention.ARGUMENT: self.cache},
        ).logits
        return logits[0]
