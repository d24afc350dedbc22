"""A MediaWiki as far as its documented Action API goes: continuation, log-in, recent changes and logs, lag, errors.

Spec: https://www.mediawiki.org/wiki/API:Main_page (formatversion 2, errorformat plaintext). A real one: `tests.wikis.mediawiki`.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.sources import Credentials, Source, SourceSpec
from ingest.sources.mediawiki import MediaWikiOptions, MediaWikiSource
from tests.places import Place
from tests.places.server import Ask, Reply, data, page

USER, PASSWORD = "Reader@kb", "a-bot-password"
NAMESPACES = {0: "", 1: "Talk", 4: "Ops wiki", 6: "File", 10: "Template", 12: "Help", 14: "Category", 3000: "Ops"}
Answer = dict[str, Any]


@dataclass
class WikiPage:
    id: int
    title: str
    html: str = ""
    revision: int = 0
    changed: int = 0
    touched: int = 0
    redirect: bool = False
    readable: bool = True
    model: str = "wikitext"
    categories: list[str] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)

    @property
    def namespace(self) -> int:
        prefix, colon, _ = self.title.partition(":")
        return next((n for n, name in NAMESPACES.items() if colon and name == prefix and n), 0)


class Wiki:
    """Pages and what changed, on a clock of its own (seconds); what a test sets steers how it answers."""

    def __init__(self) -> None:
        self.pages: dict[int, WikiPage] = {}
        self.changes: list[Answer] = []
        self.clock = 1_000_000
        self.edits = self.last_id = self.last_revision = self.last_change = 0
        self.private = False
        self.sessions: set[str] = set()
        self.at_once = 10  # pages and changes in one answer
        self.lag = 0  # answers that are put off
        self.broken: dict[int, Reply] = {}  # revision → what `action=parse` answers
        self.deleted: dict[str, WikiPage] = {}
        self.high_limits = False

    def titled(self, title: str) -> WikiPage | None:
        return next((one for one in self.pages.values() if one.title == title), None)

    def edit(self, title: str, text: str, *, told: bool = True, **more: Any) -> WikiPage:
        """Makes or changes a page; not `told`: no change is in the list."""
        found = self.titled(title)
        kind = "edit" if found else "new"
        if not found:
            self.last_id += 1
            found = self.pages.setdefault(self.last_id, WikiPage(self.last_id, title))
        for name, value in {"html": f'<div class="mw-parser-output"><p>{html.escape(text)}</p></div>', **more}.items():
            setattr(found, name, value)
        self._revise(found)
        self.edits += 1
        if told:
            self.note(kind, found)
        return found

    def delete(self, title: str) -> None:
        found = self.titled(title)
        assert found
        del self.pages[found.id]
        self.deleted[title] = found
        self.changes = [one for one in self.changes if one["pageid"] != found.id]  # as MediaWiki does
        self.log("delete", "delete", title, 0)

    def restore(self, title: str) -> None:
        found = self.deleted.pop(title)
        self.pages[found.id] = found
        self.log("delete", "restore", title, found.id)

    def move(self, title: str, to: str, redirect: bool = False) -> None:
        found, over = self.titled(title), self.titled(to)
        assert found
        if over:
            assert over.redirect
            del self.pages[over.id]
        found.title = to
        self._revise(found)
        if redirect:
            self.last_id += 1
            self._revise(self.pages.setdefault(self.last_id, WikiPage(self.last_id, title, redirect=True)))
        self.log("move", "move", title, 0, target_ns=found.namespace, target_title=to)

    def protect(self, title: str, readable: bool) -> None:
        found = self.titled(title)
        assert found
        found.readable = readable
        self.log("protect", "protect", title, found.id)

    def _revise(self, found: WikiPage) -> None:
        self.clock += 1
        self.last_revision += 1
        found.revision, found.changed, found.touched = self.last_revision, self.clock, self.clock

    def note(self, kind: str, found: WikiPage, **more: Any) -> None:
        self.last_change += 1
        self.changes.append(
            {"type": kind, "ns": found.namespace, "title": found.title, "pageid": found.id, "revid": found.revision,
             "old_revid": 0, "rcid": self.last_change, "timestamp": stamp(self.clock), **more}
        )  # fmt: skip

    def log(self, kind: str, action: str, title: str, number: int, **parameters: Any) -> None:
        self.clock += 1
        self.note(
            "log", WikiPage(number, title), logid=self.last_change, logtype=kind, logaction=action, logparams=parameters
        )

    # -- the API ------------------------------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Reply:
        if ask.path != "/w/api.php":
            return page(
                '<html><head><link rel="EditURI" type="application/rsd+xml" href="/w/api.php?action=rsd"/></head></html>'
            )
        given = {**ask.query, **(ask.form if ask.method == "POST" else {})}
        if self.lag and given.get("maxlag"):
            self.lag -= 1
            return error("maxlag", "Waiting for 10.0.0.1: 7 seconds lagged.", Retry_After="5")
        logged_in = ask.headers.get("cookie", "").removeprefix("session=") in self.sessions
        if given.get("action") == "login" or (given.get("meta") == "tokens" and given.get("type") == "login"):
            return self._log_in(given, ask.method)
        if given.get("assert") == "user" and not logged_in:
            return error("assertuserfailed", "You are no longer logged in, so the action could not be completed.")
        if self.private and not logged_in:
            return error("readapidenied", "You need read permission to use this module.")
        if given.get("action") == "parse":
            return self._parse(given)
        return data(self._query(given))

    def _log_in(self, given: Answer, method: str) -> Reply:
        if given.get("action") != "login":
            return data({"batchcomplete": True, "query": {"tokens": {"logintoken": "t+\\"}}})
        if method != "POST":
            return error("mustbeposted", 'The "login" module requires a POST request.')
        if given.get("lgtoken") != "t+\\":
            return data({"login": {"result": "WrongToken"}})
        if (given.get("lgname"), given.get("lgpassword")) != (USER, PASSWORD):
            return data(
                {
                    "login": {
                        "result": "Failed",
                        "reason": {"code": "wrongpassword", "text": "Incorrect username or password."},
                    }
                }
            )
        session = f"s{len(self.sessions) + 1}-{self.clock}"
        self.sessions.add(session)
        told = {"login": {"result": "Success", "lguserid": 2, "lgusername": "Reader"}}
        return data(told, **{"Set-Cookie": f"session={session}"})

    def _parse(self, given: Answer) -> Reply:
        number = int(given["oldid"])
        if number in self.broken:
            return self.broken[number]
        found = next((one for one in self.pages.values() if one.revision == number), None)
        if found is None:
            return error("nosuchrevid", f"There is no revision with ID {number}.")
        if not found.readable:
            return error("permissiondenied", "You don't have permission to view the page text.")
        props = given["prop"].split("|")
        told: Answer = {"title": found.title, "pageid": found.id, "revid": number}
        if "text" in props:
            told["text"] = found.html
        if "displaytitle" in props:
            told["displaytitle"] = html.escape(found.title)
        if "categories" in props:
            told["categories"] = [{"sortkey": "", "category": name.replace(" ", "_")} for name in found.categories]
        if "wikitext" in props:
            told["wikitext"] = found.html
        return data({"parse": told})

    def _query(self, given: Answer) -> Answer:
        if "siteinfo" in given.get("meta", ""):
            return self._site()
        if given.get("list") == "recentchanges":
            return self._recent(given)
        chosen, going_on = self._chosen(given)
        told = [self._told(one, given) for one in chosen]
        return {"batchcomplete": True, **({"continue": going_on} if going_on else {}), "query": {"pages": told}}

    def _site(self) -> Answer:
        spaces = {
            str(n): {"id": n, "name": name, "content": n in (0, 3000), "canonical": name}
            for n, name in NAMESPACES.items()
        }
        spaces["4"]["canonical"] = "Project"
        rights = ["read", *(["apihighlimits"] if self.high_limits else [])]
        return {
            "batchcomplete": True, "curtimestamp": stamp(self.clock),
            "query": {
                "general": {"script": "/w/index.php", "server": "http://wiki.example.org"}, "namespaces": spaces,
                "namespacealiases": [{"id": 6, "alias": "Image"}], "userinfo": {"id": 0, "name": "x", "rights": rights},
                "statistics": {"edits": self.edits, "pages": len(self.pages)},
            },
        }  # fmt: skip

    def _recent(self, given: Answer) -> Answer:
        rows = [one for one in self.changes if one["type"] in given["rctype"].split("|")]
        newer = given.get("rcdir") == "newer"
        rows = [one for one in rows if one["timestamp"] >= given["rcstart"]] if newer else rows[::-1]
        limit = self.at_once if given["rclimit"] == "max" else int(given["rclimit"])
        at = int(given.get("rccontinue", "0|0").split("|")[1])
        more = {"rccontinue": f"x|{at + limit}", "continue": "-||"} if at + limit < len(rows) else {}
        return {
            "batchcomplete": True,
            **({"continue": more} if more else {}),
            "query": {"recentchanges": rows[at : at + limit]},
        }

    def _chosen(self, given: Answer) -> tuple[Iterable[WikiPage | Answer], Answer]:
        if "pageids" in given:
            ids = [int(number) for number in given["pageids"].split("|")]
            assert len(ids) <= (500 if self.high_limits else 50)
            return [self.pages.get(number) or {"pageid": number, "missing": True} for number in ids], {}
        if "titles" in given:
            titles = given["titles"].split("|")
            assert len(titles) <= (500 if self.high_limits else 50)
            return [self.titled(title) or {"ns": 0, "title": title, "missing": True} for title in titles], {}
        if given["generator"] == "allpages":
            name, space = "gapcontinue", int(given["gapnamespace"])
            found = [one for one in self.pages.values() if one.namespace == space and not one.redirect]
        else:
            name = "gcmcontinue"
            spaces = {int(number) for number in given["gcmnamespace"].split("|")}
            category = given["gcmtitle"].partition(":")[2]
            found = [one for one in self.pages.values() if category in one.categories and one.namespace in spaces]
        found = sorted((one for one in found if one.title >= given.get(name, "")), key=lambda one: one.title)
        more = {name: found[self.at_once].title, "continue": f"{name}||"} if len(found) > self.at_once else {}
        return found[: self.at_once], more

    def _told(self, one: WikiPage | Answer, given: Answer) -> Answer:
        props = given["prop"].split("|")
        if isinstance(one, dict):
            showing = self._showing(one["title"]) if "transcludedin" in props and "title" in one else []
            return {**one, **({"transcludedin": showing} if showing else {})}
        told: Answer = {
            "pageid": one.id, "ns": one.namespace, "title": one.title, "contentmodel": one.model, "lastrevid": one.revision,
            "touched": stamp(one.touched), "length": len(one.html), **({"redirect": True} if one.redirect else {}),
        }  # fmt: skip
        if "intestactions" in given:
            told["actions"] = {"read": one.readable}
        if "revisions" in props:
            told["revisions"] = [{"revid": one.revision, "parentid": 0, "timestamp": stamp(one.changed)}]
        if "categories" in props:
            asked = given["clcategories"].split("|")
            found = [{"ns": 14, "title": f"Category:{name}"} for name in one.categories if f"Category:{name}" in asked]
            told |= {"categories": found} if found else {}
        if "transcludedin" in props and (showing := self._showing(one.title)):
            told["transcludedin"] = showing
        return told

    def _showing(self, title: str) -> list[Answer]:
        return [{"pageid": one.id} for one in self.pages.values() if title in one.templates]


def stamp(clock: int) -> str:
    days, seconds = divmod(clock, 86400)
    return f"2026-03-{1 + days % 28:02}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"


def error(code: str, text: str, **headers: str) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return data({"errors": [{"code": code, "text": text, "module": "main"}]}, **{"MediaWiki-API-Error": code, **sent})


class MediaWikiPlace(Place):
    """That wiki, as a place of pages for the conformance suite."""

    type = "mediawiki"
    restricts = True

    def __init__(self, server: object) -> None:
        super().__init__(server)  # type: ignore[arg-type]
        self.wiki = Wiki()

    def answer(self, ask: object) -> Reply:
        assert isinstance(ask, Ask)
        return self.wiki.answer(ask)

    def put(self, name: str, text: str) -> None:
        self.wiki.edit(self.path_of(name), text)

    def remove(self, name: str) -> None:
        self.wiki.delete(self.path_of(name))

    def move(self, name: str, to: str) -> None:
        self.wiki.move(self.path_of(name), self.path_of(to))

    def restrict(self, name: str) -> None:
        self.wiki.protect(self.path_of(name), readable=False)

    def path_of(self, name: str) -> str:
        """A title, which begins with a capital letter and holds no #."""
        return name[:1].upper() + name[1:].replace("#", "♯")

    def source(self, spec: SourceSpec, folder: Path) -> Source:
        return MediaWikiSource(spec, folder)

    def spec(self, **settings: object) -> SourceSpec:
        given: dict[str, object] = {"options": MediaWikiOptions(), **settings}
        return super().spec(**given)

    def signed_in(self) -> Credentials:
        return Credentials(token=PASSWORD, username=USER)
