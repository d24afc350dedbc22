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
from rag.terraform.lookup import ModuleCall, Provider, TerraformLookup
from rag.terraform.records import KINDS, Graph
from rag.terraform.text import as_hcl
from rag.terraform.values import TerraformValues, split_attribute


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


class ShownSymbol(SymbolView):
    """A symbol with what it refers to."""

    references: list[ReferenceView]


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


class ProviderView(TypedDict):
    """A provider that a module folder requires."""

    source: str
    folder: str
    name: str
    origin: str
    constraint: str
    path: str
    line: int


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


class Values(TypedDict):
    """The values that an attribute has."""

    values: list[ValueView]


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
        "attributes": [
            {"path": a.path, "start_line": a.start, "end_line": a.end, "value": as_hcl(a.expression)}
            for a in symbol.attributes
        ],
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


def shown_view(found: Sequence[tuple[StoredSymbol, Sequence[StoredReference]]]) -> Shown:
    return {"symbols": [{**symbol_view(one), "references": [reference_view(r) for r in refs]} for one, refs in found]}


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


def values_view(
    lookup: TerraformLookup, attribute: str, environment: str = "", source: str = "", folder: str | None = None
) -> Values:
    """What an attribute is before apply, wherever its address holds. Raises: NotFoundError when it holds nowhere."""
    evaluation = TerraformValues(lookup, environment)
    address, path = split_attribute(attribute)
    found = [(one, evaluation.of(one, path)) for one in lookup.define(address, source, folder)]
    rows = [
        {"address": one.symbol.address, "folder": one.folder, **asdict(value)} for one, many in found for value in many
    ]
    return {"values": cast(list[ValueView], rows)}


def graph_view(graph: Graph) -> GraphView:
    return cast(GraphView, asdict(graph))
