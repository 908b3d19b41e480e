"""`dsv diff`: two sides are opened, compared table by table, and joined into one result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from dsv.api.between import found_between
from dsv.api.diff_parts import boxless, faults, unnarrowed, with_parts, zones
from dsv.api.media import media_between, same_media
from dsv.api.options import DiffOptions
from dsv.api.pairs import Pair, Side, repository_pairs
from dsv.api.profiled import instead_of_rows, without_rows
from dsv.api.reading import Sides, read_sides, with_spelling
from dsv.api.targets import Row
from dsv.errors import (
    DataMissing,
    FormatError,
    SchemaError,
    UnknownRow,
    UsageError,
)
from dsv.model.counts import Counts
from dsv.model.diff import DatasetDiff, DiffResult, Formatting, KeySource, RowCounts
from dsv.model.finding import Finding
from dsv.model.progress import SILENT, Progress, each
from dsv.model.revision import Revision
from dsv.store.trees import Tree
from dsv.tables.duckdb import Engine

if TYPE_CHECKING:
    from dsv.diff.request import DiffRequest
    from dsv.formats.base import Scan
    from dsv.tables.table import Table

__all__ = ["Comparison", "DiffOptions", "compare"]

NOT_COMPARED = "not-compared"
"""The rule of the findings that make a result incomplete."""

COUNTED_BYTES = 16 * 2**20
"""Files up to this size are opened to count their rows even when both sides have equal bytes."""


class Comparison:
    """A diff, and the engine that its changed rows are read from. Use `with`, or close it."""

    def __init__(self, result: DiffResult, engine: Engine) -> None:
        self.result = result
        self.engine = engine

    def close(self) -> None:
        """Let go of the rows."""
        self.engine.close()

    def __enter__(self) -> Comparison:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def compare(
    start: Path,
    words: Sequence[str],
    targets: Sequence[str] | None,
    options: DiffOptions | None = None,
    progress: Progress = SILENT,
) -> Comparison:
    """Compare what `words` say: revisions as Git reads them, or two files.

    `targets` are datasets, paths or `DATASET:KEY`, None where the user wrote no `--`; trailing
    words that are no revision are then taken as targets, as Git does.

    Raises: DsvError: what was asked for cannot be compared.
    """
    with progress.task("comparing"):
        with progress.task("finding what differs"):
            names, pairs = found_between(start, words, targets)
        return compare_pairs(names, pairs, options or DiffOptions(), progress)


def compare_trees(
    trees: tuple[Tree, Tree], target: str, progress: Progress = SILENT, options: DiffOptions | None = None
) -> Comparison:
    """Compare one dataset, or one table by its repository path, at two revisions.

    Raises: DsvError: it cannot be compared.
    """
    return compare_sides(
        trees, repository_pairs(*trees, [target], lambda word: word), options or DiffOptions(), progress
    )


def compare_sides(
    trees: tuple[Tree, Tree], pairs: Sequence[Pair], options: DiffOptions, progress: Progress = SILENT
) -> Comparison:
    """Compare pairs of tables of two revisions.

    Raises: DsvError: what was asked for cannot be compared.
    """
    return compare_pairs((trees[0].revision, trees[1].revision), pairs, options, progress)


def compare_pairs(
    names: tuple[Revision, Revision],
    pairs: Sequence[Pair],
    options: DiffOptions,
    progress: Progress = SILENT,
    *,
    lenient: bool = False,
) -> Comparison:
    """Compare pairs of tables; `names` are those of their sides.

    `lenient`: where even the only one cannot be compared, a finding says so, as among several.

    Raises: DsvError: one cannot be compared.
    """
    if options.reverse:
        names = (names[1], names[0])
        pairs = [replace(pair, old=pair.new, new=pair.old) for pair in pairs]
    if options.row is not None:
        pairs = [_with_row(pairs, options.row)]
    engine = Engine(memory=options.memory_bytes, progress=progress)
    found = []
    try:
        for pair in each(progress, "tables", pairs):
            found.append(_table_diff(engine, pair, options, alone=len(pairs) == 1 and not lenient))
    except BaseException:
        engine.close()
        raise
    findings = tuple(finding for _, said in found for finding in said)
    result = DiffResult(
        old=names[0],
        new=names[1],
        complete=not any(finding.rule == NOT_COMPARED for finding in findings),
        datasets=tuple(diff for diff, _ in found if diff is not None),
        findings=findings,
    )
    return Comparison(result, engine)


def _with_row(pairs: Sequence[Pair], row: Mapping[str, Any]) -> Pair:
    """The only pair, of which only one row is asked for. Raises: UsageError: there are several."""
    if len(pairs) != 1 or pairs[0].row is not None:
        names = ", ".join(pair.name for pair in pairs)
        raise UsageError("--key-json names one row of one dataset", where=names, hint="name the dataset: -- DATASET")
    return replace(pairs[0], row=row)


def _table_diff(
    engine: Engine, pair: Pair, options: DiffOptions, *, alone: bool
) -> tuple[DatasetDiff | None, list[Finding]]:
    """One table's diff and what there is to say of it; no diff where it cannot be read.

    Raises: DsvError: it cannot be compared, and nothing else was asked for.
    """
    try:
        return _compared(engine, pair, options)
    except (DataMissing, FormatError, SchemaError) as error:
        if alone:
            raise
        where = f" ({error.where})" if error.where else ""
        message = f"cannot compare {pair.name}: {error.message}{where}"
        return None, [Finding(rule=NOT_COMPARED, level="error", message=message, dataset=pair.name)]


def _compared(engine: Engine, pair: Pair, options: DiffOptions) -> tuple[DatasetDiff, list[Finding]]:
    if pair.old is None and pair.new is None:
        raise DataMissing(
            f"the dataset {pair.name} is declared, and its data is on neither side",
            where=pair.path,
            hint="make or fetch it: dvc repro, dvc pull",
        )
    # Fields that the user names are looked up, so that a misspelt one is told even when nothing differs.
    named = (
        *options.key,
        *options.labels,
        *options.ignore,
        *options.fields,
        *options.key_forms,
        options.split,
        options.where,
    )
    if pair.identical and pair.row is None and not any(named) and same_media(pair):
        unopened = _identical(pair, options)
        if unopened is not None:
            return unopened, list(_absent(pair))
    profiled = without_rows(pair, options)
    if profiled is not None:
        return profiled
    from dsv.api import remembered

    known = remembered.recall(engine, pair, options)
    if known is not None:
        return known[0], [*_absent(pair), *known[1]]
    return _read(engine, pair, options)


def _read(engine: Engine, pair: Pair, options: DiffOptions) -> tuple[DatasetDiff, list[Finding]]:
    """The diff of two sides that have to be read, and what there is to say of it."""
    engine.warm()
    # These take as long to import as the engine to open.
    from dsv.api import explain, remembered  # noqa: F401
    from dsv.diff import dataset  # noqa: F401

    try:
        sides = read_sides(engine, pair, options)
    except DataMissing as error:
        return instead_of_rows(pair, options, error)
    said: list[Finding] = []
    for side, scan in zip((pair.old, pair.new), sides.scans, strict=True):
        said += _said(pair, side, scan) if side is not None and scan is not None else []
    said += faults(pair.name, *sides.scans)
    said += boxless(pair.name, options.iou, *sides.scans)
    said += zones(pair.name, *sides.scans)
    try:
        diff = _diff(engine, pair, options, sides)
        sides.check()
    except Exception as error:
        # If a file changed while it was read, that explains any other failure, too.
        sides.check()
        if not engine.is_damage(error):
            raise
        reason = str(error).splitlines()[0]
        shown = " or ".join(dict.fromkeys(side.path for side in (pair.old, pair.new) if side is not None))
        raise FormatError(f"the data cannot be read to its end: {reason}", where=shown) from None
    said += diff.findings
    remembered.keep(pair, options, sides.scans, diff, said)
    return diff, [*_absent(pair), *said]


def _diff(engine: Engine, pair: Pair, options: DiffOptions, sides: Sides) -> DatasetDiff:
    from dsv.api.explain import replay_between
    from dsv.diff.dataset import diff_tables
    from dsv.diff.narrowed import narrowed

    before, after = sides.scans
    request = _request(pair, options, before, after)
    old, new = (None if scan is None else scan.table for scan in (before, after))
    if pair.row is not None:
        old, new = _only_row(pair, pair.row, request.key, old, new)
        # One row is no distribution, and suggests nothing about its class.
        request = replace(request, labels=options.labels, split=None)
    if options.fields:
        request = narrowed(request, options.fields, old, new)
    replay, findings = replay_between(engine, pair)
    media, unlisted = (None, []) if pair.row is not None else media_between(pair)
    shared = sides.shared() if pair.row is None else None
    diff = diff_tables(pair.name, pair.path, old, new, request, replay, media, shared)
    diff = replace(diff, findings=(*findings, *unlisted, *(replace(item, dataset=pair.name) for item in diff.findings)))
    if pair.row is not None:
        return diff
    with engine.progress.task("comparing spellings"):
        diff = with_spelling(diff, sides, options)
    return unnarrowed(with_parts(diff, before, after), options.where)


def _only_row(
    pair: Pair, row: Row, key: tuple[str, ...], old: Table | None, new: Table | None
) -> tuple[Table | None, Table | None]:
    """Both tables with the one row that was asked for. Raises: UnknownRow: neither has it."""
    from dsv.api.targets import key_values, only_row

    values = key_values(key, row)
    picked = [None if table is None else only_row(table, key, values) for table in (old, new)]
    if not any(table is not None and table.count() for table in picked):
        named = ", ".join(f"{field} {value!r}" for field, value in zip(key, values, strict=True))
        raise UnknownRow(f"no row of {pair.name} has the key {named} on either side", hint="dsv diff --rows")
    return picked[0], picked[1]


def _absent(pair: Pair) -> Iterator[Finding]:
    if any(side is not None and side.absent for side in (pair.old, pair.new)):
        message = f"{pair.path} is not checked out; what its pointer records was compared"
        yield Finding(rule="not-checked-out", level="warning", message=message, dataset=pair.name)


def _said(pair: Pair, side: Side, scan: Scan) -> Iterator[Finding]:
    """What reading one side found."""
    if scan.malformed:
        message = f"{scan.malformed:,} malformed lines of {side.path} were left out, first {scan.first_malformed}"
        yield Finding(rule="malformed-lines", level="warning", message=message, count=scan.malformed, dataset=pair.name)


def _request(pair: Pair, options: DiffOptions, before: Scan | None, after: Scan | None) -> DiffRequest:
    from dsv.api.labelled import chain_labels
    from dsv.diff.request import DiffRequest

    declared = pair.declared
    key, source = _key(pair, options)
    # What the format knows of its files stands in for what nobody said.
    known = next(scan for scan in (after, before) if scan is not None)
    identities = {scan.identity for scan in (before, after) if scan is not None}
    chained, unlabelled = chain_labels(pair)
    there = {name for scan in (before, after) if scan is not None for name in scan.table.schema.names}
    declared_labels = declared.labels if declared else ()
    declared_labels += tuple(name for name in chained if name in there and name not in declared_labels)
    return DiffRequest(
        key=key,
        key_source=source,
        labels=options.labels or declared_labels or known.labels,
        split=options.split or (declared.split if declared else None) or known.split,
        unlabelled=declared.unlabelled if declared else None,
        unlabelled_in=unlabelled,
        ignore=(*options.ignore, *known.context),
        tolerance=options.tolerance,
        iou=options.iou,
        by_position=options.by_position,
        hide_whitespace=options.hide_whitespace,
        hide_case=options.hide_case,
        renames=options.renames,
        identity=known.identity if len(identities) == 1 else (),
        where=options.where,
        similar=options.similar,
        counts=options.counts and pair.row is None,
        unexplained=options.unexplained,
        sequence=known.sequence,
        context=known.context,
        told=known.told,
        optional=known.optional,
        surrogates=tuple(name for name in known.surrogates if name not in {*key, *options.fields}),
        key_forms=options.key_forms,
    )


def _key(pair: Pair, options: DiffOptions) -> tuple[tuple[str, ...], KeySource]:
    if options.key:
        return options.key, "given"
    if isinstance(pair.row, Mapping) and not (pair.declared and pair.declared.key):
        return tuple(pair.row), "given"
    if pair.declared is not None:
        return pair.declared.key, "declared" if pair.declared.key else "none"
    if pair.row is not None:
        raise UsageError(f"{pair.name} is not declared, so its key must be given", hint="-k FIELD")
    return (), "inferred"


def _identical(pair: Pair, options: DiffOptions) -> DatasetDiff | None:
    """The diff of equal bytes, without opening them; None where they are better opened and counted."""
    if pair.new is None:
        return None
    profile = pair.new.profile()
    side = pair.new
    if profile is None and side.files is None and side.here() and side.open().stat().st_size <= COUNTED_BYTES:
        return None
    rows = None if profile is None else profile.rows
    key, source = _key(pair, options)
    return DatasetDiff(
        dataset=pair.name,
        path=pair.path,
        status="unchanged",
        compared="rows",
        key=key,
        key_source=source if key else "none",
        key_evidence=None,
        rows=RowCounts(old=rows, new=rows, added=0, removed=0, changed=0, unchanged=rows, rekeyed=0),
        duplicate_keys=Counts(old=0, new=0) if key and profile is not None else None,
        null_keys=None,
        formatting=Formatting(reordered=False, quoting=0, line_ends=0, number_spelling=0),
        schema_changes=(),
        changed_cells={},
        changed_cells_whitespace_only={},
        changed_cells_case_only={},
        changed_cells_encoding_only={},
        rekeyed=(),
        labels=(),
        split_moves=(),
        changes=None,
    )
