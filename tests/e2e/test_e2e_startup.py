"""What a command loads and runs before it answers: nothing heavy, few Git processes, few statements."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dsv.api.diff import compare
from dsv.tables.duckdb import Engine
from tests.e2e.conftest import SIGNS, User

HEAVY = {"numpy", "pandas", "pyarrow", "deepdiff", "dvc", "rich"}
EDITED = ("diff", "v1", "v2")
SAME = ("diff", "v2", "HEAD")
CLEAN = ("diff",)
PROFILED = ("diff", "--labels", "--profiles", "v1", "v2")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> User:
    """Two versions of a dataset, tagged, and a commit that changes neither."""
    user = User(tmp_path_factory.mktemp("work"))
    user.git("init", "-q")
    user.write("signs.csv", SIGNS)
    user.dsv("init", "signs.csv", "-k", "image", "-l", "class", "--split", "split")
    user.dsv("commit", "-m", "first")
    user.git("tag", "v1")
    user.write("signs.csv", SIGNS.replace("a.jpg,bike", "a.jpg,bicycle"))
    user.dsv("commit", "-m", "second")
    user.git("tag", "v2")
    user.git("commit", "-q", "--allow-empty", "-m", "third")
    return user


def imported(folder: Path, *words: str) -> set[str]:
    """The modules that a command imports."""
    code = "import sys; from dsv.cli.main import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True, check=True)
    return set(ran.stderr.split())


@pytest.mark.parametrize(
    ("words", "engine"),
    [
        (("--help",), False),
        (("diff", "--help"), False),
        (EDITED, True),
        (SAME, False),
        (CLEAN, False),
        (PROFILED, False),
        (("log",), False),
        (("status",), False),
    ],
)
def test_nothing_heavy_is_imported_and_the_engine_only_to_compare_rows(
    history: User, words: tuple[str, ...], engine: bool
) -> None:
    found = {name.partition(".")[0] for name in imported(history.folder, *words)}
    assert "click" in found
    assert not found & HEAVY
    assert ("duckdb" in found) is engine


def test_a_diff_imports_the_format_of_its_files_alone(history: User) -> None:
    found = {name.split(".")[2] for name in imported(history.folder, *EDITED) if name.startswith("dsv.formats.")}
    assert {"base", "csv", "_delimited"} <= found <= {"base", "csv", "_delimited", "_lined", "_shared", "_watch"}
    assert not {name for name in imported(history.folder, *SAME) if name.startswith("dsv.formats.")}


def test_a_diff_imports_nothing_that_writes(history: User) -> None:
    found = imported(history.folder, *EDITED)
    assert not {name for name in found if name.startswith(("dsv.migrations", "dsv.operations"))}
    assert not found & {"dsv.model.migration", "dsv.diff.media", "dsv.diff.explain", "dsv.formats._delimited.publish"}


@pytest.mark.parametrize(
    ("words", "most"), [(EDITED, 6), (SAME, 5), (CLEAN, 5), (PROFILED, 6), (("status",), 10), (("log",), 11)]
)
def test_few_git_processes(
    history: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], most: int
) -> None:
    history.dsv(*words)  # hashes of work files are remembered from now on
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE", os.fspath(trace))
    history.dsv(*words)
    commands = [line for line in trace.read_text(encoding="utf-8").splitlines() if "trace: built-in: git " in line]
    assert 0 < len(commands) <= most, "\n".join(commands)


def test_few_statements_for_a_small_diff(history: User, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    rows = Engine.rows

    def counted(engine, sql, *rest):
        statements.append(sql[:100])
        return rows(engine, sql, *rest)

    monkeypatch.setattr(Engine, "rows", counted)
    with compare(history.folder, ("v1", "v2"), None) as comparison:
        assert comparison.result.datasets[0].rows.changed == 1
    assert 10 < len(statements) <= 32, "\n".join(statements)
    # Both files were counted while they were read.
    assert not [sql for sql in statements if sql.startswith("SELECT count(*) FROM scan")]
