"""What the publish stage does: a version in, the published file and its profile out."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import IO

from dsv.errors import BrokenPromise
from dsv.files import atomic_writer, write_text
from dsv.formats import base as formats
from dsv.migrations.run import read_rows
from dsv.migrations.source import base_rows, pinned
from dsv.migrations.version import open_version
from dsv.model.migration import Base, ClassList, State
from dsv.model.profile import Profile
from dsv.model.snapshot import Snapshot
from dsv.profiles import counts, document
from dsv.profiles.build import build
from dsv.profiles.digest import row_digest
from dsv.scratch import scratch
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table


def publish(
    engine: Engine,
    base: Base,
    base_snapshot: Snapshot,
    version: Path | None,
    target: Path,
    profile_path: Path | None,
    counts_path: Path | None = None,
) -> Profile:
    """Write a version in the format of the base to `target`, its profile and the table of its class counts.

    What the chain did not change is spelled as in the base; without a version the base's bytes are
    copied. The file is read back before it takes the target's place.

    Raises: FormatError: the base is malformed, or does not fit. DataMissing: the version is not
        there. BrokenPromise: what was written does not read as the version's rows.
    """
    exact = pinned(base, base_snapshot)
    if version is None:
        base_rows(engine, base, base_snapshot, None)
        profile = _profile(formats.scan(engine, exact).table, base.state, exact.path)
        _copy(exact.path, target)
    else:
        profile = _publish(engine, base, exact, version, target)
    if profile_path is not None:
        write_text(profile_path, document.dump(profile))
    if counts_path is not None:
        _write_counts(profile, counts_path)
    return profile


def _write_counts(profile: Profile, path: Path) -> None:
    """Write the class counts; a dataset without labels has none, also where it once had."""
    if profile.labels:
        write_text(path, counts.dump(profile))
    else:
        path.unlink(missing_ok=True)


def _publish(engine: Engine, base: Base, exact: Snapshot, folder: Path, target: Path) -> Profile:
    version = open_version(folder)
    rows = read_rows(engine, version)
    with scratch("publish") as work:
        written = work / target.name
        with engine.progress.task("writing rows"), written.open("wb") as stream:
            write(base, exact, version.state, rows, stream)
        options = replace(exact.options, schema=version.state.schema)
        snapshot = replace(exact, path=written, shown_path=base.publishes, content_id=None, options=options)
        back = formats.scan(engine, snapshot).table
        with engine.progress.task("counting and hashing rows"):
            profile = _profile(back, version.state, written)
        if profile.digest != version.digest:
            # Cells that keep the base's spelling may say more than the doubles of a version.
            profile = replace(profile, version_digest=row_digest(back))
        if (profile.version_digest or profile.digest) != version.digest:
            raise BrokenPromise(
                f"{base.publishes} would not read as the rows of {folder.name}: they have the digest "
                f"{version.digest}, it has {profile.version_digest}",
                where=base.publishes,
                hint="nothing was written; this is a bug of dsv, or the version was damaged",
            )
        _copy(written, target)
    return profile


def write(base: Base, exact: Snapshot, state: State, rows: Table, stream: IO[bytes]) -> None:
    """Write rows as the base's file spells them. `exact` is that file, as `pinned` gives it.

    Raises: FormatError: as the format does.
    """
    classes = {item.field: _since_base(base.state, item) for item in state.classes}
    formats.publish(formats.Publication(base=exact, final=rows, key=state.key, classes=classes), stream)


def _since_base(base: State, classes: ClassList) -> formats.ClassChange:
    """What became of a field's classes since the base. A class is its key."""
    before = base.class_list(classes.field)
    old = {} if before is None else {item.key: item.name for item in before.classes}
    now = {item.key: None if item.retired or item.group else item.name for item in classes.classes}
    return formats.ClassChange(
        names={name: now.get(key) for key, name in old.items()},
        added=tuple(name for key, name in now.items() if name is not None and key not in old),
    )


def _profile(rows: Table, state: State, path: Path) -> Profile:
    with path.open("rb") as stream:
        md5 = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    return build(
        rows,
        key=state.key,
        labels=state.labels,
        split=state.split,
        unlabelled=state.unlabelled,
        md5=md5,
        size_bytes=path.stat().st_size,
        classes={item.field: item.classes for item in state.classes},
        guidelines=state.guidelines,
    )


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as stream, atomic_writer(target) as out:
        shutil.copyfileobj(stream, out, 1 << 20)
