"""What is sent to Slack: messages by the Web API (`slack_sdk`), and replies to commands at the address that the command gave."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

import httpx

_SECONDS = 10
_REPLY_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")


class SlackClient:
    """Slack, as an app with a bot token; `url` is the Web API's address."""

    def __init__(self, token: str, url: str) -> None:
        from slack_sdk import WebClient
        from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

        self._url = url.rstrip("/") + "/"
        self._web = WebClient(token=token, base_url=self._url, timeout=_SECONDS)
        self._web.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=2))

    def post(self, channel: str, text: str, thread: str = "") -> None:
        """Posts a message, in a thread where one is named. A refusal of Slack's is logged."""
        from slack_sdk.errors import SlackApiError

        try:
            self._web.chat_postMessage(
                channel=channel, text=text, thread_ts=thread or None, mrkdwn=True, parse="none", link_names=False,
                unfurl_links=False, unfurl_media=False,
            )  # fmt: skip
        except (SlackApiError, OSError) as error:
            logging.getLogger(__name__).warning("Slack took no message: %s", _told(error))

    def email(self, user: str) -> str:
        """A user's address, "" where Slack doesn't tell it (scope users:read.email)."""
        from slack_sdk.errors import SlackApiError

        try:
            found: Any = self._web.users_info(user=user)["user"]
        except (SlackApiError, OSError) as error:
            logging.getLogger(__name__).warning("Slack does not tell who a user is: %s", _told(error))
            return ""
        profile = found.get("profile") if isinstance(found, dict) else None
        return str((profile or {}).get("email") or "")

    def reply(self, url: str, text: str) -> None:
        """Answers a command, for the eyes of who gave it alone. Only addresses of Slack's are posted to."""
        if not self._is_slacks(url):
            logging.getLogger(__name__).warning("a command's response_url is not Slack's; nothing is posted there")
            return
        body = {
            "response_type": "ephemeral", "replace_original": False, "text": text, "mrkdwn": True, "parse": "none",
            "link_names": 0, "unfurl_links": False, "unfurl_media": False,
        }  # fmt: skip
        try:
            httpx.post(url, json=body, timeout=_SECONDS, follow_redirects=False).raise_for_status()
        except httpx.HTTPError as error:
            logging.getLogger(__name__).warning("Slack took no reply: %s", type(error).__name__)

    def _is_slacks(self, url: str) -> bool:
        try:
            given, own = urlsplit(url), urlsplit(self._url)
            if (given.scheme, given.netloc) == (own.scheme, own.netloc):
                return True
            return given.scheme == "https" and given.netloc in _REPLY_HOSTS
        except ValueError:
            return False


def _told(error: Exception) -> str:
    """What Slack said, without the request that was sent."""
    response = getattr(error, "response", None)
    return str(response.get("error", "")) if response is not None else type(error).__name__
