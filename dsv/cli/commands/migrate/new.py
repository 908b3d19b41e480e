"""Write a migration file."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.options import dataset_option
from dsv.cli.output import Terminal
from dsv.errors import UsageError


@click.command("new")
@click.argument("operation", required=False)
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]…")
@dataset_option
@click.option("--title", metavar="TEXT", help="What the migration does; without it, the operation in words.")
@click.option("--id", "slug", metavar="WORDS", help="The words of the id: m0004_WORDS.")
@click.option(
    "--param",
    "tuned",
    multiple=True,
    metavar="NAME=VALUE",
    help="A value that is kept in params.yaml; the migration refers to it as ${NAME}.",
)
@click.pass_obj
def command(
    terminal: Terminal,
    operation: str | None,
    parameters: tuple[str, ...],
    dataset: str | None,
    title: str | None,
    slug: str | None,
    tuned: tuple[str, ...],
) -> None:
    """Write a migration file for an OPERATION, or a template without one.

    The first one adopts the dataset: its file becomes the base of a chain, and stays published
    at its path with the same bytes.

    \b
    dsv migrate new rename_class from=bike to=bicycle
    dsv migrate new drop_rows where='score < ${min_score}' --param min_score=0.2
    """  # noqa: D301 - the mark keeps click from joining the lines
    from dsv.api.migrate.new import new as create

    done = create(
        Path.cwd(),
        operation,
        _pairs(parameters),
        dataset=dataset,
        title=title,
        slug=slug,
        tuned=_pairs(tuned),
    )
    for note in done.notes:
        terminal.note(note)
    terminal.say(done.path)


def _pairs(words: tuple[str, ...]) -> dict[str, str]:
    """`name=value` words as a mapping. Raises: UsageError."""
    pairs: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise UsageError(f"{word!r} is not NAME=VALUE")
        if name in pairs:
            raise UsageError(f"{name!r} is given twice")
        pairs[name] = value
    return pairs
