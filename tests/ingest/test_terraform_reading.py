"""Terraform read as blocks, attributes, expressions and references, in both syntaxes; and the symbols that files define."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from ingest.terraform import expressions
from ingest.terraform.json_syntax import read_json, read_json_values
from ingest.terraform.reading import Block, read
from ingest.terraform.symbols import read_file, symbols
from rag.terraform.records import Expression, Symbol
from rag.terraform.text import as_hcl

MAIN = """# The ledger's database.
# Owned by payments.
resource "aws_db_instance" "main" {
  identifier = "ledger-${var.environment}"
  size       = var.sizes["prod"]

  # kept for audits
  backup_retention_period = local.days * 2
  tags = { Name = "x", (var.key) = local.team, "q" : 1 }
  subnets = [for s in module.net.subnets : s.id if s.public]
  policy = <<-EOT
    allow ${data.aws_iam_role.reader.arn}
  EOT

  dynamic "ingress" {
    for_each = var.rules
    content {
      from_port = ingress.value.port
      source    = aws_security_group.web[0].id
    }
  }
  lifecycle { prevent_destroy = true }
}
"""


def block(text: str) -> Block:
    (found,) = read(text).blocks
    return found


def expression(text: str) -> list[object]:
    return read(f"x = {text}\n").attributes[0].expression


def test_a_block_with_its_comment_and_lines() -> None:
    found = block(MAIN)
    assert (found.type, found.labels, found.lead, found.start, found.end) == (
        "resource",
        ("aws_db_instance", "main"),
        1,
        3,
        23,
    )
    assert found.comment == "The ledger's database.\nOwned by payments."
    lines = {a.name: (a.lead, a.start, a.end) for a in found.attributes}
    assert lines["backup_retention_period"] == (7, 8, 8)
    assert lines["policy"] == (11, 11, 13)
    assert [b.type for b in found.blocks] == ["dynamic", "lifecycle"]


def test_references_are_found_everywhere_and_iterators_are_none() -> None:
    (found,) = symbols("main.tf", read(MAIN))
    targets = {(r.target, r.attribute, r.line) for r in found.references}
    assert targets == {
        ("var.environment", "identifier", 4), ("var.sizes", "size", 5), ("local.days", "backup_retention_period", 8),
        ("var.key", "tags", 9), ("local.team", "tags", 9), ("module.net.subnets", "subnets", 10),
        ("data.aws_iam_role.reader", "policy", 12), ("var.rules", "dynamic.ingress.for_each", 16),
        ("aws_security_group.web", "dynamic.ingress.content.source", 19),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("5", ["lit", 5]),
        ("-3", ["op", "-", [["lit", 3]]]),
        ("1.5", ["lit", 1.5]),
        ("true", ["lit", True]),
        ("null", ["lit", None]),
        ('"a\\nb$${c}"', ["lit", "a\nb${c}"]),
        ('"${var.x}"', ["ref", ["var", "x"]]),
        ('"a-${var.x}"', ["tpl", [["lit", "a-"], ["ref", ["var", "x"]]]]),
        ("[1, var.x]", ["list", [["lit", 1], ["ref", ["var", "x"]]]]),
        ("{ a = 1 }", ["obj", [[["lit", "a"], ["lit", 1], 1]]]),
        ("a ? b : c ? d : e", ["if", ["ref", ["a"]], ["ref", ["b"]], ["if", ["ref", ["c"]], ["ref", ["d"]], ["ref", ["e"]]]]),
        ("(a ? b : c) ? d : e", ["if", ["if", ["ref", ["a"]], ["ref", ["b"]], ["ref", ["c"]]], ["ref", ["d"]], ["ref", ["e"]]]),
        ('" ${a}  b ${c} "', ["tpl", [["lit", " "], ["ref", ["a"]], ["lit", "  b "], ["ref", ["c"]], ["lit", " "]]]),
        ("<<EOT\n  ${a}\n b\nEOT", ["tpl", [["lit", "  "], ["ref", ["a"]], ["lit", "\n b\n"]]]),
        ("[for k, v in m : v if v]", ["for", "k", "v", ["ref", ["m"]], None, ["ref", ["v"]], ["ref", ["v"]], False]),
        ("{for v in m : v => 1...}", ["for", "", "v", ["ref", ["m"]], ["ref", ["v"]], ["lit", 1], None, True]),
        ('var.x ? "a" : "b"', ["if", ["ref", ["var", "x"]], ["lit", "a"], ["lit", "b"]]),
        ("(1 + 2) * 3", ["op", "*", [["op", "+", [["lit", 1], ["lit", 2]]], ["lit", 3]]]),
        ("f(local.a, {}...)", ["call", "f", [["ref", ["local", "a"]], ["obj", []]], True]),
        ("f(x).y", ["get", ["call", "f", [["ref", ["x"]]], False], ["y"]]),
        ("a.b[0].c[*].d", ["ref", ["a", "b", ["idx", ["lit", 0]], "c", "*", "d"]]),
        ("<<EOT\n  two\nEOT", ["lit", "  two\n"]),
        ("<<-EOT\n  two\n    four\n  EOT", ["lit", "two\n  four\n"]),
    ],
)  # fmt: skip
def test_expressions(text: str, form: list[object]) -> None:
    assert expression(text) == form


@pytest.mark.parametrize(
    "text",
    [
        '"a-${var.x}"',
        "var.x ? 1 : 2",
        "merge(local.a, {b = 1}...)",
        "a.b[0].c[*].d",
        "-3",
        "1 + 2",
        '[1, "two"]',
        "null",
    ],
)
def test_expressions_can_be_told_again(text: str) -> None:
    assert as_hcl(expression(text)) == text


def test_a_deep_expression_ends_somewhere() -> None:
    assert as_hcl(expression("[" * 500 + "]" * 500))


def test_a_broken_file_keeps_its_sound_blocks() -> None:
    file = read(
        'variable "a" {\n  default = 1\n}\nresource "x" "y" {\n  sound = 1\n  broken = = 2\n}\nvariable "b" {}\n'
    )
    assert [(b.labels, b.start, b.end) for b in file.blocks] == [(("a",), 1, 3), (("x", "y"), 4, 7), (("b",), 8, 8)]
    assert [a.name for a in file.blocks[1].attributes] == ["sound"]
    assert file.error_line == 6


def by_address(path: str, text: str) -> dict[str, Symbol]:
    return {symbol.address: symbol for symbol in symbols(path, read_file(path, text))}


def test_symbols_have_addresses() -> None:
    text = """
