"""A page of a website: its content as Markdown, and what it says of itself. `ingest.sources.website.visits` calls this, in the
sandbox.

Of itself a page says which address is its own (`rel=canonical`), whether robots may keep it (`meta name=robots`), when it was
changed, where it sends its reader on to (`http-equiv=refresh`), and where it links to.
Spec: https://html.spec.whatwg.org/multipage/semantics.html#standard-metadata-names
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

from ingest.dates import utc
from ingest.rendering import Rendered, html
from ingest.rendering.elements import Element, Elements, name_of
from ingest.rendering.likeness import sketch
from ingest.rendering.lines import in_one_line
from rag.errors import RefusedError
from rag.records import Place

_CHANGED = frozenset(
    "article:modified_time og:updated_time last-modified revised dcterms.modified dc.date.modified datemodified".split()
)
_CHROME = frozenset(
    """sidebar site-header site-footer page-footer breadcrumb breadcrumbs toc toctree pagination skip-link skip-to-content
    edit-this-page edit-page theme-doc-breadcrumbs theme-doc-footer md-sidebar md-source-file md-content__button navfooter
    prev-next-area bd-sidebar bd-sidebar-secondary onthispage page-toc sidebar-secondary-item sphinxsidebar related footer
    rst-footer-buttons""".split()
)
_CONTENT = (  # what generators of documentation call the element that holds a page's content, where there is no `main`
    "markdown-body", "rst-content", "theme-doc-markdown", "md-content", "post-content", "page-content", "main-content",
    "maincontent", "body-content", "documentwrapper", "right", "content", "documentation",
)  # fmt: skip
_REFRESH = re.compile(r"\s*(\d+)[\d.]*\s*[;,]\s*(?:url\s*=\s*)?[\"']?([^\"'\s>]+)", re.I)
_TEMPLATE = re.compile(r"text/(?:x-)?(?:[a-z]+-)?template", re.I)
_SOON = 10  # seconds after which a page that sends on is no page to read
_LINKS = 5000  # of a page that are followed
_NOT_FOUND = re.compile(r"\b404\b|\bnot[ -]found\b", re.I)
_SHORT = 600  # characters of a page that says no more than that there is none


def read(data: bytes, url: str, charset: str, with_links: bool) -> tuple[Rendered | None, dict[str, Any]]:
    """The content of a page (None where there is none to read) and what it says of itself: `refusal`, `canonical`, `leads_to`
    (addresses, "" where it names none), `updated_at` (ISO 8601 in UTC, or ""), `log_in` (whether it asks for a password),
    `digest` and `sketch` of what it shows, and `links`. Raises: DocumentError when it can't be read."""
    text, notes = _decoded(data, charset)
    page = html.parsed(text)
    if page is None:
        return None, {**_NOTHING, "refusal": "no text in it"}
    base = _base(page, url)
    said = {**_NOTHING, **_said(page, base)}
    if with_links and "nofollow" not in said["robots"]:
        said["links"] = _links(page, base)
    try:
        rendered = _rendered(page, base, notes)
    except RefusedError as error:
        return None, {**said, "refusal": str(error)}
    if _NOT_FOUND.search(f"{rendered.title} {_title(page)}") and len(rendered.text) < _SHORT:
        said["refusal"] = "it says that there is no such page"
    return rendered, {
        **said,
        "digest": digest_of(rendered),
        "sketch": sketch(f"{rendered.title}\n{rendered.text}", url),
    }


_NOTHING: dict[str, Any] = {
    "refusal": "", "canonical": "", "leads_to": "", "updated_at": "", "log_in": False, "digest": "", "sketch": "",
    "links": (), "robots": "",
}  # fmt: skip


def digest_of(rendered: Rendered) -> str:
    """A name for what a page shows, and for the anchors that lead into it."""
    told = "\0".join([rendered.title, rendered.text, *(place.anchor for place in rendered.places)])
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


class PageElements(Elements):
    """Leaves out what belongs to the site: menus, trails, tables of contents, and headers and footers outside of the content."""

    def drops(self, element: Element) -> bool:
        if super().drops(element):
            return True
        name = name_of(element)
        if name in ("header", "footer", "aside"):
            above = {name_of(one) for one in element.iterancestors()}
            return not above & {"main", "article", "section", "blockquote"}
        if name not in ("div", "ul", "ol", "section", "p", "a", "span", "details", "button"):
            return False
        names = {*(element.get("class") or "").lower().split(), (element.get("id") or "").lower()}
        return not names.isdisjoint(_CHROME)


