"""Faults of a COCO document that leave it readable, as findings."""

from __future__ import annotations

from collections.abc import Iterator

from dsv.formats._coco.lists import ANNOTATIONS, CATEGORIES, IMAGES, Lists
from dsv.model.finding import Finding, Level
from dsv.model.values import shown
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table

EXAMPLES = 5


def faults(engine: Engine, lists: Lists, table: Table) -> Iterator[Finding]:
    """All faults; `table` holds the annotations with their images and classes by name."""
    yield from _dangling(engine, table, "image", "image_id", IMAGES)
    yield from _dangling(engine, table, "category", "category_id", CATEGORIES)
    for name in (ANNOTATIONS, IMAGES, CATEGORIES):
        yield from _repeated(lists.tables.get(name), name, "id", "error")
    yield from _repeated(lists.tables.get(IMAGES), IMAGES, "file_name", "warning")
    yield from _repeated(lists.tables.get(CATEGORIES), CATEGORIES, "name", "warning")
    yield from _unused(engine, lists.tables.get(CATEGORIES), table)
    yield from _shapes(engine, table)
    for name, part in lists.tables.items():
        if name != ANNOTATIONS and "image_id" in part.schema:
            yield from _several(part, name)
    if lists.nan:
        yield _finding("not-a-number", "warning", lists.nan, "{} NaN or Infinity, which is no JSON", ("holds", "hold"))


def _finding(rule: str, level: Level, count: int, words: str, verbs: tuple[str, str], noun: str = "element") -> Finding:
    """A sentence about `count` things; `{}` stands for the verb."""
    subject = f"1 {noun} {words.format(verbs[0])}" if count == 1 else f"{count:,} {noun}s {words.format(verbs[1])}"
    return Finding(rule=rule, level=level, message=subject, count=count)


def _dangling(engine: Engine, table: Table, field: str, named_by: str, target: str) -> Iterator[Finding]:
    if field not in table.schema:
        return
    count, first = engine.rows(
        f"SELECT count(*), min({POSITION}) FROM {table.relation} WHERE {identifier(field)} IS NULL"
    )[0]
    if count:
        words = f"{{}} no {named_by} that stands in {target}, first annotation {first:,}"
        yield _finding(f"dangling-{field}", "error", count, words, ("has", "have"), "annotation")


def _repeated(table: Table | None, name: str, field: str, level: Level) -> Iterator[Finding]:
    """Values that name several elements."""
    if table is None or field not in table.schema:
        return
    column = identifier(field)
    values = f"SELECT {column} AS x FROM {table.relation} WHERE x IS NOT NULL GROUP BY x HAVING count(*) > 1"
    count = table.engine.value(f"SELECT count(*) FROM ({values})")
    if count:
        examples = ", ".join(shown(x) for (x,) in table.engine.rows(f"{values} ORDER BY x LIMIT {EXAMPLES}"))
        more = ", …" if count > EXAMPLES else ""
        words = f"{{}} several {name}: {examples}{more}"
        yield _finding("repeated-" + field.replace("_", "-"), level, count, words, ("names", "name"), field)


def _unused(engine: Engine, categories: Table | None, table: Table) -> Iterator[Finding]:
    if categories is None or "name" not in categories.schema or "category" not in table.schema:
        return
    unused = (
        f"SELECT DISTINCT CAST(name AS VARCHAR) AS x FROM {categories.relation} "
        f"WHERE name IS NOT NULL AND x NOT IN (SELECT category FROM {table.relation} WHERE category IS NOT NULL)"
    )
    count = engine.value(f"SELECT count(*) FROM ({unused})")
    if count:
        names = ", ".join(shown(x) for (x,) in engine.rows(f"{unused} ORDER BY x LIMIT {EXAMPLES}"))
        subject = "1 class has" if count == 1 else f"{count:,} classes have"
        message = f"{subject} no annotation: {names}{', …' if count > EXAMPLES else ''}"
        yield Finding(rule="unused-class", level="info", message=message, count=count)


def _shapes(engine: Engine, table: Table) -> Iterator[Finding]:
    kinds = {item.name: item.type for item in table.schema}
    if "bbox" in kinds:
        numbers = "bbox" if kinds["bbox"] == "list<number>" else "TRY_CAST(TRY_CAST(bbox AS JSON) AS DOUBLE[])"
        told = f"len(list_filter({numbers}, lambda x: x IS NOT NULL))"
        wrong = f"bbox IS NOT NULL AND (len({numbers}) IS DISTINCT FROM 4 OR {told} <> 4)"
        yield from _annotations(engine, table, wrong, "no-box", "{} a bbox that is no list of four numbers")
    if "segmentation" in kinds:
        polygons = "segmentation"
        if kinds["segmentation"] == "json":
            polygons = "CASE WHEN json_type(segmentation) = 'ARRAY' THEN TRY_CAST(segmentation AS DOUBLE[][]) END"
            broken = f"json_type(segmentation) NOT IN ('OBJECT', 'NULL') AND {polygons} IS NULL"
            words = "{} a segmentation that is neither polygons nor a mask"
            yield from _annotations(engine, table, broken, "no-shape", words)
        odd = f"len(list_filter({polygons}, lambda x: len(x) % 2 = 1)) > 0"
        yield from _annotations(engine, table, odd, "odd-polygon", "{} a polygon with an odd number of coordinates")


def _annotations(engine: Engine, table: Table, wrong: str, rule: str, words: str) -> Iterator[Finding]:
    count, first = engine.rows(f"SELECT count(*), min({POSITION}) FROM {table.relation} WHERE {wrong}")[0]
    if count:
        yield _finding(rule, "warning", count, f"{words}, first annotation {first:,}", ("has", "have"), "annotation")


def _several(part: Table, name: str) -> Iterator[Finding]:
    """Images that a list with one element an image names several times."""
    count = part.engine.value(
        f"SELECT count(*) FROM (SELECT image_id FROM {part.relation} GROUP BY image_id HAVING count(*) > 1)"
    )
    if count:
        yield _finding("several-of-one-image", "info", count, f"{{}} several {name}", ("has", "have"), "image")
