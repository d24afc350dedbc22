"""A small organisation behind the HTTP interface, for tests of `api.v1`: one page for everyone, one for payments, a private
source, Terraform, and questions that were asked in vain."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from api.http import make_app
from api.owner import Owner
from api.settings import Settings
from tests.conftest import configure, write

BASE = "http://127.0.0.1:8765"
LOOPBACK = ("127.0.0.1", 50000)  # who sends a test's requests
LONG = "# Long\n\n" + "".join(f"## Step {n}\n\n{'Turn the valve and wait. ' * 30}\n\n" for n in range(8))
FILES = {
    "wiki": {
        "unlock.md": "# Unlock\n\nRun `terraform force-unlock` with the lock id.\n\n## Deployment windows\n\nNone on Fridays.\n",
        "runbooks/long.md": LONG,
        "pay.md": "---\naudience: [payments]\n---\n# Payouts\n\nThe batch runs at 04:10. See aws_vpc.main.\n",
        "vpc.md": "# Network\n\nThe network is `aws_vpc.main` with 10.8.0.0/16.\n",
    },
    "private": {"p.md": "# P\n\nprivate words\n"},
    "infra": {"main.tf": 'resource "aws_vpc" "main" {\n  cidr_block = "10.7.0.0/16"\n}\n'},
}
SOURCES = ({"name": "wiki", "owner": "sre"}, {"name": "private", "audience": ["staff"]}, {"name": "infra"})


def set_up(settings: Settings, folder: Path) -> None:
    """Writes the organisation's files, and the settings of its sources."""
    for name, files in FILES.items():
        write(folder / name, files)
    configure(
        settings, *({**source, "type": "folder", "path": str(folder / str(source["name"]))} for source in SOURCES)
    )


def application(settings: Settings, owner: Owner, pushed: list[str] | None = None) -> FastAPI:
    """The application over it, with webhooks and syncs, which are noted in `pushed`."""
    return make_app(settings, owner.reader(), ([] if pushed is None else pushed).append)


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """The application behind a real server on loopback, as `waypost serve` sets it up; its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http="h11", log_level="error"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
