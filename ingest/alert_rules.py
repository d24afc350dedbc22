"""Alerting rules in files: Prometheus' and Loki's rule files, PrometheusRule objects, rules in Helm's values and templates, in
ConfigMaps and in heredocs of Terraform. `api.alerts` asks this of the documents that are stored.

What a rule is: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/. Jsonnet is a program and is not read.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

import yaml as pyyaml

from ingest.parsers.templated import compose_lines
from ingest.yaml_loader import Loader
from rag.alerts.records import Alert, AlertRule

ENDINGS = (".yaml", ".yml", ".rules", ".json", ".tpl", ".tmpl", ".j2", ".tftpl", ".erb", ".tf")
MARKS = ("alert:", '"alert"', "'alert'")  # one of which stands in every file that holds a rule
_HEREDOC = re.compile(r"<<-?\s*\"?(\w+)\"?[ \t]*\n(.*?)^[ \t]*\1\b", re.S | re.M)
_DEEPEST = 30
_MOST_NODES = 2_000_000
_LONGEST = 4000  # characters of a value
_TEMPLATE = re.compile(r"\{\{`(.*?)`\}\}", re.S)  # Helm's way to write {{ }} of Prometheus'
_SEPARATOR = re.compile(r"---(?:\s|$)")

Trees = list[tuple[pyyaml.Node, bool]]


def rules_in(path: str, text: str) -> list[AlertRule]:
    """The alerting rules of a file, in the order of their lines."""
    if not path.endswith(".tf"):
        return _rules(text, 0)
    found: list[AlertRule] = []
    for block in _HEREDOC.finditer(text):
        if any(mark in block[2] for mark in MARKS):
            found += _rules(textwrap.dedent(block[2]), text.count("\n", 0, block.start(2)))
    return found


def _rules(text: str, above: int, *, embedded: bool = False) -> list[AlertRule]:
    trees = _trees(text)
    if embedded and any(templated for _, templated in trees):
        return []
    return [rule for node, templated in trees for rule in _below(node, above, templated, embedded)]


def _trees(text: str) -> Trees:
    """Each YAML document of a text, and whether it could only be read by its lines."""
    try:
        return [(node, False) for node in pyyaml.compose_all(text, Loader=Loader) if node is not None]
    except (pyyaml.YAMLError, RecursionError, ValueError):
        pass
    lines = text.split("\n")
    starts = [0, *(at + 1 for at, line in enumerate(lines) if _SEPARATOR.match(line))]
    parts = zip(starts, [*starts[1:], len(lines)], strict=True)
    nodes = [compose_lines(lines, start, end) for start, end in parts]
    return [(node, True) for node in nodes if node is not None]


def _below(root: pyyaml.Node, above: int, templated: bool, embedded: bool) -> Iterator[AlertRule]:
    """The rules at and below a node. What an alias repeats is read once."""
    seen: set[int] = set()
    waiting: list[tuple[pyyaml.Node, int]] = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > _DEEPEST or id(node) in seen or len(seen) > _MOST_NODES:
            continue
        seen.add(id(node))
        if isinstance(node, pyyaml.SequenceNode):
            waiting += [(child, depth + 1) for child in reversed(node.value)]
        elif isinstance(node, pyyaml.MappingNode):
            if rule := _rule(node, above, templated):
                yield rule
            else:
                waiting += [(value, depth + 1) for _, value in reversed(node.value)]
        elif isinstance(node, pyyaml.ScalarNode) and not embedded and _holds_rules(node):
            yield from _rules(node.value, above + node.start_mark.line + 1, embedded=True)


def _holds_rules(node: pyyaml.ScalarNode) -> bool:
    """Whether a block of text is a file of rules of its own, as in a ConfigMap."""
    return node.style == "|" and "alert:" in node.value and "expr:" in node.value


def _rule(node: pyyaml.MappingNode, above: int, templated: bool) -> AlertRule | None:
    entries = {key.value: value for key, value in node.value if isinstance(key, pyyaml.ScalarNode)}
    name = entries.get("alert")
    if not isinstance(name, pyyaml.ScalarNode) or not name.value.strip() or "expr" not in entries:
        return None
    alert = Alert(_text(name), _texts(entries.get("labels")), _texts(entries.get("annotations")))
    return AlertRule(alert, above + name.start_mark.line + 1, templated)


def _texts(node: pyyaml.Node | None) -> dict[str, str]:
    if not isinstance(node, pyyaml.MappingNode):
        return {}
    return {
        str(key.value): _text(value)
        for key, value in node.value
        if isinstance(key, pyyaml.ScalarNode) and isinstance(value, pyyaml.ScalarNode)
    }


def _text(node: pyyaml.ScalarNode) -> str:
    return _TEMPLATE.sub(r"\1", str(node.value)[:_LONGEST]).strip()
