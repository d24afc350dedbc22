"""Under which paths a site shows a file: as Hugo, Jekyll, Docusaurus, MkDocs and Middleman make them of its path and its front
matter. `rag.alerts.addresses` compares links with them.

Sources: https://gohugo.io/content-management/urls/, https://jekyllrb.com/docs/permalinks/,
https://github.com/jekyll/jekyll-redirect-from, https://docusaurus.io/docs/create-doc
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from rag.catalog.documents import PageRow

_ROOTS = frozenset(
    {"content", "source", "src", "docs", "doc", "pages", "site", "website", "_docs"}
)  # below it stand pages
_MARKUP = re.compile(r"\.(?:md|markdown|mdx|mkd|html?|erb|haml|adoc|asciidoc|rst|org|textile|txt|php|aspx?)$", re.I)
_INDEXES = frozenset({"index", "_index", "readme"})
_LANGUAGE = re.compile(r"[a-z]{2}(?:-[a-z]{2})?")
_NUMBERED = re.compile(r"^\d{1,3}[-_.]+(?=\w)")
_POST = re.compile(r"^(\d{4})-(\d\d)-(\d\d)-(.+)$")
_KEY = re.compile(r"^(permalink|url|slug|redirect_from|aliases)\s*[:=]\s*(.*)$", re.I)
_ITEM = re.compile(r"^\s*-\s+(.*)$")

Slug = tuple[str, ...]  # the parts of a path, as they are compared


def slug_of(path: str) -> Slug:
    """The parts of a site's path, without what sites add or leave out: case, endings, `index.html`, slashes at the end."""
    parts = [re.sub(r"\s+", "-", part.strip()).casefold() for part in path.split("/") if part.strip() not in ("", ".")]
    if parts:
        while _MARKUP.search(parts[-1]):
            parts[-1] = _MARKUP.sub("", parts[-1])
        if parts[-1] in _INDEXES:
            parts.pop()
    return tuple(parts)


def stem_of(path: str) -> str:
    """A file's name without its endings; of an index, its folder's."""
    name = path.rsplit("/", 1)[-1]
    while _MARKUP.search(name):
        name = _MARKUP.sub("", name)
    folder = path.rsplit("/", 2)[-2] if "/" in path else ""
    return folder if name.lower() in _INDEXES else name


def address_of(path: str) -> str:
    """The path below a site's address under which the page of a file stands, as far as its name tells: without its ending, and
    an index's is its folder's. "" for a file that sites make no page of."""
    folder, slash, name = path.rpartition("/")
    if not _MARKUP.search(name):
        return ""
    while _MARKUP.search(name):
        name = _MARKUP.sub("", name)
    return quote(f"{folder}{slash}" if name.lower() in _INDEXES else f"{folder}{slash}{name}") or "/"


def slugs_of(page: PageRow) -> Iterator[Slug]:
    """The paths, from the top of its site, under which a file may be shown, the likeliest first."""
    own, moved = _told(page.beginning)
    for path in own:
        yield slug_of(path)
    whole = slug_of(page.path)
    for slug in _below_roots(whole, slug_of(page.path.rsplit("/", 1)[-1]) == ()):
        yield slug
        yield from _shapes(slug)
        if moved and slug:
            yield (*slug[:-1], *slug_of(moved))


def _below_roots(slug: Slug, index: bool) -> Iterator[Slug]:
    """The path below the folder that a generator keeps pages in (`content`, `website/docs`), and the whole. `index`: it is a
    folder's."""
    folders = len(slug) if index else len(slug) - 1
    first = next((at for at, part in enumerate(slug[:folders]) if part in _ROOTS), folders)
    for at in range(first, folders):
        if slug[at] not in _ROOTS:
            break
        yield slug[at + 1 :]
        if slug[at] == "content":  # Hugo's: what lies below it are sections
            break
    yield slug


def _shapes(slug: Slug) -> Iterator[Slug]:
    """The same path as generators write it who know languages, collections, numbers and dates."""
    if slug and _LANGUAGE.fullmatch(slug[0]):
        yield slug[1:]
    plain = tuple(_NUMBERED.sub("", part.removeprefix("_")) for part in slug)
    if plain != slug:
        yield plain
    if slug and (post := _POST.match(slug[-1])):
        before = tuple(part for part in slug[:-1] if part != "_posts")
        yield (*before, *post.groups())


def _told(beginning: str) -> tuple[list[str], str]:
    """The paths that a file's front matter gives it, from the top of the site, and the name in place of its file's."""
    lines = beginning.split("\n")
    fence = lines[0].strip()
    if fence not in ("---", "+++"):
        return [], ""
    paths: list[str] = []
    slug, listing = "", False
    for line in lines[1:]:
        if line.strip() == fence:
            break
        if key := _KEY.match(line):
            name, values = key[1].lower(), _values(key[2])
            listing = name in ("redirect_from", "aliases")
            if name == "slug" and values:
                (paths.append(values[0]) if values[0].startswith("/") else None)
                slug = "" if values[0].startswith("/") else values[0]
            else:
                paths += values
        elif listing and (item := _ITEM.match(line)):
            paths += _values(item[1])
        else:
            listing = False
    return [path for path in paths if ":" not in path], slug


def _values(text: str) -> Sequence[str]:
    """The words of a value: one, or those of a list in brackets."""
    parts = text.strip().strip("[]").split(",") if text.strip().startswith("[") else [text]
    return [part.strip().strip("\"'") for part in parts if part.strip().strip("\"'")]
