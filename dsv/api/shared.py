"""What two sides have in common and is read once: files of two folders, lines of two texts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsv.model.snapshot import Snapshot

if TYPE_CHECKING:
    from dsv.diff.shared_files import SharedFiles
    from dsv.diff.shared_lines import SharedLines
    from dsv.formats.base import MemberRows, Scan
    from dsv.tables.duckdb import Engine
    from dsv.tables.lines import Lines


def shared_files(before: Scan | None, after: Scan | None) -> SharedFiles | None:
    """The rows of two folders of files, by whether both sides have their file; None where none is shared."""
    if before is None or after is None or before.some is None or after.some is None:
        return None
    known = [_md5s(scan) for scan in (before, after)]
    common = {path for path, md5 in known[0].items() if known[1].get(path) == md5}
    if not common:
        return None
    from dsv.diff.shared_files import SharedFiles

    return SharedFiles(
        old=before.some(known[0].keys() - common),
        new=after.some(known[1].keys() - common),
        equal=before.some(common),
        blocks=tuple(_blocks(before, after, common)),
    )


def _md5s(scan: Scan) -> dict[str, str]:
    if scan.snapshot is None or scan.snapshot.members is None:
        return {}
    members = {member.path: member for member in scan.snapshot.members}
    return {rows.path: members[rows.path].md5() for rows in scan.ranges}


def _blocks(before: Scan, after: Scan, common: set[str]) -> list[tuple[int, int, int]]:
    """Runs of shared rows: first position in old, in new, and their number; adjoining files are one run."""
    there: dict[str, MemberRows] = {rows.path: rows for rows in after.ranges}
    found: list[tuple[int, int, int]] = []
    for rows in before.ranges:
        if rows.path not in common or not rows.count:
            continue
        block = (rows.first, there[rows.path].first, rows.count)
        if found and all(found[-1][side] + found[-1][2] == block[side] for side in (0, 1)):
            found[-1] = (*found[-1][:2], found[-1][2] + rows.count)
        else:
            found.append(block)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ByLines:
    """Two sides that were read line by line: their scans, what they share, and the other lines as files of their own.

    The sides differ in spelling as those files do, and perhaps in that only one has a `final_line_end`.
    """

    scans: tuple[Scan, Scan]
    shared: SharedLines
    others: tuple[Snapshot, Snapshot]
    final_line_end: bool


def by_lines(engine: Engine, old: Snapshot, new: Snapshot) -> ByLines | None:
    """Two large text files of one schema, of which only the lines are parsed that they do not share.

    None where their lines are not all alike, or too few of them the same: they are then to be parsed as a whole.
    """
    from dsv.formats.base import Scan, lined

    if old.format != new.format:
        return None
    before, after = lined(engine, old), lined(engine, new)
    if before is None or after is None or before[0].schema != after[0].schema:
        return None
    from dsv.diff.shared_lines import LEAST_SAMPLED, SharedLines, common_lines
    from dsv.tables.lines import read_lines

    right = read_lines(engine, new.path, after[0].head)
    if right is None or right.share_of(old.path, before[0].head) < LEAST_SAMPLED:
        return None
    left = before[0].proved(engine, old.path)
    common = None if left is None else common_lines(engine, left, right)
    if left is None or common is None:
        return None
    sides = ((old, left, before[0], common.old), (new, right, after[0], common.new))
    others = [_copied(engine, snapshot, lines, positions) for snapshot, lines, _, positions in sides]
    for _, check in (before, after):
        check()
    # The lines that new shares are those of old, and so are sound.
    if common.rows.new > common.number and after[0].proved(engine, others[1].path) is None:
        return None
    own = [
        kind.some(engine, other.path, positions) for other, (_, _, kind, positions) in zip(others, sides, strict=True)
    ]
    scans = [
        Scan(table=kind.table(engine, snapshot.path, lines.number), check=check, snapshot=snapshot)
        for (snapshot, lines, kind, _), check in zip(sides, (before[1], after[1]), strict=True)
    ]
    return ByLines(
        scans=(scans[0], scans[1]),
        shared=SharedLines(own[0], own[1], common),
        others=(others[0], others[1]),
        final_line_end=left.final_line_end != right.final_line_end,
    )


def _copied(engine: Engine, snapshot: Snapshot, lines: Lines, positions: str) -> Snapshot:
    path = engine.scratch(".txt")
    lines.copy(positions, path)
    return replace(snapshot, path=path)
