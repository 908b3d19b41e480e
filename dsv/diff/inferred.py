"""Class operations that the transitions of paired rows suggest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from dsv.diff.plain import missing_first
from dsv.model.labels import Inferred, Transition

Flows = Counter[tuple[str | None, str | None]]
ClassRows = Mapping[str | None, int]

MOST = 0.95
"""A class that was renamed lost at least this share of its paired rows to one class."""
SOME = 0.05
"""Each part of a split got at least this share; a class that is (all but) gone kept no more."""


def infer_operations(flows: Flows, paired: ClassRows, old: ClassRows, new: ClassRows) -> tuple[Inferred, ...]:
    """Renames, merges and splits, in the order of their first source.

    `flows` counts paired rows by old and new class, without those that kept theirs; `paired` counts
    the paired rows by old class; `old` and `new` count all rows by class.
    """
    targets: dict[str, Counter[str]] = {}
    for (source, target), rows in flows.items():
        if source is not None and target is not None:
            targets.setdefault(source, Counter())[target] += rows
    gone = {name for name in targets if new.get(name, 0) <= SOME * old.get(name, 0)}
    moved = _moved({name: targets[name] for name in targets if name in gone}, paired, old)
    found = [_joined(target, sources, flows, paired, old) for target, sources in moved.items()]
    single = {source for sources in moved.values() for source in sources}
    for source in sorted(targets):
        if source not in single:
            split = _split(source, flows, paired, old, source in gone)
            found += [split] if split else []
    return tuple(sorted(found, key=lambda item: item.sources))


def _moved(targets: Mapping[str, Counter[str]], paired: ClassRows, old: ClassRows) -> dict[str, list[str]]:
    """Sources, by the target that took them: nearly all of their rows, or all that did not stray.

    A single class with strays is one of a merge, never a rename: its target existed, or took
    another class too.
    """
    moved: dict[str, list[str]] = {}
    certain = set()
    for source in sorted(targets):
        total = paired.get(source, 0)
        target, rows = targets[source].most_common(1)[0]
        parts = sum(part >= SOME * total for part in targets[source].values())
        if rows >= MOST * total:
            certain.add(source)
        if source in certain or (parts == 1 and rows > total / 2):
            moved.setdefault(target, []).append(source)
    return {
        target: sources
        for target, sources in moved.items()
        if len(sources) > 1 or old.get(target, 0) or certain.issuperset(sources)
    }


def _joined(target: str, sources: list[str], flows: Flows, paired: ClassRows, old: ClassRows) -> Inferred:
    renamed = len(sources) == 1 and not old.get(target, 0)
    return Inferred(
        operation="rename_class" if renamed else "merge_classes",
        sources=tuple(sources),
        targets=(target,),
        support=sum(flows[source, target] for source in sources),
        total=sum(paired.get(source, 0) for source in sources),
        strays=tuple(stray for source in sources for stray in _strays(source, {target}, flows, paired)),
    )


def _split(source: str, flows: Flows, paired: ClassRows, old: ClassRows, gone: bool) -> Inferred | None:
    """A split needs a target that is new, unless the source is gone."""
    total = paired.get(source, 0)
    took = Counter({target: rows for (name, target), rows in flows.items() if name == source})
    took[source] = total - took.total()
    targets = sorted(target for target, rows in took.items() if target is not None and rows >= SOME * total)
    fresh = any(not old.get(target, 0) for target in targets)
    if len(targets) < 2 or not (fresh or gone):
        return None
    return Inferred(
        operation="split_class",
        sources=(source,),
        targets=tuple(targets),
        support=sum(took[target] for target in targets),
        total=total,
        strays=_strays(source, set(targets), flows, paired),
    )


def _strays(source: str, taken: set[str], flows: Flows, paired: ClassRows) -> tuple[Transition, ...]:
    """Where the other rows of a class went, most rows first; those that kept it included."""
    went = {target: rows for (name, target), rows in flows.items() if name == source}
    went[source] = paired.get(source, 0) - sum(went.values())
    rest = [(target, rows) for target, rows in went.items() if target not in taken and rows > 0]
    rest.sort(key=lambda item: (-item[1], missing_first(item[0])))
    return tuple(Transition(source=source, target=target, rows=rows) for target, rows in rest)
