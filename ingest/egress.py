"""The one door to the network for sources over HTTP: an httpx client that reaches only what its source was configured for.

Each request, and each hop of a redirect, passes `_Door`: its origin must be one that the user wrote; names are resolved here, the
addresses looked at, and the very address that was looked at is connected to (a second answer of the name server is never asked
for); the source's credentials go to its own origin and nowhere else. Proxies of the environment are not used: they resolve names
themselves, behind this door. Why, and what is left: docs/decisions/0017-egress.md.
Threats: CVE-2026-45401 (redirects not checked again), CVE-2026-45400 (parser mismatch), CVE-2026-70479.
"""

from __future__ import annotations

import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import httpcore
import httpx

from ingest.addresses import NEVER, Origin, doubtful, kind, origin_of, shown
from rag.errors import SettingsError, SourceError

_REDIRECTS = (301, 302, 303, 307, 308)
_NETWORK_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
_HARMLESS = frozenset(  # headers that may go to another of the source's origins than its own
    b"host user-agent accept accept-encoding accept-language connection if-none-match if-modified-since".split()
)


class UnreachableError(SourceError):
    """The network or the server failed; the same request may work in a moment."""


@dataclass(frozen=True)
class Limits:
    """`body` in bytes, as sent and as decompressed; `connect`, `read` and `total` in seconds, `total` over all redirects."""

    redirects: int = 5
    body: int = 50_000_000
    connect: float = 10.0
    read: float = 30.0
    total: float = 120.0


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host. Raises: OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def connect(address: str, port: int, timeout: float | None) -> httpcore.NetworkStream:
    """A connection to an IP address. Raises: httpcore.ConnectError, httpcore.ConnectTimeout."""
    return httpcore.SyncBackend().connect_tcp(address, port, timeout=timeout)


@dataclass(frozen=True)
class Network:
    """How names are resolved and addresses connected to."""

    resolve: Callable[[str, int], Sequence[str]] = resolve
    connect: Callable[[str, int, float | None], httpcore.NetworkStream] = connect


def open_client(
    source: str, url: str, *, also: Sequence[str] = (), headers: Mapping[str, str] | None = None,
    auth: httpx.Auth | tuple[str, str] | None = None, limits: Limits | None = None, network: Network | None = None,
) -> httpx.Client:  # fmt: skip
    """A client for the source that is configured as `url`, which relative URLs are joined to; close it after use.

    `headers` and `auth` may hold credentials: they, cookies and bodies go to the origin of `url` alone. The origins of `also`
    are read without them. The client raises SourceError where httpx would raise an HTTPError, and for all that is refused.
    Raises: SettingsError when a URL can't be one to read.
    """
    limits = limits or Limits()
    origins = []
    for configured in (url, *also):
        try:
            origins.append(origin_of(configured))
        except ValueError as error:
            raise SettingsError(f"source {source!r}: {shown(configured)} can't be read: {error}") from None
    door = _Door(source, origins[0], frozenset(origins), limits, network or Network())
    return _Client(
        door, limits, base_url=url, transport=door, headers=headers, auth=auth, follow_redirects=True, trust_env=False,
        max_redirects=limits.redirects, timeout=httpx.Timeout(limits.read, connect=limits.connect),
    )  # fmt: skip


def usable(host: str, port: int, find: Callable[[str, int], Sequence[str]], known: str = "") -> list[str]:
    """The addresses of a host that may be connected to: of one kind only, `known` if given, else that of the first.

    A host that the user wrote may be private or loopback, where many wikis are; what is link-local, metadata, a tunnel or
    reserved never is a wiki.
    Raises: ValueError, saying why there is none; OSError when the name can't be resolved.
    """
    found = [(address, kind(address)) for address in find(host, port)]
    allowed = [(address, of) for address, of in found if of != NEVER]
    if not allowed:
        raise ValueError(
            f"{host} has no address that may be connected to ({', '.join(address for address, _ in found[:3]) or 'none'}):"
            " link-local, metadata, multicast, tunnelled and reserved ones never are"
        )
    wanted = known or allowed[0][1]
    same = [address for address, of in allowed if of == wanted]
    if not same:
        raise ValueError(
            f"{host} was a {wanted} address a moment ago and now is {allowed[0][0]}, {allowed[0][1]}: if that is meant,"
            " sync again; if not, ask whose name server says so"
        )
    return same


