from __future__ import annotations

from pathlib import Path

import pytest

from dsv.errors import DocumentError
from dsv.migrations.document import read
from dsv.model.migration import Migration

PATH = "migrations/signs/m0002_rename.yaml"
TEXT = """\
# why we do it
dsv: 1
id: m0002_rename
after: m0001_first
title: Bikes are bicycles
operations:
  - op: rename_class@1
    from: bike
    to: bicycle
"""
FILES = """\
dsv: 1
id: m0002_rename
after: m0001_first
title: Reviewed
operations:
  - op: relabel
    file: review.csv
"""


def parse(text: str, folder: Path | None = None) -> Migration:
    return read(text, PATH, folder)


def test_a_document_is_read() -> None:
    made = parse(TEXT)
    assert (made.id, made.after, made.title, made.why) == (
        "m0002_rename",
        "m0001_first",
        "Bikes are bicycles",
        None,
    )
    (operation,) = made.operations
    assert (operation.name, operation.source, operation.to) == ("rename_class", "bike", "bicycle")
    assert made.path == PATH and made.side_files == () and made.tuned == ()


@pytest.mark.parametrize(
    "edit",
    [
        ("# why we do it\n", ""),
        ("title: Bikes are bicycles", "title: Another title\nwhy: because"),
        ("rename_class@1", "rename_class"),
        ("from: bike\n    to: bicycle", 'to: "bicycle"\n    from: bike\n    field: null'),
        ("after: m0001_first", "after: m0001_other"),
    ],
)
def test_what_has_no_meaning_does_not_change_the_digest(edit: tuple[str, str]) -> None:
    assert edit[0] in TEXT
    assert parse(TEXT.replace(*edit)).digest == parse(TEXT).digest


@pytest.mark.parametrize(
    "edit",
    [
        ("to: bicycle", "to: cycle"),
        ("from: bike", "from: 'bike '"),
    ],
)
def test_what_has_meaning_changes_the_digest(edit: tuple[str, str]) -> None:
    assert parse(TEXT.replace(*edit)).digest != parse(TEXT).digest


def test_side_files_count_by_content_but_not_by_line_ends(tmp_path: Path) -> None:
    side = tmp_path / "review.csv"
    side.write_bytes(b"id,old,new\n1,a,b\n")
    made = parse(FILES, tmp_path)
    assert made.side_files == ("migrations/signs/review.csv",)
    side.write_bytes(b"id,old,new\r\n1,a,b\r\n")
    assert parse(FILES, tmp_path).digest == made.digest
    (tmp_path / "other.csv").write_bytes(side.read_bytes())
    assert parse(FILES.replace("review.csv", "other.csv"), tmp_path).digest == made.digest
    side.write_bytes(b"id,old,new\n1,a,c\n")
    assert parse(FILES, tmp_path).digest != made.digest


def test_side_files_must_lie_beside_the_document(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="is not there") as raised:
        parse(FILES, tmp_path)
    assert raised.value.where == PATH
    (tmp_path / "secret.csv").write_text("x")
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(DocumentError, match="leaves"):
        parse(FILES.replace("review.csv", "../secret.csv"), inner)
    (inner / "review.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(DocumentError, match="leaves"):
        parse(FILES, inner)


def test_tuned_parameters_are_found() -> None:
    text = TEXT.replace(
        "  - op: rename_class@1\n    from: bike\n    to: bicycle\n",
        "  - op: drop_rows\n    where: score < ${least}\n"
        "  - op: drop_rows\n    where: score > ${most} or x = ${least}\n",
    )
    assert parse(text).tuned == ("least", "most")


@pytest.mark.parametrize(
    ("edit", "line", "words"),
    [
        (("to: bicycle", "too: bicycle"), 9, "unknown key 'too'"),
        (("rename_class@1", "rename_clas"), 7, "did you mean 'rename_class'"),
        (("rename_class@1", "rename_class@2"), 7, "rename_class@1, not rename_class@2"),
        (("op: rename_class@1", "opp: rename_class@1"), 7, "needs `op:`"),
        (("to: bicycle", "to: 1e3"), 9, "must be text"),
        (("to: bicycle", "to: bicycle\n    to: x"), 10, "given twice"),
        (("dsv: 1", "dsv: 2"), 2, "newer dsv"),
        (("dsv: 1", "dsv: '1'"), 2, "must be an integer"),
        (("title:", "titel:"), 5, "did you mean 'title'"),
        (("id: m0002_rename", "id: m0003_rename"), 3, "not the file's name"),
        (("id: m0002_rename", "id: m2_Rename"), 3, "no id of a migration"),
        (("after: m0001_first", "after: 1"), 4, "must be text"),
        (("after: m0001_first", "after: m0002_rename"), 3, "cannot be the id"),
        (("title: Bikes are bicycles", "title: ' '"), 5, "title is empty"),
        (("id: m0002_rename", "id: 'm0002_rename\\n'"), 3, "no id of a migration"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(edit: tuple[str, str], line: int, words: str) -> None:
    assert edit[0] in TEXT
    with pytest.raises(DocumentError) as raised:
        parse(TEXT.replace(*edit))
    error = raised.value
    told = f"{error.message} {error.where} {error.hint}"
    assert words in told
    assert f"{PATH}:{line}" in told


def test_no_operation_is_an_error() -> None:
    for end in ("operations: []\n", "operations:\n", ""):
        with pytest.raises(DocumentError):
            parse(TEXT[: TEXT.index("operations")] + end)


def test_all_problems_are_told_at_once() -> None:
    text = TEXT.replace("to: bicycle", "too: bicycle").replace("dsv: 1", "dsv: one").replace("after:", "afterr:")
    with pytest.raises(DocumentError) as raised:
        parse(text)
    assert raised.value.where is not None
    for words in (f"{PATH}:2: ", f"{PATH}:4: ", f"{PATH}:9: "):
        assert words in raised.value.where
