"""Comments of a pull request on GitHub, from a job of GitHub Actions."""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dsv.errors import HostError, UsageError
from dsv.hosts.base import Comment
from dsv.hosts.http import Client, identity, setting, token

API = "https://api.github.com"
LIMIT = 65_536
REPOSITORY = re.compile(r"(?!\.)[A-Za-z0-9_.-]+/(?!\.{1,2}$)[A-Za-z0-9_.-]+")
ACTIONS = "a job of GitHub Actions has it"
WRITES = (
    "the job needs `permissions: pull-requests: write`, which one for a fork's pull request never has: "
    "post from a `workflow_run` job"
)


class GitHub:
    """The comments of one pull request."""

    name = "GitHub"
    limit = LIMIT

    def __init__(self, client: Client, repository: str, number: int, commit: str | None = None) -> None:
        self.commit = commit
        self.number = number
        self._client = client
        # An Enterprise Server has REST at /api/v3 and GraphQL at /api/graphql.
        self._graphql = client.at(client.api.removesuffix("/v3"))
        self._issues = f"repos/{repository}/issues"

    def shown(self, body: str) -> str:
        """The body as it is sent."""
        return body

    def own(self) -> str:
        """The token's login, as comments have it."""
        # REST tells it to people's tokens only, not to GITHUB_TOKEN, which is an installation's.
        answer = self._graphql.value("POST", "graphql", {"query": "query{viewer{login}}"}, repeatable=True)
        login = _at(answer, "data", "viewer", "login")
        if not isinstance(login, str) or not login:
            raise HostError("GitHub does not say whose the token is", hint="is GITHUB_TOKEN the job's own?")
        return login

    def comments(self) -> Iterator[Comment]:
        """All comments, oldest first."""
        return map(_comment, self._client.items(f"{self._issues}/{self.number}/comments"))

    def create(self, body: str) -> Comment:
        """A new comment."""
        return self._write("POST", f"{self._issues}/{self.number}/comments", body)

    def edit(self, comment: Comment, body: str) -> Comment:
        """A comment with another body."""
        return self._write("PATCH", f"{self._issues}/comments/{comment.id}", body)

    def _write(self, method: Any, path: str, body: str) -> Comment:
        return _comment(self._client.value(method, path, {"body": body}))


def from_environment(environ: Mapping[str, str], pause: Callable[[float], None] = time.sleep) -> GitHub:
    """The pull request that the job's event is about.

    It is never read from what an earlier job left. After `workflow_run` it is the open pull request
    whose head is the branch, repository and commit of the event.

    Raises: UsageError: a variable is not set. HostError: the event is about no pull request, or
        another commit is its head by now.
    """
    secret = token(environ, "GITHUB_TOKEN", "in the step: env: GITHUB_TOKEN: ${{ github.token }}")
    repository = setting(environ, "GITHUB_REPOSITORY", ACTIONS)
    if not REPOSITORY.fullmatch(repository):
        raise UsageError(f"GITHUB_REPOSITORY is {repository!r}, not OWNER/NAME")
    headers = {
        "Authorization": f"Bearer {secret}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    client = Client("GitHub", environ.get("GITHUB_API_URL") or API, headers, WRITES, pause)
    event = _event(Path(setting(environ, "GITHUB_EVENT_PATH", ACTIONS)))
    if isinstance(number := _at(event, "pull_request", "number"), int):
        return GitHub(client, repository, number)
    if isinstance(run := event.get("workflow_run"), dict):
        return GitHub(client, repository, _pull_of(client, repository, run), str(run.get("head_sha")))
    raise HostError("the job's event is about no pull request", hint="run it on pull_request or workflow_run")


def _pull_of(client: Client, repository: str, run: dict[str, Any]) -> int:
    """The number of the open pull request that a run was for.

    The event's own list is empty for forks, therefore the question.
    """
    branch, commit, head = run.get("head_branch"), run.get("head_sha"), run.get("head_repository")
    owner, source = _at(head, "owner", "login"), _at(head, "id")
    if run.get("event") != "pull_request" or not (branch and commit and owner and source):
        raise HostError("the run before this one was for no pull request", hint="if: github.event.workflow_run.event")
    asked = urllib.parse.urlencode({"state": "open", "head": f"{owner}:{branch}"})
    found = [
        pull["number"]
        for pull in client.items(f"repos/{repository}/pulls?{asked}")
        if _at(pull, "head", "sha") == commit and _at(pull, "head", "repo", "id") == source
    ]
    if len(found) == 1 and isinstance(found[0], int):
        return found[0]
    if found:
        raise HostError(f"{len(found)} open pull requests have the head {str(commit)[:12]}", where=repository)
    raise HostError(
        f"no open pull request has the head {str(commit)[:12]}",
        where=repository,
        hint="it is closed, or was pushed to since; then its next run posts",
    )


def _event(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise HostError("the job's event cannot be read", where=str(path)) from error
    return found if isinstance(found, dict) else {}


def _comment(item: dict[str, Any]) -> Comment:
    return Comment(
        id=identity(item),
        author=str(_at(item, "user", "login") or ""),
        body=str(item.get("body") or ""),
        url=str(item.get("html_url") or ""),
    )


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
