from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsv.errors import DocumentError, FormatError, MigrationError, SchemaError
from dsv.formats.base import scan
from dsv.migrations import base as bases
from dsv.migrations.base import build_base
from dsv.migrations.source import base_rows
from dsv.model.dataset import Dataset, Media
from dsv.model.profile import ClassIdentity
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine

SIGNS = "id,class,split\n1,car,train\n2,bike,test\n3,car,train\n"


def names(bench: Any, field: str = "class") -> list[tuple[str, int, int | None]]:
    return [(item.key, item.id, item.index) for item in bench.base.state.class_list(field).classes]


def test_classes_are_numbered_in_the_order_of_their_names(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    assert names(bench) == [("bike", 1, 0), ("car", 2, 1)]
    assert bench.base.state.class_list("class").next_id == 3


def test_classes_that_are_training_indices_keep_them(adopt: Any) -> None:
    rows = "".join(f"{number},{11 - number}\n" for number in range(12))
    bench = adopt("id,class\n" + rows)
    assert names(bench) == [(str(number), number, number) for number in range(12)]
    assert bench.base.state.class_list("class").next_id == 12
    bench = adopt("id,class\n1,1\n2,2\n")
    assert names(bench) == [("1", 1, 0), ("2", 2, 1)]


def test_not_labelled_is_no_class(adopt: Any) -> None:
    bench = adopt("id,class\n1,car\n2,todo\n3,\n", unlabelled="todo")
    assert names(bench) == [("car", 1, 0)]
    assert base_rows(bench.engine, bench.base, bench.snapshot, None).count() == 3


def test_an_empty_name_gets_a_key(adopt: Any) -> None:
    bench = adopt('id,class\n1,""\n2,empty\n')
    assert names(bench) == [("empty_", 1, 0), ("empty", 2, 1)]


def test_a_label_that_looks_like_an_id_has_no_classes(adopt: Any) -> None:
    rows = "".join(f"{number},name{number}\n" for number in range(10_001))
    bench = adopt("id,class\n" + rows)
    assert bench.base.state.classes == ()
    bench = adopt("id,class\n" + rows.removesuffix("10000,name10000\n"))
    assert len(bench.base.state.class_list("class").classes) == 10_000


@pytest.mark.parametrize(
    ("rows", "parts"),
    [(0, 1), (1, 1), (100_000, 1), (100_001, 2), (200_001, 4), (1_600_000, 16), (1_600_001, 32)],
)
def test_parts_hold_about_100k_rows(rows: int, parts: int) -> None:
    assert bases._parts(rows) == parts


def test_a_base_is_read_as_it_was_written(adopt: Any) -> None:
    contents: list[Callable[[], Any]] = [
        lambda: adopt(SIGNS, split="split", unlabelled="none"),
        lambda: adopt("\ufeffid;class\r\n1;no\r\n2;1e3\r\n3;null\r\n4;010\r\n5;a.b\r\n"),
        lambda: adopt('{"id": 1, "class": ["a", "b"], "box": {"x": 1.5}}\n', suffix=".jsonl"),
        lambda: adopt("a,b\n1,2\n1,2\n", key=(), labels=()),
    ]
    for make in contents:
        base = make().base
        text = bases.dump(base)
        assert bases.load(text, "m0000_base.yaml") == base
        assert bases.dump(bases.load(text, "m0000_base.yaml")) == text


def test_every_attribute_survives(adopt: Any) -> None:
    bench = adopt(SIGNS)
    (classes,) = bench.base.state.classes
    full = ClassIdentity(
        key="odd: key",
        id=7,
        index=None,
        name="ÿ #x",
        parent="car",
        description="line\none",
        coverage="none",
        group=True,
        retired=True,
    )
    changed = replace(classes, classes=(*classes.classes, full), next_id=8)
    state = replace(bench.base.state, classes=(changed,), media=Media(field="id", root="images"))
    base = replace(bench.base, gzip=True, parts=64, state=state)
    assert bases.load(bases.dump(base), "x") == base


def test_one_class_stands_on_one_line(adopt: Any) -> None:
    lines = bases.dump(adopt(SIGNS).base).splitlines()
    assert "  - {key: bike, id: 1, index: 0, name: bike}" in lines
    assert "- {name: class, type: string}" in lines


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (("name: class,", "name: klass,"), "no field 'class'"),
        (("- id\n", "- idd\n"), "did you mean 'id'"),
        (("type: string", "type: sting"), "no such type"),
        (("parts: 1", "parts: 3"), "power of two"),
        (("id: 1, index: 0", "id: 2, index: 0"), "two classes have the id 2"),
        (("next_id: 3", "next_id: 2"), "not below next_id"),
        (("name: bike}", "name: bike, parent: x}"), "no class 'x'"),
        (("name: bike}", "name: bike, parent: bike}"), "class 'bike' stands above itself"),
        (("dsv: 1", "dsv: 2"), "newest dsv"),
        (("format: csv", "fromat: csv"), "unknown key 'fromat'"),
        (
            ("name: bike}", "name: bike}\n  - {key: bike, id: 0, index: 9, name: x}"),
            "two classes have the key",
        ),
    ],
)
def test_a_damaged_base_is_refused(adopt: Any, edit: tuple[str, str], words: str) -> None:
    text = bases.dump(adopt(SIGNS).base)
    assert edit[0] in text
    with pytest.raises(DocumentError) as raised:
        bases.load(text.replace(edit[0], edit[1], 1), "m/m0000_base.yaml")
    error = raised.value
    assert words in f"{error.message} {error.hint} {error.where}"
    assert "m/m0000_base.yaml" in (error.where or "")


