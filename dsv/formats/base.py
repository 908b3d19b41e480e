"""What a format is; and scanning and publishing through the format that a file name says."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import IO, Protocol, runtime_checkable

from dsv import registry
from dsv.errors import FormatError
from dsv.formats._lined import LEAST_BYTES, Lined
from dsv.formats._watch import Watch
from dsv.model.diff import Formatting
from dsv.model.finding import Finding
from dsv.model.identity import Rung
from dsv.model.snapshot import Dialect, ReadOptions, Snapshot
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table

_NO_HEADER = ReadOptions(header=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Another table of a format, such as COCO's images: its rows and the fields that tell them apart.

    `identity`, `surrogates`, `context` and `told` are as in `Scan`.
    """

    table: Table
    key: tuple[str, ...]
    identity: tuple[Rung, ...] = ()
    context: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    surrogates: tuple[str, ...] = ()


def _nothing() -> None:
    """No file can have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRows:
    """Which rows of a table a file of its folder holds: `count` of them, from the position `first` on.

    `path` is that of a `Member` of the snapshot, whose md5 says whether the other side has the same
    rows.
    """

    path: str
    first: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A table, and how many malformed lines were left out of it (only when asked to).

    `first_malformed` is `path:line` of the first of them. What a format knows of its own files
    stands in for what nobody declared: `identity`, how rows are told apart where ids are dealt
    afresh, which `surrogates` are; `labels` and `split`, its fields of classes and of parts. `parts`
    are the format's other tables by name. `findings` are faults of the content that leave it readable.
    `check`, called when the rows were read, raises FormatError if a file has changed meanwhile: large
    files are read where they lie. `ranges` are the rows by file, in their order, of a folder of files
    of rows, and `some` gives the table of those of some files, by their paths, at the positions that
    they have among all (None: it is no less work than all). `context` are fields that say where a row
    stands (a running number, what another table says of its group): they may tell rows apart, and are
    not compared row by row. `sequence` is the field that numbers the sequences (sentences) in which the
    rows stand in order. `told` are the fields that tell people which row is meant. `optional` are
    fields that the format lets any row leave out, so that it says nothing of their schema if one does.
    """

    table: Table
    malformed: int = 0
    first_malformed: str | None = None
    identity: tuple[Rung, ...] = ()
    surrogates: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    split: str | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    check: Callable[[], None] = _nothing
    ranges: tuple[MemberRows, ...] = ()
    some: Callable[[Collection[str]], Table] | None = None
    context: tuple[str, ...] = ()
    sequence: str | None = None
    snapshot: Snapshot | None = None
    told: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassChange:
    """The classes of a label since the base: the name now of each that the base had, and the new ones.

    None stands for a class that no row may have any more.
    """

    names: Mapping[str, str | None] = field(default_factory=dict)
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What to publish: `final`, spelled as `base` spells what did not change.

    `key` are the key fields by their final names. Without a key, rows are those of the base that
    stand at the same `POSITION`. `classes` are the labels' classes, for formats that list them, by
    field.
    """

    base: Snapshot
    final: Table
    key: tuple[str, ...]
    classes: Mapping[str, ClassChange] = field(default_factory=dict)


class Format(Protocol):
    """One file format. A leaf's `plugin` is an instance."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings of the names of files that are tables of this format, lower case, without `.gz`."""

    @property
    def shared_suffixes(self) -> tuple[str, ...]:
        """Endings of names that other files have too, so that `claims` looks at the content."""

    @property
    def generic(self) -> bool:
        """It claims whatever no other format claims."""

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether a folder, or a file with a shared suffix, is of this format. Reads little; never fails."""

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """How the file is written; None for formats that are written in one way only.

        Raises: FormatError: the file cannot be read.
        """

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the file as a table. Raises: FormatError: it is malformed; names file and line."""

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final rows in the base's format and spelling.

        The bytes equal the base's where nothing changed.

        Raises: FormatError: the base cannot be read, or its rows cannot be told apart.
        """


class ReadOnly:
    """What formats have in common whose files dsv reads and does not write."""

    name: str

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """None: nothing is written."""
        return None

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Refuse. Raises: FormatError: always."""
        raise self.refusal(publication.base.shown_path)

    def refusal(self, shown_path: str) -> FormatError:
        """The error for a dataset of this format that is to be written."""
        return FormatError(
            f"dsv cannot write {self.name} yet, it only reads it",
            where=shown_path,
            hint="migrations need a format that dsv writes, such as csv, jsonl or parquet",
        )


