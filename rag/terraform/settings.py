"""What `terraform` blocks settle for a module folder: where its state is kept, and the versions of Terraform that it requires.

`waypost terraform settings` and `/v1/terraform/settings` call this. What may be a secret in a backend never left the parser.
Blocks: https://developer.hashicorp.com/terraform/language/block/terraform
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag.catalog.symbols import Place, StoredSymbol
from rag.terraform.lookup import TerraformLookup, literal
from rag.terraform.overrides import merged
from rag.terraform.records import SymbolAttribute


@dataclass(frozen=True)
class RequiredVersion:
    """A constraint on Terraform's own version."""

    constraint: str
    path: str
    line: int


@dataclass(frozen=True)
class Backend:
    """Where state is kept. `block` is `backend`, `cloud` or Terragrunt's `remote_state`; `type` is s3, gcs, …, of `cloud` "".
    Attributes bear their names within it."""

    block: str
    type: str
    attributes: tuple[SymbolAttribute, ...]
    path: str
    line: int


@dataclass(frozen=True)
class ModuleSettings:
    """The settings of one module folder; one with a backend is a root module."""

    source: str
    folder: str
    required_version: tuple[RequiredVersion, ...]
    backends: tuple[Backend, ...]

    @property
    def place(self) -> Place:
        """Where it stands in the order of source and folder."""
        return (self.source, self.folder, 0, "")


def find_settings(lookup: TerraformLookup, source: str = "", folder: str | None = None) -> list[ModuleSettings]:
    """The folders that name a backend or require a version of Terraform, in the order of source and folder."""
    blocks = lookup.symbols("terraform", source=source, folder=folder)
    blocks = [one for one in blocks if not one.path.endswith(".hcl")]  # Terragrunt's `terraform` is another one
    found: dict[tuple[str, str], ModuleSettings] = {}
    # An override is merged over every block of its folder, and so told by each of them.
    for one in merged([*blocks, *lookup.symbols(type_="remote_state", source=source, folder=folder)]):
        at = (one.source, one.folder)
        known = found.get(at, ModuleSettings(*at, (), ()))
        versions = [new for new in _versions(one) if new not in known.required_version]
        backends = [new for new in _backends(one) if new not in known.backends]
        found[at] = replace(
            known,
            required_version=(*known.required_version, *versions),
            backends=(*known.backends, *backends),
        )
    told = [one for one in found.values() if one.required_version or one.backends]
    return sorted(told, key=lambda one: one.place)


def _versions(at: StoredSymbol) -> Iterator[RequiredVersion]:
    attribute = at.symbol.attribute("required_version")
    if attribute and attribute.expression[0] == "lit":
        yield RequiredVersion(str(attribute.expression[1]), attribute.file or at.path, attribute.start)


def _backends(at: StoredSymbol) -> Iterator[Backend]:
    told = [inner for attribute in at.symbol.attributes for inner in _leaves(attribute)]
    if at.symbol.type == "remote_state":
        inside = tuple(_inner(one, "config") for one in told if one.path.startswith("config."))
        yield Backend("remote_state", literal(at, "backend"), inside, at.path, at.symbol.start)
        return
    for block in ("backend", "cloud"):
        if own := [one for one in told if one.path == block or one.path.startswith(f"{block}.")]:
            type_ = own[0].path.split(".")[1] if block == "backend" and "." in own[0].path else ""
            above = f"{block}.{type_}".rstrip(".")
            inside = tuple(_inner(one, above) for one in own if one.path != above)
            yield Backend(block, type_, inside, own[0].file or at.path, own[0].start)


def opened(attribute: SymbolAttribute) -> list[SymbolAttribute]:
    """The entries of an object as attributes: JSON and Terragrunt write objects where HCL has blocks. Nothing else has any."""
    if attribute.expression[0] != "obj":
        return []
    named = [(key[1], value, line) for key, value, line in attribute.expression[1] if key[0] == "lit"]
    return [
        replace(attribute, path=f"{attribute.path}.{name}", start=line, end=line, expression=value)
        for name, value, line in named
    ]


def _leaves(attribute: SymbolAttribute) -> Iterator[SymbolAttribute]:
    """The attribute, or instead of an object what stands in it."""
    entries = opened(attribute)
    for entry in entries:
        yield from _leaves(entry)
    if not entries:
        yield attribute


def _inner(attribute: SymbolAttribute, above: str) -> SymbolAttribute:
    return replace(attribute, path=attribute.path.removeprefix(f"{above}."))
