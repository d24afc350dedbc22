"""The Action API of one MediaWiki: where it is, logging in, one call, and lists to their end.

Every call says who is expected to ask (`assert`), so that a session that was lost is an error and never an empty list, and lets
itself be put off while the wiki's databases lag (`maxlag`).
Spec: https://www.mediawiki.org/wiki/API:Main_page, API:Login, API:Continue, API:Errors_and_warnings, Manual:Maxlag_parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from ingest.addresses import origin_of, shown
from ingest.sources import Credentials, SourceSpec
from ingest.sources.web import Params, Reply, StatusError, WebApi
from rag.errors import SettingsError, SourceError

Answer = Mapping[str, Any]
Step = tuple[tuple[str, str], ...]  # what a query goes on with
_ALWAYS: Params = {"format": "json", "formatversion": 2, "errorformat": "plaintext", "errorlang": "en", "maxlag": 5}
_LONGEST_GET = 1800  # characters of a query that still goes into a URL
_LAGGED_TRIES = 6
_HEAD = 200_000  # characters of a page in which the link to its API is looked for
_EDIT_URI = re.compile(r"""<link\s[^>]{0,300}?rel=["']?EditURI["']?[^>]{0,600}""", re.I)
_HREF = re.compile(r"""\bhref=["']([^"']{1,500})""", re.I)
_USUAL = ("w/api.php", "api.php", "wiki/api.php", "mediawiki/api.php")
_LOST = frozenset({"assertuserfailed", "assertnameduserfailed", "badtoken", "sessionfailure"})
_PRIVATE = frozenset({"readapidenied", "mwoauth-invalid-authorization", "mwoauth-invalid-authorization-invalid-user"})


class ApiError(SourceError):
    """The wiki answered with an error; `code` is its name for it, `text` its words."""

    def __init__(self, message: str, code: str, text: str) -> None:
        super().__init__(message)
        self.code = code
        self.text = text


class MediaWikiApi:
    """The API of the wiki at `spec.location`: its main page, any page of it, or its api.php. A user name with a token is a bot
    password (Special:BotPasswords), a token alone one of OAuth (Special:OAuthConsumerRegistration, owner-only)."""

    def __init__(self, spec: SourceSpec) -> None:
        self._source, self._location = spec.name, spec.location
        self._login = spec.credentials if spec.credentials.username else Credentials()
        bearer = Credentials() if spec.credentials.username else spec.credentials
        self._known = bool(spec.credentials.token)
        self._origin = str(_origin(spec))
        self._web = WebApi(spec.name, self._origin, bearer)
        self._path = ""
        self._renewed = False

    def open(self) -> str:
        """Finds the API and logs in; gives the API's address. Raises: SettingsError, SourceError."""
        if not self._path:
            self._path = self._found()
            self._log_in()
        return self._path

    def call(self, params: Params) -> Answer:
        """One call. A session that was lost is renewed once. Raises: ApiError, SettingsError, SourceError."""
        self.open()
        expected = {"assert": "user"} if self._known else {}
        try:
            return self._ask({**params, **expected})
        except ApiError as error:
            if error.code not in _LOST or not self._login.username or self._renewed:
                raise
        self._renewed = True
        self._log_in()
        answer = self._ask({**params, **expected})
        self._renewed = False
        return answer

    def every(self, params: Params) -> Iterator[Answer]:
        """The answers to a query until the wiki says that there are no more. Raises: as `call`; SourceError when it goes round
        in circles, or ends without saying so."""

        def ask(step: Step | None) -> tuple[Answer, Step | None]:
            answer = self.call({"action": "query", **params, **dict(step or ())})
            going_on = answer.get("continue") or {}
            if not isinstance(going_on, dict) or not (going_on or answer.get("batchcomplete") is True):
                raise self.contradiction("its answer does not say whether there is more")
            return answer, tuple(sorted((key, str(value)) for key, value in going_on.items())) or None

        return self._web.walk(ask, "what was asked for")

    def contradiction(self, what: str) -> SourceError:
        return SourceError(f"source {self._source!r}: {shown(self._path or self._location)}: {what}; sync again")

    def close(self) -> None:
        self._web.close()

    # -- one call -----------------------------------------------------------------------------------------------------

    def _ask(self, params: Params) -> Answer:
        """One call, made again for as long as the databases lag."""
        all_of_them: Params = {**_ALWAYS, **params}
        sent = {key: _joined(value) for key, value in all_of_them.items()}
        for tried in range(1, _LAGGED_TRIES + 1):
            reply = self._sent(self._path, sent)
            answer = self._web.decoded(reply)
            code, text = _error(answer)
            if code not in ("maxlag", "ratelimited") or tried == _LAGGED_TRIES:
                break
            self._web.wait_as_told(reply, tried)
        if code:
            raise self._told(code, text)
        if not isinstance(answer, dict) or not answer:
            raise SourceError(
                f"source {self._source!r}: {shown(self._path)} does not answer as MediaWiki does; check the url, or sync again"
            )
        return answer

    def _sent(self, path: str, params: Mapping[str, str]) -> Reply:
        """By GET, or by POST what is secret or too long for a URL."""
        if params.get("action") == "login" or len(urlencode(params)) > _LONGEST_GET:
            return self._web.ask("POST", path, form=params)
        return self._web.ask("GET", path, params)

    def _told(self, code: str, text: str) -> SourceError | SettingsError:
        where = f"source {self._source!r}: {shown(self._path)}"
        if code in _PRIVATE and not self._known:
            return SettingsError(
                f"{where} is a private wiki: make a bot password there (Special:BotPasswords), and give it under `credentials:"
                " username` (Account@botname) and `token`"
            )
        if code in _PRIVATE:
            return SettingsError(
                f"{where} does not let this account read it ({code}); check its rights and credentials"
            )
        if code in _LOST:
            return ApiError(f"{where} has ended the session ({code}); sync again", code, text)
        return ApiError(f"{where} answered with an error: {code}: {text[:200]}; sync again", code, text)

    # -- logging in ---------------------------------------------------------------------------------------------------

    def _log_in(self) -> None:
        """Opens a session with a bot password. Raises: SettingsError when it is refused."""
        if not self._login.username:
            return
        answer = self._ask({"action": "query", "meta": "tokens", "type": "login"})
        try:
            token = answer["query"]["tokens"]["logintoken"]
        except (TypeError, KeyError):
            raise self.contradiction("it gives no token to log in with") from None
        form = {"lgname": self._login.username, "lgpassword": self._login.token, "lgtoken": str(token)}
        login = self._ask({"action": "login", **form}).get("login")
        result = login.get("result") if isinstance(login, dict) else None
        if result == "Success":
            return
        if result in ("Throttled", "WrongToken", "NeedToken") or not isinstance(result, str):
            raise self.contradiction(f"it does not log in now ({result})")
        raise SettingsError(
            f"source {self._source!r}: {shown(self._path)} refuses the log-in: `username` must be as Special:BotPasswords shows"
            " it (Account@botname), and `token` the bot password made there; make a new one if need be"
        )

    # -- where the API is ---------------------------------------------------------------------------------------------

    def _found(self) -> str:
        """The address of api.php. Raises: SettingsError when there is none to be found."""
        parts = urlsplit(self._location)
        if parts.path.endswith("api.php"):
            return self._origin + parts.path
        tried = []
        for address in self._candidates():
            tried.append(shown(address))
            if self._is_api(address):
                return address
        raise SettingsError(
            f"source {self._source!r}: no MediaWiki API is found at {shown(self._location)} (tried {', '.join(tried)}); give the"
            " address of its api.php as `url`: Special:Version names it as an entry point"
        )

    def _candidates(self) -> Iterator[str]:
        """Addresses where the API may be: the one that the page names, then usual ones."""
        given = set()
        try:
            page = self._web.get(self._location)
        except StatusError as error:
            if error.status not in (401, 403, 404):
                raise
        else:
            named = _named_api(page)
            if named and str(origin_of(named)) == self._origin:
                given.add(named)
                yield named
            elif named:
                raise SettingsError(
                    f"source {self._source!r}: the wiki at {shown(self._location)} says that it is at {shown(named)}; give that"
                    " as `url`"
                )
        folder = urlsplit(self._location).path.rpartition("/")[0]
        for path in (f"{folder.strip('/')}/api.php".lstrip("/"), *_USUAL):
            address = f"{self._origin}/{path}"
            if address not in given:
                given.add(address)
                yield address

    def _is_api(self, address: str) -> bool:
        """Whether MediaWiki answers there. A private wiki answers, too: with an error of its own."""
        try:
            reply = self._sent(address, {"action": "query", "meta": "siteinfo", "format": "json", "formatversion": "2"})
        except StatusError as error:
            if error.status not in (401, 403, 404, 405):
                raise
            return False
        if reply.body.lstrip()[:1] != b"{":
            return False
        answer = self._web.decoded(reply)
        return "mediawiki-api-error" in reply.headers or isinstance(answer.get("query"), dict)


def _origin(spec: SourceSpec) -> object:
    try:
        return origin_of(spec.location)
    except ValueError as error:
        raise SettingsError(f"source {spec.name!r}: {shown(spec.location)} can't be read: {error}") from None


def _named_api(page: Reply) -> str:
    """The api.php that a page of a wiki names (`<link rel="EditURI">`, Really Simple Discovery), or ""."""
    text = page.body[:_HEAD].decode("utf-8", "replace")
    link = _EDIT_URI.search(text)
    href = _HREF.search(link[0]) if link else None
    if not href:
        return ""
    try:
        address = urljoin(page.url, href[1].replace("&amp;", "&")).partition("?")[0]
        origin_of(address)
    except ValueError:
        return ""
    return address if address.endswith("/api.php") else ""


def _joined(value: str | int | Sequence[str | int]) -> str:
    """A value as the API takes it: several with `|` between them."""
    return value if isinstance(value, str) else "|".join(map(str, value)) if isinstance(value, Sequence) else str(value)


def _error(answer: Any) -> tuple[str, str]:
    """The code and the text of an answer's error, in the format that was asked for or the old one; ("", "") without one."""
    if not isinstance(answer, dict):
        return "", ""
    found = answer.get("errors") or answer.get("error")
    first = found[0] if isinstance(found, list) and found else found
    if not first:
        return "", ""
    if not isinstance(first, dict):
        return "unknown", str(first)
    return str(first.get("code") or "unknown"), str(first.get("text") or first.get("info") or "")
