"""`dsv show` as a page: the commit, then its diff."""

from __future__ import annotations

from dsv.model.history import CommitDetails
from dsv.model.page import Block, Line, Page, spans
from dsv.views._words import code

SHORT = 7


def build(commit: CommitDetails, diff: Page) -> Page:
    """The head of a commit as Git shows it, and the page of its diff below."""
    blocks: list[Block] = [Line(spans=spans("commit ", code(commit.commit, "changed")))]
    if len(commit.parents) > 1:
        blocks.append(_line("merge", " ".join(parent[:SHORT] for parent in commit.parents)))
    blocks.append(_line("author", f"{commit.author} <{commit.email}>"))
    blocks.append(_line("date", commit.date))
    blocks.append(Line(spans=()))
    blocks += [Line(spans=(code(text),), indent=1) for text in commit.message.splitlines()]
    blocks.append(Line(spans=()))
    return Page(blocks=(*blocks, *diff.blocks))


def _line(title: str, value: str) -> Line:
    return Line(spans=spans(f"{title:<7}", code(value)))
