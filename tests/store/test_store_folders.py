"""Folders that are one table: held by DVC, by Git, by both, by nobody; at revisions and in the workspace."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path

import pytest

from dsv.errors import DsvError, IntegrityError, RepositoryError
from dsv.store import dvc, folders, git, objects, remotes
from dsv.store.cache import CacheObject
from dsv.store.ignored import Ignored
from dsv.store.revisions import resolve, workspace
from dsv.store.trees import Located, Tree

FILES = {"img/a.csv": "a\n", "img/sub/b.csv": "b\n", "img/.hidden": "h"}


def tree(bench, name: str | None = "HEAD") -> Tree:
    repo = bench.repo
    return Tree(repo, workspace() if name is None else resolve(repo, name))


def found(bench, path: str, name: str | None = "HEAD") -> tuple[Tree, Located]:
    at = tree(bench, name)
    located = at.find(path)
    assert located is not None and located.is_folder
    return at, located


def contents(at: Tree, folder: Located) -> dict[str, bytes]:
    return {item.path: objects.materialise(at.repo, item).read_bytes() for item in folders.members(at, folder)}


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


@pytest.fixture
def by_dvc(dvc_bench):
    dvc_bench.write(FILES)
    dvc.add(dvc_bench.repo, ["img"])
    dvc_bench.commit("folder")
    dvc_bench.git("tag", "v1")
    return dvc_bench


def test_a_folder_that_dvc_tracks(by_dvc) -> None:
    at, head = found(by_dvc, "img")
    here, work = found(by_dvc, "img", None)
    assert (head.kind, head.pointer, head.file, work.file) == ("dvc", "img.dvc", None, by_dvc.root / "img")
    expected = {"img/a.csv": b"a\n", "img/sub/b.csv": b"b\n"}
    assert contents(at, head) == contents(here, work) == expected
    # the md5 that DVC itself wrote, made again from the work files; the hidden file is part of it
    assert head.md5.endswith(".dir") and folders.md5(at, head) == folders.md5(here, work) == head.md5
    assert folders.content_id(at, head) == folders.content_id(here, work) == f"md5:{head.md5}"
    assert objects.md5s(at.repo, head, folders.members(at, head)) == {
        "img/a.csv": md5("a\n"),
        "img/sub/b.csv": md5("b\n"),
    }
    with pytest.raises(RepositoryError, match="is a folder"):
        objects.materialise(here.repo, work)


def test_an_edit_is_seen_and_an_absent_folder_is_read_from_the_record(by_dvc) -> None:
    at, head = found(by_dvc, "img")
    by_dvc.write({"img/a.csv": "edited"})
    here, work = found(by_dvc, "img", None)
    assert folders.content_id(here, work) != folders.content_id(at, head)
    assert contents(here, work)["img/a.csv"] == b"edited"
    shutil.rmtree(by_dvc.root / "img")
    here, absent = found(by_dvc, "img", None)
    assert absent.file is None and folders.content_id(here, absent) == folders.content_id(at, head)
    assert contents(here, absent) == contents(at, head)


def test_a_folder_inside_one_that_dvc_tracks(by_dvc) -> None:
    at, head = found(by_dvc, "img/sub")
    here, work = found(by_dvc, "img/sub", None)
    assert (head.kind, work.kind, head.pointer, work.pointer) == ("dvc-folder", "dvc-folder", "img.dvc", "img.dvc")
    assert contents(at, head) == contents(here, work) == {"img/sub/b.csv": b"b\n"}
    expected = md5(json.dumps([{"md5": md5("b\n"), "relpath": "b.csv"}])) + ".dir"
    assert folders.content_id(at, head) == folders.content_id(here, work) == f"md5:{expected}"
    assert folders.md5(at, head) == expected
    assert tree(by_dvc).find("img/su") is None


def test_nothing_is_opened_to_tell_equal_folders(by_dvc, monkeypatch) -> None:
    monkeypatch.setattr("dsv.store.objects.members", lambda *_: pytest.fail("the listing was read"))
    at, head = found(by_dvc, "img")
    before, old = found(by_dvc, "img", "v1")
    assert folders.content_id(at, head) == folders.content_id(before, old)


def test_a_work_folder_is_hashed_once(by_dvc, monkeypatch) -> None:
    monkeypatch.setattr("dsv.store.hashes.RACY_NS", -(10**12))
    here, work = found(by_dvc, "img", None)
    first = folders.content_id(here, work)
    monkeypatch.setattr("dsv.store.hashes.file_md5", lambda path: pytest.fail(f"{path} was hashed again"))
    assert folders.content_id(*found(by_dvc, "img", None)) == first


def test_exactly_the_missing_objects_are_fetched_at_once(by_dvc, tmp_path: Path, monkeypatch) -> None:
    by_dvc.dvc("remote", "add", "-d", "store", str(tmp_path / "remote"))
    by_dvc.dvc("push")
    cache = by_dvc.root / ".dvc" / "cache"
    gone = CacheObject(md5=md5("b\n")).path(cache)
    gone.unlink()
    calls = []
    real = remotes.fetch
    monkeypatch.setattr(
        remotes, "fetch", lambda repo, project, wanted: (calls.append(list(wanted)), real(repo, project, calls[-1]))[1]
    )
    at, head = found(by_dvc, "img")
    files = folders.members(at, head)
    objects.fetch(at.repo, files)
    assert [[item.md5 for item in call] for call in calls] == [[md5("b\n")]]
    assert contents(at, head)["img/sub/b.csv"] == b"b\n" and len(calls) == 1


def test_a_damaged_object_of_a_folder_is_told(by_dvc) -> None:
    place = CacheObject(md5=md5("b\n")).path(by_dvc.root / ".dvc" / "cache")
    place.chmod(0o644)
    place.write_bytes(b"other")
    at, head = found(by_dvc, "img")
    objects.fetch(at.repo, folders.members(at, head))
    with pytest.raises(IntegrityError, match=r"sub/b\.csv"):
        contents(at, head)


def test_a_folder_in_git(bench) -> None:
    bench.commit("one", {**FILES, "img/.gitignore": "x\n", "other.csv": "o", "img2/c.csv": "c"})
    at, head = found(bench, "img")
    here, work = found(bench, "img", None)
    assert (head.kind, work.kind) == ("git", "git")
    assert contents(at, head) == contents(here, work) == {"img/a.csv": b"a\n", "img/sub/b.csv": b"b\n"}
    assert folders.content_id(at, head) == folders.content_id(here, work)
    assert folders.md5(at, head) == folders.md5(here, work)
    assert set(contents(*found(bench, "img/sub"))) == {"img/sub/b.csv"}
    bench.write({"img/new.csv": "n", "img/x": "ignored"})
    assert set(contents(*found(bench, "img", None))) == {"img/a.csv", "img/new.csv", "img/sub/b.csv"}
    assert folders.content_id(*found(bench, "img", None)) != folders.content_id(at, head)
    (bench.root / "img/new.csv").unlink()
    (bench.root / "img/a.csv").unlink()
    assert set(contents(*found(bench, "img", None))) == {"img/sub/b.csv"}
    assert tree(bench).find("im") is None and tree(bench).find(".") is None


def test_blobs_are_read_through_one_process_and_their_md5s_remembered(bench, monkeypatch) -> None:
    files = {f"img/{n}.txt": "x" * n for n in range(30)}
    bench.commit("one", files)
    at, head = found(bench, "img")
    members = folders.members(at, head)
    expected = {path: md5(text) for path, text in files.items()}
    assert objects.md5s(at.repo, head, members) == expected
    monkeypatch.setattr(git, "each_blob", lambda *_: pytest.fail("blobs were read again"))
    assert objects.md5s(at.repo, head, members) == expected
    monkeypatch.undo()
    objects.fetch(at.repo, members)
    monkeypatch.setattr(git, "copy_blob", lambda *_: pytest.fail("a blob was read alone"))
    assert contents(at, head) == {path: text.encode() for path, text in files.items()}


def test_a_missing_blob_is_told(bench) -> None:
    bench.commit("one", {"a": "1"})
    with pytest.raises(RepositoryError, match="missing"):
        list(git.each_blob(bench.root, ["0" * 40]))


def test_a_folder_that_git_and_dvc_share(dvc_bench) -> None:
    dvc_bench.write({"set/labels.csv": "l", "set/img/1": "1", "set/img/2": "2", "set/one.bin": "b"})
    dvc.add(dvc_bench.repo, ["set/img", "set/one.bin"])
    dvc_bench.commit("both", {"set/labels.csv.profile.yaml": "p"})
    at, head = found(dvc_bench, "set")
    here, work = found(dvc_bench, "set", None)
    expected = {"set/img/1": b"1", "set/img/2": b"2", "set/labels.csv": b"l", "set/one.bin": b"b"}
    assert contents(at, head) == contents(here, work) == expected
    assert folders.content_id(at, head) == folders.content_id(here, work)
    assert [item.kind for item in here.holdings(work)] == ["dvc", "git", "dvc"]
    dvc_bench.write({"set/img/3": "3"})
    here, work = found(dvc_bench, "set", None)
    assert "set/img/3" in contents(here, work)
    assert folders.content_id(here, work) != folders.content_id(at, head)


def test_a_folder_that_nobody_tracks(dvc_bench) -> None:
    dvc_bench.write({**FILES, ".gitignore": "img\n", "img/.versions/x": "v", "img/.git/y": "g"})
    here, work = found(dvc_bench, "img", None)
    assert work.kind == "untracked" and set(contents(here, work)) == {"img/a.csv", "img/sub/b.csv"}
    before = folders.content_id(here, work)
    shutil.rmtree(dvc_bench.root / "img/.versions")
    shutil.rmtree(dvc_bench.root / "img/.git")
    dvc_bench.write({".gitignore": ""})
    dvc.add(dvc_bench.repo, ["img"])
    here, work = found(dvc_bench, "img", None)
    assert before == folders.content_id(here, work) == f"md5:{work.md5}"


def test_a_stages_folder(dvc_bench) -> None:
    dvc_bench.write({"dvc.yaml": "stages:\n  make:\n    cmd: mkdir -p out && echo 1 > out/a.csv\n    outs: [out]\n"})
    dvc_bench.dvc("repro")
    dvc_bench.commit("made")
    at, head = found(dvc_bench, "out")
    assert (head.kind, head.stage) == ("stage", "make") and contents(at, head) == {"out/a.csv": b"1\n"}


def test_what_dvc_ignores_is_no_part(dvc_bench) -> None:
    dvc_bench.write({".dvcignore": "# c\n*.tmp\n", "d/.dvcignore": "skip/\n!keep.tmp\n"})
    dvc_bench.write({"d/img/a.csv": "a", "d/img/x.tmp": "x", "d/img/keep.tmp": "k", "d/img/skip/y": "y"})
    here, work = found(dvc_bench, "d/img", None)
    before = folders.content_id(here, work)
    dvc.add(dvc_bench.repo, ["d/img"])
    here, work = found(dvc_bench, "d/img", None)
    assert before == folders.content_id(here, work) == f"md5:{work.md5}"
    assert set(contents(here, work)) == {"d/img/a.csv", "d/img/keep.tmp"}
    assert not Ignored(dvc_bench.repo, "d")("d/img/a.csv")


def test_a_link_that_leaves_the_repository_is_refused(dvc_bench, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    dvc_bench.write({"img/a.csv": "a"})
    (dvc_bench.root / "img/b.csv").symlink_to(tmp_path / "secret")
    dvc_bench.write({".gitignore": "img\n"})
    here, work = found(dvc_bench, "img", None)
    with pytest.raises(DsvError, match="leaves the repository"):
        folders.members(here, work)


def test_ten_thousand_files_take_seconds_at_most(dvc_bench) -> None:
    folder = dvc_bench.root / "img"
    folder.mkdir()
    for n in range(10_000):
        (folder / f"{n:05d}.txt").write_bytes(b"%d" % n)
    dvc_bench.write({".gitignore": "img\n"})
    here, work = found(dvc_bench, "img", None)
    started = time.process_time()
    assert folders.content_id(here, work) is not None
    assert len(folders.members(here, work)) == 10_000
    # 0.6 s where this was written; hashes saved one by one would take minutes
    assert time.process_time() - started < 20
