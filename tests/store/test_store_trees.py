from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dsv.errors import DocumentError, DsvError, IntegrityError, RepositoryError
from dsv.model.revision import Revision
from dsv.store import dvc, objects
from dsv.store.revisions import resolve, workspace
from dsv.store.trees import Tree

MD5 = "0123456789abcdef0123456789abcdef"


def tree(bench, name: str | None = "HEAD") -> Tree:
    repo = bench.repo
    return Tree(repo, workspace() if name is None else resolve(repo, name))


def test_paths_and_bytes_of_both_sides(bench) -> None:
    bench.commit("one", {"a.csv": "1", "d/b é\n.csv": "2", ".gitignore": "ignored\n"})
    bench.write({"a.csv": "changed", "new.csv": "n", "ignored": "i", "gone": "g"})
    bench.git("add", "gone")
    (bench.root / "gone").unlink()
    assert tree(bench).paths() == (".gitignore", "a.csv", "d/b é\n.csv")
    assert tree(bench, None).paths() == (".gitignore", "a.csv", "d/b é\n.csv", "new.csv")
    assert tree(bench).read("a.csv") == b"1" and tree(bench, None).read("a.csv") == b"changed"
    assert tree(bench).read("new.csv") is None and tree(bench, None).read("gone") is None
    assert tree(bench).read("d") is None and tree(bench, None).read("d") is None
    assert tree(bench).read_many(["a.csv", "d/b é\n.csv", "x"]) == {"a.csv": b"1", "d/b é\n.csv": b"2"}


def test_a_git_file_has_its_blob_until_it_is_changed(bench) -> None:
    bench.commit("one", {"a.csv": "1\n"})
    blob = bench.git("rev-parse", "HEAD:a.csv")
    at_head, here = tree(bench).find("a.csv"), tree(bench, None).find("a.csv")
    assert (at_head.kind, at_head.blob, at_head.file, at_head.revision) == ("git", blob, None, "HEAD")
    assert (here.kind, here.blob, here.file) == ("git", blob, bench.root / "a.csv")
    assert objects.content_id(bench.repo, at_head) == objects.content_id(bench.repo, here) == f"git:{blob}"
    (bench.root / "a.csv").touch()
    assert tree(bench, None).find("./a.csv").blob == blob
    bench.write({"a.csv": "2\n"})
    changed = tree(bench, None).find("a.csv")
    assert changed.blob is None
    assert objects.content_id(bench.repo, changed) == "md5:" + objects.file_md5(bench.root / "a.csv")
    bench.git("add", "a.csv")
    assert tree(bench, None).find("a.csv").blob == bench.git("rev-parse", ":a.csv")
    (bench.root / "a.csv").unlink()
    assert tree(bench, None).find("a.csv") is None


def test_a_file_that_nobody_tracks(bench) -> None:
    bench.write({"a.csv": "1"})
    found = tree(bench, None).find("a.csv")
    assert (found.kind, found.blob, found.md5, found.file) == ("untracked", None, None, bench.root / "a.csv")
    assert tree(bench, None).find("b.csv") is None


def test_files_that_dvc_tracks(dvc_bench, tracked) -> None:
    tracked("data/a.csv", "one")
    dvc_bench.git("tag", "v1")
    tracked("data/a.csv", "two!")
    dvc_bench.write({"data/a.csv": "edited"})
    old, new, here = (tree(dvc_bench, name).find("data/a.csv") for name in ("v1", "HEAD", None))
    assert [item.kind for item in (old, new, here)] == ["dvc"] * 3
    assert (old.pointer, old.size, new.size, old.legacy) == ("data/a.csv.dvc", 3, 4, False)
    assert here.md5 == new.md5 != old.md5
    read = [objects.materialise(dvc_bench.repo, item).read_bytes() for item in (old, new, here)]
    assert read == [b"one", b"two!", b"edited"]
    ids = [objects.content_id(dvc_bench.repo, item) for item in (old, new, here)]
    assert ids == [f"md5:{item}" for item in (old.md5, new.md5, objects.file_md5(here.file))]
    here.file.unlink()
    absent = tree(dvc_bench, None).find("data/a.csv")
    assert absent.file is None and absent.md5 == new.md5
    assert objects.materialise(dvc_bench.repo, absent).read_bytes() == b"two!"


