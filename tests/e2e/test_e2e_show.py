"""`dsv show`: a commit and what it changed, held against pandas and git."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

import dsv.renderers
from tests.e2e.conftest import SIGNS, Once, User

SCHEMAS = Path(dsv.renderers.__file__).parent / "schemas"
EDITED = SIGNS.replace("a.jpg,bike", "a.jpg,car").replace("b.jpg,car,train,0.80\n", "") + "f.jpg,bus,train,0.4\n"


@pytest.fixture
def history(signs: User, once: Once) -> User:

    def make() -> None:
        signs.write("data/signs.csv", EDITED)
        signs.dsv("commit", "-m", "A label\n\nAna looked at a.jpg.")
        signs.git("commit", "-q", "--allow-empty", "-m", "Nothing of data")

    return once(signs, "show-history", make)


def test_a_commit_is_shown_with_its_diff(history: User) -> None:
    shown = history.dsv("show", "HEAD~1", "--json").json
    jsonschema.validate(shown, json.loads((SCHEMAS / "dsv.show.1.json").read_text()))
    jsonschema.validate(shown["diff"], json.loads((SCHEMAS / "dsv.diff.1.json").read_text()))

    commit = shown["commit"]
    told = history.git("show", "-s", "--format=%H|%P|%an|%ae|%aI", "HEAD~1")
    assert "|".join((commit["commit"], *commit["parents"], commit["author"], commit["email"], commit["date"])) == told
    assert commit["message"].startswith("A label\n\nAna looked at a.jpg.")

    old, new = (pd.read_csv(io.StringIO(text), dtype=str).set_index("image") for text in (SIGNS, EDITED))
    both = old.index.intersection(new.index)
    (dataset,) = shown["diff"]["datasets"]
    assert dataset["rows"]["added"] == len(new.index.difference(old.index))
    assert dataset["rows"]["removed"] == len(old.index.difference(new.index))
    assert dataset["rows"]["changed"] == int((old.loc[both] != new.loc[both]).any(axis=1).sum())
    assert shown["diff"] == {**history.dsv("diff", "HEAD~2", "HEAD~1", "--json").json, **_sides(shown)}


def _sides(shown: dict[str, dict[str, object]]) -> dict[str, object]:
    """The names of the sides, which are not those that the user of diff gave."""
    return {side: shown["diff"][side] for side in ("old", "new")}


def test_text_leads_with_the_commit(history: User) -> None:
    text = history.dsv("show", "HEAD~1").out
    assert text.startswith(f"commit {history.git('rev-parse', 'HEAD~1')}\nauthor ")
    assert "\n  Ana looked at a.jpg.\n" in text
    assert "bike  -> car" in text
    markdown = history.dsv("show", "HEAD~1", "--md").out
    assert "<code>class=bus  split=train  score=0.4</code>" in markdown
    assert "- author `" in markdown


def test_head_is_implied_and_may_have_changed_no_data(history: User) -> None:
    text = history.dsv("show").out
    assert "Nothing of data" in text
    (dataset,) = history.dsv("show", "--json").json["diff"]["datasets"]
    assert dataset["status"] == "unchanged"
    history.dsv("show", "--exit-code")
    history.dsv("show", "HEAD~1", "--exit-code", code=1)


def test_the_first_commit_is_compared_with_no_files(signs: User) -> None:
    signs.git("checkout", "-q", "--orphan", "first")
    signs.git("commit", "-q", "-m", "First")
    shown = signs.dsv("show", "--json").json
    assert shown["commit"]["parents"] == []
    (dataset,) = shown["diff"]["datasets"]
    assert (dataset["status"], dataset["rows"]["added"]) == ("added", 5)


def test_a_merge_is_compared_with_its_first_parent(history: User) -> None:
    history.git("checkout", "-q", "-b", "side", "HEAD~2")
    history.git("commit", "-q", "--allow-empty", "-m", "Aside")
    history.git("merge", "-q", "--no-ff", "-m", "Bring them together", "@{-1}")
    shown = history.dsv("show", "--json").json
    assert len(shown["commit"]["parents"]) == 2
    assert shown["diff"]["datasets"][0]["rows"]["changed"] == 1
    assert "\nmerge  " in history.dsv("show").out


def test_without_the_data_the_profiles_are_shown(history: User) -> None:
    for item in (history.folder / ".dvc/cache/files").rglob("*"):
        if item.is_file():
            item.chmod(0o644)
            item.unlink()
    shown = history.dsv("show", "HEAD~1", "--labels", "--json").json
    assert shown["diff"]["datasets"][0]["compared"] == "profiles"
    assert shown["diff"]["datasets"][0]["rows"]["new"] == 5


def test_what_cannot_be_shown_is_refused(history: User) -> None:
    assert "dsv diff HEAD~1..HEAD" in history.dsv("show", "HEAD~1..HEAD", code=2).err
    assert "unknown revision" in history.dsv("show", "nowhere", code=3).err
    assert "no dataset" in history.dsv("show", "HEAD", "--", "sings", code=3).err
