"""Formatting, schema and content are three layers: what changes no value is counted apart, and never as a row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dsv.cli.main import main
from dsv.formats._shared import spelling_diff

ROWS = 'id,text,score\n1,a b,1.5\n2,,2\n3,"x,y",3\n4,z,4\n'
NOTHING = {"reordered": False, "quoting": 0, "line_ends": 0, "number_spelling": 0}
DELIMITED = {**NOTHING, "bom": False, "delimiter": False, "final_line_end": False}
JSON = {**NOTHING, "bom": False, "final_line_end": False, "key_order": 0, "whitespace": 0, "escapes": 0}


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(old: str, new: str, *words: str, suffix: str = "csv", form: str = "--json", code: int = 0) -> Any:
        for name, text in (("a", old), ("b", new)):
            (tmp_path / f"{name}.{suffix}").write_bytes(text.encode())
        assert main(["diff", f"a.{suffix}", f"b.{suffix}", form, *words]) == code
        out = capsys.readouterr().out
        return json.loads(out)["datasets"][0] if form == "--json" else out

    return run


DELIMITED_CASES = {
    "quotes": (ROWS.replace("a b", '"a b"').replace(",4\n", ',"4"\n'), {"quoting": 2}),
    "header": (ROWS.replace("id,text", '"id","text"'), {"quoting": 2}),
    "line ends": (ROWS.replace("\n", "\r\n"), {"line_ends": 5}),
    "some line ends": (ROWS.replace("2,,2\n", "2,,2\r\n"), {"line_ends": 1}),
    "number": (ROWS.replace("1.5", "1.50").replace(",2\n", ",2.0\n"), {"number_spelling": 2}),
    "bom": ("\ufeff" + ROWS, {"bom": True}),
    "final line end": (ROWS.removesuffix("\n"), {"final_line_end": True}),
    "delimiter": (ROWS.replace('"x,y"', "x;y").replace(",", ";").replace("x;y", '"x,y"'), {"delimiter": True}),
    "order": ('id,text,score\n4,z,4\n3,"x,y",3\n2,,2\n1,a b,1.5\n', {"reordered": True}),
    "order and quotes": ('id,text,score\n4,z,4\n3,"x,y",3\n2,,"2"\n"1",a b,1.5\n', {"reordered": True, "quoting": 2}),
    "all at once": (
        "\ufeff" + ROWS.replace("a b", '"a b"').replace("\n", "\r\n").removesuffix("\r\n"),
        {"quoting": 1, "line_ends": 4, "bom": True, "final_line_end": True},
    ),
}


@pytest.mark.parametrize("name", DELIMITED_CASES)
def test_spellings_of_delimited_text(compare: Any, name: str) -> None:
    text, expected = DELIMITED_CASES[name]
    for words in (["-k", "id"], []):
        dataset = compare(ROWS, text, *words)
        assert {key: value for key, value in dataset["formatting"].items() if value is not None} == {
            **DELIMITED,
            **expected,
        }
        assert dataset["status"] == "modified"
        rows = dataset["rows"]
        assert (rows["added"], rows["removed"], rows["changed"], rows["unchanged"]) == (0, 0, 0, 4)
        assert dataset["schema_changes"] == [] and dataset["changed_cells"] == {}
        back = compare(text, ROWS, *words)
        assert back["formatting"] == dataset["formatting"]
    assert "formatting only:" in compare(ROWS, text, form="--stat")


def test_equal_bytes_are_unchanged(compare: Any) -> None:
    dataset = compare(ROWS, ROWS)
    assert dataset["status"] == "unchanged" and not any(dataset["formatting"].values())


def test_cells_that_changed_are_content_and_the_others_formatting(compare: Any) -> None:
    new = ROWS.replace("1,a b,1.5", '"1","a c","1.5"')
    dataset = compare(ROWS, new, "-k", "id")
    assert dataset["formatting"]["quoting"] == 2
    assert (dataset["rows"]["changed"], dataset["changed_cells"]) == (1, {"text": 1})


def test_an_empty_text_is_not_a_missing_one_however_it_is_quoted(compare: Any) -> None:
    dataset = compare(ROWS, ROWS.replace("2,,2", '2,"",2'), "-k", "id")
    assert dataset["formatting"]["quoting"] == 0
    assert dataset["changed_cells"] == {"text": 1}


def test_line_breaks_inside_a_cell_are_content(compare: Any) -> None:
    old = 'id,text\n1,"a\nb"\n2,c\n'
    dataset = compare(old, old.replace("a\nb", "a\r\nb"), "-k", "id")
    assert dataset["formatting"]["line_ends"] == 0
    assert dataset["changed_cells"] == {"text": 1}


def test_without_a_key_rows_pair_by_value_and_by_position_by_place(compare: Any) -> None:
    old, new = "t,n\na,1\na,1\nb,2\n", 't,n\na,1\n"a",1\nb,"2"\n'
    assert compare(old, new)["formatting"]["quoting"] == 2
    assert compare(old, new, "--by-position")["formatting"]["quoting"] == 2
    assert compare(old, 't,n\n"b",2\na,1\na,1\n', "--by-position")["formatting"]["quoting"] == 0


def test_a_header_only_change_changes_no_row(compare: Any) -> None:
    dataset = compare(ROWS, ROWS.replace("id,text,score", "id,Text,score"), "-k", "id")
    assert (dataset["rows"]["changed"], dataset["rows"]["unchanged"]) == (0, 4)
    assert [change["change"] for change in dataset["schema_changes"]] == ["field_renamed"]
    assert dataset["formatting"]["quoting"] == 0


LINES = (
    '{"id": 1, "x": 1.5, "t": "é", "l": [1, 2]}\n{"id": 2, "x": 2.0, "t": "b", "l": []}\n{"id": 3, "x": 9, "t": "c"}\n'
)
JSON_CASES = {
    "number": (LINES.replace("2.0", "2.00").replace("1.5", "15e-1"), {"number_spelling": 2}),
    "whole": (LINES.replace("2.0", "2"), {"number_spelling": 1}),
    "order": (LINES.replace('"id": 2, "x": 2.0', '"x": 2.0, "id": 2'), {"key_order": 1}),
    "blanks": (LINES.replace('{"id": 3, "x": 9', '{"id":3,"x":9'), {"whitespace": 1}),
    "escapes": (LINES.replace("é", "\\u00e9"), {"escapes": 1}),
    "line ends": (LINES.replace("\n", "\r\n"), {"line_ends": 3}),
    "bom": ("\ufeff" + LINES, {"bom": True}),
    "final line end": (LINES.removesuffix("\n"), {"final_line_end": True}),
}


@pytest.mark.parametrize("name", JSON_CASES)
def test_spellings_of_json_lines(compare: Any, name: str) -> None:
    text, expected = JSON_CASES[name]
    dataset = compare(LINES, text, "-k", "id", suffix="jsonl")
    known = {key: value for key, value in dataset["formatting"].items() if value is not None}
    assert known == {**{key: JSON[key] for key in JSON if key != "quoting"}, **expected}
    assert (dataset["rows"]["changed"], dataset["rows"]["unchanged"], dataset["status"]) == (0, 3, "modified")


def test_files_too_large_to_compare_so_are_not_known_to_be_equal(compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spelling_diff, "MOST_BYTES", 20)
    for old, new, suffix in ((ROWS, ROWS.replace("a b", '"a b"'), "csv"), (LINES, LINES.replace(" ", ""), "jsonl")):
        formatting = compare(old, new, "-k", "id", suffix=suffix)["formatting"]
        assert formatting["quoting"] is formatting["line_ends"] is formatting["whitespace"] is None


def test_other_formats_do_not_know(compare: Any, tmp_path: Path) -> None:
    import pandas as pd

    for name, order in (("a", [1, 2]), ("b", [2, 1])):
        pd.DataFrame({"id": order}).to_parquet(tmp_path / f"{name}.parquet")
    assert main(["diff", "a.parquet", "b.parquet", "--json", "-o", "out.json"]) == 0
    formatting = json.loads((tmp_path / "out.json").read_text())["datasets"][0]["formatting"]
    assert formatting["reordered"] is True and formatting["quoting"] is None


@pytest.mark.parametrize("words", [["--hide", "formatting"], ["--hide", "formatting", "--hide", "schema"]])
def test_formatting_can_be_hidden(compare: Any, words: list[str]) -> None:
    text = ROWS.replace("a b", '"a b"')
    assert "formatting only" not in compare(ROWS, text, *words, form="--stat")
    assert compare(ROWS, text, "--exit-code", code=1)["formatting"]["quoting"] == 1
    hidden = compare(ROWS, text, "--exit-code", *words)
    # What is hidden is still counted, and a file that differs is never called unchanged.
    assert hidden["status"] == "modified" and hidden["formatting"]["quoting"] == 1


def test_schema_and_content_can_be_hidden(compare: Any) -> None:
    text = ROWS.replace("score", "points").replace("4,z", "4,zz")
    shown = compare(ROWS, text, "-k", "id", form="--rows")
    assert "~ id=4" in shown
    whole = compare(ROWS, text, "-k", "id", form="--md")
    assert "points" in whole and "zz" in whole
    hidden = compare(ROWS, text, "-k", "id", "--hide", "schema", form="--md")
    assert "points" not in hidden and "zz" in hidden
    hidden = compare(ROWS, text, "-k", "id", "--hide", "content", form="--md")
    assert "points" in hidden and "zz" not in hidden
    assert (
        compare(ROWS, ROWS.replace("4,z", "4,zz"), "-k", "id", "--exit-code", "--hide", "content")["rows"]["changed"]
        == 1
    )
    compare(ROWS, text, "-k", "id", "--exit-code", "--hide", "content", code=1)
    compare(ROWS, text, "-k", "id", "--exit-code", "--hide", "content", "--hide", "schema", code=0)


def test_similar_rows_are_named_and_stay_counted(compare: Any) -> None:
    old, new = "a,b,c\nx,y,z\nx,y,z\nk,l,m\n", "a,b,c\nx,y,z\nx,y,z\nk,l,n\n"
    assert compare(old, new)["similar_pairs"] is None
    dataset = compare(old, new, "--similar")
    (pair,) = dataset["similar_pairs"]
    assert pair["cells"] == {"c": {"old": "m", "new": "n"}} and pair["position"] == {"old": 3, "new": 3}
    assert (dataset["rows"]["added"], dataset["rows"]["removed"], dataset["rows"]["changed"]) == (1, 1, 0)
    page = compare(old, new, "--similar", form="--md")
    assert "1 pair of similar rows" in page and "share most cells" in page
