"""A pair that was compared before is answered from what was kept, and only then."""

from __future__ import annotations

import dataclasses
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsv.api import remembered
from dsv.api.diff import compare
from dsv.api.options import DiffOptions
from dsv.errors import SchemaError
from dsv.formats import base
from dsv.model.diff import KINDS, DatasetDiff, RowChange
from dsv.tables import changesets
from dsv.tables.duckdb import Engine

OPTIONS = DiffOptions(key=("id",), labels=("label",), split="split")
Answer = tuple[DatasetDiff, list[RowChange], tuple[Any, ...]]


@pytest.fixture(autouse=True)
def everything_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "LEAST_BYTES", 0)


def write(path: Path, rows: list[tuple[int, str, str, float]], *, age_s: int = 60) -> None:
    """A file that was written some time ago, so that its times can be trusted."""
    listed = ", ".join(
        f"({number}, '{label}', '{split}', CAST('{score}' AS DOUBLE), [CAST('{score}' AS DOUBLE), NULL], "
        f"{{'a': '{label}'}}, DATE '2024-01-01' + {number % 5}, '\\x00\\xff'::BLOB)"
        for number, label, split, score in rows
    )
    with Engine() as engine:
        engine.execute(
            f"COPY (SELECT * FROM (VALUES {listed}) AS t(id, label, split, score, box, more, day, raw)) TO '{path}'"
        )
    old = path.stat().st_mtime - age_s
    os.utime(path, (old, old))


def versions(folder: Path) -> tuple[Path, Path]:
    rng = random.Random(5)
    rows = [(n, rng.choice("abc"), rng.choice(["train", "test"]), rng.random()) for n in range(300)]
    new = [(n, "c" if n % 7 == 0 else label, split, score) for n, label, split, score in rows if n % 11]
    new += [(1000 + n, "d", "train", 0.5) for n in range(9)]
    # A row under another key, and one more that differs in a number only.
    new = [(2000 if n == 5 else n, label, split, float("nan") if n == 3 else score) for n, label, split, score in new]
    rng.shuffle(new)
    old_path, new_path = folder / "old.parquet", folder / "new.parquet"
    write(old_path, rows)
    write(new_path, new)
    return old_path, new_path


def answer(old: Path, new: Path, options: DiffOptions = OPTIONS) -> Answer:
    with compare(old.parent, (old.name, new.name), None, options) as comparison:
        (diff,) = comparison.result.datasets
        assert diff.changes is not None
        rows = list(diff.changes.rows())
        for kind in KINDS:
            some = [row for row in rows if row.kind == kind]
            assert repr(list(diff.changes.rows((kind,), 2))) == repr(some[:2])
        return dataclasses.replace(diff, changes=None), rows, comparison.result.findings


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From when it is called on, no table can be read."""

    def forbid() -> None:
        def fail(*_: object) -> None:
            raise AssertionError("the tables were read again")

        monkeypatch.setattr(base, "scan", fail)

    return forbid


@pytest.fixture
def old_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The status-change time of a file cannot be set back; so the clock is set forth."""
    from dsv.store import hashes

    real = hashes.time.time_ns
    monkeypatch.setattr(hashes.time, "time_ns", lambda: real() + 60_000_000_000)


@pytest.mark.usefixtures("old_enough")
def test_the_second_answer_is_the_first_and_reads_no_table(tmp_path: Path, unread: Callable[[], None]) -> None:
    pair = versions(tmp_path)
    first = answer(*pair)
    assert first[0].rows.changed and first[0].rows.rekeyed and first[0].labels[0].transitions and first[1]
    unread()
    assert repr(answer(*pair)) == repr(first)


@pytest.mark.usefixtures("old_enough")
@pytest.mark.parametrize(
    "change",
    [
        {"key": ()},
        {"key": ("score",)},
        {"labels": ("split",)},
        {"split": None},
        {"skip_malformed": True},
        {"by_position": True},
        {"ignore": ("score",)},
        {"fields": ("label",)},
        {"tolerance": 0.5},
        {"hide_whitespace": True},
        {"hide_case": True},
        {"renames": (("day", "raw"),)},
        {"reverse": True},
        {"where": "new.label = 'c'"},
        {"header": False},
        {"format": "parquet"},
    ],
    ids=str,
)
def test_another_question_is_answered_anew(tmp_path: Path, unread: Callable[[], None], change: dict[str, Any]) -> None:
    pair = versions(tmp_path)
    answer(*pair)
    unread()
    with pytest.raises((AssertionError, SchemaError)):
        answer(*pair, dataclasses.replace(OPTIONS, **change))


