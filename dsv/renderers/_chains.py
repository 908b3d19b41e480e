"""The contracts `dsv.migrate-status/1` and `dsv.migrate-check/1`: chains as they stand, as one JSON document.

Described by files in schemas/. Additive within the major version. What is not known is null, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dsv.model.chain import Advice, ChainReport
from dsv.renderers._encode import dumps

STATUS, CHECK = "dsv.migrate-status/1", "dsv.migrate-check/1"


def status(reports: Sequence[ChainReport]) -> str:
    """Chains as they stand."""
    document = {"schema": STATUS, "complete": _complete(reports), "datasets": [_report(item) for item in reports]}
    return dumps(document, indent=2) + "\n"


def check(reports: Sequence[ChainReport], *, strict: bool) -> str:
    """Chains and whether they pass; `strict`: a warning fails too."""
    document = {
        "schema": CHECK,
        "ok": _complete(reports) and not any(item.fails(strict=strict) for item in reports),
        "complete": _complete(reports),
        "datasets": [_report(item) for item in reports],
    }
    return dumps(document, indent=2) + "\n"


def _complete(reports: Sequence[ChainReport]) -> bool:
    return not any(item.exit_code for item in reports)


def _report(report: ChainReport) -> dict[str, Any]:
    applied = {entry.id: entry for entry in report.lock.entries} if report.lock is not None else {}
    return {
        "dataset": report.dataset,
        "head": report.head,
        "rows": report.rows,
        "complete": not report.exit_code,
        "pending": list(report.pending),
        "migrations": [
            {
                "migration": item.id,
                "title": item.title,
                "path": item.path,
                "applied": item.id in applied,
                "rows": applied[item.id].rows if item.id in applied else None,
                "digest": applied[item.id].digest if item.id in applied else None,
            }
            for item in report.migrations
        ],
        "findings": [_advice(item) for item in report.advice],
    }


def _advice(item: Advice) -> dict[str, Any]:
    found = item.finding
    return {
        "rule": found.rule,
        "level": found.level,
        "message": found.message,
        "count": found.count,
        "where": item.where,
        "next": list(item.commands),
    }
