"""`dsv review --serve`: the installed command, asked over HTTP as a browser asks, and as others should not."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pandas as pd
import pytest

from tests.e2e.conftest import DSV, User
from tests.e2e.test_e2e_review import META, TOKEN, branch, rows, table
from tests.renderers.browser import CHROMIUM, browser

SPLITS, MARKUP = ("train", "val", "test"), "<script>alert(1)</script>"


@dataclass
class Served:
    """A running server: where it is, and its process."""

    url: str
    process: subprocess.Popen[str]

    def __post_init__(self) -> None:
        found = urlsplit(self.url)
        self.host, self.port, self.path = str(found.hostname), int(found.port or 0), found.path

    def ask(
        self, path: str | None = None, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            connection.request(method, self.path if path is None else path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def rows(self, **asked: Any) -> dict[str, Any]:
        status, _, text = self.ask(f"{self.path}rows?{urlencode(asked)}")
        assert status == 200, text
        return dict(json.loads(text))

    def keys(self, **asked: Any) -> list[str]:
        return [row[3][0][1] for _, row in self.rows(**asked)["rows"]]


@contextmanager
def serving(user: User, *words: str) -> Iterator[Served]:
    words = (DSV, "review", *words, "--serve")
    with subprocess.Popen(
        words, cwd=user.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        assert line.startswith("until Ctrl-C, the review is at http://127.0.0.1:"), line + process.stderr.read()
        try:
            yield Served(line.split()[-1], process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


OLD = rows(120)
NEW = {
    **{key: cells for key, cells in OLD.items() if key not in ("r003", "r007")},
    **{f"r{n:03}": (f"c{(n + 1) % 3}", OLD[f"r{n:03}"][1], f"note {n}") for n in range(20, 60)},
    "new1": ("c0", "train", MARKUP),
    "new2": ("c1", "val", TOKEN),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> User:
    user = User(tmp_path_factory.mktemp("served"))
    user.git("init", "-q")
    branch(user, "t.csv", table(OLD), table(NEW), **META)
    return user


@pytest.fixture(scope="module")
def served(made: User) -> Iterator[Served]:
    with serving(made) as server:
        yield server


def changed() -> pd.DataFrame:
    """Both sides of every row that differs, by key; a column a side."""
    sides = {
        name: pd.DataFrame(side, index=["class", "split", "note"]).T.add_suffix(f" {name}")
        for name, side in (("old", OLD), ("new", NEW))
    }
    both = pd.concat(sides.values(), axis=1)
    differ = (both.filter(like=" old").fillna("").to_numpy() != both.filter(like=" new").fillna("").to_numpy()).any(1)
    return both[differ]


def test_every_changed_row_is_given_once(served: Served) -> None:
    expected = set(changed().index)
    first = served.rows(limit=7)
    assert first["count"] == len(expected)
    seen = [key for offset in range(0, first["count"], 7) for key in served.keys(limit=7, offset=offset)]
    assert len(seen) == len(expected) and set(seen) == expected
    assert served.keys(offset=first["count"]) == []


def test_rows_are_filtered_and_searched_where_they_are(served: Served) -> None:
    frame = changed()
    for split in SPLITS:
        expected = frame[(frame["split old"] == split) | (frame["split new"] == split)]
        assert set(served.keys(split=split)) == set(expected.index)
    c0 = frame[(frame["class old"] == "c0") | (frame["class new"] == "c0")]
    assert set(served.keys(**{"class": "c0"})) == set(c0.index)
    assert set(served.keys(kind="removed")) == {"r003", "r007"} and set(served.keys(kind="added")) == {"new1", "new2"}
    assert set(served.keys(field="class", kind="changed")) == set(frame.dropna().index)
    assert served.keys(search="R02") == sorted(key for key in frame.index if "r02" in key)
    assert set(served.keys(search="c1", split="val", kind="changed")) <= set(frame.index)
    assert served.keys(search="%") == [] == served.keys(split="' OR 1 --")
    assert served.rows(part=0)["count"] == len(frame) and served.rows(part=7)["count"] == 0


def test_secrets_are_neither_shown_nor_found(served: Served) -> None:
    told = json.dumps(served.rows(limit=1000)) + served.ask()[2]
    assert TOKEN not in told and served.rows(search=TOKEN)["count"] == 0
    assert MARKUP not in served.ask()[2]


def test_private_fields_are_neither_shown_nor_found(repo: User) -> None:
    private = {"key": ["id"], "label": "class", "split": "split", "pii": ["note"]}
    branch(repo, "t.csv", table(OLD), table(NEW), **private)
    with serving(repo) as server:
        told = json.dumps(server.rows(limit=1000)) + server.ask()[2]
        assert "note 3" not in told and server.rows(search="note 3")["count"] == 0
    with serving(repo, "--values", "none") as server:
        told = json.dumps(server.rows(limit=1000))
        assert "r020" not in told and server.rows()["count"] == len(changed())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:PORT"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:PORT"}, 403),
        ({"Host": "127.0.0.1"}, 403),
        ({"Host": "127.0.0.1:1"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "127.0.0.1:PORT.evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:PORT"}, 200),
        ({"Origin": "http://localhost:PORT"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "https://127.0.0.1:PORT"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
    ],
)
def test_only_this_machine_s_own_page_may_ask(served: Served, headers: dict[str, str], status: int) -> None:
    given = {name: value.replace("PORT", str(served.port)) for name, value in headers.items()}
    for path in (served.path, f"{served.path}rows"):
        found, _, text = served.ask(path, headers=given)
        assert found == status
        if status != 200:
            assert "r020" not in text and "evil" not in text


@pytest.mark.parametrize(
    "path", ["/", "/rows", "/x/", "/{short}/", "/{token}x/", "/{flipped}/rows", "*", "", "http://127.0.0.1/"]
)
def test_without_the_token_there_is_nothing(served: Served, path: str) -> None:
    token = served.path.strip("/")
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    status, _, text = served.ask(path.format(short=token[:-1], token=token, flipped=flipped))
    assert status in (400, 403, 404) and "r020" not in text and token not in text


@pytest.mark.parametrize(
    "rest",
    ["../etc/passwd", "..%2f..%2fetc/passwd", "%2e%2e/%2e%2e/etc/passwd", "t.csv", ".git/config", "rows/", "/", "x?y"],
)
def test_no_file_is_served(served: Served, rest: str) -> None:
    status, _, text = served.ask(served.path + rest)
    assert status == 404 and "root:" not in text and "note" not in text


@pytest.mark.parametrize(
    "query",
    ["offset=-1", "offset=x", "limit=0", "limit=-5", "kind=other", "part=x", "color=red", "kind=added&kind=added", "x"],
)
def test_a_question_that_is_none_of_the_page_s_is_refused(served: Served, query: str) -> None:
    assert served.ask(f"{served.path}rows?{query}")[0] == 400


def test_nothing_can_be_written_and_nothing_is_kept(served: Served) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        status, headers, _ = served.ask(method=method)
        assert status == 405 and headers["Allow"] == "GET, HEAD"
    status, headers, text = served.ask(method="HEAD")
    assert (status, text) == (200, "")
    assert headers["Cache-Control"] == "no-store" and headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer" and headers["X-Frame-Options"] == "DENY"
    assert "connect-src 'self'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers and "Access-Control-Allow-Origin" not in headers


def test_it_ends_when_told_and_leaves_nothing(made: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    before = made.git("status", "--porcelain", "--ignored")
    for sign in (signal.SIGINT, signal.SIGTERM):
        with serving(made) as server:
            assert any(tmp_path.glob("dsv-serve-*"))
            server.process.send_signal(sign)
            assert server.process.wait(20) == 0
            assert server.process.stdout is not None and server.process.stderr is not None
            assert server.process.stdout.read() == "ended\n" and server.process.stderr.read() == ""
        assert not any(tmp_path.glob("dsv-serve-*"))
    assert made.git("status", "--porcelain", "--ignored") == before


def test_a_port_that_is_taken_is_told(made: User, served: Served) -> None:
    ran = made.dsv("review", "--serve", "--port", str(served.port), code=2)
    assert f"the port {served.port} cannot be had" in ran.err


@pytest.mark.parametrize(
    "words", [("--serve", "--json"), ("--serve", "--html", "x.html"), ("--serve", "--post", "github"), ("--port", "80")]
)
def test_what_does_not_go_together_is_refused(made: User, words: tuple[str, ...]) -> None:
    assert "--serve" in made.dsv("review", *words, code=2).err
    assert not (made.folder / "x.html").exists()


def test_a_review_that_was_written_is_served_too(made: User) -> None:
    made.write("review.json", made.dsv("review", "--json", "--limit", "5").out)
    with serving(made, "--from", "review.json") as server:
        assert 0 < server.rows()["count"] < len(changed())
        assert "of its changed rows are here" in server.ask()[2]
    (made.folder / "review.json").unlink()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_a_browser_pages_through_more_rows_than_are_asked_for_at_once(user: User, tmp_path: Path) -> None:
    user.git("init", "-q")
    many = {f"r{n:05}": (f"c{n % 3}", SPLITS[n % 3], f"note {n}") for n in range(3_000)}
    other = {key: (f"c{(n + 1) % 3}", split, note) for n, (key, (_, split, note)) in enumerate(many.items())}
    branch(user, "t.csv", table(many), table(other), **META)
    with serving(user) as server, browser(tmp_path / "profile") as page:
        page.call("Page.navigate", url=server.url)
        wait(page, "document.body?.dataset.ready")
        status = "document.getElementById('status').textContent"
        assert page.run(status) == "3,000 of 3,000 rows"
        text = "document.getElementById('table').textContent"
        assert "r00000" in page.run(text)
        page.run("document.getElementById('list').scrollTop = 1e9; 0")
        wait(page, f"{text}.includes('r02999')")
        page.run(
            "for (const i of [1]) { const s = document.getElementById('search'); s.value = 'r0123';"
            " s.dispatchEvent(new Event('input')) } 0"
        )
        wait(page, f"{status} === '10 of 3,000 rows'")
        assert "r01234" in page.run(text)
        page.run(
            "document.getElementById('filter-split').value = 'test';"
            " document.getElementById('filter-split').dispatchEvent(new Event('change')); 0"
        )
        wait(page, f"{status} === '3 of 3,000 rows'")
        assert all(url.startswith((server.url, "data:")) for url in page.requests), page.requests
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(20)
        page.run("document.getElementById('reset').click(); 0")
        wait(page, f"{status}.includes('Is dsv still running?')")


def wait(page: Any, condition: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not page.run(f"Boolean({condition})"):
        assert time.monotonic() < end, condition
        time.sleep(0.05)
