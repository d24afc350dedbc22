"""Secrets planted in Terraform, each kind of place: a byte scan of all that a sync, a search and an answer leave behind."""

# ruff: noqa: E501  # whole files in a line

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable
from pathlib import Path

from api.compose import open_reader
from api.owner import Owner
from api.settings import Settings
from api.terraform_views import symbol_view
from api.views import answer_view, search_view
from ingest.sync import SyncReport
from rag.records import Viewer
from rag.terraform.lookup import TerraformLookup
from rag.terraform.values import TerraformValues
from tests.conftest import commit, configure, write

_RANDOM = random.Random(5)
PLANTED: dict[str, str] = {}


def s(place: str) -> str:
    """A new secret, by the name of the place where it is put."""
    PLANTED[place] = "".join(_RANDOM.choices(string.ascii_letters + string.digits, k=20))
    return PLANTED[place]


FILES = {
    "vars.tf": f'variable "db_password" {{\n  default = "{s("var_named")}"\n}}\nvariable "plain" {{\n  sensitive = true\n  default   = "{s("sensitive_default")}"\n}}\nvariable "map" {{\n  sensitive = true\n  default = {{\n    a = "{s("sensitive_map")}"\n  }}\n}}\n'
    f'variable "list" {{\n  type = list(string)\n  sensitive = true\n  default = ["{s("sensitive_list")}"]\n}}\n variable "hd" {{\n  sensitive = true\n  default = <<-EOT\n    {s("sensitive_heredoc")}\n  EOT\n}}\n',
    "main.tf": f'resource "aws_db_instance" "a" {{\n  password = "{s("attr")}"\n  master_password = var.x != "" ? var.x : "{s("conditional")}"\n}}\nresource "x" "y" {{\n  settings = {{\n    db = {{\n      password = "{s("nested")}"\n      "secret_key" = "{s("quoted_key")}"\n    }}\n  }}\n  user_data = <<EOF\n#!/bin/bash\nexport DB_PASSWORD={s("heredoc_export")}\npassword: {s("heredoc_yaml")}\n"password": "{s("heredoc_json")}"\nEOF\n  secret_string = jsonencode({{ user = "a", password = "{s("jsonencode")}" }})\n  auth_token = "{s("auth_token")}"\n  connection_string = "postgres://u:{s("url")}@h/db"\n}}\nlocals {{\n  api_key = "{s("local_key")}"\n}}\n',
    "prod.tfvars": f'db_password = "{s("tfvars")}"\nplain = "{s("tfvars_sensitive")}"\ncreds = {{\n  token = "{s("tfvars_nested")}"\n}}\n',
    "x.tf.json": '{"variable": {"j": {"sensitive": true, "default": "%s"}}, "resource": {"a": {"b": {"password": "%s"}}}}'  # noqa: UP031
    % (s("json_sensitive"), s("json_attr")),
    "terragrunt.hcl": f'inputs = {{\n  db_password = "{s("terragrunt")}"\n}}\n',
}


def leaked(home: Path, told: str) -> set[str]:
    """The planted secrets that stand in some file of the data folder, or in what was told."""
    held = [file.read_bytes() for file in home.rglob("*") if file.is_file()]
    held.append(told.encode())
    return {place for place, secret in PLANTED.items() if any(secret.encode() in one for one in held)}


def test_no_planted_secret_is_stored_or_told(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    configure(settings, {"name": "infra", "type": "folder", "path": str(write(tmp_path / "infra", FILES))})
    assert sync().sources[0].counts["indexed"] == len(FILES)
    lookup = TerraformLookup(owner.catalog, Viewer())
    symbols = lookup.symbols()
    told = [json.dumps(symbol_view(one)) for one in symbols]
    told += [
        str(TerraformValues(lookup).of(one, attribute.path)) for one in symbols for attribute in one.symbol.attributes
    ]
    with open_reader(settings) as reader:
        for question in ("db_password default", "what is the password of aws_db_instance.a", "creds token tfvars"):
            told.append(json.dumps(search_view(reader.retriever.search(question, Viewer()), 0)))
            told.append(json.dumps(answer_view(reader.asker().answer(question, Viewer()), 0)))
    assert "aws_db_instance" in "".join(told)
    assert leaked(settings.home, "".join(told)) == set()


def test_what_becomes_sensitive_is_taken_out_of_files_that_did_not_change(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "infra"
    commit(folder, {"a.tf": 'variable "plain" {}\n', "prod.tfvars": 'plain = "told-at-first"\n'})
    configure(settings, {"name": "infra", "type": "git", "path": str(folder)})
    sync()
    commit(folder, {"a.tf": 'variable "plain" {\n  sensitive = true\n}\n'})
    counts = dict(sync().sources[0].counts)
    assert counts.pop("listed") == sum(counts.values()) == 2
    document = owner.catalog.document_at("infra", "prod.tfvars")
    assert document is not None
    assert document.text == 'plain = "[REDACTED:hcl-secret]"\n'
