"""`waypost terraform graph`: draws what rests on what."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from api.console import ConfigOption, GroupsOption, JsonOption, err, print_json
from api.terraform_cli import FolderOnly, SourceOnly, opened_lookup
from rag.errors import SettingsError
from rag.terraform.records import DEEPEST_GRAPH, MOST_NODES, MOST_NODES_EVER, Graph


class Drawing(StrEnum):
    """What a graph is drawn as."""

    MERMAID = "mermaid"
    SVG = "svg"


def graph(
    address: Annotated[
        str, typer.Argument(help="aws_s3_bucket.logs, var.region, module.vpc …; without one, a module folder is drawn.")
    ] = "",
    source: SourceOnly = "",
    folder: FolderOnly = None,
    depth: Annotated[
        int, typer.Option(min=0, max=DEEPEST_GRAPH, help="How many references away from the address.")
    ] = 1,
    format_: Annotated[Drawing, typer.Option("--format", help="What to draw it as.")] = Drawing.MERMAID,
    most: Annotated[int, typer.Option(min=1, max=MOST_NODES_EVER, help="How many nodes at most.")] = MOST_NODES,
    file: Annotated[Path | None, typer.Option("--out", help="The file to draw into; without it, stdout.")] = None,
    as_groups: GroupsOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw what an address rests on and what rests on it, or what refers to what in a module folder."""
    from api.terraform_views import graph_view
    from rag.terraform.graph import TerraformGraphs

    with opened_lookup(config, as_groups) as lookup:
        found = TerraformGraphs(lookup).find(address, source, folder, depth, most)
    if file:
        _write(file, drawn(found, format_))
    if as_json:
        print_json(graph_view(found))
    elif not file:
        sys.stdout.write(drawn(found, format_))
    if found.left_out:
        err.print(f"[yellow]{found.left_out} more are not drawn; --most N draws more[/yellow]")
    if file:
        err.print(f"{len(found.nodes)} nodes drawn into {escape(str(file))}")


def drawn(found: Graph, format_: Drawing) -> str:
    """The graph as text of that format."""
    from api.graph_mermaid import draw_mermaid
    from api.graph_svg import draw_svg

    return draw_svg(found) if format_ is Drawing.SVG else draw_mermaid(found)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{file} can't be written: {error.strerror}") from error
