"""From which page a browser sends a request: another site's must change nothing here in the name of whoever is signed in.

Browsers send cookies, and reach this machine's ports, whichever page asks them to. A token in a header they send for no page.
"""

from __future__ import annotations

from starlette.datastructures import Headers

from api.access.hosts import Hosts
from api.access.refusal import Refusal

_SAFE = ("GET", "HEAD", "OPTIONS")


def check_origin(method: str, headers: Headers, hosts: Hosts, *, told: bool) -> None:
    """That a request which changes something comes from a page of ours, or from none; `told` asks that it says so, as browsers
    do. Raises: Refusal. Source: Fetch Metadata Request Headers; RFC 6454."""
    if method in _SAFE:
        return
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        ours = site in ("same-origin", "none")
    elif origin is not None:
        ours = hosts.own(origin, headers.get("host", ""))
    else:
        ours = not told
    if not ours:
        raise Refusal(
            403,
            "a page of another site sent this; open Waypost's own page, or send a token as `Authorization: Bearer …`",
        )
