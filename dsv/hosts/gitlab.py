"""Notes of a merge request on GitLab, from a job of its CI."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dsv.errors import UsageError
from dsv.hosts.base import Comment
from dsv.hosts.http import Client, identity, setting, token

LIMIT = 1_000_000
PIPELINE = "a pipeline of a merge request has it: rules: if: $CI_PIPELINE_SOURCE == 'merge_request_event'"
TOKEN = (
    "a project access token with the scope api and the role Reporter, as a masked variable; CI_JOB_TOKEN cannot post"
)
RIGHTS = f"GITLAB_TOKEN is {TOKEN}"
COMMAND = re.compile(r"^([^\S\n]*)/", re.MULTILINE)


class GitLab:
    """The notes of one merge request."""

    name = "GitLab"
    limit = LIMIT
    commit: str | None = None

    def __init__(self, client: Client, project: int, number: int, page: str) -> None:
        self._client = client
        self._notes = f"projects/{project}/merge_requests/{number}/notes"
        self._page = page

    def shown(self, body: str) -> str:
        """The body as it is sent: no line of it is a command, such as /merge."""
        return COMMAND.sub(r"\1&#47;", body)

    def own(self) -> str:
        """The id of the token's user."""
        return str(identity(self._client.value("GET", "user")))

    def comments(self) -> Iterator[Comment]:
        """All notes that people and tokens wrote, oldest first."""
        notes = self._client.items(f"{self._notes}?sort=asc&order_by=created_at")
        return (self._comment(note) for note in notes if not note.get("system"))

    def create(self, body: str) -> Comment:
        """A new note."""
        return self._write("POST", self._notes, body)

    def edit(self, comment: Comment, body: str) -> Comment:
        """A note with another body."""
        return self._write("PUT", f"{self._notes}/{comment.id}", body)

    def _write(self, method: Any, path: str, body: str) -> Comment:
        return self._comment(self._client.value(method, path, {"body": body}))

    def _comment(self, item: dict[str, Any]) -> Comment:
        author, number = item.get("author"), identity(item)
        return Comment(
            id=number,
            author=str(author.get("id")) if isinstance(author, dict) else "",
            body=str(item.get("body") or ""),
            url=f"{self._page}#note_{number}",
        )


def from_environment(environ: Mapping[str, str], pause: Callable[[float], None] = time.sleep) -> GitLab:
    """The merge request that the pipeline is for. Raises: UsageError: a variable is not set, or is no number."""
    secret = token(environ, "GITLAB_TOKEN", TOKEN)
    client = Client("GitLab", setting(environ, "CI_API_V4_URL", PIPELINE), {"PRIVATE-TOKEN": secret}, RIGHTS, pause)
    # A fork's pipeline runs in the fork's project; the merge request is in the other.
    own = "CI_MERGE_REQUEST_PROJECT_ID"
    project = _number(environ, own if environ.get(own) else "CI_PROJECT_ID")
    number = _number(environ, "CI_MERGE_REQUEST_IID")
    at = environ.get("CI_MERGE_REQUEST_PROJECT_URL") or setting(environ, "CI_PROJECT_URL", PIPELINE)
    return GitLab(client, project, number, f"{at}/-/merge_requests/{number}")


def _number(environ: Mapping[str, str], name: str) -> int:
    found = setting(environ, name, PIPELINE)
    if not (found.isascii() and found.isdecimal()):
        raise UsageError(f"{name} is {found!r}, not a number")
    return int(found)
