"""Adoption: a dataset's file becomes the base of a chain, and stays published with the same bytes."""

from __future__ import annotations

import os
import posixpath
import shutil
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from dsv.api.chains import OpenChain, Project
from dsv.api.names import CHAIN_LOCK, IGNORE, PIPELINE, PIPELINE_LOCK, VERSIONS
from dsv.api.opening import Workspace
from dsv.api.running import apply_head, head_files
from dsv.api.snapshots import plain_snapshot
from dsv.documents import pipeline, yaml
from dsv.documents.declarations import set_path
from dsv.errors import DataMissing, MigrationError, UnknownRevision
from dsv.files import atomic_writer, write_bytes, write_text
from dsv.formats.base import check_writable, dialect, scan
from dsv.migrations import base as bases
from dsv.migrations.chain import Chain, link
from dsv.model.dataset import Dataset
from dsv.model.migration import BASE_ID, Base, ChainLock
from dsv.model.profile import counts_path, profile_path
from dsv.profiles import counts
from dsv.store import dvc, merging, objects
from dsv.store.commit import changed_paths
from dsv.store.repository import Repository
from dsv.store.revisions import resolve
from dsv.store.trees import Located, Tree
from dsv.tables.duckdb import Engine

POINTER = ".dvc"
_TOLD = (profile_path(""), counts_path(""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A dataset's file as a commit has it: its bytes on this machine, and its `.dvc` document (None: Git keeps it).

    `declared` is the dataset as that commit declares it, under the path that it has now.
    """

    declared: Dataset
    file: Path
    pointer: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """An adoption that is possible: how the file is held now, and the chain that it would start.

    `beginning` is what the chain starts from, where that is not the file as it is.
    """

    declared: Dataset
    located: Located
    chain: Chain
    beginning: Beginning | None = None


def beginning_at(tree: Tree, declared: Dataset, located: Located) -> Beginning:
    """A dataset's file at a revision, for a chain to start from. `located` is how the workspace holds it.

    Raises: DataMissing: it is not there. MigrationError: it was held in another way.
    """
    known = next((item for item in tree.declared() if item.name == declared.name), declared)
    path = known.path
    found = tree.find(path)
    if found is None:
        raise DataMissing(f"{tree.revision.name} has no {path}", where=path, hint="dsv log")
    if found.kind != located.kind or found.kind not in ("git", "dvc"):
        raise MigrationError(
            f"{path} was kept otherwise at {tree.revision.name} ({found.kind}) than it is now ({located.kind})",
            where=path,
            hint="start from a revision that kept it as the workspace does",
        )
    pointer = tree.read(found.pointer) if found.kind == "dvc" and found.pointer is not None else None
    known = replace(known, path=declared.path, declared_in=declared.declared_in)
    return Beginning(declared=known, file=objects.materialise(tree.repo, found), pointer=pointer)


def prepare(workspace: Workspace, declared: Dataset, beginning: Beginning | None = None) -> Prospect:
    """Look whether a dataset can get a chain, and what its base would be. Writes nothing.

    With a `beginning`, that is the base, and the file itself may hold anything.

    Raises: MigrationError: its file was edited, is tracked by nothing, or is in a folder that DVC
        tracks. DataMissing: it is not checked out.
    """
    located = workspace.tree.find(declared.path)
    if located is None:
        raise DataMissing(f"the dataset's file {declared.path} is not there", hint="dsv status")
    if located.is_folder:
        raise MigrationError(
            f"{declared.name} is a folder, and a migration chain starts from one file",
            where=declared.path,
            hint="declare one of its files as a dataset, or write the rows as one table",
        )
    file = _present(located) if beginning is None else beginning.file
    described = declared if beginning is None else beginning.declared
    _check_tracked(workspace, located)
    if beginning is None:
        _check_unedited(workspace, located)
    project = workspace.project(declared)
    path = _relative(workspace, project, declared.path)
    kept = located.kind == "stage"
    base_path = path if kept else _beside(path, "base")
    publishes = _beside(path, "published") if kept else path
    for new in {base_path, publishes} - {path}:
        if project.path(new).exists():
            raise MigrationError(f"{new} is in the way: the chain needs that path", where=new, hint=f"mv {new} …")
    snapshot = plain_snapshot(file, declared.path, given=described.format, header=described.header)
    check_writable(snapshot)
    snapshot = replace(snapshot, options=replace(snapshot.options, dialect=dialect(snapshot)))
    with Engine() as engine:
        table = scan(engine, snapshot).table
        base = bases.build_base(described, table, snapshot, base_path, publishes)
    return Prospect(declared=declared, located=located, chain=link(base, ()), beginning=beginning)


def _present(located: Located) -> Path:
    if located.file is not None:
        return located.file
    command = "dvc checkout" if located.kind != "git" else "git checkout --"
    raise DataMissing(
        f"{located.path} is not checked out, so it cannot be adopted",
        where=located.pointer,
        hint=f"{command} {located.path}",
    )


def _commit(workspace: Workspace, located: Located) -> str:
    return f"dsv commit -m 'Before the first migration' {_name(workspace, located.path)}"


def _check_tracked(workspace: Workspace, located: Located) -> None:
    if located.kind == "untracked":
        raise MigrationError(f"{located.path} is not tracked yet", where=located.path, hint=_commit(workspace, located))
    if located.kind == "dvc-folder":
        folder = posixpath.splitext(str(located.pointer))[0]
        outside = posixpath.join(posixpath.dirname(folder), posixpath.basename(located.path))
        raise MigrationError(
            f"{located.path} is inside the folder {folder}, which DVC tracks as a whole",
            where=located.pointer,
            hint=f"take it out: mv {located.path} {outside} && dvc add {folder} {outside}",
        )
    if located.kind == "dvc" and located.pointer != f"{located.path}{POINTER}":
        raise MigrationError(
            f"the pointer of {located.path} has another name: {located.pointer}",
            where=located.pointer,
            hint=f"name it after the file: git mv {located.pointer} {located.path}{POINTER}",
        )


def _check_unedited(workspace: Workspace, located: Located) -> None:
    if located.kind == "git":
        edited = bool(changed_paths(workspace.repository, [located.path]))
    else:
        file = located.file
        edited = file is not None and objects.workspace_md5(workspace.repository, file) != located.md5
    if edited:
        raise MigrationError(
            f"{located.path} has changes that are not committed; the chain would start from them",
            where=located.path,
            hint=f"{_commit(workspace, located)}; or make a migration of them: dsv migrate new --from-workspace",
        )


def adopt(workspace: Workspace, prospect: Prospect) -> tuple[str, ...]:
    """Write the base, what pins it, the publish stage; run it. Gives sentences about what was done.

    Raises: DsvError: all is as it was.
    """
    declared, located = prospect.declared, prospect.located
    project, base = workspace.project(declared), prospect.chain.base
    file, copy = project.path(base.publishes), project.path(base.path)
    opened = OpenChain(project=project, chain=prospect.chain, lock=ChainLock(head=BASE_ID, entries=()))
    kept = located.kind == "stage"
    with workspace.restoring(files(workspace.repository, opened), replaced=[file if kept else copy]):
        if not kept:
            _copy(file if prospect.beginning is None else prospect.beginning.file, copy)
        _ignore(project, base, in_dvc=located.kind == "dvc")
        write_text(project.path(f"{project.documents(base.dataset)}/{BASE_ID}.yaml"), bases.dump(base))
        if located.kind == "dvc":
            pointer = None if prospect.beginning is None else prospect.beginning.pointer
            _move_pointer(project, base.publishes, base.path, pointer)
        if kept:
            _publish_at(workspace, project, declared, base.publishes)
        apply_head(workspace, opened, BASE_ID, in_git=located.kind == "git")
    if kept:
        return (f"{declared.name} starts a chain from {base.path}; it is published at {base.publishes} from now on",)
    return (f"{declared.name} starts a chain: its file is now the base {base.path}, and published as before",)


def files(repository: Repository, opened: OpenChain) -> list[Path]:
    """The small files that an adoption, or taking it back, changes."""
    project, base = opened.project, opened.base
    pointers = [project.path(f"{path}{POINTER}") for path in (base.path, base.publishes)]
    return [
        *head_files(repository, opened),
        *pointers,
        project.path(f"{project.documents(base.dataset)}/{BASE_ID}.yaml"),
    ]


def _publish_at(workspace: Workspace, project: Project, declared: Dataset, path: str) -> None:
    """Let the declaration name another path."""
    named = workspace.repository.relative(project.path(path))
    write_text(project.path(PIPELINE), set_path(project.text(PIPELINE), declared.name, named, declared.declared_in))


def undo(workspace: Workspace, opened: OpenChain, declared: Dataset) -> list[str]:
    """Take back an adoption that was not committed: the file is the dataset's own again.

    The versions are left to the caller to remove. Documents that mean what HEAD's mean get HEAD's bytes.
    """
    project, base = opened.project, opened.base
    in_dvc = project.path(f"{base.path}{POINTER}").exists()
    kept = not in_dvc and base.publishes == _beside(base.path, "published")
    if in_dvc:
        _move_pointer(project, base.path, base.publishes)
    project.path(base.publishes if kept else base.path).unlink(missing_ok=True)
    if kept:
        _publish_at(workspace, project, declared, base.path)
    text = pipeline.set_stages(project.text(PIPELINE), {}, [base.dataset])
    write_text(project.path(PIPELINE), text)
    locked = project.text(PIPELINE_LOCK)
    if locked:
        write_text(project.path(PIPELINE_LOCK), pipeline.remove_locked(locked, [base.dataset]))
    _unignore(project, base)
    documents = project.path(project.documents(base.dataset))
    for own in (f"{BASE_ID}.yaml", CHAIN_LOCK):
        (documents / own).unlink(missing_ok=True)
    _remove_if_empty(documents)
    _remove_if_empty(documents.parent)
    told = [beside(path) for path in (base.path, base.publishes) for beside in (profile_path, counts_path)]
    _as_in_head(workspace, project, base, [PIPELINE, PIPELINE_LOCK, f"{base.publishes}{POINTER}", *told])
    _drop_template(workspace.repository, project)
    return [f"{declared.name} has no chain any more; {base.path if kept else base.publishes} is its file again"]


def _drop_template(repository: Repository, project: Project) -> None:
    """Remove how `dvc plots` draws class counts, if no commit and no other chain of the project has use for it."""
    template = dvc.plot_template(repository, counts.TEMPLATE)
    used = any("plots" in stage for stage in pipeline.stages(project.text(PIPELINE)).values())
    if template.exists() and not used and not merging.tracked(repository, [repository.relative(template)]):
        template.unlink()
        _remove_if_empty(template.parent)


def _as_in_head(workspace: Workspace, project: Project, base: Base, names: list[str]) -> None:
    """Give documents that mean what HEAD's mean HEAD's bytes; remove those that are empty and new."""
    repository = workspace.repository
    try:
        head = Tree(repository, resolve(repository, "HEAD"))
    except UnknownRevision:
        head = None
    for name in [*names, _ignore_file(base)]:
        path = project.path(name)
        if not path.exists():
            continue
        before = None if head is None else head.read(repository.relative(path))
        meaning = partial(_lines_of_others, base) if posixpath.basename(name) == IGNORE else partial(_meaning, name)
        if before is None and not meaning(path.read_bytes()):
            path.unlink()
        elif before is not None and meaning(before) == meaning(path.read_bytes()):
            write_bytes(path, before)


def _meaning(name: str, content: bytes) -> object:
    """What a document says, formatting and empty sections apart; profile and counts only repeat what the data say."""
    document = None if name.endswith(_TOLD) else yaml.load(content, name)
    if not isinstance(document, dict):
        return document
    found = {key: value for key, value in document.items() if value}
    return None if found.keys() <= {"schema"} else found


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as stream, atomic_writer(target) as out:
        shutil.copyfileobj(stream, out, 1 << 20)


def _move_pointer(project: Project, source: str, target: str, content: bytes | None = None) -> None:
    """Let the `.dvc` file of one path be that of another; `content` is what it says, if not what it said."""
    pointer = project.path(f"{source}{POINTER}")
    document = yaml.load(pointer.read_bytes() if content is None else content, f"{source}{POINTER}")
    document["outs"][0]["path"] = posixpath.basename(target)
    write_text(project.path(f"{target}{POINTER}"), yaml.dump(document))
    pointer.unlink()


def _ignore_file(base: Base) -> str:
    return posixpath.join(posixpath.dirname(base.path), IGNORE)


def _ignore(project: Project, base: Base, *, in_dvc: bool) -> None:
    path = project.path(_ignore_file(base))
    text = path.read_bytes() if path.exists() else b""
    lines = [f"/{VERSIONS}", *([f"/{posixpath.basename(base.path)}"] if in_dvc else [])]
    for line in map(os.fsencode, lines):
        if line not in text.split(b"\n"):
            text += (b"\n" if text and not text.endswith(b"\n") else b"") + line + b"\n"
    write_bytes(path, text)


def _unignore(project: Project, base: Base) -> None:
    """Take out the lines of a chain; the file that is the dataset's own again stays ignored, if it was."""
    path = project.path(_ignore_file(base))
    if not path.exists():
        return
    kept = b"".join(
        line for line in path.read_bytes().splitlines(keepends=True) if line.strip() not in _own_lines(base)
    )
    if kept:
        write_bytes(path, kept)
    else:
        path.unlink()


def _own_lines(base: Base) -> set[bytes]:
    """Lines of `.gitignore` that an adoption brings: the versions, and the file that is new."""
    new = base.publishes if base.publishes == _beside(base.path, "published") else base.path
    return {f"/{VERSIONS}".encode(), os.fsencode(f"/{posixpath.basename(new)}")}


def _lines_of_others(base: Base, content: bytes) -> list[bytes]:
    return [line.rstrip() for line in content.splitlines() if line.strip() not in _own_lines(base)]


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _beside(path: str, word: str) -> str:
    """`data/signs.csv.gz` -> `data/signs.base.csv.gz`."""
    folder, name = posixpath.split(path)
    stem, dot, suffixes = name.partition(".")
    return posixpath.join(folder, f"{stem}.{word}{dot}{suffixes}")


def _relative(workspace: Workspace, project: Project, path: str) -> str:
    return (workspace.repository.root / path).relative_to(project.folder).as_posix()


def _name(workspace: Workspace, path: str) -> str:
    return next((item.name for item in workspace.declared if item.path == path), path)
