"""The contract dsv.plan/1: its schema, and numbers that are the plan's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

import dsv.renderers
from dsv.model.chain import MigrationRecord
from dsv.model.finding import Finding
from dsv.model.migration import BASE_ID, ClassList, Effect, Migration, Plan, PlanStep, Tally
from dsv.model.profile import ClassIdentity
from dsv.renderers import _plan

SCHEMAS = Path(dsv.renderers.__file__).parent / "schemas"
SCHEMA = json.loads((SCHEMAS / "dsv.plan.1.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)


def tally(train: int, test: int, name: str) -> Tally:
    counts = {"train": {name: train}, "test": {name: test}}
    return Tally(
        rows=train + test,
        by_split={"train": train, "test": test},
        by_class={"class": {name: train + test}},
        by_split_class={"class": counts},
    )


STEP = PlanStep(
    migration=Migration(
        id="m0001_a",
        after=BASE_ID,
        title="\x1b[31mred",
        why=None,
        path="migrations/signs/m0001_a.yaml",
        operations=(),
        side_files=(),
        tuned=("least",),
        digest="0" * 64,
    ),
    lines=(("~", "rename class bike -> bicycle"),),
    effect=Effect(class_head="grow"),
    before=tally(4, 1, "bike"),
    after=tally(3, 1, "bicycle"),
    cells={"class": 4, "note": 0},
    rows_added=0,
    rows_removed=1,
    quarantined=1,
    digest="a" * 32,
    classes_before=(),
    classes_after=(
        ClassList(field="class", classes=(ClassIdentity(key="bike", id=1, index=0, name="bicycle"),), next_id=2),
    ),
    findings=(Finding(rule="destructive", level="warning", message="m", dataset="signs"),),
    rows_changed=4,
    guards=("held",),
)
PLAN = Plan(dataset="signs", head=BASE_ID, target="m0001_a", steps=(STEP,), downstream=("train",))


def document(*plans: Plan) -> Any:
    return json.loads(_plan.render(plans))


def test_plans_fit_the_schema_and_strangers_do_not() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(document(PLAN, Plan(dataset="b", head=BASE_ID, target=BASE_ID, steps=())))
    broken = document(PLAN)
    del broken["datasets"][0]["steps"][0]["rows"]["changed"]
    assert not VALIDATOR.is_valid(broken)


def test_the_numbers_are_those_of_the_plan() -> None:
    found = document(PLAN)["datasets"][0]
    (step,) = found["steps"]
    assert (found["dataset"], found["head"], found["target"], found["downstream"]) == (
        "signs",
        BASE_ID,
        "m0001_a",
        ["train"],
    )
    assert step["rows"] == {"before": 5, "after": 4, "added": 0, "removed": 1, "changed": 4, "quarantined": 1}
    assert step["changed_cells"] == {"class": 4}
    assert step["splits"] == {"train": {"before": 4, "after": 3}, "test": {"before": 1, "after": 1}}
    assert step["labels"]["class"] == [
        {
            "class": "bicycle",
            "before": 0,
            "after": 4,
            "by_split": {"test": {"before": 0, "after": 1}, "train": {"before": 0, "after": 3}},
        },
        {
            "class": "bike",
            "before": 5,
            "after": 0,
            "by_split": {"test": {"before": 1, "after": 0}, "train": {"before": 4, "after": 0}},
        },
    ]
    assert step["effect"]["summary"] == "additive" and step["effect"]["class_head"] == "grow"
    assert step["pinned"] is False and step["guards"] == ["held"] and step["findings"][0]["rule"] == "destructive"
    assert step["classes"][0]["classes"][0]["id"] == 1


def test_what_a_terminal_would_obey_is_escaped() -> None:
    text = _plan.render([PLAN])
    assert "\x1b" not in text and json.loads(text)["datasets"][0]["steps"][0]["title"] == "\x1b[31mred"


def test_a_migration_that_is_neither_applied_nor_committed_nor_counted_fits_its_schemas() -> None:
    pending = MigrationRecord(
        dataset="signs",
        migration=STEP.migration,
        effect=STEP.effect,
        lines=STEP.lines,
        entry=None,
        introduced=None,
        unknown="no data",
    )
    for text, name in ((_plan.show(pending), "show"), (_plan.log([pending]), "log")):
        schema = json.loads((SCHEMAS / f"dsv.migrate-{name}.1.json").read_text())
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema).validate(json.loads(text))
    assert json.loads(_plan.show(pending))["step"] is None
