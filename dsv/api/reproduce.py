"""`dsv reproduce`: the datasets of a revision put into a work tree of their own, and their chains run again."""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dsv.api.at import check, commit_of, put
from dsv.api.diff import DiffOptions, compare
from dsv.api.names import CHAIN_LOCK, MIGRATIONS
from dsv.api.pairs import content_id, recorded_profile
from dsv.api.snapshots import plain_folder_id
from dsv.documents import pipeline
from dsv.errors import DsvError
from dsv.migrations import lock as locks
from dsv.migrations.stages import stage_name
from dsv.model.dataset import Dataset
from dsv.model.migration import LockEntry
from dsv.model.progress import SILENT, Progress
from dsv.model.reproduction import Made, Reproduced, Reproduction, Verdict
from dsv.store import dvc, objects
from dsv.store.hashes import file_md5
from dsv.store.located import Located
from dsv.store.repository import Repository
from dsv.store.trees import Tree
from dsv.store.worktrees import linked

PIPELINE = "dvc.yaml"


def reproduce(
    start: Path, word: str, *, verify: bool = False, keep: Path | None = None, progress: Progress = SILENT
) -> Reproduction:
    """Put the datasets of a revision into a throw-away work tree, and hold each byte against what was recorded.

    `verify`: run every chain again, from its base, in a second work tree with an empty cache, and compare
    all of its outputs with the recorded ones. That runs the code that the revision's migrations name.
    `keep` is a folder for the first work tree, which then stays.

    Raises: UnknownRevision. UsageError: `keep` is in use. DataMissing: a dataset is neither in the cache
    nor on a remote. IntegrityError: its bytes are not those that were recorded. RepositoryError: a stage failed.
    """
    repository = Repository.discover(start)
    revision = commit_of(repository, word)
    tree = Tree(repository, revision)
    with linked(repository, revision, keep) as recorded:
        found = put(repository, recorded, revision, progress)
        with progress.task("checking hashes"):
            check(recorded, found)
        datasets = [_recorded(tree, dataset, located) for dataset, located in found]
        if verify:
            with linked(repository, revision, private=True) as again:
                _lend(tree, recorded, again)
                datasets = [
                    _verified(tree, item, dataset, recorded, again, progress)
                    for item, (dataset, _) in zip(datasets, found, strict=True)
                ]
    return Reproduction(
        revision=revision, folder=None if keep is None else str(keep), verified=verify, datasets=tuple(datasets)
    )


def _lend(tree: Tree, recorded: Repository, again: Repository) -> None:
    """Give the second work tree what DVC keeps of the first: its stages read some of it, and make the rest anew."""
    for path in (*tree.data_paths(), *tree.kept_folders()):
        source, target = recorded.root / path, again.root / path
        if source.exists() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copyfile(source, target)


def _recorded(tree: Tree, dataset: Dataset, located: Located) -> Reproduced:
    profile = recorded_profile(tree, located)
    return Reproduced(
        dataset=dataset.name,
        path=dataset.path,
        content_id=str(content_id(tree, located)),
        rows=None if profile is None else profile.rows,
        verdict="recorded",
    )


def _verified(
    tree: Tree, item: Reproduced, dataset: Dataset, recorded: Repository, again: Repository, progress: Progress
) -> Reproduced:
    """Run the chain of a dataset again, if it has one, and compare what its stages made."""
    project = posixpath.dirname(dataset.declared_in)
    written = tree.read(posixpath.join(project, MIGRATIONS, dataset.name, CHAIN_LOCK))
    if written is None:
        return item
    chain = locks.load(written, posixpath.join(project, MIGRATIONS, dataset.name, CHAIN_LOCK))
    entries = {stage_name(dataset.name, entry.id): entry for entry in chain.entries}
    stages = [*entries, dataset.name]
    path = posixpath.join(project, PIPELINE)
    root = objects.project_of(again, dataset.declared_in)
    address = posixpath.relpath(path, again.relative(root))
    with progress.task(f"running the chain of {dataset.name}"):
        dvc.rerun(again, root, [f"{address}:{name}" for name in stages], again.root.parent / "site")
    last = chain.entries[-1] if chain.entries else None
    made = tuple(
        _made(path, stage, entries.get(stage, last), dataset, recorded.root / path, again.root / path)
        for path, stage in _outputs(tree, path, stages)
    )
    return replace(item, verdict=_worst(made), made=made)


def _outputs(tree: Tree, path: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Paths that stages write (outputs and metrics, repository paths), and the name of their stage."""
    stages = pipeline.stages(tree.read(path) or b"", path)
    folder = posixpath.dirname(path)
    for name in names:
        for kind in ("outs", "metrics"):
            for out in stages.get(name, {}).get(kind, ()):
                relative = out if isinstance(out, str) else next(iter(out))
                yield posixpath.join(folder, relative), name


def _made(path: str, stage: str, entry: LockEntry | None, dataset: Dataset, then: Path, now: Path) -> Made:
    libraries = {} if entry is None else _libraries(entry.environment)
    if not now.exists() or not then.exists():
        missing = "it was not made" if not now.exists() else "what was recorded is not here, so it was not compared"
        return Made(path=path, stage=stage, verdict="different", libraries=libraries, diff=missing)
    if _id(then) == _id(now):
        return Made(path=path, stage=stage, verdict="identical bytes", libraries=libraries)
    verdict, words = _compared(dataset, path, then, now)
    return Made(path=path, stage=stage, verdict=verdict, libraries=libraries, diff=words)


def _id(path: Path) -> str:
    return plain_folder_id(path) if path.is_dir() else file_md5(path)


def _libraries(then: Mapping[str, str]) -> dict[str, tuple[str | None, str | None]]:
    now = locks.environment()
    return {name: (then.get(name), now.get(name)) for name in sorted({*then, *now}) if then.get(name) != now.get(name)}


def _compared(dataset: Dataset, path: str, then: Path, now: Path) -> tuple[Verdict, str | None]:
    """Compare rows where bytes differ. Of what is no table, bytes are all that there is."""
    options = DiffOptions(header=dataset.header)
    if path == dataset.path:
        options = replace(options, key=dataset.key, format=dataset.format)
    try:
        with compare(then.parent, [str(then), str(now)], None, options) as comparison:
            (diff,) = comparison.result.datasets
            rows = diff.rows
    except DsvError as error:
        return "different", f"bytes differ, and rows cannot be compared: {error.message}"
    if not (rows.added or rows.removed or rows.changed or diff.schema_changes or rows.added is None):
        return "identical rows", None
    cells = ", ".join(f"{name} {count:,}" for name, count in sorted((diff.changed_cells or {}).items()) if count)
    words = [f"rows +{rows.added} -{rows.removed} ~{rows.changed}"]
    words += [f"cells changed: {cells}"] if cells else []
    words += [f"{len(diff.schema_changes)} changes of the schema"] if diff.schema_changes else []
    return "different", "; ".join(words)


def _worst(made: tuple[Made, ...]) -> Verdict:
    order: tuple[Verdict, ...] = ("different", "identical rows", "identical bytes")
    return next((verdict for verdict in order if any(item.verdict == verdict for item in made)), "recorded")
