"""Whose a .tfvars file is, in each layout that is in use: its environment and its stack, and what a variable comes to by them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rag.terraform.lookup import TerraformLookup
from rag.terraform.tfvars import Layout
from rag.terraform.values import EffectiveValue, find_values
from tests.conftest import Files
from tests.rag.conftest import LookUp

SIZE = 'variable "size" {\n  default = 7\n}\nvariable "name" {\n  default = "x"\n}\noutput "all" {\n  value = var.size\n}\n'
CODE = {"stacks/db/main.tf": SIZE, "stacks/queue/main.tf": SIZE}
Value = Callable[..., EffectiveValue]


def value(lookup: TerraformLookup, environment: str = "", folder: str = "stacks/db") -> EffectiveValue:
    (_, many), *_ = find_values(lookup, "var.size", environment, folder=folder)
    return many[0]


LAYOUTS: dict[str, Files] = {
    "<stack>/<env>.tfvars": {
        "stacks/db/prod.tfvars": "size = 1\n", "stacks/db/staging.tfvars": "size = 2\n", "stacks/queue/prod.tfvars": "size = 9\n",
    },
    "<stack>/<env>_config.tfvars": {
        "stacks/db/prod_config.tfvars": "size = 1\n", "stacks/db/staging_config.tfvars": "size = 2\n",
        "stacks/queue/prod_config.tfvars": "size = 9\n",
    },
    "config/<env>/<stack>, the environment with what says nothing": {
        "config/prod-env/db.tfvars": "size = 1\n", "config/staging-env/db.tfvars": "size = 2\n",
        "config/prod-env/queue.tfvars": "size = 9\n",
    },
    "<stack>/env/<env>.tfvars": {
        "stacks/db/env/prod.tfvars": "size = 1\n", "stacks/db/env/staging.tfvars": "size = 2\n",
        "stacks/queue/env/prod.tfvars": "size = 9\n",
    },
    "<stack>/env/<env>/terraform.tfvars": {
        "stacks/db/env/prod/terraform.tfvars": "size = 1\n", "stacks/db/env/staging/terraform.tfvars": "size = 2\n",
        "stacks/queue/env/prod/terraform.tfvars": "size = 9\n",
    },
    "variables/<env>/<stack>.tfvars": {
        "variables/prod/db.tfvars": "size = 1\n", "variables/staging/db.tfvars": "size = 2\n",
        "variables/prod/queue.tfvars": "size = 9\n", "variables/prod/common.tfvars": "size = 8\n",
    },
    "tfvars/<stack>/<env>.tfvars": {
        "tfvars/db/prod.tfvars": "size = 1\n", "tfvars/db/staging.tfvars": "size = 2\n", "tfvars/queue/prod.tfvars": "size = 9\n",
        "tfvars/common/common.tfvars": "size = 8\n",
    },
    "environments/<env>/<stack>/terraform.tfvars": {
        "environments/prod/db/terraform.tfvars": "size = 1\n", "environments/staging/db/terraform.tfvars": "size = 2\n",
        "environments/prod/queue/terraform.tfvars": "size = 9\n",
    },
    "config/<stack>-<env>.tfvars": {
        "config/db-prod.tfvars": "size = 1\n", "config/db-staging.tfvars": "size = 2\n", "config/queue-prod.tfvars": "size = 9\n",
    },
    "with terraform.tfvars beside the code": {
        "stacks/db/terraform.tfvars": "size = 8\n",
        "variables/prod/db.tfvars": "size = 1\n", "variables/staging/db.tfvars": "size = 2\n",
    },
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_tells_the_environment_and_the_stack(look_up: LookUp, layout: str) -> None:
    lookup = look_up({**CODE, **LAYOUTS[layout]})
    assert {one.name for one in lookup.environments} == {"prod", "staging"}
    assert (value(lookup, "prod").value, value(lookup, "staging").value) == (1, 2)
    assert value(lookup, "production").value == 1  # what it is called too
    absent = value(lookup, "qa")
    assert (absent.known, "is given for prod, staging" in absent.why_not) == (False, True)


def test_names_that_no_one_knows_are_environments_where_they_alternate(look_up: LookUp) -> None:
    files = {f"vars/{name}/{stack}.tfvars": f"size = {size}\n" for name, stack, size in (
        ("blue", "db", 1), ("green", "db", 2), ("blue", "queue", 3), ("green", "queue", 4),
    )}  # fmt: skip
    lookup = look_up({**CODE, **files})
    assert {one.name for one in lookup.environments} == {"blue", "green"}
    assert [value(lookup, name, at).value for name in ("blue", "green") for at in CODE_FOLDERS] == [1, 3, 2, 4]


CODE_FOLDERS = ("stacks/db", "stacks/queue")


def test_what_is_common_holds_where_nothing_nearer_is_given(look_up: LookUp) -> None:
    files = {
        "variables/common.tfvars": "size = 1\n", "variables/prod/common.tfvars": "size = 2\n",
        "variables/prod/db.tfvars": "size = 3\n", "variables/staging/queue.tfvars": 'name = "y"\n',
    }  # fmt: skip
    lookup = look_up({**CODE, **files})
    assert value(lookup, "prod").value == 3
    assert value(lookup, "prod", "stacks/queue").value == 2
    assert value(lookup, "staging", "stacks/queue").value == 1


def test_of_a_file_whose_stack_nothing_tells_the_value_is_not_guessed(look_up: LookUp) -> None:
    lookup = look_up({**CODE, "config/prod.tfvars": "size = 1\n", "config/staging.tfvars": "size = 2\n"})
    found = value(lookup, "prod")
    assert (found.known, found.why_not) == (
        False, "var.size may be given in config/prod.tfvars line 1: nothing tells to which folder that is passed",
    )  # fmt: skip


def test_of_one_stack_alone_a_file_is_that_ones(look_up: LookUp) -> None:
    lookup = look_up(
        {"terraform/main.tf": SIZE, "config/prod.tfvars": "size = 1\n", "config/staging.tfvars": "size = 2\n"}
    )
    assert value(lookup, "prod", "terraform").value == 1


WORKSPACE = """{block} {{
  {name}              = "{stack}-{env}"
  working_directory = "/stacks/{stack}/"
  trigger_patterns  = ["/vars/other.tfvars"]
  tfvars_files      = [{files}]
}}
"""
BY_WORKSPACE = {
    **CODE,
    "vars/one.tfvars": "size = 1\n",
    "vars/two.tfvars": "size = 2\n",
    "vars/other.tfvars": "size = 3\n",
    "cloud/main.tf": WORKSPACE.format(
        block='module "a"', name="workspace_name", stack="db", env="production", files='"one.tfvars", "two.tfvars"'
    )
    + WORKSPACE.format(
        block='resource "tfe_workspace" "b"', name="name", stack="db", env="staging", files='"two.tfvars", "one.tfvars"'
    )
    + WORKSPACE.format(block='module "c"', name="workspace_name", stack="queue", env="staging", files='"gone.tfvars"'),
}  # fmt: skip


def test_what_a_workspace_lists_is_what_it_is_given_the_last_first(look_up: LookUp) -> None:
    lookup = look_up(BY_WORKSPACE)
    assert {one.name for one in lookup.environments} >= {"production", "staging"}
    assert (value(lookup, "production").value, value(lookup, "staging").value) == (2, 1)
    gone = value(lookup, "staging", "stacks/queue")
    assert (gone.known, "gone.tfvars, which is not in these repositories" in gone.why_not) == (False, True)


def test_stacks_that_call_one_module_side_by_side_are_no_environments(look_up: LookUp) -> None:
    call = 'module "bucket" {\n  source = "../../modules/bucket"\n}\n'
    files = {f"stacks/{name}/calls.tf": call for name in ("db", "queue", "dns")}
    lookup = look_up({**CODE, **files, **LAYOUTS["variables/<env>/<stack>.tfvars"], "modules/bucket/main.tf": SIZE})
    assert {one.name for one in lookup.environments} == {"prod", "staging"}


def test_a_stack_that_is_named_as_an_environment_is_called_is_the_stack() -> None:
    names = frozenset({"size"})
    files = {"vars/blue/load-test.tfvars": names, "vars/green/load-test.tfvars": names, "vars/prod/test.tfvars": names}
    found = Layout(files, {"stacks/load-test": names, "stacks/test": names}).files
    assert [(one.environment, set(one.stacks)) for one in found.values()] == [
        ("blue", {"stacks/load-test"}), ("green", {"stacks/load-test"}), ("prod", {"stacks/test"}),
    ]  # fmt: skip


def test_a_file_of_other_things_beside_the_code_is_no_environment() -> None:
    files = {"app/prod.tfvars": frozenset({"size"}), "app/secrets.tfvars": frozenset({"name"})}
    found = Layout(files, {"app": frozenset({"size", "name"})}).files
    assert (found["app/prod.tfvars"].environment, found["app/prod.tfvars"].sure) == ("prod", True)
    assert (found["app/secrets.tfvars"].environment, found["app/secrets.tfvars"].sure) == ("", False)


def test_variables_that_stacks_share_have_the_values_below_them(look_up: LookUp) -> None:
    files = {"variables/shared.tf": 'variable "size" {}\n', "variables/prod/common.tfvars": "size = 4\n"}
    assert value(look_up({**CODE, **files}), "prod", "variables").value == 4
