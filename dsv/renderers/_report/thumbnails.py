"""Small images of rows, before and after: few, small, decoded only when their header says that they are harmless.

An image is decoded and written anew, so that nothing of the file but its pixels is in the page.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dsv.model.diff import RowChange

Thumbnails = Callable[[str, RowChange], tuple[Path | None, Path | None]]
"""The files of a dataset's row, before and after; None where there is none."""

MOST_IMAGES = 400
MOST_FILE_BYTES = 20_000_000
MOST_PIXELS = 50_000_000
MOST_BYTES = 4_000_000
SIDE_PIXELS = 128
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")


class Gallery:
    """Gives images as `data:` texts, until there are enough of them."""

    def __init__(self, thumbnails: Thumbnails | None) -> None:
        self._thumbnails = thumbnails if _pillow() else None
        self._images, self._bytes = MOST_IMAGES, MOST_BYTES

    def images(self, dataset: str, change: RowChange) -> list[str | None]:
        """The row's images before and after; empty where there are none, or were enough."""
        if self._thumbnails is None or self._images <= 0 or self._bytes <= 0:
            return []
        found = [None if path is None else thumbnail(path) for path in self._thumbnails(dataset, change)]
        self._images -= sum(image is not None for image in found)
        self._bytes -= sum(len(image or "") for image in found)
        return found if any(found) else []


def thumbnail(path: Path) -> str | None:
    """A file as a small image, `data:image/…`; None if it is none, or too large to be opened."""
    from PIL import Image, ImageOps

    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_FILE_BYTES:
            return None
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                return None
            image.draft("RGB", (SIDE_PIXELS, SIDE_PIXELS))
            small = ImageOps.exif_transpose(image).convert("RGBA")
            small.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
            return _written(small)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None


def _written(image: Any) -> str:
    from PIL import Image

    clean = Image.new("RGBA", image.size)
    clean.paste(image)
    stream = io.BytesIO()
    clean.save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def _pillow() -> bool:
    """Thumbnails are an extra (`pip install 'dsv-data[thumbnails]'`)."""
    import importlib.util

    return importlib.util.find_spec("PIL") is not None
