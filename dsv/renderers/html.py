"""A review as one HTML file that loads nothing: what matters first, then every changed row to search.

The page may only run the script that is shipped with dsv, by its hash; values from the data are text in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsv.model.review import Review
from dsv.renderers._report.page import page
from dsv.renderers._report.parts import Part, parts
from dsv.renderers._report.rows import MOST_BYTES, MOST_ROWS, Packing
from dsv.renderers._report.thumbnails import Thumbnails


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


def _packed(found: tuple[Part, ...], packing: Packing) -> Iterator[tuple[int, str]]:
    for part in found:
        for chunk in packing.chunks(part):
            yield part.number, chunk


plugin = stream
