"""The contract `dsv.migrate-test/1`: laws and tests of migrations, described by schemas/dsv.migrate-test.1.json.

Additive within the major version. What is not known is null, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dsv.model.trial import Trial, TrialReport
from dsv.renderers._encode import dumps

SCHEMA = "dsv.migrate-test/1"


def render(reports: Sequence[TrialReport]) -> str:
    """The trials of one or more chains; `ok` if none failed and none could not be tried."""
    ok = all(trial.outcome in ("passed", "skipped") for report in reports for trial in report.trials)
    return dumps({"schema": SCHEMA, "ok": ok, "datasets": [_report(item) for item in reports]}, indent=2) + "\n"


def _report(report: TrialReport) -> dict[str, Any]:
    return {
        "dataset": report.dataset,
        "rows": {"used": report.rows, "of": report.of_rows},
        "trials": [_trial(item) for item in report.trials],
    }


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "migration": trial.migration,
        "law": trial.law,
        "name": trial.name,
        "outcome": trial.outcome,
        "message": trial.message,
        "where": trial.where,
        "differences": [{"sign": sign, "text": text} for sign, text in trial.differences],
    }
