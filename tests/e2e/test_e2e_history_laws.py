"""Laws of log, show and blame over random histories: what they say is what a walk over the versions by hand finds.

A dataset is in Git, in a `.dvc` file of its own, in a folder that DVC keeps or the output of a stage, changes between
these, moves to another path and format, and has keys that several rows share in some versions; histories have merges.
Nothing of dsv derives what is expected: the versions are known, and Git alone tells which commits its log lists.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsv.api.blame import blame
from dsv.api.log import log
from dsv.api.row_log import row_log
from dsv.api.show import show
from dsv.api.targets import Target
from dsv.errors import UnknownRow

FIELDS = ("a", "b")
KEYS = ("1", "2", "3")
KINDS = ("git", "dvc", "folder", "stage")
PLACES = ("data/t.csv", "new/t.jsonl")
WATCHED = [
    *(path for place in PLACES for path in (place, f"{place}.dvc", f"{place}.profile.yaml")),
    *(f"{posixpath.dirname(place)}{rest}" for place in PLACES for rest in (".dvc", "/dvc.lock")),
    "dvc.lock",
]
Row = tuple[str, str, str]
"""The key, and the cells of the two fields."""


@dataclass(frozen=True)
class Version:
    """A dataset at a commit, and `other`, the version of what shares its folder and its `dvc.lock`."""

    kind: str
    place: str
    rows: tuple[Row, ...]
    other: int

    @property
    def text(self) -> str:
        if self.place.endswith(".csv"):
            return "id,a,b\n" + "".join(",".join(row) + "\n" for row in self.rows)
        return "".join(json.dumps(dict(zip(("id", *FIELDS), row, strict=True))) + "\n" for row in self.rows)

    @property
    def content(self) -> tuple[bool, str]:
        """What names the bytes: Git's ids and DVC's are not compared."""
        return self.kind == "git", self.text

    @property
    def unique(self) -> bool:
        return len({row[0] for row in self.rows}) == len(self.rows)

    def having(self, key: str) -> list[Row]:
        return [row for row in self.rows if row[0] == key]

    def files(self, put: Any = lambda text, suffix="": md5(text) + suffix) -> dict[str, str]:
        """Git's files; `put` gives the md5 of a text, and may keep it."""
        folder, name = posixpath.split(self.place)
        found = {}
        stages = {"rest": ("rest.txt", put(f"rest {self.other}"))}
        if self.kind == "git":
            found[self.place] = self.text
        elif self.kind == "dvc":
            found[f"{self.place}.dvc"] = f"outs:\n{out(name, put(self.text))}"
        elif self.kind == "folder":
            members = {name: put(self.text), "other.txt": put(f"other {self.other}")}
            listed = json.dumps([{"md5": value, "relpath": path} for path, value in members.items()])
            found[f"{folder}.dvc"] = f"outs:\n{out(folder, put(listed, '.dir'))}"
        else:
            stages["make"] = (self.place, put(self.text))
        lines = (f"  {stage}:\n    cmd: run {stage}\n    outs:\n{out(*told, '    ')}" for stage, told in stages.items())
        found["dvc.lock"] = "schema: '2.0'\nstages:\n" + "".join(lines)
        declared = f"{{path: {self.place}, type: dataset, meta: {{dsv: {{key: [id]}}}}}}"
        return {**found, "dvc.yaml": f"artifacts:\n  t: {declared}\n", ".dvc/config": ""}


def out(path: str, digest: str, indent: str = "") -> str:
    return f"{indent}- path: {path}\n{indent}  hash: md5\n{indent}  md5: {digest}\n"


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


History = list[tuple[list[int], Version]]
CELLS = st.sampled_from(["x", "y", "z"])
CHANGES = ("cell", "cell", "cell", "add", "drop", "order", "double", "kind", "place", "other", "other")


@st.composite
def histories(draw: Any) -> History:
    """Commits, each with its parents (numbers of commits before it) and its version; the last reaches all."""
    first = tuple((key, draw(CELLS), draw(CELLS)) for key in draw(st.sets(st.sampled_from(KEYS), min_size=1)))
    commits: History = [([], Version(draw(st.sampled_from(KINDS)), draw(st.sampled_from(PLACES)), first, 0))]
    for number in range(1, draw(st.integers(2, 9))):
        nearest = draw(st.integers(max(0, number - 3), number - 1))
        parents = [nearest]
        if number > 1 and draw(st.booleans()):
            parents.append(draw(st.integers(0, number - 1).filter(lambda other, nearest=nearest: other != nearest)))
        version = commits[nearest][1]
        if len(parents) > 1:
            version = merged(draw, version, commits[parents[1]][1])
        for change in draw(st.lists(st.sampled_from(CHANGES), max_size=2 if len(parents) > 1 else 3)):
            version = changed(draw, version, change, number)
        commits.append((parents, version))
    heads = set(range(len(commits))) - {parent for parents, _ in commits for parent in parents}
    last = commits[max(heads)][1]
    if len(heads) > 1 or not last.unique:
        rows = tuple({row[0]: row for row in last.rows}.values())
        commits.append((sorted(heads, reverse=True), Version(last.kind, last.place, rows, last.other)))
    return commits


