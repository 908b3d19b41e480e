"""Captures in the tests: the edits of a bench's base, as a migration of its chain."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dsv.documents import yaml
from dsv.formats.base import recognised, scan
from dsv.migrations.capture.questions import Choice, Flag, Judge, Question
from dsv.migrations.capture.whole import Captured, Task, capture
from dsv.migrations.source import base_rows
from dsv.model.migration import BASE_ID
from dsv.model.snapshot import ReadOptions, Snapshot

Bench = Any


def captured(
    bench: Bench,
    text: str,
    *flags: str,
    ask: Callable[[Question], Choice] | None = None,
    own: bool = True,
    partial: bool = False,
    suffix: str = ".csv",
    header: bool = True,
) -> Captured:
    """Capture what turns a bench's base into a file of this text; the documents are put into its chain."""
    path = bench.folder / f"edited{suffix}"
    path.write_text(text, encoding="utf-8")
    snapshot = recognised(Snapshot(path=path, format="", shown_path=path.name, options=ReadOptions(header=header)))
    folder: Path = bench.documents_folder
    folder.mkdir(parents=True, exist_ok=True)
    given = [Flag(*flag.split(" ", 1)) for flag in flags]
    task = Task(
        dataset="signs",
        state=bench.base.state,
        old=base_rows(bench.engine, bench.base, bench.snapshot, None),
        snapshot=snapshot,
        read=scan(bench.engine, snapshot),
        own=own,
        partial=partial,
        id="m0001_edits",
        after=BASE_ID,
        title="Edits",
        path="migrations/signs/m0001_edits.yaml",
        folder=folder,
    )
    judge = Judge(given, ask)
    found = capture(task, judge)
    judge.finish()
    (folder / f"{found.id}.yaml").write_text(found.text, encoding="utf-8")
    bench.documents.append(found.id)
    bench.parameters[found.id] = {}
    return found


def operations(found: Captured) -> list[dict[str, Any]]:
    return list(yaml.load(found.text, "captured")["operations"])


def names(found: Captured) -> list[str]:
    return [item["op"].partition("@")[0] for item in operations(found)]


def rows(text: str) -> list[dict[str, str]]:
    return sorted(csv.DictReader(io.StringIO(text)), key=lambda row: sorted(row.items()))


def published(bench: Bench) -> str:
    """What the chain publishes, by its stages."""
    bench.up()
    bench.publish(bench.documents[-1])
    return str(bench.published.decode())
