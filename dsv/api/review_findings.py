"""What there is to say of a review: of each dataset, and of what the branch changes around the data."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

from dsv.api.explain import foretold_between
from dsv.api.names import PARAMETERS, PIPELINE
from dsv.api.options import DiffOptions
from dsv.api.pairs import Pair
from dsv.api.review_fields import field_counts
from dsv.api.review_sides import Between
from dsv.checks.classes import of_classes
from dsv.checks.fields import of_fields
from dsv.checks.migrations import NewMigration, of_migrations
from dsv.checks.repository import Placed, of_checks, of_declaration, of_pipelines, of_settings
from dsv.checks.rows import of_rows, of_test
from dsv.checks.schema import of_schema
from dsv.checks.thresholds import Thresholds, thresholds
from dsv.errors import DsvError
from dsv.model.diff import DatasetDiff
from dsv.model.finding import Finding, Level
from dsv.model.review import ReviewFinding
from dsv.model.rules import Rule, View, rule_of
from dsv.model.secrets import SECRET
from dsv.tables.duckdb import Engine

VIEWS: dict[View, tuple[str, ...]] = {
    "removed": ("--rows", "--filter", "removed"),
    "changed": ("--rows", "--filter", "changed"),
    "schema": ("--schema",),
    "labels": ("--labels",),
    "rows": ("--rows",),
}


def of_pair(engine: Engine, between: Between, pair: Pair, diff: DatasetDiff, options: DiffOptions) -> list[Finding]:
    """Findings about one dataset beside those of its diff."""
    limits = limits_of(between, pair)
    found = [*of_rows(diff, limits), *of_schema(diff), *of_classes(diff, limits)]
    if diff.status == "modified":
        found += [*_of_cells(diff), *_of_migrations(engine, pair)]
        counts = field_counts(engine, pair, options) if diff.compared == "rows" else None
        found += of_fields(*counts, limits) if counts is not None else []
    elif diff.changes is not None:
        found += _secrets(diff)
    before, after = between.declared(pair)
    if before is not None and after is not None:
        found += of_declaration(before, after)
    return found


def judged(between: Between, pair: Pair, findings: Sequence[Finding]) -> Iterator[ReviewFinding]:
    """Findings with their ids, as grave as the base's thresholds say, and where to look; without what is off."""
    levels = limits_of(between, pair).levels
    for finding in findings:
        rule = rule_of(finding.rule)
        level = levels.get(finding.rule) or _level(rule, finding)
        if level != "off":
            see = VIEWS.get(rule.view)
            yield ReviewFinding(
                rule=finding.rule,
                level=level,
                message=finding.message,
                count=finding.count,
                dataset=pair.name,
                id=rule.id,
                unit=rule.unit,
                anchor=rule.anchor,
                see=None if see is None else between.command(*see, "--", pair.name),
                path=_pointer(between, pair),
                line=1,
            )


def limits_of(between: Between, pair: Pair) -> Thresholds:
    """What the base holds a dataset to. Raises: DocumentError: what it says is no threshold."""
    before, after = between.declared(pair)
    declared = before or after
    path = posixpath.join(posixpath.dirname(declared.declared_in) if declared else "", PARAMETERS)
    text = between.base.read(path)
    return Thresholds() if text is None else thresholds(text.decode("utf-8", "replace"), pair.name, path)


def around(between: Between, pairs: Sequence[Pair]) -> Iterator[ReviewFinding]:
    """Findings about files of the repository: settings, commands, thresholds."""
    start, head = between.start, between.head
    for matches, check in (
        (_is_settings, of_settings),
        (partial(_is_named, PIPELINE), of_pipelines),
        (partial(_is_named, PARAMETERS), of_checks),
    ):
        for placed in check(between.texts(start, matches), between.texts(head, matches)):
            yield _placed(placed)


def _placed(placed: Placed) -> ReviewFinding:
    finding, rule = placed.finding, rule_of(placed.finding.rule)
    return ReviewFinding(
        rule=finding.rule,
        level=finding.level,
        message=f"{placed.path}: {finding.message}",
        count=finding.count,
        id=rule.id,
        unit=rule.unit,
        anchor=rule.anchor,
        path=placed.path,
        line=1,
    )


def _level(rule: Rule, finding: Finding) -> Level:
    """A rule's own level, unless what was found is graver or less grave than it usually is."""
    return finding.level if finding.rule == "rows-removed" else rule.level


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
