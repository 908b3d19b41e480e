"""Conditions that users write in SQL: one expression over the fields, that can reach nothing else."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from dsv.errors import SchemaError, UsageError, did_you_mean, nearest
from dsv.tables.duckdb import Engine

MOST_CHARACTERS = 10_000
CLASSES = frozenset(
    [
        "BETWEEN",
        "CASE",
        "CAST",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "FUNCTION",
        "LAMBDA",
        "OPERATOR",
        "TYPE",
    ]
)
# Functions of their arguments alone. What reads files, settings, the clock or chance is not among them.
FUNCTIONS = frozenset(
    [
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "^",
        "**",
        "||",
        "~~",
        "!~~",
        "~~*",
        "!~~*",
        "~~~",
        "&",
        "|",
        "<<",
        ">>",
        "@",
        "!",
        "!~",
        "~",
        "abs",
        "ascii",
        "ceil",
        "ceiling",
        "chr",
        "coalesce",
        "concat",
        "concat_ws",
        "contains",
        "date_diff",
        "date_part",
        "date_trunc",
        "datediff",
        "datepart",
        "day",
        "dayofweek",
        "dayofyear",
        "editdist3",
        "ends_with",
        "exp",
        "extract",
        "floor",
        "greatest",
        "hour",
        "ifnull",
        "isfinite",
        "isinf",
        "isnan",
        "jaccard",
        "jaro_similarity",
        "jaro_winkler_similarity",
        "least",
        "left",
        "len",
        "length",
        "levenshtein",
        "list_aggregate",
        "list_any_value",
        "list_avg",
        "list_concat",
        "list_contains",
        "list_count",
        "list_distinct",
        "list_extract",
        "list_filter",
        "list_has_all",
        "list_has_any",
        "list_max",
        "list_min",
        "list_position",
        "list_sort",
        "list_sum",
        "list_transform",
        "list_unique",
        "list_value",
        "ln",
        "log",
        "log10",
        "log2",
        "lower",
        "lpad",
        "ltrim",
        "md5",
        "minute",
        "mod",
        "month",
        "nullif",
        "position",
        "pow",
        "power",
        "prefix",
        "quarter",
        "regexp_extract",
        "regexp_full_match",
        "regexp_matches",
        "regexp_replace",
        "replace",
        "reverse",
        "right",
        "round",
        "rpad",
        "rtrim",
        "second",
        "sign",
        "sqrt",
        "starts_with",
        "strftime",
        "string_split",
        "strip_accents",
        "strlen",
        "strpos",
        "strptime",
        "struct_extract",
        "substr",
        "substring",
        "suffix",
        "trim",
        "trunc",
        "try_strptime",
        "upper",
        "week",
        "weekday",
        "year",
        "array_contains",
        "array_extract",
        "array_length",
        "array_position",
        "bit_length",
        "list_has",
        "map_extract",
        "element_at",
        "split_part",
        "str_split",
        "like_escape",
        "not_like_escape",
        "ilike_escape",
        "not_ilike_escape",
        "constant_or_null",
    ]
)


def condition(engine: Engine, text: str, names: Collection[str]) -> str:
    """The SQL of a condition, safe to embed (in parentheses).

    `names` are the fields it may speak of.

    Raises: UsageError: it is not one expression, or uses what a condition may not use. SchemaError:
        it names a field that is not there.
    """
    return row_condition(engine, text, names)[0]


def row_condition(engine: Engine, text: str, names: Collection[str]) -> tuple[str, frozenset[str]]:
    """As `condition`, and the fields that it speaks of."""
    known = {item.lower(): item for item in names}
    fields = set()
    for name, *_ in _columns(engine, text):
        if name.lower() not in known:
            raise SchemaError(f"there is no field {name!r}", where=text, hint=did_you_mean(name, names))
        fields.add(known[name.lower()])
    return f"({text}\n)", frozenset(fields)


def sided_condition(
    engine: Engine, text: str, sides: Mapping[str, Collection[str]]
) -> tuple[str, frozenset[tuple[str, str]]]:
    """The SQL of a condition over several rows, safe to embed, and the fields that it speaks of.

    `sides` are the fields of each row, by the row's name; a field is written `old.NAME`.

    Raises: as `condition`; SchemaError too where a field is named without its row.
    """
    fields = set()
    for side, *inner in _columns(engine, text):
        known = {name.lower(): name for name in sides.get(side.lower(), ())}
        if not inner or side.lower() not in sides:
            raise _no_row(text, side, sides)
        if inner[0].lower() not in known:
            near = [f"{row}.{name}" for row in (side.lower(), *sides) for name in sides[row]]
            hint = did_you_mean(f"{side.lower()}.{inner[0]}", dict.fromkeys(near))
            raise SchemaError(f"there is no field {inner[0]!r} in the {side.lower()} rows", where=text, hint=hint)
        fields.add((side.lower(), known[inner[0].lower()]))
    return f"({text}\n)", frozenset(fields)


def _no_row(text: str, name: str, sides: Mapping[str, Collection[str]]) -> SchemaError:
    known = [field for names in sides.values() for field in names]
    near = nearest(name, known) or "FIELD"
    rows = " or ".join(f"{side}.{near}" for side in sides)
    return SchemaError(f"the condition does not say which row's {name!r} it means", where=text, hint=f"write {rows}")


def _columns(engine: Engine, text: str) -> Iterator[list[str]]:
    """The parts of each name that a condition refers to, those of its own lambdas left out.

    Raises: UsageError: it is not one expression, or uses what a condition may not use.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(f"the condition is longer than {MOST_CHARACTERS:,} characters")
    lambdas: set[str] = set()
    for node in _nodes(_parsed(engine, text)):
        _check(node, text)
        if node["class"] == "LAMBDA":
            lambdas.update(name for item in _nodes(node.get("lhs")) for name in item.get("column_names", ()))
        if node["class"] == "COLUMN_REF" and node["column_names"][0] not in lambdas:
            yield node["column_names"]


