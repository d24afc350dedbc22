"""A Slack on loopback: its Web API as far as Waypost calls it, and the addresses that commands are answered at. What it is sent
is kept."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from tests.loopback import LoopbackRequest, LoopbackServer


class SlackRequest(LoopbackRequest):
    """A call of the Web API, or a reply to a command."""

    server: SlackServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Type", "").startswith("application/json"):
            told: dict[str, Any] = json.loads(body)
        else:
            told = {key: values[0] for key, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        self.server.calls.append((self.path, told, dict(self.headers)))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        answer: dict[str, Any] = {"ok": True, "ts": "9.9"}
        if self.path.endswith("/users.info"):
            email = self.server.emails.get(told.get("user", ""))
            answer = (
                {"ok": True, "user": {"profile": {"email": email}}}
                if email
                else {"ok": False, "error": "user_not_found"}
            )
        data = json.dumps(answer).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(data))}
        if status in (301, 302, 307, 308):
            headers["Location"] = f"{self.server.address}/elsewhere"
        self.send(status, data, headers)


class SlackServer(LoopbackServer):
    """Keeps what it is sent; answers with `statuses` first, and then with 200."""

    def __init__(self) -> None:
        super().__init__(SlackRequest)
        self.calls: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.statuses: list[int] = []
        self.emails: dict[str, str] = {}

    def posted(self) -> list[dict[str, Any]]:
        """The messages that were posted."""
        return [told for path, told, _ in self.calls if path.endswith("/chat.postMessage")]

    def replies(self) -> list[dict[str, Any]]:
        """What was answered to commands."""
        return [told for path, told, _ in self.calls if path.startswith("/commands/")]
