"""`/v1/terraform`: what Terraform code defines, what refers to what, values, modules, providers, settings,
environments and graphs.

The objects are those of `waypost terraform … --json`, from `api.terraform_views`; lists come in pages.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from typing_extensions import TypedDict

from api.access.caller import Seeing
from api.compose import Reader
from api.graph_mermaid import draw_mermaid
from api.graph_svg import draw_svg
from api.observability.audit import shown
from api.terraform_views import (
    EnvironmentView,
    GraphView,
    ModuleView,
    ProviderView,
    SettingsView,
    Shown,
    SymbolView,
    Used,
    Values,
    environment_view,
    graph_view,
    known_kind,
    module_view,
    provider_view,
    settings_view,
    shown_view,
    symbol_view,
    used_view,
    values_view,
)
from api.v1.cursors import Cursor, cursor_of, place_of
from api.v1.problems import PROBLEMS
from rag.catalog.symbols import Wanted
from rag.terraform.graph import TerraformGraphs
from rag.terraform.lookup import module_call
from rag.terraform.pages import Page, page_of, symbols_page
from rag.terraform.providers import find_providers
from rag.terraform.records import DEEPEST_GRAPH, KINDS, MOST_NODES, MOST_NODES_EVER
from rag.terraform.settings import find_settings

_SVG_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_LONGEST = 1000  # letters of an address, a name or a folder

Address = Annotated[
    str,
    Query(min_length=1, max_length=_LONGEST, description="as in `module.vpc.aws_vpc.main`", examples=["var.region"]),
]
Source = Annotated[str, Query(max_length=_LONGEST, description="only this source")]
Folder = Annotated[str | None, Query(max_length=_LONGEST, description="only this module folder; empty: a source's top")]
Limit = Annotated[int, Query(ge=1, le=200, description="how many at most")]


class SymbolPage(TypedDict):
    """Symbols in the order of source, path and line; `total` counts those of all pages."""

    symbols: list[SymbolView]
    next_cursor: str | None
    total: int


class ModulePage(TypedDict):
    """Calls of modules; `total` counts those of all pages."""

    modules: list[ModuleView]
    next_cursor: str | None
    total: int


class ProviderPage(TypedDict):
    """Providers that module folders require or lock; `total` counts those of all pages."""

    providers: list[ProviderView]
    next_cursor: str | None
    total: int


class SettingsPage(TypedDict):
    """Module folders with what their `terraform` blocks settle; `total` counts those of all pages."""

    settings: list[SettingsView]
    next_cursor: str | None
    total: int


class EnvironmentPage(TypedDict):
    """Environments in the order of source and name; `total` counts those of all pages."""

    environments: list[EnvironmentView]
    next_cursor: str | None
    total: int


def add_terraform(app: FastAPI, reader: Reader) -> None:
    """Adds the routes under /v1/terraform, over what each caller may read."""
    _add_lists(app, reader)
    _add_addresses(app, reader)
    _add_graph(app, reader)


def _problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: PROBLEMS[code] for code in codes}


def _next(page: Page[Any]) -> str | None:
    return cursor_of(page.onward) if page.onward else None


def _add_lists(app: FastAPI, reader: Reader) -> None:
    @app.get("/v1/terraform/symbols", responses=_problems(400, 503), tags=["terraform"])
    def symbols(
        request: Request,
        viewer: Seeing,
        kind: Annotated[str, Query(max_length=_LONGEST, json_schema_extra={"enum": ["", *KINDS]})] = "",
        type: Annotated[str, Query(max_length=_LONGEST, description="as in aws_s3_bucket")] = "",
        name: Annotated[str, Query(max_length=_LONGEST, description="the last part of an address")] = "",
        source: Source = "",
        folder: Folder = None,
        prefix: Annotated[str, Query(max_length=_LONGEST, description="how the address begins")] = "",
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> SymbolPage:
        """What is defined, by any of these."""
        lookup = reader.terraform(viewer)
        wanted: Wanted = {
            "kind": known_kind(kind), "type_": type, "name": name, "source": source, "folder": folder, "prefix": prefix,
        }  # fmt: skip
        page = symbols_page(lookup, limit, place_of(cursor), **wanted)
        found = [symbol_view(one) for one in page.items]
        told = " ".join(filter(None, (kind, type, name, source, folder, prefix)))
        view: SymbolPage = {"symbols": found, "next_cursor": _next(page), "total": lookup.count(**wanted)}
        return shown(request, "terraform", told or "symbols", view)

    @app.get("/v1/terraform/modules", responses=_problems(400, 503), tags=["terraform"])
    def modules(request: Request, viewer: Seeing, limit: Limit = 50, cursor: Cursor = "") -> ModulePage:
        """Every call of a module, with where its code comes from and its version."""
        lookup = reader.terraform(viewer)
        page = symbols_page(lookup, limit, place_of(cursor), kind="module")
        found = [module_view(module_call(one)) for one in page.items]
        view: ModulePage = {"modules": found, "next_cursor": _next(page), "total": lookup.count(kind="module")}
        return shown(request, "terraform", "modules", view)

    @app.get("/v1/terraform/providers", responses=_problems(400, 503), tags=["terraform"])
    def providers(
        request: Request,
        viewer: Seeing,
        source: Source = "",
        folder: Folder = None,
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> ProviderPage:
        """The providers that module folders require, with their version constraints and the versions that lock files select."""
        found = find_providers(reader.terraform(viewer), source, folder)
        page = page_of(found, limit, place_of(cursor))
        views = [provider_view(one) for one in page.items]
        view: ProviderPage = {"providers": views, "next_cursor": _next(page), "total": len(found)}
        return shown(request, "terraform", "providers", view)

    @app.get("/v1/terraform/settings", responses=_problems(400, 503), tags=["terraform"])
    def settings(
        request: Request,
        viewer: Seeing,
        source: Source = "",
        folder: Folder = None,
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> SettingsPage:
        """Where each module folder's state is kept, and which versions of Terraform it requires."""
        found = find_settings(reader.terraform(viewer), source, folder)
        page = page_of(found, limit, place_of(cursor))
        views = [settings_view(one) for one in page.items]
        view: SettingsPage = {"settings": views, "next_cursor": _next(page), "total": len(found)}
        return shown(request, "terraform", "settings", view)

    @app.get("/v1/terraform/environments", responses=_problems(400, 503), tags=["terraform"])
    def environments(
        request: Request, viewer: Seeing, source: Source = "", limit: Limit = 50, cursor: Cursor = ""
    ) -> EnvironmentPage:
        """The environments that are recognised, and the folders, .tfvars files and workspaces that make them."""
        found = [one for one in reader.terraform(viewer).environments if source in ("", one.source)]
        page = page_of(found, limit, place_of(cursor))
        views = [environment_view(one) for one in page.items]
        view: EnvironmentPage = {"environments": views, "next_cursor": _next(page), "total": len(found)}
        return shown(request, "terraform", "environments", view)


