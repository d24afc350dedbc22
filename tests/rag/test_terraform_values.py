"""Effective values: followed through defaults, .tfvars, module arguments, locals and functions; and never guessed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.records import Viewer
from rag.terraform.lookup import TerraformLookup
from rag.terraform.values import EffectiveValue, TerraformValues, split_attribute
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
    '  tags = merge({ a = 1 }, { b = [for x in [1] : x] })\n}\nresource "aws_kms_key" "k" {}\n'
    'output "host" {\n  value = aws_db_instance.this.address\n}\noutput "label" {\n  value = "${var.name}!"\n}\n',
    "work/main.tf": 'locals {\n  nodes = { live = 3, test = 1 }\n}\nresource "x" "y" {\n'
    "  count_of = lookup(local.nodes, terraform.workspace, 2)\n  loop = local.a\n}\nlocals {\n  a = local.b\n  b = local.a\n}\n"
    'variable "given" {}\nresource "x" "z" {\n  v = var.given\n}\n',
    "work/live.tfvars": "given = 7\n",
    "work/test.tfvars": "given = 8\n",
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
        address, path = split_attribute(text)
        evaluation = TerraformValues(lookup, environment)
        return [value for found in lookup.define(address, folder=folder) for value in evaluation.of(found, path)]

    return run


Values = Callable[..., list[EffectiveValue]]


def test_through_module_argument_local_and_tfvars_with_every_line(values: Values) -> None:
    (value,) = values("aws_db_instance.this.instance_class", "prod")
    assert (value.known, value.value, value.calls) == (True, "db.large", ("env/prod: module.db",))
    assert [(step.path, step.line) for step in value.steps] == [
        ("modules/db/main.tf", 10), ("env/prod/main.tf", 3), ("env/prod/main.tf", 10), ("env/prod/terraform.tfvars", 1),
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
        ("aws_db_instance.this.tags", "prod", "computed"),
        ("aws_route53_record.db.records", "prod", "known after apply"),
        ("x.y.count_of", "", "workspace"),
        ("x.y.loop", "live", "refers to itself"),
        ("x.z.v", "", "differs by environment"),
        ("x.z.v", "other", "given from outside"),
        ("x.y.a", "", "overridden"),
    ],
)
def test_what_cannot_be_told_is_not_guessed(values: Values, attribute: str, environment: str, why: str) -> None:
    folder = {"x.y.a": "over"}.get(attribute, "work" if attribute.startswith("x.") else None)
    (value,) = values(attribute, environment, folder)
    assert (value.known, value.value) == (False, None)
    assert why in value.why_not


def test_an_attribute_that_is_not_set_has_no_value(values: Values) -> None:
    assert values("aws_kms_key.k.arn") == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("aws_vpc.main.tags", ("aws_vpc.main", "tags")),
        ("data.aws_ami.x.owners", ("data.aws_ami.x", "owners")),
        ("module.a.module.b.aws_vpc.main.cidr_block", ("module.a.module.b.aws_vpc.main", "cidr_block")),
        ("var.x", ("var.x", "default")),
        ("local.x", ("local.x", "value")),
        (
            "aws_opensearch_domain.d.cluster_config.instance_type",
            ("aws_opensearch_domain.d", "cluster_config.instance_type"),
        ),
    ],
)
def test_addresses_and_attributes_are_told_apart(text: str, parts: tuple[str, str]) -> None:
    assert split_attribute(text) == parts
