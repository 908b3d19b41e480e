"""What is compared with what: the two sides of each table, found but not yet read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dsv.api.candidates import candidates, holds_table, possible
from dsv.api.snapshots import Files, content_md5, plain_files, plain_folder_id, tree_files
from dsv.api.targets import Row, Target, parse
from dsv.errors import UnknownDataset, did_you_mean
from dsv.model.dataset import Dataset
from dsv.model.profile import Profile, profile_path
from dsv.store import folders, objects
from dsv.store.hashes import HashCache, stamp_id
from dsv.store.repository import user_cache_folder
from dsv.store.trees import Located, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A table at one side: where it is, what its bytes are known to be, and how to get them.

    `content_id` is equal for equal bytes, None where nothing knows; `now` asks for it again. `open`
    gives a local file, and fetches it where it has to. `files` gives the files of a table that is a
    folder instead, None for one that is a file. `here`: its bytes (of a folder, the list of its
    files) are on this machine. `absent`: a work file is not checked out, its record is compared.
    `tree` are the files around it, None outside a repository.
    """

    path: str
    content_id: str | None
    open: Callable[[], Path]
    profile: Callable[[], Profile | None]
    files: Callable[[], Files] | None = None
    here: Callable[[], bool] = lambda: True
    absent: bool = False
    tree: Tree | None = None
    now: Callable[[], str | None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One table on both sides; None where a side lacks it. `row` is the key of the only row asked for."""

    name: str
    path: str
    declared: Dataset | None
    old: Side | None
    new: Side | None
    row: Row | None = None

    @property
    def identical(self) -> bool:
        """Both sides are there, and known to have equal bytes."""
        old, new = self.old, self.new
        return old is not None and new is not None and old.content_id is not None and old.content_id == new.content_id


def file_pair(old: Path, new: Path, shown: tuple[str, str]) -> Pair:
    """Two plain files, in or outside a repository; `shown` are their names for people."""
    # Files of two sizes differ: then hashing them would only cost time.
    alike = old.is_dir() or new.is_dir() or old.stat().st_size == new.stat().st_size
    return Pair(
        name=shown[1],
        path=shown[1],
        declared=None,
        old=_file_side(old, shown[0], hashed=alike),
        new=_file_side(new, shown[1], hashed=alike),
    )


def repository_pairs(old: Tree, new: Tree, words: Iterable[str], relative: Callable[[str], str]) -> list[Pair]:
    """The tables to compare between two trees: those that `words` name, else all that matter.

    All that matter are the declared datasets, if there are any; else the tables whose bytes
    differ, some known by their names, others by their content. `relative` makes a repository path of
    a path that the user wrote.

    Raises: UnknownDataset: a word names no dataset and no table of either side.
    """
    declared = _declared(old, new)
    words = list(words)
    if words:
        return [_named(old, new, declared, parse(word, declared), relative) for word in words]
    if declared:
        return [_declared_pair(old, new, name, *sides) for name, sides in declared.items()]
    tables = {*candidates(old), *candidates(new)}
    perhaps = {*possible(old), *possible(new)} - tables
    pairs = (_path_pair(old, new, path) for path in sorted(tables | perhaps))
    return [pair for pair in pairs if not pair.identical and (pair.path in tables or _is_table(pair))]


def _is_table(pair: Pair) -> bool:
    """Say whether what differs is a table on either side; nothing is read of a whole file but its beginning."""
    sides = (side for side in (pair.new, pair.old) if side is not None)
    return any(holds_table(side.path, side.open, side.files) for side in sides)


Declared = dict[str, tuple[Dataset | None, Dataset | None]]


def _declared(old: Tree, new: Tree) -> Declared:
    """Declarations by name, those of the new side first, in their order.

    One that has another name and the same path as before is the same dataset.
    """
    before = {item.name: item for item in old.declared()}
    after = {item.name: item for item in new.declared()}
    gone = {item.path: item for name, item in before.items() if name not in after}
    renamed = {name: gone[item.path] for name, item in after.items() if name not in before and item.path in gone}
    found = {name: (before.get(name, renamed.get(name)), item) for name, item in after.items()}
    left = {item.name for item in gone.values()} - {item.name for item in renamed.values()}
    return {**found, **{name: (before[name], None) for name in before if name in left}}


def _declared_pair(old: Tree, new: Tree, name: str, before: Dataset | None, after: Dataset | None) -> Pair:
    # A dataset is its name: before it was declared, it is looked for at the path that it has now.
    known = after if after is not None else before
    if known is None:
        raise UnknownDataset(f"no dataset {name!r}")
    old_path = before.path if before is not None else known.path
    new_path = after.path if after is not None else known.path
    return Pair(
        name=name,
        path=known.path,
        declared=known,
        old=_tree_side(old, old_path),
        new=_tree_side(new, new_path),
    )


def _named(old: Tree, new: Tree, declared: Declared, target: Target, relative: Callable[[str], str]) -> Pair:
    found = declared.get(target.name) or next(
        (
            sides
            for sides in declared.values()
            if any(item and (item.path == _path(target, relative) or item.name == target.name) for item in sides)
        ),
        None,
    )
    if found is not None:
        name = next(item.name for item in reversed(found) if item is not None)
        pair = _declared_pair(old, new, name, *found)
    else:
        pair = _path_pair(old, new, _path(target, relative))
    if pair.old is None and pair.new is None:
        known = [*declared, *candidates(new), *candidates(old)]
        raise UnknownDataset(
            f"no dataset and no table {target.name!r} at {old.revision.name} or {new.revision.name}",
            hint=did_you_mean(target.name, dict.fromkeys(known)),
        )
    return Pair(name=pair.name, path=pair.path, declared=pair.declared, old=pair.old, new=pair.new, row=target.key)


def _path(target: Target, relative: Callable[[str], str]) -> str:
    return relative(target.name)


def _path_pair(old: Tree, new: Tree, path: str) -> Pair:
    return Pair(name=path, path=path, declared=None, old=_tree_side(old, path), new=_tree_side(new, path))


def _tree_side(tree: Tree, path: str) -> Side | None:
    located = tree.find(path)
    if located is None:
        return None
    return Side(
        path=path,
        content_id=content_id(tree, located),
        open=lambda: objects.materialise(tree.repo, located),
        profile=lambda: recorded_profile(tree, located),
        files=partial(tree_files, tree, located) if located.is_folder else None,
        here=lambda: objects.is_here(tree.repo, located),
        absent=tree.revision.commit is None and located.file is None,
        tree=tree,
        now=lambda: content_id_now(tree, path),
    )


def content_id(tree: Tree, located: Located) -> str | None:
    return folders.content_id(tree, located) if located.is_folder else objects.content_id(tree.repo, located)


def content_id_now(tree: Tree, path: str) -> str | None:
    fresh = Tree(tree.repo, tree.revision)
    located = fresh.find(path)
    return None if located is None else content_id(fresh, located)


def recorded_profile(tree: Tree, located: Located) -> Profile | None:
    """The profile that stands beside a table, if it is of exactly these bytes."""
    from dsv.profiles import document as profiles

    path = profile_path(located.path)
    content = tree.read(path)
    if content is None:
        return None
    profile = profiles.load(content.decode("utf-8", "replace"), path)
    if not profile.adds_up:
        return None
    return profile if profile.md5 == content_md5(tree, located) else None


def _file_side(path: Path, shown: str, *, hashed: bool) -> Side:
    if path.is_dir():
        return Side(
            path=shown,
            content_id=plain_folder_id(path),
            open=lambda: path,
            profile=lambda: None,
            files=lambda: plain_files(path),
            now=lambda: plain_folder_id(path),
        )

    def identify() -> str | None:
        return f"md5:{HashCache(user_cache_folder()).md5(path)}" if hashed else stamp_id(path)

    return Side(path=shown, content_id=identify(), open=lambda: path, profile=lambda: None, now=identify)
