"""What every command of the line shares: its options, the two consoles, progress bars, JSON on stdout."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.settings import Settings
from rag.errors import RetryLaterError, SettingsError
from rag.ports import Progress as Step
from rag.steering import STEERING


class Terminal(Console):
    """A console whose texts, which hold what documents say, move no terminal and turn nothing round."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(_still(one) if isinstance(one, str) else one for one in objects), **options)


def _still(text: str) -> str:
    return STEERING.sub(lambda found: found[0] if found[0] in "\t\n" else "\ufffd", text)


out, err = Terminal(highlight=False, soft_wrap=True), Terminal(stderr=True, highlight=False, soft_wrap=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The file that names the sources (waypost.yaml, or WAYPOST_CONFIG).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
GroupsOption = Annotated[str, typer.Option("--as-groups", help="Search as a member of these groups (comma-separated).")]
SourceOption = Annotated[list[str] | None, typer.Option("--source", help="Only this source (repeatable).")]
KindOption = Annotated[list[str] | None, typer.Option("--kind", help="Only this kind of document (repeatable).")]
PathOption = Annotated[list[str] | None, typer.Option("--path", help="Only paths that match this glob (repeatable).")]


def settings_from(config: Path | None, *, told: bool = True) -> Settings:
    """The settings; a command that reads sources or keeps their file is not `told` what is wrong with it, for it refuses then."""
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = "; ".join(f"WAYPOST_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"a setting in the environment is not valid: {wrong}") from error
    if config:
        settings = settings.model_copy(update={"config": config})
    if told and (trouble := settings.trouble):
        err.print(f"[yellow]{escape(trouble)}: this is of what was synced before[/yellow]")
    return settings


def server_of(settings: Settings) -> str:
    """The socket of the `waypost serve` that owns the data folder and does the work for other commands; "" without one."""
    from rag.owner import owner_of

    holder = owner_of(settings.home)
    return str(holder.get("socket", "")) if holder.get("role") == "serve" else ""


def asked(address: str, request: dict[str, Any]) -> dict[str, Any]:
    """What a server answers to a request of one answer, which may take an hour. Raises: RetryLaterError; what it reports."""
    from rag.owner import call

    for answer in call(address, request, timeout=3600):
        return answer
    raise RetryLaterError("the server ended before it answered; try again")


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


class ProgressBars:
    """A bar for each source's reading and one for the embedding, on stderr; silent where stderr is no terminal."""

    def __init__(self) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=err, transient=True)
        self._tasks: dict[tuple[str, str], Any] = {}

    def __enter__(self) -> ProgressBars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, step: Step) -> None:
        key = (step.stage if step.stage == "embedding" else "source", step.source)
        label = f"{step.stage} {step.source}".strip()
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(label, total=step.total or None)
        self._progress.update(self._tasks[key], description=label, completed=step.done, total=step.total or None)


class StopOnSignal:
    """True once Ctrl-C or SIGTERM came; a second Ctrl-C ends the process at once."""

    def __init__(self) -> None:
        self._asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopOnSignal:
        self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _frame: Any) -> None:
        self._asked = True
        signal.signal(number, signal.SIG_DFL)
        err.print("[yellow]stopping after this step; once more to stop at once[/yellow]")

    def __call__(self) -> bool:
        return self._asked
