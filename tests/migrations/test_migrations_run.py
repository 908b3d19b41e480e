from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsv.documents.yaml import load
from dsv.errors import BrokenPromise, DataMissing, DocumentError, FormatError, MigrationError, SchemaError
from dsv.formats.base import publish as publish_table
from dsv.migrations.run import compare, run_stage
from dsv.migrations.version import open_version
from dsv.model.migration import BASE_ID
from dsv.tables.duckdb import Engine

SIGNS = """id,class,split,score
a,bike,train,0.90
b,car,train,0.80
c,bike,val,0.70
d,bus,test,0.60
e,car,test,0.50
"""
RENAME = {"op": "rename_class", "from": "bike", "to": "bicycle"}


def content(folder: Path) -> dict[str, str]:
    """Every file of a folder by its path, as a hash."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(engine: Engine, folder: Path) -> list[dict[str, Any]]:
    pattern = str(folder / "*.parquet").replace("'", "''")
    found = engine.connection.execute(f"SELECT * FROM read_parquet('{pattern}', union_by_name = true) ORDER BY id")
    names = [item[0] for item in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_a_version_holds_rows_schema_and_digest(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    first = bench.add(RENAME)
    version = bench.run(first.id)
    assert version.path == bench.version_path(first.id)
    assert version.rows == 5
    assert open_version(version.path) == version
    assert [row["class"] for row in rows(bench.engine, version.path / "rows")] == [
        "bicycle",
        "car",
        "bicycle",
        "bus",
        "car",
    ]
    schema = load((version.path / "schema.yaml").read_text(), "schema.yaml")
    assert schema["rows"] == 5 and schema["digest"] == version.digest
    assert [item.name for item in version.path.parent.iterdir()] == [first.id]


def test_two_runs_give_equal_bytes(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split", parts=4)
    bench.add(RENAME, {"op": "drop_rows", "where": "score < 0.75"})
    bench.add({"op": "add_field", "name": "review", "type": "enum", "values": ["todo", "ok"], "default": "todo"})
    bench.up()
    first = content(bench.folder / "data/.versions")
    bench.publish(bench.documents[-1])
    published = content(bench.folder / "data")
    with Engine(threads=4) as other:
        again = replace(bench, engine=other)
        again.up()
        again.publish(bench.documents[-1])
    assert content(bench.folder / "data/.versions") == first
    assert content(bench.folder / "data") == published


def test_quarantined_rows_stay_readable(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    first = bench.add({"op": "drop_rows", "where": "score < ${least}", "protect": ["test"]}, least=0.75)
    version = bench.run(first.id)
    assert version.rows == 4
    (aside,) = rows(bench.engine, version.path / "quarantine")
    assert aside["id"] == "c" and aside["class"] == "bike"
    assert "0.75" in aside["_dsv_reason"]


def test_rows_that_two_operations_set_aside_are_all_kept(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    first = bench.add(
        {"op": "drop_rows", "where": "score < 0.55"},
        {"op": "add_field", "name": "extra", "type": "integer", "default": 7},
        {"op": "drop_rows", "where": "score > 0.85"},
    )
    version = bench.run(first.id)
    aside = rows(bench.engine, version.path / "quarantine")
    assert [(row["id"], row["extra"]) for row in aside] == [("a", 7), ("e", None)]


def test_only_rows_set_aside_by_this_migration_are_in_its_quarantine(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add({"op": "drop_rows", "where": "score < 0.55"})
    bench.add(RENAME)
    first, second = bench.up()
    assert len(rows(bench.engine, first.path / "quarantine")) == 1
    assert not (second.path / "quarantine").exists()


def test_an_error_leaves_the_old_version_and_nothing_else(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    first = bench.add({"op": "rename_class", "from": "${x}", "to": "bicycle"})
    with pytest.raises(SchemaError):
        bench.run(first.id)
    assert list(bench.folder.glob("data/.versions/*/*")) == []
    bench.documents.clear()
    first = bench.add(RENAME)
    bench.run(first.id)
    before = content(bench.folder)
    bench.snapshot.path.write_text(SIGNS.replace("bus", "coach"))
    with pytest.raises(FormatError):
        bench.run(first.id)
    bench.snapshot.path.write_text(SIGNS)
    assert content(bench.folder) == before


def test_what_a_killed_run_left_is_taken_away_by_the_next(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    first = bench.add(RENAME)
    left = bench.version_path(first.id).with_name(f".{first.id}.x1y2z3")
    (left / "new/rows").mkdir(parents=True)
    (left / "new/rows/part-0000.parquet").write_bytes(b"half a file")
    version = bench.run(first.id)
    assert [item.name for item in version.path.parent.iterdir()] == [first.id]


def test_a_crash_while_writing_leaves_the_old_version(adopt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = adopt(SIGNS, split="split")
    first = bench.add(RENAME)
    bench.run(first.id)
    before = content(bench.folder)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dsv.migrations.run.write_schema", crash)
    with pytest.raises(KeyboardInterrupt):
        bench.run(first.id)
    assert content(bench.folder) == before
    assert [item.name for item in bench.version_path(first.id).parent.iterdir()] == [first.id]


def test_a_version_that_is_there_is_replaced(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    first = bench.add(RENAME)
    bench.run(first.id)
    (bench.version_path(first.id) / "rows/stray.parquet").write_bytes(b"")
    bench.run(first.id)
    assert "rows/stray.parquet" not in content(bench.version_path(first.id))


def test_the_wrong_input_is_refused(adopt: Any, tmp_path: Path) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add(RENAME)
    second = bench.add({"op": "rename_class", "from": "car", "to": "auto"})
    with pytest.raises(DataMissing, match="m0001_step is not there"):
        bench.run(second.id)
    with pytest.raises(MigrationError, match="another input"):
        run_stage(
            bench.engine,
            bench.base,
            bench.snapshot,
            second,
            None,
            tmp_path / "v",
            {},
            bench.documents_folder,
        )


def test_a_damaged_version_is_refused(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add(RENAME)
    second = bench.add({"op": "rename_class", "from": "car", "to": "auto"})
    (version, _) = bench.up()
    path = version.path / "schema.yaml"
    path.write_text(path.read_text().replace("type: string", "type: sting", 1))
    with pytest.raises(DocumentError, match="no such type") as caught:
        bench.run(second.id)
    assert "dvc repro" in caught.value.hint


def test_an_operation_that_fails_says_where(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.side_file("fix.csv", "id,old,new\na,bus,car\nb,car,bus\n")
    first = bench.add({"op": "relabel", "file": "fix.csv"})
    with pytest.raises(MigrationError) as raised:
        bench.run(first.id)
    told = f"{raised.value.message} {raised.value.where} {raised.value.hint}"
    assert "a" in told and "bus" in told
    bench.documents.clear()
    second = bench.add({"op": "drop_rows", "where": "scores < 1"})
    with pytest.raises((MigrationError, SchemaError)) as other:
        bench.run(second.id)
    assert "score" in (other.value.hint or "")


def test_an_operation_must_keep_the_key_unique(adopt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = adopt(SIGNS, split="split")
    first = bench.add(RENAME)
    from dsv.operations.rename_class import RenameClass

    honest = RenameClass.forward

    def doubled(self: Any, state: Any, table: Any, inputs: Any) -> Any:
        outcome = honest(self, state, table, inputs)
        relation = f"(SELECT * FROM {outcome.table.relation} UNION ALL SELECT * FROM {outcome.table.relation})"
        return replace(outcome, table=replace(outcome.table, relation=relation))

    monkeypatch.setattr(RenameClass, "forward", doubled)
    for attempt in (bench.plan, lambda: bench.run(first.id)):
        with pytest.raises(MigrationError, match="5 keys repeat") as raised:
            attempt()
        assert raised.value.where == first.path
    assert not bench.version_path(first.id).exists()


def test_a_version_unlike_the_plan_breaks_the_promise(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    first = bench.add(RENAME)
    (step,) = bench.plan().steps
    version = bench.run(first.id)
    compare(step, version)
    for broken in (
        replace(step, digest="0" * 32),
        replace(step, after=replace(step.after, rows=4)),
        replace(step, classes_after=()),
    ):
        with pytest.raises(BrokenPromise, match=first.id):
            compare(broken, version)


def published_rows(bench: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(bench.published.decode())))


def test_adoption_publishes_the_bytes_of_the_base(adopt: Any) -> None:
    for text in (
        SIGNS,
        SIGNS.replace("\n", "\r\n"),
        "\ufeff" + SIGNS,
        SIGNS.rstrip("\n"),
        SIGNS.replace("bike", '"bike"'),
    ):
        bench = adopt(text, split="split")
        profile = bench.publish()
        assert bench.published == bench.snapshot.path.read_bytes()
        assert profile.md5 == hashlib.md5(bench.published).hexdigest()
        assert profile.size_bytes == len(bench.published)


def test_publishing_spells_untouched_cells_as_the_base_does(adopt: Any) -> None:
    odd = SIGNS.replace("bike,train", '"bike","train"').replace("\n", "\r\n")
    bench = adopt(odd, split="split")
    bench.add({"op": "rename_class", "from": "bus", "to": "coach"})
    bench.up()
    profile = bench.publish("m0001_step")
    assert bench.published.decode() == odd.replace("bus", "coach")
    assert profile.digest == open_version(bench.version_path("m0001_step")).digest
    assert dict(profile.labels[0].classes) == {"bike": 2, "car": 2, "coach": 1}
    assert [item.name for item in profile.classes["class"]] == ["bike", "coach", "car"]
    assert (bench.folder / "data/signs.csv.profile.yaml").is_file()


def test_a_file_that_would_not_read_as_the_version_is_not_published(
    adopt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add(RENAME)
    bench.up()
    bench.publish("m0001_step")
    before = content(bench.folder)

    honest = publish_table

    def lossy(publication: Any, stream: Any) -> None:
        held = io.BytesIO()
        honest(publication, held)
        stream.write(held.getvalue().replace(b"0.80", b"0.81"))

    monkeypatch.setattr("dsv.formats.base.publish", lossy)
    with pytest.raises(BrokenPromise, match="would not read as the rows"):
        bench.publish("m0001_step")
    assert content(bench.folder) == before


FORMATS: dict[str, Callable[[], bytes]] = {}


def test_jsonl_keeps_untouched_lines(adopt: Any) -> None:
    text = '{"id": 1, "class": "bike", "box": [1, 2.50]}\n{"class":"car" , "id":2,"box":null}\n'
    bench = adopt(text, suffix=".jsonl")
    bench.publish()
    assert bench.published.decode() == text
    bench.add(RENAME)
    bench.up()
    bench.publish("m0001_step")
    assert bench.published.decode() == text.replace('"bike"', '"bicycle"')


def test_parquet_goes_through_a_chain(adopt: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"id": [3, 1, 2], "class": ["bike", "car", "bike"], "score": [0.5, None, 1.5]})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    bench = adopt(sink.getvalue(), suffix=".parquet")
    bench.publish()
    assert bench.published == sink.getvalue()
    bench.add(RENAME)
    bench.up()
    bench.publish("m0001_step")
    after = pq.read_table(io.BytesIO(bench.published))
    assert after.schema.equals(table.schema)
    assert after.to_pydict() == {**table.to_pydict(), "class": ["bicycle", "car", "bicycle"]}


def test_fields_of_a_file_without_header_are_named_by_their_place(adopt: Any) -> None:
    text = "1,bike,x\n2,car,y\n"
    bench = adopt(text, key=("field_1",), labels=("field_2",), header=False)
    bench.add(RENAME)
    bench.add({"op": "add_field", "name": "field_4", "type": "string", "default": "z"})
    bench.up()
    bench.publish("m0002_step")
    assert bench.published.decode() == "1,bicycle,x,z\n2,car,y,z\n"
    bench.add({"op": "rename_field", "from": "field_2", "to": "class"})
    for attempt in (bench.plan, lambda: bench.run("m0003_step")):
        with pytest.raises(MigrationError, match="its field 2 is 'class'") as raised:
            attempt()
        assert raised.value.where == "migrations/signs/m0003_step.yaml"


def test_rows_without_a_key_keep_their_order(adopt: Any) -> None:
    text = "text,class\nz,bike\na,car\nz,bike\n"
    bench = adopt(text, key=(), parts=2)
    bench.add(RENAME)
    bench.up()
    bench.publish("m0001_step")
    assert bench.published.decode() == text.replace("bike", "bicycle")


def test_new_base_rows_flow_through_the_chain(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add(RENAME)
    bench.add({"op": "add_field", "name": "review", "type": "enum", "values": ["todo", "ok"], "default": "todo"})
    bench.up()
    bench.snapshot.path.write_text(SIGNS + "f,bike,train,0.10\n")
    bench.up()
    bench.publish("m0002_step")
    assert published_rows(bench)[-1] == {
        "id": "f",
        "class": "bicycle",
        "split": "train",
        "score": "0.10",
        "review": "todo",
    }


@pytest.mark.parametrize("name", ["no", "NA", "null", "1e3", "010", "a.b", "'", '"', ";"])
def test_awkward_names_survive(adopt: Any, name: str) -> None:
    quoted = '""""' if name == '"' else name
    text = f"id,class\n1,{quoted}\n2,car\n"
    bench = adopt(text)
    bench.add({"op": "rename_class", "from": "car", "to": "yes"})
    bench.add({"op": "rename_class", "from": name, "to": f"{name} 2"})
    (first, second) = bench.up()
    bench.publish(first.path.name)
    assert bench.published.decode() == text.replace("car", "yes")
    bench.publish(second.path.name)
    assert published_rows(bench)[0]["class"] == f"{name} 2"