def merged(draw: Any, ours: Version, theirs: Version) -> Version:
    """Rows of both, by key; where and how they are kept as one of them has it."""
    mine, other = ({row[0]: row for row in side.rows} for side in (ours, theirs))
    rows = []
    for key in KEYS:
        row = draw(st.sampled_from([mine.get(key), other.get(key)]))
        rows += [] if row is None else [row]
    if not rows or draw(st.booleans()):
        rows = list(draw(st.sampled_from([ours.rows, theirs.rows])))
    kept, beside = draw(st.sampled_from([ours, theirs])), draw(st.sampled_from([ours, theirs]))
    return Version(kept.kind, kept.place, tuple(rows), beside.other)


def changed(draw: Any, version: Version, change: str, number: int) -> Version:
    rows = list(version.rows)
    kind, place, other = version.kind, version.place, version.other
    at = draw(st.integers(0, len(rows) - 1))
    if change == "cell":
        rows[at] = (rows[at][0], draw(CELLS), draw(CELLS))
    elif change == "add":
        unused = [key for key in KEYS if not version.having(key)]
        rows += [(unused[0], draw(CELLS), draw(CELLS))] if unused else []
    elif change == "drop" and len(rows) > 1:
        del rows[at]
    elif change == "order":
        rows.reverse()
    elif change == "double" and len(rows) < 5:
        rows.append((rows[at][0], draw(CELLS), draw(CELLS)))
    elif change == "kind":
        kind = draw(st.sampled_from(KINDS))
    elif change == "place":
        place = draw(st.sampled_from(PLACES))
    elif change == "other":
        other = number
    return Version(kind, place, tuple(rows), other)


