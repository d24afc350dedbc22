"""A small organisation's Terraform: two environments that call a local module and a foreign one, and a folder for few eyes."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import write

MARKUP = 'x\\"]<script>alert(1)</script>'  # as a name in HCL

INFRA = {
    "env/prod/main.tf": 'locals {\n  range = "10.0.0.0/16"\n  unused = 1\n}\n'
    'module "net" {\n  source = "../../modules/net"\n  cidr   = local.range\n  zones  = ["a", "b"]\n}\n'
    'module "db" {\n  source  = "acme/db/aws"\n  version = "2.1.0"\n  subnet  = module.net.subnet_id\n}\n'
    'resource "aws_route" "out" {\n  for_each = toset(["a"])\n  route    = module.net.vpc_id\n}\n'
    'output "endpoint" {\n  value = module.db.endpoint\n}\n',
    "env/prod/versions.tf": 'terraform {\n  required_providers {\n    aws = {\n      source  = "hashicorp/aws"\n'
    '      version = "~> 5.0"\n    }\n    random = "3.1"\n  }\n}\n',
    "env/prod/.terraform.lock.hcl": 'provider "registry.terraform.io/hashicorp/aws" {\n  version     = "5.31.0"\n'
    '  constraints = "~> 5.0"\n  hashes = [\n    "h1:abc=",\n  ]\n}\n',
    "env/prod/backend.tf": 'terraform {\n  required_version = ">= 1.5"\n  backend "s3" {\n    bucket = "state"\n  }\n}\n',
    "env/test/backend.tf": 'terraform {\n  backend "local" {}\n}\n',
    "env/test/live.tfvars": "unused = 1\n",
    "modules/net/versions.tf": 'terraform {\n  required_version = ">= 1.3"\n}\n',
    "env/test/main.tf": 'module "net" {\n  source = "../../modules/net"\n  cidr   = "10.9.0.0/16"\n}\n'
    'terraform {\n  required_providers {\n    aws = {\n      version = "~> 4.0"\n    }\n  }\n}\n',
    "modules/net/main.tf": 'variable "cidr" {}\nvariable "zones" {\n  default = []\n}\n'
    'resource "aws_vpc" "this" {\n  cidr_block = var.cidr\n}\n'
    'resource "aws_subnet" "a" {\n  count  = 2\n  vpc_id = local.vpc\n  zones  = var.zones\n'
    '  dynamic "tag" {\n    for_each = var.zones\n    content {\n      key = tag.value\n    }\n  }\n}\n'
    "locals {\n  vpc = aws_vpc.this.id\n}\n"
    'output "subnet_id" {\n  value = aws_subnet.a[0].id\n}\noutput "vpc_id" {\n  value = aws_vpc.this.id\n}\n',
    "modules/net/a_override.tf": 'resource "aws_vpc" "this" {\n  tags = [var.zones, aws_vpc.this.arn]\n}\n',
    "odd/main.tf": f'# a comment with <script>\nresource "odd" "{MARKUP}" {{}}\n',
    "secret/main.tf": 'resource "aws_vpc" "hidden" {}\n'
    'module "net" {\n  source = "../modules/net"\n  cidr   = "10.66.0.0/16"\n}\n'
    'resource "aws_peer" "p" {\n  subnet = module.net.subnet_id\n}\n',
}


def sources(folder: Path) -> tuple[dict[str, object], dict[str, object]]:
    """Two sources over a folder that holds it: all but `secret/` for everyone, and all of it for sre."""
    write(folder, INFRA)
    both = {"type": "folder", "path": str(folder)}
    return {**both, "name": "infra", "exclude": ["secret/"]}, {**both, "name": "hidden", "audience": ["sre"]}
