"""The outermost layer: exit codes, errors, where output goes, and a start without heavy imports."""

import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from dsv.cli import main as cli
from dsv.cli.main import main
from dsv.cli.options import Display, diff_options, identity_options
from dsv.cli.output import Terminal
from dsv.errors import ConflictError, DsvError, IntegrityError, UsageError
from dsv.model.diff import KINDS
from dsv.model.page import Line, Page, spans

HEAVY = ("dvc", "pandas", "numpy", "duckdb", "pyarrow", "deepdiff", "rich", "ruamel", "yaml")
Install = Callable[[Callable[..., Any]], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Make a function the only command, named `verb`."""

    def put(function: Callable[..., Any]) -> None:
        command = click.pass_obj(function)
        parsed = command if isinstance(command, click.Command) else click.command("verb")(command)
        monkeypatch.setattr(cli.Verbs, "list_commands", lambda self, ctx: ["verb"])
        monkeypatch.setattr(cli.Verbs, "get_command", lambda self, ctx, name: parsed)

    return put


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dsv", *arguments], capture_output=True, text=True, timeout=60, **options
    )


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dsv", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert done.returncode == 0
    assert "click" in imported
    assert imported.isdisjoint(HEAVY)


def test_help_lists_every_command_with_its_first_line() -> None:
    done = run("--help")
    for folder, shown in ((cli.COMMANDS, done.stdout), (cli.COMMANDS / "migrate", run("migrate", "--help").stdout)):
        for module in pkgutil.iter_modules([str(folder)]):
            path = folder / (f"{module.name}/__init__.py" if module.ispkg else f"{module.name}.py")
            first = path.read_text(encoding="utf-8").splitlines()[0]
            assert f"  {module.name.replace('_', '-')} " in shown
            assert first.strip('".')[:20] in shown


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, "dsv 0.1.0\n")


def test_without_a_command_the_help_goes_to_stderr() -> None:
    done = run()
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: dsv" in done.stderr


def test_an_unknown_command_names_the_nearest(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install(lambda terminal: None)
    assert main(["vreb"]) == 2
    assert capsys.readouterr().err == "error: unknown command 'vreb'\nhint: did you mean 'verb'?\n"


def test_an_unknown_option_is_a_usage_error(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install(lambda terminal: None)
    assert main(["verb", "--nope"]) == 2
    assert capsys.readouterr().err == "error: no such option '--nope'\nhint: see dsv verb --help\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DsvError("no such thing", where="data.csv:3", hint="dsv init"), 3),
        (UsageError("no such thing", where="data.csv:3", hint="dsv init"), 2),
        (ConflictError("no such thing", where="data.csv:3", hint="dsv init"), 4),
        (IntegrityError("no such thing", where="data.csv:3", hint="dsv init"), 5),
    ],
)
def test_errors_say_what_where_and_how_to_mend_it(
    install: Install, capsys: pytest.CaptureFixture[str], error: DsvError, code: int
) -> None:
    def fail(terminal: Terminal) -> None:
        raise error

    install(fail)
    assert main(["verb"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: no such thing\n  data.csv:3\nhint: dsv init\n"


def test_errors_are_cleaned(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(terminal: Terminal) -> None:
        raise DsvError("\x1b[2Jgone", where="a\u202eb\nc\rd", hint="\x07")

    install(fail)
    main(["verb"])
    assert capsys.readouterr().err == "error: <U+001B>[2Jgone\n  a<U+202E>b\n  c<U+000D>d\nhint: <U+0007>\n"


def test_a_bug_is_70_and_has_its_traceback_with_debug_only(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(terminal: Terminal) -> None:
        raise ValueError("odd")

    install(fail)
    assert main(["verb"]) == 70
    quiet = capsys.readouterr().err
    assert quiet.startswith("error: internal error: ValueError: odd\nhint: run again with --debug")
    assert main(["--debug", "verb"]) == 70
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort(), EOFError()])
def test_an_interrupt_is_130(install: Install, error: BaseException) -> None:
    def fail(terminal: Terminal) -> None:
        raise error

    install(fail)
    assert main(["verb"]) == 130


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (1, 1), (3, 3), (True, 1)])
def test_a_command_returns_its_exit_code(install: Install, result: int | None, code: int) -> None:
    install(lambda terminal: result)
    assert main(["verb"]) == code


def test_c_changes_the_directory(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Path.cwd())
    seen: list[Path] = []
    install(lambda terminal: seen.append(Path.cwd()))
    assert main(["-C", str(tmp_path), "verb"]) == 0
    assert seen == [tmp_path]
    (tmp_path / "file").touch()
    assert main(["-C", str(tmp_path / "file"), "verb"]) == 2
    assert main(["-C", str(tmp_path / "none"), "verb"]) == 2
    assert "  " + str(tmp_path / "none") in capsys.readouterr().err
    assert len(seen) == 1


PAGE = Page(blocks=(Line(spans=spans("hello")),))


def test_results_go_to_stdout_and_words_to_stderr(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    def verb(terminal: Terminal) -> None:
        terminal.note("a note")
        terminal.warn("a warning")
        terminal.detail("a detail")
        terminal.show(PAGE)
        terminal.say("one", "two\x1b")
        with terminal.progress().task("work", 3) as task:
            task.advance()

    install(verb)
    assert main(["verb"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "hello\none\ntwo<U+001B>\n"
    assert captured.err == "a note\nwarning: a warning\n"
    assert main(["-q", "verb"]) == 0
    assert capsys.readouterr().err == "warning: a warning\n"
    assert main(["-v", "verb"]) == 0
    assert "a detail\n" in capsys.readouterr().err


def test_output_to_a_file_is_written_whole_or_not_at_all(install: Install, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("before")

    def broken() -> Iterator[str]:
        yield "half"
        raise DsvError("cannot go on")

    install(lambda terminal: terminal.emit(broken(), target))
    assert main(["verb"]) == 3
    assert target.read_text() == "before"
    install(lambda terminal: terminal.show(PAGE, target))
    assert main(["verb"]) == 0
    assert target.read_text() == "hello\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_a_file_that_cannot_be_written_is_an_error(
    install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    install(lambda terminal: terminal.emit("x", tmp_path / "file" / "out.txt"))
    assert main(["verb"]) == 3
    assert "error: cannot write the output" in capsys.readouterr().err


class Tty:
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("color", "environment", "expected"),
    [
        ("auto", {}, True),
        ("auto", {"NO_COLOR": "1"}, False),
        ("auto", {"TERM": "dumb"}, False),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {}, False),
    ],
)
def test_colour(monkeypatch: pytest.MonkeyPatch, color: Any, environment: dict[str, str], expected: bool) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream: Any = Tty()
    assert Terminal(color=color).colored(stream) is expected


def test_colour_always_reaches_a_pipe(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    def verb(terminal: Terminal) -> None:
        terminal.show(Page(blocks=(Line(spans=spans(*PAGE.blocks[0].spans)),)))  # type: ignore[union-attr]
        raise DsvError("no")

    install(verb)
    assert main(["--color", "always", "verb"]) == 3
    assert capsys.readouterr().err == "\x1b[31m\x1b[1merror: \x1b[0mno\n"


def test_a_closed_pipe_ends_quietly() -> None:
    script = (
        "import sys; from dsv.cli.output import Terminal; import dsv.cli.main as cli, click\n"
        "verb = lambda terminal: terminal.emit('x' * 100 + '\\n' for _ in range(10**6))\n"
        "command = click.command('verb')(click.pass_obj(verb))\n"
        "cli.Verbs.list_commands = lambda self, ctx: ['verb']\n"
        "cli.Verbs.get_command = lambda self, ctx, name: command\n"
        "sys.argv = ['dsv', 'verb']; cli.run()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == "x" * 100 + "\n"
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), error) == (141, "")


def options_of(install: Install, *arguments: str) -> tuple[Any, Display]:
    seen: list[tuple[Any, Display]] = []

    @diff_options
    def verb(terminal: Terminal, options: Any, display: Display) -> None:
        seen.append((options, display))

    install(verb)
    assert main(["verb", *arguments]) == 0
    return seen[0]


def test_diff_options_without_any(install: Install) -> None:
    options, display = options_of(install)
    assert display == Display()
    assert (options.key, options.labels, options.header, options.tolerance) == ((), (), None, None)


def test_diff_options(install: Install) -> None:
    words = "-k a -k b -l c --split s --no-header --field f --ignore g --tolerance 0.5 --by-position -w -i -R"
    shown = "--filter removed --filter added --limit 3 --stat --rows --md -o out.md --exit-code --skip-malformed"
    options, display = options_of(install, *words.split(), *shown.split(), "--rename", "x=y=z")
    assert (options.key, options.labels, options.split, options.header) == (("a", "b"), ("c",), "s", False)
    assert (options.fields, options.ignore, options.tolerance) == (("f",), ("g",), 0.5)
    assert options.by_position and options.hide_whitespace and options.hide_case and options.reverse
    assert options.skip_malformed
    assert options.renames == (("x", "y=z"),)
    assert display == Display(
        views=frozenset({"stat", "rows"}),
        kinds=("added", "removed"),
        limit=3,
        form="md",
        output=Path("out.md"),
        exit_code=True,
    )
    assert KINDS == ("added", "removed", "changed")


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--json", "--md"], ["--rename", "x"], ["--rename", "=x"], ["--limit", "-1"]),
        *(["--tolerance", "-1"], ["--tolerance", "nan"], ["--tolerance", "inf"], ["--iou", "nan"]),
    ],
)
def test_options_that_make_no_sense(install: Install, arguments: list[str]) -> None:
    install(diff_options(lambda terminal, options, display: None))
    assert main(["verb", *arguments]) == 2


def test_identity_options(install: Install) -> None:
    seen: dict[str, Any] = {}
    install(identity_options(lambda terminal, **given: seen.update(given)))
    assert main(["verb", "-k", "id", "-l", "kind"]) == 0
    assert seen == {"key": ("id",), "label": ("kind",), "split": None, "no_header": False}


def test_dsv_runs_as_git_dsv_too(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "git-dsv"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.stdout == "dsv 0.1.0\n"
    assert os.access(program, os.X_OK)


def test_a_full_disk_is_no_bug() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "dsv", "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (
        3,
        "error: no space left on device\nhint: make room, and run it again\n",
    )


def test_an_output_that_is_lost_at_the_end_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    script = (
        "import sys; import dsv.cli.main as cli, click\n"
        "cli.Verbs.list_commands = lambda self, ctx: ['verb']\n"
        "cli.Verbs.get_command = lambda self, ctx, name: click.command('verb')(lambda: print('held back'))\n"
        "sys.argv = ['dsv', 'verb']; cli.run()\n"
    )
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 3
