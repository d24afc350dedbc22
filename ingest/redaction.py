"""Takes credentials out of a text before anything is stored, indexed, embedded or logged.

Each becomes `[REDACTED:rule]`; the number of lines stays, so that citations hold. `ingest.sync` calls `redact` on every
text. Patterns run on RE2, whose time is linear in the text (https://github.com/google/re2).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from ingest.redaction_rules import SECRET_ATTRIBUTES, SECRET_NAME, TOKENS

_ALLOWED = re.compile(r"pragma: ?allowlist secret|gitleaks:allow", re.I)
_MARK = re.compile(r"\[REDACTED:[\w-]+\]")
_JSON = (".tf.json", ".tofu.json")
DECLARING = (".tf", ".tofu", *_JSON)  # files that may declare variables
_WORDS = ("pass", "secret", "token", "credential", "key", "pwd", "connection", "webhook")


@dataclass(frozen=True)
class Finding:
    """Where something was redacted, and by which rule; never what."""

    line: int
    rule: str


def redact(text: str, path: str, sensitive: Collection[str] = ()) -> tuple[str, tuple[Finding, ...]]:
    """The text without credentials, and where they were. The path's ending adds rules for HCL and YAML; `sensitive` names the
    Terraform variables whose values are secret wherever they are set."""
    lines = text.split("\n")
    found: set[Finding] = set()
    lowered = text.lower()
    if "private key" in lowered:
        _private_keys(lines, found)
    _tokens(lines, lowered, found)
    if path.endswith((".tf", ".tofu", ".tfvars", ".hcl")):
        _hcl(lines, found, frozenset(sensitive), everywhere=not path.endswith(DECLARING))
    elif path.endswith((*_JSON, ".tfvars.json")):
        _terraform_json(lines, found, text, sensitive)
    if any(word in lowered for word in _WORDS):
        _assignments(lines, found)
    if "kind" in lowered and "secret" in lowered:
        _kubernetes_secrets(lines, found)
    return "\n".join(lines), tuple(sorted(found, key=lambda finding: (finding.line, finding.rule)))


def _replace(lines: list[str], at: int, start: int, end: int, rule: str, found: set[Finding]) -> None:
    lines[at] = f"{lines[at][:start]}[REDACTED:{rule}]{lines[at][end:]}"
    found.add(Finding(at + 1, rule))


# -- private keys -----------------------------------------------------------------------------------------------------

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9 ]+ )?PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END (?:[A-Z0-9 ]+ )?PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINE = re.compile(r"^[\s>#*/\"'|+-]*(?:[A-Za-z0-9+/=\\]+|[A-Z][A-Za-z-]+: .*)?[\"',\\\s]*$")


def _private_keys(lines: list[str], found: set[Finding]) -> None:
    """Whole blocks. One without an end goes as far as its lines look like a key's: better too much than too little."""
    at = 0
    while at < len(lines):
        begin = _BEGIN.search(lines[at])
        if not begin:
            at += 1
            continue
        end = _END.search(lines[at], begin.end())
        if end:
            _replace(lines, at, begin.start(), end.end(), "private-key", found)
            continue
        last = at + 1
        while last < len(lines) and not _END.search(lines[last]) and _KEY_LINE.match(lines[last]):
            last += 1
        tail = _END.search(lines[last]) if last < len(lines) else None
        _replace(lines, at, begin.start(), len(lines[at]), "private-key", found)
        for row in range(at + 1, last):
            if lines[row].strip():
                indent = len(lines[row]) - len(lines[row].lstrip())
                _replace(lines, row, indent, len(lines[row]), "private-key", found)
        if tail:
            indent = len(lines[last]) - len(lines[last].lstrip())
            _replace(lines, last, min(indent, tail.start()), tail.end(), "private-key", found)
        at = last


# -- tokens of known shape --------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _token_patterns() -> tuple[tuple[str, tuple[str, ...], Any], ...]:
    return tuple((rule.name, rule.keywords, re2.compile(rule.pattern)) for rule in TOKENS)


def _tokens(lines: list[str], lowered: str, found: set[Finding]) -> None:
    for name, keywords, pattern in _token_patterns():
        if not any(keyword in lowered for keyword in keywords):
            continue
        for at, line in enumerate(lines):
            low = line.lower()
            if not any(keyword in low for keyword in keywords) or _ALLOWED.search(line):
                continue
            for match in reversed(list(pattern.finditer(line))):
                group = pattern.groupindex.get("secret", 0)
                value = match.group(group)
                if _is_credential(value, strict=False) if group else not _masked(value):
                    _replace(lines, at, match.start(group), match.end(group), name, found)


# -- assignments ------------------------------------------------------------------------------------------------------

