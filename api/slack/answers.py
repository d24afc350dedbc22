"""What Slack users are answered: questions, in threads that can be followed up, and runbooks of alerts; each for its viewer."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict

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


class Answers:
    """Answers over one reader; remembers which of our threads goes on in which of Slack's, for each set of groups."""

    def __init__(self, reader: Reader, audit: Audit) -> None:
        self._reader = reader
        self._audit = audit
        self._threads: OrderedDict[tuple[Thread, frozenset[str]], str] = OrderedDict()
        self._lock = threading.Lock()

    def text(self, asked: str, viewer: Viewer, user: str, thread: Thread | None = None) -> str:
        """The message that answers, and is told to the audit as shown to a user: never fails for what Waypost itself raises."""
        asked = asked.strip()[:MAX_QUERY]
        if not asked or asked.lower() == "help":
            return HELP
        asker = Asker(f"slack:{user}", "slack")
        try:
            if alert := _ALERT.match(asked):
                found = alert_view(self._reader.runbooks.answer([Alert(alert[1].strip())], viewer)[0])
                return alert_text(self._audit.shown(asker, "slack", "alert", alert[1].strip(), found))
            began = time.perf_counter()
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
