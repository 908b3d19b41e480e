"""A diff as a page: what must be known first comes first."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.model.diff import KINDS, DatasetDiff, DiffResult, Kind, Layer, RowCounts, RowMatch
from dsv.model.page import Block, Heading, Line, Page, Rows, Span, spans
from dsv.model.revision import Revision
from dsv.model.values import shown
from dsv.views._explained import explained_blocks
from dsv.views._schema import schema_change
from dsv.views._tables import table_blocks
from dsv.views._words import changed_cells, code, delta, findings, muted, number, plural, step

SUMMARY_ROWS = 10
SUMMARY_REKEYED = 5
MOST_DATASETS = 20


def build(
    result: DiffResult,
    *,
    views: frozenset[str] = frozenset(),
    limit: int | None = None,
    kinds: tuple[Kind, ...] = KINDS,
    hide: frozenset[Layer] = frozenset(),
) -> Page:
    """The page of a diff.

    `views` are some of "stat", "schema", "labels", "rows"; none asks for a summary of all of them.
    Of every kind of row at most `limit` are shown (None: 10 in the summary, all in "rows"). What
    `hide` names is not shown; the counts of rows always are.
    """
    blocks: list[Block] = [_title(result)]
    if not result.complete:
        text = "x incomplete: something could not be compared, so this is not the whole difference"
        blocks.append(Line(spans=(Span(text=text, role="error"),)))
    blocks += findings(result.findings)
    if not result.datasets:
        blocks.append(Line(spans=spans("no tables to compare")))
    elif _crowded(result) and not views:
        blocks += _list(result)
    else:
        for dataset in result.datasets:
            blocks += _dataset(dataset, views, limit, kinds, hide)
    return Page(blocks=tuple(blocks))


def _title(result: DiffResult) -> Heading:
    return Heading(spans=(*_revision(result.old), *spans(" -> "), *_revision(result.new)), level=1)


def _revision(revision: Revision) -> tuple[Span, ...]:
    short = (revision.commit or "")[:7]
    if not short or revision.name.startswith(short):
        return (code(revision.name),)
    return spans(code(revision.name), " (", code(short), ")")


def _crowded(result: DiffResult) -> bool:
    return sum(dataset.status != "unchanged" for dataset in result.datasets) > MOST_DATASETS


def _list(result: DiffResult) -> Iterator[Block]:
    for dataset in result.datasets:
        if dataset.status != "unchanged":
            yield Line(spans=(*_name(dataset), *spans("  "), *_counts(dataset)))
    same = sum(dataset.status == "unchanged" for dataset in result.datasets)
    if same:
        yield Line(spans=(muted(f"{plural(same, 'table')} without changes"),))
    yield Line(spans=(muted("too many to show each: name some, as in dsv diff -- PATH"),))


def _dataset(
    dataset: DatasetDiff,
    views: frozenset[str],
    limit: int | None,
    kinds: tuple[Kind, ...],
    hide: frozenset[Layer],
) -> Iterator[Block]:
    everything = not views
    yield Heading(spans=_name(dataset), level=2)
    yield from _summary(dataset, formatting="formatting" not in hide)
    yield from explained_blocks(dataset)
    if (everything or "schema" in views) and "schema" not in hide:
        yield from _schema(dataset, asked="schema" in views)
    if "content" in hide:
        return
    if "labels" in views or (everything and dataset.status != "unchanged"):
        for label in dataset.labels:
            from dsv.views._labels import label_blocks

            yield from label_blocks(label, everything=not everything)
        yield from _splits(dataset)
    if everything or "rows" in views:
        yield from table_blocks(dataset, everything=not everything)
    if (everything or "rows" in views) and dataset.changes is not None:
        yield from _rekeyed(dataset, everything=not everything)
        yield from _similar(dataset, everything=not everything)
        yield from _rows(dataset, SUMMARY_ROWS if everything and limit is None else limit, kinds)


def _name(dataset: DatasetDiff) -> tuple[Span, ...]:
    if dataset.path == dataset.dataset:
        return (code(dataset.dataset),)
    return spans(code(dataset.dataset), "  ", code(dataset.path, "muted"))


def _counts(dataset: DatasetDiff) -> tuple[Span, ...]:
    """`rows 10 -> 12  +3 -1 ~2`, or that there are none."""
    rows = dataset.rows
    word = {"added": "new table, ", "removed": "table removed, ", "modified": "", "unchanged": ""}[dataset.status]
    if dataset.status == "unchanged":
        how = "identical bytes" if dataset.changes is None else "compared by rows"
        if dataset.compared != "rows":
            how = f"compared by {dataset.compared} only"
        return spans(Span(text="no changes", role="ok"), f"  rows {number(rows.new)}  ", muted(f"({how})"))
    counts = (
        *spans(f"{word}rows {step(rows.old, rows.new)}  "),
        *delta(rows.added, rows.removed, rows.changed),
    )
    if rows.added == rows.removed == rows.changed == 0 and dataset.changes is not None:
        return (*spans("no row changes  "), *counts)
    return counts


def _summary(dataset: DatasetDiff, *, formatting: bool) -> Iterator[Block]:
    unchanged = dataset.rows.unchanged if dataset.status == "modified" else None
    same = f"  {unchanged:,} unchanged" if unchanged is not None else ""
    yield Line(spans=(*_counts(dataset), muted(same)), indent=1)
    if dataset.compared == "profiles" and dataset.status != "unchanged":
        text = "! only the profiles were compared: which rows changed is not known"
        yield Line(spans=(Span(text=text, role="warning"),), indent=1)
    if dataset.changed_cells:
        yield Line(spans=changed_cells(dataset.changed_cells), indent=1)
    yield from _media(dataset)
    yield from _matching(dataset)
    for words in (_of_which(dataset), _key_trouble(dataset), _formatting(dataset) if formatting else ""):
        if words:
            yield Line(spans=spans(words), indent=1)
    if dataset.status != "unchanged" and dataset.compared != "profiles":
        yield _key(dataset)


def _media(dataset: DatasetDiff) -> Iterator[Block]:
    """`media files +3 -1 ~2`; what is wrong with them stands among the findings."""
    found = dataset.media
    if found is not None and (found.added or found.removed or found.changed):
        yield Line(spans=spans("media files ", *delta(found.added, found.removed, found.changed)), indent=1)


def _matching(dataset: DatasetDiff) -> Iterator[Block]:
    found = dataset.matching
    if found is not None:
        rows = dataset.rows
        total = sum(count or 0 for count in (rows.added, rows.removed, rows.changed))
        some = found.added + found.removed + found.changed
        words = f"{number(some)} of {number(total)} changed {'row matches' if total == 1 else 'rows match'} "
        yield Line(spans=spans(words, code(found.condition), "  ", *delta(*_kinds(found))), indent=1)


def _kinds(counts: RowCounts | RowMatch) -> tuple[int | None, int | None, int | None]:
    return counts.added, counts.removed, counts.changed


def _of_which(dataset: DatasetDiff) -> str:
    blanks = sum((dataset.changed_cells_whitespace_only or {}).values())
    case = sum((dataset.changed_cells_case_only or {}).values())
    written = sum((dataset.changed_cells_encoding_only or {}).values())
    parts = [
        f"{number(dataset.rows.rekeyed)} re-keyed" if dataset.rows.rekeyed else "",
        f"{plural(len(dataset.similar), 'pair')} of similar rows" if dataset.similar else "",
        f"{plural(blanks, 'cell')} whitespace only" if blanks else "",
        f"{plural(case, 'cell')} case only" if case else "",
        f"{plural(written, 'label cell')} encoding only" if written else "",
    ]
    return "of which " + ", ".join(filter(None, parts)) if any(parts) else ""


def _key_trouble(dataset: DatasetDiff) -> str:
    parts = [
        f"{name} {step(counts.old, counts.new)}"
        for name, counts in (("duplicate keys", dataset.duplicate_keys), ("null keys", dataset.null_keys))
        if counts is not None and (counts.old or counts.new)
    ]
    return ", ".join(parts)


def _formatting(dataset: DatasetDiff) -> str:
    found = dataset.formatting
    parts = [
        "rows in another order" if found.reordered else "",
        f"{plural(found.quoting, 'cell')} quoted differently" if found.quoting else "",
        f"{plural(found.line_ends, 'line')} with another end" if found.line_ends else "",
        f"{plural(found.number_spelling, 'number')} spelled differently" if found.number_spelling else "",
        f"names in another order in {plural(found.key_order, 'line')}" if found.key_order else "",
        f"other blanks in {plural(found.whitespace, 'line')}" if found.whitespace else "",
        f"other escapes in {plural(found.escapes, 'line')}" if found.escapes else "",
        "another delimiter" if found.delimiter else "",
        "a byte order mark came or went" if found.bom else "",
        "the last line's end came or went" if found.final_line_end else "",
    ]
    return "formatting only: " + ", ".join(filter(None, parts)) if any(parts) else ""


def _key(dataset: DatasetDiff) -> Line:
    if not dataset.key:
        return Line(spans=(muted(dataset.key_evidence or "no key: whole rows are compared"),), indent=1)
    names = [part for name in dataset.key for part in (", ", code(name))][1:]
    words = (muted(dataset.key_evidence),) if dataset.key_evidence else (muted("key "), *names)
    return Line(spans=spans(*words, muted(f" ({dataset.key_source})")), indent=1)


def _schema(dataset: DatasetDiff, *, asked: bool) -> Iterator[Block]:
    if dataset.schema_changes:
        yield Heading(spans=spans("Schema"), level=3)
        for change in dataset.schema_changes:
            yield Line(spans=schema_change(change), indent=2)
    elif asked:
        yield Line(spans=spans("no schema changes"), indent=1)


def _splits(dataset: DatasetDiff) -> Iterator[Block]:
    if dataset.split_moves:
        yield Heading(spans=spans("Split moves"), level=3)
        for move in dataset.split_moves:
            steps = (code(shown(move.source)), " -> ", code(shown(move.target)))
            yield Line(spans=spans(*steps, f"  {number(move.rows)}"), indent=2)


def _similar(dataset: DatasetDiff, *, everything: bool) -> Iterator[Block]:
    pairs = dataset.similar or ()
    if not pairs:
        return
    yield Heading(spans=spans("Removed and added rows that share most cells"), level=3)
    for pair in pairs if everything else pairs[:SUMMARY_REKEYED]:
        cells = [
            part
            for name, cell in pair.cells.items()
            for part in ("  ", code(name), ": ", code(shown(cell.old)), " -> ", code(shown(cell.new)))
        ]
        places = f"row {pair.old_position:,} -> row {pair.new_position:,}"
        yield Line(spans=spans(places, muted(f"  {100 * pair.similarity:.0f} % equal"), *cells), indent=2)
    if not everything and len(pairs) > SUMMARY_REKEYED:
        yield Line(spans=(muted(f"… {len(pairs) - SUMMARY_REKEYED:,} more"),), indent=2)


def _rekeyed(dataset: DatasetDiff, *, everything: bool) -> Iterator[Block]:
    pairs = dataset.rekeyed or ()
    if not pairs:
        return
    yield Heading(spans=spans("Same row under another key"), level=3)
    for pair in pairs if everything else pairs[:SUMMARY_REKEYED]:
        old, new = (" ".join(f"{name}={shown(value)}" for name, value in side.items()) for side in (pair.old, pair.new))
        yield Line(spans=spans(code(old), " -> ", code(new)), indent=2)
    if not everything and len(pairs) > SUMMARY_REKEYED:
        yield Line(spans=(muted(f"… {len(pairs) - SUMMARY_REKEYED:,} more"),), indent=2)


def _rows(dataset: DatasetDiff, limit: int | None, kinds: tuple[Kind, ...]) -> Iterator[Block]:
    counts = dict(zip(KINDS, _kinds(dataset.matching or dataset.rows), strict=True))
    total = sum(counts[kind] or 0 for kind in kinds)
    if total and dataset.changes is not None:
        yield Heading(spans=spans("Rows"), level=3)
        yield Rows(changes=dataset.changes, kinds=kinds, limit=limit, total=total, indent=2)
