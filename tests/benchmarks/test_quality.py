"""The error rates are computed from the judge's own answers, and a missed promise is said."""

from __future__ import annotations

import pytest

from common import rate
from real_data import Case
from sqlgrpo.config import SuiteConfig
from sqlgrpo.databases import Judge
from verifier_quality import judged, missed_figures

TOWN = "CREATE TABLE town (name TEXT, people INTEGER)"
GOLD = "SELECT name FROM town WHERE people > 3"


@pytest.mark.parametrize(
    ("wrong", "twins_right", "missed"),
    [
        (1, 2, []),
        (2, 2, ["adversarial_fp"]),
        (0, 1, ["twins"]),
    ],
)
def test_a_missed_figure_is_named(wrong, twins_right, missed):
    figures = {"adversarial_fp": rate(wrong, 100), "twins": 2, "twins_right": twins_right}
    assert missed_figures(figures) == missed


def test_cases_are_judged_beside_the_rivals_and_broken_ones_are_kept_apart():
    same, other = GOLD.replace("people > 3", "3 < people"), GOLD.replace("3", "4")
    cases = [
        Case(id="same", schema=TOWN, gold=GOLD, pred=same, match=True),
        Case(id="other", schema=TOWN, gold=GOLD, pred=other, match=False),
        Case(id="broken", schema=TOWN, gold="SELECT size FROM town", pred=GOLD, match=False),
    ]
    judge = Judge(suite=SuiteConfig(workers=1))
    found = {one.case.id: one for one in judged(judge, cases)}
    judge.close()
    assert found["same"].accepted is True
    assert found["other"].accepted is False
    assert found["other"].rivals["empty_database"] is True
    assert found["broken"].accepted is None
    assert "size" in found["broken"].reason
