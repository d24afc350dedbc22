"""What Claude says, from the API's stream of events to ours; and the errors of the anthropic SDK as ours.

A reply that is not well-formed, one that ends before it is whole, and one without end are all errors: nothing of them is an
answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from rag.answers.extractive.units import Unit
from rag.errors import ModelBusyError, ModelError, ModelRefusedError
from rag.ports import Claim, ModelEvent
from rag.records import Usage

_LONGEST = 16  # characters of a token, at the most: beyond it a reply is without end
_REFUSED = (400, 413, 422)  # this request, and no other
_BUSY = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_BUSY_KINDS = frozenset({"overloaded_error", "api_error", "rate_limit_error", "timeout_error"})


class Reply:
    """One reply as it is read. `content` are its blocks as they are sent back when the conversation goes on."""

    def __init__(self, blocks: Sequence[Sequence[Unit]], max_tokens: int) -> None:
        self._blocks = blocks
        self._left = max_tokens * _LONGEST + 4000
        self._open: dict[str, Any] | None = None
        self._arguments = ""
        self._spans: list[tuple[int, int, int, str]] = []
        self._begun = self._ended = False
        self.content: list[dict[str, Any]] = []
        self.usage = Usage(requests=1)
        self.stop_reason = ""

    def read(self, events: Iterable[Any]) -> Iterator[ModelEvent]:
        """Text and claims as they come. Raises: ModelBusyError when it is nonsense, or ends before the message does."""
        for event in events:
            try:
                found = self._event(event)
            except (AttributeError, TypeError, ValueError, LookupError) as error:
                raise ModelBusyError("Claude's reply is nonsense") from error
            yield from found
        if not self._begun:
            raise ModelBusyError("what answered is not Claude's API (is ANTHROPIC_BASE_URL right?)")
        if not self._ended or self._open is not None or not self.stop_reason:
            raise ModelBusyError("Claude's reply was cut off")

    def _event(self, event: Any) -> list[ModelEvent]:
        kind = event.type
        if self._ended or (self._begun == (kind == "message_start")):
            raise ValueError(f"{kind} out of order")
        if kind == "message_start":
            self._begun = True
            self._count(event.message.usage)
        elif kind == "content_block_start":
            return self._start(event.content_block)
        elif kind == "content_block_delta":
            return self._delta(event.delta)
        elif kind == "content_block_stop":
            return self._stop()
        elif kind == "message_delta":
            self.stop_reason = event.delta.stop_reason or self.stop_reason
            self._count(event.usage)
        elif kind == "message_stop":
            self._ended = True
        return []

    def _count(self, usage: Any) -> None:
        """Counts are totals so far; those that an event leaves out stay."""
        before = self.usage
        self.usage = Usage(
            _or(usage.input_tokens, before.input_tokens), _or(usage.output_tokens, before.output_tokens),
            _or(usage.cache_read_input_tokens, before.cache_read_tokens),
            _or(usage.cache_creation_input_tokens, before.cache_write_tokens), before.requests,
        )  # fmt: skip

    def _start(self, block: Any) -> list[ModelEvent]:
        if self._open is not None:
            raise ValueError("a block within a block")
        self._open, self._arguments, self._spans = {"type": block.type}, "", []
        if block.type == "text":
            self._open["text"] = ""
            return self._said(block.text or "")
        if block.type == "tool_use":
            self._open |= {"id": str(block.id), "name": str(block.name), "input": block.input}
        elif block.type == "thinking":
            self._open |= {"thinking": block.thinking or "", "signature": block.signature or ""}
        elif block.type == "redacted_thinking":
            self._open["data"] = block.data
        return []

    def _delta(self, delta: Any) -> list[ModelEvent]:
        opened = self._open
        if opened is None:
            raise ValueError("a piece of no block")
        if delta.type == "text_delta":
            return self._said(delta.text)
        if delta.type == "input_json_delta":
            self._arguments += self._bounded(delta.partial_json)
        elif delta.type == "thinking_delta":
            opened["thinking"] += self._bounded(delta.thinking)
        elif delta.type == "signature_delta":
            opened["signature"] += delta.signature
        elif delta.type == "citations_delta":
            self._cite(delta.citation)
        return []

    def _said(self, text: str) -> list[ModelEvent]:
        assert self._open is not None
        self._open["text"] += self._bounded(text)
        return [ModelEvent(text=text)] if text else []

    def _bounded(self, text: str) -> str:
        self._left -= len(text)
        if self._left < 0:
            raise ModelError("Claude's reply has no end")
        return text

    def _cite(self, citation: Any) -> None:
        """(evidence, first line, last line, quote); a number out of range cites nothing (evidence -1)."""
        if citation.type != "search_result_location":
            return
        assert self._open is not None
        self._open.setdefault("citations", []).append(citation.to_dict())
        index, first, end = citation.search_result_index, citation.start_block_index, citation.end_block_index
        parts = self._blocks[index] if 0 <= index < len(self._blocks) else []
        named = parts[first:end] if 0 <= first < end <= len(parts) else []
        where = (index, named[0].start_line, named[-1].end_line) if named else (-1, 0, 0)
        self._spans.append((*where, str(citation.cited_text)))

    def _stop(self) -> list[ModelEvent]:
        block, self._open = self._open, None
        if block is None:
            raise ValueError("the end of no block")
        if block["type"] == "tool_use" and self._arguments:
            block["input"] = _parsed(self._arguments)
        if block["type"] != "text" or block["text"].strip():
            self.content.append(block)
        return [ModelEvent(claim=Claim(block["text"], tuple(self._spans)))] if block.get("text") else []


def _or(value: int | None, before: int) -> int:
    return before if value is None else int(value)


def _parsed(arguments: str) -> object:
    """Arguments that are no JSON stay text, which every tool refuses."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def translated(error: Exception) -> ModelError:
    """An exception of the SDK, or of what it stands on, as ours: busy where the same request may be answered in a moment."""
    import anthropic

    if isinstance(error, ModelError):
        return error
    if isinstance(error, anthropic.APIStatusError):
        return _status_error(error)
    if isinstance(error, anthropic.APITimeoutError):
        return ModelBusyError("Claude can't be reached in time")
    if isinstance(error, ValueError | TypeError | LookupError | AttributeError):
        return ModelBusyError("Claude's reply is nonsense")
    return ModelBusyError(f"Claude can't be reached: {type(error).__name__}")


def _status_error(error: Any) -> ModelError:
    status, kind = error.status_code, str(error.type or "")
    said = f"Claude answered with an error (HTTP {status}{', ' + kind if kind else ''})"
    spent = kind == "billing_error" or "spend_limit" in str(error.error_code)
    busy = kind in _BUSY_KINDS if status == 200 else status in _BUSY  # 200: the error came within the stream
    if status in _REFUSED and not spent:
        return ModelRefusedError(said)
    if spent or not busy:
        return ModelError(said + (": no money is left for it" if spent else ""))
    return ModelBusyError(said, _retry_after(error.response.headers))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, from a number or a date; None where it doesn't say."""
    said = headers.get("retry-after", "")
    try:
        return max(float(said), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(said).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None
