"""Where a request comes from: this machine, a proxy that is trusted, or anywhere. By the address of the connection alone: what
headers say of it counts only from a trusted proxy."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from api.settings import parts_of
from rag.errors import SettingsError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# What a proxy adds. One of them from a peer that is not trusted: somebody else sent this, from who knows where.
_FORWARDED = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-server",
    "x-forwarded-user", "x-forwarded-groups", "x-forwarded-email", "x-real-ip", "x-client-ip", "true-client-ip",
    "cf-connecting-ip", "x-original-forwarded-for", "x-envoy-external-address", "remote-user", "x-remote-user",
)  # fmt: skip


@dataclass(frozen=True)
class Peers:
    """Tells of a request whether it is from this machine, and whether from a proxy in `trusted`. `bound` says that only this
    machine can reach the port; `headers` are further ones that a proxy sets."""

    trusted: Sequence[Network] = ()
    bound: bool = True
    headers: Sequence[str] = ()

    def is_local(self, scope: Scope, headers: Headers) -> bool:
        """Whether a person or tool on this machine sent it, as far as can be told: from loopback, and with no sign of a
        proxy, whose own address is loopback too. HTTP/1.0, which nginx speaks where nobody told it otherwise, is such a sign."""
        address = address_of(scope)
        return bool(
            self.bound
            and address
            and address.is_loopback
            and not self.is_trusted(scope)
            and scope.get("http_version", "1.1") != "1.0"
            and not any(name in headers for name in (*_FORWARDED, *self.headers))
        )

    def is_trusted(self, scope: Scope) -> bool:
        """Whether a trusted proxy sent it."""
        address = address_of(scope)
        return address is not None and any(address in network for network in self.trusted)

    def origin(self, scope: Scope, headers: Headers) -> str:
        """The address that failures are counted for: the peer's; of a trusted proxy, the one that it says it serves."""
        told = headers.getlist("x-forwarded-for")[-1:] if self.is_trusted(scope) else []
        peer = scope.get("client")
        return told[0].rpartition(",")[2].strip()[:64] if told else str(peer[0]) if peer else ""


def address_of(scope: Scope) -> Address | None:
    """The peer's address; None for a socket without one."""
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(str(client[0]).partition("%")[0]) if client else None
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def networks(given: str) -> tuple[Network, ...]:
    """The comma-separated networks and addresses of WAYPOST_TRUSTED_PROXIES. Raises: SettingsError."""
    found = []
    for part in parts_of(given):
        try:
            found.append(ipaddress.ip_network(part))
        except ValueError as error:
            raise SettingsError(
                f"WAYPOST_TRUSTED_PROXIES: {error}; write addresses or networks such as 10.0.0.0/8"
            ) from None
    return tuple(found)


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is this machine's alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
