"""Media files of a diff, against sets and pandas."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.diff.dataset import diff_tables
from dsv.diff.media import MediaFiles
from dsv.diff.request import DiffRequest
from dsv.errors import SchemaError
from dsv.model.diff import DatasetDiff

TYPES = {"id": "integer", "image": "string", "split": "string"}
names = st.sampled_from(["a.jpg", "b.jpg", "c/d.jpg", "e.jpg"])
listings = st.dictionaries(names, st.sampled_from(["md5-1", "md5-2", "md5-3"]))
tables = st.lists(st.tuples(st.none() | names, st.sampled_from(["train", "test", None])), max_size=6)


def compare(make: Any, old: Any, new: Any, before: dict[str, str], after: dict[str, str]) -> DatasetDiff:
    sides = [make.rows(TYPES, [(n, *row) for n, row in enumerate(side)]) for side in (old, new)]
    media = MediaFiles(field="image", root="data/images", old=before, new=after)
    request = DiffRequest(key=("id",), split="split")
    return diff_tables("d", "d.csv", sides[0], sides[1], request, None, media)


def counts(diff: DatasetDiff) -> dict[str, int]:
    return {finding.rule: finding.count for finding in diff.findings if finding.rule.startswith("media")}


def shared(files: dict[str, str]) -> int:
    return sum(list(files.values()).count(md5) > 1 for md5 in files.values())


def leaks(rows: Any, files: dict[str, str]) -> set[str]:
    frame = pd.DataFrame([(files.get(path), split) for path, split in rows], columns=["md5", "split"]).dropna()
    return set(frame.groupby("md5")["split"].nunique().loc[lambda n: n > 1].index) if len(frame) else set()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(old=tables, new=tables, before=listings, after=listings)
def test_media_against_sets(shared_make: Any, old: Any, new: Any, before: Any, after: Any) -> None:
    diff = compare(shared_make, old, new, before, after)
    assert diff.media is not None
    both = before.keys() & after.keys()
    changed = {path for path in both if before[path] != after[path]}
    missing = [
        sum(path is not None and path not in files for path, _ in rows) for rows, files in ((old, before), (new, after))
    ]
    orphan = [len(files.keys() - {path for path, _ in rows}) for rows, files in ((old, before), (new, after))]
    found = diff.media
    assert (found.added, found.removed, found.changed) == (
        len(after.keys() - before.keys()),
        len(before.keys() - after.keys()),
        len(changed),
    )
    assert (found.missing, found.orphan, found.shared) == (missing[1], orphan[1], shared(after))
    same = sum(n < len(old) and old[n] == row and row[0] in changed for n, row in enumerate(new))
    expected = {
        "media-missing": missing[1] if missing[1] > missing[0] else 0,
        "media-orphan": orphan[1] if orphan[1] > orphan[0] else 0,
        "media-shared": shared(after) if shared(after) > shared(before) else 0,
        "media-split-leak": len(leaks(new, after) - leaks(old, before)),
        "media-replaced": same,
    }
    assert counts(diff) == {rule: count for rule, count in expected.items() if count}


def test_a_replaced_file_alone_is_a_difference(make: Any) -> None:
    rows = [("a.jpg", "train"), ("./b.jpg", "test")]
    diff = compare(make, rows, rows, {"a.jpg": "1", "b.jpg": "2"}, {"a.jpg": "1", "b.jpg": "3"})
    assert diff.status == "modified"
    assert diff.rows.changed == 0
    assert counts(diff) == {"media-replaced": 1}
    assert compare(make, rows, rows, {"a.jpg": "1"}, {"a.jpg": "1"}).status == "unchanged"


def test_a_list_names_several_files(make: Any) -> None:
    types = {"id": "integer", "views": "list<string>"}
    table = make.rows(types, [(1, ["a.jpg", "b.jpg"]), (2, []), (3, None), (4, ["gone.jpg", "lost.jpg"])])
    media = MediaFiles(field="views", root="img", old={}, new={"a.jpg": "1", "b.jpg": "2", "c.jpg": "3"})
    found = diff_tables("d", "d.jsonl", None, table, DiffRequest(key=("id",)), None, media).media
    assert found is not None
    assert (found.added, found.missing, found.orphan) == (3, 1, 1)


def test_a_media_field_that_is_not_there_is_an_error(make: Any) -> None:
    table = make.rows({"id": "integer"}, [(1,)])
    media = MediaFiles(field="image", root="img", old={}, new={})
    with pytest.raises(SchemaError, match="media field"):
        diff_tables("d", "d.csv", table, table, DiffRequest(key=("id",)), None, media)
