"""How a value from the data is spelled for a person. Machines get JSON instead (renderers/_encode.py)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

MISSING = "(missing)"
BYTES_SHOWN = 16


def shown(value: Any) -> str:
    """A value in words that tell apart missing, the empty string and blanks at the ends.

    A text stands bare unless it is empty, begins or ends with a blank, or would look like
    something else; then it stands in double quotes. Nested values are compact JSON.
    """
    if value is None:
        return MISSING
    if isinstance(value, str):
        return f'"{value}"' if _needs_quotes(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return json.dumps(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes(bytes(value))
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=shown)
    return str(value)


def _needs_quotes(text: str) -> bool:
    return text != text.strip() or text in ("", MISSING) or text.startswith('"')


def _bytes(value: bytes) -> str:
    more = "…" if len(value) > BYTES_SHOWN else ""
    return f"{len(value)} bytes 0x{value[:BYTES_SHOWN].hex()}{more}"
