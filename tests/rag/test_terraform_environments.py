"""Which environments are recognised, and by what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.records import Viewer
from rag.terraform.lookup import TerraformLookup
from tests.conftest import configure, write
from tests.rag.conftest import LookUp

FILES = {
    "live/prod/vpc/terragrunt.hcl": 'terraform {\n  source = "../../../modules/vpc"\n}\n',
    "live/prod/env.hcl": "locals {\n  a = 1\n}\n",
    "app/prod/main.tf": 'resource "a" "b" {}\n',
    "app/prod.tfvars": 'size = "big"\n',
    "app/terraform.tfvars": 'size = "small"\n',
    "app/main.tf": 'locals {\n  big = terraform.workspace == "prod" || terraform.workspace == "live-2"\n}\n',
    "accounts/blue/main.tf": 'module "x" {\n  source = "../../modules/vpc"\n}\n',
    "accounts/green/main.tf": 'module "x" {\n  source = "../../modules/vpc"\n}\n',
    "accounts/red/main.tf": 'module "x" {\n  source = "../../modules/vpc"\n}\n',
    "main.tf": 'module "x" {\n  source = "./modules/vpc"\n}\n',
    "other/main.tf": 'module "x" {\n  source = "../modules/vpc"\n}\n',
    "modules/vpc/main.tf": 'resource "a" "c" {}\n',
}


def test_environments_tell_what_makes_them(look_up: LookUp) -> None:
    found = {one.name: one for one in look_up(FILES).environments}
    assert list(found) == sorted(found)
    assert set(found) == {"prod", "live-2", "blue", "green", "red"}  # `live` holds all; of "other" there are but two
    prod = found["prod"]
    assert (prod.source, prod.folders, prod.terragrunt) == ("infra", ("app/prod",), ("live/prod",))
    assert (prod.tfvars, [(at.path, at.symbol.start) for at in prod.workspaces]) == (
        ("app/prod.tfvars",), [("app/main.tf", 2)],
    )  # fmt: skip
    assert (found["blue"].folders, found["live-2"].folders) == (("accounts/blue",), ())
    assert [at.symbol.address for at in found["live-2"].workspaces] == ["local.big"]


def test_each_source_has_its_own(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    write(tmp_path, {"a/main.tf": FILES["app/main.tf"], "b/prod.tfvars": "size = 1\n"})
    configure(settings, *({"name": name, "type": "folder", "path": str(tmp_path / name)} for name in "ab"))
    sync()
    found = TerraformLookup(owner.catalog, Viewer()).environments
    assert [(one.source, one.name, one.tfvars, len(one.workspaces)) for one in found] == [
        ("a", "live-2", (), 1), ("a", "prod", (), 1), ("b", "prod", ("prod.tfvars",), 0),
    ]  # fmt: skip
