from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from operations_bench import ROWS, STATE, Bench, Example, Make, Row, read_table, row

from dsv.errors import MigrationError, SchemaError
from dsv.model.migration import Effect, State
from dsv.model.schema import Field, Schema
from dsv.operations import _apply_process
from dsv.operations.apply import Apply
from dsv.tables.duckdb import Engine

DOUBLED = """
def double(rows):
    rows["score"] = rows["score"] * 2
    return rows
"""

EXAMPLES: list[Make] = [
    lambda rows: Example(
        Apply(file="code.py", function="double", reads=("score", "class"), writes=("score",), batch=4),
        {"code.py": DOUBLED},
    ),
]

Run = Callable[..., Any]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function is called in this process: starting one takes long, and few tests are about that."""

    def run(command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "path", [*sys.path])
            patch.chdir(os.getcwd())
            return subprocess.CompletedProcess(command, _apply_process.main(Path(command[-1])))

    monkeypatch.setattr("dsv.operations._code.subprocess.run", run)


def applied(bench: Bench, body: str, rows: Sequence[Row] = ROWS, **parts: Any) -> list[Row]:
    """The rows after a function `f` of that body, which gets `rows`."""
    head = parts.pop("head", "")
    code = head + "def f(rows):\n" + "".join(f"    {line}\n" for line in body.split("; "))
    state = parts.pop("state", STATE)
    given = {"file": "code.py", "function": "f", "reads": ("class", "score"), "writes": ("class",), **parts}
    return bench.rows(Apply(**given), rows, state=state, files={"code.py": code})


def test_a_function_in_a_process_of_its_own(bench: Bench) -> None:
    code = DOUBLED + "print('one')\nprint('two')\n"
    operation = Apply(file="code.py", function="double", reads=("score",), writes=("score",), batch=4)
    outcome = bench.run(operation, files={"code.py": code})
    assert read_table(outcome.table) == [
        {**cells, "score": None if cells["score"] is None else cells["score"] * 2} for cells in ROWS
    ]
    assert [item.message for item in outcome.findings] == ["double printed: one (and 1 more line)"]
    assert operation.runs_code and not operation.rowwise


def test_batches_are_of_one_size_and_in_the_order_of_the_key(bench: Bench, at_once: None) -> None:
    many = [row(place, score=0.0) for place in range(91, 0, -1)]
    body = "rows['score'] = len(rows) + rows.index[0] / 1000; return rows"
    after = applied(bench, body, many, writes=("score",), batch=40)
    expected = {}
    for first, size in ((1, 40), (41, 40), (81, 11)):
        expected |= {key: size + first / 1000 for key in range(first, first + size)}
    assert {cells["id"]: cells["score"] for cells in after} == expected


def test_cells_keep_their_types_and_what_is_missing(bench: Bench, at_once: None) -> None:
    """Integers beyond 2 ** 53 beside a missing one, lists, texts: what comes back is what went in."""
    big = [row(1, level=2**60 + 1), *ROWS[1:]]
    state = replace(STATE, classes=tuple(item for item in STATE.classes if item.field != "level"))
    names = tuple(name for name in STATE.schema.names if name != "id")
    assert applied(bench, "return rows", big, state=state, reads=names, writes=names) == big


TYPED = State(
    schema=Schema(
        fields=(
            Field(name="id", type="integer"),
            Field(name="day", type="date"),
            Field(name="at", type="datetime"),
            Field(name="yes", type="boolean"),
            Field(name="raw", type="bytes"),
            Field(name="boxes", type="list<struct<x: number, kind: string>>"),
            Field(name="any", type="json"),
        )
    ),
    key=("id",),
    labels=(),
    split=None,
)


def test_every_type_can_be_read_and_written(bench: Bench, at_once: None) -> None:
    from datetime import datetime

    cells = {"day": date(2026, 3, 1), "at": datetime(2026, 3, 1, 12, 30, 0, 5), "yes": True, "raw": b"\x00a"}
    nested = {"boxes": [{"x": 1.5, "kind": "a"}, {"x": None, "kind": None}], "any": '{"a": [1]}'}
    rows: list[Row] = [{"id": 1, **cells, **nested}, dict.fromkeys(TYPED.schema.names) | {"id": 2}]
    names = TYPED.schema.names[1:]
    assert applied(bench, "return rows", rows, state=TYPED, reads=names, writes=names) == rows
    made = (
        "import datetime; "
        "rows['day'] = [datetime.date(2026, 1, i) for i in rows.index]; "
        "rows['yes'] = rows.index > 1; "
        "rows['boxes'] = [[{'x': int(i)}] for i in rows.index]; "
        "rows['any'] = ['[1, 2]'] * len(rows); return rows"
    )
    after = applied(bench, made, rows, state=TYPED, reads=(), writes=("day", "yes", "boxes", "any"))
    assert [(cells["day"].day, cells["yes"], cells["boxes"]) for cells in after] == [
        (1, False, [{"x": 1.0, "kind": None}]),
        (2, True, [{"x": 2.0, "kind": None}]),
    ]
    with pytest.raises(MigrationError, match=r"for 'any' that is no JSON: id=1 \{a; id=2 \{a"):
        applied(bench, "rows['any'] = '{a'; return rows", rows, state=TYPED, reads=(), writes=("any",))
    with pytest.raises(
        MigrationError, match=r"gave \[\{'y': 1\}\] \(list\) for 'boxes' at id=1, which is no list<struct"
    ):
        applied(
            bench, "rows['boxes'] = [[{'y': 1}], None]; return rows", rows, state=TYPED, reads=(), writes=("boxes",)
        )


def test_a_number_that_is_none_stays_so(bench: Bench, at_once: None) -> None:
    rows = [row(1, score=float("nan")), row(2, score=None), row(3, score=1.0)]
    after = applied(bench, "rows['score'] = rows['score'] + 1; return rows", rows, writes=("score",))
    assert [repr(cells["score"]) for cells in after] == ["nan", "None", "2.0"]


def test_without_a_key_rows_are_counted(bench: Bench, at_once: None) -> None:
    state = replace(STATE, key=())
    after = applied(bench, "rows['score'] = rows.index * 1.0; return rows", state=state, writes=("score",), batch=3)
    assert [cells["score"] for cells in after] == [float(place) for place in range(1, len(ROWS) + 1)]
    with pytest.raises(MigrationError, match="gave 'x' .str. for 'score' at row 1, which is no number"):
        applied(bench, "rows['score'] = 'x'; return rows", state=state, writes=("score",))


def test_a_key_of_two_fields(bench: Bench, at_once: None) -> None:
    state = replace(STATE, key=("split", "id"))
    rows = [cells for cells in ROWS if cells["split"] is not None]
    body = "rows['score'] = [float(i) if s == 'train' else 0.0 for s, i in rows.index]; return rows"
    after = applied(bench, body, rows, state=state, writes=("score",))
    assert [cells["score"] for cells in after] == [cells["id"] if cells["split"] == "train" else 0.0 for cells in rows]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("rows['class'] = 'car'; rows['mood'] = 'no'; return rows", "a field 'mood', which `writes:` does not declare"),
        ("rows['score'] = 1.0; return rows", "changed the field 'score', which `writes:` does not declare, at id=2"),
        ("return rows[['score']]", "did not return 'class', which `writes:` declares"),
        ("return rows[1:]", "f returned 4 rows for the 5 of rows 1 to 5"),
        ("return rows.reset_index()", "returned other rows than it got, or in another order"),
        ("return rows[::-1]", "returned other rows than it got, or in another order"),
        ("return rows['class']", "f returned Series and no DataFrame for rows 1 to 5"),
        ("return rows[['class', 'class']]", "returned two fields of one name"),
        (
            "rows['class'] = [1, 2, 'a', None, 5]; return rows",
            r"gave 1 \(int\) for 'class' at id=1, which is no string",
        ),
        ("rows['class'] = rows.index > 2; return rows", r"gave False \(bool\) for 'class' at id=1, which is no str"),
        ("rows['class'] = 'cat'; return rows", "5 rows with a class that 'class' does not have: id=1 cat; id=2"),
    ],
)
def test_what_a_function_must_not_return(bench: Bench, at_once: None, body: str, message: str) -> None:
    with pytest.raises(MigrationError, match=message) as caught:
        applied(bench, body, [{**cells, "score": 0.5 if cells["id"] > 1 else 1.0} for cells in ROWS[:5]])
    assert str(caught.value.where).startswith("code.py")


@pytest.mark.parametrize(
    ("body", "message", "where"),
    [
        ("x = 1; raise ValueError('no\\nmore')", "f raised ValueError: no in rows 1 to 11, at id=1", "code.py:3"),
        ("raise SystemExit(3)", "f raised SystemExit: 3 in rows 1 to 11", "code.py:2"),
        ("open('words.csv')", "FileNotFoundError", "code.py:2"),
    ],
)
def test_a_function_that_raises(bench: Bench, at_once: None, body: str, message: str, where: str) -> None:
    with pytest.raises(MigrationError, match=message) as caught:
        applied(bench, body)
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("head", "message", "where"),
    [
        ("def g(:\n", "the file cannot be run: SyntaxError", "code.py:1"),
        ("\nimport no_such_module\n", "the file cannot be run: ModuleNotFoundError: No module named", "code.py:2"),
        ("def helper():\n    return 1 / 0\nhelper()\n", "cannot be run: ZeroDivisionError", "code.py:2"),
    ],
)
def test_files_that_cannot_be_run(bench: Bench, at_once: None, head: str, message: str, where: str) -> None:
    with pytest.raises(MigrationError, match=message) as caught:
        applied(bench, "return rows", head=head)
    assert caught.value.where == where
    assert ("`files:` names" in str(caught.value.hint)) == ("Module" in message)
    with pytest.raises(MigrationError, match="it has no function 'g'"):
        applied(bench, "return rows", function="g")


def test_the_row_on_which_a_function_fails_is_found(bench: Bench, at_once: None) -> None:
    many = [row(place) for place in range(1, 91)]
    head = "def one(key):\n    if key == 71:\n        raise KeyError('it')\n    return 'car'\n"
    with pytest.raises(MigrationError) as caught:
        applied(bench, "rows['class'] = [one(key) for key in rows.index]; return rows", many, head=head, batch=20)
    assert caught.value.message == "f raised KeyError: 'it' in rows 61 to 80, at id=71"
    assert caught.value.where == "code.py:3"


def test_a_function_that_looks_at_the_other_rows_of_its_batch_is_told(bench: Bench, at_once: None) -> None:
    """Rows that are added later would shift the batches, and with them cells of other rows."""
    code = "def f(rows):\n    assert len(rows) > {least}\n    rows['score'] = float(len(rows))\n    return rows\n"
    operation = Apply(file="code.py", function="f", reads=("score",), writes=("score",))
    (finding,) = bench.run(operation, files={"code.py": code.format(least=0)}).findings
    assert (finding.rule, finding.level) == ("apply-batches", "warning")
    assert "'score' of id=1 is 11.0, then 5.0 in a half" in finding.message
    # A half that fails says nothing: the last batch is as small as it is.
    assert bench.run(operation, files={"code.py": code.format(least=9)}).findings == ()


def test_a_function_that_fails_on_no_row_alone(bench: Bench, at_once: None) -> None:
    with pytest.raises(MigrationError) as caught:
        applied(bench, "assert len(rows) < 11, 'too many'; return rows")
    assert caught.value.message == f"f raised AssertionError: too many in rows 1 to {len(ROWS)}"


def test_a_whole_number_may_be_a_float_and_no_other(bench: Bench, at_once: None) -> None:
    after = applied(bench, "rows['level'] = rows['score'] // 10; return rows", writes=("level",))
    assert {cells["level"] for cells in after} == {0, None}
    with pytest.raises(MigrationError, match=r"gave 0.5 \(float\) for 'level' at id=1, which is no integer"):
        applied(bench, "rows['level'] = rows['score']; return rows", writes=("level",))
    with pytest.raises(MigrationError, match=r"gave True \(bool\) for 'level' at id=1, which is no integer"):
        applied(bench, "rows['level'] = True; return rows", writes=("level",))


def test_a_field_that_needs_a_value(bench: Bench, at_once: None) -> None:
    fields = tuple(replace(item, nullable=item.name != "image") for item in STATE.schema)
    state = replace(STATE, schema=Schema(fields=fields))
    with pytest.raises(MigrationError, match="11 rows without a value for 'image', which needs one: id=1"):
        applied(bench, "rows['image'] = None; return rows", state=state, writes=("image",))


AGAIN = "f gives other cells when it is run again: "
PICKED = "rows['score'] = pick(len(rows)); return rows"


def test_what_is_kept_between_calls_is_told(bench: Bench, at_once: None) -> None:
    head = "n = 0\ndef pick(k):\n    global n\n    n += 1\n    return n\n"
    with pytest.raises(MigrationError, match=f"{AGAIN}'score' of id=13 is 3.0, then 2.0") as caught:
        applied(bench, PICKED, head=head, writes=("score",), batch=4)
    assert "let cells depend on their rows alone" in str(caught.value.hint)


def test_what_differs_from_process_to_process_is_told(bench: Bench) -> None:
    """As hashes of texts do, and with them the order of a set."""
    with pytest.raises(MigrationError, match=f"{AGAIN}'score' of id=1 is "):
        applied(bench, PICKED, head="def pick(n):\n    return hash('a') % 999983\n", writes=("score",))


def test_a_process_that_dies(bench: Bench) -> None:
    body = "print('so long', flush=True); os.kill(os.getpid(), 9)"
    with pytest.raises(MigrationError, match="the process of f was killed by signal 9: so long"):
        applied(bench, body, head="import os\n")


def test_arguments_come_from_params_and_files_are_named(bench: Bench) -> None:
    code = "import words\ndef f(rows, low, word):\n    rows['class'] = words.pick(rows, low, word)\n    return rows\n"
    helper = (
        "import csv\n"
        "def pick(rows, low, word):\n"
        "    other = next(csv.reader(open('words.csv')))[0]\n"
        "    return [word if score < low else other for score in rows['score'].fillna(0)]\n"
    )
    operation = Apply(
        file="code.py",
        function="f",
        reads=("score",),
        writes=("class",),
        arguments={"low": "${low}", "word": "bus"},
        files=("words.py", "words.csv"),
    )
    assert operation.parameters() == ("low",)
    files = {"code.py": code, "words.py": helper, "words.csv": "car\n", "beside.py": ""}
    after = bench.rows(operation, files=files, low=0.3)
    assert [cells["class"] for cells in after] == ["bus" if (cells["score"] or 0) < 0.3 else "car" for cells in ROWS]
    assert operation.side_files() == ("code.py", "words.py", "words.csv")
    with pytest.raises(MigrationError, match="No module named 'beside'"):
        bench.run(replace(operation, files=()), files={"code.py": "import beside\n"}, low=0.3)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"file": "code.txt"}, "`file:` is a Python file"),
        ({"function": "a b"}, "`function:` a name in it"),
        ({"writes": ()}, "names the fields that the function sets"),
        ({"writes": ("id",)}, "field 'id' is part of the key"),
        ({"writes": ("clas",)}, "there is no field 'clas'"),
        ({"reads": ("clas",)}, "there is no field 'clas'"),
        ({"reads": ("class", "class")}, "name each field once"),
        ({"batch": 0}, "a batch has at least one row, not 0"),
    ],
)
def test_refused(bench: Bench, parts: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        bench.after(Apply(**{"file": "code.py", "function": "f", "writes": ("class",), **parts}))


def test_side_files_that_are_not_there(bench: Bench) -> None:
    for operation in (
        Apply(file="none.py", function="f", writes=("class",)),
        Apply(file="code.py", function="f", writes=("class",), files=("none.csv",)),
    ):
        with pytest.raises(MigrationError, match="the side file is not there"):
            bench.run(operation, files={"code.py": ""})


def test_no_rows_and_other_threads(engine: Engine, tmp_path: Path, at_once: None) -> None:
    operation = Apply(file="code.py", function="double", reads=("score",), writes=("score",), batch=3)
    files = {"code.py": DOUBLED}
    assert Bench(engine, tmp_path).rows(operation, [], files=files) == []
    with Engine(threads=3) as other:
        again = Bench(other, tmp_path).rows(operation, ROWS[::-1], files=files)
    assert sorted(map(repr, again)) == sorted(map(repr, Bench(engine, tmp_path).rows(operation, files=files)))


def test_words() -> None:
    operation = Apply(file="a.py", function="fix", reads=("class",), writes=("class", "score"), arguments={"n": 1})
    assert operation.describe(STATE) == "set class, score by fix(n=1) of a.py (reads class)"
    assert operation.effect(STATE) == Effect(values="corrected")
    moved = Apply(file="a.py", function="fix", writes=("split",))
    assert moved.effect(STATE) == Effect(values="corrected", evaluation="moved")
