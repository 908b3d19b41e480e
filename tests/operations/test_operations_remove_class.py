from __future__ import annotations

from dataclasses import replace

import pytest
from operations_bench import AWKWARD, ROWS, STATE, Bench, Example, Make, make_table

from dsv.errors import DsvError, MigrationError, SchemaError
from dsv.model.migration import Effect
from dsv.model.schema import Schema
from dsv.operations.add_class import AddClass
from dsv.operations.remove_class import RemoveClass
from dsv.operations.set_class import SetClass

EXAMPLES: list[Make] = [
    *(lambda rows, name=name: Example(RemoveClass(key=name, rows="drop")) for name in AWKWARD),
    *(lambda rows, name=name: Example(RemoveClass(key=name, rows="unlabelled")) for name in AWKWARD),
    *(lambda rows, name=name: Example(RemoveClass(key="car", rows="relabel_to", relabel_to=name)) for name in AWKWARD),
    lambda rows: Example(RemoveClass(key="red", rows="drop", field="tags")),
    lambda rows: Example(RemoveClass(key="red", rows="unlabelled", field="tags")),
    lambda rows: Example(RemoveClass(key="red", rows="relabel_to", relabel_to="blue", field="tags")),
    lambda rows: Example(RemoveClass(key="2", rows="unlabelled", field="level")),
    lambda rows: Example(RemoveClass(key="no", rows="unlabelled", field="mood")),
]


def test_forbid_lets_a_class_without_rows_go(bench: Bench) -> None:
    rows = [row for row in ROWS if row["class"] != "bus"]
    operation = RemoveClass(key="bus")
    assert bench.rows(operation, rows) == rows
    gone = bench.after(operation).class_list("class").classes[1]
    assert (gone.key, gone.id, gone.index, gone.retired) == ("bus", 1, None, True)


def test_forbid_stops_at_rows(bench: Bench) -> None:
    with pytest.raises(MigrationError) as caught:
        bench.run(RemoveClass(key="bus"))
    assert caught.value.message == "class 'bus' has 1 row"
    with pytest.raises(MigrationError, match="class 'red' has 8 rows"):
        bench.run(RemoveClass(key="red", field="tags"))


def test_drop(bench: Bench) -> None:
    assert bench.rows(RemoveClass(key="no", rows="drop")) == [row for row in ROWS if row["class"] != "no"]
    kept = bench.rows(RemoveClass(key="a.b", rows="drop", field="tags"))
    assert kept == [row for row in ROWS if row["id"] != 5]


def test_unlabelled(bench: Bench) -> None:
    found = bench.rows(RemoveClass(key="no", rows="unlabelled"))
    assert found == [{**row, "class": "?" if row["class"] == "no" else row["class"]} for row in ROWS]
    tags = bench.rows(RemoveClass(key="red", rows="unlabelled", field="tags"))
    assert [row["tags"] for row in tags[:5]] == [[], ["blue"], [], None, ["a.b", None]]
    mood = bench.rows(RemoveClass(key="no", rows="unlabelled", field="mood"))
    assert mood[4]["mood"] == "unseen"


def test_unlabelled_leaves_the_cell_missing_where_no_value_says_so(bench: Bench) -> None:
    state = replace(STATE, unlabelled=None)
    found = bench.rows(RemoveClass(key="no", rows="unlabelled"), state=state)
    assert found[2]["class"] is None


def test_relabel_to(bench: Bench) -> None:
    found = bench.rows(RemoveClass(key="red", rows="relabel_to", relabel_to="blue", field="tags"))
    assert [row["tags"] for row in found[:5]] == [["blue"], ["blue"], [], None, ["a.b", None]]


def test_cells_that_need_a_value_cannot_lose_it(bench: Bench) -> None:
    fields = tuple(replace(item, nullable=item.name != "class") for item in STATE.schema)
    state = replace(STATE, schema=Schema(fields=fields), unlabelled=None)
    with pytest.raises(SchemaError, match="every cell of 'class' must have a value"):
        RemoveClass(key="no", rows="unlabelled").forward_schema(state, bench.inputs())


def test_a_class_above_others_stays(bench: Bench) -> None:
    state = bench.after(SetClass(parents={"car": ("bus",), "word": ("no", "NA")}))
    with pytest.raises(SchemaError, match="class 'car' stands above others: bus"):
        RemoveClass(key="car", rows="drop").forward_schema(state, bench.inputs())


def test_a_group_goes_without_a_hole(bench: Bench) -> None:
    state = bench.after(AddClass(key="vehicle", group=True))
    assert RemoveClass(key="vehicle").effect(state) == Effect()
    table = make_table(bench.engine, ROWS)
    assert RemoveClass(key="vehicle").forward(state, table, bench.inputs()).table.count() == len(ROWS)
    with pytest.raises(SchemaError, match="rows cannot be relabelled to 'vehicle'"):
        RemoveClass(key="no", rows="relabel_to", relabel_to="vehicle").forward_schema(state, bench.inputs())


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (RemoveClass(key="cra"), "field 'class' has no class 'cra'"),
        (RemoveClass(key="car", rows="relabel_to"), "`relabel_to:` names a class, and goes with"),
        (RemoveClass(key="car", rows="drop", relabel_to="bus"), "`relabel_to:` names a class, and goes with"),
        (RemoveClass(key="car", rows="relabel_to", relabel_to="car"), "rows cannot be relabelled to 'car'"),
        (RemoveClass(key="car", rows="relabel_to", relabel_to="bsu"), "field 'class' has no class 'bsu'"),
    ],
)
def test_refused(bench: Bench, operation: RemoveClass, message: str) -> None:
    with pytest.raises(DsvError) as caught:
        bench.run(operation)
    assert caught.value.message.startswith(message)


def test_words() -> None:
    assert RemoveClass(key="no").describe(STATE) == "remove class no that has no rows"
    assert RemoveClass(key="no", rows="drop").describe(STATE) == "remove class no and drop its rows"
    moved = RemoveClass(key="no", rows="relabel_to", relabel_to="NA")
    assert moved.describe(STATE) == "remove class no and relabel its rows to NA"
    assert moved.effect(STATE) == Effect(class_head="hole", values="corrected")
    assert RemoveClass(key="no", rows="drop").effect(STATE) == Effect(class_head="hole", values="removed")
