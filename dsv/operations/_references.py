"""`${name}` in an SQL condition, or in the place of a number: a value that `params.yaml` holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dsv.errors import MigrationError, did_you_mean
from dsv.tables.duckdb import literal

_TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*' | "(?:[^"]|"")*") | \$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}""", re.VERBOSE
)
_WHOLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
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


def names_in(value: Any) -> tuple[str, ...]:
    """The names that a value refers to which is `${name}` as a whole, or holds such values."""
    if isinstance(value, str):
        match = _WHOLE.fullmatch(value)
        return () if match is None else (match[1],)
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()
    return tuple(dict.fromkeys(name for part in parts for name in names_in(part)))


def bind_in(value: Any, parameters: Mapping[str, Any], path: str) -> Any:
    """The value with each `${name}` replaced by what `params.yaml` holds. Raises: MigrationError: as `bind`."""
    if isinstance(value, Mapping):
        return {key: bind_in(part, parameters, path) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(bind_in(part, parameters, path) for part in value)
    found = names_in(value)
    return _value(found[0], parameters, path) if found else value


def _render(name: str, parameters: Mapping[str, Any], path: str) -> str:
    rendered = literal(_value(name, parameters, path))
    return rendered if rendered.startswith("(") else f"({rendered})"


def _value(name: str, parameters: Mapping[str, Any], path: str) -> str | bool | int | float | None:
    where = f"params.yaml: {path}.{name}"
    if name not in parameters:
        raise MigrationError(
            f"params.yaml has no {path}.{name}", where=where, hint=did_you_mean(name, list(parameters))
        )
    value = parameters[name]
    if value is not None and not isinstance(value, bool | int | float | str):
        raise MigrationError(f"{path}.{name} is not a single value", where=where)
    return value
