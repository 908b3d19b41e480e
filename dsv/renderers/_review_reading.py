"""A review read back from its JSON (`dsv.review/1`): a trusted job renders what one that is not trusted wrote.

The text is hostile: every value is checked for its kind, and what is no review is refused with the place that is wrong.
Names that this version does not know are ignored, as the contract says.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar, get_args

from dsv.errors import DocumentError
from dsv.model.counts import Counts
from dsv.model.diff import (
    KINDS,
    Cell,
    DatasetDiff,
    Explained,
    Formatting,
    KeyChange,
    Kind,
    MediaDiff,
    RowChange,
    RowCounts,
    SchemaChange,
    SplitMove,
    Work,
)
from dsv.model.finding import Level
from dsv.model.labels import ClassCount, ClassCredit, Encoding, Inferred, LabelDiff, Transition
from dsv.model.review import VALUES, DatasetReview, Failure, Group, Review, ReviewFinding, Unit
from dsv.model.revision import Revision

T = TypeVar("T")
SCHEMA = "dsv.review/1"
LARGEST_BYTES = 100 * 2**20
DEEPEST = 200


@dataclass(frozen=True, slots=True)
class _At:
    """A value of the document, and where it stands."""

    value: Any
    path: str

    def fail(self, wanted: str) -> DocumentError:
        return DocumentError(f"no {SCHEMA}: {wanted} is wanted", where=self.path)

    def get(self, name: str) -> _At:
        return _At(self.mapping().get(name), f"{self.path}.{name}" if name.isidentifier() else self.path)

    def mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, dict):
            raise self.fail("an object")
        return self.value

    def items(self) -> Iterator[tuple[str, _At]]:
        for number, (name, value) in enumerate(self.mapping().items()):
            yield name, _At(value, f"{self.path}.{name if name.isidentifier() else number}")

    def each(self, make: Callable[[_At], T]) -> tuple[T, ...]:
        if not isinstance(self.value, list):
            raise self.fail("a list")
        return tuple(make(_At(item, f"{self.path}[{number}]")) for number, item in enumerate(self.value))

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.fail("a text")
        return self.value

    def count(self) -> int:
        if type(self.value) is not int or self.value < 0:
            raise self.fail("a count")
        return self.value

    def share(self) -> float:
        if type(self.value) not in (int, float) or not 0 <= self.value <= 1:
            raise self.fail("a number from 0 to 1")
        return float(self.value)

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.fail("true or false")
        return self.value

    def one_of(self, known: tuple[Any, ...]) -> Any:
        if self.value not in known or isinstance(self.value, list | dict):
            raise self.fail(f"one of {', '.join(map(str, known))}")
        return self.value

    def maybe(self, make: Callable[[_At], T]) -> T | None:
        return None if self.value is None else make(self)


def load(content: bytes, where: str) -> Review:
    """The review that a document holds; of changed rows it has those that stand in the document.

    Raises: DocumentError: it is too large, no JSON, or no `dsv.review/1`; with the place that is wrong.
    """
    if len(content) > LARGEST_BYTES:
        raise DocumentError(f"a review has at most {LARGEST_BYTES:,} bytes, not {len(content):,}", where=where)
    try:
        document = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"no JSON: {str(error)[:200]}", where=where) from None
    top = _At(document, where)
    top.get("schema").one_of((SCHEMA,))
    try:
        return _review(top)
    except RecursionError:
        raise DocumentError("a value is nested too deep", where=where) from None


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _review(top: _At) -> Review:
    review = Review(
        base=_revision(top.get("base")),
        head=_revision(top.get("head")),
        merge_base=_revision(top.get("merge_base")),
        command=top.get("command").text(),
        values=top.get("values").one_of(VALUES),
        datasets=top.get("datasets").each(_dataset),
        findings=top.get("findings").each(_finding),
        errors=top.get("errors").each(_failure),
    )
    # A document whose verdict is better than its findings must not pass.
    top.get("verdict").one_of((review.verdict,))
    top.get("complete").one_of((review.complete,))
    return review


def _revision(at: _At) -> Revision:
    return Revision(name=at.get("revision").text(), commit=at.get("commit").maybe(_At.text))


def _finding(at: _At) -> ReviewFinding:
    return ReviewFinding(
        rule=at.get("rule").text(),
        level=at.get("level").one_of(get_args(Level)),
        message=at.get("message").text(),
        count=at.get("count").count(),
        dataset=at.get("dataset").maybe(_At.text),
        id=at.get("id").text(),
        unit=at.get("unit").one_of(get_args(Unit)),
        anchor=at.get("anchor").text(),
        see=at.get("see").maybe(_At.text),
        path=at.get("path").maybe(_At.text),
        line=at.get("line").maybe(_At.count),
    )


def _failure(at: _At) -> Failure:
    names = ("dataset", "where", "hint")
    return Failure(message=at.get("message").text(), **{name: at.get(name).maybe(_At.text) for name in names})


def _dataset(at: _At) -> DatasetReview:
    return DatasetReview(
        diff=_diff(at, at.get("dataset").text(), at.get("path").text()),
        groups=at.get("groups").maybe(lambda groups: groups.each(_group)),
        more_groups=at.get("more_groups").count(),
        more_cells=at.get("more_cells").count(),
        redacted=at.get("redacted").each(_At.text),
    )


def _diff(at: _At, name: str, path: str) -> DatasetDiff:
    """A dataset, or another table of its format, which has fewer names."""
    none = _At({}, at.path)
    labels = at.get("labels")
    return DatasetDiff(
        dataset=name,
        path=path,
        status=at.get("status").one_of(("added", "removed", "modified", "unchanged")),
        compared=at.get("compared").one_of(("rows", "hashes", "profiles", None)) or "rows",
        key=at.get("key").each(_At.text),
        key_source=at.get("key_source").maybe(_At.text) or "none",  # type: ignore[arg-type]
        key_evidence=at.get("key_evidence").maybe(_At.text),
        rows=RowCounts(**{item.name: at.get("rows").get(item.name).maybe(_At.count) for item in fields(RowCounts)}),
        duplicate_keys=at.get("duplicate_keys").maybe(_counts),
        null_keys=at.get("null_keys").maybe(_counts),
        formatting=_formatting(at.get("formatting").maybe(lambda found: found) or none),
        schema_changes=at.get("schema_changes").each(_schema_change),
        changed_cells=at.get("changed_cells").maybe(_cells),
        changed_cells_whitespace_only=at.get("changed_cells_whitespace_only").maybe(_cells),
        changed_cells_case_only=at.get("changed_cells_case_only").maybe(_cells),
        changed_cells_encoding_only=at.get("changed_cells_encoding_only").maybe(_cells),
        rekeyed=at.get("rekeyed").maybe(lambda pairs: pairs.each(_rekeyed)),
        labels=() if labels.value is None else tuple(_label(field, label) for field, label in labels.items()),
        split_moves=(at.get("splits").maybe(lambda found: found) or none).get("moved").maybe(lambda x: x.each(_move)),
        changes=_rows(at.get("samples")),
        explained=at.get("explained").maybe(lambda found: found.each(_explained)),
        unexplained=at.get("unexplained").maybe(_work),
        media=at.get("media").maybe(_media),
        tables={} if at.get("tables").value is None else {k: _diff(t, k, k) for k, t in at.get("tables").items()},
        split=at.get("split").maybe(_At.text),
    )


def _formatting(at: _At) -> Formatting:
    flags = ("reordered", "bom", "delimiter", "final_line_end")
    return Formatting(
        **{
            item.name: at.get(item.name).maybe(_At.flag if item.name in flags else _At.count)
            for item in fields(Formatting)
        }  # type: ignore[arg-type]
    )


def _media(at: _At) -> MediaDiff:
    return MediaDiff(**{item.name: at.get(item.name).count() for item in fields(MediaDiff)})


def _counts(at: _At) -> Counts:
    return Counts(old=at.get("old").count(), new=at.get("new").count())


def _cells(at: _At) -> dict[str, int]:
    return {name: count.count() for name, count in at.items()}


def _schema_change(at: _At) -> SchemaChange:
    kinds = ("field_added", "field_removed", "field_renamed", "type_changed", "nullable_changed")
    return SchemaChange(
        change=at.get("change").one_of(kinds),
        field=at.get("field").text(),
        breaking=at.get("breaking").flag(),
        **{name: at.get(name).maybe(_At.text) for name in ("to", "old_type", "new_type")},
    )


def _move(at: _At) -> SplitMove:
    return SplitMove(
        source=at.get("from").maybe(_At.text), target=at.get("to").maybe(_At.text), rows=at.get("rows").count()
    )


def _work(at: _At) -> Work:
    names = ("rows_added", "rows_removed", "rows_changed", "schema_changes")
    return Work(cells=_cells(at.get("cells")), **{name: at.get(name).count() for name in names})


def _explained(at: _At) -> Explained:
    return Explained(migration=at.get("migration").text(), title=at.get("title").text(), work=_work(at))


def _label(field: str, at: _At) -> LabelDiff:
    return LabelDiff(
        field=field,
        classes=at.get("classes").each(_class),
        transitions=at.get("transitions").maybe(lambda found: found.each(_transition)),
        inferred=at.get("inferred").maybe(lambda found: found.each(_inferred)),
        unlabelled=_counts(at.get("unlabelled")),
        changed_sets=at.get("changed_sets").maybe(_At.count) or 0,
        js_distance=at.get("js_distance").maybe(_At.share),
        explained=at.get("explained").maybe(lambda found: found.each(_credit)),
        unexplained=at.get("unexplained").maybe(_At.count),
        encodings=at.get("encodings").maybe(lambda found: found.each(_encoding)) or (),
        truncated=at.get("truncated").maybe(_counts),
    )


def _class(at: _At) -> ClassCount:
    by_split = {split: _counts(counts) for split, counts in at.get("by_split").items()}
    return ClassCount(
        name=at.get("class").text(), old=at.get("old").count(), new=at.get("new").count(), by_split=by_split
    )


def _transition(at: _At) -> Transition:
    return Transition(
        source=at.get("from").maybe(_At.text),
        target=at.get("to").maybe(_At.text),
        rows=at.get("rows").count(),
        encoding_only=at.get("encoding_only").maybe(_At.count) or 0,
    )


def _inferred(at: _At) -> Inferred:
    return Inferred(
        operation=at.get("operation").one_of(("rename_class", "merge_classes", "split_class")),
        sources=at.get("from").each(_At.text),
        targets=at.get("to").each(_At.text),
        support=at.get("support").count(),
        total=at.get("total").count(),
        strays=at.get("strays").each(_transition),
    )


def _credit(at: _At) -> ClassCredit:
    return ClassCredit(migration=at.get("migration").text(), rows=at.get("rows").count())


def _encoding(at: _At) -> Encoding:
    return Encoding(
        kind=at.get("kind").one_of(("tags", "case", "blanks", "plural")),
        source=at.get("from").text(),
        target=at.get("to").text(),
        rows=at.get("rows").count(),
    )


def _group(at: _At) -> Group:
    return Group(
        field=at.get("field").text(),
        before=_value(at.get("before").value),
        after=_value(at.get("after").value),
        count=at.get("count").count(),
        share=at.get("share").share(),
        migration=at.get("migration").maybe(_At.text),
        samples=at.get("samples").each(lambda row: _row(row, "changed")),
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows that a document has (dsv.model.diff.Changeset)."""

    kept: tuple[RowChange, ...]

    def rows(self, kinds: tuple[Kind, ...] = KINDS, limit: int | None = None) -> Iterator[RowChange]:
        """Rows of the given kinds, kind by kind; at most `limit` of each kind."""
        for kind in kinds:
            yield from [row for row in self.kept if row.kind == kind][:limit]


