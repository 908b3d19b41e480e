"""Faults of content that leave it readable, counted while a format reads its files."""

from __future__ import annotations

from dsv.model.finding import Finding, Level


class Notes:
    """Counts faults of each rule, and remembers where the first of them is."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Level, str, int, str]] = {}

    def add(self, rule: str, what: str, where: str, level: Level = "warning") -> None:
        """Count one fault; `what` names faults of this rule in the plural."""
        _, _, count, first = self._seen.get(rule, (level, what, 0, where))
        self._seen[rule] = level, what, count + 1, first

    def findings(self) -> tuple[Finding, ...]:
        """One finding a rule, in the order in which the rules were first broken."""
        return tuple(
            Finding(rule=rule, level=level, message=f"{what}: {count:,}, first {first}", count=count)
            for rule, (level, what, count, first) in self._seen.items()
        )
