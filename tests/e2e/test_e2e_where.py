"""Which rows are shown: --where, --filter, --field, --limit, --stat, -R, NAME:KEY and --key-json."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsv.cli.main import main
from dsv.tables import locked

OLD = """scan,page,class,a b,score,on
s1,1,bike,x,1.50,true
s1,2,bike,y,2,true
s1,3,car,z,3,false
s2,1,bus,w,4,true
s2,2,bus,,4,true
s2,3,Bus,"a,b",6,true
"""
NEW = """scan,page,class,a b,score,on
s1,1,bicycle,x,1.5,true
s1,2,car,y,2,true
s1,3,car,z,3.5,false
s2,2,bus,new,4,true
s2,3,bus,"a,b",6,true
s3,1,van,v,5,true
"""
Row = dict[str, str]
Condition = Callable[[Row | None, Row | None], bool]
Run = Callable[..., Any]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.csv").write_text(OLD)
    (tmp_path / "b.csv").write_text(NEW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(files: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `dsv diff` on the two files, and give its one dataset (or, with `code`, what it wrote to stderr)."""

    def ran(*words: str, code: int = 0, form: str = "--json") -> Any:
        assert main(["diff", "a.csv", "b.csv", "-k", "scan", "-k", "page", form, *words]) == code
        captured = capsys.readouterr()
        if code:
            assert captured.out == ""
            return captured.err
        if form == "--md":
            return captured.out
        return json.loads(captured.out)["datasets"][0] if form == "--json" else captured.out.splitlines()

    return ran


def differing(condition: Condition) -> dict[str, list[tuple[str, str]]]:
    """Keys of the rows that differ and for which a condition over (old row, new row) holds, by kind."""

    def number(text: str) -> str:
        try:
            return str(float(text))
        except ValueError:
            return text

    sides = [{(row["scan"], row["page"]): row for row in csv.DictReader(io.StringIO(text))} for text in (OLD, NEW)]
    found: dict[str, list[tuple[str, str]]] = {"added": [], "removed": [], "changed": []}
    for key in sorted({*sides[0], *sides[1]}):
        old, new = sides[0].get(key), sides[1].get(key)
        kind = "added" if old is None else "removed" if new is None else "changed"
        equal = old and new and [*map(number, old.values())] == [*map(number, new.values())]
        if not equal and condition(old, new):
            found[kind].append(key)
    return found


def keys(dataset: Any) -> dict[str, list[tuple[str, str]]]:
    samples = dataset["samples"]
    return {
        kind: sorted((row["key"]["scan"], str(row["key"]["page"])) for row in samples[kind] or ())
        for kind in ("added", "removed", "changed")
    }


WHERE: list[tuple[str, Condition]] = [
    (
        "old.class = 'bike' and new.class <> 'bicycle'",
        lambda old, new: bool(old and new and old["class"] == "bike" and new["class"] != "bicycle"),
    ),
    ("old.class is null", lambda old, new: old is None),
    ("new.page is null", lambda old, new: new is None),
    ("new.score > old.score", lambda old, new: bool(old and new and float(new["score"]) > float(old["score"]))),
    ("new.score >= 3.5", lambda old, new: bool(new and float(new["score"]) >= 3.5)),
    ('old."a b" is null and new."a b" = \'new\'', lambda old, new: bool(new and new["a b"] == "new")),
    ("OLD.Class = 'bus' or New.\"A B\" = 'v' -- as the engine has it", lambda old, new: _bus_or_v(old, new)),
    ("NOT old.on", lambda old, new: bool(old and old["on"] == "false")),
    ("true", lambda old, new: True),
    ("NULL", lambda old, new: False),
]


def _bus_or_v(old: Row | None, new: Row | None) -> bool:
    return bool((old and old["class"] == "bus") or (new and new["a b"] == "v"))


@pytest.mark.parametrize(("where", "condition"), WHERE, ids=[where for where, _ in WHERE])
def test_rows_are_shown_for_which_the_condition_is_true(run: Run, where: str, condition: Condition) -> None:
    everything, dataset = run(), run("--where", where)
    expected = differing(condition)
    assert keys(dataset) == expected
    counted = dataset.pop("where")
    assert counted == {"condition": where, **{kind: len(found) for kind, found in expected.items()}}
    assert everything.pop("where") is None
    # All other counts are of all rows, whatever is shown.
    assert {**dataset, "samples": 0} == {**everything, "samples": 0}


