"""The law of the plan and the law of the inverse, for every operation, on drawn rows."""

from __future__ import annotations

import importlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operations_bench import CLASSES, MOODS, ROWS, STATE, TAGS, Bench, Example, make_table, read_table

from dsv import registry
from dsv.migrations.apply import Applied, follow
from dsv.migrations.changes import changes
from dsv.model.migration import Effect, State
from dsv.operations import _classes
from dsv.operations.base import Operation
from dsv.profiles.digest import row_digest
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION, Table
from dsv.tables.tally import tally
from dsv.tables.types import engine_type

NAMES = registry.names("operations")
CASES = [
    pytest.param(make, id=f"{name}-{index}")
    for name in NAMES
    for index, make in enumerate(importlib.import_module(f"test_operations_{name}").EXAMPLES)
]

PLAIN = [case for case in CASES if not case.values[0](ROWS).operation.runs_code]
CODE = [case for case in CASES if case not in PLAIN]
"""Operations that start processes: a few draws must do."""

cells = st.fixed_dictionaries(
    {
        "class": st.sampled_from([*CLASSES, "?", None]),
        "tags": st.none() | st.lists(st.sampled_from([*TAGS, None]), max_size=4),
        "level": st.sampled_from([0, 1, 2, None]),
        "mood": st.sampled_from([*MOODS, None]),
        "split": st.sampled_from(["train", "test", None]),
        "score": st.none() | st.floats(),
        "image": st.none() | st.text("ab.", max_size=3),
    }
)
rows = st.lists(cells, max_size=8).map(
    lambda drawn: ROWS + [{"id": 100 + index, **values} for index, values in enumerate(drawn)]
)


def check_table(table: Table, state: State) -> None:
    """The relation has the columns that the state foretells, and only values that it allows."""
    assert table.schema == state.schema
    described = table.engine.connection.sql(f"SELECT * FROM {table.relation}")
    assert described.columns == [*state.schema.names, POSITION]
    casts = ", ".join(f"NULL::{engine_type(field.type)}" for field in state.schema)
    assert described.types == table.engine.connection.sql(f"SELECT {casts}, NULL::BIGINT").types
    found = read_table(table)
    for field in state.schema:
        values = [row[field.name] for row in found]
        assert field.nullable or None not in values
        may = _classes.allowed(state, field.name)
        if may is not None:
            flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
            assert {str(item) for item in flat if item is not None} <= set(may)


def check_state(state: State) -> None:
    """What holds of every state: names that exist, unique keys, ids and indices, an acyclic tree."""
    named = [*state.key, *state.labels, *(item.field for item in state.classes)]
    assert all(name in state.schema for name in named)
    assert len(set(state.schema.names)) == len(state.schema.names)
    for classes in state.classes:
        ids = [item.id for item in classes.classes]
        keys = [item.key for item in classes.classes]
        indices = [item.index for item in classes.classes if item.index is not None]
        names = [item.name for item in _classes.active(classes)]
        for listed in (ids, keys, indices, names):
            assert len(set(listed)) == len(listed)
        assert max(ids, default=-1) < classes.next_id
        assert all((item.index is None) == (item.retired or item.group) for item in classes.classes)
        active = {item.key for item in _classes.active(classes)}
        assert {item.parent for item in _classes.active(classes)} <= active | {None}


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


@pytest.mark.parametrize("make", PLAIN)
@settings(max_examples=4, deadline=None)
@given(drawn=rows)
def test_law_of_the_plan(shared: Engine, make: Any, drawn: list[dict[str, Any]]) -> None:
    check_plan(shared, make, drawn)


@pytest.mark.parametrize("make", CODE)
@settings(max_examples=1, deadline=None)
@given(drawn=rows)
def test_law_of_the_plan_for_code(shared: Engine, make: Any, drawn: list[dict[str, Any]]) -> None:
    check_plan(shared, make, drawn)


