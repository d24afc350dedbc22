"""Ask, read the cited lines, keys, broken streams, hostile documents and answers, accessibility: in Chromium."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rag.ports import ModelEvent, Prompt
from rag.records import Viewer
from rag.threads import Threads, Turn
from tests.api.hostile_markdown import HOSTILE
from tests.browser.conftest import Opened, Seen, Served

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(900)]
QUESTION = "How do I force-unlock terraform?"
AXE = os.environ.get("WAYPOST_TEST_AXE", "")


class SlowModel:
    """Says a script piece by piece, with pauses, so that the page can be looked at meanwhile."""

    name = "slow"

    def __init__(self, *script: ModelEvent | Exception, pause: float = 0.5) -> None:
        self._script = script
        self._pause = pause

    def stream(self, prompt: Prompt) -> Iterator[ModelEvent]:
        for event in self._script:
            time.sleep(self._pause)
            if isinstance(event, Exception):
                raise event
            yield event


@pytest.fixture
def model(served: Served) -> Iterator[Any]:
    """Sets the model that answers, for one test."""

    def use(one: Any) -> None:
        served.reader._model = one

    yield use
    served.reader._model = None


def ask(page: Any, question: str = QUESTION) -> None:
    page.keyboard.press("/") if page.evaluate("document.activeElement.id") != "question" else None
    page.fill("#question", question)
    page.keyboard.press("Enter")


def test_ask_read_the_cited_lines_and_go_on(opened: Opened, seen: Seen) -> None:
    page = opened()
    ask(page)
    page.wait_for_selector("article.answered")
    page.wait_for_url(re.compile(r"/t/[\w-]+$"))
    page.locator("article h2").first.click()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.className") == "cite"
    page.keyboard.press("Enter")
    page.wait_for_selector("#source .l.cited")
    cited = "\n".join(page.locator("#source .l.cited").all_inner_texts())
    assert "force-unlock" in cited or "Deprecated" in cited
    assert page.evaluate(IN_SIGHT) is True
    assert "platform" in page.inner_text("#source .facts")
    page.keyboard.press("Escape")
    assert page.evaluate("document.getElementById('source').childElementCount") == 0
    assert page.evaluate("document.activeElement.className") == "cite"
    ask(page, "who may do it?")
    page.wait_for_selector("#turns > article:nth-child(2):not([aria-busy])")
    here = page.url
    page.reload()
    assert page.locator("#turns > article").count() == 2
    assert page.url == here
    page.click("text=Yes >> nth=0")
    page.wait_for_selector("text=Thank you")
    assert seen.wrong == []


IN_SIGHT = """() => {
  const box = document.querySelector("#source .cited").getBoundingClientRect();
  const head = document.querySelector("#source .source-head").getBoundingClientRect();
  return box.top >= head.bottom - 1 && box.bottom <= window.innerHeight;
}"""


def test_on_a_phone_the_source_lies_over_the_answer(opened: Opened) -> None:
    page = opened(viewport={"width": 360, "height": 700}, has_touch=True, is_mobile=True)
    ask(page)
    page.wait_for_selector("article.answered")
    page.locator(".cite").first.click()
    page.wait_for_selector("#source .l.cited")
    assert page.evaluate(IN_SIGHT) is True
    assert page.evaluate("document.documentElement.scrollWidth <= 360")
    page.click("#source .close")
    assert page.is_hidden("#source")


def test_an_answer_comes_piece_by_piece_and_ends_whole(opened: Opened, model: Any, seen: Seen) -> None:
    model(SlowModel(*(ModelEvent(text=f"Sentence number {n} says something. \n\n") for n in range(6))))
    page = opened()
    ask(page)
    page.wait_for_selector("article[aria-busy] .draft p")
    assert page.locator("article .verdict").count() == 0
    page.wait_for_selector("article:not([aria-busy]) .verdict")
    assert "Sentence number 5" in page.inner_text("article .answer")
    assert seen.wrong == []


def test_a_stream_that_breaks_is_shown_as_broken(opened: Opened, model: Any, served: Served) -> None:
    model(
        SlowModel(ModelEvent(text="The first half is here. \n\n"), ModelEvent(text="More. \n\n"), RuntimeError("boom"))
    )
    page = opened()
    ask(page)
    page.wait_for_selector("article[data-state=broken] .broken")
    assert "broke off" in page.inner_text("article .broken")
    assert page.locator("article .verdict").count() == 0
    model(None)
    page.click("text=Ask again")
    page.wait_for_selector("article.answered")
    lost = opened()
    lost.route("**/ask/*", lambda route: route.abort())
    asked: list[str] = []
    lost.on("request", lambda request: "/ask/" in request.url and asked.append(request.url))
    ask(lost)
    lost.wait_for_selector("article[data-state=broken] .broken")
    lost.wait_for_timeout(2500)
    assert len(asked) == 1  # it does not ask again by itself


def test_search_as_one_types(opened: Opened, seen: Seen) -> None:
    page = opened("/search")
    page.locator("#question").press_sequentially("force-unlock", delay=40)
    page.wait_for_selector(".results .result")
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("#source .l")
    assert seen.wrong == []


def test_a_terraform_block_and_its_drawing(opened: Opened, seen: Seen) -> None:
    page = opened("/terraform?address=aws_vpc.main")
    page.locator(".drawing img").scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.querySelector('.drawing img').naturalWidth") > 100
    page.click("td.n a")
    page.wait_for_selector("#source .l.cited")
    assert seen.wrong == []


def test_keys_are_told(opened: Opened) -> None:
    page = opened()
    page.locator("h1").click()
    page.keyboard.press("?")
    assert page.is_visible("#keys")
    page.keyboard.press("Escape")
    assert page.is_hidden("#keys")


def test_hostile_documents_run_nothing_and_load_nothing(opened: Opened, served: Served, seen: Seen) -> None:
    page = opened()
    documents = [one for one in served.owner.catalog.documents_for(Viewer()) if one.source == "hostile"]
    assert len(documents) >= 250
    for document in documents:
        for view in ("lines", "page"):
            path = f"/source/{document.id}?start=1&end=9&view={view}"
            page.evaluate("path => htmx.ajax('GET', path, {target: '#source', swap: 'innerHTML'})", path)
            assert (
                page.evaluate("document.querySelectorAll('#source :is(img, script, iframe, svg, style)').length") == 0
            )
    page.wait_for_timeout(500)
    assert (page.evaluate("window.hits"), seen.wrong, page.url) == (0, [], served.address + "/")


def test_hostile_answers_run_nothing_and_load_nothing(opened: Opened, served: Served, seen: Seen) -> None:
    """They stand in threads, whose text no `rag.answers.outgoing.outlet` sees any more."""
    threads, at = Threads(served.owner.settings.home / "threads.db", 90), datetime.now(UTC).isoformat()
    for first in range(0, len(HOSTILE), 15):
        thread = ""
        for text in HOSTILE[first : first + 15]:
            said = text.encode("utf-8", "replace").decode()
            flags = (("destructive", said, said), ("conflict", said, said))
            thread = threads.add(thread, Viewer(), Turn(said, said, "partial", said, (), at, (), flags, said))
        page = opened(f"/t/{thread}")
        assert page.locator("#turns > article").count() == len(HOSTILE[first : first + 15])
        assert (
            page.evaluate("document.querySelectorAll('main :is(img, script, iframe, svg, style, link, base)').length")
            == 0
        )
        assert (page.evaluate("window.hits"), seen.wrong) == (0, [])


def test_a_hostile_answer_that_streams(opened: Opened, model: Any, seen: Seen) -> None:
    told = [text.encode("utf-8", "replace").decode() for text in HOSTILE if len(text) < 300]
    model(SlowModel(*(ModelEvent(text=f"{text} \n\n") for text in told), pause=0.02))
    page = opened()
    ask(page)
    page.wait_for_selector("article:not([aria-busy])")
    assert page.evaluate("document.querySelectorAll('main article :is(img, script, iframe, svg, style)').length") == 0
    assert (page.evaluate("window.hits"), seen.wrong) == (0, [])


@pytest.mark.skipif(not AXE, reason="no axe-core: make test-browser fetches it")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_no_serious_fault(opened: Opened, scheme: str, width: int) -> None:
    page = opened("/", color_scheme=scheme, viewport={"width": width, "height": 800})
    faults = {"/": axe(page)}
    ask(page)
    page.wait_for_selector("article.answered")
    faults["an answer"] = axe(page)
    page.locator(".cite").first.click()
    page.wait_for_selector("#source .l.cited")
    faults["a source"] = axe(page)
    for path in PATHS:
        page.goto(re.sub(r"^(https?://[^/]+).*", r"\1", page.url) + path)
        faults[path] = axe(page)
    assert {where: found for where, found in faults.items() if found} == {}


PATHS = (
    "/search?q=unlock", "/terraform", "/terraform?address=aws_vpc.main", "/sources", "/gaps", "/drift", "/signin", "/t/none",
)  # fmt: skip


def axe(page: Any) -> list[str]:
    """What axe-core finds serious or critical."""
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['impact']} {one['id']}: {node['html'][:150]} {node['failureSummary'][:200]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
