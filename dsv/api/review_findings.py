"""What there is to say of a review: of each dataset, and of what the branch changes around the data."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from dsv.api.diff import NOT_COMPARED
from dsv.api.explain import foretold_between
from dsv.api.names import PARAMETERS, PIPELINE
from dsv.api.options import DiffOptions
from dsv.api.pairs import Pair
from dsv.api.review_fields import field_counts
from dsv.api.review_sides import Between
from dsv.checks.classes import of_classes
from dsv.checks.fields import of_fields
from dsv.checks.migrations import NewMigration, of_migrations
from dsv.checks.repository import of_checks, of_declaration, of_pipelines, of_settings
from dsv.checks.rows import of_rows, of_test
from dsv.checks.schema import of_schema
from dsv.checks.thresholds import Thresholds, thresholds
from dsv.errors import DsvError
from dsv.model.diff import DatasetDiff
from dsv.model.finding import Finding
from dsv.model.review import ReviewFinding
from dsv.model.rules import View, graver, rule_of
from dsv.model.secrets import SECRET
from dsv.tables.duckdb import Engine

VIEWS: dict[View, tuple[str, ...]] = {
    "removed": ("--rows", "--filter", "removed"),
    "schema": ("--schema",),
    "labels": ("--labels",),
    "rows": ("--rows",),
}


def of_pair(
    engine: Engine, between: Between, pair: Pair, diff: DatasetDiff, options: DiffOptions, limits: Thresholds
) -> list[Finding]:
    """Findings about one dataset beside those of its diff."""
    found = [*of_rows(diff, limits), *of_schema(diff), *of_classes(diff, limits)]
    if diff.status == "modified":
        found += [*_of_cells(diff), *_of_migrations(engine, pair)]
        found += _of_fields(engine, pair, options, limits) if diff.compared == "rows" else []
    elif diff.changes is not None:
        found += _secrets(diff)
    before, after = (between.declared(tree, pair) for tree in (between.start, between.head))
    if before is not None and (after is not None or pair.new is not None):
        renamed = {item.field: item.to for item in diff.schema_changes if item.change == "field_renamed" and item.to}
        found += of_declaration(before, after, renamed)
    return found


def judged(between: Between, pair: Pair, findings: Sequence[Finding], limits: Thresholds) -> Iterator[ReviewFinding]:
    """Findings with their ids, as grave as the thresholds say, and where to look; without what is off.

    Without a word of the thresholds a finding is as grave as its rule, or graver where it was found to be.
    """
    pointer = _pointer(between, pair)
    for finding in findings:
        rule = rule_of(finding.rule)
        level = limits.levels.get(finding.rule) or graver(rule.level, finding.level)
        if level != "off":
            see = VIEWS.get(rule.view)
            command = None if see is None else between.command(*see, "--", pair.name)
            yield replace(_listed(finding, pointer), level=level, dataset=pair.name, see=command)


def limits_of(between: Between, pair: Pair) -> Thresholds:
    """What the base holds a dataset to. Raises: DocumentError: what it says is no threshold."""
    declared = between.declared(between.base, pair) or between.declared(between.head, pair)
    path = posixpath.join(posixpath.dirname(declared.declared_in) if declared else "", PARAMETERS)
    text = between.base.read(path)
    return Thresholds() if text is None else thresholds(text.decode("utf-8", "replace"), pair.name, path)


def around(between: Between) -> Iterator[ReviewFinding]:
    """Findings about files of the repository: settings, commands, thresholds."""
    start, head = between.start, between.head
    for matches, check in (
        (_is_settings, of_settings),
        (partial(_is_named, PIPELINE), of_pipelines),
        (partial(_is_named, PARAMETERS), of_checks),
    ):
        for placed in check(between.texts(start, matches), between.texts(head, matches)):
            finding = replace(placed.finding, message=f"{placed.path}: {placed.finding.message}")
            yield _listed(finding, placed.path)


def _listed(finding: Finding, path: str | None) -> ReviewFinding:
    """A finding with what its rule says, and the file that it shows in."""
    rule = rule_of(finding.rule)
    return ReviewFinding(
        rule=finding.rule,
        level=finding.level,
        message=finding.message,
        count=finding.count,
        dataset=finding.dataset,
        id=rule.id,
        unit=rule.unit,
        anchor=rule.anchor,
        path=path,
        line=None if path is None else 1,
    )


def _of_fields(engine: Engine, pair: Pair, options: DiffOptions, limits: Thresholds) -> Iterator[Finding]:
    try:
        counts = field_counts(engine, pair, options)
    except DsvError as error:
        # The diff may be a remembered one, of data that is no longer here.
        message = f"missing values of {pair.name} were not counted: {error.message}"
        yield Finding(rule=NOT_COMPARED, level="error", message=message, dataset=pair.name)
        return
    if counts is not None:
        yield from of_fields(*counts, limits)


def _of_cells(diff: DatasetDiff) -> Iterator[Finding]:
    from dsv.diff.changes import PairedChanges
    from dsv.diff.groups import touched

    if isinstance(diff.changes, PairedChanges):
        yield from of_test(touched(diff.changes, diff.split) if diff.split else {}, diff)
    yield from _secrets(diff)


def _secrets(diff: DatasetDiff) -> Iterator[Finding]:
    from dsv.diff.changes import OneSideChanges, PairedChanges
    from dsv.diff.groups import secrets

    if isinstance(diff.changes, PairedChanges | OneSideChanges):
        count = secrets(diff.changes, SECRET)
        if count:
            what = "1 cell holds" if count == 1 else f"{count:,} cells hold"
            message = (
                f"{what} what looks like a secret (a key, a token, a password); masked here, but it is in the data"
            )
            yield Finding(rule="secret-in-data", level="error", message=message, count=count)


def _of_migrations(engine: Engine, pair: Pair) -> Iterator[Finding]:
    found = []
    with suppress(DsvError):  # the diff has said already why they cannot be read
        for step in foretold_between(engine, pair):
            migration = step.migration
            found.append(
                NewMigration(
                    id=migration.id,
                    path=migration.path,
                    lines=tuple(text for _, text in step.lines),
                    breaking=step.effect.summary == "breaking",
                    runs_code=any(operation.runs_code for operation in migration.operations),
                )
            )
    yield from of_migrations(found)


def _pointer(between: Between, pair: Pair) -> str | None:
    """The file of the repository that a change of the dataset shows in."""
    for side, tree in ((pair.new, between.head), (pair.old, between.start)):
        located = None if side is None else tree.find(side.path)
        if located is not None:
            return located.pointer or located.path
    return None


def _is_settings(path: str) -> bool:
    return path.endswith(".dvc/config") and posixpath.basename(posixpath.dirname(path)) == ".dvc"


def _is_named(name: str, path: str) -> bool:
    return posixpath.basename(path) == name
