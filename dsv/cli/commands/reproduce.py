"""Put the datasets of a revision together again, and with --verify make them again."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.completion import complete
from dsv.cli.options import Display, result_options
from dsv.cli.output import Terminal

NOT_AS_RECORDED = 5


@click.command("reproduce")
@click.argument("revision", metavar="REV", shell_complete=complete("revision"))
@click.option("--verify", is_flag=True, help="Run each chain again, from its base, and compare every output.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Leave the work tree in DIR.",
)
@result_options("dsv.reproduce/1")
@click.pass_obj
def command(terminal: Terminal, revision: str, verify: bool, keep: Path | None, display: Display) -> int:
    """Put the recorded datasets of REV into a throw-away work tree, each byte held against its hash.

    Your files, index, cache and settings stay as they are. --verify runs the code of REV's migrations.
    """
    from dsv.api.reproduce import reproduce
    from dsv.renderers import _reproduction
    from dsv.views.reproduction import build

    place = None if keep is None else keep.resolve()
    found = reproduce(Path.cwd(), revision, verify=verify, keep=place, progress=terminal.progress())
    terminal.present(display, lambda: build(found), lambda: _reproduction.render(found))
    return 0 if found.holds else NOT_AS_RECORDED
