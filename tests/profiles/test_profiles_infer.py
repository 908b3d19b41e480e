"""What `dsv init` proposes: fields named like labels and splits, with few enough values."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsv.formats.base import scan
from dsv.model.snapshot import Snapshot
from dsv.profiles import infer
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table


def table(engine: Engine, folder: Path, header: str, *rows: str) -> Table:
    path = folder / "t.csv"
    path.write_text("\n".join((header, *rows)) + "\n")
    return scan(engine, Snapshot(path=path, format="csv", gzip=False, shown_path="t.csv")).table


@pytest.mark.parametrize(
    ("header", "row", "other", "expected"),
    [
        ("id,class", "1,a", "2,b", "class"),
        ("id,Label", "1,a", "2,b", "Label"),
        ("label,label_name", "0,a", "1,b", "label_name"),  # text before its number
        ("label_id,y", "0,1", "1,0", "y"),
        ("id,classes_seen", "1,a", "2,b", None),
        ("id,class", "1,a", "2,a", None),  # one class says nothing
        ("id,class", "1,0.5", "2,0.7", None),  # a measure
    ],
)
def test_a_label_is_named_like_one(
    engine: Engine, tmp_path: Path, header: str, row: str, other: str, expected: str | None
) -> None:
    found, why = infer.infer_label(table(engine, tmp_path, header, row, other))
    assert found == expected
    assert why.startswith(f"label {expected}: named like one, 2 classes" if expected else "label: none found")


def test_a_label_has_few_classes_and_is_not_another_role(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = table(engine, tmp_path, "target,class,split", "x,a,train", "y,b,test", "z,c,test")
    assert infer.infer_label(rows)[0] == "target"
    assert infer.infer_label(rows, exclude=("target",))[0] == "class"
    monkeypatch.setattr(infer, "MOST_CLASSES", 2)
    assert infer.infer_label(rows)[0] is None


def test_a_split_is_named_like_one_and_has_few_values(engine: Engine, tmp_path: Path) -> None:
    rows = table(engine, tmp_path, "fold,part,SPLIT", "1,train,a", "2,test,b")
    assert infer.infer_split(rows) == ("SPLIT", "split SPLIT: named like one, 2 values")  # fold holds numbers
    assert infer.infer_split(rows, exclude=("SPLIT",))[0] is None
    many = table(engine, tmp_path, "split", *(f"s{number}" for number in range(infer.MOST_SPLITS + 1)))
    assert infer.infer_split(many)[0] is None


def test_a_given_label_that_looks_like_an_id_is_told(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = table(engine, tmp_path, "id,class", "1,a", "2,b", "3,b")
    monkeypatch.setattr(infer, "CLASS_LIMIT", 2)
    (told,) = infer.like_ids(rows, ("id", "class"))
    assert told.startswith("label id: 3 classes")
