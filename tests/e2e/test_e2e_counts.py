"""`dsv diff --counts`: how many rows differ, in all forms of output."""

from __future__ import annotations

import json
from typing import Any

OLD = '{"id": 1, "label": "a"}\n{"id": 2, "label": "b"}\n{"id": 3, "label": "c"}\n'
NEW = '{"id": 1, "label": "x"}\n{"id": 2, "label": "b"}\n{"id": 4, "label": "c"}\n'


def test_counts(user: Any) -> None:
    user.write("old.jsonl", OLD)
    user.write("new.jsonl", NEW)
    words = ("diff", "old.jsonl", "new.jsonl", "-k", "id", "--counts")
    said = user.dsv(*words).out
    assert "rows 3  +1 -1 ~1" in said.replace("3 -> 3", "3") and "label" not in said
    (dataset,) = user.dsv(*words, "--json").json["datasets"]
    assert dataset["compared"] == "hashes"
    assert {name: dataset["rows"][name] for name in ("added", "removed", "changed", "unchanged", "rekeyed")} == {
        "added": 1,
        "removed": 1,
        "changed": 1,
        "unchanged": 1,
        "rekeyed": None,
    }
    assert (dataset["changed_cells"], dataset["samples"]) == (None, None)
    assert user.dsv(*words, "--exit-code", code=1).out == said
    for line in user.dsv(*words, "--md").out.splitlines():
        assert "label" not in line


def test_equal_rows_in_another_order(user: Any) -> None:
    user.write("old.jsonl", OLD)
    user.write("new.jsonl", "".join(reversed(OLD.splitlines(keepends=True))))
    words = ("diff", "old.jsonl", "new.jsonl", "-k", "id", "--counts")
    (dataset,) = json.loads(user.dsv(*words, "--json").out)["datasets"]
    assert dataset["formatting"]["reordered"] is True
    assert dataset["changed_cells"] == {}


def test_rows_cannot_be_shown(user: Any) -> None:
    user.write("old.jsonl", OLD)
    assert "--counts" in user.dsv("diff", "old.jsonl", "old.jsonl", "--counts", "--rows", code=2).err
