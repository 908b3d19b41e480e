"""Whether what is committed here is also where others get it: on Git's upstream, and on DVC's remote."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsv.errors import IntegrityError, RepositoryError
from dsv.model.revision import SETTINGS_FROM
from dsv.store import git
from dsv.store.cache import CacheObject, listing, setting
from dsv.store.located import Located
from dsv.store.repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpushed:
    """Objects that a remote lacks, of how many."""

    remote: str
    lacking: int
    objects: int


def unpushed_commits(repo: Repository, paths: Sequence[str]) -> int:
    """How many commits that changed one of the paths the branch's upstream lacks; 0 if it has no upstream."""
    places = [git.literal(path) for path in paths]
    try:
        return int(git.read(repo.root, "rev-list", "--count", "@{upstream}..HEAD", "--", *places))
    except git.GitFailed:
        return 0


def objects_of(repo: Repository, project: Path, held: Iterable[Located]) -> list[CacheObject]:
    """The objects of files and folders that DVC keeps; of a folder that is listed here also its files."""
    found: list[CacheObject] = []
    for located in held:
        if located.md5 is None or located.kind not in ("dvc", "stage"):
            continue
        whole = CacheObject(md5=located.md5, legacy=located.legacy)
        found.append(whole)
        path = whole.path(repo.objects_folder(project))
        if located.is_folder and path.is_file():
            try:
                members = listing(path.read_bytes(), located.md5, located.path)
            except IntegrityError:
                continue
            found += [CacheObject(md5=md5, legacy=located.legacy) for md5 in members.values()]
    return list(dict.fromkeys(found))


def lacking(repo: Repository, project: Path, wanted: Sequence[CacheObject], *, ask: bool) -> Unpushed | None:
    """The objects that the default remote lacks, by its own listing; None if nobody asks it, or there is none.

    A remote that is a folder of this machine is looked at in any case; with `ask` others are too, through DVC.
    Under a trusted revision none is looked at: which one it is, the work tree says.

    Raises: RepositoryError: the remote cannot be reached, or must not be asked; there is none to `ask`.
    """
    if repo.trusted is not None:
        if ask:
            raise RepositoryError(
                "the remote is what the work tree says, and its settings are not trusted",
                where=f"{SETTINGS_FROM} names {repo.trusted.commit[:12]}",
                hint=f"without --remote, or unset {SETTINGS_FROM} where you trust the branch",
            )
        return None
    named = setting(project, "core", "remote")
    if named is None and wanted and ask:
        raise RepositoryError(
            "no default remote is set, so the data may be on this machine alone",
            where=str(project / ".dvc/config"),
            hint="dvc remote add --default NAME URL",
        )
    if named is None or not wanted:
        return None
    name = named[0]
    folder = _folder(project, name)
    if folder is not None:
        missing = sum(not item.path(folder).is_file() for item in wanted)
    elif ask:
        from dsv.store import remotes

        missing = len(remotes.lacking(project, wanted))
    else:
        return None
    return Unpushed(remote=name, lacking=missing, objects=len(wanted))


def _folder(project: Path, name: str) -> Path | None:
    """The folder of a remote that is one of this machine."""
    found = setting(project, f"'remote \"{name.lower()}\"'", "url")
    if found is None or "://" in found[0]:
        return None
    aware = setting(project, f"'remote \"{name.lower()}\"'", "version_aware")
    if aware is not None:
        return None
    value, folder = found
    return Path(os.path.abspath(folder / os.path.expanduser(value)))
