"""The two sides of a diff are opened and read, each by itself or both line by line; what their bytes alone tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dsv.api import shared
from dsv.api.options import DiffOptions
from dsv.api.pairs import Pair, Side
from dsv.api.snapshots import of_files
from dsv.model.counts import Counts
from dsv.model.diff import DatasetDiff, Formatting
from dsv.model.finding import Finding
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.tables.duckdb import Engine

if TYPE_CHECKING:
    from dsv.diff.shared_files import SharedFiles
    from dsv.diff.shared_lines import SharedLines
    from dsv.formats.base import Scan

NOT_COUNTED = Finding(
    rule="formatting-not-counted",
    level="info",
    message="what differs in spelling alone (quotes, blanks, line ends) was not counted: too much text differs",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Old and new, None for a side that lacks the dataset."""

    scans: tuple[Scan | None, Scan | None]
    by_lines: shared.ByLines | None = None

    def check(self) -> None:
        """Raise FormatError if a file changed while it was read."""
        for scan in self.scans:
            if scan is not None:
                scan.check()

    def shared(self) -> SharedFiles | SharedLines | None:
        """The rows that both sides have, as far as that is known without comparing them; None where nothing is."""
        return self.by_lines.shared if self.by_lines is not None else shared.shared_files(*self.scans)

    def formatting(self, diff: DatasetDiff, *, by_position: bool) -> Formatting | None:
        """What differs in the files' bytes and changes no value; None for formats that have one spelling only."""
        from dsv.formats.base import spelling

        if self.by_lines is not None:
            # Where keys repeat, equal rows pair and not those of one key, as among all lines.
            key = diff.key if diff.duplicate_keys == Counts(old=0, new=0) else ()
            old, new = self.by_lines.others
            found = spelling(old, new, key, by_position=by_position, respelled=self.by_lines.shared.respelled)
            return None if found is None else replace(found, final_line_end=self.by_lines.final_line_end)
        before, after = (None if scan is None else scan.snapshot for scan in self.scans)
        return None if before is None or after is None else spelling(before, after, diff.key, by_position=by_position)


def read_sides(engine: Engine, pair: Pair, options: DiffOptions) -> Sides:
    """Read both sides. Raises: DsvError: one cannot be read."""
    old, new = (None if side is None else _snapshot(pair, side, options) for side in (pair.old, pair.new))
    if old is not None and new is not None and pair.row is None and not (options.by_position or options.key_forms):
        with engine.progress.task("comparing lines"):
            found = shared.by_lines(engine, old, new)
        if found is not None:
            return Sides(scans=found.scans, by_lines=found)
    scans = [
        _scan(engine, pair, which, *given) for which, given in (("old", (pair.old, old)), ("new", (pair.new, new)))
    ]
    return Sides(scans=(scans[0], scans[1]))


def with_spelling(diff: DatasetDiff, sides: Sides, options: DiffOptions) -> DatasetDiff:
    """The diff with what the files' bytes tell: quoting, line ends and the like."""
    if diff.compared == "hashes":
        return diff
    found = sides.formatting(diff, by_position=options.by_position)
    if found is None:
        return diff
    numbers = (found.number_spelling or 0) + (diff.formatting.number_spelling or 0)
    formatting = replace(found, reordered=diff.formatting.reordered, number_spelling=numbers)
    status = "modified" if diff.status == "unchanged" and formatting.any else diff.status
    unknown = (NOT_COUNTED,) if found.quoting is None and found.key_order is None else ()
    findings = (*diff.findings, *(replace(finding, dataset=diff.dataset) for finding in unknown))
    return replace(diff, formatting=formatting, status=status, findings=findings)


def _snapshot(pair: Pair, side: Side, options: DiffOptions) -> Snapshot:
    from dsv.formats.base import recognised

    declared = pair.declared
    header = options.header if options.header is not None else (declared.header if declared else True)
    snapshot = Snapshot(
        path=Path() if side.files is not None else side.open(),
        format="",
        shown_path=side.path,
        content_id=side.content_id,
        options=ReadOptions(header=header, skip_malformed=options.skip_malformed),
    )
    if side.files is not None:
        snapshot = of_files(snapshot, side.files())
    return recognised(snapshot, options.format or (declared.format if declared else None))


def _scan(engine: Engine, pair: Pair, which: str, side: Side | None, snapshot: Snapshot | None) -> Scan | None:
    from dsv.api.indexes import indexed_side
    from dsv.formats.base import scan

    if side is None or snapshot is None:
        return None
    with engine.progress.task(f"reading {which}"):
        return indexed_side(scan(engine, snapshot), pair, side)
