"""What the terminal gets: results on stdout or in a file, everything else on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

import click

from dsv.errors import DsvError
from dsv.renderers._clean import clean_lines

if TYPE_CHECKING:
    from dsv.cli.options import Display
    from dsv.model.page import Page
    from dsv.model.progress import Progress

BROKEN_PIPE = 141
FALLBACK_WIDTH = 80
WIDEST = 160

Color = Literal["auto", "always", "never"]


@dataclass(slots=True, kw_only=True)
class Terminal:
    """How this run talks to its user; the global options set it. `click.pass_obj` hands it to a command."""

    color: Color = "auto"
    quiet: bool = False
    verbose: bool = False
    debug: bool = False

    def colored(self, stream: TextIO) -> bool:
        """Say whether text for a stream may have colours."""
        if self.color != "auto":
            return self.color == "always"
        environment = os.environ
        return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"

    def show(self, page: Page, output: Path | None = None) -> None:
        """Write a page as text, as wide as the terminal is."""
        from dsv.renderers import text

        color = self.color == "always" if output is not None else self.colored(sys.stdout)
        self.emit(text.stream(page, width=_width(output), color=color), output)

    def present(self, display: Display, page: Callable[[], Page], machine: Callable[[], str]) -> None:
        """Write a result in the form that was asked for: JSON of `machine`, else the page; only that is made."""
        if display.form == "json":
            self.emit(machine(), display.output)
        elif display.form == "md":
            from dsv.renderers import markdown

            self.emit(markdown.stream(page()), display.output)
        else:
            self.show(page(), display.output)

    def emit(self, result: str | Iterable[str], output: Path | None = None) -> None:
        """Write the result: to a file, whole or not at all, or to stdout, in a pager on a terminal.

        Raises: DsvError: the file cannot be written.
        """
        pieces = (result,) if isinstance(result, str) else result
        if output is not None and str(output) != "-":
            _write(pieces, output)
        elif sys.stdout.isatty() and not self.quiet:
            os.environ.setdefault("LESS", "FRX")
            with click.get_pager_file(color=self.colored(sys.stdout)) as pager:
                pager.writelines(pieces)
        else:
            _print(pieces)

    def say(self, *lines: str) -> None:
        """Write short lines of a result to stdout, never in a pager."""
        _print(clean_lines(line) + "\n" for line in lines)

    def note(self, message: str) -> None:
        """Say something on the side; nothing with -q."""
        if not self.quiet:
            self._aside("", message, None)

    def detail(self, message: str) -> None:
        """Say something that only -v asks for."""
        if self.verbose:
            self._aside("", message, None)

    def warn(self, message: str) -> None:
        """Warn, -q or not."""
        self._aside("warning: ", message, "yellow")

    def fail(self, error: DsvError) -> None:
        """Say what went wrong, where, and how to mend it."""
        self._aside("error: ", error.message, "red")
        if error.where is not None:
            self._aside("", "\n".join(f"  {line}" for line in error.where.split("\n")), None)
        if error.hint is not None:
            self._aside("hint: ", error.hint, "cyan")

    def trace(self) -> None:
        """Show the traceback of the exception that is being handled."""
        import traceback

        self._aside("", traceback.format_exc().rstrip(), None)

    def progress(self) -> Progress:
        """Progress for long work: a bar on stderr if that is a terminal and -q was not given; lines for a dsv above."""
        from dsv.model.progress import PROGRESS_LINES, SILENT

        if os.environ.get(PROGRESS_LINES):
            from dsv.store.relay import Told

            return Told(lambda line: click.echo(line, err=True))
        if self.quiet or not sys.stderr.isatty():
            return SILENT
        from dsv.cli.progress import Bars

        return Bars(color=self.colored(sys.stderr))

    def _aside(self, label: str, message: str, color: str | None) -> None:
        colored = self.colored(sys.stderr)
        head = click.style(label, fg=color, bold=True) if label and colored else label
        click.echo(head + clean_lines(message), err=True, color=colored)


def _width(output: Path | None) -> int:
    if output is not None or not sys.stdout.isatty():
        return FALLBACK_WIDTH
    import shutil

    return min(shutil.get_terminal_size((FALLBACK_WIDTH, 24)).columns, WIDEST)


def _write(pieces: Iterable[str], output: Path) -> None:
    from dsv.files import atomic_writer

    try:
        with atomic_writer(output) as stream:
            for piece in pieces:
                stream.write(piece.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise DsvError("cannot write the output", where=f"{output}: {error.strerror}") from error


def _print(pieces: Iterable[str]) -> None:
    """Write to stdout in UTF-8; end quietly when nobody reads any more."""
    try:
        sys.stdout.flush()
        stream = sys.stdout.buffer
        for piece in pieces:
            stream.write(piece.encode("utf-8", "backslashreplace"))
        stream.flush()
    except BrokenPipeError:
        close_stdout()
        raise click.exceptions.Exit(BROKEN_PIPE) from None


def close_stdout() -> None:
    """Point stdout at nothing, so that Python's own flush at exit does not fail too."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
