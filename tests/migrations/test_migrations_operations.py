"""Operations of classes, fields and values in one migration: what is published, and that a diff explains it all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.formats.base import scan
from dsv.migrations.replay import prepare
from dsv.model.diff import Work
from dsv.model.labels import Transition
from dsv.model.snapshot import Snapshot
from dsv.tables.table import Table

WORDS = [
    {"id": f"w{n}", "text": "ab"[: 1 + n % 2], "kind": ["print", "hand"][n % 2], "n": str(n), "split": split}
    for n, split in enumerate(["train"] * 6 + ["test"] * 4)
]


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_ocr_words_are_changed_as_told_and_explained_to_the_last_cell(adopt: Any) -> None:
    bench = adopt(lines(WORDS), labels=("kind",), split="split", suffix=".jsonl")
    bench.side_file("boxes.jsonl", lines([{"id": "w1", "boxes": [[0, 1], [2, 3]]}, {"id": "w6", "boxes": [[4]]}]))
    bench.side_file("cursive.csv", "id,new,reviewer,reviewer_2\nw1,cursive,ana,\nw7,cursive,ana,bo\n")
    style = {"type": "enum", "values": ["unseen", "bold", "plain"], "default": "unseen", "unlabelled": True}
    bench.add(
        {"op": "add_field", "name": "boxes", "type": "list<list<integer>>"},
        {"op": "set_values", "file": "boxes.jsonl", "fields": ["boxes"]},
        {"op": "assert", "every": "boxes IS NULL OR len(boxes) = length(text)"},
        {"op": "add_field", "name": "style", "label": True, **style},
        {"op": "cast_field", "name": "n", "to": "integer"},
        {"op": "split_class", "from": "hand", "into": ["cursive"], "file": "cursive.csv", "rest": "keep",
         "reviewers": {"test": 2}},
        {"op": "fill", "field": "style", "value": "plain", "where": "kind = 'print' AND n < 4"},
        {"op": "reindex_classes", "order": "listed", "classes": ["print", "hand", "cursive"]},
        {"op": "set_field", "name": "kind", "nullable": False},
    )  # fmt: skip
    assert bench.plan().steps[0].effect.class_head == "remap"
    bench.up()
    bench.publish(bench.documents[-1])

    boxes = {"w1": [[0, 1], [2, 3]], "w6": [[4]]}
    expected = [
        {
            **row,
            "kind": "cursive" if row["id"] in ("w1", "w7") else row["kind"],
            "n": int(row["n"]),
            "boxes": boxes.get(row["id"]),
            "style": "plain" if row["kind"] == "print" and int(row["n"]) < 4 else "unseen",
        }
        for row in WORDS
    ]
    assert [json.loads(line) for line in bench.published.decode().splitlines()] == expected

    def read(path: str) -> Table:
        snapshot = Snapshot(path=Path(bench.folder / path), format="jsonl", shown_path=path)
        return scan(bench.engine, snapshot).table

    migrations, folder = bench.chain.migrations, bench.documents_folder
    replay = prepare("signs", bench.base.state, migrations, folder, bench.parameters.__getitem__)
    request = DiffRequest(key=("id",), labels=("kind", "style"), split="split", unlabelled_in=(("style", "unseen"),))
    diff = diff_tables("words", "w", read(bench.base.path), read(bench.base.publishes), request, replay)
    assert diff.unexplained == Work()
    assert diff.changed_cells == {"kind": 2}
    kind, styles = diff.labels
    assert kind.transitions == (Transition(source="hand", target="cursive", rows=2),)
    assert styles.unlabelled.new == sum(row["style"] == "unseen" for row in expected)
    assert [(item.name, item.new) for item in styles.classes] == [("plain", 2)]
