"""Answers as OpenAI's objects: a completion, the chunks of a stream, models, errors. `api.v1.chat` sends them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from api.v1.chat_requests import MODEL, Model, Models
from api.views import answer_view
from rag.answers.replies.marks import marks
from rag.ask import AskEvent
from rag.persona import Persona
from rag.records import Answer, Citation, Usage

_ANEW = "\n\n---\n\n*What stands above is void; the answer begins anew.*\n\n"


def completion(answer: Answer, model: str, base: str) -> dict[str, Any]:
    """A whole answer; `base` is the address by which the client calls."""
    message = {"role": "assistant", "content": answer.text, "refusal": None, "annotations": url_citations(answer, base)}
    return {
        **_head("chat.completion", model),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(answer)}],
        "usage": usage_view(answer.usage),
        "waypost": answer_view(answer, 0.0),
    }


class Chunks:
    """The chunks of one answer, as its events come."""

    def __init__(self, model: str, base: str, *, usage: bool) -> None:
        self._base = base
        self._head = _head("chat.completion.chunk", model)
        self._usage = usage
        self._written = 0  # characters of the content, and of those what is void
        self._void = 0
        self._answer: Answer | None = None

    def opening(self) -> dict[str, Any]:
        """The first chunk."""
        return self._chunk({"role": "assistant", "content": ""})

    def of(self, event: AskEvent) -> Iterator[dict[str, Any]]:
        """What an event adds to the content. What was sent can't be taken back: where an answer begins anew, the text says so."""
        if event.restart and self._written > self._void:
            yield self._text(_ANEW)
            self._void = self._written
        if event.text:
            yield self._text(event.text)
        self._answer = event.answer or self._answer

    def closing(self) -> Iterator[dict[str, Any]]:
        """The last chunks: what no event told, the annotations with the whole answer, and the usage where it was asked for."""
        answer = self._answer
        if answer is None:
            raise ValueError("an answer ended without its last event")
        if self._written == self._void and answer.text:  # one without citations comes in one piece
            yield self._text(answer.text)
        last = self._chunk({"annotations": url_citations(answer, self._base, self._void)}, _reason(answer))
        yield {**last, "waypost": answer_view(answer, 0.0)}
        if self._usage:
            yield {**self._head, "choices": [], "usage": usage_view(answer.usage)}

    def _text(self, text: str) -> dict[str, Any]:
        self._written += len(text)
        return self._chunk({"content": text})

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._head, "choices": [choice], **({"usage": None} if self._usage else {})}


def url_citations(answer: Answer, base: str, begin: int = 0) -> list[dict[str, Any]]:
    """For each mark of an answer whose text begins at `begin` of the content, what it stands for: `start_index` is its first
    character, `end_index` behind its last."""
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": begin + start, "end_index": begin + end, "title": citation.title,
                "url": _address(citation, base),
            },
        }
        for citation, start, end in marks(answer.text, answer.citations)
    ]  # fmt: skip


def _address(citation: Citation, base: str) -> str:
    """The pinned link, or for a document that has no address in the web where Waypost gives these lines of it."""
    if citation.url.startswith(("https://", "http://")):
        return citation.url
    lines = urlencode({"start": citation.start_line, "end": citation.end_line, "version": citation.version})
    return f"{base.rstrip('/')}/v1/documents/{quote(citation.document_id)}?{lines}"


def usage_view(usage: Usage) -> dict[str, Any]:
    """What a model counted, all requests of the answer together; zeros where none was asked."""
    sent = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return {
        "prompt_tokens": sent,
        "completion_tokens": usage.output_tokens,
        "total_tokens": sent + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
    }


def models_view(personas: Sequence[Persona]) -> Models:
    """Waypost in its own voice, and in that of each persona."""
    return {
        "object": "list",
        "data": [_model(MODEL, "Waypost"), *(_model(f"{MODEL}/{one.name}", one.title) for one in personas)],
    }


def error_object(status: int, message: str, code: str) -> dict[str, Any]:
    """An error as OpenAI's clients read it. Source: https://platform.openai.com/docs/guides/error-codes"""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"message": message, "type": kind, "param": None, "code": code}


def _model(name: str, title: str) -> Model:
    return {"id": name, "object": "model", "created": 0, "owned_by": "waypost", "name": title}


def _head(kind: str, model: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{secrets.token_hex(12)}", "object": kind, "created": int(time.time()), "model": model}


def _reason(answer: Answer) -> str:
    return "length" if any(flag.kind == "cut" for flag in answer.flags) else "stop"
