"""`ask`: an answer with numbered, checked citations."""

from __future__ import annotations

import time
from typing import Annotated, Any

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from api.access.scopes import ASK
from api.mcp_tools.tool import Arguments, Asking, Kinds, Sources, Told, Tool
from api.views import answer_view, lookup_view
from rag.ask import AskEvent
from rag.records import Answer
from rag.search import MAX_QUERY


class AskArguments(Arguments):
    """A question, in whose voice to answer, and what to limit the search to."""

    question: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_QUERY,
            description="One question in plain words, saying what it is about.",
            examples=["How do I clear a stuck Terraform state lock?"],
        ),
    ]
    sources: Sources = Field(default=[])
    kinds: Kinds = Field(default=[])
    persona: Annotated[
        str,
        Field(
            max_length=64, pattern=r"^[\w-]*$", description="In whose voice, by the name of a prompt of this server."
        ),
    ] = ""
    thread: Annotated[
        str, Field(max_length=64, pattern=r"^[\w-]*$", description="The `thread` of an answer, to follow it up.")
    ] = ""


@with_config(ConfigDict(extra="allow"))
class CitationOut(TypedDict):
    """A quote that stands, letter by letter, in these lines of this version; `number` is its mark in the answer."""

    number: int
    document_id: str
    source: str
    path: str
    title: str
    start_line: int
    end_line: int
    quote: str
    url: str
    version: str
    updated_at: str
    owner: str


@with_config(ConfigDict(extra="allow"))
class AnswerOut(TypedDict):
    """The object of `POST /v1/ask`. `verdict` is answered, partial or not_found; `flags` are what not to take at face value."""

    answer: str
    verdict: str
    citations: list[CitationOut]
    flags: list[dict[str, Any]]
    missing: list[str]
    degraded: str
    thread: str


def _ask(asking: Asking, arguments: AskArguments) -> Told:
    began = time.perf_counter()
    asker, talk = asking.reader.asker(arguments.persona), asking.reader.conversation("mcp")
    filters = asking.filters(arguments.sources, arguments.kinds)
    answer = Answer("", "not_found")
    asking.step("searching")
    for event in talk.stream(asker, arguments.question, asking.viewer, filters, arguments.thread):
        asking.step(_step(event))
        answer = event.answer or answer
    return Told(answer_view(answer, (time.perf_counter() - began) * 1000), _in_words(answer))


def _step(event: AskEvent) -> str:
    if event.lookup:
        look = lookup_view(event.lookup)
        return f"{look['tool']} {look['asked']}"
    return "checking a citation" if event.citation else "beginning anew" if event.restart else "writing"


def _in_words(answer: Answer) -> str:
    """The answer with what its marks stand for, for clients that show text alone."""
    parts = [answer.text]
    if answer.verdict == "partial":
        parts.append("The documents speak of this only in part.")
    if answer.citations:
        parts.append("\n".join(_reference(one) for one in answer.citations))
    told = [f"{flag.kind}: {flag.reason}" + (f" ({flag.text})" if flag.text else "") for flag in answer.flags]
    parts += ["\n".join(told), answer.degraded, f"thread: {answer.thread}" if answer.thread else ""]
    return "\n\n".join(part for part in parts if part)


def _reference(citation: Any) -> str:
    lines = citation.place or f"{citation.start_line}-{citation.end_line}"
    dated = f", {citation.updated_at[:10]}" if citation.updated_at else ""
    return f"[{citation.number}] {citation.title} ({citation.source}/{citation.path}:{lines}{dated}) {citation.url}".rstrip()


ASK_TOOL = Tool(
    "ask",
    "Ask a question",
    "Answers a question about this organisation's infrastructure from its documents alone, each statement with a numbered "
    "citation that was checked against the stored version. Says so when the documents don't answer it. Quote its commands and "
    "values as they are, and keep its marks.",
    ASK,
    AskArguments,
    AnswerOut,
    _ask,
    repeatable=False,
    action="ask",
)
