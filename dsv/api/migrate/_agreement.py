"""What does not agree between a chain's documents, its lock, `dvc.yaml`, `dvc.lock` and the data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dsv.api.chains import OpenChain, foretold
from dsv.api.migrate._chains import place, ways_out
from dsv.api.migrate._edited import told_captured
from dsv.api.names import PARAMETERS, PIPELINE, PIPELINE_LOCK
from dsv.api.opening import Workspace
from dsv.api.running import (
    changed_inputs,
    check_published,
    is_in_git,
    other_stages,
    recorded_inputs,
    wanted_stages,
)
from dsv.documents import pipeline, yaml
from dsv.errors import DsvError, MigrationError
from dsv.migrations import lock
from dsv.migrations.version import open_version
from dsv.model.chain import Advice
from dsv.model.finding import Finding, Level
from dsv.model.profile import counts_path, profile_path
from dsv.model.revision import Revision
from dsv.profiles import document as profiles
from dsv.store import folders
from dsv.store.revisions import applied_experiment
from dsv.store.trees import Tree

RUNS = ("cmd", "deps", "params", "outs", "metrics", "plots")
"""Keys of a stage that decide what runs; the others only tell."""


def disagreements(workspace: Workspace, opened: OpenChain) -> Iterator[Advice]:
    """All that does not agree, and the next commands. Reads no rows.

    What stands after the lock in the chain of evidence is only looked at if the lock itself holds.
    """
    told = [*_locked(opened), *_unpinned(opened)]
    yield from told
    if any(item.finding.level == "error" for item in told):
        return
    try:
        yield from _declared(workspace, opened)
        yield from _stages(workspace, opened)
    except DsvError as error:
        yield of_error(opened.base.dataset, error)
    edited = list(_edited(workspace, opened))
    yield from edited
    yield from _inputs(workspace, opened)
    if not edited:
        yield from _results(workspace, opened)


def of_error(dataset: str, error: DsvError, rule: str = "unreadable") -> Advice:
    """An error as advice: what it says, where, and how to mend it."""
    finding = Finding(rule=rule, level="error", message=error.message, dataset=dataset)
    return Advice(finding=finding, where=error.where, commands=() if error.hint is None else (error.hint,))


def _advice(
    opened: OpenChain, rule: str, level: Level, message: str, *commands: str, where: str | None = None
) -> Advice:
    finding = Finding(rule=rule, level=level, message=message, dataset=opened.base.dataset)
    return Advice(finding=finding, where=where, commands=commands)


def _locked(opened: OpenChain) -> Iterator[Advice]:
    """Documents and their order against `chain.lock`."""
    for item in lock.disagreements(opened.lock, opened.chain):
        yield _advice(opened, item.rule, "error", item.message, *ways_out(opened, item), where=place(opened, item))


def _unpinned(opened: OpenChain) -> Iterator[Advice]:
    """Applied migrations that have another number of rows than they were pinned to, as after new base rows."""
    rows = {entry.id: entry.rows for entry in opened.lock.entries}
    for item in opened.chain.migrations:
        pinned = None if item.expect is None else item.expect.rows
        if pinned is not None and rows.get(item.id, pinned) != pinned:
            text = f"{item.id} has {rows[item.id]:,} rows and was pinned to {pinned:,}: its input changed since"
            anew = f"dsv migrate down {item.after} && dsv migrate plan --pin && dsv migrate up"
            yield _advice(opened, "pin-outdated", "info", text, anew, where=item.place("expect"))


def _declared(workspace: Workspace, opened: OpenChain) -> Iterator[Advice]:
    """The declaration against the state at the head."""
    declared = workspace.choose(opened.base.dataset)
    steps = foretold(opened, opened.lock.head)
    state = steps[-1].after if steps else opened.base.state
    lines = yaml.load_mapping(opened.project.text(PIPELINE), PIPELINE)[1]
    asked = (
        ("key", declared.key, state.key),
        ("label", declared.labels, state.labels),
        ("split", (declared.split,), (state.split,)),
    )
    for name, said, known in asked:
        if said != known:
            text = f"{declared.declared_in} declares {name} {_words(said)}, and the chain has {_words(known)}"
            mend = f"write `{name}: {_words(known)}` into the declaration of {declared.name}"
            line = lines.get(("artifacts", declared.name), 1)
            place = f"{declared.declared_in}:{line}"
            yield _advice(opened, "declaration-differs", "error", text, mend, where=place)


def _words(values: tuple[str | None, ...]) -> str:
    return ", ".join(value for value in values if value is not None) or "nothing"


def _stages(workspace: Workspace, opened: OpenChain) -> Iterator[Advice]:
    """`dvc.yaml` against what the chain would write."""
    text = opened.project.text(PIPELINE)
    written, lines = pipeline.stages(text), yaml.load_mapping(text, PIPELINE)[1]
    wanted = wanted_stages(workspace, opened, opened.lock.head, in_git=is_in_git(opened))
    up = "dsv migrate up"
    for name, stage in wanted.items():
        if name not in written:
            text = f"the stage {name} is not in {PIPELINE}"
            yield _advice(opened, "stages-differ", "error", text, up, where=PIPELINE)
            continue
        keys = _differing_keys(stage, written[name])
        if keys:
            level: Level = "error" if any(key in RUNS for key in keys) else "warning"
            text = f"the stage {name} is not as the chain writes it: {', '.join(keys)}"
            place = f"{PIPELINE}:{lines[('stages', name)]}"
            yield _advice(opened, "stages-differ", level, text, up, where=place)
    for name in other_stages(opened, wanted):
        text = f"the stage {name} is of no applied migration"
        place = f"{PIPELINE}:{lines[('stages', name)]}"
        yield _advice(opened, "stages-differ", "error", text, up, where=place)


def _differing_keys(wanted: Mapping[str, Any], written: Mapping[str, Any]) -> list[str]:
    names = dict.fromkeys([*wanted, *written])
    return [name for name in names if json.dumps(wanted.get(name)) != json.dumps(written.get(name))]


def _edited(workspace: Workspace, opened: OpenChain) -> Iterator[Advice]:
    """The published file against what its stage wrote."""
    try:
        check_published(workspace, opened)
    except MigrationError as error:
        captured = told_captured(workspace, opened)
        if captured is None:
            yield of_error(opened.base.dataset, error, "hand-edited")
        else:
            yield _advice(opened, "edit-captured", "info", captured, "dsv migrate up", where=opened.base.publishes)


def _inputs(workspace: Workspace, opened: OpenChain) -> Iterator[Advice]:
    """What the stages read against what `dvc.lock` says that they read."""
    changed = changed_inputs(workspace, opened)
    if changed:
        text = f"changed since the last run: {', '.join(changed)}"
        yield _advice(opened, "inputs-changed", "error", text, "dsv migrate up", where=PIPELINE_LOCK)
    base = opened.base.path
    located = workspace.tree.find(workspace.repository.relative(opened.project.path(base)))
    recorded = recorded_inputs(opened).get(base)
    known = located is not None and located.file is None and None not in (located.md5, recorded)
    if located is not None and known and located.md5 != recorded:
        text = f"{base} is another file than the chain was run on"
        yield _advice(opened, "inputs-changed", "error", text, f"dvc pull {base} && dsv migrate up", where=base)


def _results(workspace: Workspace, opened: OpenChain) -> Iterator[Advice]:
    """Results against `chain.lock`: newer ones are no mistake, and are explained."""
    newer = [entry.id for entry in opened.lock.entries if _is_newer(opened, entry.id, entry.digest)]
    head = opened.lock.entries[-1] if opened.lock.entries else None
    profile = profile_path(opened.base.publishes)
    text = opened.project.text(profile)
    if head is not None and text and head.id not in newer:
        published = profiles.load(text, profile)
        if (published.version_digest or published.digest) != head.digest:
            newer.append(head.id)
    if not newer:
        return
    told = f"results newer than chain.lock: {', '.join(newer)}"
    keep = ("dsv migrate up", f"dsv commit -m MESSAGE {opened.base.dataset}")
    tuned = list(_tuned(workspace, opened))
    name = _experiment(workspace, opened)
    if name is not None:
        told += f", as the experiment {name} left them (dvc exp apply)"
    elif not tuned:
        told += ", as after a `dvc repro` with new base rows"
    if tuned:
        told += f"; {', '.join(tuned)}"
    counts = counts_path(opened.base.publishes)
    beside = f"{profile} {counts}" if opened.project.path(counts).exists() else profile
    drop = f"or drop them: git checkout HEAD -- {PARAMETERS} {PIPELINE_LOCK} {beside} && dvc checkout --force"
    yield _advice(opened, "results-newer", "info", told, *keep, *([drop] if tuned or name else []))


def _is_newer(opened: OpenChain, migration: str, digest: str) -> bool:
    folder = opened.project.version(opened.base, migration)
    return folder.is_dir() and open_version(folder).digest != digest


def _tuned(workspace: Workspace, opened: OpenChain) -> Iterator[str]:
    """Parameters of applied migrations that are not those of HEAD."""
    head, _ = workspace.with_head()
    dataset = opened.base.dataset
    text = (head.read(_relative(workspace, opened, PARAMETERS)) or b"").decode("utf-8", "surrogateescape")
    for item in opened.chain.up_to(opened.lock.head):
        before = pipeline.parameters(text, dataset, item.id)
        now = opened.project.parameters(dataset, item.id)
        for name in dict.fromkeys([*before, *now]):
            if before.get(name) != now.get(name):
                yield f"{item.id}.{name} is {now.get(name)} (HEAD: {before.get(name)})"


def _experiment(workspace: Workspace, opened: OpenChain) -> str | None:
    """The name of the experiment whose results these are, None if they are of none that DVC remembers."""
    found = applied_experiment(workspace.repository)
    if found is None:
        return None
    path = _relative(workspace, opened, PIPELINE_LOCK)
    same = Tree(workspace.repository, found).read(path) == workspace.tree.read(path)
    return found.name if same else None


def _relative(workspace: Workspace, opened: OpenChain, name: str) -> str:
    return workspace.repository.relative(opened.project.path(name))


def missing_versions(opened: OpenChain) -> list[str]:
    """Applied migrations whose versions are not on this machine."""
    return [entry.id for entry in opened.lock.entries if not opened.project.version(opened.base, entry.id).is_dir()]


def published_documents(workspace: Workspace, opened: OpenChain, others: Iterable[Revision]) -> Iterator[Advice]:
    """Migrations that revisions which others have had applied, and that are other ones now, or gone.

    Raises: DsvError: a revision's `chain.lock` is damaged.
    """
    path = workspace.repository.relative(opened.lock_path)
    known = {item.id: item.digest for item in opened.chain.migrations}
    known |= {entry.id: entry.document for entry in opened.lock.squashed}
    told = set()
    for revision in others:
        content = Tree(workspace.repository, revision).read(path)
        for entry in lock.load(content, f"{path} at {revision.name}").entries if content is not None else ():
            digest = known.get(entry.id)
            if entry.id in told or digest == entry.document:
                continue
            told.add(entry.id)
            where = f"{opened.project.documents(opened.base.dataset)}/{entry.id}.yaml"
            what = "is gone" if digest is None else "means something else now"
            text = f"{entry.id} {what}, and others have it ({revision.name})"
            back = f"git checkout {revision.commit} -- {where}"
            anew = "then change what it did by a new migration: dsv migrate new, or dsv migrate revert"
            yield _advice(opened, "published-migration", "error", text, back, anew, where=where)


def edited_versions(workspace: Workspace, opened: OpenChain) -> Iterator[Advice]:
    """Versions whose files are not those that their stages wrote. Hashes them, unless they were hashed before."""
    for entry in opened.lock.entries:
        folder = opened.project.version(opened.base, entry.id)
        shown = workspace.repository.relative(folder)
        located = workspace.tree.find(shown) if folder.is_dir() else None
        if located is not None and located.md5 is not None and folders.md5(workspace.tree, located) != located.md5:
            text = f"the version {entry.id} is not what its stage wrote"
            yield _advice(opened, "version-edited", "error", text, f"dvc checkout --force {shown}", where=shown)
