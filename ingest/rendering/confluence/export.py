"""Exports of a Confluence space on disk: ZIP files of XML (`entities.xml`: objects of the wiki's database) or of HTML.

`ingest.sources.confluence.export` calls `read` and `part` in the sandbox. Exports of XML tell restrictions, those of HTML do not.
https://confluence.atlassian.com/doc/export-content-to-word-pdf-html-and-xml-139475.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.rendering.archive import Archive
from ingest.rendering.html import parsed, text_of
from ingest.rendering.lines import in_one_line
from rag.errors import DocumentError, RefusedError

Element = Any
Found = dict[str, Any]
_LIMITS = {"parts": 100_000, "total": 4_000_000_000, "part": 150_000_000}
_PROLOG = 4096  # bytes in which a DTD would stand: within the root element there can be none
_ENTITIES = "entities.xml"
_CLASSES = {"Space", "Page", "BlogPost", "BodyContent", "Attachment", "ConfluenceUserImpl", "Label", "Labelling",
            "ContentPermission", "ContentPermissionSet"}  # fmt: skip
_PIECE = 1 << 20  # bytes that are parsed at once
_STORAGE = "2"  # the type of a body in storage format
_HTML_PAGE = re.compile(r"(?:^|/)(?:[^/]*_)?(\d+)\.html$")


def read(path: str) -> list[Found]:
    """All contents of an export, with their bodies. Raises: RefusedError, DocumentError."""
    archive = Archive(Path(path), **_LIMITS)
    if _ENTITIES in archive:
        return _Entities(archive.read(_ENTITIES)).contents()
    pages = [found for name in archive.names() if (found := _html_page(name, archive.read))]
    if not pages:
        raise RefusedError("no export of a Confluence space: it holds neither entities.xml nor pages of HTML")
    return _placed(pages)


def part(path: str, name: str) -> bytes:
    """One file of an export. Raises: RefusedError, DocumentError."""
    return Archive(Path(path), **_LIMITS).read(name)


class _Entities:
    """The objects of `entities.xml` by class and id."""

    def __init__(self, data: bytes) -> None:
        from lxml import etree

        if re.search(rb"<!(?:DOCTYPE|ENTITY)", data[:_PROLOG].partition(b"<hibernate-generic")[0], re.I):
            raise RefusedError(f"{_ENTITIES} declares a document type, which may hold a bomb")
        self._objects: dict[str, dict[str, Found]] = {}
        parser = etree.XMLPullParser(
            ("end",), tag="object", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
            huge_tree=True, remove_comments=True, remove_pis=True,
        )  # fmt: skip
        try:
            for at in range(0, len(data), _PIECE):
                parser.feed(data[at : at + _PIECE])
                self._take(parser)
            parser.close()
        except etree.XMLSyntaxError as error:
            raise DocumentError(f"{_ENTITIES} is not XML that can be read: {error}") from error

    def _take(self, parser: Any) -> None:
        """Keeps the objects that were read to their end, and forgets their elements."""
        for _, element in parser.read_events():
            kind = element.get("class") or ""
            if kind in _CLASSES:
                self._objects.setdefault(kind, {})[_id_in(element)] = _properties(element)
            element.clear()

    def contents(self) -> list[Found]:
        bodies = {
            one.get("content", ""): one.get("body", "").replace(
                "]] >", "]]>"
            )  # so it writes the end of a CDATA within one
            for one in self._of("BodyContent").values()
            if one.get("bodyType", _STORAGE) == _STORAGE
        }
        labels: dict[str, list[str]] = {}
        for one in self._of("Labelling").values():
            name = self._of("Label").get(one.get("label", ""), {}).get("name", "")
            labels.setdefault(one.get("content", ""), []).append(name)
        views = self._views()
        spaces = {number: one.get("key", "") for number, one in self._of("Space").items()}
        found = [
            self._content(
                number, one, kind, spaces, {"body": bodies.get(number, ""), "labels": sorted(labels.get(number, ()))}
            )
            for kind in ("Page", "BlogPost")
            for number, one in self._of(kind).items()
            if _is_current(one)
        ]
        for page in found:
            page["view"] = views.get(page["id"])
        return found + self._attachments({page["id"]: page for page in found})

    def _of(self, kind: str) -> dict[str, Found]:
        return self._objects.get(kind, {})

    def _content(self, number: str, one: Found, kind: str, spaces: dict[str, str], more: Found) -> Found:
        user = self._of("ConfluenceUserImpl").get(one.get("lastModifier", ""), {})
        return {
            "id": number, "kind": "page" if kind == "Page" else "blogpost", "title": one.get("title", ""),
            "space": spaces.get(one.get("space", "")) or next(iter(spaces.values()), ""), "parent": one.get("parent", ""),
            "version": one.get("version", ""), "updated_at": _iso(one.get("lastModificationDate", "")),
            "created_at": _iso(one.get("creationDate", "")), "owner": user.get("name", ""), "html": False, **more,
        }  # fmt: skip

    def _views(self) -> dict[str, list[str]]:
        """Who may see restricted pages, by page: groups, and users as `user:NAME`."""
        sets = {n: one for n, one in self._of("ContentPermissionSet").items() if one.get("type") == "View"}
        found: dict[str, list[str]] = {one.get("owningContent", ""): [] for one in sets.values()}
        for one in self._of("ContentPermission").values():
            owner = sets.get(one.get("owningSet", ""))
            if owner is None or one.get("type", "View") != "View":
                continue
            key = one.get("userSubject", "")
            user = self._of("ConfluenceUserImpl").get(key, {}).get("name") or one.get("userName") or key
            name = one.get("groupName") or (f"user:{user}" if user else "")
            found[owner.get("owningContent", "")] += [name] if name else []
        return found

    def _attachments(self, pages: dict[str, Found]) -> list[Found]:
        found = []
        for number, one in self._of("Attachment").items():
            page = pages.get(one.get("containerContent") or one.get("content") or "")
            if page is not None and _is_current(one):
                version = one.get("version", "1")
                at = f"attachments/{page['id']}/{number}/{version}"
                found.append(
                    {**page, "id": f"att{number}", "kind": "attachment", "title": one.get("title") or one.get("fileName", ""),
                     "parent": page["id"], "version": version, "body": at, "labels": [], "view": None}
                )  # fmt: skip
        return found


def _is_current(one: Found) -> bool:
    return (
        one.get("contentStatus", "current") == "current" and not one.get("originalVersion") and bool(one.get("title"))
    )


def _id_in(element: Element) -> str:
    found = element.find("id")
    return (found.text or "").strip() if found is not None else ""


def _properties(element: Element) -> Found:
    """An object's properties: their text, or the id of the object that they name."""
    return {
        str(one.get("name")): _id_in(one) if one.find("id") is not None else "".join(one.itertext()).strip()
        for one in element.iterchildren("property")
    }


