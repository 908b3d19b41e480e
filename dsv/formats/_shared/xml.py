"""XML read piece by piece, with line numbers, and without ever expanding an entity."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from dsv.errors import FormatError
from dsv.formats._shared.json_text import canonical

MAX_DEPTH = 50
_PIECE = 256 * 1024
_HEAD = 4096


@dataclass(slots=True)
class Element:
    """An element; `line` is where it begins. `text` is all text directly in it."""

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def child(self, tag: str) -> Element | None:
        """The first child of that tag."""
        return next((item for item in self.children if item.tag == tag), None)

    def text_of(self, tag: str) -> str | None:
        """The text of the first child of that tag."""
        found = self.child(tag)
        return None if found is None else found.text

    def value(self) -> Any:
        """What the element holds, as JSON has it: text, or an object of attributes (`@name`) and children."""
        if not self.children and not self.attributes:
            return self.text
        found: dict[str, Any] = {f"@{name}": text for name, text in self.attributes.items()}
        for child in self.children:
            found.setdefault(child.tag, []).append(child.value())
        flat = {name: item[0] if isinstance(item, list) and len(item) == 1 else item for name, item in found.items()}
        return {**flat, **({"#text": self.text.strip()} if self.text.strip() else {})}


def spelled(elements: list[Element]) -> str | None:
    """Elements as one JSON object, None for no element."""
    if not elements:
        return None
    return canonical(Element("", {}, 0, children=elements).value())


def root_tag(head: bytes) -> str | None:
    """The tag of the root, from the first bytes of a file; None if they are no XML."""
    text = re.sub(rb"<!--.*?-->", b"", head, flags=re.DOTALL)
    if not text.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return None
    found = re.search(rb"<([A-Za-z_][\w.\-]*)[\s/>]", text)
    return None if found is None else found[1].decode("ascii", "replace")


def head(stream: IO[bytes]) -> bytes:
    """As much of a file as `root_tag` wants."""
    return stream.read(_HEAD)


def elements(stream: IO[bytes], shown: str) -> Iterator[Element]:
    """The root without children, then each of its children as soon as it is complete.

    No more than one child is held. Raises: FormatError: no well-formed XML, entities, too deep.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    builder = _Builder(shown)
    parser = DefusedXMLParser(target=builder)
    builder.position = lambda: int(parser.parser.CurrentLineNumber)
    try:
        while piece := stream.read(_PIECE):
            parser.feed(piece)
            yield from builder.take()
        parser.close()
        yield from builder.take()
    except DefusedXmlException:
        raise FormatError(
            "the file declares XML entities, which are never expanded",
            where=f"{shown}:{builder.position()}",
            hint="remove <!DOCTYPE …> and its entities: an annotation needs none",
        ) from None
    except (LookupError, ValueError) as error:
        # What expat leaves to Python's codecs, which may not know the encoding that the file names.
        raise FormatError(f"the file's text cannot be read: {error}", where=shown, hint="write it in UTF-8") from None
    except ParseError as error:
        line, column = error.position
        reason = str(error).partition(":")[0]
        raise FormatError(
            f"the file is no well-formed XML: {reason}, column {column + 1}",
            where=f"{shown}:{line}",
            hint="fetch or write the file again",
        ) from None


class _Builder:
    """What the parser tells of tags and text becomes elements."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._done: list[Element] = []
        self.position: Callable[[], int] = int

    def take(self) -> list[Element]:
        """The elements that were completed since the last time."""
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes, self.position())
        if len(self._open) >= MAX_DEPTH:
            raise FormatError("elements are nested too deep", where=f"{self._shown}:{element.line}")
        if not self._open:
            self._done.append(element)
        self._open.append(element)
        self._texts.append([])

    def data(self, text: str) -> None:
        self._texts[-1].append(text)

    def end(self, tag: str) -> None:
        element = self._open.pop()
        element.text = "".join(self._texts.pop())
        if len(self._open) == 1:
            self._done.append(element)
        elif self._open:
            self._open[-1].children.append(element)

    def close(self) -> None:
        """The parser asks for this at the end."""
