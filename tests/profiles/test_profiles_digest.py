"""The row digest against an independent reference, and its independence of order and format."""

from __future__ import annotations

import hashlib
import math
import struct
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsv.errors import DsvError
from dsv.model.schema import Field, Schema
from dsv.profiles import digest
from dsv.profiles.digest import exact_bytes, exact_digest, row_digest
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table
from dsv.tables.types import List, Scalar, Struct, Type, arrow_type, parse, spell


def measured(text: str) -> str:
    return f"{len(text.encode())}:{text}"


def unsigned(value: int, size: int) -> bytes:
    return (value + 2 ** (8 * size - 1)).to_bytes(size, "big")


def number(value: float) -> bytes:
    if math.isnan(value):
        return b"\xff" * 8
    if math.isinf(value):
        return b"\xff" * 7 + b"\xfe" if value > 0 else bytes(8)
    bits = int.from_bytes(struct.pack(">d", value or 0.0), "big")
    return (bits ^ (2**64 - 1 if value < 0 else 2**63)).to_bytes(8, "big")


def text(value: str) -> bytes:
    return bytes(byte + 1 for byte in value.encode()) + b"\0"


def value_bytes(value: Any, tree: Type) -> bytes:
    if value is None:
        within = tree.members if isinstance(tree, Struct) else ()
        return b"\x02" + b"".join(value_bytes(None, item) for _, item in within)
    if isinstance(tree, List):
        return b"\x01" + b"".join(value_bytes(item, tree.item) for item in value) + b"\0"
    if isinstance(tree, Struct):
        members = sorted(tree.members, key=lambda member: member[0])
        return b"\x01" + b"".join(value_bytes(value[name], item) for name, item in members)
    told = {
        "integer": lambda: unsigned(value, 16),
        "number": lambda: number(value),
        "string": lambda: text(value),
        "enum": lambda: text(value),
        "json": lambda: text(value),
        "boolean": lambda: bytes([value]),
        "date": lambda: unsigned((value - date(1970, 1, 1)).days, 4),
        "datetime": lambda: unsigned((value - datetime(1970, 1, 1)) // timedelta(microseconds=1), 8),
        "bytes": lambda: b"".join(b"\x01" * (byte < 2) + bytes([byte]) for byte in value) + b"\0",
    }
    return b"\x01" + told[tree.name]()


def plain(tree: Type) -> str:
    if isinstance(tree, List):
        return f"list<{plain(tree.item)}>"
    if isinstance(tree, Struct):
        return spell(Struct(tuple((name, parse(plain(item))) for name, item in sorted(tree.members))))
    return "string" if tree.name == "enum" else tree.name


def reference(rows: list[dict[str, Any]], types: dict[str, str]) -> str:
    total = 0
    for row in rows:
        content = b"\x01" + b"".join(value_bytes(row[name], parse(types[name])) for name in sorted(types))
        total += int.from_bytes(hashlib.md5(content).digest(), "little")
    fields = "".join(f"{measured(name)}{plain(parse(types[name]))}\n" for name in sorted(types))
    return hashlib.md5(f"dsv.rows/2\n{fields}{len(rows)}\n{total % 2**128:032x}".encode()).hexdigest()


def typed(engine: Engine, rows: list[dict[str, Any]], types: dict[str, str]) -> Table:
    import pyarrow as pa

    columns = {
        name: pa.array([row[name] for row in rows], type=arrow_type(parse(kind))) for name, kind in types.items()
    }
    columns[POSITION] = pa.array(range(1, len(rows) + 1), type=pa.int64())
    name = engine.fresh("rows")
    engine.connection.register(name, pa.table(columns))
    schema = Schema(fields=tuple(Field(name=key, type=kind) for key, kind in types.items()))
    return Table(engine=engine, relation=name, schema=schema)


TYPES = {
    "integer": "integer",
    "Größe": "number",
    'a "b"': "string",
    "flag": "boolean",
    "day": "date",
    "at": "datetime",
    "raw": "bytes",
    "mood": "enum",
    "any": "json",
    "tags": "list<string>",
    "grid": "list<list<integer>>",
    "boxes": 'struct<label: string, "odd, name": number, xy: list<number>>',
}
ROW = {
    "integer": -9223372036854775808,
    "Größe": 0.1,
    'a "b"': "it's 1:2;",
    "flag": True,
    "day": date(99, 1, 2),
    "at": datetime(2020, 1, 2, 3, 4, 5, 6),
    "raw": b"\x00\xff",
    "mood": "no",
    "any": '{"a":1}',
    "tags": ["a", "", None],
    "grid": [[1, 2], [], None],
    "boxes": {"label": "x", "odd, name": math.inf, "xy": [0.0, -0.0]},
}
EMPTY = dict.fromkeys(TYPES)

GOLDEN = {
    "none": ([], "f56671efd5e4bdf32a36b9bd3805baf5"),
    "one": ([ROW], "f5dd093fe881228e61bc14cee8329da5"),
    "twice": ([ROW, ROW], "99fe203f76d8519fd65f82ac5654d83e"),
    "missing": ([EMPTY], "9fe2c084d49aae0120fa150bb6a64956"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_vectors(engine: Engine, name: str) -> None:
    rows, digest = GOLDEN[name]
    assert reference(rows, TYPES) == digest
    assert row_digest(typed(engine, rows, TYPES)) == digest


def test_the_engine_is_tried_on_what_the_document_says() -> None:
    sample: list[tuple[Any, str]] = [
        ("é\0", "string"),
        (-2, "integer"),
        ([1.5, -1.5, -0.0, math.nan, math.inf, -math.inf, None], "list<number>"),
        ([True, False], "list<boolean>"),
        (date(1960, 1, 1), "date"),
        (datetime(2020, 1, 1, microsecond=1), "datetime"),
        (b"\0\1\xff", "bytes"),
        ([], "list<string>"),
        ([[""], None], "list<list<string>>"),
        ({"a": None, "b": {"c": "a"}}, "struct<a: string, b: struct<c: string>>"),
        (None, "struct<a: struct<b: string>>"),
    ]
    content = b"\x01" + b"".join(value_bytes(value, parse(kind)) for value, kind in sample)
    assert hashlib.md5(content).hexdigest() == digest._SAMPLE_MD5


def test_an_engine_of_other_bytes_is_refused(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    table = typed(engine, [{"x": 1}], {"x": "integer"})
    row_digest(table)
    monkeypatch.setattr(digest, "_SAMPLE", "CAST(-3 AS HUGEINT)")
    with pytest.raises(DsvError, match="DuckDB writes values in other bytes"):
        row_digest(table)


scalars = {
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(allow_nan=True, allow_infinity=True),
    "string": st.text(st.characters(blacklist_categories=("Cs",))),
    "boolean": st.booleans(),
    "date": st.dates(),
    "datetime": st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(2200, 1, 1)),
    "bytes": st.binary(max_size=8),
    "enum": st.sampled_from(["no", "NA", "null", "1e3", "010", "a.b", ""]),
}


def values(tree: Type) -> st.SearchStrategy[Any]:
    if isinstance(tree, List):
        return st.none() | st.lists(values(tree.item), max_size=3)
    if isinstance(tree, Struct):
        return st.none() | st.fixed_dictionaries({name: values(item) for name, item in tree.members})
    return st.none() | scalars[tree.name]


trees = st.recursive(
    st.sampled_from(sorted(scalars)).map(Scalar),
    lambda inner: (
        inner.map(List)
        | st.dictionaries(st.sampled_from(["a", "b c", "B, >"]), inner, min_size=1).map(
            lambda x: Struct(tuple(x.items()))
        )
    ),
    max_leaves=3,
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, str]]:
    types = draw(
        st.dictionaries(st.sampled_from(["a", "B", "ä", "it's", "x y"]), trees.map(spell), min_size=1, max_size=4)
    )
    rows = draw(
        st.lists(st.fixed_dictionaries({name: values(parse(kind)) for name, kind in types.items()}), max_size=5)
    )
    return rows, types


@settings(max_examples=60, deadline=None)
@given(table=tables(), seed=st.randoms())
def test_engine_agrees_with_the_reference_in_any_order(table: Any, seed: Any) -> None:
    rows, types = table
    with Engine() as engine:
        digest = row_digest(typed(engine, rows, types))
        assert digest == reference(rows, types)
        seed.shuffle(rows)
        shuffled = dict(seed.sample(sorted(types.items()), len(types)))
        assert row_digest(typed(engine, rows, shuffled)) == digest


def test_text_typed_and_parquet_tables_have_one_digest(engine: Engine, tmp_path: Any) -> None:
    types = {"id": "integer", "x": "number", "ok": "boolean", "day": "date", "name": "string"}
    rows = [
        {"id": 1, "x": 1.5, "ok": True, "day": date(2020, 2, 29), "name": "010"},
        {"id": -2, "x": 1e-7, "ok": False, "day": None, "name": ""},
        {"id": 3, "x": 0.0, "ok": None, "day": date(1999, 1, 1), "name": None},
    ]
    text = [
        ("1", "1.50", "True", "2020-02-29", "010"),
        ("-2", "1e-7", "False", None, ""),
        ("3", "-0", None, "1999-01-01", None),
    ]
    columns = ", ".join(f"{identifier(name)} VARCHAR" for name in types)
    engine.execute(f"CREATE TABLE spelled ({columns}, {POSITION} BIGINT)")
    for position, cells in enumerate(text, 1):
        engine.execute("INSERT INTO spelled VALUES (?, ?, ?, ?, ?, ?)", [*cells, position])
    native = typed(engine, rows, types)
    spelled = Table(engine=engine, relation="spelled", schema=native.schema, text_fields=frozenset(types))
    path = tmp_path / "rows.parquet"
    relation = engine.connection.sql(f"SELECT * FROM {native.relation} ORDER BY {POSITION} DESC")
    relation.write_parquet(str(path))
    stored = Table(engine=engine, relation=f"(FROM read_parquet('{path}'))", schema=native.schema)
    assert row_digest(spelled) == row_digest(native) == row_digest(stored) == reference(rows, types)


def test_values_that_look_alike_differ(engine: Engine) -> None:
    alike: list[tuple[Any, str]] = [
        (1, "integer"),
        (1.0, "number"),
        ("1", "string"),
        ("1", "json"),
        (b"1", "bytes"),
        (True, "boolean"),
        (date(2020, 1, 1), "date"),
        (datetime(2020, 1, 1), "datetime"),
        (None, "string"),
        ("", "string"),
        ("n", "string"),
        ([], "list<string>"),
        ([None], "list<string>"),
        ([""], "list<string>"),
        ([[]], "list<list<string>>"),
    ]
    digests = [row_digest(typed(engine, [{"x": value}], {"x": kind})) for value, kind in alike]
    assert len(set(digests)) == len(digests)
    assert row_digest(typed(engine, [{"x": "a"}], {"x": "enum"})) == row_digest(
        typed(engine, [{"x": "a"}], {"x": "string"})
    )


def test_split_of_text_between_fields_matters(engine: Engine) -> None:
    types = {"a": "string", "b": "string"}
    one = row_digest(typed(engine, [{"a": "x1:b", "b": ""}], types))
    assert one != row_digest(typed(engine, [{"a": "x", "b": "1:b"}], types))


def exact_of(engine: Engine, cells: str, kind: str = "number", *, text: bool = False) -> str:
    """The exact digest of one field `x`, whose cells are SQL."""
    schema = Schema(fields=(Field(name="x", type=kind),))
    relation = f"(SELECT unnest([{cells}]) AS x, 1 AS {POSITION})"
    texts = frozenset(["x"]) if text else frozenset()
    return exact_digest(Table(engine=engine, relation=relation, schema=schema, text_fields=texts))


def test_exact_digest_tells_apart_what_shares_a_double_or_a_microsecond(engine: Engine) -> None:
    def wide(value: str) -> str:
        return f"CAST('{value}' AS DECIMAL(38, 10))"

    pairs = [
        (wide("12345678901234567.01"), wide("12345678901234567.02"), "number"),
        (f"[{wide('12345678901234567.01')}]", f"[{wide('12345678901234567.02')}]", "list<number>"),
        (f"{{a: {wide('0.1')}}}", f"{{a: {wide('0.1') + ' + ' + wide('1e17')}}}", "struct<a: number>"),
        (
            "CAST('2020-01-01 00:00:00.000000001' AS TIMESTAMP_NS)",
            "CAST('2020-01-01 00:00:00.000000002' AS TIMESTAMP_NS)",
            "datetime",
        ),
        ("CAST(18446744073709551615 AS UBIGINT)", "CAST(18446744073709551614 AS UBIGINT)", "integer"),
    ]
    for one, other, kind in pairs:
        assert exact_of(engine, one, kind) != exact_of(engine, other, kind)
    texts = ("'123456789012345.12'", "'123456789012345.13'")
    assert len({exact_of(engine, cell, text=True) for cell in texts}) == 2


def test_exact_digest_is_that_of_doubles_where_these_hold_all(engine: Engine) -> None:
    for text in ("1.50", "-0.0", "0e5", "1E+3", "0.30000000000000004", "0.300000000000000040", "1.2345678901234568E-7"):
        value = repr(float(text))
        assert exact_of(engine, f"'{text}'", text=True) == exact_of(engine, f"CAST('{value}' AS DOUBLE)")
    assert exact_of(engine, "CAST(1.5 AS DECIMAL(38, 10))") == exact_of(engine, "CAST(1.5 AS DOUBLE)")
    assert exact_of(engine, "CAST(NULL AS DECIMAL(38, 10))") == exact_of(engine, "CAST(NULL AS DOUBLE)")


SPELLED = st.one_of(
    st.from_regex(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,25})?(?:[eE][+-]?[0-9]{1,2})?", fullmatch=True),
    st.integers(0, 30).map(lambda last: f"123456789012345.{last:02}"),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e90, max_value=1e90).map(repr),
)


@settings(max_examples=40, deadline=None)
@given(pairs=st.lists(st.tuples(SPELLED, SPELLED), min_size=20, max_size=20))
def test_exact_digests_of_spelled_numbers_are_equal_where_the_decimals_are(pairs: list[tuple[str, str]]) -> None:
    with Engine() as engine:
        schema = Schema(fields=(Field(name="x", type="number"),))
        spelled = sorted({text for pair in pairs for text in (*pair, f"{Decimal(pair[0]):E}")})
        relation = f"(SELECT unnest({spelled}) AS x, 1 AS {POSITION})"
        table = Table(engine=engine, relation=relation, schema=schema, text_fields=frozenset(["x"]))
        texts = dict(engine.rows(f"SELECT x, {exact_bytes(table)} FROM {relation}"))
        for one, other in pairs:
            assert (texts[one] == texts[other]) == (Decimal(one) == Decimal(other)), (one, other)
            assert texts[one] == texts[f"{Decimal(one):E}"]
