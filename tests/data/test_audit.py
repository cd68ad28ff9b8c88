"""Every gold is tried for real: databases are built, queries run, and rewards computed."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console

from sqlgrpo.config import DataConfig, SuiteConfig, VerifierConfig
from sqlgrpo.data import load
from sqlgrpo.data.audit import audit
from sqlgrpo.data.loaded import Loaded, Quarantined
from sqlgrpo.data.report import SAMPLES, Audit
from sqlgrpo.data.rivals import rivals
from sqlgrpo.rubrics import Rubric, build_rubric
from sqlgrpo.types import Example, Quirks, Verdict

PET = "CREATE TABLE pet (name TEXT, age INTEGER)"


@pytest.fixture(scope="module")
def rubric() -> Iterator[Rubric]:
    suite = SuiteConfig(workers=1)
    built = build_rubric(VerifierConfig(decisive="equivalent", partial=0.0, suite=suite))
    yield built
    built.judge.close()


def pet(gold: str, number: int = 0, database: Path | None = None) -> Example:
    return Example(id=f"pet-{number}", question="?", schema=PET, gold_sql=gold, database=database)


def audit_file(path: Path, rubric: Rubric, **settings: object) -> Audit:
    loaded = load(DataConfig(source="jsonl", path=str(path), **settings), 0)  # type: ignore[arg-type]
    return audit(loaded.examples, rubric, loaded=loaded)


def test_each_class_of_broken_row_is_found_and_every_sound_row_is_kept(sample_file, rubric):
    report = audit_file(sample_file, rubric)
    assert {row.id: row.kind for row in report.quarantined} == {
        row.id: row.id for row in report.quarantined
    }
    assert [e.id for e in report.kept] == [f"good-{n:02d}" for n in range(18)]
    assert report.rows == 34
    assert report.counts.total() == 16


def test_the_quirks_of_the_data_are_applied_and_counted(sample_file, rubric):
    quirks = Quirks(infer_types=True, casefold_text=True, double_quoted_strings=True)
    report = audit_file(sample_file, rubric, quirks=quirks)
    assert len(report.kept) == 18
    assert report.repaired == {"double_quoted_strings": 3, "infer_types": 2}


@pytest.mark.parametrize(
    ("gold", "rival"),
    [
        ("SELECT name FROM pet WHERE age > 5 AND age < 3", "WHERE 1 = 0"),
        ("SELECT COUNT(*) FROM pet WHERE age > 5 AND age < 3", "SELECT 0"),
        ("SELECT COUNT(DISTINCT 1) FROM pet WHERE age IS NULL AND age > 1", "SELECT 0"),
        ("SELECT name FROM pet WHERE age > 3 OR age <= 3 OR age IS NULL", "SELECT name FROM pet"),
        ("SELECT MAX(age) FROM pet WHERE name = 'a' AND name = 'b'", "SELECT NULL"),
    ],
)
def test_a_gold_like_a_trivial_query_names_that_query(gold, rival, rubric):
    (refused,) = audit([pet(gold)], rubric).quarantined
    assert refused.kind == "gold_indistinct"
    assert rival in refused.reason


def test_an_idle_condition_is_no_reason_to_refuse(rubric):
    gold = "SELECT name FROM pet WHERE 1 = 1 GROUP BY name HAVING COUNT(*) > 0 OR 1 = 1"
    assert not any("GROUP" not in rival for rival in rivals(pet(gold))[4:])
    assert audit([pet("SELECT name FROM pet WHERE 1 = 1")], rubric).kept


def test_a_gold_must_run_on_the_database_that_ships_with_it(tmp_path, rubric):
    path = tmp_path / "pet.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE pet (name TEXT)")
    connection.close()
    golds = [pet("SELECT name FROM pet", 0, path), pet("SELECT age FROM pet", 1, path)]
    report = audit(golds, rubric)
    assert [e.id for e in report.kept] == ["pet-0"]
    assert report.quarantined[0].kind == "missing_column"
    assert "pet.sqlite: no such column: age" in report.quarantined[0].reason


@dataclass(frozen=True)
class Refuses:
    name: str = "refuses"

    def __call__(self, sql: str, _example: Example) -> Verdict:
        return Verdict(verifier=self.name, score=0.5, reason=f"{sql} is ugly")


def test_a_gold_that_the_rubric_does_not_pay_in_full_is_refused_with_its_verdicts(rubric):
    strict = Rubric(
        verifiers=(Refuses(),),
        judge=rubric.judge,
        decisive=None,
        partial=1.0,
        gates=(),
        weights={"refuses": 1.0},
    )
    (refused,) = audit([pet("SELECT name FROM pet")], strict).quarantined
    assert refused.kind == "gold_not_rewarded"
    assert refused.reason == "the gold earns 0.50 (refuses: SELECT name FROM pet is ugly)"


def test_the_report_holds_every_id_some_rows_and_the_reasons(tmp_path, rubric):
    broken = [pet(f"SELECT c{n} FROM pet", n) for n in range(SAMPLES + 3)]
    long = Quarantined(id="long", kind="prompt_too_long", reason="2,000 tokens", row={"id": "long"})
    report = audit([*broken, pet("SELECT age FROM pet", 99)], rubric, extra=[long])
    path = tmp_path / "new" / "audit.json"
    report.write(path)
    written = json.loads(path.read_text())
    assert [p.name for p in path.parent.iterdir()] == ["audit.json"]
    assert (written["rows"], written["kept"]) == (SAMPLES + 5, 1)
    assert list(written["quarantined"]) == ["missing_column", "prompt_too_long"]
    missing = written["quarantined"]["missing_column"]
    assert missing["count"] == len(missing["ids"]) == SAMPLES + 3
    assert len(missing["samples"]) == SAMPLES
    assert "'c0'" in missing["samples"][0]["reason"]
    assert missing["samples"][0]["row"]["answer"] == "SELECT c0 FROM pet"
    assert written["examples_per_second"] > 0


def test_a_row_that_cannot_be_encoded_does_not_stop_the_report(tmp_path):
    row = Quarantined(id="\ud800", kind="not_unicode", reason="\ud800", row={"id": "\ud800"})
    Audit(kept=[], quarantined=[row]).write(tmp_path / "audit.json")
    assert json.loads((tmp_path / "audit.json").read_text())["rows"] == 1


def test_the_summary_has_a_line_for_each_class_and_repair(sample_file, rubric):
    report = audit_file(sample_file, rubric, quirks=Quirks(double_quoted_strings=True))
    report = replace(report, duplicates=2)
    console = Console(file=io.StringIO(), width=140)
    console.print(report.table())
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for words in ("Audit of 36 rows", "space_became_alias", "duplicates", "50.0%", "8.3%"):
        assert words in shown


def test_progress_is_shown_on_a_terminal_only(rubric):
    for live in (True, False):
        console = Console(file=io.StringIO(), force_terminal=live)
        audit([pet("SELECT name FROM pet")], rubric, console=console)
        assert ("audit" in console.file.getvalue()) == live  # type: ignore[attr-defined]


def test_repairs_are_counted_among_the_rows_of_the_report(rubric):
    rows = [pet(f"SELECT name FROM pet WHERE age > {number}", number) for number in range(3)]
    loaded = Loaded(examples=rows).with_repaired("double_quoted_strings", {"pet-0", "pet-2"})
    report = audit(rows[:2], rubric, loaded=loaded)
    assert report.rows == 2
    assert report.repaired == {"double_quoted_strings": 1}
