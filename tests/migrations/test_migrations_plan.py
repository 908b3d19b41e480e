"""A plan is true: what it foretells is what running gives, and what an independent model expects."""

from __future__ import annotations

import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv import registry
from dsv.errors import DataMissing, FormatError, MigrationError
from dsv.formats._limits import check_addable
from dsv.migrations import ranges
from dsv.migrations.run import compare
from dsv.migrations.version import open_version
from dsv.model.migration import BASE_ID, Effect, PlanStep
from dsv.tables.duckdb import Engine

SIGNS = """id,class,split,score
a,bike,train,0.90
b,car,train,0.80
c,bike,val,0.70
d,bus,test,0.60
e,car,test,0.50
"""


def rules(step: PlanStep) -> dict[str, int]:
    return {item.rule: item.count for item in step.findings}


def only_step(bench: Any) -> PlanStep:
    (step,) = bench.plan().steps
    return step


def test_a_rename_is_foretold(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    step = only_step(bench)
    assert step.lines == (("~", "rename class bike -> bicycle"),)
    assert step.cells == {"class": 2}
    assert (step.rows_added, step.rows_removed, step.quarantined) == (0, 0, 0)
    assert step.before.by_split_class["class"]["train"] == {"bike": 1, "car": 1}
    assert step.after.by_split_class["class"]["train"] == {"bicycle": 1, "car": 1}
    assert step.after.by_class == {"class": {"bicycle": 2, "bus": 1, "car": 2}}
    assert step.before.by_split == step.after.by_split == {"test": 2, "train": 2, "val": 1}
    assert step.findings == ()
    names = [(item.key, item.id, item.name) for item in step.classes_after[0].classes]
    assert names == [("bike", 1, "bicycle"), ("bus", 2, "bus"), ("car", 3, "car")]


def test_rows_that_could_not_be_published_are_refused_at_once(adopt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = adopt(SIGNS, split="split")
    bench.side_file("new.csv", "id,class,split,score\nf,bus,train,0.1\n")
    bench.add({"op": "add_rows", "file": "new.csv"})
    assert (only_step(bench).rows_added, only_step(bench).after.rows) == (1, 6)
    monkeypatch.setattr(type(registry.get("formats", "csv")), "enclosed", "lines here", raising=False)
    with pytest.raises(FormatError, match="1 row would be added, and a migration cannot add lines here"):
        bench.plan()


@pytest.mark.parametrize("name", ["coco", "conll", "conllu"])
def test_formats_whose_rows_are_parts_of_something_larger(name: str) -> None:
    check_addable(name, 0, where="m")
    with pytest.raises(FormatError, match="2 rows would be added, and a migration cannot add (tokens|annotations)"):
        check_addable(name, 2, where="m")


CONLLU = "# sent_id = s1\n1\ta\ta\tNOUN\t_\t_\t0\troot\t_\t_\n2\tb\tb\tVERB\t_\t_\t1\tdep\t_\t_\n\n"


@pytest.mark.parametrize(
    ("operation", "what"),
    [
        ({"op": "cast_field", "name": "head", "to": "string"}, "'head' would be string"),
        ({"op": "add_field", "name": "sense", "type": "string"}, "'sense' would be new"),
        ({"op": "drop_field", "name": "lemma"}, "'lemma' would go"),
        ({"op": "rename_field", "from": "lemma", "to": "stem"}, "'lemma' would be 'stem'"),
    ],
)
def test_fields_that_could_not_be_published_are_refused_at_once(adopt: Any, operation: Any, what: str) -> None:
    bench = adopt(CONLLU, key=(), labels=("upos",), suffix=".conllu")
    bench.add({"op": "cast_field", "name": "upos", "to": "enum"}, {"op": "rename_class", "from": "VERB", "to": "AUX"})
    assert bench.plan().steps[0].cells == {"upos": 1}
    bench.add(operation)
    with pytest.raises(FormatError, match=f"field {what}, and the fields of CoNLL-U are the format's own"):
        bench.plan()


def test_a_class_under_another_name_does_not_touch_the_evaluation(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add({"op": "rename_class", "from": "bus", "to": "coach"})
    assert only_step(bench).findings == ()


def test_a_class_in_lists_under_another_name_does_not_touch_it_either(adopt: Any) -> None:
    rows = [(["bike", "car"], "test"), ([], "test"), (None, "test"), (["bike"], "train")]
    lines = [{"id": number, "class": names, "split": split} for number, (names, split) in enumerate(rows)]
    bench = adopt("".join(json.dumps(line) + "\n" for line in lines), split="split", suffix=".jsonl")
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    bench.add({"op": "merge_classes", "from": ["bicycle"], "into": "car"})
    renamed, merged = bench.plan().steps
    assert renamed.cells == {"class": 2} and rules(renamed) == {}
    assert rules(merged) == {"evaluation-touched": 1}


def test_rows_without_a_label_are_not_touched_by_a_rename(adopt: Any) -> None:
    bench = adopt("id,class,split\n1,,test\n2,bike,test\n", split="split")
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    assert rules(only_step(bench)) == {}


def test_relabelled_test_rows_are_told(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.side_file("fix.csv", "id,old,new,reviewer\nd,bus,car,ana\na,bike,car,bo\n")
    bench.add({"op": "relabel", "file": "fix.csv"})
    step = only_step(bench)
    assert rules(step) == {"evaluation-touched": 1}
    assert step.effect.evaluation == "same"
    assert step.findings[0].dataset == "signs"


def test_swapped_names_touch_the_evaluation(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.side_file("fix.csv", "id,old,new,reviewer\nd,coach,car,ana\n")
    bench.add({"op": "rename_class", "from": "bus", "to": "coach"}, {"op": "relabel", "file": "fix.csv"})
    assert rules(only_step(bench)) == {"evaluation-touched": 1}


def test_rows_that_change_their_split_move_the_evaluation(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.side_file("moves.csv", "id,split,reviewer\nd,train,ana\na,val,ana\n")
    bench.add({"op": "set_values", "file": "moves.csv", "fields": ["split"]})
    step = only_step(bench)
    assert step.effect.evaluation == "moved"
    assert rules(step) == {"evaluation-touched": 1, "split-leak": 1}
    assert step.after.by_split == {"test": 1, "train": 2, "val": 2}


def test_deleted_rows_and_cells_are_told(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add({"op": "drop_rows", "where": "score < 0.75", "mode": "delete", "protect": ["test"]})
    step = only_step(bench)
    assert (step.rows_removed, step.quarantined) == (1, 0)
    assert rules(step) == {"destructive": 1, "drop-rows-protected": 2}
    bench.add({"op": "drop_field", "name": "score"})
    last = bench.plan().steps[-1]
    assert rules(last) == {"destructive": 1} and "score" in last.findings[0].message
    assert last.effect.schema == "drop"
    assert last.cells == {}


def test_rows_set_aside_are_not_destroyed(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add({"op": "drop_rows", "where": "score < ${least}"}, least=0.75)
    step = only_step(bench)
    assert (step.rows_removed, step.quarantined) == (3, 3)
    assert rules(step) == {"evaluation-touched": 2}
    assert "0.75" in step.lines[0][1]


def test_a_new_class_is_unknown_where_nobody_looked(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add(
        {"op": "add_class", "key": "scooter", "coverage": "none"},
        {"op": "add_class", "key": "tram"},
        {"op": "add_class", "key": "two_wheeler", "group": True},
    )
    step = only_step(bench)
    (finding,) = step.findings
    assert finding.rule == "coverage-unknown" and "scooter" in finding.message and finding.level == "info"
    assert step.effect.class_head == "grow"


def test_a_new_field_is_no_change_of_cells(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add(
        {"op": "add_field", "name": "review", "type": "enum", "values": ["todo", "ok"], "default": "todo"},
        {"op": "rename_field", "from": "review", "to": "checked"},
        {"op": "rename_field", "from": "class", "to": "kind"},
    )
    step = only_step(bench)
    assert step.cells == {}
    assert step.before.by_class["class"] == step.after.by_class["kind"]
    assert step.effect.schema == "rename"


def test_a_renamed_key_still_pairs_rows(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add(
        {"op": "rename_field", "from": "id", "to": "image"}, {"op": "rename_class", "from": "bike", "to": "bicycle"}
    )
    step = only_step(bench)
    assert (step.cells, step.rows_added, step.rows_removed) == ({"class": 2}, 0, 0)


def test_two_fields_that_swap_their_names_did_not_change(adopt: Any) -> None:
    bench = adopt("id,class,x,y\n1,a,1,2\n")
    bench.add(
        {"op": "rename_field", "from": "x", "to": "z"},
        {"op": "rename_field", "from": "y", "to": "x"},
        {"op": "rename_field", "from": "z", "to": "y"},
    )
    assert only_step(bench).cells == {}


def test_rows_without_a_key_pair_by_position(adopt: Any) -> None:
    bench = adopt("text,class\nz,bike\na,car\nz,bike\n", key=())
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    bench.add({"op": "drop_rows", "where": "class = 'car'"})
    first, second = bench.plan().steps
    assert (first.cells, first.rows_removed) == ({"class": 2}, 0)
    assert (second.cells, second.rows_removed, second.quarantined) == ({}, 1, 1)
    for step, version in zip((first, second), bench.up(), strict=True):
        compare(step, version)
    bench.publish("m0002_step")
    assert bench.published == b"text,class\nz,bicycle\nz,bicycle\n"


def test_a_plan_starts_from_the_nearest_version(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    bench.add({"op": "drop_rows", "where": "score < 0.75"})
    bench.add({"op": "rename_class", "from": "car", "to": "auto"})
    whole = bench.plan()
    assert [step.migration.id for step in whole.steps] == bench.documents
    bench.up()
    for head in (BASE_ID, *bench.documents):
        from_base, from_version = bench.plan(head), bench.plan(head, cached=True)
        assert from_base == from_version
        assert from_base.steps == whole.steps[len(bench.chain.up_to(head)) :]
    bench.snapshot.path.unlink()
    assert bench.plan("m0002", cached=True).steps == whole.steps[2:]


def test_a_plan_stops_at_its_target(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    bench.add({"op": "rename_class", "from": "no such", "to": "x"})
    found = bench.plan(target="m0001")
    assert (found.head, found.target, len(found.steps)) == (BASE_ID, "m0001_step", 1)
    assert bench.plan("m0001", "m0001").steps == ()
    assert bench.plan("m0001", BASE_ID).steps == ()
    with pytest.raises(MigrationError, match="no migration 'm0003"):
        bench.plan(target="m0003")


def test_planning_writes_nothing(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add({"op": "drop_rows", "where": "score < 0.75"})
    before = {path: path.stat().st_mtime_ns for path in bench.folder.rglob("*")}
    bench.plan()
    assert {path: path.stat().st_mtime_ns for path in bench.folder.rglob("*")} == before


def test_a_plan_gives_its_tables_back(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    for number in range(6):
        bench.add({"op": "rename_class", "from": "bike" if number == 0 else f"bike{number}", "to": f"bike{number + 1}"})
    bench.plan()
    tables = "SELECT count(*) FROM duckdb_tables() WHERE starts_with(table_name, 'step')"
    assert bench.engine.value(tables) == 1


def test_a_version_that_lost_its_rows_is_refused(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add({"op": "rename_class", "from": "bike", "to": "bicycle"})
    bench.add({"op": "rename_class", "from": "car", "to": "auto"})
    (version, _) = bench.up()
    for path in (version.path / "rows").iterdir():
        path.unlink()
    with pytest.raises(DataMissing):
        bench.plan("m0001", cached=True)


# --- Random chains, against a model of rows as plain dictionaries -------------------------------

CLASSES = ["a", "b", "c", "d"]
SPLITS = ["train", "val", "test"]


def _csv(rows: list[dict[str, Any]]) -> bytes:
    lines = [",".join(rows[0]), *(",".join("" if v is None else str(v) for v in row.values()) for row in rows)]
    return "".join(f"{line}\n" for line in lines).encode()


def _jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"id": pa.int64(), "class": pa.string(), "split": pa.string(), "size": pa.int64()}
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(list(kinds.items()))), sink)
    return sink.getvalue()


WRITERS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
    ".csv.gz": lambda rows: _gzip(_csv(rows)),
}


def _gzip(content: bytes) -> bytes:
    import gzip

    return gzip.compress(content, mtime=0)


@dataclass
class Model:
    """What a dataset should be: rows, the classes in use, and names that are taken."""

    rows: list[dict[str, Any]]
    classes: list[str]
    label: str = "class"
    size: str = "size"
    extra: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    quarantined: int = 0
    names: int = 0

    def fresh(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def counts(self) -> dict[str, int]:
        return dict(Counter(row[self.label] for row in self.rows if row[self.label] is not None))


def rename_class(model: Model, draw: Any, _: Any) -> dict[str, Any]:
    old, new = draw(st.sampled_from(model.classes)), model.fresh("n")
    for row in model.rows:
        row[model.label] = new if row[model.label] == old else row[model.label]
    model.classes[model.classes.index(old)] = new
    return {"op": "rename_class", "from": old, "to": new}


def merge_classes(model: Model, draw: Any, _: Any) -> dict[str, Any] | None:
    if len(model.classes) < 3:
        return None
    chosen = draw(st.lists(st.sampled_from(model.classes), min_size=2, max_size=3, unique=True))
    sources, into = chosen[:-1], chosen[-1]
    for row in model.rows:
        row[model.label] = into if row[model.label] in sources else row[model.label]
    model.classes = [name for name in model.classes if name not in sources]
    return {"op": "merge_classes", "from": sources, "into": into}


def add_class(model: Model, draw: Any, _: Any) -> dict[str, Any]:
    name = model.fresh("k")
    model.classes.append(name)
    return {"op": "add_class", "key": name}


def remove_class(model: Model, draw: Any, _: Any) -> dict[str, Any] | None:
    if len(model.classes) < 3:
        return None
    gone, target = draw(st.lists(st.sampled_from(model.classes), min_size=2, max_size=2, unique=True))
    model.classes.remove(gone)
    how = draw(st.sampled_from(["drop", "relabel_to", "unlabelled"]))
    if how == "drop":
        model.rows = [row for row in model.rows if row[model.label] != gone]
        return {"op": "remove_class", "key": gone, "rows": "drop"}
    to = target if how == "relabel_to" else None
    for row in model.rows:
        row[model.label] = to if row[model.label] == gone else row[model.label]
    given = {"relabel_to": target} if how == "relabel_to" else {}
    return {"op": "remove_class", "key": gone, "rows": how, **given}


def relabel(model: Model, draw: Any, side: Any) -> dict[str, Any] | None:
    known = [row for row in model.rows if row[model.label] is not None]
    if not known:
        return None
    chosen = draw(st.lists(st.sampled_from(range(len(known))), min_size=1, max_size=4, unique=True))
    lines = ["id,old,new"]
    for place in chosen:
        new = draw(st.sampled_from(model.classes))
        lines.append(f"{known[place]['id']},{known[place][model.label]},{new}")
        known[place][model.label] = new
    return {"op": "relabel", "file": side("\n".join(lines) + "\n")}


def set_values(model: Model, draw: Any, side: Any) -> dict[str, Any] | None:
    if not model.rows:
        return None
    chosen = draw(st.lists(st.sampled_from(range(len(model.rows))), min_size=1, max_size=4, unique=True))
    lines = [f"id,{model.size}"]
    for place in chosen:
        value = draw(st.integers(-5, 9))
        lines.append(f"{model.rows[place]['id']},{value}")
        model.rows[place][model.size] = value
    return {"op": "set_values", "file": side("\n".join(lines) + "\n"), "fields": [model.size]}


def drop_rows(model: Model, draw: Any, _: Any) -> dict[str, Any]:
    least, mode = draw(st.integers(0, 5)), draw(st.sampled_from(["quarantine", "delete"]))
    # A protected split without any row is refused, as a slip of the pen.
    protect = ["test"] if any(row["split"] == "test" for row in model.rows) else []
    gone = [
        row for row in model.rows if row[model.size] is not None and row[model.size] < least and row["split"] != "test"
    ]
    model.rows = [row for row in model.rows if row not in gone]
    model.quarantined += len(gone) if mode == "quarantine" else 0
    return {"op": "drop_rows", "where": f'"{model.size}" < {least}', "mode": mode, "protect": protect}


def add_field(model: Model, draw: Any, _: Any) -> dict[str, Any]:
    name = model.fresh("f")
    default = draw(st.sampled_from(["todo", "ok"]))
    for row in model.rows:
        row[name] = default
    model.extra.append(name)
    return {"op": "add_field", "name": name, "type": "enum", "values": ["todo", "ok"], "default": default}


def rename_field(model: Model, draw: Any, _: Any) -> dict[str, Any]:
    old = draw(st.sampled_from([model.label, model.size, *model.extra]))
    new = model.fresh("f")
    model.rows = [{new if name == old else name: value for name, value in row.items()} for row in model.rows]
    model.label, model.size = (new if name == old else name for name in (model.label, model.size))
    model.extra = [new if name == old else name for name in model.extra]
    return {"op": "rename_field", "from": old, "to": new}


def drop_field(model: Model, draw: Any, _: Any) -> dict[str, Any] | None:
    if not model.extra:
        return None
    name = draw(st.sampled_from(model.extra))
    model.extra.remove(name)
    for row in model.rows:
        del row[name]
    return {"op": "drop_field", "name": name}


OPERATIONS = [
    rename_class,
    merge_classes,
    add_class,
    remove_class,
    relabel,
    set_values,
    drop_rows,
    add_field,
    rename_field,
    drop_field,
]

# A field without any value would be a text field, whatever the values of later rows.
FIXED = [{"class": "a", "split": "train", "size": 1}, {"class": "b", "split": "test", "size": 2}]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "class": st.sampled_from([*CLASSES, None]),
            "split": st.sampled_from(SPLITS),
            "size": st.one_of(st.none(), st.integers(0, 9)),
        }
    ),
    min_size=1,
    max_size=12,
)


def published_rows(engine: Engine, bench: Any) -> list[dict[str, Any]]:
    """The published rows, read by DuckDB and not by dsv."""
    path = str(bench.folder / bench.base.publishes)
    if ".csv" in path:
        found = engine.connection.execute(f"SELECT * FROM read_csv('{path}', all_varchar = true, header = true)")
    elif path.endswith(".jsonl"):
        found = engine.connection.execute(f"SELECT * FROM read_json('{path}', format = 'newline_delimited')")
    else:
        found = engine.connection.execute(f"SELECT * FROM '{path}'")
    names = [item[0] for item in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def spelled(rows: list[dict[str, Any]]) -> list[dict[str, str | None]]:
    return [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]


def check_step(step: PlanStep, before: Model, after: Model) -> None:
    assert step.before.rows == len(before.rows) and step.after.rows == len(after.rows)
    assert step.before.by_class[before.label] == before.counts()
    assert step.after.by_class[after.label] == after.counts()
    assert step.after.by_split == dict(Counter(row["split"] for row in after.rows))
    assert step.rows_added == 0 and step.rows_removed == len(before.rows) - len(after.rows)
    assert step.quarantined == after.quarantined - before.quarantined
    old = {row["id"]: row for row in before.rows}
    for then, now in ((before.label, after.label), (before.size, after.size)):
        changed = sum(old[row["id"]][then] != row[now] for row in after.rows)
        assert step.cells.get(now, 0) == changed
    names = ((before.label, after.label), (before.size, after.size))
    assert step.rows_changed == sum(any(old[row["id"]][a] != row[b] for a, b in names) for row in after.rows)
    (classes, *_) = [item for item in step.classes_after if item.field == after.label]
    assert {item.name for item in classes.classes if not item.retired} == set(after.classes)
    ids = [item.id for item in classes.classes]
    assert len(set(ids)) == len(ids) and max(ids) < classes.next_id


@settings(
    max_examples=15,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data(), rows=ROWS, suffix=st.sampled_from(sorted(WRITERS)), parts=st.sampled_from([1, 4]))
def test_a_plan_is_true(
    bench_maker: Any, data: st.DataObject, rows: list[dict[str, Any]], suffix: str, parts: int
) -> None:
    base = [
        {"id": number * 7 % 31, **{name: row[name] for name in ("class", "split", "size")}}
        for number, row in enumerate([*FIXED, *rows])
    ]
    with tempfile.TemporaryDirectory() as folder, Engine(threads=1) as engine:
        bench = bench_maker(Path(folder), engine)(WRITERS[suffix](base), split="split", suffix=suffix, parts=parts)
        models = [Model(rows=deepcopy(base), classes=sorted({row["class"] for row in base if row["class"]}))]
        for _ in range(data.draw(st.integers(1, 3))):
            model = deepcopy(models[-1])
            operations = _operations(model, data, bench)
            if operations:
                models.append(model)
                bench.add(*operations)
        # Rows are compared few positions at a time, or all at once.
        with mock.patch.object(ranges, "AT_ONCE", data.draw(st.sampled_from([2, ranges.AT_ONCE]))):
            found = bench.plan()
        for step, before, after, version in zip(found.steps, models[:-1], models[1:], bench.up(), strict=True):
            check_step(step, before, after)
            compare(step, version)
            assert open_version(version.path) == version
            assert bench.publish(version.path.name).digest == step.digest
            assert spelled(published_rows(engine, bench)) == spelled(after.rows)


def _operations(model: Model, data: st.DataObject, bench: Any) -> list[Mapping[str, Any]]:
    made: list[Mapping[str, Any]] = []
    for _ in range(data.draw(st.integers(1, 3))):
        make = data.draw(st.sampled_from(OPERATIONS if model.classes else [add_class, add_field, set_values]))

        def side(text: str) -> str:
            name = f"side{len(list(bench.folder.rglob('side*')))}.csv"
            bench.side_file(name, text)
            return name

        operation = make(model, data.draw, side)
        if operation is not None:
            made.append(operation)
    return made


def test_effects_add_up(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.add(
        {"op": "add_field", "name": "x", "type": "integer", "default": 1},
        {"op": "merge_classes", "from": ["bus"], "into": "car"},
        {"op": "drop_rows", "where": "id = 'a'"},
    )
    assert only_step(bench).effect == Effect(schema="add", class_head="hole", values="removed")
