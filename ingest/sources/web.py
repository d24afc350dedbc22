"""Requests of one source to its server, over HTTP: no faster than it wants, and once more where that can help.

Sources of wikis and websites call this; where it may go is `ingest.egress`'s to say.
Spec: RFC 9110, section 10.2.3 (Retry-After); RFC 6585, section 4 (429).
"""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from ingest.addresses import shown
from ingest.egress import Limits, Network, UnreachableError, open_client
from ingest.sources import Credentials
from rag.errors import SourceError

_TRIES = 4
_FOR_GOOD = (301, 308)
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT = 60.0  # seconds: a server that asks for more is left alone until the next sync
_PATIENCE = 300.0  # seconds of waiting in all, for one source in one sync
_MOST_STEPS = 100_000  # of one list
_LIMITS = Limits()
_sleep = time.sleep

Params = Mapping[str, str | int | Sequence[str | int]]
Answer = TypeVar("Answer")
Step = TypeVar("Step", bound=Hashable)


class BusyError(SourceError):
    """The server wants to be left alone for longer than a sync waits."""


class StatusError(SourceError):
    """The server answered with an HTTP status that is no success; `body` is what it said."""

    def __init__(self, message: str, status: int, body: bytes = b"") -> None:
        super().__init__(message)
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Reply:
    """An answer: `url` is where redirects led, `moved` whether all of them were for good; header names are in lower case."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    moved: bool = False


class WebApi:
    """The server at `url`, for the source named `source`. `per_second` is how many requests it gets at most."""

    def __init__(
        self, source: str, url: str, credentials: Credentials | None = None, *, also: Sequence[str] = (),
        headers: Mapping[str, str] | None = None, per_second: float = 10.0, limits: Limits | None = None,
        network: Network | None = None,
    ) -> None:  # fmt: skip
        self._source = source
        sent = {"User-Agent": "Waypost", **authorization(credentials or Credentials()), **(headers or {})}
        base = url if url.endswith("/") else url + "/"
        self._client = open_client(source, base, also=also, headers=sent, limits=limits or _LIMITS, network=network)
        self._gap = 1 / per_second
        self._next = 0.0
        self._patience = _PATIENCE

    def get(self, path: str, params: Params | None = None) -> Reply:
        """What a path (relative to the source's URL) or a URL holds. Raises: StatusError, SourceError."""
        return self.ask("GET", path, params)

    def json(self, path: str, params: Params | None = None, form: Mapping[str, str] | None = None) -> Any:
        """The JSON at a path; with `form`, as the answer to a POST of it. Raises: StatusError, SourceError."""
        return self.decoded(self.ask("POST" if form is not None else "GET", path, params, form=form))

    def decoded(self, reply: Reply) -> Any:
        """The JSON of a reply. Raises: SourceError when it is none."""
        try:
            return json.loads(reply.body)
        except (ValueError, RecursionError) as error:
            html = reply.body.lstrip()[:1] == b"<"
            reason = "a web page where data was expected: is it a log-in page?" if html else "what is no JSON."
            raise SourceError(
                f"source {self._source!r}: {shown(reply.url)} answered with {reason} Check the url and the credentials"
            ) from error

    def ask(
        self, method: str, path: str, params: Params | None = None, *, form: Mapping[str, str] | None = None,
        content: bytes | None = None, headers: Mapping[str, str] | None = None,
    ) -> Reply:  # fmt: skip
        """One request, tried again while that is worth it. Raises: StatusError, SourceError."""
        for tried in range(1, _TRIES + 1):
            self._keep_pace()
            try:
                answer = self._client.request(
                    method, path, params=params, data=form, content=content, headers=headers
                )  # fmt: skip
            except UnreachableError:
                if tried == _TRIES:
                    raise
                self._wait(_backoff(tried), path)
                continue
            if answer.is_success:
                moved = bool(answer.history) and all(hop.status_code in _FOR_GOOD for hop in answer.history)
                return Reply(str(answer.url), answer.content, dict(answer.headers), moved)
            if tried == _TRIES or answer.status_code not in _WORTH_ANOTHER_TRY:
                raise StatusError(self._told(str(answer.url), answer.status_code), answer.status_code, answer.content)
            self._wait(_asked_wait(answer.headers.get("retry-after", "")) or _backoff(tried), str(answer.url))
        raise AssertionError("unreachable")

    def walk(self, ask: Callable[[Step | None], tuple[Answer, Step | None]], what: str) -> Iterator[Answer]:
        """The answers of a list that comes in parts: `ask` gets a step (None at first) and gives its answer and the next step,
        None where the server itself says that this was the last; `what` names the list. Raises: SourceError for one without an
        end."""
        step: Step | None = None
        asked: set[Step | None] = set()
        while step is not None or not asked:
            if step in asked or len(asked) >= _MOST_STEPS:
                raise SourceError(f"source {self._source!r}: the server lists {what} without an end; sync again")
            asked.add(step)
            answer, step = ask(step)
            yield answer

    def wait_as_told(self, reply: Reply, tried: int) -> None:
        """Waits before the next try, after a reply that says in its own way that the server is busy. Raises: SourceError when it
        wants too long a wait."""
        self._wait(_asked_wait(reply.headers.get("retry-after", "")) or _backoff(tried), reply.url)

    def close(self) -> None:
        self._client.close()

    def _keep_pace(self) -> None:
        now = time.monotonic()
        if now < self._next:
            _sleep(self._next - now)
        self._next = max(now, self._next) + self._gap

    def _wait(self, seconds: float, url: str) -> None:
        if seconds > _LONGEST_WAIT or seconds > self._patience:
            raise BusyError(
                f"source {self._source!r}: {shown(url)} wants to be left alone for {seconds:.0f} seconds; sync again later"
            )
        self._patience -= seconds
        _sleep(seconds)

    def _told(self, url: str, status: int) -> str:
        advice = {
            401: "its credentials are not accepted; check them in waypost.yaml",
            403: "this account may not read it; check the account's rights",
            404: "it is not there; check the source's url",
        }.get(status, "sync again later" if status in _WORTH_ANOTHER_TRY else "check the source's url")
        return f"source {self._source!r}: {shown(url)} answered with HTTP status {status}: {advice}"


def authorization(credentials: Credentials) -> dict[str, str]:
    """The header that shows these credentials: Basic with a user name, Bearer with a token alone."""
    if credentials.username:
        pair = f"{credentials.username}:{credentials.token}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
    return {"Authorization": f"Bearer {credentials.token}"} if credentials.token else {}


def _asked_wait(value: str) -> float:
    """The seconds that a Retry-After asks for: a number, or a date; 0 when there is none to be read."""
    if value.strip().isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max((until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)


def _backoff(tried: int) -> float:
    return float(2 ** (tried - 1)) * random.uniform(0.75, 1.25)  # noqa: S311  # no secret