@runtime_checkable
class Spelled(Protocol):
    """A text format, in which one value has several spellings."""

    def spelling(
        self, old: Snapshot, new: Snapshot, key: tuple[str, ...], *, by_position: bool, respelled: bool
    ) -> Formatting: ...


@runtime_checkable
class LineByLine(Protocol):
    """A text format of one record a line, if a file's lines are all alike."""

    def lined(self, engine: Engine, snapshot: Snapshot) -> Lined | None: ...


def detect(name: str) -> tuple[str, bool]:
    """The format and whether the file is gzipped, from a file's name, whatever its case.

    Raises: FormatError: the suffix is not known; the hint lists the known ones.
    """
    gzip = name.lower().endswith(".gz")
    found = _by_name(name)
    if found is None:
        raise _unknown(name)
    return found, gzip


def recognised(snapshot: Snapshot, given: str | None = None) -> Snapshot:
    """The snapshot with its format, which is `given`, or found by the name, or by the content.

    Raises: FormatError: no format takes it, or several do. UnknownName: `given` is no format.
    """
    zipped = snapshot.members is None and snapshot.shown_path.lower().endswith(".gz")
    snapshot = replace(snapshot, gzip=zipped)
    if given is not None:
        registry.get("formats", given)
        return replace(snapshot, format=given)
    if snapshot.members is not None:
        return replace(snapshot, format=_claiming(snapshot, registry.names("formats")))
    certain = _by_name(snapshot.shown_path)
    if certain is not None:
        return replace(snapshot, format=certain)
    return replace(snapshot, format=_claiming(snapshot, _fitting(_shared_suffixes(), snapshot.shown_path)))


def _claiming(snapshot: Snapshot, names: list[str]) -> str:
    """The only format that claims the content; those that claim what is left over give way to others."""
    plugins = {name: registry.get("formats", name) for name in names}
    found = [name for name, plugin in plugins.items() if plugin.claims(snapshot)]
    particular = [name for name in found if not plugins[name].generic]
    found = particular or found
    if len(found) > 1:
        raise FormatError(
            f"this may be of several formats: {', '.join(found)}", where=snapshot.shown_path, hint="--format NAME"
        )
    if not found:
        raise _unknown(snapshot.shown_path)
    return found[0]


def _by_name(name: str) -> str | None:
    """The format that a file's name alone tells.

    Most suffixes are the name of their format: that leaf is asked first, and no other is imported.
    """
    suffix = posixpath.splitext(name.lower().removesuffix(".gz"))[1]
    namesake = suffix.removeprefix(".")
    if namesake in registry.names("formats") and suffix in registry.get("formats", namesake).suffixes:
        return namesake
    return next(iter(_fitting(_suffixes(), name)), None)


def _fitting(suffixes: Mapping[str, tuple[str, ...]], name: str) -> list[str]:
    stem = name.lower().removesuffix(".gz")
    return [found for found, endings in suffixes.items() if stem.endswith(endings)]


def _unknown(name: str) -> FormatError:
    endings = [*_suffixes().values(), *_shared_suffixes().values()]
    known = ", ".join(dict.fromkeys(ending for group in endings for ending in group))
    return FormatError(
        "this is no table of a known format",
        where=name,
        hint=f"known: {known}, each also with .gz; folders of several formats; or say --format NAME",
    )


