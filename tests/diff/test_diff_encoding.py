"""Labels that are written otherwise and mean the same are told apart from those that mean something else."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from dsv.diff.dataset import diff_tables
from dsv.diff.encoding import variant
from dsv.diff.request import DiffRequest
from dsv.model.diff import DatasetDiff
from dsv.model.labels import LabelDiff

Span = tuple[int, int, str]
SCHEMES = ("IOB1", "BIO", "IOBES", "BILOU")


def sentences(number: int, seed: int = 5) -> list[tuple[int, list[Span]]]:
    """Lengths, and spans [begin, end) of a type; some touch, and some of those are of one type."""
    dice = random.Random(seed)
    found = []
    for _ in range(number):
        length, spans, at = dice.randrange(1, 14), [], 0
        while at < length:
            if dice.random() < 0.6:
                end = min(length, at + dice.randrange(1, 4))
                spans.append((at, end, dice.choice(["PER", "LOC"])))
                at = end
            else:
                at += 1
        found.append((length, spans))
    return found


def tags(length: int, spans: Sequence[Span], scheme: str) -> list[str]:
    """The tags of a sentence, by the book of each scheme."""
    found = ["O"] * length
    touching = {(end, kind) for _, end, kind in spans}
    for begin, end, kind in spans:
        for place in range(begin, end):
            first, last = place == begin, place == end - 1
            letter = {
                "IOB1": "B" if first and (begin, kind) in touching else "I",
                "BIO": "B" if first else "I",
                "IOBES": "S" if first and last else "B" if first else "E" if last else "I",
                "BILOU": "U" if first and last else "B" if first else "L" if last else "I",
            }[scheme]
            found[place] = f"{letter}-{kind}"
    return found


Rows = list[tuple[int, int, str | None]]


def rows(treebank: Sequence[tuple[int, list[Span]]], scheme: str) -> Rows:
    return [
        (number, place, tag)
        for number, (length, spans) in enumerate(treebank)
        for place, tag in enumerate(tags(length, spans, scheme))
    ]


def diff(make: Any, old: Rows, new: Rows) -> DatasetDiff:
    types = {"sentence": "integer", "place": "integer", "tag": "string"}
    request = DiffRequest(key=("sentence", "place"), labels=("tag",))
    return diff_tables("t", "t", make.rows(types, old), make.rows(types, new), request)


def of_tag(found: DatasetDiff) -> LabelDiff:
    (label,) = found.labels
    return label


def in_meaning(found: DatasetDiff) -> dict[tuple[str | None, str | None], int]:
    transitions = of_tag(found).transitions or ()
    return {
        (item.source, item.target): item.rows - item.encoding_only
        for item in transitions
        if item.rows > item.encoding_only
    }


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(SCHEMES, 2)))
def test_another_scheme_of_one_span_structure_changes_no_meaning(make: Any, one: str, other: str) -> None:
    treebank = sentences(60)
    old, new = rows(treebank, one), rows(treebank, other)
    found = diff(make, old, new)
    changed = sum(before != after for before, after in zip(old, new, strict=True))
    assert found.changed_cells == found.changed_cells_encoding_only == {"tag": changed}
    assert found.rows.changed == changed
    assert [(item.kind, item.source, item.target, item.rows) for item in of_tag(found).encodings] == [
        ("tags", one, other, changed)
    ]
    assert in_meaning(found) == {} and of_tag(found).inferred == ()


def test_one_real_change_stands_out_among_many_converted(make: Any) -> None:
    treebank = sentences(400)
    number, place = next(
        (n, p)
        for n, (length, spans) in enumerate(treebank)
        for p in range(length)
        if n > 200 and all(not b <= p < e for b, e, _ in spans)
    )
    changed = [(length, list(spans)) for length, spans in treebank]
    changed[number][1].append((place, place + 1, "ORG"))
    found = diff(make, rows(treebank, "IOB1"), rows(changed, "IOBES"))
    assert in_meaning(found) == {("O", "S-ORG"): 1}
    assert found.changed_cells_encoding_only == {"tag": found.changed_cells["tag"] - 1}


def test_a_span_that_ends_elsewhere_is_another_span(make: Any) -> None:
    old = [(0, 0, "B-PER"), (0, 1, "I-PER"), (0, 2, "I-PER"), (1, 0, "B-PER")]
    new = [(0, 0, "B-PER"), (0, 1, "E-PER"), (0, 2, "S-PER"), (1, 0, "S-PER")]
    found = diff(make, old, new)
    assert found.changed_cells_encoding_only == {"tag": 1}
    assert in_meaning(found) == {("I-PER", "E-PER"): 1, ("I-PER", "S-PER"): 1}


def test_spans_do_not_reach_over_the_end_of_a_sentence(make: Any) -> None:
    old = [(0, 0, "I-PER"), (1, 0, "I-PER")]
    new = [(0, 0, "B-PER"), (1, 0, "B-PER")]
    assert diff(make, old, new).changed_cells_encoding_only == {"tag": 2}


def test_not_labelled_is_not_outside(make: Any) -> None:
    old: Rows = [(0, 0, "O"), (0, 1, "I-PER")]
    new: Rows = [(0, 0, None), (0, 1, "B-PER")]
    found = diff(make, old, new)
    assert in_meaning(found) == {("O", None): 1}


def test_a_type_in_other_letters_is_encoding_too(make: Any) -> None:
    old: Rows = [(0, 0, "I-per"), (0, 1, "O"), (0, 2, "I-LOC")]
    new: Rows = [(0, 0, "B-PER"), (0, 1, "O"), (0, 2, "B-LOC")]
    found = of_tag(diff(make, old, new))
    assert {(item.kind, item.source, item.target, item.rows) for item in found.encodings} == {
        ("tags", "IOB1", "BIO", 1),
        ("case", "per", "PER", 1),
    }


def test_tags_in_one_cell_a_sentence(make: Any) -> None:
    treebank = sentences(50)
    old = [[number, tags(*sentence, "IOB1")] for number, sentence in enumerate(treebank)]
    new = [[number, tags(*sentence, "IOBES")] for number, sentence in enumerate(treebank)]
    real = next(number for number, (length, spans) in enumerate(treebank) if number > 10 and spans)
    new[real][1] = ["O"] * treebank[real][0]
    types = {"id": "integer", "tags": "list<string>"}
    request = DiffRequest(key=("id",), labels=("tags",))
    found = diff_tables("t", "t", make.rows(types, old), make.rows(types, new), request)
    changed = sum(before != after for before, after in zip(old, new, strict=True))
    assert found.changed_cells == {"tags": changed}
    assert found.changed_cells_encoding_only == {"tags": changed - 1}
    (item,) = of_tag(found).encodings
    assert (item.source, item.target) == ("IOB1", "IOBES")


# Names of classes


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("Plastic Film", "Plastic film", "case"),
        ("bike", "bike ", "blanks"),
        ("no\u00a0entry", "no entry", "blanks"),
        ("Stop  sign", "stop sign", "case"),
        ("bottles", "Bottle", "plural"),
        ("berries", "berry", "plural"),
        ("boxes", "box", "plural"),
        ("glass", "gla", None),
        ("bus", "bu", None),
        ("car", "cat", None),
    ],
)
def test_variants_of_a_name(one: str, other: str, kind: str | None) -> None:
    assert variant(one, other) == variant(other, one) == kind


def named(make: Any, old: Sequence[str], new: Sequence[str], **options: bool) -> DatasetDiff:
    types = {"id": "integer", "tag": "string"}
    left, right = (make.rows(types, list(enumerate(side))) for side in (old, new))
    return diff_tables("t", "t", left, right, DiffRequest(key=("id",), labels=("tag",), **options))


def test_a_class_that_is_only_spelled_otherwise(make: Any) -> None:
    old = ["Plastic Film"] * 30 + ["can"] * 5 + ["cans"] * 2 + ["cup"] * 4
    new = ["Plastic film"] * 29 + ["Other"] + ["can"] * 7 + ["cup"] * 4
    found = named(make, old, new)
    pairs = Counter((a, b) for a, b in zip(old, new, strict=True) if a != b)
    assert found.changed_cells == {"tag": pairs.total()}
    assert [(item.kind, item.source, item.target, item.rows) for item in of_tag(found).encodings] == [
        ("case", "Plastic Film", "Plastic film", pairs["Plastic Film", "Plastic film"]),
        ("plural", "cans", "can", pairs["cans", "can"]),
    ]
    assert in_meaning(found) == {("Plastic Film", "Other"): 1}
    # A class that goes by another name is still a rename: that is what a migration would do.
    assert [item.operation for item in of_tag(found).inferred or ()] == ["rename_class", "merge_classes"]


def test_two_classes_of_both_sides_are_two(make: Any) -> None:
    found = named(make, ["glass", "glasses", "glasses"], ["glass", "glass", "glasses"])
    assert found.changed_cells == {"tag": 1} and found.changed_cells_encoding_only == {}


def test_nothing_is_hidden_unless_asked(make: Any) -> None:
    old, new = ["Bike", "car"], ["bike", "bus"]
    assert named(make, old, new).rows.changed == 2
    hidden = named(make, old, new, hide_case=True)
    assert hidden.changed_cells == {"tag": 1} and hidden.changed_cells_encoding_only == {}
