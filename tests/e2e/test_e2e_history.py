"""A real repository of real versions, by several authors and dates: `log`, `show` and `blame` held against pandas."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

import dsv.renderers
from tests.e2e.conftest import User

CASES = Path(__file__).parent.parent / "cases"
SCHEMAS = Path(dsv.renderers.__file__).parent / "schemas"
SP500 = ("vA", "vB", "vC", "vD", "vE", "vF", "vG", "vH")
HUMANEVAL = ("vC", "vD", "vE", "vF", "vG")
AUTHORS = ("Ana", "Bob", "Cy")
RENAMES = {
    ("vE", "vF"): {"Security": "Name"},
    ("vF", "vG"): {"Company": "Security"},
    ("vG", "vH"): {"Security": "Company"},
}
"""Fields under another name: the name after, and the name before. `Sector` ended, and others began."""


def sp500(version: str) -> pd.DataFrame:
    return pd.read_csv(CASES / "sp500-table" / f"{version}.csv", dtype=str, keep_default_na=False).set_index("Symbol")


def humaneval(version: str) -> dict[str, dict[str, Any]]:
    with gzip.open(CASES / "humaneval-jsonl" / f"{version}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return {row["task_id"]: row for row in map(json.loads, lines)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> User:
    """Two datasets: one that DVC tracks, and one that Git does; each version a commit."""
    user = User(tmp_path_factory.mktemp("history"))
    user.git("init", "-q")
    with pytest.MonkeyPatch.context() as environment:
        for number, (dataset, version) in enumerate(versions()):
            environment.setenv("GIT_AUTHOR_NAME", AUTHORS[number % 3])
            environment.setenv("GIT_AUTHOR_DATE", f"2026-01-{number + 1:02d}T12:00:00+0200")
            if dataset == "sp":
                shutil.copy(CASES / "sp500-table" / f"{version}.csv", user.folder / "sp.csv")
            else:
                text = gzip.decompress((CASES / "humaneval-jsonl" / f"{version}.jsonl.gz").read_bytes())
                (user.folder / "he.jsonl").write_bytes(text)
                user.git("add", "he.jsonl")
            if version == "vA" or (dataset, version) == ("he", "vC"):
                user.dsv("init", *(("sp.csv", "-k", "Symbol") if dataset == "sp" else ("he.jsonl", "-k", "task_id")))
            user.dsv("commit", "-m", f"{dataset} {version}")
    return user


def versions() -> Iterator[tuple[str, str]]:
    """The versions in the order of their commits, those of the two datasets by turns."""
    for number, version in enumerate(SP500):
        yield "sp", version
        if number < len(HUMANEVAL):
            yield "he", HUMANEVAL[number]


def author(dataset: str, version: str) -> tuple[str, str]:
    number = list(versions()).index((dataset, version))
    return AUTHORS[number % 3], f"2026-01-{number + 1:02d}T12:00:00+02:00"


def test_every_cell_is_blamed_on_the_version_that_brought_its_value(made: User) -> None:
    frames = {version: sp500(version) for version in SP500}
    told = made.dsv("blame", "sp", "--where", "true", "--limit", "1000", "--json").json
    jsonschema.validate(told, json.loads((SCHEMAS / "dsv.blame.1.json").read_text()))
    last = frames[SP500[-1]]
    assert told["complete"] and told["matching"] == len(told["rows"]) == len(last)
    for row in told["rows"]:
        symbol = row["key"]["Symbol"]
        for field, cell in row["cells"].items():
            origin = cell["origin"]
            version = brought(frames, symbol, field)
            assert origin["subject"] == f"sp {version}", (symbol, field)
            assert (origin["author"], origin["date"]) == author("sp", version)
            if field != "Symbol":
                assert str(cell["value"] or "") == last.loc[symbol, field]


def brought(frames: dict[str, pd.DataFrame], symbol: str, field: str) -> str:
    """The version from which on a row holds the value of a cell, by the texts of the files."""
    for old, new in reversed(list(zip(SP500, SP500[1:], strict=False))):
        before = RENAMES.get((old, new), {}).get(field, field)
        if symbol not in frames[old].index:
            return new
        if field != "Symbol":
            if before not in frames[old].columns:
                return new
            if frames[old].loc[symbol, before] != frames[new].loc[symbol, field]:
                return new
        field = before
    return SP500[0]


def test_json_lines_are_followed_too(made: User) -> None:
    rows = {version: humaneval(version) for version in HUMANEVAL}
    told = made.dsv("blame", "he", "--where", "true", "--json").json
    assert len(told["rows"]) == len(rows[HUMANEVAL[-1]])
    for row in told["rows"]:
        task = row["key"]["task_id"]
        for field, cell in row["cells"].items():
            held = [version for version in HUMANEVAL if rows[version].get(task, {}).get(field, ...) is not ...]
            expected = held[-1]
            for old, new in reversed(list(zip(HUMANEVAL, HUMANEVAL[1:], strict=False))):
                if task not in rows[old] or rows[old][task].get(field) != rows[new][task].get(field):
                    expected = new
                    break
                expected = old
            assert cell["origin"]["subject"] == f"he {expected}", (task, field)


def test_the_life_of_a_row_is_what_each_version_made_of_it(made: User) -> None:
    frames = {version: sp500(version) for version in SP500}
    told = made.dsv("log", "--json", "--", "sp:META").json
    jsonschema.validate(told, json.loads((SCHEMAS / "dsv.log.1.json").read_text()))
    found = {entry["subject"]: (entry["row"]["kind"], sorted(entry["row"]["cells"])) for entry in told["entries"]}
    expected = {}
    for old, new in zip((None, *SP500), SP500, strict=False):
        before = None if old is None or "META" not in frames[old].index else frames[old].loc["META"]
        after = None if "META" not in frames[new].index else frames[new].loc["META"]
        if after is None or before is None:
            if after is not None:
                expected[f"sp {new}"] = ("added", sorted(["Symbol", *after.index]))
            continue
        names = RENAMES.get((str(old), new), {})
        differ = [field for field, value in after.items() if before.get(names.get(str(field), str(field)), "") != value]
        differ += [
            field
            for field, value in before.items()
            if field not in names.values() and field not in after.index and value
        ]
        if differ:
            expected[f"sp {new}"] = ("changed", sorted(map(str, differ)))
    assert found == expected and len(found) > 1


def test_log_and_show_count_as_pandas_does(made: User) -> None:
    entries = made.dsv("log", "--json", "--", "sp").json["entries"]
    assert [entry["subject"] for entry in reversed(entries)] == [f"sp {version}" for version in SP500]
    for old, new, entry in zip(SP500, SP500[1:], list(reversed(entries))[1:], strict=False):
        before, after = sp500(old), sp500(new)
        assert entry["delta"]["added"] == len(after.index.difference(before.index))
        assert entry["delta"]["removed"] == len(before.index.difference(after.index))
        common = before.index.intersection(after.index)
        names = RENAMES.get((old, new), {})
        differ = pd.Series(data=False, index=common)
        for field in after.columns:
            source = names.get(field, field)
            if source in before.columns:
                differ |= before.loc[common, source] != after.loc[common, field]
        assert entry["delta"]["changed"] == int(differ.sum())
        assert entry["rows"] == len(after)
        assert (entry["author"], entry["date"]) == author("sp", new)
        shown = made.dsv("show", entry["commit"], "--json", "--", "sp").json["diff"]["datasets"][0]
        assert {name: shown["rows"][name] for name in ("added", "removed", "changed")} == entry["delta"]
    renamed = entries[0]["meaning"]["schema_changes"]
    assert {(change["change"], change["field"]) for change in renamed} == {
        ("field_added", "Security"),
        ("field_removed", "Company"),
    }, "profiles tell fields that came and went, not which became which"


def test_a_fresh_clone_without_data_has_the_history_and_says_what_needs_data(made: User, tmp_path: Path) -> None:
    user = User(tmp_path)
    user.git("clone", "-q", str(made.folder), "clone")
    clone = User(tmp_path / "clone")
    here = made.dsv("log", "--json", "--", "sp").json
    assert clone.dsv("log", "--json", "--", "sp").json == here
    assert clone.dsv("log", "--stat").out == made.dsv("log", "--stat").out
    assert "is neither in the cache nor on a remote" in clone.dsv("blame", "sp:MMM", code=3).err
    # Git has the bytes of the other dataset.
    assert (
        clone.dsv("blame", "he", "--where", "true", "--json").json
        == made.dsv("blame", "he", "--where", "true", "--json").json
    )


def test_dvc_agrees_at_every_step(made: User) -> None:
    """Which revisions changed the file, what the profile says of both sides, and that nothing is left to do."""
    assert "up to date" in made.dvc("status") and made.git("status", "--porcelain") == ""
    commits = made.git("rev-list", "--reverse", "HEAD").split()
    entries = {entry["commit"]: entry for entry in made.dsv("log", "--json", "--", "sp").json["entries"]}
    compared = 0
    for old, new in zip(commits, commits[1:], strict=False):
        modified = [
            item["path"] for item in json.loads(made.dvc("diff", old, new, "--json") or "{}").get("modified", [])
        ]
        assert ("sp.csv" in modified) == (new in entries), "DVC and dsv name the same revisions"
        if new in entries and compared < 3:
            compared += 1
            metrics = made.dvc("metrics", "diff", old, new, "--all", "--json", "--targets", "sp.csv.profile.yaml")
            rows = json.loads(metrics)["sp.csv.profile.yaml"]["rows"]
            delta = entries[new]["delta"]
            assert (rows["new"], rows["old"]) == (entries[new]["rows"], rows["new"] - delta["added"] + delta["removed"])