def _iso(when: str) -> str:
    found = re.match(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)", when)
    return f"{found[1]}T{found[2]}Z" if found else ""


def _html_page(name: str, read_part: Callable[[str], bytes]) -> Found | None:
    """A page of an export of HTML; its place in the tree is that of its crumbs."""
    number = _HTML_PAGE.search(name)
    if number is None:
        return None
    data = read_part(name)
    root = parsed(text_of(data)[0])
    if root is None:
        return None
    title = in_one_line(root.findtext(".//title") or "")
    space, colon, rest = title.partition(" : ")
    crumbs = [in_one_line("".join(li.itertext())) for li in root.iterfind(".//ol[@id='breadcrumbs']//li")]
    content = root.find(".//*[@id='main-content']")
    from lxml import etree

    shown = etree.tostring(content, encoding="unicode", with_tail=False) if content is not None else text_of(data)[0]
    key = name.partition("/")[0] if "/" in name else space
    return {
        "id": number[1], "kind": "page", "title": rest if colon else title, "space": key,
        "parent": "", "crumbs": crumbs[1:], "version": "", "updated_at": "", "created_at": "", "owner": "", "labels": [],
        "view": None, "html": True, "body": shown,
    }  # fmt: skip


def _placed(pages: list[Found]) -> list[Found]:
    """The pages with their parents: the page that the last crumb names."""
    by_title = {page["title"]: page["id"] for page in pages}
    for page in pages:
        crumbs = page.pop("crumbs")
        above = by_title.get(crumbs[-1], "") if crumbs else ""
        page["parent"] = above if above != page["id"] else ""
    return pages
