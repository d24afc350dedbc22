"""`RemoteDense`: vector search asked of the process that owns the data folder, over its socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from rag.owner import Handler, call
from rag.ports import Hit, Scope
from rag.records import Generation
from rag.search import Dense, DenseHits

_PATIENCE = 20.0  # seconds; the owner may be loading its model


class RemoteDense:
    """The client's half, for one generation.

    Raises: RetryLaterError when the owner does not answer, and the search goes on without; GenerationChangedError.
    """

    def __init__(self, address: str, generation: Generation) -> None:
        self._address = address
        self._generation = generation

    def search(self, text: str, k: int, scope: Scope) -> DenseHits:
        request = {
            "op": "search", "text": text, "k": k, "scope": asdict(scope), "generation": self._generation.number
        }  # fmt: skip
        for reply in call(self._address, request, _PATIENCE):
            hits = tuple(Hit(passage_id, score) for passage_id, score in reply["hits"])
            return DenseHits(hits, reply["watermark"], reply["note"])
        return DenseHits((), 0, "keyword search only: the owner of the data folder did not reply")


def search_handler(dense_of: Callable[[int], Dense]) -> Handler:
    """The owner's half: answers `search` requests from what `dense_of` gives for a generation's number.

    It raises GenerationChangedError when that one serves no more, and the other side begins anew.
    """

    def handle(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        scope = Scope(**{key: tuple(values) for key, values in request["scope"].items()})
        found = dense_of(request["generation"]).search(request["text"], request["k"], scope)
        yield {"hits": [[hit.id, hit.score] for hit in found.hits], "watermark": found.watermark, "note": found.note}

    return handle
