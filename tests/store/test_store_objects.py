from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dsv.errors import DataMissing, IntegrityError, RepositoryError
from dsv.store import dvc, objects
from dsv.store.cache import CacheObject, autostages, cache_folder, setting
from dsv.store.hashes import RACY_NS, HashCache, blob_id, file_md5
from dsv.store.revisions import resolve, workspace
from dsv.store.trees import Tree


def located(bench, path: str, name: str = "HEAD"):
    repo = bench.repo
    return Tree(repo, resolve(repo, name)).find(path)


@pytest.fixture
def patient(monkeypatch):
    """Lets hashes be remembered at once, as two seconds later."""
    monkeypatch.setattr("dsv.store.hashes.RACY_NS", -RACY_NS)


def test_a_blob_is_written_once_and_mended(bench, patient, monkeypatch) -> None:
    bench.commit("one", {"a.csv": "id\n1\n"})
    found = located(bench, "a.csv")
    path = objects.materialise(bench.repo, found)
    assert path.read_bytes() == b"id\n1\n"
    assert path.name == found.blob
    monkeypatch.setattr("dsv.store.git.copy_blob", None)
    assert objects.materialise(bench.repo, found) == path
    monkeypatch.undo()
    path.write_bytes(b"id\n2\n")
    assert objects.materialise(bench.repo, found).read_bytes() == b"id\n1\n"


def test_blob_ids_are_gits(bench, tmp_path: Path) -> None:
    bench.commit("one", {"a.csv": "x" * 3_000_000})
    assert blob_id(bench.root / "a.csv", "sha1") == bench.git("rev-parse", "HEAD:a.csv")


def test_a_repository_of_sha256(tmp_path: Path) -> None:
    from dsv.store.repository import Repository

    root = tmp_path / "r"
    subprocess.run(["git", "init", "-q", "--object-format=sha256", root], check=True)
    (root / "a.csv").write_text("1")
    for command in (["add", "a.csv"], ["commit", "-qm", "one"]):
        subprocess.run(["git", "-C", root, *command], check=True)
    repo = Repository.discover(root)
    found = Tree(repo, resolve(repo, "HEAD")).find("a.csv")
    assert len(found.blob) == 64
    assert objects.materialise(repo, found).read_bytes() == b"1"
    assert objects.materialise(repo, found).read_bytes() == b"1"


def test_caches_that_cannot_be_written_are_not_used(bench, tmp_path: Path, monkeypatch) -> None:
    bench.commit("one", {"a.csv": "1"})
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert objects.materialise(bench.repo, located(bench, "a.csv")).read_bytes() == b"1"
    assert objects.workspace_md5(bench.repo, bench.root / "a.csv") == hashlib.md5(b"1").hexdigest()


