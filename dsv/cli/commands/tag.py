"""Give a dataset a version that DVC reads too; list versions."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.completion import complete
from dsv.cli.output import Terminal
from dsv.errors import UsageError


@click.command("tag")
@click.argument("dataset", required=False, shell_complete=complete("dataset"))
@click.argument("version", required=False)
@click.argument("revision", required=False, metavar="[REV]", shell_complete=complete("revision"))
@click.option("-m", "--message", metavar="MESSAGE", help="Message of the tag.")
@click.option("-d", "--delete", "deleting", is_flag=True, help="Take the tag of DATASET VERSION away.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, of the contract dsv.tag/1.")
@click.pass_obj
def command(
    terminal: Terminal,
    dataset: str | None,
    version: str | None,
    revision: str | None,
    message: str | None,
    deleting: bool,
    as_json: bool,
) -> None:
    """Give DATASET, as it is at REV (without it: HEAD), a VERSION such as v1.2.

    \b
    dsv tag                   list the versions of all datasets
    dsv tag DATASET           list those of one
    dsv tag DATASET VERSION   make one: the tag DATASET@v1.2.0

    Wherever a revision is named, DATASET@v1.2 is one. DVC reads it too: dvc artifacts get.
    """  # noqa: D301 - the mark keeps click from joining the lines
    from dsv.api import tag as api

    if deleting and (dataset is None or version is None or revision is not None or message is not None):
        raise UsageError("-d takes a dataset and a version", hint="dsv tag -d DATASET VERSION")
    if version is None and message is not None:
        raise UsageError("a message is of a version", hint="dsv tag -m MESSAGE DATASET VERSION")
    if dataset is None or version is None:
        found = api.versions(Path.cwd(), dataset)
    elif deleting:
        found = api.delete(Path.cwd(), dataset, version)
    else:
        found = api.tag(Path.cwd(), dataset, version, "HEAD" if revision is None else revision, message)
    for warning in found.warnings:
        terminal.warn(warning)
    if as_json:
        from dsv.renderers._versions import render

        terminal.emit(render(found))
    else:
        from dsv.views.versions import build

        terminal.show(build(found))
    if found.action == "created":
        terminal.note(f"to share it: git push origin {found.versions[0].tag}")
