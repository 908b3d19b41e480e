"""One method of comparing two tables, run in a process of its own: prints what it counted as JSON.

Usage: python benchmarks/peers.py METHOD OLD NEW [KEY]

The task is the same for all: rows added, removed and changed, and which cells changed. A count that a tool does not
give is null.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FIELDS = ("label", "split", "bbox", "score", "annotator", "text", "objects")
NESTED = ("bbox", "objects")
Counts = dict[str, Any]


def _engine() -> Any:
    import duckdb

    engine = duckdb.connect()
    engine.execute("SET enable_progress_bar = false")
    engine.execute("SET preserve_insertion_order = false")
    return engine


def _reader(path: str) -> str:
    kind = {".parquet": "read_parquet", ".csv": "read_csv", ".jsonl": "read_json"}[Path(path).suffix]
    return f"{kind}('{path}')"


def floor(old: str, new: str, key: str) -> Counts:
    """What cannot be avoided without an index: decode and hash every row of both sides. Compares nothing."""
    engine = _engine()
    nested = ", ".join(f"{name}, 'ASC NULLS FIRST'" for name in NESTED)
    plain = ", ".join(name for name in FIELDS if name not in NESTED)
    for path in (old, new):
        values = plain + (f", create_sort_key({nested})" if path.endswith("parquet") else f", {', '.join(NESTED)}")
        engine.execute(f"SELECT sum(hash({key}, {values})) FROM {_reader(path)}").fetchall()
    return {}


def parse(old: str, new: str, key: str) -> Counts:
    """Read every cell of both sides once. Compares nothing."""
    engine = _engine()
    for path in (old, new):
        cells = ", ".join(f"count({name})" for name in (key, *FIELDS))
        engine.execute(f"SELECT {cells} FROM {_reader(path)}").fetchall()
    return {}


def wide_join(old: str, new: str, key: str) -> Counts:
    """A full outer join on the key that carries and compares every column: what one writes by hand."""
    engine = _engine()
    differ = {name: f"a.{name} IS DISTINCT FROM b.{name}" for name in FIELDS}
    flags = ", ".join(f"({sql}) AS d_{name}" for name, sql in differ.items())
    cells = ", ".join(f"a.{name} AS a_{name}, b.{name} AS b_{name}" for name in FIELDS)
    engine.execute(
        f"CREATE TEMP TABLE d AS SELECT a.{key} IS NULL AS added, b.{key} IS NULL AS removed, {flags}, {cells} "
        f"FROM {_reader(old)} AS a FULL OUTER JOIN {_reader(new)} AS b ON a.{key} = b.{key} "
        f"WHERE a.{key} IS NULL OR b.{key} IS NULL OR {' OR '.join(differ.values())}"
    )
    both = "NOT added AND NOT removed"
    added, removed, changed, label, bbox = engine.execute(
        f"SELECT count(*) FILTER (added), count(*) FILTER (removed), count(*) FILTER ({both}), "
        f"count(*) FILTER ({both} AND d_label), count(*) FILTER ({both} AND d_bbox) FROM d"
    ).fetchone()
    return {"added": added, "removed": removed, "changed": changed, "label": label, "bbox": bbox}


def pandas_merge(old: str, new: str, key: str) -> Counts:
    """An outer merge and a comparison of every column."""
    import pandas as pd

    a, b = (pd.read_parquet(path) for path in (old, new))
    merged = a.merge(b, on=key, how="outer", suffixes=("", "_new"), indicator=True)
    both = merged[merged["_merge"] == "both"]
    changed = pd.Series(False, index=both.index)
    cells: Counts = {}
    for name in FIELDS:
        left, right = both[name], both[f"{name}_new"]
        if name in NESTED:
            pairs = zip(left.tolist(), right.tolist(), strict=True)
            differ = pd.Series([_plain(x) != _plain(y) for x, y in pairs], index=both.index)
        else:
            differ = left != right
        cells[name] = int(differ.sum())
        changed |= differ
    sides = merged["_merge"].value_counts()
    return {
        "added": int(sides["right_only"]),
        "removed": int(sides["left_only"]),
        "changed": int(changed.sum()),
        "label": cells["label"],
        "bbox": cells["bbox"],
    }


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def datacompy_polars(old: str, new: str, key: str) -> Counts:
    """datacompy on Polars."""
    import datacompy
    import polars

    found = datacompy.PolarsCompare(polars.read_parquet(old), polars.read_parquet(new), join_columns=[key])
    cells = {item["column"]: item["unequal_cnt"] for item in found.column_stats}
    return {
        "added": len(found.df2_unq_rows),
        "removed": len(found.df1_unq_rows),
        "changed": None,
        "label": cells.get("label"),
        "bbox": cells.get("bbox"),
    }


def diffly(old: str, new: str, key: str) -> Counts:
    """Diffly, on Polars."""
    import diffly as library
    import polars

    found = library.compare_frames(polars.scan_parquet(old), polars.scan_parquet(new), primary_key=[key])
    str(found.summary())
    return {
        "added": found.num_rows_right_only(),
        "removed": found.num_rows_left_only(),
        "changed": found.num_rows_joined_unequal(),
        "label": None,
        "bbox": None,
    }


def oxen(old: str, new: str, key: str) -> Counts:
    """Oxen's diff of two files."""
    import oxen as library

    str(library.diff(old, to=new, keys=[key]))
    return {"added": None, "removed": None, "changed": None, "label": None, "bbox": None}


def csv_diff(old: str, new: str, key: str) -> Counts:
    """Simon Willison's csv-diff, on CSV files."""
    from csv_diff import compare, load_csv

    with open(old, newline="") as a, open(new, newline="") as b:
        found = compare(load_csv(a, key=key), load_csv(b, key=key))
    fields = [name for item in found["changed"] for name in item["changes"]]
    return {
        "added": len(found["added"]),
        "removed": len(found["removed"]),
        "changed": len(found["changed"]),
        "label": fields.count("label"),
        "bbox": fields.count("bbox"),
    }


def daff(old: str, new: str, key: str) -> Counts:
    """The table differ daff, on CSV files."""
    command = [str(Path(sys.executable).parent / "daff"), "diff", "--id", key, "--output", "/dev/null", old, new]
    subprocess.run(command, check=True, capture_output=True)
    return {"added": None, "removed": None, "changed": None, "label": None, "bbox": None}


def git_lines(old: str, new: str, key: str) -> Counts:
    """Git's own diff of lines: counts lines, knows no rows."""
    command = ["git", "diff", "--no-index", "--numstat", old, new]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    added, removed, *_ = done.stdout.split()
    return {"lines_added": int(added), "lines_removed": int(removed)}


METHODS: dict[str, Callable[[str, str, str], Counts]] = {
    item.__name__: item
    for item in (
        floor,
        parse,
        wide_join,
        pandas_merge,
        datacompy_polars,
        diffly,
        oxen,
        csv_diff,
        daff,
        git_lines,
    )
}

if __name__ == "__main__":
    method, old, new, *key = sys.argv[1:]
    print(json.dumps(METHODS[method](old, new, key[0] if key else "id")))