_ASSIGNMENT = re2.compile(
    r"(?i)(?P<name>" + SECRET_NAME + r")(?P<after>['\"\]]{0,2}\s*(?:=>|:=|[:=])\s*)(?:"
    r"\"(?P<double>[^\"\n]{3,})\"|'(?P<single>[^'\n]{3,})'|`(?P<tick>[^`\n]{3,})`|(?P<bare>[^\s'\"`,;{}()<>\[\]]{6,}))"
)
_VALUES = {name: _ASSIGNMENT.groupindex[name] for name in ("double", "single", "tick", "bare")}
_FLAG = re2.compile(
    r"(?i)--(?:[a-z-]*(?:password|passwd|secret|token|api-key|access-key))(?:\s+|=)['\"]?(?P<value>[^\s'\"`<>{}$()]{6,})"
)
_TAG = re2.compile(r"(?i)<(?:[a-z:_.-]*(?:password|passwd|secret|token|apikey|api-key))>(?P<value>[^<\n]{4,})</")


def _assignments(lines: list[str], found: set[Finding]) -> None:
    for at, line in enumerate(lines):
        low = line.lower()
        if not any(word in low for word in _WORDS) or _ALLOWED.search(line):
            continue
        for match in reversed(list(_ASSIGNMENT.finditer(line))):
            for name, group in _VALUES.items():
                value = match.group(group)
                called = line[match.end(group) : match.end(group) + 1] == "("
                if value is not None and not called and _is_credential(value, strict=name == "bare"):
                    _replace(lines, at, match.start(group), match.end(group), "assignment", found)
        for pattern in (_FLAG, _TAG):
            for match in reversed(list(pattern.finditer(line))):
                if _is_credential(match.group(1), strict=True):
                    _replace(lines, at, match.start(1), match.end(1), "assignment", found)


_REFERENCE = re.compile(
    r"^(?:var|local|module|data|each|self|path|random_\w+|aws_\w+|azurerm_\w+|google_\w+|kubernetes_\w+|tls_\w+|vault_\w+|"
    r"secrets?|env|vars|inputs|os|process|steps|github|values|config|settings|params?)\.", re.I
)  # fmt: skip
_PLACEHOLDER = re.compile(
    r"^(?:[x*.•_-]{3,}|(?:your|my|the|some|an?|example|sample|dummy|fake|test|insert|enter|replace|changeme|todo|tbd|none|null|nil|"
    r"undefined|true|false|string|number|bool|required|optional|redacted|secret|password|token|key|value|default|empty|unset)"
    r"(?:[\s_.-].*)?)$|^<.*>$|^\[.*\]$|^\.\.\.", re.I
)  # fmt: skip
_HARMLESS = re.compile(
    r"^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|sha(?:1|256|512)[:-].*|arn:.*|(?:\.{0,2}|~)/.*|"
    r"[a-z][a-z0-9+.-]*://.*|[\w.-]+@[\w.-]+|\d{1,5}|[\w./-]+\.(?:ya?ml|json|tfvars|tf|txt|pem|key|crt|md|sh|py|go|html|env))$", re.I
)  # fmt: skip
_WORDY = re.compile(r"^[A-Za-z][A-Za-z _./:-]*$")
_EXPRESSION = re.compile(r"\$\{|\$\(|\{\{|<%|%\{|\$[A-Za-z_]|%[A-Z_]+%|\w\(| == |&&|\|\|")


def _masked(value: str) -> bool:
    """Whether it stands for a secret rather than being one: AWS's …EXAMPLE, or mostly one character."""
    body = value[4:] or value
    return value.endswith("EXAMPLE") or len(set(body)) <= 2 or any(body.count(c) > 0.6 * len(body) for c in "xX*.0")


def _is_credential(value: str, *, strict: bool) -> bool:
    """Whether a value looks like a secret itself, and not like a reference, a placeholder, a name or prose.

    `strict` is for values without quotes, where prose and code are likelier: they must have a digit and not be words.
    """
    value = value.strip()
    if len(value) < 4 or _MARK.search(value) or _EXPRESSION.search(value):
        return False
    if _REFERENCE.match(value) or _PLACEHOLDER.match(value) or _HARMLESS.match(value):
        return False
    if _masked(value) or value.startswith(("!", "+")):
        return False
    if " " in value and not strict:
        return (
            len(value.split()) <= 4
            and any(c.isdigit() for c in value)
            and any(not c.isalnum() and c != " " for c in value)
        )
    if _WORDY.match(value):
        return False
    has_digit = any(c.isdigit() for c in value)
    has_mark = any(c in "!@#$%^&*+=?~" for c in value)
    return (has_digit and (not strict or len(value) >= 8)) or has_mark


