"""The contract dsv.labels-map/1: its schema, and a map that fits it."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

import dsv.renderers
from dsv.migrations.labels import field_map
from dsv.model.labelmap import DatasetMap, LabelMap
from dsv.model.profile import ClassIdentity
from dsv.model.revision import Revision
from dsv.renderers._label_map import render
from dsv.renderers.text import stream
from dsv.views.labels import build

SCHEMA = json.loads((Path(dsv.renderers.__file__).parent / "schemas" / "dsv.labels-map.1.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
OLD = (
    ClassIdentity(key="bike", id=1, index=0, name="bike"),
    ClassIdentity(key="car", id=2, index=1, name="car\x1b[2J"),
)
NEW = (
    ClassIdentity(key="bike", id=1, index=0, name="bike", parent="two"),
    ClassIdentity(key="car", id=2, index=None, name="car", retired=True),
    ClassIdentity(key="moped", id=3, index=2, name="moped", parent="two", split_from="bike"),
    ClassIdentity(key="two", id=4, index=None, name="two", group=True),
)


@pytest.fixture
def result() -> LabelMap:
    fields = {"class": field_map(OLD, NEW, {"bike": 3, "moped": 1}, matched="identity")}
    return LabelMap(
        old=Revision(name="v1", commit="a" * 40),
        new=Revision(name="workspace"),
        datasets=(DatasetMap(dataset="signs", path="data/signs.csv", fields=fields),),
    )


def test_a_map_fits_the_schema_and_says_what_became_of_each_class(result: LabelMap) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    text = render(result)
    document = json.loads(text)
    VALIDATOR.validate(document)
    assert "\x1b" not in text
    found = document["datasets"][0]["labels"]["class"]
    assert found["old_to_new"] == [0, None] and (found["old_outputs"], found["new_outputs"]) == (2, 3)
    assert [item["share"] for item in found["old"][0]["heirs"]] == [0.75, 0.25]
    assert found["new"][1]["begin"] == {"method": "copy", "from": [0], "merged": []}
    assert found["roll_up"] == [{"key": "two", "name": "two", "old": [0], "new": [0, 2]}]


@pytest.mark.parametrize("name", ["old_to_new", "old", "new", "roll_up", "matched"])
def test_the_schema_wants_every_part(result: LabelMap, name: str) -> None:
    document = json.loads(render(result))
    del document["datasets"][0]["labels"]["class"][name]
    with pytest.raises(ValidationError):
        VALIDATOR.validate(document)


def test_the_page_is_clean_and_tells_removal_and_copy(result: LabelMap) -> None:
    text = "".join(stream(build(result)))
    assert "\x1b" not in text
    assert "removed: drop this output" in text and "copy of 0 (bike)" in text and "bike 75.0 %, moped 25.0 %" in text
