"""The law of publishing, for every format that can be written: only what the chain changed changes in the file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.tables.duckdb import Engine

Row = dict[str, Any]
Lines = list[tuple[Row | None, str]]
"""The lines of a file, each with the row that it holds."""


def delimited(separator: str) -> Callable[[list[Row]], Lines]:
    """Quotes that differ from line to line, and two kinds of line ends."""

    def lines(rows: list[Row]) -> Lines:
        def spelled(row: Row) -> str:
            quote = '"' if row["size"] % 2 else ""
            return separator.join([row["id"], f"{quote}{row['class']}{quote}", str(row["size"])]) + "\r\n"

        return [(None, separator.join(["id", "class", "size"]) + "\r\n"), *((row, spelled(row)) for row in rows)]

    return lines


def object_text(row: Row) -> str:
    """A JSON object with blanks and an order of keys that depend on the row."""
    members = [f'"id":{json.dumps(row["id"])}', f'"class" :  {json.dumps(row["class"])}', f'"size": {row["size"]}']
    return "{" + ", ".join(members if row["size"] % 2 else members[::-1]) + " }"


def jsonl(rows: list[Row]) -> Lines:
    return [(row, object_text(row) + "\n") for row in rows]


def array(rows: list[Row]) -> Lines:
    ends = [",\n"] * (len(rows) - 1) + ["\n"]
    return [
        (None, "[\n"),
        *((row, f"   {object_text(row)}{end}") for row, end in zip(rows, ends, strict=True)),
        (None, "]\n"),
    ]


TEXTS: dict[str, Callable[[list[Row]], Lines]] = {
    ".csv": delimited(","),
    ".tsv": delimited("\t"),
    ".csv.gz": delimited(","),
    ".jsonl": jsonl,
    ".jsonl.gz": jsonl,
    ".json": array,
}
COLUMNS = (".parquet", ".arrow", ".feather", ".parquet.gz")


def parsed(suffix: str, line: str) -> Row:
    if suffix.startswith((".csv", ".tsv")):
        (cells,) = csv.reader([line], delimiter="\t" if suffix == ".tsv" else ",")
        return {"id": cells[0], "class": cells[1], "size": int(cells[2])}
    found: Row = json.loads(line.strip().removesuffix(","))
    return found


def written(suffix: str, rows: list[Row]) -> bytes:
    import pyarrow as pa
    import pyarrow.feather as feather
    import pyarrow.parquet as pq

    out = io.BytesIO()
    if suffix in TEXTS:
        out.write("".join(line for _, line in TEXTS[suffix](rows)).encode())
    else:
        schema = pa.schema([("id", pa.string()), ("class", pa.large_string()), ("size", pa.int16())])
        table = pa.Table.from_pylist(rows, schema)
        if suffix.startswith(".parquet"):
            pq.write_table(table, out, row_group_size=2)
        else:
            feather.write_feather(table, out, compression="lz4" if suffix == ".feather" else "uncompressed")
    return gzip.compress(out.getvalue(), mtime=5) if suffix.endswith(".gz") else out.getvalue()


def opened(suffix: str, content: bytes) -> bytes:
    return gzip.decompress(content) if suffix.endswith(".gz") else content


def columns(suffix: str, content: bytes) -> Any:
    import pyarrow.feather as feather
    import pyarrow.parquet as pq

    read = pq.read_table if suffix.startswith(".parquet") else feather.read_table
    return read(io.BytesIO(opened(suffix, content)))


# Operations: what they are in a document, their side file, and what they make of the rows, in plain Python.


def set_class(old: str, new: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [{**row, "class": new if row["class"] == old else row["class"]} for row in rows]


def first_of_each(rows: list[Row]) -> list[Row]:
    least: dict[tuple[str, int], str] = {}
    for row in rows:
        place = row["class"], row["size"]
        least[place] = min(least.get(place, row["id"]), row["id"])
    return [row for row in rows if least[row["class"], row["size"]] == row["id"]]


OPERATIONS: dict[str, tuple[dict[str, Any], str, Callable[[list[Row]], list[Row]]]] = {
    "rename_class": ({"from": "bike", "to": "bicycle"}, "", set_class("bike", "bicycle")),
    "merge_classes": ({"from": ["bus"], "into": "car"}, "", set_class("bus", "car")),
    "split_class": (
        {"from": "car", "into": ["van"], "where": "size > 5", "rest": "keep"},
        "",
        lambda rows: [
            {**row, "class": "van" if row["class"] == "car" and row["size"] > 5 else row["class"]} for row in rows
        ],
    ),
    "relabel": (
        {"file": "side.csv"},
        "id,old,new\nk01,bus,car\n",
        lambda rows: [{**row, "class": "car"} if row["id"] == "k01" else row for row in rows],
    ),
    "set_values": (
        {"file": "side.csv", "fields": ["size"]},
        "id,size\nk00,77\n",
        lambda rows: [{**row, "size": 77} if row["id"] == "k00" else row for row in rows],
    ),
    "drop_rows": ({"where": "size < 4"}, "", lambda rows: [row for row in rows if row["size"] >= 4]),
    "dedupe": ({"fields": ["class", "size"]}, "", first_of_each),
    "add_rows": (
        {"file": "side.csv"},
        "id,class,size\nzz,car,3\nza,bus,4\n",
        lambda rows: [*rows, {"id": "za", "class": "bus", "size": 4}, {"id": "zz", "class": "car", "size": 3}],
    ),
}
FIXED = [("bike", 5), ("bus", 6), ("car", 7)]


@pytest.mark.parametrize("suffix", [*TEXTS, *COLUMNS])
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    more=st.lists(st.tuples(st.sampled_from(["bike", "bus", "car"]), st.integers(0, 9)), max_size=5),
    chosen=st.lists(st.sampled_from(sorted(OPERATIONS)), min_size=2, max_size=4, unique=True),
    order=st.randoms(use_true_random=False),
)
def test_only_what_the_chain_changed_changes(
    bench_maker: Any, suffix: str, more: list[tuple[str, int]], chosen: list[str], order: Any
) -> None:
    base = [{"id": f"k{n:02d}", "class": name, "size": size} for n, (name, size) in enumerate([*FIXED, *more])]
    order.shuffle(base)
    content = written(suffix, base)
    with tempfile.TemporaryDirectory() as folder, Engine(threads=1) as engine:
        make = bench_maker(Path(folder), engine)
        for name in chosen:
            bench = make(content, suffix=suffix)
            bench.publish()
            assert bench.published == content
            words, side, changed = OPERATIONS[name]
            bench.side_file("side.csv", side)
            bench.add({"op": name, **words})
            bench.up()
            bench.publish(bench.documents[-1])
            check(suffix, base, changed(base), content, bench.published)


def check(suffix: str, base: list[Row], final: list[Row], before: bytes, after: bytes) -> None:
    """Rows that stay as they are stand as they stood; the others hold what they must, in their places."""
    if final == base:
        assert after == before
    if suffix in COLUMNS:
        assert columns(suffix, after).to_pylist() == final
        assert columns(suffix, after).schema.equals(columns(suffix, before).schema)
        return
    old = TEXTS[suffix](base)
    frame = [line for row, line in old if row is None]
    found = opened(suffix, after).decode().splitlines(keepends=True)
    top = 0 if suffix.startswith(".jsonl") else 1
    assert found[:top] == frame[:top] and found[top + len(final) :] == frame[top:]
    spelled = {row["id"]: line for row, line in old if row is not None}
    for row, line in zip(final, found[top : top + len(final)], strict=True):
        assert parsed(suffix, line) == row
        if row in base:
            assert line.rstrip(",\r\n") == spelled[row["id"]].rstrip(",\r\n")


def coco(rows: list[Row]) -> Lines:
    """COCO, an annotation a line; classes are names elsewhere, so an annotation's line tells no class."""
    names = sorted({"bike", "bus", "car"})
    ends = [",\n"] * (len(rows) - 1) + ["\n"]
    annotations = [
        f'  {{"id":{n}, "image_id": 1,"category_id": {names.index(row["class"]) + 1}, "bbox": [{n}, 0,  2, 2.0], '
        f'"area": {row["size"]}}}{end}'
        for n, (row, end) in enumerate(zip(rows, ends, strict=True))
    ]
    categories = [f'  {{"id": {n}, "name": "{name}"}}{"," if n < 3 else ""}\n' for n, name in enumerate(names, start=1)]
    head = ['{"images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}],\n', '"annotations": [\n']
    return [
        *((None, line) for line in head),
        *zip(rows, annotations, strict=True),
        (None, '], "categories": [\n'),
        *((None, line) for line in [*categories, "]}\n"]),
    ]


