from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from operations_bench import AWKWARD, ROWS, STATE, Bench, Example, Make, Row, make_table

from dsv.errors import FormatError, MigrationError, SchemaError
from dsv.model.migration import Effect
from dsv.model.schema import Field, Schema
from dsv.operations.relabel import Relabel

FILE = "m0001_relabel.csv"


def as_csv(header: Sequence[str], lines: Sequence[Sequence[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([header, *lines])
    return stream.getvalue()


def swap(field: str, targets: Sequence[Any]) -> Make:
    """Relabel every second row that has a label to one target after the other."""

    def make(rows: Sequence[Row]) -> Example:
        chosen = [row for row in rows if row[field] is not None][::2]
        lines = [[row["id"], row[field], targets[at % len(targets)]] for at, row in enumerate(chosen)]
        return Example(Relabel(file=FILE, field=field), {FILE: as_csv(["id", "old", "new"], lines)})

    return make


EXAMPLES: list[Make] = [
    swap("class", AWKWARD),
    swap("class", ["?"]),
    swap("level", [0, 2]),
    swap("mood", ["no"]),
]


def test_rows_of_the_file_get_the_new_label(bench: Bench) -> None:
    text = "note,new,id,old\nx,NA,1,car\n,no,2,bus\n,?,3,no\n,car,5,?\n"
    found = bench.rows(Relabel(file=FILE), files={FILE: text})
    new = {1: "NA", 2: "no", 3: "?", 5: "car"}
    assert found == [{**row, "class": new.get(row["id"], row["class"])} for row in ROWS]


def test_a_missing_label_is_an_empty_cell(bench: Bench) -> None:
    found = bench.rows(Relabel(file=FILE), files={FILE: "id,old,new\n4,,bus\n1,car,\n"})
    assert (found[0]["class"], found[3]["class"]) == (None, "bus")


def test_other_formats_and_names_of_fields(bench: Bench) -> None:
    text = '{"id": 1, "seen": "car", "right": "bus", "by": "ana"}\n'
    operation = Relabel(file="edits.jsonl", expect="seen", new="right")
    assert bench.rows(operation, files={"edits.jsonl": text})[0]["class"] == "bus"


def test_parquet_holds_lists(bench: Bench) -> None:
    path = bench.folder / "edits.parquet"
    bench.engine.execute(f"COPY (SELECT 1 AS id, ['red'] AS old, ['blue', 'a.b'] AS new) TO '{path}' (FORMAT parquet)")
    assert bench.rows(Relabel(file="edits.parquet", field="tags"))[0]["tags"] == ["blue", "a.b"]


def test_applied_twice_is_applied_once(bench: Bench) -> None:
    operation, files = Relabel(file=FILE), {FILE: "id,old,new\n1,car,NA\n2,bus,no\n"}
    once = bench.rows(operation, files=files)
    assert bench.rows(operation, once, files=files) == once


def test_other_old_values_are_listed(bench: Bench) -> None:
    lines = [[10 + index, "car", "bus"] for index in range(6)] + [[1, "car", "bus"], [4, "car", "bus"]]
    with pytest.raises(MigrationError) as caught:
        bench.run(Relabel(file=FILE), files={FILE: as_csv(["id", "old", "new"], lines)})
    assert caught.value.message.startswith(
        "7 rows without the expected label: line 2: id=10: expected car, found no; "
        "line 3: id=11: expected car, found NA; "
    )
    assert caught.value.message.endswith("line 9: id=4: expected car, found (missing)")
    assert caught.value.where == f"{FILE}:2"
    assert "on_conflict: skip" in caught.value.hint


def test_ten_rows_are_listed_and_the_rest_counted(bench: Bench) -> None:
    rows = [{**ROWS[0], "id": index} for index in range(25)]
    lines = [[index, "bus", "no"] for index in range(25)]
    with pytest.raises(MigrationError) as caught:
        bench.run(Relabel(file=FILE), rows, files={FILE: as_csv(["id", "old", "new"], lines)})
    assert caught.value.message.startswith("25 rows without")
    assert caught.value.message.count("line ") == 10
    assert caught.value.message.endswith("; and 15 more")


def test_skipped_conflicts_are_told(bench: Bench) -> None:
    text = "id,old,new\n1,bus,no\n2,bus,no\n"
    operation = Relabel(file=FILE, on_conflict="skip")
    outcome = bench.run(operation, files={FILE: text})
    (finding,) = outcome.findings
    assert (finding.rule, finding.level, finding.count) == ("relabel-skipped", "warning", 1)
    found = bench.rows(operation, files={FILE: text})
    assert [row["class"] for row in found[:2]] == ["car", "no"]


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("key,old,new\n1,car,no\n", "the side file has no field 'id'", FILE),
        ("id,odl,new\n1,car,no\n", "the side file has no field 'old'", FILE),
        ("id,old\n1,car\n", "the side file has no field 'new'", FILE),
        ("id,old,new\n99,car,no\n", "1 row not in the dataset: line 2: id=99", f"{FILE}:2"),
        (
            "id,old,new\n1,car,no\n2,bus,no\n1,car,NA\n",
            "2 rows with a key that another line has too",
            f"{FILE}:2",
        ),
        ("id,old,new\n1,car,no\n,bus,no\n", "1 row without a key: line 3: id=(missing)", f"{FILE}:3"),
        (
            "id,old,new\n1,car,buss\n",
            "1 row with a class that 'class' does not have: line 2: id=1 buss",
            f"{FILE}:2",
        ),
    ],
)
def test_bad_files(bench: Bench, text: str, message: str, where: str) -> None:
    with pytest.raises(MigrationError) as caught:
        bench.run(Relabel(file=FILE), files={FILE: text})
    assert caught.value.message.startswith(message)
    assert caught.value.where == where


@pytest.mark.parametrize("kind", ["date", "string"])
def test_days_and_months_that_a_spreadsheet_swapped(bench: Bench, kind: str) -> None:
    fields = (*STATE.schema.fields, Field(name="day", type=kind))
    state = replace(STATE, schema=Schema(fields=fields), key=("day", "id"))
    rows = [{**ROWS[0], "day": "2026-03-04"}, {**ROWS[1], "day": "2026-03-25"}]
    good = "day,id,old,new\n2026-03-04,1,car,no\n2026-03-25,2,bus,no\n"
    assert [row["class"] for row in bench.rows(Relabel(file=FILE), rows, state=state, files={FILE: good})] == [
        "no",
        "no",
    ]
    with pytest.raises(MigrationError, match="1 row not in the dataset: line 2: day=2026-04-03 id=1") as caught:
        bench.run(Relabel(file=FILE), rows, state=state, files={FILE: good.replace("03-04", "04-03")})
    assert caught.value.hint == "export the file again with its keys as text: day and month of 'day' are swapped"
    with pytest.raises(MigrationError) as caught:
        bench.run(Relabel(file=FILE), rows, state=state, files={FILE: good.replace("03-04,1", "03-04,9")})
    assert caught.value.hint is None


def test_unknown_class_names_the_nearest(bench: Bench) -> None:
    with pytest.raises(MigrationError) as caught:
        bench.run(Relabel(file=FILE), files={FILE: "id,old,new\n1,car,buss\n"})
    assert caught.value.hint == "did you mean 'bus'?"


def test_the_line_counts_line_ends_in_cells(bench: Bench) -> None:
    text = 'id,old,new,note\n1,car,no,"two\nlines"\n99,car,no,\n'
    with pytest.raises(MigrationError) as caught:
        bench.run(Relabel(file=FILE), files={FILE: text})
    assert caught.value.where == f"{FILE}:4"


def test_a_value_of_the_wrong_type_names_its_line(bench: Bench) -> None:
    for text in ("id,old,new\n1,0,1\n2,1,1.5\n", "id,old,new\n1,0,1\n2,1,two\n"):
        with pytest.raises(FormatError) as caught:
            bench.run(Relabel(file=FILE, field="level"), files={FILE: text})
        assert caught.value.where == f"{FILE}:3"


def test_a_key_that_rows_share(bench: Bench) -> None:
    rows = [ROWS[0], ROWS[0]]
    with pytest.raises(MigrationError, match="1 row with a key that several rows of the dataset share"):
        bench.run(Relabel(file=FILE), rows, files={FILE: "id,old,new\n1,car,no\n"})


def test_a_composite_key(bench: Bench) -> None:
    state = replace(STATE, key=("image", "id"))
    found = bench.rows(Relabel(file=FILE), state=state, files={FILE: "id,image,old,new\n1,1.png,car,no\n"})
    assert [row["class"] for row in found[:2]] == ["no", "bus"]


def test_without_a_key(bench: Bench) -> None:
    with pytest.raises(MigrationError) as caught:
        bench.run(Relabel(file=FILE), state=replace(STATE, key=()), files={FILE: "id,old,new\n"})
    assert "the dataset has none" in caught.value.message
    assert "declare a key" in caught.value.hint


@pytest.mark.parametrize("file", ["gone.csv", "../outside.csv", "/etc/passwd.csv"])
def test_files_elsewhere(bench: Bench, file: str) -> None:
    (bench.folder.parent / "outside.csv").write_text("id,old,new\n")
    with pytest.raises(MigrationError):
        bench.run(Relabel(file=file))


def test_a_cell_that_needs_a_value(bench: Bench) -> None:
    fields = tuple(replace(item, nullable=item.name != "class") for item in STATE.schema)
    state = replace(STATE, schema=replace(STATE.schema, fields=fields))
    with pytest.raises(MigrationError, match="1 row with no value for 'class', which needs one: line 2: id=1"):
        bench.run(Relabel(file=FILE), state=state, files={FILE: "id,old,new\n1,car,\n"})


@pytest.mark.parametrize("field", ["klass", "id"])
def test_refused_fields(bench: Bench, field: str) -> None:
    with pytest.raises(SchemaError):
        bench.run(Relabel(file=FILE, field=field), files={FILE: "id,old,new\n"})


def test_text_tables_are_read_as_values(bench: Bench) -> None:
    table = make_table(bench.engine, ROWS)
    casts = "CAST(id AS VARCHAR) AS id, CAST(level AS VARCHAR) AS level"
    spelled = f"(SELECT * REPLACE ({casts}) FROM {table.relation})"
    text = replace(table, relation=spelled, text_fields=frozenset({"id", "level"}))
    inputs = bench.inputs({FILE: "id,old,new\n2,1,0\n"})
    after = Relabel(file=FILE, field="level").forward(STATE, text, inputs).table
    assert not after.text_fields
    assert bench.engine.rows(f"SELECT level FROM {after.relation} WHERE id = 2") == [(0,)]


def test_words(bench: Bench) -> None:
    operation = Relabel(file=FILE)
    assert operation.describe(STATE) == f"relabel rows from {FILE}"
    inputs = bench.inputs({FILE: "id,old,new\n1,car,no\n2,bus,no\n"})
    assert operation.describe(STATE, inputs) == f"relabel 2 rows from {FILE}"
    assert operation.effect(STATE) == Effect(values="corrected")
    assert Relabel(file=FILE, field="split").effect(STATE).evaluation == "moved"
