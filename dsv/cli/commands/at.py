"""Run a command on the files and datasets of a revision."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.completion import complete
from dsv.cli.output import Terminal


@click.command("at", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("revision", metavar="REV", shell_complete=complete("revision"))
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[--] COMMAND…")
@click.pass_obj
def command(terminal: Terminal, revision: str, words: tuple[str, ...]) -> int:
    """Run COMMAND in a throw-away work tree of REV that holds its datasets; exits as COMMAND does.

    What it writes is gone afterwards, unless it writes elsewhere. Your files, index and settings stay as they are.
    """
    from dsv.api.at import at

    return at(Path.cwd(), revision, words[1:] if words[:1] == ("--",) else words, terminal.progress())