@pytest.mark.usefixtures("old_enough")
def test_the_views_are_no_other_question(tmp_path: Path, unread: Callable[[], None]) -> None:
    pair = versions(tmp_path)
    answer(*pair)
    unread()
    answer(*pair, dataclasses.replace(OPTIONS, views=frozenset({"stat"}), memory_bytes=10**9))


@pytest.mark.usefixtures("old_enough")
def test_a_file_that_was_written_again_is_read_again(tmp_path: Path) -> None:
    old, new = versions(tmp_path)
    answer(old, new)
    write(new, [(1, "x", "train", 0.5)], age_s=30)
    assert answer(old, new)[0].rows.new == 1


def test_a_file_that_was_just_written_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = versions(tmp_path)
    os.utime(new)
    kept: list[str] = []
    monkeypatch.setattr(changesets.Changesets, "add", lambda self, name, fill: kept.append(name))
    answer(old, new)
    assert kept == []


@pytest.mark.usefixtures("old_enough")
@pytest.mark.parametrize("name", ["rows-0.parquet", "document.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_a_damaged_entry_is_made_again(tmp_path: Path, private_home: Path, name: str, damage: str) -> None:
    pair = versions(tmp_path)
    first = answer(*pair)
    (entry,) = (private_home / "cache" / "dsv" / "changesets").iterdir()
    content = (entry / name).read_bytes()
    middle = len(content) // 2
    if damage == "gone":
        (entry / name).unlink()
    elif damage == "cut":
        (entry / name).write_bytes(content[:middle])
    else:
        (entry / name).write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    assert repr(answer(*pair)) == repr(first)
    assert (entry / name).read_bytes() == content
    assert repr(answer(*pair)) == repr(first)


@pytest.mark.usefixtures("old_enough")
def test_a_cache_that_cannot_be_written_is_not_used(tmp_path: Path, private_home: Path) -> None:
    (private_home / "cache").mkdir()
    (private_home / "cache" / "dsv").write_text("no folder")
    pair = versions(tmp_path)
    assert repr(answer(*pair)) == repr(answer(*pair))


@pytest.mark.usefixtures("old_enough")
def test_the_least_used_go_first(tmp_path: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = versions(tmp_path)
    folder = private_home / "cache" / "dsv" / "changesets"
    answer(*pair)
    (first,) = folder.iterdir()
    answer(*pair, dataclasses.replace(OPTIONS, tolerance=0.5))
    (second,) = set(folder.iterdir()) - {first}
    answer(*pair)
    size = max(sum(file.stat().st_size for file in entry.iterdir()) for entry in (first, second))
    monkeypatch.setattr(changesets, "CAP_BYTES", int(2.5 * size))
    answer(*pair, dataclasses.replace(OPTIONS, ignore=("score",)))
    assert first in set(folder.iterdir()) and second not in set(folder.iterdir())
    assert len(list(folder.iterdir())) == 2


def test_revisions_of_a_dataset(tmp_path: Path, unread: Callable[[], None]) -> None:
    """Git's own ids name the bytes; the changesets lie in the repository's cache."""

    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("")
    for number in range(2):
        rows = "".join(f"{n},{'b' if number and n < 5 else 'a'}\n" for n in range(50))
        (tmp_path / "t.csv").write_text("id,label\n" + rows)
        git("add", "t.csv")
        git("commit", "-qm", str(number))

    def ask() -> tuple[DatasetDiff, list[RowChange]]:
        with compare(tmp_path, ("HEAD~1", "HEAD"), ("t.csv",)) as comparison:
            (diff,) = comparison.result.datasets
            assert diff.changes is not None
            return dataclasses.replace(diff, changes=None), list(diff.changes.rows())

    first = ask()
    assert first[0].rows.changed == 5
    assert len(list((tmp_path / ".dvc" / "tmp" / "dsv" / "changesets").iterdir())) == 1
    unread()
    assert ask() == first
