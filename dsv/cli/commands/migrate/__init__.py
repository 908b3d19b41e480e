"""Change a dataset by reviewed, reproducible migrations."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.verbs import Verbs


@click.group("migrate", cls=Verbs, package=__name__, folder=Path(__file__).parent)
def command() -> None:
    """Change a dataset by migrations: reviewed files, each a stage in dvc.yaml.

    A chain of migrations starts from the dataset's base; the last applied one is its head.
    """
