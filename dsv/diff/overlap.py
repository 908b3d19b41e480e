"""Boxes, [x, y, width, height], and by how much two of them overlap."""

from __future__ import annotations


def box(column: str) -> str:
    """SQL for a cell as a box (DOUBLE[]), NULL unless it is four finite numbers."""
    cell = f"TRY_CAST({column} AS DOUBLE[])"
    finite = f"len(list_filter({cell}, lambda dsv_number: isfinite(dsv_number))) = 4"
    return f"CASE WHEN len({cell}) = 4 AND {finite} THEN {cell} END"


def intersection_over_union(one: str, other: str) -> str:
    """SQL for the overlap of two boxes as a share of their union (0-1); NULL where a side has no box or no area."""
    width, height = (
        f"greatest(0, least({one}[{at}] + {one}[{at + 2}], {other}[{at}] + {other}[{at + 2}]) "
        f"- greatest({one}[{at}], {other}[{at}]))"
        for at in (1, 2)
    )
    shared = f"({width} * {height})"
    union = f"(({one}[3] * {one}[4] + {other}[3] * {other}[4]) - {shared})"
    return f"CASE WHEN {union} > 0 THEN {shared} / {union} END"
