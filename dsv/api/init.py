"""`dsv init`: declare a dataset; set up DVC where it is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from dsv.api.names import PIPELINE
from dsv.api.opening import open_workspace
from dsv.api.snapshots import tree_snapshot
from dsv.diff.keys import infer
from dsv.documents.declarations import NAME, declare
from dsv.errors import DataMissing, SchemaError, UsageError, did_you_mean
from dsv.files import write_text
from dsv.formats.base import scan
from dsv.model.dataset import Dataset
from dsv.model.identity import Rung
from dsv.model.snapshot import Snapshot
from dsv.profiles.build import check_split
from dsv.profiles.infer import distinct, infer_label, infer_split, like_ids
from dsv.store import dvc
from dsv.store.journal import transaction
from dsv.store.repository import Repository
from dsv.store.revisions import workspace as workspace_revision
from dsv.store.trees import Tree
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """What was declared, in sentences; and the commands that come next."""

    dataset: Dataset | None
    lines: tuple[str, ...]
    next_steps: tuple[str, ...]


def init(
    start: Path,
    path: Path | None,
    *,
    key: tuple[str, ...] = (),
    labels: tuple[str, ...] = (),
    split: str | None = None,
    header: bool = True,
    name: str | None = None,
    form: str | None = None,
) -> Initialised:
    """Declare the table at `path` in `dvc.yaml`; what is not given is inferred from its rows.

    `form` is the format of a file or folder whose name and content do not tell it.

    Raises: DsvError: there is no such table, a field is unknown, or it is declared already; nothing
        is written then.
    """
    repository = Repository.discover(start)
    if path is None:
        lines = _set_up(repository)
        return Initialised(dataset=None, lines=lines, next_steps=("dsv init PATH",))
    file = start / path
    relative = repository.relative(file)
    if not file.exists():
        raise DataMissing(f"there is no file {str(path)!r}", hint="dsv init PATH, with the path of a table")
    tree = Tree(repository, workspace_revision())
    located = tree.find(relative)
    if located is None:
        raise UsageError(f"{str(path)!r} cannot be a dataset", hint="name a file, or a folder below the repository's")
    snapshot = tree_snapshot(tree, located, given=form, header=header)
    declared, evidence = _described(snapshot, key=key, labels=labels, split=split)
    declared = replace(declared, format=form)
    folder = repository.dvc_root or repository.root
    pipeline = repository.relative(folder / PIPELINE)
    declared = replace(declared, name=name or _proposed(file), declared_in=pipeline)
    workspace = open_workspace(start, dvc=False)
    _check_new(declared, workspace.declared)
    target = folder / PIPELINE
    text = declare(target.read_text(encoding="utf-8") if target.exists() else "", declared)
    with transaction(repository, "init"):
        lines = _set_up(repository)
        write_text(target, text)
    lines += (f"declared {declared.name} in {pipeline}: {relative}", *(f"  {line}" for line in evidence))
    return Initialised(dataset=declared, lines=lines, next_steps=("dsv commit -m 'Add " + declared.name + "'",))


def _set_up(repository: Repository) -> tuple[str, ...]:
    if repository.dvc_root is not None:
        return ()
    dvc.init(repository)
    return ("set up DVC",)


def _described(
    snapshot: Snapshot, *, key: tuple[str, ...], labels: tuple[str, ...], split: str | None
) -> tuple[Dataset, list[str]]:
    """The declaration without its name, and why it is as it is."""
    relative, header = snapshot.shown_path, snapshot.options.header
    evidence: list[str] = []
    with Engine() as engine:
        scanned = scan(engine, snapshot)
        table = scanned.table
        for field in (*key, *labels, *((split,) if split else ())):
            _check_field(table, field, relative)
        evidence += [f"label {name}: the classes of {snapshot.format}" for name in scanned.labels if not labels]
        labels, split = labels or scanned.labels, split or scanned.split
        evidence += like_ids(table, labels)
        if split:
            check_split(split, distinct(table, split))
        else:
            split, why = infer_split(table, exclude=(*key, *labels))
            evidence.append(why)
        if not labels:
            label, why = infer_label(table, exclude=(*key, *((split,) if split else ())))
            labels = (label,) if label else ()
            evidence.append(why)
        if key:
            _check_unique(table, key, relative)
        elif scanned.identity:
            evidence.append(f"key: none; {snapshot.format} rows are told apart by {_told_by(scanned.identity)}")
        else:
            key, why = infer(table, table, exclude=(*labels, *((split,) if split else ())))
            evidence.append(why or "key: none found; rows are compared as a whole (give one with -k)")
        evidence.append(f"{table.count():,} rows, {len(table.schema.fields)} fields")
    given = Dataset(name="", path=relative, key=key, labels=labels, split=split, header=header)
    return given, evidence


def _told_by(identity: tuple[Rung, ...]) -> str:
    """The fields that a format tells its rows apart by."""
    names = [name for rung in identity for name in (*rung.fields, rung.boxes) if name is not None]
    return ", ".join(dict.fromkeys(names))


def _check_field(table: Table, field: str, where: str) -> None:
    if field not in table.schema:
        raise SchemaError(f"there is no field {field!r}", where=where, hint=did_you_mean(field, table.schema.names))


def _check_unique(table: Table, key: tuple[str, ...], where: str) -> None:
    columns = ", ".join(table.text(name) for name in key)
    rows, distinct = table.engine.rows(
        f"SELECT sum(n), count(*) FROM (SELECT count(*) AS n FROM {table.relation} GROUP BY {columns})"
    )[0]
    if rows is not None and rows != distinct:
        raise SchemaError(
            f"the key {', '.join(key)} is not unique: {rows - distinct:,} rows repeat one",
            where=where,
            hint="choose more fields (-k A -k B), or take the repeated rows out",
        )


def _proposed(file: Path) -> str:
    stem = file.name.partition(".")[0].lower()
    name = re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:40].strip("-")
    if not NAME.fullmatch(name):
        raise UsageError(f"no dataset name can be made of {file.name!r}", hint="--name NAME")
    return name


def _check_new(declared: Dataset, known: tuple[Dataset, ...]) -> None:
    for item in known:
        if item.path == declared.path:
            raise UsageError(f"{declared.path} is declared already, as {item.name}", where=item.declared_in)
        if item.name == declared.name:
            raise UsageError(f"a dataset {item.name!r} is declared already, at {item.path}", hint="--name ANOTHER")
