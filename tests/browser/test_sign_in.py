"""Signing in and out in Chromium: what only an audience may see is there in between, and neither before nor after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.access.keys import FILE, Keys
from tests.browser.conftest import Opened, Seen, Served

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(900)]
THERE = "/search?q=zanzibar"


@pytest.fixture
def token(served: Served) -> Iterator[str]:
    """The token of a key of the board's, which is there for this test alone."""
    keys = Keys(served.owner.settings.home / FILE)
    yield keys.create("ada", ["board"], ["read", "ask"], "")[1]
    keys.revoke("ada")
    keys.close()


def shows(page: Any) -> bool:
    """Whether the hidden document is anywhere on the page."""
    return "Zanzibar minutes" in page.inner_text("main")


def test_what_only_the_board_sees_is_there_between_signing_in_and_out(
    opened: Opened, served: Served, seen: Seen, token: str
) -> None:
    page = opened(THERE)
    assert not shows(page)
    page.click("header >> text=Sign in")
    page.fill("#token", "wp_nonsense")
    page.keyboard.press("Enter")
    page.wait_for_selector("#wrong")
    page.fill("#token", token)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search\?q=zanzibar$"))  # back where one was going
    assert shows(page)
    assert "ada" in page.inner_text("header .who")
    kept = page.evaluate("document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
    assert not [word for word in ("waypost_session", token[:15]) if word in kept + page.url + page.content()]
    document = page.locator("main a[href^='/source/']").first.get_attribute("href")
    page.goto(served.address + document)
    assert "closes in May" in page.inner_text("body")
    page.goto(served.address + "/")
    page.fill("#question", "When does the zanzibar merger close?")
    page.keyboard.press("Enter")
    page.wait_for_selector("article.answered .cite")
    thread = page.url

    page.click("text=Sign out")
    page.wait_for_url(re.compile(r"/signin$"))
    page.goto(served.address + THERE)
    assert not shows(page)
    assert page.locator("header >> text=Sign in").count() == 1
    seen.wrong.clear()  # the token that was wrong is an answer of 403, which the console tells
    for hidden in (served.address + document, thread):
        page.goto(hidden)
        assert page.inner_text("h1") == "Not here"
        assert "erger" not in page.inner_text("body")
    assert [told for told in seen.wrong if "404" not in told] == []


def test_a_page_that_is_not_there_leads_back(opened: Opened, served: Served) -> None:
    page = opened("/nowhere")
    assert page.inner_text("h1") == "Not here"
    page.click("text=Back to the first page")
    page.wait_for_url(served.address + "/")
    assert page.locator("#question").count() == 1
