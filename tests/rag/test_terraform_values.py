"""Effective values: followed through defaults, .tfvars, module arguments, locals and functions; and never guessed."""

# ruff: noqa: E501  # whole files in a line
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.errors import NotFoundError, SettingsError
from rag.records import Viewer
from rag.terraform.addresses import parse_asked
from rag.terraform.lookup import TerraformLookup
from rag.terraform.values import EffectiveValue, find_values
from tests.conftest import configure, write

FILES = {
    "env/prod/main.tf": 'module "db" {\n  source = "../../modules/db"\n  size   = local.sizes[var.tier]\n  name   = "ledger"\n}\n'
    'variable "tier" {\n  default = "small"\n}\nlocals {\n  sizes = { small = "db.small", large = "db.large" }\n}\n'
    'resource "aws_route53_record" "db" {\n  records = [module.db.host]\n  name    = module.db.label\n}\n',
    "env/prod/terraform.tfvars": 'tier = "large"\n',
    "env/test/main.tf": 'module "db" {\n  source = "../../modules/db"\n  name   = "ledger"\n}\n',
    "modules/db/main.tf": 'variable "size" {\n  default = "db.micro"\n}\nvariable "name" {}\nvariable "password" {\n'
    '  sensitive = true\n  default   = "x"\n}\nresource "aws_db_instance" "this" {\n  instance_class = var.size\n'
    '  identifier     = format("%s-%s", var.name, lower("DB"))\n  port           = 5000 + 432\n'
    '  multi_az       = var.size == "db.micro" ? false : true\n  password       = var.password\n'
    "  availability_zone = data.aws_availability_zones.all.names[0]\n  kms_key_id = aws_kms_key.k.arn\n"
    '  tags = merge({ a = 1 }, { b = aws_kms_key.k.arn })\n}\nresource "aws_kms_key" "k" {}\n'
    'output "host" {\n  value = aws_db_instance.this.address\n}\noutput "label" {\n  value = "${var.name}!"\n}\n',
    "work/main.tf": 'locals {\n  nodes = { live = 3, test = 1 }\n}\nresource "x" "y" {\n'
    "  count_of = lookup(local.nodes, terraform.workspace, 2)\n  loop = local.a\n}\nlocals {\n  a = local.b\n  b = local.a\n}\n"
    'variable "given" {}\nresource "x" "z" {\n  v = var.given\n}\n',
    "work/live.tfvars": "given = 7\n",
    "work/test.tfvars": "given = 8\n",
    "several/main.tf": "locals {\n  sizes = {\n    a = { cpu = 1 }\n    b = { cpu = 2, why = aws_kms_key.k.arn }\n  }\n"
    "  even = [for k, v in local.sizes : k if v.cpu % 2 == 0]\n}\n"
    'resource "m" "each" {\n  for_each = local.sizes\n  name = "m-${each.key}"\n  cpu  = each.value.cpu\n'
    '  why  = lookup(each.value, "why", "none")\n  dynamic "port" {\n    for_each = { p = 80 }\n    content {\n'
    "      to = port.value\n    }\n  }\n  lifecycle {\n    ignore_changes = [seen]\n  }\n  seen = 1\n}\n"
    'resource "m" "none" {\n  count = var.on ? 1 : 0\n  name = "x"\n}\nvariable "on" {\n  type = bool\n  default = "false"\n}\n'
    'resource "m" "all" {\n  names = [for one in m.each : one]\n  first = m.each["a"].name\n  lost = try(local.sizes.c.cpu, 7)\n'
    '  text = "${local.sizes["b"].cpu} x"\n  nested = m.typed.block[0].x\n  there = local.sizes != null\n  json = jsonencode({ b = [1], a = "<" })\n  even = local.even\n}\n'
    'resource "m" "typed" {\n  size = var.shape.size\n  kind = var.shape.kind\n  more = can(var.shape.more)\n  block {\n    x = 9\n  }\n}\n'
    'variable "shape" {\n  type = object({ size = string, kind = optional(string, "plain") })\n  default = { size = 3, more = 1 }\n}\n',
    "calls/main.tf": 'module "pair" {\n  for_each = toset(["x", "y"])\n  source = "./inner"\n  label = each.key\n}\n'
    'module "single" {\n  source = "./inner"\n  label = "only"\n}\n',
    "calls/inner/main.tf": 'variable "label" {}\nresource "r" "inner" {\n  name = "n-${var.label}"\n}\n',
    "run/main.tf": 'variable "region" {\n  default = "none"\n}\noutput "r" {\n  value = var.region\n}\nresource "r" "blocks" {\n'
    "  disk {\n    size = 1\n  }\n  disk {\n    size = 2\n  }\n}\n",
    "run/prod.tfvars": 'region = "eu"\n',
    "run/broken.tfvars": 'region = "us"\nother = = 1\n',
    "run/terraform.tfvars": 'region = "usual"\n',
    "run/examples/a/main.tf": 'module "it" {\n  source = "../.."\n  region = "example"\n}\n',
    "unit/root.hcl": 'locals {\n  region = "eu"\n}\ninputs = {\n  size = "db.root"\n  name = "root"\n}\n',
    "unit/live/env.hcl": 'locals {\n  name = "live"\n}\n',
    "unit/live/db/terragrunt.hcl": 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\nterraform {\n'
    '  source = "../../module"\n}\nlocals {\n  env = read_terragrunt_config(find_in_parent_folders("env.hcl"))\n}\n'
    'inputs = {\n  name = "${local.env.locals.name}-db"\n}\n',
    "unit/module/main.tf": 'variable "name" {}\nvariable "size" {}\nresource "t" "g" {\n  name = var.name\n  size = var.size\n}\n',
    "over/main.tf": 'resource "x" "y" {\n  a = local.n\n}\nlocals {\n  n = 1\n}\n',
    "over/more_override.tf": "locals {\n  n = 2\n}\n",
}


@pytest.fixture
def values(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> Callable[..., list[EffectiveValue]]:
    configure(settings, {"name": "infra", "type": "folder", "path": str(write(tmp_path / "infra", FILES))})
    sync()

    def run(text: str, environment: str = "", folder: str | None = None) -> list[EffectiveValue]:
        lookup = TerraformLookup(owner.catalog, Viewer())
        return [value for _, many in find_values(lookup, text, environment, folder=folder) for value in many]

    return run


Values = Callable[..., list[EffectiveValue]]


def test_through_module_argument_local_and_tfvars_with_every_line(values: Values) -> None:
    (value,) = values("aws_db_instance.this.instance_class", "prod")
    assert (value.known, value.value, value.calls) == (True, "db.large", ("env/prod: module.db",))
    assert [(step.path, step.line) for step in value.steps] == [
        ("modules/db/main.tf", 10), ("env/prod/main.tf", 3), ("env/prod/terraform.tfvars", 1), ("env/prod/main.tf", 10),
    ]  # fmt: skip


def test_one_value_for_each_context_without_an_environment(values: Values) -> None:
    found = {value.calls: value.value for value in values("aws_db_instance.this.instance_class")}
    assert found == {("env/prod: module.db",): "db.large", ("env/test: module.db",): "db.micro"}


@pytest.mark.parametrize(
    ("attribute", "environment", "expected"),
    [
        ("aws_db_instance.this.identifier", "prod", "ledger-db"),
        ("aws_db_instance.this.port", "prod", 5432),
        ("aws_db_instance.this.multi_az", "test", False),
        ("aws_db_instance.this.multi_az", "prod", True),
        ("aws_route53_record.db.name", "prod", "ledger!"),
        ("x.y.count_of", "live", 3),
        ("x.y.count_of", "other", 2),
        ("x.z.v", "test", 8),
        ("var.tier", "prod", "large"),
        ("local.sizes", "prod", {"small": "db.small", "large": "db.large"}),
    ],
)
def test_known_values(values: Values, attribute: str, environment: str, expected: Any) -> None:
    folder = "work" if attribute.startswith("x.") else None
    assert [value.value for value in values(attribute, environment, folder) if value.known] == [expected]


@pytest.mark.parametrize(
    ("attribute", "environment", "why"),
    [
        ("aws_db_instance.this.password", "prod", "sensitive"),
        ("aws_db_instance.this.availability_zone", "prod", "read from outside"),
        ("aws_db_instance.this.kms_key_id", "prod", "known after apply"),
        ("aws_db_instance.this.tags", "prod", "known after apply"),
        ("aws_route53_record.db.records", "prod", "known after apply"),
        ("x.y.count_of", "", "workspace"),
        ("x.y.loop", "live", "refers to itself"),
        ("x.z.v", "", "differs by environment"),
        ("x.z.v", "other", "var.given is given for live, test, and work has no other"),
    ],
)
def test_what_cannot_be_told_is_not_guessed(values: Values, attribute: str, environment: str, why: str) -> None:
    folder = "work" if attribute.startswith("x.") else None
    (value,) = values(attribute, environment, folder)
    assert (value.known, value.value) == (False, None)
    assert why in value.why_not


def test_an_attribute_that_is_not_set_has_no_value(values: Values) -> None:
    assert values("aws_kms_key.k.arn") == []


@pytest.mark.parametrize(
    ("text", "address", "steps"),
    [
        ("aws_vpc.main.tags", "aws_vpc.main", ["tags"]),
        ("data.aws_ami.x.owners", "data.aws_ami.x", ["owners"]),
        ("module.a.module.b.aws_vpc.main.cidr_block", "module.a.module.b.aws_vpc.main", ["cidr_block"]),
        ("var.x", "var.x", []),
        ('local.x["a.b"].c', "local.x", [["idx", ["lit", "a.b"]], "c"]),
        (
            "aws_x.d[0].cluster_config.0.instance_type",
            "aws_x.d",
            ["cluster_config", ["idx", ["lit", 0]], "instance_type"],
        ),
        ('module.a["10.0.0.0/8"].aws_x.d.e', "module.a.aws_x.d", ["e"]),
    ],
)
def test_addresses_and_what_is_asked_of_them_are_told_apart(text: str, address: str, steps: list[Any]) -> None:
    asked = parse_asked(text)
    assert (asked.address, asked.steps(asked.length)) == (address, steps)


@pytest.mark.parametrize(
    "text", ["", " ", "aws_vpc", "aws_vpc..x", ".x", "a.b.", 'a.b["c', "a b.c", "a.b[x]", "[0].a", "-", "a.b[0]c"]
)
def test_what_names_no_value_is_refused(values: Values, text: str) -> None:
    with pytest.raises(SettingsError, match="names no value"):
        values(text)


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        ("local.sizes.large", "prod", ["db.large"]),
        ('local.sizes["small"]', "prod", ["db.small"]),
        ("module.db.size", "prod", ["db.large"]),
        ("module.db.aws_db_instance.this.identifier", "", ["ledger-db", "ledger-db"]),
        ("local.sizes.b.cpu", "", [2]),
        ("m.typed.block[0].x", "", [9]),
        ("var.shape.size", "", ["3"]),
        ("m.all.names[1]", "", []),
    ],
)
def test_parts_of_values(values: Values, text: str, environment: str, expected: list[Any]) -> None:
    folder = "several" if text.split(".", maxsplit=1)[0] in ("m", "var") or ".b." in text else None
    found = values(text, environment, folder)
    assert [value.value for value in found if value.known] == expected


