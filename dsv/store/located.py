"""How a file or folder is held at a revision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["git", "dvc", "dvc-folder", "stage", "untracked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A file or folder at a revision or in the workspace, and who keeps its bytes.

    `path` is a repository path, `revision` the revision's name. `kind`: "git" a blob, or a folder
    with files that Git keeps (DVC may keep others of them); "dvc" the output of a `.dvc` file;
    "dvc-folder" a file or folder in such a folder; "stage" a stage's output in a `dvc.lock`;
    "untracked" what is in the workspace and neither knows.

    `blob` is Git's id of the bytes, None where the work file differs from it. `md5`, `pointer`,
    `stage`, `legacy` and `size` (bytes) are what DVC recorded, also of a stage's output that Git
    keeps. `file` is the workspace's file or folder, None at a revision and where it is not checked
    out. `within` is the folder that DVC keeps and that a folder of kind "dvc-folder" is in.
    """

    path: str
    revision: str
    kind: Kind
    blob: str | None = None
    md5: str | None = None
    pointer: str | None = None
    stage: str | None = None
    legacy: bool = False
    size: int | None = None
    file: Path | None = None
    is_folder: bool = False
    within: Located | None = None
