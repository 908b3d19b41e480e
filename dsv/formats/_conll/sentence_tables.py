"""Tables of tokens and of sentences: what files of annotated text are read into.

A format writes both line by line, and so in little memory, into scratch files of one meaning; the
engine reads those. What concerns a whole sentence stands once, in the table of sentences; of that
the tokens repeat only what tells them apart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from dsv.formats._shared.bytes import marker_error, marker_offset, open_bytes, text_pieces
from dsv.formats._shared.infer import check_cells
from dsv.formats._shared.names import check_names
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine, identifier, literal
from dsv.tables.spelled import misfit
from dsv.tables.table import POSITION, STAGE_LIMIT_BYTES, Table
from dsv.tables.types import columns, engine_type

_USUAL_LINE_BYTES = 2 * 1000 * 1000
_NUMBER, _LINE = "dsv_sentence", "dsv_line"


def check_text(snapshot: Snapshot) -> None:
    """Read all bytes once. Raises: FormatError: they are not UTF-8 text, or hold merge markers; with the line."""
    lines = 1
    with open_bytes(snapshot) as stream:
        for piece in text_pieces(snapshot, stream):
            marker = marker_offset(piece)
            if marker is not None:
                raise marker_error(snapshot, lines + piece.count(b"\n", 0, marker))
            lines += piece.count(b"\n")


class SentenceTables:
    """Takes sentences and their tokens, and makes tables of them. Use `with` around the writing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._paths = engine.scratch(".tsv"), engine.scratch(".jsonl")
        self._tokens, self._sentences = (path.open("wb") for path in self._paths)
        self._longest = _USUAL_LINE_BYTES
        self._size = 0
        self.sentences = self.tokens = 0

    def __enter__(self) -> SentenceTables:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tokens.close()
        self._sentences.close()

    def sentence(self, values: Mapping[str, Any]) -> None:
        """Begin the next sentence, with the values of its fields."""
        self.sentences += 1
        text = json.dumps({**values, "sentence": self.sentences}, ensure_ascii=False).encode("utf-8") + b"\n"
        self._longest = max(self._longest, len(text))
        self._size += self._sentences.write(text)

    def token(self, line: int, cells: bytes) -> None:
        """Add a token to the sentence: its cells with tabs between them, and the line where it stands."""
        self.tokens += 1
        text = b"%d\t%d\t%d\t%b\n" % (self.tokens, self.sentences, line, cells)
        self._longest = max(self._longest, len(text))
        self._size += self._tokens.write(text)

    def load_sentences(self, fields: Sequence[Field]) -> Table:
        """The table of sentences, whose `sentence` counts them from 1."""
        path = literal(str(self._paths[1]))
        kinds = columns((field.name, engine_type(field.type)) for field in fields)
        reader = (
            f"read_json({path}, format = 'newline_delimited', columns = {kinds}, maximum_object_size = {self._longest})"
        )
        names = ", ".join(identifier(field.name) for field in fields)
        relation = self._stage(f"SELECT {names}, sentence AS {POSITION} FROM {reader}", self.sentences)
        return Table(engine=self._engine, relation=relation, schema=Schema(fields=tuple(fields)))

    def load_tokens(
        self, snapshot: Snapshot, cells: Sequence[str], sentences: Table, fields: Mapping[Field, str]
    ) -> Table:
        """The table of tokens. `cells` name what `token` was given.

        `fields` are those of the table, each with SQL over the cells and over `s`, the row of the
        sentence. With a declared schema they must be its fields.

        Raises: FormatError: they are not, or a cell does not fit.
        """
        schema = Schema(fields=tuple(fields))
        declared = snapshot.options.schema
        if declared is not None:
            check_names(schema.names, declared, snapshot.shown_path)
        kinds = [(POSITION, "BIGINT"), (_NUMBER, "BIGINT"), (_LINE, "BIGINT"), *((name, "VARCHAR") for name in cells)]
        reader = self._reader(self._paths[0], columns(kinds))
        selected = ", ".join(f"{sql} AS {identifier(field.name)}" for field, sql in fields.items())
        relation = self._stage(
            f"SELECT {selected}, t.{POSITION}, {_LINE} FROM {reader} AS t "
            f"JOIN {sentences.relation} AS s ON s.{POSITION} = t.{_NUMBER}",
            self.tokens,
        )
        if declared is not None:
            self._check(snapshot, relation, declared)
        return Table(engine=self._engine, relation=relation, schema=declared or schema)

    def _reader(self, path: Path, kinds: str) -> str:
        options = (
            "auto_detect = false, header = false, delim = '\t', quote = '', escape = '', comment = '', nullstr = ''"
        )
        return f"read_csv({literal(str(path))}, {options}, columns = {kinds}, max_line_size = {self._longest})"

    def _stage(self, query: str, rows: int) -> str:
        """Read what was written into the engine, or as a view of the file if it is large; the relation's name."""
        name = self._engine.fresh("scan")
        if self._size > STAGE_LIMIT_BYTES:
            self._engine.execute(f"CREATE VIEW {name} AS {query}")
        else:
            self._engine.execute(f"CREATE TABLE {name} AS SELECT * FROM ({query}) ORDER BY {POSITION}")
        found = self._engine.value(f"SELECT count(*) FROM {name}")
        if found != rows:
            raise AssertionError(f"{rows} lines were written and {found} read")
        return name

    def _check(self, snapshot: Snapshot, relation: str, declared: Schema) -> None:
        tests = {field.name: misfit(f"CAST({identifier(field.name)} AS VARCHAR)", field) for field in declared}

        def locate(position: int) -> str:
            line = self._engine.value(f"SELECT {_LINE} FROM {relation} WHERE {POSITION} = {int(position)}")
            return f"{snapshot.shown_path}:{line}"

        wanted = {name: test for name, test in tests.items() if test is not None}
        check_cells(self._engine, relation, declared, wanted, locate)
