"""Media files that rows name: what came, went and changed, told by their hashes; no file is opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dsv.diff.cells import NEW, Differences
from dsv.diff.classes import ClassField
from dsv.diff.fields import Side
from dsv.diff.findings import named
from dsv.diff.rows import drop
from dsv.model.diff import MediaDiff
from dsv.model.finding import Finding
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFiles:
    """The media of a dataset: `field` holds paths below `root`; each side maps paths there to md5s."""

    field: str
    root: str
    old: Mapping[str, str]
    new: Mapping[str, str]


def compare(
    media: MediaFiles,
    field: ClassField,
    split: ClassField | None,
    old: Table | None,
    new: Table | None,
    differences: Differences | None,
) -> tuple[MediaDiff, tuple[Finding, ...]]:
    """Compare the files of both sides, and the rows with the files. `field` is the media field.

    A side that is None lacks the dataset. Findings are of what is worse than it was.
    """
    table = next(item for item in (new, old) if item is not None)
    before = _Listed(table.engine, "old", media.old, old, field, split)
    after = _Listed(table.engine, "new", media.new, new, field, split)
    both = f"{after.files} AS n JOIN {before.files} AS o USING (path)"
    found = MediaDiff(
        added=after.count(f"{after.files} ANTI JOIN {before.files} USING (path)"),
        removed=after.count(f"{before.files} ANTI JOIN {after.files} USING (path)"),
        changed=after.count(f"{both} WHERE n.md5 <> o.md5"),
        missing=after.missing,
        orphan=after.count(after.orphans),
        shared=after.count(after.shared),
    )
    findings = tuple(_findings(media.root, found, before, after, differences))
    drop(table.engine, before.files, before.rows, after.files, after.rows)
    return found, findings


class _Listed:
    """One side in the engine: its files, and a row for each file that a row of the dataset names."""

    def __init__(
        self,
        engine: Engine,
        side: Side,
        files: Mapping[str, str],
        table: Table | None,
        field: ClassField,
        split: ClassField | None,
    ) -> None:
        self.engine = engine
        self.files = _loaded(engine, files)
        self.rows = engine.fresh("media_rows")
        engine.execute(f"CREATE TABLE {self.rows} AS {_named(side, table, field, split)}")

    def count(self, relation: str) -> int:
        return int(self.engine.value(f"SELECT count(*) FROM {relation}"))

    def some(self, relation: str) -> str:
        """A few of the paths that a relation has."""
        found = self.engine.rows(f"SELECT DISTINCT path FROM {relation} ORDER BY path")
        return named(path for (path,) in found)

    @property
    def missing_rows(self) -> str:
        return f"{self.rows} ANTI JOIN {self.files} USING (path)"

    @property
    def missing(self) -> int:
        """Rows that name a file that is not there."""
        return int(self.engine.value(f"SELECT count(DISTINCT p) FROM {self.missing_rows}"))

    @property
    def orphans(self) -> str:
        return f"{self.files} ANTI JOIN {self.rows} USING (path)"

    @property
    def shared(self) -> str:
        """Files whose bytes another file has too."""
        return f"(SELECT path FROM {self.files} QUALIFY count(*) OVER (PARTITION BY md5) > 1)"

    @property
    def leaking(self) -> str:
        """Contents that rows of several splits name."""
        return (
            f"(SELECT md5, min(path) AS path FROM {self.rows} JOIN {self.files} USING (path) "
            "GROUP BY md5 HAVING count(DISTINCT split) > 1)"
        )


def _loaded(engine: Engine, files: Mapping[str, str]) -> str:
    import pyarrow as pa

    name, listing = engine.fresh("media_files"), engine.fresh("media_listing")
    text = pa.string()
    columns = {"path": pa.array(list(files), text), "md5": pa.array(list(files.values()), text)}
    engine.connection.register(listing, pa.table(columns))
    engine.execute(f"CREATE TABLE {name} AS SELECT path, md5 FROM {listing}")
    engine.connection.unregister(listing)
    return name


def _named(side: Side, table: Table | None, field: ClassField, split: ClassField | None) -> str:
    """SQL for the position, path and split of each file that a row names; a list names several."""
    form = field.form(side)
    if table is None or form is None:
        return "SELECT CAST(NULL AS BIGINT) AS p, CAST(NULL AS VARCHAR) AS path, CAST(NULL AS VARCHAR) AS split LIMIT 0"
    cell = identifier(form.name)
    path = f"unnest(CAST({cell} AS VARCHAR[]))" if form.type.startswith("list<") else f"CAST({cell} AS VARCHAR)"
    part = split.form(side) if split else None
    part_sql = split.names(side, identifier(part.name)) if split and part else "NULL"
    return (
        f"SELECT p, regexp_replace(path, '^([.]/)+', '') AS path, CAST(split AS VARCHAR) AS split FROM "
        f"(SELECT {POSITION} AS p, {path} AS path, {part_sql} AS split FROM {table.relation} AS dsv_table) "
        f"WHERE path IS NOT NULL"
    )


def _findings(
    root: str, found: MediaDiff, before: _Listed, after: _Listed, differences: Differences | None
) -> Iterator[Finding]:
    old_missing, old_orphan, old_shared = before.missing, before.count(before.orphans), before.count(before.shared)
    if found.missing > old_missing:
        what = "1 row names a file that is" if found.missing == 1 else f"{found.missing:,} rows name files that are"
        message = f"{what} not in {root} (before: {old_missing:,}): {after.some(after.missing_rows)}"
        yield Finding(rule="media-missing", level="warning", message=message, count=found.missing)
    if found.orphan > old_orphan:
        what = "1 file that no row names is" if found.orphan == 1 else f"{found.orphan:,} files that no row names are"
        message = f"{what} in {root} (before: {old_orphan:,}): {after.some(after.orphans)}"
        yield Finding(rule="media-orphan", level="info", message=message, count=found.orphan)
    if found.shared > old_shared:
        message = (
            f"{found.shared:,} files have the bytes of another (before: {old_shared:,}): {after.some(after.shared)}"
        )
        yield Finding(rule="media-shared", level="warning", message=message, count=found.shared)
    leaks = f"{after.leaking} ANTI JOIN {before.leaking} USING (md5)"
    leaking = after.count(leaks)
    if leaking:
        what = "1 file is" if leaking == 1 else f"{leaking:,} files are"
        message = f"{what}, by content, in more than one split now: {after.some(leaks)}"
        yield Finding(rule="media-split-leak", level="warning", message=message, count=leaking)
    if found.changed and differences is not None:
        yield from _replaced(before, after, differences)


def _replaced(before: _Listed, after: _Listed, differences: Differences) -> Iterator[Finding]:
    """Rows that no one would look at: they are as they were, and their file is not."""
    touched = f"SELECT {NEW} FROM {differences.table} WHERE {NEW} IS NOT NULL AND kind <> 'same'"
    changed = (
        f"SELECT p, path FROM {after.rows} JOIN {after.files} AS n USING (path) "
        f"JOIN {before.files} AS o USING (path) WHERE n.md5 <> o.md5 AND p NOT IN ({touched})"
    )
    count = int(after.engine.value(f"SELECT count(DISTINCT p) FROM ({changed})"))
    if count:
        what = (
            "1 row is as it was, but its file has"
            if count == 1
            else f"{count:,} rows are as they were, but their files have"
        )
        message = f"{what} other bytes: {after.some(f'({changed})')}"
        yield Finding(rule="media-replaced", level="warning", message=message, count=count)
