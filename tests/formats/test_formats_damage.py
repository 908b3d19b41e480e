"""A file with any bytes damaged is a table or an error with its place, never a crash."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsv.errors import FormatError
from dsv.tables.duckdb import Engine
from tests.formats.conftest import Folders
from tests.formats.test_formats_cvat import BOX, IMAGE, document
from tests.formats.test_formats_labelstudio import choice, region, spelled, task
from tests.formats.test_formats_voc import SMALL as VOC
from tests.formats.test_formats_yolo import SMALL as YOLO

POINTS = '<polygon label="car" points="1,2;5,2;3,8.5"/>'
TRACK = '<track id="3" label="car"><box frame="5" xtl="1" ytl="0" xbr="9" ybr="9"/></track>'
SOUND = {
    "yolo": (YOLO, ["data.yaml", "labels/train/1.txt"]),
    "voc": (VOC, ["Annotations/1.xml", "ImageSets/Main/train.txt"]),
    "cvat": ({"a.xml": document(IMAGE.format(BOX.format("", "") + POINTS), TRACK)}, ["a.xml"]),
    "labelstudio": ({"a.json": spelled(task(1, {"t": "x"}, region("r", "a"), choice("c", "b")))}, ["a.json"]),
    "imagefolder": ({"a/1.jpg": "x", "metadata.csv": "file_name,age\na/1.jpg,3\n"}, ["metadata.csv"]),
}
BYTES = st.sampled_from(
    [b"", b"\0", b"\xff", b"9" * 5000, b"-1e99999999", b"1e-99999999", b"<", b'"', b"{", b"\n", b"&a;"]
)


@pytest.mark.parametrize("form", SOUND)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_damage_is_never_a_crash(form: str, data: st.DataObject) -> None:
    files, targets = SOUND[form]
    path = data.draw(st.sampled_from(targets))
    content = str(files[path]).encode()
    start = data.draw(st.integers(0, len(content)))
    end = min(len(content), start + data.draw(st.integers(0, 6)))
    damaged = {**files, path: content[:start] + data.draw(BYTES) + content[end:]}
    with tempfile.TemporaryDirectory() as root, Engine() as engine:
        folders = Folders(Path(root), engine)
        single = len(files) == 1
        try:
            folders.scan(damaged[path] if single else damaged, name=path if single else "set", given=form).table.count()
        except FormatError as error:
            assert error.where is not None and error.where.startswith(path if single else "set")
            assert root not in f"{error.message} {error.where} {error.hint}"
