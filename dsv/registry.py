"""Leaves found by file name: the name that users type is the module's name."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any

from dsv.errors import UnknownName, did_you_mean

ROOMS = ("formats", "operations", "renderers", "checks")


def names(room: str) -> list[str]:
    """Names of the leaves of a room, sorted. Imports nothing."""
    return list(_names(room))


@cache
def _names(room: str) -> tuple[str, ...]:
    folder = Path(__file__).parent / room
    found = (item.name for item in pkgutil.iter_modules([str(folder)]))
    return tuple(sorted(name for name in found if name != "base" and not name.startswith("_")))


def get(room: str, name: str) -> Any:
    """The `plugin` of a leaf; imports that leaf alone.

    Raises: UnknownName: the room has no such leaf; the hint has the nearest name.
    """
    known = names(room)
    if name not in known:
        raise UnknownName(f"unknown {room[:-1]} {name!r}", hint=did_you_mean(name, known))
    return importlib.import_module(f"dsv.{room}.{name}").plugin
