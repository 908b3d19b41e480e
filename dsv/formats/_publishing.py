"""Publishing through the format of the base: its very bytes where nothing changed."""

from __future__ import annotations

import gzip
import shutil
from typing import IO, cast

from dsv.formats._changes import find
from dsv.formats.base import Publication, format_of


def publish(publication: Publication, stream: IO[bytes]) -> None:
    """Write the final rows as the base is written. Raises: FormatError: the base cannot be read."""
    base = publication.base
    if find(publication).none():
        with base.path.open("rb") as source:
            shutil.copyfileobj(source, stream, 1 << 20)
    elif base.gzip:
        with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0) as zipped:
            format_of(base).publish(publication, cast(IO[bytes], zipped))
    else:
        format_of(base).publish(publication, stream)
