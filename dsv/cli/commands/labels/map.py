"""Map the old index of each class to the new one, to transplant a classifier's head."""

from __future__ import annotations

from pathlib import Path

import click

from dsv.cli.options import dataset_option
from dsv.cli.output import Terminal


@click.command("map")
@click.argument("revisions", nargs=-1, metavar="[OLD [NEW] | OLD..NEW]")
@click.option("--field", metavar="FIELD", help="Map the classes of this field, in place of all labels.")
@dataset_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON, of the contract dsv.labels-map/1.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE.")
@click.pass_obj
def command(
    terminal: Terminal,
    revisions: tuple[str, ...],
    field: str | None,
    dataset: str | None,
    as_json: bool,
    output: Path | None,
) -> None:
    """Map the index of each class of OLD to its index in NEW (without it: the workspace).

    Reads profiles only, no data. Says which classes were renamed, merged, split and removed, and
    where to begin the outputs that are new.
    """
    from dsv.api.labels import label_map

    found = label_map(Path.cwd(), revisions, dataset=dataset, field=field)
    if as_json:
        from dsv.renderers._label_map import render

        terminal.emit(render(found), output)
        return
    from dsv.views.labels import build

    terminal.show(build(found), output)
