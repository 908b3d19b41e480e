"""What of a diff is on the page, and in which order."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dsv.model.counts import Counts
from dsv.model.diff import KINDS, DatasetDiff, DiffResult, Formatting, Kind, RowChange, RowCounts
from dsv.model.finding import Finding
from dsv.model.labels import ClassCount, Encoding, LabelDiff, Transition
from dsv.model.page import Page, Rows
from dsv.model.revision import Revision
from dsv.renderers.text import render
from dsv.views.diff import build


class NoRows:
    def rows(self, kinds: tuple[Kind, ...] = KINDS, limit: int | None = None) -> Iterator[RowChange]:
        return iter(())


LABEL = LabelDiff(
    field="kind",
    classes=(
        ClassCount(name="a", old=10, new=5, by_split={}),
        ClassCount(name="b", old=0, new=6, by_split={}),
        ClassCount(name="c", old=7, new=7, by_split={}),
    ),
    transitions=(Transition(source="a", target="b", rows=5),),
    inferred=(),
    unlabelled=Counts(old=0, new=0),
)
DATASET = DatasetDiff(
    dataset="signs",
    path="data/signs.csv",
    status="modified",
    compared="rows",
    key=("id",),
    key_source="declared",
    key_evidence=None,
    rows=RowCounts(old=17, new=18, added=1, removed=0, changed=5, unchanged=12, rekeyed=0),
    duplicate_keys=None,
    null_keys=None,
    formatting=Formatting(),
    schema_changes=(),
    changed_cells={"kind": 5},
    changed_cells_whitespace_only={},
    changed_cells_case_only={},
    rekeyed=(),
    labels=(LABEL,),
    split_moves=None,
    changes=NoRows(),
)


def result(*datasets: DatasetDiff, complete: bool = True, findings: tuple[Finding, ...] = ()) -> DiffResult:
    return DiffResult(
        old=Revision(name="a.csv"),
        new=Revision(name="b.csv"),
        complete=complete,
        datasets=datasets,
        findings=findings,
    )


def lines(page: Page) -> list[str]:
    return render(page, width=100).splitlines()


def test_what_is_missing_is_said_before_anything_else() -> None:
    page = lines(build(result(DATASET, complete=False)))
    assert page[0] == "a.csv -> b.csv"
    assert page[1].startswith("x incomplete")
    assert not any("incomplete" in line for line in lines(build(result(DATASET))))


def test_findings_come_first_and_errors_first_of_them() -> None:
    found = tuple(
        Finding(rule=f"r-{level}", level=level, message=f"an {level}", dataset="signs")
        for level in ("info", "warning", "error")
    )
    page = lines(build(result(DATASET, findings=found)))
    assert page[1:4] == [
        "x error signs: an error (r-error)",
        "! warning signs: an warning (r-warning)",
        "i info signs: an info (r-info)",
    ]


@pytest.mark.parametrize(
    ("views", "sections"),
    [
        (frozenset(), ["Label kind", "Rows"]),
        ({"stat"}, []),
        ({"schema"}, []),
        ({"labels"}, ["Label kind"]),
        ({"rows"}, ["Rows"]),
        ({"labels", "rows"}, ["Label kind", "Rows"]),
    ],
)
def test_views_choose_sections(views: set[str], sections: list[str]) -> None:
    page = lines(build(result(DATASET), views=frozenset(views)))
    assert [line.strip() for line in page if line.strip() in ("Label kind", "Rows")] == sections
    assert "  rows 17 -> 18  +1 -0 ~5  12 unchanged" in page
    assert ("  no schema changes" in page) is ("schema" in views)


@pytest.mark.parametrize(
    ("views", "limit", "expected"),
    [(set(), None, 10), (set(), 3, 3), ({"rows"}, None, None), ({"rows"}, 0, 0)],
)
def test_the_limit_of_rows(views: set[str], limit: int | None, expected: int | None) -> None:
    page = build(result(DATASET), views=frozenset(views), limit=limit)
    (block,) = [block for block in page.blocks if isinstance(block, Rows)]
    assert (block.limit, block.total) == (expected, 6)


def test_only_the_kinds_that_were_asked_for_are_shown_and_counted() -> None:
    page = build(result(DATASET), kinds=("added",))
    (block,) = [block for block in page.blocks if isinstance(block, Rows)]
    assert (block.kinds, block.total) == (("added",), 1)
    assert not [block for block in build(result(DATASET), kinds=("removed",)).blocks if isinstance(block, Rows)]


NO_CHANGES = RowCounts(old=1_234, new=1_234, added=0, removed=0, changed=0, unchanged=1_234, rekeyed=0)


def test_no_changes_is_said_and_how_it_is_known() -> None:
    same = replace(DATASET, status="unchanged", rows=NO_CHANGES)
    assert "  no changes  rows 1,234  (compared by rows)" in lines(build(result(same)))
    identical = replace(same, changes=None)
    assert "  no changes  rows 1,234  (identical bytes)" in lines(build(result(identical)))
    unread = replace(identical, rows=replace(NO_CHANGES, old=None, new=None, unchanged=None))
    assert "  no changes  rows ?  (identical bytes)" in lines(build(result(unread)))
    profiles = replace(identical, compared="profiles")
    assert "  no changes  rows 1,234  (compared by profiles only)" in lines(build(result(profiles)))


def test_a_difference_in_the_schema_only_has_no_row_changes() -> None:
    page = lines(build(result(replace(DATASET, rows=NO_CHANGES))))
    assert "  no row changes  rows 1,234  +0 -0 ~0  1,234 unchanged" in page


@pytest.mark.parametrize(("status", "words"), [("added", "new table, rows"), ("removed", "table removed, rows")])
def test_new_and_removed_tables(status: str, words: str) -> None:
    assert any(words in line for line in lines(build(result(replace(DATASET, status=status)))))


def test_classes_that_changed_come_first_and_the_rest_is_summed_up() -> None:
    page = [line.strip() for line in lines(build(result(DATASET), views=frozenset({"labels"})))]
    start = page.index("Label kind")
    assert [line.split() for line in page[start + 1 : start + 5]] == [
        ["class", "rows", "delta", "share", "%", "points"],
        ["b", "0", "->", "6", "+6", "0.0", "->", "33.3", "+33.3"],
        ["a", "10", "->", "5", "-5", "58.8", "->", "27.8", f"{500 / 18 - 1000 / 17:+.1f}"],
        ["1", "class", "unchanged", "(7", "rows)"],
    ]


def test_the_summary_lists_the_largest_changes_and_says_what_it_left_out() -> None:
    many = tuple(ClassCount(name=f"c{n:02}", old=n, new=2 * n, by_split={}) for n in range(1, 31))
    steps = tuple(Transition(source=f"c{n:02}", target="a", rows=n) for n in range(30, 0, -1))
    dataset = replace(DATASET, labels=(replace(LABEL, classes=many, transitions=steps),))
    page = lines(build(result(dataset)))
    assert "    … 10 more changed (--labels shows all)" in page
    assert "    … 20 more transitions (210 rows)" in page
    everything = lines(build(result(dataset), views=frozenset({"labels"})))
    assert sum(line[:5] == "    c" and line[5].isdigit() for line in everything) == 60
    assert not any("more" in line for line in everything)


def test_many_splits_do_not_make_a_wide_table() -> None:
    by_split = {f"s{n}": Counts(old=n, new=n if n % 2 else n + 1) for n in range(12)}
    dataset = replace(
        DATASET, labels=(replace(LABEL, classes=(ClassCount(name="a", old=66, new=72, by_split=by_split),)),)
    )
    page = lines(build(result(dataset)))
    (titles,) = [line.split() for line in page if line.split()[:1] == ["class"]]
    assert titles[-4:] == ["s0", "s10", "s2", "s4"]
    assert "    … and 2 more splits (--json has all)" in page


def test_a_class_that_only_moved_between_splits_has_changed() -> None:
    moved = ClassCount(name="a", old=3, new=3, by_split={"test": Counts(old=1, new=0), "train": Counts(old=2, new=3)})
    page = lines(build(result(replace(DATASET, labels=(replace(LABEL, classes=(moved,)),)))))
    assert any(line.split() == ["a", "3", "0", "100.0", "0.0", "1", "->", "0", "2", "->", "3"] for line in page)


def test_above_twenty_changed_tables_each_has_one_line() -> None:
    datasets = [replace(DATASET, dataset=f"t{n}.csv", path=f"t{n}.csv") for n in range(21)]
    same = replace(DATASET, status="unchanged", rows=NO_CHANGES)
    page = lines(build(result(*datasets, same)))
    assert page[1] == "t0.csv  rows 17 -> 18  +1 -0 ~5"
    assert page[-2:] == [
        "1 table without changes",
        "too many to show each: name some, as in dsv diff -- PATH",
    ]
    assert len(lines(build(result(*datasets[:20])))) > 100


def test_nothing_to_compare() -> None:
    assert lines(build(result())) == ["a.csv -> b.csv", "no tables to compare"]


def test_a_commit_is_short_and_not_repeated() -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    named = DiffResult(
        old=Revision(name="v1", commit=commit),
        new=Revision(name="0123456", commit=commit),
        complete=True,
        datasets=(),
        findings=(),
    )
    assert lines(build(named))[0] == "v1 (0123456) -> 0123456"


def test_the_key_is_shown_with_its_evidence() -> None:
    given = replace(DATASET, key=("id", "box"), key_source="given")
    assert "  key id, box (given)" in lines(build(result(given)))
    inferred = replace(DATASET, key_source="inferred", key_evidence="key id: unique 100 %, no nulls")
    assert "  key id: unique 100 %, no nulls (inferred)" in lines(build(result(inferred)))
    none = replace(DATASET, key=(), key_source="none", key_evidence="rows paired by position")
    assert "  rows paired by position" in lines(build(result(none)))


def test_classes_that_differ_in_blanks_look_different() -> None:
    blank = (
        ClassCount(name="a", old=1, new=0, by_split={}),
        ClassCount(name="a ", old=0, new=1, by_split={}),
    )
    page = lines(build(result(replace(DATASET, labels=(replace(LABEL, classes=blank),)))))
    assert {line.split()[0] for line in page if "1 -> 0" in line or "0 -> 1" in line} == {"a", '"a'}


def test_the_summary_names_the_fields_with_most_changed_cells_first() -> None:
    counts = {f"f{number}": number for number in range(1, 11)}
    page = lines(build(result(replace(DATASET, changed_cells={**counts, "lat": 25_401}))))
    assert "  cells changed: lat 25,401, f10 10, f9 9, f8 8, f7 7, f6 6, f5 5, f4 4, … 3 more fields" in page


def test_what_is_only_written_otherwise_stands_apart_from_what_means_something_else() -> None:
    label = replace(
        LABEL,
        transitions=(
            Transition(source="I-PER", target="B-PER", rows=9_000, encoding_only=9_000),
            Transition(source="O", target="B-PER", rows=8, encoding_only=5),
        ),
        encodings=(
            Encoding(kind="tags", source="IOB1", target="BIO", rows=9_000),
            Encoding(kind="plural", source="cans", target="can", rows=5),
        ),
    )
    dataset = replace(DATASET, labels=(label,), changed_cells_encoding_only={"kind": 9_005})
    page = [" ".join(line.split()) for line in lines(build(result(dataset)))]
    assert "of which 9,005 label cells encoding only" in page
    assert "encoding only: IOB1 -> BIO (9,000 rows)" in page
    assert "encoding only: cans -> can: singular or plural only (5 rows)" in page
    assert "O -> B-PER 3" in page
    assert not any(line.startswith("I-PER -> B-PER") for line in page)


def test_shares_are_told_in_percentage_points_for_each_split_too() -> None:
    classes = (
        ClassCount(name="a", old=10, new=5, by_split={"train": Counts(old=8, new=3), "test": Counts(old=2, new=2)}),
        ClassCount(name="b", old=0, new=6, by_split={"train": Counts(old=0, new=6), "test": Counts(old=0, new=0)}),
        ClassCount(name="c", old=7, new=0, by_split={"train": Counts(old=7, new=0), "test": Counts(old=0, new=0)}),
    )
    page = lines(
        build(result(replace(DATASET, labels=(replace(LABEL, classes=classes),))), views=frozenset({"labels"}))
    )
    cells = [line.split() for line in page]
    assert f"a 10 -> 5 -5 {1000 / 17:.1f} -> {500 / 11:.1f} {500 / 11 - 1000 / 17:+.1f} 2 8 -> 3".split() in cells
    assert ["in", "train", "15", "->", "9"] in cells
    assert f"a 8 -> 3 -5 {800 / 15:.1f} -> {300 / 9:.1f} {300 / 9 - 800 / 15:+.1f}".split() in cells
    assert "in test" not in " ".join(page)
    assert ["new", "classes:", "b"] in cells and ["vanished", "classes:", "c"] in cells
