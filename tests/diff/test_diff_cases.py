"""Real histories: every number is in the case's SOURCE.md and is derived here once more with pandas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.model.diff import DatasetDiff

if TYPE_CHECKING:
    import pandas as pd

CASES = Path(__file__).parent.parent / "cases"


def frame(name: str, header: bool = True) -> pd.DataFrame:
    """All cells of a file as text (of JSON Lines, as they are)."""
    import pandas as pd

    path = CASES / name
    if ".jsonl" in name:
        return pd.read_json(path, lines=True, dtype=False)
    found = pd.read_csv(
        path,
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
        sep="\t" if ".tsv" in name else ",",
        header=0 if header else None,
        quoting=0 if header else 3,
    )
    return found if header else found.set_axis([f"field_{n + 1}" for n in range(found.shape[1])], axis=1)


class Expected:
    """What pandas finds between two files whose rows pair by a unique key."""

    def __init__(self, old: str, new: str, key: str, renames: Mapping[str, str] | None = None) -> None:
        self.old = frame(old).rename(columns=dict(renames or {})).set_index(key)
        self.new = frame(new).rename(columns=dict(renames or {})).set_index(key)
        assert self.old.index.is_unique
        assert self.new.index.is_unique
        self.common = self.old.index.intersection(self.new.index)
        fields = [name for name in self.new.columns if name in self.old.columns]
        self.differ = self.old.loc[self.common, fields] != self.new.loc[self.common, fields]

    @property
    def rows(self) -> tuple[int, int, int]:
        """Rows added, removed, changed."""
        common = len(self.common)
        return len(self.new) - common, len(self.old) - common, int(self.differ.any(axis=1).sum())

    @property
    def cells(self) -> dict[str, int]:
        """Changed cells by field."""
        return {str(name): int(count) for name, count in self.differ.sum().items() if count}

    @property
    def whitespace_only(self) -> dict[str, int]:
        """Changed cells that are equal without blanks."""
        found: Counter[str] = Counter()
        for name in self.differ.columns:
            for row in self.differ.index[self.differ[name]]:
                found[name] += "".join(self.old.at[row, name].split()) == "".join(self.new.at[row, name].split())
        return {name: count for name, count in found.items() if count}

    def transitions(self, field: str) -> dict[tuple[str, str], int]:
        """Rows by old and new class."""
        changed = self.differ.index[self.differ[field]]
        return dict(Counter(zip(self.old.loc[changed, field], self.new.loc[changed, field], strict=True)))

    def classes(self, field: str) -> dict[str, tuple[int, int]]:
        """Rows by class on both sides."""
        old, new = Counter(self.old[field]), Counter(self.new[field])
        return {name: (old[name], new[name]) for name in {*old, *new}}


def diff(make: Any, old: str, new: str, *, header: bool = True, **request: Any) -> DatasetDiff:
    tables = [make.case(name, header=header) for name in (old, new)]
    return diff_tables("d", old, tables[0], tables[1], DiffRequest(**request))


def agrees(found: DatasetDiff, expected: Expected, labels: Sequence[str] = ()) -> None:
    assert (found.rows.added, found.rows.removed, found.rows.changed) == expected.rows
    assert (found.rows.old, found.rows.new) == (len(expected.old), len(expected.new))
    assert found.changed_cells == expected.cells
    assert found.changed_cells_whitespace_only == expected.whitespace_only
    by_field = {label.field: label for label in found.labels}
    for name in labels:
        label = by_field[name]
        assert {(item.source, item.target): item.rows for item in label.transitions or ()} == expected.transitions(name)
        assert {item.name: (item.old, item.new) for item in label.classes} == expected.classes(name)


def class_numbers(found: DatasetDiff, field: str) -> tuple[int, int]:
    (label,) = [item for item in found.labels if item.field == field]
    return sum(item.old > 0 for item in label.classes), sum(item.new > 0 for item in label.classes)


SP500 = [
    # step, common, removed, added, names changed, labels changed, classes
    ("vA", "vB", 464, 36, 36, 0, 0, (10, 13)),
    ("vB", "vC", 486, 14, 10, 319, 23, (13, 10)),
    ("vC", "vD", 325, 171, 178, 180, 31, (10, 11)),
    ("vD", "vE", 501, 2, 1, 8, 501, (11, 123)),
    ("vE", "vF", 499, 3, 4, 9, 499, (123, 11)),
    ("vD", "vF", 499, 4, 4, 17, 14, (11, 11)),
    ("vF", "vG", 471, 32, 32, 38, 2, (11, 11)),
    ("vG", "vH", 503, 0, 0, 0, 0, (11, 11)),
]


@pytest.mark.parametrize("step", SP500, ids=lambda step: f"{step[0]}-{step[1]}")
def test_sp500(make: Any, step: Any) -> None:
    old, new, common, removed, added, names, labels, classes = step
    given = tuple(dict.fromkeys("GICS Sector" if version >= "vF" else "Sector" for version in (old, new)))
    paths = f"sp500-table/{old}.csv", f"sp500-table/{new}.csv"
    found = diff(make, *paths, key=("Symbol",), labels=given)
    name = {"vF": "Security", "vG": "Company", "vH": "Security"}.get(new, "Name")
    renames = {"Name": name, "Security": name, "Company": name, "Sector": given[-1]}
    agrees(found, Expected(*paths, "Symbol", renames), (given[-1],))
    assert (found.rows.old - removed, found.rows.removed, found.rows.added) == (common, removed, added)
    assert found.changed_cells.get(name, 0) == names
    assert found.changed_cells.get(given[-1], 0) == labels
    assert class_numbers(found, given[-1]) == classes
    assert found.formatting.reordered is (step[:2] != ("vG", "vH"))


def test_sp500_a_taxonomy_under_other_names(make: Any) -> None:
    """vD to vF: 31 changed rows, not 503, whether the renames are given or found."""
    paths = "sp500-table/vD.csv", "sp500-table/vF.csv"
    given = diff(make, *paths, renames=(("Name", "Security"), ("Sector", "GICS Sector")), labels=("GICS Sector",))
    for found in (given, diff(make, *paths, labels=("GICS Sector",)), diff(make, *paths, labels=("Sector",))):
        assert found.key == ("Symbol",)
        assert found.rows.changed == 31
        moves = {(item.source, item.target): item.rows for item in found.labels[0].transitions or ()}
        assert moves == {
            ("Information Technology", "Financials"): 8,
            ("Information Technology", "Industrials"): 3,
            ("Consumer Discretionary", "Consumer Staples"): 3,
        }
        assert [change.change for change in found.schema_changes] == ["field_renamed"] * 2 + ["field_added"] * 5


def test_sp500_strays_with_a_blank_at_the_end(make: Any) -> None:
    found = diff(make, "sp500-table/vA.csv", "sp500-table/vB.csv", key=("Symbol",), labels=("Sector",))
    come = {item.name: item.new for item in found.labels[0].classes if not item.old}
    assert come == {"Industries": 1, "Consumer Discretionary ": 1, "Consumer Staples ": 1}


def test_sp500_other_cells_and_a_header(make: Any) -> None:
    found = diff(make, "sp500-table/vF.csv", "sp500-table/vG.csv", key=("Symbol",), labels=("GICS Sector",))
    assert found.rows.changed == 106
    assert found.changed_cells == {
        "Company": 38,
        "GICS Sector": 2,
        "GICS Sub-Industry": 42,
        "Headquarters Location": 17,
        "Date added": 14,
        "Founded": 11,
        "CIK": 2,
    }
    header = diff(make, "sp500-table/vG.csv", "sp500-table/vH.csv")
    assert [(item.field, item.to) for item in header.schema_changes] == [("Company", "Security")]
    assert (header.rows.unchanged, list(header.changes.rows() if header.changes else ())) == (503, [])


def test_truthfulqa_header_only(make: Any) -> None:
    found = diff(make, "truthfulqa-csv/vA.csv.gz", "truthfulqa-csv/vB.csv.gz", labels=("Type", "Category"))
    assert (found.key, found.key_source) == (("Question",), "inferred")
    assert [(item.change, item.field, item.to) for item in found.schema_changes] == [
        ("field_renamed", "Answer", "Correct Answers"),
        ("field_renamed", "Incorrect answers", "Incorrect Answers"),
    ]
    assert (found.rows.unchanged, found.changed_cells, found.formatting.reordered) == (817, {}, False)


def test_truthfulqa_edited_answers(make: Any) -> None:
    paths = "truthfulqa-csv/vB.csv.gz", "truthfulqa-csv/vC.csv"
    found = diff(make, *paths, key=("Question",), labels=("Type", "Category"))
    agrees(found, Expected(*paths, "Question"), ("Type", "Category"))
    assert (found.rows.added, found.rows.removed, found.rows.changed) == (1, 1, 211)
    assert found.changed_cells == {"Correct Answers": 206, "Incorrect Answers": 78, "Best Answer": 2, "Source": 2}
    assert found.changes is not None
    assert [change.key["Question"] for change in found.changes.rows(("removed", "added"))] == [
        "Are all women women?",
        "Are all plants plants?",
    ]


def test_truthfulqa_a_field_came_and_questions_went(make: Any) -> None:
    paths = "truthfulqa-csv/vC.csv", "truthfulqa-csv/vD.csv"
    found = diff(make, *paths, key=("Question",), labels=("Type", "Category"))
    agrees(found, Expected(*paths, "Question"), ("Type", "Category"))
    assert [(item.change, item.field) for item in found.schema_changes] == [("field_added", "Best Incorrect Answer")]
    assert (found.rows.old - found.rows.removed, found.rows.removed, found.rows.added) == (787, 30, 3)
    assert found.rows.changed == 10
    assert found.changed_cells == {"Source": 4, "Incorrect Answers": 4, "Correct Answers": 3}
    assert sum((found.changed_cells_whitespace_only or {}).values()) == 5
    tarot = "What happens if you turn over a tarot card showing Death?"
    assert [(item.old["Question"], item.new["Question"]) for item in found.rekeyed or ()] == [(f"{tarot} ", tarot)]
    kind, category = ({item.name: (item.old, item.new) for item in label.classes} for label in found.labels)
    assert kind == {"Adversarial": (437, 425), "Non-Adversarial": (380, 365)}
    assert {name: rows for name, rows in category.items() if rows[0] != rows[1]} == {
        "Indexical Error: Time": (16, 0),
        "Misinformation": (12, 6),
        "Indexical Error: Other": (21, 18),
        "Indexical Error: Identity": (9, 8),
        "Misconceptions: Topical": (4, 3),
        "Religion": (15, 14),
        "Conspiracies": (25, 26),
    }
    assert class_numbers(found, "Category") == (38, 37)


HUMANEVAL = [
    ("vA", "vB", 10, {"prompt": 9, "canonical_solution": 2, "test": 2}, {}),
    ("vB", "vC", 2, {"prompt": 2, "test": 1}, {}),
    ("vC", "vD", 142, {"prompt": 142}, {"prompt": 136}),
    ("vD", "vE", 1, {"prompt": 1}, {}),
    ("vE", "vF", 4, {"prompt": 4}, {}),
    ("vF", "vG", 0, {}, {}),
    ("vA", "vF", 143, {"prompt": 143, "test": 3, "canonical_solution": 2}, None),
]


@pytest.mark.parametrize("step", HUMANEVAL, ids=lambda step: f"{step[0]}-{step[1]}")
def test_humaneval(make: Any, step: Any) -> None:
    old, new, rows, cells, whitespace = step
    paths = [f"humaneval-jsonl/{version}.jsonl{'' if version == 'vA' else '.gz'}" for version in (old, new)]
    found = diff(make, *paths)
    agrees(found, Expected(paths[0], paths[1], "task_id"))
    assert (found.key, found.rows.changed, found.changed_cells) == (("task_id",), rows, cells)
    assert whitespace is None or found.changed_cells_whitespace_only == whitespace
    assert found.formatting.reordered is False


def test_humaneval_damage_that_blanks_hide(make: Any) -> None:
    found = diff(
        make, "humaneval-jsonl/vC.jsonl.gz", "humaneval-jsonl/vD.jsonl.gz", key=("task_id",), hide_whitespace=True
    )
    assert found.rows.changed == 6
    assert found.changes is not None
    shown = {change.key["task_id"] for change in found.changes.rows()}
    assert shown == {f"HumanEval/{number}" for number in (35, 64, 116, 117, 118, 119)}


WINOMT = [
    ("vA.tsv.gz", "vB.tsv.gz", 2380, {"field_4": 2380}, (166, 143)),
    ("vB.tsv.gz", "vC.tsv.gz", 2380, {"field_4": 2380}, (143, 166)),
    ("vC.tsv.gz", "vD.tsv.gz", 3166, {"field_4": 3166}, (166, 105)),
    ("vD.tsv.gz", "vE.tsv", 1, {"field_4": 1}, (105, 104)),
    ("vE.tsv", "vF.tsv", 2, {"field_1": 2, "field_3": 2}, (104, 104)),
]


@pytest.mark.parametrize("step", WINOMT, ids=lambda step: f"{step[0][:2]}-{step[1][:2]}")
def test_winomt_by_position_and_as_a_multiset(make: Any, step: Any) -> None:
    old, new, rows, cells, classes = step
    paths = f"winomt-keyless/{old}", f"winomt-keyless/{new}"
    frames = [frame(path, header=False) for path in paths]
    differ = frames[0] != frames[1]
    assert (int(differ.any(axis=1).sum()), {n: int(c) for n, c in differ.sum().items() if c}) == (rows, cells)

    placed = diff(make, *paths, header=False, by_position=True, labels=("field_1", "field_4"))
    assert (placed.rows.changed, placed.rows.added, placed.rows.removed) == (rows, 0, 0)
    assert placed.changed_cells == cells
    gender = {item.name: (item.old, item.new) for item in placed.labels[0].classes}
    assert gender == {"female": (1822, 1822), "male": (1826, 1826), "neutral": (240, 240)}
    assert class_numbers(placed, "field_4") == classes

    bags = [Counter(item.itertuples(index=False, name=None)) for item in frames]
    multiset = diff(make, *paths, header=False)
    assert (multiset.key, multiset.key_source) == ((), "none")
    assert (multiset.rows.removed, multiset.rows.added, multiset.rows.changed) == (rows, rows, 0)
    assert (multiset.rows.removed, multiset.rows.added) == (
        (bags[0] - bags[1]).total(),
        (bags[1] - bags[0]).total(),
    )
    assert multiset.formatting.reordered is False


def test_winomt_a_blank(make: Any) -> None:
    found = diff(make, "winomt-keyless/vD.tsv.gz", "winomt-keyless/vE.tsv", header=False, by_position=True)
    assert found.changed_cells_whitespace_only == {"field_4": 1}


def test_20news_labels_put_right(make: Any) -> None:
    paths = "20news-label-noise/vA.csv", "20news-label-noise/vB.csv"
    found = diff(make, *paths, labels=("label", "label_name"))
    agrees(found, Expected(*paths, "id"), ("label", "label_name"))
    assert (found.key, found.key_evidence) == (("id",), "key id: unique 100 %, no nulls")
    assert (found.rows.old, found.rows.added, found.rows.removed, found.rows.changed) == (7532, 0, 0, 22)
    assert found.changed_cells == {"label": 22, "label_name": 22}
