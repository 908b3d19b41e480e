"""Thresholds of `params.yaml`: read strictly, with the line of what is wrong."""

from __future__ import annotations

import pytest

from dsv.checks.thresholds import Thresholds, thresholds
from dsv.errors import DocumentError


def test_what_is_not_said_is_as_by_default() -> None:
    assert thresholds("lr: 0.1\n", "signs") == Thresholds()
    assert thresholds("checks: {other: {removed_share: 0.5}}\n", "signs") == Thresholds()
    found = thresholds("checks: {signs: {removed_share: 1, levels: {rows-removed: 'off'}}}\n", "signs")
    assert (found.removed_share, found.share_shift, found.levels) == (1.0, 0.02, {"rows-removed": "off"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("checks: 3\n", "'checks' must be datasets"),
        ("checks:\n  signs:\n    removed_share: 2\n", "removed_share is a share from 0 to 1, not 2"),
        ("checks:\n  signs:\n    removed_shar: 0.1\n", "unknown key 'removed_shar'"),
        ("checks:\n  signs:\n    levels: {rows-remove: error}\n", "there is no rule 'rows-remove'"),
        ("checks:\n  signs:\n    levels: {remote-changed: 'off'}\n", "the level of 'remote-changed' cannot be set"),
        ("checks:\n  signs:\n    levels: {not-compared: info}\n", "the level of 'not-compared' cannot be set"),
        ("checks:\n  signs:\n    levels: {rows-removed: fatal}\n", "must be one of error, warning, info, off"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(DocumentError) as caught:
        thresholds(text, "signs")
    assert told in caught.value.message
    assert str(caught.value.where).startswith("params.yaml:")