def test_files_of_git_lfs_are_refused(bench) -> None:
    bench.commit("one", {"a.csv": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"})
    with pytest.raises(RepositoryError, match="Git LFS"):
        objects.materialise(bench.repo, located(bench, "a.csv"))


def test_cached_bytes_are_checked(dvc_bench, tracked) -> None:
    tracked("a.csv", "good")
    found = located(dvc_bench, "a.csv")
    path = objects.materialise(dvc_bench.repo, found)
    assert path == cache_folder(dvc_bench.root) / "files" / "md5" / found.md5[:2] / found.md5[2:]
    path.chmod(0o644)
    path.write_bytes(b"evil")
    with pytest.raises(IntegrityError, match="do not match their md5") as caught:
        objects.materialise(dvc_bench.repo, found)
    assert caught.value.exit_code == 5
    assert caught.value.where == str(path)


def test_objects_of_dvc_2_are_read_and_checked(dvc_bench) -> None:
    md5 = hashlib.md5(b"a\nb\n").hexdigest()
    path = dvc_bench.root / ".dvc" / "cache" / md5[:2] / md5[2:]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a\r\nb\r\n")
    dvc_bench.commit("old", {"a.csv.dvc": f"outs:\n- md5: {md5}\n  path: a.csv\n"})
    assert objects.materialise(dvc_bench.repo, located(dvc_bench, "a.csv")).read_bytes() == b"a\r\nb\r\n"
    path.write_bytes(b"x")
    with pytest.raises(IntegrityError):
        objects.materialise(dvc_bench.repo, located(dvc_bench, "a.csv"))


def test_missing_data_without_a_remote(dvc_bench, tracked) -> None:
    commit = tracked("a.csv", "x")
    found = located(dvc_bench, "a.csv")
    CacheObject(md5=found.md5).path(cache_folder(dvc_bench.root)).unlink()
    with pytest.raises(DataMissing, match=r"'a\.csv' at HEAD is neither") as caught:
        objects.materialise(dvc_bench.repo, found)
    assert found.md5 in caught.value.where
    assert caught.value.hint.startswith("dvc remote add")
    assert commit


def test_missing_data_is_fetched_with_the_present_remote(dvc_bench, tracked, tmp_path: Path, capfd) -> None:
    tracked("a.csv", "old")
    old = located(dvc_bench, "a.csv")
    tracked("a.csv", "new")
    dvc_bench.dvc("remote", "add", "--default", "store", str(tmp_path / "remote"))
    dvc_bench.commit("a remote")
    dvc_bench.git("tag", "v2")
    cache = cache_folder(dvc_bench.root)
    for md5 in (old.md5, located(dvc_bench, "a.csv").md5):
        source, target = (CacheObject(md5=md5).path(folder) for folder in (cache, tmp_path / "remote"))
        target.parent.mkdir(parents=True)
        source.rename(target)
    assert objects.materialise(dvc_bench.repo, old).read_bytes() == b"old"
    assert not CacheObject(md5=located(dvc_bench, "a.csv").md5).path(cache).exists()
    CacheObject(md5=old.md5).path(cache).unlink()
    CacheObject(md5=old.md5).path(tmp_path / "remote").unlink()
    with pytest.raises(DataMissing) as caught:
        objects.materialise(dvc_bench.repo, old)
    assert caught.value.hint == "dvc fetch --all-commits"
    assert capfd.readouterr() == ("", "")


def test_a_folder_is_fetched_member_by_member(dvc_bench, tmp_path: Path) -> None:
    dvc_bench.write({"m/a.csv": "a", "m/b.csv": "b"})
    dvc.add(dvc_bench.repo, ["m"])
    dvc_bench.dvc("remote", "add", "--default", "store", str(tmp_path / "remote"))
    dvc_bench.commit("folder")
    dvc_bench.dvc("push")
    cache = cache_folder(dvc_bench.root)
    subprocess.run(["rm", "-rf", cache], check=True)
    found = located(dvc_bench, "m/b.csv")
    assert objects.materialise(dvc_bench.repo, found).read_bytes() == b"b"
    assert sum(item.is_file() for item in (cache / "files").rglob("*")) == 2


def test_a_remote_that_cannot_be_reached(dvc_bench, tracked) -> None:
    tracked("a.csv", "x")
    found = located(dvc_bench, "a.csv")
    dvc_bench.commit("remote", {".dvc/config": "[core]\n    remote = r\n['remote \"r\"']\n    url = s3://nowhere/x\n"})
    CacheObject(md5=found.md5).path(cache_folder(dvc_bench.root)).unlink()
    with pytest.raises(DataMissing, match="neither in the cache"):
        objects.materialise(dvc_bench.repo, found)


def test_git_without_dvc_says_dsv_init(bench) -> None:
    md5 = hashlib.md5(b"x").hexdigest()
    bench.commit("x", {"a.csv.dvc": f"outs:\n- md5: {md5}\n  hash: md5\n  path: a.csv\n"})
    with pytest.raises(RepositoryError) as caught:
        objects.materialise(bench.repo, located(bench, "a.csv"))
    assert caught.value.hint == "dsv init"


def test_the_cache_folder_at_all_levels(dvc_bench, monkeypatch, tmp_path: Path) -> None:
    root = dvc_bench.root
    assert cache_folder(root) == root / ".dvc" / "cache"
    levels = {
        "system": tmp_path / "system" / "config",
        "global": tmp_path / "global" / "config",
        "project": root / ".dvc" / "config",
        "local": root / ".dvc" / "config.local",
    }
    monkeypatch.setenv("DVC_SYSTEM_CONFIG_DIR", str(tmp_path / "system"))
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "global"))
    for name, path in levels.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# c\n[core]\n    dir = no\n[ cache ]\n    type = copy\n    Dir = ../{name}  # c\n")
        assert cache_folder(root) == Path(os.path.abspath(path.parent / f"../{name}"))
        assert Path(dvc_bench.dvc("cache", "dir").strip()) == cache_folder(root)
    levels["local"].write_text("[cache]\ndir = '~/a # b'\n[core]\n    autostage = True\n")
    assert cache_folder(root) == Path.home() / "a # b"
    assert autostages(root)
    assert setting(root, "core", "remote") is None
    levels["local"].write_bytes(b"\xff")
    with pytest.raises(RepositoryError, match="cannot be read"):
        cache_folder(root)


