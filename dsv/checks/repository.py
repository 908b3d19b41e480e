"""What a branch changes around the data: settings of DVC, commands, declarations, thresholds."""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from dsv.diff.findings import named
from dsv.documents import pipeline
from dsv.documents.yaml import load_mapping
from dsv.errors import DocumentError
from dsv.model.dataset import Dataset
from dsv.model.finding import Finding

Texts = Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A finding about a file of the repository."""

    finding: Finding
    path: str


def of_settings(old: Texts, new: Texts) -> Iterator[Placed]:
    """Settings of DVC (`.dvc/config` files, by repository path) that differ, by name; their values are not told."""
    for path in sorted({*old, *new}):
        before, after = (_settings(side.get(path, b"")) for side in (old, new))
        if before == after:
            continue
        known = None not in (before, after)
        names = sorted(
            name for name in {*(before or {}), *(after or {})} if (before or {}).get(name) != (after or {}).get(name)
        )
        said = named(names) if known else "they cannot be read on both sides"
        message = f"settings of DVC changed, which say where data comes from and what runs to fetch it: {said}"
        finding = Finding(rule="remote-changed", level="error", message=message, count=max(1, len(names)))
        yield Placed(finding=finding, path=path)


def of_pipelines(old: Texts, new: Texts) -> Iterator[Placed]:
    """Stages of `dvc.yaml` files whose command is new or changed, but for those that run dsv's migrations.

    The values that a template of a command takes from other files are not looked at.
    """
    for path in sorted(new):
        before, after = (_commands(side.get(path, b""), path) for side in (old, new))
        changed = [name for name, command in after.items() if before.get(name) != command]
        if changed:
            one = "1 stage has" if len(changed) == 1 else f"{len(changed):,} stages have"
            message = f"{one} a new command, which dvc repro runs: {named(changed)}"
            finding = Finding(rule="command-changed", level="warning", message=message, count=len(changed))
            yield Placed(finding=finding, path=path)


def of_declaration(old: Dataset, new: Dataset | None, renamed: Mapping[str, str]) -> Iterator[Finding]:
    """What a dataset is declared to be; None: its data is there, and the new side declares it no more.

    `renamed` are fields that have another name, by the name before.
    """
    if new is None:
        message = "the dataset is there, and not declared any more: nothing says what its key and labels are"
        if old.pii:
            message += f", nor that these are personal data (hidden here all the same): {named(old.pii)}"
        yield Finding(
            rule="privacy-weakened" if old.pii else "declaration-changed",
            level="error" if old.pii else "warning",
            message=message,
            count=max(1, len(old.pii)),
            dataset=old.name,
        )
        return
    lost = [name for name in old.pii if renamed.get(name, name) not in new.pii]
    if lost:
        one = "a field is" if len(lost) == 1 else f"{len(lost):,} fields are"
        message = f"{one} no longer declared to hold personal data (hidden here all the same): {named(lost)}"
        yield Finding(rule="privacy-weakened", level="error", message=message, count=len(lost), dataset=new.name)
    told = {"labels": "label"}
    changed = [
        told.get(item.name, item.name)
        for item in fields(Dataset)
        if item.name not in ("description", "pii", "declared_in") and getattr(old, item.name) != getattr(new, item.name)
    ]
    if changed:
        message = f"the declaration says something else of: {named(changed)}"
        yield Finding(
            rule="declaration-changed", level="warning", message=message, count=len(changed), dataset=new.name
        )


def of_checks(old: Texts, new: Texts) -> Iterator[Placed]:
    """Files of parameters whose `checks` differ."""
    for path in sorted({*old, *new}):
        before, after = (_checks(side.get(path, b""), path) for side in (old, new))
        if before != after:
            names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
            message = f"what this review holds datasets to changed (that of the base counts): {named(names)}"
            finding = Finding(rule="checks-changed", level="warning", message=message, count=len(names))
            yield Placed(finding=finding, path=path)


def _settings(text: bytes) -> dict[str, str] | None:
    """The settings by section and name; None for what is no such file."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    try:
        parser.read_string(text.decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError):
        return None
    return {f"{section}.{name}": value for section in parser.sections() for name, value in parser.items(section)}


def _commands(text: bytes, path: str) -> dict[str, Any]:
    """What each stage runs and where, and what their commands are filled in from.

    A text that is no pipeline has no stage, and DVC refuses it.
    """
    try:
        stages = pipeline.stages(text, path) if text else {}
        filled = load_mapping(text, path)[0].get("vars") if text else None
    except DocumentError:
        return {}
    found: dict[str, Any] = {} if filled is None else {"vars": filled}
    for name, stage in stages.items():
        if not pipeline.is_own_stage(stage):
            body = stage.get("do", stage) if isinstance(stage.get("do", stage), Mapping) else stage
            told = ("cmd", "wdir", "vars")
            found[str(name)] = (*map(body.get, told), stage.get("foreach"), stage.get("matrix"))
    return found


def _checks(text: bytes, path: str) -> Mapping[str, Any]:
    try:
        found = load_mapping(text, path)[0].get("checks") if text else None
    except DocumentError:
        return {}
    return found if isinstance(found, Mapping) else {}
