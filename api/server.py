"""`waypost serve`: the HTTP interface in the process that owns the data folder, which also syncs when asked to."""

from __future__ import annotations

import queue
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import uvicorn
from rich.console import Console

from api.access.doors import check_reachable, identity_from, unnamed
from api.access.peers import is_loopback
from api.checkup import check_up_within
from api.compose import Reader, chosen_sources, model_choice, model_from, progress_event
from api.http import make_app
from api.observability.logs import console_for, start_log
from api.observability.seen import seen_by
from api.owner import Owner, open_owner
from api.scheduler import Scheduler
from api.search_pool import SearchPool, processes_for
from api.settings import Settings
from ingest.sync import as_json
from rag.errors import SettingsError, WaypostError
from rag.owner import Handler
from rag.persona import Personas
from rag.ports import Progress


def run(settings: Settings, host: str, port: int) -> None:
    """Serves until it is told to stop. Raises: WriterBusyError when another process owns the data folder."""
    check_reachable(settings, host)
    sources = chosen_sources(settings, [])  # what is wrong with waypost.yaml is said before anything else
    identity_from(settings, bound=True).close()  # and with who is let in
    model_from(settings)  # and with the model's settings
    start_log(settings, (secret for spec in sources for secret in spec.credentials.secrets))
    personas = Personas(settings.personas)
    personas.chosen(settings.persona)
    stopping = threading.Event()
    owners: list[Owner] = []
    with (
        _listening(host, port) as listener,
        open_owner(
            settings,
            "serve",
            {
                "sync": _sync_handler(owners, stopping),
                "approve": _approve_handler(owners, stopping),
                "doctor": _doctor_handler(owners),
            },
        ) as owner,
    ):
        owners.append(owner)
        address = f"http://{host}:{listener.getsockname()[1]}"
        pool = SearchPool(settings, processes_for(settings))
        console, reader = console_for(settings), owner.reader(pool)
        seen = seen_by(settings, reader)
        console.print(f"Waypost answers at {address} (API: {address}/docs)")
        if hint := unnamed(settings, host):
            console.print(hint, markup=False)
        console.print(model_choice(settings).told)
        for name, why in personas.broken().items():
            console.print(f"{name} can't be used: {why}", markup=False)
        threading.Thread(target=_warm_up, args=(owner, reader, console), name="warm-up", daemon=True).start()
        if not owner.catalog.sources():
            console.print(
                f"nothing has been synced into {settings.home} yet: each source is, now and after its schedule"
            )
        try:
            scheduler = Scheduler(owner, stopping, console)
            scheduler.start()
            seen.metrics.queue("syncs", scheduler.waiting)
            app = make_app(settings, reader, scheduler.push, seen, bound=is_loopback(host))
            # h11 bounds what headers may take (64 kB), httptools does not; and uvicorn would take X-Forwarded-For of whoever is
            # on this machine for the peer: `api.access.peers` decides that
            config = uvicorn.Config(
                app, http="h11", log_config=None, access_log=False, timeout_graceful_shutdown=20, proxy_headers=False
            )
            with _orderly():
                uvicorn.Server(config).run([listener])
        finally:
            stopping.set()
            pool.close()
            seen.close()
            with owner.syncing:  # a sync under way stops at its next step
                owner.note_settings("")


@contextmanager
def _orderly() -> Iterator[None]:
    """uvicorn sends itself the signal that ended it once more; SIGTERM would then end this process before it has put away what
    it works on."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _listening(host: str, port: int) -> socket.socket:
    """A socket bound to the address. Raises: SettingsError when that can't be, for the port is in use."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # from now on who connects is answered, if only once the application is up
    except OSError as error:
        listener.close()
        raise SettingsError(f"can't listen on {host}:{port}: {error.strerror}; choose another with --port") from error
    return listener


def _warm_up(owner: Owner, reader: Reader, console: Console) -> None:
    """Loads the models before the first question needs them, and says which can't be had: questions are answered without it."""
    owner.embedder.embed(["ready"])
    if missing := reader.warm_up():
        console.print(missing, markup=False)


def _approve_handler(owners: list[Owner], stopping: threading.Event) -> Handler:
    """Lets `waypost approve` work while this process owns the data folder."""

    def handle(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        yield owners[0].approve(str(request["source"]), stop=stopping.is_set).as_json()

    return handle


def _doctor_handler(owners: list[Owner]) -> Handler:
    """Lets `waypost doctor` work while this process owns the data folder."""

    def handle(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        yield check_up_within(owners[0], repair=bool(request["repair"])).as_json()

    return handle


def _sync_handler(owners: list[Owner], stopping: threading.Event) -> Handler:
    """Lets `waypost sync` run in this process: progress as it goes, then the report."""

    def handle(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        owner = owners[0]
        ours = str(owner.settings.config.absolute())
        if request["config"] != ours:
            raise SettingsError(
                f"the running `waypost serve` reads {ours}, not {request['config']}; stop it, or name that file"
            )
        if owner.syncing.locked():  # the other one is waited for
            yield progress_event(Progress("waiting"))
        steps: queue.Queue[Mapping[str, Any]] = queue.Queue()

        def work() -> None:
            def show(step: Progress) -> None:
                steps.put(progress_event(step))

            try:
                report = owner.sync(
                    [str(name) for name in request["sources"]], show, stopping.is_set, retry=bool(request.get("retry"))
                )
                steps.put({"report": as_json(report)})
            except WaypostError as error:
                steps.put({"error": str(error), "kind": type(error).__name__})
            except Exception as error:  # noqa: BLE001  # the outermost line of this face: the client must not wait for ever
                steps.put({"error": f"the sync failed: {type(error).__name__}: {error}", "kind": "WaypostError"})

        threading.Thread(target=work, name="sync", daemon=True).start()
        while True:
            step = steps.get()
            yield step
            if "progress" not in step:
                return

    return handle
