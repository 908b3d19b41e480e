"""`${name}` in an SQL condition: a value that `params.yaml` holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dsv.errors import MigrationError, did_you_mean
from dsv.tables.duckdb import literal

_TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*' | "(?:[^"]|"")*") | \$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}""", re.VERBOSE
)
_RENDERED = re.compile(r"\((?:CAST\('([^']*)' AS DOUBLE\)|(-?[0-9]+)|((?:'(?:[^']|'')*')))\)")


def names(text: str) -> tuple[str, ...]:
    """The names that a condition refers to, each once, in order."""
    found = [match["name"] for match in _TOKEN.finditer(text) if match["name"]]
    return tuple(dict.fromkeys(found))


def bind(text: str, parameters: Mapping[str, Any], path: str) -> str:
    """The condition with every reference replaced by an SQL literal.

    Raises: MigrationError: `params.yaml` has no such value below `path`, or not a single one; or
    a reference stands inside quotes, where SQL would take it for text.
    """

    def replace(match: re.Match[str]) -> str:
        if match["quoted"]:
            if "${" in match["quoted"]:
                raise MigrationError(
                    f"a reference stands inside quotes: {match['quoted']}",
                    hint="write ${name} without quotes; a text value is quoted for you",
                )
            return match["quoted"]
        return _render(match["name"], parameters, path)

    return _TOKEN.sub(replace, text)


def shown(text: str) -> str:
    """A bound condition as people would have written it."""
    return _RENDERED.sub(lambda match: match[1] or match[2] or match[3], text)


def _render(name: str, parameters: Mapping[str, Any], path: str) -> str:
    where = f"params.yaml: {path}.{name}"
    if name not in parameters:
        raise MigrationError(
            f"params.yaml has no {path}.{name}", where=where, hint=did_you_mean(name, list(parameters))
        )
    value = parameters[name]
    if value is not None and not isinstance(value, bool | int | float | str):
        raise MigrationError(f"{path}.{name} is not a single value", where=where)
    rendered = literal(value)
    return rendered if rendered.startswith("(") else f"({rendered})"
