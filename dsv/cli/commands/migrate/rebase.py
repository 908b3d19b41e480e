"""Put migrations of this branch after those of another."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.options import dataset_option
from dsv.cli.output import Terminal


@click.command("rebase")
@click.argument("onto", required=False, metavar="[ONTO]")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@click.option("--pin", is_flag=True, help="Pin my pinned migrations anew, to what they come to after theirs.")
@dataset_option
@click.pass_obj
def command(terminal: Terminal, onto: str | None, dry_run: bool, pin: bool, dataset: str | None) -> None:
    """Put my migrations after those of ONTO: renumbered, on top, applied, and chain.lock written anew.

    ONTO is a revision, or a migration of the branch that comes first. While git merge, git rebase or
    git cherry-pick has stopped at a conflict it is implied: dvc.yaml, dvc.lock, params.yaml and
    chain.lock are put together, and staged.

    Says whether the order matters: both orders are tried, and rows, fields and classes compared.
    """
    from dsv.api.migrate.rebase import rebase
    from dsv.views.rebase import build

    with terminal.progress().task("rebasing") as task:
        result = rebase(Path.cwd(), onto, dataset=dataset, dry_run=dry_run, pin=pin)
        task.advance()
    terminal.show(build(result))
