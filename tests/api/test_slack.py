"""Slack, as a real application over a real owner, and a Slack on loopback."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.access.budgets import Budgets
from api.access.keys import FILE as KEYS
from api.access.keys import Keys
from api.compose import audit_of
from api.owner import Owner
from api.settings import Settings
from api.slack.client import SlackClient
from api.slack.mrkdwn import alert_text, answer_text, escaped, link
from api.slack.people import People
from api.slack.routes import SlackApp, add_slack
from api.slack.signing import is_signed
from ingest.sync import SyncReport
from rag.errors import SettingsError
from rag.records import Viewer
from tests.conftest import configure, write
from tests.loopback import running
from tests.slack_server import SlackServer

SECRET = "the signing secret"
WIKI = {
    "unlock.md": "# Unlock the state\n\nRun `terraform force-unlock` with the lock id, <@U1> & <!channel> @here.\n",
    "runbooks/PodCrashLooping.md": "# Pods\n\n## Steps\n\n1. Run `kubectl delete pod POD`.\n2. Look at its logs.\n",
    "pay.md": "---\naudience: [payments]\n---\n# Payout batch\n\nThe payout batch runs at 04:10 on host pay7.\n",
}
QUESTION = "When does the payout batch run?"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with running(SlackServer()) as server:
        yield server


@pytest.fixture
def keys(settings: Settings) -> Iterator[Keys]:
    opened = Keys(settings.home / KEYS)
    yield opened
    opened.close()


@pytest.fixture
def budgets(keys: Keys) -> Budgets:
    return Budgets(keys, 1000, 100)


@pytest.fixture
def app(
    owner: Owner,
    sync: Callable[..., SyncReport],
    tmp_path: Path,
    settings: Settings,
    slack: SlackServer,
    budgets: Budgets,
) -> Iterator[tuple[TestClient, SlackApp]]:
    write(tmp_path / "wiki", WIKI)
    write(tmp_path, {"users.yaml": "U7: [payments]\njo@example.org: payments\n"})
    configure(
        settings,
        {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki"), "web_url": "https://wiki.example.org"},
    )
    sync()
    told = {
        "slack_signing_secret": SECRET, "slack_token": "xoxb-1", "slack_api_url": f"{slack.address}/api/",
        "slack_users": tmp_path / "users.yaml", "requests_per_minute": 20,
    }  # fmt: skip
    bare = FastAPI()
    settings = settings.model_copy(update=told)
    added = add_slack(bare, settings, owner.reader(), audit_of(settings, owner.catalog), budgets)
    assert added is not None
    with TestClient(bare) as client:
        yield client, added


def signed(body: bytes, secret: str = SECRET, at: float = 0.0) -> dict[str, str]:
    stamp = str(int(at or time.time()))
    told = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={told}"}


def send(client: TestClient, payload: dict[str, Any], **headers: str) -> int:
    body = json.dumps(payload).encode()
    return client.post("/slack/events", content=body, headers={**signed(body), **headers}).status_code


def mention(text: str, number: int = 1, **more: Any) -> dict[str, Any]:
    event = {
        "type": "app_mention",
        "user": "U7",
        "text": f"<@UBOT> {text}",
        "channel": "C1",
        "ts": f"1.{number}",
        **more,
    }
    return {"type": "event_callback", "team_id": "T1", "event_id": f"Ev{number}", "event": event}


def direct(text: str, user: str, number: int = 1, **more: Any) -> dict[str, Any]:
    event = {
        "type": "message",
        "channel_type": "im",
        "user": user,
        "text": text,
        "channel": "D1",
        "ts": f"2.{number}",
        **more,
    }
    return {"type": "event_callback", "team_id": "T1", "event_id": f"Dv{number}", "event": event}


def test_without_its_settings_there_is_no_slack(owner: Owner, settings: Settings, budgets: Budgets) -> None:
    for told in ({}, {"slack_signing_secret": SECRET}, {"slack_token": "xoxb-1"}):
        bare = FastAPI()
        assert (
            add_slack(
                bare, settings.model_copy(update=told), owner.reader(), audit_of(settings, owner.catalog), budgets
            )
            is None
        )
        with TestClient(bare) as client:
            assert client.post("/slack/events", content=b"{}").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Signature": signed(b"{}")["X-Slack-Signature"]},
        signed(b"{}", "another secret"),
        signed(b"{ }"),
        signed(b"{}", at=time.time() - 86_400),
        signed(b"{}", at=time.time() + 86_400),
        {**signed(b"{}"), "X-Slack-Request-Timestamp": "soon"},
        {**signed(b"{}"), "X-Slack-Signature": "v0=é".encode().decode("latin-1")},
        {**signed(b"{}"), "X-Slack-Signature": "v0="},
    ],
)
def test_what_slack_did_not_sign_is_refused(headers: dict[str, str]) -> None:
    assert not is_signed(b"{}", {name.lower(): value for name, value in headers.items()}, SECRET)


def test_only_what_is_signed_is_read(app: tuple[TestClient, SlackApp], slack: SlackServer) -> None:
    client, added = app
    for path in ("/slack/events", "/slack/command"):
        assert client.post(path, content=b"{}").status_code == 403
        assert client.post(path, content=b"{}", headers=signed(b"{}", "another")).status_code == 403
        assert client.post(path, content=b"\xff", headers=signed(b"\xff")).status_code == 403
        assert client.post(path, content=b"x" * 1_000_001).status_code == 413
    for body in (b"[]", b"nonsense", b'{"type":', b"[" * 100_000):
        assert client.post("/slack/events", content=body, headers=signed(body)).status_code == 400
    body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    assert client.post("/slack/events", content=body, headers=signed(body)).json() == {"challenge": "abc"}
    added.worker.wait()
    assert slack.calls == []


def test_a_mention_is_answered_in_its_thread_as_everyone_may_see(
    app: tuple[TestClient, SlackApp], slack: SlackServer
) -> None:
    client, added = app
    assert send(client, mention("How do I force-unlock the terraform state?")) == 200
    assert send(client, mention(QUESTION, 2, thread_ts="1.1")) == 200
    added.worker.wait()
    by_text = sorted(slack.posted(), key=lambda told: "force-unlock" not in told["text"])
    answered, refused = by_text
    assert (answered["channel"], answered["thread_ts"], refused["thread_ts"]) == ("C1", "1.1", "1.1")
    assert "terraform force-unlock" in answered["text"]
    assert "<https://wiki.example.org/unlock.md#L3-L3|" in answered["text"]
    assert not any(called in answered["text"] for called in ("<@", "<!", " @here"))
    assert (answered["unfurl_links"], answered["link_names"], answered["parse"]) == (False, False, "none")
    assert "04:10" not in refused["text"]  # U7 may see it, the channel may not
    assert "Payout" not in refused["text"]


def test_a_direct_message_is_answered_as_the_reader_may_see(
    app: tuple[TestClient, SlackApp], slack: SlackServer
) -> None:
    slack.emails = {"U8": "Jo@example.org", "U9": "al@example.org"}
    client, added = app
    for number, user in enumerate(("U7", "U8", "U9", "UX")):
        assert send(client, direct(QUESTION, user, number)) == 200
        added.worker.wait()
    assert [("04:10" in told["text"], told["channel"]) for told in slack.posted()] == [
        (True, "D1"), (True, "D1"), (False, "D1"), (False, "D1"),
    ]  # fmt: skip


def test_each_user_has_the_limits_of_a_caller(app: tuple[TestClient, SlackApp], slack: SlackServer, keys: Keys) -> None:
    client, added = app
    keys.spend("slack:U7", datetime.now(UTC).date().isoformat(), 1000)
    for number, (user, asked) in enumerate((("U7", QUESTION), ("U7", "alert PodCrashLooping"), ("U8", QUESTION))):
        send(client, direct(asked, user, number))
        added.worker.wait()
    spent, runbook, other = [told["text"] for told in slack.posted()]
    assert "the 1000 tokens of the model that slack:U7 may use in a day are used: try again in" in spent
    assert "kubectl delete pod" in runbook  # which asks no model
    assert "tokens" not in other
    for number in range(100, 150):  # a slow machine gets some of them back meanwhile
        send(client, direct("help", "U9", number))
        added.worker.wait()
    told = [one["text"][:28] for one in slack.posted()[3:]]
    assert told[:20] == ["Ask me a question, or write "] * 20
    assert "You asked more than 20 times" in told
    send(client, direct("help", "U8", 40))
    added.worker.wait()
    assert slack.posted()[-1]["text"].startswith("Ask me")


def test_a_group_taken_away_is_gone_with_the_next_question(
    app: tuple[TestClient, SlackApp], slack: SlackServer, tmp_path: Path
) -> None:
    client, added = app
    send(client, direct(QUESTION, "U7", 1))
    added.worker.wait()
    (tmp_path / "users.yaml").write_text("U8: [payments]\n")
    send(client, direct(QUESTION, "U7", 2))
    added.worker.wait()
    (tmp_path / "users.yaml").write_text("no: [mapping\n")
    send(client, direct(QUESTION, "U7", 3))
    added.worker.wait()
    assert ["04:10" in told["text"] for told in slack.posted()] == [True, False, False]


def test_an_event_that_comes_again_is_answered_once(app: tuple[TestClient, SlackApp], slack: SlackServer) -> None:
    client, added = app
    assert send(client, mention("How is the state unlocked?")) == 200
    assert send(client, mention("How is the state unlocked?"), **{"X-Slack-Retry-Num": "1"}) == 200
    again = {**mention("How is the state unlocked?"), "event_id": "EvOther"}  # the same message by another event
    assert send(client, again) == 200
    added.worker.wait()
    assert len(slack.posted()) == 1


def test_bots_and_edits_are_passed_over(app: tuple[TestClient, SlackApp], slack: SlackServer) -> None:
    client, added = app
    changes: list[dict[str, Any]] = [
        {"bot_id": "B1"}, {"subtype": "message_changed"}, {"subtype": "bot_message"}, {"user": None},
        {"bot_profile": {"id": "B"}},
        {"channel_type": "channel"}, {"channel_type": "mpim"}, {"type": "reaction_added"}, {"channel": ""},
    ]  # fmt: skip
    for number, more in enumerate(changes):
        payload = direct(QUESTION, "U7", number)
        assert send(client, {**payload, "event": {**payload["event"], **more}}) == 200
    assert (
        send(client, mention("How is the state unlocked?", channel_type="im")) == 200
    )  # comes as a direct message too
    assert send(client, {"type": "event_callback", "event": "x"}) == 200
    assert send(client, {"type": "app_rate_limited"}) == 200
    added.worker.wait()
    assert slack.calls == []


def test_other_organisations_are_answered_nothing(app: tuple[TestClient, SlackApp], slack: SlackServer) -> None:
    client, added = app
    asked = "How is the terraform state unlocked?"
    for number, more in enumerate(({"user_team": "T2"}, {"source_team": "T2"})):
        send(client, mention(asked, number, **more))
    send(client, {**mention(asked, 2), "is_ext_shared_channel": True})
    send(client, mention(asked, 3, user_team="T1"))
    added.worker.wait()
    assert sorted("force-unlock" in told["text"] for told in slack.posted()) == [False, False, False, True]


def test_a_thread_is_one_conversation(app: tuple[TestClient, SlackApp], slack: SlackServer) -> None:
    client, added = app
    send(client, mention("How is the terraform state unlocked?"))
    added.worker.wait()
    send(client, mention("Which id does it need?", 2, thread_ts="1.1"))
    added.worker.wait()
    send(client, mention("Which id does it need?", 3))
    added.worker.wait()
    threads = set(added._answers._threads)
    assert {key[0][2] for key in threads} == {"1.1", "1.3"}


def test_it_is_acknowledged_before_it_is_answered_and_when_too_much_waits(
    app: tuple[TestClient, SlackApp], slack: SlackServer
) -> None:
    client, added = app
    go = threading.Event()
    held = 52  # two at work, fifty that wait
    for number in range(held):
        assert added.worker.put(lambda: bool(go.wait(30)) and None)
        while number < 2 and added.worker._jobs.qsize():
            time.sleep(0.01)
    assert send(client, mention("How is the state unlocked?")) == 503
    body = urlencode({"user_id": "U7", "text": "x", "response_url": f"{slack.address}/commands/1"}).encode()
    assert "too many" in client.post("/slack/command", content=body, headers=signed(body)).json()["text"]
    go.set()
    added.worker.wait()
    go.clear()
    for _ in range(2):
        added.worker.put(lambda: bool(go.wait(30)) and None)
    assert send(client, mention("How is the state unlocked?")) == 200  # it was refused, and may come again
    assert slack.calls == []  # acknowledged, and not answered yet
    go.set()
    added.worker.wait()
    assert len(slack.posted()) == 1


def command(client: TestClient, **form: str) -> dict[str, Any]:
    body = urlencode(form).encode()
    reply = client.post("/slack/command", content=body, headers=signed(body))
    assert reply.status_code == 200
    return dict(reply.json()) if reply.content else {}


def test_a_command_is_answered_to_who_gave_it_with_their_rights(
    app: tuple[TestClient, SlackApp], slack: SlackServer
) -> None:
    client, added = app
    url = f"{slack.address}/commands/1"
    told = command(client, text=QUESTION, user_id="U7", response_url=url, channel_id="C1")
    assert (told["response_type"], told["text"]) == ("ephemeral", "Looking it up …")
    command(client, text="alert PodCrashLooping", user_id="U7", response_url=url)
    added.worker.wait()
    answer, runbook = sorted(slack.replies(), key=lambda one: "04:10" not in one["text"])
    assert "04:10" in answer["text"]
    assert {answer["response_type"], runbook["response_type"]} == {"ephemeral"}
    assert ":rotating_light: `kubectl delete pod POD" in runbook["text"]
    assert command(client, ssl_check="1") == {}
    assert "Ask me a question" in command(client, text="", user_id="U7", response_url=url)["text"]


def test_commands_count_among_the_requests_of_who_gives_them(
    app: tuple[TestClient, SlackApp], slack: SlackServer
) -> None:
    client, added = app
    url = f"{slack.address}/commands/1"
    for number in range(19):
        send(client, direct("help", "U9", number))
    asked = {"text": "alert PodCrashLooping", "response_url": url}
    assert command(client, user_id="U9", **asked)["text"] == "Looking it up …"
    assert command(client, user_id="U9", **asked)["text"].startswith(
        "You asked more than 20 times in a minute; ask again"
    )
    assert command(client, user_id="U8", **asked)["text"] == "Looking it up …"
    added.worker.wait()
    assert len(slack.replies()) == 2


def test_a_reply_goes_to_slack_alone(slack: SlackServer) -> None:
    client = SlackClient("xoxb-1", f"{slack.address}/api")
    for url in (
        "https://evil.example/x",
        "http://hooks.slack.com/x",
        "https://hooks.slack.com.evil.example/",
        "https://[::1",
        "",
    ):
        assert not client._is_slacks(url)
        client.reply(url, "x")
    assert client._is_slacks("https://hooks.slack.com/commands/1")
    slack.statuses = [307]
    client.reply(f"{slack.address}/commands/1", "x")
    assert [path for path, _, _ in slack.calls] == ["/commands/1"]  # no redirect is followed


def test_nothing_in_a_document_calls_anybody_or_hides_a_link() -> None:
    hostile = "<!channel> <@U1> <!subteam^S1> @channel <https://evil.example|Slack> & `x` ``` **b**\n# Head"
    view = {
        "answer": f"{hostile} [1]", "verdict": "answered", "flags": [],
        "citations": [{"number": 1, "title": "a|b>c", "source": "s", "path": "p", "start_line": 1, "end_line": 2,
                       "owner": "<!here>", "updated_at": "", "url": "https://wiki.example.org/a b|c>d"}],
    }  # fmt: skip
    text = answer_text(view)
    links = [part.split(">")[0] for part in text.split("<")[1:]]
    assert links == ["https://wiki.example.org/a%20b%7Cc%3Ed|[1]", "https://wiki.example.org/a%20b%7Cc%3Ed|a¦b&gt;c"], (
        text
    )
    assert "<!" not in text
    assert "<@" not in text
    assert "@channel" not in text
    assert link("javascript:alert(1)", "x") == "x"
    assert link("pods.md@1234", "<x>") == "&lt;x&gt;"
    assert escaped("@everyone @here mail@example.org") == "@\u200beveryone @\u200bhere mail@example.org"


def test_a_long_answer_is_cut_with_its_citations_kept() -> None:
    citation = {
        "number": 1, "title": "T", "source": "s", "path": "p", "start_line": 1, "end_line": 2, "owner": "", "updated_at": "",
        "url": "https://w.example/p",
    }  # fmt: skip
    view = {
        "answer": "```\n" + "a line\n" * 2000 + "```\n[1]",
        "verdict": "answered",
        "flags": [],
        "citations": [citation],
    }
    text = answer_text(view)
    assert len(text) < 4000
    assert "(cut here)" in text
    assert text.endswith("(s/p:1-2)")
    assert text.count("```") == 2
    none = {"name": "<!here>", "runbook": None, "link": {"state": "outside", "url": "https://x.example/"}}
    assert alert_text(none) == (
        "*&lt;!here&gt;*: no runbook was found. There is <https://x.example/|the link in the rule>, which is not synced."
    )


@pytest.mark.parametrize("text", ["[a]", "U1: 7", "U1: [7]", "1: [a]", "a: [", "x", "!!python/object:a.b {}"])
def test_a_file_of_users_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "users.yaml").write_text(text)
    with pytest.raises(SettingsError):
        People(tmp_path / "users.yaml", lambda user: "")
    with pytest.raises(SettingsError):
        People(tmp_path / "none.yaml", lambda user: "")
    assert People(None, lambda user: "x").viewer("U1") == Viewer()
