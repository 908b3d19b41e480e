"""A published migration is undone by a new one; what was touched since is told, and stays."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from capturing import captured
from reverting import reverted

from dsv.documents import yaml
from dsv.errors import ConflictError, MigrationError
from dsv.migrations.capture.whole import Captured
from dsv.model.migration import BASE_ID

Bench = Any
Adopt = Callable[..., Bench]

OLD = """id,class,split,score
a,bike,train,1
b,moped,train,2
c,car,val,3
d,bus,test,4
e,car,test,5
"""


def operations(found: Captured) -> list[str]:
    return [item["op"].partition("@")[0] for item in yaml.load(found.text, "reverted")["operations"]]


def published(bench: Bench) -> str:
    bench.up()
    bench.publish(bench.documents[-1])
    return str(bench.published.decode())


def rows(text: str) -> dict[str, dict[str, str]]:
    return {row["id"]: row for row in csv.DictReader(io.StringIO(text))}


SIDE = {
    "m.csv": "id,old,new\na,bike,car\nd,bus,car\n",
    "v.csv": "id,split,score\na,val,\nc,test,30\n",
    "gone.csv": "id\nb\nc\n",
    "more.csv": "id,class,split,score\nx,car,train,7\ny,bus,val,\n",
    "split.csv": "id,new\nc,taxi\n",
}
CASES: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "rename_class": ([{"op": "rename_class", "from": "bike", "to": "bicycle"}], ["rename_class"]),
    "merge_classes": (
        [{"op": "merge_classes", "from": ["bike", "moped"], "into": "two"}],
        ["revive_class", "revive_class", "relabel", "remove_class"],
    ),
    "merge_into": ([{"op": "merge_classes", "from": ["moped"], "into": "bike"}], ["revive_class", "relabel"]),
    "remove_class": (
        [{"op": "remove_class", "key": "bus", "rows": "relabel_to", "relabel_to": "car"}],
        ["revive_class", "relabel"],
    ),
    "split_class": (
        [{"op": "split_class", "from": "car", "into": ["taxi"], "file": "split.csv", "rest": "keep"}],
        ["merge_classes"],
    ),
    "relabel": ([{"op": "relabel", "file": "m.csv"}], ["relabel"]),
    "set_values": ([{"op": "set_values", "file": "v.csv", "fields": ["split", "score"]}], ["set_values", "set_values"]),
    "drop_rows": ([{"op": "drop_rows", "file": "gone.csv"}], ["add_rows"]),
    "add_rows": ([{"op": "add_rows", "file": "more.csv"}], ["drop_rows"]),
    "add_field": ([{"op": "add_field", "name": "lang", "type": "string", "default": "en"}], ["drop_field"]),
    "rename_field": ([{"op": "rename_field", "from": "score", "to": "points"}], ["rename_field"]),
    "cast_field": ([{"op": "cast_field", "name": "score", "to": "number"}], ["cast_field"]),
    "several": (
        [
            {"op": "rename_field", "from": "score", "to": "points"},
            {"op": "merge_classes", "from": ["moped"], "into": "bike"},
            {"op": "rename_class", "from": "car", "to": "auto"},
            {"op": "drop_rows", "file": "gone.csv"},
        ],
        ["rename_field", "rename_class", "revive_class", "add_rows"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_last_migration_is_undone_exactly(adopt: Adopt, case: str) -> None:
    """Rows, fields and classes are those of before; ids and keys of classes too, and their indices."""
    steps, expected = CASES[case]
    bench = adopt(OLD)
    for name, text in SIDE.items():
        bench.side_file(name, text)
    bench.add(*steps)
    found = reverted(bench, "m0001")
    assert operations(found) == expected
    assert rows(published(bench)) == rows(OLD)
    classes = {item.key: item for item in found.state.class_list("class").classes if not item.retired}
    assert classes == {item.key: item for item in bench.base.state.class_list("class").classes}


def test_a_dropped_field_comes_back_with_its_cells(adopt: Adopt) -> None:
    bench = adopt(OLD)
    bench.add({"op": "drop_field", "name": "score"})
    assert operations(reverted(bench, "m0001")) == ["add_field", "set_values"]
    assert published(bench) == OLD


def test_a_type_comes_back_once_the_cells_do(adopt: Adopt) -> None:
    bench = adopt(OLD)
    bench.side_file("v.csv", "id,score\nb,2.5\n")
    bench.add(
        {"op": "cast_field", "name": "score", "to": "number"},
        {"op": "set_values", "file": "v.csv", "fields": ["score"]},
    )
    found = reverted(bench, "m0001")
    assert operations(found) == ["set_values", "cast_field"]
    assert found.state.schema["score"].type == "integer"
    assert published(bench) == OLD


def test_what_was_touched_since_is_a_conflict(adopt: Adopt) -> None:
    bench = adopt(OLD)
    bench.side_file("m.csv", SIDE["m.csv"])
    bench.side_file("later.csv", "id,old,new\na,car,moped\n")
    bench.add({"op": "relabel", "file": "m.csv"})
    bench.add({"op": "relabel", "file": "later.csv"})
    with pytest.raises(ConflictError, match="1 thing that it did was touched since") as caught:
        reverted(bench, "m0001")
    assert caught.value.where == "class of id=a was bike, is moped"
    found = reverted(bench, "m0001", skip=True)
    assert found.notes == ("left as it is: class of id=a was bike, is moped",)
    now = rows(published(bench))
    assert {key: row["class"] for key, row in now.items()} == {
        "a": "moped",
        "b": "moped",
        "c": "car",
        "d": "bus",
        "e": "car",
    }


def test_later_renames_are_followed(adopt: Adopt) -> None:
    bench = adopt(OLD)
    bench.side_file("m.csv", SIDE["m.csv"])
    bench.add({"op": "relabel", "file": "m.csv"})
    bench.add(
        {"op": "rename_class", "from": "bike", "to": "bicycle"}, {"op": "rename_field", "from": "class", "to": "kind"}
    )
    assert operations(reverted(bench, "m0001")) == ["relabel"]
    now = rows(published(bench))
    assert {key: row["kind"] for key, row in now.items()} == {
        "a": "bicycle",
        "b": "moped",
        "c": "car",
        "d": "bus",
        "e": "car",
    }


def test_a_merge_is_undone_for_the_rows_that_it_merged(adopt: Adopt) -> None:
    """Rows that came later stay; a class that others use now cannot go."""
    bench = adopt(OLD)
    bench.side_file("more.csv", "id,class,split,score\nx,two,train,7\n")
    bench.add({"op": "merge_classes", "from": ["bike", "moped"], "into": "two"})
    bench.add({"op": "add_rows", "file": "more.csv"})
    with pytest.raises(ConflictError) as caught:
        reverted(bench, "m0001")
    assert "class two of class stays" in str(caught.value.where)
    found = reverted(bench, "m0001", skip=True)
    assert operations(found) == ["revive_class", "revive_class", "relabel"]
    now = rows(published(bench))
    assert [now[key]["class"] for key in "abx"] == ["bike", "moped", "two"]


def test_a_field_that_was_set_since_is_not_dropped(adopt: Adopt) -> None:
    bench = adopt(OLD)
    bench.side_file("lang.csv", "id,lang\na,de\n")
    bench.add({"op": "add_field", "name": "lang", "type": "string", "default": "en"})
    bench.add({"op": "set_values", "file": "lang.csv", "fields": ["lang"]})
    with pytest.raises(ConflictError) as caught:
        reverted(bench, "m0001")
    assert caught.value.where == "the field lang was added, and set since"


def test_a_field_that_was_made_anew_comes_back_as_it_was(adopt: Adopt) -> None:
    """The cells of the field that made room are none of the older field's."""
    old = '{"id": "a", "class": "x", "box": "q"}\n{"id": "b", "class": "y", "box": null}\n'
    bench = adopt(old, suffix=".jsonl")
    new = old.replace('"q"', "null") + '{"id": "c", "class": "x", "box": {"x": 1}}\n'
    assert operations(captured(bench, new, suffix=".jsonl")) == ["drop_field", "add_field", "add_rows"]
    reverted(bench, "m0001")
    assert [json.loads(line) for line in published(bench).splitlines()] == [
        json.loads(line) for line in old.splitlines()
    ]


