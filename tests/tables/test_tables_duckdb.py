"""The engine opens early or late, and says what goes wrong."""

import pytest

from dsv.tables.duckdb import Engine


def test_an_engine_that_opens_early_is_the_same_engine() -> None:
    with Engine() as engine:
        engine.warm()
        engine.warm()
        assert engine.value("SELECT 1") == 1
    with Engine() as unused:
        unused.warm()


def test_what_fails_early_is_told_on_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr("tempfile.mkdtemp", fail)
    with Engine() as engine:
        engine.warm()
        with pytest.raises(OSError, match="no room"):
            engine.value("SELECT 1")
