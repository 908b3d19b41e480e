"""`m0000_base.yaml`: what must not be inferred anew when base rows are added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from dsv.errors import DocumentError, SchemaError, did_you_mean
from dsv.formats.base import dialect
from dsv.migrations.source import check_key, class_names
from dsv.migrations.state import StateDocument, state_of
from dsv.migrations.state import dump as dump_state
from dsv.migrations.state import load as load_state
from dsv.model.dataset import Dataset
from dsv.model.migration import BASE_ID, Base, ClassList, State
from dsv.model.profile import CLASS_LIMIT, ClassIdentity
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Dialect, Snapshot
from dsv.tables.duckdb import identifier
from dsv.tables.table import Table

ROWS_PER_PART = 100_000
HEADER = """\
# What the chain of this dataset starts from, pinned when the chain began, so that new rows of the
# base change nothing but rows. A class keeps its `key` and `id` for ever; `index` is what models
# are trained on, `name` what the cells hold.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseDocument(StateDocument):
    """The keys of `m0000_base.yaml`, beside those of the state."""

    dsv: int
    id: str
    dataset: str
    path: str
    publishes: str
    format: str
    gzip: bool = False
    dialect: Dialect | None = None
    parts: int
    squashed: str | None = None


def dump(base: Base) -> str:
    """The text of `m0000_base.yaml`. Origins are left out: a base's fields are their own."""
    head = {
        "dsv": 1,
        "id": BASE_ID,
        "dataset": base.dataset,
        "path": base.path,
        "publishes": base.publishes,
        "format": base.format,
        "gzip": base.gzip,
        "dialect": None if base.dialect is None else asdict(base.dialect),
        "parts": base.parts,
        "squashed": base.squashed,
    }
    fields = tuple(replace(item, origin=None) for item in base.state.schema)
    given = {key: value for key, value in head.items() if value not in (None, False)}
    return HEADER + dump_state(given, replace(base.state, schema=Schema(fields=fields)))


def load(text: str | bytes, where: str) -> Base:
    """Read `m0000_base.yaml`. `where` is its path, for messages.

    Raises: DocumentError: all that is wrong with it, with lines.
    """
    document = load_state(BaseDocument, text, where)
    if document.dsv != 1 or document.id != BASE_ID:
        raise DocumentError(
            f"not a base that this version of dsv knows: dsv {document.dsv}, id {document.id}",
            where=f"{where}:1",
            hint="use the newest dsv",
        )
    if document.parts < 1 or document.parts & (document.parts - 1):
        raise DocumentError(f"'parts' must be a power of two, not {document.parts}", where=f"{where}:1")
    state = state_of(document)
    fields = tuple(replace(item, origin=item.name) for item in state.schema)
    return Base(
        dataset=document.dataset,
        path=document.path,
        publishes=document.publishes,
        format=document.format,
        gzip=document.gzip,
        dialect=document.dialect,
        parts=document.parts,
        squashed=document.squashed,
        state=replace(state, schema=Schema(fields=fields)),
    )


def build_base(dataset: Dataset, table: Table, snapshot: Snapshot, base_path: str, publishes: str) -> Base:
    """The base of a dataset that gets a chain. `table` is the snapshot's scan.

    `base_path` and `publishes` are the repository paths of the base and of the published file.

    Raises: SchemaError: a declared field is not there. MigrationError: the key is not unique.
    """
    _check_declared(dataset, table)
    fields = tuple(replace(item, origin=item.name) for item in table.schema)
    typed = table.typed_table()
    check_key(typed, dataset.key, where=snapshot.shown_path)
    nothing = dataset.unlabelled
    lists = [_class_list(typed, table.schema[name], nothing) for name in dataset.labels]
    state = State(
        schema=Schema(fields=fields),
        key=dataset.key,
        labels=dataset.labels,
        split=dataset.split,
        media=dataset.media,
        unlabelled=nothing,
        classes=tuple(item for item in lists if item is not None),
    )
    return Base(
        dataset=dataset.name,
        path=base_path,
        publishes=publishes,
        format=snapshot.format,
        gzip=snapshot.gzip,
        dialect=dialect(snapshot),
        parts=_parts(table.count()),
        state=state,
    )


def _check_declared(dataset: Dataset, table: Table) -> None:
    media = [] if dataset.media is None else [dataset.media.field]
    split = [] if dataset.split is None else [dataset.split]
    for name in (*dataset.key, *dataset.labels, *split, *media):
        if name not in table.schema:
            raise SchemaError(
                f"{dataset.declared_in} declares the field {name!r}, which the data does not have",
                where=dataset.path,
                hint=did_you_mean(name, table.schema.names),
            )


def _parts(rows: int) -> int:
    wanted = -(-rows // ROWS_PER_PART)
    return 1 << max(0, wanted - 1).bit_length()


def _class_list(table: Table, field: Field, unlabelled: str | None) -> ClassList | None:
    """The classes of a label, as its cells have them; None above CLASS_LIMIT."""
    cells = (
        f"SELECT unnest({class_names(identifier(field.name), field)}) AS name FROM {table.relation} "
        f"WHERE {identifier(field.name)} IS NOT NULL"
    )
    found = table.engine.rows(f"SELECT DISTINCT name FROM ({cells}) WHERE name IS NOT NULL LIMIT {CLASS_LIMIT + 2}")
    names = sorted(name for (name,) in found if name != unlabelled)
    if len(names) > CLASS_LIMIT:
        return None
    return ClassList(field=field.name, classes=identities(names), next_id=_next_id(names))


def _is_count(names: Sequence[str]) -> bool:
    """Say whether the names are the integers 0, 1, … n-1: training indices already."""
    return bool(names) and {str(number) for number in range(len(names))} == set(names)


def identities(names: Sequence[str]) -> tuple[ClassIdentity, ...]:
    """The classes of sorted names as a chain deals them: training indices are kept, else the order is the index."""
    if _is_count(names):
        ordered = sorted(names, key=int)
        return tuple(ClassIdentity(key=name, id=int(name), index=int(name), name=name) for name in ordered)
    return tuple(
        ClassIdentity(key=name or _free("empty", names), id=place + 1, index=place, name=name)
        for place, name in enumerate(names)
    )


def _free(key: str, names: Sequence[str]) -> str:
    """The key, lengthened until no name is like it."""
    return key if key not in names else _free(key + "_", names)


def _next_id(names: Sequence[str]) -> int:
    return len(names) if _is_count(names) else len(names) + 1
