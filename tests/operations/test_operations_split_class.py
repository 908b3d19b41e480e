from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from operations_bench import ROWS, STATE, Bench, Example, Make, Row, make_table, read_table

from dsv.errors import DsvError, MigrationError, SchemaError
from dsv.model.migration import Effect
from dsv.model.profile import ClassIdentity
from dsv.operations.merge_classes import MergeClasses
from dsv.operations.remove_class import RemoveClass
from dsv.operations.set_class import SetClass
from dsv.operations.split_class import NewClass, SplitClass

FILE = "m0001_split.csv"


def reviewed(field: str, source: str, targets: Sequence[str], **options: Any) -> Make:
    """Split a class by a file that names each of its rows, with one target after the other."""

    def make(rows: Sequence[Row]) -> Example:
        held = [row for row in rows if source in _classes(row[field])]
        lines = [f"{row['id']},{source},{targets[at % len(targets)]}" for at, row in enumerate(held)]
        text = "\n".join(["id,old,new", *lines, ""])
        into = tuple(name for name in targets if name != source)
        return Example(SplitClass(source=source, into=into, file=FILE, field=field, **options), {FILE: text})

    return make


def _classes(cell: Any) -> list[str]:
    return [str(item) for item in cell] if isinstance(cell, list) else [str(cell)]


EXAMPLES: list[Make] = [
    reviewed("class", "car", ["van", "car", "it's"]),
    reviewed("class", "no", ["yes"]),
    reviewed("tags", "red", ["crimson", "red", "scarlet"]),
    reviewed("level", "0", ["7", "0"]),
    reviewed("mood", "calm", ["glad", "calm"]),
    lambda rows: Example(SplitClass(source="car", into=("van",), where="score < 0.5", rest="keep")),
    lambda rows: Example(SplitClass(source="a.b", into=("low",), where="id > 1", rest="unlabelled", field="tags")),
    lambda rows: Example(
        SplitClass(source="car", into=("van",), where="id > 1", rest="relabel_to", relabel_to="NA", field="class")
    ),
    lambda rows: Example(
        SplitClass(source="red", into=("c",), file=FILE, rest="relabel_to", relabel_to="blue", field="tags"),
        {FILE: "id,new\n1,c\n"},
    ),
    lambda rows: Example(
        SplitClass(source="red", into=("c",), file=FILE, rest="unlabelled", field="tags"), {FILE: "id,new\n1,c\n"}
    ),
]


def cells(found: Sequence[Row], field: str = "class") -> dict[int, Any]:
    return {row["id"]: row[field] for row in found}


def test_a_reviewed_file_says_which_rows_are_the_new_class(bench: Bench) -> None:
    rows = [*ROWS, *({**ROWS[0], "id": number} for number in (20, 21, 22))]
    text = "id,old,new,reviewer\n1,car,van,ana\n20,car,car,ana\n21,car,lorry,bo\n"
    operation = SplitClass(source="car", into=("van", "lorry"), file=FILE, rest="keep")
    found = bench.rows(operation, rows, files={FILE: text})
    new = {1: "van", 21: "lorry"}
    assert found == [{**row, "class": new.get(row["id"], row["class"])} for row in rows]
    assert f"the rows that {FILE} names have the class car" in bench.run(operation, rows, files={FILE: text}).guards
    every = SplitClass(source="car", into=("van",), where="id = 1")
    assert bench.run(every).guards == ("no row of the class car is left over",)


def test_the_new_classes_know_where_they_come_from(bench: Bench) -> None:
    state = bench.after(SetClass(parents={"vehicle": ("car",), "big": ()}))
    operation = SplitClass(
        source="car",
        into=(NewClass(key="van", class_name="Van", description="tall"), NewClass(key="lorry", parent="big")),
        file=FILE,
    )
    after = operation.forward_schema(state, bench.inputs()).class_list("class")
    common: dict[str, Any] = {"split_from": "car", "coverage": "all"}
    assert after.classes[-2:] == (
        ClassIdentity(key="van", id=10, index=8, name="Van", parent="vehicle", description="tall", **common),
        ClassIdentity(key="lorry", id=11, index=9, name="lorry", parent="big", **common),
    )
    assert after.next_id == 12
    assert after.classes[:-2] == state.class_list("class").classes


@pytest.mark.parametrize(
    ("options", "coverage"),
    [
        ({"file": FILE}, "all"),
        ({"file": FILE, "rest": "keep"}, "reviewed"),
        ({"file": FILE, "rest": "keep", "coverage": "none"}, "none"),
        ({"where": "true", "rest": "keep"}, "all"),
    ],
)
def test_rows_that_nobody_looked_at_are_unknown(bench: Bench, options: Mapping[str, Any], coverage: str) -> None:
    after = bench.after(SplitClass(source="car", into=("van",), **options))
    assert after.class_list("class").classes[-1].coverage == coverage


