"""What Git runs once dsv install has been run: drivers and hooks, not for people."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.verbs import Verbs


@click.group("git", cls=Verbs, package=__name__, folder=Path(__file__).parent)
def command() -> None:
    """What Git runs once dsv install has been run: drivers and hooks, not for people."""