def _add_addresses(app: FastAPI, reader: Reader) -> None:
    @app.get("/v1/terraform/show", responses=_problems(400, 404, 503), tags=["terraform"])
    def show(request: Request, viewer: Seeing, address: Address, source: Source = "", folder: Folder = None) -> Shown:
        """What defines an address: its attributes with their lines, what it refers to, and the pages that mention it."""
        return shown(request, "terraform", address, shown_view(reader.terraform(viewer), address, source, folder))

    @app.get("/v1/terraform/refs", responses=_problems(400, 404, 503), tags=["terraform"])
    def refs(request: Request, viewer: Seeing, address: Address, source: Source = "", folder: Folder = None) -> Used:
        """What refers to an address, also across calls of local modules."""
        lookup = reader.terraform(viewer)
        found = [(one, lookup.references_to(one)) for one in lookup.define(address, source, folder)]
        return shown(request, "terraform", address, used_view(found))

    @app.get("/v1/terraform/values", responses=_problems(400, 404, 503), tags=["terraform"])
    def values(
        request: Request,
        viewer: Seeing,
        attribute: Annotated[
            str, Query(min_length=1, max_length=_LONGEST, examples=["aws_db_instance.main.instance_class"])
        ],
        environment: Annotated[str, Query(max_length=_LONGEST, description="a folder, .tfvars file or workspace")] = "",
        source: Source = "",
        folder: Folder = None,
    ) -> Values:
        """What a value is before apply, and through which lines it comes."""
        view = values_view(reader.terraform(viewer), attribute, environment, source, folder)
        return shown(request, "terraform", attribute, view)


def _add_graph(app: FastAPI, reader: Reader) -> None:
    drawings: dict[str, Any] = {"image/svg+xml": {}, "text/plain": {}}

    @app.get(
        "/v1/terraform/graph",
        responses={**_problems(404), 200: {"content": drawings}},
        response_model=GraphView,
        tags=["terraform"],
    )
    def graph(
        request: Request,
        viewer: Seeing,
        address: Annotated[str, Query(max_length=_LONGEST, description="draw what is around it")] = "",
        source: Source = "",
        folder: Annotated[
            str | None, Query(max_length=_LONGEST, description="the address's module folder, or the one to draw")
        ] = None,
        format: Annotated[Literal["json", "mermaid", "svg"], Query(description="what to give")] = "json",
        depth: Annotated[
            int, Query(ge=0, le=DEEPEST_GRAPH, description="how many references away from the address")
        ] = 1,
        most: Annotated[int, Query(ge=1, le=MOST_NODES_EVER, description="how many nodes at most")] = MOST_NODES,
    ) -> GraphView | Response:
        """What an address rests on and what rests on it, or what refers to what in a module folder."""
        found = TerraformGraphs(reader.terraform(viewer)).find(address, source, folder, depth, most)
        view = shown(request, "terraform", address or folder or "graph", graph_view(found))
        if format == "svg":
            return Response(draw_svg(found), media_type="image/svg+xml", headers=_SVG_HEADERS)
        if format == "mermaid":
            return Response(draw_mermaid(found), media_type="text/plain")
        return view
