"""Rows pair by their indexes as they pair by themselves, and an index that is not sound is not used."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.diff.fields import align
from dsv.diff.keys import Key, choose
from dsv.diff.request import DiffRequest
from dsv.diff.rows import pair
from dsv.errors import TooLittleMemory
from dsv.tables import rowindex
from dsv.tables.changesets import Changesets
from dsv.tables.duckdb import literal
from dsv.tables.rowindex import Indexing, RowIndex
from dsv.tables.table import Table

TYPES = {"id": "integer", "label": "string", "box": "list<number>"}
NUMBERS = itertools.count()

labels = st.sampled_from(["a", "b", "", None])
boxes = st.sampled_from([None, [], [None], [0.0], [0.0, 0.0], [1.5, None]])
rows = st.lists(st.tuples(st.integers(0, 12) | st.none(), labels, boxes), max_size=30)
edits = st.lists(st.tuples(st.sampled_from(["set", "drop", "add", "move"]), st.integers(0, 40), labels), max_size=4)


def edited(before: Sequence[Any], changes: Sequence[Any]) -> list[Any]:
    """A version that shares most rows, most of them at their places."""
    found = list(before)
    for what, place, label in changes:
        at = place % (len(found) + 1)
        if what == "add":
            found.insert(at, (place, label, None))
        elif at < len(found):
            row = found.pop(at)
            if what != "drop":
                found.insert(at if what == "set" else 0, (row[0], label, row[2]) if what == "set" else row)
    return found


def kept(table: Table, folder: Path, *, least_rows: int | None = 0, content: str | None = None) -> Table:
    """A table whose row indexes are kept in a folder."""
    indexing = Indexing(
        entries=Changesets(folder),
        relation=table.relation,
        content=content or str(next(NUMBERS)),
        unchanged=lambda: True,
        least_rows=least_rows,
    )
    return replace(table, indexing=indexing)


def paired(old: Table, new: Table, key: tuple[str, ...]) -> tuple[Any, ...]:
    """All that a pairing says: its counts, and which rows it found to differ."""
    request = DiffRequest(key=key)
    found, fields = choose(old, new, align(old, new), request) if key else (Key(), align(old, new))
    pairing = pair(old, new, found, [item for item in fields.pairs if item.name not in key])
    differing = sorted(
        old.engine.rows(f"SELECT o, n FROM {pairing.table} WHERE o IS NOT NULL OR n IS NOT NULL"), key=str
    )
    return differing, pairing.rows, pairing.pairs, pairing.duplicate_keys, pairing.null_keys, pairing.reordered


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=rows,
    changes=edits,
    other=st.none() | rows,
    shuffled=st.booleans(),
    key=st.sampled_from([("id",), ("id", "label"), ()]),
    which=st.sampled_from(["both", "both", "old", "new"]),
    text_ids=st.booleans(),
)
def test_pairing_by_indexes_is_pairing_by_rows(
    shared_make: Any,
    tmp_path_factory: pytest.TempPathFactory,
    before: list[Any],
    changes: list[Any],
    other: list[Any] | None,
    shuffled: bool,
    key: tuple[str, ...],
    which: str,
    text_ids: bool,
) -> None:
    after = edited(before, changes) if other is None else other
    if shuffled:
        random.Random(len(after)).shuffle(after)
    folder = tmp_path_factory.mktemp("kept")
    old = shared_make.rows(TYPES, before)
    new = shared_make.rows({**TYPES, "id": "string"} if text_ids else TYPES, after)
    expected = paired(old, new, key)
    left = kept(old, folder) if which != "new" else old
    right = kept(new, folder) if which != "old" else new
    assert paired(left, right, key) == expected
    assert len(list(folder.iterdir())) == (2 if which == "both" else 1)
    assert paired(left, right, key) == expected, "read from what was kept"


def many(make: Any, number: int, change: str = "false", order: str = "i") -> Table:
    """A table of many rows: `change` is SQL, true for row `i` whose label is another; every 9th key repeats."""
    table: Table = make.rows({"id": "integer", "label": "string"}, [])
    make.engine.execute(
        f"INSERT INTO {table.relation} SELECT row_number() OVER (ORDER BY {order}), i - (i % 9 = 1)::INT, "
        f"CASE WHEN {change} THEN 'x' ELSE 'a' END FROM range({number}) AS numbers(i)"
    )
    return table


def read_buckets(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether buckets were picked out, for each index that is read from now on."""
    found: list[bool] = []
    real = RowIndex.rows

    def rows(self: RowIndex, engine: Any, buckets: str | None = None) -> str | None:
        found.append(buckets is not None)
        return real(self, engine, buckets)

    monkeypatch.setattr(RowIndex, "rows", rows)
    return found


