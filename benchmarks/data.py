"""Makes the tables that the benchmarks compare: an annotation table and versions of it, with known differences.

Usage: python benchmarks/data.py FOLDER ROWS [KIND ...]; a kind is parquet, csv, jsonl or parts.

`old` is the first version. `new` has 1 % of its labels and 0.1 % of its boxes changed, 0.5 % of its rows removed and
0.5 % added, and all rows shuffled. `relabelled` has 0.001 % of the labels changed, in place. `old-parts/` and
`new-parts/` are 64 files each, of which one differs, in 1 % of its labels. The tables depend on the number of rows and
on DuckDB's hash function alone.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

PARTS, CHANGED_PART = 64, 17
KINDS = ("parquet", "csv", "jsonl", "parts")
CLASSES = "[" + ", ".join(f"'class_{number:02d}'" for number in range(30)) + "]"
WORDS = (
    "['the','a','red','blue','car','dog','person','street','near','behind','small','large','blurry','occluded','night',"
    "'rain','sign','bus','bike','tree','house','road','left','right','two','three','child','hat','truck','lane','cat',"
    "'window']"
)
PARQUET = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a version is made of the first: shares (0-1) of the rows, and whether they are shuffled."""

    labels: float = 0
    boxes: float = 0
    removed: float = 0
    added: float = 0
    shuffled: bool = False


