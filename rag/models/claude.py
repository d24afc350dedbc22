"""`AnthropicModel`: Claude through the anthropic SDK, evidence as search-result blocks with citations, streamed.

A reply is a round; when Claude asks for a look (`Prompt.toolbox`), what was found is sent with the next one. `claude_request`
says what is asked, `claude_reply` reads what is answered, `steady` tries again and stops in time. `api.compose` makes one for
the process.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

from rag.errors import ModelError
from rag.models.claude_reply import Reply, translated
from rag.models.claude_request import Conversation, Request
from rag.models.steady import Deadline, Patience, Steady, relayed
from rag.ports import ModelEvent, Prompt
from rag.records import Usage

DEFAULT_MODEL = "claude-sonnet-5-5"
_CONNECTING = 5.0  # seconds, at the most, for a connection
_BYTES = 8_000_000  # of a response, at the most
_WHOLE = frozenset({"end_turn", "stop_sequence"})
_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})


class AnthropicModel:
    """Claude. `timeout` in seconds is for a whole answer, with all its looks and repetitions."""

    def __init__(
        self,
        api_key: str,
        model: str = DEFAULT_MODEL,
        base_url: str | None = None,
        timeout: float = 30.0,
        retries: int = 2,
        effort: str = "",
        steady: Steady | None = None,
    ) -> None:
        self._model = model
        self._effort = effort
        self._options: dict[str, Any] = {"api_key": api_key, "max_retries": 0}  # `Steady` repeats
        if base_url:
            self._options["base_url"] = base_url
        self._client: Any = None
        self._making = threading.Lock()
        self._steady = steady or Steady(Patience(timeout, retries))

    @property
    def name(self) -> str:
        return self._model

    def request(self, prompt: Prompt) -> Request:
        """The first request for a prompt, as it would be sent."""
        conversation = Conversation(self._model, prompt, self._effort)
        return conversation.request(_may_look(conversation, prompt, 0, Usage()))

    def stream(self, prompt: Prompt) -> Iterator[ModelEvent]:
        replies: list[Reply] = []
        try:
            yield from self._rounds(prompt, replies)
        except ModelError:
            yield ModelEvent(usage=_spent(replies))
            raise

    def _rounds(self, prompt: Prompt, replies: list[Reply]) -> Iterator[ModelEvent]:
        deadline = self._steady.deadline(prompt.seconds)
        with self._making:  # here, not where it is used: the SDK takes seconds to import, which is not Claude's silence
            if self._client is None:
                self._client = _client(self._options, self._steady.patience.seconds)
                weakref.finalize(self, self._client.close)
        conversation = Conversation(self._model, prompt, self._effort)
        if prompt.cost and conversation.cost(False) > prompt.cost:
            raise ModelError("the question with its evidence would cost more than an answer may")
        looks, turn = _may_look(conversation, prompt, 0, Usage()), 0
        while True:
            request = conversation.request(looks)
            attempt = lambda: self._attempt(request, conversation, replies, deadline)  # noqa: E731, B023
            yield from self._steady.events(attempt, deadline)
            reply = replies[-1]
            if reply.stop_reason != "tool_use":
                break
            if not looks:
                raise ModelError("Claude asked for a lookup that it was not offered")
            turn += 1
            looks = _may_look(conversation, prompt, turn, _spent(replies))
            for lookup in conversation.look(reply.content, last=not looks):
                yield ModelEvent(lookup=lookup)
        if reply.stop_reason == "refusal":
            raise ModelError("Claude refused to answer")
        if reply.stop_reason not in _WHOLE | _CUT:
            raise ModelError(f"Claude stopped for a reason that is not known here: {reply.stop_reason[:40]}")
        stop_reason = "max_tokens" if reply.stop_reason in _CUT else reply.stop_reason
        yield ModelEvent(usage=_spent(replies), stop_reason=stop_reason)

    def _attempt(
        self, request: Request, conversation: Conversation, replies: list[Reply], deadline: Deadline
    ) -> Generator[ModelEvent]:
        """One request. Raises: ModelError."""
        reply = Reply(conversation.blocks, request["max_tokens"])
        replies.append(reply)
        patience = self._steady.patience
        with closing(relayed(lambda: self._open(request, deadline), translated, deadline, patience.silence)) as events:
            yield from reply.read(events)

    def _open(self, request: Request, deadline: Deadline) -> Any:
        """The response to one request, as the SDK streams it."""
        import anthropic

        silence = max(min(self._steady.patience.silence, deadline.left), 0.001)
        timeout = anthropic.Timeout(silence, connect=min(silence, _CONNECTING))
        return self._client.messages.create(**request, stream=True, timeout=timeout)


def _spent(replies: list[Reply]) -> Usage:
    return sum((reply.usage for reply in replies), Usage())


def _may_look(conversation: Conversation, prompt: Prompt, turn: int, spent: Usage) -> bool:
    """Whether a further look is within the rounds, and what it costs (this request, and one that is as dear) within the limit."""
    if not prompt.toolbox or turn >= prompt.lookups:
        return False
    return not prompt.cost or spent.cost + 2 * conversation.cost(True) <= prompt.cost


def _client(options: dict[str, Any], seconds: float) -> Any:
    """A client of the SDK that reads no response for longer than an answer may take, and none that is huge: a server could keep
    the thread that reads it for ever."""
    import anthropic
    import httpx2

    class Bounded(httpx2.SyncByteStream):
        def __init__(self, inner: httpx2.SyncByteStream) -> None:
            self._inner = inner

        def __iter__(self) -> Iterator[bytes]:
            end, left = time.monotonic() + seconds, _BYTES
            for chunk in self._inner:
                left -= len(chunk)
                if left < 0 or time.monotonic() > end:
                    raise httpx2.ReadError("the response has no end")
                yield chunk

        def close(self) -> None:
            self._inner.close()

    def bound(response: httpx2.Response) -> None:
        response.stream = Bounded(response.stream)  # type: ignore[arg-type]

    return anthropic.Anthropic(**options, http_client=anthropic.DefaultHttpxClient(event_hooks={"response": [bound]}))
