"""A diff that reads row indexes says what one says that reads the rows."""

from __future__ import annotations

import dataclasses
import os
import random
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from dsv.api import indexes, remembered
from dsv.api.commit import commit
from dsv.api.diff import compare
from dsv.api.options import DiffOptions
from dsv.diff import dataset
from dsv.model.diff import DatasetDiff, RowChange
from dsv.tables.duckdb import Engine, literal
from dsv.tables.rowindex import Indexing, RowIndex

OPTIONS = DiffOptions(key=("id",), labels=("label",), split="split")
Answer = tuple[DatasetDiff, list[RowChange], tuple[Any, ...]]


def write(path: Path, rows: list[tuple[Any, ...]], *, kind: str = "BIGINT") -> None:
    listed = ", ".join(
        f"(CAST({'NULL' if number is None else literal(str(number))} AS {kind}), '{label}', '{split}', "
        f"CAST('{score}' AS DOUBLE), [CAST('{score}' AS DOUBLE), NULL], {{'a': '{label}'}})"
        for number, label, split, score in rows
    )
    fields = "id, label, split, score, box, more"
    if path.suffix == ".csv":
        fields = "id, label, split, score, to_json(box) AS box, to_json(more) AS more"
    options = {".csv": "FORMAT csv, HEADER", ".jsonl": "FORMAT json", ".parquet": "FORMAT parquet"}[path.suffix]
    with Engine() as engine:
        engine.execute(
            f"COPY (SELECT {fields} FROM (VALUES {listed}) AS t(id, label, split, score, box, more)) "
            f"TO '{path}' ({options})"
        )


def versions(
    folder: Path, suffix: str = ".parquet", *, shuffled: bool = True, kind: str = "BIGINT"
) -> tuple[Path, Path]:
    """Two versions with changed, added, removed, re-keyed and repeated rows, and some without a key."""
    rng = random.Random(5)
    rows: list[tuple[Any, ...]] = [
        (n - (n % 13 == 1), rng.choice(["a", "b", " a", "A"]), rng.choice(["train", "test"]), rng.random())
        for n in range(400)
    ]
    rows += [(None, "c", "train", 0.5)] * 3
    new = [(n, "c" if n and n % 40 == 0 else label, split, score) for n, label, split, score in rows if n != 7]
    new = [
        (2000 if n == 5 else n, label.lower() if n == 9 else label, split, score + 0.1 * (n == 3))
        for n, label, split, score in new
    ]
    if shuffled:
        rng.shuffle(new)
    old_path, new_path = folder / f"old{suffix}", folder / f"new{suffix}"
    write(old_path, rows)
    write(new_path, new, kind=kind)
    return old_path, new_path


def answer(old: Path, new: Path, options: DiffOptions = OPTIONS) -> Answer:
    with compare(old.parent, (old.name, new.name), None, options) as comparison:
        (diff,) = comparison.result.datasets
        assert diff.changes is not None
        return dataclasses.replace(diff, changes=None), list(diff.changes.rows()), comparison.result.findings


@pytest.fixture(autouse=True)
def old_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were just written are not trusted, so the clock is set forth; changesets are not kept."""
    from dsv.store import hashes

    real = hashes.time.time_ns
    monkeypatch.setattr(hashes.time, "time_ns", lambda: real() + 60_000_000_000)
    monkeypatch.setattr(remembered, "LEAST_BYTES", 10**12)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The indexes that are made and read, as `made` and `read`."""
    found: list[str] = []
    fill, rows = Indexing._fill, RowIndex.rows

    def noted_fill(self: Indexing, *words: Any) -> Any:
        found.append("made")
        return fill(self, *words)

    def noted_rows(self: RowIndex, *words: Any) -> Any:
        found.append("read")
        return rows(self, *words)

    monkeypatch.setattr(Indexing, "_fill", noted_fill)
    monkeypatch.setattr(RowIndex, "rows", noted_rows)
    return found


CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"key": ()},
    {"key": ("id", "split")},
    {"by_position": True},
    {"ignore": ("score", "box")},
    {"fields": ("label",)},
    {"tolerance": 0.5},
    {"hide_whitespace": True},
    {"hide_case": True},
    {"key_forms": (("id", "leading-zeros"),)},
    {"reverse": True},
    {"where": "new.label = 'c'"},
)


@pytest.mark.parametrize(
    ("suffix", "shuffled", "changes"),
    [
        (".parquet", False, CHANGES),
        (".parquet", True, CHANGES[:3]),
        (".jsonl", False, CHANGES[:1]),
        (".csv", True, CHANGES[:2]),
    ],
)
def test_the_answer_is_that_of_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, shuffled: bool, changes: Sequence[dict[str, Any]]
) -> None:
    """What is asked first leaves indexes that the other questions must take for theirs only where they are."""
    pair = versions(tmp_path, suffix, shuffled=shuffled)
    asked = [dataclasses.replace(OPTIONS, **change) for change in changes]
    monkeypatch.setenv(indexes.SETTING, "off")
    expected = [repr(answer(*pair, options)) for options in asked]
    monkeypatch.setenv(indexes.SETTING, "always")
    assert repr(answer(*pair)) == expected[0]
    assert [repr(answer(*pair, options)) for options in asked] == expected


def test_keys_of_two_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str]) -> None:
    """The hashes of one side depend on the types of the other: an index is of both."""
    same = versions(tmp_path)
    (tmp_path / "text").mkdir()
    other = versions(tmp_path / "text", kind="VARCHAR")
    monkeypatch.setenv(indexes.SETTING, "off")
    expected = answer(*other)
    monkeypatch.setenv(indexes.SETTING, "always")
    answer(*same)
    assert repr(answer(*other)) == repr(expected)
    other[0].unlink()
    os.link(same[0], other[0])
    made.clear()
    assert repr(answer(*other)) == repr(expected)


def test_an_index_is_made_once_and_then_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str]) -> None:
    old, new = versions(tmp_path)
    monkeypatch.setenv(indexes.SETTING, "always")
    answer(old, new)
    assert made == ["made", "made", "read", "read"]
    made.clear()
    answer(old, new)
    assert made == ["read", "read"]
    made.clear()
    answer(old, new, dataclasses.replace(OPTIONS, tolerance=0.5))
    assert made == ["read", "read"], "what is tolerated is told when the cells are compared"
    made.clear()
    write(new, [(1, "x", "train", 0.5)])
    assert answer(old, new)[0].rows.new == 1
    assert made == ["made", "read", "read"]
    made.clear()
    monkeypatch.setenv(indexes.SETTING, "off")
    answer(old, new)
    assert made == []


def test_plain_files_are_not_indexed_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str]) -> None:
    monkeypatch.setattr(indexes, "LEAST_ROWS", 0)
    answer(*versions(tmp_path))
    assert made == []


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[int], None]:
    """Makes a repository's dataset anew: a row more for every number."""
    git(tmp_path, "init", "-q")
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    (tmp_path / ".gitignore").write_text("/.dvc/tmp\n/.dvc/cache\n")
    git(tmp_path, "add", ".")
    (tmp_path / "dvc.yaml").write_text(
        "artifacts:\n  t:\n    path: t.csv\n    type: dataset\n    meta: {dsv: {key: [id], label: label}}\n"
    )

    def write_version(number: int) -> None:
        rows = "".join(f"{n},{'b' if n < number else 'a'}\n" for n in range(50 + number))
        (tmp_path / "t.csv").write_text("id,label\n" + rows)

    return write_version


