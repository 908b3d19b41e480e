"""What a team holds its datasets to: `checks.<dataset>` of `params.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dsv.documents.decode import Problems, decode_into
from dsv.documents.yaml import load_mapping
from dsv.errors import DsvError, did_you_mean
from dsv.model.rules import OF_REPOSITORY, RULES

FIXED = (*OF_REPOSITORY, "not-compared")
Setting = Literal["error", "warning", "info", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From when on something is said, as shares (0-1), and how grave it is.

    `removed_share`: of the rows, from which on their removal is an error. `relabelled_share`: of the paired rows,
    from which on a new class for them is told. `share_shift`: how far the share of a class in a split may move.
    `null_share_rise`: how much larger the share of missing cells of a field may get. `levels` gives rules, by their
    name, another level.
    """

    removed_share: float = 0.05
    relabelled_share: float = 0.05
    share_shift: float = 0.02
    null_share_rise: float = 0.05
    levels: Mapping[str, Setting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises: DsvError: a share is none, or a rule is not known."""
        for name in ("removed_share", "relabelled_share", "share_shift", "null_share_rise"):
            if not 0 <= getattr(self, name) <= 1:
                raise DsvError(f"{name} is a share from 0 to 1, not {getattr(self, name)}")
        for rule in self.levels:
            if rule not in RULES:
                raise DsvError(f"there is no rule {rule!r}", hint=did_you_mean(rule, RULES))
            if rule in FIXED:
                raise DsvError(f"the level of {rule!r} cannot be set: it is about no single dataset, or decides alone")


def thresholds(text: str, dataset: str, where: str = "params.yaml") -> Thresholds:
    """Those of one dataset; what the text does not say is as it is by default.

    Raises: DocumentError with `where:line`: the text is no YAML, or what it says of the dataset is no threshold.
    """
    document, lines = load_mapping(text, where)
    problems = Problems(where, lines)
    checks = document.get("checks")
    if checks is None:
        return Thresholds()
    if not isinstance(checks, Mapping):
        problems.add(("checks",), "'checks' must be datasets and what they are held to")
    elif checks.get(dataset) is not None:
        found = decode_into(problems, Thresholds, checks[dataset], ("checks", dataset))
        if isinstance(found, Thresholds):
            return found
    problems.check()
    return Thresholds()
