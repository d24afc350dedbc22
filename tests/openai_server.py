"""A server on loopback that speaks OpenAI's chat completions as told, or as one in trouble does."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from tests.loopback import LoopbackRequest, LoopbackServer, running

KEYED = re.compile(r"^⟦(\w+)⟧\s(.*)$", re.M)
Say = Callable[[str], str]  # from the last message of a request to what is replied


@dataclass
class Reply:
    """How a request is answered. `text` is sent in pieces of `size` characters, each after `pause` seconds; `cut` ends the stream
    after so many bytes. `body` with `status` is sent instead, where it is given; `endless` never stops sending `text`."""

    text: str | Say = "Hello."
    size: int = 5
    finish: str | None = "stop"
    usage: Mapping[str, int] | None = field(default_factory=lambda: {"prompt_tokens": 25, "completion_tokens": 15})
    done: bool = True
    pause: float = 0.0
    cut: int | None = None
    reset: bool = False
    linger: float = 0.0  # seconds for which the connection stays open behind the last event
    streams: bool = True
    endless: bool = False
    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Sequence[str] = ()  # raw events before the text


class Request(LoopbackRequest):
    server: OpenAIServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        reply = self.server.replies.pop(0) if len(self.server.replies) > 1 else self.server.replies[0]
        refused = next((name for name in self.server.unknown if name in body), "")
        if refused:
            self._json(400, {"error": {"message": self.server.refusal.format(refused)}})
        elif reply.body is not None or reply.status != 200:
            data = reply.body if reply.body is not None else b'{"error": {"message": "trouble"}}'
            self.send(reply.status, data, {"Content-Length": str(len(data)), **reply.headers})
        else:
            self._reply(reply, body)

    def do_GET(self) -> None:
        self.server.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, {}))
        models = self.server.models
        self._json(200 if models else 404, {"data": [{"id": name} for name in models]})

    def _json(self, status: int, content: object) -> None:
        data = json.dumps(content).encode()
        self.send(status, data, {"Content-Type": "application/json", "Content-Length": str(len(data))})

    def _reply(self, reply: Reply, asked: Mapping[str, Any]) -> None:
        text = reply.text if isinstance(reply.text, str) else reply.text(asked["messages"][-1]["content"])
        if not reply.streams:
            choice = {"message": {"role": "assistant", "content": text}, "finish_reason": reply.finish}
            self._json(200, {"choices": [choice], "usage": reply.usage})
            return
        self.send(200, b"", {"Content-Type": "text/event-stream", "Connection": "close"})
        self.close_connection = True
        sent = 0
        for event in _events(reply, text, with_usage="stream_options" in asked):
            data = event.encode()
            left = len(data) if reply.cut is None else reply.cut - sent
            self.wfile.write(data[: max(left, 0)])
            sent += len(data)
            if left < len(data):
                break
            time.sleep(reply.pause)
        time.sleep(reply.linger)
        if reply.reset:
            self.reset()


def _events(reply: Reply, text: str, *, with_usage: bool) -> Iterator[str]:
    yield ": a comment\n\n"
    yield from reply.extra
    while True:
        for at in range(0, len(text), reply.size):
            yield _event({"choices": [{"index": 0, "delta": {"content": text[at : at + reply.size]}}]})
        if not reply.endless:
            break
    if reply.finish:
        yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": reply.finish}]})
    if reply.usage and with_usage:
        yield _event({"choices": [], "usage": reply.usage})
    if reply.done:
        yield "data: [DONE]\n\n"


def _event(content: object) -> str:
    return f"data: {json.dumps(content)}\n\n"


class OpenAIServer(LoopbackServer):
    """`replies` one after the other, the last one for ever; `seen` are the requests: path, headers, body. What of a request is
    `unknown` is refused in the words of `refusal`."""

    def __init__(self) -> None:
        super().__init__(Request)
        self.replies: list[Reply] = [Reply()]
        self.models: list[str] = []
        self.unknown: list[str] = []
        self.refusal = "Unrecognized request argument supplied: {}"
        self.seen: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"{self.address}/v1"


def serving() -> AbstractContextManager[OpenAIServer]:
    return running(OpenAIServer())


def key_of(prompt: str, text: str) -> str:
    """The key that leads the piece of a prompt in which a text stands."""
    at = prompt.index(text)
    return [found[1] for found in KEYED.finditer(prompt[:at] + "x")][-1]
