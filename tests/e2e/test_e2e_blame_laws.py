"""The law of blame: over any history of commits and merges, the same as a walk over the files by hand."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.api.blame import blame
from dsv.api.row_log import row_log
from dsv.api.targets import Target
from dsv.errors import UnknownRow

FIELDS = ("a", "b")
KEYS = ("1", "2", "3")
Version = dict[str, tuple[str, ...]]
CELLS = st.sampled_from(["x", "y", ""])
VERSIONS = st.dictionaries(st.sampled_from(KEYS), st.tuples(CELLS, CELLS), min_size=1)


@st.composite
def histories(draw: Any) -> list[tuple[list[int], Version]]:
    """Commits, each with its parents (numbers of commits before it) and its rows; the last reaches all."""
    commits: list[tuple[list[int], Version]] = [([], draw(VERSIONS))]
    for number in range(1, draw(st.integers(2, 9))):
        first = draw(st.integers(max(0, number - 3), number - 1))
        parents = [first]
        if number > 1 and draw(st.booleans()):
            parents.append(draw(st.integers(0, number - 1).filter(lambda other, first=first: other != first)))
        # Rows come from the parents or are edited, as in a merge.
        rows = dict(commits[first][1])
        for key in KEYS:
            kind = draw(st.sampled_from(["keep", "keep", "other", "edit", "drop"]))
            if kind == "other":
                source = commits[parents[-1]][1]
                rows = {**rows, key: source[key]} if key in source else rows
            elif kind == "edit":
                rows[key] = draw(st.tuples(CELLS, CELLS))
            elif kind == "drop" and len(rows) > 1:
                rows.pop(key, None)
        commits.append((parents, rows))
    heads = set(range(len(commits))) - {parent for parents, _ in commits for parent in parents}
    if len(heads) > 1:
        commits.append((sorted(heads, reverse=True), commits[max(heads)][1]))
    return commits


def text(rows: Version) -> str:
    return "id,a,b\n" + "".join(f"{key},{','.join(rows[key])}\n" for key in sorted(rows))


def build(folder: Path, commits: list[tuple[list[int], Version]]) -> None:
    lines = []
    for number, (parents, rows) in enumerate(commits):
        content = text(rows)
        lines += [
            "commit refs/heads/main",
            f"mark :{number + 1}",
            f"committer A <a@example.invalid> {1_700_000_000 + number} +0000",
        ]
        lines += [f"data {len(str(number))}", str(number)]
        lines += [f"{'merge' if place else 'from'} :{parent + 1}" for place, parent in enumerate(parents)]
        lines += ["M 100644 inline t.csv", f"data {len(content)}", content]
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, check=True, input="\n".join(lines).encode() + b"\n")
    subprocess.run(["git", "reset", "-q", "--hard"], cwd=folder, check=True)


def by_hand(commits: list[tuple[list[int], Version]], number: int, key: str, place: int | None) -> int:
    """The commit that a cell (None: the key's own) is of: go to the first parent that has it, and so on."""
    while True:
        parents, rows = commits[number]
        cell = None if place is None else rows[key][place]
        same = [
            parent
            for parent in parents
            if key in commits[parent][1] and (place is None or commits[parent][1][key][place] == cell)
        ]
        whole = [parent for parent in same if commits[parent][1] == rows]
        if not same:
            return number
        # As `git log` does, a merge that has all files of one parent is that parent's.
        number = (whole or same)[0]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(commits=histories())
def test_cells_are_blamed_as_by_hand(commits: list[tuple[list[int], Version]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder, commits)
        last = len(commits) - 1
        found = blame(folder, None, "t.csv", key=("id",), where="true")
        assert found.complete and len(found.rows) == len(commits[last][1])
        for row in found.rows:
            key = str(row.key["id"])
            for cell in row.cells:
                place = None if cell.field == "id" else FIELDS.index(cell.field)
                assert cell.origin is not None
                assert int(cell.origin.subject) == by_hand(commits, last, key, place), (key, cell.field)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(commits=histories(), key=st.sampled_from(KEYS))
def test_the_life_of_a_row_leaves_nothing_out(commits: list[tuple[list[int], Version]], key: str) -> None:
    """Every commit that is told of differs from all its parents in the row; in a straight history, no other does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder, commits)
        try:
            events, findings = row_log(folder, (), Target(name="t.csv", key=(key,)), key=("id",))
        except UnknownRow:
            events, findings = [], []
        assert not findings
        told = {int(event.origin.subject): event for event in events}
        straight = all(len(parents) < 2 for parents, _ in commits)
        for number, (parents, rows) in enumerate(commits):
            mine = rows.get(key)
            differs = all(commits[parent][1].get(key) != mine for parent in parents) and (parents or mine is not None)
            if number in told:
                assert differs
                before = commits[parents[0]][1].get(key) if parents else None
                assert told[number].change.kind == (
                    "added" if before is None else "removed" if mine is None else "changed"
                )
            elif straight:
                assert not differs
