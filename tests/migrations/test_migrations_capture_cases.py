"""Real histories, captured as migrations that turn the old file into the new one; nothing is left unexplained."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from capturing import captured, names, operations, published

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.errors import UsageError
from dsv.formats.base import recognised, scan
from dsv.migrations.replay import prepare
from dsv.model.snapshot import ReadOptions, Snapshot

CASES = Path(__file__).parents[1] / "cases"

Bench = Any
Adopt = Callable[..., Bench]


def content(case: str, name: str) -> str:
    path = CASES / case / name
    if not path.exists():
        return gzip.decompress(path.with_name(f"{name}.gz").read_bytes()).decode("utf-8")
    return path.read_bytes().decode("utf-8")


def rows(text: str, delimiter: str = ",") -> Counter[tuple[Any, ...]]:
    """Rows of a file with a header, whatever the order of rows and fields."""
    found = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter)
    return Counter(tuple(sorted(row.items())) for row in found)


def check_explained(bench: Bench, key: tuple[str, ...], *, header: bool = True) -> None:
    """The replay of the migration accounts for every difference between the base and what is published."""
    paths = [bench.folder / bench.base.path, bench.folder / bench.base.publishes]
    tables = [
        scan(
            bench.engine,
            recognised(Snapshot(path=path, format="", shown_path=path.name, options=ReadOptions(header=header))),
        ).table
        for path in paths
    ]
    replay = prepare("signs", bench.base.state, bench.chain.migrations, bench.documents_folder, lambda _: {})
    request = DiffRequest(key=key, key_source="declared" if key else "none", labels=bench.base.state.labels)
    diff = diff_tables("x", "x", *tables, request, replay)
    assert diff.status == "modified" and diff.unexplained is not None
    left = diff.unexplained
    assert (left.rows_added, left.rows_removed, dict(left.cells), left.schema_changes) == (0, 0, {}, 0)


def truthful(adopt: Adopt, old: str) -> Bench:
    return adopt(content("truthfulqa-csv", old), key=("Question",), labels=("Type", "Category"))


def test_truthfulqa_from_first_to_last(adopt: Adopt) -> None:
    """Two fields renamed and edited, one added, questions that went and came: asked about, and then exact."""
    new = content("truthfulqa-csv", "vD.csv")
    with pytest.raises(UsageError) as caught:
        captured(truthful(adopt, "vA.csv"), new)
    flags = ["--rename-field Answer=Correct Answers", "--rename-field Incorrect answers=Incorrect Answers"]
    assert all(f"--rename-field '{flag.partition(' ')[2]}'" in str(caught.value.where) for flag in flags)
    bench = truthful(adopt, "vA.csv")
    found = captured(bench, new, *flags)
    assert names(found)[:4] == ["rename_field", "rename_field", "add_field", "drop_rows"]
    assert rows(published(bench)) == rows(new)
    check_explained(bench, ("Question",))


def test_truthfulqa_header_only(adopt: Adopt) -> None:
    new = content("truthfulqa-csv", "vB.csv")
    bench = truthful(adopt, "vA.csv")
    found = captured(bench, new)
    assert [(item["from"], item["to"]) for item in operations(found)] == [
        ("Answer", "Correct Answers"),
        ("Incorrect answers", "Incorrect Answers"),
    ]
    assert published(bench) == new


def sectors(adopt: Adopt, old: str) -> Bench:
    return adopt(content("sp500-table", old), key=("Symbol",), labels=("Sector",))


NAMED = [
    "--merge-class Consumer Discretionary =Consumer Discretionary",
    "--merge-class Consumer Staples =Consumer Staples",
    "--merge-class Industries=Industrials",
    "--rename-class Telecommunications Services=Telecommunication Services",
]


@pytest.mark.parametrize(
    ("old", "new", "flags"),
    [
        ("vB.csv", "vC.csv", NAMED),
        ("vC.csv", "vD.csv", ["--relabel Sector"]),
        # The class explosion: 11 sectors become 123 industries, label by label.
        ("vD.csv", "vE.csv", ["--relabel Sector"]),
    ],
)
def test_sp500_step_by_step(adopt: Adopt, old: str, new: str, flags: list[str]) -> None:
    wanted = content("sp500-table", new)
    bench = sectors(adopt, old)
    captured(bench, wanted, *flags)
    assert rows(published(bench)) == rows(wanted)
    check_explained(bench, ("Symbol",))


def test_sp500_undoes_the_class_explosion(adopt: Adopt) -> None:
    """123 classes become 11: each merge is told by its rows, so nothing needs asking."""
    wanted = content("sp500-table", "vD.csv")
    bench = sectors(adopt, "vE.csv")
    found = captured(bench, wanted)
    merges = [item for item in operations(found) if item["op"] == "merge_classes@1"]
    sectors_now = {row["Sector"] for row in csv.DictReader(io.StringIO(wanted))}
    assert {item["into"] for item in merges} == sectors_now and len(merges) == 11
    assert "relabel" not in names(found)
    assert rows(published(bench)) == rows(wanted)
    check_explained(bench, ("Symbol",))


def test_winomt_without_a_key(adopt: Adopt) -> None:
    """Articles taken off 3,166 professions, in a file of duplicates without a key: as classes, byte for byte."""
    wanted = content("winomt-keyless", "vD.tsv")
    options = {"key": (), "labels": ("field_1", "field_4"), "suffix": ".tsv", "header": False}
    bench = adopt(content("winomt-keyless", "vC.tsv"), **options)
    found = captured(bench, wanted, suffix=".tsv", header=False)
    assert set(names(found)) == {"rename_class", "merge_classes"}
    assert published(bench) == wanted
    check_explained(bench, (), header=False)
