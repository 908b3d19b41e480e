"""Write a migration file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsv.cli.completion import operations as complete_operations
from dsv.cli.completion import parameters as complete_parameters
from dsv.cli.options import dataset_option
from dsv.cli.output import Terminal
from dsv.errors import UsageError

if TYPE_CHECKING:
    from dsv.api.migrate.new import NewMigration

SETTLING = {
    "--rename-class": ("OLD=NEW", "A class got another name."),
    "--merge-class": ("OLD=INTO", "A class became part of another."),
    "--split-class": ("OLD", "New classes came out of a class."),
    "--relabel": ("FIELD[=CLASS]", "The rows of a label, or of one class, are relabelled one by one."),
    "--rename-field": ("OLD=NEW", "A field got another name."),
    "--drop-field": ("NAME", "A field is gone."),
    "--add-field": ("NAME", "A field is new."),
    "--drop-rows": ("NUMBER", "So many rows are gone, though that are most of them."),
    "--leave": ("NAME", "A field, or another table of the format, stays as it was."),
    "--onto": ("ID", "The edits were made on what this pending migration gives."),
}
"""Options that settle what a change means, each with its value and its help."""


def capture_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that go with --from-…."""
    keep = click.option("--keep-rows", is_flag=True, help="With --from-…: rows that the new side lacks stay.")
    command = keep(command)
    for name, (value, text) in reversed(SETTLING.items()):
        command = click.option(name, multiple=True, metavar=value, help=f"With --from-…: {text}")(command)
    return command


@click.command("new")
@click.argument("operation", required=False, shell_complete=complete_operations)
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]…", shell_complete=complete_parameters)
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
@click.option("--from-workspace", is_flag=True, help="Make a migration of what was edited in the dataset's file.")
@click.option("--from-diff", nargs=2, metavar="A B", help="Make a migration of what changed between two revisions.")
@click.option(
    "--from-export",
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="Make a migration of what FILE holds, a table of any format.",
)
@capture_options
@click.pass_obj
def command(
    terminal: Terminal,
    /,
    operation: str | None,
    parameters: tuple[str, ...],
    dataset: str | None,
    title: str | None,
    slug: str | None,
    tuned: tuple[str, ...],
    from_workspace: bool,
    from_diff: tuple[str, str] | None,
    from_export: Path | None,
    keep_rows: bool,
    **settled: tuple[str, ...],
) -> None:
    """Write a migration file for an OPERATION, or a template without one.

    The first one adopts the dataset: its file becomes the base of a chain, and stays published
    at its path with the same bytes.

    With --from-…, the operations are found by what changed, and proved to give exactly that.

    \b
    dsv migrate new rename_class from=bike to=bicycle
    dsv migrate new drop_rows where='score < ${min_score}' --param min_score=0.2
    dsv migrate new --from-workspace
    """  # noqa: D301 - the mark keeps click from joining the lines
    captures = sum((from_workspace, from_diff is not None, from_export is not None))
    if captures:
        if captures > 1 or operation is not None or tuned:
            raise UsageError("an operation or one of --from-workspace, --from-diff, --from-export")
        done = _captured(terminal, from_diff, from_export, settled, dataset, title, slug, keep_rows)
    else:
        if keep_rows or any(settled.values()):
            raise UsageError("that option goes with --from-workspace, --from-diff or --from-export")
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


def _captured(
    terminal: Terminal,
    revisions: tuple[str, str] | None,
    export: Path | None,
    settled: dict[str, tuple[str, ...]],
    dataset: str | None,
    title: str | None,
    slug: str | None,
    keep_rows: bool,
) -> NewMigration:
    from dsv.api.migrate.capture import Source, capture
    from dsv.cli.asking import asking
    from dsv.migrations.capture.questions import Flag

    flags = [Flag(f"--{name.replace('_', '-')}", value) for name, values in settled.items() for value in values]
    return capture(
        Path.cwd(),
        Source(revisions=revisions, export=export),
        dataset=dataset,
        title=title,
        slug=slug,
        flags=flags,
        partial=keep_rows,
        ask=asking(terminal),
    )


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
