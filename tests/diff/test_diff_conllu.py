"""A small made-up treebank and its three versions, with the traits of a real tag-set migration.

The first has no sentence ids; then classes are renamed (some with exceptions), split and dissolved;
then others merge, and multiword tokens, empty nodes and enhanced dependencies appear.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dsv.api.diff import compare
from dsv.model.diff import DatasetDiff
from dsv.model.labels import Inferred

COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
PURE = {"auxpass": "aux:pass", "nsubjpass": "nsubj:pass", "mwe": "fixed"}
DISSOLVED = ("flat", "root", "conj", "list")


@dataclass
class Sentence:
    """Token lines by id, in order; `number` is its place in the first version."""

    number: int
    tokens: dict[str, dict[str, str]]
    comments: list[str] = field(default_factory=list)

    def text(self) -> str:
        return " ".join(token["form"] for name, token in self.tokens.items() if name.isdigit())


Version = list[Sentence]


def first() -> Version:
    dice = random.Random(7)
    relations = ["nsubj", "dobj", "auxpass", "nsubjpass", "mwe", "neg", "nmod", "name", "det", "tmod", "npmod"]
    found = []
    for number in range(150):
        tokens = {}
        for place in range(1, 9):
            deprel = dice.choice(relations) if place > 1 else "root"
            form = f"w{dice.randrange(400)}"
            upos = dice.choice(["NOUN", "VERB", "CONJ", "ADJ"])
            cells = (str(place), form, form, upos, "_", "_", str(place - 1), deprel, "_", "_")
            tokens[str(place)] = dict(zip(COLUMNS, cells, strict=True))
        found.append(Sentence(number, tokens))
    # Two sentences of one text, of which only the second changes.
    found[41].tokens = copy.deepcopy(found[40].tokens)
    for sentence in found:
        sentence.comments = [f"# sentence-text: {sentence.text()}"]
    return found


def second(version: Version) -> Version:
    dice = random.Random(8)
    found = copy.deepcopy(version)
    dobj = 0
    for sentence in found:
        sentence.comments = [f"# sent_id = s{sentence.number:03}", f"# text = {sentence.text()}"]
        for token in sentence.tokens.values():
            deprel = token["deprel"]
            dobj += deprel == "dobj"
            if deprel == "dobj":
                token["deprel"] = "flat" if dobj % 40 == 0 else "obj"
            elif deprel == "neg":
                token["deprel"] = dice.choice(["advmod", "advmod", "det"])
            elif deprel == "nmod":
                token["deprel"] = dice.choice(["nmod", "obl"])
            elif deprel == "name":
                token["deprel"] = dice.choice(DISSOLVED)
            elif deprel in ("tmod", "npmod"):
                token["deprel"] = f"obl:{deprel}"
            else:
                token["deprel"] = PURE.get(deprel, deprel)
            if token["upos"] == "CONJ":
                token["upos"] = "CCONJ"
    found[0].comments.insert(0, "# newdoc id = d1")
    return found


def third(version: Version) -> Version:
    found = [sentence for sentence in copy.deepcopy(version) if sentence.number != 90]
    strays = 0
    for sentence in found:
        for token in sentence.tokens.values():
            token["deps"] = f"{token['head']}:{token['deprel']}"
            if token["deprel"] in ("obl:tmod", "obl:npmod"):
                strays += token["deprel"] == "obl:tmod"
                token["deprel"] = "obl" if token["deprel"] == "obl:tmod" and strays % 25 == 0 else "obl:unmarked"
        if sentence.number % 10 == 0:
            blank = dict.fromkeys(COLUMNS, "_")
            whole = blank | {"id": "2-3", "form": sentence.tokens["2"]["form"] + sentence.tokens["3"]["form"]}
            empty = blank | {"id": "8.1", "form": "e", "deps": "0:root"}
            one, *rest = sentence.tokens.items()
            sentence.tokens = dict([one, ("2-3", whole), *rest, ("8.1", empty)])
    return found


def write(path: Path, version: Version) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for sentence in version:
            lines = [*sentence.comments, *("\t".join(token.values()) for token in sentence.tokens.values())]
            stream.write("\n".join(lines) + "\n\n")


def by_place(version: Version) -> dict[tuple[int, str], dict[str, str]]:
    return {(item.number, name): token for item in version for name, token in item.tokens.items()}


def expected(old: Version, new: Version) -> tuple[Counter[str], dict[str, Counter[tuple[str, str]]], int]:
    """Cells by field, transitions by label, and rows that changed."""
    left, right = by_place(old), by_place(new)
    cells: Counter[str] = Counter()
    flows: dict[str, Counter[tuple[str, str]]] = {"upos": Counter(), "deprel": Counter()}
    changed = 0
    for place in left.keys() & right.keys():
        differ = [name for name in COLUMNS if left[place][name] != right[place][name]]
        cells.update(differ)
        changed += bool(differ)
        for name in flows.keys() & set(differ):
            flows[name][left[place][name], right[place][name]] += 1
    return cells, flows, changed


@pytest.fixture(scope="module")
def history() -> dict[str, Version]:
    one = first()
    two = second(one)
    return {"a": one, "b": two, "c": third(two)}


def diff(tmp_path: Path, history: dict[str, Version], old: str, new: str) -> DatasetDiff:
    for name in (old, new):
        write(tmp_path / f"{name}.conllu", history[name])
    with compare(tmp_path, [f"{old}.conllu", f"{new}.conllu"], None) as comparison:
        (found,) = comparison.result.datasets
    return found


def inferred(found: DatasetDiff, label: str) -> dict[tuple[str, ...], Inferred]:
    (one,) = (item for item in found.labels if item.field == label)
    return {item.sources: item for item in one.inferred or ()}


def transitions(found: DatasetDiff, label: str) -> dict[tuple[Any, Any], int]:
    (one,) = (item for item in found.labels if item.field == label)
    return {(item.source, item.target): item.rows for item in one.transitions or ()}


@pytest.mark.parametrize(("old", "new"), [("a", "b"), ("b", "c")])
def test_cells_rows_and_transitions_are_those_of_the_token_lines(
    tmp_path: Path, history: dict[str, Version], old: str, new: str
) -> None:
    found = diff(tmp_path, history, old, new)
    cells, flows, changed = expected(history[old], history[new])
    before, after = by_place(history[old]), by_place(history[new])
    assert (found.rows.old, found.rows.new) == (len(before), len(after))
    assert (found.rows.added, found.rows.removed) == (
        len(after.keys() - before.keys()),
        len(before.keys() - after.keys()),
    )
    assert found.rows.changed == changed
    assert found.changed_cells == dict(cells)
    for label, flow in flows.items():
        assert transitions(found, label) == dict(flow)


def test_a_tag_set_migration_is_seen(tmp_path: Path, history: dict[str, Version]) -> None:
    found = inferred(diff(tmp_path, history, "a", "b"), "deprel")
    _, flows, _ = expected(history["a"], history["b"])
    for source, target in PURE.items():
        rename = found[source,]
        assert (rename.operation, rename.targets) == ("rename_class", (target,))
        assert rename.support == rename.total == flows["deprel"][source, target]
    dobj = found["dobj",]
    assert (dobj.operation, dobj.targets) == ("rename_class", ("obj",))
    assert [(stray.target, stray.rows) for stray in dobj.strays] == [("flat", flows["deprel"]["dobj", "flat"])]
    assert (found["neg",].operation, found["neg",].targets) == ("split_class", ("advmod", "det"))
    assert (found["nmod",].operation, found["nmod",].targets) == ("split_class", ("nmod", "obl"))
    assert (found["name",].operation, found["name",].targets) == ("split_class", tuple(sorted(DISSOLVED)))


def test_classes_that_merge_into_a_new_one_are_seen(tmp_path: Path, history: dict[str, Version]) -> None:
    found = inferred(diff(tmp_path, history, "b", "c"), "deprel")
    merge = found["obl:npmod", "obl:tmod"]
    _, flows, _ = expected(history["b"], history["c"])
    assert (merge.operation, merge.targets) == ("merge_classes", ("obl:unmarked",))
    assert merge.support == sum(flows["deprel"][name, "obl:unmarked"] for name in merge.sources)
    assert [(stray.source, stray.target) for stray in merge.strays] == [("obl:tmod", "obl")]


def test_what_concerns_a_sentence_is_told_once_a_sentence(tmp_path: Path, history: dict[str, Version]) -> None:
    changed = copy.deepcopy(history["b"])
    changed[3].comments[1] += " !"
    changed[5].comments.append("# reviewed by someone")
    found = diff(tmp_path, {"b": history["b"], "d": changed}, "b", "d")
    assert (found.rows.changed, found.rows.added, found.rows.removed) == (0, 0, 0)
    sentences = found.tables["sentences"]
    assert sentences.rows.changed == 2
    assert sentences.changed_cells == {"text": 1, "comments": 1}


def test_a_rewritten_sentence_is_known_by_its_place_between_the_others(
    tmp_path: Path, history: dict[str, Version]
) -> None:
    """Without ids: three of the sentences have new texts, one before them is gone and one is new."""
    changed = copy.deepcopy(history["a"])
    for number in (20, 21, 70):
        changed[number].tokens["4"]["form"] = "rewritten"
        changed[number].comments = [f"# sentence-text: {changed[number].text()}"]
    extra = copy.deepcopy(changed[5])
    extra.number = len(changed)
    for token in extra.tokens.values():
        token["form"] = f"x{token['form']}"
    extra.comments = [f"# sentence-text: {extra.text()}"]
    new = [*changed[:10], *changed[11:100], extra, *changed[100:]]
    found = diff(tmp_path, {"a": history["a"], "e": new}, "a", "e")
    size = len(extra.tokens)
    assert (found.rows.added, found.rows.removed, found.rows.changed) == (size, size, 3)
    assert found.changed_cells == {"form": 3}
    sentences = found.tables["sentences"]
    assert (sentences.rows.added, sentences.rows.removed, sentences.rows.changed) == (1, 1, 3)
    assert sentences.changed_cells == {"text": 3}


def test_sentences_of_one_text_pair_in_their_order(tmp_path: Path, history: dict[str, Version]) -> None:
    changed = copy.deepcopy(history["a"])
    assert changed[40].text() == changed[41].text()
    changed[41].tokens["2"]["upos"] = "X"
    for name, version in (("a", history["a"]), ("e", changed)):
        write(tmp_path / f"{name}.conllu", version)
    with compare(tmp_path, ["a.conllu", "e.conllu"], None) as comparison:
        (found,) = comparison.result.datasets
        assert found.changed_cells == {"upos": 1} and found.formatting.reordered is False
        (change,) = found.changes.rows() if found.changes else ()
    assert change.key == {"sent_id": None, "sentence": 42, "id": "2"}
