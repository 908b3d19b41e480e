"""A COCO dataset at the terminal: declared, committed, compared, migrated."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent.parent / "cases" / "taco-coco"
User = Any


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress((CASES / name).read_bytes()))
    return found


def declared(user: User) -> None:
    """The first two versions as commits, in plain JSON that Git tracks as text."""
    user.write("data/litter.json", json.dumps(document("vA.json.gz"), indent=1))
    told = user.dsv("init", "data/litter.json").out
    assert "label category: the classes of coco" in told
    assert "key: none; coco rows are told apart by image, category, segmentation" in told
    user.dsv("commit", "-m", "one")
    user.write("data/litter.json", json.dumps(document("vB.json.gz")))
    user.dsv("commit", "-m", "two")


def test_declared_versions_are_compared_by_image_and_shape(repo: User) -> None:
    declared(repo)
    (dataset,) = repo.dsv("diff", "HEAD~", "HEAD", "--json").json["datasets"]
    old, new = document("vA.json.gz"), document("vB.json.gz")
    assert dataset["dataset"] == "litter"
    assert (dataset["rows"]["old"], dataset["rows"]["new"]) == (len(old["annotations"]), len(new["annotations"]))
    assert dataset["rows"]["removed"] == 0
    assert dataset["changed_cells"] == {"category": 8, "bbox": 4, "segmentation": 4}
    first = dataset["labels"]["category"]["transitions"][0]
    assert (first["from"], first["to"], first["rows"]) == ("Produce bag", "Plastic Film", 4)
    assert repo.dsv("diff", "HEAD~", "HEAD", "--exit-code", "--stat", code=1).out
    repo.write("data/litter.json", json.dumps(document("vC.json.gz")))
    found = repo.dsv("diff", "--stat").out
    assert f"{len(new['annotations'])} -> {len(document('vC.json.gz')['annotations'])}" in found
    assert "2 ids name several annotations: 309, 4040" in found


def test_a_chain_of_classes_changes_ids_and_categories_only(repo: User) -> None:
    declared(repo)
    before = document("vB.json.gz")
    repo.dsv("migrate", "new", "rename_class", "from=Plastic Film", "to=Plastic film")
    repo.dsv("migrate", "new", "merge_classes", "from=[Plastic straw]", "into=Other plastic")
    repo.dsv("migrate", "up")
    after = json.loads(repo.read("data/litter.json"))
    ids = {item["name"]: item["id"] for item in before["categories"]}
    expected = json.loads(json.dumps(before))
    expected["categories"] = [
        {**item, "name": "Plastic film"} if item["name"] == "Plastic Film" else item
        for item in before["categories"]
        if item["name"] != "Plastic straw"
    ]
    moved = 0
    for item in expected["annotations"]:
        if item["category_id"] == ids["Plastic straw"]:
            item["category_id"] = ids["Other plastic"]
            moved += 1
    assert moved > 0
    assert after == expected
    assert repo.read("data/litter.json") == json.dumps(expected)
    repo.dsv("commit", "-m", "classes")
    found = repo.dsv("diff", "HEAD~", "HEAD", "--json").json
    (dataset,) = found["datasets"]
    assert [(item["migration"][:5], item["cells"]) for item in dataset["explained"]] == [
        ("m0001", {"category": sum(item["category_id"] == ids["Plastic Film"] for item in before["annotations"])}),
        ("m0002", {"category": moved}),
    ]
    assert dataset["unexplained"]["cells"] == {}
    assert not [item for item in found["findings"] if item["level"] != "info"]
    assert repo.clean()
    repo.dsv("migrate", "down", "m0000_base")
    assert repo.read("data/litter.json") == json.dumps(before)


def test_a_table_without_other_rows_differs_by_its_other_tables(repo: User) -> None:
    declared(repo)
    changed = document("vB.json.gz")
    changed["categories"][0]["supercategory"] = "Metal"
    repo.write("data/litter.json", json.dumps(changed))
    ran = repo.dsv("diff", "--exit-code", code=1)
    assert "no row changes" in ran.out
    assert "supercategory: Aluminium foil -> Metal" in ran.out
