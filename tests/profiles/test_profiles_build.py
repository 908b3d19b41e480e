"""Profiles against counts that pandas derives on its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsv.model import profile as limits
from dsv.model.profile import ClassIdentity, Profile
from dsv.model.schema import Field, Schema
from dsv.profiles import build as build_module
from dsv.profiles.build import build
from dsv.profiles.digest import row_digest
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table
from dsv.tables.types import engine_type

AWKWARD = ["no", "NA", "null", "1e3", "010", "a.b", "", "?"]
SCHEMA = Schema(
    fields=(
        Field(name="id", type="string"),
        Field(name="class", type="string"),
        Field(name="mood", type="enum", values=("unseen", "calm"), unlabelled="unseen"),
        Field(name="level", type="integer"),
        Field(name="tags", type="list<string>"),
        Field(name="part", type="string"),
        Field(name="score", type="number"),
    )
)
LABELS = ("class", "mood", "level", "tags")


def make_table(engine: Engine, rows: Sequence[dict[str, Any]], schema: Schema = SCHEMA) -> Table:
    name = engine.fresh("rows")
    columns = ", ".join(f"{identifier(item.name)} {engine_type(item.type)}" for item in schema)
    engine.execute(f"CREATE TEMP TABLE {name} ({columns}, {POSITION} BIGINT)")
    marks = ", ".join("?" * (len(schema.fields) + 1))
    for position, cells in enumerate(rows, 1):
        engine.execute(f"INSERT INTO {name} VALUES ({marks})", [*(cells[item.name] for item in schema), position])
    return Table(engine=engine, relation=name, schema=schema)


def profile_of(table: Table, **changes: Any) -> Profile:
    options: dict[str, Any] = {"key": ("id",), "labels": LABELS, "split": "part", "unlabelled": "?"}
    return build(table, **{**options, "md5": "0" * 32, "size_bytes": 9, **changes})


rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "c", None]),
            "class": st.sampled_from([*AWKWARD, None]),
            "mood": st.sampled_from(["unseen", "calm", None]),
            "level": st.sampled_from([0, 1, -1, None]),
            "tags": st.none() | st.lists(st.sampled_from(["red", "a.b", None]), max_size=3),
            "part": st.sampled_from(["train", "test", None]),
            "score": st.sampled_from([0.5, 1.5, None]),
        }
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(drawn=rows)
def test_counts_are_those_of_pandas(drawn: list[dict[str, Any]]) -> None:
    import pandas as pd

    frame = pd.DataFrame(drawn, columns=list(SCHEMA.names), dtype=object)
    with Engine() as engine:
        table = make_table(engine, drawn)
        profile = profile_of(table)
        digest = row_digest(table)
    assert profile.rows == len(frame)
    assert profile.digest == digest
    assert profile.splits == frame["part"].value_counts().sort_index().to_dict()
    for item in profile.fields:
        column = frame[item.field.name]
        assert item.nulls == column.isna().sum()
        nested = item.field.type.startswith("list<")
        assert item.distinct == (None if nested else column.nunique())
    for label in profile.labels:
        nothing = {"class": "?", "mood": "unseen"}.get(label.field)
        cells = frame[["part", label.field]].copy()
        if label.field == "tags":
            without = cells["tags"].map(lambda tags: all(name is None for name in tags or ()))
            assert label.unlabelled == without.sum()
            cells["tags"] = cells["tags"].map(lambda tags: sorted({*(tags or ())} - {None}))
            cells = cells.explode("tags")
        else:
            absent = cells[label.field].isna() | (cells[label.field] == nothing)
            assert label.unlabelled == absent.sum()
        cells = cells[cells[label.field].notna() & (cells[label.field] != nothing)]
        cells[label.field] = cells[label.field].astype(str)
        assert label.classes == cells[label.field].value_counts().to_dict()
        assert list(label.classes) == sorted(label.classes)
        assert label.class_count == cells[label.field].nunique()
        expected: dict[str, dict[str, int]] = {}
        for (part, name), count in cells.groupby(["part", label.field]).size().items():
            expected.setdefault(part, {})[name] = count
        assert label.by_split == expected


def test_text_tables_have_the_same_profile(engine: Engine) -> None:
    schema = Schema(fields=tuple(item for item in SCHEMA if item.name not in ("tags", "mood")))
    cells = {"id": "1", "class": "010", "level": "7", "part": "train", "score": "1.50"}
    text = make_table(engine, [cells], Schema(fields=tuple(Field(name=name, type="string") for name in cells)))
    spelled = Table(engine=engine, relation=text.relation, schema=schema, text_fields=frozenset(cells))
    typed = make_table(engine, [{**cells, "level": 7, "score": 1.5}], schema)
    labels = ("class", "level")
    assert profile_of(spelled, labels=labels) == profile_of(typed, labels=labels)


def test_a_label_that_looks_like_an_id_is_not_listed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "CLASS_LIMIT", 2)
    schema = Schema(fields=(Field(name="class", type="string"), Field(name="part", type="string")))
    table = make_table(engine, [{"class": name, "part": "x"} for name in ("a", "b", "c", "?")], schema)
    (label,) = profile_of(table, key=(), labels=("class",)).labels
    assert (label.class_count, label.truncated, label.classes, label.by_split) == (3, True, {}, {})
    assert label.unlabelled == 1


def test_distinct_is_exact_for_the_key_and_capped_elsewhere(engine: Engine) -> None:
    limit = limits.DISTINCT_LIMIT
    engine.execute(
        f"CREATE TEMP TABLE many AS SELECT i AS id, i % {limit} AS most, i % {limit + 1} AS over, "
        f"i AS other, i + 1 AS {POSITION} FROM range({3 * limit}) r(i)"
    )
    schema = Schema(fields=tuple(Field(name=name, type="integer") for name in ("id", "most", "over", "other")))
    profile = profile_of(Table(engine=engine, relation="many", schema=schema), labels=(), split=None)
    assert [item.distinct for item in profile.fields] == [3 * limit, limit, None, None]


def test_class_identities_are_carried(engine: Engine) -> None:
    classes = {"class": (ClassIdentity(key="a", id=0, index=0, name="a"),)}
    assert profile_of(make_table(engine, []), classes=classes).classes == classes
