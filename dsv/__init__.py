"""Version control for datasets, on Git and DVC."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsv.api.frames import DiffFrames

__version__ = "0.1.0"

# The room of the same name binds `dsv.diff` when it is first imported; it must not do so after the function.
importlib.import_module("dsv.diff")


def diff(
    old: str | None = None,
    new: str | None = None,
    *,
    dataset: str | Sequence[str] = (),
    key: str | Sequence[str] = (),
    label: str | Sequence[str] = (),
    split: str | None = None,
    folder: str | Path = ".",
) -> DiffFrames:
    """What differs between two revisions (or two files), as pandas frames.

    Without revisions HEAD is compared with the workspace, with one that revision with the
    workspace, as in `git diff`; a range `A..B` is one revision. `dataset` names datasets or paths;
    `folder` is any folder of the repository.

    Raises: dsv.errors.DsvError: what was asked for cannot be compared.
    """
    from dsv.api.diff import DiffOptions, compare
    from dsv.api.frames import DiffFrames

    words = [word for word in (old, new) if word is not None]
    targets = _names(dataset)
    options = DiffOptions(key=_names(key), labels=_names(label), split=split)
    return DiffFrames(compare(Path(folder).resolve(), words, targets or None, options))


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
