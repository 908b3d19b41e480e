"""A branch under review chooses no remote, no cache and no command: its settings are not read."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

HOSTILE = """\
[core]
    remote = store
    site_cache_dir = {tree}/site
[cache]
    dir = ../elsewhere
['remote "store"']
    url = {url}
"""
STAGE = """\
stages:
  run:
    cmd: touch canary
    always_changed: true
"""


@pytest.fixture
def bucket() -> Iterator[tuple[str, list[str]]]:
    """The address of a remote that lacks everything, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_POST = do_GET  # noqa: N815 the server looks for these names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/bucket", asked
    server.shutdown()
    server.server_close()


def test_the_settings_of_a_branch_are_not_read(signs, tmp_path: Path, bucket, monkeypatch) -> None:
    url, asked = bucket
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("DVC_SITE_CACHE_DIR", raising=False)
    signs.dvc("remote", "add", "-d", "store", str(tmp_path / "store"))
    signs.git("commit", "-qam", "A remote")
    main = signs.git("rev-parse", "--abbrev-ref", "HEAD")
    signs.dvc("push")
    signs.git("switch", "-qc", "branch")
    signs.write("data/signs.csv", signs.read("data/signs.csv").replace("bike", "cycle"))
    signs.dsv("commit", "-m", "Rename")
    signs.dvc("push")
    signs.write(".dvc/config", HOSTILE.format(tree=signs.folder, url=url))
    signs.write(".dvc/config.local", "[core]\n    remote = store\n")
    signs.write(".dvc/tmp/dsv/blobs.json", "{}")
    signs.write("pipe/dvc.yaml", STAGE)
    signs.write(".gitattributes", "* filter=run diff=run\n")
    signs.git("add", "--force", ".dvc/config", ".dvc/config.local", ".dvc/tmp/dsv/blobs.json", "pipe", ".gitattributes")
    signs.git("commit", "-qm", "Settings of its own")
    for name in ("cache", "tmp"):
        shutil.rmtree(signs.folder / ".dvc" / name)
    signs.git("checkout", "-q", ".")
    before = {path for path in signs.folder.rglob("*") if ".git" not in path.parts}
    monkeypatch.setenv("DSV_SETTINGS_FROM", main)

    ran = signs.dsv("diff", f"{main}...HEAD", "--json")
    assert ran.json["datasets"][0]["rows"]["changed"] == 2
    assert asked == []
    after = {path for path in signs.folder.rglob("*") if ".git" not in path.parts}
    assert {path.relative_to(signs.folder).parts[:2] for path in after - before} == {(".dvc", "cache")}
    # What runs stages of the branch refuses.
    refused = signs.dsv("reproduce", "--verify", "HEAD", code=None)
    assert refused.code and "its settings are not trusted" in refused.err
    assert not list(signs.folder.rglob("canary"))
    refused = signs.run("env", "DSV_SETTINGS_FROM=--output=x", "dsv", "diff", code=None)
    assert refused.code and "names no commit" in refused.err and not (signs.folder / "x").exists()

    # Without it the branch's settings count, as they do in everybody's own work.
    monkeypatch.delenv("DSV_SETTINGS_FROM")
    shutil.rmtree(signs.folder / ".dvc" / "cache")
    signs.dsv("diff", f"{main}...HEAD", "--json", code=None)
    assert asked
    # What DVC unpickles from is the user's own folder even so.
    assert not (signs.folder / "site").exists() and (tmp_path / "user" / "dsv" / "dvc").is_dir()


def test_settings_that_are_no_file_and_a_base_without_a_remote(signs, tmp_path: Path, monkeypatch) -> None:
    main = signs.git("rev-parse", "HEAD")
    signs.dvc("remote", "add", "-d", "store", str(tmp_path / "store"))
    signs.dvc("push")
    signs.git("commit", "-qam", "The branch brings the remote")
    signs.write("data/signs.csv", signs.read("data/signs.csv").replace("bike", "cycle"))
    signs.dsv("commit", "-m", "Rename")
    signs.dvc("push")
    shutil.rmtree(signs.folder / ".dvc" / "cache")
    monkeypatch.setenv("DSV_SETTINGS_FROM", main)
    ran = signs.dsv("diff", f"{main}...HEAD", "--rows", code=None)
    assert ran.code and "no DVC remote is set up" in ran.err + ran.out
    monkeypatch.delenv("DSV_SETTINGS_FROM")
    (signs.folder / ".dvc" / "config").unlink()
    (signs.folder / ".dvc" / "config").symlink_to("/dev/null")
    signs.git("commit", "-qam", "A link")
    monkeypatch.setenv("DSV_SETTINGS_FROM", "HEAD")
    ran = signs.dsv("diff", f"{main}...HEAD", "--rows", code=None)
    assert ran.code and "is not a file" in ran.err + ran.out


def test_code_of_a_branch_is_not_called(signs, monkeypatch) -> None:
    main = signs.git("rev-parse", "HEAD")
    canary = signs.folder / "canary"
    signs.write("code.py", f"open({str(canary)!r}, 'w')\ndef same(rows):\n    return rows\n")
    signs.dsv("migrate", "new", "apply", "file=code.py", "function=same", "reads=class", "writes=class", "--id", "a")
    signs.dsv("migrate", "plan")
    canary.unlink()
    signs.git("add", "-A")
    signs.git("commit", "-qm", "Code")
    monkeypatch.setenv("DSV_SETTINGS_FROM", main)
    for words in (("plan",), ("show", "m0001_a"), ("test",), ("up",), ("new", "--from-diff", main, "HEAD")):
        ran = signs.dsv("migrate", *words, code=None)
        assert "same is code of the work tree, which is not trusted" in ran.out + ran.err, words
    signs.dsv("diff", f"{main}...HEAD")
    assert not canary.exists() and signs.git("status", "--porcelain") == ""


def test_a_remote_is_not_asked_for_what_is_not_pushed(signs, tmp_path: Path, monkeypatch) -> None:
    signs.dvc("remote", "add", "-d", "store", str(tmp_path / "store"))
    signs.git("commit", "-qam", "A remote")
    monkeypatch.setenv("DSV_SETTINGS_FROM", "HEAD")
    signs.dsv("status")
    told = signs.dsv("status", "--remote", code=3)
    assert "its settings are not trusted" in told.out


@pytest.mark.parametrize("link", [".dvc/cache", "shelf/cache", "shelf"])
def test_nothing_is_written_through_a_link_that_a_branch_put_at_the_cache(
    signs, tmp_path: Path, monkeypatch, link: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    signs.dvc("remote", "add", "-d", "store", str(tmp_path / "store"))
    signs.dvc("push")
    if link != ".dvc/cache":
        signs.dvc("config", "cache.dir", "shelf/cache")
    signs.git("commit", "-qam", "A remote")
    main = signs.git("rev-parse", "HEAD")
    signs.write("data/signs.csv", signs.read("data/signs.csv").replace("bike", "cycle"))
    signs.dsv("commit", "-m", "Rename")
    signs.dvc("push")
    for folder in (".dvc/cache", ".dvc/tmp", "shelf"):
        shutil.rmtree(signs.folder / folder, ignore_errors=True)
    (signs.folder / link).parent.mkdir(exist_ok=True)
    (signs.folder / link).symlink_to(outside)
    signs.git("add", "--force", link)
    signs.git("commit", "-qm", "A link")
    monkeypatch.setenv("DSV_SETTINGS_FROM", main)
    ran = signs.dsv("diff", f"{main}...HEAD", "--json")
    assert ran.json["datasets"][0]["rows"]["changed"] == 2
    assert list(outside.iterdir()) == []