def is_table_name(name: str) -> bool:
    """Say whether a file's name alone says that it is a table of a known format."""
    return _by_name(name) is not None


def may_be_table_name(name: str) -> bool:
    """Say whether files of that name are tables if their content is of a known format."""
    return _by_name(name) is None and bool(_fitting(_shared_suffixes(), name))


def is_claimed(snapshot: Snapshot) -> bool:
    """Say whether any format takes a folder, or a file with a suffix that other files have too."""
    is_folder = snapshot.members is not None
    names = registry.names("formats") if is_folder else _fitting(_shared_suffixes(), snapshot.shown_path)
    zipped = snapshot.members is None and snapshot.shown_path.lower().endswith(".gz")
    return any(registry.get("formats", name).claims(replace(snapshot, gzip=zipped)) for name in names)


def scan(engine: Engine, snapshot: Snapshot) -> Scan:
    """Read a snapshot as a table. Raises: FormatError: it is malformed; names file and line."""
    if snapshot.members is None and not snapshot.path.is_file():
        raise FormatError("there is no such file", where=snapshot.shown_path)
    watch = Watch()
    found = format_of(snapshot).scan(engine, watch.over(snapshot))
    watch.check()
    engine.expect(len(found.table.schema.names))
    inner = found.check

    def check() -> None:
        inner()
        watch.check()

    return replace(found, check=check, snapshot=snapshot)


def lined(engine: Engine, snapshot: Snapshot) -> tuple[Lined, Callable[[], None]] | None:
    """What the lines of a large file have to be for it to be read line by line; None where it is not read so.

    Also what is called when they were read: it raises FormatError if the file has changed meanwhile.
    """
    plugin = format_of(snapshot)
    plain = snapshot.members is None and not snapshot.gzip and snapshot.options in (ReadOptions(), _NO_HEADER)
    if not (plain and isinstance(plugin, LineByLine) and snapshot.path.is_file()):
        return None
    if snapshot.path.stat().st_size < LEAST_BYTES:
        return None
    watch = Watch()
    found = plugin.lined(engine, watch.over(snapshot))
    return None if found is None else (found, watch.check)


def spelling(
    old: Snapshot, new: Snapshot, key: tuple[str, ...], *, by_position: bool, respelled: bool = True
) -> Formatting | None:
    """What differs between two files of one text format and changes no value; None for other formats.

    `key` are the fields that pair rows, none where they pair by their values. Not `respelled`: it is known that
    rows are equal only where their lines are.
    """
    plugin = format_of(old)
    if (
        old.format != new.format
        or not isinstance(plugin, Spelled)
        or old.members is not None
        or new.members is not None
    ):
        return None
    return plugin.spelling(old, new, key, by_position=by_position, respelled=respelled)


def publish(publication: Publication, stream: IO[bytes]) -> None:
    """Write the final rows as the base is written: its very bytes if nothing changed, gzipped if it is.

    Raises: FormatError: the base cannot be read, or its rows cannot be told apart.
    """
    format_of(publication.base).publish(publication, stream)


def dialect(snapshot: Snapshot) -> Dialect | None:
    """How a snapshot's file is written; None where its format has one way only. Raises: FormatError."""
    return format_of(snapshot).dialect(snapshot)


def check_writable(snapshot: Snapshot) -> None:
    """Refuse a dataset that could not be published. Raises: FormatError: dsv cannot write its format."""
    plugin = format_of(snapshot)
    if isinstance(plugin, ReadOnly):
        raise plugin.refusal(snapshot.shown_path)


def format_of(snapshot: Snapshot) -> Format:
    """The format that a snapshot says it has."""
    found: Format = registry.get("formats", snapshot.format)
    return found


@cache
def _suffixes() -> dict[str, tuple[str, ...]]:
    return {name: registry.get("formats", name).suffixes for name in registry.names("formats")}


@cache
def _shared_suffixes() -> dict[str, tuple[str, ...]]:
    return {name: registry.get("formats", name).shared_suffixes for name in registry.names("formats")}
