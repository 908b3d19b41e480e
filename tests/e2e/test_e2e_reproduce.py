"""`dsv reproduce` and `dsv at`: older data in a throw-away work tree, and nothing of the user's changed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import dsv.renderers
from tests.e2e.conftest import DSV, SIGNS, User

SCHEMAS = Path(dsv.renderers.__file__).parent / "schemas"
EDITED = SIGNS.replace("a.jpg,bike", "a.jpg,car")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "room for work"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def history(signs: User, temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> User:
    """As added, edited, and migrated twice: made once, and copied for each test."""
    made = tmp_path_factory.getbasetemp() / "migrated-signs"
    if made.exists():
        shutil.rmtree(signs.folder)
        shutil.copytree(made, signs.folder, symlinks=True)
        return signs
    signs.dsv("tag", "signs", "v1.0")
    signs.write("data/signs.csv", EDITED)
    signs.dsv("commit", "-m", "edited")
    signs.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    signs.dsv("migrate", "new", "add_field", "name=lang", "type=string", "default=en")
    signs.dsv("migrate", "up")
    signs.dsv("commit", "-m", "migrated")
    shutil.copytree(signs.folder, made.with_suffix(".new"), symlinks=True)
    made.with_suffix(".new").rename(made)
    return signs


def state(user: User) -> tuple[Any, ...]:
    """All that a command could change: files with their times, Git's and DVC's settings, index, work trees."""
    files = {
        path.relative_to(user.folder): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in user.folder.rglob("*")
        if path.is_file() and ".git" not in path.parts and "tmp" not in path.parts
    }
    git = user.folder / ".git"
    return (
        files,
        (git / "config").read_bytes(),
        user.git("ls-files", "--stage"),
        user.git("worktree", "list"),
        user.git("for-each-ref"),
        user.git("status", "--porcelain"),
    )


def test_what_was_recorded_is_put_there_and_nothing_here_changes(history: User, temporary: Path) -> None:
    history.write("note.txt", "mine")
    history.git("add", "note.txt")
    before = state(history)
    told = history.dsv("reproduce", "signs@v1.0", "--json").json
    jsonschema.validate(told, json.loads((SCHEMAS / "dsv.reproduce.1.json").read_text()))
    (dataset,) = told["datasets"]
    assert (dataset["verdict"], dataset["rows"], told["holds"]) == ("recorded", 5, True)
    assert history.dsv("at", "signs@v1.0", "--", "cat", "data/signs.csv").out == SIGNS
    assert history.dsv("at", "HEAD~1", "cat", "data/signs.csv").out == EDITED
    assert state(history) == before
    assert not list(temporary.iterdir())


def test_a_chain_is_made_again_byte_by_byte(history: User, temporary: Path) -> None:
    cache = sorted(path for path in (history.folder / ".dvc/cache").rglob("*") if path.is_file())
    before = state(history)
    told = history.dsv("reproduce", "HEAD", "--verify", "--json").json
    (dataset,) = told["datasets"]
    assert dataset["verdict"] == "identical bytes" and told["verified"]
    assert {item["path"]: item["verdict"] for item in dataset["made"]} == {
        "data/.versions/signs/m0001_rename_class_bike": "identical bytes",
        "data/.versions/signs/m0002_add_field_lang": "identical bytes",
        "data/signs.csv": "identical bytes",
        "data/signs.csv.profile.yaml": "identical bytes",
    }
    assert state(history) == before and not list(temporary.iterdir())
    assert cache == sorted(path for path in (history.folder / ".dvc/cache").rglob("*") if path.is_file())
    text = history.dsv("reproduce", "HEAD~1", "--verify").out
    assert "no chain, so nothing was made again" in text


def test_what_is_not_what_was_recorded_is_told_with_its_rows(history: User) -> None:
    """A recorded output that no run of its stage gives: as after an edit that was committed past all checks."""
    text = history.read("data/signs.csv")
    published = history.folder / "data/signs.csv"
    published.unlink()
    history.write("data/signs.csv", text.replace("b.jpg,car", "b.jpg,bus"))
    history.dvc("commit", "-f", "-q", "signs")
    history.git("commit", "-q", "-a", "-m", "forged")
    ran = history.dsv("reproduce", "HEAD", "--verify", code=5)
    assert "different  data/signs.csv" in ran.out
    assert "rows +0 -0 ~1; cells changed: class 1" in ran.out
    assert "made with the same libraries" in ran.out


def test_other_bytes_of_the_same_rows_name_the_libraries(history: User) -> None:
    """A version whose files were compressed otherwise, by another release of the engine."""
    import pyarrow.parquet as pq

    folder = history.folder / "data/.versions/signs/m0002_add_field_lang"
    for part in folder.rglob("*.parquet"):
        table = pq.read_table(part)
        part.chmod(0o644)
        part.unlink()
        pq.write_table(table, part, compression="gzip")
    lock = history.folder / "migrations/signs/chain.lock"
    history.dvc("commit", "-f", "-q", "signs-m0002_add_field_lang")
    from dataclasses import replace

    from dsv.migrations import lock as locks

    found = locks.load(lock.read_bytes(), str(lock))
    entries = tuple(replace(entry, environment={**entry.environment, "pyarrow": "1.2.3"}) for entry in found.entries)
    lock.write_text(locks.dump(replace(found, entries=entries)))
    history.git("commit", "-q", "-a", "-m", "other bytes")
    told = history.dsv("reproduce", "HEAD", "--verify", "--json").json
    made = {item["path"]: item for item in told["datasets"][0]["made"]}
    version = made["data/.versions/signs/m0002_add_field_lang"]
    assert version["verdict"] == "identical rows" and told["holds"]
    assert version["libraries"]["pyarrow"][0] == "1.2.3"
    assert "pyarrow 1.2.3 -> " in history.dsv("reproduce", "HEAD", "--verify").out


def test_a_kept_folder_stays_until_git_takes_it_away(history: User, tmp_path: Path) -> None:
    kept = tmp_path / "kept here"
    out = history.dsv("reproduce", "HEAD~1", "--keep", str(kept)).out
    assert (kept / "data/signs.csv").read_text() == EDITED and str(kept) in out
    there = User(kept)
    assert there.git("status", "--porcelain") == ""
    assert "up to date" in there.dvc("status")
    assert "there already" in history.dsv("reproduce", "HEAD~1", "--keep", str(kept), code=2).err
    history.git("worktree", "remove", "--force", str(kept))
    assert len(history.git("worktree", "list").splitlines()) == 1


def test_a_command_gets_its_folder_its_words_and_its_streams(history: User) -> None:
    (history.folder / "data" / "deep").mkdir()
    deep = User(history.folder / "data")
    code = "import os,sys; print(sys.argv[1:], os.path.basename(os.getcwd()), os.environ['DSV_REV']); sys.exit(7)"
    ran = deep.dsv("at", "HEAD~2", "--", sys.executable, "-c", code, "--json", "-x", "a b", "--", "$HOME", code=7)
    assert ran.out == f"['--json', '-x', 'a b', '--', '$HOME'] data {history.git('rev-parse', 'HEAD~2')}\n"
    done = subprocess.run(
        [DSV, "at", "HEAD", "cat"], cwd=history.folder, input=b"through\n", capture_output=True, check=False
    )
    assert done.stdout == b"through\n"
    assert history.dsv("at", "HEAD", "no-such-command", code=127).err.startswith("error: there is no command")
    assert "which command" in history.dsv("at", "HEAD", code=2).err


def test_bad_revisions_are_told(history: User) -> None:
    for words, code, said in (
        (("HEAD~99",), 3, "unknown revision"),
        (("HEAD~1..HEAD",), 2, "is a range"),
        (("--", "-x"), 2, "cannot be a revision"),
        (("signs@v9",), 3, "unknown revision"),
    ):
        assert said in history.dsv("reproduce", *words, code=code).err


def cached(user: User) -> Path:
    md5 = next(
        line.split()[-1] for line in user.git("show", "HEAD~2:data/signs.csv.dvc").splitlines() if "md5:" in line
    )
    return user.folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]


def test_lost_and_damaged_bytes_are_told(history: User, temporary: Path) -> None:
    lost = cached(history)
    content = lost.read_bytes()
    lost.chmod(0o644)
    lost.write_bytes(content.replace(b"bike", b"bake"))
    lost.chmod(0o444)
    ran = history.dsv("reproduce", "HEAD~2", code=5)
    assert "do not match their md5" in ran.err and str(lost) in ran.err
    lost.unlink()
    assert "neither in the cache nor on a remote" in history.dsv("reproduce", "HEAD~2", code=3).err
    assert "neither in the cache nor on a remote" in history.dsv("at", "HEAD~2", "true", code=3).err
    assert not list(temporary.iterdir()) and len(history.git("worktree", "list").splitlines()) == 1


def test_data_comes_from_a_remote_whose_path_is_relative(signs: User, temporary: Path, tmp_path: Path) -> None:
    signs.dvc("remote", "add", "-q", "-d", "store", "../store")
    signs.dvc("push", "-q")
    signs.write("data/signs.csv", EDITED)
    signs.dsv("commit", "-m", "edited")
    shutil.rmtree(signs.folder / ".dvc/cache")
    assert signs.dsv("at", "HEAD~1", "cat", "data/signs.csv").out == SIGNS
    # What runs there has the remote of the repository too.
    assert str(tmp_path / "store") in signs.dsv("at", "HEAD~1", "--", "dvc", "remote", "list").out
    assert not list(temporary.iterdir())


def test_leftovers_of_a_killed_run_are_swept(history: User, temporary: Path) -> None:
    process = subprocess.Popen([DSV, "at", "HEAD", "sleep", "60"], cwd=history.folder, start_new_session=True)
    try:
        wait_for(lambda: (there := list(temporary.glob("dsv-at-*/*/data/signs.csv"))) and there)
        # One that is in use stays.
        history.dsv("reproduce", "HEAD")
        assert list(temporary.glob("dsv-at-*"))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert len(history.git("worktree", "list").splitlines()) == 2
    history.dsv("reproduce", "HEAD")
    assert not list(temporary.iterdir()) and len(history.git("worktree", "list").splitlines()) == 1


def test_a_command_decides_what_signals_mean(history: User, temporary: Path) -> None:
    code = "import signal,sys,time; signal.signal(15, lambda *_: sys.exit(9)); print('up', flush=True); time.sleep(60)"
    command = [DSV, "at", "HEAD", sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=history.folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 9
    assert not list(temporary.iterdir())


def test_hooks_and_an_open_index_are_left_alone(history: User) -> None:
    hook = history.folder / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch canary\n")
    hook.chmod(0o755)
    history.dsv("reproduce", "HEAD~1")
    assert not list(history.folder.rglob("canary"))


def test_a_shallow_clone_says_what_it_needs(history: User, tmp_path: Path) -> None:
    history.git("clone", "-q", "--depth", "1", f"file://{history.folder}", str(tmp_path / "clone"))
    clone = User(tmp_path / "clone")
    assert "git fetch --unshallow" in clone.dsv("reproduce", "HEAD~2", code=3).err


def wait_for(true: Any) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to that")
