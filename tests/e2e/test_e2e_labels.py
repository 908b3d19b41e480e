"""`dsv labels map` at the terminal: by identity and by name, without data, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

User = Any


@pytest.mark.slow
def test_classes_are_followed_without_the_data(signs: User) -> None:
    signs.git("tag", "v1")
    rows = signs.read("data/signs.csv").replace("bus", "coach")
    signs.write("data/signs.csv", rows)
    signs.dsv("commit", "-m", "Coaches")
    signs.git("tag", "v2")
    by_name = signs.dsv("labels", "map", "v1", "v2", "--json").json
    (found,) = by_name["datasets"]
    assert found["labels"]["class"]["matched"] == "name"
    # In the order of names: bike bus car, then bike car coach.
    assert found["labels"]["class"]["old_to_new"] == [0, None, 1]
    assert [item["rule"] for item in by_name["findings"]] == ["classes-by-name"]

    signs.dsv("migrate", "new", "merge_classes", "from=bike", "into=cycle")
    signs.dsv("migrate", "up")
    signs.dsv("commit", "-m", "Cycles")
    for kept in (signs.folder / "data").glob("signs*.csv"):
        kept.unlink()
    again = signs.dsv("labels", "map", "HEAD", "--json").json
    (found,) = again["datasets"]
    assert again["findings"] == [] and again["new"]["commit"] is None
    assert found["labels"]["class"]["identical"] is True
    assert [item["fate"] for item in found["labels"]["class"]["old"]] == ["kept", "kept", "kept"]
    text = signs.dsv("labels", "map", "v2", "HEAD").out
    assert "3 outputs -> 4" in text and "became part of cycle" in text and "copy of 0 (bike)" in text

    assert "no dataset 'sign'" in signs.dsv("labels", "map", "v1", "v2", "--dataset", "sign", code=3).err
    assert "'split' has no classes" in signs.dsv("labels", "map", "v1", "v2", "--field", "split", code=2).err
