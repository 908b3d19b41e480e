"""Edits become a migration: what is inferred, what is asked, and that the new rows come out exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from capturing import captured, names, operations, published, rows

from dsv.errors import DsvError, UsageError
from dsv.migrations.capture.questions import Choice, Question

Bench = Any
Adopt = Callable[..., Bench]

OLD = """id,class,split,score
a,bike,train,1
b,bike,train,2
c,car,val,3
d,bus,test,4
e,truck,test,5
"""


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
    assert found.notes == ("class: no row has bus any more; remove_class retires a class",)


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


def test_a_class_that_became_one_that_no_row_had_any_more_is_merged_into_it(adopt: Adopt) -> None:
    bench = adopt(OLD)
    new = edit(OLD, ("d,bus,test,4\n", ""), ("bike", "bus"))
    found = captured(bench, new, "--merge-class bike=bus")
    assert names(found) == ["drop_rows", "merge_classes"]
    assert published(bench) == new


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
        ("--relabel class=bike", ["add_class", "relabel"], 101),
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


def test_one_new_field_is_what_became_of_one_old_field_at_most(adopt: Adopt) -> None:
    """The likest old field is renamed, whichever comes first; a second one that is like it too was dropped."""
    bench = adopt("id,class,note,box\na,x,same,same\nb,y,n,b\nc,x,o,c\n")
    new = "id,class,box_2\na,x,same\nb,y,b\nc,x,c\n"
    found = operations(captured(bench, new))
    assert {item["op"]: item.get("from", item.get("name")) for item in found} == {
        "rename_field@1": "box",
        "drop_field@1": "note",
    }
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


def test_without_a_key_classes_are_captured_and_other_rows_exchanged(adopt: Adopt) -> None:
    old = "class,text\nbike,one\nbike,one\ncar,two\n"
    bench = adopt(old, key=())
    new = edit(old, ("bike", "bicycle"))
    assert names(captured(bench, new)) == ["rename_class"]
    assert published(bench) == new
    bench = adopt(old, key=())
    new = edit(old, ("two", "three"))
    found = captured(bench, new)
    assert names(found) == ["drop_rows", "add_rows"]
    assert rows(published(bench)) == rows(new)
    with pytest.raises(DsvError, match="no row stays as it was"):
        captured(adopt(old, key=()), edit(old, ("one", "uno"), ("two", "due")))


def test_equal_rows_are_counted(adopt: Adopt) -> None:
    old = "class,text\n" + "x,same\n" * 4 + "y,other\n"
    bench = adopt(old, key=())
    found = captured(bench, "class,text\n" + "x,same\n" * 2 + "y,other\n" * 3)
    assert (bench.documents_folder / found.side_files[0]).read_text() == "class,text\n" + "x,same\n" * 2
    assert (bench.documents_folder / found.side_files[1]).read_text() == "class,text\n" + "y,other\n" * 2
    assert sorted(published(bench).splitlines()) == ["class,text", "x,same", "x,same"] + ["y,other"] * 3


def test_rows_that_are_gone_are_named_with_their_label(adopt: Adopt) -> None:
    bench = adopt(OLD)
    new = edit(OLD, ("b,bike,train,2\n", ""), ("e,truck,test,5\n", ""))
    found = captured(bench, new)
    assert operations(found) == [{"op": "drop_rows@1", "file": "m0001_edits.gone_rows.csv"}]
    assert (bench.documents_folder / found.side_files[0]).read_text() == "id,old_class\nb,bike\ne,truck\n"
    assert published(bench) == new


def test_a_field_whose_cells_are_of_another_type_is_cast(adopt: Adopt) -> None:
    bench = adopt(OLD)
    new = edit(OLD, ("train,2", "train,2.5"))
    found = captured(bench, new)
    assert names(found) == ["cast_field", "set_values"]
    assert published(bench) == new
    bench = adopt(OLD)
    new = edit(OLD, ("train,2", "train,two"), ("val,3", "val,03"))
    assert names(captured(bench, new)) == ["cast_field", "set_values"]
    assert published(bench) == new


def test_cells_that_a_cast_cannot_keep_come_from_the_file(adopt: Adopt) -> None:
    old = '{"id": "a", "n": "x"}\n{"id": "b", "n": "2"}\n'
    new = '{"id": "a", "n": 1}\n{"id": "b", "n": 2}\n'
    bench = adopt(old, labels=(), suffix=".jsonl")
    found = captured(bench, new, suffix=".jsonl")
    assert operations(found)[0] == {"op": "cast_field@1", "name": "n", "to": "integer", "on_error": "null"}
    assert (bench.documents_folder / found.side_files[0]).read_text() == "id,old_n,n\na,,1\n"
    assert published(bench) == new


def test_a_field_that_no_cast_can_turn_is_made_anew(adopt: Adopt) -> None:
    bench = adopt("id,class,n\na,x,1\nb,y,2\n")
    new = "id,class,n\na,x,2026-01-02\nb,y,\n"
    assert names(captured(bench, new)) == ["drop_field", "add_field", "set_values"]
    assert published(bench) == new


def test_a_key_that_a_spreadsheet_changed_is_refused(adopt: Adopt) -> None:
    old = "id,class\n1,x\n2,y\n"
    with pytest.raises(DsvError, match="the key field 'id' has another form: integer became string"):
        captured(adopt(old), edit(old, ("1,x", "01,x")))


def test_an_export_says_nothing_of_fields_and_rows_that_it_lacks(adopt: Adopt) -> None:
    export = "id,class,annotator\na,bike,ada\nb,car,bob\n"
    with pytest.raises(UsageError) as caught:
        captured(adopt(OLD), export, own=False, partial=True)
    for flag in ("--drop-field split", "--leave split", "--leave score", "--add-field annotator", "--leave annotator"):
        assert flag in str(caught.value.where)
    bench = adopt(OLD)
    flags = ["--leave split", "--leave score", "--leave annotator"]
    found = captured(bench, export, *flags, own=False, partial=True)
    assert names(found) == ["relabel"]
    assert published(bench) == edit(OLD, ("b,bike", "b,car"))
    bench = adopt(OLD)
    found = captured(bench, export, *flags[:2], "--add-field annotator", "--relabel class", "--drop-rows 3", own=False)
    assert names(found) == ["add_field", "drop_rows", "relabel", "set_values"]


def test_new_rows_come_from_a_file_and_bring_their_classes(adopt: Adopt) -> None:
    bench = adopt(OLD)
    new = OLD + "f,tram,val,6\ng,car,val,\n"
    found = captured(bench, new)
    assert names(found) == ["add_class", "add_rows"]
    assert (
        bench.documents_folder / found.side_files[0]
    ).read_text() == "id,class,split,score\nf,tram,val,6\ng,car,val,\n"
    assert published(bench) == new


def test_a_key_that_was_dealt_afresh_is_asked_about(adopt: Adopt) -> None:
    new = edit(OLD, ("a,bike", "v,bike"), ("b,bike", "w,bike"), ("c,car", "x,car"))
    with pytest.raises(UsageError) as caught:
        captured(adopt(OLD), new)
    assert "3 of 5 rows are gone, by their id" in str(caught.value.where)
    bench = adopt(OLD)
    assert names(captured(bench, new, "--drop-rows 3")) == ["drop_rows", "add_rows"]
    assert rows(published(bench)) == rows(new)


def test_a_class_has_a_name(adopt: Adopt) -> None:
    with pytest.raises(DsvError, match="empty text, which is no name of a class"):
        captured(adopt(OLD), edit(OLD, ("d,bus", 'd,""')))
    with pytest.raises(DsvError, match="empty text, which is no name of a class"):
        captured(adopt("id,class\na,\nb,\n"), 'id,class\na,\nb,""\n')


def test_without_a_key_an_export_only_adds(adopt: Adopt) -> None:
    old = "class,text\nx,one\ny,two\n"
    bench = adopt(old, key=())
    found = captured(bench, "class,text\ny,two\nx,three\n", own=False, partial=True)
    assert names(found) == ["add_rows"]
    assert rows(published(bench)) == rows(old + "x,three\n")


def test_files_of_one_field_have_names_of_their_own(adopt: Adopt) -> None:
    new = MANY
    for n in range(40):
        new = edit(new, (f"r{n:03},bike", f"r{n:03},{'scooter' if n else 'car'}"))
    found = captured(adopt(MANY), new, "--split-class bike")
    assert found.side_files == ("m0001_edits.class.csv", "m0001_edits.class_2.csv")


def test_without_a_key_no_field_can_be_left_where_rows_differ(adopt: Adopt) -> None:
    old = "word,tag,note\na,x,1\nb,y,2\nc,x,3\n"
    with pytest.raises(DsvError, match="a row is told by all its fields, and note is to be left as it was") as caught:
        captured(adopt(old, key=(), labels=("tag",)), "word,tag,note\na,x,8\nbb,y,9\nc,x,3\n", "--leave note")
    assert "declare a key" in str(caught.value.hint)