def test_the_text_counts_what_matches_apart(run: Run) -> None:
    where = "old.class = 'bike' and new.class <> 'bicycle'"
    page = run("--where", where, form="--stat")
    total = sum(map(len, differing(lambda old, new: True).values()))
    assert f"  1 of {total} changed rows match {where}  +0 -0 ~1" in page
    page = "\n".join(run("--where", where, form="--rows"))
    assert "bike -> car" in page and "bicycle" not in page.replace(where, "")
    assert "bike -> car" not in "\n".join(run("--where", "old.class = 'bus'", form="--rows"))
    assert f"1 of {total} changed rows match" in run("--where", where, form="--md")


def test_lines_of_json_hold_only_what_matches(run: Run) -> None:
    head, *rows = map(json.loads, run("--where", "new.class = 'car'", form="--jsonl"))
    assert [row["key"] for row in rows] == [{"scan": "s1", "page": 2}, {"scan": "s1", "page": 3}]
    assert head["datasets"][0]["where"] == {"condition": "new.class = 'car'", "added": 0, "removed": 0, "changed": 2}


def test_the_limit_is_of_rows_that_match(run: Run) -> None:
    dataset = run("--where", "new.class in ('car', 'bus')", "--limit", "1")
    assert keys(dataset)["changed"] == [("s1", "2")]
    assert dataset["samples"]["truncated"] is True
    assert dataset["where"]["changed"] == len(
        differing(lambda old, new: bool(new and new["class"] in ("car", "bus")))["changed"]
    )


def test_sides_are_those_that_are_shown(run: Run) -> None:
    forth = run("--where", "old.class = 'bike'")
    back = run("-R", "--where", "new.class = 'bike'")
    assert keys(forth)["changed"] == keys(back)["changed"] == [("s1", "1"), ("s1", "2")]
    assert run("-R")["rows"]["added"] == run()["rows"]["removed"] == 1


def test_a_table_of_one_side_and_equal_files_know_the_condition_too(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", "a.csv", "a.csv", "--json", "--where", "old.klass = 1"]) == 3
    assert "'klass'" in capsys.readouterr().err
    assert main(["diff", "a.csv", "a.csv", "--json", "--where", "old.class = 'bike'"]) == 0
    assert json.loads(capsys.readouterr().out)["datasets"][0]["where"]["changed"] == 0


def test_a_new_dataset_has_no_old_cells(signs: Any) -> None:
    def shown(where: str) -> Any:
        (dataset,) = signs.dsv("diff", "HEAD~1", "HEAD", "--json", "--where", where).json["datasets"]
        return dataset["rows"]["added"], dataset["where"]["added"], len(dataset["samples"]["added"])

    assert shown("new.class = 'car'") == (5, 2, 2)
    assert shown("old.class is null") == (5, 5, 5)
    assert shown("old.score > 0") == (5, 0, 0)


@pytest.mark.parametrize(
    ("where", "code", "said"),
    [
        ("old.klass = 'x'", 3, "did you mean 'old.class'?"),
        ("new.\"a c\" = 'x'", 3, "did you mean 'new.a b'?"),
        ("class = 'x'", 3, "write old.class or new.class"),
        ("clas = 'x'", 3, "write old.class or new.class"),
        ("older.class = 'x'", 3, "which row's 'older' it means"),
        ("old.class in (select 'bike')", 2, "cannot use a subquery"),
        ("exists (from old)", 2, "cannot use a subquery"),
        ("read_text('/etc/passwd') = old.class", 2, "cannot use the function 'read_text'"),
        ("getenv('HOME') = old.class", 2, "cannot use the function 'getenv'"),
        ("true) or (select count(*) from duckdb_settings()) > (0", 2, "cannot use a subquery"),
        ("true; drop table diff_rows_1", 2, "not an SQL expression"),
        ("true) ; COPY (SELECT 1) TO 'stolen.csv'; SELECT (1", 2, "SQL expression"),
        ("true) from read_csv('/etc/passwd') where (true", 2, "a condition is one SQL expression"),
        ("old.class = ", 2, "not an SQL expression"),
        ("old.class = 'x", 2, "not an SQL expression"),
        ("old.class = 'x' /*", 2, "not an SQL expression"),
        ("old.class = 'x' or " * 600 + "true", 2, "longer than 10,000 characters"),
        ("old.class > 3", 2, "cannot be evaluated"),
        ("old.score = 'many'", 2, "cannot be evaluated"),
    ],
)
def test_a_condition_that_is_refused(run: Run, files: Path, where: str, code: int, said: str) -> None:
    assert said in run("--where", where, code=code)
    assert sorted(path.name for path in files.iterdir()) == ["a.csv", "b.csv"]


def test_a_condition_has_a_limit_of_memory(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locked, "MOST_MEMORY_BYTES", 768 * 2**20)
    where = "length(rpad(new.class, 2000000000, 'x')) > 3"
    assert "needs more than 0.8 GB of memory" in run("--where", where, code=3)


def test_a_condition_has_a_limit_of_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locked, "LONGEST_S", 2.0)
    where = "levenshtein(rpad(new.class, 500000, 'x'), rpad(new.class, 500000, 'y')) > 0"
    assert "takes longer than 2 seconds" in run("--where", where, code=3)


