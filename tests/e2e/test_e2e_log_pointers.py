"""`dsv log` of datasets in pointers that hold several outputs: listed is what changed the dataset's own bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import Any

import pytest

User = Any
TABLE = "data/t.csv"
ONE, TWO, THREE = "id,a\n1,x\n", "id,a\n1,x\n2,y\n", "id,a\n1,z\n2,y\n"


def put(user: User, content: str, suffix: str = "") -> str:
    """Content in DVC's cache; its md5."""
    found = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()
    user.write(f".dvc/cache/files/md5/{found[:2]}/{found[2:]}{suffix}", content)
    return found + suffix


def listed(user: User, files: dict[str, str]) -> str:
    """A folder of files in DVC's cache; its md5."""
    return put(user, json.dumps([{"md5": put(user, text), "relpath": name} for name, text in files.items()]), ".dir")


def commit(user: User, subject: str) -> None:
    user.git("add", "-A", "--", ":!.dvc/cache", ":!.dvc/tmp", f":!{TABLE}")
    user.git("commit", "-q", "-m", subject)


def told(user: User, *words: str) -> list[tuple[str, str]]:
    return [(item["subject"], said(item["delta"])) for item in user.dsv("log", "--json", *words).json["entries"]]


def said(delta: dict[str, int] | None) -> str:
    return "not known" if delta is None else f"+{delta['added']} -{delta['removed']} ~{delta['changed']}"


@pytest.fixture
def declared(user: User) -> User:
    user.git("init", "-q", "-b", "main")
    user.write(".dvc/config", "")
    user.write("dvc.yaml", f"artifacts:\n  t: {{path: {TABLE}, type: dataset, meta: {{dsv: {{key: [id]}}}}}}\n")
    commit(user, "declared")
    return user


def lock(user: User, table: str | None, other: str = "other", *, command: str = "make") -> str:
    outs = {"rest": put(user, other)} | ({} if table is None else {TABLE: put(user, table)})
    stages = {
        f"make{place}": {"cmd": command, "outs": [{"path": path, "hash": "md5", "md5": md5}]}
        for place, (path, md5) in enumerate(outs.items())
    }
    return json.dumps({"schema": "2.0", "stages": stages}, indent=1)


def test_a_stage_without_a_profile_is_listed_where_its_own_output_changed(declared: User) -> None:
    versions = {
        "other alone": lock(declared, None),
        "one": lock(declared, ONE),
        "other changed": lock(declared, ONE, "more"),
        "command changed": lock(declared, ONE, "more", command="build"),
        "two": lock(declared, TWO, "more", command="build"),
        "gone": lock(declared, None, "more"),
        "three": lock(declared, THREE, "less"),
    }
    for subject, text in versions.items():
        declared.write("dvc.lock", text)
        commit(declared, subject)
    expected = [("three", "+2 -0 ~0"), ("gone", "+0 -2 ~0"), ("two", "+1 -0 ~0"), ("one", "+1 -0 ~0")]
    assert told(declared) == expected
    assert told(declared) == expected, "what is remembered"
    assert told(declared, "-n", "2") == expected[:2]
    assert told(declared, "HEAD~4..HEAD~1") == expected[1:3]


def test_a_merge_of_two_locks_is_listed_only_if_the_dataset_is_as_at_no_parent(declared: User) -> None:
    declared.write("dvc.lock", lock(declared, ONE))
    commit(declared, "one")
    for end, merged in (("clean", TWO), ("evil", THREE)):
        declared.git("checkout", "-q", "-b", end, "main")
        declared.write("dvc.lock", lock(declared, ONE, "side"))
        commit(declared, "side")
        declared.git("checkout", "-q", "-b", f"{end}-main", "main")
        declared.write("dvc.lock", lock(declared, TWO))
        commit(declared, "two")
        declared.git("merge", "-q", "--no-commit", end, code=None)
        declared.write("dvc.lock", lock(declared, merged, "side"))
        commit(declared, "merged")
        merge = [("merged", "+0 -0 ~1")] if merged == THREE else []
        assert told(declared) == [*merge, ("two", "+1 -0 ~0"), ("one", "+1 -0 ~0")]


