"""The page around the rows: the template, its style and script, and the policy that allows nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsv.model.diff import Work
from dsv.model.review import Review, ReviewFinding
from dsv.model.revision import Revision
from dsv.model.rules import amount
from dsv.model.values import shown
from dsv.renderers._cells import cut
from dsv.renderers._clean import clean
from dsv.renderers._report.parts import CHARTS, Distribution, Part, distribution, schema_words
from dsv.renderers._report.rows import NO_MIGRATION

if TYPE_CHECKING:
    from jinja2 import Environment

    from dsv.renderers._report.rows import Packed

FOLDER = Path(__file__).parent
MARKS = {"error": "✗", "warning": "!", "info": "i"}
GROUPS_LISTED = 50
CELL_ROOM = 200
FIELDS_LISTED = 12

FILTERS: dict[str, Mapping[str, str]] = {
    "rows-removed": {"kind": "removed"},
    "dataset-removed": {"kind": "removed"},
    "test-rows-moved": {"kind": "changed", "field": "split"},
    "test-rows-changed": {"split": "test"},
    "bulk-relabel": {"kind": "changed", "field": "label"},
    "encoding-only": {"kind": "changed", "field": "label"},
    "unexplained": {"migration": NO_MIGRATION},
}
"""Which rows a rule is about, where a filter can say it; `split` and `label` as a field stand for the dataset's."""


def page(
    review: Review,
    parts: Sequence[Part],
    chunks: Iterator[tuple[int, str]],
    packed: Mapping[int, Packed],
    served: Mapping[str, Any] | None = None,
) -> Iterator[str]:
    """The whole page in pieces; `chunks` are taken while it is written, and then fill `packed`.

    A chunk is the number of its part, and packed rows. Where the rows are `served`, the page asks its server for
    them, and for nothing else.
    """
    style, script = (_asset(name) for name in ("report.css", "report.js"))
    datasets = [_dataset(part) for part in parts]
    context: dict[str, Any] = {
        "style": style,
        "script": script,
        "policy": policy(style, script, served=served is not None),
        "served": served is not None,
        "title": f"{_name(review.base)} … {_name(review.head)}",
        "review": review,
        "revisions": [("base", review.base), ("merge base", review.merge_base), ("head", review.head)],
        "headline": headline(review),
        "findings": [_finding(number, item) for number, item in enumerate(review.findings)],
        "errors": [
            {name: clean(getattr(item, name) or "") for name in ("message", "dataset", "where", "hint")}
            for item in review.errors
        ],
        "command": clean(review.command),
        "datasets": datasets,
        "chunks": chunks,
        "packed": packed,
        "parts": parts,
    }
    context["meta"] = lambda: script_json(_meta(review, parts, packed, datasets, served))
    return _environment().get_template("report.html").generate(context)


def policy(style: str, script: str, *, served: bool = False) -> str:
    """What the page may do: show images that are in it, apply its style, run its script.

    Nothing is loaded, or where it is served, what its own server gives.
    """
    nothing = ("default-src 'none'", "base-uri 'none'", "form-action 'none'")
    own = ("connect-src 'self'",) if served else ()
    return "; ".join((*nothing, *own, "img-src data:", f"style-src {_hash(style)}", f"script-src {_hash(script)}"))


def own_policy() -> str:
    """The policy of a page that is served."""
    return policy(_asset("report.css"), _asset("report.js"), served=True)


