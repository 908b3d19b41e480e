"""What DVC leaves out of the folders that it keeps: the patterns of `.dvcignore` files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dsv.store.repository import Repository

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NAME = ".dvcignore"


class Ignored:
    """Says of repository paths below a folder whether DVC leaves them out.

    The `.dvcignore` files of the folders above it count, from DVC's own root on; DVC refuses one
    inside a folder that it keeps.
    """

    def __init__(self, repo: Repository, folder: str) -> None:
        self._specs = list(_specs(repo, folder))

    def __call__(self, path: str) -> bool:
        """Say whether DVC leaves a file out; of two patterns that fit, the later and deeper one holds."""
        verdict = False
        for prefix, spec in self._specs:
            found = spec.check_file(path.removeprefix(prefix)).include
            verdict = verdict if found is None else found
        return verdict


def _specs(repo: Repository, folder: str) -> Iterator[tuple[str, GitIgnoreSpec]]:
    root = repo.dvc_root
    if root is None:
        return
    own = repo.relative(root)
    start = "" if own == "." else own + "/"
    if not f"{folder}/".startswith(start):
        return
    steps = folder.removeprefix(start).split("/")
    for depth in range(len(steps)):
        prefix = start + "".join(f"{step}/" for step in steps[:depth])
        place = repo.root / prefix / NAME
        lines = place.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if place.is_file() else []
        if any(line.strip() and not line.strip().startswith("#") for line in lines):
            from pathspec import GitIgnoreSpec

            yield prefix, GitIgnoreSpec.from_lines(lines)
