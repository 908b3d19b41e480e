"""Scanning COCO: annotations with their image and class by name, and the other lists as parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dsv.errors import FormatError
from dsv.formats._coco.faults import faults
from dsv.formats._coco.lists import ANNOTATIONS, CATEGORIES, IMAGES, SEGMENTATION, Lists, members_table, read
from dsv.formats._json.document import line_of
from dsv.formats._shared.names import check_names
from dsv.formats.base import Part, Scan
from dsv.model.identity import Rung
from dsv.model.schema import Field, Schema
from dsv.model.snapshot import Snapshot
from dsv.tables.decimals import double_text
from dsv.tables.duckdb import Engine, identifier
from dsv.tables.table import POSITION, Table
from dsv.tables.types import engine_type

IMAGE, CATEGORY, ID = "image", "category", "id"
IMAGE_ID, CATEGORY_ID = "image_id", "category_id"
LIKELY_MOVED = 0.7
"""Boxes of two classes must overlap by more than those of one, to be one object with another class."""

SHAPES = (
    Rung(fields=(IMAGE, CATEGORY, SEGMENTATION)),
    Rung(fields=(IMAGE, SEGMENTATION)),
    Rung(fields=(IMAGE, CATEGORY, "bbox")),
    Rung(fields=(IMAGE, "bbox")),
    Rung(fields=(IMAGE, CATEGORY, "area")),
    Rung(fields=(IMAGE, CATEGORY), boxes="bbox", follows=("area",)),
    Rung(fields=(IMAGE,), boxes="bbox", least_iou=LIKELY_MOVED, follows=("area",)),
    Rung(fields=(IMAGE, CATEGORY, ID)),
)
"""How annotations are told apart: by shape, with the class first; the id, which lies, comes last."""
CAPTIONS = (Rung(fields=(IMAGE, ID)),)
"""The same for annotations without a class, such as captions, which have no shape."""

NUMBERS = ("area", "score")
_AS_NUMBERS = {"list<integer>": "list<number>", "list<list<integer>>": "list<list<number>>"}
_BASIC = (Field(name=IMAGE, type="string"), Field(name=CATEGORY, type="string"), Field(name=ID, type="integer"))


def scan(engine: Engine, snapshot: Snapshot) -> Scan:
    """Read a document. Raises: FormatError: it is none, or does not fit the declared schema."""
    lists = read(engine, snapshot)
    table = _annotations(engine, lists)
    classes = CATEGORY in table.schema
    found = faults(engine, lists, table)
    if snapshot.options.schema is not None:
        table = _declared(engine, snapshot, table, snapshot.options.schema)
    return Scan(
        table=table,
        identity=SHAPES if classes else CAPTIONS,
        surrogates=(ID,),
        labels=(CATEGORY,) if classes else (),
        parts=dict(_parts(engine, lists)),
        findings=tuple(found),
    )


@dataclass(frozen=True, slots=True)
class _Cell:
    """A field of the table: its type, and SQL that makes it of an annotation `a`."""

    name: str
    type: str
    sql: str


def _annotations(engine: Engine, lists: Lists) -> Table:
    source = lists.tables.get(ANNOTATIONS)
    name = engine.fresh("coco_annotations")
    if source is None:
        columns = ", ".join(f"{identifier(item.name)} {engine_type(item.type)}" for item in _BASIC)
        engine.execute(f"CREATE TABLE {name} ({columns}, {POSITION} BIGINT)")
        return Table(engine=engine, relation=name, schema=Schema(fields=_BASIC))
    images, image = named(lists.tables.get(IMAGES), source, IMAGE_ID, ("file_name", "coco_url"), "i")
    categories, category = named(lists.tables.get(CATEGORIES), source, CATEGORY_ID, ("name",), "c")
    cells = [_Cell(IMAGE, "string", image)]
    cells += [_Cell(CATEGORY, "string", category)] if CATEGORY_ID in source.schema else []
    cells += _own_cells(source)
    selected = ", ".join(f"{cell.sql} AS {identifier(cell.name)}" for cell in cells)
    engine.execute(
        f"CREATE TABLE {name} AS SELECT {selected}, a.{POSITION} FROM {source.relation} AS a {images} {categories}"
    )
    schema = Schema(fields=tuple(Field(name=cell.name, type=cell.type) for cell in cells))
    return Table(engine=engine, relation=name, schema=schema)


def named(target: Table | None, source: Table, field: str, names: tuple[str, ...], alias: str) -> tuple[str, str]:
    """SQL that joins the elements which a field of `a` names by their id, and SQL for their name.

    `names` are the fields that may hold a name, the best first; without any it is the id. A name
    that is nowhere to be found is NULL.
    """
    if target is None or field not in source.schema or ID not in target.schema:
        return "", "CAST(NULL AS VARCHAR)"
    numeric = all(table.schema[name].type in ("integer", "number") for table, name in ((source, field), (target, ID)))
    kind = "DOUBLE" if numeric else "VARCHAR"
    known = [identifier(name) for name in names if name in target.schema]
    label = f"coalesce({', '.join(f'CAST({name} AS VARCHAR)' for name in [*known, ID])})"
    elements = (
        f"(SELECT CAST({ID} AS {kind}) AS k, arg_min({label}, {POSITION}) AS label FROM {target.relation} "
        f"WHERE {ID} IS NOT NULL GROUP BY k)"
    )
    return f"LEFT JOIN {elements} AS {alias} ON CAST(a.{identifier(field)} AS {kind}) = {alias}.k", f"{alias}.label"


def _own_cells(source: Table) -> Iterator[_Cell]:
    """The fields that annotations have of their own, the id first."""
    names = [name for name in source.schema.names if name not in (ID, IMAGE_ID, CATEGORY_ID)]
    for name in ([ID] if ID in source.schema else []) + names:
        # What the format calls image and class are names that stand elsewhere.
        shown = f"annotation_{name}" if name.lower() in (IMAGE, CATEGORY) else name
        kind, column = source.schema[name].type, f"a.{identifier(name)}"
        if name == SEGMENTATION:
            yield _segmentation(kind, column)
        elif kind in _AS_NUMBERS or (name in NUMBERS and kind == "integer"):
            number = _AS_NUMBERS.get(kind, "number")
            yield _Cell(shown, number, f"CAST({column} AS {engine_type(number)})")
        else:
            yield _Cell(shown, kind, column)


def _segmentation(kind: str, column: str) -> _Cell:
    """Polygons as lists of numbers; where some or all are masks, JSON in one spelling."""
    polygons = "list<list<number>>"
    if kind in (polygons, "list<list<integer>>"):
        return _Cell(SEGMENTATION, polygons, f"CAST({column} AS {engine_type(polygons)})")
    text = column if kind == "json" else f"CAST(to_json({column}) AS VARCHAR)"
    polygon = f"list_transform(dsv_polygon, lambda dsv_number: CAST({double_text('dsv_number')} AS JSON))"
    numbers = (
        f"CAST(to_json(list_transform(TRY_CAST(CAST({text} AS JSON) AS DOUBLE[][]), lambda dsv_polygon: {polygon})) "
        "AS VARCHAR)"
    )
    size, counts = (f"CAST({text}->'{name}' AS VARCHAR)" for name in ("size", "counts"))
    mask = f"""'{{"size":' || {size} || ',"counts":' || {counts} || '}}'"""
    spelled = (
        f"CASE json_type({text}) WHEN 'ARRAY' THEN CASE WHEN regexp_full_match({text}, '[-+0-9.eE, \\[\\]]*') "
        f"THEN coalesce({numbers}, {text}) ELSE {text} END "
        f"WHEN 'OBJECT' THEN CASE WHEN list_sort(json_keys({text})) = ['counts', 'size'] THEN {mask} ELSE {text} END "
        f"ELSE {text} END"
    )
    return _Cell(SEGMENTATION, "json", spelled)


def _parts(engine: Engine, lists: Lists) -> Iterator[tuple[str, Part]]:
    """The other tables: images by file name, classes by name; what names an image, with its name."""
    for name, table in lists.tables.items():
        if name == IMAGES:
            yield name, Part(table=table, key=_first(table, "file_name", "coco_url", ID), surrogates=(ID,))
        elif name != ANNOTATIONS:
            yield name, _part(engine, lists, table)
    for name, values in lists.members.items():
        if values:
            yield name, Part(table=members_table(engine, values), key=("name",))


def _part(engine: Engine, lists: Lists, table: Table) -> Part:
    if IMAGE_ID in table.schema and IMAGE not in table.schema:
        join, label = named(lists.tables.get(IMAGES), table, IMAGE_ID, ("file_name", "coco_url"), "i")
        name = engine.fresh("coco_part")
        engine.execute(
            f"CREATE VIEW {name} AS SELECT {label} AS {IMAGE}, a.* EXCLUDE ({IMAGE_ID}) "
            f"FROM {table.relation} AS a {join}"
        )
        rest = tuple(item for item in table.schema if item.name != IMAGE_ID)
        schema = Schema(fields=(Field(name=IMAGE, type="string"), *rest))
        surrogates = (ID,) if ID in schema else ()
        return Part(table=Table(engine=engine, relation=name, schema=schema), key=(IMAGE,), surrogates=surrogates)
    if "name" in table.schema:
        return Part(table=table, key=("name",), surrogates=(ID,) if ID in table.schema else ())
    return Part(table=table, key=_first(table, ID))


def _first(table: Table, *names: str) -> tuple[str, ...]:
    return next(((name,) for name in names if name in table.schema), ())


def _declared(engine: Engine, snapshot: Snapshot, table: Table, schema: Schema) -> Table:
    """The table with the declared fields and types. Raises: FormatError: a value does not fit; with its line."""
    optional = [item.name for item in schema if item.nullable]
    check_names([*table.schema.names, *optional], schema, snapshot.shown_path)
    cells = {item.name: _as_declared(table, item) for item in schema}
    for item in schema:
        column = identifier(item.name)
        lost = f"{cells[item.name]} IS NULL" + (f" AND {column} IS NOT NULL" if item.nullable else "")
        bad = None
        if item.name in table.schema and (not item.nullable or item.type != table.schema[item.name].type):
            bad = engine.value(f"SELECT min({POSITION}) FROM {table.relation} WHERE {lost}")
        if bad is not None:
            line = line_of(snapshot, ANNOTATIONS, bad - 1)
            raise FormatError(
                f"field {item.name!r} holds what is no {item.type}",
                where=f"{snapshot.shown_path}:{line}",
                hint="mend the annotation",
            )
    selected = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in cells.items())
    relation = f"(SELECT {selected}, {POSITION} FROM {table.relation})"
    return Table(engine=engine, relation=relation, schema=schema)


def _as_declared(table: Table, item: Field) -> str:
    kind = engine_type(item.type)
    if item.name not in table.schema:
        return f"CAST(NULL AS {kind})"
    column, found = identifier(item.name), table.schema[item.name].type
    if found == item.type:
        return column
    if item.type == "json":
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"TRY_CAST(CAST({column} AS JSON) AS {kind})" if found == "json" else f"TRY_CAST({column} AS {kind})"
