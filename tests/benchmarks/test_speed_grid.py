"""The speed grid goes on where it was stopped."""

from speed_grid import recalled, remember


def test_a_finished_cell_is_measured_once(tmp_path):
    kept = tmp_path / "cells.jsonl"
    here = {"num_generations": 8, "prompt_tokens": 100, "rounds": 2}
    assert recalled(kept, here) is None
    cell = here | {"faster": {"value": 5.0}}
    for _ in range(2):
        remember(kept, cell)
    assert recalled(kept, here) == cell
    assert recalled(kept, here | {"rounds": 3}) is None
    assert len(kept.read_text().splitlines()) == 1
