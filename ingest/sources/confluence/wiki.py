"""Confluence's REST API as far as a sync needs it: where it is, how its lists are walked, and what single things say.

`ingest.sources.confluence.contents` lists by it, `ingest.sources.confluence` reads. Cloud: v2, and v1 where v2 has nothing; Data
Center: v1 alone. https://developer.atlassian.com/cloud/confluence/rest/v2/ and …/rest/v1/,
https://developer.atlassian.com/server/confluence/rest/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl, quote, urlsplit

from ingest.sources import SourceSpec
from ingest.sources.web import StatusError, WebApi
from rag.errors import DocumentError, SettingsError, SourceError

_PAGE_OF_SITE = re.compile(
    r"/(?:(?:spaces|display|pages|rest|api|plugins|x)(?:/.*)?|\w+\.action)$"
)  # no part of its path
_MEDIA = "https://api.media.atlassian.com"  # where Cloud keeps attachments; it gets no credentials
_HIDDEN = (403, 404)
Found = Mapping[str, Any]


class Wiki:
    """One wiki. `base` (its URL without a slash at its end) is known once `find` was called; `authenticates`: it is asked with an
    account, and not as anybody."""

    def __init__(self, spec: SourceSpec, api: str) -> None:
        parts = urlsplit(spec.location)
        self.where = f"source {spec.name!r}"
        self._host = f"{parts.scheme}://{parts.netloc}"
        context = _PAGE_OF_SITE.sub("", parts.path).rstrip("/")
        atlassian = (parts.hostname or "").endswith(
            (".atlassian.net", ".jira.com")
        ) or parts.hostname == "api.atlassian.com"
        self.cloud = api == "v2" or (api == "auto" and atlassian)
        if self.cloud and not context.endswith("/wiki"):
            context += "/wiki"
        self._contexts = [context] if self.cloud or context else ["", "/confluence", "/wiki"]
        self.base = f"{self._host}{context}"
        self.authenticates = bool(spec.credentials.token)
        self._api = WebApi(spec.name, self._host, spec.credentials, also=[_MEDIA] if atlassian else [])
        self._context = context

    def find(self) -> None:
        """Learns below which path the wiki is, and whether it takes the credentials. Raises: SourceError."""
        if self.cloud and not self.authenticates:
            return
        for context in self._contexts:
            self._context, self.base = context, f"{self._host}{context}"
            last = context == self._contexts[-1]
            try:
                user = self.v1("user/current") if self.authenticates else self.v1("space", {"limit": 1})
            except StatusError as error:
                if error.status == 404 and not last:
                    continue
                if error.status == 404:
                    raise SourceError(
                        f"{self.where}: there is no Confluence at {self._host}{self._contexts[0]}; give its address with its"
                        " path, such as https://wiki.example.org/confluence"
                    ) from error
                raise
            if self.authenticates and user.get("type") == "anonymous":
                raise SourceError(
                    f"{self.where}: {self.base} takes the credentials for nobody's; on Cloud give the account's e-mail as"
                    " username and an API token, on Data Center a personal access token alone"
                )
            return

    def v1(self, path: str, params: Mapping[str, str | int] | None = None) -> Found:
        return self._asked(f"rest/api/{path}", params)

    def v2(self, path: str, params: Mapping[str, str | int] | None = None) -> Found:
        return self._asked(f"api/v2/{path}", params)

    def walk_v1(self, path: str, params: Mapping[str, str | int]) -> Iterator[Found]:
        return self._walk(f"rest/api/{path}", params)

    def walk_v2(self, path: str, params: Mapping[str, str | int]) -> Iterator[Found]:
        return self._walk(f"api/v2/{path}", params)

    def hidden(self, path: str, *, v2: bool = False, params: Mapping[str, str | int] | None = None) -> Found | None:
        """As `v1` or `v2`; None for what is not there, or not for this account."""
        try:
            return (self.v2 if v2 else self.v1)(path, params)
        except StatusError as error:
            if error.status in _HIDDEN:
                return None
            raise

    def body(self, kind: str, number: str, version: str) -> str:
        """The storage format of one version of a page. Raises: DocumentError when it is not to be had; SourceError."""
        for wanted in ("", version):
            found = self._page(kind, number, wanted)
            storage = (found.get("body") or {}).get("storage") or {}
            if str((found.get("version") or {}).get("number")) == version:
                if not isinstance(storage.get("value"), str):
                    self.nonsense(f"{kind} {number} without its body")
                return str(storage["value"])
        raise DocumentError(f"its version {version} is not to be had; sync again")

    def _page(self, kind: str, number: str, version: str) -> Found:
        try:
            if self.cloud:
                path = "blogposts" if kind == "blogpost" else "pages"
                params: dict[str, str | int] = {"body-format": "storage", **({"version": version} if version else {})}
                return self.v2(f"{path}/{quote(number)}", params)
            params = {"expand": "body.storage,version"}
            if version:
                params |= {"status": "historical", "version": version}
            return self.v1(f"content/{quote(number)}", params)
        except StatusError as error:
            if error.status in _HIDDEN:
                raise DocumentError(f"the wiki refuses to show it (HTTP status {error.status})") from error
            raise

    def file(self, path: str) -> bytes:
        """The bytes of an attachment, by the path that its listing gives. Raises: DocumentError; SourceError."""
        try:
            return self._api.get(f"{self._context}/{path.lstrip('/')}".lstrip("/")).body
        except StatusError as error:
            if error.status in _HIDDEN:
                raise DocumentError(f"the wiki refuses to hand it out (HTTP status {error.status})") from error
            raise

    def user(self, key: str) -> str:
        """What a user is called, or ""."""
        params = {"accountId": key} if self.cloud else {"key": key}
        found = self.hidden("user", params=params)
        if found is None and not self.cloud:
            found = self.hidden("user", params={"username": key})
        return name_of(found)

    def nonsense(self, what: str) -> NoReturn:
        raise SourceError(f"{self.where}: {self.base} answered with {what}; sync again")

    def close(self) -> None:
        self._api.close()

    def _asked(self, path: str, params: Mapping[str, str | int] | None) -> Found:
        told = self._api.json(f"{self._context}/{path}".lstrip("/"), dict(params or {}))
        if not isinstance(told, dict):
            self.nonsense("what is no object where one was expected")
        return told

    def _walk(self, path: str, params: Mapping[str, str | int]) -> Iterator[Found]:
        """All of a list. It has an end where the wiki says so: an answer that names no next one.

        Raises: SourceError when it comes short, or round.
        """
        counted = 0

        def ask(step: str | None) -> tuple[list[Found], str | None]:
            nonlocal counted
            told = self._asked(path, {**params, **dict(parse_qsl(urlsplit(step or "").query))})
            found = self._results(told, path)
            counted += len(found)
            following = told.get("_links", {}).get("next")
            if not following and isinstance(total := told.get("totalSize"), int) and counted < total:
                self.nonsense(f"{counted} of {total} things ({path})")
            return found, str(following) if following else None

        for found in self._api.walk(ask, path):
            yield from found

    def _results(self, told: Found, path: str) -> list[Found]:
        results = told.get("results")
        if not isinstance(told.get("_links", {}), dict) or not isinstance(results, list):
            self.nonsense(f"no list where one was expected ({path})")
        if not all(isinstance(one, dict) for one in results):
            self.nonsense(f"a list of what are no things ({path})")
        if told.get("size", len(results)) != len(results):
            self.nonsense(f"a list that lacks some of what it counts ({path})")
        return results


def name_of(user: Any) -> str:
    """What a user is called; "" for one who is gone."""
    shown = (
        str((user or {}).get("displayName") or (user or {}).get("publicName") or "") if isinstance(user, dict) else ""
    )
    return "" if re.match(r"(?i)former user|anonymous|unknown user|deactivated", shown) else shown.strip()


def checked_api(api: str, location: str) -> None:
    """Raises: SettingsError when a wiki of Atlassian's own is to be read by v1 alone, which it has not whole any more."""
    if api == "v1" and (urlsplit(location).hostname or "").endswith(".atlassian.net"):
        raise SettingsError("`api: v1` is for Data Center; leave it out for a wiki at atlassian.net")
