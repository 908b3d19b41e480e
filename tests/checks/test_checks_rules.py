"""Every rule that anything in dsv can find is listed with an id that never changes, and documented."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import dsv
from dsv.model.rules import RULES, reading_order, rule_of

ROOMS = ("checks", "diff", "formats")
MODULES = ("diff.py", "diff_parts.py", "explain.py", "media.py", "profiled.py", "reading.py", "review_findings.py")
PAGE = Path(__file__).parents[2] / "docs/reference/rules.md"
SLUG = re.compile(r"[a-z]+(-[a-z]+)*")
MADE = {"classes-exploded", "classes-collapsed", "dangling-image", "dangling-category", "repeated-id"}
MADE |= {"repeated-file-name", "repeated-name"}
"""Those whose name is put together while dsv runs."""


def sources() -> Iterator[Path]:
    package = Path(dsv.__file__).parent
    for room in ROOMS:
        yield from package.joinpath(room).rglob("*.py")
    yield from (package / "api" / name for name in MODULES)


def named(path: Path) -> Iterator[str]:
    """Texts that are given as a rule: `rule="…"`, or the first thing that a function which notes a fault gets."""
    constants: dict[str, str] = {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            constants |= {target.id: node.value.value for target in node.targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = [item.value for item in node.keywords if item.arg == "rule"]
        shape = SLUG if given else re.compile(r"[a-z]+(-[a-z]+)+")
        given += node.args[:1] if name in ("note", "add", "_finding", "Coercion", "_listed") else []
        given += node.args[3:4] if name == "_annotations" else []
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and shape.fullmatch(value.value):
                yield value.value
            elif isinstance(value, ast.Name) and value.id in constants:
                yield constants[value.id]


def loops() -> set[str]:
    """Rules that a loop over (rule, …) in checks and diff goes through."""
    found: set[str] = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Tuple) and node.elts and isinstance(node.elts[0], ast.Constant):
                found |= {node.elts[0].value} & set(RULES)
    return found


def test_every_rule_that_is_found_is_listed_and_every_listed_one_can_be_found() -> None:
    found = {slug for path in sources() for slug in named(path)}
    assert len(found) > 40
    assert found <= set(RULES)
    assert set(RULES) - found - MADE - loops() == set()


def test_ids_never_change() -> None:
    kept = {"not-compared": 1, "dataset-removed": 101, "rows-removed": 102, "split-leak": 104, "secret-in-data": 112}
    kept |= {"key-form-changed": 121, "field-removed": 201, "classes-exploded": 301, "whitespace-hides": 403}
    kept |= {"unexplained": 501, "remote-changed": 601, "dangling-image": 701}
    assert {slug: RULES[slug].number for slug in kept} == kept
    assert len({rule.id for rule in RULES.values()}) == len(RULES)


def test_every_rule_has_its_heading_in_the_docs() -> None:
    page = PAGE.read_text(encoding="utf-8")
    told = dict(re.findall(r"^### (DSV\d{3} [a-z-]+)\n\n(\w+),", page, re.MULTILINE))
    assert told == {f"{rule.id} {rule.slug}": rule.level.capitalize() for rule in RULES.values()}
    for rule in RULES.values():
        assert rule.anchor == f"{rule.id} {rule.slug}".lower().replace(" ", "-")
        assert f"{rule.level.capitalize()}, counted in {rule.unit}: {rule.title}." in page


def test_errors_come_first_and_among_them_what_casts_doubt_on_the_rest() -> None:
    told = [
        ("rows-removed", "warning"),
        ("field-removed", "error"),
        ("classes-exploded", "error"),
        ("key-form", "info"),
    ]
    ordered = sorted(told, key=lambda item: reading_order(*item))  # type: ignore[arg-type]
    assert [slug for slug, _ in ordered] == ["classes-exploded", "field-removed", "rows-removed", "key-form"]


def test_a_rule_that_nobody_listed_hides_what_it_quotes() -> None:
    assert (rule_of("made-up").quotes, rule_of("made-up").id) == ("values", "DSV999")
