"""Migration documents: read, and what they mean."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from dsv import registry
from dsv.documents import yaml
from dsv.documents.decode import Problems, decode_into
from dsv.documents.yaml import KeyPath
from dsv.errors import DocumentError, DsvError, UnknownName
from dsv.files import inside
from dsv.migrations.encode import encode
from dsv.model.migration import BASE_ID, Expectation, Migration, RowTest
from dsv.operations.base import Operation

ID = re.compile(r"m[0-9]{4}_[a-z0-9_]{1,60}")
SUFFIX = ".yaml"
UNCHANGED, REMOVED = "unchanged", "removed"
_TEXT_SUFFIXES = (".csv", ".tsv")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTestDocument:
    """A test of a document: a row or a list of rows; `unchanged`, `removed` or rows; counts."""

    given: Any
    expect: Any = None
    counts: Expectation | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationDocument:
    """The keys of a migration document."""

    dsv: int
    id: str
    after: str
    title: str
    why: str | None = None
    operations: tuple[Any, ...]
    expect: Expectation | None = None
    tests: tuple[RowTestDocument, ...] = ()


def read(text: str | bytes, path: str, folder: Path | None) -> Migration:
    """Read a migration document.

    `path` is its repository path; `folder` is where it and its side files lie on this machine. With
    None, side files are not read and the digest is that of the document alone.

    Raises: DocumentError: all that is wrong with it, with lines; a side file that is not there.
    """
    value, lines = yaml.load_mapping(text, path)
    problems = Problems(path, lines)
    document = decode_into(problems, MigrationDocument, value, ())
    raw = value.get("operations")
    operations = _operations(problems, raw if isinstance(raw, list) else [])
    tests: tuple[RowTest, ...] = ()
    if document is not None:
        _check(problems, document, PurePosixPath(path))
        tests = tuple(_tests(problems, document))
    problems.check()
    side_files = list(dict.fromkeys(name for item in operations for name in item.side_files()))
    hashes = {name: None if folder is None else _hash(folder, name, path) for name in side_files}
    above = PurePosixPath(path).parent
    return Migration(
        id=document.id,
        after=document.after,
        title=document.title,
        why=document.why,
        path=path,
        operations=tuple(operations),
        side_files=tuple(str(above / name) for name in side_files),
        tuned=tuple(dict.fromkeys(name for item in operations for name in item.parameters())),
        digest=digest(operations, hashes),
        expect=document.expect,
        tests=tests,
        lines={_spelled(place): line for place, line in lines.items() if 0 < len(place) <= 2},
    )


def digest(operations: Sequence[Operation], hashes: Mapping[str, str | None]) -> str:
    """SHA-256 of what a migration means: comments, title, why and spelling of the document do not count.

    Nor do `expect` and `tests`: they hold a migration to account and never change what it makes. Nor
    does its place in a chain, so that a migration that was rebased is known again: `chain.lock` holds
    ids and order beside the digests. `hashes` are those of the side files, by name; a side file counts
    by its content, whatever its name.
    """
    meaning = [{"op": f"{item.name}@{item.version}", "with": _by_content(encode(item), hashes)} for item in operations]
    canonical = json.dumps(meaning, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _by_content(value: Any, hashes: Mapping[str, str | None]) -> Any:
    """A value of a document with the hash of a side file in place of its name."""
    if isinstance(value, str):
        name, *function = value.split(":", 1) if value not in hashes else [value]
        found = hashes.get(name)
        return value if found is None else {"sha256": found, "function": function}
    if isinstance(value, dict):
        return {key: _by_content(item, hashes) for key, item in value.items()}
    return [_by_content(item, hashes) for item in value] if isinstance(value, list) else value


def operation_of(problems: Problems, mapping: Any, path: KeyPath) -> Operation | None:
    """The operation that a mapping stands for; None after noting what is wrong with it."""
    if not isinstance(mapping, dict) or not isinstance(mapping.get("op"), str):
        problems.add(path, "an operation needs `op:` and its name", "such as: op: rename_class")
        return None
    name, _, version = mapping["op"].partition("@")
    try:
        kind = registry.get("operations", name)
    except UnknownName as error:
        problems.add((*path, "op"), error.message, error.hint)
        return None
    if version and version != str(kind.version):
        problems.add((*path, "op"), f"this dsv knows {name}@{kind.version}, not {name}@{version}", "use another dsv")
        return None
    parameters = {key: item for key, item in mapping.items() if key != "op"}
    made: Operation | None = decode_into(problems, kind, parameters, path)
    return made


def _tests(problems: Problems, document: MigrationDocument) -> Iterator[RowTest]:
    """The tests of a document, their rows as lists; what is wrong with one is noted."""
    for place, item in enumerate(document.tests):
        path: KeyPath = ("tests", place)
        given = _rows(problems, item.given, (*path, "given"))
        expect: tuple[Mapping[str, Any], ...] | None = None
        unchanged = item.expect == UNCHANGED
        if item.expect == REMOVED:
            expect = ()
        elif item.expect is not None and not unchanged:
            expect = _rows(problems, item.expect, (*path, "expect"))
        elif item.counts is None and not unchanged:
            problems.add(path, "a test needs `expect:` or `counts:`", "such as: expect: unchanged")
        line = problems.lines.get(path, 1)
        yield RowTest(given=given, expect=expect, unchanged=unchanged, counts=item.counts, name=item.name, line=line)


def _rows(problems: Problems, value: Any, path: KeyPath) -> tuple[Mapping[str, Any], ...]:
    rows = value if isinstance(value, list) else [value]
    if not rows or not all(isinstance(row, dict) and row for row in rows):
        also = f", {UNCHANGED} or {REMOVED}" if path[-1] == "expect" else ""
        problems.add(path, f"{path[-1]!r} is a row (fields and values) or a list of rows{also}")
        return ()
    return tuple(rows)


def _spelled(path: KeyPath) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _operations(problems: Problems, raw: list[Any]) -> list[Operation]:
    made = [operation_of(problems, item, ("operations", place)) for place, item in enumerate(raw)]
    return [item for item in made if item is not None]


def _check(problems: Problems, document: MigrationDocument, path: PurePosixPath) -> None:
    if document.dsv != 1:
        problems.add(("dsv",), f"this dsv reads documents of version 1, not {document.dsv}", "use a newer dsv")
    for key, value in (("id", document.id), ("after", document.after)):
        if not ID.fullmatch(value):
            problems.add(
                (key,),
                f"{value!r} is no id of a migration",
                "an id is m, four digits, _ and at most 60 of a-z 0-9 _, such as m0004_split_scooter",
            )
    if document.id != path.name.removesuffix(SUFFIX):
        problems.add(("id",), f"the id {document.id!r} is not the file's name", f"name the file {document.id}.yaml")
    if document.id in (BASE_ID, document.after):
        problems.add(("id",), f"{document.id!r} cannot be the id of this migration")
    if not document.title.strip():
        problems.add(("title",), "the title is empty")
    if not document.operations:
        problems.add(("operations",), "there is no operation")


def _hash(folder: Path, name: str, path: str) -> str:
    """SHA-256 of a side file; line ends of delimited text do not count."""
    try:
        content = inside(folder, name).read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise DocumentError(
            f"the file {name!r}, which the migration names, is not there",
            where=path,
            hint=f"put it beside the document: {PurePosixPath(path).parent / name}",
        ) from None
    except DsvError as error:
        raise DocumentError(error.message, where=path, hint="name a file beside the document") from None
    if name.lower().endswith(_TEXT_SUFFIXES):
        content = content.replace(b"\r\n", b"\n")
    return hashlib.sha256(content).hexdigest()
