"""Revisions: Git's word for a point in history, and `workspace` for the work tree."""

from __future__ import annotations

from dataclasses import dataclass

WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A revision as the user named it, and the commit it stands for.

    `commit` is the full hexadecimal commit id; None for the workspace and for plain files.
    """

    name: str
    commit: str | None = None
