"""Label Studio's JSON export: a list of tasks with their annotations and predictions."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from dsv.errors import FormatError
from dsv.formats._annotations.labelstudio_results import read_result, shape_ids, task_name
from dsv.formats._json.document import elements
from dsv.formats._shared.bytes import open_bytes
from dsv.formats._shared.json_text import canonical
from dsv.formats._shared.loader import Loader, schema
from dsv.formats._shared.notes import Notes
from dsv.formats.base import Format, Part, ReadOnly, Scan
from dsv.model.identity import Rung
from dsv.model.snapshot import Snapshot
from dsv.tables.duckdb import Engine

RESULTS = schema(
    task="string",
    source="string",
    annotator="string",
    from_name="string",
    to_name="string",
    type="string",
    **{"class": "string"},
    scope="string",
    bbox="list<number>",
    span="list<number>",
    text="string",
    value="json",
    score="number",
    cancelled="boolean",
    annotation="string",
    region="string",
    other="json",
)
TASKS = schema(
    task="string",
    id="string",
    data="json",
    annotations="integer",
    cancelled="integer",
    predictions="integer",
    drafts="integer",
    other="json",
)
ANNOTATIONS = schema(
    task="string",
    source="string",
    annotator="string",
    id="string",
    cancelled="boolean",
    ground_truth="boolean",
    results="integer",
    other="json",
)
SURROGATES = ("annotation", "region")
_ANSWER = ("task", "source", "annotator", "from_name")
IDENTITY = (
    Rung(fields=(*_ANSWER, "region", "class")),
    Rung(fields=(*_ANSWER, "class", "bbox")),
    Rung(fields=(*_ANSWER, "class", "span")),
    Rung(fields=(*_ANSWER, "class", "scope")),
    Rung(fields=(*_ANSWER, "region")),
    Rung(fields=(*_ANSWER, "bbox")),
    Rung(fields=(*_ANSWER, "span")),
    Rung(fields=(*_ANSWER, "scope")),
    Rung(fields=(*_ANSWER, "class"), boxes="bbox"),
    Rung(fields=_ANSWER, boxes="bbox"),
    Rung(fields=("task", "from_name", "region", "class")),
    Rung(fields=("task", "from_name", "class", "bbox")),
    Rung(fields=("task", "from_name", "class", "span")),
)
"""What one annotator said of one thing: of the same class first, then of another; then who else says the same."""
SOURCES = {"annotations": "annotation", "completions": "annotation", "predictions": "prediction", "drafts": "draft"}
_TASK = ("id", "data", *SOURCES)
_ANNOTATION = ("id", "result", "was_cancelled", "ground_truth", "completed_by", "model_version")
_MINIMAL = {"annotation_id", "annotator", "lead_time"}
_LOOK_BYTES = 1 << 20


class LabelStudio(ReadOnly):
    """Label Studio's exports: a row is what one annotator says in one place, once for each class."""

    name = "labelstudio"
    suffixes = ()
    shared_suffixes = (".json",)
    generic = False

    def claims(self, snapshot: Snapshot) -> bool:
        """Say whether the first element is a task."""
        if snapshot.members is not None:
            return False
        try:
            first = next((value for _, value in elements(snapshot, _LOOK_BYTES)), None)
        except FormatError:
            return _looks_cut_off(snapshot)
        return isinstance(first, dict) and _is_task(first)

    def scan(self, engine: Engine, snapshot: Snapshot) -> Scan:
        """Read all tasks. Raises: FormatError: the file or a task is broken; names the line."""
        reader = _Reader(engine, snapshot)
        for line, value in elements(snapshot):
            reader.task(value, f"{snapshot.shown_path}:{line}")
        return Scan(
            table=reader.results.table(),
            malformed=reader.malformed,
            first_malformed=reader.first_malformed,
            identity=IDENTITY,
            surrogates=SURROGATES,
            labels=("class",),
            parts={
                "tasks": Part(table=reader.tasks.table(), key=("task",), surrogates=("id",)),
                "annotations": Part(
                    table=reader.annotations.table(), key=("task", "source", "annotator"), surrogates=("id",)
                ),
            },
            findings=reader.notes.findings(),
        )


