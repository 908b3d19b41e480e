"""CoNLL-U: annotated sentences, a token a line, ten columns with tabs between them."""

from __future__ import annotations

from typing import IO

from dsv.formats._conll.conllu_lines import looks_like
from dsv.formats._conll.conllu_publish import write
from dsv.formats._conll.conllu_scan import scan
from dsv.formats._shared.changes import publish
from dsv.formats.base import Format, Publication, Scan
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import Engine


class ConllU:
    """Files of CoNLL-U: tokens are the rows, sentences another table."""

    suffixes = (".conllu",)
    shared_suffixes = (".conll",)
    enclosed = "tokens to sentences"
    fixed = "the fields of CoNLL-U are the format's own"
    generic = False

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether the first sentence is written in ten columns, as CoNLL-U and CoNLL-X have them."""
        return looks_like(snapshot)

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """None: there is one way to write it."""
        return None

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the tokens, and the sentences with their comments. Raises: FormatError: with file and line."""
        return scan(engine, snapshot)

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final tokens; lines that did not change keep their bytes. Raises: FormatError."""
        publish(publication, stream, write)


plugin: Format = ConllU()
