"""Publishing changes only what changed: bytes of CSV, TSV and JSONL, rows of Parquet."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.formats.base import Publication, detect, publish, scan
from dsv.model.schema import Schema
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.table import POSITION, Table

CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=6)


def snapshot(path: Path, **options: Any) -> Snapshot:
    form, zipped = detect(path.name)
    return Snapshot(path=path, format=form, gzip=zipped, shown_path=path.name, options=ReadOptions(**options))


def pinned(engine: Engine, path: Path, **options: Any) -> tuple[Snapshot, Table]:
    """The base with its schema pinned, and its rows as the final ones."""
    base = snapshot(path, **options)
    table = scan(engine, base).table
    schema = Schema(fields=tuple(replace(item, origin=item.name) for item in table.schema))
    return replace(base, options=ReadOptions(schema=schema, **options)), replace(table, schema=schema).typed_table()


def published(base: Snapshot, final: Table, key: tuple[str, ...]) -> bytes:
    held = io.BytesIO()
    publish(Publication(base=base, final=final, key=key), held)
    return held.getvalue()


def with_cell(table: Table, field: str, value: str | None, where: str) -> Table:
    columns = [
        f"CASE WHEN {where} THEN {literal(value)} ELSE {identifier(name)} END AS {identifier(name)}"
        if name == field
        else identifier(name)
        for name in table.schema.names
    ]
    return replace(table, relation=f"(SELECT {', '.join(columns)}, {POSITION} FROM {table.relation})")


def spell(rows: list[list[str]], line_end: str, final: bool) -> bytes:
    held = io.StringIO(newline="")
    csv.writer(held, lineterminator=line_end, quoting=csv.QUOTE_MINIMAL).writerows(rows)
    text = held.getvalue() if final else held.getvalue().removesuffix(line_end)
    return text.encode()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(CELLS, max_size=6), line_end=st.sampled_from(["\n", "\r\n"]), final=st.booleans())
def test_unchanged_rows_keep_the_bytes(tmp_path: Path, cells: list[str], line_end: str, final: bool) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(spell([["id", "text"], *([str(n), cell] for n, cell in enumerate(cells))], line_end, final))
    with Engine() as engine:
        assert published(*pinned(engine, path), ("id",)) == path.read_bytes()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["a", 'q"q', "x y", ""]), min_size=1, max_size=8), st.data())
def test_n_changed_cells_change_n_lines(tmp_path: Path, cells: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.integers(0, len(cells) - 1)))
    path = tmp_path / "t.csv"
    path.write_bytes(spell([["id", "text"], *([f"k{n}", cell] for n, cell in enumerate(cells))], "\n", True))
    with Engine() as engine:
        base, table = pinned(engine, path)
        where = " OR ".join(f"id = 'k{n}'" for n in chosen) or "false"
        after = published(base, with_cell(table, "text", "new, cell", where), ("id",))
    pairs = list(zip(path.read_bytes().splitlines(), after.splitlines(), strict=True))
    assert [n - 1 for n, (old, new) in enumerate(pairs) if old != new] == sorted(chosen)
    rows = list(csv.reader(io.StringIO(after.decode())))[1:]
    assert [row[1] for row in rows] == ["new, cell" if n in chosen else cell for n, cell in enumerate(cells)]


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbfid,class\r\n1,bike\r\n2,"car"\r\n',
        b"id;class\n1;bike\n2;car",
        b'id,class\n1,"bi\nke"\n\n2,car\n',
    ],
)
def test_one_cell_of_awkward_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with Engine() as engine:
        base, table = pinned(engine, path)
        after = published(base, with_cell(table, "class", "tram", "id = 1"), ("id",))
    changed = content.replace(b'"bi\nke"', b"bike")
    assert after.replace(b'"tram"', b"tram") == changed.replace(b"bike", b"tram")


def test_blank_lines_do_not_become_rows_when_one_field_is_left(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\nclass,text\nbike,x\n\n,y\n\n")
    with Engine() as engine:
        base, table = pinned(engine, tmp_path / "a.csv")
        assert table.count() == 2
        kept = Schema(fields=tuple(item for item in table.schema if item.name == "class"))
        assert published(base, replace(table, schema=kept), ()) == b"class\nbike\n\n"
        assert published(base, table, ()) == b"\nclass,text\nbike,x\n\n,y\n\n"


def test_gzip_is_unchanged_to_the_byte_and_else_has_no_time(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"id,class\n1,bike\n", compresslevel=1, mtime=77))
    with Engine() as engine:
        base, table = pinned(engine, path)
        assert published(base, table, ("id",)) == path.read_bytes()
        after = published(base, with_cell(table, "class", "tram", "true"), ("id",))
    assert gzip.decompress(after) == b"id,class\n1,tram\n"
    assert after[4:8] == b"\0\0\0\0"


def test_jsonl_keeps_the_spelling_of_what_did_not_change(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"id": 1,  "class":"bike", "x": 1.50}\n{ "class": "car", "id": 2 }\n')
    with Engine() as engine:
        base, table = pinned(engine, path)
        assert published(base, table, ("id",)) == path.read_bytes()
        after = published(base, with_cell(table, "class", "tram", "id = 1"), ("id",))
    assert after == path.read_bytes().replace(b'"bike"', b'"tram"')


def test_parquet_keeps_rows_order_and_types(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "t.parquet"
    schema = pa.schema([("id", pa.int32()), ("class", pa.string()), ("score", pa.float32())])
    pq.write_table(pa.table({"id": [2, 1], "class": ["car", "bike"], "score": [0.1, None]}, schema=schema), path)
    with Engine() as engine:
        base, table = pinned(engine, path)
        assert published(base, table, ("id",)) == path.read_bytes()
        after = pq.read_table(io.BytesIO(published(base, with_cell(table, "class", "tram", "id = 1"), ("id",))))
    assert after.schema.equals(schema)
    assert after.column("id").to_pylist() == [2, 1] and after.column("class").to_pylist() == ["car", "tram"]


@pytest.mark.parametrize(
    ("content", "value", "header"),
    [(b"a\nx\ny", None, True), (b"a\nx\ny\n", "<<<<<<< no", True)],
)
def test_what_is_published_reads_as_the_final_rows(
    tmp_path: Path, content: bytes, value: str | None, header: bool
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with Engine() as engine:
        base, table = pinned(engine, path, header=header)
        name = table.schema.names[0]
        final = with_cell(table, name, value, f"{POSITION} = 2")
        path.with_name("out.csv").write_bytes(published(base, final, ()))
        back = scan(engine, snapshot(path.with_name("out.csv"), header=header)).table
        found = engine.rows(f"SELECT {identifier(name)} FROM {back.relation} ORDER BY {POSITION}")
    assert found == [("x",), (value,)]
