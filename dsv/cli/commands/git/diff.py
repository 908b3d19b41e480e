"""Show the diff of a dataset's file, for git diff and git show --ext-diff."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from dsv.cli.output import Terminal
from dsv.errors import DsvError

NOTHING = "/dev/null"
LIMIT = 10


@click.command("diff", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="PATH OLD OLD-ID OLD-MODE NEW NEW-ID NEW-MODE …")
@click.pass_obj
def command(terminal: Terminal, words: tuple[str, ...]) -> int:
    """Show the diff of PATH between the files OLD and NEW, as Git calls GIT_EXTERNAL_DIFF.

    What cannot be compared is shown as lines. A driver that fails would end git diff, so this one never does.
    """
    path, old, _, _, new = words[:5] if len(words) >= 5 else (words[0] if words else "", NOTHING, "", "", NOTHING)
    if len(words) == 1:
        sys.stdout.write(f"* unmerged path {path}\n")
        return 0
    sys.stdout.write(f"diff --dsv a/{path} b/{words[7] if len(words) > 7 else path}\n")
    try:
        sys.stdout.write(_diff(terminal, words[7] if len(words) > 7 else path, old, new))
    except Exception as error:
        if terminal.debug:
            terminal.trace()
        sys.stdout.write(f"({str(error).splitlines()[0] if str(error) else 'cannot be compared'}; as lines)\n")
        sys.stdout.flush()
        _lines(old, new)
    return 0


def _diff(terminal: Terminal, path: str, old: str, new: str) -> str:
    from dsv.api.drivers import compare_files
    from dsv.renderers import text
    from dsv.views import diff

    sides = [None if name == NOTHING else Path(name) for name in (old, new)]
    comparison = compare_files(Path.cwd(), path, *sides)
    if comparison is None:
        raise DsvError("no dataset differs")
    color = terminal.colored(sys.stdout) or (terminal.color == "auto" and os.environ.get("GIT_PAGER_IN_USE") == "true")
    with comparison:
        return text.render(diff.build(comparison.result, limit=LIMIT), width=100, color=color)


def _lines(old: str, new: str) -> None:
    """The lines that differ, as Git shows them."""
    command = ["git", "--no-pager", "diff", "--no-index", "--no-ext-diff", "--no-textconv", "--", old, new]
    subprocess.run(command, check=False)
