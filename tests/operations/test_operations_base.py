from __future__ import annotations

import pytest

from dsv.model.migration import Effect
from dsv.operations.base import worst


@pytest.mark.parametrize(
    ("effect", "word"),
    [
        (Effect(), "metadata"),
        (Effect(values="corrected"), "corrective"),
        (Effect(values="removed"), "corrective"),
        (Effect(values="filled"), "additive"),
        (Effect(values="added"), "additive"),
        (Effect(class_head="grow", values="corrected"), "additive"),
        (Effect(schema="add"), "additive"),
        (Effect(schema="widen"), "additive"),
        (Effect(schema="rename"), "breaking"),
        (Effect(schema="narrow"), "breaking"),
        (Effect(schema="drop"), "breaking"),
        (Effect(class_head="hole"), "breaking"),
        (Effect(class_head="remap"), "breaking"),
        (Effect(evaluation="moved"), "breaking"),
    ],
)
def test_the_word_for_an_effect(effect: Effect, word: str) -> None:
    assert effect.summary == word


def test_the_worst_on_each_axis() -> None:
    effects = [Effect(schema="drop", values="filled"), Effect(schema="add", class_head="hole"), Effect()]
    assert worst(effects) == Effect(schema="drop", class_head="hole", values="filled")
    assert worst([]) == Effect()
