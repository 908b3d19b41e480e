"""Edits of a YAML text that leave every byte outside the edit as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dsv.documents._nodes import Node, compose
from dsv.documents.yaml import KeyPath, dump, dump_flow, load_mapping
from dsv.errors import DocumentError

Keys = tuple[str, ...]


def set_entry(text: str, keys: Keys, value: Any, where: str) -> str:
    """Give the entry at `keys` a value: replaced where it stands, else put last in its mapping.

    Mappings above it are made. An entry that has the value already is left as it is spelled.

    Raises: DocumentError: the text is not YAML, or cannot be edited without touching the rest.
    """
    wanted = load_mapping(text, where)[0]
    found, current = _lookup(wanted, keys)
    if found and _same(current, value):
        return text
    above = wanted
    for key in keys[:-1]:
        if not isinstance(above.get(key), dict):
            above[key] = {}
        above = above[key]
    above[keys[-1]] = value
    return _verified(_Editor(text, where).set(keys, value), wanted, where)


def remove_entry(text: str, keys: Keys, where: str) -> str:
    """Take out the entry at `keys`, and the mappings above it that it leaves empty; comments stay.

    Raises: DocumentError: the text is not YAML, or cannot be edited without touching the rest.
    """
    wanted = load_mapping(text, where)[0]
    if not _lookup(wanted, keys)[0]:
        return text
    while len(keys) > 1 and len(_lookup(wanted, keys[:-1])[1]) == 1:
        keys = keys[:-1]
    del _lookup(wanted, keys[:-1])[1][keys[-1]]
    return _verified(_Editor(text, where).remove(keys), wanted, where)


def replace_texts(text: str, change: Callable[[KeyPath, str], str], where: str) -> str:
    """Give texts among the values, wherever they stand, other texts: `change` is asked for each.

    Raises: DocumentError: the text is not YAML, or cannot be edited without touching the rest.
    """
    wanted = _changed(load_mapping(text, where)[0], change, ())
    root = compose(text, where)
    found = [] if root is None else list(_texts(root, ()))
    for path, node in reversed(found):
        new = change(path, node.content)
        if new != node.content:
            text = text[: node.start] + dump_flow(new) + text[node.end :]
    return _verified(text, wanted, where)


def _changed(value: Any, change: Callable[[KeyPath, str], str], path: KeyPath) -> Any:
    if isinstance(value, dict):
        return {key: _changed(item, change, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_changed(item, change, (*path, place)) for place, item in enumerate(value)]
    return change(path, value) if isinstance(value, str) else value


def _texts(node: Node, path: KeyPath) -> Iterator[tuple[KeyPath, Node]]:
    """Texts among the values of a node, in the order of the document."""
    if node.alias:
        return
    if node.kind == "mapping":
        for key, item in node.content:
            yield from _texts(item, (*path, key.content))
    elif node.kind == "list":
        for place, item in enumerate(node.content):
            yield from _texts(item, (*path, place))
    elif isinstance(node.content, str):
        yield path, node


def _lookup(value: Any, keys: Keys) -> tuple[bool, Any]:
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return False, None
        value = value[key]
    return True, value


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(_same, left, right))
    return type(left) is type(right) and bool(left == right)


def _verified(text: str, wanted: Any, where: str) -> str:
    try:
        edited = load_mapping(text, where)[0]
    except DocumentError:
        edited = None
    if edited is None or not _same(edited, load_mapping(dump(wanted), where)[0]):
        raise DocumentError(
            "the file cannot be edited without changing other parts of it",
            where=where,
            hint="write it in block style, one key a line, without anchors",
        )
    return text


class _Editor:
    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.root = compose(text, where)
        # YAML's line breaks alone: str.splitlines would also cut at a form feed or U+2028
        self.end = "\r\n" if "\r\n" in text else "\n"
        self.lines = text.split("\n")

    def set(self, keys: Keys, value: Any) -> str:
        parent, depth, entry = self.root, 0, None
        while parent is not None and parent.kind == "mapping" and parent.content:
            entry = parent.child(keys[depth])
            if entry is None or depth == len(keys) - 1 or not _has_entries(entry[1]):
                break
            parent, depth = entry[1], depth + 1
        for key in reversed(keys[depth + 1 :]):
            value = {key: value}
        if entry is not None and parent is not None:
            return self.replace(entry, keys[depth], value, in_flow=parent.flow)
        entries = {keys[depth]: value}
        if parent is None or not parent.content:
            return self.first(entries)
        last = parent.content[-1]
        if parent.flow:
            place = max(last[0].end, last[1].end)
            return self.splice(place, place, f", {dump_flow(entries)[1:-1]}")
        return self.after_line(_last_line(last), entries, last[0].column)

    def first(self, entries: dict[str, Any]) -> str:
        if self.root is None or self.root.end == self.root.start:
            return self.after_line(len(self.lines), entries, 0)
        return self.splice(self.root.start, self.root.end, "\n".join(self.rendered(entries, 0)))

    def replace(self, entry: tuple[Node, Node], key: str, value: Any, *, in_flow: bool) -> str:
        name, old = entry
        if old.flow and old.end > old.start and (in_flow or _is_scalar(value)):
            return self.splice(old.start, old.end, dump_flow(value))
        return self.joined(name.line - 1, _last_line(entry), self.rendered({key: value}, name.column))

    def remove(self, keys: Keys) -> str:
        parent = self.root
        for key in keys[:-1]:
            found = parent.child(key) if parent is not None else None
            parent = found[1] if found is not None else None
        if parent is None or (entry := parent.child(keys[-1])) is None:
            return self.text
        if not parent.flow:
            return self.joined(entry[0].line - 1, _last_line(entry), [])
        place = parent.content.index(entry)
        if place > 0:
            before = parent.content[place - 1]
            return self.splice(max(before[0].end, before[1].end), max(entry[0].end, entry[1].end), "")
        following = parent.content[1][0].start if len(parent.content) > 1 else max(entry[0].end, entry[1].end)
        return self.splice(entry[0].start, following, "")

    def splice(self, start: int, end: int, addition: str) -> str:
        return self.text[:start] + addition + self.text[end:]

    def after_line(self, line: int, value: Any, column: int) -> str:
        addition = self.rendered(value, column)
        while line == len(self.lines) and line and not self.lines[-1]:
            self.lines.pop()
            line -= 1
        return self.joined(line, line, addition)

    def rendered(self, value: Any, column: int) -> list[str]:
        import textwrap

        carriage = self.end[:-1]
        return [line + carriage for line in textwrap.indent(dump(value), " " * column).split("\n")[:-1]]

    def joined(self, first: int, last: int, addition: list[str]) -> str:
        before, after = self.lines[:first], self.lines[last:]
        if before and first == len(self.lines) and not before[-1].endswith(self.end[:-1]):
            before[-1] += self.end[:-1]
        text = "\n".join([*before, *addition, *after])
        return text if after or not text else text + "\n"


def _has_entries(node: Node) -> bool:
    return node.kind == "mapping" and bool(node.content)


def _last_line(entry: tuple[Node, Node]) -> int:
    return int(max(entry[0].last_line, entry[1].last_line))


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))
