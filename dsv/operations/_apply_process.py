"""The process in which `apply` calls a user's function, batch by batch. A script: it knows nothing of dsv.

It is given a folder: `call.json` says what to call, `rows.arrow` holds the rows, one record batch a
call, and `code/` the user's file. It writes `cells.arrow`, or `error.json` and ends with 1.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

POSITION = "_dsv_position"
_SHOWN = 200


class Misbehaviour(Exception):
    """What a user's function did wrong; `where` is `file:line` of its code, `cause` the error that it raised."""

    def __init__(self, message: str, where: str | None = None, cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.where = where
        self.cause = cause


def main(folder: Path) -> int:
    """Make the calls; the exit code."""
    call = json.loads((folder / "call.json").read_text(encoding="utf-8"))
    try:
        _run(folder, call, _function(folder / "code", call["file"], call["function"]))
    except Misbehaviour as error:
        told = {"message": str(error), "where": error.where or call["file"], "hint": _hint(error.cause)}
        (folder / "error.json").write_text(json.dumps(told), encoding="utf-8")
        return 1
    return 0


def _function(code: Path, file: str, name: str) -> Callable[..., Any]:
    """The function of that name. Raises: Misbehaviour: the file cannot be run, or has none."""
    os.chdir(code)
    sys.path.insert(0, str(code))
    spec = importlib.util.spec_from_file_location("dsv_apply", code / file)
    if spec is None or spec.loader is None:
        raise Misbehaviour("this is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise Misbehaviour(f"the file cannot be run: {_told(error)}", _line(error, code, file), error) from None
    found = getattr(module, name, None)
    if not callable(found):
        raise Misbehaviour(f"it has no function {name!r}")
    return found  # type: ignore[no-any-return]


def _run(folder: Path, call: dict[str, Any], function: Callable[..., Any]) -> None:
    import pyarrow as pa

    schema = pa.ipc.open_file(folder / "cells_schema.arrow").schema
    with (
        pa.memory_map(str(folder / "rows.arrow")) as source,
        pa.ipc.open_file(source) as rows,
        pa.ipc.new_file(folder / "cells.arrow", schema) as cells,
    ):
        needed = len(call["firsts"]) - call["optional"]
        for number, first in enumerate(call["firsts"]):
            batch = _Batch(rows.get_batch(number), first, folder / "code", call)
            try:
                cells.write_batch(batch.cells(function, schema))
            except Misbehaviour:
                if number < needed:
                    raise
                break


class _Batch:
    """One call: its rows, the number of the first of them, and what is wanted."""

    def __init__(self, rows: Any, first: int, code: Path, call: dict[str, Any]) -> None:
        self.rows = rows
        self.first = first
        self.code = code
        self.call = call
        self.name = call["function"]

    def cells(self, function: Callable[..., Any], schema: Any) -> Any:
        """The record batch of the cells that the function gives. Raises: Misbehaviour."""
        import pyarrow as pa

        given = self.frame()
        try:
            result = function(given.copy(), **self.call["arguments"])
        except (Exception, SystemExit) as error:
            place = self.narrowed(function, given)
            message = f"{self.name} raised {_told(error)} in {self.range()}{place}"
            raise Misbehaviour(message, _line(error, self.code, self.call["file"]), error) from None
        self.check(given, result)
        columns = [self.rows.column(POSITION)]
        columns += [self.typed(result[field.name], field) for field in list(schema)[1:]]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def frame(self) -> Any:
        """The rows as the function sees them: the fields that it reads, indexed by the key."""
        import pandas as pd

        cells = {name: _series(self.rows.column(f"r{place}")) for place, name in enumerate(self.call["reads"])}
        keys = [self.rows.column(f"k{place}").to_pylist() for place in range(len(self.call["key"]))]
        if not keys:
            index: Any = pd.RangeIndex(self.first, self.first + self.rows.num_rows)
        elif len(keys) == 1:
            index = pd.Index(keys[0], name=self.call["key"][0])
        else:
            index = pd.MultiIndex.from_arrays(keys, names=self.call["key"])
        return pd.DataFrame(cells, index=range(self.rows.num_rows)).set_axis(index, axis=0)

    def check(self, given: Any, result: Any) -> None:
        """Require the rows that were given, the fields that are promised, and no other change."""
        import pandas as pd

        if not isinstance(result, pd.DataFrame):
            raise Misbehaviour(f"{self.name} returned {type(result).__name__} and no DataFrame for {self.range()}")
        if len(result) != len(given):
            raise Misbehaviour(f"{self.name} returned {len(result):,} rows for the {len(given):,} of {self.range()}")
        if not result.index.equals(given.index):
            raise Misbehaviour(
                f"{self.name} returned other rows than it got, or in another order (their index differs), "
                f"for {self.range()}"
            )
        if not result.columns.is_unique:
            raise Misbehaviour(f"{self.name} returned two fields of one name for {self.range()}")
        absent = [name for name in self.call["writes"] if name not in result.columns]
        if absent:
            raise Misbehaviour(f"{self.name} did not return {absent[0]!r}, which `writes:` declares")
        for name in result.columns:
            if name not in self.call["writes"]:
                self.check_unchanged(given, result, name)

    def check_unchanged(self, given: Any, result: Any, name: Any) -> None:
        """A field that is only read may come back, as it was."""
        if name not in given.columns:
            raise Misbehaviour(f"{self.name} returned a field {name!r}, which `writes:` does not declare")
        before, after = given[name].tolist(), result[name].tolist()
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            if not _same(old, new):
                raise Misbehaviour(
                    f"{self.name} changed the field {name!r}, which `writes:` does not declare, at {self.row(place)}"
                )

    def typed(self, series: Any, field: Any) -> Any:
        """The cells as values of the field's type. Raises: Misbehaviour: naming the first that is none."""
        import pandas as pd

        array = _converted(series, field.type)
        if array is not None:
            return array
        for place, value in enumerate(series.tolist()):
            if _converted(pd.Series([value], dtype=object), field.type) is None:
                raise Misbehaviour(
                    f"{self.name} gave {_clipped(repr(value))} ({type(value).__name__}) for {field.name!r} at "
                    f"{self.row(place)}, which is no {self.call['types'][field.name]}"
                )
        kind = self.call["types"][field.name]
        raise Misbehaviour(
            f"{self.name} gave values of several types for {field.name!r}, not {kind}, in {self.range()}"
        )

    def narrowed(self, function: Callable[..., Any], given: Any) -> str:
        """The row at which the function fails, found by halves; nothing if none of it fails alone."""
        start, end = 0, len(given)
        while end - start > 1:
            middle = (start + end) // 2
            for low, high in ((start, middle), (middle, end)):
                try:
                    function(given.iloc[low:high].copy(), **self.call["arguments"])
                except (Exception, SystemExit):
                    start, end = low, high
                    break
            else:
                return ""
        return f", at {self.row(start)}"

    def range(self) -> str:
        """The rows of the call, in words."""
        return f"rows {self.first:,} to {self.first + self.rows.num_rows - 1:,}"

    def row(self, place: int) -> str:
        """A row of the call, in words."""
        if not self.call["key"]:
            return f"row {self.first + place:,}"
        keys = [self.rows.column(f"k{index}")[place].as_py() for index in range(len(self.call["key"]))]
        return " ".join(f"{name}={value}" for name, value in zip(self.call["key"], keys, strict=True))


def _series(column: Any) -> Any:
    """Cells as pandas holds them: integers and truth values that may be missing, floats, times, Python's objects."""
    import pandas as pd
    import pyarrow as pa

    # Not pandas' own choice, which depends on whether a cell is missing, and makes floats of integers then.
    kinds: dict[Any, Any] = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    if column.type in kinds:
        return column.to_pandas(types_mapper=kinds.get)
    if pa.types.is_floating(column.type) or pa.types.is_timestamp(column.type):
        return column.to_pandas()
    return pd.Series(column.to_pylist(), dtype=object)


def _converted(series: Any, wanted: Any) -> Any:
    """The cells as an Arrow array of a type; None if one of them is of another."""
    import pyarrow as pa

    try:
        found = pa.array(series, from_pandas=True)
        if isinstance(found, pa.ChunkedArray):
            found = pa.concat_arrays(found.chunks) if found.num_chunks else pa.array([], found.type)
        if pa.types.is_dictionary(found.type):
            found = found.dictionary_decode()
        if not _fits(found.type, wanted):
            return None
        return pa.array(found.to_pylist(), wanted) if pa.types.is_nested(wanted) else found.cast(wanted)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return None


def _fits(found: Any, wanted: Any) -> bool:
    """Say whether values of an inferred type are of a declared one, as far as the types tell."""
    import pyarrow as pa

    types = pa.types
    if types.is_null(found):
        return True
    if types.is_list(wanted):
        return (types.is_list(found) or types.is_large_list(found)) and _fits(found.value_type, wanted.value_type)
    if types.is_struct(wanted):
        known = {item.name: item.type for item in wanted}
        return types.is_struct(found) and all(
            item.name in known and _fits(item.type, known[item.name]) for item in found
        )
    return any(is_it(found) for is_it in _kinds(wanted))


def _kinds(wanted: Any) -> Sequence[Callable[[Any], bool]]:
    """Tests of the Arrow types whose values may be those of a scalar type."""
    import pyarrow as pa

    types = pa.types
    if types.is_integer(wanted) or types.is_floating(wanted):
        # Whole numbers in floats: pandas makes floats of integers where some are missing.
        return (types.is_integer, types.is_floating)
    if types.is_string(wanted):
        return (types.is_string, types.is_large_string)
    if types.is_timestamp(wanted):
        return (lambda found: types.is_timestamp(found) and found.tz is None,)
    if types.is_binary(wanted):
        return (types.is_binary, types.is_large_binary)
    return (types.is_boolean,) if types.is_boolean(wanted) else (types.is_date32,)


def _same(old: Any, new: Any) -> bool:
    """Say whether two cells hold the same: a missing one is missing however pandas says so, and 1 is 1.0."""
    import pandas as pd

    if all(value is None or value is pd.NA or value is pd.NaT or _is_nan(value) for value in (old, new)):
        return True
    numbers = isinstance(old, int | float) and isinstance(new, int | float)
    return bool(old == new) if numbers else repr(old) == repr(new)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value


def _told(error: BaseException) -> str:
    lines = str(error).splitlines()
    return _clipped(f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__)


def _hint(error: BaseException | None) -> str | None:
    if isinstance(error, ModuleNotFoundError | FileNotFoundError):
        return "the code sees what is installed, its own file, and those that `files:` names"
    return None


def _clipped(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _line(error: BaseException, code: Path, file: str) -> str:
    """`file:line` of the user's code that an error comes from."""
    if isinstance(error, SyntaxError) and error.filename is not None and Path(error.filename) == code / file:
        return f"{file}:{error.lineno}"
    places = [
        f"{Path(frame.filename).relative_to(code)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(code)
    ]
    return places[-1] if places else file


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