def check_plan(shared: Engine, make: Any, drawn: list[dict[str, Any]]) -> None:
    """What `forward_schema` foretells is what `forward` gives, no row is lost, and the inverse undoes."""
    example: Example = make(drawn)
    operation = example.operation
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(shared, Path(folder))
        inputs = bench.inputs(example.files)
        before = make_table(shared, drawn)
        after = operation.forward_schema(STATE, inputs)
        outcome = operation.forward(STATE, before, inputs)
        check_state(after)
        check_table(outcome.table, after)
        positions = [row[POSITION] for row in read_table(outcome.table, positions=True)]
        assert len(set(positions)) == len(positions)
        kept = [position for position in positions if position <= len(drawn)]
        if operation.effect(STATE).values != "added":
            assert kept == positions
        if outcome.quarantine is not None:
            aside = [row[POSITION] for row in read_table(outcome.quarantine, positions=True)]
            assert sorted(kept + aside) == list(range(1, len(drawn) + 1))
        check_inverse(operation, after, outcome.table, before, bench)


ODD = {"tags": [], "level": 2, "mood": "unseen", "split": "test", "score": float("nan"), "image": ""}


@pytest.mark.parametrize("make", PLAIN)
def test_law_of_counts(shared: Engine, make: Any) -> None:
    """The numbers that a plan shows are those of the rows, counted once more in Python."""
    drawn = [*ROWS, *({"id": 100 + place, "class": name, **ODD} for place, name in enumerate(["car", "?", "no"]))]
    example: Example = make(drawn)
    operation = example.operation
    with tempfile.TemporaryDirectory() as folder:
        inputs = Bench(shared, Path(folder)).inputs(example.files)
        before = make_table(shared, drawn)
        after = operation.forward_schema(STATE, inputs)
        check_counts(operation, after, operation.forward(STATE, before, inputs).table, before)


def check_counts(operation: Operation, after: State, table: Table, before: Table) -> None:
    effect = operation.effect(STATE)
    fields = follow({name: name for name in STATE.schema.names}, STATE, after, effect)
    applied = Applied(
        state=after, table=table, fields=fields, quarantine=(), lines=(), effect=effect, findings=(), guards=()
    )
    found = changes(before, STATE, applied)
    old, new = ({row[POSITION]: row for row in read_table(item, positions=True)} for item in (before, table))
    both = old.keys() & new.keys()
    assert (found.added, found.removed) == (len(new) - len(both), len(old) - len(both))
    for name, now in fields.items():
        if STATE.schema[name].type == after.schema[now].type:
            differing = sum(repr(old[place][name]) != repr(new[place][now]) for place in both)
            assert found.cells.get(now, 0) == differing
    expected = Counter(str(row[after.split]) for row in new.values() if after.split and row[after.split] is not None)
    assert tally(table, after.labels, after.split, after.unlabelled).by_split == dict(sorted(expected.items()))


ROWWISE = [case for case in CASES if case.values[0](ROWS).operation.rowwise]


@pytest.mark.parametrize("make", ROWWISE)
@settings(max_examples=2, deadline=None)
@given(drawn=rows, seed=st.randoms(use_true_random=False))
def test_law_of_rows(shared: Engine, make: Any, drawn: list[dict[str, Any]], seed: Any) -> None:
    """What becomes of a row depends on that row alone, where an operation says so; guards do not count then."""
    example: Example = make(drawn)
    operation = example.operation
    places = [place for place in range(len(drawn)) if seed.random() < 0.5]
    some = [drawn[place] for place in places]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(shared, Path(folder))
        inputs = replace(bench.inputs(example.files), guarded=False)
        whole, part = (
            read_table(operation.forward(STATE, make_table(shared, taken), inputs).table, positions=True)
            for taken in (drawn, some)
        )
    for row in part:
        if row[POSITION] <= len(some):
            row[POSITION] = places[row[POSITION] - 1] + 1
    # Rows that an operation adds come after all that are there, whichever these are.
    expected = [row for row in whole if row[POSITION] > len(drawn) or row[POSITION] - 1 in places]
    assert list(map(repr, part)) == list(map(repr, expected))


