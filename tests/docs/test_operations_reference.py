"""The reference of operations: every operation and parameter is there, and every example is one."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from dsv import registry
from dsv.documents import yaml
from dsv.documents.decode import Problems
from dsv.migrations.document import operation_of

PAGE = (Path(__file__).parents[2] / "docs/reference/operations.md").read_text(encoding="utf-8")
SECTIONS = {name: text for name, text in re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)}


def test_every_operation_has_a_section() -> None:
    assert sorted(SECTIONS) == registry.names("operations")


@pytest.mark.parametrize("name", SECTIONS)
def test_every_parameter_is_in_the_table(name: str) -> None:
    table = re.findall(r"^\| (`.*?) \|", SECTIONS[name], re.MULTILINE)
    told = [parameter for cells in table for parameter in re.findall(r"`(\w+)`", cells)]
    known = [str(item.metadata.get("key", item.name)) for item in dataclasses.fields(registry.get("operations", name))]
    assert sorted(told) == sorted(known)


@pytest.mark.parametrize("name", SECTIONS)
def test_the_examples_are_operations(name: str) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", SECTIONS[name], re.DOTALL)
    value, lines = yaml.load_marked(block, name)
    problems = Problems(name, lines)
    made = [operation_of(problems, item, (place,)) for place, item in enumerate(value)]
    problems.check()
    assert {item.name for item in made if item is not None} == {name}
