"""Which differences recorded migrations account for: replayed on the rows that differ, they give the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dsv.diff.cells import NEW, OLD, Credits, Differences
from dsv.diff.classes import ClassField
from dsv.diff.equality import Form
from dsv.diff.explain_schema import schema_credits
from dsv.diff.fields import Alignment, FieldPair, forms
from dsv.diff.hashing import Value, row_hash
from dsv.diff.keys import Key
from dsv.diff.replay import Authorship, Replay, Replayed, authorship
from dsv.diff.request import DiffRequest
from dsv.diff.rows import drop
from dsv.diff.undone import undone
from dsv.errors import DsvError
from dsv.model.diff import Explained, SchemaChange, Work
from dsv.model.finding import Finding
from dsv.model.labels import ClassCredit, LabelDiff
from dsv.tables.duckdb import identifier
from dsv.tables.table import POSITION, Table, cast_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What migrations account for, in the chain's order; None where they could not be replayed."""

    explained: tuple[Explained, ...] | None
    unexplained: Work | None
    findings: tuple[Finding, ...] = ()


def recorded_renames(old: Table, new: Table, request: DiffRequest, replay: Replay) -> tuple[tuple[str, str], ...]:
    """The renames that the user tells of, and those of the migrations that the user says nothing about."""
    told = {name for pair in request.renames for name in pair}
    renames = [(after, before) if replay.backwards else (before, after) for before, after in replay.renames]
    recorded = [
        (before, after)
        for before, after in renames
        if before in old.schema and after in new.schema and not {before, after} & told
    ]
    return (*request.renames, *recorded)


def explain(
    old: Table,
    new: Table,
    fields: Alignment,
    key: Key,
    differences: Differences,
    changed_fields: Iterable[str],
    changes: Sequence[SchemaChange],
    replay: Replay,
    request: DiffRequest,
) -> tuple[Differences, Explanation]:
    """Replay migrations on old's rows, and credit each of the differences that come out so.

    `changed_fields` are the fields that have changed cells, `changes` those of the schema. The
    table of `differences` is used up; those that come back have credits.
    """
    try:
        replayed = replay.run(_differing(old, differences) if replay.rowwise else old, True)
    except DsvError as error:
        return differences, Explanation(
            explained=None, unexplained=None, findings=(_failure(error, "so none explains a change"),)
        )
    authors = authorship(replayed)
    credited = _credited(new, fields, differences, tuple(changed_fields), replayed, authors, request)
    drop(old.engine, authors.table)
    by_change = schema_credits(changes, replayed, credited)
    work = _work(credited, by_change)
    steps = dict(enumerate(replayed.steps, 1))
    explained = tuple(
        Explained(migration=steps[number].migration, title=steps[number].title, work=work[number])
        for number in sorted(number for number in work if number is not None)
    )
    unexplained = work.get(None, Work())
    drop(old.engine, *(table.relation for table in (replayed.start, *(step.table for step in replayed.steps))))
    return credited, Explanation(
        explained=explained,
        unexplained=unexplained,
        findings=_beyond(old, new, fields, key, replay, credited, unexplained, request),
    )


def _beyond(
    old: Table,
    new: Table,
    fields: Alignment,
    key: Key,
    replay: Replay,
    listed: Differences,
    unexplained: Work,
    request: DiffRequest,
) -> tuple[Finding, ...]:
    """What the migrations should have done and the differences do not show; or why that is not known."""
    try:
        return undone(old, new, fields, key, replay.run(old, False), listed, unexplained, request)
    except DsvError as error:
        return (_failure(error, "on all rows, so what was taken back of them is not known"),)


def _failure(error: DsvError, so: str) -> Finding:
    where = f" ({error.where})" if error.where else ""
    message = f"the migrations between the two sides cannot be replayed, {so}: {error.message}"
    return Finding(rule="replay-failed", level="warning", message=message + where)


