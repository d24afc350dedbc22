"""By which names this server is called, and whose pages call it: one list for the check of the Host header, the gate and MCP.

A page that reached us by another name had that name rebound to our address (DNS rebinding); a page of another name is another
site's. `api.http` puts `KnownHosts` before the gate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import problem
from api.settings import parts_of
from rag.errors import SettingsError

LOOPBACK = ("localhost", "127.0.0.1", "::1", "testserver.local")
_CALLED = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\s\[\]:/?#@\\]+))(?::\d{0,5})?", re.I)
_PORT = re.compile(r"^([^:]+|\[.*\]):\d+$")
_NAME = re.compile(r"\*|(?:\*\.)?[^\s*/]+")


@dataclass(frozen=True)
class Hosts:
    """The names of this server: those of WAYPOST_ALLOWED_HOSTS (`kb.example.org`, `*.example.org` for all below it, `*` for
    any), and this machine's own."""

    names: Sequence[str] = LOOPBACK

    @classmethod
    def of(cls, allowed: str) -> Hosts:
        """Those of WAYPOST_ALLOWED_HOSTS. Raises: SettingsError."""
        names = [_PORT.sub(r"\1", name.lower()).strip("[]") for name in parts_of(allowed)]
        for name in names:
            if not _NAME.fullmatch(name):
                raise SettingsError(
                    f"WAYPOST_ALLOWED_HOSTS: {name!r} is no name of a host; write waypost.example.org, *.example.org for all "
                    "below it, or * for any, separated by commas"
                )
        return cls((*LOOPBACK, *names))

    def serve(self, called: str) -> bool:
        """Whether one may call this server so; `called` is a Host header."""
        return "*" in self.names or self._has(_name_of(called))

    def know(self, origin: str) -> bool:
        """Whether a page is of a host that this server is called by, whatever its port."""
        name, _ = _page_of(origin)
        return bool(name) and ("*" in self.names or self._has(name))

    def own(self, origin: str, called: str) -> bool:
        """Whether a page is this server's, which was called so: on this machine other ports are other programs', and `*` says by
        which names one may call, not whose pages are ours."""
        name, netloc = _page_of(origin)
        if not name:
            return False
        if netloc == called.lower():
            return True
        same_port = _port_of(netloc) == _port_of(called.lower())
        return self._has(name) and (name not in LOOPBACK or same_port)

    def _has(self, name: str) -> bool:
        return bool(name) and any(
            name == known or (known.startswith("*.") and name.endswith(known[1:])) for known in self.names
        )


class KnownHosts:
    """ASGI middleware: what is called by another name goes no further, and is told what to set."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        called = Headers(scope=scope).getlist("host")
        if len(called) == 1 and self._hosts.serve(called[0]):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await problem(400, _unknown(called))(scope, receive, send)


def _unknown(called: Sequence[str]) -> str:
    if len(called) != 1 or not (name := _name_of(called[0])):
        return "Invalid host header: send one, with the name of the host that you call"
    return (
        f"Invalid host header: this Waypost does not know that it is called {name[:100]}. Whoever runs it sets "
        f"WAYPOST_ALLOWED_HOSTS={name[:100]} (several names are separated by commas) and starts it anew; see docs/access.md"
    )


def _name_of(called: str) -> str:
    """The name in a Host header; "" where it holds none."""
    found = _CALLED.fullmatch(called)
    return (found[1] or found[2]).lower() if found else ""


def _port_of(netloc: str) -> str:
    return netloc.rpartition("]")[2].partition(":")[2]


def _page_of(origin: str) -> tuple[str, str]:
    """The host of a page, and that with its port; empty where the origin is none."""
    try:
        parts = urlsplit(origin)
        return (parts.hostname or "").lower(), parts.netloc.lower()
    except ValueError:
        return "", ""
