"""DVC in this process: named objects are fetched from remotes and looked for there, and settings are written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from dsv.errors import RepositoryError
from dsv.scratch import scratch
from dsv.store.cache import CacheObject
from dsv.store.repository import Repository, user_cache_folder
from dsv.store.trusted import Trusted


def configure(project: Path, cache: Path, like: Path | None) -> None:
    """Give a project its cache, and the remotes of another one (`like`), by its local settings.

    Raises: RepositoryError: the settings of either cannot be read.
    """
    from dvc.config import Config

    try:
        with Config(str(project / ".dvc"), validate=False).edit("local", validate=False) as local:
            local["core"].update(analytics=False, check_update=False, autostage=False)
            local["cache"]["dir"] = str(cache)
            if like is not None:
                present = Config(str(like / ".dvc"))
                # Paths in them are absolute now: they were relative to where the other project is.
                local["remote"].update({name: dict(remote) for name, remote in present["remote"].items()})
                if present["core"].get("remote"):
                    local["core"]["remote"] = present["core"]["remote"]
    except Exception as error:  # whatever is wrong with the settings, DVC says it
        where = str((like or project) / ".dvc")
        raise RepositoryError(f"DVC's settings cannot be used: {error}", where=where) from None


def fetch(repo: Repository, project: Path, wanted: Iterable[CacheObject]) -> None:
    """Bring objects into the cache of the DVC project in `project`, from its present default remote.

    Under a trusted revision remote and cache are those of its settings, and DVC opens a folder that has
    nothing else. Objects that the remote lacks are passed over: look whether they are there.

    Raises: RepositoryError: no remote, or it cannot be reached; the hint says what to do.
    """
    import logging

    from dvc.config import NoRemoteError
    from dvc.repo import Repo
    from dvc_data.hashfile.hash_info import HashInfo

    logging.getLogger("dvc").setLevel(logging.CRITICAL)
    objects = repo.objects_folder(project)
    missing = [item for item in wanted if not item.path(objects).exists()]
    try:
        opened = project if repo.trusted is None else _stand_in(repo.trusted, project, objects)
        with _own_site(), Repo(str(opened)) as dvc:
            for legacy in sorted({item.legacy for item in missing}):
                name = "md5-dos2unix" if legacy else "md5"
                remote = dvc.cloud.get_remote_odb(None, "fetch", hash_name=name)
                cache = dvc.cache.legacy if legacy else dvc.cache.local
                hashes = {HashInfo(name, item.md5) for item in missing if item.legacy == legacy}
                dvc.cloud.transfer(remote, cache, hashes, shallow=True)
    except NoRemoteError:
        where = None if repo.trusted is None else f"in the settings at {repo.trusted.commit[:12]}"
        raise RepositoryError(
            "no DVC remote is set up", where=where, hint="dvc remote add --default NAME URL"
        ) from None
    except Exception as error:  # a remote's own library raises what it likes
        raise RepositoryError(f"the DVC remote cannot be read: {error}", hint="dvc fetch") from error


def lacking(project: Path, wanted: Iterable[CacheObject]) -> list[CacheObject]:
    """Those of the objects that the project's default remote lacks, by its own listing.

    Raises: RepositoryError: no remote, or it cannot be reached.
    """
    import logging

    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.CRITICAL)
    wanted = list(wanted)
    found: list[CacheObject] = []
    try:
        with _own_site(), Repo(str(project)) as repo:
            for legacy in sorted({item.legacy for item in wanted}):
                remote = repo.cloud.get_remote_odb(None, "status", hash_name="md5-dos2unix" if legacy else "md5")
                asked = [item for item in wanted if item.legacy == legacy]
                there = set(remote.oids_exist([item.md5 for item in asked]))
                missing = [item for item in asked if item.md5 not in there]
                if missing:
                    _check_reached(remote, missing[0].md5)
                found += missing
    except Exception as error:  # a remote's own library raises what it likes
        raise RepositoryError(f"the DVC remote cannot be read: {error}", hint="dvc remote list") from error
    return found


@contextmanager
def _own_site() -> Iterator[None]:
    """Have DVC keep what it unpickles where only this user writes.

    Its default is a folder for all users of the machine, and settings that a branch brings may name another.
    """
    name = "DVC_SITE_CACHE_DIR"
    if os.environ.get(name):
        yield
        return
    folder = user_cache_folder() / "dvc"
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        usable = os.access(folder, os.W_OK)
    except OSError:
        usable = False
    with nullcontext(folder) if usable else scratch("dvc") as place:
        os.environ[name] = str(place)
        try:
            yield
        finally:
            del os.environ[name]


def _stand_in(trusted: Trusted, project: Path, objects: Path) -> Path:
    """A DVC project without files or Git, that has trusted settings; their paths start where the project is."""
    from dvc.config import Config, merge

    place = trusted.stand_in(project)
    own = place / ".dvc"
    if (own / "config.local").is_file():
        return place
    own.mkdir(parents=True, exist_ok=True)
    with Config(str(own), validate=False).edit("local", validate=False) as local:
        for name, text in trusted.settings(project).items():
            (own / "given").write_bytes(text)
            merge(local, Config._load_paths(Config.load_file(str(own / "given")), str(project / ".dvc" / name)))
        local["core"].pop("site_cache_dir", None)
        local["core"].update(no_scm=True, analytics=False, check_update=False, autostage=False)
        local["cache"]["dir"] = str(objects)
    return place


def _check_reached(remote: Any, md5: str) -> None:
    """Require that an object is missing, and not the whole remote. Raises: OSError: it cannot be reached."""
    try:
        remote.fs.info(remote.oid_to_path(md5))
    except FileNotFoundError as error:
        # To some remotes' libraries what cannot be reached does not exist.
        if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError):
            raise error.__cause__ from None