OLD = Recipe()
NEW = Recipe(labels=0.01, boxes=0.001, removed=0.005, added=0.005, shuffled=True)
RELABELLED = Recipe(labels=0.00001)
PART = Recipe(labels=0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What differs between the first version and another, counted from the recipe and not from the tables."""

    old: int
    new: int
    added: int
    removed: int
    changed: int
    label: int
    bbox: int


def share(salt: int) -> str:
    """SQL for a number from 0 to 1 that is a function of the row and the salt."""
    return f"(hash(i * 64 + {salt}) / 18446744073709551616.0)"


DICE = share(60)


def row(recipe: Recipe) -> str:
    """SQL for the fields of row `i`."""
    text = " || ' ' || ".join(f"({WORDS})[1 + (hash(i * 64 + {20 + number}) % 32)::INT]" for number in range(8))
    label = f"CASE WHEN {DICE} < {recipe.labels} THEN 7 ELSE 0 END"
    edited = f"{DICE} >= {recipe.labels} AND {DICE} < {recipe.labels + recipe.boxes}"
    box = f"CASE WHEN {edited} THEN 1.5 ELSE 0 END"
    return f"""
      printf('img_%09d.jpg', i) AS id,
      ({CLASSES})[1 + ((floor(pow(31.0, {share(1)}))::INT - 1 + {label}) % 30)] AS label,
      CASE WHEN {share(2)} < 0.8 THEN 'train' WHEN {share(2)} < 0.9 THEN 'val' ELSE 'test' END AS split,
      [round({share(3)} * 1000 + {box}, 1)::FLOAT, round({share(4)} * 1000, 1)::FLOAT,
       round({share(5)} * 300, 1)::FLOAT, round({share(6)} * 300, 1)::FLOAT] AS bbox,
      round({share(7)}, 6) AS score,
      printf('ann_%02d', (hash(i * 64 + 8) % 20)::INT) AS annotator,
      {text} AS text,
      list_transform(range((hash(i * 64 + 9) % 4)::INT), lambda k: {{
        'cat': ({CLASSES})[1 + (hash(i * 64 + k + 10) % 30)::INT],
        'area': round((hash(i * 64 + k + 14) % 100000) / 10.0, 1)::FLOAT,
        'attrs': [({WORDS})[1 + (hash(i * 64 + k + 17) % 32)::INT]]}}) AS objects"""


def numbers(rows: int, recipe: Recipe) -> str:
    """SQL for the numbers `i` of a version's rows, in its order."""
    most = round(rows * (1 + recipe.added))
    number = "i"
    if recipe.shuffled:
        step = next(step for step in range(61803399 % most or 1, 2 * most) if math.gcd(step, most) == 1)
        number = f"((i * {step}::HUGEINT + 12345) % {most})::BIGINT"
    first = recipe.labels + recipe.boxes
    gone = f"{DICE} >= {first} AND {DICE} < {first + recipe.removed}"
    return f"FROM (SELECT {number} AS i FROM range({most}) AS numbers(i)) WHERE i >= {rows} OR NOT ({gone})"


def version(rows: int, recipe: Recipe) -> str:
    """SQL for a version."""
    return f"SELECT {row(recipe)} {numbers(rows, recipe)}"


def truth(engine: duckdb.DuckDBPyConnection, rows: int, recipe: Recipe) -> Truth:
    """What the recipe changes."""
    first = recipe.labels + recipe.boxes
    found = engine.execute(
        f"SELECT count(*) FILTER (dice < {recipe.labels}), "
        f"count(*) FILTER (dice >= {recipe.labels} AND dice < {first}), "
        f"count(*) FILTER (dice >= {first} AND dice < {first + recipe.removed}) "
        f"FROM (SELECT {DICE} AS dice FROM range({rows}) AS numbers(i))"
    ).fetchone()
    assert found is not None
    label, bbox, removed = found
    added = round(rows * (1 + recipe.added)) - rows
    return Truth(
        old=rows,
        new=rows - removed + added,
        added=added,
        removed=removed,
        changed=label + bbox,
        label=label,
        bbox=bbox,
    )


def make(folder: Path, rows: int, kinds: tuple[str, ...] = KINDS) -> dict[str, Truth]:
    """Write what is not there yet; the truths by the name of the version that `old` is compared with."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"preserve_insertion_order": "true"}) as engine:
        engine.execute("SET enable_progress_bar = false")
        for kind in kinds:
            _parts(engine, folder, rows) if kind == "parts" else _files(engine, folder, rows, kind)
        truths = {name: truth(engine, rows, recipe) for name, recipe in (("new", NEW), ("relabelled", RELABELLED))}
        truths["new-parts"] = _part_truth(engine, rows)
    (folder / "truth.json").write_text(json.dumps({name: asdict(found) for name, found in truths.items()}, indent=1))
    return truths


def _files(engine: duckdb.DuckDBPyConnection, folder: Path, rows: int, kind: str) -> None:
    recipes = {"old": OLD, "new": NEW, **({"relabelled": RELABELLED} if kind == "parquet" else {})}
    options = {"parquet": PARQUET, "csv": "FORMAT csv, HEADER", "jsonl": "FORMAT json"}[kind]
    for name, recipe in recipes.items():
        path = folder / f"{name}.{kind}"
        query = version(rows, recipe)
        if kind == "csv":
            query = f"SELECT * REPLACE (to_json(bbox) AS bbox, to_json(objects) AS objects) FROM ({query})"
        if not path.exists():
            engine.execute(f"COPY ({query}) TO '{path}.part' ({options})")
            Path(f"{path}.part").rename(path)


def _parts(engine: duckdb.DuckDBPyConnection, folder: Path, rows: int) -> None:
    old, new = folder / "old-parts", folder / "new-parts"
    if new.exists():
        return
    shutil.rmtree(old, ignore_errors=True)
    old.mkdir()
    for part in range(PARTS):
        path = old / f"part-{part:02d}.parquet"
        engine.execute(f"COPY (SELECT {row(OLD)} FROM {_range(rows, part)}) TO '{path}' ({PARQUET})")
    shutil.copytree(old, folder / "new-parts.part")
    path = folder / "new-parts.part" / f"part-{CHANGED_PART:02d}.parquet"
    engine.execute(f"COPY (SELECT {row(PART)} FROM {_range(rows, CHANGED_PART)}) TO '{path}' ({PARQUET})")
    (folder / "new-parts.part").rename(new)


def _range(rows: int, part: int) -> str:
    step = math.ceil(rows / PARTS)
    return f"range({part * step}, {min(rows, (part + 1) * step)}) AS numbers(i)"


def _part_truth(engine: duckdb.DuckDBPyConnection, rows: int) -> Truth:
    found = engine.execute(
        f"SELECT count(*) FILTER ({DICE} < {PART.labels}) FROM {_range(rows, CHANGED_PART)}"
    ).fetchone()
    assert found is not None
    return Truth(old=rows, new=rows, added=0, removed=0, changed=found[0], label=found[0], bbox=0)


if __name__ == "__main__":
    wanted = tuple(sys.argv[3:]) or KINDS
    for made, differences in make(Path(sys.argv[1]), int(sys.argv[2]), wanted).items():
        print(made, asdict(differences))
