"""log, status, plan and migrate status as pages."""

from dataclasses import replace
from typing import Any

from dsv.model.chain import Advice, ChainReport
from dsv.model.finding import Finding
from dsv.model.history import DatasetStatus, LogEntry, RowDelta, Status
from dsv.model.migration import ChainLock, ClassList, Effect, Expectation, LockEntry, Migration, Plan, PlanStep, Tally
from dsv.model.page import Page
from dsv.model.profile import ClassIdentity
from dsv.renderers.text import render
from dsv.views import log, migrations, plan, status


def lines(page: Page) -> list[str]:
    return render(page, width=100).splitlines()


ENTRY = LogEntry(
    commit="9f8e7d6" + "0" * 33,
    author="ana",
    date="2026-11-20T10:00:00+02:00",
    subject="Split e-scooter",
    dataset="signs",
    delta=RowDelta(added=1_204, removed=310, changed=912),
    rows=49_104,
    migrations=("m0007_split",),
)
OLDER = LogEntry(
    commit="a" * 40,
    author="bo",
    date="2026-11-19T10:00:00Z",
    subject="Add",
    dataset="signs",
    delta=None,
    rows=None,
)


def test_log_has_a_line_a_revision() -> None:
    assert lines(log.build([ENTRY, OLDER])) == [
        "9f8e7d6  2026-11-20  signs  +1,204 -310 ~912     Split e-scooter  [m0007_split]",
        "aaaaaaa  2026-11-19  signs  rows not known here  Add",
    ]


def test_log_with_stat_has_a_block_a_revision() -> None:
    assert lines(log.build([ENTRY, OLDER], stat=True)) == [
        "9f8e7d6 2026-11-20 ana  Split e-scooter",
        "  signs  49,104 rows  +1,204 -310 ~912  [m0007_split]",
        "aaaaaaa 2026-11-19 bo  Add",
        "  signs  rows not known here",
    ]


def test_an_empty_log_says_so() -> None:
    assert lines(log.build([])) == ["no revision changed a dataset"]


def dataset(**fields: Any) -> DatasetStatus:
    given = {
        "dataset": "signs",
        "path": "data/signs.csv",
        "tracked_by": "DVC",
        "rows": 10,
        "delta": None,
        "head": None,
        "pending": (),
        "changes": (),
        "next_steps": (),
    }
    return DatasetStatus(**{**given, **fields})


def stands(*datasets: DatasetStatus) -> Status:
    return Status(branch="main", commit="1234567" + "8" * 33, datasets=datasets)


def test_status_of_a_clean_dataset() -> None:
    assert lines(status.build(stands(dataset()))) == [
        "on main at 1234567",
        "",
        "signs  data/signs.csv",
        "  clean  10 rows  tracked by DVC",
    ]


def test_status_names_what_to_do() -> None:
    page = lines(
        status.build(
            stands(
                dataset(
                    head="m0001_a",
                    delta=RowDelta(added=1, removed=0, changed=2),
                    pending=("m0002_b",),
                    changes=("data/signs.csv is not committed",),
                    next_steps=("dsv migrate up", "dsv commit -m TEXT"),
                    findings=(Finding(rule="stale", level="warning", message="results newer than chain.lock"),),
                )
            )
        )
    )
    assert page == [
        "on main at 1234567",
        "",
        "signs  data/signs.csv",
        "  ! warning results newer than chain.lock (stale)",
        "  10 rows  +1 -0 ~2  at m0001_a  tracked by DVC",
        "  ~ data/signs.csv is not committed",
        "  + pending m0002_b",
        "  next: dsv migrate up",
        "  next: dsv commit -m TEXT",
    ]


def test_status_without_datasets() -> None:
    assert lines(status.build(Status(branch="main", commit=None, datasets=()))) == [
        "no commit yet",
        "no dataset is declared here: dsv init PATH declares one",
    ]
    detached = Status(branch=None, commit="1234567" + "8" * 33, datasets=())
    assert lines(status.build(detached))[0] == "on a detached HEAD at 1234567"


def migration(name: str, title: str) -> Migration:
    return Migration(
        id=name,
        after="m0000_base",
        title=title,
        why=None,
        path=f"migrations/signs/{name}.yaml",
        operations=(),
        side_files=(),
        tuned=("threshold",),
        digest="0" * 32,
    )


RENAME = migration("m0001_rename", "Rename bike")
DROP = replace(migration("m0002_drop", "Drop unsure rows"), expect=Expectation(rows=998))


def classes(*names: tuple[str, int | None]) -> tuple[ClassList, ...]:
    items = tuple(ClassIdentity(key=name, id=n, index=index, name=name) for n, (name, index) in enumerate(names))
    return (ClassList(field="kind", classes=items, next_id=len(items)),)


