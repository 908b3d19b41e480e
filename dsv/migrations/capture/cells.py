"""Cells that still differ, set by files: labels by `relabel`, others by `set_values`."""

from __future__ import annotations

from dsv.migrations.capture.classes import admit, class_of
from dsv.migrations.capture.draft import Draft
from dsv.migrations.capture.edits import differs, edit_file
from dsv.migrations.capture.wanted import Wanted, differing, paired


def edits(draft: Draft, wanted: Wanted) -> None:
    """Set every cell that still differs between rows that pair.

    Rows without a key cannot be named by a file, and are left.
    """
    if not draft.state.key:
        return
    names = [name for name in wanted.table.schema.names if _is_compared(draft, wanted, name)]
    found = differing(draft, wanted, names)
    for name in found:
        source = f"{paired(draft, wanted)} WHERE {differs(name)}"
        admit(draft, f"SELECT {class_of(wanted.table, name, 'w')} AS name FROM {source}", name)
    for name, count in found.items():
        _edit(draft, wanted, name, count)
    if found:
        draft.store()


def _is_compared(draft: Draft, wanted: Wanted, name: str) -> bool:
    return name in draft.state.schema and name not in draft.state.key and name not in wanted.left


def _edit(draft: Draft, wanted: Wanted, name: str, count: int) -> None:
    is_label = name in draft.state.labels or draft.state.class_list(name) is not None
    columns = ("old", "new") if is_label else (f"old_{name}", name)
    file, old, new = edit_file(draft, wanted, name, differs(name), columns)
    why = f"{count:,} {'cell' if count == 1 else 'cells'}"
    if is_label or (old, new) != columns:
        draft.do("relabel", why, file=file, field=name, expect=old, new=new)
    else:
        draft.do("set_values", why, file=file, fields=(name,))
