"""Labels that are written otherwise and mean the same: tag schemes, case, blanks, singular and plural.

A classification of label cells that changed; it hides none. What a tag means is the span that it
belongs to: so IOB1, BIO and IOBES tags of one span structure are equal, and a tag whose span begins
or ends elsewhere is not. What a class means is its name; a variant of the name is the same class,
unless both sides have both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from dsv.diff.cells import NEW, OLD, Differences
from dsv.diff.classes import ClassField
from dsv.diff.fields import FieldPair, Side
from dsv.diff.inferred import Flows
from dsv.diff.spans import are_tags, over_list, over_rows, scheme_of_lists, scheme_of_rows, type_of
from dsv.model.labels import Encoding, EncodingKind
from dsv.tables.duckdb import identifier, literal
from dsv.tables.table import Table

Classes = Collection[str | None]

_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequences:
    """Both tables, and the fields whose values tell apart the sequences of their rows, such as sentences.

    Without such fields all rows are one sequence.
    """

    old: Table
    new: Table
    fields: tuple[FieldPair, ...] = ()

    def tags(self, label: ClassField, side: Side) -> str:
        """SQL for what the tags of a side say."""
        table = self.old if side == "old" else self.new
        form = label.form(side)
        tag = label.names(side, identifier(form.name)) if form else "NULL"
        groups = ", ".join(identifier(pair.form(side).name) for pair in self.fields)
        return over_rows(table.relation, tag, groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """What differs in encoding only: `flows` by old and new class, those between tag schemes also in `tags`."""

    found: tuple[Encoding, ...] = ()
    flows: Flows = field(default_factory=Counter)
    tags: Flows = field(default_factory=Counter)


def encoded(
    label: ClassField, flows: Flows, old: Classes, new: Classes, differences: Differences, sequences: Sequences
) -> Encoded:
    """Find the changed cells of a label that differ in encoding only.

    `flows` counts paired rows by old and new class; `old` and `new` are the classes of all rows.
    """
    flag = differences.flag(label.name)
    if flag is None or label.pair is None:
        return Encoded()
    if not are_tags(old) or not are_tags(new):
        return _named(flows, old, new)
    if label.is_list:
        return _tag_lists(label.pair, flag, differences)
    return _tags(label, flag, _same_types(old, new), differences, sequences)


def variant(one: str, other: str) -> EncodingKind | None:
    """How two names that differ are variants of one another; None if they are not."""
    if _BLANKS.sub("", one) == _BLANKS.sub("", other):
        return "blanks"
    if _folded(one) == _folded(other):
        return "case"
    return "plural" if _singular(_folded(one)) == _singular(_folded(other)) else None


def _folded(name: str) -> str:
    return _BLANKS.sub("", name).casefold()


def _singular(name: str) -> str:
    """A folded name without the ending of an English plural."""
    if name.endswith("ies") and len(name) > 4:
        return name[:-3] + "y"
    if name.endswith(("ches", "shes", "sses", "xes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith(("ss", "us", "is")) and len(name) > 2 else name


def _named(flows: Flows, old: Classes, new: Classes) -> Encoded:
    found, kept = [], Flows()
    for (source, target), rows in flows.items():
        if source is None or target is None or (target in old and source in new):
            continue
        kind = variant(source, target)
        if kind is not None:
            found.append(Encoding(kind=kind, source=source, target=target, rows=rows))
            kept[source, target] = rows
    return Encoded(found=_sorted(found), flows=kept)


def _tags(
    label: ClassField, flag: str, same_types: Mapping[str, str], differences: Differences, sequences: Sequences
) -> Encoded:
    left, right = sequences.tags(label, "old"), sequences.tags(label, "new")
    mapped = " ".join(f"WHEN {literal(source)} THEN {literal(target)}" for source, target in same_types.items())
    source_type = f"CASE l.type {mapped} ELSE l.type END" if mapped else "l.type"
    flows = Flows()
    sql = (
        f"SELECT l.tag, r.tag, count(*) FROM {differences.table} AS d "
        f"JOIN {left} AS l ON l.p = d.{OLD} JOIN {right} AS r ON r.p = d.{NEW} "
        f"WHERE d.{flag} AND l.tag <> r.tag AND {source_type} = r.type "
        "AND l.begins = r.begins AND l.ends = r.ends GROUP BY ALL"
    )
    for source, target, rows in differences.engine.rows(sql):
        flows[source, target] = rows
    tags = Flows({pair: rows for pair, rows in flows.items() if type_of(pair[0]) == type_of(pair[1])})
    found = []
    if tags:
        source, target = (scheme_of_rows(differences.engine, side) for side in (left, right))
        found.append(Encoding(kind="tags", source=source, target=target, rows=tags.total()))
    renamed: Counter[tuple[str, str]] = Counter()
    for (source, target), rows in (flows - tags).items():
        renamed[type_of(source), type_of(target)] += rows
    for (one, other), rows in renamed.items():
        found.append(Encoding(kind=variant(one, other) or "case", source=one, target=other, rows=rows))
    return Encoded(found=_sorted(found), flows=flows, tags=tags)


def _same_types(old: Classes, new: Classes) -> Mapping[str, str]:
    """Types of spans of old that new writes otherwise."""
    before, after = ({type_of(tag) for tag in tags if tag is not None and tag != "O"} for tags in (old, new))
    return {one: other for one in sorted(before - after) for other in sorted(after - before) if variant(one, other)}


def _tag_lists(pair: FieldPair, flag: str, differences: Differences) -> Encoded:
    """Cells that hold the tags of a whole sequence mean the same if all of these do."""
    old, new = differences.columns(pair)
    engine = differences.engine
    said = (
        over_list(column, lambda tag: f"struct_pack(type := {tag.type}, begins := {tag.begins}, ends := {tag.ends})")
        for column in (old, new)
    )
    missing = f"list_contains(list_transform({old} || {new}, lambda dsv_tag: dsv_tag IS NULL), true)"
    same = f"{next(said)} = {next(said)} AND NOT {missing}"
    rows = engine.value(f"SELECT count(*) FROM {differences.table} WHERE {flag} AND {same}")
    if not rows:
        return Encoded()
    source, target = (scheme_of_lists(engine, differences.table, column) for column in (old, new))
    return Encoded(found=(Encoding(kind="tags", source=source, target=target, rows=rows),))


def _sorted(found: list[Encoding]) -> tuple[Encoding, ...]:
    return tuple(sorted(found, key=lambda item: (-item.rows, item.source, item.target)))
