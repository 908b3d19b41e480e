"""Requests to the API of one host, with a token that no other host gets to see."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dsv.errors import HostError, UsageError

Method = Literal["GET", "POST", "PATCH", "PUT"]
TIMEOUT = 30.0
ATTEMPTS = 4
LONGEST_WAIT = 120
"""Seconds to wait for a limit of rate to pass, in all; then it is an error."""
UNTOLD_WAIT = 60
LARGEST_ANSWER = 64_000_000
PAGES = 300


class Lost(HostError):
    """No answer, or one of a broken server: what was asked may have been done, or not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (names in lower case) and body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: urllib would send the token along, wherever it leads."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Client:
    """The API at one address.

    Requests that read or replace are repeated when the server fails or does not answer, at most
    `ATTEMPTS` times; those that create never are. Any is repeated once a limit of rate has passed.
    `rights` is the hint when the host does not let the token do something.
    """

    def __init__(
        self,
        host: str,
        api: str,
        headers: Mapping[str, str],
        rights: str,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urllib.parse.urlsplit(api)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query:
            raise UsageError(f"{api!r} is no address of an API", hint="such as https://api.github.com")
        self.host = host
        self.api = api.rstrip("/")
        self._headers = {"User-Agent": "dsv", "Content-Type": "application/json", **headers}
        self._rights = rights
        self._pause = pause
        self._open = urllib.request.build_opener(_Stay).open

    def at(self, api: str) -> Client:
        """The same host's API at an address beside this one. Raises: ValueError: it is another host's."""
        if urllib.parse.urlsplit(api)[:2] != urllib.parse.urlsplit(self.api)[:2]:
            raise ValueError(f"another host: {api!r}")
        return Client(self.host, api, self._headers, self._rights, self._pause)

    def ask(self, method: Method, path: str, body: Any = None, *, repeatable: bool | None = None) -> Answer:
        """The answer to one request; `body` is sent as JSON, `path` follows the API's address.

        Raises: HostError: a refusal, a redirect, a limit of rate that does not pass soon, or an answer
            that is too large. Lost: no answer, or a broken server's.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}/{path}", data, self._headers, method=method)
        again = method != "POST" if repeatable is None else repeatable
        waited, failures = 0, 0
        while True:
            try:
                answer = self._once(request)
            except Lost:
                failures += 1
                if not again or failures == ATTEMPTS:
                    raise
                self._pause(2 ** (failures - 1))
                continue
            if (wait := _wait(answer)) is None:
                return self._good(answer)
            waited += wait
            if waited > LONGEST_WAIT:
                raise HostError(f"{self.host} asks to wait {wait} seconds: too many requests", hint="run the job again")
            self._pause(wait)

    def value(self, method: Method, path: str, body: Any = None, *, repeatable: bool | None = None) -> dict[str, Any]:
        """The object that the answer holds as JSON. Raises as `ask`, and HostError: it holds none."""
        found = self._json(self.ask(method, path, body, repeatable=repeatable))
        if not isinstance(found, dict):
            raise HostError(f"{self.host} answered with something else than an object", where=path)
        return found

    def items(self, path: str) -> Iterator[dict[str, Any]]:
        """The objects of a list, page by page as they are asked for. Raises as `value`."""
        joint = "&" if "?" in path else "?"
        for page in range(1, PAGES + 1):
            # The number is counted here, never the link followed: it may lead to another host.
            answer = self.ask("GET", f"{path}{joint}per_page=100&page={page}")
            found = self._json(answer)
            if not isinstance(found, list):
                raise HostError(f"{self.host} answered with something else than a list", where=path)
            yield from (item for item in found if isinstance(item, dict))
            if 'rel="next"' not in answer.headers.get("link", ""):
                return
        raise HostError(f"{self.host} has more than {PAGES} pages of answers", where=path)

    def _once(self, request: urllib.request.Request) -> Answer:
        try:
            with self._open(request, timeout=TIMEOUT) as response:
                answer = Answer(response.status, _lower(response.headers), response.read(LARGEST_ANSWER + 1))
        except urllib.error.HTTPError as error:
            with error:
                answer = Answer(error.code, _lower(error.headers), error.read(LARGEST_ANSWER + 1))
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise Lost(f"{self.host} does not answer: {reason}", where=self.api) from None
        if len(answer.body) > LARGEST_ANSWER:
            raise HostError(f"{self.host} answered with more than {LARGEST_ANSWER:,} bytes", where=self.api)
        if answer.status >= 500:
            raise Lost(f"{self.host} fails: {_told(answer)}", where=self.api)
        return answer

    def _good(self, answer: Answer) -> Answer:
        if answer.status < 300:
            return answer
        if answer.status < 400:
            raise HostError(
                f"{self.host} sends to another address, where the token does not go",
                where=answer.headers.get("location", self.api),
                hint="is the repository renamed, or the API's address another?",
            )
        hint = self._rights if answer.status in (401, 403, 404) else None
        raise HostError(f"{self.host} refuses: {_told(answer)}", where=self.api, hint=hint)

    def _json(self, answer: Answer) -> Any:
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise HostError(f"{self.host} answered with something else than JSON", where=self.api) from None


def identity(item: Mapping[str, Any]) -> int:
    """The number that a host gives a thing. Raises: HostError: it has none."""
    if isinstance(found := item.get("id"), int):
        return found
    raise HostError("the host answered with something that has no id")


def token(environ: Mapping[str, str], name: str, hint: str) -> str:
    """A secret from the environment. Raises: UsageError: not set, or no text for a header."""
    found = environ.get(name, "").strip()
    if not found:
        raise UsageError(f"{name} is not set", hint=hint)
    if not found.isascii() or not found.isprintable() or " " in found:
        raise UsageError(f"{name} is no token: it has blanks or other characters that no token has")
    return found


def setting(environ: Mapping[str, str], name: str, where: str) -> str:
    """A variable that the host's CI sets. Raises: UsageError: it is not set; `where` says which jobs have it."""
    if not (found := environ.get(name, "").strip()):
        raise UsageError(f"{name} is not set", hint=where)
    return found


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _wait(answer: Answer) -> int | None:
    """Seconds until the host takes requests again, None if it does not ask to wait."""
    headers = answer.headers
    limited = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    if answer.status != 429 and not (answer.status == 403 and limited):
        return None
    if (after := headers.get("retry-after", "")).isdecimal():
        return int(after)
    reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
    return max(1, int(reset) - int(time.time()) + 1) if reset.isdecimal() else UNTOLD_WAIT


def _told(answer: Answer) -> str:
    """What the host says is wrong: its own sentence, bounded, beside the status."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    said = (found.get("message") or found.get("error")) if isinstance(found, dict) else None
    errors = found.get("errors") if isinstance(found, dict) else None
    details = [item["message"] for item in errors or () if isinstance(item, dict) and "message" in item]
    text = "; ".join(str(part) for part in (said, *details) if part)
    return f"{answer.status} {text[:300]}".rstrip()
