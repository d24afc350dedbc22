"""Random requests over every operation of an OpenAPI description and every tool of an MCP server.

What a request names (documents, passages, sources, words) is taken from visible and hidden ones alike, and from what isn't there.
`Asked.twin` is the same request with what is hidden replaced by what never was: both must be answered alike.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.api.rights.world import Held, World, word_of

NEVER = 900  # numbers of words from here on stand nowhere
QUESTIONS = (
    "How do I restart {}?", "What is {}?", "Which resources does {} use?", "{} cidr_block", "Who owns {}?", "{}",
    "how long are backups of {} kept", "{} fires, what now?",
)  # fmt: skip
HANDLED = frozenset({"get", "post", "put", "patch", "delete"})


def _query(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "required": True, "schema": {"type": "string"}} for name in names]


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


_FORM = {
    "application/x-www-form-urlencoded": {
        "schema": {"type": "object", "properties": {"question": {"type": "string"}}, "required": ["question"]}
    }
}
PAGES: dict[str, Any] = {  # what OpenAPI tells of no page, as it would
    "/": {"get": {"parameters": _query("q")}},
    "/search": {"get": {"parameters": _query("q")}},
    "/source": {"get": {"parameters": _query("source", "path")}},
    "/source/{document_id}": {"get": {"parameters": [_path("document_id")]}},
    "/terraform": {"get": {"parameters": _query("address")}},
    "/t/{thread}": {"get": {"parameters": [_path("thread")]}},
    "/sources": {"get": {}},
    "/gaps": {"get": {}},
    "/drift": {"get": {}},
    "/ask": {"post": {"requestBody": {"content": _FORM}}},
}


@dataclass(frozen=True)
class Asked:
    """A request, and which hidden things it names: texts to what never was, in their stead."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None
    accept: str = "application/json"
    form: bool = False
    names: tuple[tuple[str, str], ...] = ()

    @property
    def twin(self) -> Asked:
        told = json.dumps([self.path, self.query, self.body])
        for hidden, never in self.names:
            told = told.replace(hidden, never)
        path, query, body = json.loads(told)
        return replace(self, path=path, query=tuple(map(tuple, query)), body=body)