def test_files_in_a_folder_that_dvc_tracks(dvc_bench, tracked) -> None:
    dvc_bench.write({"media/x/b.csv": "b"})
    tracked("media/a.csv", "a")
    (dvc_bench.root / "media/a.csv.dvc").unlink()
    (dvc_bench.root / "media/.gitignore").unlink()
    dvc_bench.git("rm", "-q", "-r", "--cached", "media")
    dvc.add(dvc_bench.repo, ["media"])
    dvc_bench.commit("folder")
    found = tree(dvc_bench).find("media/x/b.csv")
    assert (found.kind, found.pointer) == ("dvc-folder", "media.dvc")
    assert objects.materialise(dvc_bench.repo, found).read_bytes() == b"b"
    assert objects.content_id(dvc_bench.repo, found) == "md5:" + objects.file_md5(dvc_bench.root / "media/x/b.csv")
    here = tree(dvc_bench, None).find("media/x/b.csv")
    assert (here.kind, here.file) == ("dvc-folder", dvc_bench.root / "media/x/b.csv")
    assert tree(dvc_bench).find("media/nothing.csv") is None
    folder = tree(dvc_bench).find("media")
    assert set(objects.members(dvc_bench.repo, folder)) == {"a.csv", "x/b.csv"}
    with pytest.raises(RepositoryError, match="is a folder"):
        objects.materialise(dvc_bench.repo, folder)


LOCK = f"""\
schema: '2.0'
stages:
  make@a:
    cmd: x
    outs:
    - path: out/a.csv
      hash: md5
      md5: {MD5}
      size: 7
  old:
    cmd: y
    outs:
    - path: legacy.csv
      md5: {MD5}
  kept:
    cmd: z
    outs:
    - path: kept.csv
      hash: md5
      md5: {MD5}
    - path: s3://bucket/x.csv
      etag: abc
"""
PIPELINE = """\
stages:
  make:
    foreach: [a]
    do: {cmd: x, wdir: sub, outs: ['out/${item}.csv']}
  old: {cmd: y, wdir: .., outs: [legacy.csv]}
  kept: {cmd: z, outs: [{kept.csv: {cache: false}}]}
"""


def test_data_paths_are_gits_files_and_those_that_dvc_keeps(dvc_bench) -> None:
    pointers = {"b.csv.dvc": f"outs:\n- md5: {MD5}\n  path: b.csv\n", "m.dvc": f"outs:\n- md5: {MD5}.dir\n  path: m\n"}
    dvc_bench.commit("x", {"a.csv": "1", **pointers})
    paths = tree(dvc_bench).data_paths()
    assert {"a.csv", "b.csv", "b.csv.dvc"} <= set(paths) and "m" not in paths
    assert list(paths) == sorted(paths)


def test_outputs_of_stages(dvc_bench) -> None:
    dvc_bench.commit("stages", {"p/dvc.lock": LOCK, "p/dvc.yaml": PIPELINE, "p/kept.csv": "k"})
    made = tree(dvc_bench).find("p/sub/out/a.csv")
    assert (made.kind, made.stage, made.pointer, made.md5, made.size, made.legacy) == (
        "stage", "make@a", "p/dvc.lock", MD5, 7, False,
    )  # fmt: skip
    legacy = tree(dvc_bench).find("legacy.csv")
    assert legacy.legacy and objects.content_id(dvc_bench.repo, legacy) == f"md5-dos2unix:{MD5}"
    kept = tree(dvc_bench).find("p/kept.csv")
    assert (kept.kind, kept.stage, kept.md5) == ("git", "kept", MD5)
    assert objects.content_id(dvc_bench.repo, kept) == "git:" + dvc_bench.git("rev-parse", "HEAD:p/kept.csv")
    assert tree(dvc_bench).find("out/a.csv") is None


def test_a_dvc_file_with_a_name_and_wdir_of_its_own(dvc_bench) -> None:
    text = f"wdir: ../data\nouts:\n- md5: {MD5}\n  hash: md5\n  path: a.csv\n"
    dvc_bench.commit("odd", {"pointers/odd.dvc": text})
    assert tree(dvc_bench).find("data/a.csv").pointer == "pointers/odd.dvc"


