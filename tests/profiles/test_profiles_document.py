"""The profile document: it round-trips, reads well in a Git diff, and DVC can read its numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsv.documents import yaml
from dsv.errors import DocumentError
from dsv.model.profile import ClassIdentity, FieldProfile, Guideline, LabelProfile, Profile
from dsv.model.schema import Field
from dsv.profiles.document import dump, load, roles

AWKWARD = {name: at for at, name in enumerate(["", "010", "1e3", "NA", "a.b", "no", "null", "x: y", "ä\n#"], 1)}


def label(field: str, classes: Mapping[str, int], **changes: Any) -> LabelProfile:
    options: dict[str, Any] = {"by_split": {}, "unlabelled": 0, "class_count": len(classes), **changes}
    return LabelProfile(field=field, classes=dict(sorted(classes.items())), **options)


PROFILE = Profile(
    rows=12,
    key=("id", "no"),
    split="part",
    fields=(
        FieldProfile(field=Field(name="id", type="string", nullable=False, origin="key"), nulls=0, distinct=12),
        FieldProfile(field=Field(name="no", type="struct<a: integer, b: list<string>>"), nulls=3, distinct=None),
        FieldProfile(field=Field(name="null", type="enum", values=("no", "1e3"), unlabelled="no"), nulls=0, distinct=2),
    ),
    labels=(
        label("class", AWKWARD, by_split={"010": AWKWARD, "train": {"NA": 1}}, unlabelled=3),
        label("id", {}, class_count=10_001, truncated=True),
    ),
    splits={"010": 9, "train": 3},
    digest="0123456789abcdef" * 2,
    md5="1e3" + "0" * 29,
    size_bytes=345,
    classes={
        "class": (
            ClassIdentity(key="no", id=0, index=0, name="yes", parent="top", description="a: b", coverage="none"),
            ClassIdentity(key="top", id=1, index=None, name="top", group=True),
            ClassIdentity(key="1e3", id=2, index=None, name="1e3", retired=True),
        )
    },
)

COLLIDING = replace(
    PROFILE,
    labels=(label("a", {"b.c": 1, "x": 2, "b": 5}), label("a.b", {"c": 3, "d": 4}), label("c", {"b.c": 9})),
)


def test_round_trip() -> None:
    for profile in (PROFILE, COLLIDING, replace(PROFILE, split=None, splits={}, labels=(), classes={})):
        assert load(dump(profile), "p.yaml") == profile
        assert dump(load(dump(profile), "p.yaml")) == dump(profile)


names = st.text(st.characters(blacklist_categories=("Cs",)), max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    counts=st.dictionaries(names, st.dictionaries(names, st.integers(0, 10**12), max_size=4), max_size=3),
    splits=st.dictionaries(names, st.integers(0, 10**12), max_size=3),
)
def test_any_names_round_trip_and_never_collide(counts: dict[str, dict[str, int]], splits: dict[str, int]) -> None:
    labels = tuple(
        label(field, classes, by_split={"x": classes} if classes else {}) for field, classes in counts.items()
    )
    profile = replace(PROFILE, labels=labels, splits=dict(sorted(splits.items())))
    text = dump(profile)
    assert load(text, "p.yaml") == profile
    maps = yaml.load(text, "p.yaml").get("labels", {})
    joined = [f"{field}.{name}" for field, classes in maps.items() for name in classes]
    assert len(set(joined)) == len(joined)


def test_roles_are_told_without_the_classes() -> None:
    odd = FieldProfile(field=Field(name="no: 'x'", type="enum", values=("-", "a"), unlabelled="-"), nulls=0, distinct=2)
    guideline = Guideline(version="1", field="class", class_key="no", text="a\nfields:\n- {name: x, unlabelled: y}\n")
    labels = (*PROFILE.labels, label("no: 'x'", {"field: z": 1}))
    richer = replace(PROFILE, fields=(*PROFILE.fields, odd), labels=labels, guidelines=(guideline,))
    found = roles(dump(richer).encode(), "p.yaml")
    assert found.labels == tuple(item.field for item in richer.labels)
    known = [(item.field.name, item.field.unlabelled) for item in richer.fields]
    assert found.unlabelled == tuple((name, value) for name, value in known if value is not None)
    assert load(dump(richer), "p.yaml") == richer


def test_one_class_a_line() -> None:
    before = dump(PROFILE).splitlines()
    grown = replace(PROFILE.labels[0], classes={**PROFILE.labels[0].classes, "no": 100})
    after = dump(replace(PROFILE, labels=(grown, *PROFILE.labels[1:]))).splitlines()
    assert [line for line in before if line not in after] == ["    'no': 6"]
    assert [line for line in after if line not in before] == ["    'no': 100"]


def test_numbers_are_in_flat_maps_and_nothing_else_is() -> None:
    document = yaml.load(dump(PROFILE), "p.yaml")
    maps = {key: value for key, value in document.items() if not isinstance(value, list)}
    assert maps == {"rows": 12, "splits": {"010": 9, "train": 3}, "labels": {"class": AWKWARD}}


def test_names_that_would_collide_stand_in_the_list_only() -> None:
    document = yaml.load(dump(COLLIDING), "p.yaml")
    assert document["labels"] == {"a": {"b": 5, "x": 2}, "a.b": {"d": 4}, "c": {"b.c": 9}}
    dotted = {details["field"]: details.get("dotted") for details in document["label_details"]}
    assert dotted == {"a": {"b.c": 1}, "a.b": {"c": 3}, "c": None}


@pytest.mark.parametrize("profile", [PROFILE, COLLIDING], ids=["awkward", "colliding"])
def test_dvc_reads_the_numbers(profile: Profile, tmp_path: Path) -> None:
    def dvc(*words: str) -> str:
        command = [sys.executable, "-W", "ignore", "-m", "dvc", *words]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    (tmp_path / "signs.csv.profile.yaml").write_text(dump(profile), encoding="utf-8")
    dvc("init", "--no-scm", "-q")
    shown = json.loads(dvc("metrics", "show", "--json", "signs.csv.profile.yaml"))
    data = shown[""]["data"]["signs.csv.profile.yaml"]["data"]
    assert data["rows"] == 12
    assert data["splits"] == {"010": 9, "train": 3}
    assert set(data) == {"rows", "splits", "labels"}
    assert "12" in dvc("metrics", "show", "signs.csv.profile.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rows: 12", "rows: many", "'rows' must be an integer"),
        ("rows: 12", "rows: 12\nrowz: 1", "unknown key 'rowz'"),
        ("profile: 2", "profile: 3", "not a profile of version 2"),
        ("0123456789abcdef0123456789abcdef", "xyz", "the row digest is not 32 hexadecimal digits"),
        ("rows: 12", "<<<<<<< ours\nrows: 12", ""),
    ],
)
def test_bad_documents(old: str, new: str, message: str) -> None:
    text = dump(PROFILE)
    assert old in text
    with pytest.raises(DocumentError) as caught:
        load(text.replace(old, new), "p.yaml")
    assert caught.value.message.startswith(message)
    assert caught.value.where.startswith("p.yaml")
