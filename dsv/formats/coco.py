"""COCO: one JSON document of images, categories, and annotations that name both by id."""

from __future__ import annotations

from typing import IO

from dsv.errors import FormatError
from dsv.formats._coco.publish import write
from dsv.formats._coco.scan import scan
from dsv.formats._json.document import pieces
from dsv.formats._shared.changes import publish
from dsv.formats.base import Format, Publication, Scan
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import Engine

_LOOK_BYTES = 1 << 20


class Coco:
    """Files of COCO's object detection, segmentation, keypoint and caption annotations.

    A row is an annotation. It names its image by file name and its class by name, as ids are dealt
    afresh from one export to the next.
    """

    suffixes = ()
    shared_suffixes = (".json",)
    enclosed = "annotations to COCO: they belong to images, which are no rows"
    generic = False

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether the beginning of a file has images or annotations as COCO has them."""
        if snapshot.members is not None:
            return False
        lists = set()
        try:
            for piece in pieces(snapshot, _LOOK_BYTES):
                if piece.kind == "open":
                    lists.add(piece.name)
                if piece.kind == "element" and piece.index == 0 and _is_coco(piece.name, piece.value):
                    return True
        except (FormatError, OSError):
            # Cut off, or broken: what stands before tells.
            pass
        return {"images", "annotations"} <= lists

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """None: every element keeps its own spelling."""
        return None

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the annotations as a table; images, categories and the like are its parts. Raises: FormatError."""
        return scan(engine, snapshot)

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final annotations and categories; what did not change keeps its bytes. Raises: FormatError."""
        publish(publication, stream, write)


def _is_coco(name: str, value: object) -> bool:
    if not isinstance(value, dict):
        return False
    if name == "images":
        return "id" in value and bool({"file_name", "width", "coco_url"} & value.keys())
    return name == "annotations" and "image_id" in value and bool({"id", "category_id", "caption"} & value.keys())


plugin: Format = Coco()
