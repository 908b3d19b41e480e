"""A file that changes while it is read is an error, whenever it changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dsv.api import diff as verb
from dsv.errors import FormatError
from dsv.formats.base import recognised, scan
from dsv.model.snapshot import Member, Snapshot
from dsv.tables.duckdb import Engine


def test_a_change_between_reading_and_the_end_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,v\n1,a\n")
    with Engine() as engine:
        found = scan(engine, recognised(Snapshot(path=path, format="", shown_path="t.csv")))
        found.check()
        path.write_text("id,v\n1,b\n2,c\n")
        with pytest.raises(FormatError, match="changed while it was read") as caught:
            found.check()
    assert caught.value.where == "t.csv"


def test_a_diff_of_a_file_that_changes_is_no_diff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("id,v\n1,a\n")
    (tmp_path / "b.csv").write_text("id,v\n1,b\n")
    real = verb._diff

    def late(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type]
        os.utime(tmp_path / "b.csv", ns=(1, 1))
        return found

    monkeypatch.setattr(verb, "_diff", late)
    with pytest.raises(FormatError, match="changed while it was read"):
        verb.compare(tmp_path, ["a.csv", "b.csv"], None)


def test_files_of_a_folder_count_once_they_were_opened(tmp_path: Path) -> None:
    from dsv.formats._watch import Watch

    paths = {name: tmp_path / name for name in ("a", "b")}
    for path in paths.values():
        path.write_text("1")
    members = tuple(Member(path=n, open=lambda p=p: p, md5=lambda: "") for n, p in paths.items())  # type: ignore[misc]
    watch = Watch()
    watched = watch.over(Snapshot(path=tmp_path, format="", shown_path="f", members=members)).members or ()
    watched[0].open()
    paths["b"].write_text("longer")
    watch.check()
    paths["a"].unlink()
    with pytest.raises(FormatError) as caught:
        watch.check()
    assert caught.value.where == "f/a"
