"""`OpenAICompatibleModel`: whatever speaks OpenAI's chat completions: Ollama, vLLM, LM Studio, llama.cpp, OpenAI itself.

Such a server knows no citations: `rag.models.keyed` gives each piece of evidence a key. Requests go over httpx alone; what a
server refuses of one is left out in the next. `rag.models.steady` repeats what failed before it began to speak.
API: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rag.errors import ModelBusyError, ModelError, ModelRefusedError, SettingsError
from rag.models.keyed import KeyedPrompt, keyed
from rag.models.keyed_reply import KeyedReply
from rag.models.server_events import payloads
from rag.models.steady import Deadline, Patience, Steady, counted, relayed
from rag.ports import ModelEvent, Prompt
from rag.records import Usage
from rag.steering import STEERING

if TYPE_CHECKING:
    import httpx

_LARGEST = 8 << 20  # bytes of one reply as it is sent
_LARGEST_ERROR = 64 << 10
_WORDY = 12  # characters of a reply for each token that was asked for, at the most
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_REFUSED = (400, 413, 422)  # this request, and no other
_BUSY = (408, 409, 425, 429)
_HTML = re.compile(rb"\s*<(?:!doctype|html|head|body)\b", re.I)


class OpenAICompatibleModel:
    """A model named `model` at `base_url`, which ends where `/chat/completions` begins. `timeout` in seconds is for the whole
    reply; a `seed` makes the keys of evidence foretellable: for tests.

    Raises: SettingsError for an address or a key that can't be one.
    """

    def __init__(
        self, base_url: str, model: str, api_key: str = "", timeout: float = 30.0, seed: int | None = None
    ) -> None:
        self._url = address_of(base_url)
        if not re.fullmatch(r"[!-~]*", api_key):
            raise SettingsError(
                "WAYPOST_MODEL_KEY holds characters that no key has (a blank, a line break); enter it anew"
            )
        self._model = model
        self._key = api_key
        self._steady = Steady(Patience(timeout))
        self._seed = seed
        self._refused: frozenset[str] = frozenset()  # what this server does not know of a request

    @property
    def name(self) -> str:
        return self._model

    def stream(self, prompt: Prompt) -> Iterator[ModelEvent]:
        deadline = self._steady.deadline(prompt.seconds)
        return counted(self._steady, lambda: self._attempt(prompt, deadline), deadline)

    def _attempt(self, prompt: Prompt, deadline: Deadline) -> Generator[ModelEvent]:
        """One reply. A model of one's own may be loaded first, so it may be silent as long as there is time."""
        with closing(
            relayed(lambda: closing(self._events(prompt, deadline)), _known, deadline, deadline.left)
        ) as events:
            yield from events

    def _events(self, prompt: Prompt, deadline: Deadline) -> Generator[ModelEvent]:
        import httpx

        asked = keyed(prompt, self._seed)
        reply = KeyedReply(asked.keys)
        try:
            with httpx.Client(
                timeout=max(deadline.left, 0.001),
                trust_env=urlsplit(self._url).hostname not in _LOOPBACK,
                headers=self._headers(),
            ) as client:
                yield from _Reading(reply, prompt.max_tokens * _WORDY, self._said).events(
                    self._answers(client, asked, prompt.max_tokens, deadline)
                )
        except httpx.ConnectError as error:
            raise ModelError(f"nothing answers at {self._url}; is {_server_of(self._url)} running there?") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ModelBusyError(f"the reply of {self._url} broke off: {type(error).__name__}") from error

    def _headers(self) -> dict[str, str]:
        """Uncompressed, so that what is read is as large as what is sent."""
        headers = {"Accept-Encoding": "identity", "User-Agent": "waypost"}
        return {**headers, "Authorization": f"Bearer {self._key}"} if self._key else headers

    def _answers(
        self, client: httpx.Client, asked: KeyedPrompt, max_tokens: int, deadline: Deadline
    ) -> Iterator[Mapping[str, Any]]:  # fmt: skip
        """The chunks of the reply. What the server says it does not know of the request is not sent a second time."""
        refused = self._refused
        while True:
            body = _request(self._model, asked, max_tokens, refused)
            with client.stream("POST", f"{self._url}/chat/completions", json=body) as response:
                if response.status_code == 200:
                    self._refused = refused
                    yield from payloads(_pieces(response, deadline), _LARGEST, self._said)
                    return
                told = _beginning(response, deadline)
            unknown = _unknown(response.status_code, told, refused)
            if not unknown:
                raise self._failure(client, response, told, deadline)
            refused |= {unknown}

    def _failure(
        self, client: httpx.Client, response: httpx.Response, told: bytes, deadline: Deadline
    ) -> ModelError:  # fmt: skip
        status = response.status_code
        if status in (401, 403):
            has = "was not accepted" if self._key else "is not set"
            return ModelError(f"{self._url} lets nobody in (HTTP {status}): WAYPOST_MODEL_KEY {has}")
        if 300 <= status < 400:
            return ModelError(f"{self._url} leads elsewhere (HTTP {status}); set WAYPOST_MODEL_URL to where it leads")
        if status == 404:
            return ModelError(f"{self._url} has no model {self._model!r} (HTTP 404): {self._served(client, deadline)}")
        if _HTML.match(told):
            return ModelError(
                f"{self._url} answered with a web page (HTTP {status}); WAYPOST_MODEL_URL is no API's address"
            )
        wait = response.headers.get("retry-after", "")
        later = f"; it asks to wait {wait} s" if wait.isdecimal() else ""
        said = f"{self._url} answered with an error (HTTP {status}): {self._said(_message(told))}{later}"
        if status in _BUSY or status >= 500:
            return ModelBusyError(said, float(wait) if wait.isdecimal() else None)
        return ModelRefusedError(said) if status in _REFUSED else ModelError(said)

    def _served(self, client: httpx.Client, deadline: Deadline) -> str:
        """What the server says that it serves."""
        import httpx

        try:
            with client.stream("GET", f"{self._url}/models") as response:
                listed = json.loads(_beginning(response, deadline)) if response.status_code == 200 else {}
            names = sorted(str(one["id"]) for one in listed["data"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return "correct WAYPOST_MODEL, or WAYPOST_MODEL_URL, which most often ends in /v1"
        return f"set WAYPOST_MODEL to one of: {self._said(', '.join(names) or 'none at all')}"

    def _said(self, text: str) -> str:
        """What the server says, for a message: one short line, without the key."""
        clean = text.replace(self._key, "***") if self._key else text
        return " ".join(STEERING.sub(" ", clean).split())[:300] or "it says nothing of why"


def _known(error: Exception) -> ModelError:
    """What reading a reply raises, which is told already; anything else is nonsense that was not foreseen."""
    return error if isinstance(error, ModelError) else ModelError(f"its reply can't be read: {type(error).__name__}")


def address_of(url: str) -> str:
    """A server's address as it is asked. Raises: SettingsError, which does not repeat what may hold a password."""
    try:
        parts = urlsplit(url.strip())
        sound = parts.scheme in ("http", "https") and bool(re.fullmatch(r"[\w.:%-]+", parts.hostname or ""))
        sound = sound and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise SettingsError("WAYPOST_MODEL_URL must be an address such as http://127.0.0.1:11434/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError("WAYPOST_MODEL_URL holds more than an address; put the key into WAYPOST_MODEL_KEY")
    path = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _server_of(url: str) -> str:
    port = urlsplit(url).port
    return {11434: "Ollama", 1234: "LM Studio", 8000: "vLLM", 8080: "llama.cpp"}.get(port or 0, "its server")


def _request(model: str, asked: KeyedPrompt, max_tokens: int, refused: frozenset[str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": message.role, "content": message.text} for message in asked.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0,
        "max_tokens": max_tokens,
    }
    if "max_tokens" in refused:  # OpenAI's reasoning models take the newer name alone
        body["max_completion_tokens"] = max_tokens
    return {name: value for name, value in body.items() if name not in refused}


def _unknown(status: int, told: bytes, refused: frozenset[str]) -> str:
    """What to leave out of a request that was refused: what the server names, else what the fewest servers know."""
    if status not in (400, 422):
        return ""
    said = told.decode("utf-8", "replace")
    options = [name for name in ("stream_options", "max_tokens", "temperature") if name not in refused]
    unnamed = "stream_options" if "stream_options" in options else ""
    return next((name for name in options if name in said), unnamed)


def _pieces(response: httpx.Response, deadline: Deadline) -> Iterator[bytes]:
    """What is sent until then: one that drips comments would keep its thread when nobody waits any more."""
    for piece in response.iter_raw():
        if not deadline.left:
            raise ModelError("the model's server sends without an end")
        yield piece


def _beginning(response: httpx.Response, deadline: Deadline) -> bytes:
    found = b""
    for piece in _pieces(response, deadline):
        found += piece
        if len(found) >= _LARGEST_ERROR:
            break
    return found[:_LARGEST_ERROR]


def _message(told: bytes) -> str:
    """What an error's body says, in whichever form."""
    text = told.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except ValueError:
        return text
    error = found.get("error", found) if isinstance(found, dict) else found
    said = error.get("message") or error.get("detail") if isinstance(error, dict) else error
    return said if isinstance(said, str) else text


class _Reading:
    """Turns the chunks of one reply into events of ours."""

    def __init__(self, reply: KeyedReply, longest: int, said: Any) -> None:
        self._reply = reply
        self._left = longest
        self._said = said
        self._usage = Usage(requests=1)
        self._reason = ""

    def events(self, chunks: Iterator[Mapping[str, Any]]) -> Iterator[ModelEvent]:
        """Raises: ModelError when the reply ends before the model did, or is none."""
        ended = False
        for chunk in chunks:
            if chunk.get("error"):
                raise ModelError(f"the model failed half-way: {self._said(_message(json.dumps(chunk).encode()))}")
            ended = ended or bool(chunk.get("done"))
            self._count(chunk.get("usage"))
            for piece in self._pieces(chunk.get("choices")):
                yield from self._reply.feed(piece)
            if ended:
                break  # a connection may stay open
        if not ended and not self._reason:
            raise ModelBusyError("the model's reply was cut off")
        if self._reason == "content_filter":
            raise ModelError("the model refused to answer (content_filter)")
        yield from self._reply.end()
        yield ModelEvent(usage=self._usage, stop_reason="max_tokens" if self._reason == "length" else "end_turn")

    def _pieces(self, choices: Any) -> Iterator[str]:
        """Text of the first choice; what a server gives apart as reasoning is none."""
        for choice in choices[:1] if isinstance(choices, list) else ():
            said = choice.get("delta") or choice.get("message") if isinstance(choice, dict) else None
            content = said.get("content") if isinstance(said, dict) else None
            if isinstance(content, str) and content:
                self._left -= len(content)
                if self._left < 0:
                    raise ModelError("the model said far more than it was asked for")
                yield content
            if isinstance(choice, dict) and isinstance(choice.get("finish_reason"), str):
                self._reason = choice["finish_reason"]

    def _count(self, told: Any) -> None:
        if isinstance(told, dict):
            counts = [told.get(name) for name in ("prompt_tokens", "completion_tokens")]
            known = [count if isinstance(count, int) and count > 0 else 0 for count in counts]
            self._usage = Usage(known[0], known[1], requests=1)
