"""Which field of a table is its label, and which its split: a proposal with its evidence, for `dsv init`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from dsv.model.profile import CLASS_LIMIT
from dsv.tables.duckdb import identifier
from dsv.tables.table import Table

LABEL_NAME = re.compile(r"(^|[_ ])(label|labels|class|classes|category|target|y)([_ ]name)?$", re.IGNORECASE)
SPLIT_NAME = re.compile(r"^(split|subset|fold|partition|set)$", re.IGNORECASE)
MOST_CLASSES = 1000
MOST_SPLITS = 10
LABEL_TYPES = ("string", "enum", "integer", "boolean")


def infer_label(table: Table, exclude: Collection[str] = ()) -> tuple[str | None, str]:
    """The field whose values look like classes, None if none does; and why."""
    named = [item for item in table.schema if LABEL_NAME.search(item.name) and item.name not in exclude]
    named.sort(key=lambda item: item.type == "integer")
    for item in named:
        count = distinct(table, item.name)
        if item.type in LABEL_TYPES and 1 < count <= MOST_CLASSES:
            return item.name, f"label {item.name}: named like one, {count:,} classes"
    return None, "label: none found (give it with -l)"


def infer_split(table: Table, exclude: Collection[str] = ()) -> tuple[str | None, str]:
    """The field that looks like a split, None if none does; and why."""
    for item in table.schema:
        if SPLIT_NAME.search(item.name) and item.type in ("string", "enum") and item.name not in exclude:
            count = distinct(table, item.name)
            if 0 < count <= MOST_SPLITS:
                return item.name, f"split {item.name}: named like one, {count:,} values"
    return None, "split: none found (give it with --split)"


def like_ids(table: Table, labels: Iterable[str]) -> Iterator[str]:
    """Sentences about given labels that have more classes than a profile lists."""
    for field in labels:
        count = distinct(table, field)
        if count > CLASS_LIMIT:
            yield f"label {field}: {count:,} classes, so it looks like an id; its profile will only count them"


def distinct(table: Table, field: str) -> int:
    """The number of values of a field, as the file spells them."""
    return int(table.engine.value(f"SELECT count(DISTINCT {identifier(field)}) FROM {table.relation}"))
