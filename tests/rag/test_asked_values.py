"""Whose value is told: the environment's that is asked for and no other's, and each with its lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.answers.extractive.extract import extract
from rag.answers.values.asked import AskedFor
from rag.answers.values.bearing import bearing
from rag.answers.values.settled import absent
from rag.ask import Asker
from rag.cite import Citer
from rag.records import Viewer
from rag.terraform.standings import OTHER, Named, Standings
from tests.conftest import configure, write
from tests.rag.conftest import LookUp, Told

# Two accounts with clusters of the same names; the second is for trials.
CLUSTERS = """locals {
  pool_size = {
    live    = %d
    live-2  = 7
    manager = 4
    default = %d
  }

  # by thing, not by environment
  disks = {
    logs = { volume_size = 140 }
    jobs = { volume_size = 400 }
  }

  default_ng = {
    desired_size = lookup(local.pool_size, terraform.workspace, local.pool_size["default"])
    max_size     = %d
  }
}

module "eks" {
  source          = "example/eks/aws"
  version         = "18.1.0"
  cluster_name    = terraform.workspace
  cluster_version = terraform.workspace == "manager" ? "1.30" : "1.31"
  node_groups     = { default = local.default_ng }
}
"""
ACCOUNTS = {
    "accounts/acme/eks/cluster.tf": CLUSTERS % (85, 5, 150),
    "accounts/acme-ephemeral-test/eks/cluster.tf": CLUSTERS % (42, 3, 60),
}
DATABASE = """variable "name" {}
variable "days" {}

