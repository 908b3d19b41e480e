"""How CoNLL column files write the tokens that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from dsv.formats._conll.blocks import Sentence
from dsv.formats._conll.column_lines import Columns, columns, fault, sentences
from dsv.formats._conll.sentence_publish import writer
from dsv.formats._shared.changes import Changes
from dsv.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class _Conll:
    cut: Columns
    name: str = "CoNLL"

    def sentences(self, snapshot: Snapshot, stream: IO[bytes]) -> Iterator[Sentence]:
        return sentences(self.cut, snapshot, stream)

    def edited(self, token: bytes, values: Mapping[str, Any]) -> bytes:
        """The line with other cells, and the blanks between cells as they were."""
        parts, end = [], 0
        for name, (begin, stop) in zip(self.cut.names, self.cut.spans(token), strict=True):
            value = values.get(name)
            cell = str("" if value is None else value).encode("utf-8") if name in values else token[begin:stop]
            parts += [token[end:begin], cell]
            end = stop
        return b"".join([*parts, token[end:]])

    def read(self, token: bytes) -> Mapping[str, Any] | None:
        cells = self.cut.cells(token)
        if len(cells) != self.cut.width:
            return None
        return {name: cell.decode("utf-8") or None for name, cell in zip(self.cut.names, cells, strict=True)}

    def fault(self, tokens: list[bytes]) -> str | None:
        wrong = fault(self.cut, tokens)
        if wrong is not None:
            return wrong[1]
        begins_as_comment = self.cut.is_comment(tokens[0], first=True)
        blank = any(not token.strip() for token in tokens)
        return "a token would be read as a comment or an empty line" if begins_as_comment or blank else None

    def place(self, comment: bytes) -> bytes | None:
        return None


def _spelling(changes: Changes) -> _Conll:
    return _Conll(columns(changes.publication.base))


write = writer(_spelling)
