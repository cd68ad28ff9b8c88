"""Packed rows: what shares a place in a row, and what sees what."""

from __future__ import annotations

import random

import pytest
import torch

from sqlgrpo.training.fast.attention import PackedAttention
from sqlgrpo.training.fast.forest import PackedBatch, Rows, build
from sqlgrpo.training.fast.trie import Tokens, pack, pack_within

PROMPT = (9, 8, 7)


def random_completions(seed: int) -> list[Tokens]:
    """Short words over two letters, so that prefixes, duplicates and nested words abound."""
    draw = random.Random(seed)
    return [tuple(draw.choices((1, 2), k=draw.randrange(6))) for _ in range(8)]


def sees(ends: list[int], query: int, key: int) -> bool:
    return key <= query < ends[key]


@pytest.mark.parametrize("seed", range(20))
def test_a_target_is_predicted_from_exactly_the_prompt_and_its_prefix(seed: int) -> None:
    completions = random_completions(seed)
    row = pack(PROMPT, completions)
    for completion in filter(None, completions):
        path = row.paths[completion]
        assert [row.targets[i] for i in path] == list(completion)
        for depth, target in enumerate(path):
            parent = row.parents[target]
            seen = [key for key in range(len(row.tokens)) if sees(row.ends, parent, key)]
            assert tuple(row.tokens[key] for key in seen) == PROMPT + completion[:depth]
            assert [row.positions[key] for key in seen] == list(range(len(PROMPT) + depth))


@pytest.mark.parametrize("seed", range(20))
def test_every_distinct_prefix_is_scored_once_and_forwarded_only_if_it_goes_on(seed: int) -> None:
    completions = random_completions(seed)
    prefixes = {c[: n + 1] for c in completions for n in range(len(c))}
    continued = {c[:n] for c in completions for n in range(1, len(c))}
    row = pack(PROMPT, completions)
    assert len(row.targets) == len(prefixes)
    assert len(row.tokens) == len(PROMPT) + len(continued)


@pytest.mark.parametrize("max_tokens", [1, 5, 8, 100])
def test_a_group_that_does_not_fit_is_cut_into_rows_that_hold_every_completion(
    max_tokens: int,
) -> None:
    completions = random_completions(3)
    rows = list(pack_within(PROMPT, completions, max_tokens))
    assert {c for row in rows for c in row.paths} == set(filter(None, completions))
    assert all(len(row.tokens) <= max_tokens or len(row.paths) == 1 for row in rows)


def test_the_attention_mask_is_the_ancestor_relation() -> None:
    row = pack(PROMPT, [(1, 2, 3), (1, 4, 5), (1, 4, 6, 6)])
    stop = len(row.tokens)
    packed = PackedAttention(PackedBatch.of([row], torch.device("cpu")))
    mask = packed.mask(0, len(PROMPT), stop)
    expected = [[sees(row.ends, q, k) for k in range(stop)] for q in range(len(PROMPT), stop)]
    assert mask.tolist() == expected


@pytest.mark.parametrize("seed", range(10))
def test_what_opens_every_prompt_is_laid_out_once_and_seen_by_every_row(seed: int) -> None:
    opening = tuple(range(10, 20))
    prompts = [(*opening, 3), (*opening, 4, 5), opening]
    completions = random_completions(seed)
    rows = [pack(prompt, completions) for prompt in prompts]
    batch = PackedBatch.of(rows, torch.device("cpu"))
    assert batch.shared == len(opening) - 1  # the last prompt keeps its last token to itself
    assert len(batch.tokens_T) == sum(len(row.tokens) for row in rows) - 2 * batch.shared
    packed = PackedAttention(batch)
    first_target = 0
    for row, prompt, (start, tree, stop) in zip(rows, prompts, batch.spans, strict=True):
        assert tree - start == len(prompt) - batch.shared
        keys = [*range(batch.shared), *range(start, stop)]
        mask = packed.mask(start, start, stop).tolist()
        for completion, path in row.paths.items():
            for depth, target in enumerate(path):
                parent = int(batch.parents_N[first_target + target])
                seen = [keys[at] for at, sees_it in enumerate(mask[parent - start]) if sees_it]
                assert batch.tokens_T[seen].tolist() == [*prompt, *completion[:depth]]
                assert batch.positions_T[seen].tolist() == list(range(len(prompt) + depth))
        first_target += len(row.targets)


def test_an_opening_that_is_a_small_part_of_the_tokens_is_not_shared() -> None:
    rows = [pack((1, *([word] * 30)), [(1, 2)]) for word in (3, 4)]
    assert PackedBatch.of(rows, torch.device("cpu")).shared == 0


def test_values_return_to_the_rows_and_places_they_came_from() -> None:
    rows = Rows(
        prompts=[PROMPT, (5,), PROMPT, PROMPT],
        completions=[(1, 2), (1, 2), (1, 3), ()],
        width=3,
    )
    forest = build(rows, 1_000, torch.device("cpu"))
    targets = torch.cat([batch.targets_N for batch in forest.batches])
    assert forest.spread(targets).tolist() == [[1, 2, 0], [1, 2, 0], [1, 3, 0], [0, 0, 0]]
    assert forest.tokens == len(PROMPT) + 1 + 1 + 1


def test_with_nothing_to_score_one_token_still_goes_through_the_model() -> None:
    rows = Rows(prompts=[PROMPT], completions=[()], width=2)
    forest = build(rows, 100, torch.device("cpu"))
    assert forest.tokens == 1
    assert forest.spread(torch.ones(1)).tolist() == [[0.0, 0.0]]
