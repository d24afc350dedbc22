"""A wiki that speaks Confluence's REST API as it is documented: Cloud's v2 with cursors and what only v1 has; Data Center's v1.

Lists are cut into short pages, lists of restrictions into shorter ones. What is removed is in the trash.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from ingest.sources import Source, SourceSpec
from ingest.sources.confluence import TYPE, ConfluenceOptions
from tests.places import Place
from tests.places.server import Ask, Reply, Server, data, page

LIMIT = 10  # things in one answer, whatever is asked for
FEW = 2  # users or groups in one answer
WHEN = "2026-03-01T12:00:00.000Z"
LOGIN_PAGE = (
    "<!DOCTYPE html><html><head><title>Log in with Atlassian account</title></head><body><form></form></body></html>"
)


@dataclass
class Thing:
    """A page, a blog post, an attachment or a folder."""

    id: str
    type: str
    title: str
    space: str
    parent: str = ""
    body: str = ""
    file: bytes = b""
    version: int = 1
    status: str = "current"
    labels: Sequence[str] = ()
    users: Sequence[str] = ()
    groups: Sequence[str] = ()
    old: dict[int, str] = field(default_factory=dict)
    unreadable: bool = False  # its restrictions
    unindexed: bool = False  # search does not know it yet


class Confluence:
    """The wiki. `token`: what a request must show. `busy`: how many requests are told to wait. `names` are users by key."""

    def __init__(self, cloud: bool, context: str = "") -> None:
        self.cloud = cloud
        self.context = "/wiki" if cloud else context
        self.spaces: dict[str, dict[str, str]] = {}
        self.things: dict[str, Thing] = {}
        self.names = {"u-1": "Ada Byron", "u-2": "Grace Hopper"}
        self.readers: dict[str, list[dict[str, str]]] = {}  # of spaces
        self.token = ""
        self.busy = 0
        self.refused_cql = ""  # a query that it does not understand
        self._last = 1000
        self.add_space("OPS", "Operations")

    # -- what a test does ---------------------------------------------------------------------------------------------

    def add_space(self, key: str, name: str, **more: str) -> None:
        self._last += 1
        self.spaces[key] = {
            "id": str(self._last),
            "key": key,
            "name": name,
            "type": "global",
            "status": "current",
            **more,
        }
        self.readers[key] = [{"type": "group", "id": "g-users"}]

    def add(self, title: str, body: str = "", *, type: str = "page", space: str = "OPS", **more: Any) -> Thing:
        self._last += 1
        number = f"att{self._last}" if type == "attachment" else str(self._last)
        made = self.things[number] = Thing(number, type, title, space, body=body, **more)
        return made

    def edit(self, thing: Thing, body: str | None = None, title: str | None = None) -> None:
        thing.old[thing.version] = thing.body
        thing.body = thing.body if body is None else body
        thing.title = thing.title if title is None else title
        thing.version += 1

    def find(self, title: str, type: str = "page") -> Thing | None:
        return next((t for t in self.things.values() if (t.title, t.type, t.status) == (title, type, "current")), None)

    # -- what it answers ----------------------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Reply:
        if self.busy > 0:
            self.busy -= 1
            return Reply(429, b"", {"Retry-After": "1"})
        shown = ask.headers.get("authorization", "")
        if self.token and not (self.token in shown or self.token in _decoded(shown)):
            return page(LOGIN_PAGE, 401)
        path = ask.path.removeprefix(self.context)
        if not ask.path.startswith(self.context + "/"):
            return page("<html>Not found</html>", 404)
        if path.startswith("/rest/api/"):
            return self._v1(path.removeprefix("/rest/api/"), ask.query)
        if path.startswith("/api/v2/") and self.cloud:
            return self._v2(path.removeprefix("/api/v2/"), ask.query)
        if match := re.fullmatch(r"/download/attachments/(\w+)/(.+)", path):
            of = (t for t in self.things.values() if t.type == "attachment" and (t.parent, t.title) == match.groups())
            found = next(of, None)
            return Reply(200, found.file) if found else Reply(404)
        return page("<html>Not found</html>", 404)

    def _v2(self, path: str, query: Mapping[str, str]) -> Reply:
        kinds = {"pages": "page", "blogposts": "blogpost", "folders": "folder", "attachments": "attachment"}
        name, _, rest = path.partition("/")
        number, _, below = rest.partition("/")
        if path == "spaces":
            return self._cursor(path, [s for s in self.spaces.values() if _fits(s, query)], query)
        if name == "spaces" and below == "permissions":
            key = self._key(number)
            read, other = {"key": "read", "targetType": "space"}, {"key": "delete", "targetType": "page"}
            allowed = [{"principal": principal, "operation": read} for principal in self.readers[key]]
            allowed.append({"principal": {"type": "user", "id": "u-9"}, "operation": other})
            return self._cursor(path, allowed, query)
        if name == "spaces" and below in kinds:
            of = [t for t in self.things.values() if (t.type, t.space) == (kinds[below], self._key(number))]
            return self._cursor(path, [self._v2_of(t) for t in of if t.status == query.get("status", t.status)], query)
        if name == "spaces":
            found = next((s for s in self.spaces.values() if s["id"] == number), None)
            return data(found) if found else data({"errors": []}, 404)
        thing = self.things.get(number)
        if thing is None or thing.type != kinds.get(name):
            return data({"errors": [{"status": 404, "code": "NOT_FOUND"}]}, 404)
        if below == "labels":
            return self._cursor(path, [{"name": label} for label in thing.labels], query)
        told = self._v2_of(thing)
        if query.get("body-format") == "storage":
            told |= self._body(thing, query)
        return data(told)

    def _body(self, thing: Thing, query: Mapping[str, str]) -> dict[str, Any]:
        version = int(query.get("version", thing.version))
        body = thing.old.get(version, thing.body)
        return {
            "body": {"storage": {"value": body, "representation": "storage"}},
            "version": {"number": version, "createdAt": WHEN},
        }

    def _key(self, number: str) -> str:
        return next(key for key, space in self.spaces.items() if space["id"] == number)

    def _v2_of(self, thing: Thing) -> dict[str, Any]:
        parent = self.things.get(thing.parent)
        told: dict[str, Any] = {
            "id": thing.id, "status": thing.status, "title": thing.title, "spaceId": self.spaces[thing.space]["id"],
            "parentId": thing.parent or None, "parentType": parent.type if parent else None, "ownerId": "u-1",
            "authorId": "u-2", "createdAt": WHEN, "version": {"number": thing.version, "createdAt": WHEN, "authorId": "u-2"},
            "_links": {"webui": f"/spaces/{thing.space}/pages/{thing.id}"},
        }  # fmt: skip
        if thing.type == "attachment":
            told["pageId"] = thing.parent
        return told

    def _cursor(self, path: str, things: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> Reply:
        start = int(base64.b64decode(query["cursor"]).decode()) if "cursor" in query else 0
        limit = min(int(query.get("limit", 25)), LIMIT)
        links = {"base": f"http://wiki.example{self.context}"}
        if start + limit < len(things):
            cursor = base64.b64encode(str(start + limit).encode()).decode()
            links["next"] = f"{self.context}/api/v2/{path}?{urlencode({'limit': limit, 'cursor': cursor})}"
        return data({"results": things[start : start + limit], "_links": links})

    def _v1(self, path: str, query: Mapping[str, str]) -> Reply:
        if path == "user/current":
            return data({"type": "known", "displayName": "Waypost"})
        if path == "user":
            name = self.names.get(query.get("accountId") or query.get("key") or "")
            return data({"type": "known", "displayName": name}) if name else data({"statusCode": 404}, 404)
        if path == "group/by-id":
            return data({"type": "group", "id": query["id"], "name": f"confluence-{query['id'].removeprefix('g-')}"})
        if path == "space" and not self.cloud:
            return self._start(path, [s for s in self.spaces.values() if _fits(s, query)], query)
        if match := re.fullmatch(r"space/(\w+)", path):
            return data(self.spaces[match[1]]) if match[1] in self.spaces else data({}, 404)
        if path == "content" and not self.cloud:
            of = [
                t
                for t in self.things.values()
                if (t.type, t.space, t.status) == (query["type"], query["spaceKey"], "current")
            ]
            return self._start(path, [self._v1_of(t, query) for t in of], query)
        if path == "content/search":
            if self.refused_cql and self.refused_cql in query["cql"]:
                return data({"statusCode": 400, "message": "Could not parse cql"}, 400)
            return self._start(path, [self._v1_of(t, query) for t in self._search(query["cql"])], query)
        match = re.fullmatch(r"content/(\w+)(/restriction/byOperation/read)?", path)
        thing = self.things.get(match[1]) if match else None
        if match and thing and match[2]:
            return self._restrictions(thing, query)
        if thing is None or (thing.status != "current" and query.get("status") != "any") or self.cloud:
            return data({"statusCode": 404, "message": "No content found"}, 404)
        told = self._v1_of(thing, query)
        if "body.storage" in query.get("expand", ""):
            told |= self._body(thing, query)
        return data(told)

    def _search(self, cql: str) -> list[Thing]:
        spaces = re.findall(r'"(\w+)"', cql.partition(" and ")[0])
        kinds = re.findall(r"\b(page|blogpost|attachment)\b", cql)
        labels = re.findall(r"label = \"?(\w+)", cql)
        return [
            t for t in self.things.values()
            if t.space in spaces and t.status == "current" and not t.unindexed and t.type in (kinds or ["page"])
            and (not labels or set(labels) & set(t.labels))
        ]  # fmt: skip

    def _v1_of(self, thing: Thing, query: Mapping[str, str]) -> dict[str, Any]:
        expand = query.get("expand", "").split(",")
        by = {"displayName": self.names["u-2"], "accountId": "u-2"}
        told: dict[str, Any] = {"id": thing.id, "type": thing.type, "status": thing.status, "title": thing.title}
        if "version" in expand:
            told["version"] = {"number": thing.version, "when": WHEN, "by": by}
        if "space" in expand:
            told["space"] = self.spaces[thing.space]
        if "metadata.labels" in expand:
            told["metadata"] = {"labels": {"results": [{"prefix": "global", "name": name} for name in thing.labels]}}
        if "history.ownedBy" in expand and self.cloud:
            told["history"] = {"ownedBy": {"displayName": self.names["u-1"]}}
        if "history" in expand:
            told["history"] = {"createdDate": WHEN, "latest": True, "createdBy": by}
        if "ancestors" in expand:
            told["ancestors"] = self._ancestors(thing)
        if thing.type == "attachment":
            told["container"] = {"id": thing.parent}
            told["extensions"] = {"fileSize": len(thing.file), "mediaType": "text/plain"}
            told["_links"] = {
                "download": f"/download/attachments/{thing.parent}/{quote(thing.title)}?version={thing.version}"
            }
        if any(part.startswith("restrictions.read") for part in expand) and not thing.unreadable:
            told["restrictions"] = {"read": {"operation": "read", "restrictions": self._lists(thing, 0, FEW)}}
        return told

    def _ancestors(self, thing: Thing) -> list[dict[str, str]]:
        chain: list[dict[str, str]] = []
        at = self.things.get(thing.parent)
        while at:
            chain.insert(0, {"id": at.id, "type": at.type, "title": at.title})
            at = self.things.get(at.parent)
        return chain

    def _restrictions(self, thing: Thing, query: Mapping[str, str]) -> Reply:
        if thing.unreadable:
            return data({"statusCode": 403}, 403)
        return data({"operation": "read", "restrictions": self._lists(thing, int(query.get("start", 0)), FEW)})

    def _lists(self, thing: Thing, start: int, limit: int) -> dict[str, Any]:
        users = [
            {"type": "known", "displayName": self.names.get(u, u), ("accountId" if self.cloud else "username"): u}
            for u in thing.users
        ]
        groups = [{"type": "group", "name": name} for name in thing.groups]
        return {
            name: {
                "results": of[start : start + limit],
                "start": start,
                "limit": limit,
                "size": len(of[start : start + limit]),
            }
            for name, of in (("user", users), ("group", groups))
        }

    def _start(self, path: str, things: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> Reply:
        start, limit = int(query.get("start", 0)), min(int(query.get("limit", 25)), LIMIT)
        some = things[start : start + limit]
        told: dict[str, Any] = {"results": some, "start": start, "limit": limit, "size": len(some)}
        told["_links"] = {"context": self.context}
        if start + limit < len(things):
            told["_links"]["next"] = f"/rest/api/{path}?{urlencode({'limit': limit, 'start': start + limit})}"
        return data(told)


def _fits(space: Mapping[str, str], query: Mapping[str, str]) -> bool:
    return all(space[key] == query[key] for key in ("type", "status") if key in query)


def _decoded(header: str) -> str:
    kind, _, value = header.partition(" ")
    return base64.b64decode(value).decode() if kind == "Basic" else ""


class ConfluencePlace(Place):
    """Pages of one space; on Cloud they stand in a folder."""

    type = "confluence"
    restricts = True
    cloud = True

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.wiki = Confluence(self.cloud)
        self.above = self.wiki.add("Runbooks", type="folder").id if self.cloud else ""

    def answer(self, ask: object) -> Reply:
        assert isinstance(ask, Ask)
        return self.wiki.answer(ask)

    def put(self, name: str, text: str) -> None:
        body = f"<h1>{html.escape(name)}</h1><p>{html.escape(text)}</p>"
        if found := self.wiki.find(name):
            self.wiki.edit(found, body)
        else:
            self.wiki.add(name, body, parent=self.above)

    def remove(self, name: str) -> None:
        found = self.wiki.find(name)
        assert found
        found.status = "trashed"

    def move(self, name: str, to: str) -> None:
        found = self.wiki.find(name)
        assert found
        self.wiki.edit(found, title=to)

    def restrict(self, name: str) -> None:
        found = self.wiki.find(name)
        assert found
        found.groups = ["security"]

    def path_of(self, name: str) -> str:
        name = name.replace("/", "-")
        return f"OPS/Runbooks/{name}.md" if self.cloud else f"OPS/{name}.md"

    def source(self, spec: SourceSpec, folder: Path) -> Source:
        return TYPE.make(spec, folder)

    def spec(self, **settings: object) -> SourceSpec:
        options = ConfluenceOptions(api="v2" if self.cloud else "v1", everyone=("confluence-users",))
        return super().spec(**{"options": options, **settings})


class DataCenterPlace(ConfluencePlace):
    """Pages of one space at Data Center."""

    cloud = False
