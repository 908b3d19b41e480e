"""CoNLL column files: a token a line, two columns or more, an empty line after each sentence."""

from __future__ import annotations

from typing import IO

from dsv.errors import FormatError
from dsv.formats._conll.column_lines import DOCUMENT_2012, cut
from dsv.formats._conll.column_publish import write
from dsv.formats._conll.column_scan import scan
from dsv.formats._shared.bytes import open_bytes
from dsv.formats._shared.changes import publish
from dsv.formats.base import Format, Publication, Scan
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import Engine


class Conll:
    """Files of tokens in columns: tokens are the rows, sentences another table."""

    suffixes = (".bio", ".iob", ".iob2")
    shared_suffixes = (".conll",)
    enclosed = "tokens to sentences"
    fixed = "the fields of CoNLL are the format's own"
    generic = True

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether the first sentence has two columns or more. What CoNLL-U claims is CoNLL-U's."""
        if snapshot.members is not None:
            return False
        try:
            with open_bytes(snapshot) as stream:
                if stream.read(len(DOCUMENT_2012)) == DOCUMENT_2012:
                    # Reading it says why it cannot be read.
                    return True
            return cut(snapshot).width > 1
        except (FormatError, OSError):
            return False

    def dialect(self, snapshot: Snapshot) -> Dialect | None:
        """None: every line keeps its own spelling."""
        return None

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read the tokens, and the sentences with their comments. Raises: FormatError: with file and line."""
        return scan(engine, snapshot)

    def publish(self, publication: Publication, stream: IO[bytes]) -> None:
        """Write the final tokens; lines that did not change keep their bytes. Raises: FormatError."""
        publish(publication, stream, write)


plugin: Format = Conll()
