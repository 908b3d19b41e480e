"""Two branches of migrations: told apart, renumbered, and tried in either order."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.errors import ConflictError, DsvError, MigrationError
from dsv.migrations.commute import commutation, in_order
from dsv.migrations.document import read
from dsv.migrations.rebase import Fork, branch_of, divide, moved_text, numbered, side_names
from dsv.migrations.source import base_rows
from dsv.model.migration import BASE_ID, LockEntry, Migration
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION

FOLDER = "migrations/signs"


def migration(id: str, after: str, digest: str | None = None, side_files: Sequence[str] = ()) -> Migration:
    return Migration(
        id=id,
        after=after,
        title="t",
        why=None,
        path=f"{FOLDER}/{id}.yaml",
        operations=(),
        side_files=tuple(f"{FOLDER}/{name}" for name in side_files),
        tuned=(),
        digest=digest or id,
    )


ONE = migration("m0001_one", BASE_ID)
THEIRS = migration("m0002_theirs", "m0001_one")
MINE = migration("m0002_mine", "m0001_one")
MORE = migration("m0003_more", "m0002_mine")


def test_what_both_have_is_shared_and_the_rest_is_put_after_it() -> None:
    fork = divide([ONE, THEIRS], [MORE, MINE, ONE])
    assert fork == Fork(shared=(ONE,), theirs=(THEIRS,), mine=(MINE, MORE))
    assert numbered(fork) == {"m0002_mine": "m0003_mine", "m0003_more": "m0004_more"}
    assert numbered(fork, last=7) == {"m0002_mine": "m0008_mine", "m0003_more": "m0009_more"}


def test_a_migration_is_known_by_what_it_does() -> None:
    renumbered = migration("m0003_mine", "m0002_theirs", MINE.digest)
    fork = divide([ONE, THEIRS, renumbered], [ONE, MINE, MORE])
    assert fork == Fork(shared=(ONE, THEIRS, renumbered), theirs=(), mine=(MORE,))
    assert numbered(fork) == {"m0003_more": "m0004_more"}


def test_an_id_that_is_free_stays() -> None:
    late = migration("m0009_late", "m0001_one")
    assert numbered(divide([ONE, THEIRS], [ONE, late])) == {"m0009_late": "m0009_late"}


def test_two_migrations_that_do_the_same_are_told_apart_by_id() -> None:
    again = migration("m0003_again", "m0002_theirs", ONE.digest)
    fork = divide([ONE, THEIRS, again], [ONE, MINE])
    assert fork.shared == (ONE,) and fork.theirs == (THEIRS, again)


def test_what_does_not_hang_together_is_refused() -> None:
    stray = migration("m0005_stray", "m0004_gone")
    with pytest.raises(ConflictError, match="follows m0004_gone, which the other branch does not have"):
        divide([ONE, THEIRS], [ONE, stray])
    with pytest.raises(ConflictError, match="no single line"):
        divide([ONE], [ONE, MINE, stray])
    with pytest.raises(ConflictError, match="two migrations follow m0002_mine"):
        divide([ONE], [ONE, MINE, MORE, migration("m0003_other", "m0002_mine")])


def test_the_branch_of_a_migration() -> None:
    both = [ONE, MINE, MORE, THEIRS]
    assert branch_of(both, "m0002_theirs") == (ONE, THEIRS)
    assert branch_of(both, "m0003") == (ONE, MINE, MORE)
    with pytest.raises(MigrationError, match="m0002_mine or m0002_theirs"):
        branch_of(both, "m0002")
    with pytest.raises(ConflictError, match="two migrations follow m0001_one"):
        branch_of(both, "m0001_one")


DOCUMENT = """\
# what it is for
dsv: 1
id: m0002_mine   # mine
after: m0001_one
title: m0002_mine.csv is reviewed
operations:
  # reviewed by two
  - op: relabel
    file: m0002_mine.csv
  - op: rename_class
    from: "m0001_one"
    to: m0002_mine.csv-like
