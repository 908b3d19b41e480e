"""Make the first migrations part of the base."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.options import dataset_option
from dsv.cli.output import Terminal


@click.command("squash")
@click.option("--to", metavar="ID", help="The last migration to become part of the base; without it, the head.")
@dataset_option
@click.pass_obj
def command(terminal: Terminal, to: str | None, dataset: str | None) -> None:
    """Let the chain start at the version of ID: the migrations up to it become part of the base.

    The published bytes stay. Classes keep their keys, ids and indices, so that models of any
    revision can still be mapped. The documents go to the folder squashed/ beside the others.
    """
    from dsv.api.migrate.squash import squash

    with terminal.progress().task("squashing") as task:
        done = squash(Path.cwd(), to, dataset=dataset)
        task.advance()
    for line in done:
        terminal.say(line)
