"""What `dvc plots` draws of a chain: class counts of revisions, beside each other."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

User = Any
COUNTS = "data/signs.csv.counts.csv"
TEMPLATE = ".dvc/plots/dsv_class_counts.json"


def counted(user: User) -> dict[tuple[str, str], int]:
    """Rows by split and class of the published file, by pandas."""
    rows = pd.read_csv(user.folder / "data/signs.csv", dtype=str)
    return {(split, name): int(count) for (split, name), count in rows.groupby(["split", "class"]).size().items()}


def drawn(user: User, *revisions: str) -> dict[str, Any]:
    """The chart that DVC makes of the counts, in Vega-Lite."""
    (plot,) = json.loads(user.dvc("plots", "diff", *revisions, "--json"))["data"][COUNTS]
    return plot["content"]


def test_dvc_draws_the_class_counts_of_two_revisions(bicycle: User) -> None:
    before = counted(bicycle)
    bicycle.dsv("migrate", "new", "drop_rows", "where=score < 0.65", "--id", "To D: prune")
    assert (bicycle.folder / "migrations/signs/m0002_to_d_prune.yaml").is_file()
    bicycle.dsv("migrate", "up")
    bicycle.dsv("commit", "-m", "Prune")
    assert bicycle.clean()
    now = counted(bicycle)
    assert before != now

    chart = drawn(bicycle, "HEAD~1", "HEAD")
    shown = {"HEAD~1": {}, "HEAD": {}}
    for point in chart["data"]["values"]:
        assert point["label"] == "class"
        shown[point["rev"]][point["split"], point["class"]] = int(point["rows"])
    assert shown == {"HEAD~1": before, "HEAD": now}
    # A bar's length is its number: none of the templates of DVC's own begins at 0.
    assert chart["spec"]["mark"]["type"] == "bar" and "scale" not in chart["spec"]["encoding"]["x"]
    assert chart["title"]["text"] == "signs: classes"


def test_counts_follow_the_label_and_leave_with_it(applied: User) -> None:
    # Restyled by hand: it stays so.
    applied.write(TEMPLATE, applied.read(TEMPLATE).replace('"width": 300', '"width": 500'))
    applied.dsv("commit", "-m", "One")
    assert '"width": 500' in applied.git("show", f"HEAD:{TEMPLATE}")
    applied.dsv("migrate", "new", "drop_field", "name=class")
    applied.dsv("migrate", "up")
    applied.dsv("commit", "-m", "No classes")
    assert not (applied.folder / COUNTS).exists() and "plots:" not in applied.read("dvc.yaml") and applied.clean()
    applied.dsv("migrate", "down", "m0001_rename_class_bike")
    assert applied.read(COUNTS).splitlines()[0] == "label,split,class,rows" and "plots:" in applied.read("dvc.yaml")
    assert '"width": 500' in applied.read(TEMPLATE)


def test_a_file_of_somebody_else_is_not_overwritten(signs: User) -> None:
    signs.write(COUNTS, "mine\n")
    signs.dsv("migrate", "new", "rename_class", "field=class", "from=bike", "to=bicycle", code=None)
    refused = signs.dsv("migrate", "up", code=None)
    assert refused.code != 0 and signs.read(COUNTS) == "mine\n"
    assert not (signs.folder / TEMPLATE).exists()


def test_rows_without_a_split_are_counted(signs: User) -> None:
    text = signs.read("data/signs.csv") + "f.jpg,car,,0.40\n"
    signs.write("data/signs.csv", text)
    signs.dsv("commit", "-m", "A row of no split")
    signs.dsv("migrate", "new", "add_class", "key=tram")
    signs.dsv("migrate", "up")
    lines = signs.read(COUNTS).splitlines()
    assert "class,,car,1" in lines and "class,train,car,1" in lines and "class,test,car,1" in lines
