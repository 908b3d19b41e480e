"""Adoption, whoever keeps the data and in whatever format: the same bytes published, taken back byte for byte."""

from __future__ import annotations

import gzip
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

User = Any
Once = Any
COMMENTED = (
    "# ours\nartifacts: {}\nstages:\n  report:  # keeps running\n    cmd: python -c pass\n    deps: [notes.txt]\n"
)
CSV = b'id,part,class,score\r\n1,a,bike,0.90\r\n1,b,car,\r\n2,a,"bike",1e-3\r\n3,"a,b",bus,007\r\n'
JSONL = b'{"part": "a", "id": 1, "class": "bike"}\n{"id": 1, "class":"car", "part": "b", "more": [1, {"x": null}]}\n'


def parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {"id": [1, 1, 2], "part": ["a", "b", "a"], "class": ["bike", None, "car"], "box": [[1.0, 2.0], None, []]}
    )
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()


CONTENTS = {
    "signs.csv": CSV,
    "signs.tsv.gz": gzip.compress(CSV.replace(b",", b"\t").replace(b'"a\tb"', b"ab"), mtime=0),
    "signs.jsonl": JSONL,
    "signs.parquet": parquet(),
}
KEEPERS = ["dvc", "git", "stage"]
# Each keeper and each format is in the quick ones at least once.
QUICK = {("dvc", "signs.csv"), ("dvc", "signs.parquet"), ("git", "signs.jsonl"), ("stage", "signs.tsv.gz")}
KEPT = [
    pytest.param(keeper, name, marks=[] if (keeper, name) in QUICK else [pytest.mark.slow])
    for keeper in KEEPERS
    for name in CONTENTS
]


def files(user: User) -> dict[str, bytes]:
    """All that a user sees: every file but Git's and DVC's own stores."""
    found = {}
    for path in sorted(user.folder.rglob("*")):
        name = path.relative_to(user.folder).as_posix()
        if path.is_file() and not name.startswith((".git/", ".dvc/cache/", ".dvc/tmp/")):
            found[name] = path.read_bytes()
    return found


def declare(repo: User, once: Once, keeper: str, name: str, content: bytes, *options: str) -> str:
    """A committed dataset, kept by DVC, by Git or as the output of the user's own stage."""
    path = f"data/{name}"

    def make() -> None:
        repo.dvc("init", "-q")
        repo.write("notes.txt", "x\n")
        repo.write("dvc.yaml", COMMENTED)
        (repo.folder / "data").mkdir()
        if keeper == "stage":
            (repo.folder / f"raw-{name}").write_bytes(content)
            text = COMMENTED + f"  make:\n    cmd: cp raw-{name} {path}\n    deps: [raw-{name}]\n    outs: [{path}]\n"
            repo.write("dvc.yaml", text)
            repo.dvc("repro", "-q", "make")
        else:
            (repo.folder / path).write_bytes(content)
        if keeper == "git":
            repo.git("add", path)
        repo.git("add", "-A") if keeper != "dvc" else repo.git("add", "dvc.yaml", "notes.txt", ".dvc", ".dvcignore")
        repo.git("commit", "-q", "-m", "Begin")
        repo.dsv("init", path, "-l", "class", "--name", "signs", *options)
        repo.dsv("commit", "-m", "Declare signs")
        assert repo.git("status", "--porcelain") == ""

    what = "-".join([keeper, name, hashlib.md5(content).hexdigest(), *options])
    once(repo, f"adopted-{what}", make)
    return path


@pytest.mark.parametrize(("keeper", "name"), KEPT)
def test_adoption_publishes_the_same_bytes_and_is_taken_back(repo: User, once: Once, keeper: str, name: str) -> None:
    path = declare(repo, once, keeper, name, CONTENTS[name], "-k", "id", "-k", "part")
    before = files(repo)
    repo.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    stem, _, suffix = name.partition(".")
    published = f"data/{stem}.published.{suffix}" if keeper == "stage" else path
    base = path if keeper == "stage" else f"data/{stem}.base.{suffix}"
    assert (repo.folder / published).read_bytes() == (repo.folder / base).read_bytes() == CONTENTS[name]
    assert f"path: {published}" in repo.read("dvc.yaml")
    assert "# ours" in repo.read("dvc.yaml") and "# keeps running" in repo.read("dvc.yaml")
    repo.dsv("migrate", "remove", "m0001")
    assert files(repo) == before
    assert repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize(("keeper", "name"), KEPT)
def test_a_chain_is_committed_cloned_and_reproduced(
    repo: User, once: Once, keeper: str, name: str, tmp_path: Path
) -> None:
    declare(repo, once, keeper, name, CONTENTS[name], "-k", "id", "-k", "part")
    repo.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    repo.dsv("migrate", "up")
    repo.dsv("commit", "-m", "bike is bicycle")
    repo.dvc("repro", "report")
    assert "signs" not in repo.dvc("status") and repo.git("status", "--porcelain") in ("", "M dvc.lock")
    repo.git("commit", "-q", "-a", "--allow-empty", "-m", "report")
    before = files(repo)
    clone = type(repo)(tmp_path / "clone")
    repo.git("clone", "-q", f"file://{repo.folder}", str(clone.folder))
    if keeper == "dvc":
        repo.dvc("remote", "add", "-q", "--default", "store", str(tmp_path / "store"))
        repo.dvc("push", "-q", "--no-run-cache", *[p for p in before if p.endswith(".dvc")])
        clone.dvc("remote", "add", "-q", "--default", "--local", "store", str(tmp_path / "store"))
        clone.dvc("pull", "-q", *[p for p in before if p.endswith(".dvc")])
    clone.dvc("repro")
    assert clone.git("status", "--porcelain") == ""
    after = files(clone)
    after.pop(".dvc/config.local", None)
    assert after.keys() == before.keys()
    assert {key: after[key] == before[key] for key in after} == dict.fromkeys(after, True)