def test_committed_versions_are_indexed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str], repository: Callable[[int], None]
) -> None:
    monkeypatch.setattr(indexes, "LEAST_ROWS", 50)
    for number in range(3):
        repository(number)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", str(number))
    with compare(tmp_path, ("HEAD~1", "HEAD"), None) as comparison:
        assert comparison.result.datasets[0].rows.changed == 1
    assert made == ["made", "made", "read", "read"]
    made.clear()
    with compare(tmp_path, ("HEAD~2", "HEAD"), None) as comparison:
        assert comparison.result.datasets[0].rows.changed == 2
    assert made == ["made", "read", "read"]
    made.clear()
    (tmp_path / "t.csv").write_text("id,label\n1,a\n")
    with compare(tmp_path, ("HEAD",), None) as comparison:
        assert comparison.result.datasets[0].rows.removed == 51
    assert made == ["read"], "a work file is not indexed"


def test_commit_indexes_what_the_next_diff_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str], repository: Callable[[int], None]
) -> None:
    monkeypatch.setattr(indexes, "LEAST_ROWS", 50)
    for number in range(2):
        repository(number)
        commit(tmp_path, (), message=str(number))
    assert made.count("made") == 2
    made.clear()
    with compare(tmp_path, ("HEAD~1", "HEAD"), None) as comparison:
        assert comparison.result.datasets[0].rows.changed == 1
    assert made == ["read", "read"]


def test_counts_alone_are_told_by_indexes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str]) -> None:
    old, new = versions(tmp_path)
    monkeypatch.setenv(indexes.SETTING, "off")
    whole = answer(old, new)[0]
    monkeypatch.setenv(indexes.SETTING, "always")
    for _ in range(2):
        with compare(tmp_path, (old.name, new.name), None, dataclasses.replace(OPTIONS, counts=True)) as comparison:
            (counted,) = comparison.result.datasets
        assert counted.compared == "hashes"
        assert dataclasses.replace(counted.rows, rekeyed=whole.rows.rekeyed) == whole.rows
        assert (counted.status, counted.changes, counted.labels) == (whole.status, None, ())
    assert made == ["made", "made", "read", "read", "read", "read"]


def test_counts_of_rows_in_place_are_told_by_indexes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str]
) -> None:
    """Files that could be compared by the bytes of their columns are not looked at where both have an index."""
    old, new = tmp_path / "old.parquet", tmp_path / "new.parquet"
    for path, label in ((old, "a"), (new, "b")):
        write(path, [(n, label if n == 70 else "c", "train", 0.5) for n in range(100)])
    monkeypatch.setenv(indexes.SETTING, "always")
    counts = dataclasses.replace(OPTIONS, counts=True)
    with compare(tmp_path, (old.name, new.name), None, counts) as comparison:
        assert comparison.result.datasets[0].rows.changed == 1
    assert made == []
    with monkeypatch.context() as patched:
        patched.setattr(dataset, "in_place", lambda *words: None)
        answer(old, new)
    made.clear()
    with compare(tmp_path, (old.name, new.name), None, counts) as comparison:
        assert comparison.result.datasets[0].rows.changed == 1
        assert comparison.result.datasets[0].rows.unchanged == 99
    assert made == ["read", "read"]


def test_folders_of_part_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str]) -> None:
    for name, label in (("old", "a"), ("new", "b")):
        (tmp_path / name).mkdir()
        for part in range(3):
            first = 100 * part
            rows = [(n, label if n in (7, 250) else "c", "train", n / 7) for n in range(first, first + 100)]
            write(tmp_path / name / f"part-{part}.parquet", rows[1:] if name == "new" and part == 1 else rows)
    monkeypatch.setenv(indexes.SETTING, "off")
    expected = answer(tmp_path / "old", tmp_path / "new")
    assert (expected[0].rows.changed, expected[0].rows.removed) == (2, 1)
    assert made == []
    monkeypatch.setenv(indexes.SETTING, "always")
    for _ in range(2):
        assert repr(answer(tmp_path / "old", tmp_path / "new")) == repr(expected)
    assert made.count("read") == 4
