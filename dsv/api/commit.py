"""`dsv commit`: data to its keeper, its profile to Git, and one Git commit of exactly what belongs to it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsv.api.chains import OpenChain, has_chain, open_chain
from dsv.api.deltas import TRAILER, delta_text, told_deltas, workspace_delta
from dsv.api.indexes import index_for_diffs
from dsv.api.moves import left
from dsv.api.names import CHAIN_LOCK, IGNORE, PARAMETERS, PIPELINE, PIPELINE_LOCK
from dsv.api.opening import Workspace, changing, open_workspace
from dsv.api.pairs import content_id, recorded_profile
from dsv.api.running import changed_inputs, check_published, has_versions, refresh_lock
from dsv.api.snapshots import content_md5, size_bytes, tree_snapshot
from dsv.documents import yaml
from dsv.errors import DataMissing, MigrationError, SchemaError, UnknownRevision, UsageError, nearest
from dsv.files import write_text
from dsv.formats.base import scan
from dsv.model.dataset import Dataset
from dsv.model.history import RowDelta
from dsv.model.profile import counts_path, profile_path
from dsv.model.progress import SILENT, Progress, each
from dsv.model.revision import Revision
from dsv.model.schema import Schema
from dsv.profiles import document as profiles
from dsv.profiles import fit
from dsv.profiles.build import build
from dsv.profiles.counts import TEMPLATE
from dsv.store import dvc
from dsv.store.commit import changed_paths, check_ready, commit_paths, head_message
from dsv.store.repository import Repository
from dsv.store.revisions import parents, published, resolve
from dsv.store.trees import Located, Tree
from dsv.tables.duckdb import Engine

DVC_FILES = (".dvc/.gitignore", ".dvc/config", ".dvcignore")
_TOLD_ROWS = re.compile(rf"^{TRAILER}: (.*)\n?", re.MULTILINE)
_TRAILERS = re.compile(r"(^|\n\n)([A-Za-z-]+: [^\n]*\n?)+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What was committed, in sentences. `commit` is None where there was nothing to commit, or on a dry run."""

    commit: str | None
    paths: tuple[str, ...]
    lines: tuple[str, ...]
    notes: tuple[str, ...]