@contextmanager
def built(commits: History) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def put(text: str, suffix: str = "") -> str:
            digest = md5(text)
            path = folder / ".dvc/cache/files/md5" / digest[:2] / (digest[2:] + suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return digest + suffix

        lines = []
        for number, (parents, version) in enumerate(commits):
            subject = str(number)
            lines += ["commit refs/heads/main", f"mark :{number + 1}"]
            lines += [f"committer A <a@example.invalid> {1_700_000_000 + number} +0000"]
            lines += [f"data {len(subject)}", subject]
            lines += [f"{'merge' if place else 'from'} :{parent + 1}" for place, parent in enumerate(parents)]
            lines += ["deleteall"]
            for path, content in version.files(put).items():
                lines += [f"M 100644 inline {path}", f"data {len(content)}", content]
        for command, given_in in (
            (["init", "-q", "-b", "main"], None),
            (["fast-import", "--quiet"], "\n".join(lines).encode() + b"\n"),
            (["reset", "-q", "--hard"], None),
        ):
            subprocess.run(["git", *command], cwd=folder, check=True, input=given_in)
        yield folder


def walked(folder: Path) -> list[int]:
    """The commits that Git's own log lists for all files that ever kept the dataset."""
    words = ["git", "log", "--format=%s", "HEAD", "--", *WATCHED]
    return [int(line) for line in subprocess.run(words, cwd=folder, check=True, capture_output=True).stdout.split()]


def kept(version: Version) -> dict[str, str]:
    return {path: text for path, text in version.files().items() if path in WATCHED}


def before(commits: History, number: int) -> list[Version | None]:
    parents, _ = commits[number]
    return [commits[parent][1] for parent in parents] or [None]


def is_listed(commits: History, number: int) -> bool:
    """A file of the dataset's own is as at no parent, or its bytes are, whatever keeps them."""
    now, parents = commits[number][1], before(commits, number)
    own = {place: () for base in PLACES for place in (base, f"{base}.dvc")}
    states = [{} if version is None else version.files() for version in parents]
    touched = any(all(state.get(path) != now.files().get(path) for state in states) for path in own)
    return touched or all(version is None or version.content != now.content for version in parents)


def delta(old: Version | None, new: Version) -> tuple[int, int, int] | None:
    """Rows added, removed and changed, by key; None where a key names several rows."""
    if not new.unique or (old is not None and not old.unique):
        return None
    one, other = ({} if side is None else {row[0]: row for row in side.rows} for side in (old, new))
    differ = sum(one[key] != other[key] for key in one.keys() & other.keys())
    return len(other.keys() - one.keys()), len(one.keys() - other.keys()), differ


def check_log_and_show(commits: History) -> None:
    with built(commits) as folder:
        for _ in ("found out", "remembered"):
            entries = {int(entry.subject): entry for entry in log(folder, (), None)}
            assert set(entries) == {number for number in walked(folder) if is_listed(commits, number)}
            for number, entry in entries.items():
                expected = delta(before(commits, number)[0], commits[number][1])
                found = entry.delta
                assert found is not None
                assert expected is None or expected == (found.added, found.removed, found.changed), number
        for number, (_, version) in enumerate(commits):
            expected = delta(before(commits, number)[0], version)
            with show(folder, f":/^{number}$", ["t"])[1] as comparison:
                (diff,) = comparison.result.datasets
            if expected is not None:
                assert expected == (diff.rows.added, diff.rows.removed, diff.rows.changed), number


def by_hand(commits: History, number: int, key: str, place: int) -> tuple[int, bool]:
    """The commit that a cell is of: go to the first parent that has it, and so on; and whether that is sure.

    It is not where a key of several rows was in the way.
    """
    sure = True
    while True:
        parents, version = commits[number]
        # As `git log` does: a merge that has all files of one parent is that parent's.
        whole = [parent for parent in parents if kept(commits[parent][1]) == kept(version)]
        if whole:
            number = whole[0]
            continue
        (row,) = version.having(key)
        found = {parent: commits[parent][1].having(key) for parent in parents}
        sure = sure and all(len(rows) < 2 for rows in found.values())
        same = [parent for parent, rows in found.items() if len(rows) == 1 and rows[0][place] == row[place]]
        if not same:
            return number, sure
        number = same[0]


def check_blame(commits: History) -> None:
    with built(commits) as folder:
        last = len(commits) - 1
        found = blame(folder, "HEAD", "t", where="true")
        assert len(found.rows) == len(commits[last][1].rows)
        for row in found.rows:
            key = str(row.key["id"])
            for cell in row.cells:
                number, sure = by_hand(commits, last, key, ("id", *FIELDS).index(cell.field))
                assert cell.origin is not None
                assert sure is False or not cell.origin.boundary
                assert cell.origin.boundary or int(cell.origin.subject) == number, (key, cell.field)
        if all(version.unique for _, version in commits):
            assert found.complete


def check_life(commits: History, key: str) -> None:
    """Every commit of Git's log that has the row as none of its parents has it, and no other."""
    if any(len(version.having(key)) > 1 for _, version in commits):
        return
    with built(commits) as folder:
        try:
            events, findings = row_log(folder, (), Target(name="t", key=(key,)))
        except UnknownRow:
            events, findings = [], []
        assert not findings
        expected = {}
        for number in walked(folder):
            row = row_of(commits[number][1], key)
            old = [row_of(version, key) for version in before(commits, number)]
            if row not in old:
                expected[number] = "added" if old[0] is None else "removed" if row is None else "changed"
        assert {int(event.origin.subject): event.change.kind for event in events} == expected


def row_of(version: Version | None, key: str) -> Row | None:
    return None if version is None else next(iter(version.having(key)), None)


CHECKED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
FEW = settings(max_examples=8, deadline=None, suppress_health_check=CHECKED)
MANY = settings(max_examples=300, deadline=None, suppress_health_check=CHECKED)


@FEW
@given(commits=histories())
def test_log_and_show_count_what_commits_changed(commits: History) -> None:
    check_log_and_show(commits)


@FEW
@given(commits=histories())
def test_cells_are_blamed_as_by_hand(commits: History) -> None:
    check_blame(commits)


@FEW
@given(commits=histories(), key=st.sampled_from(KEYS))
def test_the_life_of_a_row_is_all_that_changed_it(commits: History, key: str) -> None:
    check_life(commits, key)


@pytest.mark.slow
@MANY
@given(commits=histories(), key=st.sampled_from(KEYS))
def test_the_laws_hold_over_many_histories(commits: History, key: str) -> None:
    check_log_and_show(commits)
    check_blame(commits)
    check_life(commits, key)
