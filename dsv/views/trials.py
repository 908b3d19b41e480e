"""`dsv migrate test` as a page: a line for what passed of each migration, and all of what did not."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.model.page import Block, Heading, Line, Page, Span, spans
from dsv.model.trial import Trial, TrialReport
from dsv.views._words import code, muted, number, plural, sign

MOST_DIFFERENCES = 20


def build(*reports: TrialReport) -> Page:
    """The trials of each chain."""
    return Page(blocks=tuple(block for report in reports for block in _report(report)))


def _report(report: TrialReport) -> Iterator[Block]:
    yield Heading(spans=spans(code(report.dataset), *_rows(report)), level=2)
    for name in dict.fromkeys(trial.migration for trial in report.trials):
        yield from _migration(name, [trial for trial in report.trials if trial.migration == name])
    yield _summary(report)


def _rows(report: TrialReport) -> tuple[Span | str, ...]:
    if report.rows is None:
        return ("  ", muted("no rows are here"))
    sampled = "" if report.rows == report.of_rows else f" of {number(report.of_rows)}, sampled"
    return ("  ", muted(f"on {plural(report.rows, 'row')}{sampled}"))


def _migration(name: str, trials: list[Trial]) -> Iterator[Block]:
    passed = [trial.law for trial in trials if trial.outcome == "passed" and trial.law != "test"]
    tests = sum(trial.outcome == "passed" for trial in trials if trial.law == "test")
    words = [*passed, *([plural(tests, "test")] if tests else [])]
    bad = [trial for trial in trials if trial.outcome in ("failed", "unknown")]
    mark = Span(text="x", role="error") if bad else Span(text="ok", role="ok")
    yield Line(spans=spans(mark, " ", code(name), "  ", ", ".join(words)), indent=1)
    for trial in trials:
        if trial.outcome == "skipped":
            yield Line(spans=spans(muted(f"{trial.law} skipped: {trial.message}")), indent=2)
    for trial in bad:
        yield from _bad(trial)


def _bad(trial: Trial) -> Iterator[Block]:
    what = trial.law if trial.name is None else code(trial.name)
    told = ": " if trial.message is not None else ""
    mark = Span(text=trial.outcome, role="error" if trial.outcome == "failed" else "warning")
    yield Line(spans=spans(mark, " ", what, told, trial.message or ""), indent=2)
    for place in trial.where.splitlines() if trial.where is not None else ():
        yield Line(spans=spans(muted("where: "), code(place)), indent=3)
    for symbol, text in trial.differences[:MOST_DIFFERENCES]:
        yield Line(spans=spans(sign(symbol), " ", code(text)), indent=3)
    if len(trial.differences) > MOST_DIFFERENCES:
        yield Line(spans=(muted(f"… {len(trial.differences) - MOST_DIFFERENCES:,} more"),), indent=3)


def _summary(report: TrialReport) -> Line:
    counts = {name: sum(trial.outcome == name for trial in report.trials) for name in ("passed", "failed", "unknown")}
    words = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count or name == "passed")
    return Line(spans=spans(words), indent=1)
