"""What `terraform` blocks settle: backends and required versions."""

from __future__ import annotations

import pytest

from rag.terraform.settings import ModuleSettings, find_settings
from rag.terraform.text import as_hcl
from tests.rag.conftest import LookUp


def told(settings: ModuleSettings) -> list[tuple[str, str, dict[str, str], str]]:
    return [
        (one.block, one.type, {a.path: as_hcl(a.expression) for a in one.attributes}, f"{one.path}:{one.line}")
        for one in settings.backends
    ]


def test_backend_and_versions_of_a_folder(look_up: LookUp) -> None:
    lookup = look_up(
        {
            "prod/versions.tf": 'terraform {\n  required_version = ">= 1.5"\n}\n',
            "prod/backend.tf": 'terraform {\n  required_version = "< 2"\n  backend "s3" {\n    bucket = "state"\n'
            '    secret_key = "Xk29fLqp"\n    assume_role = {\n      role_arn = "arn:aws:iam::1:role/x"\n    }\n  }\n}\n',
            "plain/main.tf": 'terraform {\n  required_providers {\n    aws = "3.1"\n  }\n}\n',
        }
    )
    (found,) = find_settings(lookup)
    assert (found.source, found.folder) == ("infra", "prod")
    assert [(one.constraint, one.path, one.line) for one in found.required_version] == [
        ("< 2", "prod/backend.tf", 2), (">= 1.5", "prod/versions.tf", 2),
    ]  # fmt: skip
    attributes = {"bucket": '"state"', "secret_key": "(secret)", "assume_role.role_arn": '"arn:aws:iam::1:role/x"'}
    assert told(found) == [("backend", "s3", attributes, "prod/backend.tf:4")]
    assert find_settings(lookup, "infra", "plain") == find_settings(lookup, "other") == []


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("main.tf", 'terraform {\n  backend "azurerm" {}\n}\n', ("backend", "azurerm", {}, "main.tf:2")),
        (
            "main.tf", 'terraform {\n  cloud {\n    organization = "acme"\n    workspaces {\n      name = "x"\n    }\n  }\n}\n',
            ("cloud", "", {"organization": '"acme"', "workspaces.name": '"x"'}, "main.tf:3"),
        ),
        (
            "main.tf.json", '{"terraform": {"backend": {"s3": {"bucket": "b"}}}}',
            ("backend", "s3", {"bucket": '"b"'}, "main.tf.json:1"),
        ),
        (
            "root.hcl", 'remote_state {\n  backend = "gcs"\n  config = {\n    bucket = "b"\n    credentials = "x{}"\n  }\n}\n',
            ("remote_state", "gcs", {"bucket": '"b"', "credentials": "(secret)"}, "root.hcl:1"),
        ),
    ],
)  # fmt: skip
def test_forms_of_a_backend(look_up: LookUp, path: str, text: str, expected: object) -> None:
    (found,) = find_settings(look_up({path: text}))
    assert told(found) == [expected]


def test_an_override_file_has_the_last_word(look_up: LookUp) -> None:
    (found,) = find_settings(
        look_up(
            {
                "main.tf": 'terraform {\n  backend "s3" {\n    key = "a"\n  }\n}\nterraform {\n  required_version = "1"\n}\n',
                "x_override.tf": 'terraform {\n  backend "local" {\n    path = "x"\n  }\n  required_version = "2"\n}\n',
            }
        )
    )
    assert told(found) == [("backend", "local", {"path": '"x"'}, "x_override.tf:3")]
    assert [(one.constraint, one.path, one.line) for one in found.required_version] == [("2", "x_override.tf", 5)]


def test_terragrunts_terraform_block_is_no_settings(look_up: LookUp) -> None:
    assert (
        find_settings(look_up({"terragrunt.hcl": 'terraform {\n  source = "./x"\n  required_version = "1"\n}\n'})) == []
    )
