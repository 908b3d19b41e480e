from __future__ import annotations

import dataclasses

import pytest

from dsv import registry
from dsv.documents.yaml import load
from dsv.errors import DocumentError, UnknownName, UsageError
from dsv.migrations.document import ID, read
from dsv.migrations.writing import new_text, slug, slugify


def write(operation: str | None, **parameters: str) -> str:
    return new_text("m0001_x", "m0000_base", "A title: with # signs", operation, _keys(parameters))


def _keys(parameters: dict[str, str]) -> dict[str, str]:
    return {key.rstrip("_"): value for key, value in parameters.items()}


def operation(text: str) -> object:
    (made,) = read(text, "migrations/signs/m0001_x.yaml", None).operations
    return made


def test_a_written_operation_is_read_back() -> None:
    text = write("rename_class", from_="bike", to="bicycle")
    made = registry.get("operations", "rename_class")(source="bike", to="bicycle")
    assert operation(text) == made
    assert load(text, "x")["title"] == "A title: with # signs"
    assert "op: rename_class@1" in text and "# field:" in text


@pytest.mark.parametrize(
    "name", ["no", "NA", "null", "1e3", "010", "a.b", "~", "true", "it's", "a: b", "[x", "#1", " "]
)
def test_text_stands_as_it_was_given(name: str) -> None:
    made = operation(write("rename_class", from_=name, to="other"))
    assert made == registry.get("operations", "rename_class")(source=name, to="other")


def test_values_have_the_type_of_their_parameter() -> None:
    text = write("add_field", name="n", type="enum", values="[none, ok]", default="none", unlabelled="true")
    expected = registry.get("operations", "add_field")(
        new_field="n", type="enum", values=("none", "ok"), default="none", unlabelled=True
    )
    assert operation(text) == expected
    assert operation(write("add_field", name="n", type="number", default="0.5")).default == 0.5  # type: ignore[attr-defined]
    merged = operation(write("merge_classes", from_="[1, 2]", into="3"))
    assert merged == registry.get("operations", "merge_classes")(sources=("1", "2"), into="3")
    single = operation(write("merge_classes", from_="van", into="car"))
    assert single == registry.get("operations", "merge_classes")(sources=("van",), into="car")


def test_parents_are_given_as_a_flow_mapping() -> None:
    made = operation(write("set_class", parents="{comp: [comp.graphics, a b], 'no': ['1']}"))
    assert made == registry.get("operations", "set_class")(parents={"comp": ("comp.graphics", "a b"), "no": ("1",)})


def test_long_values_are_broken_into_lines() -> None:
    names = [f"class_{number}" for number in range(40)]
    text = write("merge_classes", from_=f"[{', '.join(names)}]", into="car")
    assert operation(text) == registry.get("operations", "merge_classes")(sources=tuple(names), into="car")
    assert max(map(len, text.splitlines())) <= 110


def test_what_is_needed_and_was_not_given_stands_in_a_comment() -> None:
    text = write("rename_class", from_="bike")
    assert "# to:  # needed: text" in text
    with pytest.raises(DocumentError, match="'to' is missing"):
        operation(text)
    finished = text.replace("# to:  # needed: text", "to: bicycle")
    assert operation(finished) == registry.get("operations", "rename_class")(source="bike", to="bicycle")


@pytest.mark.parametrize("name", registry.names("operations"))
def test_every_operation_offers_what_was_not_given(name: str) -> None:
    text = new_text("m0001_x", "m0000_base", "t", name, {})
    offered = {line.strip().removeprefix("# ").partition(":")[0] for line in text.splitlines() if ":  #" in line}
    kind = registry.get("operations", name)
    assert offered == {str(item.metadata.get("key", item.name)) for item in dataclasses.fields(kind)}


def test_a_template_lists_every_operation() -> None:
    text = write(None)
    for name in registry.names("operations"):
        assert f"  {name} " in text
    with pytest.raises(DocumentError, match="needs `op:`"):
        operation(text)


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("rename_class", {"fro": "x"}, "did you mean 'from'"),
        ("merge_classes", {"from_": "[a, 1e3]", "into": "b"}, "quote"),
        ("add_field", {"name": "n", "type": "string", "nullable": "maybe"}, "true or false"),
        ("merge_classes", {"from_": "[a", "into": "b"}, "YAML"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, parameters: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError) as raised:
        write(name, **parameters)
    assert raised.value.exit_code == 2
    assert words in f"{raised.value.message} {raised.value.hint}"


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(UnknownName) as raised:
        write("rename_clas")
    assert raised.value.hint == "did you mean 'rename_class'?"


def test_slugs_make_ids() -> None:
    assert slug("rename_class", {"from": "Bike"}) == "rename_class_bike"
    assert slug("relabel@1", {"file": "review 7.csv"}) == "relabel_review_7"
    assert slug("relabel", {"file": "../by hand/Review.v2.csv"}) == "relabel_review"
    assert slug("drop_rows", {"where": "score < 1"}) == "drop_rows"
    assert slug("drop_rows", {"where": "score < 1", "protect": "test"}) == "drop_rows", "test rows are what stays"
    assert slug(None, {}) == "migration"
    assert slugify("Äpfel & Birnen!") == "pfel_birnen"
    for text in ("日本", "x" * 200, "a" + " b" * 100, "__"):
        assert ID.fullmatch(f"m0001_{slugify(text)}")
