"""A comparison of a few fields only: rows pair by all fields, just as they do in a comparison of all."""

from __future__ import annotations

from dataclasses import replace

from dsv.diff import keys
from dsv.diff.request import DiffRequest
from dsv.errors import SchemaError, did_you_mean
from dsv.tables.table import Table


def narrowed(request: DiffRequest, fields: tuple[str, ...], old: Table | None, new: Table | None) -> DiffRequest:
    """The request for these fields and the key only. Raises: SchemaError: one of them is on neither side."""
    known = {name for table in (old, new) if table is not None for name in table.schema.names}
    for name in fields:
        if name not in known:
            raise SchemaError(f"unknown field to compare {name!r}", hint=did_you_mean(name, sorted(known)))
    left_out = request.ignore
    paired = request.key or request.identity or request.by_position
    if not paired and old is not None and new is not None:
        names, evidence = keys.infer(old, new, {*request.labels, *left_out, request.split or ""})
        if names:
            request = replace(request, key=names, key_source="inferred", key_evidence=evidence)
    others = known - {*fields, *request.key}
    request = replace(request, ignore=tuple(sorted(others)))
    if not request.identity or request.key:
        return request
    # What is not compared still says which row is which, but for what someone left out or what is dealt afresh.
    context = {*request.context, *(others - {*left_out, *request.surrogates})}
    return replace(request, context=tuple(sorted(context)))