def conll(rows: list[Row]) -> Lines:
    """Two tokens a sentence, columns with one blank or two between them."""
    lines: Lines = []
    for n, row in enumerate(rows):
        lines += [(row, f"w{n}{' ' * (1 + row['size'] % 2)}{row['class']}\n")]
        lines += [(None, "\n")] if n % 2 else []
    return lines


def conllu(rows: list[Row]) -> Lines:
    """A sentence a row, with a remark before it."""
    lines: Lines = []
    for n, row in enumerate(rows):
        lines += [
            (None, f"# sent_id = s{n}\n"),
            (row, f"1\tw{n}\t_\t{row['class']}\t_\t_\t0\troot\t_\t_\n"),
            (None, "\n"),
        ]
    return lines


@pytest.mark.parametrize(
    ("suffix", "lines", "key", "label"),
    [
        (".json", coco, (), "category"),
        (".conll", conll, ("sentence", "id"), "tag"),
        (".conllu", conllu, ("sentence", "id"), "upos"),
    ],
)
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(more=st.lists(st.tuples(st.sampled_from(["bike", "bus", "car"]), st.integers(0, 9)), max_size=5))
def test_annotations_and_tokens_that_stay_keep_their_lines(
    bench_maker: Any, suffix: str, lines: Any, key: tuple[str, ...], label: str, more: list[tuple[str, int]]
) -> None:
    base = [{"class": name, "size": size} for name, size in [*FIXED, *more]]
    old = lines(base)
    content = "".join(line for _, line in old).encode()
    with tempfile.TemporaryDirectory() as folder, Engine(threads=1) as engine:
        make = bench_maker(Path(folder), engine)
        for name in ("rename_class", "merge_classes"):
            bench = make(content, suffix=suffix, key=key, labels=(label,))
            bench.publish()
            assert bench.published == content
            words, _, changed = OPERATIONS[name]
            bench.add({"op": name, **words})
            bench.up()
            bench.publish(bench.documents[-1])
            found = bench.published.decode().splitlines(keepends=True)
            if suffix == ".json":
                assert classes_of(bench.published) == [row["class"] for row in changed(base)]
                # The one class that is gone, or has another name, and the annotations that have another class.
                rest = [line.rstrip(",\n") for row, line in old if row is None or row["class"] != "bus"]
                kept = [line for line in rest if '"name": "bike"' not in line and '"name": "bus"' not in line]
                assert [line for line in kept if line not in [now.rstrip(",\n") for now in found]] == []
            else:
                word = {"rename_class": ("bike", "bicycle"), "merge_classes": ("bus", "car")}[name]
                assert found == [line if row is None else line.replace(*word) for row, line in old]


def classes_of(content: bytes) -> list[str]:
    document = json.loads(content)
    names = {item["id"]: item["name"] for item in document["categories"]}
    return [names[item["category_id"]] for item in document["annotations"]]