def test_a_condition_and_its_parameters(bench: Bench) -> None:
    rows = [*ROWS, {**ROWS[0], "id": 20, "score": 0.2}, {**ROWS[0], "id": 21, "score": None}]
    operation = SplitClass(source="car", into=("van",), where="score < ${most}", rest="keep")
    assert operation.parameters() == ("most",)
    found = bench.rows(operation, rows, most=0.3)
    assert found == [{**row, "class": "van" if row["id"] == 20 else row["class"]} for row in rows]


def test_lists_have_the_new_class_in_the_place_of_the_old(bench: Bench) -> None:
    text = "id,new\n1,crimson\n2,scarlet\n"
    operation = SplitClass(source="red", into=("crimson", "scarlet"), file=FILE, field="tags", rest="keep")
    found = cells(bench.rows(operation, ROWS[:5], files={FILE: text}), "tags")
    assert found == {1: ["crimson"], 2: ["blue", "scarlet"], 3: [], 4: None, 5: ["a.b", None]}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"rest": "keep"}, "car"),
        ({"rest": "unlabelled"}, "?"),
        ({"rest": "relabel_to", "relabel_to": "bus"}, "bus"),
        ({"rest": "relabel_to", "relabel_to": "van"}, "van"),
    ],
)
def test_the_rest_goes_where_the_document_says(bench: Bench, options: Mapping[str, Any], expected: str) -> None:
    rows = [ROWS[0], {**ROWS[0], "id": 20}]
    for told in ({"file": FILE}, {"where": "id = 20"}):
        operation = SplitClass(source="car", into=("van",), **told, **options)
        assert cells(bench.rows(operation, rows, files={FILE: "id,new\n20,van\n"})) == {1: expected, 20: "van"}


def test_rows_left_over_are_listed(bench: Bench) -> None:
    rows = [{**ROWS[0], "id": number} for number in range(1, 14)]
    for told, where in (({"file": FILE}, FILE), ({"where": "id = 2"}, "id = 2")):
        with pytest.raises(MigrationError) as caught:
            bench.run(SplitClass(source="car", into=("van",), **told), rows, files={FILE: "id,new\n2,van\n"})
        assert caught.value.message.startswith("12 rows of class 'car' left over: id=1; id=3; ")
        assert caught.value.message.endswith("id=11; and 2 more")
        assert caught.value.where == where
        assert "rest: keep" in caught.value.hint


def test_without_a_key_rows_are_named_by_their_place(bench: Bench) -> None:
    operation = SplitClass(source="car", into=("van",), where="id = 2")
    with pytest.raises(MigrationError, match="1 row of class 'car' left over: row 1"):
        bench.run(operation, ROWS[:2], state=replace(STATE, key=()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,new\n2,van\n", "1 row without the class 'car': line 2: id=2: found bus"),
        ("id,new\n4,van\n", "1 row without the class 'car': line 2: id=4: found (missing)"),
        ("id,old,new\n1,bus,van\n", "1 row expecting another class than 'car': line 2: id=1 bus"),
        ("id,old,new\n1,,van\n", "1 row expecting another class than 'car': line 2: id=1 (missing)"),
        ("id,new\n1,bus\n", "1 row that the split does not tell apart: line 2: id=1 bus"),
        ("id,new\n1,\n", "1 row that the split does not tell apart: line 2: id=1 (missing)"),
        ("id,new\n1,vna\n", "1 row with a class that 'class' does not have: line 2: id=1 vna"),
        ("id,new\n99,van\n", "1 row not in the dataset: line 2: id=99"),
        ("id,new\n1,van\n1,car\n", "2 rows with a key that another line has too: line 2: id=1; line 3: id=1"),
        ("id,knew\n1,van\n", "the side file has no field 'new'"),
    ],
)
def test_bad_files(bench: Bench, text: str, message: str) -> None:
    with pytest.raises(MigrationError) as caught:
        bench.run(SplitClass(source="car", into=("van",), file=FILE), files={FILE: text})
    assert caught.value.message == message


def test_skipped_rows_are_told(bench: Bench) -> None:
    operation = SplitClass(source="car", into=("van",), file=FILE, on_conflict="skip", rest="keep")
    outcome = bench.run(operation, files={FILE: "id,new\n2,van\n1,van\n"})
    (finding,) = outcome.findings
    assert (finding.rule, finding.level, finding.count) == ("split-class-skipped", "warning", 1)
    found = bench.rows(operation, files={FILE: "id,new\n2,van\n1,van\n"})
    assert [row["class"] for row in found[:2]] == ["van", "bus"]


