"""Whether a value beside a secret's name is a secret itself, and not a reference, a placeholder, a path, a name or prose."""

from __future__ import annotations

import re

from ingest.redaction.marks import MARK

REFERENCE = re.compile(
    r"^(?:var|local|module|data|each|self|path|random_\w+|aws_\w+|azurerm_\w+|google_\w+|kubernetes_\w+|tls_\w+|vault_\w+|"
    r"secrets?|env|vars|inputs|os|process|steps|github|values|config|settings|params?)\.|^[a-z_]\w*(?:\.[a-z_]\w*){2,}$", re.I
)  # fmt: skip
_PLACEHOLDER = re.compile(
    r"^(?:[x*.•_-]{3,}|(?:your|my|the|some|an?|example|sample|dummy|fake|test|insert|enter|replace|changeme|todo|tbd|none|null|nil|"
    r"undefined|true|false|string|number|bool|required|optional|redacted|secret|password|token|key|value|default|empty|unset)"
    r"(?:[\s_.-].*)?)$|^<.*>$|^\[.*\]$|^\.\.\.", re.I
)  # fmt: skip
_CAPITALS = re.compile(r"^[A-Z]+(?:[-_][A-Z]+)+$")  # PUT-TOKEN-HERE
_STANDS_FOR = re.compile(r"(?i)(?:\b|_)(?:your|change[_-]?me|replace|placeholder|example|dummy|redacted)(?:\b|_)")
HARMLESS = re.compile(
    r"^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|sha(?:1|256|512)[:-].*|arn:.*|(?:\.{0,2}|~|@)/.*|"
    r"[a-z][a-z0-9+.-]*://.*|[\w.-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}|@[\w./-]+\.\w{2,5}|vault:[\w./#-]+|projects/[\w-]+/.*|\d{1,5}|"
    r"[\w./-]+\.(?:ya?ml|json|tfvars|tf|txt|pem|key|crt|md|sh|py|go|html|env))$", re.I
)  # fmt: skip
_BASE64 = re.compile(r"^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9+/]{38,}={0,2}$")  # may begin like a path
_WORDY = re.compile(r"^[A-Za-z][A-Za-z _./:-]*$")
_ONE_WORD = re.compile(r"^[A-Za-z]{8,30}$")
_KNOWN_WORDS = re.compile(
    r"(?i)pass|secret|token|key|user|name|admin|value|string|example|default|required|optional|none|null|true|false|undefined|"
    r"credential|base64|encoded|plain|text|auth|login|vault|manager|service|account|bearer|basic|sensitive|generated|random|"
    r"postgres|mysql|encrypt|hash|protected|rotat|config|environment|variable|database|kubernetes|github|terraform"
)
EXPRESSION = re.compile(
    r"\$\{|\$\(|\{\{|<%|%\{|^\$[A-Za-z_]|^%[A-Z_]+%|^\+\s*[A-Za-z_]\w*$|^[A-Za-z_][\w.]*\(| == |&&|\|\|"
)
_MARKS = frozenset("!@#$%^&*+=?~|")


def masked(value: str) -> bool:
    """Whether it stands for a secret rather than being one: AWS's …EXAMPLE, `your-token`, or mostly one character."""
    body = value[4:] or value
    mostly = len(set(body)) <= 2 or any(body.count(c) > 0.6 * len(body) for c in "xX*.0")
    return mostly or value.endswith("EXAMPLE") or bool(_STANDS_FOR.search(value) or _CAPITALS.match(value))


def stands_for_another(value: str) -> bool:
    """Whether it is a reference, an expression, a placeholder, or a thing that is no secret by its shape."""
    if MARK.search(value) or EXPRESSION.search(value) or REFERENCE.match(value) or _PLACEHOLDER.match(value):
        return True
    return masked(value) or (bool(HARMLESS.match(value)) and not _BASE64.match(value))


def is_credential(value: str, *, strict: bool, password: bool = False) -> bool:
    """Whether a value looks like a secret. `strict` is for values without quotes, where prose and code are likelier: they must be
    longer and no words. With `password` one plain word counts, if it is none that documents use to speak of passwords."""
    value = value.strip()
    if len(value) < 4 or value.startswith("!") or stands_for_another(value):
        return False
    if " " in value:
        few = len(value.split()) <= 4 and not strict
        return few and any(c.isdigit() for c in value) and any(not c.isalnum() and c != " " for c in value)
    if _WORDY.match(value):
        return password and bool(_ONE_WORD.match(value)) and not _KNOWN_WORDS.search(value)
    digit = any(c.isdigit() for c in value)
    return (digit and (not strict or len(value) >= 8)) or any(c in _MARKS for c in value)
