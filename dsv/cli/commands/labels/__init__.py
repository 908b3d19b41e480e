"""Follow the classes of a label from one revision to another."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.verbs import Verbs


@click.group("labels", cls=Verbs, package=__name__, folder=Path(__file__).parent)
def command() -> None:
    """Follow the classes of a label from one revision to another."""
