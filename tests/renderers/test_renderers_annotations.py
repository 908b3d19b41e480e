"""Annotations, the page of a job and the code quality report: bounded, and no text of others acts."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dsv.model.review import Failure, Review, ReviewFinding
from dsv.model.revision import Revision
from dsv.renderers._annotations import commands, summary
from dsv.renderers._code_quality import code_quality

AT = Revision(name="main", commit="a" * 40)
FINDING = ReviewFinding(
    id="DSV104", rule="split-leak", level="warning", message="12 rows, 100%", unit="rows", anchor="x", path="a,b:c.dvc"
)
REVIEW = Review(
    base=AT, head=AT, merge_base=AT, command="dsv diff a...b", values="all", datasets=(), findings=(FINDING,)
)


def test_an_annotation_is_escaped_as_github_documents_it() -> None:
    told = commands(replace(REVIEW, findings=(replace(FINDING, line=3, see="dsv diff a", dataset="signs"),)))
    place = "file=a%2Cb%3Ac.dvc,line=3,title=DSV104 split-leak"
    assert told == f"::warning {place}::signs: 12 rows, 100%25 (dsv diff a)\n"


def test_ten_at_the_most_what_was_not_compared_first_then_errors() -> None:
    findings = [replace(FINDING, message=f"w{n}") for n in range(12)] + [replace(FINDING, level="error", message="e")]
    lines = commands(replace(REVIEW, findings=tuple(findings), errors=(Failure(message="lost"),))).splitlines()
    assert len(lines) == 10 and lines[0].endswith("::lost") and lines[1].endswith("::e")
    assert lines[-1] == "::notice::5 more findings: dsv diff a...b"


@given(st.text(max_size=40) | st.sampled_from(["\n::add-mask::x", "\r::error::", "::stop-commands::x", "a,line=9::"]))
def test_no_text_ends_its_command_or_begins_another(text: str) -> None:
    hostile = replace(FINDING, message=text, path=text or None, dataset=text, see=text)
    failure = Failure(message=text, dataset=text, where=text, hint=text)
    lines = commands(replace(REVIEW, findings=(hostile,), errors=(failure,))).split("\n")
    assert len(lines) == 3 and lines[2] == ""
    assert lines[0].startswith("::error title=could not compare::")
    assert lines[1].startswith("::warning ") and lines[1].split("::")[1].count(",") == (1 if text else 0)
    for entry in json.loads(code_quality(replace(REVIEW, findings=(hostile,)))):
        assert "\n" not in entry["description"] and "\x1b" not in entry["description"]


def test_a_summary_that_is_too_long_is_the_verdict_and_the_command() -> None:
    assert summary("é" * 9, REVIEW, 19) == "é" * 9 + "\n"
    short = summary("é" * 200, replace(REVIEW, command="dsv diff `x`"), 200)
    assert "**warnings**, 1 findings" in short and "dsv diff 'x'" in short and "é" not in short
    assert summary("é" * 200, REVIEW, 5) == ""


def test_code_quality_keeps_a_finding_the_same_while_its_counts_change() -> None:
    twice = replace(REVIEW, findings=(FINDING, FINDING), errors=(Failure(message="lost"),))
    first, second, third = json.loads(code_quality(twice))
    assert first["severity"] == "blocker" and first["location"] == {"path": "dvc.yaml", "lines": {"begin": 1}}
    assert second["check_name"] == "DSV104" and second["severity"] == "major"
    assert second["fingerprint"] != third["fingerprint"]
    (other,) = json.loads(code_quality(replace(REVIEW, findings=(replace(FINDING, message="13 rows", count=13),))))
    assert other["fingerprint"] == second["fingerprint"]