def test_lock_files_of_the_first_form(dvc_bench) -> None:
    dvc_bench.commit("old", {"dvc.lock": f"make:\n  cmd: x\n  outs:\n  - path: a.csv\n    md5: {MD5}\n"})
    assert tree(dvc_bench).find("a.csv").stage == "make"


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("path: a.csv\n  cloud: {s3: {etag: x, version_id: y}}", "cloud-versioned"),
        ("path: a\n  files: [{relpath: a.csv, md5: x}]", "cloud-versioned"),
        ("path: a.csv", "recorded no md5"),
    ],
)
def test_what_has_no_md5_is_told(dvc_bench, out: str, message: str) -> None:
    dvc_bench.commit("x", {"a.dvc": f"outs:\n- {out}\n"})
    path = "a" if "files" in out else "a.csv"
    with pytest.raises(RepositoryError, match=message) as caught:
        tree(dvc_bench).find(path)
    assert caught.value.where == "a.dvc"
    dvc_bench.write({path: "x"})
    dvc_bench.write({".gitignore": f"/{path}\n"})
    assert tree(dvc_bench, None).find(path).file == dvc_bench.root / path


def test_a_templated_wdir_is_told_only_where_it_matters(dvc_bench) -> None:
    lock = f"schema: '2.0'\nstages:\n  s:\n    cmd: x\n    outs:\n    - path: a.csv\n      md5: {MD5}\n"
    pipeline = "stages:\n  s: {cmd: x, wdir: '${w}', outs: [a.csv]}\n"
    dvc_bench.commit("x", {"dvc.lock": lock, "dvc.yaml": pipeline, "b.csv": "b"})
    assert tree(dvc_bench).find("b.csv").kind == "git"
    with pytest.raises(RepositoryError, match="wdir is a template"):
        tree(dvc_bench).find("x/a.csv")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("outs:\n- md5: ../../../etc/passwd\n  path: a.csv\n", "a.csv.dvc:2"),
        ("outs:\n- path: a.csv\n- md5: x\n", "a.csv.dvc:3"),
        ("outs: [1]\n", "a.csv.dvc:1"),
        ("outs:\n<<<<<<< HEAD\n", "a.csv.dvc:2"),
        ("- a", "a.csv.dvc:1"),
    ],
)
def test_damaged_pointers_name_the_line(dvc_bench, text: str, where: str) -> None:
    dvc_bench.commit("x", {"a.csv.dvc": text})
    with pytest.raises(DocumentError) as caught:
        tree(dvc_bench).find("a.csv")
    assert caught.value.where == where


@pytest.mark.parametrize("path", ["../x.csv", "/etc/passwd", "a/../../x", "a\0b", ".."])
@pytest.mark.parametrize("name", ["HEAD", None])
def test_paths_stay_in_the_repository(bench, path: str, name: str | None) -> None:
    bench.commit("one")
    with pytest.raises(DsvError):
        tree(bench, name).find(path)


def test_symbolic_links_are_not_followed_out(bench, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("secret")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "secret.csv").write_text("secret")
    (bench.root / "link.csv").symlink_to(tmp_path / "secret.csv")
    (bench.root / "folder").symlink_to(tmp_path / "folder")
    bench.commit("links")
    for path in ("link.csv", "folder/secret.csv"):
        with pytest.raises(DsvError, match="leaves the repository"):
            tree(bench, None).find(path)
        with pytest.raises(DsvError, match="leaves the repository"):
            tree(bench, None).read(path)
    with pytest.raises(RepositoryError, match="symbolic link"):
        tree(bench).find("link.csv")
    with pytest.raises(RepositoryError, match="symbolic link"):
        tree(bench).read("link.csv")