# -- HCL --------------------------------------------------------------------------------------------------------------

_HCL_OPEN = re.compile(r"^\s*[\w-]+(?:\s+(?:\"[^\"]*\"|[\w-]+))*\s*\{\s*(?:#.*)?$")
_HCL_ATTRIBUTE = re.compile(r"^(?P<indent>\s*)\"?(?P<name>[\w.-]+)\"?\s*=\s*(?P<value>.*)$")
_HCL_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*)\"")
_HEREDOC = re.compile(r"<<[-~]?\s*\"?(\w+)\"?\s*$")


def _hcl(lines: list[str], found: set[Finding], names: frozenset[str], *, everywhere: bool) -> None:
    """Literals of secret attributes, and the values of sensitive variables, whatever they look like. `names` are given a value
    `everywhere` in .tfvars and Terragrunt files, and else by calls of modules alone."""
    sensitive = _sensitive_lines(lines)
    for block in [range(len(lines))] if everywhere else [block for _, block in _blocks(lines, "module")]:
        sensitive |= _assigned_lines(lines, names, block)
    at = 0
    while at < len(lines):
        match = _HCL_ATTRIBUTE.match(lines[at])
        if match and not _ALLOWED.search(lines[at]):
            name, value = match.group("name").lower(), match.group("value")
            secret = _names_secret(name)
            heredoc = _HEREDOC.search(value)
            if heredoc and (secret or at in sensitive):
                at = _blank_heredoc(lines, at + 1, heredoc.group(1), found)
                continue
            start = match.start("value") if at in sensitive or value.startswith('"') else lines[at].find("?")
            if at in sensitive or (secret and start >= 0):  # behind a `?` stand the values of a conditional
                _blank_strings(lines, at, start, found, anything=at in sensitive)
        elif at in sensitive:
            _blank_strings(lines, at, 0, found, anything=True)
        at += 1


def _names_secret(name: str) -> bool:
    return name in SECRET_ATTRIBUTES or name.endswith(("_password", "_secret", "_token", "_private_key", "_api_key"))


def sensitive_variables(text: str, path: str) -> set[str]:
    """The variables that a Terraform file declares to be sensitive."""
    if path.endswith(_JSON):
        return {name for name, body in _json_variables(_parsed(text)) if body.get("sensitive") is True}
    lines = text.split("\n")
    return {name for name, block in _blocks(lines, "variable") if _is_sensitive(lines, block)}


def _blocks(lines: Sequence[str], kind: str) -> Iterator[tuple[str, range]]:
    """The name and the lines of each block of a kind, up to the one that closes it."""
    header = re.compile(rf"\s*{kind}\s+\"?([\w-]+)")
    for at, line in enumerate(lines):
        if match := header.match(line):
            end = at + 1
            if line.count("{") != line.count("}") or "{" not in line:
                while end < len(lines) and not re.match(r"\s?\}", lines[end]) and not header.match(lines[end]):
                    end += 1
            yield match[1], range(at, end)


def _is_sensitive(lines: Sequence[str], block: range) -> bool:
    return any(re.match(r"\s*sensitive\s*=\s*true\b", lines[row]) for row in block)


def _sensitive_lines(lines: list[str]) -> set[int]:
    """The lines of `default` in blocks of variables that are sensitive, or named as a secret is."""
    result: set[int] = set()
    for name, block in _blocks(lines, "variable"):
        if _is_sensitive(lines, block) or _names_secret(name.lower()):
            result |= _assigned_lines(lines, frozenset({"default"}), block)
    return result


def _assigned_lines(lines: Sequence[str], names: frozenset[str], block: range) -> set[int]:
    """The lines of a block on which these names are given a value, of several lines if need be."""
    result: set[int] = set()
    depth, until = 0, -1  # the indentation of the name whose value we are in
    for row in block:
        line = lines[row]
        indent = len(line) - len(line.lstrip())
        inside = until >= 0 and (not line.strip() or indent > depth or bool(re.match(r"\s*[}\])]", line)))
        match = None if inside else _HCL_ATTRIBUTE.match(line)
        until = row if inside else -1
        if match and match["name"] in names:
            depth, until, inside = indent, row, True
        if inside:
            result.add(row)
    return result


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _json_variables(parsed: Any) -> list[tuple[str, dict[str, Any]]]:
    """The name and the body of each variable that a document in JSON syntax declares."""
    declared = parsed.get("variable") if isinstance(parsed, dict) else None
    named = [(n, b) for group in _listed(declared) if isinstance(group, dict) for n, b in group.items()]
    return [(name, one) for name, body in named for one in _listed(body) if isinstance(one, dict)]


def _listed(value: Any) -> list[Any]:
    """JSON syntax takes a list of things where it takes one."""
    return value if isinstance(value, list) else [value]


