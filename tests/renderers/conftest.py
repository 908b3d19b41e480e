"""A diff with something of everything, and files that hold what it must look like."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dsv.model.counts import Counts
from dsv.model.diff import (
    KINDS,
    Cell,
    DatasetDiff,
    DiffResult,
    Formatting,
    KeyChange,
    Kind,
    RowChange,
    RowCounts,
    SchemaChange,
    SplitMove,
)
from dsv.model.finding import Finding
from dsv.model.labels import ClassCount, Inferred, LabelDiff, Transition
from dsv.model.revision import WORKSPACE, Revision

GOLDEN = Path(__file__).parent / "golden"


class Changes:
    """A changeset in memory."""

    def __init__(self, *changes: RowChange) -> None:
        self.changes = changes

    def rows(self, kinds: tuple[Kind, ...] = KINDS, limit: int | None = None) -> Iterator[RowChange]:
        seen = dict.fromkeys(kinds, 0)
        for change in self.changes:
            if change.kind in kinds and (limit is None or seen[change.kind] < limit):
                seen[change.kind] += 1
                yield change


def changed(key: dict[str, object], /, **cells: tuple[object, object]) -> RowChange:
    pairs = {name: Cell(old=old, new=new) for name, (old, new) in cells.items()}
    return RowChange(kind="changed", key=key, cells=pairs, old_position=7, new_position=8)


LONG = "The quick brown fox jumps over the lazy dog. " * 4

CHANGES = Changes(
    changed({"image": "img_01.jpg"}, label=("bike", "bicycle")),
    changed({"image": "img_02.jpg"}, label=("bike", None), note=("two\nlines", "two\nlines ")),
    changed({"image": "img_03.jpg"}, box=([1, 2, 3.5, 4], [1, 2, 3.75, 4]), note=("", None)),
    changed({"image": "img_04.jpg"}, note=(LONG + "old" + LONG, LONG + "new" + LONG)),
    changed({"image": "\x1b[31mevil\u202e.jpg"}, note=("a b", "a\u00a0b")),
    RowChange(
        kind="removed",
        key={"image": "img_05.jpg"},
        cells={
            "image": Cell(old="img_05.jpg", new=None),
            "label": Cell(old="car", new=None),
            "taken": Cell(old=date(2026, 1, 31), new=None),
        },
        old_position=12,
    ),
    RowChange(
        kind="added",
        key={"image": "img_06.jpg"},
        cells={
            "image": Cell(old=None, new="img_06.jpg"),
            "label": Cell(old=None, new="bus"),
            "size_bytes": Cell(old=None, new=2**60),
            "score": Cell(old=None, new=float("nan")),
        },
        new_position=1200,
    ),
)

LABEL = LabelDiff(
    field="label",
    classes=(
        ClassCount(
            name="bicycle",
            old=0,
            new=412,
            by_split={"test": Counts(old=0, new=12), "train": Counts(old=0, new=400)},
        ),
        ClassCount(
            name="bike",
            old=413,
            new=0,
            by_split={"test": Counts(old=12, new=0), "train": Counts(old=401, new=0)},
        ),
        ClassCount(
            name="bus",
            old=1_000,
            new=1_002,
            by_split={"test": Counts(old=100, new=101), "train": Counts(old=900, new=901)},
        ),
        ClassCount(
            name="car",
            old=2_000,
            new=2_000,
            by_split={"test": Counts(old=200, new=200), "train": Counts(old=1_800, new=1_800)},
        ),
    ),
    transitions=(
        Transition(source="bike", target="bicycle", rows=412),
        Transition(source="bike", target="bus", rows=1),
        Transition(source="bike", target=None, rows=1),
    ),
    inferred=(
        Inferred(
            operation="rename_class",
            sources=("bike",),
            targets=("bicycle",),
            support=412,
            total=414,
            strays=(
                Transition(source="bike", target="bus", rows=1),
                Transition(source="bike", target=None, rows=1),
            ),
        ),
    ),
    unlabelled=Counts(old=0, new=1),
    js_distance=0.25,
)

SIGNS = DatasetDiff(
    dataset="signs",
    path="data/signs.csv",
    status="modified",
    compared="rows",
    key=("image",),
    key_source="inferred",
    key_evidence="key image: unique 100 %, no nulls",
    rows=RowCounts(old=3_413, new=3_414, added=2, removed=1, changed=414, unchanged=2_998, rekeyed=1),
    duplicate_keys=Counts(old=0, new=2),
    null_keys=Counts(old=0, new=0),
    formatting=Formatting(reordered=True, quoting=1, line_ends=0, number_spelling=3),
    schema_changes=(
        SchemaChange(change="field_added", field="score", new_type="number"),
        SchemaChange(change="field_removed", field="junk", old_type="string", breaking=True),
        SchemaChange(change="field_renamed", field="comment", to="note"),
        SchemaChange(change="type_changed", field="size_bytes", old_type="number", new_type="integer"),
    ),
    changed_cells={"label": 414, "note": 3, "box": 1},
    changed_cells_whitespace_only={"note": 1},
    changed_cells_case_only={},
    rekeyed=(KeyChange(old={"image": "img_07.jpg"}, new={"image": "img_08.jpg"}),),
    labels=(LABEL,),
    split_moves=(SplitMove(source="test", target="train", rows=1_234),),
    changes=CHANGES,
)

SAME = replace(
    SIGNS,
    dataset="weather",
    path="data/weather.parquet",
    status="unchanged",
    key=(),
    key_source="none",
    key_evidence=None,
    rows=RowCounts(old=365, new=365, added=0, removed=0, changed=0, unchanged=365, rekeyed=0),
    duplicate_keys=None,
    null_keys=None,
    formatting=Formatting(reordered=False, quoting=0, line_ends=0, number_spelling=0),
    schema_changes=(),
    changed_cells={},
    changed_cells_whitespace_only={},
    rekeyed=(),
    labels=(),
    split_moves=None,
    changes=None,
)

PROFILES = replace(
    SIGNS,
    dataset="faces",
    path="data/faces.csv",
    compared="profiles",
    rows=RowCounts(old=10, new=20, added=None, removed=None, changed=None, unchanged=None, rekeyed=None),
    duplicate_keys=None,
    null_keys=None,
    formatting=Formatting(),
    schema_changes=(),
    changed_cells=None,
    changed_cells_whitespace_only=None,
    changed_cells_case_only=None,
    rekeyed=None,
    labels=(replace(LABEL, transitions=None, inferred=None),),
    split_moves=None,
    changes=None,
)

RESULT = DiffResult(
    old=Revision(name="v1", commit="0123456789abcdef0123456789abcdef01234567"),
    new=Revision(name=WORKSPACE),
    complete=False,
    datasets=(SIGNS, SAME, PROFILES),
    findings=(
        Finding(rule="reordered", level="info", message="the rows stand in another order", dataset="signs"),
        Finding(rule="duplicate_key", level="error", message="1 key is not unique", dataset="signs"),
    ),
)


@pytest.fixture
def result() -> DiffResult:
    return RESULT


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with a file; DSV_GOLDEN=write writes the file anew."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("DSV_GOLDEN") == "write":
            path.write_text(text, encoding="utf-8", newline="")
        assert text == path.read_bytes().decode("utf-8")

    return compare