def test_an_instance_that_is_not_there_and_a_block_without_an_attribute_are_named(values: Values) -> None:
    with pytest.raises(NotFoundError, match=r'there are: \["a"\], \["b"\]'):
        values('m.each["z"].name')
    with pytest.raises(SettingsError, match="name an attribute of it: for_each, name, cpu"):
        values("m.each")
    with pytest.raises(NotFoundError, match="nothing here defines"):
        values('module.other["x"].m.each.name')


def test_of_several_calls_the_one_that_was_written(values: Values) -> None:
    (value,) = values('module.pair["y"].r.inner.name')
    assert (value.value, value.calls) == ("n-y", ('calls: module.pair["y"]',))
    assert [v.value for v in values("module.pair.r.inner.name")] == ["n-x", "n-y"]
    (single,) = values("module.single.r.inner.name")
    assert single.value == "n-only"
    assert len(values("r.inner.name")) == 3
    (argument,) = values('module.pair["x"].label')
    assert argument.value == "x"


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("m.each.name", {'["a"]': "m-a", '["b"]': "m-b"}),
        ("m.each.cpu", {'["a"]': 1, '["b"]': 2}),
        ("m.each.why", {'["a"]': "none", '["b"]': "aws_kms_key.k is not defined here"}),
        ("m.each.dynamic.port.content.to", {'["a"]': 80, '["b"]': 80}),
        ("m.each.seen", dict.fromkeys(('["a"]', '["b"]'), "lifecycle.ignore_changes names seen: what is set elsewhere stays")),
        ('m.each["b"].name', {'["b"]': "m-b"}),
        ("m.each.port.to", {'["a"]': 80, '["b"]': 80}),
        ("m.all.nested", {"": 9}),
        ("m.all.there", {"": True}),
        ("m.none.name", {"": "m.none is not created here: its count or for_each is empty"}),
        ("m.none.count", {"": 0}),
        ("m.all.first", {"": "m-a"}),
        ("m.all.lost", {"": 7}),
        ("m.all.text", {"": "2 x"}),
        ("m.all.json", {"": '{"a":"\\u003c","b":[1]}'}),
        ("m.all.even", {"": ["b"]}),
        ("m.typed.size", {"": "3"}),
        ("m.typed.kind", {"": "plain"}),
        ("m.typed.more", {"": False}),
        ("x.y.a", {"": 2}),
        ("t.g.name", {"": "live-db"}),
        ("t.g.size", {"": "db.root"}),
    ],
)  # fmt: skip
def test_instances_types_overrides_and_terragrunt(values: Values, attribute: str, expected: dict[str, Any]) -> None:
    folder = {"x": "over", "t": "unit/module"}.get(attribute[0], "several")
    found = {
        value.instance: value.value if value.known else value.why_not for value in values(attribute, folder=folder)
    }
    assert found == expected
    assert [type(value) for value in found.values()] == [type(value) for value in expected.values()]


