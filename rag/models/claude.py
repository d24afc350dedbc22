"""`AnthropicModel`: Claude through the anthropic SDK, evidence as search-result blocks with citations, streamed.

Each passage is sent as small text blocks whose lines we know, because a citation names blocks. The blocks end in newlines, so
that the quoted text of several blocks is the document's own text.
API: https://platform.claude.com/docs/en/build-with-claude/search-results
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rag.answers.units import Unit, units
from rag.errors import ModelError
from rag.ports import Claim, ModelEvent, Prompt
from rag.records import ScoredPassage, Usage

DEFAULT_MODEL = "claude-sonnet-5-5"


class AnthropicModel:
    """Claude. `timeout` in seconds is for the whole reply; the SDK repeats a failed request `retries` times."""

    def __init__(
        self,
        api_key: str,
        model: str = DEFAULT_MODEL,
        base_url: str | None = None,
        timeout: float = 30.0,
        retries: int = 1,
    ) -> None:
        self._model = model
        self._options: dict[str, Any] = {"api_key": api_key, "timeout": timeout, "max_retries": retries}
        if base_url:
            self._options["base_url"] = base_url
        self._client: Any = None

    @property
    def name(self) -> str:
        return self._model

    def stream(self, prompt: Prompt) -> Iterator[ModelEvent]:
        import anthropic
        import httpx

        if self._client is None:
            self._client = anthropic.Anthropic(**self._options)
        blocks = [units(found.passage) for found in prompt.evidence]
        try:
            with self._client.messages.create(**request(self._model, prompt, blocks), stream=True) as events:
                yield from _Reader(blocks).read(events)
        except anthropic.APIStatusError as error:
            raise ModelError(f"Claude answered with an error (HTTP {error.status_code})") from error
        except (anthropic.APIError, httpx.HTTPError) as error:
            raise ModelError(f"Claude can't be reached: {type(error).__name__}") from error


def request(model: str, prompt: Prompt, blocks: Sequence[Sequence[Unit]]) -> dict[str, Any]:
    """The request as the SDK takes it; `blocks[i]` are the units of evidence i."""
    content: list[dict[str, Any]] = [
        _search_result(found, parts) for found, parts in zip(prompt.evidence, blocks, strict=True)
    ]
    content.append({"type": "text", "text": prompt.question})
    return {
        "model": model,
        "max_tokens": prompt.max_tokens,
        "system": [{"type": "text", "text": prompt.system, "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": content}],
    }


def _search_result(found: ScoredPassage, parts: Sequence[Unit]) -> dict[str, Any]:
    document = found.document
    dated = f", updated {document.updated_at[:10]}" if document.updated_at else ""
    return {
        "type": "search_result",
        "source": f"{document.source}/{document.path}",
        "title": f"{document.title} ({document.kind}{dated})",
        "content": [{"type": "text", "text": part.text + "\n"} for part in parts if part.text.strip()],
        "citations": {"enabled": True},
    }


class _Reader:
    """Turns the API's events into ours, and its block numbers into lines."""

    def __init__(self, blocks: Sequence[Sequence[Unit]]) -> None:
        self._blocks = [[part for part in parts if part.text.strip()] for parts in blocks]
        self._text = ""
        self._spans: list[tuple[int, int, int, str]] = []

    def read(self, events: Any) -> Iterator[ModelEvent]:
        """Raises: ModelError when the stream ends before the message does."""
        usage, stop_reason, ended = Usage(), "", False
        for event in events:
            if event.type == "message_start":
                usage = Usage(event.message.usage.input_tokens or 0, event.message.usage.output_tokens or 0)
            elif event.type == "content_block_delta":
                yield from self._delta(event.delta)
            elif event.type == "content_block_stop" and self._text:
                yield ModelEvent(claim=Claim(self._text, tuple(self._spans)))
                self._text, self._spans = "", []
            elif event.type == "message_delta":
                stop_reason = event.delta.stop_reason or ""
                usage = Usage(usage.input_tokens, event.usage.output_tokens or usage.output_tokens)
            elif event.type == "message_stop":
                ended = True
        if not ended or self._text:
            raise ModelError("Claude's reply was cut off")
        if stop_reason == "refusal":
            raise ModelError("Claude refused to answer")
        yield ModelEvent(usage=usage, stop_reason=stop_reason)

    def _delta(self, delta: Any) -> Iterator[ModelEvent]:
        if delta.type == "text_delta":
            self._text += delta.text
            yield ModelEvent(text=delta.text)
        elif delta.type == "citations_delta" and delta.citation.type == "search_result_location":
            span = self._span(delta.citation)
            if span:
                self._spans.append(span)

    def _span(self, citation: Any) -> tuple[int, int, int, str] | None:
        """(evidence, first line, last line, quote); a number out of range cites nothing (evidence -1)."""
        index = citation.search_result_index
        parts = self._blocks[index] if 0 <= index < len(self._blocks) else []
        named = parts[max(citation.start_block_index, 0) : citation.end_block_index]
        if not named:
            return (-1, 0, 0, citation.cited_text)
        return (index, named[0].start_line, named[-1].end_line, citation.cited_text)