@pytest.mark.parametrize(
    ("change", "order", "picked"),
    [
        ("i IN (7, 30000, 30001)", "i", [True, True]),
        ("i = 5", "hash(i)", [False, False]),
        ("false", "CASE i WHEN 5 THEN 20000 WHEN 20000 THEN 5 ELSE i END", [True, True]),
    ],
)
def test_only_buckets_that_differ_are_read(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, order: str, picked: list[bool]
) -> None:
    old, new = many(make, 40_000), many(make, 40_000, change, order)
    expected = paired(old, new, ("id",))
    found = read_buckets(monkeypatch)
    assert paired(kept(old, tmp_path), kept(new, tmp_path), ("id",)) == expected
    assert found == picked


def test_an_order_that_some_buckets_leave_open_is_looked_for_in_all(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that move by no more than as many as are added and removed may have changed places, or not."""
    types = {"id": "integer", "label": "string"}
    ids = list(range(1000))
    after = [*ids[:500], 5000, *ids[501:600], ids[601], ids[600], *ids[602:]]
    old, new = make.rows(types, [[n, "a"] for n in ids]), make.rows(types, [[n, "a"] for n in after])
    expected = paired(old, new, ("id",))
    assert expected[-1] is True
    found = read_buckets(monkeypatch)
    assert paired(kept(old, tmp_path), kept(new, tmp_path), ("id",)) == expected
    assert found == [True, True, False, False]


def test_one_row_that_moves_past_rows_that_stay(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its shift is that of all pairs that are read, and not of those that are not."""
    types = {"id": "integer", "label": "string"}
    ids = list(range(1000))
    before, after = [-1, *ids, -2], [-3, *ids, -1]
    old, new = make.rows(types, [[n, "a"] for n in before]), make.rows(types, [[n, "a"] for n in after])
    expected = paired(old, new, ("id",))
    assert expected[-1] is True
    found = read_buckets(monkeypatch)
    assert paired(kept(old, tmp_path), kept(new, tmp_path), ("id",)) == expected
    assert found == [True, True]


def test_rows_of_repeated_keys_are_counted_across_row_groups(make: Any, tmp_path: Path) -> None:
    table = kept(many(make, 300_000), tmp_path)
    index = table.index("hash(id)", "hash(label)")
    assert index is not None
    counted = make.engine.value(f"SELECT sum(repeated) FROM {index.digests}")
    ids = [n - (n % 9 == 1) for n in range(300_000)]
    assert counted == sum(2 for n in set(ids[1::9]) if n % 9 == 0) == 2 * len(ids[1::9])


@pytest.fixture
def two(make: Any, tmp_path: Path) -> Iterator[Callable[[], tuple[Any, ...]]]:
    """Pairs two tables whose indexes are kept, and says whether that is what pairing them by rows gives."""
    old, new = many(make, 5000), many(make, 5000, "i % 3 = 0")
    expected = paired(old, new, ("id",))
    left, right = kept(old, tmp_path), kept(new, tmp_path)
    assert paired(left, right, ("id",)) == expected

    def again() -> tuple[Any, ...]:
        assert paired(left, right, ("id",)) == expected
        return expected

    yield again


@pytest.mark.parametrize("file", [rowindex.ROWS, rowindex.DIGESTS, "document.json"])
@pytest.mark.parametrize("damage", ["cut", "gone", 0.02, 0.3, 0.6, 0.97])
def test_a_damaged_index_is_made_again(two: Callable[[], Any], tmp_path: Path, file: str, damage: str | float) -> None:
    for entry in tmp_path.iterdir():
        path = entry / file
        content = bytearray(path.read_bytes())
        if damage == "gone":
            path.unlink()
        elif damage == "cut":
            path.write_bytes(content[: len(content) // 2])
        else:
            content[int(float(damage) * len(content))] ^= 4
            path.write_bytes(content)
    two()
    two()


def test_an_index_that_goes_while_it_is_read(
    two: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may make room in the cache after the index was found to be whole."""
    real = RowIndex.rows

    def rows(self: RowIndex, engine: Any, buckets: str | None = None) -> str | None:
        found = real(self, engine, buckets)
        self.discard()
        return found

    monkeypatch.setattr(RowIndex, "rows", rows)
    two()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("of", ["index", "engine", "content", "fields", "types"])
def test_an_index_of_something_else_is_not_found(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    table = make.rows({"id": "integer", "n": "integer"}, [[1, 2]])
    assert kept(table, tmp_path, content="c").index("hash(id)", "hash(n)") is not None
    wanting = kept(table, tmp_path, content="c", least_rows=None)
    assert wanting.index("hash(id)", "hash(n)") is not None
    if of == "index":
        monkeypatch.setattr(rowindex, "VERSION", rowindex.VERSION + 1)
    elif of == "engine":
        monkeypatch.setattr(duckdb, "__version__", "0.0")
    elif of == "content":
        wanting = kept(table, tmp_path, content="d", least_rows=None)
    elif of == "types":
        other = make.rows({"id": "integer", "n": "number"}, [[1, 2]])
        wanting = kept(other, tmp_path, content="c", least_rows=None)
    assert wanting.index("hash(id)", "hash(id)" if of == "fields" else "hash(n)") is None


def test_rows_that_changed_are_not_indexed(make: Any, tmp_path: Path) -> None:
    table = make.rows({"id": "integer"}, [[1]])
    answers = [True, False, True]
    kept_table = kept(table, tmp_path)
    assert kept_table.indexing is not None
    indexing = replace(kept_table.indexing, unchanged=lambda: answers.pop(0))
    assert replace(table, indexing=indexing).index("hash(id)", "hash(id)") is None
    assert list(tmp_path.iterdir()) == []
    answers[:] = [False]
    assert replace(table, indexing=indexing).index("hash(id)", "hash(id)") is None


def test_a_table_of_other_rows_has_no_index(make: Any, tmp_path: Path) -> None:
    table = kept(make.rows({"id": "integer"}, [[1], [2]]), tmp_path)
    fewer = replace(table, relation=f"(SELECT * FROM {table.relation} WHERE id = 1)")
    assert fewer.index("hash(id)", "hash(id)") is None


@pytest.mark.parametrize("limit", ["MOST_ROWS", "MOST_SHARE"])
def test_too_many_rows_are_not_indexed(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    table = kept(make.rows({"id": "integer"}, [[1], [2]]), tmp_path)
    monkeypatch.setattr(rowindex, limit, 1 if limit == "MOST_ROWS" else 1e-12)
    assert table.index("hash(id)", "hash(id)") is None


def test_two_may_make_one_index_at_once(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = kept(make.rows({"id": "integer"}, [[1], [2]]), tmp_path)
    real = Indexing._write

    def write(self: Indexing, engine: Any, source: str, folder: Path) -> None:
        monkeypatch.setattr(Indexing, "_write", real)
        assert table.index("hash(id)", "hash(id)") is not None
        real(self, engine, source, folder)

    monkeypatch.setattr(Indexing, "_write", write)
    index = table.index("hash(id)", "hash(id)")
    assert index is not None
    assert index.rows(make.engine) is not None
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("full", ["disk", "memory"])
def test_a_full_disk_or_memory_costs_time_only(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    old, new = many(make, 100), many(make, 100, "i = 3")
    expected = paired(old, new, ("id",))

    def write(self: Indexing, engine: Any, source: str, folder: Path) -> None:
        if full == "memory":
            raise TooLittleMemory("no more")
        engine.execute(f"COPY (SELECT 1) TO {literal(str(folder / 'no' / 'folder'))}")

    monkeypatch.setattr(Indexing, "_write", write)
    assert paired(kept(old, tmp_path), kept(new, tmp_path), ("id",)) == expected
    assert list(tmp_path.iterdir()) == []
