"""What operations record beside the rows is in every version and in the published profile."""

from __future__ import annotations

from typing import Any

from dsv.migrations.version import open_version
from dsv.model.profile import Guideline
from dsv.profiles import document

CSV = "id,class,style\na,car,\nb,bus,\nc,van,\nd,car,\n"


def test_indexes_guidelines_and_descriptions_are_kept(adopt: Any) -> None:
    bench = adopt(CSV)
    bench.side_file("guide.md", "# Vans are cars\n")
    bench.add({"op": "merge_classes", "from": ["bus"], "into": "van"})
    bench.add({"op": "reindex_classes"}, {"op": "set_field", "name": "style", "description": "no: font"})
    bench.add({"op": "set_guideline", "version": "2.0", "class": "van", "file": "guide.md", "kind": "amendment"})
    bench.add({"op": "split_class", "from": "van", "into": ["bus-2"], "where": "id = 'b'", "rest": "keep"})
    *_, last = bench.up()
    profile = bench.publish(bench.documents[-1])
    classes = {item.key: (item.id, item.index, item.retired) for item in last.state.class_list("class").classes}
    # The base deals ids from 1 and indexes from 0, in the order of names.
    assert classes == {"bus": (1, None, True), "car": (2, 0, False), "van": (3, 1, False), "bus-2": (4, 2, False)}
    assert last.state.class_list("class").next_index == 3
    guideline = Guideline(version="2.0", field="class", class_key="van", kind="amendment", file="guide.md")
    assert last.state.guidelines == profile.guidelines == (guideline,)
    assert last.state.schema["style"].description == "no: font"
    again = open_version(bench.version_path(bench.documents[-1]))
    assert again.state == last.state
    assert document.load(document.dump(profile), "profile") == profile
    assert profile.classes["class"][-1].split_from == "van"
    assert bench.published.decode() == CSV.replace("b,bus", "b,bus-2")
    assert all(step.effect.class_head == head for step, head in zip(bench.plan().steps, HEADS, strict=True))


HEADS = ("hole", "remap", "same", "grow")


def test_a_guideline_is_a_stage_dependency(adopt: Any) -> None:
    bench = adopt(CSV)
    bench.side_file("guide.md", "# one\n")
    bench.add({"op": "set_guideline", "version": "1", "file": "guide.md"})
    first = bench.chain.migrations[0]
    assert first.side_files == ("migrations/signs/guide.md",)
    bench.side_file("guide.md", "# two\n")
    assert bench.chain.migrations[0].digest != first.digest
