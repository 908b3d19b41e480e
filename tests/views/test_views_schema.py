"""Schema changes in words."""

from __future__ import annotations

import pytest

from dsv.model.diff import SchemaChange
from dsv.views._schema import schema_change


@pytest.mark.parametrize(
    ("breaking", "types", "said"),
    [
        (True, ("string", "string"), "~ field Source  string, values are missing now  breaking"),
        (False, ("string", "string"), "~ field Source  string, no value is missing any more"),
        (True, ("string", "integer"), "~ field Source  string -> integer, values are missing now  breaking"),
    ],
)
def test_which_way_missing_values_went(breaking: bool, types: tuple[str, str], said: str) -> None:
    change = SchemaChange(
        change="nullable_changed", field="Source", old_type=types[0], new_type=types[1], breaking=breaking
    )
    assert "".join(span.text for span in schema_change(change)) == said
