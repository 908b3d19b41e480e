"""Review a branch: what it changes in the datasets, judged, as a pull request needs it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsv.cli.completion import words
from dsv.cli.options import Display, result_options
from dsv.cli.output import Terminal
from dsv.cli.posting import FORGES, Forge
from dsv.cli.words import Words, targets
from dsv.errors import UsageError
from dsv.model.review import VALUES, Values

if TYPE_CHECKING:
    from dsv.model.review import Review
    from dsv.renderers._report.thumbnails import Thumbnails

FOUND, INCOMPLETE = 1, 3
SAMPLES = 20


@click.command("review", cls=Words)
@click.argument("revisions", nargs=-1, metavar="[BASE...HEAD] [-- DATASET…]", shell_complete=words)
@click.option(
    "--values",
    type=click.Choice(VALUES),
    help="Values of rows to show: all (if nothing is said), keys, or none. Fields that are declared `pii` never are.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    help="End with 1 when there is a finding as grave as this.",
)
@click.option(
    "--limit", type=click.IntRange(min=0), metavar="N", help=f"Rows of each kind in JSON, {SAMPLES} by default."
)
@click.option(
    "--from",
    "document",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Show the review that FILE holds, which --json wrote, and compare nothing.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the review to FILE as one HTML page, with every changed row to search. May stand beside another form.",
)
@click.option(
    "--post", type=click.Choice(FORGES), help="Leave it as a comment of the pull request that the job is for."
)
@click.option(
    "--annotate",
    type=click.Choice(FORGES),
    help="Write what a job shows by itself: annotations and its page, or a code quality report.",
)
@click.option("--serve", is_flag=True, help="Show the page in a browser of this machine, with any number of rows.")
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="With --serve, its port; any that is free.")
@result_options("dsv.review/1")
@click.pass_obj
def command(
    terminal: Terminal,
    revisions: tuple[str, ...],
    values: Values | None,
    fail_on: str | None,
    limit: int | None,
    document: Path | None,
    html: Path | None,
    post: Forge | None,
    annotate: Forge | None,
    serve: bool,
    port: int | None,
    display: Display,
) -> int:
    """Review what HEAD changed in the datasets since it left BASE.

    \b
    dsv review                the remote's main branch, or main, and HEAD
    dsv review BASE           BASE and HEAD
    dsv review BASE...HEAD    any two revisions

    Settings of DVC are those of BASE, and no code of the branch runs.
    """  # noqa: D301 - the mark keeps click from joining the lines
    _check(post, annotate, display)
    if serve:
        _check_alone(post, annotate, html, display)
    elif port is not None:
        raise UsageError("--port is for --serve")
    shown = partial(_show, terminal, display=display, limit=SAMPLES if limit is None else limit)
    if post or annotate:
        shown = partial(_leave, terminal, post=post, annotate=annotate, output=display.output)
    if document is not None:
        if revisions or targets() or values:
            message = "--from shows a review as it was made; it takes no revisions and no --values"
            raise UsageError(message, where=str(document))
        result = _read(document)
        if serve:
            _serve(terminal, result, port)
        else:
            _write(terminal, result, html)
            shown(result)
    else:
        from dsv.api.review import review

        with review(Path.cwd(), revisions, targets(), values=values or "all", progress=terminal.progress()) as reviewed:
            result = reviewed.result
            if serve:
                _serve(terminal, result, port, reviewed.thumbnails)
            else:
                _write(terminal, result, html, reviewed.thumbnails)
                shown(result)
    if not result.complete:
        return INCOMPLETE
    grave = {"error"} if fail_on == "error" else {"error", "warning"} if fail_on == "warning" else set()
    return FOUND if any(item.level in grave for item in result.findings) else 0


def _read(document: Path) -> Review:
    from dsv.renderers._review_reading import LARGEST_BYTES, load

    with document.open("rb") as file:
        return load(file.read(LARGEST_BYTES + 1), str(document))


def _check(post: Forge | None, annotate: Forge | None, display: Display) -> None:
    """Raises: UsageError: several of the forms that exclude each other."""
    form = {"json": "--json", "md": "--md"}.get(display.form)
    asked = [name for name in (post and "--post", annotate and "--annotate", form) if name]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} exclude each other", hint="write --json, then use --from for each")


def _check_alone(post: Forge | None, annotate: Forge | None, html: Path | None, display: Display) -> None:
    """Raises: UsageError: another form than what is served."""
    form = {"json": "--json", "md": "--md"}.get(display.form)
    asked = (post and "--post", annotate and "--annotate", html and "--html", form, display.output and "--output")
    if other := next(filter(None, asked), None):
        raise UsageError(f"--serve and {other} exclude each other", hint="write --json, then use --from for each")


def _serve(terminal: Terminal, result: Review, port: int | None, thumbnails: Thumbnails | None = None) -> None:
    from dsv.cli.serving import prepared

    with prepared(result, thumbnails, port or 0, terminal.progress()) as server:
        server.run(lambda: terminal.say(f"until Ctrl-C, the review is at {server.url}"))
    terminal.say("ended")


def _leave(
    terminal: Terminal, result: Review, *, post: Forge | None, annotate: Forge | None, output: Path | None
) -> None:
    from dsv.cli import posting

    if post:
        terminal.say(posting.post(result, post))
    elif annotate:
        terminal.emit(posting.annotate(result, annotate), output)


def _write(terminal: Terminal, result: Review, html: Path | None, thumbnails: Thumbnails | None = None) -> None:
    if html is not None:
        from dsv.renderers import html as report

        terminal.emit(report.stream(result, thumbnails=thumbnails), html)


def _show(terminal: Terminal, result: Review, *, display: Display, limit: int) -> None:
    if display.form == "md":
        from dsv.cli.fitting import markdown

        terminal.emit(markdown(result), display.output)
    else:
        from dsv.views.review import build

        terminal.present(display, lambda: build(result), lambda: _json(result, limit))


def _json(review: Review, limit: int) -> str:
    from dsv.model.diff import KINDS, DiffResult
    from dsv.renderers import _review, json

    diff = DiffResult(
        old=review.merge_base,
        new=review.head,
        complete=review.complete,
        datasets=tuple(dataset.diff for dataset in review.datasets),
        findings=(),
    )
    return _review.render(review, json.document(diff, limit, KINDS))
