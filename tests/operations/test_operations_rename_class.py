from __future__ import annotations

import pytest
from operations_bench import AWKWARD, ROWS, STATE, Bench, Example, Make

from dsv.errors import SchemaError
from dsv.model.migration import Effect
from dsv.operations.rename_class import RenameClass

EXAMPLES: list[Make] = [
    *(lambda rows, name=name: Example(RenameClass(source=name, to="it's")) for name in AWKWARD),
    *(lambda rows, name=name: Example(RenameClass(source="bus", to=f"{name} 2")) for name in AWKWARD),
    lambda rows: Example(RenameClass(source="red", to="rot", field="tags")),
    lambda rows: Example(RenameClass(source="2", to="-7", field="level")),
    lambda rows: Example(RenameClass(source="no", to="glad", field="mood")),
]


@pytest.mark.parametrize("name", ["car", *AWKWARD])
def test_only_the_name_changes(bench: Bench, name: str) -> None:
    operation = RenameClass(source=name, to="yes")
    expected = [{**row, "class": "yes" if row["class"] == name else row["class"]} for row in ROWS]
    assert bench.rows(operation) == expected
    before, after = STATE.class_list("class"), bench.after(operation).class_list("class")
    changed = [(old, new) for old, new in zip(before.classes, after.classes, strict=True) if old != new]
    ((old, new),) = changed
    assert (new.name, new.key, new.id, new.index) == ("yes", name, old.id, old.index)
    assert after.next_id == before.next_id


def test_lists_keep_their_order(bench: Bench) -> None:
    found = bench.rows(RenameClass(source="red", to="rot", field="tags"))
    assert [row["tags"] for row in found[:5]] == [["rot"], ["blue", "rot"], [], None, ["a.b", None]]


def test_numbers_are_named_by_their_text(bench: Bench) -> None:
    found = bench.rows(RenameClass(source="1", to="12", field="level"))
    assert [row["level"] for row in found[:4]] == [0, 12, 2, None]


def test_the_values_of_an_enum_follow(bench: Bench) -> None:
    after = bench.after(RenameClass(source="calm", to="still", field="mood"))
    assert after.schema["mood"].values == ("unseen", "still", "no")


def test_a_renamed_class_is_found_by_its_key_where_no_class_has_that_name(bench: Bench) -> None:
    once = bench.after(RenameClass(source="car", to="auto"))
    twice = RenameClass(source="car", to="wagen").forward_schema(once, bench.inputs())
    assert twice.class_list("class").classes[0].name == "wagen"


@pytest.mark.parametrize(
    ("source", "to", "field", "message", "hint"),
    [
        ("cra", "x", None, "field 'class' has no class 'cra'", "did you mean 'car'?"),
        ("car", "bus", None, "field 'class' has a class 'bus' already", None),
        ("car", "?", None, "'?' stands for not labelled in 'class'", None),
        ("car", "", None, "a class needs a name", None),
        ("?", "x", None, "field 'class' has no class '?'", "known: "),
        ("1", "one", "level", "'one' is no integer, as the cells of 'level' are", None),
        ("1", "01", "level", "'01' is no integer, as the cells of 'level' are", None),
        ("car", "x", "klass", "there is no field 'klass'", "did you mean 'class'?"),
        ("car", "x", "score", "field 'score' has no classes", "known: class"),
        ("unseen", "x", "mood", "field 'mood' has no class 'unseen'", "known: "),
    ],
)
def test_refused(bench: Bench, source: str, to: str, field: str, message: str, hint: str) -> None:
    with pytest.raises(SchemaError) as caught:
        bench.run(RenameClass(source=source, to=to, field=field))
    assert caught.value.message == message
    assert hint is None or caught.value.hint.startswith(hint)


def test_words() -> None:
    operation = RenameClass(source="bike", to="bicycle")
    assert operation.describe(STATE) == "rename class bike -> bicycle"
    assert operation.effect(STATE) == Effect(schema="rename")
