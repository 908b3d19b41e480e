from __future__ import annotations

from collections.abc import Sequence

import pytest
from operations_bench import ROWS, STATE, Bench, Example, Make, Row

from dsv.errors import FormatError, MigrationError, SchemaError
from dsv.model.migration import Effect
from dsv.operations.set_values import SetValues

FILE = "m0002_values.csv"


def scores(rows: Sequence[Row]) -> Example:
    lines = [f"{row['id']},{index / 4},{index}.png" for index, row in enumerate(rows)]
    return Example(SetValues(file=FILE, fields=("score", "image")), {FILE: "\n".join(["id,score,image", *lines, ""])})


EXAMPLES: list[Make] = [
    scores,
    lambda rows: Example(SetValues(file=FILE, fields=("class",), only_null=True), {FILE: "class,id\na.b,1\nNA,4\n"}),
    lambda rows: Example(
        SetValues(file=FILE, fields=("mood", "tags")),
        {FILE: 'id,mood,old_mood,tags\n1,no,calm,"[""a.b""]"\n'},
    ),
]


def test_cells_of_several_fields(bench: Bench) -> None:
    text = 'id,score,note,image,tags\n1,0.25,x,"",[]\n3,,,z.png,"[""a.b"", null]"\n'
    found = bench.rows(SetValues(file=FILE, fields=("score", "image", "tags")), files={FILE: text})
    new = {
        1: {"score": 0.25, "image": "", "tags": []},
        3: {"score": None, "image": "z.png", "tags": ["a.b", None]},
    }
    assert found == [{**row, **new.get(row["id"], {})} for row in ROWS]


def test_only_null_keeps_every_value(bench: Bench) -> None:
    text = "id,class,score\n1,no,9\n4,no,9\n"
    found = bench.rows(SetValues(file=FILE, fields=("class", "score"), only_null=True), files={FILE: text})
    assert found == [{**row, **({"class": "no", "score": 9.0} if row["id"] == 4 else {})} for row in ROWS]


def test_expected_values_are_checked_where_the_file_has_them(bench: Bench) -> None:
    operation = SetValues(file=FILE, fields=("score", "class"))
    good = "id,score,old_score,class\n1,0.75,0.5,no\n4,0.25,,NA\n"
    found = bench.rows(operation, files={FILE: good})
    assert [(row["score"], row["class"]) for row in (found[0], found[3])] == [(0.75, "no"), (0.25, "NA")]
    assert bench.rows(operation, found, files={FILE: good}) == found
    with pytest.raises(MigrationError) as caught:
        bench.run(operation, files={FILE: "id,score,old_score,class\n1,0.75,0.25,no\n"})
    assert caught.value.message == ("1 row without the expected 'score': line 2: id=1: expected 0.25, found 0.5")


@pytest.mark.parametrize(
    ("fields", "text", "message"),
    [
        (("score",), "id,scores\n1,2\n", "the side file has no field 'score'"),
        (
            ("score",),
            "id,score,old_scor\n1,2,3\n",
            "the side file expects 'old_scor' of a field that is not set",
        ),
        (("score",), "id,score\n1,2\n1,3\n", "2 rows with a key that another line has too"),
        (("score",), "id,score\n7,2\n", "1 row not in the dataset"),
        (("class",), "id,class\n1,cra\n", "1 row with a class that 'class' does not have: line 2: id=1 cra"),
        (
            ("tags",),
            'id,tags\n1,"[""red"",""x""]"\n',
            "1 row with a class that 'tags' does not have: line 2: id=1 x",
        ),
    ],
)
def test_bad_files(bench: Bench, fields: tuple[str, ...], text: str, message: str) -> None:
    with pytest.raises(MigrationError) as caught:
        bench.run(SetValues(file=FILE, fields=fields), files={FILE: text})
    assert caught.value.message.startswith(message)


def test_a_value_of_the_wrong_type_names_its_line(bench: Bench) -> None:
    with pytest.raises(FormatError) as caught:
        bench.run(SetValues(file=FILE, fields=("score",)), files={FILE: "id,score\n1,0.5\n2,much\n"})
    assert caught.value.where == f"{FILE}:3"


@pytest.mark.parametrize("fields", [(), ("score", "score"), ("id",), ("scor",)])
def test_refused_fields(bench: Bench, fields: tuple[str, ...]) -> None:
    with pytest.raises(SchemaError):
        bench.after(SetValues(file=FILE, fields=fields))


def test_words(bench: Bench) -> None:
    operation = SetValues(file=FILE, fields=("score", "image"), only_null=True)
    assert operation.describe(STATE) == f"set score, image of rows from {FILE}, where missing"
    assert operation.effect(STATE) == Effect(values="filled")
    assert SetValues(file=FILE, fields=("split",)).effect(STATE) == Effect(values="corrected", evaluation="moved")