STEP = PlanStep(
    migration=DROP,
    lines=(("-", "set aside rows where confidence < 0.5"), ("+", "add class bus")),
    effect=Effect(values="removed", class_head="grow"),
    before=Tally(
        rows=1_000,
        by_split={"test": 100, "train": 900},
        by_class={"kind": {"car": 990, "bike": 10}},
        by_split_class={"kind": {"test": {"car": 100}, "train": {"car": 890, "bike": 10}}},
    ),
    after=Tally(
        rows=998,
        by_split={"test": 100, "train": 898},
        by_class={"kind": {"car": 988, "bike": 10}},
        by_split_class={"kind": {"test": {"car": 100}, "train": {"car": 888, "bike": 10}}},
    ),
    cells={"kind": 3, "note": 0},
    rows_added=0,
    rows_removed=2,
    quarantined=2,
    digest="0" * 32,
    classes_before=classes(("car", 0), ("bike", 1)),
    classes_after=classes(("car", 0), ("bike", 1), ("bus", 2)),
    rows_changed=3,
    guards=("2 rows go, as expected",),
)


def test_a_plan_foretells_counts_effect_and_head() -> None:
    value = Plan(
        dataset="signs",
        head="m0001_rename",
        target="m0002_drop",
        steps=(STEP,),
        downstream=("train", "evaluate"),
    )
    assert lines(plan.build(value)) == [
        "signs  m0001_rename -> m0002_drop",
        "",
        "m0002_drop  Drop unsure rows  (additive)",
        "  - set aside rows where confidence < 0.5",
        "  + add class bus",
        "  rows 1,000 -> 998  +0 -2 ~3  2 rows set aside  cells: kind 3",
        "  effect: schema same, class head grow, values removed, evaluation same",
        "  ok 2 rows go, as expected",
        "  ok comes to what is pinned",
        "  tuned in params.yaml: threshold",
        "  kind        rows  delta  test       train",
        "  car   990 -> 988     -2   100  890 -> 888",
        "  label  class  training index",
        "  kind   bus    none -> 2",
        "stages that will run again after it: train, evaluate",
    ]


def test_a_plan_that_differs_from_its_pin_does_not_say_that_it_holds() -> None:
    differs = Finding(rule="pin-differs", level="error", message="rows: pinned 1, would be 998", dataset="signs")
    value = Plan(dataset="signs", head="m", target="n", steps=(replace(STEP, findings=(differs,)),))
    shown = lines(plan.build(value))
    assert "  x error signs: rows: pinned 1, would be 998 (pin-differs)" in shown
    assert "  ok comes to what is pinned" not in shown


def test_an_empty_plan_says_so() -> None:
    value = Plan(dataset="signs", head="m0001_rename", target="m0001_rename", steps=())
    assert lines(plan.build(value)) == ["signs  m0001_rename", "nothing is pending"]


def test_a_chain_shows_what_is_applied_and_what_is_pending() -> None:
    lock = ChainLock(
        head="m0001_rename",
        entries=(LockEntry(id="m0001_rename", document="d", digest="e", rows=1_000, environment={}),),
    )
    report = ChainReport(dataset="signs", migrations=(RENAME, DROP), lock=lock)
    assert lines(migrations.build(report)) == [
        "signs  at m0001_rename",
        "                                                    rows",
        "  applied  m0001_rename  (head)  Rename bike       1,000",
        "  pending  m0002_drop            Drop unsure rows",
        "  1 migration pending: dsv migrate up",
    ]
    empty = ChainReport(dataset="signs", lock=ChainLock(head="m0000_base", entries=()))
    assert lines(migrations.build(empty)) == ["signs  at m0000_base", "  nothing is pending"]
    assert lines(migrations.build_check(report, strict=False)) == [
        "signs  at m0001_rename",
        "  1 migration pending: dsv migrate up",
    ]
    assert lines(migrations.build_check(empty, strict=True)) == [
        "signs  at m0000_base",
        "  ok 0 migrations applied; documents, chain.lock, dvc.yaml and dvc.lock agree",
    ]


def test_what_does_not_agree_stands_with_its_place_and_the_way_out() -> None:
    finding = Finding(rule="chain-conflict", level="error", message="two heads", dataset="signs")
    advice = Advice(finding=finding, where="a.yaml:3\nb.yaml:3", commands=("dsv migrate rebase main",))
    report = ChainReport(dataset="signs", advice=(advice,), exit_code=4)
    shown = [
        "signs",
        "  x error signs: two heads (chain-conflict)",
        "    where: a.yaml:3",
        "    where: b.yaml:3",
        "    next: dsv migrate rebase main",
    ]
    assert lines(migrations.build(report)) == shown
    assert lines(migrations.build_check(report, strict=False)) == shown
