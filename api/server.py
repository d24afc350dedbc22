"""`waypost serve`: the HTTP interface in the process that owns the data folder, which also syncs when asked to."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import uvicorn
from rich.console import Console

from api.compose import Owner, open_owner, progress_event
from api.http import make_app
from api.settings import Settings
from ingest.sync import as_json
from rag.errors import SettingsError, WaypostError
from rag.owner import Handler
from rag.ports import Progress


def run(settings: Settings, host: str, port: int) -> None:
    """Serves until it is told to stop. Raises: WriterBusyError when another process owns the data folder."""
    if host not in ("127.0.0.1", "::1", "localhost"):
        raise SettingsError(
            f"--host {host}: without log-in Waypost listens on loopback only (127.0.0.1); put a proxy that checks users in front"
        )
    stopping = threading.Event()
    owners: list[Owner] = []
    with open_owner(settings, "serve", {"sync": _sync_handler(owners, stopping)}) as owner:
        owners.append(owner)
        warm = threading.Thread(target=_warm_up, args=(owner,), name="warm-up", daemon=True)
        warm.start()
        Console(stderr=True).print(f"Waypost answers at http://{host}:{port} (API: http://{host}:{port}/docs)")
        try:
            uvicorn.run(
                make_app(settings, owner.reader()),
                host=host,
                port=port,
                log_level="warning",
                timeout_graceful_shutdown=20,
            )
        finally:
            stopping.set()
            with owner.syncing:  # a sync under way stops at its next step
                pass


def _warm_up(owner: Owner) -> None:
    """Loads the embedding model before the first question needs it."""
    owner.embedder.embed(["ready"])


def _sync_handler(owners: list[Owner], stopping: threading.Event) -> Handler:
    """Lets `waypost sync` run in this process: progress as it goes, then the report."""

    def handle(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        steps: queue.Queue[Mapping[str, Any]] = queue.Queue()

        def work() -> None:
            def show(step: Progress) -> None:
                steps.put(progress_event(step))

            try:
                report = owners[0].sync([str(name) for name in request["sources"]], show, stopping.is_set)
                steps.put({"report": as_json(report)})
            except WaypostError as error:
                steps.put({"error": str(error), "kind": type(error).__name__})

        threading.Thread(target=work, name="sync", daemon=True).start()
        while True:
            step = steps.get()
            yield step
            if "progress" not in step:
                return

    return handle
