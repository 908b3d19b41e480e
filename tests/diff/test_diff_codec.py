"""Values of a diff survive JSON as they are, or are refused."""

from __future__ import annotations

import datetime
import decimal
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsv.diff.codec import KNOWN, Unstorable, decode, encode
from dsv.model.counts import Counts
from dsv.model.diff import KeyChange

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes().map(lambda moment: moment.replace(fold=0))
    | st.datetimes(timezones=st.just(datetime.UTC)).map(lambda moment: moment.replace(fold=0))
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


@given(values)
def test_values_come_back_as_they_were(value: Any) -> None:
    back = decode(json.loads(json.dumps(encode(value))))
    assert repr(back) == repr(value)


@given(values)
def test_dataclasses_come_back(value: Any) -> None:
    change = KeyChange(old={"k": value}, new={})
    assert repr(decode(json.loads(json.dumps(encode((change, Counts(old=1, new=2))))))) == repr(
        (change, Counts(old=1, new=2))
    )


def test_not_a_number_comes_back() -> None:
    assert math.isnan(decode(encode(math.nan)))
    assert math.copysign(1, decode(encode(-0.0))) == -1


@pytest.mark.parametrize("value", [decimal.Decimal(1), {1, 2}, object(), datetime.timedelta(1), 1j])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(Unstorable):
        encode([value])


def test_all_parts_of_a_diff_are_known() -> None:
    assert {"DatasetDiff", "RowCounts", "LabelDiff", "Finding", "Explained", "SimilarPair"} <= set(KNOWN)
