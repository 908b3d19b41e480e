from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operations_bench import ROWS, STATE, Bench, Example, Make, Row, read_table, row

from dsv.errors import DsvError, MigrationError, SchemaError
from dsv.model.migration import Effect
from dsv.operations.resplit import Resplit
from dsv.tables.duckdb import Engine

SHARES = {"train": 0.5, "val": 0.2, "test": 0.3}

EXAMPLES: list[Make] = [
    lambda rows: Example(Resplit(shares=SHARES)),
    lambda rows: Example(Resplit(shares=SHARES, stratify="class", protect=("test",))),
    lambda rows: Example(Resplit(shares=SHARES, group=("mood",), only=("train",), only_null=True)),
    lambda rows: Example(Resplit(file="splits.csv"), {"splits.csv": "id,split,old_split\n1,val,train\n4,test,\n"}),
]


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


def splits(rows: Sequence[Row]) -> dict[int, str | None]:
    return {cells["id"]: cells["split"] for cells in rows}


def part(value: Any) -> str:
    return "-" if value is None else f"{len(str(value).encode())}:{value}"


def unit_of(operation: Resplit, cells: Row) -> str:
    values = [cells[name] for name in operation.group]
    return "g" + "".join(map(part, values)) if values and None not in values else "k" + part(cells["id"])


def number_of(operation: Resplit, unit: str) -> int:
    told = [operation.salt, sorted(operation.shares or ()), list(operation.group), list(operation.only)]
    prefix = json.dumps(["dsv.resplit/1", *told, operation.only_null, list(operation.protect)])
    return int(hashlib.md5((prefix + unit).encode()).hexdigest()[:13], 16)


def cut(shares: Any, at: Fraction) -> str:
    end = Fraction(0)
    for name in sorted(shares):
        end += Fraction(str(shares[name]))
        if at < end:
            return str(name)
    return max(shares)


def is_dealt(operation: Resplit, cells: Row) -> bool:
    chosen = cells["split"] in operation.only or (operation.only_null and cells["split"] is None)
    return cells["split"] not in operation.protect and (chosen or not (operation.only or operation.only_null))


def strata_of(operation: Resplit, dealt: Sequence[Row]) -> dict[str | None, list[str]]:
    """The units of each stratum: that which most rows of a unit are of; of equal ones the first by name."""
    counts: dict[str, Counter[str | None]] = defaultdict(Counter)
    for cells in dealt:
        counts[unit_of(operation, cells)][cells[operation.stratify] if operation.stratify else None] += 1
    strata: dict[str | None, list[str]] = defaultdict(list)
    for unit, found in counts.items():
        strata[min(found, key=lambda name: (-found[name], name is None, name or ""))].append(unit)
    return strata


def dealt_in_python(operation: Resplit, rows: Sequence[Row]) -> dict[int, str | None]:
    """The splits, in plain Python."""
    dealt = [cells for cells in rows if is_dealt(operation, cells)]
    stay: dict[str, set[str]] = defaultdict(set)
    for cells in rows:
        if cells not in dealt and cells["split"] is not None:
            stay[unit_of(operation, cells)].add(cells["split"])
    given = {unit: min(found) for unit, found in stay.items()}
    for members in strata_of(operation, dealt).values():
        units = [unit for unit in members if unit not in stay]
        for place, unit in enumerate(sorted(units, key=lambda unit: (number_of(operation, unit), unit))):
            at = Fraction(number_of(operation, unit), 2**52)
            if operation.stratify:
                # The middle of a place is before a split's end, or on it: a half rounds up.
                at = Fraction(2 * place + 1, 2 * len(units)) - Fraction(1, 10**6)
            given[unit] = cut(operation.shares, at)
    return {cells["id"]: given[unit_of(operation, cells)] if cells in dealt else cells["split"] for cells in rows}


drawn_rows = st.lists(
    st.fixed_dictionaries(
        {
            "image": st.sampled_from(["a", "b", "c", None]),
            "split": st.sampled_from(["train", "val", "test", None]),
            "class": st.sampled_from(["car", "bus", None]),
        }
    ),
    max_size=14,
).map(
    lambda drawn: [
        *(row(900 + place, split=name) for place, name in enumerate(SHARES)),
        *(row(place, **cells) for place, cells in enumerate(drawn)),
    ]
)
operations = st.builds(
    Resplit,
    shares=st.sampled_from([SHARES, {"test": 0.1, "train": 0.9}, {"train": 1}, {"train": 0, "val": 1.0}]),
    group=st.sampled_from([(), ("image",), ("image", "class")]),
    stratify=st.sampled_from([None, None, "class"]),
    only=st.sampled_from([(), (), ("train",), ("train", "val")]),
    only_null=st.booleans(),
    protect=st.sampled_from([(), ("test",)]),
    salt=st.sampled_from(["", "2"]),
)