def _rendered(page: Element, base: str, notes: tuple[str, ...]) -> Rendered:
    """The content; its places have anchors and no lines: those of a page's source are no one's to look at."""
    elements = PageElements(base)
    try:
        found = html.rendered(page, elements, notes, content=_content(page, elements))
    except RefusedError:
        if (kept := _templates(page)) is None:
            raise
        found = html.rendered(page, elements, notes, content=kept)
    return replace(found, places=_merged(found.places))


def _templates(page: Element) -> Element | None:
    """What a page without text keeps in templates for its scripts to show, as the documentation of Apache Kafka does."""
    kept = [one.text or "" for one in page.iter("script") if _TEMPLATE.fullmatch((one.get("type") or "").strip())]
    return html.parsed("\n".join(kept))


def _content(page: Element, elements: Elements) -> Element:
    found = html.content_of(page, elements)
    if found is not page:
        return found
    by_name: dict[str, list[Element]] = {}
    for one in page.iter("div", "section", "td"):
        for name in {*(one.get("class") or "").lower().split(), (one.get("id") or "").lower()} & set(_CONTENT):
            by_name.setdefault(name, []).append(one)
    for name in _CONTENT:
        outer = [one for one in by_name.get(name, ()) if not any(up in by_name[name] for up in one.iterancestors())]
        if len(outer) == 1 and html.words(outer[0], elements) >= html.WORTH * html.words(page, elements):
            return outer[0]
    return page


def _merged(places: tuple[Place, ...]) -> tuple[Place, ...]:
    merged: list[Place] = []
    for place in places:
        if merged and (merged[-1].name, merged[-1].anchor) == (place.name, place.anchor):
            merged[-1] = replace(merged[-1], end=place.end)
        else:
            merged.append(replace(place, first=0, last=0))
    return tuple(merged)


# -- what a page says of itself ---------------------------------------------------------------------------------------


def _said(page: Element, base: str) -> dict[str, Any]:
    robots: list[str] = []
    said: dict[str, Any] = {}
    for meta in page.iter("meta"):
        name = (meta.get("name") or meta.get("property") or meta.get("itemprop") or "").lower()
        content = meta.get("content") or ""
        if name in ("robots", "waypost"):
            robots += re.split(r"[\s,]+", content.lower())
        elif name in _CHANGED:
            said.setdefault("updated_at", utc(content))
        elif (meta.get("http-equiv") or "").lower() == "refresh" and (to := _soon(content)):
            said["leads_to"] = _joined(base, to)
    if not said.get("updated_at"):
        times = [one for one in page.iter("time") if (one.get("itemprop") or "").lower() == "datemodified"]
        said["updated_at"] = utc(times[0].get("datetime") or "") if times else ""
    for link in page.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split():
            said.setdefault("canonical", _joined(base, link.get("href") or ""))
    if not {"noindex", "none"}.isdisjoint(robots):
        said["refusal"] = "it asks not to be indexed (robots: noindex)"
    said["robots"] = " ".join(robots).replace("none", "nofollow")
    said["log_in"] = any((one.get("type") or "").lower() == "password" for one in page.iter("input"))
    return said


def _soon(refresh: str) -> str:
    """Where a page sends its reader on to before there is time to read it, or ""."""
    match = _REFRESH.match(refresh)
    return match[2] if match and len(match[1]) < 6 and int(match[1]) <= _SOON else ""


def _links(page: Element, base: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in page.iter("a", "area"):
        if (href := one.get("href")) and "nofollow" not in (one.get("rel") or "").lower().split():
            found[_joined(base, href)] = None
    return tuple(link for link in found if link)[:_LINKS]


def _base(page: Element, url: str) -> str:
    one = page.find(".//base")
    return _joined(url, one.get("href") or "") or url if one is not None else url


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href.strip())
    except ValueError:
        return ""


def _title(page: Element) -> str:
    title = page.find(".//title")
    return in_one_line(title.text or "") if title is not None else ""


def _decoded(data: bytes, charset: str) -> tuple[str, tuple[str, ...]]:
    """The text: as UTF-8, or else as the server declares, or else as the page does."""
    if charset:
        try:
            data.decode("utf-8-sig")
        except UnicodeDecodeError:
            try:
                return data.decode(charset, "replace").replace("\r\n", "\n"), ()
            except (LookupError, ValueError):
                pass
    return html.text_of(data)
