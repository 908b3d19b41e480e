"""The class counts of a profile as a table, and the chart that `dvc plots` draws of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from dsv.model.profile import LabelProfile, Profile

TEMPLATE = "dsv_class_counts"
COLUMNS = ("label", "split", "class", "rows")

_CHART = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "data": {"values": "<DVC_METRIC_DATA>"},
    "title": {"text": "<DVC_METRIC_TITLE>", "anchor": "middle"},
    # DVC hands the cells of a table on as texts.
    "transform": [{"calculate": "toNumber(datum['rows'])", "as": "rows"}],
    "facet": {
        "row": {"field": "label", "type": "nominal", "title": None},
        "column": {"field": "split", "type": "nominal", "title": None},
    },
    "spec": {
        "width": 300,
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": {"field": "rows", "type": "quantitative", "title": "rows"},
            "y": {"field": "class", "type": "nominal", "title": None, "sort": "-x"},
            "yOffset": {"field": "rev", "sort": []},
            "color": "<DVC_METRIC_COLOR>",
        },
    },
    "resolve": {"scale": {"x": "independent", "y": "independent"}},
}


def dump(profile: Profile) -> str:
    """The rows of each class, one line a label field, split and class (`COLUMNS`), as CSV.

    Rows in no split have an empty one. Classes of a field that has too many to be listed are left out.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for label in profile.labels:
        writer.writerows(_records(label))
    return stream.getvalue()


def is_own(path: Path) -> bool:
    """Say whether a file begins like such a table."""
    with path.open("rb") as stream:
        return stream.readline(100).rstrip() == ",".join(COLUMNS).encode()


def chart() -> str:
    """How `dvc plots` draws such a table, in Vega-Lite: bars from 0, those of revisions beside each other."""
    return json.dumps(_CHART, indent=2) + "\n"


def _records(label: LabelProfile) -> Iterator[tuple[str, str, str, int]]:
    for name, rows in label.classes.items():
        parts = {split: counts[name] for split, counts in label.by_split.items() if name in counts}
        if rest := rows - sum(parts.values()):
            parts[""] = rest
        for split, count in sorted(parts.items()):
            yield label.field, split, name, count
