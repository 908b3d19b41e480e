"""Boxes as [x, y, width, height] from the left and the top, exact as decimals are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation


def less_half(centre: str, size: str) -> float:
    """A centre less half of a size, the double nearest to the exact result. Raises: ValueError."""
    return float(_decimal(centre) - _decimal(size) / 2)


def number(text: str) -> float:
    """A finite decimal number. Raises: ValueError: it is none; says so."""
    return float(_decimal(text))


def between(left: str, top: str, right: str, bottom: str) -> list[float]:
    """The box between two corners, each side the double nearest to the exact one.

    Raises: ValueError: a corner is no number.
    """
    x, y, right_end, bottom_end = map(_decimal, (left, top, right, bottom))
    return [float(x), float(y), float(right_end - x), float(bottom_end - y)]


def ellipse(centre_x: str, centre_y: str, radius_x: str, radius_y: str) -> list[float]:
    """The box around an ellipse that is not turned. Raises: ValueError: a part is no number."""
    x, y, half_width, half_height = map(_decimal, (centre_x, centre_y, radius_x, radius_y))
    return [float(x - half_width), float(y - half_height), float(half_width * 2), float(half_height * 2)]


def around(points: Sequence[float]) -> list[float]:
    """The box around points [x, y, x, y, …]."""
    xs, ys = points[::2], points[1::2]
    left, top = min(xs), min(ys)
    return [left, top, max(xs) - left, max(ys) - top]


def _decimal(text: str) -> Decimal:
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        found = Decimal("nan")
    if not math.isfinite(float(found)) or "_" in text:
        raise ValueError(f"{text.strip()[:40]!r} is no number")
    return found
