"""`dsv tag`: versions of datasets, as the tags that DVC reads for its artifacts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from pathlib import Path

from dsv.api.names import MIGRATIONS
from dsv.api.snapshots import content_md5
from dsv.errors import DsvError, RepositoryError, UnknownDataset, UsageError, did_you_mean
from dsv.model.dataset import Dataset
from dsv.model.profile import counts_path, profile_path
from dsv.model.revision import Revision
from dsv.model.versions import Version, VersionList, normal, tag_name
from dsv.store import tags
from dsv.store.commit import changed_paths
from dsv.store.located import Located
from dsv.store.repository import Repository
from dsv.store.revisions import resolve, workspace
from dsv.store.trees import Tree


def versions(start: Path, name: str | None = None) -> VersionList:
    """The versions of one dataset, or of all that the work tree declares, the newest tag first.

    A dataset that is declared no more is known by its tags.

    Raises: UnknownDataset: no such dataset, now or in a tag.
    """
    repository = Repository.discover(start)
    declared = Tree(repository, workspace()).declared()
    known = tags.versions(repository)
    if name is None:
        names = {item.name for item in declared}
        return VersionList(action="listed", versions=tuple(item for item in known if item.dataset in names))
    dataset = _called(repository, start, declared, name)
    found = tuple(item for item in known if _is_of(item, name if dataset is None else dataset.name))
    if dataset is None and not found:
        raise _unknown(name, declared, known)
    return VersionList(action="listed", versions=found)


def tag(start: Path, name: str, version: str, revision: str = "HEAD", message: str | None = None) -> VersionList:
    """Give a version to a dataset as it is at a revision, by an annotated tag.

    Raises: UsageError: no version, or no message. UnknownRevision. UnknownDataset: it is not declared
    at the revision. RepositoryError: the revision has no data of it, the version is taken, DVC could
    not read the tag, or Git refused.
    """
    wanted = _version(version)
    if message is not None and not message.strip():
        raise UsageError("the message is empty")
    repository = Repository.discover(start)
    meant = resolve(repository, revision)
    tree = Tree(repository, meant)
    dataset, located = _at(tree, start, name)
    artifact = _artifact(dataset)
    made = tag_name(artifact, wanted)
    if made is None:
        raise RepositoryError(
            f"DVC reads no version of an artifact that is called {artifact!r}",
            where=dataset.declared_in,
            hint="a name ends with a letter or digit; folders have letters of a to z, digits and . _ - only",
        )
    _check_free(repository, dataset, artifact, wanted, made)
    tags.create(repository, made, str(meant.commit), message or f"Registering artifact {artifact} version {wanted}")
    return VersionList(
        action="created",
        versions=tuple(item for item in tags.versions(repository) if item.tag == made),
        warnings=_uncommitted(repository, dataset, meant, located),
    )


def delete(start: Path, name: str, version: str) -> VersionList:
    """Take the tag of a version away.

    Raises: UsageError: no version. UnknownDataset. RepositoryError: there is no such version, or
    datasets of several folders have it.
    """
    wanted = _version(version)
    listed = versions(start, name).versions
    found = [item for item in listed if item.version == wanted]
    if not found:
        hint = did_you_mean(wanted, [item.version for item in listed])
        raise RepositoryError(f"{name!r} has no version {wanted}", hint=hint or f"dsv tag {name}")
    exact = [item for item in found if name in (item.artifact, item.artifact.replace(":", "="))] or found
    if len(exact) > 1:
        names = " | ".join(item.artifact for item in exact)
        raise RepositoryError(f"{name!r} is in several folders", hint=f"name one of them: {names}")
    tags.delete(Repository.discover(start), exact[0].tag)
    return VersionList(action="deleted", versions=tuple(exact))


def _version(written: str) -> str:
    found = normal(written)
    if found is None:
        close = next((item for item in (normal(f"v{written}"), normal(written.lower())) if item is not None), None)
        raise UsageError(
            f"{written!r} is no version",
            hint="versions are v1.2.0, v1.2 or v2.0.0-rc.1" if close is None else f"did you mean {close!r}?",
        )
    return found


def _artifact(dataset: Dataset) -> str:
    """The name that DVC has for a dataset in tags: with the folder of its `dvc.yaml`, from the top level."""
    folder = posixpath.dirname(dataset.declared_in)
    return f"{folder}:{dataset.name}" if folder else dataset.name


def _called(repository: Repository, start: Path, declared: Iterable[Dataset], word: str) -> Dataset | None:
    """The dataset that a name, DVC's name with the folder, or a path means."""
    named = next((item for item in declared if word in (item.name, _artifact(item))), None)
    if named is not None:
        return named
    return next((item for item in declared if repository.relative(start / word) == item.path), None)