@pytest.mark.parametrize("told", [{"file": FILE}, {"where": "score > 99"}])
def test_a_class_that_gets_no_row_is_told(bench: Bench, told: Mapping[str, Any]) -> None:
    outcome = bench.run(SplitClass(source="car", into=("van",), rest="keep", **told), files={FILE: "id,new\n1,car\n"})
    assert [(item.rule, item.message) for item in outcome.findings] == [("split-class-empty", "no row becomes van")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"into": ("bus",)}, "class 'bus' of 'class' exists already"),
        ({"into": ("van", "van")}, "class 'van' of 'class' exists already"),
        ({"into": ("van", NewClass(key="v", class_name="van"))}, "field 'class' has a class 'van' already"),
        ({"into": ("?",)}, "'?' stands for not labelled in 'class'"),
        ({"into": (NewClass(key="van", parent="nope"),)}, "field 'class' has no class 'nope'"),
        ({"into": ()}, "there is no class to split out"),
        ({"source": "cra"}, "field 'class' has no class 'cra'"),
        ({"file": None}, "either a file or a condition tells the rows apart"),
        ({"where": "true"}, "either a file or a condition tells the rows apart"),
        ({"file": None, "where": "true", "into": ("a", "b")}, "a condition tells one class from the rest"),
        ({"rest": "relabel_to"}, "`relabel_to:` names a class, and goes with `rest: relabel_to`"),
        ({"relabel_to": "bus"}, "`relabel_to:` names a class, and goes with `rest: relabel_to`"),
        ({"rest": "relabel_to", "relabel_to": "car"}, "the rest cannot be relabelled to 'car'"),
        ({"rest": "relabel_to", "relabel_to": "bsu"}, "field 'class' has no class 'bsu'"),
        ({"coverage": "some"}, "no such coverage: 'some'"),
        ({"file": None, "where": "score"}, "this is no condition: it is neither true nor false"),
        ({"file": None, "where": "CAST(class AS INTEGER) = 1"}, "the condition cannot be evaluated: "),
    ],
)
def test_refused(bench: Bench, options: Mapping[str, Any], message: str) -> None:
    given = {"source": "car", "into": ("van",), "file": FILE, **options}
    with pytest.raises(DsvError) as caught:
        bench.run(SplitClass(**given), files={FILE: "id,new\n1,van\n"})
    assert caught.value.message.startswith(message)


def test_a_class_that_exists_is_not_split_out(bench: Bench) -> None:
    with pytest.raises(SchemaError) as caught:
        bench.after(SplitClass(source="car", into=("bus",), where="true"))
    assert caught.value.hint == "relabel moves rows between classes that exist"


def test_a_retired_key_is_not_revived(bench: Bench) -> None:
    state = bench.after(RemoveClass(key="bus", rows="drop"))
    with pytest.raises(SchemaError, match="class 'bus' of 'class' is retired, and its key stays its own"):
        SplitClass(source="car", into=("bus",), where="true").forward_schema(state, bench.inputs())
    again = SplitClass(source="car", into=(NewClass(key="bus-2", class_name="bus"),), where="true")
    assert again.forward_schema(state, bench.inputs()).class_list("class").classes[-1].id == 8


def test_a_group_has_no_rows_to_split(bench: Bench) -> None:
    state = bench.after(SetClass(parents={"vehicle": ("car",)}))
    with pytest.raises(SchemaError, match="'vehicle' is a group, which no cell holds"):
        SplitClass(source="vehicle", into=("van",), where="true").forward_schema(state, bench.inputs())


def test_merging_undoes_it_where_nothing_is_lost() -> None:
    kept = SplitClass(source="car", into=("van", NewClass(key="l", class_name="lorry")), file=FILE, rest="keep")
    assert kept.inverse(STATE) == MergeClasses(sources=("van", "lorry"), into="car")
    assert replace(kept, rest="unlabelled").inverse(STATE) is None
    assert replace(kept, source="red", field="tags").inverse(STATE) is None


def test_other_rows_than_the_file_was_written_for(bench: Bench) -> None:
    """A replay: what the file says of rows that are there is done, the rest is let be."""
    operation = SplitClass(source="car", into=("van",), file=FILE)
    inputs = replace(bench.inputs({FILE: "id,new\n1,van\n2,van\n77,van\n"}), guarded=False)
    rows = [*ROWS[:2], {**ROWS[0], "id": 9}]
    found = read_table(operation.forward(STATE, make_table(bench.engine, rows), inputs).table)
    assert cells(found) == {1: "van", 2: "bus", 9: "car"}


def test_words(bench: Bench) -> None:
    operation = SplitClass(source="car", into=("van", "lorry"), file=FILE, rest="keep")
    assert operation.describe(STATE) == f"split class car -> van, lorry, as {FILE} says; the rest stays"
    inputs = bench.inputs({FILE: "id,new\n1,van\n2,lorry\n"})
    assert operation.describe(STATE, inputs) == f"split class car -> van, lorry, 2 rows as {FILE} says; the rest stays"
    ruled = SplitClass(source="car", into=("van",), where="score < (CAST('0.3' AS DOUBLE))")
    assert ruled.describe(STATE) == "split class car -> van, where score < 0.3"
    assert operation.effect(STATE) == Effect(class_head="grow", values="corrected")
