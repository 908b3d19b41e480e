from __future__ import annotations

import pytest

from dsv.errors import ConflictError, DocumentError
from dsv.migrations import lock
from dsv.migrations.chain import Chain, link
from dsv.model.migration import BASE_ID, Base, ChainLock, LockEntry, Migration, State
from dsv.model.schema import Schema

PATH = "migrations/signs/chain.lock"


def migration(identifier: str, after: str, digest: str = "d") -> Migration:
    return Migration(
        id=identifier,
        after=after,
        title="t",
        why=None,
        path=f"migrations/signs/{identifier}.yaml",
        operations=(),
        side_files=(),
        tuned=(),
        digest=digest,
    )


def chain(*migrations: Migration) -> Chain:
    state = State(schema=Schema(), key=(), labels=(), split=None)
    base = Base(
        dataset="signs",
        path="b.csv",
        publishes="p.csv",
        format="csv",
        gzip=False,
        dialect=None,
        parts=1,
        state=state,
    )
    return link(base, migrations)


def entry(identifier: str, document: str = "d") -> LockEntry:
    return LockEntry(id=identifier, document=document, digest="0" * 32, rows=5, environment={"python": "3.11"})


FULL = ChainLock(head="m0002_b", entries=(entry("m0001_a"), entry("m0002_b")))
CHAIN = chain(migration("m0001_a", BASE_ID), migration("m0002_b", "m0001_a"), migration("m0003_c", "m0002_b"))


@pytest.mark.parametrize("value", [FULL, ChainLock(head=BASE_ID, entries=())])
def test_a_lock_is_read_as_it_was_written(value: ChainLock) -> None:
    text = lock.dump(value)
    assert lock.load(text, PATH) == value
    assert lock.load(text.encode(), PATH) == value
    assert lock.dump(lock.load(text, PATH)) == text


def test_a_lock_with_the_real_environment() -> None:
    real = lock.environment()
    assert {"python", "dsv", "pyarrow", "duckdb", "dvc", "platform"} == set(real)
    made = LockEntry(id="m0001_a", document="d", digest="0" * 32, rows=5, environment=real)
    value = ChainLock(head="m0001_a", entries=(made,))
    assert lock.load(lock.dump(value), PATH) == value


@pytest.mark.parametrize(
    "edit",
    [
        ("rows: 5", "rows: 6"),
        ("head: m0002_b", "head: m0001_a"),
        ("'0000", "'1000"),
        ("dsv: 1", "dsv: 2"),
        ("python: '3.11'", "python: '3.12'"),
    ],
)
def test_a_hand_edit_is_told(edit: tuple[str, str]) -> None:
    text = lock.dump(FULL)
    assert edit[0] in text
    with pytest.raises(DocumentError) as raised:
        lock.load(text.replace(*edit, 1), PATH)
    assert raised.value.where == PATH
    assert "edited" in raised.value.message
    assert raised.value.hint is not None and "dsv migrate up" in raised.value.hint


def test_an_unknown_key_is_told_with_its_line() -> None:
    with pytest.raises(DocumentError) as raised:
        lock.load(lock.dump(FULL).replace("head:", "heads:"), PATH)
    assert f"{PATH}:" in (raised.value.where or "")


def test_a_conflict_is_told_as_one() -> None:
    text = lock.dump(FULL)
    conflicted = f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n"
    for form in (conflicted, conflicted.encode(), conflicted.replace("\n", "\r\n")):
        with pytest.raises(ConflictError) as raised:
            lock.load(form, PATH)
        assert raised.value.exit_code == 4 and raised.value.hint == "dsv migrate rebase"


def test_two_branches_that_add_migrations_conflict_in_the_text() -> None:
    left = lock.dump(ChainLock(head="m0003_c", entries=(*FULL.entries, entry("m0003_c")))).splitlines()
    right = lock.dump(ChainLock(head="m0003_d", entries=(*FULL.entries, entry("m0003_d")))).splitlines()
    common = lock.dump(FULL).splitlines()
    both = [n for n, line in enumerate(common) if line != left[n] and line != right[n] and left[n] != right[n]]
    assert len(both) == 2


def test_an_untouched_chain_has_no_findings() -> None:
    assert lock.verify(FULL, CHAIN) == []
    assert lock.verify(ChainLock(head=BASE_ID, entries=()), CHAIN) == []


def rules(value: ChainLock, against: Chain) -> list[tuple[str, str]]:
    found = lock.verify(value, against)
    assert all(item.dataset == "signs" and item.level == "error" for item in found)
    return [(item.rule, item.message) for item in found]


def test_an_edited_document_is_found() -> None:
    edited = chain(migration("m0001_a", BASE_ID, "e"), migration("m0002_b", "m0001_a"))
    assert rules(FULL, edited) == [("edited-migration", "m0001_a was edited after it was applied")]


def test_a_document_that_is_gone_is_found() -> None:
    assert rules(FULL, chain(migration("m0001_a", BASE_ID))) == [
        ("unknown-migration", "m0002_b was applied, but its document is gone")
    ]


def test_another_order_is_found() -> None:
    turned = chain(migration("m0002_b", BASE_ID), migration("m0001_a", "m0002_b"))
    assert [rule for rule, _ in rules(FULL, turned)] == ["lock-order", "lock-order"]
    wrong_head = ChainLock(head="m0001_a", entries=FULL.entries)
    assert [rule for rule, _ in rules(wrong_head, CHAIN)] == ["lock-order"]
