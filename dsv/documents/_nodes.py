"""Nodes of a YAML text, each knowing where it stands. Built from events, so that depth is bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import yaml

from dsv.errors import DocumentError

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 100
MAX_NODES = 1_000_000

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE_MARKER = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)
_TAG = "tag:yaml.org,2002:"
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A scalar, list or mapping. `start` and `end` count characters, `line` counts from 1.

    `kind` is "scalar", "list", "mapping", or "merge" for a key that is a plain `<<`. `content` is a
    Python scalar, a tuple of nodes, or a tuple of (key node, value node) pairs. `last_line` is the
    last line that the node's own text reaches. `size` counts the nodes and `height` the levels
    below, aliases written out.
    """

    kind: str
    content: Any
    start: int
    end: int
    line: int
    last_line: int
    column: int
    flow: bool
    size: int = 1
    height: int = 0
    alias: bool = False

    def child(self, key: Any) -> tuple[Node, Node] | None:
        """The (key node, value node) of a mapping's key."""
        if self.kind != "mapping":
            return None
        return next((pair for pair in self.content if pair[0].content == key), None)


def compose(text: str | bytes, where: str) -> Node | None:
    """The root node, None for an empty document. Raises: DocumentError with `where:line`."""
    text = _decoded(text, where)
    marker = _MERGE_MARKER.search(text)
    if marker is not None:
        line = text.count("\n", 0, marker.start()) + 1
        raise DocumentError(
            "the file holds merge conflict markers",
            where=f"{where}:{line}",
            hint="resolve the conflict first",
        )
    try:
        return _Composer(text, where).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        last = text.count("\n") + 1
        line = 1 if mark is None else min(mark.line + 1, last)
        problem = f"not valid YAML: {error.problem or error.context}"
        raise DocumentError(problem, where=f"{where}:{line}") from None
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        raise DocumentError(f"not valid YAML: {reason}", where=where) from None


def scalar(text: str) -> Any:
    """What a plain scalar stands for by the core rules of YAML 1.2.

    Dates, octal numbers and numbers with leading zeros stay text.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text) and len(text) < 1000:
        return int(text, 16 if text.startswith("0x") else 10)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL_FLOAT.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def _decoded(text: str | bytes, where: str) -> str:
    if len(text) > MAX_BYTES:
        raise DocumentError(f"the document is larger than {MAX_BYTES >> 20} MB", where=where)
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise DocumentError("the file is not UTF-8 text", where=f"{where}:{line}") from None


def _place(start: Any, end: Any, last_line: int) -> dict[str, Any]:
    return {
        "start": start.index,
        "end": end.index,
        "line": start.line + 1,
        "last_line": last_line,
        "column": start.column,
    }


class _Composer:
    def __init__(self, text: str, where: str) -> None:
        self.where = where
        self.events: Iterator[Any] = yaml.parse(text, Loader=_PARSER)
        self.anchors: dict[str, Node] = {}
        self.total = 0

    def document(self) -> Node | None:
        next(self.events)
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        root = self.node(next(self.events), 0)
        next(self.events)
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self.error("the file holds a second document", event)
        return root

    def node(self, event: Any, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.error(f"nested deeper than {MAX_DEPTH} levels", event)
        if isinstance(event, yaml.AliasEvent):
            made = self.alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            made = self.scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            made = self.sequence(event, depth)
        else:
            made = self.mapping(event, depth)
        self.total += made.size if made.alias else 1
        if self.total > MAX_NODES:
            raise self.error(f"more than {MAX_NODES} values", event)
        if depth + made.height > MAX_DEPTH:
            raise self.error(f"nested deeper than {MAX_DEPTH} levels", event)
        if not made.alias and event.anchor is not None:
            self.anchors[event.anchor] = made
        return made

    def alias(self, event: Any) -> Node:
        target = self.anchors.get(event.anchor)
        if target is None:
            raise self.error(f"unknown alias {event.anchor!r}", event)
        place = _place(event.start_mark, event.end_mark, event.end_mark.line + 1)
        return replace(target, **place, flow=True, alias=True)

    def scalar(self, event: Any) -> Node:
        plain, quoted = event.implicit
        value = event.value
        if plain:
            value = scalar(value)
        elif not quoted:
            value = self.tagged(event)
        block, end = event.style in ("|", ">"), event.end_mark
        last = end.line if block and end.column == 0 else end.line + 1
        return Node(kind="scalar", content=value, flow=not block, **_place(event.start_mark, end, last))

    def tagged(self, event: Any) -> Any:
        if event.tag in (_TAG + "str", "!"):
            return event.value
        value = scalar(event.value)
        kinds = {"int": int, "float": float, "bool": bool, "null": type(None)}
        kind = kinds.get(event.tag.removeprefix(_TAG))
        if kind is None or not event.tag.startswith(_TAG):
            raise self.error(f"the tag {event.tag!r} is not allowed", event)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.error(f"{event.value!r} does not fit its tag", event)
        return value

    def sequence(self, event: Any, depth: int) -> Node:
        self.untagged(event, "seq")
        items = []
        while not isinstance(following := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(following, depth + 1))
        return self.collection("list", event, following, tuple(items), items)

    def mapping(self, event: Any, depth: int) -> Node:
        self.untagged(event, "map")
        pairs: list[tuple[Node, Node]] = []
        seen: dict[Any, int] = {}
        while not isinstance(following := next(self.events), yaml.MappingEndEvent):
            key = self.node(following, depth + 1)
            if key.kind != "scalar":
                raise self.error("a key must be a single value", following)
            if key.content in seen:
                first = seen[key.content]
                raise self.error(f"the key {key.content!r} is given twice, first in line {first}", following)
            seen[key.content] = key.line
            if following.implicit[0] and key.content == "<<":
                key = replace(key, kind="merge")
            pairs.append((key, self.node(next(self.events), depth + 1)))
        return self.collection("mapping", event, following, tuple(pairs), [node for pair in pairs for node in pair])

    def collection(self, kind: str, event: Any, end: Any, content: tuple[Any, ...], below: list[Node]) -> Node:
        start, flow = event.start_mark, bool(event.flow_style)
        last = end.end_mark.line + 1 if flow else max((node.last_line for node in below), default=start.line + 1)
        return Node(
            kind=kind,
            content=content,
            flow=flow,
            size=1 + sum(node.size for node in below),
            height=1 + max((node.height for node in below), default=0),
            **_place(start, end.end_mark, last),
        )

    def untagged(self, event: Any, name: str) -> None:
        if event.tag not in (None, "!", _TAG + name):
            raise self.error(f"the tag {event.tag!r} is not allowed", event)

    def error(self, problem: str, event: Any) -> DocumentError:
        return DocumentError(problem, where=f"{self.where}:{event.start_mark.line + 1}")
