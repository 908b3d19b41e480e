"""How CoNLL-U writes the tokens that changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dsv.formats._conll.conllu_lines import COLUMNS, UNSPECIFIED, cells, fault, sentences
from dsv.formats._conll.sentence_publish import writer
from dsv.formats._shared.changes import Changes

_PLACES = re.compile(rb"#\s*(newdoc|newpar)\b")


class _ConllU:
    name = "CoNLL-U"
    sentences = staticmethod(sentences)

    def edited(self, token: bytes, values: Mapping[str, Any]) -> bytes:
        texts = dict(zip(COLUMNS, token.decode("utf-8").split("\t"), strict=True))
        texts |= {name: UNSPECIFIED if value is None else str(value) for name, value in values.items() if name in texts}
        return "\t".join(texts.values()).encode("utf-8")

    def read(self, token: bytes) -> Mapping[str, Any] | None:
        if token.count(b"\t") != len(COLUMNS) - 1:
            return None
        found: dict[str, Any] = cells(token)
        head = found["head"]
        return found | {"head": int(head)} if head is not None and head.isdigit() else found

    def fault(self, tokens: list[bytes]) -> str | None:
        wrong = fault(tokens)
        return None if wrong is None else wrong[1]

    def place(self, comment: bytes) -> bytes | None:
        match = _PLACES.match(comment)
        return None if match is None else match[1]


def _spelling(changes: Changes) -> _ConllU:
    return _ConllU()


write = writer(_spelling)
