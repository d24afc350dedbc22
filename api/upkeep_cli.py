"""`waypost status | doctor | forget | generations`: looking after what was synced."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from api import failures
from api.console import (
    ConfigOption,
    JsonOption,
    ProgressBars,
    StopOnSignal,
    asked,
    out,
    print_json,
    server_of,
    settings_from,
)  # fmt: skip

_SHOWN = 20  # held documents that are named

generations = typer.Typer(help="The sets of indexes: which one serves, and going back.")


def forget(
    sources: Annotated[list[str], typer.Argument(help="Names of sources that waypost.yaml no longer names.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take sources that are no longer named out of catalog and indexes."""
    from api.owner import open_owner

    with open_owner(settings_from(config, told=False), "forget") as owner:
        owner.forget(sources)
    if as_json:
        print_json({"forgotten": sources})
    else:
        out.print(f"Forgotten: {escape(', '.join(sources))}")


def approve(
    source: Annotated[str, typer.Argument(help="A source of which a deletion is held: `waypost status` names it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at a source again, and let go what was held because it was much, if it is gone there still."""
    from api.owner import open_owner

    settings = settings_from(config)
    if address := server_of(settings):
        told = asked(address, {"op": "approve", "source": source})
    else:
        with StopOnSignal() as stop, open_owner(settings, "approve") as owner:
            told = owner.approve(source, stop=stop).as_json()
    if as_json:
        print_json(told)
    else:
        out.print(f"{told['removed']} documents of {escape(source)} are gone now; looking again: {told['outcome']}")
        if told["message"]:
            out.print(f"   [yellow]{escape(told['message'])}[/yellow]")
    raise typer.Exit(failures.DONE if told["outcome"] == "done" else failures.NEEDS_A_PERSON)


def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show each source, what was not indexed and why, and what was redacted."""
    from api.compose import model_view
    from api.status import NEVER, named_sources, status_view
    from rag.catalog import Catalog

    settings = settings_from(config)
    catalog = Catalog(settings.catalog_url, read_only=True)
    serving = catalog.serving()
    folder = settings.home / (serving.folder if serving else "none")
    marks = (_watermark(folder / "lexical" / "watermark.json"), _watermark(folder / "vectors" / "state.json"))
    view = status_view(catalog, named_sources(settings), *marks)
    catalog.close()
    trouble, noted = settings.trouble, view["settings"]
    view["settings"] = trouble or noted
    view["model"] = model = model_view(settings)
    if as_json:
        print_json(view)
        return
    if noted and not trouble:  # what this process sees itself is told already
        out.print(f"[yellow]{escape(noted)}[/yellow]")
    for source in view["sources"]:
        counts = ", ".join(f"{count} {name}" for name, count in source["counts"].items())
        counts = counts or ("" if source["state"] == NEVER else "no documents")
        said = f"{source['state']}: {counts}" if counts else source["state"]
        out.print(f"[bold]{escape(source['name'])}[/bold] ({escape(source['type'])}) {said}")
        out.print(f"   {escape(source['location'])}  {_syncs(source)}")
        if source["named"] is False:
            out.print(
                f"   [yellow]no longer in waypost.yaml: `waypost forget {escape(source['name'])}` removes it[/yellow]"
            )
        if source["message"]:
            out.print(f"   [yellow]{escape(source['message'])}[/yellow]")
        for item in source["not_indexed"]:
            again = f" (tried again from {item['retry_at']} on)" if item["retry_at"] else ""
            out.print(f"   {item['outcome']:<12} {escape(item['path'])}: {escape(item['reason'])}{again}")
        for item in source["held"][:_SHOWN]:
            out.print(f"   {'held':<12} {escape(item['path'])}: gone at the source since {item['missing_since']}")
        if (more := len(source["held"]) - _SHOWN) > 0:
            out.print(f"   {'held':<12} and {more} more")
        for item in source["notes"]:
            out.print(f"   {'note':<12} {escape(item['path'])}: {escape(item['note'])}")
        for item in source["redactions"]:
            at = f", {escape(item['place'])}:" if item["place"] else f":{item['line']}"
            out.print(f"   {'redacted':<12} {escape(item['path'])}{at} {item['rule']}")
    for generation in view["generations"]:
        out.print(f"generation {generation['number']} {generation['state']}: {escape(generation['model'])}")
    out.print(escape(model["told"]))
    out.print(f"{view['passages']} passages; keywords {view['lexical']}, meaning {view['vectors']}")


def _syncs(source: Mapping[str, Any]) -> str:
    """When a source was synced, and will be; what the last sync did, where it did something."""
    said = [f"last complete sync {source['synced_at'] or 'never'}"]
    if last := source["last_run"]:
        did = ", ".join(f"{count} {name}" for name, count in last["counts"].items() if count)
        said.append(f"last run {last['started_at']} {last['outcome']}" + (f" ({did})" if did else ""))
    if source["schedule"]:
        said.append(f"next, by `waypost serve`, {source['next_sync'] or 'never'}")
    return "; ".join(said)


def _watermark(file: Path) -> int:
    try:
        return int(json.loads(file.read_text())["watermark"])
    except (OSError, ValueError, KeyError):
        return 0


def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare catalog, lexical index and vectors, id by id. Without --repair nothing is changed."""
    from api.checkup import check_up
    from rag.catalog import Catalog

    settings = settings_from(config)
    Catalog(settings.catalog_url, read_only=True).close()  # nothing synced yet: say so, and make nothing
    if address := server_of(settings):
        report = asked(address, {"op": "doctor", "repair": repair})
    else:
        report = check_up(settings, repair=repair).as_json()
    if as_json:
        print_json(report)
    else:
        _print_diagnoses(report)
    raise typer.Exit(failures.DONE if report["sound"] else failures.FAILED)


def _print_diagnoses(report: dict[str, Any]) -> None:
    for d in report["diagnoses"]:
        found = {"missing": d["missing"], "too many": d["extra"], "outdated": d["outdated"]}
        said = ", ".join(f"{len(ids)} {what}" for what, ids in found.items() if ids) or d["error"] or "nothing differs"
        if d["unfound"]:
            usual = ", as is usual" * d["sound"]
            said += f"; {len(d['unfound'])} of {d['sampled']} tried not found by their own vector{usual}"
        if d["behind"]:
            said += f"; {d['behind']} entries wait for the next sync to bring them in"
        state = "[green]sound[/green]" if d["sound"] else "[red]differs[/red]"
        out.print(f"{d['index']:<9} {state}  {d['expected']} expected; {escape(said)}")
    if report["waiting"]:
        out.print(f"{report['waiting']} passages wait for their vectors: run `waypost sync`")
    if report["repaired"]:
        out.print(f"repaired: {', '.join(report['repaired'])}")
    elif not report["sound"]:
        out.print("run `waypost doctor --repair`")


@generations.callback(invoke_without_command=True)
def list_generations(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the generations: by which embedder each was made, and which one serves."""
    from rag.catalog import Catalog

    if context.invoked_subcommand:
        return
    catalog = Catalog(settings_from(config).catalog_url, read_only=True)
    found, held = catalog.generations(), catalog.setting("pinned")
    catalog.close()
    if as_json:
        print_json({"generations": [asdict(generation) for generation in found], "held": int(held) if held else None})
        return
    for generation in found:
        made = f"{escape(generation.model)}, splitter {generation.splitter}, made {generation.created_at or 'before generations'}"
        out.print(f"{generation.number}  {generation.state:<9} {made}")
    if held:
        out.print(
            f"{held} is held by `use`: syncs stay with it, whatever WAYPOST_EMBEDDER says, until `use` names another"
        )
    out.print("`waypost generations use NUMBER` lets another one serve")


@generations.command("use")
def use_generation(
    number: Annotated[int, typer.Argument(help="A number that `waypost generations` lists.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go back (or on) to a generation; it is brought up to date first, and the one that serves answers meanwhile."""
    from api.owner import open_owner
    from rag.catalog import Catalog

    settings = settings_from(config)
    Catalog(settings.catalog_url, read_only=True).close()  # nothing synced yet: say so, and make nothing
    with ProgressBars() as bars, StopOnSignal() as stop, open_owner(settings, "generations") as owner:
        done = owner.use_generation(number, bars.show, stop)
        serving = owner.generation
    if as_json:
        print_json({"done": done, "serving": asdict(serving)})
    elif done:
        out.print(f"generation {serving.number} ({escape(serving.model)}) serves")
    else:
        out.print(f"[yellow]stopped; generation {serving.number} still serves; the same command goes on[/yellow]")
    raise typer.Exit(failures.DONE if done else failures.STOPPED)