terraform { required_providers { aws = { source = "hashicorp/aws", version = "~> 5.0" } } }
provider "aws" { alias = "east" }
data "aws_ami" "x" { provider = aws.east }
resource "google_project" "p" {}
variable "region" { default = "eu" }
output "id" { value = aws_vpc.main.id }
module "vpc" { source = "./vpc" }
locals {
  a = 1
  b = local.a
}
moved {
  from = a.b
  to   = a.c
}
check "health" {}
"""
    found = by_address("main.tf", text)
    assert set(found) == {
        "terraform", "provider.aws.east", "data.aws_ami.x", "google_project.p", "var.region", "output.id", "module.vpc",
        "local.a", "local.b", "moved", "check.health",
    }  # fmt: skip
    assert (found["data.aws_ami.x"].provider, found["google_project.p"].provider) == ("aws.east", "google")
    assert (found["local.b"].start, found["local.b"].references[0].target) == (11, "local.a")
    assert [a.path for a in found["terraform"].attributes] == ["required_providers.aws"]


def test_an_empty_block_says_that_it_is_there() -> None:
    (found,) = symbols("main.tf", read('terraform {\n  backend "s3" {}\n}\n'))
    assert [(a.path, a.start, a.expression) for a in found.attributes] == [("backend.s3", 2, ["obj", []])]
    (found,) = symbols("main.tf", read('resource "a" "b" {\n  c {}\n  c {\n    d = 1\n  }\n}\n'))
    assert [a.path for a in found.attributes] == ["c[0]", "c[1].d"]


def test_what_a_backend_may_hold_of_secrets_stays_here() -> None:
    names = ("secret_key", "sas_token", "conn_str", "http_auth", "encryption_key", "credentials", "sse_customer_key")
    text = "".join(f'    {name} = "Xk29fLqp"\n' for name in names)
    (found,) = symbols("main.tf", read(f'terraform {{\n  backend "x" {{\n    key = "a"\n{text}  }}\n}}\n'))
    told = {attribute.path: attribute.expression for attribute in found.attributes}
    assert told == {"backend.x.key": ["lit", "a"], **{f"backend.x.{name}": ["secret"] for name in names}}
    terragrunt = 'remote_state {\n  config = {\n    conn_str = "Xk29fLqp"\n  }\n}\n'
    assert "Xk29fLqp" not in repr(symbols("root.hcl", read(terragrunt)))


def test_values_and_terragrunt() -> None:
    assert by_address("prod.tfvars", 'size = "big"\n')["var.size"].kind == "value"
    assert by_address("prod.auto.tfvars.json", '{"size": "big"}')["var.size"].attributes[0].expression == ["lit", "big"]
    found = by_address(
        "terragrunt.hcl", 'include "root" {\n  path = find_in_parent_folders()\n}\ninputs = {\n  a = 1\n}\n'
    )
    assert set(found) == {"include.root", "inputs"}


def test_what_is_secret_stays_here() -> None:
    text = """
