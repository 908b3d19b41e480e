"""YAML read by the core rules of version 1.2, and written so that version 1.1 reads the same."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dsv.documents._nodes import Node, compose
from dsv.errors import DocumentError

KeyPath = tuple[Any, ...]
Lines = Mapping[KeyPath, int]

SIMPLE_KEY = 1000  # YAML takes a longer key only after a question mark

_PLAIN = re.compile(r"[^\W_]|[_./][^\s]|[^\W_].*[^\s]|[_./][^\s].*[^\s]")
_AMBIGUOUS = re.compile(
    r"""~|null|true|false|yes|no|on|off|y|n                              # words
    |[-+]?[0-9][0-9_,]*(\.[0-9_]*)?(e[-+]?[0-9]+)?                       # numbers
    |[-+]?\.[0-9_]+(e[-+]?[0-9]+)?|[-+]?\.(inf|nan)
    |[-+]?0x[0-9a-f_]+|[-+]?0o[0-7_]+|[-+]?0b[01_]+
    |[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?                        # base 60
    |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([t\s].*)?                            # dates
    |\.\.\..*                                                             # the end of a document
    """,
    re.IGNORECASE | re.VERBOSE,
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def load(text: str | bytes, where: str) -> Any:
    """The document's value: dict, list, str, int, float, bool or None.

    Raises: DocumentError with `where:line`: not YAML, a key given twice, a tag, merge conflict
    markers, too large or too deep.
    """
    root = compose(text, where)
    return None if root is None else value_of(root, where)


def load_marked(text: str | bytes, where: str) -> tuple[Any, Lines]:
    """The document's value, and the line (from 1) of every key path, `()` being the document.

    A key path holds mapping keys and list positions: `("stages", "train", "deps", 0)`.

    Raises: DocumentError, as `load`.
    """
    root = compose(text, where)
    lines: dict[KeyPath, int] = {(): 1}
    if root is None:
        return None, lines
    _mark(root, (), lines)
    return value_of(root, where), lines


def load_mapping(text: str | bytes, where: str) -> tuple[dict[str, Any], Lines]:
    """Like `load_marked`, for a document whose top level is a mapping with text keys (or empty).

    Raises: DocumentError, as `load`, and for any other top level.
    """
    value, lines = load_marked(text, where)
    if value is None:
        return {}, lines
    if not isinstance(value, dict):
        raise DocumentError("the document is not a mapping of keys to values", where=f"{where}:1")
    for key in value:
        if not isinstance(key, str):
            raise DocumentError(
                f"the key {key!r} is not text", where=f"{where}:{lines[(key,)]}", hint="put it in quotes"
            )
    return value, lines


def dump(value: Any) -> str:
    """Block-style YAML, in the order given; equal values give equal text.

    Strings that a reader of YAML 1.1 or 1.2 would take for something else are quoted.

    Raises: TypeError: a value that YAML's plain types cannot hold.
    """
    lines = list(_block(value))
    return "\n".join(lines) + "\n"


def dump_flow(value: Any) -> str:
    """The same on one line, with brackets and braces."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(k, flow=True)}: {dump_flow(v)}" for k, v in value.items()) + "}"
    if _is_list(value):
        return "[" + ", ".join(dump_flow(item) for item in value) + "]"
    return _scalar(value, flow=True)


def value_of(node: Node, where: str) -> Any:
    """The Python value of a node, merge keys (`<<`) resolved. Raises: DocumentError."""
    if node.kind == "scalar":
        return node.content
    if node.kind == "list":
        return [value_of(item, where) for item in node.content]
    merged: dict[Any, Any] = {}
    own: dict[Any, Any] = {}
    for key, item in node.content:
        value = value_of(item, where)
        if key.kind != "merge":
            own[key.content] = value
            continue
        for source in reversed(value if isinstance(value, list) else [value]):
            if not isinstance(source, dict):
                raise DocumentError("a merge key needs a mapping", where=f"{where}:{key.line}")
            merged.update(source)
    return {**merged, **own}


def _mark(node: Node, path: KeyPath, lines: dict[KeyPath, int]) -> None:
    lines.setdefault(path, node.line)
    if node.alias:
        return
    if node.kind == "list":
        for position, item in enumerate(node.content):
            _mark(item, (*path, position), lines)
    elif node.kind == "mapping":
        for key, item in node.content:
            lines[(*path, key.content)] = key.line
            _mark(item, (*path, key.content), lines)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _block(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            name = _scalar(key)
            if len(name) > SIMPLE_KEY:
                yield f"? {name}"
                name = ""
            yield from _entry(f"{name}:", item)
    elif _is_list(value) and value:
        for item in value:
            yield from _item(item)
    else:
        yield dump_flow(value) if isinstance(value, Mapping) or _is_list(value) else _scalar(value)


def _entry(head: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from ("  " + line for line in _block(value))
    elif _is_list(value) and value:
        yield head
        yield from _block(value)
    else:
        yield f"{head} {next(_block(value))}"


def _item(value: Any) -> Iterator[str]:
    first, *rest = _block(value)
    yield f"- {first}"
    yield from ("  " + line for line in rest)


def _scalar(value: Any, *, flow: bool = False) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value, flow)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    raise TypeError(f"YAML cannot hold a {type(value).__name__}")


def _number(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # YAML 1.1 takes an exponent for a number only after a decimal point
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _text(value: str, flow: bool) -> str:
    if _UNPRINTABLE.search(value):
        return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", _json(value))
    special = ": " in value or " #" in value or value.endswith(":")
    if flow:
        special = special or any(character in ",[]{}:" for character in value)
    if not special and value.isprintable() and _PLAIN.fullmatch(value) and not _AMBIGUOUS.fullmatch(value):
        return value
    return "'" + value.replace("'", "''") + "'"


def _json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
