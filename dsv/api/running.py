"""Move the head of a chain: stages into `dvc.yaml`, DVC runs them, the lock records what came out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dsv.api.chains import OpenChain, Project, foretold
from dsv.api.names import IGNORE, PIPELINE, PIPELINE_LOCK
from dsv.api.opening import Workspace
from dsv.api.snapshots import content_md5
from dsv.documents import pipeline, yaml
from dsv.errors import MigrationError, RepositoryError, UnknownRevision
from dsv.files import write_text
from dsv.migrations import lock
from dsv.migrations.run import compare
from dsv.migrations.stages import stage_name, stages
from dsv.migrations.version import open_version
from dsv.model.migration import Base, ChainLock, LockEntry, PlanStep, RowCounts
from dsv.model.profile import counts_path, profile_path
from dsv.model.progress import SILENT, Progress
from dsv.profiles import counts
from dsv.profiles import document as profiles
from dsv.store import dvc, objects
from dsv.store.pointers import lock_outputs, pointer_outputs
from dsv.store.repository import Repository
from dsv.store.revisions import resolve
from dsv.store.trees import Tree


def check_published(workspace: Workspace, opened: OpenChain) -> None:
    """Refuse to go on when the published file is not what its stage wrote.

    Raises: MigrationError: it was edited by hand; the hint says how to keep or drop the edit.
    """
    if is_edited(workspace, opened):
        shown = workspace.repository.relative(opened.project.path(opened.base.publishes))
        back = f"dvc checkout --force {shown}" if not is_in_git(opened) else _back_in_git(workspace, opened, shown)
        raise MigrationError(
            f"{shown} was edited by hand since it was published",
            where=shown,
            hint="make a migration of the edit: dsv migrate new --from-workspace, then dsv migrate up; "
            f"or drop it: {back}",
        )


def _back_in_git(workspace: Workspace, opened: OpenChain, shown: str) -> str:
    """The command that gives a published file in Git its content again: a commit may hold another one."""
    head, _ = workspace.with_head()
    located = head.find(shown)
    same = located is not None and content_md5(head, located) == recorded_md5(opened)
    return f"git checkout HEAD -- {shown}" if same else f"dvc repro --force {_address(workspace, opened)}"


def is_edited(workspace: Workspace, opened: OpenChain) -> bool:
    """Say whether the published file is here, and not what its stage wrote."""
    path = opened.project.path(opened.base.publishes)
    recorded = recorded_md5(opened)
    if recorded is None or not path.exists():
        return False
    return objects.workspace_md5(workspace.repository, path) != recorded


def check_base(repository: Repository, project: Project, base: Base) -> None:
    """Refuse to run the stages on a base that is not the one that its pointer names: DVC would record it in silence.

    Raises: MigrationError: it was edited, or not checked out since its pointer changed.
    """
    path, pointer = project.path(base.path), project.path(f"{base.path}.dvc")
    if not path.exists() or not pointer.exists():
        return
    shown = repository.relative(pointer)
    recorded = [item.md5 for item in pointer_outputs(pointer.read_bytes(), shown)]
    if objects.workspace_md5(repository, path) not in recorded:
        raise MigrationError(
            f"{base.path} is not the file that its pointer names",
            where=shown,
            hint=f"take the recorded one: dvc checkout {shown}; or record it: dsv commit",
        )


def recorded_md5(opened: OpenChain) -> str | None:
    """The MD5 that `dvc.lock` records of the published file, None if the stage has not run."""
    text = opened.project.text(PIPELINE_LOCK)
    if not text:
        return None
    outputs = lock_outputs(text.encode("utf-8", "surrogateescape"), PIPELINE_LOCK, None)
    return next((item.md5 for item in outputs if item.path == opened.base.publishes), None)


def recorded_inputs(opened: OpenChain, head: str | None = None) -> dict[str, str]:
    """The MD5s that `dvc.lock` records of what the chain's stages up to `head` read, by path.

    `head` None: up to the one of `chain.lock`.
    """
    text = opened.project.text(PIPELINE_LOCK)
    stages = (yaml.load(text, PIPELINE_LOCK) or {}).get("stages", {}) if text else {}
    dataset = opened.base.dataset
    applied = opened.chain.up_to(opened.lock.head if head is None else head)
    own = [*(stage_name(dataset, item.id) for item in applied), dataset]
    return {dep["path"]: dep.get("md5") for name in own for dep in stages.get(name, {}).get("deps", ())}


def is_in_git(opened: OpenChain) -> bool:
    """Say whether Git (and not DVC's cache) keeps the published file, as its stage says."""
    stage = pipeline.stages(opened.project.text(PIPELINE)).get(opened.base.dataset, {})
    return any(
        isinstance(out, dict) and out.get(opened.base.publishes, {}).get("cache") is False
        for out in stage.get("outs", ())
    )


def is_committed(workspace: Workspace, opened: OpenChain, name: str) -> bool:
    """Say whether HEAD has a file of the chain's folder."""
    repository = workspace.repository
    try:
        head = resolve(repository, "HEAD")
    except UnknownRevision:
        return False
    folder = repository.relative(opened.project.path(opened.project.documents(opened.base.dataset)))
    return Tree(repository, head).read(f"{folder}/{name}") is not None


def apply_head(
    workspace: Workspace,
    opened: OpenChain,
    target: str,
    steps: Sequence[PlanStep] = (),
    *,
    in_git: bool | None = None,
    progress: Progress = SILENT,
) -> int:
    """Make `target` the head; gives the number of published rows.

    The results of `steps` must be what the plan foretold. `in_git`: Git keeps the published file
    (None: as until now).

    Raises: DsvError: a stage failed, or its result is not as planned; all is as it was then.
    """
    repository, project, base = workspace.repository, opened.project, opened.base
    in_git = is_in_git(opened) if in_git is None else in_git
    versions = [path for item in opened.chain.migrations if (path := project.version(base, item.id)).is_dir()]
    try:
        with workspace.restoring(head_files(repository, opened), replaced=[project.path(base.publishes)]):
            _write_pipeline(workspace, opened, target, in_git=in_git)
            dvc.repro(
                repository,
                [base.dataset] if project.folder == repository.dvc_root else [_address(workspace, opened)],
                progress,
                _shown_stages(opened, target, steps),
            )
            for step in steps:
                compare(step, open_version(project.version(base, step.migration.id)))
            refresh_lock(opened, target, steps)
    except BaseException:
        _bring_back(workspace, [path for path in versions if not path.is_dir()])
        raise
    profile = profile_path(base.publishes)
    return profiles.load(project.text(profile), profile).rows


def _shown_stages(opened: OpenChain, target: str, steps: Sequence[PlanStep]) -> dict[str, str]:
    """Stage names -> what a person is shown while one runs: the migration, and its rows where they are known."""
    dataset = opened.base.dataset
    rows = {step.migration.id: f"  {step.after.rows:,} rows" for step in steps}
    shown = {stage_name(dataset, item.id): f"{item.id}{rows.get(item.id, '')}" for item in opened.chain.up_to(target)}
    return {**shown, dataset: f"publishing {opened.base.publishes}"}


def _bring_back(workspace: Workspace, versions: Sequence[Path]) -> None:
    """Versions that DVC took away before a stage failed; one that its cache lacks can be made again."""
    root = workspace.repository.require_dvc()
    with suppress(RepositoryError):
        if versions:
            dvc.checkout(workspace.repository, [path.relative_to(root).as_posix() for path in versions])


def head_files(repository: Repository, opened: OpenChain) -> list[Path]:
    """The small files that change when the head of a chain moves."""
    project, base = opened.project, opened.base
    names = [PIPELINE, PIPELINE_LOCK, profile_path(base.publishes), counts_path(base.publishes)]
    names += [str(Path(base.publishes).parent / IGNORE), str(Path(base.path).parent / IGNORE)]
    # DVC notes new rows of a base that it keeps in the base's own pointer.
    names.append(f"{base.path}.dvc")
    files = [opened.lock_path, *(project.path(name) for name in dict.fromkeys(names))]
    return [*files, dvc.plot_template(repository, counts.TEMPLATE)]


def has_versions(opened: OpenChain) -> bool:
    """Say whether the versions of all applied migrations are on this machine."""
    return all(opened.project.version(opened.base, item.id).is_dir() for item in opened.chain.up_to(opened.lock.head))


def refresh_lock(opened: OpenChain, target: str, steps: Sequence[PlanStep] = ()) -> None:
    """Write `chain.lock` for a head: documents, results, and the environment of new results.

    `steps` tell what the migrations that were applied just now did.
    """
    text = lock.dump(
        ChainLock(head=target, entries=tuple(_entries(opened, target, steps)), squashed=opened.lock.squashed)
    )
    if not opened.lock_path.exists() or opened.lock_path.read_text(encoding="utf-8") != text:
        write_text(opened.lock_path, text)


def _entries(opened: OpenChain, target: str, steps: Sequence[PlanStep]) -> Iterator[LockEntry]:
    known = {entry.id: entry for entry in opened.lock.entries}
    done = {step.migration.id: step for step in steps}
    source = recorded_inputs(opened, target).get(opened.base.path)
    for migration in opened.chain.up_to(target):
        version = open_version(opened.project.version(opened.base, migration.id))
        old = known.get(migration.id)
        same = old is not None and (old.document, old.digest) == (migration.digest, version.digest)
        counts = old.counts if same and old is not None else None
        if migration.id in done and source is not None:
            step = done[migration.id]
            counts = RowCounts(
                added=step.rows_added, removed=step.rows_removed, changed=step.rows_changed, input=source
            )
        yield LockEntry(
            id=migration.id,
            document=migration.digest,
            digest=version.digest,
            rows=version.rows,
            environment=old.environment if same and old is not None else lock.environment(),
            counts=counts if counts is not None and counts.input == source else None,
        )
        source = version.digest


def wanted_stages(workspace: Workspace, opened: OpenChain, target: str, *, in_git: bool) -> dict[str, dict[str, Any]]:
    """The stages that `dvc.yaml` must hold where `target` is the head.

    Raises: SchemaError, MigrationError: a migration does not fit the chain before it.
    """
    project, base = opened.project, opened.base
    return stages(
        base,
        foretold(opened, target),
        versions_folder=project.versions(base),
        documents_folder=project.documents(base.dataset),
        cached=not in_git,
        pushed=workspace.choose(base.dataset).versions != "local",
    )


def other_stages(opened: OpenChain, wanted: Collection[str]) -> list[str]:
    """Stages of `dvc.yaml` that are the chain's own, and not wanted (any more)."""
    own = f"{opened.base.dataset}-m"
    return [
        name
        for name, stage in pipeline.stages(opened.project.text(PIPELINE)).items()
        if name.startswith(own) and pipeline.is_own_stage(stage) and name not in wanted
    ]


def _write_pipeline(workspace: Workspace, opened: OpenChain, target: str, *, in_git: bool) -> None:
    project = opened.project
    wanted = wanted_stages(workspace, opened, target, in_git=in_git)
    gone = other_stages(opened, wanted)
    text = project.text(PIPELINE)
    write_text(project.path(PIPELINE), pipeline.set_stages(text, wanted, gone))
    if any("plots" in stage for stage in wanted.values()):
        _prepare_plots(workspace.repository, opened)
    locked = project.text(PIPELINE_LOCK)
    if locked and gone:
        write_text(project.path(PIPELINE_LOCK), pipeline.remove_locked(locked, gone))


def _prepare_plots(repository: Repository, opened: OpenChain) -> None:
    """See that DVC may write the class counts, and can draw them."""
    path = opened.project.path(counts_path(opened.base.publishes))
    if path.exists() and not counts.is_own(path):
        shown = repository.relative(path)
        raise MigrationError(
            f"{shown} is not dsv's, and the class counts of {opened.base.publishes} would take its place",
            where=shown,
            hint="give that file another name",
        )
    template = dvc.plot_template(repository, counts.TEMPLATE)
    if not template.exists():
        # Only then: people may draw the counts in their own way.
        write_text(template, counts.chart())


def _address(workspace: Workspace, opened: OpenChain) -> str:
    """A stage of a `dvc.yaml` below DVC's root, as DVC names it."""
    root = workspace.repository.require_dvc()
    folder = opened.project.folder.relative_to(root).as_posix()
    return f"{folder}/{PIPELINE}:{opened.base.dataset}"


def is_fresh(workspace: Workspace, opened: OpenChain) -> bool:
    """Say whether the stages of a chain would write today what they wrote: all inputs are here, as recorded."""
    return not any(_differing(workspace, opened))


def changed_inputs(workspace: Workspace, opened: OpenChain) -> tuple[str, ...]:
    """What the stages of a chain read and is no longer as recorded; a file that is not checked out is none."""
    return tuple(dict.fromkeys(name for name, present in _differing(workspace, opened) if present))


def _differing(workspace: Workspace, opened: OpenChain) -> Iterator[tuple[str, bool]]:
    """Inputs that are not as `dvc.lock` records them, each with whether it is here at all."""
    text = opened.project.text(PIPELINE_LOCK)
    dataset = opened.base.dataset
    recorded = (yaml.load(text, PIPELINE_LOCK) or {}).get("stages", {}) if text else {}
    for name in [*(stage_name(dataset, item.id) for item in opened.chain.up_to(opened.lock.head)), dataset]:
        if name in recorded:
            yield from _differing_inputs(workspace, opened, recorded[name])
        else:
            yield f"stage {name}", True


def _differing_inputs(workspace: Workspace, opened: OpenChain, stage: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    versions = opened.project.versions(opened.base) + "/"
    for dep in stage.get("deps", ()):
        path = opened.project.path(dep["path"])
        if dep["path"].startswith(versions):
            continue
        if not path.is_file():
            yield dep["path"], False
        elif objects.workspace_md5(workspace.repository, path) != dep.get("md5"):
            yield dep["path"], True
    for file, values in stage.get("params", {}).items():
        now = yaml.load(opened.project.text(file), file) or {}
        for name, value in values.items():
            if _at(now, name) != value:
                yield f"{file}: {name}", True


def _at(value: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
