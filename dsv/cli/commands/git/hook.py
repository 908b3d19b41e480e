"""Check what is about to be committed, or bring data after a merge, for Git's hooks."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.output import Terminal


@click.command("hook", context_settings={"ignore_unknown_options": True})
@click.argument("name", type=click.Choice(["pre-commit", "post-merge"]))
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(terminal: Terminal, name: str, words: tuple[str, ...]) -> int:
    """Run what dsv does in a hook of Git's.

    pre-commit: what is staged of datasets is whole and agrees. post-merge: DVC's data follows the merge.
    """
    from dsv.api import hooks

    if name == "post-merge":
        for line in hooks.after_merge(Path.cwd()):
            terminal.note(line)
        return 0
    found = list(hooks.before_commit(Path.cwd()))
    for error in found:
        terminal.fail(error)
    if found:
        terminal.note("the commit was not made; git commit --no-verify makes it all the same")
    return 1 if found else 0