class Requests:
    """Makes random requests for one viewer."""

    def __init__(
        self,
        world: World,
        spec: Mapping[str, Any],
        groups: frozenset[str],
        chance: random.Random,
        threads: Sequence[str],
    ) -> None:
        self._world, self._spec, self._groups, self._chance = world, spec, groups, chance
        self._threads = [*threads, f"{chance.randint(0, 9**12):x}"]  # of whomever, and one that never was
        self._names: dict[str, str] = {}

    def make(self, method: str, template: str) -> Asked:
        """One request of an operation."""
        self._names = {}
        operation = self._spec["paths"][template][method]
        path, query = template, []
        for parameter in operation.get("parameters", ()):
            name, required = parameter["name"], parameter.get("required", False)
            if parameter["in"] == "path":
                path = path.replace("{" + name + "}", str(self._value(name, parameter["schema"])))
            elif parameter["in"] == "query" and (required or self._chance.random() < 0.3):
                query.append((name, str(self._value(name, parameter["schema"]))))
        body = self._body(operation)
        streams = "text/event-stream" in json.dumps(operation.get("responses", {}).get("200", {}))
        accept = "text/event-stream" if streams and self._chance.random() < 0.5 else "application/json"
        form = "form" in next(iter(operation.get("requestBody", {}).get("content", {})), "")
        return Asked(method.upper(), path, tuple(query), body, accept, form, tuple(self._names.items()))

    def call(self, tool: str, schema: Mapping[str, Any]) -> Asked:
        """One call of an MCP tool."""
        self._names = {}
        arguments = self._object(schema, schema.get("$defs", {}))
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
        accept = "application/json, text/event-stream"
        return Asked("POST", "/mcp", (), body, accept, names=tuple(self._names.items()))

    def _body(self, operation: Mapping[str, Any]) -> Any:
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            return None
        schema = next(iter(content.values()))["schema"]
        if "ChatRequest" in json.dumps(schema):
            return {"model": "waypost", "messages": [{"role": "user", "content": self._word("question", self._held())}]}
        return self._any("body", schema, self._spec.get("components", {}).get("schemas", {}))

    def _object(self, schema: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        return {
            name: self._any(name, one, known)
            for name, one in schema.get("properties", {}).items()
            if name in required or self._chance.random() < 0.25
        }

    def _any(self, name: str, schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
        if "$ref" in schema:
            return self._any(name, known[schema["$ref"].rsplit("/", 1)[-1]], known)
        for choice in ("anyOf", "oneOf", "allOf"):
            if schema.get(choice):
                return self._any(name, self._chance.choice(schema[choice]), known)
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            if "properties" not in schema:
                return {"alertname": self._value("name", {})} if name in ("labels", "annotations") else {}
            return self._object(schema, known)
        if kind == "array":
            return [
                self._any(name.rstrip("s"), schema.get("items", {}), known) for _ in range(self._chance.randint(1, 2))
            ]
        return self._value(name, schema)

    def _value(self, name: str, schema: Mapping[str, Any]) -> Any:
        if schema.get("enum"):
            return self._chance.choice(schema["enum"])
        for choice in schema.get("anyOf", ()):
            if choice.get("type") != "null":
                return self._value(name, choice["items"] if choice.get("type") == "array" else choice)
        kind = schema.get("type", "string")
        if kind in ("integer", "number"):
            return self._chance.randint(int(schema.get("minimum", 0)), min(int(schema.get("maximum", 30)), 30))
        if kind == "boolean":
            return self._chance.random() < 0.5
        return self._word(name, self._held())

    def _held(self) -> Held | None:
        """Some document, a hidden one as likely as a visible one; None is one that never was."""
        if self._chance.random() < 0.1:
            return None
        hidden = self._world.hidden(self._groups)
        among = hidden if hidden and self._chance.random() < 0.6 else self._world.documents
        return self._chance.choice(among)

    def _word(self, name: str, held: Held | None) -> str:
        if held and name in ("address", "attribute") and self._chance.random() < 0.7:
            form = [one for one in self._world.documents if one.path.endswith(".tf") and one.source == held.source]
            held = self._chance.choice(form)
        number = self._chance.randint(NEVER, 999)
        known = self._told(held, held.known if held else word_of("ko", number), word_of("ko", number))
        if name in ("document_id", "id", "document", "passage_id") or name.endswith("_id"):
            wanted = self._world.passages if "passage" in name else self._world.ids
            ids = [one for one, of in wanted.items() if held is None or of == held]
            found = self._chance.choice(ids) if held and ids else ""
            return self._told(held, found, f"{number:x}" + "0" * 29) if found else f"{number:x}" + "0" * 29
        if name in ("source", "name") and held and self._chance.random() < 0.6:
            return self._told(held, held.source, f"source{number}") if held.source.startswith("source") else held.source
        if name in ("address", "attribute"):
            return f"aws_vpc.{known}" + (".cidr_block" if name == "attribute" else "")
        if name == "path" and held and self._chance.random() < 0.5:
            return self._told(held, held.path, f"never/{known}.md")
        if name in ("path", "folder", "prefix"):
            return self._chance.choice((f"{known}*", f"aws_vpc.{known}", "**/*.md"))
        if name == "model":
            return "waypost"
        if name == "thread":
            return self._chance.choice(self._threads)
        if name in ("cursor", "persona", "environment", "version", "previous"):
            return ""
        if name == "uri":
            return f"waypost://documents/{self._word('document_id', held)}"
        return self._chance.choice(QUESTIONS).format(known)

    def _told(self, held: Held | None, text: str, never: str) -> str:
        """A text that may name something hidden: then its twin names what never was."""
        if held is not None and not held.visible(self._groups):
            if held.source in text and held.source not in self._world.hidden_sources(self._groups):
                return text
            self._names[text] = never
        return text
