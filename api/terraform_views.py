"""What is known of Terraform, as the JSON that `waypost terraform … --json` and `/v1/terraform` give out alike.

The types are what OpenAPI shows of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict  # Pydantic takes the standard library's from Python 3.12 on

from rag.catalog.symbols import StoredReference, StoredSymbol
from rag.errors import SettingsError
from rag.terraform.environments import Environment
from rag.terraform.lookup import ModuleCall, TerraformLookup
from rag.terraform.mentions import Mention
from rag.terraform.providers import Provider
from rag.terraform.records import KINDS, Graph, SymbolAttribute
from rag.terraform.settings import ModuleSettings
from rag.terraform.text import as_hcl
from rag.terraform.values import find_values


class AttributeView(TypedDict):
    """An attribute with its lines; `value` is the expression in HCL."""

    path: str
    start_line: int
    end_line: int
    value: str


class SymbolView(TypedDict):
    """One thing that a file defines. Its address holds in its folder."""

    address: str
    kind: str
    type: str
    name: str
    source: str
    folder: str
    path: str
    document_id: str
    start_line: int
    end_line: int
    comment: str
    provider: str
    sensitive: bool
    attributes: list[AttributeView]


class ReferenceView(TypedDict):
    """That `target` stands in `attribute` on `line` of `path`."""

    source: str
    folder: str
    path: str
    line: int
    attribute: str
    target: str


class MentionView(TypedDict):
    """On `line` of a page stands `name`, which the symbol bears."""

    document_id: str
    source: str
    path: str
    title: str
    line: int
    name: str
    url: str


class ShownSymbol(SymbolView):
    """A symbol with what it refers to, and the pages that mention it."""

    references: list[ReferenceView]
    mentioned_in: list[MentionView]


class UsedSymbol(SymbolView):
    """A symbol with what refers to it."""

    referred_by: list[ReferenceView]


class Shown(TypedDict):
    """What defines an address, in every folder where it holds."""

    symbols: list[ShownSymbol]


class Used(TypedDict):
    """What defines an address, with what refers to it."""

    symbols: list[UsedSymbol]


class ModuleView(TypedDict):
    """A call of a module; `folder` is where a local module's code lies."""

    address: str
    source: str
    path: str
    line: int
    module_source: str
    version: str
    folder: str | None


class LockView(TypedDict):
    """What a lock file selects for a provider, and the constraints that all modules together had then."""

    version: str
    constraints: str
    path: str
    line: int


class ProviderView(TypedDict):
    """A provider that a module folder requires, or, with no constraint, that only its lock file names. `locks`: of the folder's
    own lock file, or else of those of the folders that call the module."""

    source: str
    folder: str
    name: str
    origin: str
    constraint: str
    path: str
    line: int
    locks: list[LockView]


class RequiredVersionView(TypedDict):
    """A constraint on Terraform's own version."""

    constraint: str
    path: str
    line: int


class BackendView(TypedDict):
    """Where state is kept. `block`: `backend`, `cloud` or Terragrunt's `remote_state`; `type`: s3, gcs, …, of `cloud` empty."""

    block: str
    type: str
    attributes: list[AttributeView]
    path: str
    line: int


class SettingsView(TypedDict):
    """What `terraform` blocks settle for a module folder."""

    source: str
    folder: str
    required_version: list[RequiredVersionView]
    backends: list[BackendView]


class WorkspaceView(TypedDict):
    """Code that names a workspace."""

    address: str
    path: str
    line: int


class EnvironmentView(TypedDict):
    """An environment of one source, by what makes it one. `terragrunt`: folders that hold Terragrunt's units."""

    name: str
    source: str
    folders: list[str]
    terragrunt: list[str]
    tfvars: list[str]
    workspaces: list[WorkspaceView]


@with_config(ConfigDict(extra="allow"))
class StepView(TypedDict):
    """One place that a value came through."""

    what: str
    source: str
    path: str
    line: int


@with_config(ConfigDict(extra="allow"))
class ValueView(TypedDict):
    """A value in one calling context (`calls`, the outermost first). `why_not` says what is missing where it is not known."""

    address: str
    folder: str
    calls: list[str]
    known: bool
    value: Any
    why_not: str
    steps: list[StepView]
    instance: str


class Values(TypedDict):
    """The values that an attribute has. `note` is "": an environment that no code knows is refused."""

    values: list[ValueView]
    note: str


class NodeView(TypedDict):
    """A symbol in a graph. `repeats`: `count`, `for_each`, `dynamic ingress`."""

    id: str
    kind: str
    address: str
    source: str
    folder: str
    path: str
    line: int
    repeats: list[str]