def script_json(value: Any) -> str:
    """JSON that ends no script element and starts no other, wherever a script element is."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def headline(review: Review) -> str:
    """The verdict in words."""
    if review.errors:
        return f"Could not compare everything: {_many(len(review.errors), 'part')} not compared"
    counts = [
        _many(number, level)
        for level in ("error", "warning")
        if (number := sum(item.level == level for item in review.findings))
    ]
    if counts:
        return ", ".join(counts)
    return "No findings" if review.datasets else "No dataset changed"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _asset(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") + "'"


def _name(revision: Revision) -> str:
    return clean(revision.name)


def _finding(number: int, item: ReviewFinding) -> dict[str, Any]:
    return {
        "number": number,
        "anchor": f"finding-{number + 1}",
        "id": clean(item.id),
        "rule": clean(item.rule),
        "level": item.level,
        "mark": MARKS[item.level],
        "count": amount(item.count, clean(item.unit)),
        "dataset": clean(item.dataset or ""),
        "message": clean(item.message),
        "see": clean(item.see or ""),
        "where": clean(item.path or "") + (f":{item.line}" if item.path and item.line else ""),
    }


def _dataset(part: Part) -> dict[str, Any]:
    diff = part.diff
    return {
        "part": part,
        "anchor": f"dataset-{part.number}",
        "path": clean(diff.path),
        "key": ", ".join(clean(name) for name in diff.key),
        "schema": [
            {"field": clean(item.field), "breaking": item.breaking, "words": schema_words(item)}
            for item in diff.schema_changes
        ],
        "labels": [_label(distribution(label)) for label in diff.labels],
        "groups": [
            {
                "number": number,
                "field": clean(group.field),
                "before": cut(clean(shown(group.before)), CELL_ROOM),
                "after": cut(clean(shown(group.after)), CELL_ROOM),
                "count": group.count,
                "share": group.share,
                "migration": clean(group.migration or ""),
            }
            for number, group in enumerate((part.dataset.groups or ())[:GROUPS_LISTED])
        ],
        "more_groups": part.dataset.more_groups + max(0, len(part.dataset.groups or ()) - GROUPS_LISTED),
        "more_cells": part.dataset.more_cells
        + sum(group.count for group in (part.dataset.groups or ())[GROUPS_LISTED:]),
        "explained": [(clean(item.migration), clean(item.title), _work(item.work)) for item in diff.explained or ()],
        "unexplained": _work(diff.unexplained) if diff.unexplained is not None else "",
        "cells": _cells(diff.changed_cells or {}),
        "redacted": ", ".join(clean(name) for name in part.dataset.redacted),
    }


def _cells(counts: Mapping[str, int]) -> str:
    """Changed cells by field, most first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    more = [f"{len(ordered) - FIELDS_LISTED:,} more fields"] if len(ordered) > FIELDS_LISTED else []
    return ", ".join([*(f"{clean(name)} {count:,}" for name, count in ordered[:FIELDS_LISTED]), *more])


def _work(work: Work) -> str:
    """Rows and cells in words; empty for nothing."""
    counts = (
        (work.rows_added, "row added", "rows added"),
        (work.rows_removed, "row removed", "rows removed"),
        (sum(work.cells.values()), "cell", "cells"),
        (work.schema_changes, "schema change", "schema changes"),
    )
    return ", ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in counts if count)


def _label(found: Distribution) -> dict[str, Any]:
    return {
        "field": found.field,
        "lines": found.lines,
        "more": found.more,
        "same": found.same,
        "charts": found.charts,
    }


def _meta(
    review: Review,
    parts: Sequence[Part],
    packed: Mapping[int, Packed],
    datasets: Sequence[Mapping[str, Any]],
    served: Mapping[str, Any] | None,
) -> dict[str, Any]:
    charts = [
        {"id": f"chart-{part.number}-{number}-{index}", **chart}
        for part, dataset in zip(parts, datasets, strict=True)
        for number, label in enumerate(dataset["labels"])
        for index, chart in enumerate(label["charts"])
    ]
    return {
        "parts": [part.title for part in parts],
        "left": any(packed[part.number].left for part in parts),
        "charts": charts[:CHARTS],
        "filters": [_filter(item, parts) for item in review.findings],
        "served": served,
    }


def _filter(item: ReviewFinding, parts: Sequence[Part]) -> dict[str, Any] | None:
    """The filters that show a finding's rows; None where none can."""
    part = next((part for part in parts if part.diff.dataset == item.dataset and part.dataset.groups is not None), None)
    asked = dict(FILTERS.get(item.rule, ()))
    if part is None or not asked:
        return None
    field = {"split": part.diff.split, "label": next((label.field for label in part.diff.labels), None)}
    if "field" in asked:
        name = field[asked["field"]]
        if name is None:
            return None
        asked["field"] = clean(name)
    return {"part": str(part.number), **asked}


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clean=clean,
        number=lambda value: "?" if value is None else f"{value:,}",
        signed=lambda value: f"{value:+,}".replace("-", "−"),
        points=lambda value: f"{value:+.1f}".replace("-", "−"),
        percent=lambda value: f"{value * 100:.1f} %",
    )
    return environment
