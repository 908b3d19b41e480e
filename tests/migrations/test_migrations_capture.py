"""Edits become a migration: what is inferred, what is asked, and that the new rows come out exactly."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsv.documents import yaml
from dsv.errors import DsvError, UsageError
from dsv.formats.base import recognised, scan
from dsv.migrations.capture.questions import Choice, Flag, Judge, Question
from dsv.migrations.capture.whole import Captured, Task, capture
from dsv.migrations.source import base_rows
from dsv.model.migration import BASE_ID
from dsv.model.snapshot import ReadOptions, Snapshot

Bench = Any
Adopt = Callable[..., Bench]

OLD = """id,class,split,score
a,bike,train,1
b,bike,train,2
c,car,val,3
d,bus,test,4
e,truck,test,5
"""


def captured(
    bench: Bench,
    text: str,
    *flags: str,
    ask: Callable[[Question], Choice] | None = None,
    own: bool = True,
    partial: bool = False,
    suffix: str = ".csv",
    header: bool = True,
) -> Captured:
    """Capture what turns a bench's base into a file of this text; the documents are put into its chain."""
    path = bench.folder / f"edited{suffix}"
    path.write_text(text, encoding="utf-8")
    snapshot = recognised(Snapshot(path=path, format="", shown_path=path.name, options=ReadOptions(header=header)))
    folder: Path = bench.documents_folder
    folder.mkdir(parents=True, exist_ok=True)
    given = [Flag(*flag.split(" ", 1)) for flag in flags]
    task = Task(
        dataset="signs",
        state=bench.base.state,
        old=base_rows(bench.engine, bench.base, bench.snapshot, None),
        snapshot=snapshot,
        read=scan(bench.engine, snapshot),
        own=own,
        partial=partial,
        id="m0001_edits",
        after=BASE_ID,
        title="Edits",
        path="migrations/signs/m0001_edits.yaml",
        folder=folder,
    )
    found = capture(task, Judge(given, ask))
    (folder / f"{found.id}.yaml").write_text(found.text, encoding="utf-8")
    bench.documents.append(found.id)
    bench.parameters[found.id] = {}
    return found


def operations(found: Captured) -> list[dict[str, Any]]:
    return list(yaml.load(found.text, "captured")["operations"])


def names(found: Captured) -> list[str]:
    return [item["op"].partition("@")[0] for item in operations(found)]


def rows(text: str) -> list[dict[str, str]]:
    return sorted(csv.DictReader(io.StringIO(text)), key=lambda row: sorted(row.items()))


def published(bench: Bench) -> str:
    """What the chain publishes, by its stages."""
    bench.up()
    bench.publish(bench.documents[-1])
    return str(bench.published.decode())


