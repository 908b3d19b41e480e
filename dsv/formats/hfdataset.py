"""Hugging Face `datasets` saved to disk: a dataset, or a dictionary of them, whose names are splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dsv.errors import FormatError
from dsv.formats._hf.features import BAD_CLASS, is_label, with_meaning
from dsv.formats._hf.layout import DICT, STATE, SavedSplit, read_layout
from dsv.formats._parts.files import PartFile
from dsv.formats._parts.rows import gather
from dsv.formats.base import Format, ReadOnly, Scan
from dsv.model.finding import Finding
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine
from dsv.tables.table import Table


class HuggingFaceDataset(ReadOnly):
    """What `save_to_disk` writes. Classes are their names; of pictures and sounds the path and the md5 are kept."""

    name = "hfdataset"
    suffixes = ()
    shared_suffixes = ()
    generic = False

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether the folder has the file that says where the data is."""
        return any(item.path in (STATE, DICT) for item in snapshot.members or ())

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read all splits as one table; `split` is a field where there are several.

        Raises: FormatError: a file is missing or broken; a class number has no name.
        """
        splits = read_layout(snapshot)
        features = {part.member.path: split.features for split in splits for part in split.files}
        parts = [part for split in splits for part in split.files]
        if not parts:
            raise FormatError("the saved dataset has no data files", where=snapshot.shown_path)
        snapshot.fetch([part.member.path for part in parts])

        def meaning(part: PartFile, table: Table) -> Table:
            return with_meaning(part, table, features[part.member.path])

        found = gather(engine, snapshot, parts, meaning, refusals={BAD_CLASS: "a class number has no name"})
        labels = {name for split in splits for name, feature in split.features.items() if is_label(feature)}
        return Scan(
            table=found.table,
            labels=tuple(name for name in found.table.schema.names if name in labels),
            split="split" if parts[0].fields else None,
            findings=(*_reordered(splits), *_unnamed(splits), *found.findings),
            ranges=found.ranges,
        )


def _reordered(splits: tuple[SavedSplit, ...]) -> Iterator[Finding]:
    """Class names that differ between splits: the numbers of one mean something else in another."""
    first: Mapping[str, Any] = splits[0].features
    for split in splits[1:]:
        for name, feature in split.features.items():
            if is_label(feature) and is_label(first.get(name)) and feature != first[name]:
                message = f"field {name!r} has other classes in the split {split.name!r} than in {splits[0].name!r}"
                yield Finding(rule="classes-differ", level="warning", message=message)


def _unnamed(splits: tuple[SavedSplit, ...]) -> Iterator[Finding]:
    """A field called `split` in the data leaves no name for the one that the splits would give."""
    if splits[0].name is not None and not any(part.fields for split in splits for part in split.files):
        message = "the data has a field 'split' of its own, so the names of the splits are not read"
        yield Finding(rule="own-split", level="warning", message=message)


plugin: Format = HuggingFaceDataset()
