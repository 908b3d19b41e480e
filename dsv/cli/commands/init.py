"""Declare a dataset, and set up DVC where it is missing."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.options import identity_options
from dsv.cli.output import Terminal


@click.command("init")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@identity_options
@click.option("--name", metavar="NAME", help="The dataset's name; without it, one is made of the file's name.")
@click.option("--format", "form", metavar="NAME", help="The table's format, where its name and content do not tell.")
@click.pass_obj
def command(
    terminal: Terminal,
    path: Path | None,
    key: tuple[str, ...],
    label: tuple[str, ...],
    split: str | None,
    no_header: bool,
    name: str | None,
    form: str | None,
) -> None:
    """Declare the table at PATH as a dataset, in dvc.yaml.

    Key, label and split are inferred where they are not given, and shown with the reason. Without
    PATH only DVC is set up.
    """
    from dsv.api.init import init

    done = init(Path.cwd(), path, key=key, labels=label, split=split, header=not no_header, name=name, form=form)
    for line in done.lines:
        terminal.say(line)
    for hint in done.next_steps:
        terminal.note(f"next: {hint}")
