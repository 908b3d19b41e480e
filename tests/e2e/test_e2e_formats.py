"""Annotation formats at the terminal: declared, committed, compared; refused where they would have to be written."""

from __future__ import annotations

import json
from typing import Any

import pytest

User = Any

BOX = '<annotations><image id="0" name="1.jpg" width="9" height="9"><tag label="{}"/></image></annotations>'
TASK = {"type": "choices", "from_name": "f", "id": "r"}


def task(name: str) -> str:
    result = {**TASK, "value": {"choices": [name]}}
    return json.dumps([{"id": 1, "data": {"text": "x"}, "annotations": [{"result": [result]}]}])


FILES = {"cvat": ("tags.xml", BOX.format), "labelstudio": ("tasks.json", task)}


def transitions(dataset: Any) -> list[tuple[str, str, int]]:
    return [(item["from"], item["to"], item["rows"]) for item in dataset["labels"]["class"]["transitions"]]


@pytest.mark.parametrize("form", FILES)
def test_a_file_is_committed_and_compared_and_no_migration_touches_it(repo: User, form: str) -> None:
    name, make = FILES[form]
    repo.write(f"data/{name}", make("cat"))
    repo.dsv("init", f"data/{name}")
    repo.dsv("commit", "-m", "Add it")
    refused = repo.dsv("migrate", "new", "rename_class", "from=cat", "to=dog", code=3)
    assert f"dsv cannot write {form} yet" in refused.err
    assert repo.clean() and not (repo.folder / "migrations").exists()
    repo.write(f"data/{name}", make("dog"))
    (dataset,) = repo.dsv("diff", "--json").json["datasets"]
    assert transitions(dataset) == [("cat", "dog", 1)]


def test_a_folder_is_committed_and_compared(repo: User) -> None:
    for path, content in {"data.yaml": "names: [cat, dog]\n", "labels/1.txt": "0 0.5 0.5 0.2 0.2\n"}.items():
        repo.write(f"data/pets/{path}", content)
    repo.dsv("init", "data/pets")
    repo.dsv("commit", "-m", "Add pets")
    repo.write("data/pets/data.yaml", "names: [dog, cat]\n")
    repo.write("data/pets/labels/1.txt", "0 0.51 0.5 0.2 0.2\n")
    (dataset,) = repo.dsv("diff", "--json").json["datasets"]
    assert (dataset["rows"]["added"], dataset["rows"]["removed"], dataset["rows"]["changed"]) == (0, 0, 1)
    assert transitions(dataset) == [("cat", "dog", 1)]
    assert dataset["changed_cells"] == {"class": 1, "bbox": 1}
