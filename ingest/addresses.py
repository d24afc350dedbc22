"""Where a URL leads: its origin, read strictly, and which IP addresses may be connected to. No network here: `ingest.egress` and
`ingest.git` ask.

A URL that two parsers could read differently is refused rather than mended (CVE-2026-45400 was such a mismatch); lists of
addresses: IANA's special-purpose registries, and what clouds document of their metadata services.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import NamedTuple

import idna

PUBLIC, PRIVATE, LOOPBACK, NEVER = "public", "private", "loopback", "never"
_PORTS = {"http": 80, "https": 443}
_LONGEST = 8000  # characters of a URL
_URL = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)([/?#].*)?", re.I | re.S)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]@%]+)(?::([0-9]{1,5}))?", re.I)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")  # a last label that a resolver would read as part of an IPv4 address
_DOTS = "\u3002\uff0e\uff61"  # what IDNA takes for a dot

_PRIVATE = tuple(map(ipaddress.ip_network, (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7",
)))  # fmt: skip
_LOOPBACK = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "::1/128")))
_PUBLIC_V6 = ipaddress.ip_network(
    "2000::/3"
)  # what else there is of IPv6: link-local, multicast, mapped, NAT64, reserved
_NEVER = tuple(map(ipaddress.ip_network, (
    "0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",         # this network, link-local, multicast, reserved
    "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",                   # protocol assignments, 6to4 relays, benchmarks
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",                 # documentation
    "100.100.100.200/32", "168.63.129.16/32",                            # metadata: Alibaba; Azure's wire server
    "fd00:ec2::/32", "fd20:ce::/32", "fd00:c1::/32",                     # metadata: AWS, Google, Oracle
    "2001::/23", "2002::/16", "2001:db8::/32", "3fff::/20",              # Teredo and others, 6to4, documentation
)))  # fmt: skip


class Origin(NamedTuple):
    """Who is asked: scheme, host (lower case, IDNA's ASCII form, IPv6 without brackets) and port. Credentials belong to one."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if _PORTS[self.scheme] == self.port else f":{self.port}")


def origin_of(url: str) -> Origin:
    """The origin of an absolute http or https URL.

    Raises: ValueError, saying what is wrong with it, in words that hold nothing of the URL.
    """
    if reason := doubtful(url):
        raise ValueError(reason)
    parts = _URL.fullmatch(url)
    if parts is None:
        raise ValueError("it is not of the form https://host/path")
    scheme = parts[1].lower()
    if scheme not in _PORTS:
        raise ValueError("only http and https URLs are read")
    if "@" in parts[2]:
        raise ValueError("it holds a user name or password; those belong under `credentials`")
    authority = _AUTHORITY.fullmatch(parts[2])
    if authority is None:
        raise ValueError("its host and port are not well-formed")
    port = int(authority[2] or _PORTS[scheme])
    if not 0 < port < 65536:
        raise ValueError("its port is not between 1 and 65535")
    return Origin(scheme, _host(authority[1]), port)


def doubtful(url: str) -> str:
    """The reason to refuse a URL, relative ones included, before it is taken apart; "" where there is none."""
    if len(url) > _LONGEST:
        return f"it is longer than {_LONGEST} characters"
    if "\\" in url or any(character.isspace() or unicodedata.category(character) in ("Cc", "Cf") for character in url):
        return "it holds a backslash, a blank or a control character"
    return ""


def _host(text: str) -> str:
    if text.startswith("["):
        return str(_literal(text[1:-1], ipaddress.IPv6Address))
    host = text.lower() if text.isascii() else _ascii(text)
    if not all(_LABEL.fullmatch(label) for label in host.split(".")) or len(host) > 253:
        raise ValueError("its host is not a well-formed name (no dot at the end, no empty part, no odd characters)")
    if _NUMBER.fullmatch(host.rsplit(".", 1)[-1]):
        return str(_literal(host, ipaddress.IPv4Address))
    if "xn--" in host:
        _readable(host)
    return host


def _readable(host: str) -> None:
    try:
        idna.decode(host)
    except idna.IDNAError:
        raise ValueError("its host is no valid international name") from None


def _literal(
    text: str, family: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address]
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        address = family(text)
    except ValueError:
        raise ValueError("its host is an IP address in an odd spelling; write it in full, in decimal") from None
    if kind(str(address)) == NEVER:
        raise ValueError(f"{address} is link-local, metadata, multicast, a tunnel or reserved: never connected to")
    return address


def _ascii(host: str) -> str:
    """IDNA's form of a name that is not ASCII; nothing is normalised, so that what is seen is what is asked."""
    if unicodedata.normalize("NFKC", host) != host or any(dot in host for dot in _DOTS):
        raise ValueError("its host holds look-alike characters (full-width digits, dots that are none)")
    try:
        return idna.encode(host.lower()).decode("ascii")
    except idna.IDNAError:
        raise ValueError("its host is no valid international name") from None


def kind(address: str) -> str:
    """PUBLIC, PRIVATE, LOOPBACK or NEVER, for an IP address in its usual spelling (NEVER for one that is none)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return NEVER
    if any(ip in network for network in _NEVER):
        return NEVER
    if any(ip in network for network in _LOOPBACK):
        return LOOPBACK
    if any(ip in network for network in _PRIVATE):
        return PRIVATE
    return PUBLIC if ip.version == 4 or ip in _PUBLIC_V6 else NEVER


def shown(url: str) -> str:
    """A URL for messages: without credentials, query and fragment, printable, and short."""
    bare = re.split(r"[?#]", url, maxsplit=1)[0]
    scheme, colon, rest = bare.partition("://")
    rest = rest.rsplit("@", 1)[-1] if colon else ""
    text = scheme.rsplit("@", 1)[-1] + colon + rest
    return "".join(character if character.isprintable() else "?" for character in text)[:200]
