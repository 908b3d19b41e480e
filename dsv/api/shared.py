"""Files that two folders have in common, found without reading what DVC or the stat cache knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsv.diff.shared_files import SharedFiles
    from dsv.formats.base import MemberRows, Scan


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
