"""Looking at one page of a website: what it shows now, or why what the server answers is not that page.

`ingest.sources.website` calls this. A page that is sent on to a log-in form, to the home page or out of the site, that answers
as an address does which there is not, or that asks not to be indexed, is refused with its reason.
Conditional requests: RFC 9110, section 13.1. `X-Robots-Tag`: https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Container
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from ingest.egress import UnreachableError
from ingest.refusals import too_large
from ingest.rendering import Rendered, webpage
from ingest.sandbox import shared
from ingest.sources.web import BusyError, Reply, StatusError, WebApi
from ingest.sources.website.site import Site
from rag.errors import DocumentError, RefusedError, SourceError

_MARKUP = ("text/html", "application/xhtml+xml", "")
_READABLE = ("text/", "application/pdf", "application/json", "application/yaml", "application/x-yaml")
_LOG_IN = re.compile(r"(?:^|[/_.-])(?:log-?_?in|sign-?_?in|sso|saml2?|oauth2?|authorize|cas)(?:$|[/_.?-])", re.I)
_LINE = "\n"
_GOES_ON = 5  # pages after each other that fail before the site is taken for down


@dataclass(frozen=True)
class Hint:
    """What is remembered of a page from one sync to the next, so that it need not be sent again: when it was changed and which
    version it is, in the site's own words; when it was looked at (seconds since 1970); the signature that it had; and a sketch
    of what it said (`ingest.rendering.likeness`)."""

    signature: str
    changed: str = ""
    etag: str = ""
    modified: str = ""
    looked_at: float = 0.0
    sketch: str = ""


@dataclass(frozen=True)
class Visit:
    """What a page answered. `refusal` says why it is not to be read, `failed` why nothing can be told now, `fault` why it
    can't be parsed; `soft` marks refusals that may be the whole site's and no page's (a log-in form), `closed` those that ask
    who is there (HTTP 401, 403). `leads_to` is the page that it sends on to, `for_good` or not."""

    url: str
    shown: Rendered | bytes | None = None
    digest: str = ""
    updated_at: str = ""
    refusal: str = ""
    failed: str = ""
    fault: DocumentError | None = None
    soft: bool = False
    closed: bool = False
    leads_to: str = ""
    for_good: bool = False
    canonical: str = ""
    links: tuple[str, ...] = ()
    heading: str = ""
    hint: Hint = field(default_factory=lambda: Hint(""))

    @property
    def says(self) -> tuple[str, str]:
        """What it says under which heading, but for what may differ each time that it says so."""
        return self.heading, self.hint.sketch

    @property
    def signature(self) -> str:
        return f"refused: {self.refusal}" if self.refusal else self.digest

    @property
    def sketch(self) -> str:
        return self.hint.sketch


class Visitor:
    """Looks at pages of one site, for one sync. Raises: SourceError when the site is down, or wants to be left alone."""

    def __init__(self, source: str, api: WebApi, site: Site) -> None:
        self._source = source
        self._api = api
        self._site = site
        self._failed = 0
        self._nothing = ""
        self.listed: Container[str] | None = None  # paths of which one may be the original of a copy; None: any

    def learn_what_nothing_looks_like(self) -> None:
        """Asks for a page that there can't be: some sites answer 200 to that, too."""
        try:
            name = f"no-such-page-{secrets.token_hex(8)}"
            found = self._read(self._api.get(f"{self._site.origin}{self._site.below}{name}"), False)
            self._nothing = found.digest
        except BusyError:
            raise
        except (SourceError, DocumentError):
            self._nothing = ""

    def look(self, url: str, hint: Hint | None = None, with_links: bool = False) -> Visit:
        """One page, as it is now. With a hint, one that the server says has not changed is the hint's `signature` again."""
        asked: dict[str, str] = {}
        if hint and hint.etag:
            asked["If-None-Match"] = hint.etag
        if hint and hint.modified:
            asked["If-Modified-Since"] = hint.modified
        try:
            reply = self._api.ask("GET", url, headers=asked)
        except StatusError as error:
            return self._without_page(url, error, hint)
        except BusyError:
            raise
        except SourceError as error:
            return self._unanswered(url, error)
        self._failed = 0
        try:
            return self._judged(url, self._read(reply, with_links))
        except RefusedError as error:
            return Visit(url, refusal=str(error))
        except DocumentError as error:
            return Visit(url, fault=error)

    def _without_page(self, url: str, error: StatusError, hint: Hint | None) -> Visit:
        if error.status == 304 and hint:
            self._failed = 0
            refusal = hint.signature.removeprefix("refused: ") if hint.signature.startswith("refused: ") else ""
            return Visit(url, digest=hint.signature, refusal=refusal, hint=replace(hint, looked_at=time.time()))
        if 400 <= error.status < 500 and error.status not in (408, 425, 429):
            self._failed = 0
            closed = error.status in (401, 403)
            return Visit(url, refusal=f"the server does not show it (HTTP status {error.status})", closed=closed)
        return self._unanswered(url, error)

    def _unanswered(self, url: str, error: SourceError) -> Visit:
        if not isinstance(error, UnreachableError | StatusError):
            return Visit(url, refusal=str(error), soft=True)  # it leads to another site: log-in forms are at such
        self._failed += 1
        if self._failed >= _GOES_ON:
            raise SourceError(f"{_GOES_ON} pages after each other could not be read, the last one: {error}") from error
        return Visit(url, failed=str(error))

    def _read(self, reply: Reply, with_links: bool) -> Visit:
        """Raises: DocumentError."""
        kind, _, parameters = reply.headers.get("content-type", "").partition(";")
        kind = kind.strip().lower()
        etag, modified = reply.headers.get("etag", "")[:200], reply.headers.get("last-modified", "")[:60]
        visit = Visit(
            reply.url, for_good=reply.moved, hint=Hint("", "", etag, modified, time.time()),
            refusal=too_large(len(reply.body)) or _refused_by(reply.headers.get("x-robots-tag", "")),
        )  # fmt: skip
        if visit.refusal:
            return visit
        if kind not in _MARKUP:
            if not kind.startswith(_READABLE):
                return replace(visit, refusal=f"no page but {kind[:60]}")
            return replace(visit, shown=reply.body, digest=hashlib.sha256(reply.body).hexdigest())
        charset = re.search(r"charset\s*=\s*[\"']?([\w.:-]{2,30})", parameters, re.I)
        shown, said = shared().run(
            webpage.read, reply.body, reply.url, charset[1] if charset else "", with_links
        )  # fmt: skip
        return replace(
            visit, shown=shown, digest=said["digest"], updated_at=said["updated_at"],
            heading=f"{shown.title}\n{shown.text.split(_LINE, 1)[0]}" if shown else "",
            hint=replace(visit.hint, sketch=said["sketch"]),
            refusal=said["refusal"], leads_to=said["leads_to"], canonical=said["canonical"], links=tuple(said["links"]),
            soft=bool(said["log_in"]) and len(shown.text if shown else "") < _SMALL,
        )  # fmt: skip

    def _judged(self, url: str, found: Visit) -> Visit:
        """A page that was asked for as `url`, refused if it is another one."""
        reason, soft, page = self._elsewhere(url, found)
        if reason:
            for_good = found.for_good or bool(found.leads_to)
            return replace(found, url=url, refusal=reason, soft=soft, leads_to=page, for_good=for_good)
        found = replace(found, url=url, leads_to="")
        if found.soft:
            return replace(found, refusal="a log-in page")
        if self._nothing and found.digest == self._nothing:
            return replace(found, refusal="the site answers the same to an address that there is not", soft=True)
        own = self._site.page(found.canonical) if found.canonical else ""
        if own and not found.refusal and self._is_original(own, url):
            return replace(
                found, refusal=f"a copy of {self._site.path_of(own)}, as it says (rel=canonical)", canonical=own
            )
        return replace(found, canonical="")

    def _elsewhere(self, url: str, found: Visit) -> tuple[str, bool, str]:
        """Why a page that is sent on to is not the one that was asked for, whether that may be the whole site's fault, and which
        page of this site it is; "" where it is the same."""
        site, to = self._site, found.leads_to or found.url
        if _LOG_IN.search(urlsplit(to).path) and not _LOG_IN.search(urlsplit(url).path):
            return "it leads to a log-in page", True, ""
        page = site.page(to)
        if not page:
            return "it leads out of what this source reads", True, ""
        if site.path_of(page) == site.path_of(url):
            return "", False, ""
        if site.is_home(page):
            return "it leads to the home page", True, page
        return f"it leads to {site.path_of(page)}", False, page

    def _is_original(self, own: str, url: str) -> bool:
        """Whether the address that a page calls its own is another's. That of the home page is put on all pages by mistake."""
        path = self._site.path_of(own)
        return (
            path != self._site.path_of(url) and not self._site.is_home(own) and (not self.listed or path in self.listed)
        )


_SMALL = 1500  # characters of a page that is a log-in form and nothing else


def _refused_by(tag: str) -> str:
    """What an X-Robots-Tag for all robots refuses."""
    words = {word.strip().lower() for word in tag.split(",")}
    return "the server asks not to index it (X-Robots-Tag: noindex)" if words & {"noindex", "none"} else ""
