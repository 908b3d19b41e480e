from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

import pytest

from dsv.documents.yaml import load
from dsv.errors import RepositoryError
from dsv.store import dvc
from dsv.store.hashes import file_md5

AUTOSTAGE = "[core]\n    autostage = true\n"


@pytest.fixture(params=["", AUTOSTAGE], ids=["plain", "autostage"])
def project(dvc_bench, request):
    dvc_bench.commit("settings", {".dvc/config": request.param, "x.py": "1"})
    dvc_bench.write({"x.py": "2"})
    dvc_bench.git("add", "x.py")
    return dvc_bench


def index(bench) -> bytes:
    return (bench.root / ".git" / "index").read_bytes()


def test_init_stages_nothing(bench) -> None:
    bench.commit("one", {"a": "1"})
    before = index(bench)
    made = dvc.init(bench.repo)
    assert made == (".dvc/.gitignore", ".dvc/config", ".dvcignore")
    assert index(bench) == before
    assert bench.repo.require_dvc() == bench.root
    with pytest.raises(RepositoryError, match="dvc init failed"):
        dvc.init(bench.repo)


def test_add_writes_pointers_and_stages_nothing(project) -> None:
    before = index(project)
    project.write({"data/a.csv": "1"})
    assert dvc.add(project.repo, ["data/a.csv"]) == ("data/a.csv.dvc", "data/.gitignore")
    assert dvc.add(project.repo, ["data/a.csv"]) == ()
    project.write({"data/a.csv": "2"})
    assert dvc.add(project.repo, ["data/a.csv"]) == ("data/a.csv.dvc",)
    recorded = load((project.root / "data/a.csv.dvc").read_bytes(), "f")["outs"][0]["md5"]
    assert recorded == file_md5(project.root / "data/a.csv")
    assert index(project) == before


def test_add_in_a_tracked_folder_changes_the_folders_pointer(dvc_bench) -> None:
    dvc_bench.write({"m/a.csv": "1"})
    dvc.add(dvc_bench.repo, ["m"])
    dvc_bench.write({"m/a.csv": "2"})
    assert dvc.add(dvc_bench.repo, ["m/a.csv"]) == ("m.dvc",)


def test_add_of_a_file_that_git_tracks_is_refused(dvc_bench) -> None:
    dvc_bench.commit("one", {"a.csv": "1"})
    with pytest.raises(RepositoryError, match="dvc add failed") as caught:
        dvc.add(dvc_bench.repo, ["a.csv"])
    assert "already tracked by SCM" in caught.value.where
    assert dvc_bench.git("status", "--porcelain") == ""


PIPELINE = """\
stages:
  first:
    cmd: cp in.csv out.csv
    deps: [in.csv]
    outs: [out.csv]
  second:
    cmd: python -c "import sys, shutil; print(sys.executable); shutil.copy('out.csv', 'last.csv')"
    deps: [out.csv]
    outs: [last.csv]
  bad:
    cmd: echo boom >&2; exit 3
    deps: [last.csv]
    outs: [never.csv]
"""


class Recorder:
    def __init__(self) -> None:
        self.titles: list[str] = []
        self.done = 0

    @contextlib.contextmanager
    def task(self, title: str, total: int | None = None):
        self.titles.append(title)
        yield self

    def advance(self, done: int = 1) -> None:
        self.done += done


def test_repro_runs_stages_and_stages_nothing(project, capfd) -> None:
    project.write({"dvc.yaml": PIPELINE, "in.csv": "1"})
    before, recorder = index(project), Recorder()
    assert "second" in dvc.status(project.repo, ["second"])
    dvc.repro(project.repo, ["second"], recorder, {"first": "the first", "second": "the second"})
    assert (project.root / "last.csv").read_text() == "1"
    assert (recorder.titles, recorder.done) == (["running stages", "the first", "the second"], 2)
    again = Recorder()
    dvc.repro(project.repo, ["second"], again, {"first": "the first", "second": "the second"})
    assert (again.titles, again.done) == (["running stages"], 2)
    assert index(project) == before
    assert dvc.status(project.repo, ["first", "second"]) == {}
    (project.root / "last.csv").unlink()
    dvc.checkout(project.repo, ["second"])
    assert (project.root / "last.csv").read_text() == "1"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("left", "kept"), [("", False), ('{"read": {', False), ("{}", True)])
