"""dsv and a diff in plain Python agree: across formats and types, and on what options hide."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.api.diff import DiffOptions, compare
from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest

law = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
Rows = dict[int, dict[str, Any]]
TEXTS = ["", " ", "a", "A", "NA", "None", "é", "01", "1", "1.0", 'q"q', "x,y", "l\nm", "true", "2024-02-29"]
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "text": st.sampled_from(TEXTS),
    "integer": st.sampled_from([0, 1, -1, 2**53 - 1, 2**53 + 1]),
    "number": st.sampled_from([0.5, 0.1, -2.25, 1e300, 5e-324, 0.1 + 0.2, 1e22, 3.0]),
    "truth": st.booleans(),
    "list": st.lists(st.sampled_from([0, 1, 7]), max_size=2),
    "struct": st.fixed_dictionaries({"s": st.sampled_from(["x", "é"]), "n": st.integers(0, 1)}),
}
FLAT = ("text", "integer", "number", "truth")
PARQUET = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "truth": pa.bool_(),
    "list": pa.list_(pa.int32()),
    "struct": pa.struct([("s", pa.string()), ("n", pa.int64())]),
}


def tables(fields: Sequence[str]) -> st.SearchStrategy[Rows]:
    """Rows by their ids; the first of them has a value in every field, so that every type is known."""
    full = st.fixed_dictionaries({name: VALUES[name] for name in fields})
    row = st.fixed_dictionaries({name: st.none() | VALUES[name] for name in fields})
    return st.builds(lambda first, rest: {**rest, 99: first}, full, st.dictionaries(st.integers(0, 6), row, max_size=5))


def write_csv(path: Path, rows: Rows, fields: Sequence[str]) -> None:
    """Texts are always quoted, so that a missing cell and an empty text are two things."""

    def cell(value: Any) -> str:
        return "" if value is None else '"' + value.replace('"', '""') + '"' if isinstance(value, str) else repr(value)

    lines = [",".join([str(key), *(cell(row[name]) for name in fields)]) for key, row in rows.items()]
    path.write_bytes("".join(f"{line}\n" for line in [",".join(["id", *fields]), *lines]).encode())


def write_jsonl(path: Path, rows: Rows, fields: Sequence[str]) -> None:
    lines = [json.dumps({"id": key, **{name: row[name] for name in fields}}) for key, row in rows.items()]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def write_parquet(path: Path, rows: Rows, fields: Sequence[str]) -> None:
    schema = pa.schema([("id", pa.int32()), *((name, PARQUET[name]) for name in fields)])
    pq.write_table(pa.Table.from_pylist([{"id": key, **row} for key, row in rows.items()], schema), path)


WRITERS: Mapping[str, Callable[[Path, Rows, Sequence[str]], None]] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
}


def counted(old: Rows, new: Rows, differ: Callable[[str, Any, Any], bool]) -> tuple[tuple[int, int, int], Counter[str]]:
    """Rows that are added, removed and changed, and changed cells by field."""
    cells: Counter[str] = Counter()
    changed = 0
    for key in old.keys() & new.keys():
        names = [name for name in old[key] if differ(name, old[key][name], new[key][name])]
        changed += bool(names)
        cells.update(names)
    return (len(new.keys() - old.keys()), len(old.keys() - new.keys()), changed), cells


def check(folder: Path, old: tuple[str, Rows], new: tuple[str, Rows], fields: Sequence[str]) -> None:
    expected = counted(old[1], new[1], lambda _, before, after: before != after)
    for side, (suffix, rows) in (("old", old), ("new", new)):
        WRITERS[suffix](folder / f"{side}.{suffix}", rows, fields)
    with compare(folder, [f"old.{old[0]}", f"new.{new[0]}"], None, DiffOptions(key=("id",))) as found:
        (diff,) = found.result.datasets
    assert ((diff.rows.added, diff.rows.removed, diff.rows.changed), diff.changed_cells) == expected


@pytest.mark.parametrize("formats", [("csv", "parquet"), ("jsonl", "csv"), ("parquet", "jsonl")], ids="-".join)
@law
@given(old=tables(FLAT), new=tables(FLAT))
def test_a_file_of_another_format(tmp_path: Path, formats: tuple[str, str], old: Rows, new: Rows) -> None:
    check(tmp_path, (formats[0], old), (formats[1], new), FLAT)


@law
@given(old=tables((*FLAT, "list", "struct")), new=tables((*FLAT, "list", "struct")))
def test_nested_cells_of_another_format(tmp_path: Path, old: Rows, new: Rows) -> None:
    check(tmp_path, ("jsonl", old), ("parquet", new), (*FLAT, "list", "struct"))


LADDERS = {
    "integer": ["BIGINT", "SMALLINT", "HUGEINT", "DOUBLE", "DECIMAL(20,3)", "VARCHAR"],
    "number": ["DOUBLE", "DECIMAL(20,3)", "VARCHAR"],
    "list<integer>": ["BIGINT[]", "INTEGER[]", "DOUBLE[]"],
}
MADE = {
    "integer": st.integers(-9999, 9999),
    "number": st.integers(-9999, 9999).map(lambda value: value / 8),
    "list<integer>": st.lists(st.integers(-3, 3), max_size=2),
}
NAMES = {"BIGINT": "integer", "SMALLINT": "integer", "HUGEINT": "integer", "DOUBLE": "number", "VARCHAR": "string"}


def type_of(engine: str) -> str:
    inner = engine.removesuffix("[]")
    known = NAMES.get(inner, "number" if inner.startswith("DECIMAL") else "integer")
    return f"list<{known}>" if engine.endswith("[]") else known


@pytest.mark.parametrize("kind", LADDERS)
@law
@given(data=st.data())
def test_a_field_of_another_type(shared_make: Any, kind: str, data: Any) -> None:
    """Cells that the other type holds are equal: only what a hand changed is a changed cell."""
    stored = [data.draw(st.sampled_from(LADDERS[kind])) for _ in range(2)]
    rows = [data.draw(st.dictionaries(st.integers(0, 5), st.none() | MADE[kind], min_size=1)) for _ in range(2)]
    as_text = [kind == "number" and engine == "VARCHAR" for engine in stored]
    sides = [
        shared_make.rows(
            {"id": "integer", "cell": type_of(engine)},
            [[key, repr(value) if text and value is not None else value] for key, value in side.items()],
            engine_types={"cell": engine},
        )
        for engine, side, text in zip(stored, rows, as_text, strict=True)
    ]
    diff = diff_tables("d", "d", *sides, DiffRequest(key=("id",)))
    before, after = ({key: {"cell": value} for key, value in side.items()} for side in rows)

    def differ(_: str, left: Any, right: Any) -> bool:
        # As text a whole number has the spelling of its type: 2.0 is no 2 where one side is text.
        if "VARCHAR" in stored and kind == "number" and None not in (left, right):
            return spelled(left, stored[0]) != spelled(right, stored[1])
        return bool(left != right)

    expected = counted(before, after, differ)
    assert ((diff.rows.added, diff.rows.removed, diff.rows.changed), diff.changed_cells) == expected


def spelled(value: float, engine: str) -> str:
    """A number as the rules of comparison write it beside text: whole ones without a point; text as it is."""
    return repr(value) if engine == "VARCHAR" else repr(value).removesuffix(".0")


WORDS = st.sampled_from([None, "", " ", "a", "A", "a ", " a", "a b", "A B", "AB ", "ab", "b", "\u00a0a", "a\tb"])
CLOSE = st.sampled_from([None, 0.0, -0.0, 0.25, 0.5, 1.0, 1.125, float("nan"), float("inf"), float("-inf")])
FIELDS = {"word": "string", "other": "string", "number": "number", "box": "list<number>"}


def made_rows() -> st.SearchStrategy[Rows]:
    row = {"word": WORDS, "other": WORDS, "number": CLOSE, "box": st.none() | st.lists(CLOSE, max_size=2)}
    return st.dictionaries(st.integers(0, 6), st.fixed_dictionaries(row), max_size=6)


def alike(left: Any, right: Any) -> bool:
    """The same value: not-a-number is itself, and the zeros are one."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(alike, left, right))
    return left is right or bool(left == right) or (left != left and right != right)