def edit(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def test_single_labels_become_a_relabel_file(adopt: Adopt) -> None:
    bench = adopt(OLD)
    new = edit(OLD, ("a,bike", "a,car"), ("d,bus", "d,car"))
    found = captured(bench, new, "--relabel class")
    assert names(found) == ["relabel"]
    assert (bench.documents_folder / "m0001_edits.class.csv").read_text() == "id,old,new\na,bike,car\nd,bus,car\n"
    assert published(bench) == new
    assert found.notes == ("no row has the class bus any more; it stays a class until remove_class retires it",)


def test_the_only_row_of_a_class_does_not_tell_a_merge_from_a_correction(adopt: Adopt) -> None:
    new = edit(OLD, ("d,bus", "d,truck"))
    with pytest.raises(UsageError) as caught:
        captured(adopt(OLD), new)
    assert "--merge-class bus=truck" in str(caught.value.where)
    bench = adopt(OLD)
    assert names(captured(bench, new, "--merge-class bus=truck")) == ["merge_classes"]
    assert published(bench) == new


def test_a_class_that_got_another_name_everywhere_is_a_rename(adopt: Adopt) -> None:
    bench = adopt(OLD)
    new = edit(OLD, ("bike", "bicycle"))
    found = captured(bench, new)
    assert operations(found) == [{"op": "rename_class@1", "from": "bike", "to": "bicycle", "field": "class"}]
    assert found.side_files == ()
    assert published(bench) == new
    (classes,) = found.state.classes
    assert {item.key: item.name for item in classes.classes}["bike"] == "bicycle"


MANY = "id,class\n" + "".join(f"r{n:03},{'bike' if n < 100 else 'car'}\n" for n in range(110))
STRAY = edit(MANY, ("bike", "bicycle"), ("r007,bicycle", "r007,car"), ("r105,car", "r105,bicycle"))


def test_mixed_evidence_is_never_guessed(adopt: Adopt) -> None:
    with pytest.raises(UsageError) as caught:
        captured(adopt(MANY), STRAY)
    assert "--rename-class bike=bicycle" in str(caught.value.where)
    assert "--relabel class" in str(caught.value.where)
    assert "99 of 100 rows of bike became bicycle" in str(caught.value.where)
    assert "1 of car became bicycle too" in str(caught.value.where)


@pytest.mark.parametrize(
    ("flag", "expected", "edited"),
    [
        ("--rename-class bike=bicycle", ["rename_class", "relabel"], 2),
        ("--relabel class", ["add_class", "relabel"], 101),
    ],
)
def test_a_flag_settles_what_is_mixed(adopt: Adopt, flag: str, expected: list[str], edited: int) -> None:
    bench = adopt(MANY)
    found = captured(bench, STRAY, flag)
    assert names(found) == expected
    side = (bench.documents_folder / found.side_files[0]).read_text()
    assert len(side.splitlines()) - 1 == edited
    assert published(bench) == STRAY


def test_a_person_is_asked_where_there_is_one(adopt: Adopt) -> None:
    asked = []

    def ask(question: Question) -> Choice:
        asked.append(question)
        return question.choices[1]

    found = captured(adopt(MANY), STRAY, ask=ask)
    assert len(asked) == 1 and names(found) == ["add_class", "relabel"]


def test_a_flag_that_nothing_bears_out_is_an_error(adopt: Adopt) -> None:
    with pytest.raises(UsageError, match="--rename-class bus=coach") as caught:
        captured(adopt(OLD), edit(OLD, ("bike", "bicycle")), "--rename-class bus=coach")
    assert "--rename-class bike=bicycle" in str(caught.value.hint)


def test_a_class_that_is_left_by_a_rename_gets_a_key_of_its_own(adopt: Adopt) -> None:
    bench = adopt(MANY)
    new = edit(MANY, ("bike", "bicycle"), ("r007,bicycle", "r007,bike"))
    found = captured(bench, new, "--rename-class bike=bicycle")
    (classes,) = found.state.classes
    assert {item.key: item.name for item in classes.classes} == {"bike": "bicycle", "bike_2": "bike", "car": "car"}
    assert published(bench) == new


def test_a_part_of_a_class_that_got_a_new_name_is_a_split(adopt: Adopt) -> None:
    bench = adopt(MANY)
    new = MANY
    for n in range(40):
        new = edit(new, (f"r{n:03},bike", f"r{n:03},scooter"))
    found = captured(bench, new)
    assert names(found) == ["split_class"]
    assert published(bench) == new
    scooter = next(item for item in found.state.classes[0].classes if item.name == "scooter")
    assert scooter.split_from == "bike"


def test_other_cells_are_set_with_what_they_held(adopt: Adopt) -> None:
    bench = adopt(OLD)
    new = edit(OLD, ("train,1", "train,10"), ("a,bike,train", "a,bike,val"), ("test,5", "test,"))
    found = captured(bench, new)
    assert names(found) == ["set_values", "set_values"]
    assert (bench.documents_folder / "m0001_edits.score.csv").read_text() == "id,old_score,score\na,1,10\ne,5,\n"
    assert published(bench) == new


def test_nothing_to_capture_is_said(adopt: Adopt) -> None:
    with pytest.raises(DsvError, match="nothing of signs differs"):
        captured(adopt(OLD), OLD)


def test_empty_text_and_a_missing_cell_stay_apart(adopt: Adopt) -> None:
    old = 'id,class,note\na,x,one\nb,x,two\nc,y,"a ""b"", c"\nd,y,\n'
    new = 'id,class,note\na,x,""\nb,x,\nc,y,"line\nend"\nd,y," blank "\n'
    bench = adopt(old)
    captured(bench, new)
    assert rows(published(bench)) == rows(new)
    text = published(bench)
    assert 'a,x,""\n' in text and "b,x,\n" in text


def test_renamed_fields_keep_their_cells(adopt: Adopt) -> None:
    bench = adopt(OLD)
    new = edit(OLD, ("class,split,score", "label,part,score"))
    found = captured(bench, new)
    assert names(found) == ["rename_field", "rename_field"]
    assert published(bench) == new


def test_a_field_that_was_renamed_and_edited_is_asked_about(adopt: Adopt) -> None:
    old = "id,class,note\n" + "".join(f"r{n},x,text {n}\n" for n in range(20))
    new = edit(old, ("class,note", "class,remark"), ("text 3\n", "other\n"))
    with pytest.raises(UsageError) as caught:
        captured(adopt(old), new)
    assert "--rename-field note=remark" in str(caught.value.where)
    assert "--drop-field note --add-field remark" in str(caught.value.where)
    bench = adopt(old)
    assert names(captured(bench, new, "--rename-field note=remark")) == ["rename_field", "set_values"]
    assert published(bench) == new
    bench = adopt(old)
    assert names(captured(bench, new, "--drop-field note", "--add-field remark")) == [
        "drop_field",
        "add_field",
        "set_values",
    ]
    assert published(bench) == new


def test_a_new_field_has_the_value_of_nearly_all_rows_as_its_default(adopt: Adopt) -> None:
    old = "id,class\n" + "".join(f"r{n:02},x\n" for n in range(40))
    lines = old.splitlines()
    new = "\n".join([f"{lines[0]},lang", *(f"{line},{'de' if n == 5 else 'en'}" for n, line in enumerate(lines[1:]))])
    bench = adopt(old)
    found = captured(bench, new + "\n")
    assert operations(found)[0] == {"op": "add_field@1", "name": "lang", "type": "string", "default": "en"}
    assert (bench.documents_folder / found.side_files[0]).read_text() == "id,old_lang,lang\nr05,en,de\n"
    assert published(bench) == new + "\n"


def test_a_dropped_field_is_dropped(adopt: Adopt) -> None:
    bench = adopt(OLD)
    new = "".join(f"{line.rpartition(',')[0]}\n" for line in OLD.splitlines())
    assert names(captured(bench, new)) == ["drop_field"]
    assert published(bench) == new


def test_without_a_key_classes_are_captured_and_cells_refused(adopt: Adopt) -> None:
    old = "class,text\nbike,one\nbike,one\ncar,two\n"
    bench = adopt(old, key=())
    new = edit(old, ("bike", "bicycle"))
    assert names(captured(bench, new)) == ["rename_class"]
    assert published(bench) == new
    with pytest.raises(DsvError, match="only a key could name: 1 of text"):
        captured(adopt(old, key=()), edit(old, ("two", "three")))


def test_new_rows_come_from_a_file_and_bring_their_classes(adopt: Adopt) -> None:
    bench = adopt(OLD)
    new = OLD + "f,tram,val,6\ng,car,val,\n"
    found = captured(bench, new)
    assert names(found) == ["add_class", "add_rows"]
    assert (
        bench.documents_folder / found.side_files[0]
    ).read_text() == "id,class,split,score\nf,tram,val,6\ng,car,val,\n"
    assert published(bench) == new
