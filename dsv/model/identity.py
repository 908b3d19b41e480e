"""How rows are told apart where their ids are dealt afresh from one export to the next."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_IOU = 0.5
"""Boxes that overlap by at least this share of their union may be one box that was moved a little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One way to pair rows of two snapshots, tried on those that the rungs before it left alone.

    Rows pair that are equal in all `fields`; of several equal ones the first with the first. With
    `boxes`, the name of a field of boxes ([x, y, width, height], list<number>), those of the rows
    equal in `fields` pair whose boxes overlap most, by at least `least_iou` (intersection over
    union, 0-1); a null box overlaps none. `follows` are fields that are computed from the box, such
    as its area. With `sequence`, the name of a field that numbers groups of rows in order
    (sentences), rows pair only between groups of which no row has paired yet: between neighbours that
    have, the first such group with the first, where both sides have as many of them.
    """

    fields: tuple[str, ...]
    boxes: str | None = None
    least_iou: float = LEAST_IOU
    follows: tuple[str, ...] = ()
    sequence: str | None = None
