"""`waypost terraform`: look up what Terraform code defines, and what refers to what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from api.console import ConfigOption, GroupsOption, JsonOption, out, print_json, settings_from

if TYPE_CHECKING:
    from rag.catalog.symbols import StoredReference, StoredSymbol
    from rag.terraform.lookup import TerraformLookup

terraform = typer.Typer(no_args_is_help=True, help="Look up what Terraform code defines, and what refers to what.")
SourceOnly = Annotated[str, typer.Option("--source", help="Only this source.")]
FolderOnly = Annotated[str | None, typer.Option("--folder", help="Only this module folder ('' is the source's top).")]
Address = Annotated[str, typer.Argument(help="aws_s3_bucket.logs, var.region, module.vpc, module.vpc.aws_vpc.main …")]


@contextmanager
def _lookup(config: Any, groups: str) -> Iterator[TerraformLookup]:
    from api.compose import viewer_from
    from rag.catalog import Catalog
    from rag.terraform.lookup import TerraformLookup

    settings = settings_from(config)
    catalog = Catalog(settings.catalog_url, read_only=True)
    try:
        yield TerraformLookup(catalog, viewer_from(groups or settings.groups))
    finally:
        catalog.close()


@terraform.command("list")
def list_symbols(
    kind: Annotated[str, typer.Option(help="resource, data, variable, local, output, module, provider, value …")] = "",
    type_: Annotated[str, typer.Option("--type", help="aws_s3_bucket …")] = "",
    name: Annotated[str, typer.Option(help="The last part of an address.")] = "",
    source: SourceOnly = "",
    folder: FolderOnly = None,
    as_groups: GroupsOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what is defined."""
    from api.views import symbol_view
    from rag.errors import SettingsError
    from rag.terraform.records import KINDS

    if kind and kind not in KINDS:
        raise SettingsError(f"there is no kind {kind!r}; there are: {', '.join(KINDS)}")
    with _lookup(config, as_groups) as lookup:
        found = lookup.symbols(kind, type_, source, folder, name)
    if as_json:
        print_json({"symbols": [symbol_view(one) for one in found]})
        return
    for one in found:
        out.print(f"{escape(one.symbol.address):<60} [cyan]{escape(_place(one))}[/cyan]")
    out.print(f"{len(found)} found")


