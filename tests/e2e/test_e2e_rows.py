"""Operations on rows, and code, at the terminal: what they do, that a diff explains it, and what goes wrong."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd

User = Any

FOLDER = "migrations/signs"


def operations(*given: dict[str, Any]) -> str:
    """More operations, below those that a document has."""
    return "".join(f"  - {json.dumps(item)}\n" for item in given)


def rows_of(user: User) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(user.read("data/signs.csv")), index_col="image", dtype=str, keep_default_na=False)


def test_rows_come_go_and_move_and_a_diff_explains_all(signs: User) -> None:
    """Two rows from a Parquet file; a twin goes; the least redundant cars stay; train is dealt further."""
    before, bytes_before = rows_of(signs), signs.read("data/signs.csv")
    new = pd.DataFrame({"image": ["z.jpg", "g.jpg"], "class": ["car", "bike"], "score": [0.25, 0.5]})
    (signs.folder / FOLDER).mkdir(parents=True)
    new.to_parquet(signs.folder / FOLDER / "new.parquet")
    signs.write(f"{FOLDER}/dull.csv", "image,dull\na.jpg,0.9\nb.jpg,0.8\ne.jpg,0.7\nz.jpg,0.6\n")
    signs.dsv("migrate", "new", "add_rows", "file=new.parquet", "values={split: train}", "--id", "more")
    document = signs.folder / FOLDER / "m0001_more.yaml"
    prune = {"op": "drop_rows", "where": "dull > ${most}", "scores": "dull.csv", "floor": "${floor}", "keep": "lowest"}
    deal = {"op": "resplit", "shares": {"train": "${train}", "val": 0.0}, "only": ["train"], "salt": "x"}
    document.write_text(
        document.read_text()
        + operations(
            {**prune, "protect": ["test"]},
            {"op": "dedupe", "fields": ["class", "split"], "conflicts": "fail", "keep": "last", "protect": ["test"]},
            deal,
        )
    )
    signs.write("params.yaml", "migrations: {signs: {m0001_more: {most: 0.5, floor: 2, train: 1.0}}}\n")
    signs.dsv("migrate", "up")

    added = new.set_index("image").assign(split="train").sort_index().astype(str)
    expected = pd.concat([before, added])[["class", "split", "score"]]
    # a, b, e and z are dull. e is protected; two cars outside of test stay, b and z, and b then equals z in class and
    # split; two bikes, c and g, are left without a.
    expected = expected.drop(index=["a.jpg", "b.jpg"])
    found = rows_of(signs)
    assert found.index.tolist() == ["c.jpg", "d.jpg", "e.jpg", "g.jpg", "z.jpg"]
    assert found.drop(columns="score").equals(expected.drop(columns="score"))
    assert found["score"].astype(float).equals(expected["score"].astype(float))

    signs.dsv("commit", "-m", "More signs")
    assert signs.clean()
    (diff,) = signs.dsv("diff", "HEAD~1", "HEAD", "--json").json["datasets"]
    assert diff["unexplained"] == dict(rows_added=0, rows_removed=0, rows_changed=0, cells={}, schema_changes=0)
    assert (diff["rows"]["added"], diff["rows"]["removed"], diff["rows"]["changed"]) == (2, 2, 0)

    signs.dsv("migrate", "down", "m0000_base")
    assert signs.read("data/signs.csv") == bytes_before


def test_side_files_that_are_wrong_leave_everything_as_it_was(signs: User) -> None:
    signs.write(f"{FOLDER}/new.csv", "image,class\nz.jpg,car\n")
    signs.dsv("migrate", "new", "add_rows", "file=new.csv", "values={split: train}", "--id", "more")
    signs.dsv("migrate", "plan", "--pin")
    before = signs.read("data/signs.csv"), signs.read("dvc.yaml"), signs.git("status", "--porcelain")
    for text, code, words in (
        ("image,class\nz.jpg,car\ny.jpg,car\n", 3, "pinned"),
        ("image,class\na.jpg,car\n", 3, "1 row in the dataset already: line 2: image=a.jpg"),
        ("image,class,score\nz.jpg,car,1.2.2026\n", 3, "field 'score' holds 1.2.2026, which is no number"),
        (None, 3, "'new.csv', which the migration names, is not there"),
    ):
        path = signs.folder / FOLDER / "new.csv"
        path.unlink() if text is None else path.write_text(text)
        ran = signs.dsv("migrate", "up", code=code)
        assert words in ran.err and ran.err.count("error:") == 1, ran.err
        signs.write(f"{FOLDER}/new.csv", "image,class\nz.jpg,car\n")
        assert (signs.read("data/signs.csv"), signs.read("dvc.yaml"), signs.git("status", "--porcelain")) == before


def test_code_runs_when_it_is_asked_to_and_never_when_comparing(signs: User, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    head = f"def double(rows, times):\n    open({str(ran)!r}, 'a').write('x')\n"
    code = head + "    rows['score'] *= times\n    return rows\n"
    signs.write("double.py", code)
    words = ["function=double", "reads=score", "writes=score", "arguments={times: '${times}'}", "--param", "times=2"]
    signs.dsv("migrate", "new", "apply", "file=double.py", *words, "--id", "double")
    assert not ran.exists()
    signs.dsv("migrate", "up")
    assert rows_of(signs)["score"].astype(float).tolist() == [1.8, 1.6, 1.4, 1.2, 1.0]
    assert "migrations/signs/m0001_double.py" in signs.read("dvc.yaml")
    signs.dsv("commit", "-m", "Twice the score")
    ran.unlink()
    (diff,) = signs.dsv("diff", "HEAD~1", "HEAD", "--json").json["datasets"]
    assert diff["changed_cells"] == {"score": 5} and diff["explained"] is None
    signs.dsv("migrate", "status")
    assert not ran.exists()

    before = signs.read("data/signs.csv")
    signs.write(f"{FOLDER}/broken.py", "def f(rows):\n    return rows.drop(index='c.jpg')\n")
    signs.dsv(
        "migrate", "new", "apply", "file=broken.py", "function=f", "reads=score", "writes=score", "--id", "broken"
    )
    told = signs.dsv("migrate", "up", code=3).err
    assert "f returned 4 rows for the 5 of rows 1 to 5" in told and "broken.py" in told
    assert signs.read("data/signs.csv") == before
    assert signs.git("status", "--porcelain", "--untracked-files=no") == ""
