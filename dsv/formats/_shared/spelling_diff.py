"""Differences of two text files that change no value: lines in common are left out, the others compared.

Files above `MOST_BYTES` are not compared: what is None there is not known. Counted are rows that pair,
which are told apart by their key where it is unique as text, else by their values.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from dsv.formats._shared.bytes import BOM, open_bytes
from dsv.model.diff import Formatting
from dsv.model.snapshot import Snapshot

MOST_BYTES = 32 * 2**20
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A file's bytes without its BOM, and whether it had one."""

    bom: bool
    data: bytes

    @property
    def ends(self) -> frozenset[bytes]:
        """The line ends that it has."""
        returns, feeds = self.data.count(b"\r\n"), self.data.count(b"\n")
        return frozenset(end for end, count in ((b"\r\n", returns), (b"\n", feeds - returns)) if count)

    def lines(self) -> Counter[bytes]:
        """Its lines without their ends, as a multiset."""
        return Counter(line.removesuffix(b"\r") for line in self.data.split(b"\n"))

    @property
    def final_line_end(self) -> bool:
        """The last line has one."""
        return self.data.endswith(b"\n")


def contents(old: Snapshot, new: Snapshot) -> tuple[Content, Content] | None:
    """Both files, None if one is too large."""
    found = [_content(snapshot) for snapshot in (old, new)]
    return (found[0], found[1]) if found[0] is not None and found[1] is not None else None


def layout_differences(old: Content, new: Content) -> Formatting:
    """What concerns the files as a whole."""
    return Formatting(bom=old.bom != new.bom, final_line_end=old.final_line_end != new.final_line_end)


def left_over(old: Content, new: Content) -> tuple[Counter[bytes], Counter[bytes]]:
    """The lines that only one side has, as multisets."""
    before, after = old.lines(), new.lines()
    return before - after, after - before


def pairs(old: Iterable[tuple[Hashable, Item]], new: Iterable[tuple[Hashable, Item]]) -> Iterator[tuple[Item, Item]]:
    """Items of one name, one to one, in their order."""
    waiting: defaultdict[Hashable, list[Item]] = defaultdict(list)
    for name, item in old:
        waiting[name].append(item)
    for places in waiting.values():
        places.reverse()
    for name, item in new:
        if waiting.get(name):
            yield waiting[name].pop(), item


def other_ends(old: Sequence[tuple[Hashable, bytes]], new: Sequence[tuple[Hashable, bytes]]) -> int:
    """How many of the rows (name, line end) that both sides have end otherwise; a last line may have no end."""
    return sum(before != after for before, after in pairs(old, new) if before and after)


def _content(snapshot: Snapshot) -> Content | None:
    with open_bytes(snapshot) as stream:
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        return None
    bare = data.removeprefix(BOM)
    return Content(bom=bare != data, data=bare)
