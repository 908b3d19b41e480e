from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from operations_bench import Bench

from dsv.tables.duckdb import Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> Bench:
    return Bench(engine, tmp_path)