def test_what_a_killed_dvc_left_of_its_lock_is_taken_away(dvc_bench, left, kept) -> None:
    path = dvc_bench.root / ".dvc/tmp/rwlock"
    path.parent.mkdir(exist_ok=True)
    path.write_text(left)
    dvc._mend(dvc_bench.root)
    assert path.exists() is kept
    dvc._mend(dvc_bench.root)


def test_a_lock_that_another_dvc_is_writing_is_let_be(dvc_bench) -> None:
    import zc.lockfile

    path = dvc_bench.root / ".dvc/tmp/rwlock"
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    writing = zc.lockfile.LockFile(f"{path}.lock")
    dvc._mend(dvc_bench.root)
    assert path.exists()
    writing.close()
    dvc._mend(dvc_bench.root)
    assert not path.exists()


def test_a_failing_stage_is_named_and_quoted(dvc_bench) -> None:
    dvc_bench.write({"dvc.yaml": PIPELINE, "in.csv": "1"})
    before = index(dvc_bench)
    with pytest.raises(RepositoryError, match="the stage 'bad' failed") as caught:
        dvc.repro(dvc_bench.repo, [])
    assert "boom" in caught.value.where.splitlines()
    assert index(dvc_bench) == before
    with pytest.raises(RepositoryError, match="dvc repro failed") as caught:
        dvc.repro(dvc_bench.repo, ["nothing"])
    assert "nothing" in caught.value.where


def test_stages_find_dsv_beside_this_interpreter(dvc_bench, monkeypatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    code = "import json, os, shutil\njson.dump([shutil.which('dsv'), dict(os.environ)], open('o', 'w'))"
    dvc_bench.write({"probe.py": code, "dvc.yaml": "stages:\n  s:\n    cmd: python probe.py\n    outs: [o]\n"})
    dvc.repro(dvc_bench.repo, ["s"])
    found, environ = json.loads((dvc_bench.root / "o").read_text())
    assert Path(found).parent == Path(sys.executable).parent
    assert environ["DVC_NO_ANALYTICS"] == "1" and "GIT_DIR" not in environ


def test_modules_of_the_repository_do_not_pass_for_dvcs(dvc_bench) -> None:
    dvc_bench.write({"yaml.py": "raise SystemExit('hijacked')", "dvc.py": "raise SystemExit('hijacked')"})
    assert dvc.status(dvc_bench.repo) == {}


def test_checkout_keeps_what_is_not_in_the_cache(dvc_bench, tracked) -> None:
    tracked("a.csv", "1")
    dvc_bench.write({"a.csv": "edited"})
    with pytest.raises(RepositoryError, match="dvc checkout failed"):
        dvc.checkout(dvc_bench.repo, ["a.csv"])
    assert (dvc_bench.root / "a.csv").read_text() == "edited"
    dvc.checkout(dvc_bench.repo, ["a.csv"], force=True)
    assert (dvc_bench.root / "a.csv").read_text() == "1"


def test_without_dvc_everything_says_dsv_init(bench) -> None:
    for call in (dvc.add, dvc.repro, dvc.status, dvc.checkout):
        with pytest.raises(RepositoryError) as caught:
            call(bench.repo, ["x"])
        assert caught.value.hint == "dsv init"


def test_a_project_below_the_top(bench) -> None:
    from dsv.store.repository import Repository

    (bench.root / "sub" / ".dvc" / "tmp").mkdir(parents=True)
    bench.commit("sub", {"sub/.dvc/config": "", "sub/.dvc/.gitignore": "/tmp\n/cache\n"})
    bench.write({"sub/data/a.csv": "1"})
    repo = Repository.discover(bench.root / "sub")
    assert dvc.add(repo, ["sub/data/a.csv"]) == ("sub/data/a.csv.dvc", "sub/data/.gitignore")
