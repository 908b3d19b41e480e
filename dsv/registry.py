"""Leaves found by file name: the name that users type is the module's name."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

from dsv.errors import UnknownName, did_you_mean

ROOMS = ("formats", "operations", "renderers", "checks")


def names(room: str) -> list[str]:
    """Names of the leaves of a room, sorted. Imports nothing."""
    folder = Path(__file__).parent / room
    return sorted(
        item.name
        for item in pkgutil.iter_modules([str(folder)])
        if item.name != "base" and not item.name.startswith("_")
    )


def get(room: str, name: str) -> Any:
    """The `plugin` of a leaf; imports that leaf alone.

    Raises: UnknownName: the room has no such leaf; the hint has the nearest name.
    """
    known = names(room)
    if name not in known:
        raise UnknownName(f"unknown {room[:-1]} {name!r}", hint=did_you_mean(name, known))
    return importlib.import_module(f"dsv.{room}.{name}").plugin
