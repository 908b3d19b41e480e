"""`dsv review`: what a branch changes in the datasets since it left its base, judged, and fit to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from dsv.api.diff import NOT_COMPARED, Comparison, compare_pairs
from dsv.api.options import DiffOptions
from dsv.api.pairs import Pair, repository_pairs
from dsv.api.redaction import AFTER, BEFORE, Redaction
from dsv.api.review_findings import around, judged, limits_of, of_pair
from dsv.api.review_media import media_files
from dsv.api.review_sides import Between, ends
from dsv.model.diff import DatasetDiff
from dsv.model.finding import Finding
from dsv.model.progress import SILENT, Progress
from dsv.model.review import DatasetReview, Failure, Review, ReviewFinding, Values
from dsv.model.rules import reading_order
from dsv.store.repository import Repository

if TYPE_CHECKING:
    from dsv.renderers._report.thumbnails import Thumbnails


class Reviewed:
    """A review, and the engine that its rows are read from. Use `with`.

    `thumbnails` gives the image files of a row, before and after; None where values are not shown.
    """

    def __init__(self, result: Review, comparison: Comparison, thumbnails: Thumbnails | None) -> None:
        self.result = result
        self.thumbnails = thumbnails
        self._comparison = comparison

    def __enter__(self) -> Reviewed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._comparison.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One dataset of a review; no `dataset` where it could not be compared at all."""

    dataset: DatasetReview | None
    findings: Sequence[ReviewFinding]
    errors: Sequence[Failure]


def review(
    start: Path,
    words: Sequence[str] = (),
    targets: Sequence[str] | None = None,
    options: DiffOptions | None = None,
    values: Values = "all",
    progress: Progress = SILENT,
) -> Reviewed:
    """Review what `words` say: `BASE...HEAD`, or `BASE` and what HEAD changed since; by default the main branch.

    `targets` are datasets or paths, None for all. `values` says which values of rows may be shown. Settings of
    DVC are those of the base, and no code of the branch runs.

    Raises: UsageError, RepositoryError: there is nothing to review. DocumentError: thresholds or declarations
        cannot be read. A dataset that cannot be compared is an error of the review instead.
    """
    options = replace(options or DiffOptions(), views=frozenset())
    repository = Repository.discover(start)
    between = Between.of(repository, *ends(repository, words))
    with progress.task("reviewing"):
        named = list(targets or ())
        pairs = repository_pairs(between.start, between.head, named, lambda word: repository.relative(start / word))
        names = (between.start.revision, between.head.revision)
        comparison = compare_pairs(names, pairs, options, progress, lenient=True)
        try:
            parts = [_part(comparison, between, pair, options, values) for pair in pairs]
            thumbnails = media_files(between, pairs) if values == "all" else None
            command = between.command(*(["--", *(pair.name for pair in pairs)] if named else []))
            return Reviewed(_joined(between, parts, values, command), comparison, thumbnails)
        except BaseException:
            comparison.close()
            raise


def _joined(between: Between, parts: Sequence[_Part], values: Values, command: str) -> Review:
    findings = [*(finding for part in parts for finding in part.findings), *around(between)]
    findings.sort(key=lambda item: (*reading_order(item.rule, item.level), item.dataset or "", item.message))
    return Review(
        base=between.base.revision,
        head=between.head.revision,
        merge_base=between.start.revision,
        command=command,
        values=values,
        datasets=tuple(part.dataset for part in parts if part.dataset is not None),
        findings=tuple(findings),
        errors=tuple(error for part in parts for error in part.errors),
    )


def _part(comparison: Comparison, between: Between, pair: Pair, options: DiffOptions, values: Values) -> _Part:
    result = comparison.result
    diff = next((item for item in result.datasets if item.dataset == pair.name), None)
    said = [item for item in result.findings if item.dataset == pair.name]
    private = between.private(pair)
    if diff is None:
        redaction = Redaction(key=frozenset(), classes=frozenset(), private=private, all_values=values == "all")
        return _Part(dataset=None, findings=(), errors=_errors(said, redaction))
    redaction, limits = Redaction.of(diff, values, private), limits_of(between, pair)
    found = of_pair(comparison.engine, between, pair, diff, options, limits)
    said += [item for item in found if item not in said]
    kept = [redaction.finding(item) for item in said if item.rule != NOT_COMPARED]
    return _Part(
        dataset=_dataset(pair, diff, redaction),
        findings=tuple(judged(between, pair, kept, limits)),
        errors=_errors(said, redaction),
    )


def _errors(findings: Sequence[Finding], redaction: Redaction) -> tuple[Failure, ...]:
    told = [redaction.finding(item) for item in findings if item.rule == NOT_COMPARED]
    return tuple(Failure(message=item.message, dataset=item.dataset) for item in told)


def _dataset(pair: Pair, diff: DatasetDiff, redaction: Redaction) -> DatasetReview:
    from dsv.diff.changes import OneSideChanges, PairedChanges
    from dsv.diff.groups import Groups, groups

    changes, cells = diff.changes, diff.changed_cells
    fields = [*(cells or {}), *diff.key]
    found: Groups | None = None if cells is None else Groups()
    if isinstance(changes, PairedChanges):
        context = [label.field for label in diff.labels] + ([diff.split] if diff.split else [])
        context += [pair.declared.media.field] if pair.declared and pair.declared.media else []
        changes = changes.with_context(context)
        fields += changes.fields.names()
        hidden = {name: (BEFORE, AFTER) for name in cells or () if not redaction.shows(name)}
        found = groups(changes, cells or {}, redaction.classes, hidden)
    elif isinstance(changes, OneSideChanges):
        fields += changes.forms
    elif changes is None and diff.status != "unchanged":
        found = None
    shown = redaction.diff(replace(diff, changes=changes))
    return DatasetReview(
        diff=shown,
        groups=None if found is None else tuple(redaction.group(group) for group in found.listed),
        more_groups=0 if found is None else found.more,
        more_cells=0 if found is None else found.more_cells,
        redacted=redaction.hidden(fields),
    )
