"""A review as a page that this machine serves to its own browser, and to nobody else, until it is stopped.

Who has the address with its token may read: the token is no cookie, which every other server of this machine would get
too. The Host and Origin of a request are checked, so that a name that another site points at this machine, or a page of
another site, cannot ask for anything. Nothing is read from the file system for a request, and nothing is written.
"""

from __future__ import annotations

import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from dsv.cli.paging import FACETS, MOST_A_PAGE, Asked, Store
from dsv.errors import UsageError
from dsv.model.diff import KINDS
from dsv.model.progress import SILENT, Progress, Task
from dsv.model.review import Review
from dsv.renderers import html
from dsv.renderers._report.page import own_policy
from dsv.renderers._report.parts import parts
from dsv.renderers._report.thumbnails import Thumbnails
from dsv.scratch import scratch

ADDRESS = "127.0.0.1"
HOSTS = (ADDRESS, "localhost")
SECONDS = 30
LONGEST_SEARCH = 1_000
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@contextmanager
def prepared(review: Review, thumbnails: Thumbnails | None, port: int, progress: Progress = SILENT) -> Iterator[Server]:
    """A server that has all that it will give; the port is taken, and nobody is answered yet.

    `port` 0 is any that is free. Raises: UsageError: the port cannot be had.
    """
    with scratch("serve") as name, Store(name) as store:
        server = _bound(port)
        try:
            total = sum(part.diff.rows.differing for part in parts(review))
            with progress.task("reading rows", total) as task:
                store.fill(_counted(html.spelled(review, thumbnails), task))
            page = "".join(html.framed(review, store.samples, store.offers())).encode("utf-8", "replace")
            server.give(page, store)
            yield server
        finally:
            server.server_close()


def _counted(rows: Iterator[tuple[int, list[Any]]], task: Task) -> Iterator[tuple[int, list[Any]]]:
    for row in rows:
        yield row
        task.advance()


def _bound(port: int) -> Server:
    try:
        return Server(port)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise UsageError(f"the port {port} cannot be had: {reason}", hint="leave --port out") from None


class Server(ThreadingHTTPServer):
    """Answers on this machine's own address alone."""

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, port: int) -> None:
        super().__init__((ADDRESS, port), _Handler)
        self.token = secrets.token_urlsafe(32)
        self.page = b""
        self.policy = own_policy()
        self.rows: Callable[[Asked, int, int], bytes] = lambda asked, offset, limit: b""

    @property
    def url(self) -> str:
        """Where the page is, the token included."""
        return f"http://{ADDRESS}:{self.server_port}/{self.token}/"

    def give(self, page: bytes, store: Store) -> None:
        """Say what is served."""
        self.page, self.rows = page, store.page

    def run(self, ready: Callable[[], None]) -> None:
        """Answer until the process is told to stop; `ready` is called when it can be."""

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGTERM, stop)
        try:
            ready()
            self.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            return
        finally:
            signal.signal(signal.SIGTERM, before)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away while it was answered is no error."""


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, said: str) -> None:
        super().__init__(said)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = SECONDS
    server_version, sys_version = "dsv", ""

    def do_GET(self) -> None:
        """The page, or rows."""
        try:
            kind, body = self._answer()
        except _Refused as refusal:
            self._send(refusal.status, "text/plain; charset=utf-8", f"{refusal}\n".encode())
            return
        self._send(HTTPStatus.OK, kind, body)

    do_HEAD = do_GET

    def _answer(self) -> tuple[str, bytes]:
        self._check_sender()
        path, _, query = self.path.partition("?")
        _, _, path = path.partition("/")
        token, *rest = path.split("/")
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise _Refused(HTTPStatus.FORBIDDEN, "open the address that dsv printed, with its token")
        if rest == [""] and not query:
            return "text/html; charset=utf-8", self.server.page
        if rest == ["rows"]:
            return "application/json", self.server.rows(*_asked(query))
        raise _Refused(HTTPStatus.NOT_FOUND, "there is the page, and its rows")

    def _check_sender(self) -> None:
        hosts = {f"{host}:{self.server.server_port}" for host in HOSTS}
        if self.headers.get_all("Host", []) not in [[host] for host in hosts]:
            raise _Refused(HTTPStatus.FORBIDDEN, "asked for under another name than this machine's own")
        origins = self.headers.get_all("Origin", [])
        if any(origin not in {f"http://{host}" for host in hosts} for origin in origins):
            raise _Refused(HTTPStatus.FORBIDDEN, "asked for by a page of another site")
        # A link to the page may stand anywhere, as in a terminal that is itself a page.
        followed = self.headers.get("Sec-Fetch-Mode") == "navigate"
        if not followed and self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise _Refused(HTTPStatus.FORBIDDEN, "asked for by a page of another site")

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Security-Policy", f"{self.server.policy}; frame-ancestors 'none'")
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Every refusal is a short text, with the same headers as an answer; what was asked is not repeated."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self.close_connection = True
        self._send(status, "text/plain; charset=utf-8", f"{status.phrase}\n".encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are nobody's business."""


def _asked(query: str) -> tuple[Asked, int, int]:
    """What a query wants. Raises: _Refused: it is none of the page's."""
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=bool(query), errors="replace", max_num_fields=20
        )
        given = dict(pairs)
        facets = {name: given.pop(name) for name in FACETS if name in given}
        offset, limit = int(given.pop("offset", "0")), int(given.pop("limit", str(MOST_A_PAGE)))
        part, kind, search = given.pop("part", None), given.pop("kind", None), given.pop("search", "")
        if given or len(pairs) != len({name for name, _ in pairs}) or not 0 <= offset < 2**53 or limit < 1:
            raise ValueError("another parameter, or one twice")
        asked = Asked(
            part=None if part is None else int(part),
            kind=None if kind is None else KINDS.index(kind),
            facets=facets,
            search=search[:LONGEST_SEARCH],
        )
    except ValueError:
        raise _Refused(HTTPStatus.BAD_REQUEST, "this page asks for no such rows") from None
    return asked, offset, limit
