"""The categories of a published COCO document: renamed in place, dropped, added."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dsv.errors import FormatError
from dsv.formats._json.spans import Members
from dsv.formats._shared.changes import Changes
from dsv.formats.base import ClassChange
from dsv.tables.table import Table

CATEGORY = "category"
STYLE = ("id", "name", "supercategory")


@dataclass(frozen=True, slots=True)
class Categories:
    """`texts` are the base's categories as they are published, None for one that is left out; `added` follow.

    `ids` are by name.
    """

    texts: tuple[str | None, ...]
    added: tuple[str, ...]
    ids: Mapping[str, Any]


def planned(changes: Changes, base: Sequence[tuple[str, dict[str, Any]]]) -> Categories:
    """The categories of the final rows; `base` are those of the base, each with its text.

    A class that the chain renamed is renamed in place and keeps its id, unless the name is taken:
    then its rows go there. One that the chain retired is left out. A class that the chain does not
    know, such as one without rows, stays. New ones get ids that were never dealt.

    Raises: FormatError: there is no category to model a new one on.
    """
    if CATEGORY not in changes.final.schema:
        return Categories(tuple(text for text, _ in base), (), {})
    change = changes.publication.classes.get(CATEGORY, ClassChange())
    names = [str(value.get("name", value.get("id"))) for _, value in base]
    staying = {name for name in names if change.names.get(name, name) == name}
    texts: list[str | None] = []
    ids: dict[str, Any] = {}
    for name, (text, value) in zip(names, base, strict=True):
        final = change.names.get(name, name)
        if final is None or (final != name and final in (staying | ids.keys())):
            texts.append(None)
            continue
        texts.append(text if final == name else _renamed(text, final))
        ids.setdefault(final, value.get("id"))
    wanted = [name for name in (*change.added, *_in_rows(changes.final)) if name not in ids]
    added = _added(changes, base, list(dict.fromkeys(wanted)))
    return Categories(
        tuple(texts), tuple(text for text, _ in added.values()), ids | {n: i for n, (_, i) in added.items()}
    )


def _renamed(text: str, name: str) -> str:
    members = Members(text)
    return members.edited({}, {"name": json.dumps(name, ensure_ascii=members.escapes)})


def _in_rows(table: Table) -> list[str]:
    """The classes that rows have."""
    rows = table.engine.rows(
        f"SELECT DISTINCT {CATEGORY} FROM {table.relation} WHERE {CATEGORY} IS NOT NULL ORDER BY {CATEGORY}"
    )
    return [name for (name,) in rows]


def _added(
    changes: Changes, base: Sequence[tuple[str, dict[str, Any]]], names: Sequence[str]
) -> dict[str, tuple[str, int]]:
    """New categories with their ids, in the style of the last one of the base."""
    if not names:
        return {}
    known = [number for _, value in base if isinstance(number := value.get("id"), int)]
    if not base or len(known) < len(base):
        raise FormatError(
            f"the class {names[0]!r} is new, and the base has no categories with whole numbers as ids to go by",
            where=changes.publication.base.shown_path,
        )
    above = _supercategories(changes, base)
    model = Members(base[-1][0])
    nothing = {name: None for name in base[-1][1] if name not in STYLE}
    found = {}
    for number, name in enumerate(names, start=max(known) + 1):
        values: dict[str, Any] = {"id": number, "name": name}
        if "supercategory" in base[-1][1]:
            values["supercategory"] = above.get(name, name)
        spelled = {key: json.dumps(value, ensure_ascii=model.escapes) for key, value in values.items()}
        found[name] = (model.edited(nothing, spelled), number)
    return found


def _supercategories(changes: Changes, base: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """By new class: what stands above the class that most of its rows had."""
    above = {str(value.get("name")): value.get("supercategory") for _, value in base}
    rows = changes.base.engine.rows(
        f"SELECT f.{CATEGORY}, mode(b.{CATEGORY} ORDER BY b.{CATEGORY}) FROM {changes.base.relation} b "
        f"JOIN {changes.final.relation} f ON {changes.pairs()} "
        f"WHERE f.{CATEGORY} IS DISTINCT FROM b.{CATEGORY} GROUP BY f.{CATEGORY}"
    )
    return {name: above[source] for name, source in rows if above.get(source) is not None}
