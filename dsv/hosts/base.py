"""One comment that stays: made once, then edited in place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from dsv.errors import HostError
from dsv.hosts.http import Lost

ATTEMPTS = 3
MARKER = re.compile(r"<!-- [A-Za-z0-9_.:=/ ]+ -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment as the host has it; `author` is what `Host.own` can be compared with."""

    id: int
    author: str
    body: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What became of a comment, and where it is."""

    action: Literal["created", "updated", "unchanged"]
    url: str


class Host(Protocol):
    """The comments of one pull request. Every method raises HostError.

    `name` is for messages, `limit` the characters that a comment may have. `commit` is the head that
    the event was about, None where the job itself has it checked out.
    """

    @property
    def name(self) -> str: ...
    @property
    def limit(self) -> int: ...
    @property
    def commit(self) -> str | None: ...

    def shown(self, body: str) -> str:
        """The body as it is sent: texts that the host would act on, made inert."""

    def own(self) -> str:
        """Who the token is."""

    def comments(self) -> Iterator[Comment]:
        """All comments, oldest first."""

    def create(self, body: str) -> Comment:
        """A new comment. Raises: Lost: it may be there or not."""

    def edit(self, comment: Comment, body: str) -> Comment:
        """A comment with another body."""


def post(host: Host, body: str, marker: str) -> Posted:
    """Leave `body` as the one comment that begins with `marker` and is the token's own.

    Comments of others that begin with it are left alone. `marker` is an HTML comment of one line.

    Raises: HostError: the host refuses, does not answer, or the body is longer than it takes.
    """
    if not MARKER.fullmatch(marker):
        raise ValueError(f"not a marker: {marker!r}")
    text = host.shown(body if body.startswith(marker) else f"{marker}\n{body}")
    if len(text) > host.limit:
        raise HostError(f"the comment has {len(text):,} characters, and {host.name} takes {host.limit:,}")
    own = host.own()
    for attempt in range(1, ATTEMPTS + 1):
        found = next((item for item in host.comments() if item.author == own and item.body.startswith(marker)), None)
        if found is not None:
            if _normal(found.body) != _normal(text):
                return Posted(action="updated", url=host.edit(found, text).url)
            return Posted(action="unchanged" if attempt == 1 else "created", url=found.url)
        try:
            return Posted(action="created", url=host.create(text).url)
        except Lost:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _normal(body: str) -> str:
    return body.replace("\r\n", "\n").strip()
