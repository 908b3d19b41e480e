"""migrate log and show as pages."""

from __future__ import annotations

from dsv.model.chain import Introduced, MigrationRecord
from dsv.model.migration import BASE_ID, Effect, LockEntry, Migration, RowCounts
from dsv.model.page import Page
from dsv.renderers.text import render
from dsv.views import migration


def lines(page: Page) -> list[str]:
    return render(page, width=120).splitlines()


def record(name: str, entry: LockEntry | None, introduced: Introduced | None) -> MigrationRecord:
    return MigrationRecord(
        dataset="signs",
        migration=Migration(
            id=name,
            after=BASE_ID,
            title="Rename bike",
            why=None,
            path=f"migrations/signs/{name}.yaml",
            operations=(),
            side_files=(),
            tuned=(),
            digest="0" * 64,
        ),
        effect=Effect(schema="rename"),
        lines=(("~", "rename class bike -> bicycle"),),
        entry=entry,
        introduced=introduced,
        parameters={"least": 0.5},
        text="dsv: 1\nid: x\n",
        unknown="the base is not there",
    )


COUNTS = RowCounts(added=1, removed=2, changed=1_200, input="i")
ENTRY = LockEntry(id="m0001_a", document="d", digest="e" * 32, rows=5_000, environment={"dsv": "0.1.0"}, counts=COUNTS)
WHO = Introduced(commit="9f8e7d6" + "0" * 33, author="ana", date="2026-11-20T10:00:00+02:00", subject="Bicycles")


def test_a_log_has_a_line_a_migration() -> None:
    shown = lines(
        migration.build_log([record("m0002_b", None, None), record("m0001_a", ENTRY, WHO)]),
    )
    assert [" ".join(line.split()) for line in shown] == [
        "effect rows commit",
        "m0002_b breaking pending not committed Rename bike",
        "m0001_a breaking +1 -2 ~1,200 5,000 rows 9f8e7d6 2026-11-20 ana Rename bike",
    ]
    assert lines(migration.build_log([])) == ["no migration yet: dsv migrate new"]


def test_what_cannot_be_counted_is_shown_with_the_reason() -> None:
    assert lines(migration.build_show(record("m0001_a", ENTRY, WHO))) == [
        "m0001_a  Rename bike",
        "  ~ rename class bike -> bicycle",
        "  effect: schema rename, class head same, values same, evaluation same",
        "  not counted: the base is not there",
        "  params.yaml: least = 0.5",
        "  applied: 5,000 rows  digest " + "e" * 32,
        "  made with: dsv 0.1.0",
        "  introduced: 9f8e7d6 2026-11-20 ana  Bicycles",
        "  migrations/signs/m0001_a.yaml",
        "  dsv: 1",
        "  id: x",
    ]
