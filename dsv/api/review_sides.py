"""The sides of a review: the base's tip, the head, where they parted, and what each says of a dataset."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsv.api.pairs import Pair
from dsv.errors import UsageError
from dsv.model.dataset import Dataset
from dsv.model.revision import Revision
from dsv.store.repository import Repository
from dsv.store.revisions import default_base, merge_base, resolve_all
from dsv.store.trees import Tree

SHORT = 12
"""Digits of a commit's id in the commands that are shown: enough to be the only one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """The files at the tip of the base, at the head, and at their merge base, where the head's changes start."""

    base: Tree
    head: Tree
    start: Tree

    @staticmethod
    def of(repository: Repository, base: Revision, head: Revision) -> Between:
        """The trees; settings of DVC are the base's as it is now, unless another revision is trusted already.

        Raises: RepositoryError: they have no common ancestor.
        """
        trusting = repository if repository.trusted is not None else repository.trusting(str(base.commit))
        parted = merge_base(repository, base, head)
        return Between(base=Tree(trusting, base), head=Tree(trusting, head), start=Tree(trusting, parted))

    def command(self, *words: str) -> str:
        """A `dsv diff` of the same difference, safe to paste into a shell."""
        commits = [str(tree.revision.commit)[:SHORT] for tree in (self.start, self.head)]
        return shlex.join(["dsv", "diff", *commits, *words])

    def declared(self, tree: Tree, pair: Pair) -> Dataset | None:
        """What one of the trees declares of a dataset, by its name or path."""
        declared = tree.declared()
        named = (item for item in declared if item.name == pair.name)
        return next(named, None) or next((item for item in declared if item.path == pair.path), None)

    def private(self, pair: Pair) -> frozenset[str]:
        """The fields that any of the three declares to hold personal data.

        Of a dataset that the base does not know, all fields that are private in any of its datasets: it may be
        one of them under another name.
        """
        trees = (self.base, self.start)
        known = [found for tree in trees if (found := self.declared(tree, pair)) is not None]
        before = known or [item for tree in trees for item in tree.declared()]
        after = self.declared(self.head, pair)
        return frozenset(name for item in (*before, *([after] if after else [])) for name in item.pii)

    def texts(self, tree: Tree, matches: Callable[[str], bool]) -> dict[str, bytes]:
        """The small files of a tree whose repository paths match."""
        return tree.read_many(path for path in tree.paths() if matches(path))


def ends(repository: Repository, words: Sequence[str]) -> tuple[Revision, Revision]:
    """The base and the head that words name: `BASE...HEAD`, `BASE HEAD`, `BASE`, or nothing for the main branch.

    Raises: UsageError: more, or a range with two dots. UnknownRevision.
    """
    if len(words) > 2:
        raise UsageError(
            f"{len(words)} revisions were given; a review has a base and a head", hint="dsv review BASE...HEAD"
        )
    if len(words) == 1 and ".." in words[0]:
        before, dots, after = words[0].partition("...")
        if not dots:
            before, _, after = words[0].partition("..")
            hint = f"dsv review {before}...{after}"
            raise UsageError("a review starts where the head left its base", where=words[0], hint=hint)
        words = [before or "HEAD", after or "HEAD"]
    if not words:
        return default_base(repository), resolve_all(repository, ["HEAD"])["HEAD"]
    before, after = words[0], words[1] if len(words) == 2 else "HEAD"
    found = resolve_all(repository, (before, after))
    return found[before], found[after]
