"""Diffs from profiles alone: of data that is not on this machine, labels and schema are still known."""

from __future__ import annotations

from dsv.api.options import DiffOptions
from dsv.api.pairs import Pair, Side
from dsv.errors import DataMissing
from dsv.model.diff import DatasetDiff, KeySource
from dsv.model.finding import Finding
from dsv.model.profile import Profile

HELD = frozenset({"stat", "schema", "labels"})
"""The views that profiles answer."""


def without_rows(pair: Pair, options: DiffOptions) -> tuple[DatasetDiff, list[Finding]] | None:
    """The profiles' answer where it is all that is asked for, and all that there is without fetching anything.

    None where the rows are to be compared. Raises: DataMissing: only profiles are wanted, and one is lacking.
    """
    if options.profiles:
        found = _from_profiles(pair, options)
        if found is None:
            message = f"there is no profile of {pair.name} that is of the recorded bytes, or it does not tell"
            raise DataMissing(message, where=pair.path, hint="dsv commit writes it; leave out --profiles")
        return found
    asked = options.views
    if not asked or not asked <= HELD or all(side.here() for side in _sides(pair)):
        return None
    return _from_profiles(pair, options)


def instead_of_rows(pair: Pair, options: DiffOptions, error: DataMissing) -> tuple[DatasetDiff, list[Finding]]:
    """The profiles' answer where rows were asked for, with a finding that says what is lacking.

    Raises: DataMissing: profiles cannot stand in, or whoever asks takes rows only.
    """
    found = None if options.views is None else _from_profiles(pair, options)
    if found is None:
        raise error
    diff, findings = found
    where = f" ({error.where})" if error.where else ""
    how = f"; {error.hint}" if error.hint else ""
    message = f"the rows were not compared: {error.message}{where}{how}"
    return diff, [Finding(rule="not-compared", level="error", message=message, dataset=pair.name), *findings]


def _from_profiles(pair: Pair, options: DiffOptions) -> tuple[DatasetDiff, list[Finding]] | None:
    """The diff of the profiles of both sides; None where one is lacking, or is not of the recorded bytes."""
    from dsv.diff.profiles import diff_profiles

    if not _answers(pair, options):
        return None
    try:
        old, new = (None if side is None else side.profile() for side in (pair.old, pair.new))
    except DataMissing:
        return None
    found = [profile for profile in (old, new) if profile is not None]
    if len(found) < len(_sides(pair)) or not all(_records(found, name) for name in options.labels):
        return None
    key_source: KeySource = "declared" if pair.declared is not None else "inferred"
    diff = diff_profiles(pair.name, pair.path, old, new, labels=options.labels, key_source=key_source)
    return diff, list(diff.findings)


def _answers(pair: Pair, options: DiffOptions) -> bool:
    """Profiles know nothing of single rows or cells, nor of the same bytes read in another way."""
    of_rows = (
        options.where,
        pair.row,
        options.fields,
        options.ignore,
        options.renames,
        options.tolerance,
        options.iou,
        options.similar,
    )
    of_reading = (options.header, options.format, options.skip_malformed or None, options.split)
    return not any(of_rows) and all(item is None for item in of_reading)


def _sides(pair: Pair) -> list[Side]:
    return [side for side in (pair.old, pair.new) if side is not None]


def _records(profiles: list[Profile], label: str) -> bool:
    return any(item.field == label for profile in profiles for item in profile.labels)
