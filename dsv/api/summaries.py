"""What a `.dvc` file, a `dvc.lock` or a table holds, told by profiles: for Git's own diffs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from dsv.errors import DsvError
from dsv.model.profile import PROFILE_SUFFIX, Profile
from dsv.model.summary import Summary
from dsv.profiles import document as profiles
from dsv.store import git
from dsv.store.cache import CacheObject
from dsv.store.hashes import file_md5, load_json, save_json
from dsv.store.history import blobs_named
from dsv.store.pointers import Output, is_pointer, lock_outputs, pointer_outputs
from dsv.store.repository import Repository

HANDY_BYTES = 64 * 2**20
"""Larger data is not read for a diff of Git's."""
REMEMBERED = 20_000
_MD5 = re.compile(rb"^ +md5: '?([0-9a-f]{32}(?:\.dir)?)'?$", re.MULTILINE)


def summaries(start: Path, file: Path) -> list[Summary]:
    """What a file holds; of its name the end tells what it is, for Git puts letters of its own before it.

    Nothing is fetched. Raises: DsvError: it is no `.dvc` file, `dvc.lock` or table, or damaged.
    """
    repository, name = Repository.discover(start), file.name
    if is_pointer(_plain(name)):
        outputs = outputs_of(file.read_bytes(), name)
        known = Profiles(repository)
        return [_of_output(repository, known, output) for output in outputs]
    md5 = file_md5(file)
    profile = Profiles(repository).of(md5) or computed(repository, file, name, md5)
    return [Summary(path=name, md5=md5, size_bytes=file.stat().st_size, stage=None, profile=profile)]


def outputs_of(content: bytes, path: str) -> tuple[Output, ...]:
    """The outputs that a `.dvc` file or `dvc.lock` records. Raises: DocumentError: it is damaged."""
    if posixpath.basename(_plain(path)) == "dvc.lock":
        return lock_outputs(content, path, None)
    return pointer_outputs(content, path)


def _plain(name: str) -> str:
    """A file's name, also where Git put letters of its own before it: `a1B2c3_dvc.lock`."""
    return "dvc.lock" if name.endswith("_dvc.lock") else name


def _of_output(repository: Repository, known: Profiles, output: Output) -> Summary:
    profile = None
    if output.md5 is not None and not _is_version(output):
        profile = known.of(output.md5)
        if profile is None:
            file = in_cache(repository, output)
            with suppress(DsvError):
                # What is no table has no profile.
                profile = None if file is None else computed(repository, file, output.path, output.md5)
    return Summary(path=output.path, md5=output.md5, size_bytes=output.size, stage=output.stage, profile=profile)


def _is_version(output: Output) -> bool:
    """The versions of a chain are told by what it publishes."""
    return "/.versions/" in f"/{output.path}"


def in_cache(repository: Repository, output: Output) -> Path | None:
    """The cached file of an output; None for a folder, and where it is not on this machine."""
    if output.md5 is None or output.is_folder or repository.dvc_root is None:
        return None
    path = CacheObject(md5=output.md5, legacy=output.legacy).path(repository.objects_folder(repository.dvc_root))
    return path if path.is_file() else None


class Profiles:
    """The profiles of the work tree and of all history, by the hash of the bytes that they describe."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._place = repository.cache_folder() / "profiles.json"

    def of(self, md5: str) -> Profile | None:
        """The profile of bytes; None if there is none that is sound."""
        for text in self._texts(md5):
            try:
                found = profiles.load(text, md5)
            except DsvError:
                continue
            if found.md5 == md5 and found.adds_up:
                return found
        return None

    def _texts(self, md5: str) -> Iterator[bytes]:
        made = self._repository.cache_folder() / "summaries" / f"{md5}.yaml"
        if made.is_file():
            yield made.read_bytes()
        blob = self._remembered.get(md5) or self._searched.get(md5)
        if blob is not None:
            yield from git.blobs(self._repository.root, [blob]).values()
        if md5 in self._work_files:
            yield self._work_files[md5]

    @cached_property
    def _remembered(self) -> dict[str, str]:
        return {md5: blob for md5, blob in load_json(self._place).items() if isinstance(blob, str)}

    @cached_property
    def _searched(self) -> dict[str, str]:
        """All profiles of history, those that are not remembered yet looked up."""
        known = dict(self._remembered)
        seen = set(known.values())
        new = [blob for blob in blobs_named(self._repository, f"*{PROFILE_SUFFIX}") if blob not in seen]
        for blob, content in git.blobs(self._repository.root, new).items() if new else ():
            found = _MD5.search(content)
            if found is not None:
                known[found[1].decode()] = blob
        if new:
            save_json(self._place, dict(list(known.items())[-REMEMBERED:]))
        return known

    @cached_property
    def _work_files(self) -> dict[str, bytes]:
        """The profiles of the work tree, which need not be committed."""
        root, found = self._repository.root, {}
        listed = ("ls-files", "-z", "--others", "--exclude-standard", "--cached", "--", f"*{PROFILE_SUFFIX}")
        for file in (root / path for path in git.lines(root, *listed)):
            content = file.read_bytes() if file.is_file() else b""
            if (md5 := _MD5.search(content)) is not None:
                found[md5[1].decode()] = content
        return found


def computed(repository: Repository, file: Path, name: str, md5: str) -> Profile | None:
    """A profile of bytes that none is known of, if they are a table and not too many; it is kept for the next time."""
    if file.stat().st_size > HANDY_BYTES:
        return None
    from dsv.files import write_text
    from dsv.formats.base import recognised, scan
    from dsv.model.dataset import Dataset
    from dsv.model.snapshot import ReadOptions, Snapshot
    from dsv.profiles.build import build
    from dsv.store.revisions import workspace
    from dsv.store.trees import Tree
    from dsv.tables.duckdb import Engine

    declared = next((item for item in Tree(repository, workspace()).declared() if _is_of(item.path, name)), None)
    declared = declared or Dataset(name=name, path=name)
    with Engine() as engine:
        options = ReadOptions(header=declared.header)
        snapshot = recognised(Snapshot(path=file, format="", shown_path=name, options=options), declared.format)
        table = scan(engine, snapshot).table
        profile = build(
            table,
            key=[item for item in declared.key if item in table.schema],
            labels=[item for item in declared.labels if item in table.schema],
            split=declared.split if declared.split is not None and declared.split in table.schema else None,
            unlabelled=declared.unlabelled,
            md5=md5,
            size_bytes=file.stat().st_size,
        )
    with suppress(OSError):
        write_text(repository.cache_folder() / "summaries" / f"{md5}.yaml", profiles.dump(profile))
    return profile


def _is_of(path: str, name: str) -> bool:
    """Say whether a name, whose beginning Git may have made up, can be that of a path."""
    base = posixpath.basename(path)
    return name == path or posixpath.basename(name) == base or posixpath.basename(name).endswith(f"_{base}")