class _Client(httpx.Client):
    """An httpx client that looks at URLs as they were written, keeps time over a whole chain of redirects, and raises
    Waypost's errors."""

    def __init__(self, door: _Door, limits: Limits, **options: Any) -> None:
        super().__init__(**options)
        self._door = door
        self._limits = limits

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        if reason := doubtful(str(url)):
            self._door.refuse(str(url), reason)
        if re.match(r"[^/?#]*:|//", str(url)):  # more than a path: it may not say where it goes in a way of its own
            self._door.admit(str(url))
        return super().build_request(method, url, **options)

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        try:
            with self._door.clock.until(time.monotonic() + self._limits.total):
                return super().send(request, **options)
        except httpx.TooManyRedirects as error:
            self._door.refuse(str(request.url), f"it redirects more than {self._limits.redirects} times", error)
        except httpx.HTTPError as error:
            self._door.fail(str(request.url), str(error) or type(error).__name__, error)


class _Clock(threading.local):
    """When the request of this thread must be done (monotonic seconds)."""

    end = float("inf")

    @contextmanager
    def until(self, end: float) -> Iterator[None]:
        before, self.end = self.end, end
        try:
            yield
        finally:
            self.end = before

    def left(self, timeout: float | None) -> float:
        """`timeout`, or what is left until the end, whichever is less. Raises: httpcore.ReadTimeout when nothing is."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("it takes too long in all")
        return left if timeout is None else min(timeout, left)


class _Door(httpx.BaseTransport, httpcore.NetworkBackend):
    """The transport of a client, and the network beneath it: nothing is connected to but by `connect_tcp`."""

    def __init__(self, source: str, home: Origin, origins: frozenset[Origin], limits: Limits, network: Network) -> None:
        self.clock = _Clock()
        self._source = source
        self._home = home
        self._origins = origins
        self._limits = limits
        self._network = network
        self._kinds: dict[str, str] = {}  # of each host's addresses, as of its first use
        tls = httpx.create_ssl_context() if any(origin.scheme == "https" for origin in origins) else None
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls, max_connections=8, keepalive_expiry=15.0, network_backend=self
        )

    # -- what may be asked --------------------------------------------------------------------------------------------

    def admit(self, url: str) -> Origin:
        """The origin of a URL. Raises: SourceError when it is not one of the source's."""
        try:
            origin = origin_of(url)
        except ValueError as error:
            self.refuse(url, str(error))
        if origin not in self._origins:
            hosts = ", ".join(sorted(map(str, self._origins)))
            self.refuse(url, f"this source is {hosts}; if it has moved, correct its `url` in waypost.yaml")
        return origin

    def refuse(self, url: str, reason: str, error: Exception | None = None) -> NoReturn:
        """Raises: SourceError for what is not done, however often it is asked."""
        raise SourceError(f"source {self._source!r}: {shown(url)} is not read: {reason}") from error

    def fail(self, url: str, reason: str, error: Exception | None = None) -> NoReturn:
        """Raises: SourceError for what went wrong, and may not the next time."""
        raise UnreachableError(
            f"source {self._source!r}: {shown(url)} can't be read now: {reason}; sync again"
        ) from error

    # -- the transport ------------------------------------------------------------------------------------------------

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        origin = self.admit(url)
        if origin != self._home and request.method not in ("GET", "HEAD"):
            self.refuse(url, f"what is sent to {self._home} is not sent on to another host")
        assert isinstance(request.stream, httpx.SyncByteStream)
        passed = httpcore.Request(
            method=request.method, content=request.stream, extensions=request.extensions,
            url=httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=request.url.raw_path),
            headers=self._headers(origin, request.headers.raw),
        )  # fmt: skip
        response = self._asked(url, lambda: self._pool.handle_request(passed))
        try:
            return self._answer(url, origin, response)
        except SourceError:
            response.close()
            raise

    def close(self) -> None:
        self._pool.close()

    def _headers(self, origin: Origin, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Credentials, whatever header they are in, belong to the source's own origin."""
        kept = [(name, value) for name, value in headers if origin == self._home or name.lower() in _HARMLESS]
        return [(name, value) for name, value in kept if name.lower() != b"accept-encoding"] + [
            (b"Accept-Encoding", b"gzip")
        ]

    def _answer(self, url: str, origin: Origin, response: httpcore.Response) -> httpx.Response:
        headers = httpx.Headers(response.headers)
        if response.status in _REDIRECTS and (location := headers.get("location")):
            self._follow(url, origin, location)
        if origin != self._home:
            headers.pop("set-cookie", None)
        encoding = headers.pop("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip", ""):
            self.refuse(url, f"it answers in {encoding[:40]!r}, which was not asked for")
        if (length := headers.pop("content-length", "")).isdigit() and int(length) > self._limits.body:
            self.refuse(url, self._too_large())
        assert isinstance(response.stream, Iterable)
        body = _Body(self, url, response, encoding.endswith("gzip"))
        return httpx.Response(response.status, headers=headers, stream=body, extensions=response.extensions)

    def _follow(self, url: str, origin: Origin, location: str) -> None:
        """Looks at a redirect as it was written; where it goes is looked at again when it is asked."""
        if reason := doubtful(location):
            self.refuse(url, f"it redirects to a URL that is not well-formed: {reason}")
        target = f"{origin.scheme}:{location}" if location.startswith("//") else location
        if re.match(r"[^/?#]*:", target):
            try:
                self.admit(target)
            except SourceError as error:
                raise SourceError(f"{error} ({shown(url)} redirects there)") from None

    def _too_large(self) -> str:
        return f"it answers with more than {self._limits.body / 1e6:g} MB"

    def _asked(self, url: str, ask: Callable[[], httpcore.Response]) -> httpcore.Response:
        try:
            return ask()
        except (*_NETWORK_ERRORS, ValueError) as error:
            self.fail(url, str(error) or type(error).__name__, error)

    def chunks(self, url: str, end: float, response: httpcore.Response, gzipped: bool) -> Iterator[bytes]:
        """The body, decompressed, in pieces. Raises: SourceError when it is too large, too slow or cut off."""
        assert isinstance(response.stream, Iterable)
        pieces, sent, given = iter(response.stream), 0, 0
        unpacking = _Gunzip() if gzipped else None
        while True:
            try:
                with self.clock.until(end):
                    self.clock.left(None)
                    piece = next(pieces, None)
            except _NETWORK_ERRORS as error:
                self.fail(url, str(error) or type(error).__name__, error)
            if piece is None:
                break
            sent += len(piece)
            try:
                for part in unpacking.feed(piece) if unpacking else (piece,):
                    given += len(part)
                    if max(sent, given) > self._limits.body:
                        self.refuse(url, self._too_large())
                    yield part
            except zlib.error as error:
                self.fail(url, "what it answers is not gzip, though it says so", error)
        if unpacking and sent and not unpacking.complete:
            self.fail(url, "its answer is cut off")

    # -- the network --------------------------------------------------------------------------------------------------

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        """Connects to an address of a configured host that has been looked at. httpcore calls this for each connection."""
        if not any((host, port) == (origin.host, origin.port) for origin in self._origins):
            raise ValueError(f"{host}:{port} is not this source's")
        try:
            addresses = usable(host, port, self._network.resolve, self._kinds.get(host, ""))
        except OSError as error:
            raise httpcore.ConnectError(f"the name {host} can't be resolved") from error
        self._kinds.setdefault(host, kind(addresses[0]))
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses[:4]:
            try:
                return _Stream(self._network.connect(address, port, self.clock.left(timeout)), self.clock)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed


class _Stream(httpcore.NetworkStream):
    """A connection whose reads and writes end when the time of the whole request does, however slowly bytes drip."""

    def __init__(self, stream: httpcore.NetworkStream, clock: _Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._clock.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._clock.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._clock.left(timeout)), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Body(httpx.SyncByteStream):
    """The body of a response, limited in size and time."""

    def __init__(self, door: _Door, url: str, response: httpcore.Response, gzipped: bool) -> None:
        self._response = response
        self._chunks = door.chunks(url, door.clock.end, response, gzipped)

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        self._response.close()


class _Gunzip:
    """Decompresses gzip a mebibyte at a time, so that a bomb is seen before it is unpacked."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def complete(self) -> bool:
        return self._member.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pieces that `data` unpacks to. Raises: zlib.error."""
        while data:
            if self._member.eof:  # gzip may be several, one after the other
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            yield self._member.decompress(data, 1 << 20)
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