class EdgeView(TypedDict):
    """The node `user` refers in these attributes to the node `used`."""

    user: str
    used: str
    attributes: list[str]


class GraphView(TypedDict):
    """A graph; `left_out` nodes are not in it, and `centre` is the id of the one that was asked for."""

    nodes: list[NodeView]
    edges: list[EdgeView]
    left_out: int
    centre: str


def known_kind(kind: str) -> str:
    """The kind, if there is one of that name or it is empty. Raises: SettingsError naming those that there are."""
    if kind and kind not in KINDS:
        raise SettingsError(f"there is no kind {kind!r}; there are: {', '.join(KINDS)}")
    return kind


def symbol_view(found: StoredSymbol) -> SymbolView:
    symbol = found.symbol
    return {
        "address": symbol.address,
        "kind": symbol.kind,
        "type": symbol.type,
        "name": symbol.name,
        "source": found.source,
        "folder": found.folder,
        "path": found.path,
        "document_id": found.document_id,
        "start_line": symbol.start,
        "end_line": symbol.end,
        "comment": symbol.comment,
        "provider": symbol.provider,
        "sensitive": symbol.sensitive,
        "attributes": [attribute_view(attribute) for attribute in symbol.attributes],
    }


def attribute_view(attribute: SymbolAttribute) -> AttributeView:
    return {
        "path": attribute.path,
        "start_line": attribute.start,
        "end_line": attribute.end,
        "value": as_hcl(attribute.expression),
    }


def reference_view(reference: StoredReference) -> ReferenceView:
    return {
        "source": reference.source,
        "folder": reference.folder,
        "path": reference.path,
        "line": reference.line,
        "attribute": reference.attribute,
        "target": reference.target,
    }


def mention_view(mention: Mention) -> MentionView:
    document = mention.document
    return {
        "document_id": document.id,
        "source": document.source,
        "path": document.path,
        "title": document.title,
        "line": mention.line,
        "name": mention.name,
        "url": document.link(mention.line, mention.line),
    }


def shown_view(lookup: TerraformLookup, address: str, source: str = "", folder: str | None = None) -> Shown:
    """What defines an address. Raises: NotFoundError when nothing does."""
    return {
        "symbols": [
            {
                **symbol_view(one),
                "references": [reference_view(reference) for reference in lookup.references_of(one)],
                "mentioned_in": [mention_view(mention) for mention in lookup.mentions(one)],
            }
            for one in lookup.define(address, source, folder)
        ]
    }


def used_view(found: Sequence[tuple[StoredSymbol, Sequence[StoredReference]]]) -> Used:
    return {"symbols": [{**symbol_view(one), "referred_by": [reference_view(r) for r in refs]} for one, refs in found]}


def module_view(call: ModuleCall) -> ModuleView:
    return {
        "address": call.call.symbol.address,
        "source": call.call.source,
        "path": call.call.path,
        "line": call.call.symbol.start,
        "module_source": call.source,
        "version": call.version,
        "folder": call.folder,
    }


def provider_view(provider: Provider) -> ProviderView:
    return cast(ProviderView, asdict(provider))


def settings_view(settings: ModuleSettings) -> SettingsView:
    return {
        "source": settings.source,
        "folder": settings.folder,
        "required_version": [cast(RequiredVersionView, asdict(one)) for one in settings.required_version],
        "backends": [
            {
                "block": one.block,
                "type": one.type,
                "attributes": [attribute_view(attribute) for attribute in one.attributes],
                "path": one.path,
                "line": one.line,
            }
            for one in settings.backends
        ],
    }


def environment_view(environment: Environment) -> EnvironmentView:
    return {
        "name": environment.name,
        "source": environment.source,
        "folders": list(environment.folders),
        "terragrunt": list(environment.terragrunt),
        "tfvars": list(environment.tfvars),
        "workspaces": [
            {"address": one.symbol.address, "path": one.path, "line": one.symbol.start}
            for one in environment.workspaces
        ],
    }


def values_view(
    lookup: TerraformLookup, attribute: str, environment: str = "", source: str = "", folder: str | None = None
) -> Values:
    """What an attribute is before apply, wherever its address holds. Raises: NotFoundError when it holds nowhere, or no code
    knows the environment."""
    if environment:
        lookup.refuse_unknown(environment)
    found = find_values(lookup, attribute, environment, source, folder)
    rows = [
        {"address": one.symbol.address, "folder": one.folder, **asdict(value)} for one, many in found for value in many
    ]
    return {"values": cast(list[ValueView], rows), "note": ""}


def graph_view(graph: Graph) -> GraphView:
    return cast(GraphView, asdict(graph))
