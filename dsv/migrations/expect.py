"""What a migration was pinned to come to, held against what it would come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from dsv.documents import yaml
from dsv.documents.edit import set_entry
from dsv.errors import BrokenPin, DocumentError
from dsv.migrations.encode import encode
from dsv.model.migration import Expectation, PlanStep

KEY = "expect"
_COUNTS = ("rows", "rows_added", "rows_removed", "rows_changed")


def pinned(step: PlanStep) -> Expectation:
    """What `plan --pin` writes of a step: rows, changed cells, and the classes and splits whose counts change."""
    labels = sorted({*step.before.by_class, *step.after.by_class})
    classes = {
        label: _changed(step.before.by_class.get(label, {}), step.after.by_class.get(label, {})) for label in labels
    }
    return Expectation(
        rows=step.after.rows,
        rows_added=step.rows_added,
        rows_removed=step.rows_removed,
        rows_changed=step.rows_changed,
        cells={name: count for name, count in step.cells.items() if count},
        classes={label: counts for label, counts in classes.items() if counts} or None,
        splits=_changed(step.before.by_split, step.after.by_split) or None,
    )


def pin(text: str, expectation: Expectation, where: str) -> str:
    """The text of a document with its `expect:` set; every comment stays.

    Raises: DocumentError: the text cannot be edited.
    """
    value = encode(expectation)
    document = yaml.load_mapping(text, where)[0]
    if KEY not in document and text.endswith("\n"):
        # At the end, not after the last entry: comments about that one would come to stand below this one.
        longer = text + yaml.dump({KEY: value})
        with suppress(DocumentError):  # in braces, or with a document after it
            if yaml.load_mapping(longer, where)[0] == {**document, KEY: value}:
                return longer
    return set_entry(text, (KEY,), value, where)


def differences(expectation: Expectation, step: PlanStep) -> list[str]:
    """What a step would come to and was not pinned to, a sentence each; none if all is as pinned."""
    return [f"{what}: pinned {wanted:,}, would be {found:,}" for what, wanted, found in _compared(expectation, step)]


def check(step: PlanStep) -> None:
    """Hold a step against the pin of its document.

    Raises: BrokenPin: it would come to something else; `where` lists what.
    """
    expectation = step.migration.expect
    told = differences(expectation, step) if expectation is not None else []
    if told:
        raise BrokenPin(
            f"{step.migration.id} would not come to what was pinned",
            where="\n".join([step.migration.place(KEY), *told]),
            hint=f"look at it (dsv migrate plan), then pin it anew: dsv migrate plan {step.migration.id} --pin",
        )


def _changed(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Counts after, of the names whose count changes."""
    names = sorted({*before, *after})
    return {name: after.get(name, 0) for name in names if before.get(name, 0) != after.get(name, 0)}


def _compared(expectation: Expectation, step: PlanStep) -> Iterator[tuple[str, int, int]]:
    """What differs, how it was pinned, and what it would be."""
    found = {
        "rows": step.after.rows,
        "rows_added": step.rows_added,
        "rows_removed": step.rows_removed,
        "rows_changed": step.rows_changed,
    }
    for name in _COUNTS:
        wanted = getattr(expectation, name)
        if wanted is not None and wanted != found[name]:
            yield name, wanted, found[name]
    if expectation.cells is not None:
        # A field that was not pinned must keep its cells.
        both = dict.fromkeys([*expectation.cells, *step.cells], 0)
        yield from _differing("cells", {**both, **expectation.cells}, step.cells)
    for label, counts in (expectation.classes or {}).items():
        yield from _differing(f"classes.{label}", counts, step.after.by_class.get(label, {}))
    if expectation.splits is not None:
        yield from _differing("splits", expectation.splits, step.after.by_split)


def _differing(what: str, wanted: Mapping[str, int], found: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    for name, count in wanted.items():
        if count != found.get(name, 0):
            yield f"{what}.{name}", count, found.get(name, 0)
