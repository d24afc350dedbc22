"""A served Waypost, and headless Chromium that reports every request, script error and refusal by the content policy."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn

from api.compose import Reader
from api.http import make_app
from api.owner import Owner, open_owner
from api.settings import Settings
from tests.api.hostile_markdown import HOSTILE
from tests.conftest import configure, write

CHROMIUM = os.environ.get("WAYPOST_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
LONG = "".join(f"Line {number} of a long runbook.\n\n" for number in range(4, 400))
PAGES = {
    "unlock.md": f"# Unlock the state\n\n{LONG}Run `terraform force-unlock` with the lock id.\n\n{LONG}",
    "old.md": "# Old unlock\n\n> Deprecated: see unlock.md\n\nTo force-unlock terraform delete the table.\n",
    "main.tf": 'resource "aws_vpc" "main" {\n  cidr_block = var.cidr\n}\n\nvariable "cidr" {}\n',
    "outputs.tf": 'output "id" {\n  value = aws_vpc.main.id\n}\n',
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser these tests say how to get one."""
    missing = "" if CHROMIUM else "no Chromium: apt-get install chromium, then make test-browser"
    try:
        import playwright  # noqa: F401
    except ImportError:
        missing = missing or "no Playwright: make test-browser installs it"
    for item in items:
        if missing and "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.skip(reason=missing))


@dataclass
class Served:
    """A running Waypost."""

    address: str
    owner: Owner
    reader: Reader


@dataclass
class Seen:
    """What a browser did: `strange` are requests that left the origin, `wrong` errors and what the policy refused."""

    strange: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("browser")
    write(folder / "wiki", PAGES)
    write(folder / "board", {"minutes.md": "# Zanzibar minutes\n\nThe zanzibar merger closes in May.\n"})
    hostile = {f"h{number:03}.md": f"# Page {number}\n\n{text}\n" for number, text in enumerate(HOSTILE)}
    write(folder / "hostile", {name: text.encode("utf-8", "replace") for name, text in hostile.items()})
    settings = Settings(home=folder / "home", config=folder / "waypost.yaml", embedder="hashing")
    configure(
        settings,
        {"name": "wiki", "type": "folder", "path": str(folder / "wiki"), "owner": "platform"},
        {"name": "hostile", "type": "folder", "path": str(folder / "hostile")},
        {"name": "board", "type": "folder", "path": str(folder / "board"), "audience": ["board"]},
    )
    with open_owner(settings, "sync") as owner, socket.socket() as listener:
        owner.sync([], lambda step: None, lambda: False)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        reader = owner.reader()
        server = uvicorn.Server(uvicorn.Config(make_app(settings, reader), log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", owner, reader)
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


Opened = Callable[..., Any]


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def opened(chromium: Any, served: Served, seen: Seen) -> Iterator[Opened]:
    """Opens a page in a profile of its own; behind the test nothing may have left the origin or been refused."""
    contexts: list[Any] = []

    def open_page(path: str = "/", **context: Any) -> Any:
        made = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **context})
        contexts.append(made)
        made.on("request", lambda request: request.url.startswith(served.address) or seen.strange.append(request.url))
        page = made.new_page()
        page.on("pageerror", lambda error: seen.wrong.append(str(error)))
        page.on("console", lambda told: told.type == "error" and seen.wrong.append(told.text))
        page.on("dialog", lambda dialog: (seen.wrong.append(dialog.message), dialog.dismiss()))
        page.add_init_script("window.hits = 0; window.hit = window.alert = () => { window.hits += 1; };")
        page.set_default_timeout(40_000)
        page.goto(served.address + path)
        return page

    yield open_page
    for one in contexts:
        one.close()
    assert seen.strange == []