def _parsed(engine: Engine, text: str) -> dict[str, Any]:
    """The syntax tree of the only expression. Parsed inside parentheses, so that it cannot leave them."""
    answer = json.loads(engine.value("SELECT json_serialize_sql(?)", [f"SELECT ({text}\n)"]))
    if answer.get("error"):
        reason = str(answer.get("error_message", "")).splitlines()[0]
        raise UsageError(f"the condition is not an SQL expression: {reason}", where=text)
    statements = answer["statements"]
    node = statements[0]["node"]
    plain = (
        len(statements) == 1
        and node["type"] == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and node["from_table"]["type"] == "EMPTY"
        and node["where_clause"] is None
    )
    if not plain or _is_statement(text):
        raise UsageError("a condition is one SQL expression", where=text)
    expression: dict[str, Any] = node["select_list"][0]
    return expression


def _is_statement(text: str) -> bool:
    return ";" in text and text.rstrip().endswith(";")


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All expressions of a syntax tree."""
    if isinstance(value, dict):
        if "class" in value:
            yield value
        for item in value.values():
            yield from _nodes(item)
    elif isinstance(value, list):
        for item in value:
            yield from _nodes(item)


def _check(node: dict[str, Any], text: str) -> None:
    kind = node["class"]
    if kind not in CLASSES:
        what = {
            "SUBQUERY": "a subquery",
            "WINDOW": "a window function",
            "STAR": "*",
            "PARAMETER": "a parameter",
        }
        raise UsageError(f"a condition cannot use {what.get(kind, kind.lower())}", where=text)
    if kind == "FUNCTION" and (node["function_name"].lower() not in FUNCTIONS or node.get("schema")):
        raise UsageError(f"a condition cannot use the function {node['function_name']!r}", where=text)
