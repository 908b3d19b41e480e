"""The HTML report: no value of it acts, it loads nothing, and in a real browser its rows can be searched."""

from __future__ import annotations

import base64
import gzip
import hashlib
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings

from dsv.model.diff import Cell, RowChange, RowCounts
from dsv.model.labels import Transition
from dsv.model.review import Review
from dsv.renderers import html
from tests.cli.test_cli_fitting import Rows, hostile, review
from tests.renderers.browser import CHROMIUM, Browser, browser

VOID = {"meta", "input", "link", "br", "img", "hr"}


class Elements(HTMLParser):
    """Elements and their attributes; texts of scripts apart. Elements that are not closed in order are an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("script", "style"):
            self.scripts.append(data)
        else:
            self.text += data


def page_of(made: Review) -> str:
    return "".join(html.stream(made))


def test_a_benign_page_has_these_elements() -> None:
    page = Elements(page_of(review("bike")))
    assert [tag for tag, _ in page.found].count("script") == 3
    assert "1 row: bike" in page.text
    assert "dsv diff a b -- bike" in page.text
    assert "DSV102" in page.text


@settings(max_examples=40)
@given(hostile)
def test_no_value_becomes_markup(word: str) -> None:
    plain, page = Elements(page_of(review("bike"))), Elements(page_of(review(word)))
    assert {tag for tag, _ in page.found} <= {tag for tag, _ in plain.found}
    assert len(page.scripts) == len(plain.scripts)
    known = {(tag, name) for tag, attributes in plain.found for name in attributes}
    known |= {("code", "class"), ("td", "colspan")}
    assert {(tag, name) for tag, attributes in page.found for name in attributes} <= known
    for _, attributes in page.found:
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
        assert "src" not in attributes
    assert "\x1b" not in page.text
    assert "\u202e" not in page.text


def test_nothing_is_loaded_and_only_the_shipped_script_may_run() -> None:
    text = page_of(review("bike"))
    page = Elements(text)
    policy = next(attributes["content"] for tag, attributes in page.found if tag == "meta" and "content" in attributes)
    assert policy is not None
    assert "default-src 'none'" in policy
    assert re.findall(r"(\S+-src) ([^;]*)", policy)[1] == ("img-src", "data:")
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(style) == len(script) == 1
    hashes = {base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (*style, *script)}
    assert allowed == hashes
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in style[0]
    assert "@import" not in style[0]


def test_the_bundle_comes_with_its_licences() -> None:
    folder = Path(html.__file__).parent / "_report"
    told = (folder / "report.LICENSES.txt").read_text()
    locked = json.loads((Path(__file__).parents[2] / "frontend/package-lock.json").read_text())["packages"]
    for name in ("chart.js", "@tanstack/virtual-core"):
        assert f"{name} {locked[f'node_modules/{name}']['version']} (MIT)" in told
    assert told.count("Permission is hereby granted") >= 2


def many(count: int) -> Review:
    """A review of so many changed rows, of classes and splits in turn, one of them hostile."""
    rows = [
        RowChange(
            kind="changed",
            key={"id": f"r{n}"},
            cells={
                "note": Cell(old=f"before {n}", new="<img src=x onerror=document.title=1>" if n == 7 else f"after {n}")
            },
            new_position=n + 1,
            context={
                "class": Cell(old=f"c{n % 3}", new=f"c{n % 3}"),
                "split": Cell(old="train", new=("train", "test")[n % 2]),
            },
        )
        for n in range(count)
    ]
    rows += [RowChange(kind="removed", key={"id": "gone"}, cells={"note": Cell(old="x", new=None)}, old_position=1)]
    made = review("class")
    (dataset,) = made.datasets
    (label,) = dataset.diff.labels
    diff = replace(
        dataset.diff,
        labels=(replace(label, transitions=(Transition(source="a", target="b", rows=3),)),),
        changes=Rows(*rows),
        split="split",
        rows=RowCounts(old=count + 1, new=count, added=0, removed=1, changed=count, unchanged=0, rekeyed=0),
    )
    return replace(made, datasets=(replace(dataset, diff=diff),))


def test_rows_beyond_the_bounds_are_told() -> None:
    text = "".join(html.stream(many(50), most_rows=20))
    assert "only 20 of its changed rows are in this file" in text
    packed = [
        json.loads(gzip.decompress(base64.b64decode(part))) for part in re.findall(r'data-rows="0">([^<]+)<', text)
    ]
    assert sum(map(len, packed)) == 20
    assert "are in this file. All" not in page_of(many(50))


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium here")
    with browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def test_a_browser_draws_charts_and_searches_rows_and_runs_nothing_of_the_data(
    chromium: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text(page_of(many(3000)), encoding="utf-8")
    chromium.open(path)
    assert chromium.requests == []
    title = chromium.run("document.title")
    status = "document.getElementById('status').textContent"
    assert chromium.run(status) == "3,001 of 3,001 rows"
    pixels = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean)"
    drawn = f"[...document.querySelectorAll('canvas')].map({pixels})"
    assert chromium.run(drawn) == [True, True]
    shown = "document.querySelectorAll('#table .row').length"
    assert 0 < chromium.run(shown) < 100
    event = "new Event(at.tagName === 'INPUT' ? 'input' : 'change')"
    choose = f"(id, value) => {{ const at = document.getElementById(id); at.value = value; at.dispatchEvent({event}) }}"
    chromium.run(f"({choose})('search', 'after 2999')")
    assert chromium.run(status) == "1 of 3,001 rows"
    chromium.run("document.getElementById('reset').click()")
    chromium.run(f"({choose})('filter-class', 'c1')")
    assert chromium.run(status) == "1,000 of 3,001 rows"
    chromium.run(f"({choose})('filter-split', 'test')")
    assert chromium.run(status) == f"{sum(n % 3 == 1 and n % 2 == 1 for n in range(3000)):,} of 3,001 rows"
    chromium.run("document.querySelector('button.show[data-finding]').click()")
    assert chromium.run(status) == "1 of 3,001 rows"
    chromium.press("Escape")
    assert chromium.run(status) == "3,001 of 3,001 rows"
    chromium.press("/")
    assert chromium.run("document.activeElement.id") == "search"
    chromium.run("document.activeElement.blur()")
    for _ in range(9):
        chromium.press("j")
    current = "document.querySelector('.row.current').textContent"
    assert "onerror" in chromium.run(current)
    chromium.press("k")
    assert "onerror" not in chromium.run(current)
    chromium.run("document.getElementById('list').scrollTop = 1e9")
    chromium.run("new Promise(done => setTimeout(done, 300))")
    assert "after 2999" in chromium.run("document.querySelector('#table .row:last-child').textContent")
    assert chromium.run("document.title") == title
    assert chromium.requests == []


def test_rows_of_any_height_do_not_cover_each_other(chromium: Browser, tmp_path: Path) -> None:
    made = many(400)
    (dataset,) = made.datasets
    assert isinstance(dataset.diff.changes, Rows)
    tall = [
        replace(change, cells={"note": Cell(old="a\nb\nc\n" + "x " * n, new="a\nB\nc\n" + "x " * n)})
        for n, change in enumerate(dataset.diff.changes.rows(("changed",)))
    ]
    diff = replace(dataset.diff, changes=Rows(*tall))
    path = tmp_path / "report.html"
    path.write_text(page_of(replace(made, datasets=(replace(dataset, diff=diff),))), encoding="utf-8")
    for width in (1280, 500):
        chromium.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        chromium.open(path)
        for place in (0, 4000, 1e9):
            chromium.run(f"document.getElementById('list').scrollTop = {place}")
            chromium.run("new Promise(done => setTimeout(done, 300))")
            boxes = "r => { const b = r.getBoundingClientRect(); return [b.top, b.bottom] }"
            found = chromium.run(f"[...document.querySelectorAll('#table .row')].map({boxes})")
            assert len(found) > 3
            assert all(abs(above[1] - below[0]) < 1.5 for above, below in itertools.pairwise(sorted(found))), found
    chromium.call("Emulation.clearDeviceMetricsOverride")
    shown = chromium.run("document.getElementById('table').innerText")
    assert "@@ -1" in shown and "@ @@" not in shown


AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci in frontend/")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_no_barrier(chromium: Browser, tmp_path: Path, scheme: str, width: int) -> None:
    path = tmp_path / "report.html"
    path.write_text(page_of(many(300)), encoding="utf-8")
    chromium.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    chromium.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    chromium.open(path)
    # What a test of the page injects is under the page's own policy, so it is not an element of it.
    chromium.run(AXE.read_text(encoding="utf-8") + "; 0")
    asked = json.dumps({"runOnly": {"type": "tag", "values": RULES}})
    found = chromium.run(f"axe.run(document, {asked}).then(found => JSON.stringify([found.violations, found.passes]))")
    violations, passes = json.loads(found)
    assert len(passes) > 20
    assert not [(item["id"], [node["html"][:200] for node in item["nodes"]][:3]) for item in violations]
