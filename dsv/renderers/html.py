"""A review as one HTML file that loads nothing: what matters first, then every changed row to search.

The page may only run the script that is shipped with dsv, by its hash; values from the data are text in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dsv.model.diff import KINDS
from dsv.model.review import Review
from dsv.renderers._report.page import page
from dsv.renderers._report.parts import Part, parts
from dsv.renderers._report.rows import MOST_BYTES, MOST_ROWS, Packed, Packing, Spelling, as_sample
from dsv.renderers._report.thumbnails import Gallery, Thumbnails


def stream(
    review: Review,
    *,
    thumbnails: Thumbnails | None = None,
    most_rows: int = MOST_ROWS,
    most_bytes: int = MOST_BYTES,
) -> Iterator[str]:
    """Pieces of the file, in order; rows are read while it is written.

    `thumbnails` gives the images of a row. At most `most_rows` rows and about `most_bytes` of packed rows
    are in the file, which says when some are not.
    """
    found = parts(review)
    packing = Packing(thumbnails, most_rows=most_rows, most_bytes=most_bytes)
    return page(review, found, _packed(found, packing), packing.report)


def spelled(review: Review, thumbnails: Thumbnails | None = None) -> Iterator[tuple[int, list[Any]]]:
    """All changed rows, each with the number of its table, as the script of the page takes them."""
    gallery = Gallery(thumbnails)
    for part in parts(review):
        spell = Spelling(part, gallery)
        for change in part.diff.changes.rows(KINDS) if part.diff.changes is not None else ():
            yield part.number, spell.row(change)


def framed(review: Review, samples: Mapping[int, Sequence[list[Any]]], served: Mapping[str, Any]) -> Iterator[str]:
    """Pieces of the page without its rows, which the script asks the server of the page for.

    `samples` are a few rows of each table that has any, `served` what a `Store` offers.
    """
    found = parts(review)
    totals = served["totals"]
    report = {part.number: Packed(rows=totals.get(part.number, 0)) for part in found}
    for number, rows in samples.items():
        report[number].sample = [as_sample(row) for row in rows]
    for part in found:
        report[part.number].left = report[part.number].rows < part.diff.rows.differing
    return page(review, found, iter(()), report, served=served)


def _packed(found: tuple[Part, ...], packing: Packing) -> Iterator[tuple[int, str]]:
    for part in found:
        for chunk in packing.chunks(part):
            yield part.number, chunk


plugin = stream
