"""A synced home with two audiences, served over HTTP to a member of `payments` and to an outsider, for what speaks MCP or the
OpenAI API; by a real uvicorn on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from api.http import make_app
from api.owner import Owner, open_owner
from api.settings import Settings
from tests.conftest import configure, write

OPEN = {
    "unlock.md": "# Unlock the state\n\nRun `terraform force-unlock` with the lock id.\n\nSee who holds the lock first.\n",
    "runbooks/KubePodCrashLooping.md": "# KubePodCrashLooping\n\n## Steps\n\n1. Read the pod's last log.\n2. Roll back.\n",
    "network/vpc.tf": 'variable "cidr" {\n  default = "10.7.0.0/16"\n}\n\nresource "aws_vpc" "main" {\n'
    "  cidr_block = var.cidr\n}\n",
    "long.md": "# Long\n\n" + "".join(f"Line {number} of a long page about glaciers.\n\n" for number in range(2000)),
}
HIDDEN = {
    "pay.md": "---\naudience: [payments]\n---\n# Zanzibar payouts\n\nThe zanzibar batch runs at 04:10 with force-unlock.\n",
    "runbooks/ZanzibarStuck.md": "---\naudience: [payments]\n---\n# ZanzibarStuck\n\n## Steps\n\n1. Restart the zanzibar.\n",
}
SECRET = {
    "db.tf": 'resource "aws_db_instance" "zanzibar" {\n  instance_class = "db.zanzibar"\n  vpc_id = aws_vpc.main.id\n}\n\n'
    'resource "aws_vpc" "main" {\n  cidr_block = "10.9.0.0/16"\n  tags = { of = "zanzibar" }\n}\n',
    "zanzibar.md": "# Zanzibar\n\nPrivate words about `aws_vpc.main` and the state lock.\n",
}
VAULT = "zanzibar-vault"  # a source of which the outsider may see nothing
WORD = "zanzibar"  # in the title, path, name or text of all that the outsider may not see


@dataclass
class Home:
    """An owner, and what it serves to whom: the MCP addresses of `member` and `outsider`, and the base URLs."""

    owner: Owner
    settings: Settings
    member: str
    outsider: str

    def hidden_ids(self) -> list[str]:
        """The ids of the documents that the outsider may not see."""
        paths = [("wiki", path) for path in HIDDEN] + [(VAULT, path) for path in SECRET]
        found = [self.owner.catalog.document_at(*where) for where in paths]
        return [document.id for document in found if document]

    def id_of(self, path: str, source: str = "wiki") -> str:
        found = self.owner.catalog.document_at(source, path)
        assert found
        return found.id


@contextmanager
def opened_home(folder: Path) -> Iterator[Home]:
    settings = Settings(home=folder / "home", config=folder / "waypost.yaml", embedder="hashing")
    write(folder / "wiki", {**OPEN, **HIDDEN})
    write(folder / "secret", SECRET)
    configure(
        settings,
        {"name": "wiki", "type": "folder", "path": str(folder / "wiki")},
        {"name": VAULT, "type": "folder", "path": str(folder / "secret"), "audience": ["payments"]},
    )
    with ExitStack() as stack:
        owner = stack.enter_context(open_owner(settings, "sync"))
        owner.sync([], lambda step: None, lambda: False)
        served = [
            stack.enter_context(serving(make_app(settings.model_copy(update={"groups": groups}), owner.reader())))
            for groups in ("payments", "")
        ]
        yield Home(owner, settings, *served)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """An application on a port of its own; its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
