from __future__ import annotations

from dataclasses import replace

from dsv.migrations.foretell import Foretold
from dsv.migrations.stages import stage_name, stages
from dsv.model.migration import BASE_ID, Base, Effect, Migration, State
from dsv.model.profile import profile_path
from dsv.model.schema import Schema

BASE = Base(
    dataset="signs",
    path="data/signs.base.csv",
    publishes="data/signs.csv",
    format="csv",
    gzip=False,
    dialect=None,
    parts=1,
    state=State(schema=Schema(), key=(), labels=(), split=None),
)
FIRST = Migration(
    id="m0001_relabel",
    after=BASE_ID,
    title="Reviewed labels",
    why=None,
    path="migrations/signs/m0001_relabel.yaml",
    operations=(),
    side_files=("migrations/signs/m0001_relabel.csv",),
    tuned=(),
    digest="d",
)
SECOND = replace(
    FIRST,
    id="m0002_prune",
    after=FIRST.id,
    title="Prune",
    path="migrations/signs/m0002_prune.yaml",
    side_files=(),
    tuned=("least",),
)
STATE = BASE.state


def foretold(migration: Migration, effect: Effect) -> Foretold:
    return Foretold(migration=migration, before=STATE, after=STATE, fields={}, lines=(), effect=effect)


FIRST_STEP = foretold(FIRST, Effect(values="corrected"))
SECOND_STEP = foretold(SECOND, Effect(values="removed", class_head="hole"))
FOLDERS = {"versions_folder": "data/.versions/signs", "documents_folder": "migrations/signs"}
PINNED = "migrations/signs/m0000_base.yaml"


def test_a_chain_of_two() -> None:
    made = stages(BASE, (FIRST_STEP, SECOND_STEP), **FOLDERS, cached=True)
    assert list(made) == ["signs-m0001_relabel", "signs-m0002_prune", "signs"]
    assert made["signs-m0001_relabel"] == {
        "desc": "Reviewed labels",
        "cmd": "dsv migrate run signs m0001_relabel",
        "deps": [
            "data/signs.base.csv",
            "migrations/signs/m0001_relabel.yaml",
            "migrations/signs/m0001_relabel.csv",
            PINNED,
        ],
        "outs": ["data/.versions/signs/m0001_relabel"],
        "meta": {"dsv": {"effect": "corrective", "values": "corrected"}},
    }
    assert made["signs-m0002_prune"] == {
        "desc": "Prune",
        "cmd": "dsv migrate run signs m0002_prune",
        "deps": ["data/.versions/signs/m0001_relabel", "migrations/signs/m0002_prune.yaml", PINNED],
        "params": ["migrations.signs.m0002_prune"],
        "outs": ["data/.versions/signs/m0002_prune"],
        "meta": {"dsv": {"effect": "breaking", "class_head": "hole", "values": "removed"}},
    }
    publish = made["signs"]
    assert publish.pop("desc")
    assert publish == {
        "cmd": "dsv migrate publish signs m0002_prune",
        "deps": ["data/signs.base.csv", "data/.versions/signs/m0002_prune", PINNED],
        "outs": ["data/signs.csv"],
        "metrics": [{"data/signs.csv.profile.yaml": {"cache": False}}],
    }


def test_the_base_alone_is_published_from_the_base() -> None:
    made = stages(BASE, (), **FOLDERS, cached=False)
    assert list(made) == ["signs"]
    assert made["signs"]["cmd"] == "dsv migrate publish signs m0000_base"
    assert made["signs"]["deps"] == ["data/signs.base.csv", PINNED]
    assert made["signs"]["outs"] == [{"data/signs.csv": {"cache": False}}]


def test_versions_may_stay_on_this_machine() -> None:
    made = stages(BASE, (FIRST_STEP,), **FOLDERS, cached=True, pushed=False)
    assert made["signs-m0001_relabel"]["outs"] == [{"data/.versions/signs/m0001_relabel": {"push": False}}]


def test_no_value_from_a_title_reaches_a_command() -> None:
    hostile = foretold(replace(FIRST, title="x; rm -rf / #\n$(boom)"), Effect())
    made = stages(BASE, (hostile,), **FOLDERS, cached=True)
    assert all("boom" not in stage["cmd"] for stage in made.values())


def test_names() -> None:
    assert stage_name("signs", "m0001_relabel") == "signs-m0001_relabel"
    assert profile_path("data/signs.csv") == "data/signs.csv.profile.yaml"
