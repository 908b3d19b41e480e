"""Groups of commands, found by file name and imported only when they are run."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import click

from dsv.errors import UsageError, did_you_mean


class Verbs(click.Group):
    """A group whose commands are the modules of a package; each has a click command `command`."""

    def __init__(self, *, package: str, folder: Path, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.package = package
        self.folder = folder

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, sorted; imports none."""
        modules = pkgutil.iter_modules([str(self.folder)])
        return sorted(module.name.replace("_", "-") for module in modules if not module.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, imported; None if there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{self.package}.{cmd_name.replace('-', '_')}").command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names. Raises: UsageError with the nearest name."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            raise UsageError(f"unknown command {args[0]!r}", hint=did_you_mean(args[0], known))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with the first line of each module's docstring."""
        if names := self.list_commands(ctx):
            with formatter.section("Commands"):
                formatter.write_dl([(name, self._summary(name)) for name in names])

    def _summary(self, name: str) -> str:
        """The first line of a command's module, read without importing it."""
        path = self.folder / f"{name.replace('-', '_')}.py"
        module = path if path.exists() else path.with_suffix("") / "__init__.py"
        with module.open(encoding="utf-8") as lines:
            return lines.readline().strip().strip('"').rstrip(".")
