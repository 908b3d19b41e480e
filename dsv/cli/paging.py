"""Changed rows of a review in a file, so that a page that is served can ask for some of any number of them.

They are the rows as the page shows them, redacted and cleaned: what is not shown cannot be searched for either.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dsv.model.diff import KINDS
from dsv.renderers._report.rows import SAMPLE, facets, words

MOST_A_PAGE = 1_000
MOST_OFFERS = 500
FACETS = ("class", "split", "field", "migration", "group")
BATCH = 2_000
TABLES = """
CREATE TABLE rows (id INTEGER PRIMARY KEY, part INTEGER, kind INTEGER, words TEXT, body BLOB);
CREATE TABLE facets (name TEXT, value TEXT, row INTEGER, PRIMARY KEY (name, value, row)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which rows are wanted: those of a table, a kind, with these values of `FACETS`, and that hold a text."""

    part: int | None = None
    kind: int | None = None
    facets: Mapping[str, str] = field(default_factory=dict)
    search: str = ""


class Store:
    """The rows, in the order in which they were added. Use `with`; several threads may ask at once."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "rows.sqlite", check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(TABLES)
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self.samples: dict[int, list[list[Any]]] = {}

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def fill(self, rows: Iterable[tuple[int, list[Any]]]) -> None:
        """Add rows, each with the number of its table, packed as the page takes them."""
        batch: list[tuple[int, list[Any]]] = []
        for number, row in rows:
            sample = self.samples.setdefault(number, [])
            if len(sample) < SAMPLE:
                sample.append(row)
            batch.append((number, row))
            if len(batch) >= BATCH:
                self._add(batch)
                batch = []
        self._add(batch)
        self._connection.execute("CREATE INDEX places ON rows (part, kind)")
        self._connection.commit()

    def _add(self, batch: Sequence[tuple[int, list[Any]]]) -> None:
        (last,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM rows").fetchone()
        numbered = [(last + place, number, row) for place, (number, row) in enumerate(batch, 1)]
        self._connection.executemany(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?)",
            ((place, number, row[0], _text(words(row)), _body(number, row)) for place, number, row in numbered),
        )
        self._connection.executemany(
            "INSERT INTO facets VALUES (?, ?, ?)",
            ((name, _text(value), place) for place, _, row in numbered for name, value in facets(row)),
        )

    def offers(self) -> dict[str, Any]:
        """The values that rows can be filtered by, the most frequent first, and how many rows there are by table."""
        totals = dict(self._all("SELECT part, count(*) FROM rows GROUP BY part ORDER BY part", ()))
        kinds = {kind for (kind,) in self._all("SELECT DISTINCT kind FROM rows", ())}
        query = "SELECT value FROM facets WHERE name = ? GROUP BY value ORDER BY count(*) DESC, value LIMIT ?"
        values = {
            name: [value for (value,) in self._all(query, (name, MOST_OFFERS))] for name in FACETS if name != "group"
        }
        return {
            "totals": totals,
            "part": [str(number) for number in totals],
            "kind": [name for number, name in enumerate(KINDS) if number in kinds],
            **values,
        }

    def page(self, asked: Asked, offset: int, limit: int) -> bytes:
        """JSON of how many rows there are, and of those from an offset on: `{"count": N, "rows": [[part, row], …]}`."""
        condition, parameters = _condition(asked)
        name = repr((condition, parameters))
        if name not in self._counts:
            self._counts[name] = self._all(f"SELECT count(*) FROM rows WHERE {condition}", parameters)[0][0]
        query = f"SELECT body FROM rows WHERE {condition} ORDER BY id LIMIT ? OFFSET ?"
        found = self._all(query, [*parameters, min(limit, MOST_A_PAGE), offset])
        rows = b",".join(zlib.decompress(body) for (body,) in found)
        return b'{"count":%d,"rows":[%s]}' % (self._counts[name], rows)

    def _all(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()


def _condition(asked: Asked) -> tuple[str, list[Any]]:
    """SQL with parameters; no value is in its text."""
    found: list[tuple[str, list[Any]]] = [("1", [])]
    if asked.part is not None:
        found.append(("part = ?", [asked.part]))
    if asked.kind is not None:
        found.append(("kind = ?", [asked.kind]))
    for name, value in asked.facets.items():
        found.append(("id IN (SELECT row FROM facets WHERE name = ? AND value = ?)", [name, _text(value)]))
    if asked.search:
        found.append(("instr(words, ?) > 0", [_text(asked.search.lower())]))
    return " AND ".join(sql for sql, _ in found), [value for _, values in found for value in values]


def _body(number: int, row: list[Any]) -> bytes:
    text = json.dumps([str(number), row], ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "replace"), 1)


def _text(value: str) -> str:
    """A text that SQLite can hold: half a character is none."""
    return value.encode("utf-8", "replace").decode("utf-8")
