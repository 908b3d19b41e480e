from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsv.tables.duckdb import Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened
