"""What became of classes between two states of a chain, read from their identities; no rows are needed.

A class is its key. Where it went is written on the classes themselves (`into`, `split_from`), so
that the map is the same whatever became of the documents since: rebased, or squashed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from dsv.model.labelmap import Fate, FieldMap, Heir, Method, NewClass, OldClass, RollUp
from dsv.model.profile import ClassIdentity

Classes = Sequence[ClassIdentity]
Rows = Mapping[str, int]


def field_map(old: Classes, new: Classes, rows: Rows, *, matched: Literal["identity", "name"]) -> FieldMap:
    """The map from old classes to new ones. `rows` are the new rows by class name, empty if not known."""
    lineage = _Lineage(old, new)
    heirs = {key: _heirs(lineage, key, rows) for key in lineage.old}
    return FieldMap(
        matched=matched,
        old_outputs=_outputs(old),
        new_outputs=_outputs(new),
        old=tuple(_old_class(lineage, item, heirs[item.key]) for item in _by_index(old)),
        new=tuple(_new_class(lineage, item) for item in _by_index(new)),
        roll_up=tuple(_roll_up(lineage, new, heirs)),
    )


class _Lineage:
    """Which old classes each new one comes from."""

    def __init__(self, old: Classes, new: Classes) -> None:
        self.before = {item.key: item for item in old}
        self.after = {item.key: item for item in new}
        self.old = {item.key: item for item in _by_index(old)}
        self.new = {item.key: item for item in _by_index(new)}
        self.origins = {key: self._origins(key) for key in self.new}
        for key in self.before.keys() - self.after.keys():
            # The new side is the earlier one: what was split off since is in what it was split from.
            whole, now = self._whole(key), self._followed(key)
            if whole is not None and now is not None and now not in self.origins[whole]:
                self.origins[whole].append(now)

    def _origins(self, key: str) -> list[str]:
        """Keys of the old classes whose rows a new class has, its own first."""
        found = list(dict.fromkeys(self._since(key, set())))
        if not found and key in self.before:
            absorbed = self._followed(key)
            return [] if absorbed is None else [absorbed]
        return found

    def _since(self, key: str, seen: set[str]) -> Iterator[str]:
        """Old classes that came to be a class since: itself, those merged into it, what it was split from."""
        if key in seen:
            return
        seen.add(key)
        if key in self.old:
            yield key
        for item in self.after.values():
            # One that was merged before the old revision was no output of the old model.
            if item.into == key and not (item.key in self.before and item.key not in self.old):
                yield from self._since(item.key, seen)
        above = self.after[key].split_from if key in self.after else None
        if key not in self.old and key not in self.before and above is not None:
            yield from self._since(above, seen)

    def _followed(self, key: str) -> str | None:
        """The old class that had absorbed one which is in use again, or not merged yet, at the new side."""
        seen = set()
        while key not in self.old:
            item = self.before.get(key)
            if item is None or item.into is None or key in seen:
                return None
            seen.add(key)
            key = item.into
        return key

    def _whole(self, key: str) -> str | None:
        """The new class that an old one, unknown at the new side, was split from."""
        seen = set()
        while key not in self.new:
            item = self.before.get(key)
            if item is None or item.split_from is None or key in seen:
                return None
            seen.add(key)
            key = item.split_from
        return key


def _heirs(lineage: _Lineage, key: str, rows: Rows) -> tuple[Heir, ...]:
    found = [item for item in lineage.new.values() if key in lineage.origins[item.key]]
    counts = [rows.get(item.name) for item in found]
    total = sum(count for count in counts if count is not None)
    # Among the rows of an heir that has rows of other classes too, nobody knows which were this one's.
    alone = all(lineage.origins[item.key] == [key] for item in found)
    known = alone and total > 0 and None not in counts
    return tuple(
        Heir(
            key=item.key,
            name=item.name,
            index=_index(item),
            share=count / total if known and count is not None else None,
        )
        for item, count in zip(found, counts, strict=True)
    )


def _old_class(lineage: _Lineage, item: ClassIdentity, heirs: tuple[Heir, ...]) -> OldClass:
    fate: Fate
    if not heirs:
        fate = "removed"
    elif len(heirs) > 1:
        fate = "split"
    elif heirs[0].key != item.key:
        fate = "merged"
    else:
        fate = "kept" if heirs[0].name == item.name else "renamed"
    return OldClass(key=item.key, name=item.name, index=_index(item), fate=fate, heirs=heirs)


def _new_class(lineage: _Lineage, item: ClassIdentity) -> NewClass:
    origins = [_index(lineage.old[key]) for key in lineage.origins[item.key]]
    method: Method
    if item.key in lineage.old:
        own = _index(lineage.old[item.key])
        method, sources, merged = "keep", [own], [index for index in origins if index != own]
    else:
        sources, merged = origins or _relatives(lineage, item), []
        method = ("none", "copy", "mean")[min(len(sources), 2)]
    return NewClass(
        key=item.key,
        id=item.id,
        name=item.name,
        index=_index(item),
        method=method,
        sources=tuple(sorted(sources)),
        merged=tuple(sorted(merged)),
    )


def _relatives(lineage: _Lineage, item: ClassIdentity) -> list[int]:
    """Old outputs to begin a class with that comes from none: the parent's, else those below the same parent."""
    if item.parent is None:
        return []
    if item.parent in lineage.old:
        return [_index(lineage.old[item.parent])]
    beside = [one for one in lineage.new.values() if one.parent == item.parent and one.key in lineage.old]
    return [_index(lineage.old[one.key]) for one in beside]


def _roll_up(lineage: _Lineage, new: Classes, heirs: Mapping[str, tuple[Heir, ...]]) -> Iterator[RollUp]:
    for above in sorted((item for item in new if not item.retired), key=lambda item: item.id):
        below = {item.key for item in lineage.new.values() if above.key in _ancestors(lineage, item)}
        if not below - {above.key}:
            continue
        inside = [key for key, found in heirs.items() if found and all(heir.key in below for heir in found)]
        yield RollUp(
            key=above.key,
            name=above.name,
            old=tuple(sorted(_index(lineage.old[key]) for key in inside)),
            new=tuple(sorted(_index(lineage.new[key]) for key in below)),
        )


def _ancestors(lineage: _Lineage, item: ClassIdentity) -> set[str]:
    """The class's own key and those of the classes above it."""
    found: set[str] = set()
    key: str | None = item.key
    while key is not None and key not in found:
        found.add(key)
        above = lineage.after.get(key)
        key = None if above is None else above.parent
    return found


def _by_index(classes: Iterable[ClassIdentity]) -> list[ClassIdentity]:
    """The classes that are outputs of a model, in the order of their indices."""
    return sorted((item for item in classes if item.index is not None and not item.retired), key=_index)


def _index(item: ClassIdentity) -> int:
    return -1 if item.index is None else item.index


def _outputs(classes: Classes) -> int:
    return max((_index(item) + 1 for item in _by_index(classes)), default=0)
