"""Findings of a diff, against pandas and plain Python."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.model.diff import DatasetDiff, DiffResult
from dsv.model.finding import Finding
from dsv.model.revision import Revision
from dsv.renderers import text
from dsv.views.diff import build

GOLDEN = Path(__file__).parent / "golden"
law = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def told(diff: DatasetDiff) -> dict[str, Finding]:
    found = {finding.rule: finding for finding in diff.findings}
    assert len(found) == len(diff.findings)
    return found


def compare(old: Any, new: Any, **request: Any) -> DatasetDiff:
    return diff_tables("d", "d.csv", old, new, DiffRequest(**{"key": ("id",), **request}))


def is_number(cell: str | None) -> bool:
    return cell is not None and re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", cell) is not None


def coercion(old: str | None, new: str | None) -> str | None:
    """The kind of damage to a cell, once more."""
    if old is None or old == new:
        return None
    if new is None:
        words = ("NA", "N/A", "n/a", "NaN", "nan", "None", "none", "NULL", "null", "<NA>", "#N/A", "-", "")
        return "coerced-missing" if old in words else None
    if re.fullmatch("0+[0-9]+", old) and re.fullmatch(r"[0-9]+(\.0+)?", new) and str(int(old)) == new.split(".")[0]:
        return "coerced-zeros"
    if re.fullmatch("-?[0-9]+", old) and new == old + ".0":
        return "coerced-decimal"
    if old.lower() in ("true", "false") and new in (("1", "1.0") if old.lower() == "true" else ("0", "0.0")):
        return "coerced-boolean"
    if re.fullmatch(r"\d{4}-\d\d-\d\d", old) and re.fullmatch(re.escape(old) + r"[ T]00:00:00(\.0+)?Z?", new):
        return "coerced-time"
    if re.fullmatch(r"-?\d{16,}", old) and re.search("[eE]", new) and is_number(new) and float(old) == float(new):
        return "coerced-digits"
    return None


damaged = st.sampled_from(
    [
        ("007", "7"),
        ("007", "7.0"),
        ("00", "0"),
        ("0", "0.0"),
        ("NA", None),
        ("", None),
        ("none", None),
        ("x", None),
        ("925", "925.0"),
        ("-3", "-3.0"),
        ("925", "926.0"),
        ("True", "1"),
        ("false", "0.0"),
        ("true", "0"),
        ("2026-01-31", "2026-01-31 00:00:00"),
        ("2026-01-31", "2026-01-31 07:00:00"),
        ("12345678901234567", "1.2345678901234568e+16"),
        ("12345678901234567", "1.3e+16"),
        ("a", "a"),
        (None, "NA"),
        ("7", "007"),
    ]
)


@law
@given(cells=st.lists(damaged, max_size=30))
def test_each_kind_of_coercion_is_counted(shared_make: Any, cells: list[tuple[str | None, str | None]]) -> None:
    """As text: what a file without types holds, or a field of several kinds."""
    types = {"id": "integer", "x": "string"}
    old, new = (shared_make.text(types, [[str(n), pair[side]] for n, pair in enumerate(cells)]) for side in (0, 1))
    expected = pd.Series([coercion(*pair) for pair in cells], dtype=object).dropna().value_counts().to_dict()
    found = {rule: item.count for rule, item in told(compare(old, new)).items() if rule.startswith("coerced")}
    assert found == expected


def test_coercions_name_their_fields_and_see_through_types(make: Any) -> None:
    """Integers that became 925.0 are equal values; the finding counts the cells all the same."""
    rows = [(str(n), str(n * 100 + 25), f"00{n}") for n in range(1, 5)]
    old = make.text({"id": "integer", "price": "integer", "zip": "string"}, rows)
    changed = [(n, f"{price}.0", zip_code.lstrip("0")) for n, price, zip_code in rows]
    new = make.text({"id": "integer", "price": "number", "zip": "integer"}, changed)
    diff = compare(old, new)
    found = told(diff)
    assert diff.changed_cells == {"zip": 4}
    assert (found["coerced-decimal"].count, found["coerced-zeros"].count) == (4, 4)
    assert "(price 4)" in found["coerced-decimal"].message
    assert "(zip 4)" in found["coerced-zeros"].message


def test_native_values_that_changed_their_type(make: Any) -> None:
    old = make.rows({"id": "integer", "flag": "boolean"}, [(1, True), (2, False), (3, None)])
    new = make.rows({"id": "integer", "flag": "integer"}, [(1, 1), (2, 0), (3, None)])
    assert told(compare(old, new))["coerced-boolean"].count == 2


@law
@given(
    old=st.lists(st.sampled_from([1.5, float("nan"), float("inf"), None]), min_size=1, max_size=8),
    new=st.lists(st.sampled_from([1.5, float("nan"), float("-inf"), None]), min_size=1, max_size=8),
)
def test_numbers_that_are_none_any_more(shared_make: Any, old: list[float | None], new: list[float | None]) -> None:
    types = {"id": "integer", "x": "number"}
    tables = [shared_make.rows(types, list(enumerate(cells))) for cells in (old, new)]

    def odd(cell: float | None) -> bool:
        return cell is not None and not abs(cell) < float("inf")

    expected = sum(odd(cell) and (n >= len(old) or not odd(old[n])) for n, cell in enumerate(new))
    found = told(compare(*tables)).get("not-finite")
    assert (0 if found is None else found.count) == expected


def test_nan_as_text(make: Any) -> None:
    old = make.text({"id": "integer", "x": "number"}, [("1", "0.5"), ("2", "0.6"), ("3", "word")])
    new = make.text({"id": "integer", "x": "string"}, [("1", "nan"), ("2", "-Infinity"), ("3", "word")])
    assert told(compare(old, new))["not-finite"].count == 2


rows = st.lists(
    st.tuples(st.sampled_from([None, "a", "b", "c"]), st.sampled_from([None, "train", "test", "val"])), max_size=9
)


@law
@given(old=rows, new=rows, composite=st.booleans())
def test_keys_in_two_splits(shared_make: Any, old: Any, new: Any, composite: bool) -> None:
    types = {"id": "string", "split": "string"}
    tables = [shared_make.rows(types, side) for side in (old, new)]
    key = ("id", "split") if composite else ("id",)
    frames = [pd.DataFrame(side, columns=list(types)).dropna() for side in (old, new)]
    leaks = [
        set(frame.groupby("id")["split"].nunique().loc[lambda n: n > 1].index) if len(frame) else set()
        for frame in frames
    ]
    found = told(compare(*tables, key=key, split="split")).get("split-leak")
    assert (0 if found is None else found.count) == len(leaks[1] - leaks[0])


def test_keys_that_repeat_or_are_missing_where_they_did_not(make: Any) -> None:
    types = {"id": "string", "x": "integer"}
    old = make.rows(types, [("a", 1), ("b", 2), (None, 3)])
    new = make.rows(types, [("a", 1), ("b", 2), ("b", 3), (None, 3)])
    found = told(compare(old, new))
    assert found["duplicate-keys"].count == 2
    assert "null-keys" not in found
    assert told(compare(new, old)) == {}


def test_a_class_in_train_that_test_lacks(make: Any) -> None:
    types = {"id": "integer", "label": "string", "split": "string"}
    old = [(1, "car", "train"), (2, "car", "test"), (3, "bus", "train"), (4, "bike", "train"), (5, "bike", "Test")]
    new = [(1, "car", "train"), (2, "car", "test"), (3, "bus", "train"), (4, "bike", "train"), (6, "tram", "train")]
    frames = [pd.DataFrame(side, columns=list(types)) for side in (old, new)]
    untested = []
    for frame in frames:
        parts = frame.groupby(frame["split"].str.lower())["label"].agg(set)
        untested.append(parts["train"] - parts["test"])
    found = told(compare(make.rows(types, old), make.rows(types, new), labels=("label",), split="split"))
    assert found["class-not-in-test"].count == len(untested[1] - untested[0]) == 2
    assert found["class-not-in-test"].message.endswith("bike, tram")
    # Without any test row there is no test set to lack a class.
    only_train = [row for row in new if row[2] == "train"]
    assert told(compare(make.rows(types, old), make.rows(types, only_train), labels=("label",), split="split")) == {}


def test_another_name_of_a_class_is_not_news(make: Any) -> None:
    types = {"id": "integer", "label": "string", "split": "string"}
    old = [(1, "bike", "train"), (2, "bike", "train"), (3, "car", "train"), (4, "car", "test")]
    new = [(n, "bicycle" if label == "bike" else label, split) for n, label, split in old]
    assert told(compare(make.rows(types, old), make.rows(types, new), labels=("label",), split="split")) == {}


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [(11, 123, "classes-exploded"), (123, 11, "classes-collapsed"), (11, 30, None), (2, 20, None), (30, 60, None)],
)
def test_a_class_list_that_became_another(make: Any, old: int, new: int, rule: str | None) -> None:
    types = {"id": "integer", "label": "string"}
    tables = [make.rows(types, [(n, f"{count}-{n % count}") for n in range(400)]) for count in (old, new)]
    assert list(told(compare(*tables, labels=("label",)))) == ([rule] if rule else [])


def test_an_id_that_is_taken_for_a_label(make: Any) -> None:
    """100,000 classes: said, counted, and not listed."""
    engine = make.engine
    small = make.rows({"id": "integer", "label": "string"}, [(1, "car"), (2, None)])
    engine.execute(
        "CREATE TABLE ids AS SELECT range AS id, 'user ' || (range // 2 + range % 2) AS label, "
        "range + 1 AS _dsv_position FROM range(100000)"
    )
    classes = engine.value("SELECT count(DISTINCT label) FROM ids")
    large = replace(small, relation="ids")
    diff = compare(small, large, labels=("label",))
    label = diff.labels[0]
    assert told(diff)["label-like-id"].count == classes
    assert label.classes == () and label.transitions is None
    assert label.truncated is not None
    assert (label.truncated.old, label.truncated.new) == (1, classes)
    assert (label.unlabelled.old, label.unlabelled.new) == (1, 0)
    page = text.render(page_of(diff))
    assert "too many to list" in page and len(page.splitlines()) < 40


def page_of(diff: DatasetDiff) -> Any:
    sides = Revision(name="old"), Revision(name="new")
    return build(
        DiffResult(old=sides[0], new=sides[1], complete=True, datasets=(diff,), findings=diff.findings), limit=10
    )


def check_golden(name: str, page: str) -> None:
    """The page as a person read it; DSV_GOLDEN=write writes it anew, to be read again."""
    if os.environ.get("DSV_GOLDEN") == "write":
        (GOLDEN / name).write_text(page, encoding="utf-8", newline="")
    assert page == (GOLDEN / name).read_text(encoding="utf-8")


def test_the_explosion_of_sp500_stands_out(make: Any) -> None:
    old, new = make.case("sp500-table/vD.csv"), make.case("sp500-table/vE.csv")
    diff = compare(old, new, key=("Symbol",), labels=("Sector",))
    frames = [pd.read_csv(Path(__file__).parent.parent / f"cases/sp500-table/v{side}.csv") for side in "DE"]
    classes = [frame["Sector"].nunique() for frame in frames]
    message = told(diff)["classes-exploded"].message
    assert f"{classes[0]} classes became {classes[1]}" in message
    assert "none of the old ones is left" in message
    check_golden("sp500.txt", text.render(page_of(diff)))


def test_the_six_damaged_prompts_of_humaneval_come_first(make: Any) -> None:
    old, new = make.case("humaneval-jsonl/vC.jsonl.gz"), make.case("humaneval-jsonl/vD.jsonl.gz")
    diff = compare(old, new, key=("task_id",))
    frames = [
        pd.read_json(Path(__file__).parent.parent / f"cases/humaneval-jsonl/v{side}.jsonl.gz", lines=True).set_index(
            "task_id"
        )["prompt"]
        for side in "CD"
    ]
    changed = frames[0][frames[0] != frames[1]].index
    bare = [frame.str.replace(r"\s+", "", regex=True) for frame in frames]
    real = [key for key in changed if bare[0][key] != bare[1][key]]
    finding = told(diff)["whitespace-hides"]
    assert finding.count == len(real)
    assert f"{len(changed) - len(real)} of {len(changed)} changed rows" in finding.message
    assert diff.changes is not None
    first = [row.key["task_id"] for row in diff.changes.rows(("changed",), len(real))]
    assert first == real
    check_golden("humaneval.txt", text.render(page_of(diff)))


def test_a_label_that_only_one_side_has_is_told(make: Any) -> None:
    with_label = make.text({"id": "integer", "kind": "string"}, [["1", "x"], ["2", None], ["3", "y"]])
    without = make.text({"id": "integer"}, [["1"], ["2"]])
    gone = told(compare(with_label, without, labels=("kind",)))["label-gone"]
    assert (gone.level, gone.count) == ("warning", 2)
    assert "kind is gone" in gone.message
    come = told(compare(without, with_label, labels=("kind",)))["label-new"]
    assert (come.level, come.count) == ("info", 2)
    other = make.text({"id": "integer", "sort": "string"}, [["1", "x"], ["2", None], ["3", "y"]])
    assert told(compare(with_label, other, labels=("sort",))) == {}
