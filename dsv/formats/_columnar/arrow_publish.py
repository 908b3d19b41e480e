"""Publishing Arrow: the base's rows in their order, its schema, batch size and codec; a file or a stream as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any

from dsv.errors import FormatError
from dsv.formats._columnar.arrow_source import Source, source_of, staged
from dsv.formats._columnar.column_publish import Columns, arrow_schema, as_type
from dsv.formats._shared.changes import Changes, RowEdit
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION

_LARGEST_BATCH = 1_048_576


def write(changes: Changes, edits: Iterator[RowEdit], added: Iterator[Mapping[str, Any]], out: IO[bytes]) -> int:
    """Write the rows of the base that are kept, then the added ones; the number of rows.

    Raises: FormatError: a dictionary is inside nested values, or has no room for a new value.
    """
    import pyarrow as pa

    source = source_of(changes.base.engine, changes.publication.base)
    relation, natives = staged(changes.base.engine, source)
    columns = Columns(changes=changes, natives=natives, source=relation, number=POSITION)
    with source.batches() as (own, _):
        schema = arrow_schema(changes, own)
    _check_flat(schema, source)
    rows, codec = source.first_batch()
    make = pa.ipc.new_file if source.is_file else pa.ipc.new_stream
    dictionaries = _dictionaries(changes, source, schema)
    written = 0
    with make(out, schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        for table in columns.tables(min(rows or _LARGEST_BATCH, _LARGEST_BATCH)):
            cells = [
                _encoded(column, field, dictionaries[field.name], source)
                if field.name in dictionaries
                else as_type(column, field.type)
                for column, field in zip(table.columns, schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(cells, schema=schema))
            written += table.num_rows
    return written


def _check_flat(schema: Any, source: Source) -> None:
    import pyarrow as pa

    for field in schema:
        if not pa.types.is_dictionary(field.type) and "dictionary<" in str(field.type):
            raise FormatError(
                f"field {field.name!r} has dictionaries inside its values, which dsv reads and cannot write",
                where=source.shown,
                hint="write the file with plain values",
            )


def _dictionaries(changes: Changes, source: Source, schema: Any) -> dict[str, Any]:
    """One dictionary of all values for each dictionary field, the base's first: an Arrow file has no more."""
    import pyarrow as pa

    found = {}
    for field in schema:
        if not pa.types.is_dictionary(field.type):
            continue
        known = _own_values(source, changes.kept.get(field.name), field.type.value_type)
        name = identifier(field.name)
        query = f"SELECT DISTINCT {name} FROM {changes.final.relation} WHERE {name} IS NOT NULL ORDER BY 1"
        new = [value for (value,) in changes.base.engine.rows(query)]
        values = list(dict.fromkeys([*known, *pa.array(new, field.type.value_type).to_pylist()]))
        found[field.name] = pa.array(values, field.type.value_type)
    return found


def _own_values(source: Source, name: str | None, kind: Any) -> list[Any]:
    import pyarrow as pa

    with source.batches() as (schema, batches):
        first = next(batches, None)
        if name is None or first is None or not pa.types.is_dictionary(schema.field(name).type):
            return []
        values: list[Any] = first.column(schema.get_field_index(name)).dictionary.cast(kind).to_pylist()
        return values


def _encoded(column: Any, field: Any, dictionary: Any, source: Source) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = column.cast(field.type.value_type).combine_chunks()
    try:
        places = pc.index_in(plain, value_set=dictionary).cast(field.type.index_type)
    except pa.ArrowInvalid:
        raise FormatError(
            f"field {field.name!r} has more values than its dictionary of {field.type.index_type} can hold",
            where=source.shown,
            hint="write the file with a wider dictionary",
        ) from None
    return pa.DictionaryArray.from_arrays(places, dictionary, ordered=field.type.ordered)
