"""Large text files: lines that both sides have are not parsed twice, and the answer is that of parsing all."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.api import shared
from dsv.api.diff import compare
from dsv.api.options import DiffOptions
from dsv.diff import shared_lines
from dsv.errors import DsvError
from dsv.formats import base
from dsv.formats._delimited import lined as delimited
from dsv.formats._json import lined as json_lines
from dsv.formats._shared import spelling_diff
from dsv.model.diff import DatasetDiff, RowChange
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine

EXAMPLES = 4
OPTIONS = DiffOptions(key=("id",), labels=("label",), split="split")


@pytest.fixture(autouse=True)
def all_files_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "LEAST_BYTES", 0)
    monkeypatch.setattr(shared_lines, "LINES_AT_ONCE", 5)


def answer(old: Path, new: Path, options: DiffOptions) -> Any:
    try:
        with compare(old.parent, (old.name, new.name), None, options) as comparison:
            (diff,) = comparison.result.datasets
            rows = [] if diff.changes is None else list(diff.changes.rows())
            return dataclasses.replace(diff, changes=None), rows, comparison.result.findings
    except DsvError as error:
        return error.message, error.where, error.hint


def parsing_all(old: Path, new: Path, options: DiffOptions) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared, "by_lines", lambda *_: None)
        return answer(old, new, options)


@pytest.fixture
def paired(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each diff that was made by lines, whether rows of shared lines were taken for pairs."""
    found: list[bool] = []
    real = shared_lines.SharedLines.pair

    def spy(*given: Any) -> Any:
        pairing = real(*given)
        found.append(pairing is not None)
        return pairing

    monkeypatch.setattr(shared_lines.SharedLines, "pair", spy)
    return found


def write(folder: Path, name: str, old: list[str], new: list[str], end: str = "\n") -> tuple[Path, Path]:
    paths = folder / f"old{name}", folder / f"new{name}"
    for path, lines in zip(paths, (old, new), strict=True):
        path.write_bytes("".join(line + end for line in lines).encode())
    return paths


def record(number: int, label: str = "cat", **more: Any) -> str:
    return json.dumps({"id": number, "label": label, "split": "train", "box": [number, 0.5], **more})


HEADER = "id,label,split,note,size"


def csv(number: int | str, label: str = "cat", note: str = "a", size: str = "1.5") -> str:
    return f"{number},{label},train,{note},{size}"


def test_only_other_lines_are_parsed_twice_of_json(tmp_path: Path, paired: list[bool]) -> None:
    old = [record(number) for number in range(20)]
    new = [*old[:5], record(5, "dog"), *old[7:], record(30)]
    diff, rows, _ = answer(*write(tmp_path, ".jsonl", old, new), OPTIONS)
    assert paired == [True]
    assert (diff.rows.old, diff.rows.new, diff.rows.unchanged) == (20, 20, 18)
    assert [(row.kind, row.key["id"], row.old_position, row.new_position) for row in rows] == [
        ("changed", 5, 6, 6),
        ("removed", 6, 7, None),
        ("added", 30, None, 20),
    ]
    assert {item.name: (item.old, item.new) for item in diff.labels[0].classes} == {"cat": (20, 19), "dog": (0, 1)}
    assert diff.formatting.reordered is False


