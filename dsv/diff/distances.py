"""How far apart two class distributions are."""

from __future__ import annotations

import math
from collections.abc import Mapping

ClassCounts = Mapping[str | None, int] | Mapping[str, int]


def js_distance(old: ClassCounts, new: ClassCounts) -> float | None:
    """Jensen-Shannon distance (base 2, 0-1) of two class distributions; None if a side has no class."""
    names = sorted({name for name in (*old, *new) if name is not None})
    total_old, total_new = (sum(side.get(name, 0) for name in names) for side in (old, new))
    if not total_old or not total_new:
        return None
    shares = [(old.get(name, 0) / total_old, new.get(name, 0) / total_new) for name in names]
    divergence = math.fsum(_surprise(p, (p + q) / 2) + _surprise(q, (p + q) / 2) for p, q in shares) / 2
    return math.sqrt(min(max(divergence, 0.0), 1.0))


def _surprise(share: float, mean: float) -> float:
    return share * math.log2(share / mean) if share else 0.0