"""


def test_a_document_is_moved_with_its_comments_and_side_files() -> None:
    made = read(DOCUMENT, f"{FOLDER}/m0002_mine.yaml", None)
    names = side_names(made, "m0003_mine", ["m0001_one.csv"])
    assert names == {"m0002_mine.csv": "m0003_mine.csv"}
    text = moved_text(DOCUMENT, made, "m0003_mine", "m0002_theirs", names)
    changed = [(old, new) for old, new in zip(DOCUMENT.splitlines(), text.splitlines(), strict=True) if old != new]
    assert changed == [
        ("id: m0002_mine   # mine", "id: m0003_mine   # mine"),
        ("after: m0001_one", "after: m0002_theirs"),
        ("    file: m0002_mine.csv", "    file: m0003_mine.csv"),
    ]


def test_a_side_file_makes_way_for_another_of_its_name() -> None:
    item = migration("m0002_mine", BASE_ID, side_files=["review.csv", "deep/scores.parquet", "own.csv"])
    assert side_names(item, "m0003_mine", ["review.csv", "deep/scores.parquet"]) == {
        "review.csv": "m0003_mine_review.csv",
        "deep/scores.parquet": "m0003_mine_deep_scores.parquet",
        "own.csv": "own.csv",
    }
    kept = migration("m0002_mine", BASE_ID, side_files=["m0002_mine.parquet"])
    assert side_names(kept, "m0003_mine", [], ["m0002_mine.parquet"]) == {"m0002_mine.parquet": "m0002_mine.parquet"}
    with pytest.raises(ConflictError, match="DVC keeps it"):
        side_names(kept, "m0003_mine", ["m0002_mine.parquet"], ["m0002_mine.parquet"])


TEXT = "id,class,note\n1,bike,a\n2,car,b\n3,bus,\n4,bike,d\n"
Operations = list[Mapping[str, Any]]


class Try:
    """Two lists of migrations, an operation each, on one base."""

    def __init__(self, bench: Any, theirs: Operations, mine: Operations) -> None:
        made = [bench.add(operation, slug=f"step{place}") for place, operation in enumerate([*theirs, *mine])]
        self.theirs, self.mine = made[: len(theirs)], made[len(theirs) :]
        self.bench = bench
        self.begin = bench.base.state, base_rows(bench.engine, bench.base, bench.snapshot, None)

    def run(self, line: Sequence[Migration]) -> Any:
        return in_order("signs", self.begin, line, self.bench.documents_folder, lambda name: {})

    def commutation(self) -> Any:
        outcome = self.run([*self.theirs, *self.mine])
        folder = self.bench.documents_folder
        return commutation("signs", self.begin, self.theirs, self.mine, outcome, folder, lambda name: {})


def rows(outcome: Any) -> list[dict[str, Any]]:
    state, table = outcome
    columns = ", ".join(map(identifier, state.schema.names))
    found = table.engine.rows(f"SELECT {columns} FROM {table.relation} ORDER BY {POSITION}")
    return [dict(sorted(zip(state.schema.names, row, strict=True))) for row in found]


def classes(outcome: Any) -> set[tuple[str, str, bool, str | None]]:
    return {(item.key, item.name, item.retired, item.into) for item in outcome[0].classes[0].classes}


def test_branches_that_touch_other_things_commute(adopt: Any) -> None:
    found = Try(
        adopt(TEXT),
        [{"op": "rename_class", "from": "bike", "to": "bicycle"}, {"op": "add_class", "key": "ferry"}],
        [{"op": "drop_rows", "where": "note = 'b'"}, {"op": "add_class", "key": "tram"}],
    ).commutation()
    assert found.commutes and found.rows == 0 and found.examples == ()


def test_rows_for_which_the_order_matters_are_listed(adopt: Any) -> None:
    bench = adopt(TEXT)
    bench.side_file("theirs.csv", "id,note\n1,x\n2,x\n")
    bench.side_file("mine.csv", "id,note\n2,y\n3,y\n")
    found = Try(
        bench,
        [{"op": "set_values", "file": "theirs.csv", "fields": ["note"]}],
        [{"op": "set_values", "file": "mine.csv", "fields": ["note"]}],
    ).commutation()
    assert not found.commutes
    assert (found.rows, found.examples) == (1, ("id=2: note y (theirs first), x (mine first)",))


def test_rows_that_only_one_order_keeps_are_listed(adopt: Any) -> None:
    bench = adopt(TEXT)
    bench.side_file("values.csv", "id,note\n1,gone\n")
    found = Try(
        bench,
        [{"op": "set_values", "file": "values.csv", "fields": ["note"]}],
        [{"op": "drop_rows", "where": "note = 'a'"}],
    ).commutation()
    # Mine first takes row 1 out, and then theirs finds no row 1.
    assert not found.commutes and "the other order does not apply" in found.differences[0]


def test_classes_for_which_the_order_matters_are_listed(adopt: Any) -> None:
    found = Try(
        adopt(TEXT),
        [{"op": "rename_class", "from": "car", "to": "auto"}],
        [{"op": "drop_rows", "where": "class = 'car'"}],
    ).commutation()
    assert (found.rows, found.examples, found.differences) == (1, ("id=2: only theirs first",), ())
    found = Try(
        adopt(TEXT),
        [{"op": "set_class", "key": "car", "description": "theirs"}],
        [{"op": "set_class", "key": "car", "description": "mine"}],
    ).commutation()
    assert found.differences == ("class car of class: description mine (theirs first), theirs (mine first)",)


def test_without_a_key_rows_are_compared_as_a_multiset(adopt: Any) -> None:
    bench = adopt("class,note\nbike,a\nbike,a\ncar,b\n", key=())
    found = Try(
        bench,
        [{"op": "drop_rows", "where": "class = 'car'"}],
        [{"op": "merge_classes", "from": ["bike"], "into": "car"}],
    ).commutation()
    assert found.rows == 2 and found.examples[0] == "class=car note=a: only theirs first"


names = st.sampled_from(["bike", "car", "bus", "tram", "van"])
operations = st.one_of(
    st.fixed_dictionaries({"op": st.just("rename_class"), "from": names, "to": names}),
    st.fixed_dictionaries({"op": st.just("add_class"), "key": names}),
    st.fixed_dictionaries(
        {"op": st.just("merge_classes"), "from": st.lists(names, min_size=1, max_size=2), "into": names}
    ),
    st.fixed_dictionaries({"op": st.just("remove_class"), "key": names, "rows": st.just("drop")}),
    st.builds(lambda one: {"op": "drop_rows", "where": f"class = '{one}'", "mode": "delete"}, names),
    st.builds(lambda one: {"op": "drop_rows", "where": f"id > {one}", "mode": "delete"}, st.integers(1, 4)),
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(theirs=st.lists(operations, min_size=1, max_size=2), mine=st.lists(operations, min_size=1, max_size=2))
def test_two_branches_commute_exactly_where_both_orders_come_to_the_same(
    bench_maker: Any, theirs: Operations, mine: Operations
) -> None:
    with tempfile.TemporaryDirectory() as folder, Engine(threads=1) as engine:
        tried = Try(bench_maker(Path(folder), engine)(TEXT), theirs, mine)
        orders: list[Any] = []
        for line in ([*tried.theirs, *tried.mine], [*tried.mine, *tried.theirs]):
            try:
                orders.append(tried.run(line))
            except DsvError:
                orders.append(None)
        if orders[0] is None:
            return
        alike = (
            orders[1] is not None and rows(orders[0]) == rows(orders[1]) and classes(orders[0]) == classes(orders[1])
        )
        assert tried.commutation().commutes == alike
        # Applied by the stages, the chain comes to what the trial came to.
        tried.bench.up()
        tried.bench.publish(tried.mine[-1].id)
        published = list(csv.DictReader(io.StringIO(tried.bench.published.decode())))
        assert [{name: None if value == "" else value for name, value in row.items()} for row in published] == [
            {name: None if row[name] is None else str(row[name]) for name in ("id", "class", "note")}
            for row in rows(orders[0])
        ]


def entry(item: Migration) -> LockEntry:
    return LockEntry(id=item.id, document=item.digest, digest="0" * 32, rows=1, environment={})


def test_theirs_may_have_squashed_what_mine_still_have() -> None:
    live = migration("m0003_live", BASE_ID)
    mine = migration("m0003_mine", "m0002_theirs")
    fork = divide([live], [ONE, THEIRS, mine], [entry(ONE), entry(THEIRS)])
    assert fork == Fork(shared=(), theirs=(live,), mine=(mine,))
    assert numbered(fork, last=2) == {"m0003_mine": "m0004_mine"}
    squashed_too = divide([live], [migration("m0003_mine", BASE_ID)], [entry(ONE), entry(THEIRS)])
    assert squashed_too.theirs == (live,) and [item.id for item in squashed_too.mine] == ["m0003_mine"]
    with pytest.raises(ConflictError, match="squashed its migrations up to m0002_theirs"):
        divide([live], [ONE, MINE], [entry(ONE), entry(THEIRS)])