def commit(
    start: Path,
    names: Sequence[str],
    *,
    message: str | None,
    amend: bool = False,
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> Committed:
    """Commit the changes of the named datasets, or of all.

    Data that nothing tracks goes to DVC; data that Git tracks stays in Git. `amend` puts the commit
    in the place of HEAD: rows are then counted against HEAD's first parent, what HEAD told of other
    datasets is kept, and without a message HEAD's own stays.

    Raises: DsvError: nothing was committed, and every small file is as it was.
    """
    reading = nullcontext(open_workspace(start, dvc=True)) if dry_run else changing(start, "commit")
    with reading as workspace:
        repository = workspace.repository
        check_ready(repository)
        chosen = [workspace.choose(name) for name in names] if names else list(workspace.declared)
        if not chosen:
            raise UsageError("no dataset is declared here, so there is nothing to commit", hint="dsv init PATH")
        parts = [_part(workspace, dataset) for dataset in chosen]
        head = resolve(repository, "HEAD") if amend else None
        trees = workspace.with_head() if head is None else (_before(repository, head), workspace.tree)
        deltas = {
            part.dataset.name: workspace_delta(trees, part.dataset.name, progress)
            for part in each(progress, f"comparing with {'HEAD^' if amend else 'HEAD'}", parts)
        }
        shared = tuple(_foreign_edits(workspace, [part.dataset for part in parts]))
        metadata = list(dict.fromkeys(path for part in parts for path in part.metadata))
        shared += _shared_with_others(repository, head)
        if dry_run:
            return _foretold(workspace, parts, deltas, shared)
        small, data = ([repository.root / path for path in found] for found in (metadata, _handed_over(parts)))
        with workspace.restoring(small, moved=data):
            for part in each(progress, "keeping data, counting profiles", parts):
                _keep(workspace, part)
            paths = changed_paths(repository, [*metadata, *(path for part in parts for path in part.data)])
            text = _message(repository, message, deltas, amend=amend)
            notes = (*shared, *(note for part in parts for note in _warnings(workspace, part.dataset)))
            made = commit_paths(repository, paths, text, amend=amend) if paths or amend else None
    if made is None:
        return Committed(commit=None, paths=(), lines=("nothing to commit: the datasets are as in HEAD",), notes=())
    told = [f"{name}  {delta_text(delta)}" for name, delta in deltas.items() if delta is not None]
    did = "committed" if head is None else f"amended {str(head.commit)[:7]} to"
    lines = (f"{did} {made[:7]}: {', '.join(paths) or 'its message'}", *told)
    return Committed(commit=made, paths=paths, lines=lines, notes=notes)


def message_of_head(start: Path) -> str:
    """The message of the commit that `amend` would replace, without the row counts.

    Raises: UnknownRevision: there is no commit yet.
    """
    repository = Repository.discover(start)
    resolve(repository, "HEAD")
    return _without_trailer(head_message(repository))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What belongs to one dataset: `data` that Git keeps, and the small files (`metadata`).

    `left` is the path that it had at HEAD, where nothing stands any more.
    """

    dataset: Dataset
    located: Located
    opened: OpenChain | None
    left: str | None
    data: tuple[str, ...]
    metadata: tuple[str, ...]


def _part(workspace: Workspace, dataset: Dataset) -> _Part:
    located = workspace.tree.find(dataset.path)
    if located is None:
        raise DataMissing(
            f"the data of {dataset.name} is not there",
            where=dataset.path,
            hint=f"dvc checkout {dataset.path}",
        )
    project = workspace.project(dataset)
    folder = posixpath.dirname(dataset.declared_in)
    shared = [posixpath.join(folder, name) for name in (PIPELINE, PIPELINE_LOCK, PARAMETERS)]
    opened = open_chain(project, dataset.name) if has_chain(project, dataset.name) else None
    sources = [dataset.path]
    if opened is not None:
        check_published(workspace, opened)
        _check_up_to_date(workspace, opened)
        shared += [counts_path(dataset.path), _template(workspace)]
        sources.append(workspace.repository.relative(project.path(opened.base.path)))
    elif located.kind == "stage":
        _check_stage_output(workspace, dataset, located)
    own = [f"{path}.dvc" for path in sources] + [posixpath.join(posixpath.dirname(path), IGNORE) for path in sources]
    own.append(profile_path(dataset.path))
    former = left(workspace, dataset)
    if former is not None:
        own += [former, f"{former}.dvc", profile_path(former), posixpath.join(posixpath.dirname(former), IGNORE)]
    own += [str(item.pointer) for item in _kept_by_dvc(workspace, located)]
    documents = _documents(workspace, opened)
    metadata = [*shared, *own, *documents, *DVC_FILES]
    data = [path for path in sources if _git_keeps(workspace, path)]
    return _Part(
        dataset=dataset,
        located=located,
        opened=opened,
        left=former,
        data=tuple(data),
        metadata=tuple(dict.fromkeys(path for path in metadata)),
    )


def _template(workspace: Workspace) -> str:
    """How `dvc plots` draws the class counts."""
    return workspace.repository.relative(dvc.plot_template(workspace.repository, TEMPLATE))


def _documents(workspace: Workspace, opened: OpenChain | None) -> list[str]:
    """Migration documents, their side files, what pins the base, and the lock; deleted ones too."""
    if opened is None:
        return []
    folder = opened.project.path(opened.project.documents(opened.base.dataset))
    prefix = workspace.repository.relative(folder)
    found = {f"{prefix}/{path.name}" for path in folder.iterdir() if path.is_file()}
    return sorted({*found, *changed_paths(workspace.repository, [prefix]), f"{prefix}/{CHAIN_LOCK}"})


def _git_keeps(workspace: Workspace, path: str) -> bool:
    """Git tracks the file or folder, or would: nothing ignores it, and no pointer stands beside it."""
    pointer = workspace.repository.root / f"{path}.dvc"
    known = any(item == path or item.startswith(f"{path}/") for item in workspace.tree.paths())
    return known and not pointer.exists()


def _kept_by_dvc(workspace: Workspace, located: Located) -> list[Located]:
    """What `dvc add` is for, of a dataset or in it: not a stage's outputs, which only a run may change."""
    if located.kind == "git" and located.is_folder:
        return [item for item in workspace.tree.holdings(located) if item.kind == "dvc"]
    return [located] if located.kind in ("dvc", "dvc-folder") and located.stage is None else []


def _check_up_to_date(workspace: Workspace, opened: OpenChain) -> None:
    """Refuse to commit a published file together with inputs that it was not made from."""
    if changed := changed_inputs(workspace, opened):
        raise MigrationError(
            f"{opened.base.publishes} is not what its chain would publish now; changed since: {', '.join(changed)}",
            where=opened.base.publishes,
            hint="dsv migrate up, then commit",
        )


def _check_stage_output(workspace: Workspace, dataset: Dataset, located: Located) -> None:
    if located.file is None or located.md5 is None:
        return
    if content_md5(workspace.tree, located) != located.md5:
        chained = has_chain(workspace.project(dataset), dataset.name)
        keep = (
            "make a migration of the edit: dsv migrate new --from-workspace, then dsv migrate up"
            if chained
            else "dvc repro would drop the edit; keep it in the stage's inputs"
        )
        raise MigrationError(
            f"{dataset.path} was edited by hand since the stage {located.stage!r} wrote it",
            where=dataset.path,
            hint=f"{keep}; or drop it: dvc checkout --force {dataset.path}",
        )


def _handed_over(parts: Sequence[_Part]) -> list[str]:
    """The files that DVC may be given: it may take one away for a moment, and put back a link to its cache."""
    ours = (part.located for part in parts if part.located.kind in ("dvc", "untracked"))
    return [located.path for located in ours if located.file is not None and located.file.is_file()]


def _keep(workspace: Workspace, part: _Part) -> None:
    """Bring data to DVC, and profile and lock up to date."""
    located = part.located
    if part.opened is not None:
        if has_versions(part.opened):
            refresh_lock(part.opened, part.opened.lock.head)
        return
    untracked = [located] if located.kind == "untracked" else []
    changed = [item for item in _kept_by_dvc(workspace, located) if _is_edited(workspace, item)]
    if untracked or changed:
        dvc.add(workspace.repository, [item.path for item in (*untracked, *changed)])
    _write_profile(workspace, part)
    if part.left is not None:
        (workspace.repository.root / profile_path(part.left)).unlink(missing_ok=True)


def _is_edited(workspace: Workspace, located: Located) -> bool:
    """The data is here, and not as DVC recorded it. What is inside a folder that DVC keeps always may be."""
    return located.file is not None and (located.md5 is None or content_md5(workspace.tree, located) != located.md5)


def _write_profile(workspace: Workspace, part: _Part) -> None:
    repository, dataset = workspace.repository, part.dataset
    file = repository.root / dataset.path
    if not file.exists() or part.located.kind == "dvc-folder":
        # Inside a folder that DVC keeps there is no place that Git would see.
        return
    target = repository.root / profile_path(dataset.path)
    known = recorded_profile(Tree(repository, workspace.tree.revision), part.located)
    declared = (dataset.key, dataset.split, dataset.labels)
    if known is not None and (known.key, known.split, tuple(item.field for item in known.labels)) == declared:
        return
    # Looked up anew: DVC may have taken the data meanwhile.
    tree = Tree(repository, workspace.tree.revision)
    located = tree.find(dataset.path) or part.located
    snapshot = tree_snapshot(tree, located, given=dataset.format, header=dataset.header)
    with Engine() as engine:
        bytes_id = content_id(tree, located)
        scanned = scan(engine, snapshot)
        _check_fields(scanned.table.schema, dataset)
        profile = build(
            scanned.table,
            key=dataset.key,
            labels=dataset.labels,
            split=dataset.split,
            unlabelled=dataset.unlabelled,
            md5=str(content_md5(tree, located)),
            size_bytes=size_bytes(snapshot),
        )
        index_for_diffs(scanned, bytes_id, dataset, tree)
    write_text(target, profiles.dump(profile))


def _check_fields(schema: Schema, dataset: Dataset) -> None:
    """Check that every field which the declaration names is there. Raises: SchemaError."""
    named = {"key": dataset.key, "label": dataset.labels, "split": () if dataset.split is None else (dataset.split,)}
    for role, names in named.items():
        for name in names:
            if name not in schema:
                near = nearest(name, schema.names)
                raise SchemaError(
                    f"{dataset.path} has no field {name!r}, and {dataset.name} declares it as its {role}",
                    where=dataset.declared_in,
                    hint=f"declare {near!r} instead" if near else f"fields: {', '.join(schema.names)}",
                )


def _warnings(workspace: Workspace, dataset: Dataset) -> Iterator[str]:
    """What the profile of a dataset could not hold."""
    path = profile_path(dataset.path)
    content = workspace.tree.read(path)
    if content is not None:
        yield from (f"{dataset.name}: {text}" for text in fit.warnings(profiles.load(content, path)))


def _before(repository: Repository, head: Revision) -> Tree:
    """The files of the first parent of HEAD; none if it has no parent."""
    return Tree(repository, parents(repository, [str(head.commit)])[str(head.commit)])


def _shared_with_others(repository: Repository, head: Revision | None) -> tuple[str, ...]:
    """What to know before HEAD is replaced, if others have it."""
    names = [known.name for known in published(repository) if head is not None and known.commit == head.commit]
    return (f"HEAD is shared already ({names[0]}): whoever has it must take the new commit by force",) if names else ()


def _message(repository: Repository, message: str | None, deltas: Mapping[str, RowDelta | None], *, amend: bool) -> str:
    """The message with its trailer; `amend`: HEAD's own if none is given, and what its trailer told of others."""
    if not amend:
        return _with_trailer(message or "", deltas)
    before = head_message(repository)
    told = told_deltas(next(reversed(_TOLD_ROWS.findall(before)), ""))
    return _with_trailer(_without_trailer(before) if message is None else message, {**told, **deltas})


def _without_trailer(message: str) -> str:
    return _TOLD_ROWS.sub("", message).rstrip("\n")


def _with_trailer(message: str, deltas: Mapping[str, RowDelta | None]) -> str:
    """The message with row counts as its last trailer."""
    told = "; ".join(f"{name} {delta_text(delta)}" for name, delta in deltas.items() if delta is not None)
    if not told:
        return message
    body = message.rstrip("\n")
    gap = "\n" if _TRAILERS.search(body) and "\n\n" in body else "\n\n"
    return f"{body}{gap}{TRAILER}: {told}\n"


def _foretold(
    workspace: Workspace,
    parts: Sequence[_Part],
    deltas: Mapping[str, RowDelta | None],
    shared: tuple[str, ...],
) -> Committed:
    lines = []
    for part in parts:
        changed = changed_paths(workspace.repository, [*part.metadata, *part.data])
        delta = deltas[part.dataset.name]
        if changed or (delta is not None and delta != RowDelta(added=0, removed=0, changed=0)):
            lines.append(f"{part.dataset.name}  {delta_text(delta) if delta else 'rows as in HEAD'}")
            lines += [f"  {path}" for path in changed]
    return Committed(
        commit=None,
        paths=(),
        lines=tuple(lines) or ("nothing to commit: the datasets are as in HEAD",),
        notes=shared,
    )


def _foreign_edits(workspace: Workspace, datasets: Sequence[Dataset]) -> Iterator[str]:
    """What the shared files hold that differs from HEAD and is not these datasets'."""
    try:
        head = Tree(workspace.repository, resolve(workspace.repository, "HEAD"))
    except UnknownRevision:
        return
    names = {dataset.name for dataset in datasets}
    for folder in dict.fromkeys(posixpath.dirname(dataset.declared_in) for dataset in datasets):
        for name in (PIPELINE, PIPELINE_LOCK, PARAMETERS):
            path = posixpath.join(folder, name)
            before, after = (_others(tree.read(path), path, names) for tree in (head, workspace.tree))
            keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
            if keys:
                yield f"{path} also holds changes that are not the datasets': {', '.join(keys)}"


def _others(content: bytes | None, where: str, names: set[str]) -> dict[str, Any]:
    """Dotted entries of a shared document that belong to none of the datasets."""
    document = yaml.load(content, where) if content else None
    found: dict[str, Any] = {}
    for section, entries in (document or {}).items():
        if section not in ("artifacts", "stages", "migrations", "checks") or not isinstance(entries, dict):
            found[str(section)] = entries
            continue
        for name, entry in entries.items():
            if not any(name == own or str(name).startswith(f"{own}-m") for own in names):
                found[f"{section}.{name}"] = entry
    found.pop("schema", None)
    return found
