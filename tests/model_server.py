"""A server on loopback that answers as a model's API does, byte for byte, or as one in trouble does.

    server = ModelServer()
    server.replies(claude(text("Unlock it.", cite(0, 2, 3, "quoted")), text(" Done.")))    # one a request; the last one stays
    server.replies(refused(429, "rate_limit_error", {"retry-after": "2"}), claude(text("Yes.")))
    server.replies(replace(claude(text("Yes.")), cut=200))                                 # 200 bytes, then the line is cut
    server.replies(json_reply({...}), sse([{...}, "[DONE]"]))                              # any other endpoint
    server.requests[0].body["messages"]                                                    # what arrived

A reply may also be a function of the request that arrived. `Reply` says in what ways one can go wrong.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """What is answered to one request.

    `body` goes out in pieces of `piece` bytes (0: at once), `pace` seconds apart, after `wait` seconds of nothing. Only the first
    `cut` bytes of it are sent: then the line is cut, by a reset with `reset`, else in the middle of a chunk; with `tidy` the
    stream just ends there, as if it were whole. `forever` sends the body again and again. `drop` answers nothing at all.
    """

    body: bytes = b""
    status: int = 200
    type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    piece: int = 0
    pace: float = 0.0
    cut: int | None = None
    reset: bool = False
    tidy: bool = False
    forever: bool = False
    drop: bool = False

    def pieces(self) -> Iterator[bytes]:
        """The body as it goes out."""
        body = self.body if self.cut is None else self.body[: self.cut]
        step = self.piece or len(body) or 1
        while True:
            yield from (body[at : at + step] for at in range(0, len(body), step))
            if not self.forever:
                return


@dataclass(frozen=True)
class Request:
    """What arrived: header names are lower-case; `body` is the JSON, `raw` its bytes."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


Answer = Reply | Callable[[Request], Reply]


class ModelServer:
    """Listens on a free port of 127.0.0.1 until `close`; a `with` statement closes it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._script: list[Answer] = [Reply(b"{}", 500)]
        self._lock = threading.Lock()
        self._server = _Listener(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def replies(self, *script: Answer) -> None:
        """From now on these, one for each request; the last one for all that come after it. Forgets the requests so far."""
        with self._lock:
            self._script = list(script)
            self.requests.clear()

    def take(self, request: Request) -> Reply:
        """Notes a request, and gives what is answered to it."""
        with self._lock:
            self.requests.append(request)
            answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        return answer if isinstance(answer, Reply) else answer(request)

    def close(self) -> None:
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> ModelServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        self.stopping = threading.Event()
        super().__init__(*arguments)

    def handle_error(self, *_: object) -> None:
        """The other side hung up, as it should when it has waited long enough."""


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.take(Request(self.command, self.path, headers, raw))
            if reply.wait:
                self._sleep(reply.wait)
            if reply.drop:
                return self._hang_up(reply.reset)
            self.send_response(reply.status)
            for name, value in {"content-type": reply.type, "transfer-encoding": "chunked", **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in reply.pieces():
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                if reply.pace:
                    self._sleep(reply.pace)
                if self.server.stopping.is_set():  # type: ignore[attr-defined]
                    return None
            if reply.cut is not None and not reply.tidy:
                return self._hang_up(reply.reset)
            self.wfile.write(b"0\r\n\r\n")
            return None

        do_GET = do_POST

        def _sleep(self, seconds: float) -> None:
            self.server.stopping.wait(seconds)  # type: ignore[attr-defined]

        def _hang_up(self, reset: bool) -> None:
            self.close_connection = True
            if reset:  # a zero linger makes close() send RST
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


# -- replies ----------------------------------------------------------------------------------------------------------


def json_reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(json.dumps(value).encode(), status, headers=headers or {})


def sse(events: Iterable[Event | str]) -> Reply:
    """A stream of `data:` lines alone, as OpenAI-compatible endpoints send it; a str goes out as it is (`[DONE]`)."""
    data = (event if isinstance(event, str) else json.dumps(event) for event in events)
    return Reply("".join(f"data: {one}\n\n" for one in data).encode(), type="text/event-stream")


def stream(events: Iterable[Event]) -> Reply:
    """A stream of Claude's events, each with its name."""
    body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return Reply(body.encode(), type="text/event-stream; charset=utf-8")


def refused(status: int, kind: str, headers: Mapping[str, str] | None = None, message: str = "no") -> Reply:
    """An error as Claude's API answers it."""
    error = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    return json_reply(error, status, headers)


# -- Claude's messages ------------------------------------------------------------------------------------------------

Block = tuple[Event, list[Event]]  # the block as it starts, and its deltas


def claude(*blocks: Block, stop: str = "end_turn", usage: Mapping[str, int] | None = None, output: int = 15) -> Reply:
    """A whole reply of Claude's, streamed."""
    return stream(message(*blocks, stop=stop, usage=usage, output=output))


def message(
    *blocks: Block, stop: str = "end_turn", usage: Mapping[str, int] | None = None, output: int = 15
) -> list[Event]:
    """The events of a whole reply."""
    counts = {"input_tokens": 25, "output_tokens": 1, **(usage or {})}
    start = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": counts,
    }  # fmt: skip
    events: list[Event] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, (first, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": first})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    end = {"stop_reason": stop, "stop_sequence": None}
    events.append({"type": "message_delta", "delta": end, "usage": {"output_tokens": output}})
    return [*events, {"type": "message_stop"}]


def cite(result: int, first: int, last: int, quote: str, title: str = "Locks") -> Event:
    """A citation of blocks first to last (exclusive) of a search result."""
    return {
        "type": "search_result_location", "cited_text": quote, "search_result_index": result,
        "start_block_index": first, "end_block_index": last, "source": "wiki/locks.md", "title": title,
    }  # fmt: skip


def text(words: str, *citations: Event) -> Block:
    """A block of text, in deltas of some characters, with its citations."""
    deltas: list[Event] = [{"type": "text_delta", "text": words[at : at + 7]} for at in range(0, len(words), 7)]
    deltas += [{"type": "citations_delta", "citation": citation} for citation in citations]
    return {"type": "text", "text": "", "citations": [] if citations else None}, deltas


def thought(words: str, signature: str = "sig") -> Block:
    """A block of thinking with its signature."""
    deltas = [{"type": "thinking_delta", "thinking": words}, {"type": "signature_delta", "signature": signature}]
    return {"type": "thinking", "thinking": "", "signature": ""}, deltas  # type: ignore[return-value]


def call(name: str, arguments: Mapping[str, Any] | str, id_: str = "toolu_1") -> Block:
    """A call of a tool; arguments given as a str go out as they are, though they be no JSON."""
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    deltas: list[Event] = [
        {"type": "input_json_delta", "partial_json": written[at : at + 9]} for at in range(0, len(written), 9)
    ]
    return {"type": "tool_use", "id": id_, "name": name, "input": {}}, deltas


def reachable_never() -> str:
    """The address of a port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def wait_until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()
