"""Summarise a `.dvc` file, a `dvc.lock` or a table as text, for git diff, show and log -p."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dsv.cli.output import Terminal


@click.command("textconv")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def command(terminal: Terminal, file: Path) -> int:
    """Summarise FILE: rows, fields, classes. What cannot be summarised is written as it is.

    A driver that fails would end git diff, so this one never does.
    """
    try:
        from dsv.api.summaries import summaries
        from dsv.renderers import text
        from dsv.views.summary import build

        found = summaries(Path.cwd(), file)
        written = text.render(build(found)).encode("utf-8", "backslashreplace")
        if not any(item.profile is not None for item in found):
            written = file.read_bytes()
    except Exception:
        if terminal.debug:
            terminal.trace()
        written = file.read_bytes() if file.is_file() else b""
    sys.stdout.buffer.write(written)
    return 0
