"""Which environments are recognised, and by what."""

from __future__ import annotations

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
    "main.tf": 'module "x" {\n  source = "./modules/vpc"\n}\n',
    "other/main.tf": 'module "x" {\n  source = "../modules/vpc"\n}\n',
    "modules/vpc/main.tf": 'resource "a" "c" {}\n',
}


def test_environments_tell_what_makes_them(look_up: LookUp) -> None:
    found = {one.name: one for one in look_up(FILES).environments}
    assert list(found) == sorted(found)
    assert set(found) == {"prod", "live", "live-2", "blue", "green", "other"}
    prod = found["prod"]
    assert (prod.source, prod.folders, prod.terragrunt) == ("infra", ("app/prod",), ("live/prod",))
    assert (prod.tfvars, [(at.path, at.symbol.start) for at in prod.workspaces]) == (
        ("app/prod.tfvars",), [("app/main.tf", 2)],
    )  # fmt: skip
    assert (found["blue"].folders, found["live-2"].folders) == (("accounts/blue",), ())
    assert [at.symbol.address for at in found["live-2"].workspaces] == ["local.big"]
