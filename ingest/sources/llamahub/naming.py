"""What the documents of a reader are called here, and which of them are one page: readers name files, addresses, titles, numbers
or nothing at all, and give one document for each page of a PDF.

`ingest.sources.llamahub` calls `pages_of`. Nothing here depends on the order or the number of documents where that can be helped:
a path that changes is a document that is gone.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ingest.dates import utc
from rag.records import digest
from rag.steering import STEERING

_FILES = ("file_path", "filepath", "path", "key")
_FOLDER_AND_NAME = ("folder_path", "file_name")
_ADDRESSES = ("url", "html_url", "web_url", "link", "permalink", "source_url", "source", "uri")
_TITLES = ("title", "page_title", "name", "subject", "file_name", "filename")
_NUMBERS = ("page_id", "id", "document_id", "doc_id", "uuid")
_DATES = (
    "updated_at", "updated", "last_modified_date", "last_modified", "lastmodified", "lastmodifieddatetime", "modified_at",
    "modified", "last_edited_time", "last_updated", "date", "published",
)  # fmt: skip
_FILE_NAME = re.compile(r"(?:^|/)[^/\s]+\.[A-Za-z]\w{0,9}$")
_LONGEST = 300  # characters of a path


@dataclass(frozen=True)
class Keys:
    """Which keys of a document's metadata say what, where the user names one; "": the first that is known. `roots` are folders
    that the reader reads: a file is called by its path in them."""

    path: str = ""
    id: str = ""
    title: str = ""
    updated: str = ""
    url: str = ""
    roots: Sequence[str] = ()


@dataclass(frozen=True)
class Record:
    """A document as its reader gave it: `id` is "" where it was made up for this run. `text` names where the text is kept."""

    id: str
    metadata: Mapping[str, Any]
    size: int
    hash: str
    text: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Page:
    """One document of Waypost: a record, or several that their reader cut it into. `identity` stays when its path changes;
    `named` is False where nothing but its text tells it from others. `is_file`: its text is that of a file of that name."""

    path: str
    identity: str
    parts: tuple[Record, ...] = field(repr=False)
    title: str = ""
    updated: str = ""
    url: str = ""
    is_file: bool = False
    named: bool = True

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    @property
    def signature(self) -> str:
        """Of all that is shown of it."""
        return digest("page", self.title, self.updated, self.url, *(part.hash for part in self.parts))


def pages_of(records: Iterable[Record], keys: Keys, secrets: Sequence[str] = ()) -> list[Page]:
    """The pages that these records are of, each path once. Records of one identity are one page, in their order."""
    together: defaultdict[str, list[Page]] = defaultdict(list)
    for record in records:
        page = _page(record, keys, secrets)
        together[page.identity].append(page)
    joined = [replace(pages[0], parts=tuple(p.parts[0] for p in pages)) for pages in together.values()]
    return list(_apart(joined))


def _apart(pages: Sequence[Page]) -> Iterator[Page]:
    """The pages, those of one path called by their identities too."""
    seen = Counter(page.path for page in pages)
    for page in pages:
        if seen[page.path] == 1:
            yield page
            continue
        told = page.identity if re.fullmatch(r"[\w.-]{1,40}", page.identity) else digest("id", page.identity)[:12]
        stem, dot, ending = page.path.rpartition(".") if page.is_file else (page.path, "", "")
        yield replace(page, path=f"{stem} ({told}){dot}{ending}")


def _page(record: Record, keys: Keys, secrets: Sequence[str]) -> Page:
    known = {key.lower(): value for key, value in record.metadata.items()}
    file, number = _file(known), _first(known, _NUMBERS) or record.id
    address = _first(known, _ADDRESSES, _is_address)
    title = _told(record, keys.title) or _first(known, _TITLES)
    chosen, identity = _told(record, keys.path), _told(record, keys.id)
    named = chosen or file or address or title or identity or number
    identity = identity or file or number or chosen or address or title or record.hash
    return Page(
        _path(_bare(_below(named, keys.roots), secrets)) or record.hash[:16],
        identity,
        (record,),
        " ".join(title.split())[:200],
        utc(_told(record, keys.updated) or _first(known, _DATES)),
        _link(_told(record, keys.url) or address, secrets),
        is_file=bool(_FILE_NAME.search(chosen)) if chosen else bool(file),
        named=bool(named),
    )


def _told(record: Record, key: str) -> str:
    return _text(record.metadata.get(key)) if key else ""


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _first(known: Mapping[str, Any], keys: Sequence[str], admits: Any = bool) -> str:
    return next((text for key in keys if (text := _text(known.get(key))) and admits(text)), "")


def _file(known: Mapping[str, Any]) -> str:
    if file := _first(known, _FILES, lambda text: "/" in text or "." in text):
        return file
    folder, name = (_text(known.get(key)) for key in _FOLDER_AND_NAME)
    return f"{folder}/{name}" if folder and name else ""


def _is_address(text: str) -> bool:
    return bool(re.match(r"[a-z][a-z0-9+.-]*://\S", text, re.I)) or text.startswith("/")


def _below(name: str, roots: Sequence[str]) -> str:
    """A file's path in the folder that its reader was given, if it lies in one."""
    for root in sorted((root.rstrip("/") for root in roots), key=len, reverse=True):
        if root and name.startswith(root + "/"):
            return name[len(root) + 1 :]
    return name


def _bare(name: str, secrets: Sequence[str]) -> str:
    """A name without scheme, credentials and fragment where it is a URL."""
    if "://" not in name:
        return name
    return re.sub(r"^[a-z][a-z0-9+.-]*://", "", _without_secrets(name, secrets), flags=re.I)


def _without_secrets(url: str, secrets: Sequence[str]) -> str:
    """A URL without user, password and fragment, and without its query where that holds a secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    query = "" if any(secret in parts.query for secret in secrets) else parts.query
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def _link(url: str, secrets: Sequence[str]) -> str:
    return _without_secrets(url, secrets) if re.match(r"https?://\S+$", url, re.I) and not STEERING.search(url) else ""


def _path(name: str) -> str:
    """A name as a path: no empty parts, none that lead elsewhere, nothing that steers a terminal, and not too long."""
    clean = STEERING.sub(" ", name).encode("utf-8", "replace").decode("utf-8")
    path = "/".join(part.strip() for part in clean.split("/") if part.strip() not in ("", ".", ".."))
    return path if len(path) <= _LONGEST else f"{path[: _LONGEST - 17]}~{digest('path', path)[:16]}"
