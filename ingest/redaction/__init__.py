"""Takes credentials out of a text before anything is stored, indexed, embedded or logged.

Each becomes `[REDACTED:rule]`; the number of lines stays, so that citations hold. `ingest.sync` calls `redact` on every
text. Patterns run on RE2, whose time is linear in the text (https://github.com/google/re2).
"""

from __future__ import annotations

from collections.abc import Collection

from ingest.redaction import arguments as lists
from ingest.redaction.arguments import arguments
from ingest.redaction.assignments import assignments
from ingest.redaction.commands import COMMANDS
from ingest.redaction.hcl import blocks, fenced, hcl, is_sensitive
from ingest.redaction.headings import definitions, headings
from ingest.redaction.inserts import inserts
from ingest.redaction.keywords import Index
from ingest.redaction.kubernetes import SECRET_KIND, kubernetes_secrets, secret_generators
from ingest.redaction.marks import Finding
from ingest.redaction.names import HINTS, WEAK_HINTS
from ingest.redaction.nested import SIGNS, nested
from ingest.redaction.places import take
from ingest.redaction.repeats import repeats
from ingest.redaction.sentences import SENTENCES
from ingest.redaction.servers import SERVERS
from ingest.redaction.tables import separator_of, tables
from ingest.redaction.terraform_json import json_variables, parsed, terraform_json
from ingest.redaction.tokens import aws_pairs, private_keys, tokens
from ingest.redaction.vendors import TOKENS

__all__ = ["DECLARING", "Finding", "redact", "sensitive_variables"]

_JSON = (".tf.json", ".tofu.json")
KEYWORDS = tuple(
    {
        "private key",
        "```",
        "~~~",
        "secret",
        "secretgenerator",
        "<td",
        "<th",
        "insert",
        "replace into",
        *SIGNS,
        *lists.SIGNS,
        "<dt",
        "akia",
        "asia",
        *HINTS,
        *WEAK_HINTS,
    }.union(*(rule.keywords for rule in TOKENS), *(ready.place.keywords for ready in (*COMMANDS, *SERVERS, *SENTENCES)))
)
_DEPTH = 3  # of texts within texts
DECLARING = (".tf", ".tofu", *_JSON)  # files that may declare variables


def redact(text: str, path: str, sensitive: Collection[str] = (), *, depth: int = 0) -> tuple[str, tuple[Finding, ...]]:
    """The text without credentials, and where they were. The path's ending adds rules for HCL and YAML; `sensitive` names the
    Terraform variables whose values are secret wherever they are set."""
    lines = text.split("\n")
    before = lines.copy()
    found: set[Finding] = set()
    index = Index(lines, KEYWORDS)
    if index.has(("secret",)) and SECRET_KIND.search(index.raw):
        kubernetes_secrets(lines, path, found)
    if index.has(("secretgenerator",)):
        secret_generators(lines, found)
    if index.has(("private key",)):
        private_keys(lines, found)
    if depth < _DEPTH:
        nested(lines, index, found, lambda inner, name: redact(inner, name, sensitive, depth=depth + 1))
    aws_pairs(lines, index, found)
    tokens(lines, index, found)
    if path.endswith((".tf", ".tofu", ".tfvars", ".hcl")):
        hcl(lines, found, frozenset(sensitive), everywhere=not path.endswith(DECLARING))
    elif path.endswith((*_JSON, ".tfvars.json")):
        terraform_json(lines, found, text, sensitive)
    elif index.has(("```", "~~~")):
        fenced(lines, found)
    assignments(lines, index, path, found)
    tables(lines, index, path, found)
    headings(lines, index, found)
    inserts(lines, index, found)
    arguments(COMMANDS, lines, index, found)
    definitions(lines, index, found)
    separator = separator_of(before, path)
    for places in (COMMANDS, SERVERS, SENTENCES):
        take(places, lines, index, found, separator=separator)
    if found and not depth:
        repeats(before, lines, found)
    return "\n".join(lines), tuple(sorted(found, key=lambda finding: (finding.line, finding.rule)))


def sensitive_variables(text: str, path: str) -> set[str]:
    """The variables that a Terraform file declares to be sensitive."""
    if path.endswith(_JSON):
        return {name for name, body in json_variables(parsed(text)) if body.get("sensitive") is True}
    lines = text.split("\n")
    return {name for name, block in blocks(lines, "variable") if is_sensitive(lines, block)}
