"""The laws of migrations and the tests of documents: what holds passes, what does not is shown by its rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsv.documents import yaml
from dsv.migrations.trials import Place, try_chain
from dsv.model.trial import Trial, TrialReport
from dsv.operations.base import Outcome
from dsv.operations.drop_field import DropField
from dsv.operations.rename_class import RenameClass

ROWS = "id,class,split,size\na,bike,train,1\nb,car,train,2\nc,bike,val,\nd,bus,test,4\n"


def tried(bench: Any, tmp_path: Path, *, only: str | None = None, sample: int | None = None) -> TrialReport:
    work = tmp_path / f"work{len(list(tmp_path.iterdir()))}"
    work.mkdir()
    place = Place(folder=bench.documents_folder, parameters=bench.parameters.__getitem__, work=work)
    return try_chain(bench.engine, bench.chain, bench.snapshot, place, only=only, sample=sample)


def outcomes(report: TrialReport, migration: str) -> dict[str, str]:
    return {trial.name or trial.law: trial.outcome for trial in report.trials if trial.migration == migration}


def failures(report: TrialReport) -> dict[str, Trial]:
    return {trial.name or trial.law: trial for trial in report.trials if trial.outcome == "failed"}


def with_tests(bench: Any, tests: list[dict[str, Any]]) -> None:
    """Bring tests into the last document."""
    path = bench.documents_folder / f"{bench.documents[-1]}.yaml"
    path.write_text(path.read_text() + yaml.dump({"tests": tests}))


def test_laws_hold_on_all_rows_and_on_a_sample(adopt: Any, tmp_path: Path) -> None:
    bench = adopt(ROWS, split="split")
    bench.add(
        {"op": "rename_class", "from": "bike", "to": "bicycle"}, {"op": "rename_field", "from": "size", "to": "s"}
    )
    bench.add({"op": "drop_rows", "where": "s > 1", "expect": 2})
    whole = tried(bench, tmp_path)
    assert (whole.rows, whole.of_rows) == (4, 4)
    assert outcomes(whole, "m0001_step") == dict.fromkeys(("plan", "schema", "bytes", "inverse"), "passed")
    assert outcomes(whole, "m0002_step") == {
        **dict.fromkeys(("plan", "schema", "bytes"), "passed"),
        "inverse": "skipped",
    }
    some = tried(bench, tmp_path, sample=2)
    assert (some.rows, some.of_rows) == (2, 4)
    # The guard of two rows cannot hold on a sample, and does not count there.
    assert outcomes(some, "m0002_step")["plan"] == "passed"
    only = tried(bench, tmp_path, only="m0002_step")
    assert {trial.migration for trial in only.trials} == {"m0002_step"}


def test_a_wrong_inverse_is_shown_by_its_rows(adopt: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = adopt(ROWS, split="split")
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    monkeypatch.setattr(
        RenameClass, "inverse", lambda self, state: replace(self, source=self.to, to="velo"), raising=True
    )
    wrong = failures(tried(bench, tmp_path))
    assert wrong.keys() == {"inverse"}
    assert wrong["inverse"].differences == (
        ("-", "id=a class=bike split=train size=1"),
        ("-", "id=c class=bike split=val size=(missing)"),
        ("+", "id=a class=velo split=train size=1"),
        ("+", "id=c class=velo split=val size=(missing)"),
    )


def test_results_of_chance_break_the_plan_and_the_bytes(
    adopt: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = adopt(ROWS, split="split")
    bench.add({"op": "drop_field", "name": "size"})
    forward = DropField.forward
    calls = iter(range(100))

    def drifting(self: DropField, state: Any, table: Any, inputs: Any) -> Outcome:
        table = table.typed_table()
        columns = ", ".join(
            f"class || '{next(calls)}' AS class" if name == "class" else name
            for name in [*table.schema.names, "_dsv_position"]
        )
        other = replace(table, relation=f"(SELECT {columns} FROM {table.relation})")
        return forward(self, state, other, inputs)

    monkeypatch.setattr(DropField, "forward", drifting)
    wrong = failures(tried(bench, tmp_path))
    assert wrong.keys() == {"plan", "bytes"}
    assert "row digest" in str(wrong["plan"].message)
    assert "rows/part-0000.parquet" in str(wrong["bytes"].message) and len(wrong["bytes"].differences) == 8


def test_a_migration_that_fails_stops_the_laws_and_not_the_tests(adopt: Any, tmp_path: Path) -> None:
    bench = adopt(ROWS, split="split")
    bench.add({"op": "drop_rows", "where": "size = 1", "expect": 3})
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    with_tests(bench, [{"given": {"id": "x", "class": "bike"}, "expect": {"class": "bicycle"}}])
    report = tried(bench, tmp_path)
    assert "not 3 as expected" in str(failures(report)["plan"].message)
    assert outcomes(report, "m0002_step") == {"plan": "unknown", "test 1": "passed"}


def test_laws_without_the_rows_are_unknown_and_tests_are_tried(adopt: Any, tmp_path: Path) -> None:
    bench = adopt(ROWS, split="split")
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    with_tests(bench, [{"given": {"id": "x", "class": "bike"}, "expect": {"class": "bicycle"}}])
    bench.snapshot.path.unlink()
    report = tried(bench, tmp_path)
    assert report.rows is None
    assert outcomes(report, "m0001_step") == {"plan": "unknown", "test 1": "passed"}


GOOD: list[dict[str, Any]] = [
    {"given": {"id": "x", "class": "bike", "size": 1}, "expect": {"class": "bicycle", "s": 1}},
    {"given": {"id": "x", "class": "car", "size": 1}, "expect": "unchanged"},
    {"given": {"id": "x", "size": 9}, "expect": "removed"},
    {
        "given": [{"id": "y", "class": "bike"}, {"id": "x", "class": "car"}],
        "expect": [{"id": "x", "class": "car", "s": None}, {"id": "y", "class": "bicycle"}],
        "counts": {"rows": 2, "cells": {"class": 1}, "classes": {"class": {"bicycle": 1, "bike": 0}}},
    },
    {"given": [{"id": "x", "size": 9}, {"id": "y"}], "counts": {"rows_removed": 1, "rows": 1}},
]
BAD: list[tuple[dict[str, Any], list[tuple[str, str]] | str]] = [
    (
        {"given": {"id": "x", "class": "bike"}, "expect": {"class": "bike"}},
        [("~", "row 1  class: expected bike, found bicycle")],
    ),
    (
        {"given": {"id": "x", "class": "bike"}, "expect": "unchanged"},
        [("~", "id=x  class: expected bike, found bicycle")],
    ),
    (
        {"given": {"id": "x", "size": 1}, "expect": "removed"},
        [("+", "found id=x class=(missing) split=(missing) s=1")],
    ),
    (
        {"given": {"id": "x", "size": 9}, "expect": {"id": "x"}},
        [("-", "expected id=x")],
    ),
    (
        {"given": {"id": "x"}, "counts": {"rows": 2, "rows_changed": 1}},
        [("~", "rows: pinned 2, would be 1"), ("~", "rows_changed: pinned 1, would be 0")],
    ),
    ({"given": {"id": "x", "sizes": 1}, "expect": "removed"}, "there is no field 'sizes'"),
    ({"given": {"id": "x", "size": "many"}, "expect": "removed"}, "many"),
]


def test_tests_of_a_document_pass_or_show_what_differs(adopt: Any, tmp_path: Path) -> None:
    bench = adopt(ROWS, split="split")
    bench.side_file("fix.csv", "id,old,new\na,bike,car\n")
    bench.add(
        {"op": "relabel", "file": "fix.csv"},
        {"op": "rename_class", "from": "bike", "to": "bicycle"},
        {"op": "drop_rows", "where": "size > 5"},
        {"op": "rename_field", "from": "size", "to": "s"},
    )
    with_tests(bench, [*GOOD, *(test for test, _ in BAD)])
    trials = [trial for trial in tried(bench, tmp_path).trials if trial.law == "test"]
    good, bad = trials[: len(GOOD)], trials[len(GOOD) :]
    assert [(trial.outcome, trial.message, trial.differences) for trial in good] == [("passed", None, ())] * len(GOOD)
    for trial, (_, told) in zip(bad, BAD, strict=True):
        assert trial.outcome == "failed" and str(trial.where).startswith("migrations/signs/m0001_step.yaml:")
        if isinstance(told, str):
            assert told in str(trial.message)
        else:
            assert list(trial.differences) == told
