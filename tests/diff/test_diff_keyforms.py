"""Keys that changed their form: asked about, never paired in silence."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from dsv.api.diff import DiffOptions, compare
from dsv.cli.main import main
from dsv.diff.dataset import diff_tables
from dsv.diff.request import DiffRequest
from dsv.errors import SchemaError
from dsv.model.diff import DatasetDiff
from dsv.model.finding import Finding

NAMES = [f"{base}{number}" for number in range(1, 61) for base in ("Zoë", "ångström", "Café Nr ")]
DAYS = [(2020 + month % 3, month, day) for month in range(1, 13) for day in range(1, 29, 3)]

CHANGES: dict[str, tuple[list[str], Callable[[str], str]]] = {
    "unicode": ([unicodedata.normalize("NFC", name) for name in NAMES], lambda key: unicodedata.normalize("NFD", key)),
    "blanks": (NAMES, lambda key: f" {key.replace(' ', '  ')}\u00a0"),
    "case": (NAMES, str.upper),
    "leading-zeros": ([f"{number:05}" for number in range(200)], lambda key: str(int(key))),
    "folder": ([f"data/{number % 7}/{number}.jpg" for number in range(200)], lambda key: key.rpartition("/")[2]),
    "ending": ([f"img {number}.jpeg" for number in range(200)], lambda key: key.removesuffix("jpeg") + "png"),
    "file": ([f"a/b{number}.jpg" for number in range(200)], lambda key: f"c/{key[2:-4]}.png"),
    "prefix:img_": ([str(number) for number in range(5, 200)], lambda key: f"img_{key}"),
    "suffix:_v2": ([f"{number}x" for number in range(5, 200)], lambda key: f"{key}_v2"),
    "day-month": (
        [f"{year}-{month:02}-{day:02}" for year, month, day in DAYS],
        lambda key: f"{key[:4]}-{key[8:]}-{key[5:7]}" if int(key[8:]) <= 12 else key,
    ),
    "dates:%d/%m/%Y,%m/%d/%Y": (
        [f"{day:02}/{month:02}/{year}" for year, month, day in DAYS],
        lambda key: f"{key[3:5]}/{key[:2]}/{key[6:]}",
    ),
    "dates:%Y-%m-%d,%d.%m.%Y": (
        [f"{year}-{month:02}-{day:02}" for year, month, day in DAYS],
        lambda key: ".".join(reversed(key.split("-"))),
    ),
}


def tables(make: Any, old: Sequence[str], new: Sequence[str], **request: Any) -> DatasetDiff:
    """The diff of two tables with these keys, whose other cells repeat."""
    types = {"id": "string", "class": "string"}
    left, right = (make.rows(types, [[key, f"c{place % 3}"] for place, key in enumerate(side)]) for side in (old, new))
    return diff_tables("t", "t", left, right, DiffRequest(**request))


def asked(found: DatasetDiff) -> list[Finding]:
    return [finding for finding in found.findings if finding.rule == "key-form-changed"]


def one_to_one(old: Sequence[str], new: Sequence[str]) -> int:
    return len(set(old) & set(new))


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("key", [("id",), ()])
def test_a_changed_form_is_asked_about_and_nothing_is_paired_by_it(make: Any, name: str, key: tuple[str, ...]) -> None:
    old, change = CHANGES[name]
    new = [change(value) for value in old]
    # One row leaves and one comes, whose keys have nothing in common.
    old, new = [*old, "!"], [*new, "?"]
    found = tables(make, old, new, key=key)
    pairs = one_to_one(old, new)
    if key:
        assert (found.rows.added, found.rows.removed) == (len(new) - pairs, len(old) - pairs)
    (finding,) = asked(found)
    again = "" if found.key == ("id",) else "-k id "
    assert finding.count == len(old) - 1
    assert (
        f"{pairs:,} of {len(old):,} rows pair as they are; {len(old) - 1:,} of {len(old):,} pair by id"
        in finding.message
    )
    assert f"compare so with {again}--key-form" in finding.message and name.partition(":")[2] in finding.message

    # The answer does what the question says.
    told = tables(make, old, new, key=("id",), key_forms=(("id", name),))
    assert (told.rows.added, told.rows.removed) == (1, 1)
    assert told.rows.changed == 0 and [finding.rule for finding in told.findings] == ["key-form"]


def test_a_number_that_was_text_with_zeros(make: Any) -> None:
    numbers = list(range(300))
    old = make.rows({"id": "string"}, [[f"{number:04}"] for number in numbers])
    new = make.rows({"id": "integer"}, [[number] for number in numbers])
    (finding,) = asked(diff_tables("t", "t", old, new, DiffRequest(key=("id",))))
    assert finding.count == len(numbers) and "leading zeros" in finding.message


def test_one_field_of_a_composite_key(make: Any) -> None:
    rows = [(f"{scan:03}", page) for scan in range(40) for page in range(5)]
    types = {"scan": "string", "page": "integer"}
    old = make.rows(types, rows)
    new = make.rows(types, [(str(int(scan)), page) for scan, page in rows])
    request = DiffRequest(key=("scan", "page"))
    (finding,) = asked(diff_tables("t", "t", old, new, request))
    assert finding.count == len(rows) and "--key-form scan=leading-zeros" in finding.message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # Most rows pair as they are.
        (
            [f"{number:03}" for number in range(200)],
            [f"{number:03}" for number in range(140)] + [str(n) for n in range(60)],
        ),
        # Other rows altogether.
        ([f"a{number}" for number in range(100)], [f"b{number}x{number}" for number in range(100)]),
        # Far fewer rows.
        ([f"{number:03}" for number in range(100)], [str(number) for number in range(50)]),
        # Numbers went on.
        ([str(number) for number in range(1000, 1900)], [str(number) for number in range(11_000, 11_900)]),
        ([], []),
    ],
)
def test_nothing_is_asked_without_need(make: Any, old: list[str], new: list[str]) -> None:
    assert asked(tables(make, old, new, key=("id",))) == []


def test_keys_that_a_form_makes_equal_are_not_counted(make: Any) -> None:
    old = [f"a/{number}" for number in range(100)] + ["b/0", "b/1"]
    new = [f"c/{number}" for number in range(102)]
    (finding,) = asked(tables(make, old, new, key=("id",)))
    assert finding.count == 98


def test_a_form_or_field_that_there_is_not(make: Any) -> None:
    with pytest.raises(SchemaError, match="no such form") as caught:
        tables(make, ["a"], ["b"], key=("id",), key_forms=(("id", "leading-zero"),))
    assert "leading-zeros" in str(caught.value.hint)
    with pytest.raises(SchemaError, match="no field 'ids'"):
        tables(make, ["a"], ["b"], key=("id",), key_forms=(("ids", "case"),))


def test_the_command_line_asks_and_takes_the_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, keys in (("old.csv", [f"{number:03}" for number in range(100)]), ("new.csv", map(str, range(100)))):
        (tmp_path / name).write_text("id,class\n" + "".join(f"{key},c{key[-1]}\n" for key in keys))
    with compare(tmp_path, ["old.csv", "new.csv"], None, DiffOptions(key=("id",))) as comparison:
        assert "--key-form id=leading-zeros" in comparison.result.findings[0].message
    words = ["-C", str(tmp_path), "diff", "old.csv", "new.csv", "-k", "id", "--key-form"]
    assert main([*words, "id=leading-zeros", "--exit-code"]) == 0
    out = capsys.readouterr().out
    assert "no changes" in out and "id was compared in another form: leading zeros are dropped" in out
    assert main([*words, "leading-zeros"]) == 2
    assert "is not FIELD=FORM" in capsys.readouterr().err