def test_the_locked_engine_reaches_no_file(files: Path) -> None:
    """Behind the grammar stands a second wall: the engine itself has no files and no settings."""
    from dsv.errors import UsageError
    from dsv.tables.duckdb import Engine

    with Engine() as engine:
        for condition in ("(SELECT count(*) FROM read_text('a.csv')) > 0", "(SELECT count(*) FROM 'a.csv') > 0"):
            with pytest.raises(UsageError, match=r"disabled by configuration|does not exist"):
                locked.select(engine, "SELECT 1 AS id", condition, condition)
        assert engine.rows(f"FROM {locked.select(engine, 'SELECT 7 AS id', '(true)', 'true')}") == [(7,)]


def test_kinds_and_fields(run: Run) -> None:
    everything = keys(run())
    assert keys(run("--filter", "added")) == {"added": everything["added"], "removed": [], "changed": []}
    both = keys(run("--filter", "added", "--filter", "changed"))
    assert both == {**everything, "removed": []}
    assert run("--filter", "added")["rows"] == run()["rows"]
    narrow = run("--field", "class")
    assert set(narrow["changed_cells"]) == {"class"}
    assert narrow["rows"]["changed"] == len(
        differing(lambda old, new: bool(old and new and old["class"] != new["class"]))["changed"]
    )
    # A condition may speak of fields that are not compared.
    assert run("--field", "class", "--where", "new.score = 2")["where"]["changed"] == 1


def test_one_row_by_its_key(run: Run) -> None:
    row = run("--key-json", '{"page": 3, "scan": "s1"}')
    assert keys(row) == {"added": [], "removed": [], "changed": [("s1", "3")]}
    assert (row["rows"]["old"], row["rows"]["new"]) == (1, 1)
    assert keys(run("--key-json", '{"page": 1.0, "scan": "s3"}'))["added"] == [("s3", "1")]


@pytest.mark.parametrize(
    ("row", "code", "said"),
    [
        ('{"page": 3}', 2, "the key's field 'scan' is not given"),
        ('{"page": 3, "scan": "s1", "class": "car"}', 2, "'class' is no field of the key"),
        ('{"page": 9, "scan": "s1"}', 3, "no row of b.csv has the key"),
        ('{"page": [3], "scan": "s1"}', 2, "no nested values"),
        ('{"page": 3, "scan": "\' OR true --"}', 3, "no row of b.csv has the key"),
        ('["s1", 3]', 2, "is not an object"),
        ("{}", 2, "is not an object"),
        ('{"page": 3', 2, "is not JSON"),
    ],
)
def test_a_key_that_names_no_row(run: Run, row: str, code: int, said: str) -> None:
    assert said in run("--key-json", row, code=code)


def test_a_key_without_a_declaration_names_its_fields(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["diff", "a.csv", "b.csv", "--json", "--key-json", '{"scan": "s2", "page": "3"}']
    assert main(words) == 0
    dataset = json.loads(capsys.readouterr().out)["datasets"][0]
    assert (dataset["key"], dataset["key_source"]) == (["scan", "page"], "given")
    assert dataset["samples"]["changed"][0]["cells"] == {"class": {"old": "Bus", "new": "bus"}}


def test_one_row_of_one_dataset(signs: Any) -> None:
    signs.write("data/signs.csv", signs.read("data/signs.csv").replace("e.jpg,car", "e.jpg,bike"))
    (dataset,) = signs.dsv("diff", "--json", "--key-json", '{"image": "e.jpg"}').json["datasets"]
    assert dataset["samples"]["changed"][0]["cells"] == {"class": {"old": "car", "new": "bike"}}
    ran = signs.dsv("diff", "--key-json", '{"image": "e.jpg"}', "--", "signs:a.jpg", code=2)
    assert "one row of one dataset" in ran.err
    signs.write("other.csv", "id,n\n1,2\n")
    ran = signs.dsv("diff", "--key-json", '{"image": "e.jpg"}', "--", "signs", "other.csv", code=2)
    assert "-- DATASET" in ran.err
