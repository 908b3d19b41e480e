"""Run one migration as its stage does."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.output import Terminal


@click.command("run")
@click.argument("dataset")
@click.argument("migration")
@click.pass_obj
def command(terminal: Terminal, dataset: str, migration: str) -> None:
    """Run one migration as its stage does: the version before in, its own version out."""
    from dsv.api.migrate.run import run as run_stage

    terminal.note(run_stage(Path.cwd(), dataset, migration, progress=terminal.progress()))
