"""The part of a website that a source is: the pages below one address, and what each is called.

`ingest.sources.website` and its neighbours call this. No network here.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

from ingest.addresses import Origin, origin_of
from rag.steering import STEERING

_SAFE = "/:@!$&'()*+,;=~-._%"
_INDEX = re.compile(r"(?:index|default)\.(?:html?|xhtml|php|aspx?)$", re.I)
_PAGE = re.compile(r"\.(?:[sx]?html?|php\d?|aspx?|jspx?|cgi)$", re.I)
_FILE = re.compile(r"[^.]\.[A-Za-z]\w{0,9}$")
_KEPT_QUOTED = {*map(ord, "/%?#"), *range(0x20), 0x7F}  # in a name they would be read as something else


class Site:
    """The pages at or below `url`. Raises: ValueError when that is no address to read."""

    def __init__(self, url: str) -> None:
        self.start = _normal(url)
        self.origin: Origin = origin_of(self.start)
        path = urlsplit(self.start).path
        last = path.rsplit("/", 1)[1]
        self.below = path[: len(path) - len(last)] if not last or "." in last else path + "/"

    def page(self, url: str, base: str = "") -> str:
        """The address of a page of this site, in its one spelling and without a fragment; "" for any other address."""
        try:
            found = _normal(urljoin(base or self.start, url.strip()))
            if origin_of(found) != self.origin:
                return ""
        except ValueError:
            return ""
        path = urlsplit(found).path
        return found if path.startswith(self.below) or path + "/" == self.below else ""

    def path_of(self, page: str) -> str:
        """What a page is called: its path below the start, as people write it. `x`, `x/` and `x/index.html` are one page."""
        parts = urlsplit(page)
        path = _INDEX.sub("", parts.path[len(self.below) :]).rstrip("/")
        return _written(path or "index") + (f"?{_written(parts.query)}" if parts.query else "")

    def address_of(self, path: str) -> str:
        """The address that a path was made of, as far as it tells."""
        name = "" if path == "index" else quote(path, safe=_SAFE + "?")
        return urljoin(str(self.origin) + self.below, f"./{name}" if name else "")

    def is_file(self, page: str) -> bool:
        """Whether an address is that of a file: its last part has an ending, which is not one that pages have."""
        last = urlsplit(page).path.rsplit("/", 1)[1]
        return bool(_FILE.search(last)) and not _PAGE.search(last)

    def is_home(self, page: str) -> bool:
        """Whether an address is the site's first page, or its server's."""
        return urlsplit(page).path in ("/", "") or self.path_of(page) == "index"


def _normal(url: str) -> str:
    """An address in one spelling. Raises: ValueError."""
    bare = url.strip().replace(" ", "%20").split("#", 1)[0]
    origin = origin_of(bare)
    parts = urlsplit(bare)
    path = quote(parts.path or "/", safe=_SAFE)
    path = re.sub(r"%[0-9a-fA-F]{2}", _one_spelling, path)
    path = urljoin(f"{origin}/", path) if re.search(r"/\.\.?(?:/|$)", path) else f"{origin}{path}"
    return path + (f"?{quote(parts.query, safe=_SAFE + '?/')}" if parts.query else "")


def _one_spelling(match: re.Match[str]) -> str:
    """A quoted character as it is written when it must be quoted, or else itself."""
    character = chr(int(match[0][1:], 16))
    return character if re.fullmatch(r"[A-Za-z0-9._~-]", character) else match[0].upper()


def _written(quoted: str) -> str:
    """A part of an address as people write it; what would mean something else, or is no text, stays quoted."""
    kept = re.sub(
        r"%([0-9A-Fa-f]{2})", lambda m: "%25" + m[1].upper() if int(m[1], 16) in _KEPT_QUOTED else m[0], quoted
    )
    try:
        text = unquote_to_bytes(kept).decode("utf-8")
    except UnicodeDecodeError:
        return quoted
    return STEERING.sub(lambda m: quote(m[0]), text)
