"""The stages of a chain, as `dvc.yaml` holds them: one a migration, and one that publishes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dsv.migrations.foretell import Foretold
from dsv.model.migration import BASE_ID, Base, Effect
from dsv.model.profile import counts_path, profile_path
from dsv.profiles.counts import TEMPLATE

Stage = dict[str, Any]


def stage_name(dataset: str, migration: str) -> str:
    """The name of a migration's stage. The publish stage is named like the dataset."""
    return f"{dataset}-{migration}"


def stages(
    base: Base,
    applied: Sequence[Foretold],
    *,
    versions_folder: str,
    documents_folder: str,
    cached: bool,
    pushed: bool = True,
) -> dict[str, Stage]:
    """The stages of the applied migrations, in order, and the publish stage at the end.

    The folders are repository paths, as are the paths in `base` and `applied`. `cached`: DVC keeps
    the published file (else Git does). `pushed`: versions go to the remote. The effect stands in a
    stage's `meta`, as far as it is known without rows, so that it is the same for everybody.
    """
    pinned = f"{documents_folder}/{BASE_ID}.yaml"
    result: dict[str, Stage] = {}
    source, head = base.path, BASE_ID
    for item in applied:
        migration = item.migration
        version = f"{versions_folder}/{migration.id}"
        result[stage_name(base.dataset, migration.id)] = _migration_stage(
            base, item, source, pinned, version if pushed else {version: {"push": False}}
        )
        source, head = version, migration.id
    state = applied[-1].after if applied else base.state
    result[base.dataset] = _publish_stage(base, head, source, pinned, cached=cached, labelled=bool(state.labels))
    return result


def _migration_stage(base: Base, item: Foretold, source: str, pinned: str, out: Any) -> Stage:
    migration = item.migration
    stage: Stage = {
        "desc": migration.title,
        "cmd": f"dsv migrate run {base.dataset} {migration.id}",
        "deps": [source, migration.path, *migration.side_files, pinned],
    }
    if migration.tuned:
        stage["params"] = [f"migrations.{base.dataset}.{migration.id}"]
    stage["outs"] = [out]
    stage["meta"] = {"dsv": _told(item.effect)}
    return stage


def _told(effect: Effect) -> dict[str, str]:
    """An effect in a word, and the axes that it changes."""
    return {"effect": effect.summary, **{name: value for name, value in asdict(effect).items() if value != "same"}}


def _publish_stage(base: Base, head: str, source: str, pinned: str, *, cached: bool, labelled: bool) -> Stage:
    stage: Stage = {
        "desc": f"Publish {base.dataset} in the format of its base",
        "cmd": f"dsv migrate publish {base.dataset} {head}",
        "deps": list(dict.fromkeys([base.path, source, pinned])),
        "outs": [base.publishes if cached else {base.publishes: {"cache": False}}],
        "metrics": [{profile_path(base.publishes): {"cache": False}}],
    }
    if labelled:
        drawn = {"cache": False, "template": TEMPLATE, "x": "rows", "y": "class", "title": f"{base.dataset}: classes"}
        stage["plots"] = [{counts_path(base.publishes): drawn}]
    return stage
