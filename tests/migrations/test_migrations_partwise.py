"""Versions that are made part by part: the bytes and the digest are those of a version that is written anew."""

from __future__ import annotations

import hashlib
import random
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.errors import BrokenPromise, MigrationError, SchemaError
from dsv.migrations import partwise
from dsv.migrations.apply import apply
from dsv.migrations.run import read_rows
from dsv.migrations.version import open_version
from dsv.profiles.digest import row_digest, row_sum
from dsv.tables.duckdb import Engine
from dsv.tables.parts import PartFiles, write_version
from dsv.tables.table import Lineage

RENAME = {"op": "rename_class", "from": "bike", "to": "bicycle"}
OPERATIONS: list[dict[str, Any]] = [
    RENAME,
    {"op": "merge_classes", "from": ["bus"], "into": "car"},
    {"op": "relabel", "file": "side.csv"},
    {"op": "set_values", "file": "sizes.csv", "fields": ["size"]},
    {"op": "drop_rows", "where": "size < 3"},
    {"op": "drop_rows", "where": "size > 6", "mode": "delete"},
    {"op": "add_field", "name": "seen", "type": "boolean", "default": True},
    {"op": "rename_field", "from": "size", "to": "width"},
    {"op": "drop_field", "name": "size"},
    {"op": "add_class", "key": "tram"},
    {"op": "dedupe", "fields": ["class", "size"]},
    {"op": "add_rows", "file": "more.csv"},
]
ROWS = st.lists(st.tuples(st.sampled_from(["bike", "bus", "car"]), st.integers(0, 9)), min_size=1, max_size=20)


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "rows").iterdir()}


def made(bench: Any, operations: list[dict[str, Any]], rows: list[tuple[str, int]]) -> None:
    """A first version that changes nothing, and a second by the operations."""
    bench.side_file("side.csv", f"id,old,new\nk0,{rows[0][0]},car\n")
    bench.side_file("sizes.csv", "id,size\nk0,7\n")
    bench.side_file("more.csv", "id,class,size\nzz,car,1\n")
    bench.add({"op": "add_class", "key": "coach"})
    bench.add(*operations)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, operations=st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=2), seed=st.integers(0, 99))
def test_the_bytes_are_those_of_rows_that_are_written_anew(
    bench_maker: Any, rows: list[tuple[str, int]], operations: list[dict[str, Any]], seed: int
) -> None:
    rows = [("bike", 5), ("bus", 5), ("car", 5), *rows]
    lines = [f"k{number},{name},{size}\n" for number, (name, size) in enumerate(rows)]
    random.Random(seed).shuffle(lines)
    with tempfile.TemporaryDirectory() as folder, Engine(threads=1) as engine, Engine(threads=4) as other:
        bench = bench_maker(Path(folder), engine)("id,class,size\n" + "".join(lines), parts=2)
        made(bench, operations, rows)
        try:
            version = bench.up()[-1]
        except (SchemaError, MigrationError):
            return  # two operations that do not fit together
        written = read_rows(engine, version)
        write_version(written, Path(folder) / "anew", version.state.key, 2)
        assert hashes(version.path) == hashes(Path(folder) / "anew")
        assert (version.rows, version.total) == row_sum(written)
        assert version.digest == row_digest(written)
        before = hashes(version.path)
        shutil.rmtree(version.path)
        assert replace(bench, engine=other).run(version.path.name) == version
        assert hashes(version.path) == before


def test_parts_that_nothing_touches_are_the_same_files(adopt: Any) -> None:
    bench = adopt("id,class,size\n" + "".join(f"k{n},{'bike' if n % 9 else 'bus'},{n}\n" for n in range(300)), parts=16)
    bench.side_file("side.csv", "id,old,new\nk1,bike,bus\nk2,bike,bus\n")
    bench.add({"op": "add_class", "key": "tram"})
    bench.add({"op": "relabel", "file": "side.csv"})
    bench.add({"op": "add_class", "key": "coach"})
    bench.add({"op": "drop_rows", "where": "id = 'k3'", "mode": "delete"})
    first, relabelled, coach, dropped = (version.path / "rows" for version in bench.up())

    def shared(old: Path, new: Path) -> int:
        return sum((old / path.name).samefile(path) for path in new.iterdir())

    places = {hashlib.md5(f"{len(key)}:{key}".encode()).hexdigest()[:8] for key in ("k1", "k2")}
    assert shared(first, relabelled) == 16 - len({int(place, 16) % 16 for place in places})
    assert shared(relabelled, coach) == 16
    assert shared(coach, dropped) == 15


def test_rows_that_others_decide_are_not_made_part_by_part() -> None:
    def alone(relation: str) -> bool:
        return Lineage(relation=relation, root="rows_1", kept={}).of_single_rows()

    assert alone("(SELECT t.a FROM rows_1 AS t LEFT JOIN rows_12 e ON e.a = t.a WHERE t.b < 1)")
    assert not alone("(SELECT t.a FROM rows_1 AS t WHERE t.b < (SELECT avg(b) FROM rows_1))")
    assert not alone("(SELECT row_number() OVER (ORDER BY t.a) FROM rows_1 AS t)")


def test_an_operation_that_makes_several_rows_of_one_is_caught(adopt: Any, tmp_path: Path) -> None:
    bench = adopt("id,class\na,bike\nb,bus\n")
    bench.add({"op": "add_class", "key": "tram"})
    bench.add(RENAME)
    bench.run(bench.documents[0])
    version = open_version(bench.version_path(bench.documents[0]))
    rows = read_rows(bench.engine, version)
    migration = bench.chain.migration(bench.documents[1])
    applied = apply("signs", migration, version.state, rows, bench.documents_folder, {})
    twice = f"(SELECT t.* FROM {applied.table.relation} AS t JOIN (VALUES (1), (2)) AS v(n) ON true)"
    table = replace(applied.table, relation=twice, made=replace(applied.table.lineage, relation=twice))
    parts = PartFiles(bench.engine, version.path, rows.schema, view=rows.relation)
    assert partwise.fits(version, parts, replace(applied, table=table))
    with pytest.raises(BrokenPromise, match="several rows of one"):
        partwise.rewrite(version, parts, replace(applied, table=table), tmp_path / "out")
