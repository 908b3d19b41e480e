"""Migrations on the page of a diff: what none accounts for comes first."""

from __future__ import annotations

from typing import Any

from dsv.model.counts import Counts
from dsv.model.diff import Cell, DatasetDiff, DiffResult, Explained, Formatting, RowChange, RowCounts, Work
from dsv.model.revision import Revision
from dsv.renderers import markdown, text
from dsv.views.diff import build


class Changes:
    def rows(self, kinds: Any = (), limit: Any = None) -> Any:
        yield RowChange(kind="changed", key={"id": 1}, cells={"class": Cell(old="bike", new="bus")})
        cell = Cell(old="bike", new="bicycle", migration="m0007_rename")
        yield RowChange(kind="changed", key={"id": 2}, cells={"class": cell})
        whole = {"class": Cell(old="car", new=None)}
        yield RowChange(kind="removed", key={"id": 3}, cells=whole, migration="m0008_prune")


DIFF = DatasetDiff(
    dataset="signs",
    path="data/signs.csv",
    status="modified",
    compared="rows",
    key=("id",),
    key_source="declared",
    key_evidence=None,
    rows=RowCounts(old=2000, new=1999, added=0, removed=1, changed=1113, unchanged=886, rekeyed=0),
    duplicate_keys=Counts(old=0, new=0),
    null_keys=Counts(old=0, new=0),
    formatting=Formatting(),
    schema_changes=(),
    changed_cells={"class": 1113},
    changed_cells_whitespace_only={},
    changed_cells_case_only={},
    rekeyed=(),
    labels=(),
    split_moves=(),
    changes=Changes(),
    explained=(
        Explained(migration="m0007_rename", title="bike \x1b[31m", work=Work(rows_changed=950, cells={"class": 950})),
        Explained(migration="m0008_prune", title="Prune", work=Work(rows_removed=1)),
    ),
    unexplained=Work(rows_changed=163, cells={"class": 163}),
)


def page(diff: DatasetDiff) -> Any:
    sides = Revision(name="v1"), Revision(name="v2")
    return build(DiffResult(old=sides[0], new=sides[1], complete=True, datasets=(diff,), findings=()))


def test_what_is_unexplained_comes_first() -> None:
    lines = text.render(page(DIFF), width=100).splitlines()
    start = lines.index("  Migrations")
    assert lines[start + 1 : start + 4] == [
        "    ! 163 rows changed unexplained  class 163",
        "    950 rows changed explained by m0007_rename (bike <U+001B>[31m)  class 950",
        "    1 row removed explained by m0008_prune (Prune)",
    ]
    assert "    ~ id=1  class: bike -> bus" in lines
    assert "    ~ id=2  class: bike -> bicycle  (m0007_rename)" in lines
    assert "    - id=3  (m0008_prune)  class=car" in lines


def test_a_value_cannot_pretend_to_be_explained() -> None:
    """In Markdown the migration stands in a code span of its own."""
    shown = markdown.render(page(DIFF))
    assert "<code>bicycle</code> <code>(m0007_rename)</code>" in shown


def test_nothing_is_said_where_there_was_no_migration_to_ask() -> None:
    from dataclasses import replace

    assert "Migrations" not in text.render(page(replace(DIFF, explained=None, unexplained=None)))
    all_explained = text.render(page(replace(DIFF, unexplained=Work())))
    assert "nothing unexplained" in all_explained
