"""`dvc.yaml`, `params.yaml` and `dvc.lock` in conflict: chains are taken apart from what else is in them.

Each function takes the three versions that Git keeps of a file: the common ancestor's, mine, and
theirs, empty where there is none. Of the named datasets theirs stages and parameters are taken, for the chain of mine
is written anew; all else is merged as Git merges text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from dsv.documents import pipeline
from dsv.documents.edit import remove_entry, set_entry
from dsv.documents.yaml import dump, load_mapping
from dsv.errors import ConflictError

Merge = Callable[[str, str, str], str | None]
_PARAMETERS = "migrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The three texts of a file, and where it is."""

    base: str
    mine: str
    theirs: str
    where: str


def resolved_pipeline(versions: Versions, datasets: Collection[str], merge: Merge) -> str:
    """The `dvc.yaml` of both sides, with theirs stages of the datasets' chains.

    Raises: ConflictError: both changed something else. DocumentError: a version is no pipeline.
    """
    own = _own_stages(versions.theirs, datasets, versions.where)

    def alike(text: str) -> str:
        gone = _own_stages(text, datasets, versions.where)
        return pipeline.set_stages(text, own, gone, versions.where)

    merged = merge(alike(versions.base), alike(versions.mine), versions.theirs)
    return _checked(merged, versions.where, f"the stages of {', '.join(datasets)}")


def resolved_parameters(versions: Versions, datasets: Collection[str], merge: Merge) -> str:
    """The `params.yaml` of both sides, with theirs parameters of the datasets' migrations.

    Raises: ConflictError: both changed something else. DocumentError: a version is not YAML.
    """
    found = load_mapping(versions.theirs, versions.where)[0].get(_PARAMETERS) or {}

    def alike(text: str) -> str:
        for name in datasets:
            if isinstance(found, dict) and name in found:
                text = set_entry(text, (_PARAMETERS, name), found[name], versions.where)
            else:
                text = remove_entry(text, (_PARAMETERS, name), versions.where)
        return text

    merged = merge(alike(versions.base), alike(versions.mine), versions.theirs)
    return _checked(merged, versions.where, f"the parameters of {', '.join(datasets)}")


def resolved_lock(versions: Versions, datasets: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """The `dvc.lock` of both sides, and the stages that both ran with other results, which are left out of it.

    What is not recorded runs again. Of the datasets' chains theirs stages stay.

    Raises: DocumentError: a version is not YAML.
    """
    texts = (versions.base, versions.mine, versions.theirs)
    base, mine, theirs = (load_mapping(text, versions.where)[0].get("stages") or {} for text in texts)
    stages: dict[str, Any] = {}
    dropped = []
    for name in dict.fromkeys([*theirs, *mine]):
        sides = base.get(name), mine.get(name), theirs.get(name)
        if _is_own(name, datasets) or sides[0] == sides[1] or sides[1] == sides[2]:
            taken = sides[2]
        elif sides[0] == sides[2]:
            taken = sides[1]
        else:
            dropped.append(name)
            continue
        if taken is not None:
            stages[name] = taken
    return dump({"schema": "2.0", "stages": stages} if stages else {"schema": "2.0"}), tuple(dropped)


def resolved_lines(versions: Versions) -> str:
    """The lines of mine, and those of theirs that it lacks; for a `.gitignore`."""
    mine = versions.mine.splitlines()
    return "".join(
        f"{line}\n" for line in [*mine, *(item for item in versions.theirs.splitlines() if item not in mine)]
    )


def merged_parameters(
    base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """The parameters of one migration that both sides have: who changed a value is followed.

    Raises: ConflictError: both changed one to different values.
    """
    found = dict(theirs)
    for name in {**base, **mine}:
        before, left, right = (side.get(name) for side in (base, mine, theirs))
        if left in (before, right):
            continue
        if right != before:
            raise ConflictError(
                f"both sides changed {name}: {left!r} and {right!r}", where=where, hint="set one of them in params.yaml"
            )
        found[name] = left
    return {name: value for name, value in found.items() if value is not None}


def _own_stages(text: str, datasets: Collection[str], where: str) -> dict[str, Any]:
    found = pipeline.stages(text, where)
    return {name: stage for name, stage in found.items() if _is_own(name, datasets) and pipeline.is_own_stage(stage)}


def _is_own(name: str, datasets: Collection[str]) -> bool:
    return any(re.fullmatch(rf"{re.escape(item)}(-m[0-9]{{4}}_.*)?", name) for item in datasets)


def _checked(merged: str | None, where: str, what: str) -> str:
    if merged is None:
        raise ConflictError(
            f"both sides changed more of {where} than {what}",
            where=where,
            hint=f"resolve the rest of it by hand, then: git add {where}, and again dsv migrate rebase",
        )
    return merged
