"""Values in `.tfvars.json` are told as those of `.tfvars` are, at their own lines; and which setting a name in full means."""

from __future__ import annotations

import pytest

from tests.rag.conftest import Told

VARIABLES = """variable "pools" {}
variable "kube_state_metrics_version" { default = "2.14.0" }
variable "agent_version" { default = "1.0" }
variable "ingress_replicaCount" { default = 20 }
"""
PRODUCTION = """{
  "pools": {
    "apps1": {
      "min_count": 3,
      "max_count": 55
    }
  },
  "kube_state_metrics_version": "2.19.1"
}
"""
FILES = {
    "stacks/platform/variables.tf": VARIABLES,
    "stacks/platform/main.tf": 'terraform {\n  backend "azurerm" {}\n}\n',
    "stacks/platform/config/production.tfvars.json": PRODUCTION,
    "stacks/platform/config/test.tfvars.json": PRODUCTION.replace("55", "35").replace("19.1", "18.0"),
}


def test_an_entry_of_an_object_is_told_by_its_own_name_and_line(told: Told) -> None:
    _, text = told(FILES, "how many nodes can apps1 have at most on production?")
    assert text.startswith("`var.pools` apps1.max_count is `55` in production: ")
    assert "production.tfvars.json line 5 [1]" in text and '"max_count": 55' in text
    assert "35" not in text


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("which kube-state-metrics version runs on the test cluster", '`var.kube_state_metrics_version` is `"2.18.0"` in test'),
        ("how many ingress replicas in production?", "`var.ingress_replicaCount` is `20`"),
    ],
)  # fmt: skip
def test_a_setting_that_is_named_in_full_is_meant(told: Told, question: str, wanted: str) -> None:
    assert told(FILES, question)[1].startswith(wanted)


def test_a_word_of_a_short_name_names_no_setting(told: Told) -> None:
    assert told(FILES, "which version runs on the test cluster")[1] == ""


def test_a_name_that_is_said_in_words_is_looked_up(told: Told) -> None:
    text = "the sns monthly spend limit of dev, sns monthly spend limit"
    files = {f"alarms/{n}/a.tf": f'resource "x_alarm" "sns_{n}" {{\n  about = "{text}"\n}}\n' for n in range(12)}
    files |= {
        "env/variables.tf": 'variable "sns_monthly_spend_limit" {}\nterraform {\n  backend "s3" {}\n}\n',
        "env/dev.tfvars": "sns_monthly_spend_limit = 100\n",
        "env/prod.tfvars": "sns_monthly_spend_limit = 900\n",
    }
    asked, said = told(files, "What is the SNS monthly spend limit on dev?")
    assert [one.value.value for one in asked.values] == [100]
    assert said.startswith("`var.sns_monthly_spend_limit` is `100` in dev")