def label_credits(label: LabelDiff, classes: ClassField, differences: Differences) -> LabelDiff:
    """The label with the rows whose class differs by the migration that accounts for it."""
    credits, flag = differences.credits, differences.flag(label.field)
    if credits is None or label.transitions is None:
        return label
    found: Counter[int | None] = Counter()
    if classes.pair is not None and flag is not None:
        columns = differences.columns(classes.pair)
        before, after = classes.names("old", columns[0]), classes.names("new", columns[1])
        if classes.is_list:
            before, after = (f"list_sort(coalesce({names}, []))" for names in (before, after))
        found.update(
            dict(
                differences.engine.rows(
                    f"SELECT {credits.cell(label.field)}, count(*) FROM {differences.table} "
                    f"WHERE {flag} AND {before} IS DISTINCT FROM {after} GROUP BY ALL"
                )
            )
        )
    explained = tuple(
        ClassCredit(migration=credits.migrations[number - 1], rows=found[number])
        for number in sorted(number for number in found if number is not None)
    )
    return replace(label, explained=explained, unexplained=found[None])


def _differing(old: Table, differences: Differences) -> Table:
    """The rows of old that differ, as its file holds them."""
    cells = ", ".join(f"{differences.column('old', name)} AS {identifier(name)}" for name in old.schema.names)
    relation = f"(SELECT {cells}, {OLD} AS {POSITION} FROM {differences.table} WHERE {OLD} IS NOT NULL)"
    return Table(engine=old.engine, relation=relation, schema=old.schema, text_fields=old.text_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """New's cells as values of the types that the replay gives them.

    `value` is SQL for the cell, `form` what it is, and `fits` is true unless text lost its value.
    """

    value: str
    form: Form
    fits: str


def _typed(new: Table, differences: Differences, form: Form, final: Form, type_name: str) -> _Cells:
    column = differences.column("new", form.name)
    if form.name not in new.text_fields:
        return _Cells(value=column, form=form, fits="true")
    value = cast_text(column, type_name, attempt=True)
    typed = replace(final, name=form.name)
    return _Cells(value=f"({value})", form=typed, fits=f"({column} IS NULL) = (({value}) IS NULL)")


def _credited(
    new: Table,
    fields: Alignment,
    differences: Differences,
    changed_fields: tuple[str, ...],
    replayed: Replayed,
    authors: Authorship,
    request: DiffRequest,
) -> Differences:
    """The differences with a column for each credit."""
    engine, final = new.engine, replayed.final
    known = forms(final)
    # The cells of the replay get names of their own: a field may be called as a column of the differences.
    places = {name: f"f{place}" for place, name in enumerate(final.schema.names)}
    cells_of = "".join(f", {identifier(name)} AS {place}" for name, place in places.items())
    credits = Credits(migrations=tuple(step.migration for step in replayed.steps), fields=changed_fields)
    columns = []
    for name in changed_fields:
        pair = fields.find(name)
        value = "CAST(NULL AS INTEGER)"
        if pair is not None and name in known:
            cells = _typed(new, differences, pair.new, known[name], final.schema[name].type)
            same = _same(f"f.{places[name]}", known[name], cells, request)
            value = f"CASE WHEN {differences.flag(name)} AND {same} THEN a.{authors.column(name)} END"
        columns.append(f"{value} AS {credits.cell(name)}")
    matches = _matched(new, fields, differences, replayed, authors)
    removed = "CASE WHEN f.p IS NULL THEN a.gone ELSE g.changed END"
    columns.append(
        f"CASE kind WHEN 'removed' THEN {removed} WHEN 'added' THEN m.changed END AS {Credits.ROW}",
    )
    name = engine.fresh("diff_rows")
    engine.execute(
        f"CREATE TABLE {name} AS SELECT d.*, {', '.join(columns)} FROM {differences.table} AS d "
        f"LEFT JOIN (SELECT {POSITION} AS p{cells_of} FROM {final.relation} AS dsv_table) AS f ON f.p = d.{OLD} "
        f"LEFT JOIN {authors.table} AS a ON a.p = d.{OLD} "
        f"LEFT JOIN {matches} AS g ON g.p = d.{OLD} "
        f"LEFT JOIN {matches} AS m ON m.n = d.{NEW}"
    )
    drop(engine, matches, differences.table)
    return replace(differences, table=name, credits=credits)


def _same(mine: str, final: Form, cells: _Cells, request: DiffRequest) -> str:
    """SQL that is true where a cell of the replay, which stands in `mine`, is the new cell, but for what is hidden."""
    pair = FieldPair(old=final, new=cells.form)
    equal = f"NOT ({pair.differs(mine, cells.value, request.tolerance)})"
    if pair.textual and request.hide_whitespace:
        equal += f" OR {pair.whitespace_only(mine, cells.value)}"
    if pair.textual and request.hide_case:
        equal += f" OR ({pair.case_only(mine, cells.value, blanks=not request.hide_whitespace)})"
    return f"f.p IS NOT NULL AND {cells.fits} AND ({equal})"


def _matched(new: Table, fields: Alignment, differences: Differences, replayed: Replayed, authors: Authorship) -> str:
    """A table of rows that the replay gave another key, or added (`p`), with the added row `n` that equals it.

    `changed` is the migration that changed the row last. Each row is matched once.
    """
    final, engine = replayed.final, new.engine
    known = forms(final)
    paired_by = () if differences.matched else differences.key
    both = [pair.new for pair in (*paired_by, *differences.compared)]
    wanted = [*both, *(form for form in fields.only_new if form.name in known)]
    name = engine.fresh("diff_matches")
    if any(form.name not in known for form in both):
        engine.execute(f"CREATE TABLE {name} (p BIGINT, n BIGINT, changed INTEGER)")
        return name
    left, right = [], []
    for form in wanted:
        cells = _typed(new, differences, form, known[form.name], final.schema[form.name].type)
        pair = FieldPair(old=known[form.name], new=cells.form)
        left += [pair.hashed("old"), Value(sql=f"{identifier(form.name)} IS NULL")]
        column = differences.column("new", form.name)
        right += [pair.hashed("new", cells.value), Value(sql=f"{column} IS NULL")]
    removed = f"SELECT {OLD} FROM {differences.table} WHERE kind = 'removed'"
    start = f"SELECT {POSITION} FROM {replayed.start.relation} AS dsv_table"
    eligible = f"{POSITION} IN ({removed}) OR {POSITION} NOT IN ({start})"
    place = "row_number() OVER (PARTITION BY h ORDER BY p) AS place"
    one = f"SELECT {POSITION} AS p, {row_hash(left)} AS h FROM {final.relation} AS dsv_table WHERE {eligible}"
    other = f"SELECT {NEW} AS p, {row_hash(right)} AS h FROM {differences.table} WHERE kind = 'added'"
    engine.execute(
        f"CREATE TABLE {name} AS SELECT l.p AS p, r.p AS n, a.changed AS changed "
        f"FROM (SELECT *, {place} FROM ({one})) AS l JOIN (SELECT *, {place} FROM ({other})) AS r USING (h, place) "
        f"JOIN {authors.table} AS a ON a.p = l.p"
    )
    return name


def _work(differences: Differences, changes: Mapping[int | None, int]) -> dict[int | None, Work]:
    """The differences by the migration that accounts for them; None for none."""
    credits = differences.credits
    if credits is None:
        raise ValueError("nobody asked for credits")
    engine, table = differences.engine, differences.table
    counts: dict[int | None, Counter[str]] = defaultdict(Counter)
    cells: dict[int | None, dict[str, int]] = defaultdict(dict)
    for kind, number, rows in engine.rows(
        f"SELECT kind, {Credits.ROW}, count(*) FROM {table} WHERE kind IN ('added', 'removed') GROUP BY ALL"
    ):
        counts[number][kind] = rows
    for name in credits.fields:
        credit = credits.cell(name)
        for number, rows in engine.rows(
            f"SELECT {credit}, count(*) FROM {table} WHERE {differences.flag(name)} GROUP BY ALL"
        ):
            cells[number][name] = rows
    for number, rows in engine.rows(_changed_rows(differences, credits)):
        counts[number]["changed"] = rows
    return {
        number: Work(
            rows_added=counts[number]["added"],
            rows_removed=counts[number]["removed"],
            rows_changed=counts[number]["changed"],
            cells=cells[number],
            schema_changes=changes.get(number, 0),
        )
        for number in {*counts, *cells, *changes}
    }


def _changed_rows(differences: Differences, credits: Credits) -> str:
    """SQL for changed rows by each migration that accounts for a cell of theirs; NULL for cells that none does."""
    by_cell = ", ".join(
        f"CASE WHEN {differences.flag(name)} THEN coalesce({credits.cell(name)}, 0) END" for name in credits.fields
    )
    numbers = f"SELECT unnest(list_distinct([{by_cell}])) AS number FROM {differences.table} WHERE kind = 'changed'"
    return f"SELECT nullif(number, 0), count(*) FROM ({numbers}) GROUP BY number"
