"""What a format has beside its rows: other tables, which are compared too, and faults of the content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dsv.model.diff import DatasetDiff
from dsv.model.finding import Finding
from dsv.model.values import shown

if TYPE_CHECKING:
    from dsv.formats.base import Scan
    from dsv.tables.table import Table


def with_parts(diff: DatasetDiff, old: Scan | None, new: Scan | None) -> DatasetDiff:
    """A dataset's diff with those of its other tables: it is modified where one of them is."""
    parts = _parts(diff, old, new)
    modified = diff.status == "unchanged" and any(part.status != "unchanged" for part in parts.values())
    said = tuple(
        replace(item, dataset=diff.dataset, message=f"{name}: {item.message}")
        for name, part in parts.items()
        for item in part.findings
    )
    return replace(diff, tables=parts, status="modified" if modified else diff.status, findings=diff.findings + said)


def _parts(diff: DatasetDiff, old: Scan | None, new: Scan | None) -> dict[str, DatasetDiff]:
    from dsv.diff.dataset import diff_tables
    from dsv.diff.request import DiffRequest

    parts = [{} if scan is None else scan.parts for scan in (old, new)]
    found = {}
    for name in dict.fromkeys((*parts[1], *parts[0])):
        left, right = (side.get(name) for side in parts)
        before, after = (None if part is None else part.table for part in (left, right))
        known = next(part for part in (right, left) if part is not None)
        request = DiffRequest(
            key=() if known.identity else known.key,
            key_source="format",
            ignore=known.context,
            context=known.context,
            told=known.told,
            identity=known.identity,
            surrogates=known.surrogates,
        )
        found[name] = diff_tables(f"{diff.dataset} {name}", diff.path, before, after, request)
    return found


def faults(name: str, before: Scan | None, after: Scan | None) -> Iterator[Finding]:
    """Faults of the content of the dataset `name`; those of one side only say of which.

    Of what is only worth knowing (a class without rows), what is new is told: of a diff the rest is no news.
    """
    old, new = (() if scan is None else scan.findings for scan in (before, after))
    if before is not None and after is not None:
        new, old = tuple(_news(new, old)), tuple(item for item in old if item.level != "info")
    for word, found, others in (("new", new, old), ("old", old, new)):
        for finding in found:
            if finding not in others:
                yield replace(finding, dataset=name, message=f"{word}: {finding.message}")
            elif word == "new":
                yield replace(finding, dataset=name)


def _news(new: Sequence[Finding], old: Sequence[Finding]) -> Iterator[Finding]:
    return (item for item in new if item.level != "info" or item not in old)


def unnarrowed(diff: DatasetDiff, where: str | None) -> DatasetDiff:
    """The diff with a word on its other tables, if a condition narrows its rows: it has no say in them."""
    differing = [name for name, part in diff.tables.items() if part.status != "unchanged"]
    if where is None or not differing:
        return diff
    message = f"--where is about the rows; what differs in {', '.join(differing)} is shown whole"
    finding = Finding(rule="where-rows-only", level="info", message=message, dataset=diff.dataset)
    return replace(diff, findings=(*diff.findings, finding))


def boxless(name: str, iou: float | None, before: Scan | None, after: Scan | None) -> Iterator[Finding]:
    """That there was nothing to compare by overlap, if someone asked for it."""
    rungs = (rung for scan in (before, after) if scan is not None for rung in scan.identity)
    if iou is not None and not any(rung.boxes for rung in rungs):
        message = "no field is known to hold boxes, so --iou had nothing to compare"
        yield Finding(rule="no-boxes", level="warning", message=message, dataset=name)


def zones(name: str, before: Scan | None, after: Scan | None) -> Iterator[Finding]:
    """Times with a zone on one side only: which moments the others are, nobody knows; they are taken for UTC."""
    if before is None or after is None:
        return
    old, new = (_times(scan.table) for scan in (before, after))
    for zoned, verb in ((True, "got"), (False, "lost")):
        fields = sorted(field for field, has in new.items() if has is zoned and old.get(field) is (not zoned))
        if fields:
            listed = ", ".join(map(shown, fields))
            message = f"times {verb} a time zone: {listed}; those without one were compared as if they were of UTC"
            yield Finding(rule="zone-changed", level="warning", message=message, count=len(fields), dataset=name)


def _times(table: Table) -> dict[str, bool]:
    """The fields that are times to the file, and whether they have a zone."""
    typed = (field.name for field in table.schema if field.type == "datetime" and field.name not in table.text_fields)
    return {name: name in table.zoned_fields for name in typed}
