"""Datasets as `dvc.yaml` declares them: DVC artifacts of type `dataset` with `meta.dsv`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dsv.documents.decode import Problems, decode_into
from dsv.documents.edit import set_entry
from dsv.documents.pipeline import is_publish_stage
from dsv.documents.yaml import KeyPath, load_mapping
from dsv.errors import DocumentError
from dsv.model.dataset import Dataset, Media

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
NAME_RULE = "1 to 40 small letters, digits and hyphens, a letter first"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meta:
    key: str | tuple[str, ...] = ()
    label: str | tuple[str, ...] = ()
    split: str | None = None
    media: Media | None = None
    header: bool = True
    unlabelled: str | None = None
    pii: str | tuple[str, ...] = ()
    versions: Literal["local"] | None = None
    format: str | None = None


def datasets(text: str | bytes, path: str) -> tuple[Dataset, ...]:
    """The datasets that a `dvc.yaml` declares, in the order of their declaration.

    `path` is the file's repository path; paths in the file are relative to its folder, those of
    the datasets to the repository's top level.

    Raises: DocumentError with `path:line`: all that is wrong with the declarations.
    """
    document, lines = load_mapping(text, path)
    problems = Problems(path, lines)
    artifacts = document.get("artifacts") or {}
    if not isinstance(artifacts, Mapping):
        raise DocumentError("'artifacts' must be keys and values", where=problems.place(("artifacts",)))
    found = [
        _dataset(problems, document, str(name), artifact)
        for name, artifact in artifacts.items()
        if _is_declaration(artifact)
    ]
    problems.check()
    return tuple(item for item in found if item is not None)


def declare(text: str, dataset: Dataset) -> str:
    """The `dvc.yaml` text with a dataset added; every byte outside the addition stays.

    `dataset.declared_in` names the file and thereby the folder that paths are relative to.

    Raises: DocumentError: the name is bad or taken, or the text cannot be edited.
    """
    where, folder = dataset.declared_in, posixpath.dirname(dataset.declared_in)
    document, lines = load_mapping(text, where)
    if dataset.name in (document.get("artifacts") or {}):
        line = lines[("artifacts", dataset.name)]
        raise DocumentError(f"the artifact {dataset.name!r} is declared already", where=f"{where}:{line}")
    artifact: dict[str, Any] = {"path": _relative(dataset.path, folder), "type": "dataset"}
    if dataset.description is not None:
        artifact["desc"] = dataset.description
    artifact["meta"] = {"dsv": _meta(dataset, folder)}
    edited = set_entry(text, ("artifacts", dataset.name), artifact, where)
    datasets(edited, where)
    return edited


def set_path(text: str, name: str, path: str, declared_in: str = "dvc.yaml") -> str:
    """The `dvc.yaml` text with another path (relative to the repository's top level) for a dataset.

    Raises: DocumentError: no such declaration, or the text cannot be edited.
    """
    if not any(item.name == name for item in datasets(text, declared_in)):
        raise DocumentError(f"no dataset {name!r} is declared", where=declared_in)
    relative = _relative(path, posixpath.dirname(declared_in))
    return set_entry(text, ("artifacts", name, "path"), relative, declared_in)


def _is_declaration(artifact: Any) -> bool:
    if not isinstance(artifact, Mapping) or artifact.get("type") != "dataset":
        return False
    meta = artifact.get("meta")
    return isinstance(meta, Mapping) and "dsv" in meta


def _dataset(problems: Problems, document: Mapping[str, Any], name: str, artifact: Mapping[str, Any]) -> Any:
    place: KeyPath = ("artifacts", name)
    before = len(problems.found)
    _check_name(problems, document, name, place)
    folder = posixpath.dirname(problems.where)
    path = _repository_path(problems, artifact.get("path"), folder, (*place, "path"))
    description = decode_into(problems, str | None, artifact.get("desc"), (*place, "desc"))
    meta = decode_into(problems, _Meta, artifact["meta"]["dsv"] or {}, (*place, "meta", "dsv"))
    if len(problems.found) > before:
        return None
    media = meta.media
    if media is not None:
        root = _repository_path(problems, media.root, folder, (*place, "meta", "dsv", "media", "root"))
        media = Media(field=media.field, root=root)
    return Dataset(
        name=name,
        path=path,
        declared_in=problems.where,
        description=description,
        key=_names(meta.key),
        labels=_names(meta.label),
        split=meta.split,
        media=media,
        header=meta.header,
        unlabelled=meta.unlabelled,
        pii=_names(meta.pii),
        versions=meta.versions,
        format=meta.format,
    )


def _check_name(problems: Problems, document: Mapping[str, Any], name: str, place: KeyPath) -> None:
    if not NAME.fullmatch(name):
        problems.add(place, f"{name!r} cannot be a dataset's name", f"use {NAME_RULE}")
    stages = document.get("stages")
    if isinstance(stages, Mapping) and name in stages and not is_publish_stage(stages[name]):
        problems.add(place, f"a stage has the dataset's name {name!r}", "rename one of the two")


def _repository_path(problems: Problems, path: Any, folder: str, place: KeyPath) -> str:
    if path is None:
        problems.add(place[:-1], f"the key {place[-1]!r} is missing")
        return ""
    relative = decode_into(problems, str, path, place)
    if relative is None:
        return ""
    joined = posixpath.normpath(posixpath.join(folder, relative))
    if posixpath.isabs(joined) or joined.split("/")[0] == ".." or "\0" in joined or "\\" in joined:
        problems.add(place, f"the path leaves the repository: {relative!r}", "give a path below the repository")
    return joined


def _names(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _relative(path: str, folder: str) -> str:
    return posixpath.relpath(path, folder or ".")


def _meta(dataset: Dataset, folder: str) -> dict[str, Any]:
    media = dataset.media
    meta = {
        "key": list(dataset.key) or None,
        "label": dataset.labels[0] if len(dataset.labels) == 1 else list(dataset.labels) or None,
        "split": dataset.split,
        "media": None if media is None else {"field": media.field, "root": _relative(media.root, folder)},
        "header": None if dataset.header else False,
        "unlabelled": dataset.unlabelled,
        "pii": list(dataset.pii) or None,
        "versions": dataset.versions,
        "format": dataset.format,
    }
    return {key: value for key, value in meta.items() if value is not None}
