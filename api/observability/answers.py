"""What an answer showed, told once it is whole, or when its reader leaves half-way: for every face that streams answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from api.views import answer_view, citation_view
from rag.ask import AskEvent
from rag.errors import WaypostError


def audited(tell: Callable[[dict[str, Any]], object], events: Iterator[AskEvent]) -> Iterator[AskEvent]:
    """The events of an answer as they come. `tell` is given what it showed, before its last event, or where it breaks off.

    Raises: what `tell` raises, for an audit that is required.
    """
    partly: dict[str, Any] = {"verdict": "broken off", "citations": [], "lookups": []}
    try:
        for event in events:
            if event.lookup:
                partly["lookups"] += [{"document_id": found.document.id} for found in event.lookup.found]
            if event.citation:
                partly["citations"].append(citation_view(event.citation))
            if event.answer:
                looked, partly = partly["lookups"], {}
                tell({**answer_view(event.answer, 0.0), "lookups": looked})
            yield event
    finally:
        if partly:
            with suppress(WaypostError):
                tell(partly)
