"""Record batches become a relation of the engine: one pass, one batch in memory at a time, every value checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dsv.tables.table import POSITION, STAGE_LIMIT_BYTES

if TYPE_CHECKING:
    from dsv.tables.duckdb import Engine

_KNOWN_TO_ENGINE = ("arrow.uuid", "arrow.json")


def stage_batches(engine: Engine, schema: Any, batches: Iterable[Any], size_bytes: int) -> str:
    """Name a relation of the rows of Arrow record batches, in their order, with `POSITION`.

    Kept in the engine if there is little, else in a file that lives as long as the engine. Never
    scanned where it lies: the engine would push conditions into Arrow, whose NaN and NULL are not
    the engine's. What reading a batch raises is raised as it is.

    Raises: pyarrow.ArrowInvalid: a batch's bytes are no sound values. duckdb.Error: a type is unknown.
    """
    import pyarrow as pa

    name = engine.fresh("scan")
    place = "" if size_bytes <= STAGE_LIMIT_BYTES else engine.attached() + "."
    plain = plain_schema(schema)
    failed: list[Exception] = []
    reader = pa.RecordBatchReader.from_batches(plain, _checked(batches, plain, failed))
    connection = engine.connection
    connection.register(f"{name}_batches", reader)
    try:
        engine.execute(f"CREATE TABLE {place}{name}_rows AS SELECT * FROM {name}_batches")
    except Exception:
        if failed:
            raise failed[0] from None
        raise
    finally:
        connection.unregister(f"{name}_batches")
    engine.execute(f"CREATE VIEW {name} AS SELECT *, rowid + 1 AS {POSITION} FROM {place}{name}_rows")
    return name


def plain_schema(schema: Any) -> Any:
    """An Arrow schema with the types that the engine reads: no dictionaries, no types of its own."""
    import pyarrow as pa

    return pa.schema([pa.field(item.name, plain_type(item.type)) for item in schema])


def plain_type(kind: Any) -> Any:
    """The Arrow type without dictionaries; what the engine lacks becomes a type that holds the same values."""
    import pyarrow as pa

    types = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return kind if kind.extension_name in _KNOWN_TO_ENGINE else plain_type(kind.storage_type)
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if types.is_struct(kind):
        return pa.struct([pa.field(item.name, plain_type(item.type)) for item in kind])
    if types.is_map(kind):
        return pa.map_(plain_type(kind.key_type), plain_type(kind.item_type))
    for is_list, make in _lists():
        if is_list(kind):
            return make(plain_type(kind.value_type))
    if types.is_null(kind) or types.is_decimal256(kind):
        return pa.string()
    return pa.float32() if types.is_float16(kind) else kind


def _lists() -> Iterator[tuple[Callable[[Any], bool], Callable[[Any], Any]]]:
    import pyarrow as pa

    types = pa.types
    yield lambda kind: types.is_list(kind) or types.is_fixed_size_list(kind) or types.is_list_view(kind), pa.list_
    yield lambda kind: types.is_large_list(kind) or types.is_large_list_view(kind), pa.large_list


def _checked(batches: Iterable[Any], plain: Any, failed: list[Exception]) -> Iterator[Any]:
    """Batches in plain types, validated: an offset out of range would have the engine read foreign memory."""
    import pyarrow as pa

    try:
        for batch in batches:
            batch.validate(full=True)
            columns = [_plain(column, field.type) for column, field in zip(batch.columns, plain, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, schema=plain)
    except Exception as error:
        # The engine would tell it in words of its own.
        failed.append(error)
        raise


def _plain(column: Any, kind: Any) -> Any:
    import pyarrow as pa

    if column.type == kind:
        return column
    try:
        return column.cast(kind)
    except pa.ArrowNotImplementedError:
        return pa.array(column.to_pylist(), kind)
