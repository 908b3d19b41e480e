"""A review as JSON, and read back: the same review, or one clear refusal."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dsv.renderers
from dsv.cli.fitting import markdown
from dsv.errors import DocumentError
from dsv.model.diff import KINDS, DiffResult
from dsv.model.review import Failure, Review
from dsv.renderers import _review, _review_reading
from dsv.renderers.json import document
from tests.cli.test_cli_fitting import hostile, review

SCHEMAS = Path(dsv.renderers.__file__).parent / "schemas"


def written(made: Review) -> str:
    datasets = tuple(item.diff for item in made.datasets)
    diff = DiffResult(old=made.merge_base, new=made.head, complete=made.complete, datasets=datasets, findings=())
    return _review.render(made, document(diff, 20, KINDS))


@settings(max_examples=30)
@given(hostile)
def test_what_was_written_is_read_back(word: str) -> None:
    made = review(word)
    text = written(made)
    jsonschema.validate(json.loads(text), json.loads((SCHEMAS / "dsv.review.1.json").read_text()))
    read = _review_reading.load(text.encode(), "review.json")
    assert written(read) == text
    assert markdown(read) == markdown(made)


def test_what_both_contracts_have_is_the_same_in_both() -> None:
    diff, both = (json.loads((SCHEMAS / f"dsv.{name}.1.json").read_text())["$defs"] for name in ("diff", "review"))
    assert {name: both[name] for name in diff} == diff


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "dsv.diff/1"}, "one of dsv.review/1"),
        ({"verdict": "clean"}, "one of errors"),
        ({"complete": False}, "one of True"),
        ({"datasets": 3}, "a list"),
        ({"command": None}, "a text"),
        ({"findings": [{}]}, "a text"),
        ({"errors": "x"}, "a list"),
    ],
)
def test_what_is_no_review_is_refused_with_its_place(change: dict[str, Any], told: str) -> None:
    found = json.loads(written(review("bike"))) | change
    with pytest.raises(DocumentError) as caught:
        _review_reading.load(json.dumps(found).encode(), "r.json")
    assert told in caught.value.message
    assert str(caught.value.where).startswith("r.json.")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"schema": NaN}', b"[" * 100_000, b"\xff"])
def test_what_is_no_json_is_refused(content: bytes) -> None:
    with pytest.raises(DocumentError):
        _review_reading.load(content, "r.json")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, item in inner for place in places(item, (*path, name)))]


@settings(max_examples=150)
@given(st.randoms(use_true_random=False), st.sampled_from([None, -1, 1.5, "x", [], {}, True, [[]], {"a": 1}, 10**30]))
def test_any_other_value_anywhere_is_read_or_refused(chance: random.Random, value: Any) -> None:
    found = copy.deepcopy(json.loads(written(review("bike"))))
    path = chance.choice(places(found)[1:])
    at = found
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    try:
        read = _review_reading.load(json.dumps(found).encode(), "r.json")
    except DocumentError:
        return
    markdown(read)
    written(read)


def test_an_incomplete_review_stays_incomplete() -> None:
    made = replace(review("bike"), errors=(Failure(message="no data", dataset="bike"),))
    assert _review_reading.load(written(made).encode(), "r.json").verdict == "incomplete"
