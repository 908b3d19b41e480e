"""Pictures that DVC or Git keeps, compared by their hashes, in a real repository."""

from __future__ import annotations

from typing import Any

import pytest

User = Any


def declared(user: User) -> None:
    text = user.read("dvc.yaml")
    user.write(
        "dvc.yaml", text.replace("label: class", "label: class\n        media: {field: image, root: data/images}")
    )


@pytest.mark.parametrize("kept", ["dvc", "git"])
def test_pictures_that_changed_are_told(signs: User, kept: str) -> None:
    for name in "abcde":
        signs.write(f"data/images/{name}.jpg", f"picture {name}")
    declared(signs)
    if kept == "dvc":
        signs.dvc("add", "-q", "data/images")
    signs.git("add", "-A")
    signs.git("commit", "-q", "-m", "pictures")
    assert signs.dsv("diff", "--json").json["datasets"][0]["status"] == "unchanged"

    signs.write("data/images/a.jpg", "another picture")
    signs.write("data/images/b.jpg", "picture d")
    (signs.folder / "data/images/c.jpg").unlink()
    signs.write("data/images/new.jpg", "new")
    for commits in (False, True):
        if commits:
            if kept == "dvc":
                signs.dvc("add", "-q", "data/images")
            signs.git("add", "-A")
            signs.git("commit", "-q", "-m", "other pictures")
        report = signs.dsv("diff", *(["HEAD~1", "HEAD"] if commits else []), "--json").json
        found = report["datasets"][0]
        assert found["status"] == "modified"
        assert found["rows"]["changed"] == 0
        assert found["media"] == dict(added=1, removed=1, changed=2, missing=1, orphan=1, shared=2)
        assert {item["rule"]: item["count"] for item in report["findings"]} == {
            "media-missing": 1,
            "media-orphan": 1,
            "media-shared": 2,
            # b.jpg (train) has become a copy of d.jpg (test)
            "media-split-leak": 1,
            "media-replaced": 2,
        }
    text = signs.dsv("diff", "HEAD~1", "HEAD").out
    assert "media files +1 -1 ~2" in text


def test_a_listing_that_cannot_be_had_is_incomplete(signs: User) -> None:
    signs.write("data/images/a.jpg", "picture")
    declared(signs)
    signs.dvc("add", "-q", "data/images")
    signs.git("add", "-A")
    signs.git("commit", "-q", "-m", "pictures")
    signs.write("data/images/b.jpg", "picture")
    import shutil

    for listing in (signs.folder / ".dvc/cache").rglob("*.dir"):
        listing.unlink()
    shutil.rmtree(signs.folder / ".dvc/tmp", ignore_errors=True)
    ran = signs.dsv("diff", "--json", code=3)
    assert ran.json["complete"] is False
    assert "not-compared" in [item["rule"] for item in ran.json["findings"]]
    assert ran.json["datasets"][0]["media"] is None
