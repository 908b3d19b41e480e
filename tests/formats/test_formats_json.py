"""JSON arrays of objects: typed as JSON Lines are, faults named by line, what is untouched published as it was."""

from __future__ import annotations

import gzip
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.api.snapshots import plain_snapshot
from dsv.errors import FormatError
from dsv.formats.base import Publication, Scan, publish, scan
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.tables.duckdb import Engine
from dsv.tables.table import POSITION, Table

ROWS: list[dict[str, Any]] = [
    {"id": 1, "v": 'a, [b] {c} \\ " é', "n": {"x": [1, 2]}, "f": 0.5},
    {"id": 2, "v": None, "f": 2.0},
    {"id": 3, "v": "", "n": {"x": []}, "m": True},
]
SPELLINGS = {
    "plain": json.dumps(ROWS),
    "pretty": json.dumps(ROWS, indent=2, ensure_ascii=False) + "\n",
    "tight": json.dumps(ROWS, separators=(",", ":")),
    "lines": "[\r\n" + ",\r\n".join(json.dumps(row) for row in ROWS) + "\r\n]\r\n",
    "bom": "\ufeff" + json.dumps(ROWS),
    "blanks": " \n [ " + " , ".join(json.dumps(row) for row in ROWS) + " ] \n",
}


def snapshot(path: Path, **options: Any) -> Snapshot:
    found = plain_snapshot(path, path.name)
    return replace(found, options=ReadOptions(**options))


def rows_of(engine: Engine, found: Scan) -> list[dict[str, Any]]:
    names = found.table.schema.names
    cells = ", ".join(f'"{name}"' for name in names)
    rows = engine.rows(f"SELECT {cells} FROM {found.table.typed_table().relation} ORDER BY {POSITION}")
    return [dict(zip(names, row, strict=True)) for row in rows]


def read(path: Path, **options: Any) -> list[dict[str, Any]]:
    with Engine() as engine:
        base = snapshot(path, **options)
        assert base.format == "json"
        return rows_of(engine, scan(engine, base))


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_array_has_the_rows_of_its_lines(tmp_path: Path, spelling: str, zipped: bool) -> None:
    content = SPELLINGS[spelling].encode()
    path = tmp_path / ("t.json.gz" if zipped else "t.json")
    path.write_bytes(gzip.compress(content) if zipped else content)
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    with Engine() as engine:
        array, lines = (scan(engine, plain_snapshot(item, item.name)) for item in (path, tmp_path / "t.jsonl"))
        assert array.table.schema == lines.table.schema
        found = rows_of(engine, array)
        assert found == rows_of(engine, lines)
    names = ("id", "v", "n", "f", "m")
    assert found == [{name: row.get(name) for name in names} for row in ROWS]


def test_integers_that_a_double_would_round_are_kept(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([{"id": 2**53 + 1}, {"id": 0.5}]))
    assert [row["id"] for row in read(tmp_path / "t.json")] == ["9007199254740993", "0.5"]


@pytest.mark.parametrize(
    ("wide", "other"),
    [
        ([2**53 + 1, 0.5], [0.5]),
        ([2**70 + 1], [1]),
        ([[0.5], [2**53 + 1]], []),
        ({"a": 2**53 + 1}, {"a": 0.5}),
        ({"a": [{"b": 1, "c": 2**53 + 1}]}, {"a": [{"b": 0.5, "c": 0.5}]}),
        ([2**53 + 1, math.nan], [0.5]),
    ],
)
def test_integers_inside_other_values_are_not_rounded(tmp_path: Path, wide: Any, other: Any) -> None:
    (tmp_path / "t.json").write_text(json.dumps([{"v": wide}, {"v": other}]))
    held = read(tmp_path / "t.json")[0]["v"]
    assert str(json.loads(held)) == str(wide)


