"""The chain: migrations in the order that their `after` lines give, from the base on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dsv.errors import ConflictError, MigrationError, did_you_mean
from dsv.model.migration import BASE_ID, Base, Migration

LAST_NUMBER = 9999


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A base and the migrations that follow it, in order. Made by `link`."""

    base: Base
    migrations: tuple[Migration, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids in order, the base's first."""
        return (BASE_ID, *(item.id for item in self.migrations))

    @property
    def last(self) -> str:
        """The id at the end of the chain."""
        return self.ids[-1]

    def find(self, name: str) -> str:
        """The id that `name` means: an id, or the beginning of only one (`m0004`).

        Raises: MigrationError: no migration, or several, of that name.
        """
        if name in self.ids:
            return name
        found = [item for item in self.ids if name and item.startswith(name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise MigrationError(
                f"{name!r} may be {' or '.join(found)}", where=self.base.dataset, hint="write the whole id"
            )
        squashed = self.base.squashed
        if squashed is not None and re.match(r"m[0-9]{4}", name) and name[:5] <= squashed[:5]:
            raise MigrationError(
                f"{name!r} is part of the base: migrations were squashed up to {squashed}",
                where=self.base.dataset,
                hint="its document is in the folder squashed/ beside the others",
            )
        raise MigrationError(f"no migration {name!r}", where=self.base.dataset, hint=did_you_mean(name, self.ids))

    def migration(self, name: str) -> Migration:
        """The migration that `name` means.

        Raises: MigrationError: no migration of that name; the base is none.
        """
        place = self.ids.index(self.find(name))
        if place == 0:
            raise MigrationError(f"{BASE_ID} is the base, not a migration", where=self.base.dataset)
        return self.migrations[place - 1]

    def up_to(self, name: str) -> tuple[Migration, ...]:
        """The migrations from the first to the one that `name` means; none for the base.

        Raises: MigrationError: no migration of that name.
        """
        return self.migrations[: self.ids.index(self.find(name))]

    def pending(self, head: str) -> tuple[Migration, ...]:
        """The migrations after `head`.

        Raises: MigrationError: no migration of that name.
        """
        return self.migrations[self.ids.index(self.find(head)) :]

    def next_id(self, slug: str) -> str:
        """The id that a new migration at the end gets: one more than the highest number, squashed ones included.

        Raises: MigrationError: the numbers are used up.
        """
        ids = self.ids if self.base.squashed is None else (*self.ids, self.base.squashed)
        number = max(int(item[1:5]) for item in ids) + 1
        if number > LAST_NUMBER:
            raise MigrationError(f"a chain has at most {LAST_NUMBER} migrations", where=self.base.dataset)
        return f"m{number:04d}_{slug}"


def link(base: Base, migrations: Iterable[Migration]) -> Chain:
    """Put migrations in order, by the predecessor that each names.

    Raises: ConflictError: two have one id or follow the same one, one follows what is not there,
        or they follow each other in a circle.
    """
    known = list(migrations)
    _refuse_twins(known)
    followers = _followers(known)
    _refuse_gaps(known)
    ordered = []
    place = BASE_ID
    while place in followers:
        ordered.append(followers.pop(place))
        place = ordered[-1].id
    if followers:
        left = sorted(followers.values(), key=lambda item: item.id)
        raise ConflictError(
            f"{' and '.join(item.id for item in left)} follow each other in a circle",
            where="\n".join(item.place("after") for item in left),
            hint=f"give one of them `after: {place}`",
        )
    return Chain(base=base, migrations=tuple(ordered))


def _refuse_twins(migrations: list[Migration]) -> None:
    seen: dict[str, Migration] = {}
    for item in migrations:
        if item.id in seen:
            raise ConflictError(
                f"two documents have the id {item.id}",
                where=f"{seen[item.id].place('id')}\n{item.place('id')}",
                hint="rename one of them, and its id",
            )
        seen[item.id] = item


def _followers(migrations: list[Migration]) -> dict[str, Migration]:
    """Predecessor id -> the migration that follows it."""
    followers: dict[str, Migration] = {}
    for item in sorted(migrations, key=lambda item: item.id):
        first = followers.setdefault(item.after, item)
        if first is not item:
            raise ConflictError(
                f"two heads: {first.id} and {item.id} both follow {item.after}",
                where=f"{first.place('after')}\n{item.place('after')}",
                hint=f"put the other after it: dsv migrate rebase {first.id}; or name the branch that comes first",
            )
    return followers


def _refuse_gaps(migrations: list[Migration]) -> None:
    ids = [BASE_ID, *(item.id for item in migrations)]
    for item in migrations:
        if item.after not in ids:
            raise ConflictError(
                f"{item.id} follows {item.after}, which is not there",
                where=item.place("after"),
                hint=did_you_mean(item.after, [one for one in ids if one != item.id]),
            )
