"""`chain.lock`: what was applied, by which documents, with which results, in which environment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from dsv.documents import yaml
from dsv.documents.decode import decode
from dsv.errors import ConflictError, DocumentError
from dsv.migrations.chain import Chain
from dsv.migrations.encode import encode
from dsv.model.finding import Finding
from dsv.model.migration import BASE_ID, ChainLock, LockEntry

HEADER = "# Written by dsv, not by people. Two branches that both add migrations conflict here, as they should.\n"
HINT = "take one side's file (git checkout --ours or --theirs), then run: dsv migrate up"
_PACKAGES = {"dsv": "dsv-data", "duckdb": "duckdb", "dvc": "dvc", "pyarrow": "pyarrow"}
_MARKERS = ("<<<<<<< ", ">>>>>>> ")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockDocument:
    """The keys of `chain.lock`. `seal` is the hash of the rest: it tells a hand edit."""

    dsv: int
    head: str
    seal: str
    migrations: tuple[LockEntry, ...]
    squashed: tuple[LockEntry, ...] = ()


def environment() -> Mapping[str, str]:
    """What decides the bytes of a version: Python, the libraries, the platform."""
    import platform
    from importlib.metadata import version

    versions = {name: version(package) for name, package in _PACKAGES.items()}
    return {
        **versions,
        "platform": f"{platform.system()}-{platform.machine()}".lower(),
        "python": platform.python_version(),
    }


def dump(lock: ChainLock) -> str:
    """The text of `chain.lock`."""
    document = LockDocument(dsv=1, head=lock.head, seal=_seal(lock), migrations=lock.entries, squashed=lock.squashed)
    return HEADER + yaml.dump(encode(document))


def load(text: str | bytes, where: str) -> ChainLock:
    """Read `chain.lock`. `where` is its path, for messages.

    Raises: ConflictError: two branches met in it. DocumentError: it is not as dsv wrote it.
    """
    shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
    if any(line.startswith(_MARKERS) for line in shown.splitlines()):
        raise ConflictError("two branches changed the chain", where=where, hint="dsv migrate rebase")
    value, lines = yaml.load_mapping(text, where)
    document = decode(LockDocument, value, where, lines)
    lock = ChainLock(head=document.head, entries=document.migrations, squashed=document.squashed)
    if document.dsv != 1 or document.seal != _seal(lock):
        raise DocumentError(
            "chain.lock was not written by dsv as it stands: it was edited, or merged",
            where=where,
            hint=f"bring back the committed one: git checkout HEAD -- {where}; or {HINT}",
        )
    return lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """What the lock says of a migration and is not so (any more)."""

    rule: Literal["lock-order", "unknown-migration", "edited-migration"]
    migration: str
    message: str


def disagreements(lock: ChainLock, chain: Chain) -> Iterator[Disagreement]:
    """Where documents and their order are not as the lock says, in the order of the lock."""
    ids = [entry.id for entry in lock.entries]
    last = ids[-1] if ids else BASE_ID
    documents = {item.id: item.digest for item in chain.migrations}
    if lock.head != last:
        text = f"chain.lock has {lock.head} as its head, but {last} as the last migration"
        yield Disagreement(rule="lock-order", migration=lock.head, message=text)
    for entry, expected in zip_longest(lock.entries, chain.ids[1 : len(ids) + 1]):
        if entry.id not in documents:
            text = f"{entry.id} was applied, but its document is gone"
            yield Disagreement(rule="unknown-migration", migration=entry.id, message=text)
        elif entry.id != expected:
            text = f"{entry.id} was applied where the chain has {expected}"
            yield Disagreement(rule="lock-order", migration=entry.id, message=text)
        elif entry.document != documents[entry.id]:
            text = f"{entry.id} was edited after it was applied"
            yield Disagreement(rule="edited-migration", migration=entry.id, message=text)


def verify(lock: ChainLock, chain: Chain) -> list[Finding]:
    """What the lock says of documents and their order that is not so (any more), as findings."""
    dataset = chain.base.dataset
    return [
        Finding(rule=item.rule, level="error", dataset=dataset, message=item.message)
        for item in disagreements(lock, chain)
    ]


def _seal(lock: ChainLock) -> str:
    content: dict[str, Any] = {"head": lock.head, "migrations": encode(lock.entries)}
    if lock.squashed:
        content["squashed"] = encode(lock.squashed)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
