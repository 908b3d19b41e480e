"""New migration documents: written for people to read and to finish."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Literal, Union, get_args, get_origin

from dsv import registry
from dsv.documents import yaml
from dsv.documents.decode import Problems
from dsv.errors import DocumentError, UsageError, did_you_mean
from dsv.migrations.document import operation_of
from dsv.migrations.encode import encode
from dsv.operations.base import Operation

SLUG_LENGTH = 60
FILES = ("file", "scores")
"""Parameters of operations that name a side file."""
_FLOW_LENGTH = 90
_HEAD = """\
# {title}
#
# What follows a # is for people; it never changes what the migration does.
# See what it will do: dsv migrate plan. Do it: dsv migrate up.
dsv: 1
id: {id}
{after}{title_line}# why: a sentence for those who come after you
operations:
"""
_KINDS = {str: "text", int: "an integer", float: "a number", bool: "true or false"}


def new_text(id: str, after: str, title: str, operation: str | None, parameters: Mapping[str, str]) -> str:
    """The text of a new document: one operation, or a template that lists them all.

    `parameters` are spelled as on a command line: text stands as it is; what is no text is YAML
    (`[a, b]`, `0.5`, `true`). Parameters that were not given stand in comments.

    Raises: UnknownName: no such operation. UsageError: a parameter that it does not have, or a
        value that does not fit.
    """
    after_line, title_line = yaml.dump({"after": after}), yaml.dump({"title": title})
    head = _HEAD.format(title=" ".join(title.split()), id=id, after=after_line, title_line=title_line)
    return head + (_template() if operation is None else _operation(operation, parameters))


def missing(operation: str, parameters: Mapping[str, str]) -> tuple[str, ...]:
    """What an operation needs and was not given: such a document is to be finished by hand."""
    fields = _fields(operation.partition("@")[0])
    return tuple(key for key, item in fields.items() if key not in parameters and _is_required(item))


def captured_text(id: str, after: str, title: str, operations: Sequence[tuple[Operation, str]]) -> str:
    """The text of a document of operations that are complete, each with a comment that says why (or none)."""
    after_line, title_line = yaml.dump({"after": after}), yaml.dump({"title": title})
    head = _HEAD.format(title=" ".join(title.split()), id=id, after=after_line, title_line=title_line)
    lines = []
    for operation, why in operations:
        lines += [f"# {' '.join(why.split())}"] if why else []
        mapping = {"op": f"{operation.name}@{operation.version}", **encode(operation)}
        entries = [line for key, value in mapping.items() for line in _entry(key, value)]
        lines += [f"{'- ' if place == 0 else '  '}{line}" for place, line in enumerate(entries)]
    return head + "".join(f"  {line}\n" for line in lines)


SPARED = ("protect",)
"""Parameters that say what is left alone: an id names what is done."""


def slug(operation: str | None, parameters: Mapping[str, str]) -> str:
    """The end of an id: the operation's name and its first parameter, such as `rename_class_bike`."""
    if operation is None:
        return "migration"
    name = operation.partition("@")[0]
    fields = _fields(name).items()
    given = [key for key, item in fields if key in parameters and key not in SPARED and not _is_sql(item)]
    if not given:
        return slugify(name)
    value = parameters[given[0]]
    return slugify(f"{name} {PurePath(value).name.partition('.')[0] if given[0] in FILES else value}")


def slugify(text: str) -> str:
    """A text as the end of an id: a-z, 0-9 and _, at most 60 of them."""
    words = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return words[:SLUG_LENGTH].rstrip("_") or "migration"


def _template() -> str:
    known = registry.names("operations")
    width = max(map(len, known))
    lines = [f"  #   {name:{width}}  {_about(registry.get('operations', name))}" for name in known]
    return (
        "  # One or more of these, in order; `dsv migrate new OPERATION NAME=VALUE …` writes one out.\n"
        + "".join(f"{line}\n" for line in lines)
        + "  - op:\n"
    )


