"""The one tree of errors. Each is raised for what a user can mend; bugs are other exceptions."""

from __future__ import annotations

from collections.abc import Iterable


class DsvError(Exception):
    """What went wrong, where, and how to mend it.

    `message` is one sentence without a full stop, `where` a file, line or key, `hint` a command
    to run or a thing to change. `exit_code` is what the command line ends with.
    """

    exit_code = 3

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint


class UsageError(DsvError):
    """The command's words do not make sense together."""

    exit_code = 2


class IntegrityError(DsvError):
    """Bytes do not match the hash that was recorded for them."""

    exit_code = 5


class ConflictError(DsvError):
    """Two sides disagree: a merge, or two migration heads."""

    exit_code = 4


class RepositoryError(DsvError):
    """Git or DVC cannot give what was asked for."""


class NotARepository(RepositoryError):
    """There is no Git repository here (or no DVC where it is needed)."""


class UnknownRevision(RepositoryError):
    """Git knows no such revision."""


class UnknownDataset(RepositoryError):
    """No dataset of that name, or no table at that path."""


class UnknownRow(RepositoryError):
    """No row has the key that was named."""


class TooLittleMemory(DsvError):
    """The engine needs more memory than it may have, even spilling."""


class DataMissing(RepositoryError):
    """The bytes are neither in the cache nor on a remote."""


class HostError(DsvError):
    """A host such as GitHub cannot be reached, or refuses what is asked."""


class DocumentError(DsvError):
    """A YAML document that dsv reads is wrong; `where` is `path:line`."""


class FormatError(DsvError):
    """A data file that cannot be read; `where` is `path:line` where the line is known."""


class SchemaError(DsvError):
    """A field or class that is not there, or a value that does not fit its type."""


class MigrationError(DsvError):
    """A migration that cannot be planned or applied."""


class BrokenPromise(MigrationError):
    """What was done differs from what the plan said."""


class BrokenPin(MigrationError):
    """What would be done differs from what `plan --pin` wrote into the document."""


class UnknownName(UsageError):
    """No leaf (format, operation, check, renderer) of that name."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is closest to a misspelt one, None if none is close."""
    import difflib

    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest known name, or else lists what there is (ten at the most)."""
    known = list(known)
    close = nearest(name, known)
    if close is not None:
        return f"did you mean {close!r}?"
    if not known:
        return None
    more = f" and {len(known) - 10} more" if len(known) > 10 else ""
    return "known: " + ", ".join(known[:10]) + more
