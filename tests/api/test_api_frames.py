"""`dsv.diff` in a notebook: frames with the values that pandas itself finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import dsv
from dsv.api.frames import DatasetFrames
from dsv.errors import DataMissing, UsageError

OLD = pd.DataFrame({"id": ["a", "b", "c"], "class": ["bike", "car", "bus"], "split": ["train", "train", "test"]})
NEW = pd.DataFrame({"id": ["a", "c", "d"], "class": ["tram", "bus", "car"], "split": ["train", "test", "test"]})


@pytest.fixture
def frames(tmp_path: Path) -> Any:
    OLD.to_csv(tmp_path / "old.csv", index=False)
    NEW.assign(note="<b>").to_csv(tmp_path / "new.csv", index=False)
    return dsv.diff("old.csv", "new.csv", key="id", label="class", split="split", folder=tmp_path)


def test_rows_classes_and_schema(frames: Any) -> None:
    assert set(frames.rows.index) == {("changed", "a"), ("removed", "b"), ("added", "d")}
    assert frames.rows.loc[("changed", "a"), ("class", "new")] == "tram"
    assert frames.cells.values.tolist() == [["a", "class", "bike", "tram"]]
    assert frames.transitions.values.tolist() == [["class", "bike", "tram", 1]]
    assert frames.schema[["change", "field"]].values.tolist() == [["field_added", "note"]]
    total = frames.classes[frames.classes["split"].isna()].set_index("class")
    for side, frame in (("old", OLD), ("new", NEW)):
        counted = frame["class"].value_counts()
        assert total[side].to_dict() == {name: int(counted.get(name, 0)) for name in total.index}


def test_it_reads_well_in_a_notebook(frames: Any) -> None:
    assert "+1 -1 ~1" in repr(frames) and "field_added note" in repr(frames)
    page = frames._repr_html_()
    assert "bike" in page and "<b>" not in page
    assert list(frames) == ["new.csv"] and len(frames) == 1


def test_several_datasets_are_chosen_by_name(tmp_path: Path) -> None:
    result = dsv.diff("old.csv", "new.csv", key="id", folder=_two(tmp_path))
    result._datasets["another"] = result["new.csv"]
    with pytest.raises(UsageError, match="2 datasets"):
        _ = result.rows


def _two(folder: Path) -> Path:
    OLD.to_csv(folder / "old.csv", index=False)
    NEW.to_csv(folder / "new.csv", index=False)
    return folder


def test_what_only_rows_tell_is_an_error_where_they_were_not_compared(frames: Any) -> None:
    value = frames["new.csv"].value
    labels = tuple(replace(label, transitions=None) for label in value.labels)
    unread = DatasetFrames(replace(value, changes=None, compared="profiles", labels=labels))
    for name in ("rows", "cells", "transitions"):
        with pytest.raises(DataMissing, match="only the profiles were compared"):
            getattr(unread, name)
    assert len(unread.classes) and len(unread.schema) and "bike" not in unread._repr_html_()
    unchanged = DatasetFrames(replace(value, changes=None, status="unchanged", labels=()))
    assert unchanged.rows.empty and unchanged.cells.empty and unchanged.transitions.empty
