"""An answer as server-sent events of HTML, for htmx: `draft` (all that has come so far), `status`, and last `final` or `broken`.

`final` takes the whole draft's place. A stream that ends without it is a broken one, and the page says so (`static/waypost.js`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from api.web.answers import Shown, draft_html, shown_answer
from api.web.templating import fill
from rag.ask import AskEvent
from rag.errors import WaypostError
from rag.records import Citation

_PAUSE = 0.12  # seconds between two drafts at least: each is the whole text


def stream_html(events: Iterator[AskEvent], question: str) -> Iterator[str]:
    """The events of an answer, as they go to the browser."""
    began = drafted = time.monotonic()
    text, citations = "", list[Citation]()
    try:
        yield _event("status", "searching your documents …")
        for event in events:
            if event.restart:
                text, citations = "", []
                yield _event("draft", "")
                yield _event("status", "starting over: what stood here is void …")
            if event.lookup:
                yield _event("status", fill("_lookup.html", lookup=event.lookup))
            text += event.text
            if event.citation:
                citations.append(event.citation)
            if event.answer:
                today = datetime.now(UTC).date().isoformat()
                shown = shown_answer(question, event.answer, time.monotonic() - began, today)
                yield _event("final", final_html(shown))
                return
            if text and time.monotonic() - drafted > _PAUSE:
                drafted = time.monotonic()
                yield _event("draft", draft_html(text, citations))
        yield _broken("it ended before it was whole")
    except WaypostError as error:
        yield _broken(str(error))
    except Exception:
        logging.getLogger(__name__).exception("an answer broke off")
        yield _broken("an error of Waypost's, which its log tells")


def final_html(shown: Shown) -> str:
    """The whole answer, and the thread's id for the form."""
    return fill("_final.html", shown=shown)


def _broken(why: str) -> str:
    return _event("broken", fill("_broken.html", why=why))


def _event(name: str, html: str) -> str:
    lines = "".join(f"data: {line}\n" for line in html.replace("\r", "").split("\n"))
    return f"event: {name}\n{lines}\n"