def test_links_that_dvc_makes_into_a_cache_outside_are_read(dvc_bench, tracked, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    dvc_bench.commit("cache", {".dvc/config": f"[cache]\n    dir = {cache}\n    type = symlink\n"})
    tracked("a.csv", "linked")
    dvc_bench.dvc("checkout", "--relink")
    assert (dvc_bench.root / "a.csv").is_symlink()
    found = tree(dvc_bench, None).find("a.csv")
    assert objects.materialise(dvc_bench.repo, found).read_bytes() == b"linked"


def test_a_path_in_conflict_has_no_blob(bench) -> None:
    bench.commit("one", {"a.csv": "1\n"})
    bench.git("checkout", "-q", "-b", "other")
    bench.commit("two", {"a.csv": "2\n"})
    bench.git("checkout", "-q", "main")
    bench.commit("three", {"a.csv": "3\n"})
    subprocess.run(["git", "-C", bench.root, "merge", "-q", "other"], check=False, capture_output=True)
    assert tree(bench, None).find("a.csv").blob is None


def declaration(*names: str, path: str = "{}.csv") -> str:
    lines = [f"  {name}: {{path: {path.format(name)}, type: dataset, meta: {{dsv: {{key: id}}}}}}\n" for name in names]
    return "artifacts:\n" + "".join(lines)


def test_declared_datasets_by_file_then_as_declared(dvc_bench) -> None:
    dvc_bench.commit("x", {"dvc.yaml": declaration("z", "b"), "a/dvc.yaml": declaration("m")})
    dvc_bench.write({"new/dvc.yaml": declaration("n")})
    assert [(item.name, item.path) for item in tree(dvc_bench).declared()] == [
        ("m", "a/m.csv"), ("z", "z.csv"), ("b", "b.csv"),
    ]  # fmt: skip
    assert [item.name for item in tree(dvc_bench, None).declared()] == ["m", "z", "b", "n"]


def test_other_projects_inside_are_left_alone(dvc_bench) -> None:
    dvc_bench.commit("x", {"dvc.yaml": declaration("a"), "sub/.dvc/config": "", "sub/dvc.yaml": "{{ a template }}"})
    assert [item.name for item in tree(dvc_bench).declared()] == ["a"]


def test_two_datasets_of_one_name_or_path_are_refused(dvc_bench) -> None:
    dvc_bench.commit("x", {"dvc.yaml": declaration("a"), "sub/dvc.yaml": declaration("a")})
    with pytest.raises(DocumentError, match="same name") as caught:
        tree(dvc_bench).declared()
    assert caught.value.where == "dvc.yaml and sub/dvc.yaml"
    dvc_bench.commit("x", {"sub/dvc.yaml": declaration("b", path="../a.csv")})
    with pytest.raises(DocumentError, match="'a' and 'b' have the same path"):
        tree(dvc_bench).declared()


def test_many_files_take_few_processes(bench, monkeypatch) -> None:
    files = {f"d{number}/dvc.yaml": declaration(f"n{number}") for number in range(50)}
    files |= {f"p{number}.csv.dvc": f"outs:\n- md5: {MD5}\n  path: p{number}.csv\n" for number in range(50)}
    bench.commit("many", files)
    repo, revision = bench.repo, resolve(bench.repo, "HEAD")
    calls: list[object] = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *args, **named: (calls.append(args), run(*args, **named))[1])
    found = Tree(repo, revision)
    assert len(found.declared()) == 50
    assert found.find("x/unknown.csv") is None
    assert len(calls) <= 4


def test_a_listing_that_lies_is_refused(dvc_bench, tracked) -> None:
    import hashlib
    import json

    tracked("a.csv", "a")
    for relpath in ("../x", "a/../../x", "/x", "..", "", "a//b", "C:x", "..\\x", "a\0b", 3, "ok.csv"):
        entries = [{"md5": MD5, "relpath": relpath}] * (2 if relpath == "ok.csv" else 1)
        content = json.dumps(entries).encode()
        md5 = hashlib.md5(content).hexdigest()
        place = dvc_bench.root / ".dvc/cache/files/md5" / md5[:2] / f"{md5[2:]}.dir"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        commit = dvc_bench.commit("x", {"f.dvc": f"outs:\n- md5: {md5}.dir\n  hash: md5\n  path: f\n"})
        with pytest.raises(IntegrityError):
            Tree(dvc_bench.repo, Revision(name="x", commit=commit)).find("f/ok.csv")
        place.write_bytes(content + b" ")
        with pytest.raises(IntegrityError, match="does not match its md5"):
            Tree(dvc_bench.repo, Revision(name="x", commit=commit)).find("f/ok.csv")
