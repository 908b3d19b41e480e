"""The contract `dsv.show/1`: a commit and its diff as JSON, described by schemas/dsv.show.1.json."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dsv.model.history import CommitDetails
from dsv.renderers._encode import dumps

SCHEMA = "dsv.show/1"


def render(commit: CommitDetails, diff: Mapping[str, Any]) -> str:
    """The whole document; `diff` is one of `dsv.diff/1`, as JSON values."""
    return dumps({"schema": SCHEMA, "commit": dataclasses.asdict(commit), "diff": diff}, indent=2) + "\n"
