"""What every MCP tool is made of: its record, who asks, what it tells, and the filters that several share."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api.access.caller import Caller
from api.compose import Reader
from api.observability.audit import Action
from api.settings import Settings
from rag.errors import SettingsError
from rag.records import KINDS, Document, Viewer
from rag.search import Filters

LONGEST = 50_000  # characters of a document that one call gives


class Arguments(BaseModel):
    """What a tool is called with; what it does not know is refused, since a misspelt filter must not widen what is asked."""

    model_config = ConfigDict(extra="forbid")


Sources = Annotated[
    list[Annotated[str, Field(max_length=64)]],
    Field(max_length=100, description="Only these sources, by the names that list_sources gives. Empty: all."),
]
Kinds = Annotated[
    list[Annotated[str, Field(max_length=64, json_schema_extra={"enum": list(KINDS)})]],
    Field(max_length=20, description="Only these kinds of document. Empty: all."),
]


@dataclass(frozen=True)
class Told:
    """What a tool answers: an object, and the same for readers of text."""

    structured: dict[str, Any]
    text: str
    shows: Any = None  # what the audit is told in place of the object, where that names documents by ids of its own


def _nothing(_step: str) -> None:
    return None


@dataclass(frozen=True)
class Asking:
    """One call: of which documents, by whom. `step` tells the client how far it is, and ends work that nobody waits for."""

    reader: Reader
    settings: Settings
    caller: Caller
    step: Callable[[str], None] = field(default=_nothing)

    @property
    def viewer(self) -> Viewer:
        return self.caller.viewer

    def filters(self, sources: Sequence[str], kinds: Sequence[str]) -> Filters:
        """The filters of a search. Raises: SettingsError for a source that is not there, or not for this caller."""
        known = self.reader.catalog.known_sources(self.viewer) if sources else set()
        for name in sources:
            if name not in known:
                raise SettingsError(f"there is no source {name!r}; list_sources tells which there are")
        for name in kinds:
            if name not in KINDS:
                raise SettingsError(f"there is no kind {name!r} of document; there are: {', '.join(KINDS)}")
        return Filters(tuple(sources), tuple(kinds))


@dataclass(frozen=True)
class Tool:
    """A tool: `arguments` and `result` are what its JSON schemas are made of, `scope` is what the caller must have.

    `repeatable` tells clients that calling it again changes nothing; none of them changes a document.
    """

    name: str
    title: str
    description: str
    scope: str
    arguments: type[Arguments]
    result: Any
    run: Callable[[Asking, Any], Told]
    repeatable: bool = True
    action: Action | None = None  # what the audit calls it; None where it gives nothing of what documents say

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        return self.arguments.model_json_schema()

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        return TypeAdapter(self.result).json_schema(mode="serialization")

    def checked(self, given: dict[str, Any]) -> Arguments:
        """The arguments; null, which some clients send for what they leave out, is as good as nothing. Raises: SettingsError,
        saying of each that is wrong what to do, without echoing what was sent."""
        try:
            return self.arguments.model_validate({name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            wrong = [self._wrong(one["type"], [str(part) for part in one["loc"]], one["msg"]) for one in error.errors()]
            raise SettingsError(f"{self.name} can't be called like this: {'; '.join(wrong[:10])}") from None

    def _wrong(self, kind: str, where: Sequence[str], message: str) -> str:
        if kind != "extra_forbidden":
            return f"{'.'.join(where)[:100]}: {message}"
        known = list(self.arguments.model_fields)
        near = difflib.get_close_matches(where[-1], known, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
        return f"there is no argument {where[-1][:64]!r}; {hint}"


def address_of(document: Document, start: int, end: int) -> str:
    """Where these lines are found: the pinned link, or for a document that has no address in the web its URI as a resource."""
    link = document.link(start, end)
    return link if link.startswith(("https://", "http://")) else resource_of(document.id)


def resource_of(document_id: str) -> str:
    """A document's URI as an MCP resource."""
    return f"waypost://documents/{document_id}"


def portion(document: Document, first: int, longest: int = LONGEST) -> tuple[str, int]:
    """Whole lines from `first` on, as many as fit, and the number of the last; at least one, if only a part of it."""
    lines = document.text.split("\n")[first - 1 :]
    size, count = 0, 0
    for line in lines:
        size += len(line) + 1
        if size > longest and count:
            break
        count += 1
    return "\n".join(lines[:count])[:longest], first + count - 1


def total_lines(document: Document) -> int:
    """How many lines a document has; a newline at its end begins none."""
    return max(document.text.count("\n") + (not document.text.endswith("\n")), 1)
