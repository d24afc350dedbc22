"""By which names one may call, and whose pages are ours: one list, whoever asks."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from api.access.doors import unnamed
from api.access.hosts import Hosts
from api.http import make_app
from api.owner import Owner
from api.settings import Settings, parts_of
from rag.errors import SettingsError
from tests.api.conftest import LOOPBACK

OURS = "KB.example.org, *.ops.example.org,10.0.0.7,[fd00::7]"


@pytest.mark.parametrize(
    ("called", "serves"),
    [
        ("localhost", True), ("127.0.0.1:8765", True), ("[::1]:8765", True), ("kb.example.org", True),
        ("KB.Example.org:8443", True), ("a.ops.example.org", True), ("10.0.0.7:80", True), ("[fd00::7]", True),
        ("ops.example.org", False), ("evil.example.org", False), ("kb.example.org.evil.test", False), ("", False),
        ("x@localhost", False), ("localhost/x", False), ("[::1", False), ("localhost:x", False), ("a:80@localhost", False),
    ],
)  # fmt: skip
def test_by_which_names_one_may_call(called: str, serves: bool) -> None:
    assert Hosts.of(OURS).serve(called) is serves


@pytest.mark.parametrize(
    ("origin", "called", "known", "own"),
    [
        ("http://localhost:8765", "127.0.0.1:8765", True, True),  # this machine's own names are in the list too
        ("http://[::1]:8765", "localhost:8765", True, True),
        ("http://localhost:3000", "127.0.0.1:8765", True, False),  # another program's
        ("https://kb.example.org", "10.0.0.7:8765", True, True), ("https://a.ops.example.org:1", "kb.example.org", True, True),
        ("http://waypost.test:3000", "waypost.test:3000", False, True), ("http://evil.test", "localhost", False, False),
        ("null", "localhost", False, False), ("http://[::1", "localhost", False, False), ("", "", False, False),
    ],
)  # fmt: skip
def test_whose_pages_are_ours(origin: str, called: str, known: bool, own: bool) -> None:
    hosts = Hosts.of(OURS)
    assert (hosts.know(origin), hosts.own(origin, called)) == (known, own)


def test_any_name_is_not_any_page() -> None:
    anything = Hosts.of("*")
    assert (anything.serve("evil.test"), anything.own("http://evil.test", "localhost")) == (True, False)


@pytest.mark.parametrize("wrong", ["https://kb.example.org", "kb*.example.org", "a b"])
def test_what_is_no_name_is_said(wrong: str) -> None:
    with pytest.raises(SettingsError, match="WAYPOST_ALLOWED_HOSTS"):
        Hosts.of(f"kb.example.org,{wrong}")


def test_lists_are_read_in_one_way() -> None:
    assert parts_of(" a, b ,,a,") == ("a", "b")


def test_a_name_that_is_not_known_is_told_what_to_set(owner: Owner) -> None:
    client = TestClient(
        make_app(owner.settings, owner.reader()), base_url="http://kb.example.org:8765", client=LOOPBACK
    )
    reply = client.get("/v1/search", params={"q": "x"})
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")
    told = reply.json()
    assert "WAYPOST_ALLOWED_HOSTS=kb.example.org " in told["detail"]
    assert told["request_id"] == reply.headers["x-request-id"]


def test_who_listens_for_others_is_told_that_names_are_missing(settings: Settings) -> None:
    assert "WAYPOST_ALLOWED_HOSTS" in unnamed(settings, "0.0.0.0")
    assert not unnamed(settings, "127.0.0.1")
    assert not unnamed(settings.model_copy(update={"allowed_hosts": "kb.example.org"}), "0.0.0.0")
