"""Bytes on this machine: Git's blobs, DVC's objects and work files, hash-checked before they are read."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dsv.errors import DataMissing, DsvError, IntegrityError, RepositoryError
from dsv.files import atomic_writer
from dsv.scratch import lasting
from dsv.store import git
from dsv.store.cache import CacheObject, listing
from dsv.store.hashes import HashCache, file_md5, load_json, save_json
from dsv.store.located import Located
from dsv.store.repository import Repository

__all__ = ["content_id", "fetch", "file_md5", "is_here", "materialise", "md5s", "members", "workspace_md5"]

_LFS_HEAD = b"version https://git-lfs.github.com/spec/"


def materialise(repo: Repository, located: Located) -> Path:
    """A local file with the located bytes, to be read and never written.

    In the workspace it is the work file where there is one. An object that is not in DVC's cache is
    fetched, from the remote that the workspace's settings name, or those of the trusted revision.

    Raises: DataMissing: neither in the cache nor on a remote. IntegrityError: the object's bytes do
    not match its hash. RepositoryError: the path is a folder, or kept by Git LFS.
    """
    if located.is_folder:
        raise RepositoryError(f"{located.path!r} is a folder, not a file", where=located.pointer)
    if located.file is not None:
        return located.file
    if located.kind == "git" and located.blob is not None:
        return _blob(repo, located, located.blob)
    if located.md5 is None:
        raise DataMissing(_sentence(located), where=located.pointer, hint="dvc pull")
    return _object(repo, located, CacheObject(md5=located.md5, legacy=located.legacy))


def is_here(repo: Repository, located: Located) -> bool:
    """Say whether `materialise` would have to fetch nothing."""
    if located.file is not None or (located.kind == "git" and located.blob is not None):
        return True
    if located.md5 is None or located.pointer is None:
        return False
    wanted = CacheObject(md5=located.md5, legacy=located.legacy)
    return wanted.path(repo.objects_folder(project_of(repo, located.pointer))).is_file()


def fetch(repo: Repository, files: Iterable[Located]) -> None:
    """Make ready what `materialise` gives of these files: all that is missing is fetched at once.

    Raises: DataMissing: the remote cannot be reached. IntegrityError is left to `materialise`.
    """
    missing: dict[Path, list[Located]] = {}
    blobs: list[Located] = []
    for item in files:
        if item.file is None and item.kind == "git" and item.blob is not None:
            blobs.append(item)
        elif item.file is None and item.md5 is not None:
            missing.setdefault(project_of(repo, str(item.pointer)), []).append(item)
    for project, items in missing.items():
        _ready(repo, project, items)
    with contextlib.suppress(OSError):
        _write_blobs(repo, blobs)


def _ready(repo: Repository, project: Path, items: Sequence[Located]) -> None:
    """Fetch what is not in the cache, and hash what is: the hashes are remembered together."""
    cache = repo.objects_folder(project)
    wanted = {item.path: CacheObject(md5=str(item.md5), legacy=item.legacy) for item in items}
    absent = [item for item in items if not wanted[item.path].path(cache).is_file()]
    if absent:
        _fetch(repo, project, absent[0], [wanted[item.path] for item in absent])
    _hashes(repo.cache_folder()).md5s(path for item in wanted.values() if (path := item.path(cache)).is_file())


def _write_blobs(repo: Repository, files: Sequence[Located]) -> None:
    folder = repo.cache_folder() / "blobs"
    wanted = dict.fromkeys(str(item.blob) for item in files if not (folder / str(item.blob)).is_file())
    for blob, pieces in git.each_blob(repo.root, wanted) if wanted else ():
        with atomic_writer(folder / blob) as stream:
            stream.writelines(pieces)


def md5s(repo: Repository, folder: Located, files: Sequence[Located]) -> dict[str, str]:
    """MD5s of the bytes of files of a folder, by repository path.

    Those of work files through the stat cache, those that DVC recorded as they are; blobs are read
    through one process and remembered by their ids. What DVC 2 kept is opened, since its hashes do
    not tell line ends apart.

    Raises: DataMissing, IntegrityError, as `materialise`.
    """
    here = {item.path: item.file for item in files if item.file is not None}
    scope = folder.file if folder.file is not None else repo.root / folder.path
    by_file = HashCache(repo.cache_folder(), scope).md5s(here.values()) if here else {}
    by_blob = _blob_md5s(repo, [str(item.blob) for item in files if item.file is None and item.blob is not None])
    found = {}
    for item in files:
        if item.file is not None:
            found[item.path] = by_file[item.file]
        elif item.blob is not None:
            found[item.path] = by_blob[item.blob]
        elif item.legacy or item.md5 is None:
            found[item.path] = _hashes(repo.cache_folder()).md5(materialise(repo, item))
        else:
            found[item.path] = item.md5
    return found


def _blob_md5s(repo: Repository, ids: Sequence[str]) -> Mapping[str, str]:
    """MD5s by Git's ids, which name the same bytes for ever."""
    place = repo.cache_folder() / "blobs.json"
    known = load_json(place)
    unknown = [blob for blob in dict.fromkeys(ids) if not isinstance(known.get(blob), str)]
    if unknown:
        for blob, pieces in git.each_blob(repo.root, unknown):
            digest = hashlib.md5(usedforsecurity=False)
            for piece in pieces:
                digest.update(piece)
            known[blob] = digest.hexdigest()
        save_json(place, known)
    return known


