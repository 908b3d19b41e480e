"""The contract `dsv.show/1`: a commit and its diff as JSON, described by schemas/dsv.show.1.json."""

from __future__ import annotations

import dataclasses
from typing import Any

from dsv.model.diff import KINDS, DiffResult, Kind
from dsv.model.history import CommitDetails
from dsv.renderers import json
from dsv.renderers._encode import dumps

SCHEMA = "dsv.show/1"


def render(
    commit: CommitDetails, result: DiffResult, *, limit: int | None = None, kinds: tuple[Kind, ...] = KINDS
) -> str:
    """The whole document; `limit` and `kinds` as in `dsv.diff/1`."""
    diff: dict[str, Any] = json.document(result, json.SAMPLES if limit is None else limit, kinds)
    return dumps({"schema": SCHEMA, "commit": dataclasses.asdict(commit), "diff": diff}, indent=2) + "\n"
