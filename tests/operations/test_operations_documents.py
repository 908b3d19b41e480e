"""Every operation as a migration document spells it."""

from __future__ import annotations

import pytest

from dsv import registry
from dsv.documents.decode import decode
from dsv.documents.yaml import load_mapping
from dsv.errors import DocumentError
from dsv.operations.base import Operation

SPELLED = {
    "add_class": "{key: '010', name: 'no', parent: word, description: a word, coverage: none, group: false}",
    "rename_class": "{from: bike, to: bicycle, field: class}",
    "merge_classes": "{from: [minivan, 'null'], into: van}",
    "remove_class": "{key: moped, rows: relabel_to, relabel_to: scooter}",
    "revive_class": "{key: moped, name: 'no', index: 3, parent: word, field: class}",
    "split_class": "{from: car, into: [van, {key: '010', name: 'no', parent: word}], file: m0003.csv, rest: keep}",
    "set_class": "{parents: {comp: [comp.graphics, comp.x], '': [misc]}, key: 'NA', coverage: reviewed}",
    "reindex_classes": "{order: listed, classes: ['no', '010', car], field: class}",
    "set_guideline": "{version: '2.1', kind: amendment, file: m0004_signs.md, class: 'no', field: class}",
    "assert": "{every: 'score < ${most}', where: split = 'test', at_least: 1, at_most: 500, why: because}",
    "add_field": "{name: style, type: enum, values: [unseen, bold], default: unseen, nullable: false, "
    "unlabelled: true, label: true}",
    "set_field": "{name: style, nullable: false, values: [unseen, bold, 'no'], unlabelled: unseen, description: x}",
    "rename_field": "{from: a.b, to: c}",
    "cast_field": "{name: style, to: enum, values: ['no', bold], on_error: quarantine}",
    "drop_field": "{name: note}",
    "add_rows": "{file: m0005_drift.parquet, values: {split: train, source: '2026'}, expect: 120}",
    "relabel": "{file: m0001_review.csv, field: class, expect: old, on_conflict: skip, reviewers: {test: 2}}",
    "resplit": "{shares: {train: '${train}', test: 0.2}, group: [patient], stratify: class, only: [train, val], "
    "only_null: true, protect: [test], salt: '2'}",
    "set_values": "{file: m0002_values.csv, fields: [a, b], only_null: true}",
    "fill": "{field: style, value: 'no', where: 'score > ${low}'}",
    "apply": "{file: m0006_quotes.py, function: fix, reads: [text, lang], writes: [text], batch: 100, "
    "arguments: {limit: '${limit}', strict: true}, files: [m0006_words.csv]}",
    "dedupe": "{fields: [sha256], keep: last, by: score, prefer: [test], protect: [val], conflicts: quarantine}",
    "drop_rows": "{where: 'score < ${low}', scores: m0004_scores.parquet, floor: '${floor}', keep: lowest, "
    "by: score, mode: delete, protect: [val, test], expect: 12000}",
}


def read(name: str, text: str) -> Operation:
    mapping, lines = load_mapping(text, "m.yaml")
    return decode(registry.get("operations", name), mapping, "m.yaml", lines)


@pytest.mark.parametrize("name", registry.names("operations"))
def test_documents_fill_operations(name: str) -> None:
    operation = read(name, SPELLED[name])
    assert operation.name == name
    assert read(name, SPELLED[name]) == operation


@pytest.mark.parametrize(("default", "value"), [("5", 5), ("'5'", "5"), ("0.5", 0.5), ("true", True)])
def test_a_default_keeps_its_type(default: str, value: object) -> None:
    operation = read("add_field", f"{{name: x, type: string, default: {default}}}")
    assert (type(operation.default), operation.default) == (type(value), value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("rename_class", "{form: a, to: b}", "unknown key 'form'"),
        ("rename_class", "{source: a, to: b}", "unknown key 'source'"),
        ("rename_class", "{from: 1e3, to: b}", "'from' must be text"),
        ("drop_rows", "{where: 'true', mode: drop}", "'mode' must be one of quarantine, delete"),
        ("merge_classes", "{from: [a]}", "the key 'into' is missing"),
    ],
)
def test_wrong_documents(name: str, text: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(name, text)
    assert message in f"{caught.value.message} {caught.value.where}"
