"""Supervised fine-tuning that reads a schema once for all its questions in a micro-batch.

The rows of a micro-batch are packed like the completions of a group: what they share from the
start (system prompt, schema) is one prefix, the rest of each row is a branch. Only answer tokens
reach the LM head. Loss and gradients are those of TRL's ``SFTTrainer``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, TypeVar

import torch
from torch import Tensor
from transformers import PreTrainedModel
from trl import SFTTrainer

from sqlgrpo.inference.prefill import Tokens, common_prefix
from sqlgrpo.training.fast.forest import Forest, PackedBatch
from sqlgrpo.training.fast.forward import install, reason_not_to_pack
from sqlgrpo.training.fast.head import Head
from sqlgrpo.training.fast.trie import PackedRow, pack

WORTH_SHARING = 0.5
"""Rows are packed together when they share at least this part of the shorter one."""
IGNORED = -100

T = TypeVar("T")


class FastSFTTrainer(SFTTrainer):
    """A drop-in ``SFTTrainer`` for prompt-completion data."""

    def __init__(self, *args: Any, attention: str = "sdpa", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        base = self.model.get_base_model() if hasattr(self.model, "peft_config") else self.model
        self._packs = isinstance(base, PreTrainedModel) and not reason_not_to_pack(base)
        if self._packs:
            install(base, Head(temperature=1.0), attention)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        if not self._packs or return_outputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        forest, index = pack_labelled(
            inputs["input_ids"], inputs["attention_mask"], inputs["labels"]
        )
        logps_N, _ = model(forest=forest)
        total = len(index) if num_items_in_batch is None else num_items_in_batch
        loss = -logps_N[index].sum() / total
        if self.args.average_tokens_across_devices and num_items_in_batch is not None:
            loss = loss * self.accelerator.num_processes
        return loss


def pack_labelled(ids_BT: Tensor, mask_BT: Tensor, labels_BT: Tensor) -> tuple[Forest, Tensor]:
    """Padded rows -> packed rows, and for each labelled token the index of its log-probability."""
    rows = [
        (tuple(ids[mask].tolist()), labels[mask].tolist())
        for ids, mask, labels in zip(ids_BT, mask_BT.bool(), labels_BT, strict=True)
    ]
    trees: list[PackedRow] = []
    wanted: list[int] = []
    offset = 0
    for group in _groups(sorted(rows)):
        start = _shared(group)
        tree = pack(group[0][0][:start], [tokens[start:] for tokens, _ in group])
        used = [
            node
            for tokens, labels in group
            for node, label in zip(tree.paths[tokens[start:]], labels[start:], strict=True)
            if label != IGNORED
        ]
        kept = sorted(set(used))
        place = {node: offset + position for position, node in enumerate(kept)}
        wanted += [place[node] for node in used]
        tree.parents = [tree.parents[node] for node in kept]
        tree.targets = [tree.targets[node] for node in kept]
        offset += len(kept)
        trees.append(tree)
    batch = PackedBatch.of(trees, ids_BT.device)
    tokens = sum(len(tree.tokens) for tree in trees)
    index = torch.tensor(wanted, device=ids_BT.device)
    return Forest(batches=(batch,), index_BC=index[None], tokens=tokens), index


Labelled = tuple[Tokens, list[int]]


def _groups(rows: Sequence[Labelled]) -> Iterator[list[Labelled]]:
    """Sorted rows, cut where neighbours share too little to be packed together."""
    group: list[Labelled] = []
    for row in rows:
        if group:
            shared = common_prefix(group[0][0], row[0])
            if shared < WORTH_SHARING * min(len(group[0][0]), len(row[0])):
                yield group
                group = []
        group.append(row)
    yield group


def _shared(group: Sequence[Labelled]) -> int:
    """How many tokens open all the rows, which are sorted, and carry no label."""
    unlabelled = min(
        next((at for at, label in enumerate(labels) if label != IGNORED), len(labels))
        for _, labels in group
    )
    return min(unlabelled, common_prefix(group[0][0], group[-1][0]))


def together(items: Sequence[T], keys: Sequence[str], size: int, seed: int) -> list[T]:
    """Items in runs of ``size`` with one key, the runs shuffled; what is left over comes last."""
    rng = Random(seed)
    by_key: dict[str, list[T]] = {}
    for item, key in zip(items, keys, strict=True):
        by_key.setdefault(key, []).append(item)
    runs: list[list[T]] = []
    rest: list[T] = []
    for found in by_key.values():
        whole = len(found) // size * size
        runs += [found[at : at + size] for at in range(0, whole, size)]
        rest += found[whole:]
    runs += [rest[at : at + size] for at in range(0, len(rest), size)]
    full = [run for run in runs if len(run) == size]
    rng.shuffle(full)
    return [item for run in full for item in run] + [
        item for run in runs if len(run) < size for item in run
    ]
