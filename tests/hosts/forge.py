"""A local server with the few endpoints of GitHub and GitLab that dsv asks, as their documentation has them.

GitHub: list, create and edit comments of an issue (pages by `Link`, 422 on a body above 65,536
characters), `viewer` by GraphQL, open pull requests by head. GitLab: user, list, create and edit
notes (pages by `Link` and `X-Next-Page`, 400 on a note above 1,000,000 characters).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "secret-of-the-job"
Reply = tuple[int, dict[str, str], Any]


class Forge:
    """What the server has, was asked, and is to answer next in place of its own answers."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.comments: list[dict[str, Any]] = []
        self.pulls: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str]] = []
        self.tokens: list[str] = []
        self.next: list[tuple[str, Reply | None]] = []
        """Method, and the answer to the next such request; None: hang up after doing what was asked."""
        self.page = 100

    def add(self, body: str, author: str = "github-actions[bot]", **more: Any) -> dict[str, Any]:
        number = len(self.comments) + 1
        user = {"login": author, "id": 9 if author == "github-actions[bot]" else 100 + number}
        comment = {"id": number, "body": body, "user": user, "author": user, "html_url": f"http://forge/c/{number}"}
        self.comments.append({**comment, **more})
        return self.comments[-1]

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Reply:
        self.asked.append((method, path))
        if path.endswith("/graphql"):
            return 200, {}, {"data": {"viewer": {"login": "github-actions[bot]"}}}
        if path == "/api/v4/user":
            return 200, {}, {"id": 9, "username": "project_7_bot"}
        if path.endswith("/pulls"):
            owner, branch = query["head"][0].split(":", 1)
            found = [p for p in self.pulls if (p["head"]["repo"]["owner"], p["head"]["ref"]) == (owner, branch)]
            return self._pages(found, path, query)
        if re.fullmatch(r"/(api/v3/)?repos/o/r/issues/5/comments|/api/v4/projects/7/merge_requests/5/notes", path):
            return self._pages(self.comments, path, query) if method == "GET" else self._write(None, path, body)
        edited = re.fullmatch(r"/(?:api/v3/)?repos/o/r/issues/comments/(\d+)|/api/v4/projects/7/.*/notes/(\d+)", path)
        if edited and method == ("PATCH" if edited[1] else "PUT"):
            return self._write(int(edited[1] or edited[2]), path, body)
        return 404, {}, {"message": "Not Found"}

    def _write(self, number: int | None, path: str, body: Any) -> Reply:
        text = body["body"]
        if path.startswith("/api/v4") and len(text) > 1_000_000:
            return 400, {}, {"message": {"note": ["is too long (maximum is 1000000 characters)"]}}
        if not path.startswith("/api/v4") and len(text) > 65_536:
            errors = [
                {
                    "resource": "IssueComment",
                    "code": "unprocessable",
                    "field": "data",
                    "message": "Body is too long (maximum is 65536 characters)",
                }
            ]
            return 422, {}, {"message": "Validation Failed", "errors": errors}
        if number is None:
            return 201, {}, self.add(text)
        self.comments[number - 1]["body"] = text
        return 200, {}, self.comments[number - 1]

    def _pages(self, items: list[Any], path: str, query: dict[str, list[str]]) -> Reply:
        size, page = min(int(query.get("per_page", ["30"])[0]), self.page), int(query.get("page", ["1"])[0])
        more = page * size < len(items)
        # The link leads to a host that is not there: whoever follows it fails.
        link = {"Link": f'<http://other.invalid{path}?page={page + 1}>; rel="next"'} if more else {}
        return 200, link, items[(page - 1) * size : page * size]


@contextmanager
def serving() -> Iterator[Forge]:
    """A server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            given = self.headers.get("Authorization", "").removeprefix("Bearer ") or self.headers.get(
                "PRIVATE-TOKEN", ""
            )
            forge.tokens.append(given)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            said = next((item for item in forge.next if item[0] == self.command), None)
            if said is not None:
                forge.next.remove(said)
            if said is not None and said[1] is not None:
                forge.asked.append((self.command, parts.path))
                reply = said[1]
            elif given != TOKEN:
                reply = (401, {}, {"message": "Bad credentials"})
            else:
                reply = forge.answer(self.command, parts.path, parse_qs(parts.query), body)
            if said is not None and said[1] is None:
                self.close_connection = True
                return
            self._send(*reply)

        def _send(self, status: int, headers: dict[str, str], value: Any) -> None:
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            for name, text in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = _any

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    forge = Forge(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
