"""Commands that take revisions, and after `--` datasets and paths, as Git does."""

from __future__ import annotations

import click


class Words(click.Command):
    """A command whose words after `--` are kept apart, in `ctx.meta["targets"]`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take off what stands after `--`, then parse the rest."""
        if "--" in args:
            place = args.index("--")
            ctx.meta["targets"] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)


def targets() -> tuple[str, ...] | None:
    """What stood after `--`; None where there was no `--`."""
    found: tuple[str, ...] | None = click.get_current_context().meta.get("targets")
    return found
