"""Try the laws of migrations, and the tests that their documents bring."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.completion import complete
from dsv.cli.options import Display, dataset_option, result_options
from dsv.cli.output import Terminal

FAILED, UNKNOWN = 1, 3


@click.command("test")
@click.argument("migration", required=False, metavar="[ID]", shell_complete=complete("migration"))
@dataset_option
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Use about N rows; guards do not count then.")
@result_options("dsv.migrate-test/1")
@click.pass_obj
def command(
    terminal: Terminal, migration: str | None, dataset: str | None, sample: int | None, display: Display
) -> int:
    """Try every migration, pending ones too, on the base's rows in a folder of its own.

    \b
    plan     what comes out is what the plan foretells
    schema   the fields and their types are those that are foretold
    bytes    another number of threads writes the same bytes
    inverse  where every operation has an inverse, they give the rows back
    test     the tests of the document: rows before, and what must become of them

    Exit code 1: something failed; 3: something could not be tried.
    """  # noqa: D301 - the mark keeps click from joining the lines
    from dsv.api.migrate.test import test
    from dsv.renderers import _trials
    from dsv.views.trials import build

    found = test(Path.cwd(), migration, dataset=dataset, sample=sample, progress=terminal.progress())
    terminal.present(display, lambda: build(*found), lambda: _trials.render(found))
    outcomes = {trial.outcome for report in found for trial in report.trials}
    return FAILED if "failed" in outcomes else UNKNOWN if "unknown" in outcomes else 0
