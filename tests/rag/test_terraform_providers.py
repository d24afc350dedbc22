"""Required providers, beside what lock files select for them."""

from __future__ import annotations

import pytest

from rag.terraform.providers import Provider, find_providers
from tests.rag.conftest import LookUp


def lock(**versions: str) -> str:
    """A lock file; of a name the double underscore is its slash."""
    return "# by terraform init\n" + "".join(
        f'provider "registry.terraform.io/{name.replace("__", "/")}" {{\n  version     = "{version}"\n'
        f'  constraints = "~> 1.0, {version}"\n  hashes = [\n    "h1:abc=",\n  ]\n}}\n'
        for name, version in versions.items()
    )


FILES = {
    "prod/main.tf": 'module "net" {\n  source = "../modules/net"\n}\n'
    'terraform {\n  required_providers {\n    aws = {\n      source  = "hashicorp/aws"\n      version = "~> 5.0"\n    }\n'
    '    own = {\n      source = "registry.example.org/a/own"\n    }\n    random = "3.1"\n  }\n}\n',
    "prod/.terraform.lock.hcl": lock(hashicorp__aws="5.31.0", hashicorp__random="3.1.0", integrations__github="6.1.0"),
    "test/main.tf": 'module "net" {\n  source = "../modules/net"\n}\n',
    "test/.terraform.lock.hcl": lock(Hashicorp__AWS="5.40.0"),
    "modules/net/main.tf": 'module "inner" {\n  source = "../inner"\n}\n',
    "modules/inner/main.tf": 'terraform {\n  required_providers {\n    aws = {\n      source  = "hashicorp/aws"\n'
    '      version = ">= 4"\n    }\n  }\n}\n',
    "alone/main.tf": 'terraform {\n  required_providers {\n    aws = "~> 2.0"\n  }\n}\n',
}


def told(providers: list[Provider]) -> dict[tuple[str, str], tuple[str, list[str]]]:
    return {
        (one.folder, one.name): (one.constraint, [f"{at.version} {at.path}:{at.line}" for at in one.locks])
        for one in providers
    }


def test_the_version_that_is_locked_stands_beside_the_constraint(look_up: LookUp) -> None:
    found = told(find_providers(look_up(FILES)))
    assert found["prod", "aws"] == ("~> 5.0", ["5.31.0 prod/.terraform.lock.hcl:2"])
    assert found["prod", "random"] == (
        "3.1",
        ["3.1.0 prod/.terraform.lock.hcl:9"],
    )  # hashicorp's, as no source is named
    assert found["prod", "own"] == ("", [])  # another registry's
    assert found["alone", "aws"] == ("~> 2.0", [])


def test_a_module_has_the_locks_of_those_that_call_it(look_up: LookUp) -> None:
    found = told(find_providers(look_up(FILES)))
    assert found["modules/inner", "aws"] == (
        ">= 4", ["5.31.0 prod/.terraform.lock.hcl:2", "5.40.0 test/.terraform.lock.hcl:2"],
    )  # fmt: skip


def test_what_a_lock_file_alone_names_is_told(look_up: LookUp) -> None:
    lookup = look_up(FILES)
    only = [one for one in find_providers(lookup) if one.path.endswith(".hcl")]
    assert [(one.folder, one.name, one.origin, one.constraint, one.line) for one in only] == [
        ("prod", "github", "integrations/github", "", 16), ("test", "aws", "hashicorp/aws", "", 2),
    ]  # fmt: skip
    assert only[0].locks[0].constraints == "~> 1.0, 6.1.0"
    assert {one.folder for one in find_providers(lookup, "infra", "prod")} == {"prod"}
    assert find_providers(lookup, "other") == []


def test_the_order_is_that_of_the_places(look_up: LookUp) -> None:
    found = find_providers(look_up(FILES))
    assert [one.place for one in found] == sorted(one.place for one in found)


@pytest.mark.parametrize("wanted", ['{"version": "~> 5.0", "source": "hashicorp/aws"}', '"~> 5.0"'])
def test_json_requires_providers_too(look_up: LookUp, wanted: str) -> None:
    text = f'{{"terraform": {{"required_providers": {{"aws": {wanted}}}}}}}'
    (found,) = find_providers(look_up({"main.tf.json": text}))
    assert (found.name, found.constraint, found.line) == ("aws", "~> 5.0", 1)
