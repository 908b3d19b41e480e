"""Mappings into frozen dataclasses: strict types, and every problem told at once, with its line."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from dsv.documents.yaml import KeyPath, Lines
from dsv.errors import DocumentError, DsvError, did_you_mean

T = TypeVar("T")

_NAMES = {str: "text", int: "an integer", float: "a number", bool: "true or false", type(None): "nothing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong at a key path."""

    path: KeyPath
    message: str
    hint: str | None = None


@dataclass(slots=True)
class Problems:
    """Collects what is wrong in one document, to say it all at once."""

    where: str
    lines: Lines
    found: list[Problem] = field(default_factory=list)

    def add(self, path: KeyPath, message: str, hint: str | None = None) -> None:
        """Note a problem."""
        self.found.append(Problem(path=path, message=message, hint=hint))

    def place(self, path: KeyPath) -> str:
        """`file:line` of a key path, or of the nearest part above it that has a line."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.where}:{self.lines.get(path, 1)}"

    def check(self) -> None:
        """Raise one DocumentError with all that was noted; several stand one a line in `where`."""
        if not self.found:
            return
        if len(self.found) == 1:
            (only,) = self.found
            raise DocumentError(only.message, where=self.place(only.path), hint=only.hint)
        told = [f"{self.place(item.path)}: {_with_hint(item)}" for item in self.found]
        raise DocumentError(f"{len(told)} problems in {self.where}", where="\n".join(told))


def decode(cls: type[T], mapping: Any, where: str, lines: Lines, path: KeyPath = ()) -> T:
    """Make a dataclass of a mapping that `load_marked` read; `path` is where in the document it stands.

    Text is never taken for a number nor the reverse; an integer may stand for a float. Lists become
    tuples. A field's metadata `{"key": NAME}` names its key in the document. A DsvError that the
    dataclass itself raises counts as a problem.

    Raises: DocumentError: all that is wrong: unknown and missing keys, wrong types.
    """
    problems = Problems(where, lines)
    made: T = decode_into(problems, cls, mapping, path)
    problems.check()
    return made


def decode_into(problems: Problems, annotation: Any, value: Any, path: KeyPath) -> Any:
    """The decoded value, or None after noting what is wrong.

    Raises: TypeError: the annotation is of a kind that documents do not hold.
    """
    if annotation is Any:
        return value
    if dataclasses.is_dataclass(annotation):
        return _dataclass(problems, annotation, value, path)
    origin = get_origin(annotation) or annotation
    if origin in _NAMES or annotation is None:
        return _plain(problems, type(None) if annotation is None else annotation, value, path)
    decoder = _DECODERS.get(origin)
    if decoder is None:
        raise TypeError(f"documents hold no {annotation!r}")
    return decoder(problems, annotation, value, path)


def _plain(problems: Problems, kind: type, value: Any, path: KeyPath) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is kind:
        return value
    quotable = kind is str and isinstance(value, (int, float, bool))
    problems.add(path, _mismatch(path, _NAMES[kind], value), "put it in quotes" if quotable else None)
    return None


def _dataclass(problems: Problems, cls: Any, value: Any, path: KeyPath) -> Any:
    if not isinstance(value, Mapping):
        problems.add(path, _mismatch(path, "keys and values", value))
        return None
    hints = _hints(cls)
    fields = {str(item.metadata.get("key", item.name)): item for item in dataclasses.fields(cls) if item.init}
    before = len(problems.found)
    for key in value:
        if key not in fields:
            problems.add((*path, key), f"unknown key {key!r}{_inside(path)}", did_you_mean(str(key), fields))
    given: dict[str, Any] = {}
    for key, item in fields.items():
        if key in value:
            given[item.name] = decode_into(problems, hints[item.name], value[key], (*path, key))
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            problems.add(path, f"the key {key!r} is missing{_inside(path)}")
    if len(problems.found) > before:
        return None
    try:
        return cls(**given)
    except DsvError as error:
        problems.add(path, error.message, error.hint)
        return None


@lru_cache(maxsize=256)
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def _union(problems: Problems, annotation: Any, value: Any, path: KeyPath) -> Any:
    choices = get_args(annotation)
    fitting = [choice for choice in choices if _shape(choice) is _shape_of(value)]
    if len(fitting) == 1:
        return decode_into(problems, fitting[0], value, path)
    for choice in fitting or choices:
        trial = Problems(problems.where, problems.lines)
        made = decode_into(trial, choice, value, path)
        if not trial.found:
            return made
    expected = " or ".join(dict.fromkeys(_expectation(choice) for choice in choices if choice is not type(None)))
    problems.add(path, _mismatch(path, expected, value))
    return None


def _literal(problems: Problems, annotation: Any, value: Any, path: KeyPath) -> Any:
    allowed = get_args(annotation)
    for choice in allowed:
        if type(choice) is type(value) and choice == value:
            return choice
    message = _mismatch(path, _expectation(annotation), value)
    problems.add(path, message, did_you_mean(str(value), map(str, allowed)))
    return None


def _list(problems: Problems, annotation: Any, value: Any, path: KeyPath) -> Any:
    if not isinstance(value, (list, tuple)):
        problems.add(path, _mismatch(path, "a list", value))
        return None
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple and arguments[-1] is not Ellipsis:
        if len(value) != len(arguments):
            problems.add(path, f"{_subject(path)} needs {len(arguments)} values, not {len(value)}")
            return None
        kinds: Sequence[Any] = arguments
    else:
        kinds = [arguments[0]] * len(value)
    pairs = enumerate(zip(kinds, value, strict=True))
    return tuple(decode_into(problems, kind, item, (*path, place)) for place, (kind, item) in pairs)


def _mapping(problems: Problems, annotation: Any, value: Any, path: KeyPath) -> Any:
    if not isinstance(value, Mapping):
        problems.add(path, _mismatch(path, "keys and values", value))
        return None
    key_kind, item_kind = get_args(annotation)
    made = {}
    for key, item in value.items():
        name = decode_into(problems, key_kind, key, (*path, key))
        made[name] = decode_into(problems, item_kind, item, (*path, key))
    return made


_DECODERS: dict[Any, Callable[[Problems, Any, Any, KeyPath], Any]] = {
    Union: _union,
    types.UnionType: _union,
    Literal: _literal,
    **dict.fromkeys((tuple, list, Sequence), _list),
    **dict.fromkeys((dict, Mapping), _mapping),
}


def _shape(annotation: Any) -> Any:
    if dataclasses.is_dataclass(annotation):
        return Mapping
    origin = get_origin(annotation) or annotation
    return {dict: Mapping, tuple: list, Sequence: list}.get(origin, origin)


def _shape_of(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Mapping
    return list if isinstance(value, tuple) else type(value)


def _expectation(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(annotation))
    shape = _shape(annotation)
    return {Mapping: "keys and values", list: "a list"}.get(shape) or _NAMES.get(shape, "a value")


def _mismatch(path: KeyPath, expected: str, value: Any) -> str:
    if isinstance(value, Mapping):
        found = "keys and values"
    elif isinstance(value, (list, tuple)):
        found = "a list"
    elif value is None:
        found = "nothing"
    else:
        found = f"{_NAMES.get(type(value), type(value).__name__)} ({_spelled(value)})"
    return f"{_subject(path)} must be {expected}, not {found}"


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if len(text) <= 60 else text[:60] + "…"


def _subject(path: KeyPath) -> str:
    shown = ""
    for part in path:
        shown += f"[{part}]" if isinstance(part, int) else f"{'.' if shown else ''}{part}"
    return f"'{shown}'" if shown else "the document"


def _inside(path: KeyPath) -> str:
    return f" in {_subject(path)}" if path else ""


def _with_hint(problem: Problem) -> str:
    return problem.message if problem.hint is None else f"{problem.message} ({problem.hint})"
