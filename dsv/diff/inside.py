"""What changed inside a nested cell: the places that differ, lists aligned by what they share.

A cell that is too large or too deep is not looked into: only how many of its elements differ is told.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

MOST_ELEMENTS = 2000
DEEPEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """A place inside a cell that differs: `objects[2].area`, or `[3]`. The side that lacks it has None."""

    change: Literal["added", "removed", "changed"]
    path: str
    old: Any
    new: Any


def is_nested(old: Any, new: Any) -> bool:
    """Both sides are lists, or both are structs: there is something to look into."""
    return all(isinstance(value, list) for value in (old, new)) or all(isinstance(v, Mapping) for v in (old, new))


def inside(old: Any, new: Any) -> tuple[Inside, ...] | None:
    """The places that differ, in their order; None where a side is too large or too deep to look into.

    A place of a list is the new one, of what was removed the old one.
    """
    for value in (old, new):
        if sum(1 for _ in itertools.islice(_leaves(value, 0), MOST_ELEMENTS + 1)) > MOST_ELEMENTS:
            return None
    return tuple(_differences(old, new, "")) if max(_depth(old), _depth(new)) <= DEEPEST else None


def elements_that_differ(old: Any, new: Any) -> int:
    """How many elements differ, place by place, of values of any size."""
    left, right = (dict(_numbered(value)) for value in (old, new))
    return sum(left.get(name, ...) != right.get(name, ...) for name in {*left, *right})


def _numbered(value: Any) -> Iterator[tuple[Any, str]]:
    """The elements of the outermost list or struct, each as one text."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    return ((name, _token(item)) for name, item in items)


def _leaves(value: Any, depth: int) -> Iterator[Any]:
    items = value.values() if isinstance(value, Mapping) else value
    if not isinstance(value, list | Mapping) or depth > DEEPEST:
        yield value
        return
    for item in items:
        yield from _leaves(item, depth + 1)
    yield value


def _depth(value: Any, above: int = 0) -> int:
    if above > DEEPEST or not isinstance(value, list | Mapping):
        return above
    items = value.values() if isinstance(value, Mapping) else value
    return max((_depth(item, above + 1) for item in items), default=above + 1)


def _differences(old: Any, new: Any, path: str) -> Iterator[Inside]:
    if _token(old) == _token(new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys((*old, *new)):
            yield from _differences(old.get(name), new.get(name), f"{path}.{name}".removeprefix("."))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(old, new, path)
    else:
        yield Inside(change="changed", path=path, old=old, new=new)


def _of_lists(old: Sequence[Any], new: Sequence[Any], path: str) -> Iterator[Inside]:
    before, after = [_token(item) for item in old], [_token(item) for item in new]
    if len(old) == len(new):
        places = [place for place in range(len(old)) if before[place] != after[place]]
        if len(places) == 1:
            yield from _differences(old[places[0]], new[places[0]], f"{path}[{places[0]}]")
            return
    for left, right in _aligned(before, after):
        if left is None:
            yield Inside(change="added", path=f"{path}[{right}]", old=None, new=new[right or 0])
        elif right is None:
            yield Inside(change="removed", path=f"{path}[{left}]", old=old[left], new=None)
        else:
            yield from _differences(old[left], new[right], f"{path}[{right}]")


def _aligned(old: list[str], new: list[str]) -> list[tuple[int | None, int | None]]:
    """Places of the elements that differ, old and new; None on the side that lacks the element."""
    import difflib

    found: list[tuple[int | None, int | None]] = []
    for kind, left, left_end, right, right_end in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if kind != "equal":
            found += itertools.zip_longest(range(left, left_end), range(right, right_end))
    return sorted(found, key=lambda pair: (pair[1] if pair[1] is not None else pair[0] or 0, pair[1] is not None))


def _token(value: Any) -> str:
    """A text that equal values share: 1 and 1.0 do, 1 and true do not; a member that is missing is none."""
    return json.dumps(_whole(value), sort_keys=True, default=repr)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): _whole(item) for name, item in value.items() if item is not None}
    return [_whole(item) for item in value] if isinstance(value, list) else value