@pytest.mark.parametrize("keeper", KEEPERS)
def test_keyless_data_goes_through_a_chain_and_back(repo: User, once: Once, keeper: str) -> None:
    content = b"class,text\nbike,x\nbike,x\ncar,y\nbike,x\n"
    path = declare(repo, once, keeper, "signs.csv", content)
    assert "key:" not in repo.read("dvc.yaml")
    before = files(repo)
    repo.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    repo.dsv("migrate", "up")
    published = "data/signs.published.csv" if keeper == "stage" else path
    assert (repo.folder / published).read_bytes() == content.replace(b"bike", b"bicycle")
    repo.dsv("migrate", "remove", "m0001")
    assert files(repo) == before


def test_an_adoption_before_the_declaration_is_committed_is_taken_back(repo: User) -> None:
    repo.write("data/signs.csv", CSV.decode())
    repo.git("add", "data/signs.csv")
    repo.git("commit", "-q", "-m", "data in Git")
    repo.write("data/.gitignore", "# mine\r\n*.tmp\r\n/.versions")
    repo.dsv("init", "data/signs.csv", "-l", "class", "-k", "id", "-k", "part")
    before = files(repo)
    repo.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    repo.dsv("migrate", "up")
    repo.dsv("migrate", "remove", "m0001")
    after = files(repo)
    assert after.pop("data/.gitignore") == b"# mine\r\n*.tmp\r\n"  # new to Git, so the line counts as the chain's
    before.pop("data/.gitignore")
    assert after == before


def test_a_pointers_comments_and_a_projects_folder_survive(repo: User) -> None:
    """The `dvc.yaml` may lie below the top; a user's words in the `.dvc` file come back."""
    repo.dvc("init", "-q")
    (repo.folder / "sub/data").mkdir(parents=True)
    (repo.folder / "sub/data/signs.csv").write_bytes(CSV)
    repo.write(
        "sub/dvc.yaml",
        "artifacts:\n  signs:\n    path: data/signs.csv\n    type: dataset\n"
        "    meta: {dsv: {key: [id, part], label: class}}\n",
    )
    repo.dsv("commit", "-m", "Add signs")
    pointer = repo.read("sub/data/signs.csv.dvc")
    repo.write("sub/data/signs.csv.dvc", "# from the camera\n" + pointer + "desc: street signs\n")
    repo.git("commit", "-q", "-a", "-m", "a comment")
    before = files(repo)
    repo.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    assert "desc: street signs" in repo.read("sub/data/signs.base.csv.dvc")
    repo.dsv("migrate", "up")
    assert (repo.folder / "sub/data/signs.csv").read_bytes() == CSV.replace(b"1,a,bike", b"1,a,bicycle").replace(
        b'"bike"', b'"bicycle"'
    )
    assert "up to date" in repo.dvc("status")
    repo.dsv("migrate", "remove", "m0001")
    assert files(repo) == before


def test_a_member_of_a_folder_that_dvc_tracks_is_refused(repo: User) -> None:
    repo.dvc("init", "-q")
    repo.write("data/signs.csv", CSV.decode())
    repo.write("data/notes.txt", "x\n")
    repo.dvc("add", "-q", "data")
    repo.dsv("init", "data/signs.csv", "-k", "id", "-k", "part", "-l", "class")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "a folder")
    before = files(repo)
    ran = repo.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle", code=3)
    assert "folder data" in ran.err and "mv data/signs.csv signs.csv && dvc add data signs.csv" in ran.err
    assert files(repo) == before


def test_a_pointer_of_another_name_or_in_the_way_is_refused(repo: User, once: Once) -> None:
    declare(repo, once, "dvc", "signs.csv", CSV, "-k", "id", "-k", "part")
    repo.write("data/signs.base.csv", "mine\n")
    before = files(repo)
    assert "in the way" in repo.dsv("migrate", "new", "rename_class", "from=bike", "to=x", code=3).err
    assert files(repo) == before
    (repo.folder / "data/signs.base.csv").unlink()
    (repo.folder / "data/signs.csv.dvc").rename(repo.folder / "data/pointer.dvc")
    before = files(repo)
    ran = repo.dsv("migrate", "new", "rename_class", "from=bike", "to=x", code=3)
    assert "data/pointer.dvc" in ran.err and "git mv" in ran.err
    assert files(repo) == before


def test_a_stage_that_fails_leaves_everything_as_it_was(repo: User, once: Once) -> None:
    """The operation fits the schema and fails on the rows: adopted, then refused, then as before."""
    path = declare(repo, once, "git", "signs.csv", CSV, "-k", "id", "-k", "part")
    repo.write("fix.csv", "id,part,old,new\n1,a,bus,car\n")
    repo.dsv("migrate", "new", "relabel", "file=fix.csv")
    before = files(repo)
    ran = repo.dsv("migrate", "up", code=3)
    assert "bus" in ran.err and "bike" in ran.err
    assert files(repo) == before and (repo.folder / path).read_bytes() == CSV
