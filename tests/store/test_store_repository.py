from __future__ import annotations

from pathlib import Path

import pytest

from dsv.errors import NotARepository
from dsv.store.repository import Repository


def test_the_top_is_found_from_below_and_from_a_file(bench, monkeypatch) -> None:
    bench.write({"a/b/c.csv": "x"})
    for start in (bench.root, bench.root / "a" / "b", bench.root / "a/b/c.csv", bench.root / "a/not/there"):
        assert Repository.discover(start).root == bench.root
    assert Repository.discover(bench.root).git_folder == bench.root / ".git"
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert Repository.discover(bench.root).root == bench.root


def test_outside_a_repository(tmp_path: Path) -> None:
    with pytest.raises(NotARepository) as caught:
        Repository.discover(tmp_path)
    assert caught.value.hint == "git init"
    assert caught.value.exit_code == 3


def test_a_missing_git_is_told(bench, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NotARepository, match="Git is not installed"):
        Repository.discover(bench.root)


def test_the_nearest_dvc_project_counts(bench, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    repo = bench.repo
    assert repo.dvc_root is None
    assert repo.cache_folder() == tmp_path / "cache" / "dsv"
    assert not (bench.root / ".dvc").exists()
    with pytest.raises(NotARepository, match="DVC is not set up") as caught:
        repo.require_dvc()
    assert caught.value.hint == "dsv init"
    (bench.root / "sub" / "deep").mkdir(parents=True)
    (bench.root / ".dvc").mkdir()
    (bench.root / "sub" / ".dvc").mkdir()
    (bench.root / "sub" / "deep" / ".dvc").write_text("a file, no project")
    assert Repository.discover(bench.root / "sub" / "deep").require_dvc() == bench.root / "sub"
    assert bench.repo.cache_folder() == bench.root / ".dvc" / "tmp" / "dsv"


def test_a_project_above_the_repository_does_not_count(tmp_path: Path, bench) -> None:
    (bench.root.parent / ".dvc").mkdir()
    assert bench.repo.dvc_root is None


def test_repository_paths(bench, monkeypatch, tmp_path: Path) -> None:
    bench.write({"data/a.csv": "x"})
    (tmp_path / "link").symlink_to(bench.root, target_is_directory=True)
    monkeypatch.chdir(bench.root / "data")
    repo = bench.repo
    assert repo.relative("a.csv") == repo.relative("../data/a.csv") == "data/a.csv"
    assert repo.relative(tmp_path / "link" / "data" / "a.csv") == "data/a.csv"
    assert repo.relative(bench.root) == "."
    with pytest.raises(NotARepository, match="outside the repository"):
        repo.relative("../../x.csv")
