"""Outgoing notices: when an alert came to `/v1/alerts`, its runbook, as everyone may see it, is posted to WAYPOST_NOTICE_URL,
signed, and to a Slack channel, as the settings say. After the reply, and never waited for. Its check: docs/alerts.md.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import httpx

from api.alerts.runbooks import Runbooks
from api.alerts.views import alert_view
from api.settings import Settings
from api.slack.client import SlackClient
from api.slack.mrkdwn import alert_text
from api.worker import Worker
from rag.alerts.records import Alert
from rag.errors import SettingsError
from rag.records import Viewer

_WAITING = 100
_SECONDS = 10.0
_PAUSES = (1.0, 5.0, 20.0)  # before each further try
_MOST_IN_SLACK = 10  # alerts of one webhook


class Notices:
    """Sends them; `pause` waits between tries. Raises: SettingsError when the settings don't fit together."""

    def __init__(self, settings: Settings, runbooks: Runbooks, pause: Callable[[float], None] = time.sleep) -> None:
        self.worker = Worker("notices", _WAITING)
        self._url = _checked(settings.notice_url, settings.notice_secret)
        self._secret = settings.notice_secret
        self._channel = settings.notice_slack_channel if settings.slack_token else ""
        self._slack = SlackClient(settings.slack_token, settings.slack_api_url) if self._channel else None
        self._runbooks = runbooks
        self._pause = pause

    def tell(self, alerts: Sequence[Alert]) -> None:
        """Takes the alerts that fire; what finds no room is left out, and that is logged."""
        firing = [alert for alert in alerts if alert.status == "firing"]
        if firing and (self._url or self._slack) and not self.worker.put(lambda: self._send(firing)):
            logging.getLogger(__name__).warning("a notice was left out: %d wait already", _WAITING)

    def _send(self, alerts: Sequence[Alert]) -> None:
        views = [alert_view(one) for one in self._runbooks.answer(alerts, Viewer())]
        if self._slack:
            for view in views[:_MOST_IN_SLACK]:
                self._slack.post(self._channel, alert_text(view))
        if self._url:
            self._post(json.dumps({"type": "alerts", "alerts": views}, ensure_ascii=False).encode())

    def _post(self, body: bytes) -> None:
        """Posts a body until it is taken, a few times; a refusal that will not change is not tried again."""
        delivery, said = str(uuid.uuid4()), ""
        for pause in (*_PAUSES, None):
            headers = {
                "Content-Type": "application/json",
                "X-Waypost-Signature": signature(body, self._secret, int(time.time())),
                "X-Waypost-Delivery": delivery,
            }
            try:
                reply = httpx.post(self._url, content=body, headers=headers, timeout=_SECONDS, follow_redirects=False)
                if reply.is_success:
                    return
                said = f"status {reply.status_code}"
                if reply.status_code < 500 and reply.status_code not in (408, 425, 429):
                    break
            except httpx.HTTPError as error:
                said = type(error).__name__
            if pause is not None:
                self._pause(pause)
        logging.getLogger(__name__).warning("a notice was not taken by WAYPOST_NOTICE_URL: %s", said)


def signature(body: bytes, secret: str, now: int) -> str:
    """`t=…,v1=…`: the time, and the HMAC-SHA256 in hex of `t.body`, by which a receiver knows sender, body and age."""
    signed = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={now},v1={signed}"


def _checked(url: str, secret: str) -> str:
    """The address that notices go to. Raises: SettingsError."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username and not parts.password
    except ValueError:
        fits = False
    if not fits:
        raise SettingsError("WAYPOST_NOTICE_URL must be an http or https address without a password in it")
    if not secret:
        raise SettingsError(
            "WAYPOST_NOTICE_URL is set: set WAYPOST_NOTICE_SECRET too, by which the receiver knows Waypost"
        )
    return url
