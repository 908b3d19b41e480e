"""Changes of a schema in words, one line each."""

from __future__ import annotations

from dsv.model.diff import SchemaChange
from dsv.model.page import Span, spans
from dsv.views._words import code, sign


def schema_change(change: SchemaChange) -> tuple[Span, ...]:
    """A field that came, went, or got another name or type."""
    warning = (Span(text="  breaking", role="warning"),) if change.breaking else ()
    name = code(change.field)
    if change.change == "field_added":
        return spans(sign("+"), " field ", name, "  ", code(change.new_type or ""), *warning)
    if change.change == "field_removed":
        return spans(sign("-"), " field ", name, "  ", code(change.old_type or ""), *warning)
    if change.change == "field_renamed":
        return spans(sign("~"), " field ", name, " -> ", code(change.to or ""), *warning)
    types = (code(change.old_type or ""), " -> ", code(change.new_type or ""))
    if change.change == "nullable_changed":
        told = types if change.old_type != change.new_type else types[:1]
        words = ", values are missing now" if change.breaking else ", no value is missing any more"
        return spans(sign("~"), " field ", name, "  ", *told, words, *warning)
    return spans(sign("~"), " field ", name, "  ", *types, *warning)