def near(left: Any, right: Any, tolerance: float | None) -> bool:
    """Alike, or numbers that differ by no more than the tolerance."""
    if alike(left, right) or tolerance is None:
        return alike(left, right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(near(*pair, tolerance) for pair in zip(left, right, strict=True))
    return isinstance(left, float) and isinstance(right, float) and abs(left - right) <= tolerance


def in_blanks_only(left: Any, right: Any) -> bool:
    return None not in (left, right) and left != right and "".join(left.split()) == "".join(right.split())


def in_case_only(left: Any, right: Any) -> bool:
    return None not in (left, right) and left != right and left.lower() == right.lower()


def in_case_and_blanks(left: Any, right: Any) -> bool:
    """In case, and perhaps in blanks beside."""
    if None in (left, right) or left == right or in_blanks_only(left, right):
        return False
    return "".join(left.split()).lower() == "".join(right.split()).lower()


@settings(law, max_examples=15)
@given(
    old=made_rows(),
    new=made_rows(),
    blanks=st.booleans(),
    case=st.booleans(),
    tolerance=st.sampled_from([None, 0.0, 0.125, 0.5]),
    ignored=st.sampled_from([(), ("word",), ("number", "box")]),
)
def test_what_options_hide(
    shared_make: Any,
    old: Rows,
    new: Rows,
    blanks: bool,
    case: bool,
    tolerance: float | None,
    ignored: tuple[str, ...],
) -> None:
    sides = [
        shared_make.rows(
            {"id": "integer", **FIELDS}, [[key, *(row[name] for name in FIELDS)] for key, row in rows.items()]
        )
        for rows in (old, new)
    ]
    request = DiffRequest(key=("id",), hide_whitespace=blanks, hide_case=case, tolerance=tolerance, ignore=ignored)
    diff = diff_tables("d", "d", *sides, request)
    words = {"word", "other"} - {*ignored}
    in_case = in_case_and_blanks if blanks and case else in_case_only

    def differ(name: str, left: Any, right: Any) -> bool:
        if name in ignored or near(left, right, tolerance if name in ("number", "box") else None):
            return False
        hidden = name in words and (blanks and in_blanks_only(left, right) or case and in_case(left, right))
        return not hidden

    counts, cells = counted(old, new, differ)
    assert ((diff.rows.added, diff.rows.removed, diff.rows.changed), diff.changed_cells) == (counts, cells)
    for told, rule in (
        (diff.changed_cells_whitespace_only, in_blanks_only),
        (diff.changed_cells_case_only, in_case),
    ):
        assert told == counted(old, new, lambda name, *pair, rule=rule: name in words and rule(*pair))[1]
    listed = {(change.key["id"], *sorted(change.cells)) for change in diff.changes.rows(("changed",))}
    assert len(listed) == counts[2]
    assert Counter(name for _, *names in listed for name in names) == cells


DECIMALS = [
    "0.1",
    "0.10",
    "1e-1",
    "123456789012345.12",
    "123456789012345.13",
    "1e300",
    "1e-320",
    "2e-320",
    "100",
    "1e2",
]


def test_numbers_in_text_are_decimals(shared_make: Any) -> None:
    pairs = list(itertools.product(DECIMALS, repeat=2))
    types = {"id": "integer", "number": "number"}
    sides = [shared_make.text(types, [[str(n), pair[side]] for n, pair in enumerate(pairs)]) for side in (0, 1)]
    diff = diff_tables("d", "d", *sides, DiffRequest(key=("id",)))
    assert diff.rows.changed == sum(Decimal(left) != Decimal(right) for left, right in pairs)
    spellings = sum(left != right and Decimal(left) == Decimal(right) for left, right in pairs)
    assert diff.formatting.number_spelling == spellings
