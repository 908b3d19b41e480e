"""A profile of many classes, or of long ones, stays within its size, and says what it leaves out."""

from __future__ import annotations

import pytest

from dsv.errors import SchemaError
from dsv.model.profile import SPLIT_LIMIT, ClassIdentity
from dsv.model.schema import Field, Schema
from dsv.profiles import document
from dsv.profiles.build import build
from dsv.profiles.fit import SIZE_LIMIT, warnings
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION, Table

CLASSES = 9_000


def rows(engine: Engine, split: str) -> Table:
    engine.execute(
        f"CREATE TABLE many AS SELECT repeat('é', 60) || i AS long, 'c' || i % 50 AS short, {split} AS part, "
        f"i + 1 AS {POSITION} FROM range({CLASSES}) r(i)"
    )
    schema = Schema(fields=tuple(Field(name=name, type="string") for name in ("long", "short", "part")))
    return Table(engine=engine, relation="many", schema=schema)


def test_the_longest_label_is_counted_and_not_listed(engine: Engine) -> None:
    identities = {
        name: tuple(ClassIdentity(key=f"{name}{i}", id=i, index=i, name=f"{name}{i}") for i in range(2))
        for name in ("long", "short")
    }
    profile = build(
        rows(engine, "'s' || i % 2"),
        key=(),
        labels=("long", "short"),
        split="part",
        unlabelled=None,
        md5="0" * 32,
        size_bytes=1,
        classes=identities,
    )
    text = document.dump(profile)
    assert len(text.encode()) < SIZE_LIMIT < CLASSES * 120
    long, short = profile.labels
    assert (long.truncated, long.class_count, long.classes, long.by_split) == (True, CLASSES, {}, {})
    assert (short.truncated, short.class_count, len(short.classes)) == (False, 50, 50)
    assert list(profile.classes) == ["short"]
    assert document.load(text, "t.profile.yaml") == profile
    (told,) = warnings(profile)
    assert "label long has 9,000 classes and looks like an id" in told


def test_a_split_of_too_many_values_is_refused(engine: Engine) -> None:
    table = rows(engine, f"'s' || i % {SPLIT_LIMIT + 1}")
    with pytest.raises(SchemaError, match="'part' has 1,001 values"):
        build(table, key=(), labels=(), split="part", unlabelled=None, md5="0" * 32, size_bytes=1)
