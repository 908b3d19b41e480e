"""Chains that cannot be right: one clear message each, with the line of the document that is to be mended."""

from __future__ import annotations

from typing import Any

import pytest

from dsv.errors import DsvError
from dsv.migrations.foretell import foretell

ROWS = "id,class,split\na,bike,train\nb,moped,train\nc,car,test\n"


def line(bench: Any, identifier: str, number: int = 1) -> int:
    """The line on which an operation of a document begins."""
    lines = (bench.documents_folder / f"{identifier}.yaml").read_text().splitlines()
    return [place for place, text in enumerate(lines, start=1) if text.startswith("- op:")][number - 1]


def refused(bench: Any) -> DsvError:
    """What the plan refuses, and foretelling without rows too, with the same place."""
    with pytest.raises(DsvError) as planned:
        bench.plan()
    with pytest.raises(DsvError) as foretold:
        list(
            foretell(
                "signs",
                bench.base.state,
                bench.chain.migrations,
                bench.documents_folder,
                bench.parameters.__getitem__,
            )
        )
    assert str(planned.value) == str(foretold.value) and planned.value.where == foretold.value.where
    return planned.value


def test_a_retired_key_is_not_revived(adopt: Any) -> None:
    bench = adopt(ROWS, split="split")
    bench.add({"op": "merge_classes", "from": ["moped"], "into": "bike"})
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"}, {"op": "add_class", "key": "moped"})
    error = refused(bench)
    assert "'moped' of 'class' is retired, and its key stays its own" in error.message
    place = f"migrations/signs/m0002_step.yaml:{line(bench, 'm0002_step', 2)}: operation 2 (add_class)"
    assert str(error.where).splitlines()[-1] == place and error.hint == "give another `key:`"


def test_a_key_that_is_in_use_is_not_given_again(adopt: Any) -> None:
    bench = adopt(ROWS, split="split")
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"}, {"op": "add_class", "key": "bike"})
    error = refused(bench)
    assert "'bike' of 'class' exists already" in error.message
    assert f":{line(bench, 'm0001_step', 2)}: operation 2 (add_class)" in str(error.where)


def test_classes_that_stand_above_each_other_are_refused(adopt: Any) -> None:
    bench = adopt(ROWS, split="split")
    bench.add({"op": "set_class", "key": "bike", "parent": "moped"})
    bench.add({"op": "set_class", "key": "moped", "parent": "bike"})
    error = refused(bench)
    assert "above itself" in error.message
    assert f"m0002_step.yaml:{line(bench, 'm0002_step')}: operation 1 (set_class)" in str(error.where)


def test_an_error_of_a_side_file_tells_both_places(adopt: Any) -> None:
    bench = adopt(ROWS, split="split")
    bench.side_file("fix.csv", "id,old,new\na,bike,car\nx,bike,car\n")
    bench.add({"op": "relabel", "file": "fix.csv"})
    with pytest.raises(DsvError) as raised:
        bench.plan()
    assert str(raised.value.where).splitlines() == [
        "fix.csv:3",
        f"migrations/signs/m0001_step.yaml:{line(bench, 'm0001_step')}: operation 1 (relabel)",
    ]
