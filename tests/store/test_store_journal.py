"""What a block of changes finds comes back: after an error at once, after a kill by the next command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dsv.errors import DsvError, RepositoryError
from dsv.store.journal import FOLDER, UNDONE, repair, transaction

KILLED = """
import os, signal, sys
from pathlib import Path
from dsv.store.journal import transaction
from dsv.store.repository import Repository
root = Path(sys.argv[1])
with transaction(Repository.discover(root), "test"+" kill") as journal:
    with journal.restoring(["same", "new/deep.yaml"], replaced=["large.csv", "made.csv"], moved=["data.csv"]):
        (root / "same").write_text("changed")
        (root / "new").mkdir()
        (root / "new/deep.yaml").write_text("new")
        (root / "next").write_text("large, anew")
        os.replace(root / "next", root / "large.csv")
        (root / ".large.csv.abcd_123.tmp").write_text("half")
        (root / "made.csv").write_text("made")
    with journal.restoring(["same"]):
        (root / "same").write_text("changed twice")
        if sys.argv[2] == "gone":
            (root / "data.csv").unlink()
        os.kill(os.getpid(), signal.SIGKILL)
"""
BEFORE = {"same": "s", "large.csv": "large", "data.csv": "data", ".large.csv.mine.tmp": "the user's"}


def files(root: Path) -> dict[str, str]:
    found = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts)
    return {path.relative_to(root).as_posix(): path.read_text() for path in found}


@pytest.fixture
def before(bench: Any) -> Any:
    bench.commit("one", BEFORE)
    return bench


def kill(bench: Any, how: str = "stays") -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(bench.root), how], check=False)
    assert done.returncode == -9
    assert files(bench.root)["same"] == "changed twice"


def test_an_error_puts_files_and_index_back(before: Any) -> None:
    index = before.root / ".git" / "index"
    content, inode = index.read_bytes(), (before.root / "large.csv").stat().st_ino
    with (
        pytest.raises(KeyboardInterrupt),
        transaction(before.repo, "test") as journal,
        journal.restoring(["same", "made/x.dvc"], replaced=["large.csv"], moved=["data.csv"]),
    ):
        before.write({"same": "changed", "made/x.dvc": "new", "next": "large, anew"})
        os.replace(before.root / "next", before.root / "large.csv")
        (before.root / "data.csv").unlink()
        before.git("add", "--all")
        raise KeyboardInterrupt
    assert index.read_bytes() == content
    assert files(before.root) == BEFORE and not (before.root / "made").exists()
    assert (before.root / "large.csv").stat().st_ino == inode
    assert not (before.root / ".git" / FOLDER).exists()


def test_what_is_done_stays(before: Any) -> None:
    with transaction(before.repo, "test") as journal, journal.restoring(["same"], replaced=["large.csv"]):
        before.write({"same": "kept", "next": "large, anew"})
        os.replace(before.root / "next", before.root / "large.csv")
    repair(before.repo)
    assert files(before.root) == {**BEFORE, "same": "kept", "large.csv": "large, anew"}
    with (
        transaction(before.repo, "test") as journal,
        pytest.raises(DsvError, match="leaves the repository"),
        journal.restoring(["../x"]),
    ):
        pass


@pytest.mark.parametrize("how", ["stays", "gone"])
def test_the_next_command_puts_back_what_a_kill_left(before: Any, how: str, caplog: pytest.LogCaptureFixture) -> None:
    kill(before, how)
    repair(before.repo)
    assert files(before.root) == BEFORE and not (before.root / "new").exists()
    (message,) = caplog.messages
    assert "(test kill) was killed" in message and "large.csv" in message and ("data.csv" in message) == (how == "gone")
    kept = before.root / ".git" / UNDONE
    assert (kept / "same").read_text() == "changed twice"
    assert (kept / "large.csv").read_text() == "large, anew"
    caplog.clear()
    repair(before.repo)
    with transaction(before.repo, "next"):
        pass
    assert caplog.messages == []


def test_the_users_edit_since_the_kill_is_kept(before: Any) -> None:
    kill(before)
    before.write({"same": "edited by the user since"})
    repair(before.repo)
    assert (before.root / ".git" / UNDONE / "same").read_text() == "edited by the user since"


def test_nothing_is_put_back_on_another_revision(before: Any, caplog: pytest.LogCaptureFixture) -> None:
    kill(before)
    before.commit("two", {"other": "x"})
    found = files(before.root)
    repair(before.repo)
    found.pop(".large.csv.abcd_123.tmp")
    assert files(before.root) == found
    assert "HEAD has moved" in caplog.messages[0]
    assert (before.root / ".git" / UNDONE / "large.csv").read_text() == "large"


def test_a_journal_that_cannot_be_read_is_an_error(before: Any) -> None:
    folder = before.root / ".git" / FOLDER
    folder.mkdir()
    (folder / "begin.json").write_text("{")
    with pytest.raises(RepositoryError, match="cannot be read"):
        repair(before.repo)
    (folder / "begin.json").write_text(json.dumps({"command": "x", "head": None}))
    (folder / "0001-entry.json").write_text("[]")
    with pytest.raises(RepositoryError, match="cannot be read") as caught:
        repair(before.repo)
    assert str(folder) in str(caught.value.hint)


def test_no_repair_while_another_dsv_writes(before: Any, caplog: pytest.LogCaptureFixture) -> None:
    with transaction(before.repo, "long") as journal, journal.restoring(["same"]):
        before.write({"same": "being changed"})
        repair(before.repo)
        assert files(before.root)["same"] == "being changed"
    assert caplog.messages == []
