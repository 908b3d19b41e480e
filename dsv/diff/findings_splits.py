"""Rows of one key in two splits: what a model is tested on, it was trained on."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.diff.classes import ClassField
from dsv.diff.equality import Form
from dsv.diff.fields import FieldPair, Side, hash_of
from dsv.diff.keys import Key
from dsv.model.counts import Counts
from dsv.model.finding import Finding
from dsv.tables.duckdb import identifier
from dsv.tables.table import Table


def of_splits(old: Table, new: Table, key: Key, split: ClassField, duplicates: Counts | None) -> Iterator[Finding]:
    """Keys that new has in two splits, and old has not. A key that holds the split is looked at without it."""
    before, after = split.old, split.new
    fields = [pair for pair in key.fields if pair.name != split.name]
    repeats = len(fields) < len(key.fields) or (duplicates is not None and duplicates.new > 0)
    if after is None or not fields or not repeats:
        return
    leaks = _leaking(new, "new", fields, after)
    if before is not None:
        leaks = f"SELECT k FROM ({leaks}) ANTI JOIN ({_leaking(old, 'old', fields, before)}) USING (k)"
    count = int(new.engine.value(f"SELECT count(*) FROM ({leaks})"))
    if count:
        names = ", ".join(pair.name for pair in fields)
        one = "1 key is" if count == 1 else f"{count:,} keys are"
        message = f"{one} in more than one split now ({names}; {split.name}): tested on what was trained on"
        yield Finding(rule="split-leak", level="warning", message=message, count=count)


def _leaking(table: Table, side: Side, key: list[FieldPair], split: Form) -> str:
    """SQL for the hashes of keys that stand in more than one split."""
    present = " AND ".join(f"{identifier(pair.form(side).name)} IS NOT NULL" for pair in key)
    return (
        f"SELECT {hash_of(key, side)} AS k FROM {table.relation} AS dsv_table WHERE {present} "
        f"GROUP BY k HAVING count(DISTINCT {identifier(split.name)}) > 1"
    )
