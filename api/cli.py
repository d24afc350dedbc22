"""The command line: `waypost init | sync | search | ask | serve`; the rest is in `upkeep_cli` and `eval_cli`.

Results go to stdout (one JSON document with --json), progress and messages to stderr. Exit codes stand in `api.failures`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from api import failures
from api.alerts_cli import alerts
from api.audit_cli import audit
from api.backup_cli import backup, restore
from api.console import (
    ConfigOption,
    GroupsOption,
    JsonOption,
    KindOption,
    PathOption,
    ProgressBars,
    SourceOption,
    StopOnSignal,
    err,
    out,
    print_json,
    server_of,
    settings_from,
)  # fmt: skip
from api.drift_cli import drift
from api.eval_cli import evaluation
from api.feedback_cli import feedback
from api.gaps_cli import gaps
from api.keys_cli import keys
from api.mcp_cli import mcp
from api.purge_cli import purge
from api.settings import CONFIG_NAME, first_config
from api.terraform_cli import terraform
from api.terraform_graph_cli import graph
from api.upkeep_cli import approve, doctor, forget, generations, status
from rag.errors import RetryLaterError, SettingsError, WaypostError
from rag.ports import Progress as Step

app = typer.Typer(
    no_args_is_help=True,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(evaluation, name="eval")
app.add_typer(generations, name="generations")
app.add_typer(terraform, name="terraform")
app.add_typer(alerts, name="alerts")
app.add_typer(keys, name="keys")
app.add_typer(audit, name="audit")
terraform.command("graph")(graph)
for command in (approve, forget, status, doctor, backup, restore, purge, drift, gaps, feedback, mcp):
    app.command()(command)


_HINTS = {
    "no such option": " (a question that begins with a dash goes behind `--`)",
    "unexpected extra argument": " (a question of several words goes in quotes)",
}


def main() -> None:
    """The entry point: runs a command, and turns our errors into a message and an exit code."""
    try:
        sys.exit(app(standalone_mode=False))  # what `typer.Exit` carried
    except typer.Abort:
        sys.exit(failures.STOPPED)
    except KeyboardInterrupt:
        sys.exit(failures.STOPPED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(failures.DONE)
    except WaypostError as error:
        err.print(f"[red]waypost:[/red] {escape(str(error))}")
        sys.exit(failures.exit_code(error))
    except Exception as error:  # the outermost line of this face
        if not hasattr(error, "format_message"):  # click's usage errors have it, and nothing else
            raise
        if message := error.format_message():
            hint = next((told for said, told in _HINTS.items() if said in message.lower()), "")
            err.print(f"[red]waypost:[/red] {escape(message)}{hint}")
        sys.exit(failures.USAGE)


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """A knowledge base for infrastructure teams: cited answers from your wikis, runbooks and Terraform."""
    if version:
        out.print(f"waypost {metadata.version('waypost')}")
        raise typer.Exit


# -- init and sync ----------------------------------------------------------------------------------------------------


@app.command()
def init(
    paths: Annotated[list[str], typer.Argument(help="Folders, git repositories, or URLs of git repositories.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a first waypost.yaml for these paths."""
    target = config or Path(CONFIG_NAME)
    text = first_config(paths)
    try:
        with target.open("x", encoding="utf-8") as handle:
            handle.write(text)
    except FileExistsError:
        raise SettingsError(
            f"{target} is there already; add sources to it by hand, or name another with --config"
        ) from None
    except OSError as error:
        raise SettingsError(f"{target} can't be written: {error.strerror}") from error
    if as_json:
        print_json({"config": str(target), "sources": len(paths)})
    else:
        out.print(f"Wrote {escape(str(target))} with {len(paths)} source(s). Next: waypost sync")