@terraform.command("show")
def show(
    address: Address, source: SourceOnly = "", folder: FolderOnly = None, as_groups: GroupsOption = "",
    config: ConfigOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show what defines an address: its attributes with their lines, what it refers to, and the pages that mention it."""
    from api.views import mention_view

    with _lookup(config, as_groups) as lookup:
        found = [(one, lookup.references_of(one)) for one in lookup.define(address, source, folder)]
        mentions = {one.id: lookup.mentions(one) for one, _ in found}
    if as_json:
        shown = _views(found, "references")
        for view, (one, _) in zip(shown["symbols"], found, strict=True):
            view["mentioned_in"] = [mention_view(mention) for mention in mentions[one.id]]
        print_json(shown)
        return
    for one, references in found:
        symbol = one.symbol
        out.print(f"[bold]{escape(symbol.address)}[/bold]  {symbol.kind}")
        out.print(f"   [cyan]{escape(_place(one))}-{symbol.end}[/cyan]")
        if symbol.comment:
            out.print(f"   {escape(symbol.comment)}", style="dim")
        for attribute in symbol.attributes:
            out.print(f"   {attribute.start:>5}  {escape(attribute.path)} = {escape(_told(attribute.expression))}")
        named = list(dict.fromkeys(reference.target for reference in references))
        if named:
            out.print(f"   refers to {escape(', '.join(named))}")
        for mention in mentions[one.id][:10]:
            page = f"{mention.document.source}/{mention.document.path}:{mention.line}"
            out.print(f"   named in [cyan]{escape(page)}[/cyan]  {escape(mention.name)}")


@terraform.command("refs")
def refs(
    address: Address, source: SourceOnly = "", folder: FolderOnly = None, as_groups: GroupsOption = "",
    config: ConfigOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List what refers to an address, also across calls of local modules."""
    with _lookup(config, as_groups) as lookup:
        found = [(one, lookup.references_to(one)) for one in lookup.define(address, source, folder)]
    if as_json:
        print_json(_views(found, "referred_by"))
        return
    for one, references in found:
        out.print(f"[bold]{escape(one.symbol.address)}[/bold]  [cyan]{escape(_place(one))}[/cyan]")
        for reference in references:
            out.print(f"   {escape(f'{reference.path}:{reference.line}')}  {escape(reference.attribute)}")
        if not references:
            out.print("   nothing refers to it")


@terraform.command("values")
def values(
    attribute: Annotated[
        str, typer.Argument(help="aws_db_instance.main.instance_class, var.size, local.name, output.id")
    ],
    environment: Annotated[
        str, typer.Option("--env", help="The environment: a folder, .tfvars file or workspace.")
    ] = "",
    source: SourceOnly = "",
    folder: FolderOnly = None,
    as_groups: GroupsOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a value is before apply, and through which lines it comes."""
    from dataclasses import asdict

    from rag.terraform.values import find_values

    with _lookup(config, as_groups) as lookup:
        found = find_values(lookup, attribute, environment, source, folder)
    rows = [
        {"address": one.symbol.address, "folder": one.folder, **asdict(value)} for one, many in found for value in many
    ]
    if as_json:
        print_json({"values": rows})
        return
    for row in rows:
        told = _told(["lit", row["value"]]) if row["known"] else f"not known: {row['why_not']}"
        out.print(
            f"[bold]{escape(told)}[/bold]  {escape(', '.join(row['calls']) or row['folder'])}{escape(row['instance'])}"
        )
        for step in row["steps"]:
            out.print(
                f"   {escape(step['what'])}  [cyan]{escape(step['source'])}/{escape(step['path'])}:{step['line']}[/cyan]"
            )
    if not rows:
        out.print(f"{escape(attribute)} is not set here; what the provider gives it is known after apply")


@terraform.command("modules")
def modules(as_groups: GroupsOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List every call of a module, with where its code comes from and its version."""
    with _lookup(config, as_groups) as lookup:
        calls = lookup.module_calls
    rows = [
        {
            "address": call.call.symbol.address, "source": call.call.source, "path": call.call.path,
            "line": call.call.symbol.start, "module_source": call.source, "version": call.version, "folder": call.folder,
        }
        for call in calls
    ]  # fmt: skip
    if as_json:
        print_json({"modules": rows})
        return
    for row in rows:
        version = f" {row['version']}" if row["version"] else ""
        out.print(f"{escape(str(row['address'])):<40} {escape(str(row['module_source']) + version)}")
        out.print(f"   [cyan]{escape(str(row['source']))}/{escape(str(row['path']))}:{row['line']}[/cyan]")


@terraform.command("providers")
def providers(as_groups: GroupsOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the providers that module folders require, with their version constraints."""
    from dataclasses import asdict

    with _lookup(config, as_groups) as lookup:
        found = lookup.providers()
    if as_json:
        print_json({"providers": [asdict(one) for one in found]})
        return
    for one in found:
        out.print(
            f"{escape(one.name):<20} {escape(one.origin):<36} {escape(one.constraint):<16} {escape(f'{one.path}:{one.line}')}"
        )


def _views(found: Sequence[tuple[StoredSymbol, Sequence[StoredReference]]], references: str) -> dict[str, Any]:
    """Symbols as JSON, each with its references under the key `references`."""
    from api.views import reference_view, symbol_view

    return {"symbols": [{**symbol_view(one), references: [reference_view(r) for r in refs]} for one, refs in found]}


def _place(found: StoredSymbol) -> str:
    return f"{found.source}/{found.path}:{found.symbol.start}"


def _told(expression: Any, limit: int = 120) -> str:
    from rag.terraform.text import as_hcl

    text = as_hcl(expression)
    return text if len(text) <= limit else text[: limit - 1] + "…"
