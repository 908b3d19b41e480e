"""JSON text of values, for fields of type `json`."""

from __future__ import annotations

import json
from typing import Any


def canonical(value: Any) -> str:
    """JSON text that is equal for equal values, whatever the order of an object's members."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
