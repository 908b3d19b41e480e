"""Revisions: Git's word for a point in history, and `workspace` for the work tree."""

from __future__ import annotations

from dataclasses import dataclass

WORKSPACE = "workspace"
SETTINGS_FROM = "DSV_SETTINGS_FROM"
"""The variable that names the revision whose settings are trusted; while it does, no code of the work tree runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A revision as the user named it, and the commit it stands for.

    `commit` is the full hexadecimal commit id; None for the workspace and for plain files.
    """

    name: str
    commit: str | None = None