def _rows(at: _At) -> Kept | None:
    if at.value is None:
        return None
    found = [row for kind in KINDS for row in _of_kind(at.get(kind), kind)]
    return Kept(tuple(found)) if found else None


def _of_kind(at: _At, kind: Kind) -> tuple[RowChange, ...]:
    return at.maybe(lambda rows: rows.each(lambda row: _row(row, kind))) or ()


def _row(at: _At, kind: Kind) -> RowChange:
    context = at.get("context")
    return RowChange(
        kind=kind,
        key=_record(at.get("key")),
        cells={name: _cell(cell) for name, cell in at.get("cells").items()},
        old_position=at.get("position").get("old").maybe(_At.count),
        new_position=at.get("position").get("new").maybe(_At.count),
        migration=at.get("migration").maybe(_At.text),
        context={} if context.value is None else {name: _cell(cell) for name, cell in context.items()},
    )


def _cell(at: _At) -> Cell:
    return Cell(
        old=_value(at.get("old").value), new=_value(at.get("new").value), migration=at.get("migration").maybe(_At.text)
    )


def _rekeyed(at: _At) -> KeyChange:
    return KeyChange(old=_record(at.get("old")), new=_record(at.get("new")))


def _record(at: _At) -> dict[str, Any]:
    return {name: _value(value) for name, value in at.mapping().items()}


def _value(value: Any, depth: int = 0) -> Any:
    """A value of the data from its JSON (see `_encode`); a tag that means nothing stays an object."""
    if depth > DEEPEST:
        raise RecursionError
    if isinstance(value, list):
        return [_value(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((tag, item),) = value.items()
        if tag == "$object" and isinstance(item, dict):
            return {name: _value(inner, depth + 1) for name, inner in item.items()}
        if tag in _TAGS and isinstance(item, str):
            try:
                return _TAGS[tag](item)
            except ValueError:
                return value
    return {name: _value(item, depth + 1) for name, item in value.items()}


_TAGS: Mapping[str, Callable[[str], Any]] = {
    "$number": float,
    "$integer": lambda text: int(text) if len(text) < 1000 else text,
    "$bytes": lambda text: base64.b64decode(text, validate=True),
}
