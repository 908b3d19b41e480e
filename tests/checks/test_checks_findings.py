"""Checks on numbers: classes, fields and settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsv.checks.classes import of_classes
from dsv.checks.fields import FieldCounts, TableCounts, of_fields
from dsv.checks.migrations import NewMigration, of_migrations
from dsv.checks.repository import of_pipelines, of_settings
from dsv.checks.thresholds import Thresholds
from dsv.model.counts import Counts
from dsv.model.diff import DatasetDiff, Formatting, RowCounts
from dsv.model.labels import ClassCount, Inferred, LabelDiff, Transition

DIFF = DatasetDiff(
    dataset="signs",
    path="signs.csv",
    status="modified",
    compared="rows",
    key=("id",),
    key_source="declared",
    key_evidence=None,
    rows=RowCounts(old=200, new=200, added=0, removed=0, changed=20, unchanged=180, rekeyed=0),
    duplicate_keys=None,
    null_keys=None,
    formatting=Formatting(),
    schema_changes=(),
    changed_cells={"class": 20},
    changed_cells_whitespace_only={},
    changed_cells_case_only={},
    rekeyed=(),
    labels=(),
    split_moves=(),
    changes=None,
)


def label(*classes: tuple[str, int, int], **more: object) -> DatasetDiff:
    counts = tuple(ClassCount(name=name, old=old, new=new, by_split={}) for name, old, new in classes)
    made = LabelDiff(field="class", classes=counts, transitions=(), inferred=(), unlabelled=Counts(old=0, new=0))
    return replace(DIFF, labels=(replace(made, **more),))  # type: ignore[arg-type]


def rules(diff: DatasetDiff, limits: Thresholds | None = None) -> dict[str, int]:
    return {item.rule: item.count for item in of_classes(diff, limits or Thresholds())}


def test_a_class_that_goes_on_under_another_name_is_not_gone() -> None:
    gone = label(("bike", 20, 0), ("car", 180, 200))
    assert rules(gone)["classes-removed"] == 1
    renamed = Inferred(operation="rename_class", sources=("bike",), targets=("bicycle",), support=20, total=20)
    assert rules(label(("bike", 20, 0), ("bicycle", 0, 20), ("car", 180, 180), inferred=(renamed,))) == {}


def test_a_share_that_moved_is_told_from_the_threshold_on() -> None:
    moved = label(("bike", 20, 24), ("car", 180, 176))
    assert rules(moved) == {"share-shift": 2}
    assert rules(moved, Thresholds(share_shift=0.021)) == {}
    assert rules(label(("bike", 2, 4), ("car", 18, 16))) == {}


@pytest.mark.parametrize(("rows", "encoding", "told"), [(10, 0, True), (9, 0, False), (12, 4, False)])
def test_a_bulk_relabel_counts_what_changed_its_meaning(rows: int, encoding: int, told: bool) -> None:
    step = Transition(source="bike", target="car", rows=rows, encoding_only=encoding)
    assert ("bulk-relabel" in rules(label(("bike", 20, 20), ("car", 180, 180), transitions=(step,)))) == told


def test_a_rename_in_case_only_hides_no_other_relabel() -> None:
    steps = (
        Transition(source="Bike", target="bike", rows=100, encoding_only=100),
        Transition(source="car", target="bus", rows=50),
        Transition(source=None, target="bus", rows=40),
    )
    renamed = Inferred(operation="rename_class", sources=("Bike",), targets=("bike",), support=100, total=100)
    classes = (("Bike", 100, 0), ("bike", 0, 100), ("bus", 50, 100), ("car", 50, 0))
    assert rules(label(*classes, transitions=steps, inferred=(renamed,)))["bulk-relabel"] == 50


def test_each_row_has_its_share_in_one_split() -> None:
    made = LabelDiff(
        field="class",
        classes=(
            ClassCount(name="a", old=10, new=10, by_split={"all": Counts(old=4, new=2)}),
            ClassCount(name="b", old=5, new=5, by_split={"all": Counts(old=1, new=3)}),
        ),
        transitions=(),
        inferred=(),
        unlabelled=Counts(old=0, new=0),
    )
    found = {(item.split, item.name): (item.rows.old, item.rows.new, item.total.old) for item in made.shares()}
    assert found == {
        ("all", "a"): (4, 2, 5),
        ("all", "b"): (1, 3, 5),
        (None, "a"): (6, 8, 10),
        (None, "b"): (4, 2, 10),
    }
    assert [item.split for item in made.shares()][:2] == ["all", "all"]
    plain = replace(made, classes=tuple(replace(item, by_split={}) for item in made.classes))
    assert {item.split for item in plain.shares()} == {None}
    assert (made.has_splits, plain.has_splits) == (True, False)


def test_fields_of_tables_too_small_say_nothing() -> None:
    old = TableCounts(rows=20, fields={"a": FieldCounts(nulls=0, constant=False), "b": FieldCounts(nulls=0)})
    new = TableCounts(rows=20, fields={"a": FieldCounts(nulls=1, constant=True), "b": FieldCounts(nulls=20)})
    assert {item.rule: item.count for item in of_fields(old, new, Thresholds())} == {
        "null-share-rise": 2,
        "constant-field": 1,
    }
    assert list(of_fields(replace(old, rows=19), replace(new, rows=19), Thresholds())) == []
    assert "b 0.0 % -> 100.0 %" in next(of_fields(old, new, Thresholds())).message


def test_settings_are_compared_by_meaning_and_never_told() -> None:
    old = {".dvc/config": b'[core]\n    remote = a\n[remote "a"]\n    url = s3://x\n'}
    same = {".dvc/config": b'# mine\n[remote "a"]\nurl = s3://x\n[core]\nremote = a\n'}
    assert list(of_settings(old, same)) == []
    (placed,) = of_settings(old, {".dvc/config": b'[core]\n    remote = a\n[remote "a"]\n    url = s3://secret\n'})
    assert placed.finding.count == 1
    assert "secret" not in placed.finding.message
    (placed,) = of_settings(old, {".dvc/config": b"\xff\xfe"})
    assert "cannot be read" in placed.finding.message
    assert len(list(of_settings({}, {"sub/.dvc/config": b"[core]\nanalytics = false\n"}))) == 1


def test_commands_of_dsv_itself_are_not_told() -> None:
    text = b"stages:\n  signs:\n    cmd: dsv migrate publish signs m0001_a\n  train:\n    cmd: python train.py\n"
    (placed,) = of_pipelines({}, {"dvc.yaml": text})
    assert placed.finding.count == 1
    assert "train" in placed.finding.message
    assert list(of_pipelines({"dvc.yaml": text}, {"dvc.yaml": text + b"    deps: [a]\n"})) == []
    (placed,) = of_pipelines({"dvc.yaml": text}, {"dvc.yaml": b"vars:\n- {a: $(x)}\n" + text})
    assert "vars" in placed.finding.message
    each = b"stages:\n  t:\n    foreach: [a]\n    do:\n      cmd: echo ${item}\n"
    (placed,) = of_pipelines({"dvc.yaml": each}, {"dvc.yaml": each.replace(b"[a]", b"[a, $(x)]")})
    assert placed.finding.count == 1


def test_migrations_that_break_or_run_code() -> None:
    made = NewMigration(id="m0001_a", path="p", lines=("rename class a -> b",), breaking=True, runs_code=False)
    found = list(of_migrations([made, replace(made, id="m0002_b", breaking=False, runs_code=True)]))
    assert [(item.rule, item.count) for item in found] == [("breaking-migration", 1), ("code-in-migration", 1)]
    assert list(of_migrations([replace(made, breaking=False)])) == []