resource "aws_db_instance" "this" {
  identifier              = var.name
  backup_retention_period = var.days
  storage_encrypted       = true
}
"""
CALL = """module "database" {
  source   = "../../modules/db"
  for_each = local.databases
  name     = each.key
  days     = each.value.days
}
"""
STACKS = {
    "modules/db/main.tf": DATABASE,
    "environments/production/main.tf": "locals {\n  databases = {\n    ledger = { days = 35 }\n    orders = { days = 14 }\n  }\n"
    '}\nterraform {\n  backend "s3" {}\n}\n' + CALL,
    "environments/staging/main.tf": "locals {\n  databases = {\n    ledger = { days = 3 }\n  }\n}\n"
    'terraform {\n  backend "s3" {}\n}\n' + CALL,
}


def values(asked: AskedFor) -> dict[str, object]:
    return {one.environment: one.value.value for one in asked.values}


@pytest.mark.parametrize(
    ("question", "value", "line"),
    [
        ("how many nodes does the live cluster's default node group have?", 85, 3),
        ("how many nodes does the default node group of live-2 have?", 7, 4),
        ("how many nodes does production's default node group have?", 85, 3),
        ("how many nodes has the default node group on manager?", 4, 5),
        ("desired size of the default node group, live", 85, 3),
    ],
)
def test_a_map_by_workspace_gives_the_entry_of_the_one_asked_for(
    told: Told, question: str, value: int, line: int
) -> None:
    asked, text = told(ACCOUNTS, question)
    assert [one.value.value for one in asked.values] == [value]
    last = asked.values[0].value.steps[-1]
    assert (last.path, last.line) == ("accounts/acme/eks/cluster.tf", line)
    assert f"`{value}`" in text
    assert "42" not in text


def test_an_account_whose_name_speaks_of_another_environment_is_not_meant_unless_it_is_named(told: Told) -> None:
    asked, _ = told(ACCOUNTS, "how many nodes does the default node group of live have in the ephemeral test account?")
    assert values(asked) == {"live": 42}
    asked, _ = told(ACCOUNTS, "max nodes of the default node group in test?")
    assert [one.value.value for one in asked.values] == [60]


def test_without_an_environment_all_are_told_productions_first(told: Told) -> None:
    asked, text = told(ACCOUNTS, "how many nodes does the default node group have?")
    assert [one.value.value for one in asked.values][:4] == [85, 7, 4, 5]
    assert (
        text.index("live: `85`") < text.index("live-2: `7`") < text.index("manager: `4`") < text.index(f"{OTHER}: `5`")
    )


def test_a_workspace_that_is_no_key_takes_the_default_and_that_is_said(told: Told) -> None:
    asked, text = told(ACCOUNTS, "how many nodes does the default node group have in staging?")
    assert asked.lacking == ("staging",)
    assert next(one.value.value for one in asked.values) == 5
    assert {one.environment for one in asked.values} == {OTHER}
    assert text.startswith("Nothing in the code is called staging: a workspace of that name gets what any other does.")
    assert "85" not in text


def test_a_condition_on_the_workspace_counts_too_and_a_modules_own_version_does_not(told: Told) -> None:
    asked, _ = told(ACCOUNTS, "what kubernetes version does manager run?")
    assert values(asked) == {"manager": "1.30"}
    asked, _ = told(ACCOUNTS, "what kubernetes version does live run?")
    assert values(asked) == {"live": "1.31"}


def test_an_entry_of_a_map_by_thing_is_a_setting(told: Told) -> None:
    asked, _ = told({"main.tf": CLUSTERS % (1, 1, 1)}, "how big is the disk of the jobs?")
    assert [one.value.value for one in asked.values] == [400]


def test_each_environments_own_folder_gives_its_value(told: Told) -> None:
    question = "How long are backups of the ledger database kept%s?"
    for where, expected in ((" in staging", {"staging": 3}), (" in prod", {"production": 35})):
        asked, text = told(STACKS, question % where)
        assert values(asked) == expected
        assert asked.lacking == ()
    asked, text = told(STACKS, question % "")
    assert values(asked) == {"production": 35, "staging": 3}
    assert text.index("production: `35`") < text.index("staging: `3`")


def test_what_an_environment_lacks_is_said_before_anothers_value(told: Told) -> None:
    asked, text = told(STACKS, "How long are backups of the orders database kept in staging?")
    assert values(asked) == {"production": 14}
    assert text.startswith("Of staging the Terraform code tells no such value; this is of production.\n\n")
    asked, text = told(STACKS, "How long are backups of the ledger database kept in dev?")
    assert values(asked) == {"production": 35, "staging": 3}
    assert text.startswith("Of dev the Terraform code tells no such value; this is of production and staging.\n\n")


def test_the_line_of_an_entry_that_each_block_is_made_of_is_named(told: Told) -> None:
    asked, text = told(STACKS, "How long are backups of the ledger database kept in production?")
    steps = [(one.path, one.line) for one in asked.values[0].value.steps]
    assert steps[0] == ("modules/db/main.tf", 6)
    assert steps[-1] == ("environments/production/main.tf", 3)
    assert "ledger = { days = 35 }" in text


def test_the_same_value_by_the_same_line_is_told_once(told: Told) -> None:
    _, text = told(STACKS, "Is the storage of the ledger database encrypted?")
    assert text.count("storage_encrypted is") == 1
    assert "in production and staging" in text


@pytest.mark.parametrize("question", ["What environments are there?", "Which environments do we have?"])
def test_environments_are_listed_from_the_code(told: Told, question: str) -> None:
    asked, text = told(STACKS, question)
    assert [one.name for one in asked.environments] == ["production", "staging"]
    assert "- production: folder environments/production (infra/environments/production/main.tf line 2 [" in text
    asked, _ = told(ACCOUNTS, question)
    assert {one.name for one in asked.environments} >= {"live", "live-2", "manager", "test"}
    assert "default" not in {one.name for one in asked.environments}


@pytest.mark.parametrize(
    "question",
    [
        "What environments does the refund service need?",
        "How do I add a node to the default node group of live?",
        "How many replicas does the redis cache of live have?",
        "What is the backup retention of the etcd volume?",
    ],
)
def test_nothing_is_told_of_what_is_not_asked_or_not_there(told: Told, question: str) -> None:
    asked, text = told({**ACCOUNTS, **STACKS}, question)
    assert not asked.known
    assert not text


@pytest.mark.parametrize(
    ("question", "known", "marked", "unknown"),
    [
        ("nodes of the live cluster", ("live",), (), ()),
        ("nodes in live-2", ("live-2",), (), ()),
        ("nodes in live and manager?", ("live", "manager"), (), ()),
        ("disks of parcel-live-01", ("live",), (), ()),
        ("nodes in production", ("live",), (), ()),
        ("nodes in live-3?", (), (), ("live-3",)),
        ("nodes in staging?", (), (), ("staging",)),
        ("the non-prod controller's memory", (), (), ()),
        ("nodes in the test account", (), ("test",), ()),
        ("is the default node group large?", (), (), ()),
        ("what runs the unit test-kit?", (), (), ()),
    ],
)
def test_the_environments_that_a_question_names(
    look_up: LookUp, question: str, known: tuple[str, ...], marked: tuple[str, ...], unknown: tuple[str, ...]
) -> None:
    named = Standings(look_up(ACCOUNTS)).named(question)
    assert (named.known, named.marked, named.unknown) == (known, marked, unknown)


REPLICAS = """module "ingress" {
  source        = "example/ingress/aws"
  replica_count = terraform.workspace == "live" ? "12" : "3"
}
"""


def test_a_workspace_with_a_value_of_its_own_on_the_same_line_is_told(told: Told) -> None:
    asked, text = told({"main.tf": REPLICAS}, "how many replicas of the ingress are there?")
    assert values(asked) == {"live": "12", OTHER: "3"}
    assert '- live: `"12"`' in text


def test_instances_that_come_to_the_same_are_told_as_one(told: Told) -> None:
    files = {
        "main.tf": 'resource "aws_db_instance" "orders" {\n  for_each = toset(["a", "b"])\n  multi_az = false\n}\n'
    }
    _, text = told(files, "is multi-az on for the orders databases?")
    assert text.startswith("`aws_db_instance.orders` multi_az is `false`: ")


SIZES = """locals {
  general_ng = {
    instance_types = ["m7i.large"]
    min_size       = 2
    max_size       = 6
    desired_size   = 3
  }
}

