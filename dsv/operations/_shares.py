"""Shares of splits: each row is dealt by a stable hash, so that rows added later move none that is there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any

from dsv.errors import MigrationError
from dsv.tables.duckdb import literal

BITS = 52
_DIGITS = BITS // 4
_SLACK = Fraction(1, 10**9)
_SIGMAS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Splits with the share (0 to 1) of each, by name: the order of keys in a document means nothing."""

    names: tuple[str, ...]
    parts: tuple[Fraction, ...]

    def by_hash(self, number: str) -> str:
        """SQL for the split of a hash of `BITS` bits."""
        bounds = (math.floor(bound * 2**BITS) for bound in self._bounds())
        return self._case([f"{number} < {bound}" for bound in bounds])

    def by_place(self, place: str, total: str) -> str:
        """SQL for the split of the row at a place (from 1) among `total` rows: shares are exact but for rounding."""
        tests = []
        for bound in self._bounds():
            # In whole numbers: `place <= round(bound * total)`, a half rounding up.
            up, down = 2 * bound.numerator, 2 * bound.denominator
            tests.append(f"{place} <= ({total}::HUGEINT * {up} + {bound.denominator}) // {down}")
        return self._case(tests)

    def far_off(self, counts: Mapping[str, int]) -> list[tuple[str, float, float]]:
        """Splits that got another share than chance explains: name, share asked for, share given."""
        total = sum(counts.values())
        found = []
        for name, part in zip(self.names, self.parts, strict=True):
            asked, given = float(part), counts.get(name, 0)
            noise = _SIGMAS * math.sqrt(total * asked * (1 - asked)) + _SIGMAS
            if abs(given - total * asked) > noise:
                found.append((name, asked, given / total))
        return found

    def _bounds(self) -> list[Fraction]:
        """Where each split but the last ends."""
        return list(accumulate(self.parts))[:-1]

    def _case(self, tests: Sequence[str]) -> str:
        whens = " ".join(f"WHEN {test} THEN {literal(name)}" for test, name in zip(tests, self.names, strict=False))
        return f"CASE {whens} ELSE {literal(self.names[-1])} END" if whens else literal(self.names[-1])


def shares_of(given: Mapping[str, Any]) -> Shares:
    """Shares as a document gives them. Raises: MigrationError: one is no share, or they do not add up to 1."""
    for name, share in given.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise MigrationError(f"a share is a number from 0 to 1, not {share!r}", where=f"shares.{name}")
    # Decimal, as people wrote them: 0.1 is a tenth.
    names = tuple(sorted(given))
    parts = tuple(Fraction(str(given[name])) for name in names)
    total = sum(parts, Fraction(0))
    if abs(total - 1) > _SLACK:
        raise MigrationError(f"the shares add up to {float(total):g}, not to 1", where="shares")
    return Shares(names=names, parts=parts)


def number_of(text: str) -> str:
    """SQL for the hash of a text: a number below 2 ** BITS, the same in every version of the engine."""
    return f"CAST('0x' || md5({text})[1:{_DIGITS}] AS BIGINT)"
