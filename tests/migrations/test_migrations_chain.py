from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsv.errors import ConflictError, MigrationError
from dsv.migrations.chain import Chain, link
from dsv.model.migration import BASE_ID, Base, Migration, State
from dsv.model.schema import Schema

BASE = Base(
    dataset="signs",
    path="data/signs.base.csv",
    publishes="data/signs.csv",
    format="csv",
    gzip=False,
    dialect=None,
    parts=1,
    state=State(schema=Schema(), key=(), labels=(), split=None),
)


def migration(identifier: str, after: str) -> Migration:
    return Migration(
        id=identifier,
        after=after,
        title=identifier,
        why=None,
        path=f"migrations/signs/{identifier}.yaml",
        operations=(),
        side_files=(),
        tuned=(),
        digest="0" * 64,
    )


def straight(length: int) -> list[Migration]:
    ids = [BASE_ID, *(f"m{number:04d}_x" for number in range(1, length + 1))]
    return [migration(here, before) for before, here in zip(ids, ids[1:], strict=False)]


@given(length=st.integers(0, 12), seed=st.randoms(use_true_random=False))
def test_order_comes_from_after_and_not_from_the_order_of_files(length: int, seed: random.Random) -> None:
    expected = straight(length)
    shuffled = list(expected)
    seed.shuffle(shuffled)
    assert link(BASE, shuffled).migrations == tuple(expected)


def test_numbers_need_not_rise() -> None:
    chain = link(BASE, [migration("m0001_b", "m0009_a"), migration("m0009_a", BASE_ID)])
    assert chain.ids == (BASE_ID, "m0009_a", "m0001_b")
    assert chain.next_id("c") == "m0010_c"


def test_parts_of_a_chain() -> None:
    chain = link(BASE, straight(3))
    assert [item.id for item in chain.up_to("m0002_x")] == ["m0001_x", "m0002_x"]
    assert chain.up_to(BASE_ID) == ()
    assert [item.id for item in chain.pending("m0001_x")] == ["m0002_x", "m0003_x"]
    assert len(chain.pending(BASE_ID)) == 3
    assert chain.last == "m0003_x"
    assert link(BASE, []).last == BASE_ID
    assert chain.migration("m0002").id == "m0002_x"


def test_a_name_may_be_short_but_not_ambiguous() -> None:
    chain = link(BASE, [migration("m0001_a", BASE_ID), migration("m0001_b", "m0001_a")])
    assert chain.find("m0001_b") == "m0001_b"
    with pytest.raises(MigrationError, match="m0001_a or m0001_b"):
        chain.find("m0001")
    with pytest.raises(MigrationError) as raised:
        chain.find("m0001_c")
    assert raised.value.hint is not None and "m0001_" in raised.value.hint
    with pytest.raises(MigrationError):
        chain.find("")
    with pytest.raises(MigrationError, match="the base"):
        chain.migration(BASE_ID)


def test_two_heads_are_a_conflict_that_names_both_and_the_way_out() -> None:
    twin = replace(migration("m0002_y", "m0001_x"), lines={"after": 3})
    documents = [*straight(2), twin, migration("m0003_z", "m0002_x")]
    with pytest.raises(ConflictError) as raised:
        link(BASE, documents)
    error = raised.value
    assert error.exit_code == 4
    assert "m0002_x" in error.message and "m0002_y" in error.message
    assert error.where == "migrations/signs/m0002_x.yaml\nmigrations/signs/m0002_y.yaml:3"
    assert error.hint is not None and "dsv migrate rebase" in error.hint


def test_a_missing_predecessor_is_named() -> None:
    with pytest.raises(ConflictError, match="m0003_x follows m0002_x, which is not there") as raised:
        link(BASE, [straight(3)[0], straight(3)[2]])
    assert raised.value.where == "migrations/signs/m0003_x.yaml"


def test_a_circle_is_named() -> None:
    with pytest.raises(ConflictError, match=r"m0002_a and m0003_b .* circle"):
        link(BASE, [*straight(1), migration("m0002_a", "m0003_b"), migration("m0003_b", "m0002_a")])


def test_twins_are_named() -> None:
    with pytest.raises(ConflictError, match="the id m0001_x"):
        link(BASE, [*straight(1), *straight(1)])


def test_numbers_end() -> None:
    chain: Chain = link(BASE, [migration("m9999_x", BASE_ID)])
    with pytest.raises(MigrationError, match="9999"):
        chain.next_id("y")
