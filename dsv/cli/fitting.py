"""A review as Markdown that fits a comment of a forge: of a fixed ladder of sizes the first one that does."""

from __future__ import annotations

from collections.abc import Iterable

from dsv.model.review import Review

LONGEST = 60_000
"""Characters; GitHub refuses comments of more than 65,536."""
MARKER = "<!-- dsv:review -->"


def markdown(review: Review, longest: int = LONGEST) -> str:
    """The review as Markdown of at most `longest` characters, which says what was cut, and where the rest is.

    Equal reviews give equal texts. The marker at its beginning is what a comment is found by.
    """
    from dsv.renderers import markdown as renderer
    from dsv.views.review import Size, build, verdict_words

    ladder = (
        ("", Size(samples=3)),
        ("all but one sample of each change, and one row of each kind", Size(samples=1, rows=1)),
        ("samples and rows", Size(rows=0)),
        (
            "samples and rows, and of a dataset all but 5 classes and 5 changes",
            Size(rows=0, classes=5, groups=5, schema=5),
        ),
        ("of each dataset all but one line", Size(brief=True)),
        ("datasets", Size(findings=20, datasets=0)),
        ("datasets, and all findings but the gravest", Size(findings=3, datasets=0)),
    )
    for cut, size in ladder:
        rest = f"\nLeft out to fit: {cut}. The command above shows all.\n" if cut else ""
        text = _within(renderer.stream(build(review, size)), longest - len(f"{MARKER}\n{rest}"))
        if text is not None:
            return f"{MARKER}\n{text}{rest}"
    return f"{MARKER}\n## {verdict_words(review)[0]}\n\nThe rest does not fit here: dsv review shows it.\n"


def _within(pieces: Iterable[str], longest: int) -> str | None:
    """The pieces as one text; None as soon as it is too long."""
    found: list[str] = []
    for piece in pieces:
        found.append(piece)
        longest -= len(piece)
        if longest < 0:
            return None
    return "".join(found)
