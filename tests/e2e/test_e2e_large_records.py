"""Tables of thousands of fields, and cells of hundreds of megabytes: compared under the limits that nobody raised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

User = Any
ROWS = 60


def made(fields: int, *, keyed: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tables of integers, numbers and texts; in the second, one cell of each of seven rows is another."""
    mix = np.random.default_rng(fields)
    columns: dict[str, Any] = {"id": [f"r{i}" for i in range(ROWS)]} if keyed else {}
    for number in range(fields - len(columns)):
        cells = mix.integers(0, 9, ROWS)
        columns[f"c{number}"] = (cells, cells / 8, [f"t{cell}" for cell in cells])[number % 3]
    old = pd.DataFrame(columns)
    new = old.copy()
    for number in range(7):
        name = f"c{number * 101 % (fields - 1)}"
        new.loc[number * 5, name] = "t77" if isinstance(new[name][0], str) else 77
    return old, new


def write(table: pd.DataFrame, path: Path) -> str:
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)
    return str(path)


def compared(user: User, suffix: str, fields: int) -> dict[str, Any]:
    paths = [
        write(table, user.folder / f"{name}{suffix}")
        for name, table in zip(("old", "new"), made(fields, keyed=True), strict=True)
    ]
    ran = user.dsv("diff", "--json", *paths)
    (found,) = ran.json["datasets"]
    assert ran.json["complete"] is True
    return found["rows"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_key_is_found_among_more_than_a_thousand_fields(user: User, suffix: str) -> None:
    rows = compared(user, suffix, 1_100)
    assert (rows["added"], rows["removed"], rows["changed"]) == (0, 0, 7)


def test_more_than_a_thousand_fields_without_any_key(user: User) -> None:
    paths = [
        write(pd.concat([table, table.head(3)]), user.folder / f"{name}.csv")
        for name, table in zip(("old", "new"), made(1_100, keyed=False), strict=True)
    ]
    rows = user.dsv("diff", "--json", *paths).json["datasets"][0]["rows"]
    # The first row is among the three that are there twice.
    assert (rows["added"], rows["removed"], rows["unchanged"]) == (8, 8, ROWS + 3 - 8)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_ten_thousand_fields(user: User, suffix: str) -> None:
    rows = compared(user, suffix, 10_000)
    assert (rows["added"], rows["removed"], rows["changed"]) == (0, 0, 7)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_cell_of_two_hundred_megabytes(user: User, suffix: str) -> None:
    paths = []
    for name, last in (("old", "b"), ("new", "c")):
        table = pd.DataFrame({"id": [1, 2], "text": ["x" * 200_000_000, last]})
        path = user.folder / f"{name}{suffix}"
        paths.append(str(path))
        if suffix == ".jsonl":
            table.to_json(path, orient="records", lines=True)
        else:
            write(table, path)
    rows = user.dsv("diff", "--json", "-k", "id", *paths).json["datasets"][0]["rows"]
    assert (rows["changed"], rows["unchanged"]) == (1, 1)
