"""The names of files in an export of Notion's, and the dates in them. `ingest.sources.notion` calls this.

`Runbooks 0a1b….md` is the page with that id (32 hexadecimal digits), its subpages are in `Runbooks 0a1b…/` or, in newer exports,
in `Runbooks/`; a database is `Tasks 0a1b….csv` as its view shows it and `Tasks 0a1b…_all.csv` with all its rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ingest.dates import in_utc, utc
from rag.steering import STEERING

_NAME = re.compile(r"(?:(.*?)[ _-]+)?([0-9a-f]{32})(_all)?", re.I | re.S)
_WRAPPER = re.compile(r"(?:[0-9a-f-]{36}_)?Export-[0-9a-f-]{36}(?:-Part-\d+)?|Part-\d+", re.I)
_PAGE_ID = re.compile(
    rb"<(?:article|div)\b[^>]{0,300}?\bid=\"([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})\"", re.I
)
_EDITED = re.compile(rb"^(?:Last edited(?: time)?|Last updated(?: time)?|Updated(?: at)?): (.{1,60})$", re.I | re.M)
_EDITED_ROW = re.compile(
    rb"property-row-last_edited_time\"(?:(?!</tr>).){0,6000}?<time[^>]{0,200}>@?([^<]{1,60})<", re.I | re.S
)
_DATES = (
    "%B %d, %Y %I:%M %p", "%b %d, %Y %I:%M %p", "%B %d, %Y %H:%M", "%B %d, %Y", "%b %d, %Y", "%Y/%m/%d %H:%M", "%Y/%m/%d",
    "%d/%m/%Y %H:%M", "%d/%m/%Y",
)  # fmt: skip
_HEAD = 64_000  # bytes of a page in which its properties stand
KINDS = (".md", ".html", ".csv")


@dataclass(frozen=True)
class Name:
    """A file's name taken apart: the `folders` above it and its `stem`, both without ids; the `id` of its page."""

    folders: tuple[str, ...]
    stem: str
    ending: str
    id: str = ""
    all_rows: bool = False

    @property
    def path(self) -> str:
        return "/".join((*self.folders, self.stem)) + self.ending


def name_of(path: str) -> Name:
    *folders, file = path.split("/")
    stem, dot, ending = file.rpartition(".")
    ending = f".{ending.lower()}" if dot else ""
    if ending not in KINDS:
        return Name(_folders(folders), _clean(file), "")
    match = _NAME.fullmatch(stem)
    if match:
        return Name(_folders(folders), _clean(match[1] or "Untitled"), ending, match[2].lower(), bool(match[3]))
    return Name(
        _folders(folders), _clean(stem.removesuffix("_all")), ending, "", stem.endswith("_all") and ending == ".csv"
    )


def _folders(names: Iterable[str]) -> tuple[str, ...]:
    """Folders without ids; what wraps a whole export, and what is an id alone, is none."""
    plain = []
    for at, name in enumerate(names):
        match = _NAME.fullmatch(name)
        if not (at < 2 and _WRAPPER.fullmatch(name)) and (not match or match[1]):
            plain.append(_clean(match[1] if match and match[1] else name))
    return tuple(plain)


def _clean(name: str) -> str:
    """A name that can be shown, and a part of a path."""
    shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return STEERING.sub(lambda found: f"\\x{ord(found[0]):02x}", shown).strip() or "Untitled"


def paths(names: Iterable[tuple[str, Name]]) -> dict[str, str]:
    """A path for each file, by its name in the export: those that would share one get the first digits of their ids."""
    given = list(names)
    shared = Counter(name.path for _, name in given)
    found: dict[str, str] = {}
    taken: set[str] = set()
    for file, name in given:
        path = name.path
        if shared[path] > 1 and name.id:
            path = "/".join((*name.folders, f"{name.stem} {name.id[:8]}")) + name.ending
        found[file] = path if path not in taken else _clean(file.replace("/", "\N{DIVISION SLASH}"))
        taken.add(found[file])
    return found


def id_within(data: bytes) -> str:
    """The id that a page in HTML bears, or ""."""
    match = _PAGE_ID.search(data[:_HEAD])
    return match[1].decode("ascii").replace("-", "").lower() if match else ""


def edited(data: bytes, ending: str) -> str:
    """When a page was last edited by its own properties (ISO 8601; Notion writes no zone, so UTC is taken), or ""."""
    match = (_EDITED_ROW if ending == ".html" else _EDITED).search(data[:_HEAD])
    text = match[1].decode("utf-8", "replace").strip().lstrip("@") if match else ""
    text = re.sub(r"\s*\((?:UTC|GMT)\)$", "", text.replace("\u202f", " "))
    for pattern in _DATES:
        try:
            return in_utc(datetime.strptime(text, pattern))
        except ValueError:
            continue
    return utc(text)
