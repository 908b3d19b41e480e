"""A folder of files that are one table together, all of one format; folders called `field=value` are fields.

Rows come in the order of the files' paths; `Scan.ranges` says which positions are whose. So a diff
can leave out what is equal: files with one md5 on both sides hold the same rows, and a snapshot with
fewer members is read like any other (its types are those of the rows that are left).
"""

from __future__ import annotations

from dsv.errors import FormatError
from dsv.formats._parts.files import found_parts, is_part
from dsv.formats._parts.rows import Gathered, gather
from dsv.formats._parts.views import as_one_view
from dsv.formats._shared.folder import is_image, members
from dsv.formats._shared.notes import Notes
from dsv.formats.base import Format, ReadOnly, Scan
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine


class Parts(ReadOnly):
    """Folders of part files (csv, tsv, jsonl, parquet, arrow; also gzipped), and Hive partitions."""

    name = "parts"
    suffixes = ()
    shared_suffixes = ()
    generic = True

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether there is a file of rows in the folder, and no picture."""
        files = snapshot.members or ()
        return any(is_part(item.path) for item in files) and not any(is_image(item.path) for item in files)

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read all files as one table.

        A field that some files lack is missing there, and one whose type differs between files gets
        the wider one; a finding says so.

        Raises: FormatError: no file, or files of several formats; a file is malformed; two files have
            no field in common, or a field of types that nothing holds both of.
        """
        notes = Notes()
        parts = found_parts(members(snapshot), snapshot, notes)
        snapshot.fetch([part.member.path for part in parts])
        if not parts:
            raise FormatError(
                "there is no file of rows in the folder",
                where=snapshot.shown_path,
                hint="a folder of parts has files of one format: csv, tsv, jsonl, parquet or arrow",
            )
        found: Gathered | None = as_one_view(engine, snapshot, parts)
        if found is None:
            found = gather(engine, snapshot, parts)
        return Scan(
            table=found.table,
            malformed=found.malformed,
            first_malformed=found.first_malformed,
            findings=(*notes.findings(), *found.findings),
            ranges=found.ranges,
            some=found.some,
        )


plugin: Format = Parts()
