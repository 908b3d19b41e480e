"""Publishing COCO: annotations and categories that did not change keep their bytes, and all other lists do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from dsv.errors import FormatError
from dsv.formats._coco.categories import Categories, planned
from dsv.formats._coco.lists import ANNOTATIONS, CATEGORIES, IMAGES
from dsv.formats._json.document import pieces
from dsv.formats._json.spans import Members
from dsv.formats._shared import spelling
from dsv.formats._shared.changes import Changes, RowEdit
from dsv.model.snapshot import Snapshot
from dsv.model.values import shown

FIXED = ("image", "category", "id")
"""Fields that other lists of the document hold, or that they refer to."""


def write(changes: Changes, edits: Iterator[RowEdit], added: Iterator[Mapping[str, Any]], out: IO[bytes]) -> int:
    """Write the base's document with the final annotations and categories; the number of annotations.

    Raises: FormatError: the document cannot hold them.
    """
    base = changes.publication.base
    _check(changes, added)
    images, categories = _named(base)
    writer = _Writer(changes, images, planned(changes, categories), edits)
    for piece in pieces(base):
        if piece.name == ANNOTATIONS and piece.kind == "element":
            writer.element(out, writer.annotation(piece.index, piece.text))
        elif piece.name == CATEGORIES and piece.kind == "element":
            writer.element(out, writer.categories.texts[piece.index])
        elif piece.name in (ANNOTATIONS, CATEGORIES) and piece.kind == "gap":
            writer.gap += piece.text
        else:
            writer.close(out)
            writer.inside = piece.name if piece.kind == "open" else ""
            out.write(piece.text.encode("utf-8"))
    writer.close(out)
    return writer.rows


def _check(changes: Changes, added: Iterator[Mapping[str, Any]]) -> None:
    where = changes.publication.base.shown_path
    for name in FIXED:
        if name in changes.base.schema and changes.kept.get(name) != name:
            raise FormatError(f"the field {name!r} of COCO cannot be renamed or dropped", where=where)
    for row in added:
        example = ", ".join(f"{name} {shown(row[name])}" for name in FIXED if name in row)
        raise FormatError(
            f"an annotation is not in the base: {example}", where=where, hint="add it to the base, not by a migration"
        )


def _named(base: Snapshot) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """Image ids by name, and the categories with their text."""
    images: dict[str, Any] = {}
    categories = []
    for piece in pieces(base):
        if piece.kind == "element" and piece.name == IMAGES:
            name = next((piece.value[key] for key in ("file_name", "coco_url") if piece.value.get(key)), None)
            images.setdefault(str(piece.value.get("id") if name is None else name), piece.value.get("id"))
        elif piece.kind == "element" and piece.name == CATEGORIES:
            categories.append((piece.text, piece.value))
    return images, categories


@dataclass(slots=True)
class _Writer:
    """Writes elements with the separators of the base; `gap` is held back until it is known to be needed."""

    changes: Changes
    images: dict[str, Any]
    categories: Categories
    edits: Iterator[RowEdit]
    edit: RowEdit | None = None
    rows: int = 0
    gap: str = ""
    usual: str = ""
    inside: str = ""
    written: int = 0

    def __post_init__(self) -> None:
        self.edit = next(self.edits, None)

    def element(self, out: IO[bytes], text: str | None) -> None:
        """Write an element of the list; None leaves it out, with the separator before it."""
        self.usual = self.usual or self.gap
        if text is not None:
            out.write(((self.gap if self.written else "") + text).encode("utf-8"))
            self.written += 1
        self.gap = ""

    def close(self, out: IO[bytes]) -> None:
        """End the list: what it gained, then what stood after its last element."""
        if self.inside == CATEGORIES:
            for text in self.categories.added:
                out.write(((self.usual or ", ") if self.written else "").encode("utf-8") + text.encode("utf-8"))
                self.written += 1
        out.write(self.gap.encode("utf-8"))
        self.gap, self.usual, self.inside, self.written = "", "", "", 0

    def annotation(self, index: int, text: str) -> str | None:
        """The final text of an annotation of the base; None if it was removed."""
        values: Mapping[str, Any] = {}
        if self.edit is not None and self.edit.position == index + 1:
            values, removed = self.edit.values, self.edit.removed
            self.edit = next(self.edits, None)
            if removed:
                return None
        self.rows += 1
        if not values and self.changes.same_fields:
            return text
        members = Members(text)
        return members.edited(self._names(), dict(self._texts(values, members)))

    def _names(self) -> dict[str, str | None]:
        """The final name of each member; None leaves it out."""
        kept = {origin: name for name, origin in self.changes.kept.items()}
        return {_member(name): _maybe(kept.get(name)) for name in self.changes.base.schema.names if name not in FIXED}

    def _texts(self, values: Mapping[str, Any], members: Members) -> Iterator[tuple[str, str]]:
        types = {item.name: item.type for item in self.changes.final.schema}
        for name, value in values.items():
            if name == "category":
                found = None if value is None else self.categories.ids[value]
                # A class that was renamed keeps its id, and so its annotations their bytes.
                if json.dumps(found) != members.value("category_id"):
                    yield "category_id", json.dumps(found)
            elif name == "image":
                yield "image_id", json.dumps(self._image(value))
            elif value is not None and types[name] == "json":
                yield _member(name), str(value)
            else:
                yield _member(name), json.dumps(value, ensure_ascii=members.escapes, default=spelling.plain)

    def _image(self, name: Any) -> Any:
        if name not in self.images:
            raise FormatError(
                f"no image is called {shown(name)}",
                where=self.changes.publication.base.shown_path,
                hint="an annotation can only go to an image of the base",
            )
        return self.images[name]


def _member(field: str) -> str:
    """A field's name in the file: `annotation_image` is what the annotation itself calls `image`."""
    own = field.removeprefix("annotation_")
    return own if own != field and own.lower() in ("image", "category") else field


def _maybe(field: str | None) -> str | None:
    return None if field is None else _member(field)