variable "admin" {
  sensitive = true
  default   = "Xk29fLqp"
}
resource "aws_db_instance" "x" {
  password            = "Xk29fLqp"
  password_length     = 16
  secret_arn          = "arn:aws:x"
  master_password     = var.admin
}
locals {
  api_token = "Xk29fLqp"
}
"""
    found = by_address("main.tf", text)
    assert "Xk29fLqp" not in repr(found)
    attributes = {a.path: a.expression for a in found["aws_db_instance.x"].attributes}
    assert attributes["password"] == ["secret"]
    assert attributes["password_length"] == ["lit", 16]
    assert attributes["secret_arn"] == ["lit", "arn:aws:x"]
    assert attributes["master_password"] == ["ref", ["var", "admin"]]
    assert found["var.admin"].sensitive


JSON = {
    "//": "a comment",
    "resource": {"aws_vpc": {"main": {"cidr_block": "${var.cidr}", "tags": {"Name": "x-${local.n}"}}}},
    "variable": {"cidr": {"default": "10.0.0.0/16", "//": "the range"}},
    "provider": {"aws": [{"alias": "a"}, {"alias": "b"}]},
    "locals": {"n": 3},
}


def test_json_means_the_same() -> None:
    text = json.dumps(JSON, indent=2)
    found = by_address("main.tf.json", text)
    assert set(found) == {"aws_vpc.main", "var.cidr", "provider.aws.a", "provider.aws.b", "local.n"}
    vpc = found["aws_vpc.main"]
    line = 1 + next(n for n, told in enumerate(text.split("\n")) if "cidr_block" in told)
    assert vpc.attribute("cidr_block") is not None
    assert (vpc.attributes[0].start, vpc.attributes[0].expression) == (line, ["ref", ["var", "cidr"]])
    assert {r.target for r in vpc.references} == {"var.cidr", "local.n"}
    assert found["var.cidr"].comment == "the range"


def test_entries_of_values_in_json_stand_on_their_own_lines() -> None:
    text = """{
  "pools": {
    "apps": {"min": 3,
      "max": "${var.most}",
      "zones": [
        "a",
        {"name": "b"}
      ]
    },
    "empty": {}, "note": "two\\nlines",
    "last": 1
  }
}"""
    (pools,) = by_address("prod.tfvars.json", text)["var.pools"].attributes
    lines = {}

    def look(expression: Any) -> None:
        if expression[0] == "obj":
            for key, value, line in expression[1]:
                lines[key[1]] = line
                look(value)
        elif expression[0] == "list":
            for one in expression[1]:
                look(one)

    look(pools.expression)
    wanted = {"apps": 3, "min": 3, "max": 4, "zones": 5, "name": 7, "empty": 10, "note": 10, "last": 11}
    assert lines == wanted
    (found,) = read_json_values(text).attributes
    assert {(r.steps, r.line) for r in found.references} == {(("var", "most"), 4)}


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"resource": 3}', "[" * 100_000])
def test_json_that_is_none_is_no_block(text: str) -> None:
    assert read_json(text).blocks == ()
    read_json_values(text)


def test_comments_within_an_expression_are_no_values() -> None:
    found = read(
        "value = (\n  # over the limit\n  var.size > 3 ? ( # large\n    var.large\n  ) : var.small\n)\n"
    ).attributes[0]
    assert found.expression[0] == "if"
    assert found.expression[2:] == [["ref", ["var", "large"]], ["ref", ["var", "small"]]]
    assert {(r.steps, r.line) for r in found.references} == {
        (("var", "size"), 3), (("var", "large"), 4), (("var", "small"), 5),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["a", var.b, 3]', ["list", [["lit", "a"], ["ref", ["var", "b"]], ["lit", 3]]]),
        ('lookup(var.m, "k", null)', ["call", "lookup", [["ref", ["var", "m"]], ["lit", "k"], ["lit", None]], False]),
        ("[]", ["list", []]),
        ("now()", ["call", "now", [], False]),
        ("[true,]", ["list", [["lit", True]]]),
        ("subnets.a[0]", ["ref", ["subnets", "a", ["idx", ["lit", 0]]]]),
        ('("a")', ["lit", "a"]),
        ("max(var.x...)", ["call", "max", [["ref", ["var", "x"]]], True]),
        ('["${var.a}"]', ["list", [["ref", ["var", "a"]]]]),
    ],
)
def test_what_is_plain_reads_the_same_without_the_tree(
    text: str, expected: Expression, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = read(f"value = {text}\n").attributes[0]
    monkeypatch.setattr(expressions, "_short", lambda *_: None)
    slow = read(f"value = {text}\n").attributes[0]
    assert quick == slow
    assert quick.expression == expected


def test_a_block_that_the_grammar_can_t_make_sense_of_costs_neither_its_neighbours_nor_much_time() -> None:
    sound = 'variable "region" {\n  default = "eu-west-2"\n}\n'
    endless = 'resource "a" "b" {\n' + "a = " * 50_000 + "\n}\n"
    began = time.process_time()
    file = read(f"{sound}{endless}{sound.replace('region', 'zone')}")
    assert time.process_time() - began < 5
    assert [(block.type, *block.labels) for block in file.blocks] == [
        ("variable", "region"), ("resource", "a", "b"), ("variable", "zone"),
    ]  # fmt: skip
    assert [len(block.attributes) for block in file.blocks] == [1, 0, 1]
    assert file.error_line
    assert not read(sound).error_line
