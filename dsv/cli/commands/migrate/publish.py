"""Write a version to the dataset's path as the publish stage does."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.output import Terminal


@click.command("publish")
@click.argument("dataset")
@click.argument("migration")
@click.pass_obj
def command(terminal: Terminal, dataset: str, migration: str) -> None:
    """Write a version to the dataset's path, in the format of its base, with its profile."""
    from dsv.api.migrate.publish import publish as publish_stage

    terminal.note(publish_stage(Path.cwd(), dataset, migration, progress=terminal.progress()))
