"""One comment that stays, against a server that answers as GitHub and GitLab document it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dsv.errors import DsvError, HostError, UsageError
from dsv.hosts import github, gitlab
from dsv.hosts.base import Host, Posted, post
from dsv.hosts.http import Client
from tests.hosts.forge import TOKEN, Forge, serving

MARKER = "<!-- dsv:review -->"
BODY = f"{MARKER}\n### clean"


@pytest.fixture
def forge(monkeypatch: pytest.MonkeyPatch) -> Iterator[Forge]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as found:
        yield found


def on_github(forge: Forge, tmp_path: Path, event: Any = None, **more: str) -> Callable[..., github.GitHub]:
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"pull_request": {"number": 5}} if event is None else event))
    environ = {
        "GITHUB_API_URL": forge.address,
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_EVENT_PATH": str(path),
    }
    return lambda pause=time.sleep: github.from_environment({**environ, **more}, pause)


def on_gitlab(forge: Forge, **more: str) -> gitlab.GitLab:
    environ = {
        "CI_API_V4_URL": f"{forge.address}/api/v4",
        "CI_PROJECT_ID": "7",
        "CI_MERGE_REQUEST_IID": "5",
        "CI_PROJECT_URL": "https://gitlab.example/o/r",
        "GITLAB_TOKEN": TOKEN,
    }
    return gitlab.from_environment({**environ, **more})


@pytest.fixture(params=["github", "gitlab"])
def host(request: pytest.FixtureRequest, forge: Forge, tmp_path: Path) -> Host:
    return on_github(forge, tmp_path)() if request.param == "github" else on_gitlab(forge)


def test_a_comment_is_made_once_then_edited_in_place_and_left_alone_when_unchanged(host: Host, forge: Forge) -> None:
    forge.add("a person's", author="ana")
    made = post(host, "### clean", MARKER)
    assert made.action == "created" and forge.comments[1]["body"] == BODY
    writes = lambda: [method for method, path in forge.asked if method != "GET" and "graphql" not in path]  # noqa: E731
    assert post(host, BODY, MARKER) == Posted(action="unchanged", url=made.url) and writes() == ["POST"]
    forge.comments[1]["body"] = BODY.replace("\n", "\r\n") + "\n"
    assert post(host, BODY, MARKER).action == "unchanged"
    assert post(host, f"{BODY} no more", MARKER) == Posted(action="updated", url=made.url)
    assert [item["body"] for item in forge.comments] == ["a person's", f"{BODY} no more"]


def test_a_marker_of_another_author_or_inside_a_body_is_not_ours(host: Host, forge: Forge) -> None:
    forge.add(BODY, author="mallory")
    forge.add(BODY, author="github-actions")
    forge.add(f"see {MARKER}")
    assert post(host, f"{BODY}!", MARKER).action == "created"
    assert [item["body"] for item in forge.comments] == [BODY, BODY, f"see {MARKER}", f"{BODY}!"]


def test_the_comment_is_found_on_a_later_page_without_following_the_link(host: Host, forge: Forge) -> None:
    for number in range(250):
        forge.add(f"{number}", author="ana")
    forge.add(BODY)
    assert post(host, BODY, MARKER).action == "unchanged"
    assert len([path for method, path in forge.asked if path.endswith(("comments", "notes"))]) == 3


def test_a_body_that_is_too_long_is_refused_before_and_by_the_host(host: Host, forge: Forge) -> None:
    with pytest.raises(HostError, match=r"characters, and Git(Hub takes 65,536|Lab takes 1,000,000)"):
        post(host, "x" * (host.limit + 1), MARKER)
    assert forge.asked == []
    with pytest.raises(HostError, match=r"refuses: 4(22 Validation Failed; Body is|00 .*is) too long"):
        host.create("x" * (host.limit + 1))
    assert post(host, "x" * (host.limit - len(MARKER) - 1), MARKER).action == "created"


def limited(status: int, **headers: str) -> tuple[int, dict[str, str], Any]:
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, {"message": "slow down"}


def test_limits_of_rate_are_waited_for_as_told_and_not_for_ever(forge: Forge, tmp_path: Path) -> None:
    waits: list[float] = []
    host = on_github(forge, tmp_path)(waits.append)
    forge.next = [
        ("GET", limited(429, Retry_After="7")),
        ("GET", limited(403, X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(time.time()) + 20))),
        ("POST", limited(429)),
    ]
    assert post(host, BODY, MARKER).action == "created" and len(forge.comments) == 1
    assert (waits[0], waits[1]) == (60, 7) and 18 <= waits[2] <= 22
    forge.next = [("GET", limited(403, Retry_After="3600"))]
    with pytest.raises(HostError, match="asks to wait 3600 seconds"):
        post(host, BODY, MARKER)
    assert len(waits) == 3
    forge.next = [("GET", limited(403))]
    with pytest.raises(HostError, match="refuses: 403 slow down") as refused:
        post(host, BODY, MARKER)
    assert "pull-requests: write" in str(refused.value.hint)


def test_a_broken_server_is_asked_again_a_few_times(forge: Forge, tmp_path: Path) -> None:
    waits: list[float] = []
    host = on_github(forge, tmp_path)(waits.append)
    broken = (502, {}, b"<html>Bad Gateway")
    forge.add(BODY)
    forge.next = [("GET", broken), ("GET", None), ("PATCH", broken)]
    assert post(host, f"{BODY}!", MARKER).action == "updated" and waits == [1, 2, 1]
    forge.next = [("GET", broken)] * 4
    with pytest.raises(HostError, match="GitHub fails: 502"):
        post(host, BODY, MARKER)
    assert not forge.next


@pytest.mark.parametrize("done", [True, False])
def test_a_comment_whose_answer_was_lost_is_looked_for_not_made_twice(done: bool, forge: Forge, tmp_path: Path) -> None:
    host = on_github(forge, tmp_path)(lambda _: None)
    host.own = lambda: "github-actions[bot]"  # type: ignore[method-assign]
    forge.next = [("POST", None if done else (500, {}, {}))]
    assert post(host, BODY, MARKER).action == "created"
    assert [item["body"] for item in forge.comments] == [BODY]


def test_the_token_goes_to_no_other_host(forge: Forge, tmp_path: Path) -> None:
    with serving() as other:
        forge.next = [("GET", (302, {"Location": f"{other.address}/repos/o/r"}, {}))]
        with pytest.raises(HostError, match="sends to another address") as refused:
            post(on_github(forge, tmp_path)(), BODY, MARKER)
        assert other.asked == [] and other.tokens == [] and str(refused.value.where).startswith(other.address)
    with pytest.raises(ValueError, match="another host"):
        Client("GitHub", forge.address, {}, "").at("https://other.invalid")


def test_a_server_for_enterprises_has_graphql_beside_rest(forge: Forge, tmp_path: Path) -> None:
    host = on_github(forge, tmp_path, GITHUB_API_URL=f"{forge.address}/api/v3")()
    assert post(host, BODY, MARKER).action == "created"
    assert [path for _, path in forge.asked][0] == "/api/graphql"


@pytest.mark.parametrize("answer", [b"<html>", b"[" * 100_000, b"7", b"{}", b'[{"body": "x"}]'])
def test_an_answer_of_another_shape_is_one_clear_error(answer: bytes, host: Host, forge: Forge) -> None:
    forge.next = [("GET", (200, {}, answer)), ("GET", (200, {}, answer))]
    with pytest.raises(HostError, match=r"answered with something|does not say whose"):
        post(host, BODY, MARKER)


def pull(number: int, owner: str = "fork", ref: str = "topic", sha: str = "a" * 40, repo: int = 77) -> dict[str, Any]:
    return {"number": number, "head": {"ref": ref, "sha": sha, "repo": {"id": repo, "owner": owner}}}


RUN = {
    "event": "pull_request",
    "head_branch": "topic",
    "head_sha": "a" * 40,
    "head_repository": {"id": 77, "owner": {"login": "fork"}},
    "pull_requests": [],
}


def test_after_a_run_the_pull_request_is_the_open_one_with_the_head_of_the_event(forge: Forge, tmp_path: Path) -> None:
    forge.pulls = [pull(3, sha="b" * 40), pull(4, repo=78), pull(5), pull(6, owner="o")]
    host = on_github(forge, tmp_path, {"workflow_run": RUN})()
    assert (host.number, host.commit) == (5, "a" * 40)
    assert post(host, BODY, MARKER).action == "created"
    forge.pulls.append(pull(8))
    with pytest.raises(HostError, match="2 open pull requests have the head aaaaaaaaaaaa"):
        on_github(forge, tmp_path, {"workflow_run": RUN})()
    forge.pulls = []
    with pytest.raises(HostError, match="no open pull request has the head"):
        on_github(forge, tmp_path, {"workflow_run": RUN})()
    for wrong in ({**RUN, "event": "push"}, {**RUN, "head_repository": None}, {}):
        with pytest.raises(HostError, match="was for no pull request"):
            on_github(forge, tmp_path, {"workflow_run": wrong})()
    with pytest.raises(HostError, match="about no pull request"):
        on_github(forge, tmp_path, {"push": {}})()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("GITHUB_TOKEN", "", "GITHUB_TOKEN is not set"),
        ("GITHUB_TOKEN", "two\nlines", "GITHUB_TOKEN is no token"),
        ("GITHUB_REPOSITORY", "", "GITHUB_REPOSITORY is not set"),
        ("GITHUB_REPOSITORY", "o/r/../../x", "not OWNER/NAME"),
        ("GITHUB_REPOSITORY", "o/..", "not OWNER/NAME"),
        ("GITHUB_EVENT_PATH", "", "GITHUB_EVENT_PATH is not set"),
        ("GITHUB_EVENT_PATH", "/nowhere", "event cannot be read"),
        ("GITHUB_API_URL", "file:///etc", "no address of an API"),
        ("GITHUB_TOKEN", "wrong", "refuses: 401 Bad credentials"),
    ],
)
def test_what_is_lacking_on_github_is_said(name: str, value: str, told: str, forge: Forge, tmp_path: Path) -> None:
    with pytest.raises(DsvError, match=told) as said:
        post(on_github(forge, tmp_path, **{name: value})(), BODY, MARKER)
    assert "two" not in str(said.value)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("GITLAB_TOKEN", "", "GITLAB_TOKEN is not set"),
        ("CI_API_V4_URL", "", "CI_API_V4_URL is not set"),
        ("CI_MERGE_REQUEST_IID", "", "CI_MERGE_REQUEST_IID is not set"),
        ("CI_MERGE_REQUEST_IID", "5/../6", "not a number"),
        ("CI_PROJECT_ID", "", "CI_PROJECT_ID is not set"),
    ],
)
def test_what_is_lacking_on_gitlab_is_said(name: str, value: str, told: str, forge: Forge) -> None:
    with pytest.raises(UsageError, match=told):
        on_gitlab(forge, **{name: value})


def test_a_note_is_of_the_project_that_the_merge_request_is_for_and_commands_nothing(forge: Forge) -> None:
    forge.add(BODY, system=True)
    environ = {"CI_PROJECT_ID": "1", "CI_MERGE_REQUEST_PROJECT_ID": "7"}
    posted = post(on_gitlab(forge, **environ), f"{BODY}\n/merge\n  /close\na/b", MARKER)
    assert posted.url == "https://gitlab.example/o/r/-/merge_requests/5#note_2"
    assert forge.comments[1]["body"] == f"{BODY}\n&#47;merge\n  &#47;close\na/b"
    assert post(on_gitlab(forge, **environ), f"{BODY}\n/merge\n  /close\na/b", MARKER).action == "unchanged"
