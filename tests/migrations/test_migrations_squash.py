"""A squash: a later version becomes the base, and what is published stays, to the byte."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.errors import DsvError, MigrationError
from dsv.migrations import base as bases
from dsv.migrations import lock
from dsv.migrations.chain import link
from dsv.migrations.labels import field_map
from dsv.migrations.squash import first_text, squashed_base
from dsv.migrations.version import open_version
from dsv.model.migration import BASE_ID, ChainLock, LockEntry, Version
from dsv.tables.duckdb import Engine

TEXT = 'id,class,note\n3,bike,"a"\n1,car,\n2,bus,"b,c"\n4,bike,d\n'


def squashed(bench: Any, to: str) -> None:
    """Squash a chain that was run: the version takes the base's place, the rest follow it."""
    target = bench.folder / "new base"
    made = squashed_base(bench.engine, bench.base, bench.snapshot, bench.version_path(to), target)
    bench.snapshot.path.write_bytes(target.read_bytes())
    bench.base = bases.load(bases.dump(made), "m0000_base.yaml")
    assert bench.base.state == made.state and bench.base.squashed == to
    place = bench.documents.index(to) + 1
    bench.documents = bench.documents[place:]
    if bench.documents:
        path = bench.documents_folder / f"{bench.documents[0]}.yaml"
        path.write_text(first_text(path.read_text(), path.name))


def classes(version: Version) -> Any:
    return version.state.classes


names = st.sampled_from(["bike", "car", "bus", "tram", "van"])
operations = st.one_of(
    st.fixed_dictionaries({"op": st.just("rename_class"), "from": names, "to": names}),
    st.fixed_dictionaries({"op": st.just("add_class"), "key": names}),
    st.fixed_dictionaries({"op": st.just("merge_classes"), "from": st.lists(names, min_size=1), "into": names}),
    st.fixed_dictionaries({"op": st.just("remove_class"), "key": names, "rows": st.just("drop")}),
    st.fixed_dictionaries(
        {"op": st.just("rename_field"), "from": st.just("note"), "to": st.sampled_from(["text", "note2"])}
    ),
    st.fixed_dictionaries(
        {"op": st.just("add_field"), "name": st.sampled_from(["n", "m"]), "type": st.just("integer")}
    ),
    st.builds(lambda one: {"op": "drop_rows", "where": f"id > {one}", "mode": "delete"}, st.integers(1, 4)),
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(operations, min_size=2, max_size=4), data=st.data())
def test_a_squash_keeps_rows_classes_and_published_bytes(
    bench_maker: Any, steps: list[Mapping[str, Any]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder, Engine(threads=1) as engine:
        bench = bench_maker(Path(folder), engine)(TEXT)
        for place, step in enumerate(steps):
            migration = bench.add(step, slug=f"step{place}")
            try:
                bench.run(migration.id)
            except DsvError:
                bench.documents.pop()
                (bench.documents_folder / f"{migration.id}.yaml").unlink()
        if not bench.documents:
            return
        begin = bench.base.state.classes[0].classes
        last = open_version(bench.version_path(bench.documents[-1]))
        bench.publish(bench.documents[-1])
        before = bench.published
        to = data.draw(st.sampled_from(bench.documents))
        squashed(bench, to)
        if bench.documents:
            bench.up()
            after = open_version(bench.version_path(bench.documents[-1]))
            assert (after.rows, after.digest, classes(after)) == (last.rows, last.digest, classes(last))
        profile = bench.publish(bench.documents[-1] if bench.documents else None)
        assert bench.published == before and profile.digest == last.digest
        # Ids go on from where they were, and the map of classes from the very first base is what it was.
        assert bench.chain.next_id("x") > max([to, *bench.documents])[:5]
        now = last.state.classes[0].classes
        kept = (
            classes(open_version(bench.version_path(bench.documents[-1])))
            if bench.documents
            else bench.base.state.classes
        )
        assert field_map(begin, kept[0].classes, {}, matched="identity") == field_map(
            begin, now, {}, matched="identity"
        )


def test_a_lock_keeps_what_was_squashed() -> None:
    entry = LockEntry(id="m0001_a", document="d", digest="0" * 32, rows=5, environment={"python": "3.11"})
    later = replace(entry, id="m0002_b")
    value = ChainLock(head="m0002_b", entries=(later,), squashed=(entry,))
    text = lock.dump(value)
    assert lock.load(text, "chain.lock") == value and value.line == (entry, later)
    assert lock.load(lock.dump(replace(value, squashed=())), "chain.lock") != value
    assert lock._seal(value) != lock._seal(replace(value, squashed=()))


def test_the_first_document_follows_the_base(adopt: Any) -> None:
    bench = adopt(TEXT)
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    bench.add({"op": "drop_rows", "where": "note = 'm0001_step'"})
    path = bench.documents_folder / "m0002_step.yaml"
    text = "# note\n" + path.read_text()
    assert first_text(text, "x") == text.replace("after: m0001_step", f"after: {BASE_ID}")
    assert link(bench.base, ()).next_id("x") == "m0001_x"
    chain = link(replace(bench.base, squashed="m0007_last"), ())
    assert chain.next_id("x") == "m0008_x"
    with pytest.raises(MigrationError, match="squashed up to m0007_last"):
        chain.find("m0003")
    with pytest.raises(MigrationError, match="no migration 'm0009'"):
        chain.find("m0009")
