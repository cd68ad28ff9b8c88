from __future__ import annotations

import math

from sqlgrpo.evaluation.figures import Figure, mean, proportion, read_stages, write_stage


def test_a_proportion_of_nothing_is_unknown():
    figure = proportion(0, 0)
    assert math.isnan(figure.value)
    assert (figure.low, figure.high) == (0.0, 1.0)


def test_no_success_still_has_an_upper_bound():
    figure = proportion(0, 100)
    assert figure.low == 0.0
    assert 0.03 < figure.high < 0.04


def test_zero_one_scores_get_wilsons_interval():
    assert mean([1.0] * 9 + [0.0]) == proportion(9, 10)


def test_partial_scores_get_a_normal_interval():
    figure = mean([0.2, 0.4, 0.6])
    assert figure.value == 0.4
    assert figure.low < 0.4 < figure.high


def test_stages_keep_the_order_of_measuring(tmp_path):
    path = tmp_path / "evaluation.json"
    write_stage(path, "warm_start", {"ex": Figure(value=0.5, low=0.4, high=0.6, n=10)})
    write_stage(path, "base", {"ex": Figure(value=0.0, low=0.0, high=0.1, n=10)})
    stages = read_stages(path)
    assert list(stages) == ["warm_start", "base"]
    assert stages["warm_start"]["ex"].high == 0.6
