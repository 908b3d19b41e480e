"""The stages of `dvc.yaml`, what depends on them, and the parameters of migrations in `params.yaml`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dsv.documents.edit import remove_entry, set_entry
from dsv.documents.yaml import load_mapping
from dsv.errors import DocumentError

OWN_COMMAND = "dsv migrate "
_PUBLISH_COMMAND = OWN_COMMAND + "publish "
_OUTPUT_KEYS = ("outs", "metrics", "plots")
_TEMPLATE = re.compile(r"\$\{[^}]*\}")


def stages(text: str | bytes, where: str = "dvc.yaml") -> Mapping[str, Mapping[str, Any]]:
    """The stages by name, in order, each as it is written.

    Raises: DocumentError with `where:line`: not a pipeline document.
    """
    document, lines = load_mapping(text, where)
    found = document.get("stages") or {}
    if not isinstance(found, Mapping):
        raise DocumentError("'stages' must be keys and values", where=f"{where}:{lines[('stages',)]}")
    for name, stage in found.items():
        if not isinstance(stage, Mapping):
            line = lines[("stages", name)]
            raise DocumentError(f"the stage {name!r} must be keys and values", where=f"{where}:{line}")
    return found


def set_stages(
    text: str, new: Mapping[str, Mapping[str, Any]], remove: Iterable[str] = (), where: str = "dvc.yaml"
) -> str:
    """The text with stages taken out and put in; every byte outside these stages stays.

    A stage that is there is replaced in place; the others follow the existing ones, in their order.

    Raises: DocumentError: the text is no pipeline document or cannot be edited.
    """
    stages(text, where)
    for name in remove:
        if name not in new:
            text = remove_entry(text, ("stages", name), where)
    for name, stage in new.items():
        text = set_entry(text, ("stages", name), stage, where)
    return text


def remove_locked(text: str, names: Iterable[str], where: str = "dvc.lock") -> str:
    """The text of a `dvc.lock` without what it records of these stages.

    Raises: DocumentError: the text is not YAML or cannot be edited.
    """
    for name in names:
        text = remove_entry(text, ("stages", name), where)
    return text


def is_own_stage(stage: Any) -> bool:
    """Say whether a stage runs dsv's migrations."""
    return _command(stage).startswith(OWN_COMMAND)


def is_publish_stage(stage: Any) -> bool:
    """Say whether a stage is one that publishes a dataset with a chain."""
    return _command(stage).startswith(_PUBLISH_COMMAND)


def outputs(stage: Mapping[str, Any], folder: str = "") -> tuple[str, ...]:
    """Repository paths of what a stage writes; `folder` is its `dvc.yaml`'s.

    A path that is nothing but a `${…}` is left out.
    """
    body, base = _body(stage, folder)
    found = [path for key in _OUTPUT_KEYS for path in _paths(body.get(key))]
    return tuple(posixpath.normpath(posixpath.join(base, path)) for path in found)


def dependencies(stage: Mapping[str, Any], folder: str = "") -> tuple[str, ...]:
    """Repository paths of what a stage reads, parameter files that it names included.

    A path that is nothing but a `${…}` is left out.
    """
    body, base = _body(stage, folder)
    files = [path for item in _list(body.get("params")) if isinstance(item, Mapping) for path in item]
    found = [*_paths(body.get("deps")), *_paths(files)]
    return tuple(posixpath.normpath(posixpath.join(base, path)) for path in found)


def downstream(text: str, paths: Iterable[str], where: str = "dvc.yaml") -> tuple[str, ...]:
    """The user's stages that depend on these repository paths, directly or through other stages.

    In order of the file; dsv's own stages are followed and left out. A path with a `${…}` in it is
    taken to match wherever the text around the template does.

    Raises: DocumentError: the text is no pipeline document.
    """
    folder = posixpath.dirname(where)
    known = stages(text, where)
    waiting, reached = list(paths), set[str]()
    while waiting:
        path = waiting.pop()
        for name, stage in known.items():
            if name not in reached and any(_touch(path, used) for used in dependencies(stage, folder)):
                reached.add(name)
                waiting.extend(outputs(stage, folder))
    return tuple(name for name, stage in known.items() if name in reached and not is_own_stage(stage))


def parameters(text: str, dataset: str, migration_id: str, where: str = "params.yaml") -> Mapping[str, Any]:
    """The parameters of one migration: `migrations.<dataset>.<id>`; empty if there are none.

    Raises: DocumentError: not YAML, or not keys and values on the way there.
    """
    value, lines = load_mapping(text, where)
    path: tuple[str, ...] = ()
    for key in _keys(dataset, migration_id):
        path = (*path, key)
        value = value.get(key) or {}
        if not isinstance(value, dict):
            line = lines[path]
            raise DocumentError(f"'{'.'.join(path)}' must be keys and values", where=f"{where}:{line}")
    return value


def set_parameters(
    text: str, dataset: str, migration_id: str, values: Mapping[str, Any], where: str = "params.yaml"
) -> str:
    """The text with parameters of one migration set; its other parameters and all comments stay.

    Raises: DocumentError: the text cannot be edited.
    """
    parameters(text, dataset, migration_id, where)
    for name, value in values.items():
        text = set_entry(text, (*_keys(dataset, migration_id), name), value, where)
    return text


def remove_parameters(text: str, dataset: str, migration_id: str, where: str = "params.yaml") -> str:
    """The text without the parameters of one migration, and without what that leaves empty.

    Raises: DocumentError: the text cannot be edited.
    """
    return remove_entry(text, _keys(dataset, migration_id), where)


def _keys(dataset: str, migration_id: str) -> tuple[str, str, str]:
    return ("migrations", dataset, migration_id)


def _command(stage: Any) -> str:
    command = stage.get("cmd") if isinstance(stage, Mapping) else None
    return command if isinstance(command, str) else ""


def _body(stage: Mapping[str, Any], folder: str) -> tuple[Mapping[str, Any], str]:
    inner = stage.get("do")
    body = inner if isinstance(inner, Mapping) else stage
    return body, posixpath.join(folder, str(body.get("wdir") or "."))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _paths(value: Any) -> Iterator[str]:
    for item in _list(value):
        for path in map(str, item) if isinstance(item, Mapping) else (str(item),):
            if "${" not in path or _TEMPLATE.sub("", path).strip("./"):
                yield path


def _touch(written: str, read: str) -> bool:
    return _covers(written, read) or _covers(read, written)


def _covers(folder: str, path: str) -> bool:
    """Say whether a path is a folder's or below it, a `${…}` of the folder's standing for any text."""
    literal = map(re.escape, _TEMPLATE.split(folder))
    return folder == "." or re.fullmatch(".*".join(literal) + "(/.*)?", path) is not None
