"""Numbers and small phrases, as every view writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dsv.model.counts import Counts
from dsv.model.finding import Finding, Level
from dsv.model.page import Line, Role, Span, spans

SIGN_ROLES: dict[str, Role] = {"+": "added", "-": "removed", "~": "changed"}
LEVEL_ROLES: dict[Level, Role] = {"error": "error", "warning": "warning", "info": "muted"}
LEVEL_SIGNS: dict[Level, str] = {"error": "x", "warning": "!", "info": "i"}
UNKNOWN = "?"

SUMMARY_FIELDS = 8


def number(count: int | None) -> str:
    """A count with thousands separators; `?` stands for not known."""
    return UNKNOWN if count is None else f"{count:,}"


def signed(count: int) -> str:
    """A difference with its sign; no sign for zero."""
    return f"{count:+,}" if count else "0"


def plural(count: int, noun: str) -> str:
    """A count and its noun: `1 row`, `2,000 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def share(part: int, total: int) -> str:
    """A share in per cent, as a number with one decimal."""
    return f"{100 * part / total:.1f}" if total else "0.0"


def points(part: Counts, total: Counts) -> str:
    """How a share changed, in percentage points with one decimal and a sign; none for zero."""
    before, after = (
        100 * side / whole if whole else 0.0 for side, whole in ((part.old, total.old), (part.new, total.new))
    )
    text = f"{after - before:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def step(old: int | None, new: int | None) -> str:
    """A count before and after; only once where it is the same."""
    return number(new) if old == new else f"{number(old)} -> {number(new)}"


def code(text: str, role: Role = "plain") -> Span:
    """A name, path or value."""
    return Span(text=text, role=role, code=True)


def muted(text: str) -> Span:
    """A word on the side."""
    return Span(text=text, role="muted")


def sign(text: str) -> Span:
    """One of the signs `+ - ~` in its colour."""
    return Span(text=text, role=SIGN_ROLES.get(text, "plain"))


def delta(added: int | None, removed: int | None, changed: int | None) -> tuple[Span, ...]:
    """`+1 -2 ~3`: rows added, removed and changed; zeros are muted."""
    counts = (("+", added), ("-", removed), ("~", changed))
    parts = [Span(text=f"{mark}{number(count)}", role=SIGN_ROLES[mark] if count else "muted") for mark, count in counts]
    return spans(parts[0], " ", parts[1], " ", parts[2])


def findings(items: Iterable[Finding], indent: int = 0) -> list[Line]:
    """One line a finding, errors first."""
    order: tuple[Level, ...] = ("error", "warning", "info")
    return [_finding(item, indent) for item in sorted(items, key=lambda item: order.index(item.level))]


def _finding(item: Finding, indent: int) -> Line:
    mark = Span(text=f"{LEVEL_SIGNS[item.level]} {item.level}", role=LEVEL_ROLES[item.level])
    dataset = (code(item.dataset), ": ") if item.dataset is not None else ()
    return Line(spans=spans(mark, " ", *dataset, item.message, muted(f" ({item.rule})")), indent=indent)


def changed_cells(counts: Mapping[str, int]) -> tuple[Span, ...]:
    """`cells changed: lat 25,401, lon 25,388`: the fields with most of them first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    parts = [part for name, cells in ordered[:SUMMARY_FIELDS] for part in (", ", code(name), f" {cells:,}")]
    left = len(ordered) - SUMMARY_FIELDS
    more = (muted(f", … {plural(left, 'more field')}"),) if left > 0 else ()
    return spans("cells changed: ", *parts[1:], *more)
