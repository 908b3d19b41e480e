"""Label fields: rows by class and split, which class became which, and the operations that this suggests."""

from __future__ import annotations

from collections import Counter

from dsv.diff.cells import Differences
from dsv.diff.classes import ClassField, ClassRows, ClassTally
from dsv.diff.distances import js_distance
from dsv.diff.encoding import Encoded, Sequences, encoded
from dsv.diff.inferred import Flows, infer_operations
from dsv.diff.plain import missing_first
from dsv.model.counts import Counts
from dsv.model.diff import SplitMove
from dsv.model.labels import ClassCount, LabelDiff, Transition


def compare(
    label: ClassField,
    old: ClassTally,
    new: ClassTally,
    differences: Differences | None = None,
    sequences: Sequences | None = None,
) -> LabelDiff:
    """The difference of one label. Without `differences` no rows paired, and no class became another."""
    before, after = old.by_class(), new.by_class()
    if old.truncated or new.truncated:
        return LabelDiff(
            field=label.name,
            classes=(),
            transitions=None,
            inferred=None,
            unlabelled=Counts(old=before[None], new=after[None]),
            truncated=Counts(old=old.classes(), new=new.classes()),
        )
    flows: Flows = Counter()
    changed_sets, removed, written = 0, ClassRows(), Encoded()
    if differences is not None and label.pair is not None:
        flows, changed_sets = _flows(differences, label)
        removed = _removed(differences, label)
        if sequences is not None:
            written = encoded(label, flows, before, after, differences, sequences)
    return LabelDiff(
        field=label.name,
        classes=_classes(old, new),
        transitions=_sorted(flows, written.flows),
        # Another scheme of tags is no operation on classes, so its rows suggest none.
        inferred=infer_operations(flows - written.tags, before - removed, before, after),
        unlabelled=Counts(old=before[None], new=after[None]),
        changed_sets=changed_sets,
        js_distance=js_distance(before, after),
        encodings=written.found,
    )


def split_moves(differences: Differences, split: ClassField) -> tuple[SplitMove, ...]:
    """Paired rows by the split they left and the one they went to, most rows first."""
    flows, _ = _flows(differences, split)
    return tuple(SplitMove(source=item.source, target=item.target, rows=item.rows) for item in _sorted(flows))


def _classes(old: ClassTally, new: ClassTally) -> tuple[ClassCount, ...]:
    before, after = old.by_class(), new.by_class()
    splits = sorted({split for _, split in (*old.rows, *new.rows) if split is not None})
    return tuple(
        ClassCount(
            name=name,
            old=before[name],
            new=after[name],
            by_split={
                split: Counts(old=old.rows.get((name, split), 0), new=new.rows.get((name, split), 0))
                for split in splits
            },
        )
        for name in sorted({name for name in (*before, *after) if name is not None})
    )


def _flows(differences: Differences, label: ClassField) -> tuple[Flows, int]:
    """Paired rows by the class they had and have, and how many sets of classes changed otherwise."""
    flows: Flows = Counter()
    pair = label.pair
    flag = differences.flag(label.name)
    if pair is None or flag is None:
        return flows, 0
    old, new = differences.columns(pair)
    before, after = label.names("old", old), label.names("new", new)
    if not label.is_list:
        sql = f"SELECT {before}, {after}, count(*) FROM {differences.table} WHERE {flag} GROUP BY ALL"
        for source, target, rows in differences.engine.rows(sql):
            if source != target:
                flows[source, target] += rows
        return flows, 0
    gone, come = _without(before, after), _without(after, before)
    sql = f"SELECT {gone}, {come}, count(*) FROM {differences.table} WHERE {flag} GROUP BY ALL"
    changed_sets = 0
    for left, entered, rows in differences.engine.rows(sql):
        if len(left) == len(entered) == 1:
            flows[left[0], entered[0]] += rows
        elif left or entered:
            changed_sets += rows
    return flows, changed_sets


def _without(names: str, others: str) -> str:
    kept = f"lambda x: NOT list_contains(coalesce({others}, []), x)"
    return f"list_sort(list_filter(coalesce({names}, []), {kept}))"


def _removed(differences: Differences, label: ClassField) -> ClassRows:
    """Rows by class that only old has."""
    pair = label.pair
    if pair is None:
        return ClassRows()
    names = label.names("old", differences.columns(pair)[0])
    names = f"unnest({names})" if label.is_list else names
    rows = differences.engine.rows(
        f"SELECT class, count(*) FROM "
        f"(SELECT {names} AS class FROM {differences.table} WHERE kind = 'removed') GROUP BY class"
    )
    return ClassRows(dict(rows))


def _sorted(flows: Flows, written: Flows | None = None) -> tuple[Transition, ...]:
    ordered = sorted(flows.items(), key=lambda item: (-item[1], missing_first(item[0][0]), missing_first(item[0][1])))
    only = written or Flows()
    return tuple(
        Transition(source=source, target=target, rows=rows, encoding_only=only[source, target])
        for (source, target), rows in ordered
    )
