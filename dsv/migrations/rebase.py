"""Migrations of one branch put after those of another: which are whose, and what they are called then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dsv.documents.edit import replace_texts
from dsv.documents.yaml import KeyPath
from dsv.errors import ConflictError, MigrationError
from dsv.migrations.chain import LAST_NUMBER
from dsv.model.migration import BASE_ID, LockEntry, Migration


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Two branches of a chain: what they share, and what each has of its own, in order."""

    shared: tuple[Migration, ...]
    theirs: tuple[Migration, ...]
    mine: tuple[Migration, ...]


def divide(theirs: Sequence[Migration], mine: Iterable[Migration], squashed: Sequence[LockEntry] = ()) -> Fork:
    """Tell the migrations of two branches apart. `theirs` are in order, `mine` in any.

    `squashed` are migrations that became part of theirs base; mine may still have them.

    A migration is known by what it does (its digest), whatever its id: one that was renumbered on
    the other side is shared all the same.

    Raises: ConflictError: mine fork among themselves, or follow what theirs do not have.
    """
    line = [*((entry.id, entry.document) for entry in squashed), *((item.id, item.digest) for item in theirs)]
    places, own = _matched(line, sorted(mine, key=lambda item: item.id))
    ordered = _in_order(own)
    if not ordered:
        return Fork(shared=tuple(theirs), theirs=(), mine=())
    first = ordered[0]
    last = len(squashed) - 1
    # Mine begin at the same base as theirs, unless they still have what theirs squashed.
    begin = -1 if any(place <= last for place in places.values()) else last
    place = begin if first.after == BASE_ID else places.get(first.after)
    if place is not None and place < last:
        raise ConflictError(
            f"{first.id} follows {first.after}, and the other branch squashed its migrations up to {squashed[-1].id}",
            where=first.place("after"),
            hint="rebase onto a revision before the squash first",
        )
    if place is None:
        raise ConflictError(
            f"{first.id} follows {first.after}, which the other branch does not have",
            where=first.place("after"),
            hint=f"give it `after:` a migration that both have, such as {theirs[-1].id if theirs else BASE_ID}",
        )
    shared = place - last
    return Fork(shared=tuple(theirs[:shared]), theirs=tuple(theirs[shared:]), mine=tuple(ordered))


def branch_of(migrations: Sequence[Migration], name: str) -> tuple[Migration, ...]:
    """Of migrations that fork, those on the branch through `name`, from the base to its end.

    Raises: MigrationError: no migration of that name. ConflictError: the branch forks again, or a gap.
    """
    known = {item.id: item for item in migrations}
    found = [item for item in known if item == name] or [item for item in known if item.startswith(name)]
    if len(found) != 1:
        raise MigrationError(f"no migration {name!r}" if not found else f"{name!r} may be {' or '.join(found)}")
    line = [known[found[0]]]
    while line[0].after != BASE_ID:
        if line[0].after not in known or known[line[0].after] in line:
            raise ConflictError(f"{line[0].id} follows {line[0].after}, which is not there", where=line[0].path)
        line.insert(0, known[line[0].after])
    while followers := [item for item in migrations if item.after == line[-1].id]:
        if len(followers) > 1:
            raise ConflictError(
                f"two migrations follow {line[-1].id}: {followers[0].id} and {followers[1].id}",
                where=f"{followers[0].path}, {followers[1].path}",
                hint=f"name the one that comes first: dsv migrate rebase {followers[0].id}",
            )
        line.append(followers[0])
    return tuple(line)


def numbered(fork: Fork, last: int = 0) -> dict[str, str]:
    """The ids that mine get after theirs, by the ids that they have. `last` is the highest number ever used.

    An id whose number is free and comes after the ones before it stays.

    Raises: MigrationError: the numbers are used up.
    """
    number = max([last, *(_number(item) for item in (*fork.shared, *fork.theirs))])
    ids = {}
    for item in fork.mine:
        number = max(number + 1, _number(item))
        if number > LAST_NUMBER:
            raise MigrationError(f"a chain has at most {LAST_NUMBER} migrations", where=item.path)
        ids[item.id] = f"m{number:04d}{item.id[5:]}"
    return ids


def side_names(migration: Migration, new_id: str, taken: Iterable[str], fixed: Collection[str] = ()) -> dict[str, str]:
    """The names that a migration's side files get with its new id, by the names that they have.

    A name that begins with the old id follows it; one that the other branch uses for another file
    (`taken`) is put behind the new id. `fixed` names stay: DVC keeps these files.

    Raises: ConflictError: a fixed name is taken.
    """
    folder = migration.path.rpartition("/")[0]
    names = {}
    used = set(taken)
    for path in migration.side_files:
        name = path.removeprefix(f"{folder}/")
        if name in fixed:
            if name in used:
                raise ConflictError(f"both sides have a file {name}, and DVC keeps it", where=migration.path)
            names[name] = name
            continue
        moved = new_id + name.removeprefix(migration.id) if name.startswith(migration.id) else name
        if moved in used:
            moved = f"{new_id}_{name.replace('/', '_')}"
        names[name] = moved
    return names


def moved_text(text: str, migration: Migration, new_id: str, after: str, names: Mapping[str, str]) -> str:
    """A document's text with another id, another predecessor and other side files; all else stays.

    Raises: DocumentError: the text cannot be edited.
    """

    def change(path: KeyPath, value: str) -> str:
        if path == ("id",):
            return new_id
        if path == ("after",):
            return after
        if path[:1] != ("operations",):
            return value
        name, *function = value.split(":", 1) if value not in names else [value]
        return ":".join([names.get(name, name), *function])

    return replace_texts(text, change, migration.path)


def _matched(line: Sequence[tuple[str, str]], mine: Sequence[Migration]) -> tuple[dict[str, int], list[Migration]]:
    """Where each of mine stands in theirs line (ids and digests), by its id; and those that theirs lack."""
    free = dict(enumerate(line))
    places: dict[str, int] = {}
    for same_id in (True, False):
        for item in mine:
            alike = (
                place
                for place, (name, digest) in free.items()
                if digest == item.digest and (name == item.id or not same_id)
            )
            if item.id not in places and (place := next(alike, None)) is not None:
                places[item.id] = place
                del free[place]
    return places, [item for item in mine if item.id not in places]


def _in_order(own: Sequence[Migration]) -> list[Migration]:
    ids = {item.id for item in own}
    starts = [item for item in own if item.after not in ids]
    if own and len(starts) != 1:
        raise ConflictError(
            "the migrations to put after the others are no single line",
            where=", ".join(item.path for item in starts or own),
            hint="let each follow one other: dsv migrate rebase ID puts all else after the branch of ID",
        )
    ordered = list(starts)
    while followers := [item for item in own if ordered and item.after == ordered[-1].id]:
        if len(followers) > 1:
            raise ConflictError(
                f"two migrations follow {ordered[-1].id}: {followers[0].id} and {followers[1].id}",
                where=f"{followers[0].path}, {followers[1].path}",
            )
        ordered.append(followers[0])
    return ordered


def _number(migration: Migration) -> int:
    return int(migration.id[1:5])
