"""A field of another type: what is counted, and how it is published in each kind of format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dsv.model.migration import BASE_ID

CSV = 'id,n,score,on,day,class\na,7,"0.50",True,2020-01-01,car\nb,,1e3,False,,bus\nc,-12,2,True,2020-02-29,car\n'
ROWS = [
    {"id": "a", "n": 7, "score": 0.5, "class": "car", "tags": ["x"]},
    {"id": "b", "n": None, "score": 2.0, "class": "bus", "tags": []},
    {"id": "c", "n": -12, "score": 3.0, "class": "car", "tags": None},
]


def cast(name: str, to: str, **options: Any) -> dict[str, Any]:
    return {"op": "cast_field", "name": name, "to": to, **options}


def published(bench: Any) -> bytes:
    bench.up()
    bench.publish(bench.documents[-1])
    found: bytes = bench.published
    return found


@pytest.mark.parametrize(
    ("operation", "line"),
    [
        (cast("n", "number"), None),
        (cast("n", "string"), None),
        (cast("on", "string"), ('a,7,"0.50",true,', "b,,1e3,false,", "c,-12,2,true,")),
        (cast("on", "integer"), ('a,7,"0.50",1,', "b,,1e3,0,", "c,-12,2,1,")),
        (cast("score", "string"), ('a,7,"0.5",True,', "b,,1000.0,False,", "c,-12,2.0,True,")),
        (cast("day", "string"), None),
        (cast("day", "datetime"), None),
        (cast("class", "enum"), None),
        (cast("class", "list<string>"), ('"[""car""]"', '"[""bus""]"', '"[""car""]"')),
    ],
)
def test_text_keeps_its_spelling_where_it_reads_as_the_new_value(
    adopt: Any, operation: dict[str, Any], line: tuple[str, ...] | None
) -> None:
    bench = adopt(CSV)
    bench.add(operation)
    plan = bench.plan()
    assert not plan.steps[0].cells and plan.steps[0].after.rows == 3
    found = published(bench).decode()
    if line is None:
        assert found == CSV
    else:
        assert all(part in text for part, text in zip(line, found.splitlines()[1:], strict=True)), found


def test_values_that_are_lost_are_counted_and_written(adopt: Any) -> None:
    bench = adopt("id,n,class\na,7,car\nb,007,bus\nc,x,car\n")
    bench.add(cast("n", "integer", on_error="null"))
    step = bench.plan().steps[0]
    assert step.cells == {"n": 2}
    assert published(bench) == b"id,n,class\na,7,car\nb,,bus\nc,,car\n"


def test_rows_set_aside_are_gone_from_the_file(adopt: Any) -> None:
    bench = adopt("id,n,class\na,7,car\nb,007,bus\n")
    bench.add(cast("n", "integer", on_error="quarantine"))
    step = bench.plan().steps[0]
    assert (step.rows_removed, step.quarantined) == (1, 1)
    assert published(bench) == b"id,n,class\na,7,car\n"


def test_json_is_written_anew_where_its_type_is_another(adopt: Any) -> None:
    lines = [json.dumps(row) for row in ROWS]
    bench = adopt("\n".join(lines) + "\n", suffix=".jsonl")
    bench.add(cast("n", "number"))
    assert published(bench).decode().splitlines() == lines
    bench.add(cast("n", "string", on_error="null"), cast("score", "integer", on_error="null"))
    step = bench.plan(bench.documents[0]).steps[0]
    assert step.cells == {"score": 1}
    found = [json.loads(line) for line in published(bench).decode().splitlines()]
    new = {7: "7.0", None: None, -12: "-12.0"}
    assert found == [
        {**row, "n": new[row["n"]], "score": None if row["score"] == 0.5 else int(row["score"])} for row in ROWS
    ]
    assert all(type(row["score"]) in (int, type(None)) for row in found)
    bench.add(cast("tags", "list<integer>", on_error="null"))
    assert [json.loads(line)["tags"] for line in published(bench).decode().splitlines()] == [None, [], None]


def test_parquet_has_the_new_type(adopt: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    types = {"id": pa.string(), "n": pa.int32(), "score": pa.float32(), "class": pa.large_string()}
    table = pa.table({name: pa.array([row[name] for row in ROWS], kind) for name, kind in types.items()})
    pq.write_table(table, path)
    bench = adopt(path.read_bytes(), suffix=".parquet")
    bench.add(cast("n", "number"), cast("score", "string"))
    bench.add(cast("class", "enum"))
    published(bench)
    found = pq.read_table(bench.folder / bench.base.publishes)
    assert found.schema.types == [pa.string(), pa.float64(), pa.string(), pa.large_string()]
    assert found.column("n").to_pylist() == [7.0, None, -12.0]
    assert found.column("score").to_pylist() == ["0.5", "2.0", "3.0"]
    bench.add(cast("n", "integer"))
    published(bench)
    assert pq.read_schema(bench.folder / bench.base.publishes).field("n").type == pa.int32()


def test_a_cast_there_and_back_publishes_the_base(adopt: Any) -> None:
    bench = adopt(CSV)
    for there, back in (("n", "integer"), ("score", "number"), ("on", "boolean"), ("day", "date"), ("class", "string")):
        bench.add(cast(there, "list<string>" if there == "class" else "string"))
        bench.add(cast(there, back))
    assert published(bench).decode() == CSV
    assert bench.plan(BASE_ID).steps[-1].after.rows == 3