def test_a_local_in_a_map_is_cited_with_its_own_line(values: Values) -> None:
    (value,) = values("m.all.text", folder="several")
    assert [step.line for step in value.steps] == [36, 2, 4]


def test_of_calls_of_one_name_that_of_the_folder(values: Values) -> None:
    found = values("module.db.aws_db_instance.this.instance_class", "", "env/test")
    assert [(value.value, value.calls) for value in found] == [("db.micro", ("env/test: module.db",))]
    with pytest.raises(
        NotFoundError,
        match=r"nothing in folder work defines module\.single; it is defined in: .*/calls",
    ):
        values("module.single.r.inner.name", "", "work")


def test_a_module_that_is_run_by_itself_and_called_too_has_both_values(values: Values) -> None:
    assert [v.value for v in values("output.r", "prod", "run")] == ["eu", "example"]
    assert [v.value for v in values("output.r", "", "run")] == ["usual", "example"]


def test_a_file_of_values_that_can_not_be_read_whole_is_not_passed_over(values: Values) -> None:
    broken = values("output.r", "broken", "run")[0]
    assert (broken.known, "broken.tfvars, which can't be read" in broken.why_not) == (False, True)


def test_of_several_blocks_of_one_type_each_is_told(values: Values) -> None:
    run = [v for v in values("r.blocks.disk.size", "", "run") if not v.calls]
    assert [v.value for v in run] == [1, 2]
    assert {v.value for v in values("r.blocks.disk[1].size")} == {2}