def _operation(word: str, parameters: Mapping[str, str]) -> str:
    name, _, version = word.partition("@")
    kind = registry.get("operations", name)
    fields = _fields(name)
    for key in parameters:
        if key not in fields:
            raise UsageError(f"{name} has no parameter {key!r}", hint=did_you_mean(key, fields))
    hints = typing.get_type_hints(kind)
    given = {key: _value(parameters[key], hints[item.name], key) for key, item in fields.items() if key in parameters}
    mapping = {"op": f"{name}@{version or kind.version}", **given}
    if not missing(name, parameters):
        _check(mapping, name)
    lines = [f"# {line}".rstrip() for line in inspect.cleandoc(kind.__doc__ or "").splitlines()]
    lines += ["- " + yaml.dump({"op": mapping["op"]}).rstrip()]
    for key, item in fields.items():
        if key in given:
            lines += [f"  {line}" for line in _entry(key, given[key])]
        else:
            lines.append(f"  # {_offer(key, item, hints[item.name])}")
    return "".join(f"  {line}\n" for line in lines)


def _check(mapping: dict[str, Any], name: str) -> None:
    problems = Problems(name, {})
    operation_of(problems, mapping, ())
    try:
        problems.check()
    except DocumentError as error:
        raise UsageError(error.message, where=name, hint=error.hint) from None


def _fields(name: str) -> dict[str, dataclasses.Field[Any]]:
    """Keys in documents -> dataclass fields of an operation."""
    kind = registry.get("operations", name)
    return {str(item.metadata.get("key", item.name)): item for item in dataclasses.fields(kind)}


def _is_required(item: dataclasses.Field[Any]) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


def _is_sql(item: dataclasses.Field[Any]) -> bool:
    return bool(item.metadata.get("sql"))


def _choices(annotation: Any) -> list[Any]:
    """The types that a value may have, None left out."""
    if get_origin(annotation) in (Union, types.UnionType):
        return [part for choice in get_args(annotation) for part in _choices(choice)]
    return [] if annotation is type(None) else [annotation]


def _is_text(annotation: Any) -> bool:
    return annotation is str or get_origin(annotation) is Literal


def _value(text: str, annotation: Any, key: str) -> Any:
    """The value that a parameter's text stands for, given the type that it must have."""
    choices = _choices(annotation)
    if all(map(_is_text, choices)):
        return text
    if all(get_origin(choice) is tuple for choice in choices) and not text.lstrip().startswith("["):
        return [text]
    try:
        value = yaml.load(text, key)
    except DocumentError as error:
        if str in choices:
            return text
        raise UsageError(error.message, where=f"{key}={text}", hint="quote it as in YAML") from None
    if isinstance(value, list):
        return [str(item) if type(item) is int and str in get_args(choices[0]) else item for item in value]
    return value


def _entry(key: str, value: Any) -> list[str]:
    flow = f"{key}: {yaml.dump_flow(value)}"
    return [flow] if len(flow) <= _FLOW_LENGTH else yaml.dump({key: value}).splitlines()


def _offer(key: str, item: dataclasses.Field[Any], annotation: Any) -> str:
    """A parameter that was not given, for a comment."""
    kinds = " or ".join(dict.fromkeys(_kind(choice) for choice in _choices(annotation)))
    if _is_required(item):
        return f"{key}:  # needed: {kinds}"
    default = item.default if item.default_factory is dataclasses.MISSING else item.default_factory()
    usual = "" if default is None else f", else {yaml.dump_flow(default)}"
    return f"{key}:  # {kinds}{usual}"


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is tuple:
        return "a list"
    return _KINDS.get(annotation, "keys and values")


def _about(kind: Any) -> str:
    """What an operation does, in one line: the first of its module."""
    module = inspect.getmodule(kind)
    return (inspect.getdoc(module) or "").splitlines()[0]