@settings(max_examples=20, deadline=None)
@given(rows=drawn_rows, operation=operations)
def test_against_plain_python(shared: Engine, rows: list[Row], operation: Resplit) -> None:
    with tempfile.TemporaryDirectory() as folder:
        after = Bench(shared, Path(folder)).rows(operation, rows)
    assert splits(after) == dealt_in_python(operation, rows)
    assert [{**cells, "split": None} for cells in after] == [{**cells, "split": None} for cells in rows]


@settings(max_examples=5, deadline=None)
@given(rows=drawn_rows, kept=st.integers(3, 10), operation=operations)
def test_rows_that_come_later_move_none(shared: Engine, rows: list[Row], kept: int, operation: Resplit) -> None:
    operation = replace(operation, stratify=None, only=(), only_null=False, protect=())
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(shared, Path(folder))
        fewer, all_of_them = splits(bench.rows(operation, rows[:kept])), splits(bench.rows(operation, rows))
    assert fewer.items() <= all_of_them.items()


def many(count: int, **cells: Any) -> list[Row]:
    return [row(place, **cells) for place in range(count)]


def test_shares_come_out_and_strata_are_exact(bench: Bench) -> None:
    rows = [*many(600), *(row(5000 + place, **{"class": "bus"}) for place in range(200))]
    counts = Counter(splits(bench.rows(Resplit(shares=SHARES), rows)).values())
    assert all(abs(counts[name] - 800 * share) < 70 for name, share in SHARES.items())
    after = bench.rows(Resplit(shares=SHARES, stratify="class"), rows)
    found = Counter((cells["class"], cells["split"]) for cells in after)
    assert found == {
        (name, split): round(count * share)
        for name, count in (("car", 600), ("bus", 200))
        for split, share in SHARES.items()
    }


def test_dealing_a_split_further_has_its_shares_too(bench: Bench) -> None:
    """The same hash again would give val nothing: of the rows in train, all have a small one."""
    first = bench.rows(Resplit(shares={"train": 0.5, "test": 0.5}), many(600))
    further = bench.run(Resplit(shares={"train": 0.8, "val": 0.2}, only=("train",)), first)
    counts = Counter(splits(read_table(further.table)).values())
    assert counts["test"] == Counter(splits(first).values())["test"]
    assert abs(counts["val"] - 0.2 * (600 - counts["test"])) < 35
    assert further.findings == ()


def test_shares_that_chance_does_not_explain_are_told(bench: Bench) -> None:
    operation = Resplit(shares={"train": 0.9, "val": 0.1}, only=("train",))
    once = bench.rows(operation, many(600))
    again = bench.run(operation, once)
    assert read_table(again.table) == once
    assert [(item.rule, item.level) for item in again.findings] == [("resplit-shares", "warning")] * 2
    assert "val gets a share of 0.000, not of 0.1" in again.findings[1].message
    assert bench.run(replace(operation, salt="2"), once).findings == ()


def test_groups_follow_their_rows_that_stay(bench: Bench) -> None:
    rows = [row(place, image=f"p{place % 40}", split="test" if place == 7 else "train") for place in range(200)]
    rows += [row(900, image="p3", split="test"), row(901, image="p3", split="val")]
    outcome = bench.run(Resplit(shares=SHARES, group=("image",), only=("train",)), rows)
    found = defaultdict(set)
    for cells in read_table(outcome.table):
        found[cells["image"]].add(cells["split"])
    assert found.pop("p3") == {"test", "val"}
    assert found["p7"] == {"test"}
    assert all(len(names) == 1 for names in found.values())
    assert [(item.rule, item.count) for item in outcome.findings] == [("resplit-straddles", 1)]