def test_only_other_lines_are_parsed_twice_of_csv(
    tmp_path: Path, paired: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of files that are too large, spellings are counted as long as the lines that one side lacks are not.
    monkeypatch.setattr(spelling_diff, "MOST_BYTES", 200)
    old = [HEADER, *(csv(number) for number in range(20))]
    new = [HEADER, *old[20:0:-1]]
    new[3] = csv(17, note='"a"', size="1.50")
    new[4] = csv(16, note='"x,y"')
    diff, rows, _ = answer(*write(tmp_path, ".csv", old, new), OPTIONS)
    assert paired == [True]
    assert (diff.rows.changed, diff.rows.unchanged, diff.changed_cells) == (1, 19, {"note": 1})
    assert (rows[0].old_position, rows[0].new_position) == (17, 4)
    assert (diff.formatting.reordered, diff.formatting.quoting, diff.formatting.number_spelling) == (True, 1, 1)


def test_spellings_that_are_too_many_to_count_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = ([HEADER, *(csv(number, note=note) for number in range(20))] for note in ("a", '"a"'))
    paths = write(tmp_path, ".csv", old, new)
    counted, _, none = answer(*paths, OPTIONS)
    monkeypatch.setattr(spelling_diff, "MOST_BYTES", 200)
    unknown, _, (found,) = answer(*paths, OPTIONS)
    assert (counted.formatting.quoting, unknown.formatting.quoting) == (20, None)
    assert (none, found.rule, found.level) == ((), "formatting-not-counted", "info")


WHOLE_JSON = [
    '{"label": "cat", "id": 3, "split": "train", "box": [3, 0.5]}',
    '{"id": 3, "label": "cat", "split": "train", "box": [3, 0.5], "more": 1}',
    '{"id": 3, "id": 4, "label": "cat", "split": "train", "box": [3, 0.5]}',
    '{"id": 3, "label": 7, "split": "train", "box": [3, 0.5]}',
    '{"id": "3", "label": "cat", "split": "train", "box": [3, 0.5]}',
    '{"id": 3.0, "label": "cat", "split": "train", "box": [3, 0.5]}',
    '{"id": 9007199254740993, "label": "cat", "split": "train", "box": [9007199254740993, 0.5]}',
    '{"id": 3, "label": "cat", "split": "train", "box": [3, "0.5"]}',
    '{"id": 3, "label": "cat", "split": "train", "box": [NaN, 0.5]}',
    '{"id": 3, "label": "cat", "split": "train", "box": [03, 0.5]}',
    '{"id": 3, "label": "\\ud800", "split": "train", "box": [3, 0.5]}',
    '{"id": 3, "label": "cat\tdog", "split": "train", "box": [3, 0.5]}',
    '{"id": 3, "label": "cat", "split": "train", "box": [3, 0.5]},',
    '{"id": 3, "label": "cat", "split": "train", "box": [3, 0.5]',
    '{"id": 3, "label": "cat" "split": "train", "box": [3, 0.5]}',
    "<<<<<<< HEAD",
    "",
    "{}",
    "null",
    "\x00",
    '{"id": 3, "label": "cat", "split": "train", "box": [3, 0.5]}\r',
    '{"id": 3, "label": "cat", "split": "train", "box": [3, 0.5]}\r{"id": 30, "label": "a", "split": "a", "box": []}',
]
WHOLE_CSV = [
    "3,cat,train,a",
    "3,cat,train,a,1.5,",
    "3,cat,train,a,1.5,x",
    "3,cat,train,a,big",
    "x3,cat,train,a,1.5",
    "03,cat,train,a,1.5",
    "3.0,cat,train,a,1.5",
    "9007199254740993123,cat,train,a,1.5",
    "3,cat,train,a,1e999",
    '3,cat,train,"a"b,1.5',
    '3,cat,train, "a",1.5',
    '3,cat,train,a"b,1.5',
    '3,cat,train,"a,1.5',
    '3,cat,train,"a\nb",1.5',
    "3,cat,train,a\rb,1.5",
    "3,cat,train,a,1.5\r",
    '3,cat,train,a,""',
    "<<<<<<< HEAD,cat,train,a,1.5",
    "",
    "\x00,cat,train,a,1.5",
]


SOUND_JSON = [
    '{"id": 3, "label": null, "split": "train", "box": null}',
    '{"id":3,"label":"\\ud83d\\ude00 \\u00e9 \\\\ \\"","box":[]}',
    ' {"id" : -12 , "label" : "é😀" , "split" : "" , "box" : [ 1 , 2.5e3 ] } ',
]
SOUND_CSV = [",,,,", '"3","cat","train","a ""b"", c","1.5"', "-7,é😀,NA,None,-0.5e3", '3,"","",a,2']


@pytest.mark.parametrize(
    ("name", "head", "usual", "sound", "odd"),
    [(".jsonl", [], record, SOUND_JSON, WHOLE_JSON), (".csv", [HEADER], csv, SOUND_CSV, WHOLE_CSV)],
)
def test_only_files_of_alike_lines_are_read_by_lines(
    tmp_path: Path, name: str, head: list[str], usual: Any, sound: list[str], odd: list[str]
) -> None:
    plugin = base.format_of(Snapshot(path=tmp_path, format=name[1:], shown_path="file"))
    assert isinstance(plugin, base.LineByLine)
    taken = {}
    with Engine() as engine, pytest.MonkeyPatch.context() as patch:
        # So few lines are looked at that the odd one is not among them.
        patch.setattr(delimited, "SAMPLE_ROWS", 2)
        patch.setattr(json_lines, "SAMPLE_ROWS", 2)
        patch.setattr(json_lines, "_LOOKED_AT", 2)
        for line in (*sound, *odd):
            path, _ = write(tmp_path, name, [*head, usual(1), usual(2), line, usual(4)], [])
            found = plugin.lined(engine, Snapshot(path=path, format=name[1:], shown_path="file"))
            taken[line] = found is not None and found.proved(engine, path) is not None
    assert taken == {line: line in sound for line in (*sound, *odd)}


CELLS = ["cat", "dog", '"cat"', "", '""', "NA", '"a, b"', '"say ""no"""', "é", "007", "1", "1.0"]
SIZES = ["1.5", "1.50", "2", "", "-3e2", '"2"']


@st.composite
def csv_pairs(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    cells = st.sampled_from(CELLS)
    rows = st.builds(csv, st.integers(0, 9), cells, cells, st.sampled_from(SIZES))
    return _versions(draw, draw(st.lists(rows, min_size=4, max_size=12)), rows)


JSON_VALUES = st.sampled_from(["cat", "dog", None, "", "NA", "é\n", 'say "no"', "007"])
SPELLINGS = st.sampled_from([{}, {"ensure_ascii": False}, {"separators": (",", ":")}])


@st.composite
def json_pairs(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    rows = st.builds(
        lambda number, label, size, box, spelling: json.dumps(
            {"id": number, "label": label, "split": "train", "size": size, "box": box}, **spelling
        ),
        st.integers(0, 9),
        JSON_VALUES,
        st.sampled_from([1, 1.0, 2.5, None]),
        st.lists(st.sampled_from([1, 1.0, -0.5, None]), max_size=2),
        SPELLINGS,
    )
    return _versions(draw, draw(st.lists(rows, min_size=4, max_size=12)), rows)


def _versions(draw: st.DrawFn, old: list[str], rows: st.SearchStrategy[str]) -> tuple[list[str], list[str]]:
    """A version and one that has most of its lines, some of them elsewhere or more than once."""
    new = list(old)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(new) - 1))
        edit = draw(st.sampled_from(["drop", "add", "change", "move", "repeat"]))
        if edit in ("drop", "change", "move") and len(new) > 1:
            gone = new.pop(place)
            if edit == "move":
                new.insert(draw(st.integers(0, len(new))), gone)
        if edit in ("add", "change"):
            new.insert(place, draw(rows))
        if edit == "repeat":
            new.append(new[place])
    return old, new


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pair=csv_pairs(), key=st.sampled_from([("id",), ("id", "label"), ()]))
def test_csv_by_lines_is_as_if_all_were_parsed(
    tmp_path: Path, pair: tuple[list[str], list[str]], key: tuple[str, ...]
) -> None:
    old, new = ([HEADER, *rows] for rows in pair)
    _same(write(tmp_path, ".csv", old, new), DiffOptions(key=key, labels=("label",), split="split"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pair=json_pairs(), key=st.sampled_from([("id",), ("id", "label"), ()]))
def test_json_by_lines_is_as_if_all_were_parsed(
    tmp_path: Path, pair: tuple[list[str], list[str]], key: tuple[str, ...]
) -> None:
    _same(write(tmp_path, ".jsonl", *pair), DiffOptions(key=key, labels=("label",), split="split"))


def _same(paths: tuple[Path, Path], options: DiffOptions) -> None:
    by_lines, whole = answer(*paths, options), parsing_all(*paths, options)
    if not options.key:
        # Of equal rows that are spelled otherwise, lines tell which is which; values do not.
        by_lines, whole = _whichever(*by_lines), _whichever(*whole)
    assert repr(by_lines) == repr(whole)


def _whichever(diff: DatasetDiff, rows: list[RowChange], findings: Any) -> Any:
    status = "modified" if diff.status == "unchanged" else diff.status
    formatting = dataclasses.replace(diff.formatting, reordered=None)
    rows = [dataclasses.replace(row, old_position=None, new_position=None) for row in rows]
    return dataclasses.replace(diff, status=status, formatting=formatting), sorted(map(repr, rows)), findings