def test_a_part_of_a_local_is_cited_with_its_own_line(values: Values) -> None:
    (value,) = values("local.sizes.b.cpu", "", "several")
    assert [step.line for step in value.steps][-1] == 4


APART = {
    "deployments/rds/main.tf": 'variable "days" {\n  default = 7\n}\nvariable "cidr" {}\nresource "aws_db_instance" "this" {\n'
    "  backup_retention_period = var.days\n  cidr                    = var.cidr\n}\n" + 'module "s3" {\n  source = "../../shared/s3"\n}\n',
    "deployments/chat/main.tf": 'variable "days" {\n  default = 9\n}\nresource "aws_db_instance" "chat" {\n'
    "  backup_retention_period = var.days\n}\n" + 'module "s3" {\n  source = "../../shared/s3"\n}\n',
    "deployments/dns/main.tf": 'module "s3" {\n  source = "../../shared/s3"\n}\n',
    "shared/s3/main.tf": 'resource "aws_s3_bucket" "b" {}\n',
    "variables/common.tf": 'variable "cidr" {}\n',
    "variables/integration/rds.tfvars": "days = 1\n",
    "variables/integration/common.tfvars": 'cidr = "10.1.0.0/16"\n',
    "variables/production/rds.tfvars": "days = 35\n",
    "variables/production/dns.tfvars": "zone = 1\ndays = 3\n",
    "variables/production/common.tfvars": 'cidr = "10.2.0.0/16"\n',
    "variables/staging/rds.tfvars": "other = 1\n",
}  # fmt: skip


def test_values_in_a_tree_of_their_own_are_of_the_folder_that_they_are_called_after(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    configure(settings, {"name": "infra", "type": "folder", "path": str(write(tmp_path / "infra", APART))})
    sync()
    lookup = TerraformLookup(owner.catalog, Viewer())

    def told(name: str, environment: str) -> Any:
        ((_, (value,)),) = find_values(lookup, name, environment)
        return value.value if value.known else value.why_not

    days = "aws_db_instance.this.backup_retention_period"
    assert [told(days, one) for one in ("integration", "production", "staging")] == [1, 35, 7]
    assert "differs by environment" in told(days, "")
    assert told("aws_db_instance.this.cidr", "production") == "10.2.0.0/16"  # the file is called after no folder
    assert told("aws_db_instance.chat.backup_retention_period", "production") == 9
    assert [one.name for one in lookup.environments] == ["integration", "production", "staging"]
