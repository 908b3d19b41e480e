"""`dsv labels map`: the old index of each class, and its index in another revision; read from profiles alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dsv.api.pairs import recorded_profile
from dsv.errors import DataMissing, SchemaError, UnknownDataset, UsageError, did_you_mean
from dsv.migrations.base import identities
from dsv.migrations.labels import field_map
from dsv.model.dataset import Dataset
from dsv.model.finding import Finding
from dsv.model.labelmap import DatasetMap, FieldMap, LabelMap
from dsv.model.profile import ClassIdentity, LabelProfile, Profile, profile_path
from dsv.store.repository import Repository
from dsv.store.revisions import sides
from dsv.store.trees import Tree

Classes = tuple[ClassIdentity, ...]


def label_map(
    start: Path, revisions: Sequence[str], *, dataset: str | None = None, field: str | None = None
) -> LabelMap:
    """The map from the classes of one revision to those of another; both are named as for `diff`.

    Of all declared datasets that both revisions have, or one; of all their labels, or of one field
    that has classes.

    Raises: UnknownDataset: not on both sides. DataMissing: no profile of the recorded bytes.
        SchemaError: no such label, or too many classes to list.
    """
    repository = Repository.discover(start)
    old, new = (Tree(repository, revision) for revision in sides(repository, revisions))
    maps, findings = [], []
    for before, after in _declared(old, new, dataset):
        profiles = _profile(old, before), _profile(new, after)
        fields = {}
        for name in _fields(after, profiles, field):
            fields[name], told = _map(name, *profiles)
            findings += [replace(item, dataset=after.name) for item in told]
        if fields:
            maps.append(DatasetMap(dataset=after.name, path=after.path, fields=fields))
    if not maps:
        raise SchemaError("no dataset that both revisions have declares a label", hint="name a field with --field")
    return LabelMap(old=old.revision, new=new.revision, datasets=tuple(maps), findings=tuple(findings))


def _declared(old: Tree, new: Tree, name: str | None) -> list[tuple[Dataset, Dataset]]:
    """The datasets of both sides, in the order of the new side's declarations."""
    before = {item.name: item for item in old.declared()}
    found = [(before[item.name], item) for item in new.declared() if item.name in before]
    if name is not None:
        found = [pair for pair in found if name in (pair[1].name, pair[1].path)]
    if not found:
        what = "no dataset is declared" if name is None else f"no dataset {name!r} is declared"
        hint = None if name is None else did_you_mean(name, [item.name for item in new.declared()])
        raise UnknownDataset(f"{what} at both {old.revision.name} and {new.revision.name}", hint=hint)
    return found


def _profile(tree: Tree, dataset: Dataset) -> Profile:
    located = tree.find(dataset.path)
    profile = None if located is None else recorded_profile(tree, located)
    if profile is None:
        raise DataMissing(
            f"there is no profile of {dataset.name} at {tree.revision.name} that is of the recorded bytes",
            where=profile_path(dataset.path),
            hint="dsv commit writes it",
        )
    return profile


def _fields(declared: Dataset, profiles: tuple[Profile, Profile], field: str | None) -> Sequence[str]:
    known = [[*profile.classes, *(label.field for label in profile.labels)] for profile in profiles]
    both = [name for name in dict.fromkeys(known[1]) if name in known[0]]
    if field is None:
        return [name for name in declared.labels if name in both]
    if field not in both:
        raise UsageError(
            f"{field!r} has no classes in both revisions of {declared.name}", hint=did_you_mean(field, both)
        )
    return [field]


def _map(field: str, old: Profile, new: Profile) -> tuple[FieldMap, Iterator[Finding]]:
    before, after = (profile.classes.get(field) for profile in (old, new))
    sides = [name for name, found in (("old", before), ("new", after)) if found is None]
    before = _named(old, field) if before is None else before
    after = _named(new, field) if after is None else after
    label = _label(new, field)
    rows = {} if label is None or label.truncated else label.classes
    found = field_map(before, after, rows, matched="name" if sides else "identity")
    return found, _findings(field, before, after, sides)


def _label(profile: Profile, field: str) -> LabelProfile | None:
    return next((item for item in profile.labels if item.field == field), None)


def _named(profile: Profile, field: str) -> Classes:
    """Classes of a dataset without a chain, with the keys and indices that a chain would deal them."""
    label = _label(profile, field)
    if label is None or label.truncated:
        raise SchemaError(f"{field!r} has too many classes to map, or its profile does not list them", where=field)
    return identities(sorted(label.classes))


def _findings(field: str, old: Classes, new: Classes, sides: Sequence[str]) -> Iterator[Finding]:
    if sides:
        which = "neither side has" if len(sides) == 2 else f"the {sides[0]} side has no"
        message = (
            f"{field}: {which} migrations, so classes are matched by name, and without them a class's index is its "
            "place in the order of names"
        )
        yield Finding(rule="classes-by-name", level="warning", message=message)
        return
    ids = {item.key: item.id for item in old}
    moved = [item.key for item in new if ids.get(item.key, item.id) != item.id]
    if moved:
        names = ", ".join(moved[:5]) + (" …" if len(moved) > 5 else "")
        message = f"{field}: the same classes have other ids, as after a rebase: {names}"
        yield Finding(rule="class-ids-differ", level="info", message=message, count=len(moved))