def test_hashes_are_remembered_until_the_file_changes(tmp_path: Path, patient, monkeypatch) -> None:
    file, folder = tmp_path / "a.csv", tmp_path / "cache"
    file.write_bytes(b"one")
    assert HashCache(folder).md5(file) == hashlib.md5(b"one").hexdigest()
    calls: list[Path] = []
    monkeypatch.setattr("dsv.store.hashes.file_md5", lambda path: (calls.append(path), file_md5(path))[1])
    assert HashCache(folder).md5(file) == hashlib.md5(b"one").hexdigest()
    assert calls == []
    times = file.stat()
    file.write_bytes(b"two")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert HashCache(folder).md5(file) == hashlib.md5(b"two").hexdigest()
    other = tmp_path / "b"
    other.write_bytes(b"six")
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    os.replace(other, file)
    assert HashCache(folder).md5(file) == hashlib.md5(b"six").hexdigest()
    assert len(calls) == 2


def test_racy_files_are_hashed_again(tmp_path: Path, monkeypatch) -> None:
    file, folder = tmp_path / "a.csv", tmp_path / "cache"
    for content in (b"one", b"two"):
        file.write_bytes(content)
        os.utime(file, ns=(10**18, 10**18))
        assert HashCache(folder).md5(file) == hashlib.md5(content).hexdigest()
    assert not (folder / "hashes.json").exists()
    monkeypatch.setattr("dsv.store.hashes.RACY_NS", -RACY_NS)
    HashCache(folder).md5(file)
    assert (folder / "hashes.json").exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"md5 X": 3}', b'{"md5 X": [[1,2,3,4]]}'])
def test_a_damaged_memory_is_not_trusted(tmp_path: Path, patient, content: bytes) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"one")
    (tmp_path / "hashes.json").write_bytes(content.replace(b"X", str(file).encode()))
    assert HashCache(tmp_path).md5(file) == hashlib.md5(b"one").hexdigest()
    assert f"md5 {file}" in json.loads((tmp_path / "hashes.json").read_bytes())


def test_the_memory_is_bounded(tmp_path: Path, patient, monkeypatch) -> None:
    monkeypatch.setattr("dsv.store.hashes.LIMIT", 3)
    for number in range(5):
        (tmp_path / f"{number}").write_text("x")
        HashCache(tmp_path).md5(tmp_path / f"{number}")
    kept = json.loads((tmp_path / "hashes.json").read_bytes())
    assert [name[-1] for name in kept] == ["2", "3", "4"]


def test_reading_imports_nothing_heavy(dvc_bench, tracked) -> None:
    tracked("a.csv", "x")
    code = """
import sys
from pathlib import Path
from dsv.store import objects
from dsv.store.repository import Repository
from dsv.store.revisions import sides
from dsv.store.trees import Tree
repo = Repository.discover(Path(sys.argv[1]))
for side in sides(repo, ()):
    tree = Tree(repo, side)
    tree.declared()
    found = tree.find("a.csv")
    objects.content_id(repo, found), objects.materialise(repo, found)
heavy = {"dvc", "dvc_data", "pandas", "numpy", "pyarrow", "duckdb", "ruamel", "deepdiff", "rich", "click"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code, str(dvc_bench.root)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_workspace_is_hashed_only_for_an_answer(dvc_bench, tracked, monkeypatch) -> None:
    tracked("a.csv", "x")
    monkeypatch.setattr("dsv.store.hashes.file_md5", None)
    found = Tree(dvc_bench.repo, workspace()).find("a.csv")
    assert found.file == dvc_bench.root / "a.csv"
