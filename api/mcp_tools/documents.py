"""`search` and `fetch`, in the shape that deep-research clients call, and `list_sources`.

Source: https://platform.openai.com/docs/mcp
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from api.access.scopes import READ
from api.mcp_tools.tool import Arguments, Asking, Kinds, Sources, Told, Tool, address_of, portion, total_lines
from api.status import named_sources, sources_view
from rag.errors import SettingsError
from rag.records import Document, ScoredPassage
from rag.search import MAX_QUERY

_SNIPPET = 500  # characters of what was found
_PER_DOCUMENT = 3  # passages that are looked at for each document that is shown


class SearchArguments(Arguments):
    """What to look for."""

    query: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_QUERY,
            description="Words, a question, an error message, or an identifier such as aws_db_instance.main or "
            "KubePodCrashLooping.",
            examples=["How do I clear a stuck Terraform state lock?"],
        ),
    ]
    limit: Annotated[int, Field(ge=1, le=50, description="How many documents at most.")] = 10
    sources: Sources = Field(default=[])
    kinds: Kinds = Field(default=[])


class Result(TypedDict):
    """A document that was found: `id` is for fetch, `url` leads to the lines, `text` is the beginning of what was found there."""

    id: str
    title: str
    url: str
    text: str


class Results(TypedDict):
    """Documents, best first."""

    results: list[Result]


class FetchArguments(Arguments):
    """Which document, and from which line on."""

    id: Annotated[str, Field(min_length=1, max_length=200, description="The id of a search result or of a citation.")]
    start_line: Annotated[
        int, Field(ge=1, le=100_000_000, description="The first line to give: `next_line` of the call before.")
    ] = 1


@with_config(ConfigDict(extra="allow"))
class Metadata(TypedDict):
    """What is known of a document. `next_line` is where to go on, None at its end; `outdated` are its own words that it is."""

    source: str
    path: str
    kind: str
    version: str
    updated_at: str
    owner: str
    outdated: str
    start_line: int
    end_line: int
    total_lines: int
    next_line: int | None


class Fetched(TypedDict):
    """A document, or a portion of its lines, as stored: credentials are redacted."""

    id: str
    title: str
    text: str
    url: str
    metadata: Metadata


class NoArguments(Arguments):
    """Nothing."""


@with_config(ConfigDict(extra="allow"))
class SourceRow(TypedDict):
    """A source: its state, when it was synced completely, and how many of its documents you may read."""

    name: str
    type: str
    state: str
    documents: int
    synced_at: str
    message: str


class SourceRows(TypedDict):
    """The sources that you may know of."""

    sources: list[SourceRow]


def _search(asking: Asking, arguments: SearchArguments) -> Told:
    filters = asking.filters(arguments.sources, arguments.kinds)
    found = asking.reader.retriever.search(
        arguments.query, asking.viewer, arguments.limit * _PER_DOCUMENT, filters
    ).passages
    best: dict[str, ScoredPassage] = {}
    for one in found:
        best.setdefault(one.document.id, one)
    results = list(best.values())[: arguments.limit]
    told = _as_json({"results": [_result(one) for one in results]})
    return replace(told, shows=[{"document_id": one.document.id, "version": one.document.version} for one in results])


def _result(found: ScoredPassage) -> Result:
    document, passage = found.document, found.passage
    return {
        "id": document.id,
        "title": document.title,
        "url": address_of(document, passage.start_line, passage.end_line),
        "text": passage.text[:_SNIPPET],
    }


def _fetch(asking: Asking, arguments: FetchArguments) -> Told:
    document = asking.reader.catalog.document(arguments.id, asking.viewer)
    total = total_lines(document)
    if arguments.start_line > total:
        raise SettingsError(f"it has {total} lines: start_line is one of them")
    text, last = portion(document, arguments.start_line)
    last = min(last, total)
    return _as_json(
        {
            "id": document.id,
            "title": document.title,
            "text": text,
            "url": address_of(document, arguments.start_line, last),
            "metadata": _metadata(document, arguments.start_line, last, total),
        }
    )


def _metadata(document: Document, first: int, last: int, total: int) -> dict[str, Any]:
    return {
        "source": document.source,
        "path": document.path,
        "kind": document.kind,
        "version": document.version,
        "updated_at": document.updated_at,
        "owner": document.owner,
        "notes": list(document.notes),
        "outdated": document.outdated,
        "reviewed_at": document.reviewed_at,
        "review_due": document.review_due,
        "start_line": first,
        "end_line": last,
        "total_lines": total,
        "next_line": last + 1 if last < total else None,
    }


def _list_sources(asking: Asking, _arguments: NoArguments) -> Told:
    return _as_json({"sources": sources_view(asking.reader.catalog, asking.viewer, named_sources(asking.settings))})


def _as_json(structured: dict[str, Any]) -> Told:
    """An object, and the same as JSON: what clients expect of search and fetch."""
    return Told(structured, json.dumps(structured, ensure_ascii=False))


SEARCH = Tool(
    "search",
    "Search the documents",
    "Finds documents of this organisation (wiki pages, runbooks, Terraform, decisions, incidents) by words and by meaning. Use "
    "it to look something up; then fetch what you cite.",
    READ,
    SearchArguments,
    Results,
    _search,
    action="search",
)
FETCH = Tool(
    "fetch",
    "Read a document",
    "Gives a document by the id that search or a citation gave, from a line on; where metadata.next_line is a number there "
    "is more. Cite it by its url.",
    READ,
    FetchArguments,
    Fetched,
    _fetch,
    action="document",
)
LIST_SOURCES = Tool(
    "list_sources",
    "List the sources",
    "Lists the wikis, repositories and folders that the documents come from, with their state and when they were last synced.",
    READ,
    NoArguments,
    SourceRows,
    _list_sources,
)
