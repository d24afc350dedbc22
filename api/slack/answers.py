"""What Slack users are answered: questions, in threads that can be followed up, and runbooks of alerts; each for its viewer."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict

from api.access.budgets import Budgets
from api.access.caller import Caller
from api.access.scopes import ASK, READ
from api.alerts.views import alert_view
from api.compose import Reader
from api.observability.audit import Asker, Audit
from api.slack.mrkdwn import alert_text, answer_text, escaped
from api.views import answer_view
from rag.alerts.records import Alert
from rag.errors import NotFoundError, WaypostError
from rag.records import Answer, Viewer
from rag.search import MAX_QUERY

HELP = "Ask me a question, or write `alert NAME` for an alert's runbook."
_ALERT = re.compile(r"^(?:alert|runbook)\s+(\S.{0,499})$", re.I | re.S)
_MOST_THREADS = 5000

Thread = tuple[str, str, str]  # workspace, channel, and the message that began it


def name_of(user: str) -> str:
    """By which name a Slack user stands in the audit and among the limits."""
    return f"slack:{user}"


def caller_of(user: str, viewer: Viewer) -> Caller:
    """A Slack user as a caller, whose limits are those of the settings."""
    return Caller(name_of(user), viewer, frozenset({READ, ASK}), "slack", name_of(user))


class Answers:
    """Answers over one reader; remembers which of our threads goes on in which of Slack's, for each set of groups."""

    def __init__(self, reader: Reader, audit: Audit, budgets: Budgets) -> None:
        self._reader = reader
        self._audit = audit
        self._budgets = budgets
        self._threads: OrderedDict[tuple[Thread, frozenset[str]], str] = OrderedDict()
        self._lock = threading.Lock()

    def text(self, asked: str, viewer: Viewer, user: str, thread: Thread | None = None) -> str:
        """The message that answers, and is told to the audit as shown to a user: never fails for what Waypost itself raises."""
        asked = asked.strip()[:MAX_QUERY]
        if not asked or asked.lower() == "help":
            return HELP
        asker = Asker(name_of(user), "slack")
        try:
            if alert := _ALERT.match(asked):
                found = alert_view(self._reader.runbooks.answer([Alert(alert[1].strip())], viewer)[0])
                return alert_text(self._audit.shown(asker, "slack", "alert", alert[1].strip(), found))
            began = time.perf_counter()
            with self._budgets.answering(caller_of(user, viewer)):
                answer = self._answer(asked, viewer, thread)
            view = answer_view(answer, (time.perf_counter() - began) * 1000)
            return answer_text(self._audit.shown(asker, "slack", "ask", asked, view))
        except WaypostError as error:
            return f"This can't be answered now: {escaped(str(error))}"

    def _answer(self, asked: str, viewer: Viewer, thread: Thread | None) -> Answer:
        key = (thread, viewer.groups) if thread else None
        with self._lock:
            before = self._threads.get(key, "") if key else ""
        asker, talk = self._reader.asker(), self._reader.conversation("slack")
        try:
            answer = talk.answer(asker, asked, viewer, None, before)
        except NotFoundError:  # it is too old to be followed up
            answer = talk.answer(asker, asked, viewer, None, "")
        if key and answer.thread:
            with self._lock:
                self._threads[key] = answer.thread
                self._threads.move_to_end(key)
                while len(self._threads) > _MOST_THREADS:
                    self._threads.popitem(last=False)
        return answer
