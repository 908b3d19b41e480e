from __future__ import annotations

import pytest
from operations_bench import ROWS, STATE, Bench, Example, Make

from dsv.errors import SchemaError
from dsv.model.dataset import Media
from dsv.operations.rename_field import RenameField

EXAMPLES: list[Make] = [
    *(lambda rows, name=name: Example(RenameField(source=name, to='the "x"')) for name in STATE.schema.names),
    lambda rows: Example(RenameField(source="class", to="Class")),
    lambda rows: Example(RenameField(source="class", to="t")),
]


@pytest.mark.parametrize("name", STATE.schema.names)
def test_every_mention_follows(bench: Bench, name: str) -> None:
    operation = RenameField(source=name, to="new")
    assert bench.rows(operation) == [{"new" if key == name else key: row[key] for key in row} for row in ROWS]

    def renamed(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple("new" if item == name else item for item in names)

    after = bench.after(operation)
    assert after.schema.names == renamed(STATE.schema.names)
    assert after.key == renamed(STATE.key)
    assert after.labels == renamed(STATE.labels)
    assert (after.split,) == renamed((STATE.split,))
    assert after.media == Media(field=renamed(("image",))[0], root="images")
    assert tuple(item.field for item in after.classes) == renamed(tuple(item.field for item in STATE.classes))
    assert [field.origin for field in after.schema] == list(STATE.schema.names)


@pytest.mark.parametrize(
    ("source", "to", "message"),
    [
        ("klass", "x", "there is no field 'klass'"),
        ("class", "score", "there is a field 'score' already"),
        ("class", "SCORE", "the name 'SCORE' differs from 'score' only in case"),
        ("class", "_dsv_position", "names that begin with _dsv_ are dsv's own: '_dsv_position'"),
        ("class", "", "a field needs a name"),
    ],
)
def test_refused(bench: Bench, source: str, to: str, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        bench.run(RenameField(source=source, to=to))
    assert caught.value.message == message


def test_words() -> None:
    operation = RenameField(source="class", to="label")
    assert operation.describe(STATE) == "rename field class -> label"
    assert operation.effect(STATE).summary == "breaking"