def _terraform_json(lines: list[str], found: set[Finding], text: str, sensitive: Collection[str]) -> None:
    """The same of Terraform's JSON syntax: texts that sensitive variables get, wherever they stand."""
    parsed = _parsed(text)
    declared = _json_variables(parsed)
    own = {n for n, body in declared if body.get("sensitive") is True or _names_secret(n.lower())}
    values = [body.get("default") for name, body in declared if name in own]
    values += list(_given(parsed, {*own, *sensitive}))
    for written in {json.dumps(text, ensure_ascii=False) for value in values for text in _texts(value)}:
        for at, line in enumerate(lines):
            if (start := line.find(written)) >= 0:
                _replace(lines, at, start + 1, start + len(written) - 1, "hcl-secret", found)


def _given(parsed: Any, names: Collection[str]) -> Iterator[Any]:
    """What keys of these names hold, at any depth of a JSON document."""
    waiting = [parsed]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from (inner for key, inner in value.items() if key in names and not isinstance(inner, dict))
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value and not _EXPRESSION.search(value) and not _MARK.search(value):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(part)


def _blank_strings(lines: list[str], at: int, offset: int, found: set[Finding], *, anything: bool) -> None:
    for match in reversed(list(_HCL_STRING.finditer(lines[at], offset))):
        value = match.group(1)
        key = lines[at][match.end() :].lstrip().startswith(("=", ":"))
        if (
            value
            and not key
            and not _EXPRESSION.search(value)
            and not _MARK.search(value)
            and (anything or _looks_literal(value))
        ):
            _replace(lines, at, match.start(1), match.end(1), "hcl-secret", found)


def _looks_literal(value: str) -> bool:
    """A secret attribute's literal counts unless it is a reference, a path, an ARN or a placeholder in angle brackets."""
    return not (_REFERENCE.match(value) or _HARMLESS.match(value) or re.match(r"^[<*x.]+", value)) and len(value) > 3


def _blank_heredoc(lines: list[str], first: int, marker: str, found: set[Finding]) -> int:
    row = first
    while row < len(lines) and lines[row].strip() != marker:
        if lines[row].strip() and not _EXPRESSION.search(lines[row]) and not _MARK.search(lines[row]):
            indent = len(lines[row]) - len(lines[row].lstrip())
            _replace(lines, row, indent, len(lines[row]), "hcl-secret", found)
        row += 1
    return row + 1


# -- Kubernetes Secrets -----------------------------------------------------------------------------------------------

_KIND = re.compile(r"^(?P<indent>\s*)(?:-\s+)?[\"']?kind[\"']?:\s*[\"']?Secret[\"']?,?\s*(?:#.*)?$")
_DATA = re.compile(r"^(?P<indent>\s*)(?:data|stringData):\s*(?:#.*)?$")
_ENTRY = re.compile(r"^(?P<lead>\s*[\"']?[\w.-]+[\"']?:\s*)(?P<value>\S.*)$")


def _kubernetes_secrets(lines: list[str], found: set[Finding]) -> None:
    """The values beneath `data` and `stringData` of each YAML document (or fenced block) that is a Secret."""
    for document in _documents(lines):
        if any(_KIND.match(lines[row]) for row in document):
            for row in document:
                data = _DATA.match(lines[row])
                if data:
                    _blank_entries(lines, range(row + 1, document.stop), len(data.group("indent")), found)


def _documents(lines: list[str]) -> Iterator[range]:
    """The stretches between document borders, fences and heredoc ends."""
    first = 0
    for row, line in enumerate(lines):
        bare = line.strip()
        if bare.startswith(("---", "```", "~~~")) or bare in ("EOF", "YAML"):
            yield range(first, row)
            first = row + 1
    yield range(first, len(lines))


def _blank_entries(lines: list[str], rows: range, indent: int, found: set[Finding]) -> None:
    block = -1  # the indentation of the key whose block scalar we are in
    for row in rows:
        line = lines[row]
        depth = len(line) - len(line.lstrip())
        if line.strip() and depth <= indent:
            return
        entry = _ENTRY.match(line)
        if block >= 0 and line.strip() and depth > block:
            if not _MARK.search(line):
                _replace(lines, row, depth, len(line), "kubernetes-secret", found)
        elif entry:
            value = entry.group("value")
            block = depth if re.match(r"[|>][-+\d]*\s*$", value) else -1
            if (
                block < 0
                and not _MARK.search(value)
                and not _EXPRESSION.search(value)
                and not re.match(r"[\"']?<.*>[\"']?$", value)
            ):
                _replace(lines, row, entry.start("value"), len(line), "kubernetes-secret", found)
