"""What a shell completes: each argument and option says of which kind its values are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsv.errors import DsvError

if TYPE_CHECKING:
    from dsv.api.completion import Kind

Complete = Callable[[click.Context, click.Parameter, str], list[str]]
FIELDS = ("field", "fields", "key", "reads", "writes")
"""Parameters of operations that name fields; of the others, classes are offered."""


def complete(kind: Kind) -> Complete:
    """Completes the names of a kind."""
    return lambda ctx, parameter, incomplete: _starting(kind, incomplete)


def words(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completes what `Words` take: revisions, each end of a range, and datasets after `--`."""
    if "targets" in ctx.meta:
        return _starting("dataset", incomplete)
    for sign in ("...", ".."):
        old, found, new = incomplete.partition(sign)
        if found:
            return [f"{old}{sign}{name}" for name in _starting("revision", new)]
    return _starting("revision", incomplete)


def blamed(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completes what `blame` takes: a dataset, perhaps a revision before it."""
    if "targets" in ctx.meta or ctx.params.get(parameter.name or ""):
        return _starting("dataset", incomplete)
    return [*_starting("dataset", incomplete), *_starting("revision", incomplete)]


def operations(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completes the names of operations."""
    from dsv.registry import names

    return [name for name in names("operations") if name.startswith(incomplete)]


def parameters(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completes the value in `NAME=VALUE`. Bash hands the two over as words of their own."""
    name, sign, value = incomplete.partition("=")
    if sign:
        return [f"{name}={found}" for found in _starting(_kind(name), value)]
    before = [word for word in ctx.params.get("parameters") or () if word != "="]
    return _starting(_kind(before[-1]), incomplete) if before and "=" not in before[-1] else []


def _kind(name: str) -> Kind:
    return "field" if name in FIELDS else "class"


def _starting(kind: Kind, incomplete: str) -> list[str]:
    """The names that go on with what was typed; none where they cannot be had, a shell has no place for errors."""
    from dsv.api.completion import completions

    with suppress(DsvError, OSError):
        return [name for name in completions(Path.cwd(), kind) if name.startswith(incomplete) and name.isprintable()]
    return []
