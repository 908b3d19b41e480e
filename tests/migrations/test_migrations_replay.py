"""What a diff says that migrations explain, against a replay in plain Python."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.diff.dataset import diff_tables
from dsv.diff.replay import Replay
from dsv.diff.request import DiffRequest
from dsv.errors import MigrationError
from dsv.formats.base import scan
from dsv.migrations.chain import Chain
from dsv.migrations.replay import prepare, state_after
from dsv.model.diff import DatasetDiff, Work
from dsv.model.migration import BASE_ID
from dsv.model.snapshot import Snapshot
from dsv.operations.rename_class import RenameClass
from dsv.tables.duckdb import Engine

Row = dict[str, str | None]
Rows = dict[str, Row]
"""Rows by key. A cell is the text of a CSV file, None where it is empty."""

CLASSES = ("bike", "car", "bus", "tram")
FIELDS = ("id", "class", "note", "score")


def prepared(bench: Any, chain: Chain, head: str = BASE_ID) -> Replay:
    """The replay of what a chain has after `head`."""
    folder, parameters = bench.documents_folder, bench.parameters.__getitem__
    state = state_after(chain.base, chain.up_to(head), folder, parameters)
    return prepare(chain.base.dataset, state, chain.pending(head), folder, parameters)


def table_text(rows: Rows, fields: tuple[str, ...]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(fields)
    for key, row in rows.items():
        writer.writerow([key if name == "id" else "" if row[name] is None else row[name] for name in fields])
    return out.getvalue()


@dataclass(frozen=True)
class Step:
    """A migration: its document, its side file, and what it does, once more in Python."""

    operation: Mapping[str, Any]
    do: Callable[[Rows], Rows]
    side: str | None = None


def every(rows: Rows, change: Callable[[str, Row], Row | None]) -> Rows:
    changed = {key: change(key, dict(row)) for key, row in rows.items()}
    return {key: row for key, row in changed.items() if row is not None}


def rename(old: str, new: str) -> Step:
    def do(rows: Rows) -> Rows:
        return every(rows, lambda key, row: {**row, "class": new if row["class"] == old else row["class"]})

    return Step({"op": "rename_class", "from": old, "to": new}, do)


def merge(old: str, new: str) -> Step:
    do = rename(old, new).do
    return Step({"op": "merge_classes", "from": [old], "into": new}, do)


def drop_low(limit: str) -> Step:
    def do(rows: Rows) -> Rows:
        return every(rows, lambda key, row: None if row["score"] is not None and row["score"] < limit else row)

    return Step({"op": "drop_rows", "where": f"score < {limit}"}, do)


def unlabel(name: str) -> Step:
    def do(rows: Rows) -> Rows:
        return every(rows, lambda key, row: {**row, "class": None if row["class"] == name else row["class"]})

    return Step({"op": "remove_class", "key": name, "rows": "unlabelled"}, do)


def relabel(edits: dict[str, tuple[str, str]]) -> Step:
    def do(rows: Rows) -> Rows:
        return every(
            rows,
            lambda key, row: {**row, "class": edits[key][1]} if key in edits and row["class"] == edits[key][0] else row,
        )

    side = "id,old,new\n" + "".join(f"{key},{old},{new}\n" for key, (old, new) in edits.items())
    return Step({"op": "relabel", "file": "SIDE", "on_conflict": "skip"}, do, side)


def split(old: str, new: str, keys: list[str]) -> Step:
    def do(rows: Rows) -> Rows:
        return every(rows, lambda key, row: {**row, "class": new} if key in keys and row["class"] == old else dict(row))

    side = "id,new\n" + "".join(f"{key},{new}\n" for key in keys)
    return Step({"op": "split_class", "from": old, "into": [new], "file": "SIDE", "rest": "keep"}, do, side)


def split_high(old: str, new: str) -> Step:
    def do(rows: Rows) -> Rows:
        def is_new(row: Row) -> bool:
            return row["class"] == old and row["score"] is not None and row["score"] > "0.15"

        return every(rows, lambda key, row: {**row, "class": new if is_new(row) else row["class"]})

    return Step({"op": "split_class", "from": old, "into": [new], "where": "score > 0.15", "rest": "keep"}, do)


def fill_notes(note: str) -> Step:
    def do(rows: Rows) -> Rows:
        return every(rows, lambda key, row: {**row, "note": note if row["note"] is None else row["note"]})

    return Step({"op": "fill", "field": "note", "value": note}, do)


def set_notes(notes: dict[str, str]) -> Step:
    def do(rows: Rows) -> Rows:
        return every(rows, lambda key, row: {**row, "note": notes.get(key, row["note"])})

    side = "id,note\n" + "".join(f"{key},{note}\n" for key, note in notes.items())
    return Step({"op": "set_values", "file": "SIDE", "fields": ["note"]}, do, side)


def add(new: Rows) -> Step:
    return Step({"op": "add_rows", "file": "SIDE"}, lambda rows: {**deepcopy(rows), **new}, table_text(new, FIELDS))


def dedupe() -> Step:
    def do(rows: Rows) -> Rows:
        first: dict[tuple[str | None, ...], str] = {}
        for key in sorted(rows):
            first.setdefault(tuple(rows[key][name] for name in FIELDS[1:]), key)
        kept = {*first.values(), *(key for key, row in rows.items() if set(row.values()) == {None})}
        return every(rows, lambda key, row: row if key in kept else None)

    return Step({"op": "dedupe"}, do)


@st.composite
def chains(draw: Any) -> tuple[Rows, list[Step]]:
    """Base rows, and migrations that fit what the ones before them made of the rows."""
    cell = {
        "class": st.sampled_from(CLASSES),
        "note": st.sampled_from([None, "x", "y"]),
        "score": st.sampled_from([None, "0.1", "0.2", "0.7"]),
    }
    rows: Rows = draw(
        st.dictionaries(st.sampled_from([f"k{n}" for n in range(9)]), st.fixed_dictionaries(cell), min_size=4)
    )
    for place, name in enumerate(CLASSES):
        rows[f"z{place}"] = {"class": name, "note": None, "score": "0.9"}
    now, steps = rows, []
    active = list(CLASSES)
    for number in range(draw(st.integers(1, 4))):
        kinds = ["rename", "drop", "relabel", "notes", "split", "split_high", "fill", "add", "dedupe"] + (
            ["merge", "unlabel"] if len(active) > 2 else []
        )
        kind = draw(st.sampled_from(kinds))
        name = draw(st.sampled_from(active))
        other = draw(st.sampled_from([item for item in active if item != name]))
        some = draw(st.lists(st.sampled_from(sorted(now)), max_size=3, unique=True))
        if kind == "rename":
            step = rename(name, f"{name}{number}")
            active[active.index(name)] = f"{name}{number}"
        elif kind in ("merge", "unlabel"):
            step = merge(name, other) if kind == "merge" else unlabel(name)
            active.remove(name)
        elif kind in ("split", "split_high"):
            new = f"{name}-{number}"
            step = split(name, new, some or [sorted(now)[0]]) if kind == "split" else split_high(name, new)
            active.append(new)
        elif kind == "drop":
            step = drop_low(draw(st.sampled_from(["0.15", "0.3"])))
        elif kind == "relabel":
            step = relabel({key: (now[key]["class"] or name, other) for key in some} or {sorted(now)[0]: (name, other)})
        elif kind in ("add", "dedupe"):
            more = {f"a{number}{place}": {"class": name, "note": "x", "score": "0.1"} for place in range(2)}
            step = add(more) if kind == "add" else dedupe()
        else:
            notes = {key: f"n{number}" for key in some} or {sorted(now)[0]: "first"}
            step = fill_notes(f"f{number}") if kind == "fill" else set_notes(notes)
        steps.append(step)
        now = step.do(now)
    return rows, steps


edits = st.lists(
    st.tuples(
        st.sampled_from(["cell", "cell", "remove", "add"]),
        st.integers(0, 30),
        st.sampled_from(["class", "note", "score"]),
        st.sampled_from(["bike", "x", "0.1", None]),
    ),
    max_size=5,
)


def edited(rows: Rows, changes: list[tuple[str, int, str, str | None]]) -> Rows:
    """The rows after edits by hand."""
    rows = deepcopy(rows)
    for what, place, field, value in changes:
        key = sorted(rows)[place % len(rows)]
        if what == "add":
            rows[f"new{place}"] = {"class": "car", "note": value, "score": None}
        elif what == "remove" and len(rows) > 1:
            del rows[key]
        elif field != "score" or value in ("0.1", None):
            rows[key][field] = value
    return rows


def expected(old: Rows, new: Rows, steps: list[Step]) -> tuple[dict[int, Counter[str]], Counter[str]]:
    """The numbers of cells, added and removed rows by the step that accounts for them, and of the rest."""
    states = [old]
    for step in steps:
        states.append(step.do(states[-1]))
    final = states[-1]
    credits: dict[int, Counter[str]] = {}
    rest: Counter[str] = Counter()
    for key in old.keys() | new.keys():
        if key not in new:
            gone = next((n for n, state in enumerate(states) if key not in state), None)
            (rest if gone is None else credits.setdefault(gone, Counter()))["removed"] += 1
        elif key not in old:
            same = key in final and final[key] == new[key]
            last = [n for n in range(1, len(states)) if same and states[n].get(key) != states[n - 1].get(key)]
            (credits.setdefault(last[-1], Counter()) if last else rest)["added"] += 1
        else:
            wrote: set[int | None] = set()
            for field in ("class", "note", "score"):
                if old[key][field] == new[key][field]:
                    continue
                same = key in final and final[key][field] == new[key][field]
                last = [n for n in range(1, len(states)) if same and states[n][key][field] != states[n - 1][key][field]]
                author = last[-1] if last else None
                wrote.add(author)
                (rest if author is None else credits.setdefault(author, Counter()))[field] += 1
            for author in wrote:
                (rest if author is None else credits.setdefault(author, Counter()))["changed"] += 1
    return credits, rest


def counted(work: Work) -> Counter[str]:
    rows = {"added": work.rows_added, "removed": work.rows_removed, "changed": work.rows_changed}
    return +Counter({**work.cells, **rows})


def explained(
    bench: Any,
    old: Rows,
    new: Rows,
    head: str,
    fields: tuple[str, ...] = FIELDS,
    backwards: bool = False,
    **asked: Any,
) -> DatasetDiff:
    tables = []
    for name, rows in (("old", old), ("new", new)):
        path = bench.folder / f"{name}.csv"
        path.write_text(table_text(rows, fields), encoding="utf-8")
        tables.append(scan(bench.engine, Snapshot(path=path, format="csv", shown_path=path.name)).table)
    chain = bench.chain
    replay = replace(prepared(bench, chain, head), backwards=backwards)
    request = DiffRequest(key=("id",), key_source="declared", labels=("class",), **asked)
    return diff_tables("signs", "data/signs.csv", tables[0], tables[1], request, replay)


def written(make_bench: Any, rows: Rows, steps: list[Step]) -> Any:
    bench = make_bench(table_text(rows, FIELDS))
    for number, step in enumerate(steps, 1):
        if step.side is not None:
            bench.side_file(f"side{number}.csv", step.side)
        bench.add({**step.operation, **({"file": f"side{number}.csv"} if step.side is not None else {})})
    return bench


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(drawn=chains(), before=edits, after=edits, applied=st.integers(0, 3))
def test_credits_are_those_of_a_replay_in_python(
    bench_maker: Any, drawn: Any, before: Any, after: Any, applied: int
) -> None:
    """Old is edited by hand too, and begins anywhere in the chain."""
    rows, steps = drawn
    first = min(applied, len(steps) - 1)
    with tempfile.TemporaryDirectory() as folder, Engine(threads=1) as engine:
        bench = written(bench_maker(Path(folder), engine), rows, steps)
        old = rows
        for step in steps[:first]:
            old = step.do(old)
        old = edited(old, before)
        new = old
        for step in steps[first:]:
            new = step.do(new)
        new = edited(new, after)
        diff = explained(bench, old, new, ([BASE_ID, *bench.documents])[first])
        credits, rest = expected(old, new, steps[first:])
        names = bench.documents[first:]
        assert diff.explained is not None and diff.unexplained is not None
        found = {item.migration: counted(item.work) for item in diff.explained if counted(item.work)}
        assert found == {names[number - 1]: +counts for number, counts in credits.items()}
        assert counted(diff.unexplained) == +rest
        check_sums(diff)
        back = explained(bench, new, old, ([BASE_ID, *bench.documents])[first], backwards=True)
        check_sums(back)
        assert back.explained is not None and back.unexplained is not None
        assert [(item.migration, turned(item.work)) for item in back.explained] == [
            (item.migration, item.work) for item in diff.explained
        ]
        assert turned(back.unexplained) == diff.unexplained
        assert [(item.rule, item.count) for item in back.findings if item.rule == "not-as-migrated"] == [
            (item.rule, item.count) for item in diff.findings if item.rule == "not-as-migrated"
        ]
        assert [label.unexplained for label in back.labels] == [label.unexplained for label in diff.labels]


def turned(work: Work) -> Work:
    return replace(work, rows_added=work.rows_removed, rows_removed=work.rows_added)


def check_sums(diff: DatasetDiff) -> None:
    """Every changed cell, added and removed row is explained once, or unexplained."""
    assert diff.explained is not None and diff.unexplained is not None
    works = [*(item.work for item in diff.explained), diff.unexplained]
    cells: Counter[str] = Counter()
    for work in works:
        cells.update(work.cells)
    assert cells == Counter(diff.changed_cells)
    assert sum(work.rows_added for work in works) == diff.rows.added
    assert sum(work.rows_removed for work in works) == diff.rows.removed
    assert sum(work.schema_changes for work in works) == len(diff.schema_changes)
    label = diff.labels[0]
    assert label.explained is not None and label.transitions is not None
    assert sum(item.rows for item in label.explained) + (label.unexplained or 0) == sum(
        item.rows for item in label.transitions
    )
    assert diff.changes is not None
    order = [any(cell.migration is None for cell in row.cells.values()) for row in diff.changes.rows(("changed",))]
    assert order == sorted(order, reverse=True)
    assert sum(order) == diff.unexplained.rows_changed


ROWS: Rows = {
    "a": {"class": "bike", "note": "x", "score": "0.1"},
    "b": {"class": "bike", "note": None, "score": "0.5"},
    "c": {"class": "car", "note": "y", "score": "0.9"},
}


def test_what_a_migration_did_and_a_hand_took_back_is_told(adopt: Any) -> None:
    """Old and new look alike in row b, and c is there although a migration takes it out."""
    bench = written(adopt, ROWS, [rename("bike", "bicycle"), Step({"op": "drop_rows", "where": "score > 0.8"}, dict)])
    new = deepcopy(ROWS)
    new["a"]["class"] = "bicycle"
    diff = explained(bench, ROWS, new, BASE_ID)
    assert [(item.migration, item.work.cells) for item in diff.explained or ()] == [("m0001_step", {"class": 1})]
    assert diff.unexplained == Work()
    assert [(item.rule, item.count) for item in diff.findings] == [("not-as-migrated", 1), ("not-as-migrated", 1)]
    assert diff.findings[0].message.endswith("1 of class; id: b")
    assert diff.findings[1].message.endswith("take out; id: c")


def test_rows_of_which_much_was_taken_back_are_named_beside_those_that_are_listed(adopt: Any) -> None:
    """Of eight rows that a migration changes seven are as before, and another cell of the first is listed."""
    rows: Rows = {f"k{n}": {"class": "bike", "note": None, "score": None} for n in range(9)}
    bench = written(adopt, rows, [rename("bike", "bicycle")])
    new = deepcopy(rows)
    new["k0"]["class"], new["k1"]["class"], new["k2"]["note"] = "bicycle", "bus", "by hand"
    diff = explained(bench, rows, new, BASE_ID)
    assert diff.unexplained == Work(rows_changed=2, cells={"class": 1, "note": 1})
    (finding,) = diff.findings
    assert (finding.rule, finding.count) == ("not-as-migrated", 7)
    assert finding.message.endswith("7 of class; id: k2, k3, k4, k5, k6 and 2 more")


def test_rows_that_a_migration_adds_and_that_are_not_there(adopt: Any) -> None:
    row = {"class": "car", "note": "x", "score": "0.2"}
    bench = written(adopt, ROWS, [add({"d": row, "e": row})])
    diff = explained(bench, ROWS, {**ROWS, "d": row}, BASE_ID)
    assert [counted(item.work) for item in diff.explained or ()] == [Counter(added=1)]
    assert diff.unexplained == Work()
    assert [item.message for item in diff.findings] == ["1 row is not there that the migrations add; id: e"]


@pytest.mark.parametrize(("where", "expected"), [(None, ["b", "c", "new"]), ("new.class = 'bus'", ["b"])])
def test_only_what_is_unexplained(adopt: Any, where: str | None, expected: list[str]) -> None:
    bench = written(adopt, ROWS, [rename("bike", "bicycle")])
    new = {key: {**row, "class": "bicycle" if row["class"] == "bike" else row["class"]} for key, row in ROWS.items()}
    new["b"]["class"] = "bus"
    new["new"] = {"class": "car", "note": None, "score": None}
    del new["c"]
    diff = explained(bench, ROWS, new, BASE_ID, unexplained=True, where=where)
    assert diff.changes is not None and diff.matching is not None
    assert sorted(row.key["id"] for row in diff.changes.rows()) == expected
    assert diff.matching.added + diff.matching.removed + diff.matching.changed == len(expected)
    assert (diff.rows.added, diff.rows.removed, diff.rows.changed) == (1, 1, 2)


def test_values_of_a_field_that_a_migration_adds_are_looked_at(adopt: Any) -> None:
    bench = written(adopt, ROWS, [])
    bench.add({"op": "add_field", "name": "seen", "type": "string", "default": "no"})
    new = {key: {**row, "seen": "no"} for key, row in ROWS.items()}
    fields = (*FIELDS, "seen")
    old = {key: {**row, "seen": None} for key, row in ROWS.items()}

    def run(new: Rows) -> DatasetDiff:
        (bench.folder / "seen.csv").write_text(table_text(new, fields), encoding="utf-8")
        tables = []
        for name, text in (("old", table_text(old, FIELDS)), ("new", table_text(new, fields))):
            path = bench.folder / f"{name}.csv"
            path.write_text(text, encoding="utf-8")
            tables.append(scan(bench.engine, Snapshot(path=path, format="csv", shown_path=path.name)).table)
        replay = prepared(bench, bench.chain)
        return diff_tables("signs", "s.csv", *tables, DiffRequest(key=("id",)), replay)

    as_migrated = run(new)
    assert [item.work.schema_changes for item in as_migrated.explained or ()] == [1]
    assert as_migrated.findings == ()
    new["b"]["seen"] = "yes"
    by_hand = run(new)
    assert [item.count for item in by_hand.findings] == [1]
    assert "1 of seen" in by_hand.findings[0].message


def test_a_recorded_rename_of_a_field_needs_no_likeness(adopt: Any) -> None:
    """All notes were edited too, so that content would not tell that it is the same field."""
    bench = written(adopt, ROWS, [])
    bench.add({"op": "rename_field", "from": "note", "to": "remark"})
    bench.add({"op": "drop_field", "name": "score"})
    new = {key: {"class": row["class"], "remark": f"edited {key}"} for key, row in ROWS.items()}
    tables = []
    for name, text in (("old", table_text(ROWS, FIELDS)), ("new", table_text(new, ("id", "class", "remark")))):
        path = bench.folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        tables.append(scan(bench.engine, Snapshot(path=path, format="csv", shown_path=path.name)).table)
    replay = prepared(bench, bench.chain)
    diff = diff_tables("signs", "s.csv", *tables, DiffRequest(key=("id",)), replay)
    assert diff.changed_cells == {"remark": 3}
    assert [(item.migration, item.work.schema_changes) for item in diff.explained or ()] == [
        ("m0001_step", 1),
        ("m0002_step", 1),
    ]
    assert diff.unexplained is not None
    assert (diff.unexplained.cells, diff.unexplained.schema_changes) == ({"remark": 3}, 1)


def test_a_class_in_the_key_gives_rows_another_key(adopt: Any) -> None:
    """One row an image and class: a renamed class is a removed and an added row, both explained."""
    bench = adopt("id,class,n\na,bike,1\na,car,2\nb,bike,3\n", key=("id", "class"))
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    tables = []
    for name, text in (
        ("old", "id,class,n\na,bike,1\na,car,2\nb,bike,3\n"),
        ("new", "id,class,n\na,bicycle,1\na,car,2\nb,bicycle,4\n"),
    ):
        path = bench.folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        tables.append(scan(bench.engine, Snapshot(path=path, format="csv", shown_path=path.name)).table)
    replay = prepared(bench, bench.chain)
    diff = diff_tables("signs", "s.csv", *tables, DiffRequest(key=("id", "class")), replay)
    assert (diff.rows.added, diff.rows.removed) == (2, 2)
    assert [counted(item.work) for item in diff.explained or ()] == [Counter(added=1, removed=1)]
    assert diff.unexplained is not None
    assert counted(diff.unexplained) == Counter(added=1, removed=1)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_without_a_key_rows_go_by_content(adopt: Any, engine: Engine, tmp_path: Path, suffix: str) -> None:
    import pandas as pd

    rows = pd.DataFrame({"text": ["a", "a", "b", "c"], "class": ["bike", "bike", "bike", "car"]})
    new = rows.replace("bike", "bicycle").iloc[[0, 1, 3]]
    write: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
        ".csv": lambda frame, path: frame.to_csv(path, index=False),
        ".jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
        ".parquet": lambda frame, path: frame.to_parquet(path, index=False),
    }
    tables = []
    for name, frame in (("old", rows), ("new", new)):
        path = tmp_path / f"{name}{suffix}"
        write[suffix](frame, path)
        tables.append(scan(engine, Snapshot(path=path, format=suffix[1:], shown_path=path.name)).table)
    bench = adopt((tmp_path / f"old{suffix}").read_bytes(), key=(), suffix=suffix)
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    replay = prepared(bench, bench.chain)
    diff = diff_tables("signs", "s", *tables, DiffRequest(), replay)
    # The key must not be guessed: `text` is not unique.
    assert diff.key == ()
    assert [counted(item.work) for item in diff.explained or ()] == [Counter(added=2, removed=2)]
    assert diff.unexplained is not None
    assert counted(diff.unexplained) == Counter(removed=1)


def test_code_is_never_run(adopt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = written(adopt, ROWS, [rename("bike", "bicycle")])

    class Code(RenameClass):
        runs_code: ClassVar[bool] = True

    chain = bench.chain
    migration = chain.migrations[0]
    object.__setattr__(migration, "operations", (Code(source="bike", to="bicycle"),))
    with pytest.raises(MigrationError, match="runs code"):
        prepared(bench, chain)


def test_a_replay_that_fails_is_told_and_explains_nothing(adopt: Any) -> None:
    bench = written(adopt, ROWS, [])
    bench.side_file("side.csv", "id,note\na,1\na,2\n")
    bench.add({"op": "set_values", "file": "side.csv", "fields": ["note"]})
    new = deepcopy(ROWS)
    new["a"]["note"] = "2"
    diff = explained(bench, ROWS, new, BASE_ID)
    assert diff.explained is None and diff.unexplained is None
    assert diff.changed_cells == {"note": 1}
    assert [item.rule for item in diff.findings] == ["replay-failed"]
    assert "side.csv" in diff.findings[0].message
