"""A review as a comment: it fits, says what it left out, and no value in it acts."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dsv.cli.fitting import MARKER, markdown
from dsv.model.counts import Counts
from dsv.model.diff import KINDS, Cell, DatasetDiff, Formatting, Kind, RowChange, RowCounts
from dsv.model.labels import ClassCount, LabelDiff
from dsv.model.review import DatasetReview, Group, Review, ReviewFinding
from dsv.model.revision import Revision

HOSTILE = (
    "<script>alert(1)</script>", "</details>", "</td></table>", "@org/team", "closes #1", "![x](http://x.example)",
    "[x](javascript:alert(1))", "<!-- dsv:review -->", "\x1b[31m", "\u202e", "`", "``` ", "::add-mask::x",
    "=cmd|' /C calc'!A0",
    "|", "\n\n# x", "http://x.example", "a@b.example", "~~~", "&lt;", "$$x$$", "<img src=x onerror=alert(1)>",
)  # fmt: skip
hostile = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8)), min_size=1, max_size=4).map("".join)


class Rows:
    def __init__(self, *rows: RowChange) -> None:
        self.kept = rows

    def rows(self, kinds: tuple[Kind, ...] = KINDS, limit: int | None = None) -> Iterator[RowChange]:
        for kind in kinds:
            yield from [row for row in self.kept if row.kind == kind][:limit]


def review(word: str, datasets: int = 1, classes: int = 3, findings: int = 2) -> Review:
    """One in which a word stands wherever a value, a name or a path can."""
    row = RowChange(kind="changed", key={word: word}, cells={word: Cell(old=word, new=word + "x")}, new_position=1)
    label = LabelDiff(
        field=word,
        classes=tuple(
            ClassCount(name=f"{word}{n}", old=n, new=n + 1, by_split={word: Counts(old=n, new=n + 1)})
            for n in range(classes)
        ),
        transitions=(),
        inferred=(),
        unlabelled=Counts(old=0, new=0),
    )
    diff = DatasetDiff(
        dataset=word,
        path=f"data/{word}",
        status="modified",
        compared="rows",
        key=(word,),
        key_source="declared",
        key_evidence=None,
        rows=RowCounts(old=9, new=9, added=0, removed=0, changed=1, unchanged=8, rekeyed=0),
        duplicate_keys=None,
        null_keys=None,
        formatting=Formatting(),
        schema_changes=(),
        changed_cells={word: 1},
        changed_cells_whitespace_only={},
        changed_cells_case_only={},
        rekeyed=(),
        labels=(label,),
        split_moves=(),
        changes=Rows(row),
    )
    group = Group(field=word, before=word, after=word + "x", count=1, share=1.0, migration=None, samples=(row,))
    finding = ReviewFinding(
        rule="rows-removed", level="error", message=f"1 row: {word}", dataset=word, id="DSV102", unit="rows",
        anchor="dsv102-rows-removed", see=f"dsv diff a b -- {word}", path=word, line=1,
    )  # fmt: skip
    side = Revision(name=word, commit="a" * 40)
    return Review(
        base=side,
        head=side,
        merge_base=side,
        command=f"dsv diff a b -- {word}",
        values="all",
        datasets=tuple(DatasetReview(diff=diff, groups=(group,)) for _ in range(datasets)),
        findings=(finding,) * findings,
    )


def outside_code(text: str) -> str:
    """What a forge would take for markup or words of ours, once code is taken out of the rendered page."""
    page = MarkdownIt("commonmark", {"html": True}).render(text)
    return re.sub(r"<code>.*?</code>", "", page, flags=re.DOTALL)


@given(hostile)
def test_no_value_acts_in_a_comment(word: str) -> None:
    text = markdown(review(word))
    assert text.startswith(f"{MARKER}\n")
    rest = outside_code(text)
    assert rest.count("<!--") == 1
    assert set(re.findall(r"<(/?[a-z0-9]+)", rest)) <= {
        *("h2", "/h2", "h3", "/h3", "h4", "/h4", "ul", "/ul", "li", "/li", "p", "/p"),
        *("table", "/table", "tr", "/tr", "td", "/td", "th", "/th"),
    }
    assert set(re.findall(r"<[a-z0-9]+\s([^>]*)", rest)) <= {'align="right"'}
    assert not re.search(r"@\w|#\d|javascript:|http:|::add-mask", html.unescape(rest))
    assert not any(line.lstrip().startswith(("::", "##[")) for line in text.splitlines())
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_ladder_fits_and_says_what_it_left_out() -> None:
    small = markdown(review("bike"))
    assert "Left out to fit" not in small
    told = set()
    for datasets, findings in ((1, 2), (20, 2), (25, 2), (30, 2), (40, 2), (90, 2), (400, 400), (1000, 1000)):
        made = review("bike", datasets, 20, findings)
        text = markdown(made)
        assert len(text) <= 60_000
        assert markdown(made) == text
        assert "DSV102" in text
        told |= set(re.findall(r"Left out to fit: (.*)\. The", text))
    assert len(told) >= 2


def test_the_longest_names_fit_too() -> None:
    made = review("x" * 50_000, datasets=3, findings=40)
    assert "2 errors" not in markdown(made)
    assert "40 errors" in markdown(made)
    assert len(markdown(made)) <= 60_000
