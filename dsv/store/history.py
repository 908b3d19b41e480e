"""The commits that touched given paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dsv.model.history import CommitDetails
from dsv.model.revision import Revision
from dsv.store import git
from dsv.store.repository import Repository

# Opens with two empty records, which no file name can be: the names before it end there, and those of a merge, which
# stand after one empty record more than others do, are no next commit.
_FORMAT = "--format=%x00%x00%H%x00%P%x00%an%x00%aI%x00%s%x00%(trailers:only,unfold,separator=%x0a)%x00"
_OPENING, _FIELDS = 2, 6
_TURNED = frozenset("AD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit. `date` is ISO 8601 with the author's offset; `paths` are those asked for that it touched.

    `turned` are those of them that are not there, or were not at a parent.
    Of a merge, `paths` are those that are as at none of its parents.
    `parents` are ids, in order; of a `lineage`, the nearest commits before it that are in it as well.
    Of a trailer that is given twice, the last one counts.
    """

    id: str
    parents: tuple[str, ...]
    author: str
    date: str
    subject: str
    trailers: Mapping[str, str]
    paths: tuple[str, ...]
    turned: tuple[str, ...] = ()


def history(
    repo: Repository,
    paths: Sequence[str],
    new: Revision,
    old: Revision | None = None,
) -> tuple[Commit, ...]:
    """The commits that changed a file at (or below) one of the paths, newest first, through one process.

    Those that `new` reaches, and `old`, if given, does not. Renames are not followed.
    """
    span = [str(new.commit)] if old is None else [str(new.commit), f"^{old.commit}"]
    return _log(repo, paths, span, [])


def lineage(repo: Repository, paths: Sequence[str], new: Revision, old: Revision | None = None) -> tuple[Commit, ...]:
    """As `history`, each commit before its parents, which are the nearest that changed one of the paths too.

    A merge that has all files of one parent has that parent alone, as in `git log`.
    """
    span = [str(new.commit)] if old is None else [str(new.commit), f"^{old.commit}"]
    return _log(repo, paths, span, ["--topo-order", "--parents"])


def blobs_named(repo: Repository, pattern: str) -> list[str]:
    """The ids of all blobs that a commit of any branch, tag or experiment has at a path of that pattern."""
    options = (
        "--all",
        "-m",
        "--raw",
        "--no-abbrev",
        "--no-renames",
        "--no-show-signature",
        "--no-ext-diff",
        "--format=",
    )
    try:
        answer = git.read(
            repo.root, "-c", "log.follow=false", "-c", "log.showRoot=true", "log", *options, "--", pattern
        )
    except git.GitFailed:
        return []
    found = (line.split(b" ", 4)[3].decode() for line in answer.splitlines() if line.startswith(b":"))
    return [blob for blob in dict.fromkeys(found) if blob.strip("0")]


def _log(repo: Repository, paths: Sequence[str], span: Sequence[str], more: Sequence[str]) -> tuple[Commit, ...]:
    if not paths:
        return ()
    options = (
        "-z",
        "-c",
        "--name-status",
        "--no-show-signature",
        "--no-renames",
        "--no-ext-diff",
        "--encoding=UTF-8",
    )
    log = ("-c", "log.follow=false", "-c", "log.showRoot=true", "log")
    answer = git.read(repo.root, *log, *options, *more, _FORMAT, *span, "--", *(git.literal(path) for path in paths))
    return tuple(_commits(answer.decode("utf-8", "surrogateescape").split("\0")))


def details(repo: Repository, revision: Revision) -> CommitDetails:
    """Author, date, parents and message of a commit."""
    options = ("--no-patch", "--no-show-signature", "--encoding=UTF-8", "--format=%H%x00%P%x00%an%x00%ae%x00%aI%x00%B")
    answer = git.read(repo.root, "show", *options, str(revision.commit)).decode("utf-8", "replace")
    commit, parents, author, email, date, message = answer.split("\0", 5)
    return CommitDetails(
        commit=commit,
        parents=tuple(parents.split()),
        author=author,
        email=email,
        date=date,
        message=message.strip("\n"),
    )


def edits(repo: Repository, paths: Sequence[str], pattern: str, new: Revision) -> list[str]:
    """The commits that `new` reaches which added or removed a line that matches at one of the paths, newest first.

    All of them, also on branches of which a merge took nothing; of a merge, against any parent.
    """
    if not paths:
        return []
    shown = ("--format=%H", "--full-history", "-m", "--no-patch", "--no-show-signature")
    options = (*shown, "--no-renames", "--no-ext-diff", "--no-textconv")
    log = ("-c", "log.follow=false", "-c", "log.showRoot=true", "log")
    places = [git.literal(path) for path in paths]
    found = git.read(repo.root, *log, *options, f"-G{pattern}", str(new.commit), "--", *places).decode().split()
    return list(dict.fromkeys(found))


def _commits(records: Sequence[str]) -> Iterator[Commit]:
    place = 0
    while place + _OPENING + _FIELDS <= len(records):
        fields = place + _OPENING
        identity, parents, author, date, subject, trailers = records[fields : fields + _FIELDS]
        first = fields + _FIELDS
        while first < len(records) and not records[first]:
            first += 1
        place = last = first
        if first - fields - _FIELDS > _OPENING:
            # It has no names, and the next commit opens.
            place -= _OPENING
        else:
            while last < len(records) and records[last]:
                last += 1
            place = last
        names = dict(zip(records[first + 1 : last : 2], records[first:last:2], strict=True))
        yield Commit(
            id=identity,
            parents=tuple(parents.split()),
            author=author,
            date=date,
            subject=subject,
            trailers=_trailers(trailers),
            paths=tuple(names),
            turned=tuple(name for name, states in names.items() if _TURNED & set(states)),
        )


def _trailers(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}
