"""Takes credentials out of a text before anything is stored, indexed, embedded or logged.

Each becomes `[REDACTED:rule]`; the number of lines stays, so that citations hold. `ingest.sync` calls `redact` on every
text. Patterns run on RE2, whose time is linear in the text (https://github.com/google/re2).
"""

from __future__ import annotations

from collections.abc import Collection

from ingest.redaction.assignments import WORDS, assignments
from ingest.redaction.commands import commands
from ingest.redaction.hcl import blocks, hcl, is_sensitive
from ingest.redaction.kubernetes import kubernetes_secrets
from ingest.redaction.marks import Finding
from ingest.redaction.terraform_json import json_variables, parsed, terraform_json
from ingest.redaction.tokens import private_keys, tokens

__all__ = ["DECLARING", "Finding", "redact", "sensitive_variables"]

_JSON = (".tf.json", ".tofu.json")
DECLARING = (".tf", ".tofu", *_JSON)  # files that may declare variables


def redact(text: str, path: str, sensitive: Collection[str] = ()) -> tuple[str, tuple[Finding, ...]]:
    """The text without credentials, and where they were. The path's ending adds rules for HCL and YAML; `sensitive` names the
    Terraform variables whose values are secret wherever they are set."""
    lines = text.split("\n")
    found: set[Finding] = set()
    lowered = text.lower()
    lows = lowered.split("\n")
    if "private key" in lowered:
        private_keys(lines, found)
    tokens(lines, lows, found)
    if path.endswith((".tf", ".tofu", ".tfvars", ".hcl")):
        hcl(lines, found, frozenset(sensitive), everywhere=not path.endswith(DECLARING))
    elif path.endswith((*_JSON, ".tfvars.json")):
        terraform_json(lines, found, text, sensitive)
    if any(word in lowered for word in WORDS):
        assignments(lines, lows, found)
    commands(lines, lows, found)
    if "kind" in lowered and "secret" in lowered:
        kubernetes_secrets(lines, found)
    return "\n".join(lines), tuple(sorted(found, key=lambda finding: (finding.line, finding.rule)))


def sensitive_variables(text: str, path: str) -> set[str]:
    """The variables that a Terraform file declares to be sensitive."""
    if path.endswith(_JSON):
        return {name for name, body in json_variables(parsed(text)) if body.get("sensitive") is True}
    lines = text.split("\n")
    return {name for name, block in blocks(lines, "variable") if is_sensitive(lines, block)}
