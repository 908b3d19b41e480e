"""A review as a job of GitHub Actions shows it beside the changed files and on its page."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.model.review import Failure, Review, ReviewFinding
from dsv.renderers._clean import clean

MOST = 10
"""GitHub shows this many of a level a step."""
LONGEST = 1000
ROOM = 1_000_000
"""Bytes; GitHub drops a summary above 1 MiB whole."""

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def commands(review: Review) -> str:
    """At most ten workflow commands, one a line: what was not compared, then findings, gravest first.

    Every line is such a command, and no text of others can end it or begin another.
    """
    lines = [*map(_failure, review.errors), *map(_finding, _gravest_first(review))]
    if len(lines) > MOST:
        more = len(lines) - MOST + 1
        lines = [*lines[: MOST - 1], _line("notice", f"{more} more findings: {review.command}")]
    return "".join(lines)


def summary(markdown: str, review: Review, room: int = ROOM) -> str:
    """The Markdown for the page of a job if it has at most `room` bytes, else the verdict and the command."""
    text = markdown if markdown.endswith("\n") else markdown + "\n"
    if len(text.encode()) <= room:
        return text
    count = len(review.findings) + len(review.errors)
    # The command has names of revisions in it, which may hold what Markdown reads; a block of code does not.
    command = clean(review.command).replace("`", "'")[:LONGEST]
    short = f"**{review.verdict}**, {count:,} findings. The review is too long for this page:\n\n```\n{command}\n```\n"
    return short if len(short.encode()) <= room else ""


def _gravest_first(review: Review) -> Iterator[ReviewFinding]:
    for level in _COMMANDS:
        yield from (finding for finding in review.findings if finding.level == level)


def _failure(failure: Failure) -> str:
    parts = (failure.dataset, failure.message, failure.where, failure.hint)
    return _line("error", ": ".join(part for part in parts if part), title="could not compare")


def _finding(finding: ReviewFinding) -> str:
    about = f"{finding.dataset}: " if finding.dataset else ""
    see = f" ({finding.see})" if finding.see else ""
    return _line(
        _COMMANDS[finding.level],
        f"{about}{finding.message}{see}",
        file=finding.path,
        line=None if finding.path is None or finding.line is None else str(finding.line),
        title=f"{finding.id} {finding.rule}",
    )


def _line(command: str, message: str, **properties: str | None) -> str:
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{command}{' ' if given else ''}{given}::{_data(message[:LONGEST])}\n"


def _data(text: str) -> str:
    return clean(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
