"""`dsv reproduce` as a page: a line a dataset, and below it the outputs that were made again."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.model.page import Block, Line, Page, Role, Span, spans
from dsv.model.reproduction import Made, Reproduced, Reproduction, Verdict
from dsv.views._words import code, muted, plural

SHORT = 7
ROLES: dict[Verdict, Role] = {
    "recorded": "ok",
    "identical bytes": "ok",
    "identical rows": "warning",
    "different": "error",
}
WORDS: dict[Verdict, str] = {
    "recorded": "the recorded bytes",
    "identical bytes": "made again: identical bytes",
    "identical rows": "made again: identical rows, other bytes",
    "different": "made again: different",
}


def build(found: Reproduction) -> Page:
    """The revision, its datasets with their verdicts, and where they were kept."""
    revision = found.revision
    commit = str(revision.commit)[:SHORT]
    named = () if revision.name.startswith(commit) else (muted(f" ({commit})"),)
    blocks: list[Block] = [Line(spans=spans(code(revision.name, "changed"), *named))]
    for item in found.datasets:
        blocks += _dataset(item, verified=found.verified)
    if not found.datasets:
        blocks.append(Line(spans=spans("no dataset is declared there"), indent=1))
    if found.folder is not None:
        blocks.append(Line(spans=spans("kept in ", code(found.folder), muted("  git worktree remove takes it away"))))
    return Page(blocks=tuple(blocks))


def _dataset(item: Reproduced, *, verified: bool) -> Iterator[Line]:
    rows = "" if item.rows is None else f"  {plural(item.rows, 'row')}"
    verdict = Span(text=WORDS[item.verdict], role=ROLES[item.verdict])
    no_chain = muted("  no chain, so nothing was made again") if verified and not item.made else ""
    yield Line(spans=spans(code(item.dataset), "  ", code(item.path), rows, "  ", verdict, no_chain), indent=1)
    for made in item.made:
        yield Line(spans=spans(Span(text=made.verdict, role=ROLES[made.verdict]), "  ", code(made.path)), indent=2)
        if made.verdict != "identical bytes":
            yield from _why(made)


def _why(made: Made) -> Iterator[Line]:
    if made.diff is not None:
        yield Line(spans=(code(made.diff),), indent=3)
    if made.libraries:
        changed = ", ".join(
            f"{name} {then or 'none'} -> {now or 'none'}" for name, (then, now) in made.libraries.items()
        )
        yield Line(spans=spans("made with other libraries: ", code(changed)), indent=3)
    else:
        yield Line(spans=(muted("made with the same libraries"),), indent=3)
