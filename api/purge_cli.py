"""`waypost purge`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from api import failures
from api.console import ConfigOption, JsonOption, err, out, print_json, settings_from
from rag.errors import NotFoundError, SettingsError

if TYPE_CHECKING:
    from api.purge import PurgeReport


def purge(
    document: Annotated[
        str, typer.Argument(metavar="SOURCE/PATH", help="A document, as `waypost search` names it.")
    ] = "",
    value: Annotated[
        str, typer.Option("--value", metavar="-", help="Write `-`: a leaked value is read from stdin, or asked for.")
    ] = "",
    backup: Annotated[list[Path] | None, typer.Option("--backup", help="Rewrite this backup too (repeatable).")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Let syncs read again what was purged.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a document or a leaked value from all that is stored, and prove it; neither comes back with a sync."""
    from api import purge as purging

    settings = settings_from(config)
    source, _, path = document.partition("/")
    if bool(document) == bool(value) or (document and not path):
        raise SettingsError("name a document as SOURCE/PATH, or write `--value -` for a value that leaked")
    secret = _asked_for(value) if value else ""
    if lift:
        if not purging.lift(settings, value=secret, source=source, path=path):
            raise NotFoundError("that was not purged: nothing to lift")
        if as_json:
            print_json({"lifted": True})
        else:
            out.print("The next sync reads it again.")
        return
    files = backup or []
    report = (
        purging.purge_value(settings, secret, files) if value else purging.purge_document(settings, source, path, files)
    )
    if as_json:
        print_json({"clean": report.clean, **asdict(report)})
    else:
        _print_report(report, leaked=bool(value))
    raise typer.Exit(failures.DONE if report.clean else failures.NEEDS_A_PERSON)


def _asked_for(value: str) -> str:
    """The value from stdin. Raises: SettingsError when it was written on the command line, which others can read."""
    if value != "-":
        raise SettingsError(
            "never write a secret on a command line: other users see it, and it is in the shell's history now; remove it there, "
            "and use `--value -`, which reads it from stdin or asks for it"
        )
    if sys.stdin.isatty():
        return str(typer.prompt("The value (not shown)", hide_input=True, err=True))
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError("the value on stdin is not UTF-8") from error


def _print_report(report: PurgeReport, *, leaked: bool) -> None:
    rows = ", ".join(f"{count} {name}" for name, count in report.erased.items()) or "nothing was found in the catalog"
    out.print(f"Purged: {rows}. The indexes were made anew; {report.embedded} texts embedded again.")
    for name in report.mirrors:
        out.print(f"   what was kept of {escape(name)} to read from is removed; the next sync fetches it anew")
    for name in report.backups:
        out.print(f"   rewritten: {escape(name)}")
    if report.waiting:
        out.print(f"   {report.waiting} texts wait for their vectors: run `waypost sync`")
    if report.left_out:
        err.print(f"[yellow]{report.left_out} lines of the value were too short to be looked for[/yellow]")
    for trace in report.remains:
        err.print(f"[red]remains[/red] {escape(trace.file)}: {escape(trace.written)}")
    if report.clean:
        out.print("No file of the data folder holds it any more.")
    if leaked:
        out.print(
            "Replace it where it is used, and remove it at its source: syncs leave it out, but it stands there still."
        )
