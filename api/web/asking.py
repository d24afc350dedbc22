"""`/`, `/ask`, `/t/…`, `/feedback`: a question, its answer as it comes, its thread, and what the reader thought of it.

With htmx a form's question waits under a ticket, and its answer is streamed; without scripts the form's reply is the whole page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from api.access.caller import Calling, Seeing, caller_of
from api.compose import Reader
from api.observability.answers import audited
from api.observability.audit import shown
from api.settings import Settings
from api.status import named_sources, sources_view
from api.web.answers import Shown, shown_answer, shown_turn
from api.web.pending import Pending, Tickets
from api.web.routing import Fields, Form, field
from api.web.streaming import stream_html
from api.web.templating import is_part, respond
from rag.ask import AskEvent
from rag.errors import NotFoundError, SettingsError
from rag.feedback import LONGEST
from rag.records import KINDS, Viewer
from rag.search import MAX_QUERY, Filters

_ID = Annotated[str, Path(max_length=64, pattern=r"^[\w-]+$")]
_MOST = 100  # sources or kinds that a form may name


class Asking:
    """What these pages share: who answers, what is asked of, and the questions that wait."""

    def __init__(self, settings: Settings, reader: Reader) -> None:
        self._settings = settings
        self.reader = reader
        self.tickets = Tickets()

    def choices(self, viewer: Viewer) -> dict[str, Any]:
        """What a form offers: the sources that the viewer may know of, kinds of documents, personas."""
        known = sources_view(self.reader.catalog, viewer, named_sources(self._settings))
        return {
            "sources": [source["name"] for source in known],
            "troubled": [source["name"] for source in known if source["state"] not in ("ok", "new")],
            "kinds": KINDS,
            "personas": self.reader.personas.all(),
        }

    def events(self, request: Request, asked: Pending) -> Iterator[AskEvent]:
        """The answer as it comes."""
        asker, talk = self.reader.asker(asked.persona), self.reader.conversation("web")
        told = partial(shown, request, "ask", asked.question, face="web")
        yield from audited(told, talk.stream(asker, asked.question, asked.viewer, asked.filters, asked.thread))

    def page(self, request: Request, viewer: Viewer, asked: Pending | None = None, **more: Any) -> Response:
        """The page with its form, what it asked last still chosen."""
        values = {"turns": [], "thread": "", "shared": "", "own": True, "question": "", **more}
        chosen = asked or Pending("", Filters(), "", "", viewer, "")
        return respond(request, "ask.html", chosen=chosen, **self.choices(viewer), **values)

    def turns(self, thread: str, viewer: Viewer) -> tuple[list[Shown], bool]:
        """The turns of a thread that this viewer may read, and whether they may follow it up. Raises: NotFoundError."""
        found = self.reader.conversation("web").shared(thread, viewer)
        catalog, today = self.reader.catalog, datetime.now(UTC).date().isoformat()
        return [shown_turn(turn, catalog, viewer, today) for turn in found.turns], found.own


def add_asking(router: APIRouter, settings: Settings, reader: Reader) -> None:
    """Adds the routes, over what each caller may read."""
    asking = Asking(settings, reader)
    _add_pages(router, asking)
    _add_questions(router, asking)

    @router.post("/feedback")
    def feedback(request: Request, caller: Calling, form: Fields) -> Response:
        """Takes what a reader thought of a turn of a thread that they may read."""
        thread, said = field(form, "thread", 64), field(form, "verdict", 10)
        if said not in ("up", "down"):
            raise SettingsError("say whether the answer helped: verdict is up or down")
        turns, _ = asking.turns(thread, caller.viewer)
        at = field(form, "turn", 4)
        number = int(at) if at.isdecimal() and 0 < int(at) <= len(turns) else len(turns)
        note = field(form, "note", LONGEST)
        reader.feedback.note(caller.viewer, caller.name, thread, number, said == "up", note)
        return respond(request, "_thanks.html" if is_part(request) else "thanks.html", thread=thread)


def _add_pages(router: APIRouter, asking: Asking) -> None:
    @router.get("/")
    def ask_page(request: Request, viewer: Seeing, q: Annotated[str, Query(max_length=MAX_QUERY)] = "") -> Response:
        """The empty page; `q` is put into the form, and not asked: a link must not cost tokens."""
        return asking.page(request, viewer, question=q)

    @router.get("/t/{thread}")
    def thread_page(request: Request, thread: _ID, viewer: Seeing) -> Response:
        """A thread, to whoever may see all that it was made of."""
        turns, own = asking.turns(thread, viewer)
        made = [{"document_id": document} for turn in turns for document in turn.documents]
        shown(request, "ask", f"thread {thread}", made, face="web")
        return asking.page(request, viewer, turns=turns, thread=thread if own else "", shared=thread, own=own)


def _add_questions(router: APIRouter, asking: Asking) -> None:
    @router.post("/ask")
    def ask(request: Request, caller: Calling, form: Fields) -> Response:
        """Takes a question: a part that opens its stream, or without htmx the page with its answer."""
        asked = _asked(form, caller.viewer, caller.name)
        asking.reader.asker(asked.persona)  # what is wrong with the form is said now
        if is_part(request):
            return respond(request, "_turn.html", question=asked.question, ticket=asking.tickets.give(asked))
        began = time.monotonic()
        answer = next((event.answer for event in asking.events(request, asked) if event.answer), None)
        if answer is None:
            raise SettingsError("the answer broke off; ask again")
        today = datetime.now(UTC).date().isoformat()
        turn = shown_answer(asked.question, answer, time.monotonic() - began, today)
        earlier = _earlier(asking, answer.thread, caller.viewer) if asked.thread else []
        return asking.page(
            request, caller.viewer, asked, turns=[*earlier, turn], thread=answer.thread, shared=answer.thread
        )

    @router.get("/ask/{ticket}")
    def stream(request: Request, ticket: _ID, viewer: Seeing) -> Response:
        """The stream of a question that waits. Of one that does not (any more) nothing: browsers don't come again then."""
        asked = asking.tickets.take(ticket, viewer, caller_of(request).name)
        if asked is None:
            return Response(status_code=204)
        events = stream_html(asking.events(request, asked), asked.question)
        return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _earlier(asking: Asking, thread: str, viewer: Viewer) -> list[Shown]:
    """The turns before the one that was just added."""
    try:
        return asking.turns(thread, viewer)[0][:-1] if thread else []
    except NotFoundError:
        return []


def _asked(form: Form, viewer: Viewer, name: str) -> Pending:
    """Raises: SettingsError, HTTPException 422."""
    question = field(form, "question", MAX_QUERY).strip()
    if not question:
        raise SettingsError("the question is empty: write what you want to know")
    filters = Filters(
        tuple(one for one in form.get("source", ()) if one)[:_MOST],
        tuple(one for one in form.get("kind", ()) if one)[:_MOST],
    )
    return Pending(question, filters, field(form, "persona", 64), field(form, "thread", 64), viewer, name)
