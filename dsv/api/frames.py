"""Results for notebooks: pandas frames around the values of a diff."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dsv.api.diff import Comparison
from dsv.errors import DataMissing, UsageError
from dsv.model.diff import DatasetDiff, RowChange

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10


class DatasetFrames:
    """What differs in one dataset, as frames.

    `value` is the model value that the frames are made from.
    """

    def __init__(self, value: DatasetDiff) -> None:
        self.value = value

    def _changes(self) -> Iterator[RowChange]:
        if self.value.changes is not None:
            return self.value.changes.rows()
        if self.value.status != "unchanged":
            raise self._unknown("rows that differ are")
        return iter(())

    def _unknown(self, what: str) -> DataMissing:
        return DataMissing(
            f"the {what} not known: of {self.value.dataset} only the {self.value.compared} were compared",
            where=self.value.path,
            hint="dvc fetch, and compare the rows",
        )

    @property
    def rows(self) -> pd.DataFrame:
        """One line per row that differs, indexed by kind and key; columns are (field, "old" | "new").

        Of changed rows only the cells that differ are filled, as in `pandas.DataFrame.compare`.

        Raises: DataMissing: the rows were not compared.
        """
        import pandas as pd

        changes = list(self._changes())
        fields = list(dict.fromkeys(field for change in changes for field in change.cells))
        records = [
            [
                getattr(change.cells[field], side) if field in change.cells else None
                for field in fields
                for side in SIDES
            ]
            for change in changes
        ]
        columns = pd.MultiIndex.from_tuples(
            [(field, side) for field in fields for side in SIDES], names=["field", "side"]
        )
        names = ["kind", *self.value.key]
        index = pd.MultiIndex.from_tuples(
            [(change.kind, *(change.key.get(name) for name in self.value.key)) for change in changes],
            names=names,
        )
        return pd.DataFrame(records, columns=columns, index=index, dtype=object)

    @property
    def cells(self) -> pd.DataFrame:
        """One line per cell of a changed row: key fields, field, old, new. Raises: DataMissing: as `rows`."""
        import pandas as pd

        return pd.DataFrame(
            [
                [*(change.key.get(name) for name in self.value.key), field, cell.old, cell.new]
                for change in self._changes()
                if change.kind == "changed"
                for field, cell in change.cells.items()
            ],
            columns=[*self.value.key, "field", "old", "new"],
            dtype=object,
        )

    @property
    def classes(self) -> pd.DataFrame:
        """One line per label, class and split (split None: all rows): old, new, delta in rows."""
        import pandas as pd

        records = []
        for label in self.value.labels:
            for item in label.classes:
                records.append([label.field, item.name, None, item.old, item.new, item.new - item.old])
                for split, counts in item.by_split.items():
                    records.append([label.field, item.name, split, counts.old, counts.new, counts.new - counts.old])
        return pd.DataFrame(records, columns=["label", "class", "split", "old", "new", "delta"])

    @property
    def transitions(self) -> pd.DataFrame:
        """One line per pair of classes that paired rows moved between: label, from, to, rows.

        Raises: DataMissing: which class became which is not known of a label.
        """
        for label in self.value.labels:
            if label.transitions is None and label.truncated is None:
                raise self._unknown(f"transitions of {label.field} are")
            if label.transitions is None:
                raise DataMissing(f"the transitions of {label.field} are not known: it has too many classes")
        return self._transitions()

    def _transitions(self) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(
            [
                [label.field, item.source, item.target, item.rows]
                for label in self.value.labels
                for item in label.transitions or ()
            ],
            columns=["label", "from", "to", "rows"],
        )

    @property
    def schema(self) -> pd.DataFrame:
        """One line per schema change: change, field, to, old_type, new_type, breaking."""
        import pandas as pd

        names = ["change", "field", "to", "old_type", "new_type", "breaking"]
        return pd.DataFrame(
            [[getattr(item, name) for name in names] for item in self.value.schema_changes], columns=names
        )

    def _summary(self) -> str:
        rows = self.value.rows
        if self.value.status == "unchanged":
            return f"{self.value.dataset}: no changes"
        return (
            f"{self.value.dataset}: {_count(rows.old)} -> {_count(rows.new)} rows, "
            f"+{_count(rows.added)} -{_count(rows.removed)} ~{_count(rows.changed)}"
        )

    def __repr__(self) -> str:
        lines = [self._summary()]
        lines += [f"  {item.change} {item.field}" for item in self.value.schema_changes]
        lines += [f"  {name}: {count:,} cells" for name, count in (self.value.changed_cells or {}).items()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        moved = self._transitions().head(SHOWN)
        table = moved.to_html(index=False, escape=True) if len(moved) else ""
        return f"<div><p><strong>{html.escape(self._summary())}</strong></p>{table}</div>"


SIDES = ("old", "new")


class DiffFrames(Mapping[str, DatasetFrames]):
    """What differs, dataset by dataset. With one dataset its frames are here too (`.rows`, …)."""

    def __init__(self, comparison: Comparison) -> None:
        # The comparison keeps the engine open that the rows are read from.
        self._comparison = comparison
        self.value = comparison.result
        self._datasets = {item.dataset: DatasetFrames(item) for item in comparison.result.datasets}

    def __getitem__(self, name: str) -> DatasetFrames:
        return self._datasets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._datasets)

    def __len__(self) -> int:
        return len(self._datasets)

    def _only(self) -> DatasetFrames:
        if len(self._datasets) != 1:
            raise UsageError(
                f"the diff has {len(self._datasets)} datasets",
                hint="choose one by name: result[" + " | ".join(map(repr, self._datasets)) + "]",
            )
        return next(iter(self._datasets.values()))

    @property
    def rows(self) -> pd.DataFrame:
        """`DatasetFrames.rows` of the only dataset. Raises: UsageError: there are several. DataMissing."""
        return self._only().rows

    @property
    def cells(self) -> pd.DataFrame:
        """`DatasetFrames.cells` of the only dataset. Raises: UsageError: there are several. DataMissing."""
        return self._only().cells

    @property
    def classes(self) -> pd.DataFrame:
        """`DatasetFrames.classes` of the only dataset. Raises: UsageError: there are several."""
        return self._only().classes

    @property
    def transitions(self) -> pd.DataFrame:
        """`DatasetFrames.transitions` of the only dataset. Raises: UsageError: there are several. DataMissing."""
        return self._only().transitions

    @property
    def schema(self) -> pd.DataFrame:
        """`DatasetFrames.schema` of the only dataset. Raises: UsageError: there are several."""
        return self._only().schema

    def __repr__(self) -> str:
        old, new = self.value.old.name, self.value.new.name
        warnings = [f"  {item.level}: {item.message}" for item in self.value.findings]
        if not self.value.complete:
            warnings.insert(0, "  INCOMPLETE: something could not be compared")
        return "\n".join([f"diff {old} -> {new}", *warnings, *map(repr, self._datasets.values())])

    def _repr_html_(self) -> str:
        head = html.escape(f"diff {self.value.old.name} → {self.value.new.name}")
        warnings = "".join(f"<li>{html.escape(item.message)}</li>" for item in self.value.findings)
        bodies = "".join(item._repr_html_() for item in self._datasets.values())
        return f"<div><h4>{head}</h4><ul>{warnings}</ul>{bodies}</div>"


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
