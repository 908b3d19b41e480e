"""Commit what belongs to the datasets: data to DVC, its meaning to Git, in one commit."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dsv.cli.completion import complete
from dsv.cli.output import Terminal
from dsv.errors import UsageError

TEMPLATE = "\n# Say what changed in the data, and why. Lines that begin with '#' are left out.\n"


@click.command("commit")
@click.argument("datasets", nargs=-1, metavar="[DATASET]…", shell_complete=complete("dataset"))
@click.option("-m", "--message", metavar="TEXT", help="The message; without it, Git's editor opens.")
@click.option("--amend", is_flag=True, help="Put the commit in the place of HEAD; rows are counted from HEAD's parent.")
@click.option("--no-edit", is_flag=True, help="With --amend: keep HEAD's message.")
@click.option("--dry-run", is_flag=True, help="Show what would be committed; change nothing.")
@click.pass_obj
def command(
    terminal: Terminal, datasets: tuple[str, ...], message: str | None, amend: bool, no_edit: bool, dry_run: bool
) -> None:
    """Commit the datasets' changes: all that is declared, or those that are named.

    One Git commit of exactly what belongs to them: the pointer or the file, its profile, and its
    part of the pipeline. What else is staged stays staged.
    """
    from dsv.api.commit import commit, message_of_head

    if no_edit and (not amend or message is not None):
        raise UsageError(
            "--no-edit keeps the message of the commit that --amend replaces", hint="dsv commit --amend --no-edit"
        )
    text = message
    if message is None and not dry_run and not no_edit:
        text = _edited(message_of_head(Path.cwd()) if amend else "", amend=amend)
    done = commit(Path.cwd(), datasets, message=text, amend=amend, dry_run=dry_run, progress=terminal.progress())
    for note in done.notes:
        terminal.note(note)
    for line in done.lines:
        terminal.say(line)


def _edited(before: str, *, amend: bool) -> str:
    if not sys.stdin.isatty():
        hint = "dsv commit --amend --no-edit, or -m TEXT" if amend else "dsv commit -m TEXT"
        raise UsageError("a commit needs a message", hint=hint)
    text = click.edit(before + TEMPLATE, require_save=True, extension=".gitcommit") or ""
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip()
    if not kept:
        raise UsageError("the message is empty; nothing was committed")
    return kept
