"""`/slack/events` and `/slack/command`: what Slack sends, acknowledged at once and answered after.

Sources: https://docs.slack.dev/apis/events-api/, https://docs.slack.dev/interactivity/implementing-slash-commands/
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections import OrderedDict
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from api.access.budgets import Budgets
from api.access.limits import Buckets
from api.compose import Reader
from api.observability.audit import Audit
from api.problems import problem
from api.settings import Settings
from api.slack.answers import HELP, Answers, name_of
from api.slack.client import SlackClient
from api.slack.people import People
from api.slack.signing import is_signed
from api.worker import Worker
from rag.records import Viewer

_MOST_BYTES = 1_000_000
_WAITING, _HANDS = 50, 2
_REMEMBERED = 10_000  # events that are known again
_MENTION = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>")
_MARKED = re.compile(r"<(?:[@#!][^>|]*\|?|)([^>]*)>")
_BUSY = "I have too many questions before me; ask again in a minute."
_FOREIGN = "This channel is shared with another organisation: I answer in your own channels alone."


class Seen:
    """Events by their ids, the newest of them."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, *ids: str) -> bool:
        """Whether none of these was seen before."""
        with self._lock:
            if any(one in self._ids for one in ids):
                return False
            self._ids.update(dict.fromkeys(ids))
            while len(self._ids) > _REMEMBERED:
                self._ids.popitem(last=False)
            return True

    def forget(self, *ids: str) -> None:
        """Lets an event come again."""
        with self._lock:
            for one in ids:
                self._ids.pop(one, None)


class SlackApp:
    """What becomes of events and commands."""

    def __init__(self, settings: Settings, reader: Reader, audit: Audit, budgets: Budgets) -> None:
        self.worker = Worker("slack", _WAITING, _HANDS)
        self._client = SlackClient(settings.slack_token, settings.slack_api_url)
        self._people = People(settings.slack_users, self._client.email)
        self._answers = Answers(reader, audit, budgets)
        self._requests = Buckets()
        self._per_minute = settings.requests_per_minute
        self._seen = Seen()

    def event(self, payload: dict[str, Any]) -> bool:
        """Takes an event; False where there is no room for its question, so that Slack sends it again."""
        event = payload.get("event")
        if not isinstance(event, dict) or not _is_question(event):
            return True
        team, channel, stamp = str(payload.get("team_id", "")), str(event.get("channel", "")), str(event.get("ts", ""))
        ids = (f"event {payload.get('event_id', '')}", f"message {team} {channel} {stamp}")
        if not channel or not stamp or not self._seen.add(*ids):
            return True
        private, user = event.get("type") == "message", str(event["user"])
        thread = str(event.get("thread_ts") or stamp)
        foreign = payload.get("is_ext_shared_channel") is True or _is_foreign(event, team)
        asked, refused = _asked(str(event.get("text", ""))), _FOREIGN if foreign else self._too_many(user)

        def answer() -> None:
            if refused:
                self._client.post(channel, refused, thread)
                return
            viewer = self._people.viewer(user) if private else Viewer()
            self._client.post(channel, self._answers.text(asked, viewer, user, (team, channel, thread)), thread)

        if self.worker.put(answer):
            return True
        self._seen.forget(*ids)
        return False

    def command(self, form: dict[str, str]) -> str:
        """Takes a command; what is said at once, to who gave it alone."""
        asked, user, url = _asked(form.get("text", "")), form.get("user_id", ""), form.get("response_url", "")
        if not asked or not user or not url:
            return HELP
        if refused := self._too_many(user):
            return refused

        def answer() -> None:
            self._client.reply(url, self._answers.text(asked, self._people.viewer(user), user))

        return "Looking it up …" if self.worker.put(answer) else _BUSY

    def _too_many(self, user: str) -> str:
        """What a user is told who asks too often; "" when this one may be answered."""
        wait = self._requests.take(name_of(user), self._per_minute) if self._per_minute else 0
        return (
            f"You asked more than {self._per_minute} times in a minute; ask again in {math.ceil(wait)} s."
            if wait
            else ""
        )


def add_slack(app: FastAPI, settings: Settings, reader: Reader, audit: Audit, budgets: Budgets) -> SlackApp | None:
    """Adds the routes where both the signing secret and the token are set; without them there are none. `budgets` are those of
    everybody who asks."""
    secret = settings.slack_signing_secret
    if not secret or not settings.slack_token:
        return None
    slack = SlackApp(settings, reader, audit, budgets)

    @app.post("/slack/events", include_in_schema=False)
    async def events(request: Request) -> Response:
        body = await _signed(request, secret)
        if isinstance(body, Response):
            return body
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError):
            payload = None
        if not isinstance(payload, dict):
            return problem(400, "the body is not a JSON object")
        if payload.get("type") == "url_verification":
            return JSONResponse({"challenge": str(payload.get("challenge", ""))[:1000]})
        if payload.get("type") == "event_callback" and not slack.event(payload):
            return problem(503, "too many questions wait: send it again", {"Retry-After": "60"})
        return Response(status_code=200)

    @app.post("/slack/command", include_in_schema=False)
    async def command(request: Request) -> Response:
        body = await _signed(request, secret)
        if isinstance(body, Response):
            return body
        form = {name: values[0] for name, values in parse_qs(body.decode(), max_num_fields=100).items()}
        if form.get("ssl_check"):
            return Response(status_code=200)
        return JSONResponse({"response_type": "ephemeral", "text": slack.command(form)})

    return slack


async def _signed(request: Request, secret: str) -> bytes | Response:
    """The body that Slack sent, or the refusal of another one."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            return problem(413, f"more than {_MOST_BYTES} bytes")
    if not is_signed(bytes(body), request.headers, secret):
        return problem(
            403, "the signature is missing, wrong or too old: set the app's signing secret here, and the right time"
        )
    return bytes(body)


def _is_question(event: dict[str, Any]) -> bool:
    """Whether a person asks: by name in a channel, or in a direct message; never a bot, nor an edit, nor a note of Slack's."""
    if (
        event.get("bot_id")
        or event.get("bot_profile")
        or event.get("subtype")
        or not isinstance(event.get("user"), str)
    ):
        return False
    if event.get("type") == "app_mention":
        return event.get("channel_type") != "im"  # that is a direct message too, and comes as one
    return event.get("type") == "message" and event.get("channel_type") == "im"


def _is_foreign(event: dict[str, Any], team: str) -> bool:
    """Whether who asks is of another workspace, as in channels that two organisations share."""
    return any(event.get(key) not in (None, "", team) for key in ("user_team", "source_team"))


def _asked(text: str) -> str:
    """What is asked, without our name and without Slack's markup."""
    plain = _MARKED.sub(r"\1", _MENTION.sub(" ", text))
    return " ".join(plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").split())
