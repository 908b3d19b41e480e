"""Check that documents, locks and stages agree, and that nothing is pending."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.options import Display, dataset_option, result_options
from dsv.cli.output import Terminal

FAILED = 1


@click.command("check")
@dataset_option
@click.option("--ci", is_flag=True, help="Let warnings fail too.")
@click.option("--against", metavar="REV", help="Others have what REV and HEAD have in common, such as origin/main.")
@result_options("dsv.migrate-check/1")
@click.pass_obj
def command(terminal: Terminal, dataset: str | None, ci: bool, against: str | None, display: Display) -> int:
    """Check chains: one head, nothing pending, documents, chain.lock, dvc.yaml and dvc.lock agree.

    Migrations that others have must be as they had them. Data need not be here.

    \b
    exit 0  all agrees
    exit 1  something is pending, or does not agree
    exit 3  a chain cannot be read, so it cannot be checked
    exit 4  two heads: two migrations follow the same one
    """  # noqa: D301 - the mark keeps click from joining the lines
    from dsv.api.migrate.check import check
    from dsv.renderers import _chains
    from dsv.views.migrations import build_check

    found = check(Path.cwd(), dataset=dataset, against=against)
    terminal.present(display, lambda: build_check(*found, strict=ci), lambda: _chains.check(found, strict=ci))
    unreadable = max(item.exit_code for item in found)
    return unreadable or (FAILED if any(item.fails(strict=ci) for item in found) else 0)