def test_the_22_reviewed_labels_of_newsgroups_change_22_lines(adopt: Any) -> None:
    case = Path(__file__).parents[1] / "cases/20news-label-noise"
    given, reviewed = (case / "vA.csv").read_bytes(), (case / "vB.csv").read_bytes()
    before = list(csv.DictReader(io.StringIO(given.decode())))
    after = list(csv.DictReader(io.StringIO(reviewed.decode())))
    pairs = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(pairs) == 22
    bench = adopt(given, labels=("label", "label_name"))
    bench.publish()
    assert bench.published == given
    for field in ("label", "label_name"):
        lines = "".join(f"{old['id']},{old[field]},{new[field]}\n" for old, new in pairs)
        bench.side_file(f"{field}.csv", f"id,old,new\n{lines}")
    migration = bench.add(
        *({"op": "relabel", "file": f"{field}.csv", "field": field} for field in ("label", "label_name"))
    )
    (step,) = bench.plan().steps
    assert step.cells == {"label": 22, "label_name": 22}
    compare(step, bench.run(migration.id))
    bench.publish(migration.id)
    assert bench.published == reviewed
    changed = sum(a != b for a, b in zip(given.splitlines(), bench.published.splitlines(), strict=True))
    assert changed == 22


def test_documents_of_the_base_are_json_free(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    profile = load((bench.publish(), (bench.folder / "data/signs.csv.profile.yaml").read_text())[1], "p")
    assert json.dumps(profile) and profile["rows"] == 5
    assert bench.plan(BASE_ID, BASE_ID).steps == ()
