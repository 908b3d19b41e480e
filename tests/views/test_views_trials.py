"""migrate test as a page and as dsv.migrate-test/1."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

import dsv.renderers
from dsv.model.trial import Trial, TrialReport
from dsv.renderers import _trials
from dsv.renderers.text import render
from dsv.views import trials


def trial(migration: str, law: str, outcome: str, **more: object) -> Trial:
    return Trial(dataset="signs", migration=migration, law=law, outcome=outcome, **more)  # type: ignore[arg-type]


GOOD = TrialReport(
    dataset="signs",
    trials=(trial("m0001_a", "plan", "passed"), trial("m0001_a", "inverse", "skipped", message="no inverse")),
    rows=10,
    of_rows=1_000,
)
BAD = TrialReport(
    dataset="lines",
    trials=(
        trial("m0001_b", "plan", "passed"),
        trial(
            "m0001_b",
            "test",
            "failed",
            name="quotes",
            where="migrations/lines/m0001_b.yaml:9",
            differences=(("~", "id=a  text: expected x, found y"),),
        ),
        trial("m0002_c", "plan", "unknown", message="the base is not there"),
    ),
    rows=None,
    of_rows=None,
)


def test_what_failed_is_shown_in_full_and_the_rest_in_a_line() -> None:
    assert render(trials.build(GOOD, BAD), width=100).splitlines() == [
        "signs  on 10 rows of 1,000, sampled",
        "  ok m0001_a  plan",
        "    inverse skipped: no inverse",
        "  1 passed",
        "",
        "lines  no rows are here",
        "  x m0001_b  plan",
        "    failed quotes",
        "      where: migrations/lines/m0001_b.yaml:9",
        "      ~ id=a  text: expected x, found y",
        "  x m0002_c",
        "    unknown plan: the base is not there",
        "  1 passed, 1 failed, 1 unknown",
    ]


def test_the_contract() -> None:
    path = Path(dsv.renderers.__file__).parent / "schemas" / "dsv.migrate-test.1.json"
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    for reports, ok in (([GOOD], True), ([GOOD, BAD], False), ([], True)):
        document = json.loads(_trials.render(reports))
        Draft202012Validator(schema).validate(document)
        assert document["ok"] is ok