def test_a_folder_is_looked_into(declared: User) -> None:
    def version(subject: str, **files: str) -> None:
        md5 = listed(declared, {f"{name}.csv": text for name, text in files.items()})
        declared.write("data.dvc", f"outs:\n- md5: {md5}\n  hash: md5\n  path: data\n")
        commit(declared, subject)

    version("other alone", u=ONE)
    version("one", t=ONE, u=ONE)
    version("other changed", t=ONE, u=TWO)
    version("two", t=TWO, u=TWO)
    assert told(declared) == [("two", "+1 -0 ~0"), ("one", "+1 -0 ~0")]
    # Without the lists of the folder any of them may have changed it; nothing is fetched to find out.
    shutil.rmtree(declared.folder / ".dvc/cache")
    shutil.rmtree(declared.folder / ".dvc/tmp")
    declared.git("config", "-f", ".dvc/config", "core.remote", "store")
    declared.git("config", "-f", ".dvc/config", "remote.store.url", "/nowhere")
    assert told(declared) == [(name, "not known") for name in ("two", "other changed", "one", "other alone")]


@pytest.mark.parametrize("was", ["lock", "folder", "elsewhere"])
def test_what_a_former_pointer_kept_is_listed(declared: User, was: str) -> None:
    def former(content: str | None) -> None:
        if was == "folder":
            md5 = listed(declared, {"other": "x"} if content is None else {"other": "x", "t.csv": content})
            declared.write("data.dvc", f"outs:\n- md5: {md5}\n  hash: md5\n  path: data\n")
        elif was == "lock":
            declared.write("dvc.lock", lock(declared, content))
        else:
            declared.write("pipe/dvc.yaml", f"stages:\n  make0:\n    cmd: make\n    outs: [../{TABLE}]\n")
            declared.write("pipe/dvc.lock", lock(declared, content).replace(f'"{TABLE}"', f'"../{TABLE}"'))

    for subject, content in {"one": ONE, "two": TWO}.items():
        former(content)
        commit(declared, subject)
    if was == "folder":
        (declared.folder / "data.dvc").unlink()
    else:
        former(None)
    own = "outs:\n- md5: {}\n  hash: md5\n  path: t.csv\n"
    declared.write(f"{TABLE}.dvc", own.format(put(declared, TWO)))
    commit(declared, "a pointer of its own")
    declared.write(f"{TABLE}.dvc", own.format(put(declared, THREE)))
    commit(declared, "three")
    if was == "lock":
        declared.write("dvc.lock", lock(declared, None, "changed"))
        commit(declared, "a stage that is not its own any more")
    assert told(declared) == [
        ("three", "+0 -0 ~1"),
        ("a pointer of its own", "+0 -0 ~0"),
        ("two", "+1 -0 ~0"),
        ("one", "+1 -0 ~0"),
    ]


def test_a_damaged_lock_may_have_changed_it(declared: User) -> None:
    for subject, text in {
        "one": lock(declared, ONE),
        "damaged": lock(declared, ONE) + "<<<<<<<",
        "mended": lock(declared, TWO),
    }.items():
        declared.write("dvc.lock", text)
        commit(declared, subject)
    assert told(declared) == [("mended", "not known"), ("damaged", "not known"), ("one", "+1 -0 ~0")]


def test_a_part_of_a_folder_dataset_that_a_stage_makes_is_of_it(user: User) -> None:
    """A folder of Git's with one file that a stage of the root makes."""
    user.git("init", "-q", "-b", "main")
    user.write(".dvc/config", "")
    user.write("dvc.yaml", "artifacts:\n  t: {path: data, type: dataset, meta: {dsv: {key: [id]}}}\n")
    user.write("data/a.txt", "a")
    commit(user, "a file")
    for subject, content in {"made": "1", "made anew": "2"}.items():
        user.write("dvc.lock", lock(user, content))
        commit(user, subject)
    user.write("dvc.lock", lock(user, "2", "another"))
    commit(user, "another output")
    assert [subject for subject, _ in told(user)] == ["made anew", "made", "a file"]
