"""Which prompts come next: rather those that the policy sometimes gets right.

A group has a gradient only when its rewards differ, and they differ most often when the pass rate p
is in the middle. p is estimated from the rewards that training itself has seen, and from samples
drawn before it (``pass_rates``): an example is drawn with a probability in proportion to p (1 - p),
which is highest for one that was never tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from transformers import TrainerCallback, TrainerState
from transformers.trainer_callback import ExportableState
from trl import GRPOConfig
from trl.trainer.utils import RepeatSampler

from sqlgrpo.errors import unknown
from sqlgrpo.training import distributed
from sqlgrpo.training.callbacks import restored
from sqlgrpo.types import Example, Score

KNOWN = ("none", "learnable")


class Curriculum(TrainerCallback, ExportableState):
    """Remembers how often each example was right, and draws the next ones.

    What was drawn is part of a checkpoint, so that a resumed run sees the same prompts. Rewards
    count from the end of their step on, in every process alike.
    """

    def __init__(self, examples: Sequence[Example], seed: int) -> None:
        self.places = {example.id: place for place, example in enumerate(examples)}
        self.seed = seed
        self.earned = [0.0] * len(examples)
        self.tried = [0] * len(examples)
        self.drawn: list[list[int]] = []
        self.taken = 0
        """Batches that were trained on before this process started."""
        self._heard: list[tuple[int, float]] = []

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps (``trainer_state.json``)."""
        kept = {"earned": self.earned, "tried": self.tried, "drawn": self.drawn}
        return {"args": {}, "attributes": kept}

    def on_train_begin(self, args: GRPOConfig, state: TrainerState, *_: Any, **__: Any) -> None:
        kept = restored(self, state)
        # A resumed run with another max_steps has more examples, or fewer, of the same order.
        for name in kept.keys() & {"earned", "tried"}:
            own: list[float] = getattr(self, name)
            own[: len(kept[name])] = kept[name][: len(own)]
        self.drawn = [
            [place % len(self.earned) for place in places] for places in kept.get("drawn", [])
        ]
        uses = args.steps_per_generation * args.num_iterations
        self.taken = state.global_step * args.gradient_accumulation_steps // uses

    def start_from(self, rates: Mapping[str, tuple[float, int]]) -> None:
        """Take in what was earned by how many samples before training."""
        for name, (earned, tried) in rates.items():
            if name in self.places:
                self.earned[self.places[name]] += earned
                self.tried[self.places[name]] += tried

    def hear(self, ids: Sequence[str], scores: Sequence[Score]) -> None:
        """Take in the scores of a batch of completions."""
        self._heard += [(self.places[i], s.reward) for i, s in zip(ids, scores, strict=True)]

    def on_step_end(self, *_: Any, **__: Any) -> None:
        for heard in distributed.gathered(self._heard):
            for place, reward in heard:
                self.earned[place] += reward
                self.tried[place] += 1
        self._heard = []

    def draw(self, number: int, size: int) -> list[int]:
        """The places of the prompts of one batch; asked again, the same ones."""
        if number == len(self.drawn):
            earned, tried = torch.tensor(self.earned), torch.tensor(self.tried)
            rate = (earned + 1) / (tried + 2)
            chance = torch.Generator().manual_seed(hash((self.seed, number)))
            places = torch.multinomial(rate * (1 - rate), size, generator=chance)
            self.drawn.append(places.tolist())
        return self.drawn[number]

    def attach(self, trainer: Any) -> None:
        """Take over the order of prompts, for which TRL asks ``_get_train_sampler``."""
        trainer.add_callback(self)
        plain = trainer._get_train_sampler(trainer.train_dataset)
        trainer._get_train_sampler = lambda _dataset=None: DrawnSampler(plain, self)


class DrawnSampler(RepeatSampler):
    """TRL's sampler, with batches of a curriculum instead of a permutation."""

    def __init__(self, plain: RepeatSampler, curriculum: Curriculum) -> None:
        super().__init__(
            plain.data_source, plain.mini_repeat_count, plain.batch_size, plain.repeat_count
        )
        self.curriculum = curriculum
        self.next_pass: int | None = None

    def __iter__(self) -> Iterator[int]:
        batches = self.num_samples // self.batch_size
        if self.next_pass is None:  # a resumed run starts in a later one
            self.next_pass = self.curriculum.taken // max(1, batches)
        first = self.next_pass * batches
        self.next_pass += 1
        for number in range(first, first + batches):
            chosen = self.curriculum.draw(number, self.batch_size)
            for _ in range(self.repeat_count):
                for place in chosen:
                    yield from [place] * self.mini_repeat_count


def curriculum_for(name: str, examples: Sequence[Example], seed: int) -> Curriculum | None:
    """What ``training.curriculum`` names; ``None`` leaves the order to TRL."""
    if name not in KNOWN:
        raise unknown("training.curriculum", name, KNOWN)
    return Curriculum(examples, seed) if name == "learnable" else None