def test_a_circle_of_parents_is_told_with_its_lines(adopt: Any) -> None:
    text = bases.dump(adopt(SIGNS).base)
    turned = text.replace("name: bike}", "name: bike, parent: car}").replace("name: car}", "name: car, parent: bike}")
    with pytest.raises(DocumentError) as raised:
        bases.load(turned, "m/m0000_base.yaml")
    lines = turned.splitlines()
    bike, car = (1 + next(n for n, text in enumerate(lines) if f"key: {key}" in text) for key in ("bike", "car"))
    assert str(raised.value.where).splitlines() == [
        f"m/m0000_base.yaml:{bike}: class 'bike' stands above itself",
        f"m/m0000_base.yaml:{car}: class 'car' stands above itself",
    ]


def test_a_declared_field_must_be_there(tmp_path: Path, engine: Engine) -> None:
    path = tmp_path / "x.csv"
    path.write_text(SIGNS)
    snapshot = Snapshot(path=path, format="csv", shown_path="x.csv")
    table = scan(engine, snapshot).table
    with pytest.raises(SchemaError, match="declares the field 'clas'") as raised:
        build_base(Dataset(name="x", path="x.csv", labels=("clas",)), table, snapshot, "b.csv", "x.csv")
    assert raised.value.hint == "did you mean 'class'?"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id,class\n1,a\n2,b\n1,c\n1,d\n", "1 keys repeat, such as id 1 \\(3 times\\)"),
        ("id,class\n1,a\n,b\n", "1 row has no key"),
    ],
)
def test_the_key_must_be_one(adopt: Any, content: str, words: str) -> None:
    with pytest.raises(MigrationError, match=words):
        adopt(content)


def test_new_rows_must_fit_what_is_pinned(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    path = bench.snapshot.path

    def refused(more: str) -> FormatError:
        path.write_text(SIGNS + more)
        with pytest.raises(FormatError) as raised:
            base_rows(bench.engine, bench.base, bench.snapshot, None)
        return raised.value

    error = refused("4,scooter,train\n")
    assert error.where == "data/signs.base.csv:5"
    assert "scooter" in error.message
    assert error.hint is not None and "add_class" in error.hint
    assert refused("four,car,train\n").where == "data/signs.base.csv:5"
    assert refused("4,car\n").where == "data/signs.base.csv:5"
    path.write_text(SIGNS + '4,car,"a new\nsplit"\n')
    assert base_rows(bench.engine, bench.base, bench.snapshot, None).count() == 4
    assert refused('4,car,"a new\nsplit"\n5,van,train\n').where == "data/signs.base.csv:7"
    path.write_text(SIGNS + "1,car,train\n")
    with pytest.raises(MigrationError, match="not unique"):
        base_rows(bench.engine, bench.base, bench.snapshot, None)


def test_the_first_migration_can_admit_a_class(adopt: Any) -> None:
    bench = adopt(SIGNS, split="split")
    bench.snapshot.path.write_text(SIGNS + "4,scooter,train\n")
    first = bench.add({"op": "add_class", "key": "s", "name": "scooter"})
    assert base_rows(bench.engine, bench.base, bench.snapshot, first).count() == 4
    version = bench.run(first.id)
    assert version.rows == 4
    second = bench.add({"op": "add_class", "key": "van"})
    bench.snapshot.path.write_text(SIGNS + "4,scooter,train\n5,van,train\n")
    with pytest.raises(FormatError, match="van") as raised:
        bench.run(first.id)
    assert first.id in (raised.value.hint or "")
    assert second.after == first.id


def test_classes_in_lists_are_checked(adopt: Any) -> None:
    rows = [{"id": 1, "class": ["a", "b"]}, {"id": 2, "class": []}]
    bench = adopt("".join(json.dumps(row) + "\n" for row in rows), suffix=".jsonl")
    assert names(bench) == [("a", 1, 0), ("b", 2, 1)]
    with bench.snapshot.path.open("a") as stream:
        stream.write('{"id": 3, "class": ["a", "c"]}\n')
    with pytest.raises(FormatError, match="holds c") as raised:
        base_rows(bench.engine, bench.base, bench.snapshot, None)
    assert raised.value.where == "data/signs.base.jsonl (row 3)"
