"""What a format cannot hold, told before anything is written."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from dsv import registry
from dsv.errors import FormatError
from dsv.model.schema import Schema


@runtime_checkable
class Enclosing(Protocol):
    """A format whose rows are parts of something that a migration cannot make: `enclosed` says of what."""

    @property
    def enclosed(self) -> str: ...


@runtime_checkable
class Fixed(Protocol):
    """A format that gives fields their names and types: `fixed` says what its fields are."""

    @property
    def fixed(self) -> str: ...


def check_addable(format_name: str, rows: int, *, where: str) -> None:
    """Refuse rows that are new where they could not be published. Raises: FormatError: the format takes none."""
    plugin = registry.get("formats", format_name)
    if rows and isinstance(plugin, Enclosing):
        raise FormatError(
            f"{'1 row' if rows == 1 else f'{rows} rows'} would be added, and a migration cannot add {plugin.enclosed}",
            where=where,
            hint="add them to the base file; they then go through the chain",
        )


def check_fields(format_name: str, base: Schema, final: Schema, *, where: str) -> None:
    """Refuse fields that could not be published. Raises: FormatError: the format has its own."""
    plugin = registry.get("formats", format_name)
    if not isinstance(plugin, Fixed):
        return
    kept = {item.origin: item for item in final if item.origin is not None}
    for item in base:
        now = kept.get(item.name)
        if now is None or now.name != item.name:
            fate = "would go" if now is None else f"would be {now.name!r}"
            raise FormatError(f"field {item.name!r} {fate}, and {plugin.fixed}", where=where)
        if now.type != item.type and {now.type, item.type} != {"string", "enum"}:
            raise FormatError(f"field {item.name!r} would be {now.type}, and {plugin.fixed}", where=where)
    new = next((item.name for item in final if item.origin is None), None)
    if new is not None:
        raise FormatError(f"field {new!r} would be new, and {plugin.fixed}", where=where)
