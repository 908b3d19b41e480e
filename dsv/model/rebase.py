"""What `dsv migrate rebase` did, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Commutation:
    """Whether two branches of migrations come to the same in either order.

    `rows` counts the rows that differ, `examples` shows some of them. `differences` are sentences
    about fields, classes and guards. All are empty where the two commute.
    """

    rows: int = 0
    examples: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()

    @property
    def commutes(self) -> bool:
        """The order does not matter."""
        return not self.rows and not self.differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebased:
    """A chain whose branches were put one after the other.

    `moved` are ids before and after, `classes` sentences about classes that were dealt another id or
    index. `commutation` is None where one side has nothing of its own. `head` is applied, `pending`
    are not.
    """

    dataset: str
    after: str
    moved: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    commutation: Commutation | None
    head: str
    pending: tuple[str, ...]
    publishes: str
    rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RebaseResult:
    """What a rebase did. `resolved` are paths that were in conflict and are staged now, `left` those still in conflict.

    `again` are stages of the user that both sides ran, and that run again. `go_on` is the command
    that ends what Git has under way, None without.
    """

    onto: str
    chains: tuple[Rebased, ...]
    resolved: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    go_on: str | None = None
