"""Options that several commands share."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import click

from dsv.cli.completion import complete
from dsv.errors import UsageError
from dsv.model.diff import KINDS, LAYERS, Kind, Layer

if TYPE_CHECKING:
    from dsv.api.diff import DiffOptions

Function = TypeVar("Function", bound=Callable[..., Any])
Form = Literal["text", "json", "jsonl", "md"]
FORMS: tuple[Form, ...] = ("json", "jsonl", "md")
VIEWS = ("stat", "schema", "labels", "rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """What of a result is shown, in which form and where.

    No `views` ask for a summary of all. `limit` is of rows of each kind (None: the form's own).
    `hide` are layers that are not shown. `exit_code`: end with 1 when there are differences in the other layers.
    """

    views: frozenset[str] = frozenset()
    kinds: tuple[Kind, ...] = KINDS
    limit: int | None = None
    hide: frozenset[Layer] = frozenset()
    form: Form = "text"
    output: Path | None = None
    exit_code: bool = False


def _many(*names: str, **attributes: Any) -> Callable[[Function], Function]:
    return click.option(*names, multiple=True, **attributes)


def _flag(*names: str, **attributes: Any) -> Callable[[Function], Function]:
    return click.option(*names, is_flag=True, **attributes)


def _pairs(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = [tuple(value.split("=", 1)) for value in values]
    for value, pair in zip(values, pairs, strict=True):
        if len(pair) != 2 or not all(pair):
            raise click.BadParameter(f"{value!r} is not {parameter.metavar}", ctx, parameter)
    return tuple((pair[0], pair[1]) for pair in pairs)


def _finite(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is no finite number", ctx, parameter)
    return value


def _row(ctx: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, Any] | None:
    if value is None:
        return None
    try:
        row = json.loads(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not JSON: {error}", ctx, parameter) from error
    if not isinstance(row, dict) or not row:
        raise click.BadParameter(f'{value!r} is not an object such as {{"id": 1}}', ctx, parameter)
    return row


def _size(ctx: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    from dsv.tables.memory import parse_size

    return None if value is None else parse_size(value)


IDENTITY = (
    _many(
        "-k",
        "--key",
        metavar="FIELD",
        shell_complete=complete("field"),
        help="Field that names a row. Give it once for each field of the key.",
    ),
    _many(
        "-l",
        "--label",
        metavar="FIELD",
        shell_complete=complete("field"),
        help="Field whose values are classes. May be given again.",
    ),
    click.option(
        "--split", metavar="FIELD", shell_complete=complete("field"), help="Field that says train, val, test, …"
    ),
    _flag("--no-header", help="The files have no header line: fields are field_1, field_2, …"),
)
COMPARING = (
    click.option("--format", metavar="NAME", help="Format of both sides, where names and content do not tell."),
    _many(
        "--field",
        metavar="FIELD",
        shell_complete=complete("field"),
        help="Compare this field only (and the key). May be given again.",
    ),
    _many(
        "--ignore",
        metavar="FIELD",
        shell_complete=complete("field"),
        help="Leave this field out of the comparison. May be given again.",
    ),
    _many("--rename", metavar="OLD=NEW", callback=_pairs, help="Compare field OLD with field NEW."),
    _many(
        "--key-form",
        metavar="FIELD=FORM",
        callback=_pairs,
        help="Pair by this form of a key field: leading-zeros, case, blanks, unicode, folder, ending, file, "
        "day-month, prefix:TEXT, suffix:TEXT or dates:OLD,NEW.",
    ),
    click.option(
        "--tolerance",
        type=click.FloatRange(min=0),
        callback=_finite,
        metavar="X",
        help="Numbers that differ by X or less are equal, inside lists, structs and JSON (boxes, polygons) too.",
    ),
    click.option(
        "--iou",
        type=click.FloatRange(min=0, max=1, min_open=True),
        callback=_finite,
        metavar="X",
        help="Boxes that overlap by X or more of their union (0-1) are equal; they are counted apart. Polygons "
        "and masks compare exactly.",
    ),
    _flag("--by-position", help="Pair rows by their place in the file, not by key."),
    _flag("-w", "--ignore-whitespace", help="Hide cells that differ in whitespace only; they are counted apart."),
    _flag(
        "-i",
        "--ignore-case",
        help="Hide cells that differ in upper and lower case only; they are counted apart.",
    ),
    click.option(
        "--key-json",
        metavar="JSON",
        callback=_row,
        help='Compare the one row with this key, such as {"scan": "a,b", "page": 3}.',
    ),
    _flag("-R", "--reverse", help="Swap the two sides."),
    _flag("--similar", help="Pair removed and added rows that share most cells; they stay counted as such."),
    _flag("--skip-malformed", help="Leave out lines that cannot be parsed, and count them."),
    click.option(
        "--memory",
        metavar="SIZE",
        callback=_size,
        help="Memory to use, as 800MB or 4GB; what does not fit goes to disk. Half of the machine's, 1 GiB at most.",
    ),
)
SHOWING = (
    _flag("--stat", help="Show row counts."),
    _flag("--schema", help="Show added, removed, renamed and retyped fields."),
    _flag("--labels", help="Show class counts by split, and which class became which."),
    _flag("--rows", help="Show changed rows, all unless --limit is given."),
    _flag("--counts", help="Count the rows that differ, and read no cell of them where hashes tell."),
    _flag("--profiles", help="Compare what the profiles record (rows, schema, labels), and open no data."),
    _many("--hide", type=click.Choice(LAYERS), help="Leave this layer of differences out. May be given again."),
    _many("--filter", type=click.Choice(KINDS), help="Show rows of this kind only. May be given again."),
    _flag("--unexplained", help="Show only the changed rows that the migrations in between do not explain."),
    click.option(
        "--where",
        metavar="SQL",
        help="Show the changed rows for which this is true, such as \"old.class = 'bike' and new.class <> 'car'\". "
        "Other tables, such as images, are shown whole.",
    ),
    click.option(
        "--limit",
        type=click.IntRange(min=0),
        metavar="N",
        help="Show at most N rows of each kind. Counts are always of all rows.",
    ),
)
FORMATS = (
    _flag("--json", help="Write JSON (dsv.diff/1)."),
    _flag("--jsonl", help="Write one JSON line for each row that differs (dsv.diff.rows/1)."),
    _flag("--md", help="Write Markdown."),
    click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write to FILE.",
    ),
    _flag("--exit-code", help="Exit with 1 when there are differences."),
)


def diff_options(function: Function) -> Function:
    """The options of diff-like commands, handed over as `options: DiffOptions` and `display: Display`."""

    @functools.wraps(function)
    def command(*args: Any, **given: Any) -> Any:
        display, options = _display(given), _options(given)
        # Lines of JSON are rows, whatever else is asked for.
        views = display.views | {"rows"} if display.form == "jsonl" else display.views
        if options.profiles and "rows" in views:
            raise UsageError("profiles hold no rows", hint="leave out --profiles")
        if options.counts and views & {"rows", "labels"}:
            raise UsageError("--counts reads no rows", hint="leave out --counts")
        options = replace(options, views=views)
        return function(*args, options=options, display=display, **given)

    return cast(Function, _decorated(command, IDENTITY + COMPARING + SHOWING + FORMATS))


def identity_options(function: Function) -> Function:
    """-k, -l, --split and --no-header, as keywords `key`, `label`, `split` and `no_header`."""
    return cast(Function, _decorated(function, IDENTITY))


def result_options(schema: str) -> Callable[[Function], Function]:
    """--json (of the contract `schema`), --md and -o, handed over as `display: Display`."""

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def command(*args: Any, **given: Any) -> Any:
            form = _form(given, ("json", "md"))
            return function(*args, display=Display(form=form, output=given.pop("output")), **given)

        return cast(Function, _decorated(command, (_flag("--json", help=f"Write JSON ({schema})."), *FORMATS[2:4])))

    return decorate


def dataset_option(function: Function) -> Function:
    """--dataset NAME, as keyword `dataset` (None if it was not given)."""
    option = click.option(
        "--dataset",
        metavar="NAME",
        shell_complete=complete("dataset"),
        help="The dataset to work on; with only one, it is implied.",
    )
    return option(function)


def _decorated(function: Any, options: tuple[Callable[[Any], Any], ...]) -> Any:
    """The function with the options, in the order in which they are listed."""
    for option in reversed(options):
        function = option(function)
    return function


def _options(given: dict[str, Any]) -> DiffOptions:
    """Take what belongs to the comparison out of the keywords."""
    from dsv.api.diff import DiffOptions

    return DiffOptions(
        key=given.pop("key"),
        labels=given.pop("label"),
        split=given.pop("split"),
        header=False if given.pop("no_header") else None,
        format=given.pop("format"),
        skip_malformed=given.pop("skip_malformed"),
        by_position=given.pop("by_position"),
        ignore=given.pop("ignore"),
        fields=given.pop("field"),
        tolerance=given.pop("tolerance"),
        iou=given.pop("iou"),
        hide_whitespace=given.pop("ignore_whitespace"),
        hide_case=given.pop("ignore_case"),
        renames=given.pop("rename"),
        key_forms=given.pop("key_form"),
        reverse=given.pop("reverse"),
        where=given.pop("where"),
        similar=given.pop("similar"),
        unexplained=given.pop("unexplained"),
        row=given.pop("key_json"),
        profiles=given.pop("profiles"),
        counts=given.pop("counts"),
        memory_bytes=given.pop("memory"),
    )


def _display(given: dict[str, Any]) -> Display:
    """Take what belongs to the output out of the keywords. Raises: UsageError: two forms at once."""
    form = _form(given, FORMS)
    chosen = given.pop("filter")
    return Display(
        views=frozenset(view for view in VIEWS if given.pop(view)),
        kinds=tuple(kind for kind in KINDS if kind in chosen) or KINDS,
        limit=given.pop("limit"),
        hide=frozenset(given.pop("hide")),
        form=form,
        output=given.pop("output"),
        exit_code=given.pop("exit_code"),
    )


def _form(given: dict[str, Any], known: tuple[Form, ...]) -> Form:
    """Take the form out of the keywords. Raises: UsageError: two forms at once."""
    forms = [form for form in known if given.pop(form)]
    if len(forms) > 1:
        raise UsageError(f"--{forms[0]} and --{forms[1]} exclude each other")
    return forms[0] if forms else "text"