class _Reader:
    """Loads tasks, annotations and results."""

    def __init__(self, engine: Engine, snapshot: Snapshot) -> None:
        self._skip = snapshot.options.skip_malformed
        self.results, self.tasks = Loader(engine, RESULTS), Loader(engine, TASKS)
        self.annotations = Loader(engine, ANNOTATIONS)
        self.notes = Notes()
        self.malformed = 0
        self.first_malformed: str | None = None
        self._names: Counter[str] = Counter()

    def task(self, value: Any, shown: str) -> None:
        """Read one task. Raises: FormatError: it is none, and is not to be skipped."""
        try:
            name, row, annotations, results = _read_task(value)
        except (ValueError, RecursionError) as error:
            if not self._skip:
                problem = str(error) if isinstance(error, ValueError) else "the task is nested too deep"
                hint = "export the project again as JSON, or leave such tasks out: --skip-malformed"
                raise FormatError(problem, where=shown, hint=hint) from None
            self.malformed += 1
            self.first_malformed = self.first_malformed or shown
            return
        self._names[name] += 1
        if self._names[name] > 1:
            self.notes.add("task-twice", "tasks with the data of another", shown)
        self.tasks.add(row)
        self.annotations.extend(annotations)
        self.results.extend(results)


Row = tuple[Any, ...]


def _read_task(value: Any) -> tuple[str, Row, list[Row], list[Row]]:
    """Name and row of a task, the rows of its annotations and of their results. Raises: ValueError."""
    if isinstance(value, dict) and value.keys() >= _MINIMAL and not _is_task(value):
        raise ValueError(
            "this is the export JSON-MIN, which does not tell answers from data; as --format json it is a table"
        )
    if not isinstance(value, dict) or not isinstance(value.get("data"), dict):
        raise ValueError("the task has no data")
    name = task_name(value["data"])
    annotations: list[Row] = []
    results: list[Row] = []
    counts = dict.fromkeys(SOURCES.values(), 0)
    for member, source in SOURCES.items():
        for item in _objects(value.get(member), member):
            counts[source] += 1
            annotation, said = _read_annotation(name, source, item)
            annotations.append(annotation)
            results += said
    cancelled = sum(bool(row[4]) for row in annotations)
    other = {key: held for key, held in value.items() if key not in _TASK}
    number = None if value.get("id") is None else str(value["id"])
    row = (name, number, canonical(value["data"]), counts["annotation"], cancelled, counts["prediction"])
    return name, (*row, counts["draft"], canonical(other) if other else None), annotations, results


def _objects(value: Any, member: str) -> list[dict[str, Any]]:
    listed = [] if value is None else value
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise ValueError(f"{member!r} is no list of objects")
    return listed


def _read_annotation(task: str, source: str, item: dict[str, Any]) -> tuple[Row, list[Row]]:
    said = item.get("result") or []
    if not isinstance(said, list):
        raise ValueError("the result of an annotation is no list")
    annotator = _annotator(item)
    number = None if item.get("id") is None else str(item["id"])
    cancelled = bool(item.get("was_cancelled", False))
    shapes = shape_ids(said)
    results: list[Row] = []
    for part in said:
        for found in read_result(part, shapes):
            results.append((task, source, annotator, *found[:10], cancelled, number, *found[10:]))
    other = {key: held for key, held in item.items() if key not in _ANNOTATION}
    truth = bool(item.get("ground_truth", False))
    row = (task, source, annotator, number, cancelled, truth, len(said), canonical(other) if other else None)
    return row, results


def _annotator(item: dict[str, Any]) -> str:
    """Who said it: a person's address or number, a model's version; empty where nobody is named."""
    found = item.get("completed_by")
    if isinstance(found, dict):
        found = next((found[name] for name in ("email", "username", "id") if found.get(name) is not None), None)
    found = item.get("model_version") if found is None else found
    return "" if found is None else str(found)


def _is_task(value: dict[str, Any]) -> bool:
    return isinstance(value.get("data"), dict) and not SOURCES.keys().isdisjoint(value)


def _looks_cut_off(snapshot: Snapshot) -> bool:
    """Say whether the beginning of a first task that is too large to be read whole is that of a task."""
    try:
        with open_bytes(snapshot) as stream:
            start = stream.read(_LOOK_BYTES)
    except FormatError:
        return False
    names = ("annotations", "completions", "predictions")
    return (
        re.match(rb"(\xef\xbb\xbf)?\s*\[\s*\{", start) is not None
        and b'"data"' in start
        and any(f'"{name}"'.encode() in start for name in names)
    )


plugin: Format = LabelStudio()
