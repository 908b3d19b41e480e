"""A review as GitLab's code quality report: findings in the merge request, without a token."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from dsv.model.review import Review, ReviewFinding
from dsv.renderers._clean import clean

ELSEWHERE = "dvc.yaml"
"""Where a finding is shown that no file is named for: the report needs one."""

_SEVERITIES = {"error": "critical", "warning": "major", "info": "info"}


def code_quality(review: Review) -> str:
    """The report: a JSON list, what was not compared as blockers first.

    A finding's fingerprint is of its rule, dataset and place, not of its counts: while they change
    it stays the same finding.
    """
    seen: Counter[str] = Counter()
    paths = {reviewed.diff.dataset: reviewed.diff.path for reviewed in review.datasets}
    entries = []
    for failure in review.errors:
        identity = f"could-not-compare\0{failure.dataset}"
        text = ": ".join(part for part in (failure.dataset, failure.message, failure.where) if part)
        path = paths.get(failure.dataset or "", ELSEWHERE)
        entries.append(_entry(text, "could-not-compare", "blocker", path, 1, _print(seen, identity)))
    for finding in review.findings:
        path = finding.path or paths.get(finding.dataset or "", ELSEWHERE)
        identity = f"{finding.id}\0{finding.dataset}\0{path}\0{finding.line}"
        entries.append(
            _entry(_text(finding), finding.id, _SEVERITIES[finding.level], path, finding.line, _print(seen, identity))
        )
    return json.dumps(entries, indent=2) + "\n"


def _text(finding: ReviewFinding) -> str:
    about = f"{finding.dataset}: " if finding.dataset else ""
    return f"{about}{finding.message}"


def _entry(text: str, check: str, severity: str, path: str, line: int | None, fingerprint: str) -> dict[str, Any]:
    return {
        "description": clean(text),
        "check_name": clean(check),
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": clean(path), "lines": {"begin": line or 1}},
    }


def _print(seen: Counter[str], identity: str) -> str:
    seen[identity] += 1
    return hashlib.sha256(f"{identity}\0{seen[identity]}".encode("utf-8", "surrogatepass")).hexdigest()