def test_splits_from_a_file(bench: Bench) -> None:
    files = {"s.csv": "id,split\n1,val\n2,train\n4,test\n"}
    outcome = bench.run(Resplit(file="s.csv", protect=("test",)), files=files)
    assert splits(read_table(outcome.table)) == {**splits(ROWS), 1: "val", 4: "test"}
    assert [item.message for item in outcome.findings] == ["1 row would move by s.csv and stays, being in test"]
    assert outcome.guards == ("the rows that s.csv names (3) are in the dataset, once each",)
    problem = "1 row without the expected 'split': line 2: id=1: expected test, found train"
    with pytest.raises(MigrationError, match=problem):
        bench.run(Resplit(file="s.csv"), files={"s.csv": "id,split,old_split\n1,val,test\n"})
    with pytest.raises(MigrationError, match="1 row not in the dataset: line 3: id=77"):
        bench.run(Resplit(file="s.csv"), files={"s.csv": "id,split\n1,val\n77,val\n"})


def test_the_order_of_shares_means_nothing(bench: Bench) -> None:
    """Documents that differ in the order of keys have one digest."""
    turned = dict(reversed(SHARES.items()))
    assert bench.rows(Resplit(shares=turned), many(30)) == bench.rows(Resplit(shares=SHARES), many(30))


def test_shares_come_from_params(bench: Bench) -> None:
    operation = Resplit(shares={"train": "${train}", "test": "${test}"})
    assert operation.parameters() == ("train", "test")
    bound = operation.bind({"train": 0.75, "test": 0.25})
    assert bound == Resplit(shares={"train": 0.75, "test": 0.25})
    assert bench.rows(operation, many(9), train=0.75, test=0.25) == bench.rows(bound, many(9))


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"train": 0.5, "test": 0.6}, "the shares add up to 1.1, not to 1"),
        ({"train": -0.5, "test": 1.5}, "a share is a number from 0 to 1, not -0.5"),
        ({"train": "half", "test": 0.5}, "a share is a number from 0 to 1, not 'half'"),
        ({}, "the shares add up to 0, not to 1"),
    ],
)
def test_shares_that_are_none(bench: Bench, shares: Any, message: str) -> None:
    with pytest.raises(MigrationError, match=message):
        bench.run(Resplit(shares=shares))


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (Resplit(), "either shares or a file"),
        (Resplit(shares=SHARES, file="a.csv"), "either shares or a file"),
        (Resplit(file="a.csv", only=("train",)), "only `protect:` goes with it"),
        (Resplit(shares=SHARES, group=("score",)), "rows cannot be grouped by 'score', which is number"),
        (Resplit(shares=SHARES, group=("split",)), "rows cannot be grouped by 'split'"),
        (Resplit(shares=SHARES, stratify="tags"), "the rows of 'tags' have several classes each"),
        (Resplit(shares=SHARES, stratify="score"), "field 'score' has no classes"),
        (Resplit(shares=SHARES, only=("tset",)), "no row is in the split 'tset'"),
        (Resplit(shares=SHARES, protect=("tset",)), "no row is in the split 'tset'"),
    ],
)
def test_refused(bench: Bench, operation: Resplit, message: str) -> None:
    with pytest.raises(DsvError, match=message):
        bench.run(operation, files={"a.csv": "id,split\n"})


def test_what_a_dataset_must_have(bench: Bench) -> None:
    operation = Resplit(shares=SHARES)
    with pytest.raises(SchemaError, match="the dataset has no split field"):
        bench.after(operation, replace(STATE, split=None))
    with pytest.raises(SchemaError, match="rows are dealt by key, and the dataset has none"):
        bench.after(operation, replace(STATE, key=()))
    with pytest.raises(SchemaError, match="the split 'test' is no integer"):
        bench.run(operation, state=replace(STATE, split="level", classes=()))
    grouped = Resplit(shares=SHARES, group=("image",))
    keyless = replace(STATE, key=())
    assert set(splits(bench.rows(grouped, state=keyless)).values()) <= set(SHARES)
    with pytest.raises(MigrationError, match="1 row without image, and without a key: row 1"):
        bench.run(grouped, [row(1, image=None)], state=keyless)


def test_words() -> None:
    operation = Resplit(shares=SHARES, group=("image",), stratify="class", only=("train",), protect=("test",))
    assert operation.describe(STATE) == (
        "deal rows of train by image to train 0.5, val 0.2, test 0.3, each class of class, keeping all of test"
    )
    assert Resplit(file="a.csv").describe(STATE) == "put rows into the splits of a.csv"
    assert operation.effect(STATE) == Effect(values="corrected", evaluation="moved")
