"""What migrations explain of a diff between revisions, in a real repository."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

User = Any
Once = Any

ROOT = Path(__file__).parents[2]


def signs_of(report: Any) -> Any:
    return next(item for item in report["datasets"] if item["dataset"] == "signs")


def git_signs(repo: User, once: Once, rows: int = 30) -> None:
    """A dataset that Git keeps, adopted by a chain and committed as `v1`."""

    def make() -> None:
        classes = ["bike", "car", "bus"]
        lines = [f"i{n}.jpg,{classes[n % 3]},{'test' if n % 5 == 0 else 'train'},0.{n % 9}" for n in range(rows)]
        repo.write("data/signs.csv", "image,class,split,score\n" + "\n".join(lines) + "\n")
        repo.git("add", "data/signs.csv")
        repo.git("commit", "-q", "-m", "data")
        repo.dsv("init", "data/signs.csv", "-k", "image", "-l", "class", "--split", "split")
        repo.dsv("commit", "-m", "Declare signs")
        repo.git("tag", "v1")

    once(repo, f"git-signs-{rows}", make)


def migrated(repo: User, once: Once) -> None:
    """Six rows of it and one migration, applied and not committed."""
    git_signs(repo, once, rows=6)

    def make() -> None:
        repo.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
        repo.dsv("migrate", "up")

    once(repo, "git-signs-migrated", make)


def rows_of(text: str) -> dict[str, dict[str, str]]:
    return {row["image"]: row for row in csv.DictReader(io.StringIO(text))}


def test_unexplained_rows_come_first(repo: User, once: Once) -> None:
    """Two migrations, then edits by hand: of the published file, and of a base row."""
    git_signs(repo, once)
    before = rows_of(repo.read("data/signs.csv"))
    repo.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    repo.dsv("migrate", "new", "drop_rows", "where=score > 0.75")
    pending = signs_of(repo.dsv("diff", "--json").json)
    assert (pending["status"], pending["explained"]) == ("unchanged", None)

    repo.dsv("migrate", "up")
    applied = signs_of(repo.dsv("diff", "--json").json)
    bikes = sum(row["class"] == "bike" and float(row["score"]) <= 0.75 for row in before.values())
    gone = sum(float(row["score"]) > 0.75 for row in before.values())
    assert [(item["migration"][:5], item["rows_changed"], item["rows_removed"]) for item in applied["explained"]] == [
        ("m0001", bikes, 0),
        ("m0002", 0, gone),
    ]
    assert applied["unexplained"] == dict(rows_added=0, rows_removed=0, rows_changed=0, cells={}, schema_changes=0)

    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "migrated")
    edited = (
        repo.read("data/signs.csv").replace("i28.jpg,car", "i28.jpg,bus").replace("i27.jpg,bicycle", "i27.jpg,bike")
    )
    repo.write("data/signs.csv", edited + "new.jpg,car,train,0.5\n")
    repo.git("commit", "-q", "-am", "by hand")
    report = repo.dsv("diff", "v1", "HEAD", "--json").json
    found = signs_of(report)
    after = rows_of(repo.read("data/signs.csv"))
    changed = Counter(
        "explained" if before[key]["class"] == "bike" and after[key]["class"] == "bicycle" else "by hand"
        for key in before.keys() & after.keys()
        if before[key] != after[key]
    )
    assert changed == {"explained": bikes - 1, "by hand": 1}
    assert found["explained"][0]["cells"] == {"class": bikes - 1}
    assert found["unexplained"]["cells"] == {"class": 1}
    assert found["unexplained"]["rows_added"] == 1
    label = found["labels"]["class"]
    assert label["explained"] == [{"migration": found["explained"][0]["migration"], "rows": bikes - 1}]
    assert label["unexplained"] == 1
    samples = found["samples"]["changed"]
    assert samples[0]["key"] == {"image": "i28.jpg"}
    assert "migration" not in samples[0]["cells"]["class"]
    assert all(row["cells"]["class"]["migration"].startswith("m0001") for row in samples[1:])
    # What was put back by hand is no difference, and is told all the same; it is the only bike now, in train.
    assert {item["rule"]: item["count"] for item in report["findings"]} == {
        "not-as-migrated": 1,
        "class-not-in-test": 1,
    }
    only = signs_of(repo.dsv("diff", "v1", "HEAD", "--unexplained", "--json").json)
    assert [len(only["samples"][kind]) for kind in ("added", "removed", "changed")] == [1, 0, 1]
    text = repo.dsv("diff", "v1", "HEAD").out
    assert text.index("1 row changed, 1 row added unexplained") < text.index(
        f"{bikes - 1} rows changed explained by m0001"
    )


def test_new_base_rows_are_unexplained_and_migrated(repo: User, once: Once) -> None:
    """A row that is added to the base flows through the chain; no migration added it."""
    git_signs(repo, once, rows=6)
    repo.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    repo.write("data/signs.base.csv", repo.read("data/signs.base.csv") + "late.jpg,bike,train,0.5\n")
    repo.dsv("migrate", "up")
    assert "late.jpg,bicycle" in repo.read("data/signs.csv")
    found = signs_of(repo.dsv("diff", "v1", "--json").json)
    assert found["unexplained"]["rows_added"] == 1
    assert found["explained"][0]["rows_changed"] == 2


def test_chains_that_diverge_explain_nothing(repo: User, once: Once) -> None:
    migrated(repo, once)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "one")
    repo.git("tag", "one")
    forth, *back = (repo.dsv("diff", *words, "--json").json for words in (["v1"], ["one", "v1"], ["-R", "v1", "one"]))
    (renamed,) = signs_of(forth)["explained"]
    assert (renamed["migration"], renamed["cells"]) == ("m0001_rename_class_bike", {"class": 2})
    for report in back:
        assert signs_of(report)["explained"] == [renamed]
        assert signs_of(report)["labels"]["class"]["transitions"] == [
            {"from": "bicycle", "to": "bike", "rows": 2, "encoding_only": 0}
        ]
        assert [item["rule"] for item in report["findings"]] == ["explained-backwards"]
    repo.git("checkout", "-q", "-b", "other", "v1")
    repo.git("clean", "-qfdx", "data", "migrations")
    repo.dsv("migrate", "new", "rename_class", "from=car", "to=auto")
    repo.dsv("migrate", "up")
    report = repo.dsv("diff", "one", "--json").json
    assert signs_of(report)["explained"] is None
    assert [item["rule"] for item in report["findings"]] == ["chains-diverge"]


def test_an_edited_document_explains_nothing(repo: User, once: Once) -> None:
    migrated(repo, once)
    path = next((repo.folder / "migrations/signs").glob("m0001*.yaml"))
    path.write_text(path.read_text().replace("bicycle", "moped"))
    report = repo.dsv("diff", "v1", "--json").json
    assert signs_of(report)["explained"] is None
    assert signs_of(report)["changed_cells"] == {"class": 2}
    assert [item["rule"] for item in report["findings"]] == ["replay-failed"]
    assert "edited" in report["findings"][0]["message"]


def test_the_living_example_by_pandas(user: User) -> None:
    """The newsgroups labels: base and published file of this repository, credited by its own side files."""
    import shutil

    import pandas as pd

    for name in ("data/newsgroups.base.csv", "data/newsgroups.csv", "dvc.yaml", "params.yaml"):
        (user.folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, user.folder / name)
    chain = shutil.copytree(ROOT / "migrations", user.folder / "migrations") / "newsgroups"
    base, published = (
        pd.read_csv(user.folder / f"data/newsgroups{part}.csv", index_col="id") for part in (".base", "")
    )

    user.git("init", "-q")
    stages = user.read("dvc.yaml")
    user.write("dvc.yaml", stages[: stages.index("stages:")])
    shutil.move(user.folder / "migrations", user.folder.parent / "kept")
    shutil.move(user.folder / "data/newsgroups.csv", user.folder.parent / "published.csv")
    shutil.copy(user.folder / "data/newsgroups.base.csv", user.folder / "data/newsgroups.csv")
    (user.folder / "data/newsgroups.base.csv").unlink()
    user.git("add", "-A")
    user.git("commit", "-q", "-m", "base")
    shutil.move(user.folder.parent / "kept", user.folder / "migrations")
    shutil.move(user.folder.parent / "published.csv", user.folder / "data/newsgroups.csv")
    found = user.dsv("diff", "--json").json["datasets"][0]

    fixed = pd.read_csv(chain / "m0001_fix_labels.csv", index_col="id")
    both = base.index.intersection(published.index)
    changed = both[base.loc[both, "label_name"] != published.loc[both, "label_name"]]
    by_first = changed.intersection(fixed.index[fixed["new"] != fixed["old"]])
    gone = base.index.difference(published.index)
    counts = {item["migration"]: item for item in found["explained"]}
    assert list(counts) == ["m0001_fix_labels", "m0002_review_outcome", "m0004_set_aside"]
    assert counts["m0001_fix_labels"]["cells"] == {"label_name": len(by_first)}
    assert len(by_first) == len(changed) > 0
    assert counts["m0002_review_outcome"]["schema_changes"] == 1
    assert counts["m0004_set_aside"]["rows_removed"] == len(gone) > 0
    assert found["unexplained"]["cells"] == {}
    assert found["unexplained"]["rows_removed"] == 0
