"""Alerting rules in the files that hold them."""

from __future__ import annotations

import textwrap

import pytest

from ingest.alert_rules import rules_in

PLAIN = """\
groups:
  - name: pods
    rules:
      - record: job:up
        expr: up
      - alert: PodCrashLooping
        expr: rate(x[5m]) > 0
        labels: {severity: page}
        annotations:
          runbook_url: https://runbooks.example.org/pods/podcrashlooping
          summary: A pod crashes.
"""
OBJECT = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: x}\nspec:\n"
HELM = """\
{{- if .Values.rules.enabled }}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {{ include "x" . }}
spec:
  groups:
  - name: pods
    rules:
{{- if not .Values.off }}
    - alert: PodCrashLooping
      expr: |-
        rate(x[5m]) > 0
      annotations:
        runbook_url: {{ .Values.runbookUrl }}/podcrashlooping
        summary: 'Pod {{`{{ $labels.pod }}`}} crashes.'
{{- end }}
{{- end }}
"""
CONFIG_MAP = "kind: ConfigMap\ndata:\n  rules.yaml: |\n" + textwrap.indent(PLAIN, "    ")
HEREDOC = f'resource "kubectl_manifest" "rules" {{\n  yaml_body = <<-YAML\n{textwrap.indent(PLAIN, "    ")}  YAML\n}}\n'
JSON = '{"groups": [{"rules": [\n{"alert": "PodCrashLooping", "expr": "x", "annotations": {"summary": "A pod crashes."}}]}]}'


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("rules.yml", PLAIN, 6),
        ("rule.yaml", OBJECT + textwrap.indent(PLAIN, "  "), 10),
        ("templates/rule.yaml", HELM, 11),
        ("map.yaml", CONFIG_MAP, 9),
        ("rules.tf", HEREDOC, 8),
        ("rules.json", JSON, 2),
    ],
)
def test_a_rule_is_found_with_its_line(path: str, text: str, line: int) -> None:
    (rule,) = rules_in(path, text)
    assert (rule.alert.name, rule.line, rule.templated) == ("PodCrashLooping", line, path.startswith("templates/"))
    assert text.split("\n")[line - 1].strip().startswith(("- alert:", '{"alert"', "alert:"))
    assert "crashes." in rule.alert.annotations["summary"]


def test_helms_quoting_of_prometheus_templates_is_taken_off() -> None:
    (rule,) = rules_in("templates/rule.yaml", HELM)
    assert rule.alert.annotations["summary"] == "Pod {{ $labels.pod }} crashes."
    assert rule.alert.link == "{{ .Values.runbookUrl }}/podcrashlooping"


@pytest.mark.parametrize(
    "text",
    [
        "alert: x\n", "- alert: [a]\n  expr: y\n", "a: &a [*a]\n", "{" * 5000, "a: " + "[" * 5000, "alert: \x00\n",
        "alert: é\n\t- x",         "route: {receiver: x}\nalert: {expr: 1}\n",
    ],
)  # fmt: skip
def test_what_is_no_rule_is_none(text: str) -> None:
    assert rules_in("x.yaml", text) == []


def test_an_alias_that_repeats_itself_is_read_once() -> None:
    bomb = "a0: &a0 [{alert: A, expr: x}]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )
    assert len(rules_in("x.yaml", bomb)) == 1
