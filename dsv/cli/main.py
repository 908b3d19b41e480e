"""The command line: finds the command, runs it, and turns what happens into an exit code.

A command is a module of `dsv/cli/commands`; its docstring's first line is its line in the help, and
its `command` is a click command that returns its exit code, or None for 0.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from dsv import __version__
from dsv.cli.output import BROKEN_PIPE, Terminal, close_stdout
from dsv.cli.verbs import Verbs
from dsv.errors import DsvError, UsageError
from dsv.files import FULL

COMMANDS = Path(__file__).parent / "commands"
BUG = 70
INTERRUPTED = 130


def _change_directory(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    try:
        os.chdir(value)
    except OSError as error:
        raise UsageError(f"cannot go to the directory of -C: {error.strerror}", where=value) from error


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    setattr(ctx.ensure_object(Terminal), str(parameter.name), value)


def _setting(*names: str, **attributes: Any) -> Callable[[Any], Any]:
    """An option that sets the attribute of its name on the terminal."""
    return click.option(*names, expose_value=False, callback=_remember, **attributes)


@click.group(
    cls=Verbs, package="dsv.cli.commands", folder=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "-C",
    "directory",
    metavar="DIR",
    expose_value=False,
    callback=_change_directory,
    help="Run as if started in DIR.",
)
@_setting(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours: auto means on a terminal, unless NO_COLOR is set.",
)
@_setting("-q", "--quiet", is_flag=True, help="No progress, no notes, no pager.")
@_setting("-v", "--verbose", is_flag=True, help="Say more on stderr.")
@_setting("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, prog_name="dsv", message="%(prog)s %(version)s")
def group() -> None:
    """Version control for datasets, on Git and DVC.

    dsv COMMAND --help explains a command.
    """


def run() -> NoReturn:
    """Run the command line of this process, and exit."""
    if "_DSV_COMPLETE" in os.environ:
        group.main(prog_name="dsv", complete_var="_DSV_COMPLETE")
    # A command lives a moment and makes few cycles: most collections of a start look at modules that stay.
    gc.set_threshold(50_000, 20, 20)
    _leave(main(sys.argv[1:]))


def _leave(code: int) -> NoReturn:
    """End the process at once: Python would take its modules down one by one, longer than a small command runs."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # Half an output must not pass for a whole one.
            code = code or DsvError.exit_code
    os._exit(code)


def main(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code. Errors go to stderr."""
    terminal = Terminal()
    try:
        return _invoke(list(arguments), terminal)
    except (KeyboardInterrupt, EOFError, click.Abort):
        terminal.warn("interrupted")
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return UsageError.exit_code
    except BrokenPipeError:
        close_stdout()
        return BROKEN_PIPE
    except Exception as error:
        if terminal.debug:
            terminal.trace()
        failure, code = _failure(error)
        terminal.fail(failure)
        return code


def _invoke(arguments: list[str], terminal: Terminal) -> int:
    try:
        with group.make_context("dsv", arguments, obj=terminal) as context:
            code = group.invoke(context)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    return code if isinstance(code, int) else 0


def _failure(error: Exception) -> tuple[DsvError, int]:
    """An exception as the error that the user sees, and the exit code."""
    if isinstance(error, DsvError):
        return error, error.exit_code
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx is not None else "dsv"
        return DsvError(_sentence(error), hint=f"see {command} --help"), UsageError.exit_code
    if isinstance(error, click.ClickException):
        return DsvError(_sentence(error)), DsvError.exit_code
    if isinstance(error, OSError) and error.errno in FULL:
        message = os.strerror(error.errno)
        hint = "make room, and run it again"
        return DsvError(f"{message[:1].lower()}{message[1:]}", where=error.filename, hint=hint), DsvError.exit_code
    hint = "run again with --debug (dsv --debug COMMAND) and report what it shows"
    return DsvError(f"internal error: {type(error).__name__}: {error}", hint=hint), BUG


def _sentence(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    return message[:1].lower() + message[1:]