TEXTS = ["2020-01-01", "2020-01-01T01:00:00+01:00", "12:00", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_inside_another_value_stays_as_it_is_written(tmp_path: Path, text: str) -> None:
    """No date, time or UUID is made of it, as each of these may be written in several ways."""
    (tmp_path / "t.json").write_text(json.dumps([{"v": [text], "w": {"t": text}}]))
    assert read(tmp_path / "t.json") == [{"v": [text], "w": {"t": text}}]


def test_json_lines_in_a_json_file_are_json_lines(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('\n{"id": 1}\n\n{"id": 2}\n')
    assert plain_snapshot(tmp_path / "t.json", "t.json").format == "jsonl"
    for content in ('{"id": 1}\n', '{"a": [\n{"id": 1}]}\n', "", "1\n2\n", '{"id": 1}\n{"id":'):
        (tmp_path / "t.json").write_text(content)
        with pytest.raises(FormatError, match="no table of a known format"):
            plain_snapshot(tmp_path / "t.json", "t.json")


GOOD = '[\n  {"id": 1},\n  {"id": 2}'
BROKEN = {
    "cut": (GOOD, "never closed", 3),
    "cut inside": ('[\n{"id": 1},\n{"id": "x', "text that begins here", 3),
    "comma": (GOOD + ",\n]", "no JSON object", 4),
    "commas": ('[{"id": 1},\n,{"id": 2}]', "no JSON object", 2),
    "after": (GOOD + "\n]\nx", "text follows", 5),
    "second": (GOOD + "]\n[]", "text follows", 4),
    "scalar": (GOOD + ",\n 7]", "not an object", 4),
    "null": (GOOD + ",\n null]", "not an object", 4),
    "list": (GOOD + ",\n [1]]", "not an object", 4),
    "no comma": ('[{"id": 1}\n{"id": 2}]', "no JSON object", 2),
    "bracket": ('[{"id": 1},\n{"id": [2}]]', "no JSON object", 2),
    "deep line": ('[{"id": 1},\n{"id": 2,\n"v": nope}]', "no JSON object", 3),
    "twins": ('[{"id": 1},\n{"id": 2, "id": 3}]', "stands twice", 2),
    "markers": ('[\n{"id": 1},\n<<<<<<< ours\n{"id": 2}\n]', "unfinished merge", 3),
    "empty": ("[ ]", "the file is empty", None),
    "nan": ('[{"id": 1},\n{"id": 1e999}, 2]', "not an object", 2),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_array_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    content, message, line = BROKEN[name]
    path = tmp_path / "t.json"
    path.write_text(content)
    with pytest.raises(FormatError) as caught:
        read(path)
    assert message in caught.value.message
    assert caught.value.where == ("t.json" if line is None else f"t.json:{line}")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(b'[{"id": 1},\n{"id": "caf\xe9"}]')
    with pytest.raises(FormatError, match="not UTF-8") as caught:
        read(path)
    assert caught.value.where == "t.json:2"


def test_malformed_elements_are_left_out_only_when_told(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('[{"id": 1},\n2,\n{"id": 3}, null]')
    with Engine() as engine:
        found = scan(engine, snapshot(path, skip_malformed=True))
        assert (found.malformed, found.first_malformed) == (2, "t.json:2")
        assert [row["id"] for row in rows_of(engine, found)] == [1, 3]


def test_a_value_that_does_not_fit_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('[{"id": 1},\n{"id":\n"x"}]')
    with pytest.raises(FormatError, match="no integer") as caught:
        read(path, schema=Schema(fields=(Field(name="id", type="integer"),)))
    assert caught.value.where == "t.json:2"
    path.write_text('[{"id": "2024-01-01"},\n\n{"id": "x"}]')
    with pytest.raises(FormatError, match="no date") as caught:
        read(path, schema=Schema(fields=(Field(name="id", type="date"),)))
    assert caught.value.where == "t.json:3"


def pinned(engine: Engine, path: Path, **options: Any) -> tuple[Snapshot, Table]:
    found = scan(engine, snapshot(path, **options))
    schema = Schema(fields=tuple(replace(item, origin=item.name) for item in found.table.schema))
    return snapshot(path, schema=schema, **options), replace(found.table, schema=schema).typed_table()


def published(base: Snapshot, final: Table, relation: str | None = None) -> str:
    held = io.BytesIO()
    publish(Publication(base=base, final=replace(final, relation=relation or final.relation), key=("id",)), held)
    return held.getvalue().decode()


def edited(engine: Engine, path: Path, where: str = "true", more: str = "", v: str = "v", **options: Any) -> str:
    base, table = pinned(engine, path, **options)
    relation = f"(SELECT * REPLACE ({v} AS v) FROM {table.relation} WHERE {where}{more.format(rows=table.relation)})"
    return published(base, table, relation)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_is_untouched_keeps_its_bytes(tmp_path: Path, spelling: str) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(SPELLINGS[spelling].encode())
    text = path.read_bytes().decode()
    with Engine() as engine:
        assert published(*pinned(engine, path)) == text
        changed = edited(engine, path, v="CASE WHEN id = 3 THEN 'new' ELSE v END")
    place = text.rindex('""')
    assert changed == text[:place] + '"new"' + text[place + 2 :]


ARRAY = '[\n  {"id": 1, "v": "a"},\n  {"id": 2,   "v": "b"},\n  {"id": 3, "v": "c"}\n]\n'


@pytest.mark.parametrize(
    ("where", "more", "expected"),
    [
        ("id <> 1", "", '[\n  {"id": 2,   "v": "b"},\n  {"id": 3, "v": "c"}\n]\n'),
        ("id <> 2", "", '[\n  {"id": 1, "v": "a"},\n  {"id": 3, "v": "c"}\n]\n'),
        ("id <> 3", "", '[\n  {"id": 1, "v": "a"},\n  {"id": 2,   "v": "b"}\n]\n'),
        (
            "id < 3",
            " UNION ALL SELECT 9 AS id, 'z' AS v, 9 AS _dsv_position",
            '[\n  {"id": 1, "v": "a"},\n  {"id": 2,   "v": "b"},\n  {"id": 9, "v": "z"}\n]\n',
        ),
        ("false", " UNION ALL SELECT 9 AS id, 'z' AS v, 9 AS _dsv_position", '[\n  {"id": 9, "v": "z"}\n]\n'),
    ],
)
def test_elements_come_and_go_with_what_is_between_them(tmp_path: Path, where: str, more: str, expected: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(ARRAY)
    with Engine() as engine:
        assert edited(engine, path, where, more) == expected


def test_an_array_of_one_grows(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('[\n  {"id": 1, "v": "a"}\n]')
    more = " UNION ALL SELECT 2 AS id, 'b' AS v, 2 AS _dsv_position"
    with Engine() as engine:
        assert edited(engine, path, more=more) == '[\n  {"id": 1, "v": "a"},\n  {"id": 2, "v": "b"}\n]'


def test_elements_that_are_no_rows_stay(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('[{"id": 1, "v": "a"}, 7, {"id": 2, "v": "b"}]')
    with Engine() as engine:
        found = edited(engine, path, "id <> 1", v="upper(v)", skip_malformed=True)
    assert found == '[7, {"id": 2, "v": "B"}]'


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
NAMES = st.text('ab]{,"', min_size=1, max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(JSON, min_size=1, max_size=5), indent=st.sampled_from([None, 1]), ascii_only=st.booleans())
def test_the_slow_reader_finds_the_elements_that_json_finds(
    tmp_path: Path, values: list[Any], indent: int | None, ascii_only: bool
) -> None:
    from dsv.formats._json.array import elements

    path = tmp_path / "t.json"
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    path.write_bytes(text.encode("utf-8"))
    with path.open("rb") as stream:
        found = list(elements(Snapshot(path=path, format="json", shown_path="t"), stream))
    assert [json.loads(item.raw) for item in found] == values
    for item in found:
        assert text.encode()[item.start : item.end] == item.raw
        assert item.number == text.encode()[: item.start].count(b"\n") + 1