def _is_of(version: Version, name: str) -> bool:
    return name in (version.dataset, version.artifact, version.artifact.replace(":", "="))


def _unknown(name: str, declared: Iterable[Dataset], known: Iterable[Version] = ()) -> UnknownDataset:
    names = dict.fromkeys([*(item.name for item in declared), *(item.dataset for item in known)])
    return UnknownDataset(f"no dataset {name!r} is declared", hint=did_you_mean(name, names) or "dsv init PATH")


def _at(tree: Tree, start: Path, name: str) -> tuple[Dataset, Located]:
    """The dataset at a revision, and how its data is held there. Raises: UnknownDataset, RepositoryError."""
    declared = tree.declared()
    dataset = _called(tree.repo, start, declared, name)
    revision = tree.revision.name
    if dataset is None:
        now = Tree(tree.repo, workspace()).declared()
        found = _called(tree.repo, start, now, name)
        if found is None:
            raise _unknown(name, [*declared, *now])
        raise UnknownDataset(
            f"the dataset {found.name!r} is not declared at {revision}",
            where=found.declared_in,
            hint=f"dsv commit -m MESSAGE {found.name}, or name a revision that has it: dsv log -- {found.name}",
        )
    located = tree.find(dataset.path)
    if located is None or located.kind == "untracked":
        raise RepositoryError(
            f"neither Git nor DVC has the data of {dataset.name!r} at {revision}",
            where=dataset.path,
            hint=f"dsv commit -m MESSAGE {dataset.name}",
        )
    return dataset, located


def _check_free(repository: Repository, dataset: Dataset, artifact: str, version: str, made: str) -> None:
    taken = next(
        (item for item in tags.versions(repository) if (item.artifact, item.version) == (artifact, version)), None
    )
    commit = tags.commit_of(repository, made) if taken is None else taken.commit
    if commit is not None:
        away = f"git tag -d {made}" if taken is None else f"dsv tag -d {dataset.name} {version}"
        raise RepositoryError(
            f"{dataset.name} has a version {version} already",
            where=f"{made if taken is None else taken.tag} is of {commit[:7]}",
            hint=f"choose another version, or take that one away: {away}",
        )


def _uncommitted(repository: Repository, dataset: Dataset, meant: Revision, recorded: Located) -> tuple[str, ...]:
    """What the version does not have of the work tree, where HEAD is tagged."""
    if meant.commit != resolve(repository, "HEAD").commit:
        return ()
    documents = posixpath.join(posixpath.dirname(dataset.declared_in), MIGRATIONS, dataset.name)
    paths = [dataset.path, f"{dataset.path}.dvc", profile_path(dataset.path), counts_path(dataset.path), documents]
    changed = [*changed_paths(repository, paths)]
    try:
        now = Tree(repository, workspace())
        if dataset not in now.declared():
            changed.append(dataset.declared_in)
        located = now.find(dataset.path)
        edited = (
            located is not None
            and located.file is not None
            and recorded.md5 is not None
            and content_md5(now, located) != recorded.md5
        )
    except DsvError as error:
        return (f"whether {dataset.name} was edited since {meant.name} cannot be told: {error.message}",)
    if edited and dataset.path not in changed:
        changed.insert(0, dataset.path)
    if not changed:
        return ()
    return (f"the version has no uncommitted changes of {dataset.name}: {', '.join(changed)}",)
