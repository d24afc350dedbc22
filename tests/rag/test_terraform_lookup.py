"""Looking Terraform up across folders and calls of local modules, within what the viewer may read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.errors import NotFoundError
from rag.records import Viewer
from rag.terraform.lookup import TerraformLookup
from rag.terraform.providers import find_providers
from tests.conftest import configure, write

FILES = {
    "env/prod/main.tf": 'module "net" {\n  source = "../../modules/net"\n  cidr   = "10.0.0.0/16"\n}\n'
    'module "db" {\n  source  = "acme/db/aws"\n  version = "2.1.0"\n  subnet  = module.net.subnet_id\n}\n'
    'terraform {\n  required_providers {\n    aws = {\n      source  = "hashicorp/aws"\n'
    '      version = "~> 5.0"\n    }\n  }\n}\n',
    "env/test/main.tf": 'module "net" {\n  source = "../../modules/net"\n  cidr   = "10.9.0.0/16"\n}\n',
    "modules/net/main.tf": 'variable "cidr" {}\nresource "aws_vpc" "this" {\n  cidr_block = var.cidr\n}\n'
    'resource "aws_subnet" "a" {\n  count  = 2\n  vpc_id = aws_vpc.this.id\n}\n'
    'output "subnet_id" {\n  value = aws_subnet.a[0].id\n}\n',
    "secret/main.tf": 'resource "aws_vpc" "this" {}\n',
}


@pytest.fixture
def lookup(owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path) -> TerraformLookup:
    folder = write(tmp_path / "infra", FILES)
    both = {"type": "folder", "path": str(folder)}
    configure(
        settings, {**both, "name": "infra", "exclude": ["secret/"]},
        {**both, "name": "hidden", "include": ["secret/"], "audience": ["sre"]},
    )  # fmt: skip
    sync()
    return TerraformLookup(owner.catalog, Viewer())


def test_everything_is_listed_by_kind_and_type(lookup: TerraformLookup) -> None:
    assert [s.symbol.address for s in lookup.symbols("resource")] == ["aws_vpc.this", "aws_subnet.a"]
    assert [s.folder for s in lookup.symbols("module", name="net")] == ["env/prod", "env/test"]
    assert [s.path for s in lookup.symbols(type_="aws_vpc")] == ["modules/net/main.tf"]


@pytest.mark.parametrize(
    ("address", "places"),
    [
        ("aws_vpc.this", ["modules/net/main.tf:2"]),
        ("module.net", ["env/prod/main.tf:1", "env/test/main.tf:1"]),
        ("module.net.aws_subnet.a[1]", ["modules/net/main.tf:5", "modules/net/main.tf:5"]),
        ('module.net["x"].subnet_id', ["modules/net/main.tf:9", "modules/net/main.tf:9"]),
    ],
)
def test_addresses_lead_to_their_lines(lookup: TerraformLookup, address: str, places: list[str]) -> None:
    assert [f"{found.path}:{found.symbol.start}" for found in lookup.define(address)] == places


def test_an_unknown_address_names_what_is_near(lookup: TerraformLookup) -> None:
    with pytest.raises(
        NotFoundError, match=r"nothing here defines aws_vpcs\.this; of that name there is: aws_vpc\.this"
    ):
        lookup.define("aws_vpcs.this")


def references(lookup: TerraformLookup, address: str) -> list[tuple[str, int, str]]:
    (found,) = lookup.define(address)
    return [(r.path, r.line, r.attribute) for r in lookup.references_to(found)]


def test_references_cross_calls_of_modules(lookup: TerraformLookup) -> None:
    assert references(lookup, "aws_vpc.this") == [("modules/net/main.tf", 7, "vpc_id")]
    assert references(lookup, "var.cidr") == [
        ("env/prod/main.tf", 3, "cidr"), ("env/test/main.tf", 3, "cidr"), ("modules/net/main.tf", 3, "cidr_block"),
    ]  # fmt: skip
    assert references(lookup, "output.subnet_id") == [("env/prod/main.tf", 8, "subnet")]


def test_modules_and_providers(lookup: TerraformLookup) -> None:
    calls = [(c.call.symbol.name, c.source, c.version, c.folder) for c in lookup.module_calls]
    assert calls == [
        ("net", "../../modules/net", "", "modules/net"), ("db", "acme/db/aws", "2.1.0", None),
        ("net", "../../modules/net", "", "modules/net"),
    ]  # fmt: skip
    (provider,) = find_providers(lookup)
    assert (provider.folder, provider.name, provider.origin, provider.constraint, provider.line) == (
        "env/prod", "aws", "hashicorp/aws", "~> 5.0", 12,
    )  # fmt: skip


def test_a_viewer_sees_what_is_theirs_alone(owner: Owner, lookup: TerraformLookup) -> None:
    assert [s.path for s in lookup.symbols(type_="aws_vpc")] == ["modules/net/main.tf"]
    sre = TerraformLookup(owner.catalog, Viewer.of(["sre"]))
    assert {s.path for s in sre.symbols(type_="aws_vpc")} == {"modules/net/main.tf", "secret/main.tf"}


def test_what_is_deleted_defines_nothing(
    owner: Owner, lookup: TerraformLookup, sync: Callable[..., SyncReport], tmp_path: Path
) -> None:
    (tmp_path / "infra" / "modules" / "net" / "main.tf").write_text('variable "cidr" {}\n')
    (tmp_path / "infra" / "env" / "test" / "main.tf").unlink()
    sync()
    fresh = TerraformLookup(owner.catalog, Viewer())
    assert [s.symbol.address for s in fresh.symbols("resource")] == []
    assert references(fresh, "var.cidr") == [("env/prod/main.tf", 3, "cidr")]
