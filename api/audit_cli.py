"""`waypost audit`: who was shown what, its export, and the proof that nobody changed it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from api import failures
from api.console import ConfigOption, JsonOption, err, out, print_json, settings_from
from rag.errors import NotFoundError, SettingsError, StorageError

if TYPE_CHECKING:
    from api.observability.chain import Chain
    from api.settings import Settings

audit = typer.Typer(help="List who was shown what; `export` it, `verify` that nobody changed it.")


@audit.callback(invoke_without_command=True)
def entries(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="A day or a time (ISO 8601, UTC unless it says).")] = "",
    until: Annotated[str, typer.Option(help="Up to this, not included.")] = "",
    caller: Annotated[str, typer.Option(help="Only what this caller was shown.")] = "",
    document: Annotated[str, typer.Option(help="Who was shown this document: SOURCE/PATH, or its id.")] = "",
    limit: Annotated[int, typer.Option("-n", min=1, max=100_000, help="How many, the newest.")] = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who asked what and which documents were shown, newest first."""
    if context.invoked_subcommand:
        return
    from api.observability.chain import Wanted
    from api.observability.moments import moment
    from api.v1.audit import recorded_view

    settings = settings_from(config)
    named = _id_of(settings, document) if "/" in document else document
    found = [
        recorded_view(one)
        for one in _chain(settings).entries(Wanted(moment(since), moment(until), caller, named), limit)
    ]
    if as_json:
        print_json({"entries": found})
        return
    places = _places(settings, [one["document_id"] for entry in found for one in entry["documents"]])
    for entry in found:
        _print(entry, places)
    out.print(f"{len(found)} entries")


@audit.command()
def export(
    file: Annotated[Path, typer.Argument(help="The file to write, a line of JSON for each entry.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the whole audit into a file, oldest first, with all that proves it."""
    rows, count = _chain(settings_from(config)).export(), 0
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
            for row in rows:
                handle.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
    except FileExistsError:
        raise SettingsError(f"{file} is there already; name another file") from None
    except OSError as error:
        raise StorageError(f"{file} can't be written: {error.strerror or error}") from error
    if as_json:
        print_json({"file": str(file), "entries": count})
    else:
        out.print(f"Wrote {count} entries into {escape(str(file))}")


@audit.command()
def verify(
    head: Annotated[str, typer.Option(help="NUMBER:HASH that an earlier `verify` told: it must be there still.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that nobody changed the audit, or took anything from it."""
    proof = _chain(settings_from(config)).verify(head)
    if as_json:
        print_json({"sound": proof.sound, **asdict(proof)})
    else:
        for fault in proof.faults[:50]:
            err.print(f"[red]{escape(fault)}[/red]")
        kept = f"{proof.entries} entries, {proof.first} to {proof.last}" if proof.entries else "no entries"
        cut = f"; retention took those up to {proof.cut}" if proof.cut else ""
        out.print(f"{kept}{cut}; a purge took the words of {proof.erased}")
        out.print(f"head {proof.last}:{proof.head}" if proof.entries else "no head yet")
        out.print(
            "Note the head elsewhere: `--head` proves by it that nothing was cut off or written anew." * proof.sound
        )
    raise typer.Exit(failures.DONE if proof.sound else failures.FAILED)


def _chain(settings: Settings) -> Chain:
    from api.observability.chain import FILE, Chain

    return Chain(settings.home / FILE)


def _id_of(settings: Settings, place: str) -> str:
    """The id of a document that is there. Raises: NotFoundError."""
    from rag.catalog import Catalog

    source, _, path = place.partition("/")
    catalog = Catalog(settings.catalog_url, read_only=True)
    try:
        found = catalog.versions((), [(source, path)])
    finally:
        catalog.close()
    if not found:
        raise NotFoundError(f"there is no document {place} (any more); name it by its id, which the audit has")
    return next(iter(found))


def _places(settings: Settings, ids: list[str]) -> dict[str, str]:
    """Id to SOURCE/PATH of the documents that are there still."""
    from rag.catalog import Catalog

    if not ids:
        return {}
    try:
        catalog = Catalog(settings.catalog_url, read_only=True)
    except SettingsError:
        return {}
    try:
        return {one: f"{found.source}/{found.path}" for one, found in catalog.documents(set(ids)).items()}
    finally:
        catalog.close()


def _print(entry: dict[str, Any], places: dict[str, str]) -> None:
    who = f"{entry['caller']} ({entry['via']}, {entry['face']})" if entry["via"] else entry["caller"]
    asked = "[question purged]" if entry["erased"] else entry["query"] or entry["note"]
    verdict = f": {entry['verdict']}" if entry["verdict"] else ""
    out.print(f"{entry['number']}  {entry['at'][:19]}  {escape(who)}  [bold]{entry['action']}[/bold]{escape(verdict)}")
    if asked:
        out.print(f"   {escape(asked)}")
    for shown in entry["documents"][:8]:
        place = places.get(shown["document_id"], f"{shown['document_id']}, which is gone")
        out.print(f"   [cyan]{escape(place)}[/cyan] at {escape(shown['version'][:12])}")
    if entry["count"] > 8:
        out.print(f"   … {entry['count']} in all; --json has {len(entry['documents'])} of them")
