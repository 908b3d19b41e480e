"""What looks like a secret by its form alone: keys of clouds and forges, tokens, private keys, passwords in URLs.

The forms are those that their issuers document, all with a fixed beginning, so that ordinary text is not taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

FORMS = (
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    r"\bgh[pousr]_[A-Za-z0-9]{36,}",
    r"\bgithub_pat_[A-Za-z0-9_]{22,}",
    r"\bglpat-[A-Za-z0-9_-]{20,}",
    r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",
    r"\bAIza[0-9A-Za-z_-]{35}",
    r"\bsk-[A-Za-z0-9_-]{32,}",
    r"\b[rs]k_live_[0-9A-Za-z]{16,}",
    r"\bhf_[A-Za-z0-9]{30,}",
    r"\bnpm_[A-Za-z0-9]{36}\b",
    r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    r"\bAccountKey=[A-Za-z0-9+/=]{40,}",
    r"\b[a-z][a-z0-9+.-]{1,20}://[^/\s:@]{1,100}:[^/\s:@]{1,200}@",
    r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY-----",
)
SECRET = "|".join(FORMS)
"""One pattern for all, in what Python's and DuckDB's (RE2) regular expressions have in common."""
MASK = "‹secret›"
# A private key goes on until it says that it ends; one that was cut goes on to the end of the text.
_WHOLE = re.compile(SECRET + r"(?:[\s\S]*?-----END [A-Z0-9 ]*PRIVATE KEY-----|[\s\S]*)")


def masked(value: Any) -> Any:
    """A value with what looks like a secret in its texts replaced, the names and items of nested values included."""
    if isinstance(value, str):
        return _WHOLE.sub(MASK, value)
    if isinstance(value, Mapping):
        return {masked(name): masked(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return value