@pytest.fixture(scope="module")
def other() -> Iterator[Engine]:
    with Engine(threads=3) as opened:
        yield opened


LOOKING = [
    case for case in PLAIN if case not in ROWWISE or case.values[0](ROWS).operation.effect(STATE).values == "added"
]
"""Operations that look at other rows, or add some."""


@pytest.mark.parametrize("make", LOOKING)
@settings(max_examples=2, deadline=None)
@given(drawn=rows, seed=st.randoms(use_true_random=False))
def test_law_of_order(shared: Engine, other: Engine, make: Any, drawn: list[dict[str, Any]], seed: Any) -> None:
    """Neither the order of rows nor the number of threads changes what becomes of them."""
    example: Example = make(drawn)
    shuffled = seed.sample(drawn, len(drawn))
    found = []
    for engine, given_rows in ((shared, drawn), (other, shuffled)):
        with tempfile.TemporaryDirectory() as folder:
            inputs = Bench(engine, Path(folder)).inputs(example.files)
            outcome = example.operation.forward(STATE, make_table(engine, given_rows), inputs)
            tables = (outcome.table,) if outcome.quarantine is None else (outcome.table, outcome.quarantine)
            found.append([sorted(map(repr, read_table(table))) for table in tables])
            found[-1].append([repr(item) for item in outcome.findings])
    assert found[0] == found[1]


def check_inverse(operation: Operation, after: State, table: Table, before: Table, bench: Bench) -> None:
    undo = operation.inverse(STATE)
    if undo is None:
        return
    back = undo.forward(after, table, bench.inputs())
    assert row_digest(back.table) == row_digest(before)
    state = undo.forward_schema(after, bench.inputs())
    assert state.schema == STATE.schema
    assert (state.key, state.labels, state.split, state.media) == (
        STATE.key,
        STATE.labels,
        STATE.split,
        STATE.media,
    )
    for old, new in zip(STATE.classes, state.classes, strict=True):
        assert _classes.active(new) == _classes.active(old)


@pytest.mark.parametrize("make", CASES)
def test_words_and_effect(make: Any, bench: Bench) -> None:
    example = make(ROWS)
    operation, inputs = example.operation, bench.inputs(example.files)
    for line in (operation.describe(STATE), operation.describe(STATE, inputs)):
        assert line == line.strip() and "\n" not in line and not line.endswith(".")
    effect = operation.effect(STATE)
    for axis, choices in get_type_hints(Effect).items():
        assert getattr(effect, axis) in get_args(choices)
    assert effect.summary in ("breaking", "additive", "corrective", "metadata")
    assert set(operation.side_files()) == set(example.files)


@pytest.mark.parametrize("make", CASES)
def test_effect_is_what_happens(make: Any, bench: Bench) -> None:
    example = make(ROWS)
    operation, inputs = example.operation, bench.inputs(example.files)
    after = operation.forward_schema(STATE, inputs)
    effect = operation.effect(STATE)
    heads = [
        {(item.key, item.index) for item in classes.classes if item.index is not None}
        for classes in (*STATE.classes, *after.classes)
        if classes.field == "class"
    ]
    if len(heads) == 2 and effect.class_head in ("same", "grow"):
        assert heads[0] <= heads[1]
    rows = operation.forward(STATE, make_table(bench.engine, ROWS), inputs).table.count()
    assert (rows < len(ROWS)) == (effect.values == "removed")
    assert (rows > len(ROWS)) == (effect.values == "added")


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_names_itself(name: str) -> None:
    plugin = registry.get("operations", name)
    assert plugin.name == name
    assert plugin.version == 1
    assert plugin.symbol in "+-~"
    assert plugin.__doc__ and plugin.__doc__.strip().endswith(".")
