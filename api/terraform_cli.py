"""`waypost terraform`: look up what Terraform code defines, and what refers to what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from api.console import ConfigOption, GroupsOption, JsonOption, out, print_json, settings_from

if TYPE_CHECKING:
    from rag.catalog.symbols import StoredSymbol
    from rag.terraform.lookup import TerraformLookup

terraform = typer.Typer(no_args_is_help=True, help="Look up what Terraform code defines, and what refers to what.")
SourceOnly = Annotated[str, typer.Option("--source", help="Only this source.")]
FolderOnly = Annotated[str | None, typer.Option("--folder", help="Only this module folder ('' is the source's top).")]
_LINES = 8  # of one sort, below an environment or a provider
Address = Annotated[str, typer.Argument(help="aws_s3_bucket.logs, var.region, module.vpc, module.vpc.aws_vpc.main …")]


@contextmanager
def opened_lookup(config: Path | None, groups: str) -> Iterator[TerraformLookup]:
    """A lookup over the catalog, for the members of these groups, or of those that the settings name."""
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
    from api.terraform_views import known_kind, symbol_view

    with opened_lookup(config, as_groups) as lookup:
        found = lookup.symbols(known_kind(kind), type_, source, folder, name)
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
    from api.terraform_views import shown_view

    with opened_lookup(config, as_groups) as lookup:
        if as_json:
            print_json(shown_view(lookup, address, source, folder))
            return
        found = [(one, lookup.references_of(one)) for one in lookup.define(address, source, folder)]
        mentions = {one.id: lookup.mentions(one) for one, _ in found}
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
    from api.terraform_views import used_view

    with opened_lookup(config, as_groups) as lookup:
        found = [(one, lookup.references_to(one)) for one in lookup.define(address, source, folder)]
    if as_json:
        print_json(used_view(found))
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
    from api.terraform_views import values_view

    with opened_lookup(config, as_groups) as lookup:
        found = values_view(lookup, attribute, environment, source, folder)
    if as_json:
        print_json(found)
        return
    for row in found["values"]:
        told = _told(["lit", row["value"]]) if row["known"] else f"not known: {row['why_not']}"
        where = ", ".join(row["calls"]) or row["folder"]
        block = f"  {row['address']}{row['instance']}" if row["instance"] else ""
        out.print(f"[bold]{escape(told)}[/bold]  {escape(where + block)}")
        for step in row["steps"]:
            out.print(
                f"   {escape(step['what'])}  [cyan]{escape(step['source'])}/{escape(step['path'])}:{step['line']}[/cyan]"
            )
    if not found["values"]:
        out.print(f"{escape(attribute)} is not set here; what the provider gives it is known after apply")


@terraform.command("modules")
def modules(as_groups: GroupsOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List every call of a module, with where its code comes from and its version."""
    from api.terraform_views import module_view

    with opened_lookup(config, as_groups) as lookup:
        rows = [module_view(call) for call in lookup.module_calls]
    if as_json:
        print_json({"modules": rows})
        return
    for row in rows:
        version = f" {row['version']}" if row["version"] else ""
        out.print(f"{escape(row['address']):<40} {escape(row['module_source'] + version)}")
        out.print(f"   [cyan]{escape(row['source'])}/{escape(row['path'])}:{row['line']}[/cyan]")


@terraform.command("providers")
def providers(
    source: SourceOnly = "", folder: FolderOnly = None, as_groups: GroupsOption = "", config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List the providers that module folders require, with the versions that lock files select."""
    from api.terraform_views import provider_view
    from rag.terraform.providers import find_providers

    with opened_lookup(config, as_groups) as lookup:
        rows = [provider_view(one) for one in find_providers(lookup, source, folder)]
    if as_json:
        print_json({"providers": rows})
        return
    for row in rows:
        locks = [f"locked {one['version']} by {row['source']}/{one['path']}:{one['line']}" for one in row["locks"]]
        where, constraint = f"{row['source']}/{row['path']}:{row['line']}", row["constraint"]
        if [lock["path"] for lock in row["locks"]] == [row["path"]]:  # only its lock file names it
            constraint, locks = f"none; locked {row['locks'][0]['version']}", []
        named = f"{row['name']:<20} {row['origin']:<36} constraint {constraint or 'none'}"
        out.print(f"{escape(named)}  [cyan]{escape(where)}[/cyan]")
        _few(locks)
    out.print(f"{len(rows)} found")


@terraform.command("settings")
def settings(
    source: SourceOnly = "", folder: FolderOnly = None, as_groups: GroupsOption = "", config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List where the state of each module folder is kept, and which versions of Terraform it requires."""
    from api.terraform_views import settings_view
    from rag.terraform.settings import find_settings

    with opened_lookup(config, as_groups) as lookup:
        rows = [settings_view(one) for one in find_settings(lookup, source, folder)]
    if as_json:
        print_json({"settings": rows})
        return
    for row in rows:
        out.print(f"[bold]{escape(_folder(row['source'], row['folder']))}[/bold]")
        for version in row["required_version"]:
            where = f"{row['source']}/{version['path']}:{version['line']}"
            out.print(f"   required_version {escape(version['constraint'])}  [cyan]{escape(where)}[/cyan]")
        for backend in row["backends"]:
            told = ", ".join(f"{one['path']} = {one['value']}" for one in backend["attributes"])
            where = f"{row['source']}/{backend['path']}:{backend['line']}"
            named = f"{backend['block']} {backend['type']}".strip()
            out.print(f"   {escape(named)}  [cyan]{escape(where)}[/cyan]  {escape(told)}".rstrip())
    out.print(f"{len(rows)} found")


@terraform.command("environments")
def environments(
    source: SourceOnly = "", as_groups: GroupsOption = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """List the environments that are recognised, with the folders, .tfvars files and workspaces that make them."""
    from api.terraform_views import environment_view

    with opened_lookup(config, as_groups) as lookup:
        rows = [environment_view(one) for one in lookup.environments if source in ("", one.source)]
    if as_json:
        print_json({"environments": rows})
        return
    for row in rows:
        out.print(f"[bold]{escape(row['name'])}[/bold]  {escape(row['source'])}")
        _few(f"folder {folder}" for folder in row["folders"])
        _few(f"Terragrunt {folder}" for folder in row["terragrunt"])
        _few(f"tfvars {path}" for path in row["tfvars"])
        _few(f"workspace {one['path']}:{one['line']} {one['address']}" for one in row["workspaces"])
    out.print(f"{len(rows)} found")


def _few(lines: Iterable[str]) -> None:
    """The first lines of some, below what they belong to; the rest by their number."""
    told = list(lines)
    for line in told[:_LINES]:
        out.print(f"   {escape(line)}")
    if len(told) > _LINES:
        out.print(f"   … and {len(told) - _LINES} more; --json has all")


def _folder(source: str, folder: str) -> str:
    return f"{source}/{folder}".rstrip("/")


def _place(found: StoredSymbol) -> str:
    return f"{found.source}/{found.path}:{found.symbol.start}"


def _told(expression: Any, limit: int = 120) -> str:
    from rag.terraform.text import as_hcl

    text = as_hcl(expression)
    return text if len(text) <= limit else text[: limit - 1] + "…"
