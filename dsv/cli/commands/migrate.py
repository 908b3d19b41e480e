"""Change a dataset by reviewed, reproducible migrations."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.options import dataset_option
from dsv.cli.output import Terminal
from dsv.errors import UsageError


@click.group("migrate")
def command() -> None:
    """Change a dataset by migrations: reviewed files, each a stage in dvc.yaml.

    A chain of migrations starts from the dataset's base; the last applied one is its head.
    """


@command.command("new")
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
def new(
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
    from dsv.api.migrate import new as create

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


@command.command("remove")
@click.argument("migration", metavar="ID")
@dataset_option
@click.pass_obj
def remove(terminal: Terminal, migration: str, dataset: str | None) -> None:
    """Remove the last migration, if it is not committed; with the last one goes the chain.

    Its file, its stage and its parameters are taken out.
    """
    from dsv.api.migrate import remove as take_out

    for line in take_out(Path.cwd(), migration, dataset=dataset):
        terminal.say(line)


@command.command("plan")
@click.argument("to", required=False, metavar="[ID]")
@dataset_option
@click.pass_obj
def plan(terminal: Terminal, to: str | None, dataset: str | None) -> None:
    """Show what the pending migrations would do, up to ID, counted before anything runs."""
    from dsv.api.migrate import plan as foretell
    from dsv.views.plan import build

    for found in foretell(Path.cwd(), to, dataset=dataset):
        terminal.show(build(found))


@command.command("up")
@click.argument("to", required=False, metavar="[ID]")
@dataset_option
@click.pass_obj
def up(terminal: Terminal, to: str | None, dataset: str | None) -> None:
    """Apply the pending migrations, up to ID: write their stages, run DVC, compare with the plan."""
    from dsv.api.migrate import up as apply

    with terminal.progress().task("applying") as task:
        done = apply(Path.cwd(), to, dataset=dataset)
        task.advance()
    for line in done:
        terminal.say(line)


@command.command("down")
@click.argument("to", metavar="ID")
@dataset_option
@click.pass_obj
def down(terminal: Terminal, to: str, dataset: str | None) -> None:
    """Move the head back to ID (m0000_base is the base). Nothing is deleted; up comes back."""
    from dsv.api.migrate import down as back

    with terminal.progress().task("moving the head") as task:
        done = back(Path.cwd(), to, dataset=dataset)
        task.advance()
    for line in done:
        terminal.say(line)


@command.command("status")
@dataset_option
@click.pass_obj
def status(terminal: Terminal, dataset: str | None) -> None:
    """List the migrations: applied, pending, and what does not agree."""
    from dsv.api.migrate import status as state
    from dsv.views.migrations import build

    for found in state(Path.cwd(), dataset=dataset):
        terminal.show(build(found.dataset, found.migrations, lock=found.lock, problems=found.findings))


@command.command("run")
@click.argument("dataset")
@click.argument("migration")
@click.pass_obj
def run(terminal: Terminal, dataset: str, migration: str) -> None:
    """Run one migration as its stage does: the version before in, its own version out."""
    from dsv.api.stages import run as run_stage

    terminal.note(run_stage(Path.cwd(), dataset, migration))


@command.command("publish")
@click.argument("dataset")
@click.argument("migration")
@click.pass_obj
def publish(terminal: Terminal, dataset: str, migration: str) -> None:
    """Write a version to the dataset's path, in the format of its base, with its profile."""
    from dsv.api.stages import publish as publish_stage

    terminal.note(publish_stage(Path.cwd(), dataset, migration))


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
