"""Folders of files that share files: these are not read again, and the answer is that of reading all."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.api import remembered, shared
from dsv.api.diff import compare
from dsv.api.options import DiffOptions
from dsv.diff import shared_files as module

SCHEMA = pa.schema([("id", pa.int64()), ("label", pa.string()), ("split", pa.string()), ("box", pa.list_(pa.int32()))])
Row = tuple[int | None, str | None, str, list[int] | None]
Folder = dict[str, list[Row]]
OPTIONS = DiffOptions(key=("id",), labels=("label",), split="split")


def write(folder: Path, files: Folder) -> Path:
    folder.mkdir(parents=True)
    for name, rows in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA), path)
    return folder


def answer(old: Path, new: Path, options: DiffOptions = OPTIONS) -> tuple[Any, list[Any], Any]:
    with compare(old.parent, (old.name, new.name), None, options) as comparison:
        (diff,) = comparison.result.datasets
        assert diff.changes is not None
        return dataclasses.replace(diff, changes=None), list(diff.changes.rows()), comparison.result.findings


def reading_all(old: Path, new: Path, options: DiffOptions = OPTIONS) -> tuple[Any, list[Any], Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared, "shared_files", lambda *_: None)
        patch.setattr(remembered, "recall", lambda *_: None)
        return answer(old, new, options)


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were paired beside the shared ones, each time that it was done."""
    found: list[int] = []
    real = module.pair_beside

    def spy(old: Any, new: Any, *rest: Any) -> Any:
        found.append(old.count() + new.count())
        return real(old, new, *rest)

    monkeypatch.setattr(module, "pair_beside", spy)
    return found


def part(first: int, count: int = 4, label: str = "a") -> list[Row]:
    return [(number, label, "train", [number, 1]) for number in range(first, first + count)]


def test_only_files_that_differ_are_paired(tmp_path: Path, used: list[int]) -> None:
    files: Folder = {f"p{number}.parquet": part(10 * number) for number in range(5)}
    old = write(tmp_path / "old", files)
    new = write(tmp_path / "new", files | {"p2.parquet": [*part(20, 3), (99, "b", "test", None)]})
    diff, rows, _ = answer(old, new)
    assert used == [8]
    assert (diff.rows.old, diff.rows.new, diff.rows.added, diff.rows.removed) == (20, 20, 1, 1)
    assert (diff.rows.unchanged, diff.formatting.reordered) == (19, False)
    assert [(row.kind, row.key["id"], row.old_position, row.new_position) for row in rows] == [
        ("removed", 23, 12, None),
        ("added", 99, None, 12),
    ]
    assert {item.name: (item.old, item.new) for item in diff.labels[0].classes} == {"a": (20, 19), "b": (0, 1)}
    assert repr(answer(old, new)) == repr(reading_all(old, new))


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("a key of a shared file comes in another file, too", {"p1.parquet": [*part(10), (0, "x", "train", None)]}),
        ("a shared file repeats a key", {"p2.parquet": [*part(20), *part(20, 1, "b")]}),
        ("a shared file lacks a key", {"p2.parquet": [*part(20), (None, "a", "train", None)]}),
    ],
)
def test_keys_that_shared_rows_do_not_have_alone(tmp_path: Path, used: list[int], why: str, change: Folder) -> None:
    files: Folder = {f"p{number}.parquet": part(10 * number) for number in range(4)}
    both = files | {name: rows for name, rows in change.items() if name == "p2.parquet"}
    old = write(tmp_path / "old", both)
    new = write(tmp_path / "new", both | {"p1.parquet": part(10, 4, "b")} | change)
    assert repr(answer(old, new)) == repr(reading_all(old, new))
    assert used == [], why


def test_a_row_that_moved_to_another_file_is_no_change(tmp_path: Path, used: list[int]) -> None:
    files: Folder = {f"p{number}.parquet": part(10 * number) for number in range(4)}
    moved = files | {"p0.parquet": part(0, 3), "p3.parquet": [*part(30), (3, "a", "train", [3, 1])]}
    old, new = write(tmp_path / "old", files), write(tmp_path / "new", moved)
    diff, rows, _ = answer(old, new)
    assert used and rows == []
    assert (diff.rows.unchanged, diff.formatting.reordered, diff.status) == (16, True, "modified")


def test_folders_that_are_fields(tmp_path: Path, used: list[int]) -> None:
    """A file under another folder of the same bytes holds other rows."""
    files: Folder = {"part=a/x.parquet": part(0), "part=b/x.parquet": part(10), "part=c/x.parquet": part(20)}
    moved: Folder = {"part=a/x.parquet": part(0), "part=b/x.parquet": part(20), "part=c/x.parquet": part(10)}
    old, new = write(tmp_path / "old", files), write(tmp_path / "new", moved)
    diff, _, _ = answer(old, new)
    assert used == [16]
    assert diff.changed_cells == {"part": 8}
    assert repr(answer(old, new)) == repr(reading_all(old, new))


def test_files_only_come(tmp_path: Path, used: list[int]) -> None:
    old = write(tmp_path / "old", {"a.parquet": part(0)})
    new = write(tmp_path / "new", {"a.parquet": part(0), "b.parquet": part(10)})
    diff, _, _ = answer(old, new)
    assert used == [4]
    assert (diff.rows.added, diff.rows.removed, diff.rows.unchanged) == (4, 0, 4)
    assert repr(answer(new, old)) == repr(reading_all(new, old))


@pytest.mark.parametrize("options", [DiffOptions(key=("id",), by_position=True), DiffOptions(labels=("label",))])
def test_other_ways_to_pair_read_all(tmp_path: Path, used: list[int], options: DiffOptions) -> None:
    files: Folder = {"a.parquet": [*part(0), *part(0)], "b.parquet": part(10)}
    old, new = write(tmp_path / "old", files), write(tmp_path / "new", files | {"b.parquet": part(10, 4, "b")})
    assert isinstance(answer(old, new, options)[1], list) and used == []


cells = st.tuples(
    st.sampled_from([None, "a", "b", "A"]), st.sampled_from(["train", "test"]), st.sampled_from([None, [], [1], [1, 1]])
)
contents = st.lists(st.tuples(st.integers(0, 30) | st.none(), cells), max_size=6)


@st.composite
def folders(draw: st.DrawFn) -> tuple[Folder, Folder]:
    """Two versions of a folder: most files are the same, most keys are unique."""
    names = [f"p{number}.parquet" for number in range(4)]
    old: Folder = {}
    for number, name in enumerate(names):
        rows = draw(contents)
        unique = draw(st.booleans())
        old[name] = [(100 * number + place if unique else key, *found) for place, (key, found) in enumerate(rows)]
    new = dict(old)
    for name in draw(st.lists(st.sampled_from(names), max_size=2)):
        rows = list(new[name])
        edits = draw(contents)
        kept = [row for row in rows if draw(st.booleans())]
        new[name] = kept + [(key, *found) for key, found in edits[:2]]
    if draw(st.booleans()):
        new["p9.parquet"] = [(500, "c", "test", None)]
    if draw(st.booleans()):
        del new[draw(st.sampled_from(names))]
    return old, new


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(versions=folders())
def test_the_answer_is_that_of_reading_all(tmp_path_factory: Any, versions: tuple[Folder, Folder]) -> None:
    folder = tmp_path_factory.mktemp("t")
    old, new = write(folder / "old", versions[0]), write(folder / "new", versions[1])
    assert repr(answer(old, new)) == repr(reading_all(old, new))
