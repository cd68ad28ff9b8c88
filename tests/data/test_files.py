"""Every format gives the same examples; every bad file gives one clear line."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from sqlgrpo.config import DataConfig
from sqlgrpo.data import load
from sqlgrpo.data.loaded import Loaded, as_row
from sqlgrpo.errors import ConfigError

ROW = {
    "id": "1",
    "question": "Wie viele Städte?",
    "context": "CREATE TABLE stadt (id INT)",
    "answer": "SELECT COUNT(*) FROM stadt",
}


def read(path: Path, **settings: object) -> Loaded:
    return load(DataConfig(source="jsonl", path=str(path), **settings), 0)  # type: ignore[arg-type]


def write_json(path: Path) -> None:
    path.write_text(json.dumps([ROW]), encoding="utf-8")


def write_jsonl(path: Path) -> None:
    path.write_text("\n" + json.dumps(ROW, ensure_ascii=False) + "\n\n", encoding="utf-8-sig")


def write_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=ROW)
        writer.writeheader()
        writer.writerow(ROW)


def write_parquet(path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist([ROW]), path)


@pytest.mark.parametrize("write", [write_json, write_jsonl, write_csv, write_parquet])
def test_every_format_gives_the_same_example(write, tmp_path):
    path = tmp_path / f"rows.{write.__name__.removeprefix('write_')}"
    write(path)
    loaded = read(path)
    assert [as_row(example) for example in loaded.examples] == [{**ROW, "dialect": "sqlite"}]
    assert loaded.quarantined == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.jsonl", None, "gone.jsonl does not exist"),
        ("rows.txt", "x", "no data file type named '.txt'"),
        ("rows.json1", "x", "did you mean '.json'"),
        ("rows.jsonl", "", "rows.jsonl is empty"),
        ("rows.jsonl", "\n \n", "rows.jsonl is empty"),
        ("rows.json", "", "rows.json is empty"),
        ("rows.json", "[]", "rows.json is empty"),
        ("rows.csv", "", "rows.csv is empty"),
        ("rows.csv", "question,context,answer\n", "rows.csv is empty"),
        ("rows.jsonl", json.dumps(ROW) + "\n{oops\n", "rows.jsonl, line 2: not JSON"),
        ("rows.jsonl", "[\n", "a JSON array needs the extension .json"),
        ("rows.json", json.dumps(ROW) + "\n" + json.dumps(ROW), "needs the extension .jsonl"),
        ("rows.json", '{"data": []}', "expected a JSON array of rows, found an object"),
        ("rows.json", "[{}", "line 1, column 4: not JSON"),
        ("rows.json", "[" * 100_000, "nested too deeply"),
        ("rows.csv", 'question,context,answer\n"a,b,c\n', "rows.csv, line 2: not CSV"),
        ("rows.jsonl", json.dumps({**ROW, "anwser": "x"}).replace('"answer"', '"a"'), "rename"),
        ("rows.jsonl", '{"question": "a"}', "no column 'context'"),
        ("rows.jsonl", "[1, 2]", "no column 'question'"),
        ("rows.csv", "question,sql,answer\na,b,c\n", "(columns: answer, question, sql)"),
        ("rows.parquet", "PAR1 but not really", "not a Parquet file"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(name, content, message, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError) as error:
        read(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_in_another_encoding_says_so(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(json.dumps(ROW, ensure_ascii=False).encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        read(path)


def test_a_folder_is_not_a_file(tmp_path):
    (tmp_path / "rows.jsonl").mkdir()
    with pytest.raises(ConfigError, match="is a folder"):
        read(tmp_path / "rows.jsonl")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_says_so(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(ROW))
    path.chmod(0)
    with pytest.raises(ConfigError, match="Permission denied"):
        read(path)


def test_a_source_without_a_path_says_what_to_set():
    with pytest.raises(ConfigError, match=r"set data\.path"):
        load(DataConfig(source="jsonl"), 0)


def test_an_unknown_source_or_dialect_names_the_nearest(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'jsonl'"):
        load(DataConfig(source="json1"), 0)
    write_json(tmp_path / "rows.json")
    with pytest.raises(ConfigError, match="did you mean 'sqlite'"):
        read(tmp_path / "rows.json", dialect="sqlight")


def test_a_limit_is_a_seeded_sample_that_ignores_the_order_of_the_file(tmp_path):
    lines = [json.dumps({**ROW, "id": str(n), "question": f"{n}?"}) for n in range(50)]
    (tmp_path / "up.jsonl").write_text("\n".join(lines))
    (tmp_path / "down.jsonl").write_text("\n".join(reversed(lines)))
    up, down = (read(tmp_path / name, limit=9).examples for name in ("up.jsonl", "down.jsonl"))
    assert len(up) == 9
    assert {e.id for e in up} == {e.id for e in down}
    other = load(DataConfig(source="jsonl", path=str(tmp_path / "up.jsonl"), limit=9), 1).examples
    assert {e.id for e in up} != {e.id for e in other}
    with pytest.raises(ConfigError, match=r"data\.limit is 0"):
        read(tmp_path / "up.jsonl", limit=0)
