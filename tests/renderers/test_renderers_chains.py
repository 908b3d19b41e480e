"""The contracts of migrate status and check: their schemas, and when a check fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import dsv.renderers
from dsv.model.chain import Advice, ChainReport
from dsv.model.finding import Finding, Level
from dsv.model.migration import BASE_ID, ChainLock, LockEntry, Migration
from dsv.renderers import _chains

SCHEMAS = Path(dsv.renderers.__file__).parent / "schemas"


def migration(name: str, after: str) -> Migration:
    return Migration(
        id=name,
        after=after,
        title="t",
        why=None,
        path=f"migrations/signs/{name}.yaml",
        operations=(),
        side_files=(),
        tuned=(),
        digest="d",
    )


CHAIN = (migration("m0001_a", BASE_ID), migration("m0002_b", "m0001_a"))
ENTRIES = tuple(LockEntry(id=item.id, document="d", digest="0" * 32, rows=3, environment={}) for item in CHAIN)
DONE = ChainReport(dataset="signs", migrations=CHAIN, lock=ChainLock(head="m0002_b", entries=ENTRIES))
HALF = ChainReport(dataset="signs", migrations=CHAIN, lock=ChainLock(head="m0001_a", entries=ENTRIES[:1]))


def advised(level: Level) -> ChainReport:
    finding = Finding(rule="r", level=level, message="m", dataset="signs")
    advice = Advice(finding=finding, where="f:1", commands=("dsv migrate up",))
    return ChainReport(dataset="signs", migrations=CHAIN, lock=DONE.lock, advice=(advice,))


BROKEN = ChainReport(dataset="signs", advice=advised("error").advice, exit_code=3)


def valid(text: str, name: str) -> Any:
    schema = json.loads((SCHEMAS / f"dsv.migrate-{name}.1.json").read_text())
    Draft202012Validator.check_schema(schema)
    document = json.loads(text)
    Draft202012Validator(schema).validate(document)
    return document


@pytest.mark.parametrize(
    ("report", "ok", "strictly"),
    [
        (DONE, True, True),
        (HALF, False, False),
        (advised("error"), False, False),
        (advised("warning"), True, False),
        (advised("info"), True, True),
        (BROKEN, False, False),
    ],
)
def test_a_check_fails_for_what_is_pending_or_wrong(report: ChainReport, ok: bool, strictly: bool) -> None:
    assert valid(_chains.check([report], strict=False), "check")["ok"] is ok
    assert valid(_chains.check([report], strict=True), "check")["ok"] is strictly
    # One that fails is not made good by one that passes.
    assert valid(_chains.check([report, DONE], strict=True), "check")["ok"] is strictly


def test_what_is_not_known_is_null() -> None:
    document = valid(_chains.status([HALF, BROKEN]), "status")
    half, broken = document["datasets"]
    assert document["complete"] is False and half["complete"] is True and broken["complete"] is False
    assert [(item["applied"], item["rows"]) for item in half["migrations"]] == [(True, 3), (False, None)]
    assert half["pending"] == ["m0002_b"] and half["rows"] == 3
    assert broken["head"] is None and broken["rows"] is None
    assert broken["findings"] == [
        {"rule": "r", "level": "error", "message": "m", "count": 1, "where": "f:1", "next": ["dsv migrate up"]}
    ]