def members(repo: Repository, folder: Located) -> Mapping[str, str]:
    """MD5s by relative path of the files in a folder that DVC keeps; fetches the list if need be.

    Raises: DataMissing, IntegrityError, as `materialise`.
    """
    path = _fetched(repo, folder, CacheObject(md5=str(folder.md5), legacy=folder.legacy))
    return listing(path.read_bytes(), str(folder.md5), folder.path)


def content_id(repo: Repository, located: Located) -> str | None:
    """Equal for equal bytes (`git:…` or `md5:…`); a changed work file is hashed once and remembered.

    None where nothing recorded a hash and there is no file.
    """
    if located.kind == "git" and located.blob is not None:
        return f"git:{located.blob}"
    if located.file is not None:
        return f"md5:{workspace_md5(repo, located.file)}"
    if located.md5 is None:
        return None
    return f"{'md5-dos2unix' if located.legacy else 'md5'}:{located.md5}"


def workspace_md5(repo: Repository, path: Path) -> str:
    """MD5 of a work file, remembered by its size, times and inode (Git's rule for racy files)."""
    return HashCache(repo.cache_folder()).md5(path)


def project_of(repo: Repository, pointer: str) -> Path:
    """The DVC project that a pointer file belongs to: the nearest folder upwards with `.dvc/`.

    Raises: NotARepository: DVC is not set up.
    """
    for folder in (repo.root / pointer).parents:
        if (folder / ".dvc").is_dir():
            return folder
        if folder == repo.root:
            break
    return repo.require_dvc()


def _blob(repo: Repository, located: Located, blob: str) -> Path:
    try:
        return _written_blob(repo, located, blob, repo.cache_folder())
    except OSError:
        return _written_blob(repo, located, blob, _scratch())


def _written_blob(repo: Repository, located: Located, blob: str, folder: Path) -> Path:
    path = folder / "blobs" / blob
    algorithm = "sha1" if len(blob) == 40 else "sha256"
    if not path.is_file() or _hashes(folder).blob(path, algorithm) != blob:
        with atomic_writer(path) as stream:
            git.copy_blob(repo.root, blob, stream)
    with path.open("rb") as content:
        if content.read(len(_LFS_HEAD)) == _LFS_HEAD:
            raise RepositoryError(
                f"{located.path!r} is kept by Git LFS, which dsv does not read",
                where=located.revision,
                hint="git lfs migrate export, or keep it with DVC",
            )
    return path


def _object(repo: Repository, located: Located, wanted: CacheObject) -> Path:
    path = _fetched(repo, located, wanted)
    found = _hashes(repo.cache_folder()).md5(path)
    if found != wanted.md5 and not (wanted.legacy and _unix_md5(path) == wanted.md5):
        raise IntegrityError(
            f"the cached bytes of {located.path!r} at {located.revision} do not match their md5 {wanted.md5}",
            where=str(path),
            hint="delete this file and run 'dvc fetch'",
        )
    return path


def _fetched(repo: Repository, located: Located, wanted: CacheObject) -> Path:
    project = project_of(repo, str(located.pointer))
    path = wanted.path(repo.objects_folder(project))
    if not path.is_file():
        _fetch(repo, project, located, [wanted])
    if not path.is_file():
        raise DataMissing(_sentence(located), where=f"md5 {wanted.md5}", hint="dvc fetch --all-commits")
    return path


def _fetch(repo: Repository, project: Path, located: Located, wanted: Iterable[CacheObject]) -> None:
    if not repo.fetches:
        raise DataMissing(
            f"the data of {located.path!r} at {located.revision} is not on this machine",
            where=f"md5 {located.md5}",
            hint="dvc fetch --all-commits",
        )
    from dsv.store import remotes

    try:
        remotes.fetch(repo, project, wanted)
    except DsvError as error:
        where = f"md5 {located.md5}: {error.message}"
        raise DataMissing(_sentence(located), where=where, hint=error.hint) from error


def _sentence(located: Located) -> str:
    return f"the data of {located.path!r} at {located.revision} is neither in the cache nor on a remote"


def _unix_md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes().replace(b"\r\n", b"\n"), usedforsecurity=False).hexdigest()


@functools.cache
def _hashes(folder: Path) -> HashCache:
    """The hashes that a cache folder remembers, read once: every one is checked against its file."""
    return HashCache(folder)


@functools.cache
def _scratch() -> Path:
    return lasting("objects")
