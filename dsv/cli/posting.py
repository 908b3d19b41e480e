"""What a review leaves on GitHub or GitLab: one comment, or what a job itself may show."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from dsv.errors import HostError
from dsv.model.review import Review

Forge = Literal["github", "gitlab"]
FORGES: tuple[Forge, ...] = ("github", "gitlab")
SUMMARY = "GITHUB_STEP_SUMMARY"


def post(review: Review, forge: Forge, environ: Mapping[str, str] = os.environ) -> str:
    """Leave the review as the one comment of the job's pull request; a line that says what became of it.

    Raises: UsageError: a variable of the job is not set. HostError: the host refuses, or the event is
        about another commit than the review.
    """
    from dsv.cli.fitting import MARKER, markdown
    from dsv.hosts import base, github, gitlab
    from dsv.renderers._clean import clean

    host = github.from_environment(environ) if forge == "github" else gitlab.from_environment(environ)
    if host.commit is not None and host.commit != review.head.commit:
        raise HostError(
            f"the review is of {str(review.head.commit)[:12]}, the job's event about {host.commit[:12]}",
            hint="check out the head of the pull request, not its merge: ref: github.event.pull_request.head.sha",
        )
    posted = base.post(host, markdown(review), MARKER)
    return clean(f"{posted.action} {posted.url}")


def annotate(review: Review, forge: Forge, environ: Mapping[str, str] = os.environ) -> str:
    """What the job's own output shows: GitHub's annotations, its page written too, or GitLab's report."""
    if forge == "gitlab":
        from dsv.renderers._code_quality import code_quality

        return code_quality(review)
    from dsv.renderers import _annotations

    if environ.get(SUMMARY):
        _append(review, Path(environ[SUMMARY]))
    return _annotations.commands(review)


def _append(review: Review, page: Path) -> None:
    from dsv.cli.fitting import markdown
    from dsv.renderers import _annotations

    try:
        with page.open("ab") as file:
            room = _annotations.ROOM - file.tell()
            file.write(_annotations.summary(markdown(review, _annotations.ROOM // 4), review, room).encode())
    except OSError as error:
        raise HostError(f"the job's page cannot be written: {error.strerror}", where=str(page)) from None
