"""The wikis of git hosts, which are git repositories of pages: where a page is shown, and which files are none.

`ingest.sources.git` calls this. A repository is a wiki when the address that it is cloned from ends with `.wiki.git`, or its
`web_url` with `/wiki` or `/wikis`. Forms: https://docs.github.com/en/communities/documenting-your-project-with-wikis (a page is
called by its file with hyphens, without folders, and a commit behind it), https://docs.gitlab.com/user/project/wiki/
(`version_id`), Gitea's services/wiki/wiki_path.go; Gitea shows the newest revision alone: there the commit says which is meant.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import quote, quote_plus, unquote_plus

from ingest.sources import Link

MARKDOWN = frozenset({".md", ".markdown", ".mkd", ".mkdn", ".mdown"})
_MARKUP = MARKDOWN | frozenset(
    ".mediawiki .wiki .rst .rest .asciidoc .adoc .asc .org .textile .rdoc .creole .pod .txt".split()
)
_CLONED = re.compile(r"\.wiki(?:\.git)?/?$")
_SHOWN = re.compile(r"/(?:-/)?wikis?/?$")
_ON_EVERY_PAGE = re.compile(r"(?:^|/)_(?:sidebar|footer|header)\.\w+$", re.I)


def is_wiki(location: str, web_url: str) -> bool:
    """Whether a repository holds the pages of a wiki."""
    return bool(_CLONED.search(location) or _SHOWN.search(web_url))


def is_markdown(path: str) -> bool:
    return PurePosixPath(path.lower()).suffix in MARKDOWN


def refusal(path: str) -> str:
    """The reason why a file of a wiki is no page of its own, or ""."""
    return "a part of every page of the wiki: links and notes, no page" if _ON_EVERY_PAGE.search(path) else ""


def page_link(web_url: str, commit: str, path: str) -> Link:
    """The link to a page as the wiki's host shows it at a commit. `web_url` is that of the wiki, or of its repository as it is
    cloned."""
    base = web_url.rstrip("/")
    if not base:
        return Link(f"{path}@{commit}", "")
    host = re.sub(r"^https?://", "", base).split("/")[0].lower()
    if not _SHOWN.search(base):
        base = _shown_at(host, _CLONED.sub("", base))
    page, ending = path, PurePosixPath(path).suffix.lower()
    if ending in _MARKUP:
        page = path[: -len(ending)]
    if "/-/wikis" in base:
        return Link(f"{base}/{quote(page)}?version_id={commit}", "")
    if "gitea" in host or "forgejo" in host or "codeberg" in host:
        shown = "/".join(map(_as_gitea, page.split("/"))) if ending in _MARKUP else f"raw/{quote(page)}"
        return Link(f"{base}/{shown}?commit={commit}", "")
    if ending in _MARKUP:
        return Link(f"{base}/{quote(page.rpartition('/')[2].replace(' ', '-'))}/{commit}", "")
    return Link(f"{base}/{quote(page)}?commit={commit}", "")


def _shown_at(host: str, base: str) -> str:
    """Where the wiki of a repository is shown; `base` is that repository's page."""
    if "gitlab" not in host:
        return f"{base}/wiki"
    scheme, _, path = base.rpartition(f"{host}/")
    if "/" not in path:  # the wiki of a group
        return f"{scheme}{host}/groups/{path}/-/wikis"
    return f"{base}/-/wikis"


def _as_gitea(segment: str) -> str:
    """A part of a page's path as Gitea writes it into a URL: it keeps hyphens that are none of ours behind the mark `.-`."""
    marked = segment.endswith(".-")
    text = unquote_plus(segment[:-2] if marked else segment.replace("-", " "))
    return quote_plus(f"{text}.-" if marked or "-" in text or text.endswith(".md") else text.replace(" ", "-"))