resource "aws_db_instance" "ledger" {
  backup_window      = "01:10-01:40"
  maintenance_window = "tue:02:00-tue:03:00"
}
"""


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("what's the min size of the general node group?", [2]),
        ("how many nodes does the general node group have at the most?", [6]),
        ("how many nodes does the general node group have, desired and min?", [3, 2]),
        ("which instance types does the general node group use?", [["m7i.large"]]),
        ("when is the maintenance window of the ledger database?", ["tue:02:00-tue:03:00"]),
    ],
)
def test_the_setting_that_is_asked_for_and_no_other_is_told(told: Told, question: str, expected: list[object]) -> None:
    asked, _ = told({"main.tf": SIZES}, question)
    assert sorted(map(repr, (one.value.value for one in asked.values))) == sorted(map(repr, expected))


def test_the_entry_of_an_argument_that_a_block_is_made_of_is_named(told: Told) -> None:
    files = {
        "logs/main.tf": 'variable "days" {}\n\nresource "aws_cloudwatch_log_group" "application" {\n'
        "  for_each          = var.days\n  retention_in_days = each.value\n}\n",
        "main.tf": 'module "logs" {\n  source = "./logs"\n  days = {\n    payments = 731\n    labels   = 30\n  }\n}\n',
    }
    asked, text = told(files, "how long are the application logs of payments kept?")
    assert [one.value.value for one in asked.values] == [731]
    assert "payments = 731" in text


@pytest.mark.parametrize(
    "question", ["which version of cert-manager runs?", "what version has the Secrets Manager agent?"]
)
def test_a_manager_of_things_is_no_environment(look_up: LookUp, question: str) -> None:
    assert not Standings(look_up(ACCOUNTS)).named(question).all


def test_code_of_another_environment_is_not_quoted(told: Told, owner: Owner) -> None:
    told(ACCOUNTS, "eks")  # syncs
    reader = owner.reader()
    asker = Asker(owner.catalog, reader.retriever, "", terraform=reader.terraform)
    answer = asker.answer("how many nodes does the live cluster's default node group have?", Viewer())
    assert {one.path for one in answer.citations} == {"accounts/acme/eks/cluster.tf"}
    asked, evidence = AskedFor(named=Named(unknown=("qa",))), answer.evidence
    text = extract("pool size", evidence, Citer(owner.catalog, Viewer(), evidence), lambda word: 0.5, asked)
    assert text.startswith("Nothing in the code is called qa; what is quoted of it is another environment's.\n\n**")


DOMAIN = """resource "aws_opensearch_domain" "%s_logs" {
  cluster_config {
    instance_count         = %d
    zone_awareness_enabled = true
    zone_awareness_config {
      availability_zone_count = 3
    }
  }
}
"""


def test_a_block_whose_name_speaks_of_another_environment_is_not_meant(told: Told) -> None:
    files = {"a.tf": DOMAIN % ("live", 18), "b.tf": DOMAIN % ("live_2", 3), **ACCOUNTS}
    asked, _ = told(files, "how many instances does the live logs opensearch domain have?")
    assert [one.value.value for one in asked.values] == [18]
    asked, _ = told(files, "how many instances does the live-2 logs opensearch domain have?")
    assert [one.value.value for one in asked.values] == [3]


def test_a_number_is_told_where_a_number_is_asked_for(told: Told) -> None:
    asked, _ = told({"a.tf": DOMAIN % ("search", 18)}, "how many availability zones does the search logs domain span?")
    assert [one.value.value for one in asked.values] == [3]


def test_a_variable_is_told_as_what_it_is_given(told: Told) -> None:
    files = {
        "main.tf": 'variable "ledger_backup_retention_days" {\n  default = 7\n}\n',
        "terraform.tfvars": "ledger_backup_retention_days = 35\n",
    }
    asked, _ = told(files, "what is ledger_backup_retention_days?")
    assert {one.value.value for one in asked.values} == {35}


def test_a_setting_that_a_question_makes_a_condition_of_is_not_what_it_asks_for(told: Told) -> None:
    files = {
        "account/modules/ci/variables.tf": 'variable "github_repositories" {\n'
        '  description = "GitHub repos to create the secrets"\n  default     = []\n  type        = list(string)\n}\n',
    }
    asked, _ = told(
        files, "What are the secrets called in our GitHub repo once the account module has github_repositories?"
    )
    assert not asked.values
    asked, _ = told(files, "What are github_repositories in the account module?")
    assert asked.values


def test_production_is_told_first_though_a_trials_account_fits_better(told: Told) -> None:
    trial = ACCOUNTS["accounts/acme-ephemeral-test/eks/cluster.tf"].replace("max_size", "max_node_number")
    files = {**ACCOUNTS, "accounts/acme-ephemeral-test/eks/cluster.tf": trial}
    asked, text = told(files, "what is the max node number of the default node group?")
    assert [one.value.value for one in asked.values] == [150]
    assert "Another environment's may differ: infra/accounts/acme-ephemeral-test/eks/cluster.tf line " in text


def test_what_holds_the_name_of_the_workspace_is_not_told_of_any_other(told: Told) -> None:
    ledger = 'resource "aws_db_instance" "ledger" {\n  engine_version = "${terraform.workspace}-16"\n}\n'
    cluster = CLUSTERS % (85, 5, 150)
    asked, _ = told({"main.tf": cluster + ledger}, "which version has the ledger database?")
    assert values(asked) == {"live": "live-16", "live-2": "live-2-16", "manager": "manager-16"}


@pytest.mark.parametrize(("trial", "named"), [(150, False), (20, True)])
def test_where_another_environment_is_known_to_be_the_same_nothing_may_differ(
    told: Told, trial: int, named: bool
) -> None:
    other = (CLUSTERS % (42, 3, trial)).replace("max_size", "max_node_number")
    files = {**ACCOUNTS, "accounts/acme-ephemeral-test/eks/cluster.tf": other}
    asked, text = told(files, "what is the max node number of the default node group?")
    assert [one.value.value for one in asked.values] == [150]
    assert ("may differ" in text) is named


STORES = {
    "stacks/eks/main.tf": 'locals {\n  node_groups_count = {\n    live    = 85\n    default = 5\n  }\n}\n'
    'resource "aws_eks_node_group" "main" {\n  size = local.node_groups_count[terraform.workspace]\n}\n',
    "stacks/account/search.tf": 'resource "aws_opensearch_domain" "live_logs" {\n  cluster_config {\n'
    "    instance_count = 18\n  }\n}\n",
    "README.md": "# Nodes\n\nThe cluster has nodes.\n",
}  # fmt: skip


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many nodes does the cluster have?", [85, 5]),
        ("How many nodes does the live cluster have?", [85]),
        ("How many nodes does the OpenSearch cluster have?", [18]),
        ("How many instances does the logs cluster have?", [18]),
    ],
)
def test_a_bare_cluster_is_no_store_that_has_nodes_too(told: Told, question: str, expected: list[int]) -> None:
    asked, _ = told(STORES, question)
    assert [one.value.value for one in asked.values] == expected


def test_of_two_accounts_with_the_same_workspaces_the_one_for_trials_is_named_alone(told: Told) -> None:
    asked, text = told(ACCOUNTS, "how many nodes does the default node group have?")
    assert [one.value.value for one in asked.values] == [85, 7, 4, 5]
    assert "Another environment's may differ: infra/accounts/acme-ephemeral-test/eks/cluster.tf" in text


def test_what_contradicts_a_told_value_is_said_and_nothing_of_other_environments(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    copy = "# Nodes of the cluster\n\nThe counts:\n\n```\nnode_groups_count = {\n  live = 64\n  default = 3\n}\n```\n"
    files = {**STORES, "stacks/eks/README.md": "Default cluster size is **21** nodes.\n", "docs/nodes.md": copy}
    configure(settings, {"name": "infra", "type": "folder", "path": str(write(tmp_path / "infra", files))})
    sync()

    def flagged(question: str) -> set[str]:
        flags = owner.reader().asker().answer(question, Viewer()).flags
        return {flag.text for flag in flags if flag.kind == "conflict"}

    assert flagged("How many nodes does the live cluster have?") == {"64"}
    assert flagged("How many nodes does the cluster have?") == {"64", "3", "21"}


def test_two_words_of_a_question_may_be_one_in_a_name(told: Told) -> None:
    files = {
        "deployments/app/main.tf": 'variable "amazonmq_host_instance_type" {\n  default = "mq.t3.micro"\n}\n'
        'resource "aws_mq_broker" "main" {\n  host_instance_type = var.amazonmq_host_instance_type\n}\n',
        "variables/staging/app.tfvars": 'amazonmq_host_instance_type = "mq.m5.large"\n',
    }
    asked, _ = told(files, "What instance type does Amazon MQ use in staging?")
    assert values(asked) == {"staging": "mq.m5.large"}


def _broker(default: str) -> str:
    variable = f'variable "broker_size" {{{default}}}\n'
    return variable + 'resource "aws_mq_broker" "main" {\n  host_instance_type = var.broker_size\n}\n'


BROKERS = {
    "stacks/mail/main.tf": _broker('\n  default = "small"\n'),
    "stacks/jobs/main.tf": _broker(""),
    "stacks/mail/env/prod.tfvars": 'broker_size = "huge"\n',
    "stacks/mail/env/staging.tfvars": 'broker_size = "large"\n',
    "stacks/jobs/env/prod.tfvars": 'broker_size = "medium"\n',
}


def test_each_stacks_own_value_is_told_of_the_environment_alone(told: Told) -> None:
    asked, text = told(BROKERS, "What is broker_size in production?")
    assert {(one.root, one.value.value) for one in asked.values} == {("stacks/mail", "huge"), ("stacks/jobs", "medium")}
    assert "- prod (stacks/mail): `" in text
    assert "- prod (stacks/jobs): `" in text
    asked, _ = told(BROKERS, "What is broker_size in staging?")
    assert [one.value.value for one in asked.values] == ["large"]


def test_an_answer_of_an_environment_that_has_none_says_so_first_and_is_partial(told: Told, owner: Owner) -> None:
    told(BROKERS, "broker")  # syncs
    answer = owner.reader().asker().answer("What is broker_size in sandbox?", Viewer())
    assert (answer.verdict, "sandbox" in answer.missing) == ("partial", True)
    assert answer.text.startswith("Of sandbox the Terraform code tells no such value; this is of prod")


LOGS = {
    "cluster/variables.tf": 'variable "cluster_log_retention_in_days" {\n  default = 731\n}\n',
    "search/main.tf": 'resource "aws_cloudwatch_log_group" "opensearch_application_logs" {\n  retention_in_days = 14\n}\n',
    "modules/broker/main.tf": 'resource "helm_release" "message_broker" {\n  version = "3.1"\n}\n',
}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How long are logs kept in Logit?", []),  # the cluster's `log` is no short form of it
        ("How long are application logs kept?", []),  # OpenSearch's own are not those
        ("How long are OpenSearch's application logs kept?", [14]),
        ("How long are the cluster's logs kept?", [731]),
        ("Which version of the message broker runs in Datadog?", []),
        ("Which version of the message broker runs?", ["3.1"]),
    ],
)
def test_a_value_is_that_of_the_thing_that_is_named(told: Told, question: str, expected: list[int]) -> None:
    asked, _ = told(LOGS, question)
    assert [one.value.value for one in asked.values] == expected


DATABASES = {
    "variables/production/rds.tfvars": "databases = {\n  mail = {\n    allocated_storage = 400\n  }\n  jobs = {\n"
    "    allocated_storage = 100\n  }\n}\n",
    "rds/main.tf": 'variable "databases" {\n  type = map(any)\n}\n',
}


@pytest.mark.parametrize("question", ["allocated_storage of mail", "What is the allocated_storage of mail?"])
def test_an_entry_of_a_map_is_told_by_its_written_name(told: Told, question: str) -> None:
    asked, text = told({**DATABASES, **{f"docs/{n}.md": f"# Mail {n}\n\nOf mail.\n" for n in range(14)}}, question)
    assert [one.value.value for one in asked.values] == [400]
    assert "variables/production/rds.tfvars line 3" in text


def test_a_bare_setting_is_the_shared_one_first_and_how_many_set_it_besides(told: Told) -> None:
    files = {
        "grafana/main.tf": 'module "grafana_db" {\n  source = "x/y/z"\n  backup_retention_period = 3\n}\n',
        "clone/main.tf": 'resource "aws_docdb_cluster" "clone" {\n  backup_retention_period = 1\n}\n',
        "rds/variables.tf": 'variable "backup_retention_period" {\n  default = 7\n}\n',
    }
    asked, text = told(files, "backup_retention_period")
    assert [one.value.value for one in asked.values] == [7]
    assert "It is set in 2 other blocks too" in text
    assert "module.grafana_db" in text


DESKTOPS = {
    "modules/desk/main.tf": 'variable "all" {}\nresource "aws_instance" "desk" {\n  for_each      = var.all\n'
    "  instance_type = each.value.type\n}\n",
    "regions/main.tf": 'module "eu" {\n  source = "../modules/desk"\n  all = {\n    "desk-eu-1" = { type = "c6g.large" }\n'
    '    "desk-eu-2" = { type = "c2d.large" }\n  }\n}\nmodule "us" {\n  source = "../modules/desk"\n  all = {\n'
    '    "desk-us-1" = { type = "c7g.large" }\n  }\n}\n',
}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the instance type of desk-eu-1?", ["c6g.large"]),
        ("What is the instance type of desk_us_1?", ["c7g.large"]),
        ("What is the instance type of desk-us-9?", []),
        ("Which instance types have desk-eu-2 and desk-us-1?", ["c2d.large", "c7g.large"]),
        ("Which instance type do the US desks have?", ["c7g.large"]),
    ],
)
def test_an_instance_that_is_named_is_a_filter(told: Told, question: str, expected: list[str]) -> None:
    asked, _ = told(DESKTOPS, question)
    assert sorted(str(one.value.value) for one in asked.values) == expected


def test_that_there_is_no_such_instance_is_said_first(told: Told, owner: Owner) -> None:
    asked, _ = told(DESKTOPS, "What is the instance type of desk-us-9?")
    assert (
        absent(asked) == "The code has no desk-us-9 of which it tells this; there are: desk-eu-1, desk-eu-2, desk-us-1."
    )
    answer = owner.reader().asker().answer("What is the instance type of desk-us-9?", Viewer())
    assert not answer.citations or "The code has no desk-us-9" in answer.text.partition("**")[0]


def test_what_is_said_of_another_instance_does_not_bear_on_its_value(told: Told) -> None:
    question = "What is the instance type of desk-eu-1?"
    asked, _ = told(DESKTOPS, question)
    bears = bearing(question, asked)
    assert bears
    assert bears("The instance type of desk-eu-1 is c6g.large.", "")
    assert not bears('"desk-eu-2" = { instance_type = "c2d.large" }', "module eu > instance type")


def test_what_stands_in_a_module_that_all_share_differs_nowhere_else(told: Told) -> None:
    unit = 'terraform {\n  source = "../../../modules/db"\n}\ninputs = {\n  size = "%s"\n}\n'
    files = {
        "accounts/shop-prod/db/terragrunt.hcl": unit % "db.large",
        "accounts/shop-staging/db/terragrunt.hcl": unit % "db.small",
        "modules/db/main.tf": 'variable "size" {}\nresource "aws_db_instance" "shop" {\n  instance_class = var.size\n'
        "  backup_retention_period = 30\n}\n",
    }
    asked, text = told(files, "How long are backups of the shop database kept?")
    assert {one.value.value for one in asked.values} == {30}
    assert "may differ" not in text
    asked, text = told(files, "What instance class has the shop database in staging and production?")
    assert values(asked) == {"prod": "db.large", "staging": "db.small"}
    assert "- staging: `" in text and "- prod: `" in text


def test_a_default_of_another_folder_is_not_said_to_hold_in_a_cluster(told: Told) -> None:
    """`utoria` is a cluster of terraform/azure alone."""
    files = {
        "terraform/internal/variables.tf": 'variable "prometheus_disk_size" {\n  default = 100\n}\n',
        "terraform/azure/variables.tf": 'variable "core_node_machine_type" {}\n',
        "terraform/azure/projects/utoria.tfvars": 'core_node_machine_type = "big"\n',
        "terraform/azure/projects/leaping.tfvars": 'core_node_machine_type = "small"\n',
    }
    asked, _ = told(files, "How large is the prometheus disk on utoria?")
    assert not asked.values
    asked, _ = told(files, "What is the core node machine type of utoria?")
    assert values(asked) == {"utoria": "big"}


def test_the_dev_desktops_are_no_environment(look_up: LookUp) -> None:
    files = {
        "stacks/dev-desktops/main.tf": 'resource "a" "b" {}\n',
        "stacks/app/dev/main.tf": 'resource "a" "b" {}\n',
    }
    standings = Standings(look_up(files))
    assert standings.named("How big are the dev desktops?").all == ()
    assert standings.named("How big is the app on dev?").all == ("dev",)
    assert not standings.of_folder("stacks/dev-desktops")


def test_a_variable_that_a_question_names_is_no_instance(told: Told) -> None:
    files = {"modules/tests/variables.tf": 'variable "github_repositories" {\n  default = []\n}\n'}
    asked, _ = told(files, "What are the two secrets called that show up once the module is given github_repositories?")
    assert not asked.values