@app.command()
def sync(
    sources: Annotated[list[str] | None, typer.Argument(help="Names of sources; all of them without.")] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try quarantined documents now, not when it is their time.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the catalog and the indexes in step with the sources."""
    from api.compose import chosen_sources
    from api.owner import open_owner
    from ingest.sync import as_json as report_json

    settings = settings_from(config, told=False)
    names = list(sources or [])
    chosen_sources(settings, names)
    with ProgressBars() as bars:
        if address := server_of(settings):
            request = {"op": "sync", "sources": names, "retry": retry, "config": str(settings.config.absolute())}
            report = _sync_through_owner(address, request, bars.show)
        else:
            with StopOnSignal() as stop, open_owner(settings, "sync") as owner:
                report = report_json(owner.sync(names, bars.show, stop, retry=retry))
    if as_json:
        print_json(report)
    else:
        _print_report(report)
    raise typer.Exit(_sync_exit_code(report))


def _sync_exit_code(report: dict[str, Any]) -> int:
    if report["interrupted"]:
        return failures.STOPPED
    return failures.NEEDS_A_PERSON if report["needs_a_person"] else failures.DONE


def _sync_through_owner(address: str, request: dict[str, Any], show: Callable[[Step], None]) -> dict[str, Any]:
    """Asks the running `waypost serve` to sync, and shows its progress."""
    from rag.owner import call

    try:
        for reply in call(address, request, timeout=3600):
            if "progress" in reply:
                show(Step(**reply["progress"]))
            else:
                return dict(reply["report"])
    except KeyboardInterrupt:
        err.print("[yellow]the running `waypost serve` goes on with the sync[/yellow]")
        raise
    raise RetryLaterError("the server ended before the sync did; what it had done is kept; sync again")


def _print_report(report: dict[str, Any]) -> None:
    for source in report["sources"]:
        counts = ", ".join(f"{count} {name}" for name, count in source["counts"].items() if count or name == "listed")
        out.print(f"[bold]{escape(source['name'])}[/bold] {source['outcome']}: {counts or 'nothing read'}")
        if source["message"]:
            out.print(f"   [yellow]{escape(source['message'])}[/yellow]")
    for name in report["unnamed"]:
        out.print(
            f"[yellow]{escape(name)} is no longer in waypost.yaml but still answered from: "
            f"name it again, or run `waypost forget {escape(name)}`[/yellow]"
        )
    if report["generation"]:
        out.print(f"[yellow]{escape(report['generation'])}[/yellow]")
    if report["interrupted"]:
        out.print(
            f"[yellow]stopped: {report['waiting']} texts have no vector yet; the next sync goes on from here[/yellow]"
        )
    out.print(
        f"{report['embedded']} texts embedded, {report['took_s']} s. `waypost status` lists what was not indexed, and why."
    )


# -- search and ask ---------------------------------------------------------------------------------------------------


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Words, an identifier, an error message.")],
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many results.")] = 10,
    source: SourceOption = None,
    kind: KindOption = None,
    path: PathOption = None,
    as_groups: GroupsOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find passages by words and by meaning."""
    from api.compose import open_reader, viewer_from
    from api.observability.shell import shown_at_the_shell
    from api.views import search_view
    from rag.search import Filters

    settings = settings_from(config)
    began = time.perf_counter()
    with open_reader(settings) as reader:
        filters = Filters(tuple(source or ()), tuple(kind or ()), tuple(path or ()))
        result = reader.retriever.search(query, viewer_from(as_groups or settings.groups), k, filters)
        view = search_view(result, (time.perf_counter() - began) * 1000)
        shown_at_the_shell(settings, reader.catalog, "search", query, view)
    if as_json:
        print_json(view)
        return
    for number, found in enumerate(view["results"], 1):
        heading = f" › {found['heading']}" if found["heading"] and found["heading"] != found["title"] else ""
        out.print(f"[bold]{number}. {escape(found['title'] + heading)}[/bold]")
        out.print(f"   [cyan]{escape(_place(found))}[/cyan]")
        if found["outdated"]:
            out.print(f"   [yellow]outdated: {escape(found['outdated'])}[/yellow]")
        out.print(_indented(escape(_shortened(found["text"], query))) + "\n")
    if not view["results"]:
        out.print("Nothing found.")
    _print_coverage(view["coverage"])


def _place(found: dict[str, Any]) -> str:
    dated = f"  {found['updated_at'][:10]}" if found["updated_at"] else ""
    lines = f", {found['place']}" if found["place"] else f":{found['start_line']}-{found['end_line']}"
    return f"{found['source']}/{found['path']}{lines}{dated}"


def _shortened(text: str, query: str, lines: int = 6) -> str:
    """The lines that hold most of the question's words."""
    from rag.indexes.tokens import content_words, tokenise

    parts, wanted = text.split("\n"), set(content_words(query))
    held = [len(wanted & set(tokenise(part).words)) for part in parts]
    first = max(range(max(1, len(parts) - lines + 1)), key=lambda at: (sum(held[at : at + lines]), -at))
    shown = parts[first : first + lines]
    return "…\n" * (first > 0) + "\n".join(shown) + "\n…" * (first + lines < len(parts))


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" for line in text.split("\n"))


def _print_coverage(coverage: dict[str, Any]) -> None:
    if not coverage["complete"]:
        shares = f"keywords {coverage['lexical']}, meaning {coverage['vectors']} of {coverage['passages']} passages"
        note = f"; {coverage['note']}" if coverage["note"] else ""
        err.print(f"[yellow]searched: {escape(shares + note)}[/yellow]")


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="A question about your infrastructure.")],
    source: SourceOption = None,
    kind: KindOption = None,
    path: PathOption = None,
    persona: Annotated[str, typer.Option(help="A persona of `waypost personas`, or the path of a .md file.")] = "",
    thread: Annotated[str, typer.Option(help="Follow up the answer that had this thread.")] = "",
    follow: Annotated[bool, typer.Option("--follow", help="Follow up your last question.")] = False,
    show_prompt: Annotated[
        bool, typer.Option("--show-prompt", help="Print what Claude would be sent, and send nothing.")
    ] = False,
    as_groups: GroupsOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question with checked citations."""
    from api.compose import open_reader, viewer_from
    from api.observability.shell import shown_at_the_shell
    from api.views import answer_view, lookup_view
    from rag.search import Filters

    settings = settings_from(config)
    began = time.perf_counter()
    with open_reader(settings) as reader:
        filters = Filters(tuple(source or ()), tuple(kind or ()), tuple(path or ()))
        viewer, talk = viewer_from(as_groups or settings.groups), reader.conversation("cli")
        if show_prompt and (thread or follow):
            raise SettingsError("--show-prompt shows a question that stands alone: leave --thread and --follow out")
        if show_prompt:
            _print_prompt(*reader.request(question, viewer, filters, persona), as_json)
            return
        asker = reader.asker(persona, files=True)
        answer = None
        for event in talk.stream(asker, question, viewer, filters, thread or (talk.last(viewer) if follow else "")):
            answer = event.answer or answer
            if event.lookup:
                _print_lookup(lookup_view(event.lookup))
        assert answer is not None
        view = answer_view(answer, (time.perf_counter() - began) * 1000)
        shown_at_the_shell(settings, reader.catalog, "ask", question, view)
    if as_json:
        print_json(view)
        return
    if view["asked_as"]:
        err.print(f"[dim]asked as: {escape(view['asked_as'])}[/dim]")
    out.print(escape(view["answer"]) + "\n")
    if view["verdict"] == "partial":
        err.print("[yellow]The documents speak of this only in part.[/yellow]")
    for citation in view["citations"]:
        out.print(f"[cyan]{escape('[' + str(citation['number']) + '] ' + _place(citation))}[/cyan]")
        out.print(f"    {escape(citation['url'])}")
    for flag in view["flags"]:
        if flag["kind"] == "outdated":
            out.print(f"[yellow]{escape(flag['reason'])} says of itself: {escape(flag['text'])}[/yellow]")
            continue
        said = flag["reason"] if flag["spots"] else f"{flag['reason']}: {flag['text']}"
        named = f"{flag['kind']}, {flag['text']}" if flag["kind"] == "red flag" else flag["kind"]
        err.print(f"[yellow]{escape(named)}: {escape(said)}[/yellow]")
        for spot in flag["spots"]:
            err.print(f"    {escape(spot['quote'][:160])}\n    {escape(spot['url'])}")
    if view["degraded"]:
        err.print(f"[yellow]{escape(view['degraded'])}[/yellow]")
    _print_coverage(view["coverage"])


@app.command()
def personas(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List in whose voices answers can be had: the built-in ones, and those in the folder WAYPOST_PERSONAS."""
    from api.views import persona_view
    from rag.persona import Personas

    known = Personas(settings_from(config).personas)
    found, broken = [persona_view(persona) for persona in known.all()], known.broken()
    if as_json:
        print_json({"personas": found, "broken": broken})
        return
    for one in found:
        out.print(
            f"[bold]{escape(one['name'])}[/bold]  {escape(one['title'])}"
            + (f": {escape(one['for'])}" if one["for"] else "")
        )
    for name, why in broken.items():
        err.print(f"[yellow]{escape(name)} can't be used: {escape(why)}[/yellow]")


def _print_lookup(lookup: dict[str, Any]) -> None:
    found = lookup["error"] or ", ".join(lookup["found"]) or "nothing new"
    err.print(f"[dim]{escape(lookup['tool'])} {escape(lookup['asked'])}: {escape(found)}[/dim]")


def _print_prompt(request: dict[str, Any], sent: bool, as_json: bool) -> None:
    from rag.models.claude_request import shown

    if as_json:
        print_json(request)
    else:
        out.print(escape(shown(request)), end="")
    if not sent:
        err.print("[yellow]The documents don't speak of this: no model would be asked.[/yellow]")


# -- serve ----------------------------------------------------------------------------------------------------------------


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8765,
    config: ConfigOption = None,
) -> None:
    """Answer over HTTP (see /docs for the API)."""
    from api.server import run

    run(settings_from(config, told=False), host, port)


if __name__ == "__main__":
    main()
