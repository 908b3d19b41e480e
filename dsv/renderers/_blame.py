"""The contract `dsv.blame/1`: where cells come from, described by schemas/dsv.blame.1.json."""

from __future__ import annotations

import dataclasses
from typing import Any

from dsv.model.blame import Blame, BlamedCell
from dsv.renderers._encode import dumps, encode, record

SCHEMA = "dsv.blame/1"


def render(blame: Blame) -> str:
    """The whole document."""
    document = {
        "schema": SCHEMA,
        "complete": blame.complete,
        "dataset": blame.dataset,
        "path": blame.path,
        "revision": blame.revision,
        "key": list(blame.key),
        "matching": blame.matching,
        "rows": [
            {"key": record(row.key), "cells": {cell.field: _cell(cell) for cell in row.cells}} for row in blame.rows
        ],
        "findings": [dataclasses.asdict(item) for item in blame.findings],
    }
    return dumps(document, indent=2) + "\n"


def _cell(cell: BlamedCell) -> dict[str, Any]:
    origin = None if cell.origin is None else dataclasses.asdict(cell.origin)
    return {"value": encode(cell.value), "origin": origin, "migration": cell.migration}
