"""Operations of classes, fields and values at the terminal: a chain that a diff explains to the last cell."""

from __future__ import annotations

import json
from typing import Any

User = Any

WORDS = [
    {"id": f"w{n}", "text": "ab"[: 1 + n % 2], "kind": ["print", "hand"][n % 2], "n": str(n), "split": split}
    for n, split in enumerate(["train"] * 6 + ["test"] * 4)
]


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def operations(*given: dict[str, Any]) -> str:
    """More operations, below those that a document has."""
    return "".join(f"  - {json.dumps(item)}\n" for item in given)


def test_a_chain_of_ocr_words_is_explained_to_the_last_cell(repo: User) -> None:
    repo.write("data/words.jsonl", lines(WORDS))
    repo.dsv("init", "data/words.jsonl", "-k", "id", "-l", "kind", "--split", "split")
    repo.dsv("commit", "-m", "Add words")
    repo.git("tag", "v1")
    folder = "migrations/words"
    repo.write(f"{folder}/boxes.jsonl", lines([{"id": "w1", "boxes": [[0, 1], [2, 3]]}, {"id": "w6", "boxes": [[4]]}]))
    repo.write(f"{folder}/cursive.csv", "id,new,reviewer,reviewer_2\nw1,cursive,ana,\nw7,cursive,ana,bo\n")
    repo.dsv("migrate", "new", "add_field", "name=boxes", "type=list<list<integer>>")
    (document,) = (repo.folder / folder).glob("m0001*.yaml")
    style = {"type": "enum", "values": ["unseen", "bold", "plain"], "default": "unseen", "unlabelled": True}
    text = document.read_text() + operations(
        {"op": "set_values", "file": "boxes.jsonl", "fields": ["boxes"]},
        {"op": "assert", "every": "boxes IS NULL OR len(boxes) = length(text)"},
        {"op": "add_field", "name": "style", "label": True, **style},
        {"op": "cast_field", "name": "n", "to": "integer"},
        {"op": "split_class", "from": "hand", "into": ["cursive"], "file": "cursive.csv", "rest": "keep",
         "reviewers": {"test": 2}},
        {"op": "fill", "field": "style", "value": "plain", "where": "kind = 'print' AND n < 4"},
        {"op": "reindex_classes", "order": "listed", "classes": ["print", "hand", "cursive"]},
        {"op": "set_guideline", "version": "2.0", "kind": "amendment", "text": "Cursive is not hand."},
        {"op": "set_field", "name": "kind", "nullable": False},
    )  # fmt: skip
    document.write_text(text)
    repo.dsv("migrate", "up")

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
    assert [json.loads(line) for line in repo.read("data/words.jsonl").splitlines()] == expected
    repo.dsv("commit", "-m", "OCR")
    assert repo.clean()
    profile = repo.read("data/words.jsonl.profile.yaml")
    assert "- {version: '2.0', kind: amendment, text: Cursive is not hand.}" in profile

    (found,) = repo.dsv("diff", "v1", "HEAD", "--json").json["datasets"]
    assert found["unexplained"] == dict(rows_added=0, rows_removed=0, rows_changed=0, cells={}, schema_changes=0)
    assert found["changed_cells"] == {"kind": 2}
    assert found["labels"]["kind"]["transitions"] == [{"from": "hand", "to": "cursive", "rows": 2, "encoding_only": 0}]
    style_diff = found["labels"]["style"]
    assert style_diff["unlabelled"]["new"] == sum(row["style"] == "unseen" for row in expected)
    assert [(item["class"], item["new"]) for item in style_diff["classes"]] == [("plain", 2)]
