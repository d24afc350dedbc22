"""The payloads of a streamed reply: JSON in server-sent events, or one JSON document where a server does not stream.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html, ended by `data: [DONE]`, given as {"done": True}.
`rag.models.openai_compatible` calls this.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rag.errors import ModelError

_LINE = re.compile(r"\r\n|\n|\r(?!$)")


def payloads(pieces: Iterable[bytes], largest: int, said: Callable[[str], str]) -> Iterator[Mapping[str, Any]]:
    """What each event holds. `said` makes of what was sent what may stand in a message.

    Raises: ModelError for what is no JSON, and for more than `largest` bytes.
    """
    data: list[str] = []
    plain: list[str] = []
    for line in _lines(pieces, largest):
        field, _, value = line.partition(":")
        if field == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            yield _payload("\n".join(data), said)
            data = []
        elif field not in ("", "event", "id", "retry"):
            plain.append(line)
    if data and "".join(data).strip() == "[DONE]":
        yield {"done": True}  # without the blank line behind it; any other event without it was cut off
    elif data:
        raise ModelError("the model's reply was cut off")
    elif plain:
        yield {**_payload("\n".join(plain), said), "done": True}


def _lines(pieces: Iterable[bytes], largest: int) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    read, rest = 0, ""
    for piece in pieces:
        read += len(piece)
        if read > largest:
            raise ModelError(f"the model's reply is larger than {largest >> 20} MB")
        rest += decoder.decode(piece)
        *whole, rest = _LINE.split(rest)
        yield from whole
    yield from (rest + decoder.decode(b"", final=True)).rstrip("\r").split("\n")


def _payload(text: str, said: Callable[[str], str]) -> Mapping[str, Any]:
    if text.strip() == "[DONE]":
        return {"done": True}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if text.lstrip().startswith("<"):
        raise ModelError("the model's server answered with a web page; WAYPOST_MODEL_URL is no API's address")
    if not isinstance(found, dict):
        raise ModelError(f"the model's server answered with what is no reply: {said(text[:200])}")
    return found
