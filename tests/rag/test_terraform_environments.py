"""Which environments are recognised, and by what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from api.terraform_views import values_view
from ingest.sync import SyncReport
from rag.errors import NotFoundError
from rag.records import Viewer
from rag.terraform.lookup import TerraformLookup
from rag.terraform.values import find_values
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


UNIT = 'terraform {\n  source = "../../../modules/db"\n}\ninputs = {\n  size = "%s"\n  disks = {\n    "a" = { gb = %d }\n  }\n}\n'
ACCOUNTS = {
    "accounts/shop-prod/db/terragrunt.hcl": UNIT % ("large", 200),
    "accounts/shop-staging/db/terragrunt.hcl": UNIT % ("small", 20),
    "accounts/dev-desktops-prod/db/terragrunt.hcl": UNIT % ("huge", 900),
    "non-prod/eu-west-1/qa/db/terragrunt.hcl": UNIT.replace("../../../", "../../../../") % ("tiny", 2),
    "modules/db/main.tf": 'variable "size" {}\nvariable "disks" {}\nresource "x" "db" {\n  class = var.size\n}\n'
    'resource "x" "disk" {\n  for_each = var.disks\n  gb = each.value.gb\n}\n',
    **{f"modules/{name}/main.tf": 'module "it" {\n  source = "../cert"\n}\n' for name in ("web", "api", "queue")},
    "modules/cert/main.tf": 'resource "a" "c" {}\n',
    "stacks/top.tf": "".join(
        f'module "{name}" {{\n  source = "../modules/{name}"\n}}\n' for name in ("web", "api", "queue")
    ),
    **{
        f"stacks/{name}/main.tf": 'module "it" {\n  source = "../../modules/cert"\n}\n'
        f'resource "a" "{name}" {{}}\nresource "b" "{name}" {{}}\n'
        for name in ("perf", "forge", "crater")
    },
}


def test_terragrunts_accounts_are_environments_and_modules_and_stacks_are_none(look_up: LookUp) -> None:
    lookup = look_up(ACCOUNTS)
    found = {one.name: one.terragrunt for one in lookup.environments}
    assert found == {
        "prod": ("accounts/dev-desktops-prod", "accounts/shop-prod"),
        "staging": ("accounts/shop-staging",),
        "non-prod": ("non-prod",),
        "qa": ("non-prod/eu-west-1/qa",),
    }


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("staging", ["small"]),
        ("stg", ["small"]),
        ("shop-prod", ["large"]),
        ("prod", ["huge", "large"]),
        ("qa", ["tiny"]),
    ],
)
def test_an_environment_gives_its_own_values_alone(look_up: LookUp, environment: str, expected: list[str]) -> None:
    ((_, found),) = find_values(look_up(ACCOUNTS), "x.db.class", environment)
    assert [one.value for one in found] == expected


def test_an_input_is_cited_at_its_own_line(look_up: LookUp) -> None:
    lookup = look_up(ACCOUNTS)
    for address, lines in (("x.db.class", [4, 5]), ("x.disk.gb", [8, 6, 7])):
        ((_, (one,)),) = find_values(lookup, address, "staging")
        assert [step.line for step in one.steps] == lines


def test_an_environment_that_no_code_knows_is_refused(look_up: LookUp) -> None:
    lookup = look_up(ACCOUNTS)
    for known in ("staging", "production", "shop-staging"):
        values_view(lookup, "x.db.class", known)
    with pytest.raises(
        NotFoundError, match="no code knows an environment 'stagin'; there are: non-prod, prod, qa, stag"
    ):
        values_view(lookup, "x.db.class", "stagin")


def test_a_misspelled_attribute_is_not_said_to_be_unset(look_up: LookUp) -> None:
    lookup = look_up(ACCOUNTS)
    with pytest.raises(NotFoundError, match=r"x\.db sets no clas; did you mean class\?"):
        find_values(lookup, "x.db.clas")
    assert [values for _, values in find_values(lookup, "x.db.arn")] == [[]]
