"""`dsv labels map` as a page: what became of each old output, and where each new one begins."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.model.labelmap import DatasetMap, FieldMap, Heir, LabelMap, NewClass, OldClass, RollUp
from dsv.model.page import Block, Column, Heading, Line, Page, Span, Table, spans
from dsv.views._words import code, findings, muted

_SIGNS = {"kept": " ", "renamed": "~", "merged": "~", "split": "~", "removed": "-"}


def build(result: LabelMap) -> Page:
    """The page of a map."""
    blocks: list[Block] = [Heading(spans=spans(code(result.old.name), " -> ", code(result.new.name)), level=1)]
    blocks += findings(result.findings)
    for dataset in result.datasets:
        blocks += _dataset(dataset)
    return Page(blocks=tuple(blocks))


def _dataset(dataset: DatasetMap) -> Iterator[Block]:
    yield Heading(spans=(code(dataset.dataset),), level=2)
    for name, found in dataset.fields.items():
        outputs = f"{found.old_outputs} outputs -> {found.new_outputs}"
        yield Line(spans=spans("Label ", code(name), "  ", outputs), indent=1)
        if found.identical:
            yield Line(spans=(Span(text="every class keeps its index", role="ok"),), indent=2)
            continue
        yield from _field(found)


def _field(found: FieldMap) -> Iterator[Block]:
    names = {item.index: item.name for item in found.old}
    yield _table(("old", "", "class", "new", ""), [_old_row(item) for item in found.old])
    begun = [_new_row(item, names) for item in found.new if item.method != "keep" or item.merged]
    if begun:
        yield Line(spans=spans("how to begin"), indent=2)
        yield _table(("new", "class", ""), begun)
    if found.roll_up:
        yield Line(spans=spans("roll-up"), indent=2)
        yield _table(("class", "old", "new"), [_roll_up(item) for item in found.roll_up])


def _table(titles: tuple[str, ...], rows: list[tuple[tuple[Span, ...], ...]]) -> Table:
    right = ("old", "new") if titles[0] != "class" else ()
    columns = tuple(Column(title=title, align="right" if title in right else "left") for title in titles)
    return Table(columns=columns, rows=tuple(rows), indent=2)


def _old_row(item: OldClass) -> tuple[tuple[Span, ...], ...]:
    sign = _SIGNS[item.fate]
    role = {"~": "changed", "-": "removed"}.get(sign, "plain")
    index = ", ".join(str(heir.index) for heir in item.heirs) or "-"
    mark = Span(text=sign, role=role)  # type: ignore[arg-type]
    return (spans(item.index), (mark,), (code(item.name),), spans(index), _fate(item))


def _fate(item: OldClass) -> tuple[Span, ...]:
    if item.fate == "kept":
        return ()
    if item.fate == "removed":
        return spans("removed: drop this output")
    if item.fate == "renamed":
        return spans("is ", code(item.heirs[0].name))
    if item.fate == "merged":
        return spans("became part of ", code(item.heirs[0].name))
    parts: list[Span] = []
    for heir in item.heirs:
        parts += [*spans(", " if parts else "split into ", code(heir.name)), *_share(heir)]
    return tuple(parts)


def _share(heir: Heir) -> tuple[Span, ...]:
    return () if heir.share is None else (muted(f" {100 * heir.share:.1f} %"),)


def _new_row(item: NewClass, names: dict[int, str]) -> tuple[tuple[Span, ...], ...]:
    sources = ", ".join(f"{index} ({names[index]})" for index in item.sources)
    how = {"keep": "as before", "copy": "copy of ", "mean": "mean of ", "none": "anew"}[item.method]
    parts = spans(how) if item.method in ("keep", "none") else spans(how, code(sources))
    if item.merged:
        merged = ", ".join(f"{index} ({names[index]})" for index in item.merged)
        parts = (*parts, *spans("; has the rows of ", code(merged), " too"))
    return (spans(item.index), (code(item.name),), parts)


def _roll_up(item: RollUp) -> tuple[tuple[Span, ...], ...]:
    old, new = (", ".join(map(str, indices)) or "-" for indices in (item.old, item.new))
    return ((code(item.name),), spans(old), spans(new))
