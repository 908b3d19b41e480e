"""Undo a published migration by a new one."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.completion import complete
from dsv.cli.options import dataset_option
from dsv.cli.output import Terminal


@click.command("revert")
@click.argument("migration", metavar="ID", shell_complete=complete("migration"))
@dataset_option
@click.option("--skip-conflicts", is_flag=True, help="Leave what was touched since as it is, and undo the rest.")
@click.option("--title", metavar="TEXT", help="What the new migration does.")
@click.pass_obj
def command(terminal: Terminal, migration: str, dataset: str | None, skip_conflicts: bool, title: str | None) -> None:
    """Write a new migration that undoes ID, which others may have: by its inverse, or by what it changed.

    What later migrations changed of it is a conflict: listed, and nothing is written, unless it is to
    be left. A migration that nobody has yet is better taken out: dsv migrate remove.
    """
    from dsv.api.migrate.revert import revert

    done = revert(Path.cwd(), migration, dataset=dataset, skip_conflicts=skip_conflicts, title=title)
    for note in done.notes:
        terminal.note(note)
    terminal.say(done.path)