def test_rows_that_were_edited_since_are_not_taken_out(adopt: Adopt) -> None:
    bench = adopt(OLD)
    bench.side_file("more.csv", SIDE["more.csv"])
    bench.side_file("later.csv", "id,old,new\nx,car,bus\n")
    bench.add({"op": "add_rows", "file": "more.csv"})
    bench.add({"op": "relabel", "file": "later.csv"})
    found = reverted(bench, "m0001", skip=True)
    assert found.notes == ("left as it is: the row id=x was added, and edited since",)
    assert sorted(rows(published(bench))) == ["a", "b", "c", "d", "e", "x"]


def test_without_a_key_rows_go_and_come_by_what_they_hold(adopt: Adopt) -> None:
    old = "class,text\nbike,one\nbike,one\ncar,two\nbus,three\n"
    bench = adopt(old, key=())
    bench.side_file("gone.csv", "class,text\nbike,one\n")
    bench.add({"op": "drop_rows", "file": "gone.csv"})
    bench.add({"op": "rename_class", "from": "bus", "to": "coach"})
    assert operations(reverted(bench, "m0001")) == ["add_rows"]
    assert sorted(published(bench).splitlines()) == sorted(old.replace("bus", "coach").splitlines())


def test_what_is_undone_already_is_said(adopt: Adopt) -> None:
    bench = adopt(OLD)
    bench.side_file("m.csv", SIDE["m.csv"])
    bench.add({"op": "relabel", "file": "m.csv"})
    reverted(bench, "m0001")
    with pytest.raises(MigrationError, match="nothing of it is left to undo"):
        reverted(bench, "m0001")
    assert bench.chain.ids[0] == BASE_ID
