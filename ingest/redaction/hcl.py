"""Terraform in HCL: literals of secret attributes, and what sensitive variables are given, whatever it looks like."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from ingest.redaction.described import is_described, is_plain
from ingest.redaction.literals import literals
from ingest.redaction.marks import ALLOWED, MARK, Finding, blank, compiled, replace
from ingest.redaction.names import names_password, names_secret
from ingest.redaction.values import EXPRESSION, SAYS_PLACEHOLDER, is_credential, names_thing, stands_for_another

_HCL_OPEN = re.compile(r"^\s*[\w-]+(?:\s+(?:\"[^\"]*\"|[\w-]+))*\s*\{\s*(?:#.*)?$")
_HCL_ATTRIBUTE = re.compile(r"^(?P<indent>\s*)(?P<quote>\"?)(?P<name>[\w.-]+)(?P=quote)\s*=\s*(?P<value>.*)$")
_HCL_STRING = compiled(
    r"\"((?:[^\"\\$]|\\.|\$\{(?:[^{}]|\{[^{}]*\})*\}|\$)*)\""
)  # what is interpolated may hold quotes
_EDGES = " -_:./@+=,;"
_NO_TEXT = re.compile(r"^(?:\\.|\W)*$")  # a separator
_IS_KEY = re.compile(r"\s*[=:]")
_IS_NAME = re.compile(r"\s*=")  # behind a `?` a colon ends no key
# Arguments that hold secrets, by the type of their resource, from the providers' documentation.
_HOLDERS = {
    "kubernetes_secret": {"data", "string_data", "binary_data"},
    "kubernetes_secret_v1": {"data", "string_data", "binary_data"},
    "google_secret_manager_secret_version": {"secret_data"},
    "azurerm_key_vault_secret": {"value"},
    "github_actions_secret": {"plaintext_value"},
    "github_actions_organization_secret": {"plaintext_value"},
    "github_dependabot_secret": {"plaintext_value"},
    "vault_generic_secret": {"data_json"},
    "vault_kv_secret_v2": {"data_json"},
    "aws_secretsmanager_secret_version": {"secret_string", "secret_binary"},
    "google_secret_manager_secret_version_basic": {"secret_data"},
    "azurerm_key_vault_certificate": {"contents"},
    "github_actions_environment_secret": {"plaintext_value"},
    "github_codespaces_secret": {"plaintext_value"},
    "vault_generic_endpoint": {"data_json"},
    "vault_kv_secret": {"data_json"},
    "kubernetes_secret_v1_data": {"data"},
    "heroku_config": {"sensitive_vars"},
    "doppler_secret": {"value"},
    "onepassword_item": {"password"},
    "circleci_environment_variable": {"value"},
    "circleci_context_environment_variable": {"value"},
    "cloudflare_workers_secret": {"secret_text"},
    "spacelift_environment_variable": {"value"},
}
# Functions and operators that hand a literal on: what else is called with texts, as `jsondecode` or `format`, makes another of them.
_PASSED_ON = re.compile(
    r"^(?:(?:non)?sensitive|coalesce|try|lookup|base64\w*|tostring|trimspace|chomp|bcrypt|sha\d+|md5|one)\(|\?"
)
# What comes before a text that is no value: an index, a comparison, the first argument of what formats, reads or takes apart.
_NO_VALUE = re.compile(
    r"[\w\])]\[\s*$|[=!]=\s*$|\b(?:format\w*|join|split|regex\w*|\w*file\w*|\w+decode|get_env|run_cmd|find_in_\w+|startswith|endswith|strcontains)\(\s*$"
)
_SECURE = re.compile(
    r"\s*(?:type\s*=\s*\"SecureString\"|(?:masked|sensitive|hidden|secure|secured|write_only)\s*=\s*true)"
)
_SHA1 = re.compile(r"^[0-9a-f]{40}$")
_FENCE = re.compile(r"\s*(?:```|~~~)\s*\{?\.?(?:hcl|terraform|tf)\b")
# What stands in a place that refers to a secret: of Google's Secret Manager, its name.
_REFERRING = re.compile(
    r"^(\s*)(?:(?:data|ephemeral|resource)\s+\"google_secret_manager_\w+\"\s+\"[\w-]+\"|secret_key_ref|secret_environment_variables)\s*\{\s*$"
)
_WITHIN = 40  # lines of such a place that are looked at
_TRIAL = re.compile(r"(?i)test|dummy|fake|unset|none|null|n/?a|todo|tbd")
_Spared = Callable[[str, int, int], bool]  # of a line and two columns, whether what stands between them is no secret
_HEREDOC = re.compile(r"<<[-~]?\s*\"?(\w+)\"?\s*$")


def hcl(lines: list[str], found: set[Finding], names: frozenset[str], *, everywhere: bool) -> None:
    """Literals of secret attributes, and the values of sensitive variables, whatever they look like. `names` are given a value
    `everywhere` in .tfvars and Terragrunt files, and else by calls of modules alone."""
    holding = _holding_lines(lines)
    declared = _default_lines(lines, lambda _, block: is_sensitive(lines, block))
    named = _default_lines(lines, lambda name, _: names_secret(name.lower()))
    for block in [range(len(lines))] if everywhere else [block for _, block in blocks(lines, "module")]:
        declared |= _assigned_lines(lines, names, block)
    sensitive = declared | named | holding
    spared: dict[int, _Spared] = dict.fromkeys(_referring_lines(lines), _is_reference)
    spared |= dict.fromkeys(named, _is_trial) | dict.fromkeys(holding, is_described)
    spared |= dict.fromkeys(declared, _is_none)
    at = 0
    while at < len(lines):
        match = _HCL_ATTRIBUTE.match(lines[at])
        if match and not ALLOWED.search(lines[at]):
            name, value = match.group("name").lower(), match.group("value")
            secret = names_secret(name)
            heredoc = _HEREDOC.search(value)
            if heredoc and (secret or at in sensitive):
                at = _blank_heredoc(lines, at + 1, heredoc.group(1), found, whole=at not in holding)
                continue
            if at in sensitive or (secret and (value.startswith('"') or _PASSED_ON.search(value))):
                skipped = 0 if at in sensitive else _condition(value)
                spare = spared.get(at, partial(_is_thing, name))
                _blank_strings(lines, at, match.start("value") + skipped, found, spare, anything=at in sensitive)
            if secret and names_password(name) and at not in sensitive and not value.startswith('"'):
                _blank_arguments(lines, at, match.start("value"), found)
        elif at in sensitive:
            _blank_strings(lines, at, 0, found, spared.get(at, _is_none), anything=True)
        at += 1


def _condition(value: str) -> int:
    """How much of an expression is the condition of a choice, or says which element is meant."""
    if value.startswith('"'):
        return 0
    return max(value.rfind(",") if value.startswith("lookup(") else 0, value.find("?"), 0)


def blocks(lines: Sequence[str], kind: str) -> Iterator[tuple[str, range]]:
    """The name and the lines of each block of a kind, up to the one that closes it."""
    header = re.compile(rf"\s*{kind}(?:\s+\"?([\w-]+)|\s*\{{)")
    for at, line in enumerate(lines):
        if kind in line and (match := header.match(line)):
            end = at + 1
            if line.count("{") != line.count("}") or "{" not in line:
                while end < len(lines) and not re.match(r"\s?\}", lines[end]) and not header.match(lines[end]):
                    end += 1
            yield match[1] or "", range(at, end)


def is_sensitive(lines: Sequence[str], block: range) -> bool:
    return any(re.match(r"\s*sensitive\s*=\s*true\b", lines[row]) for row in block)


def _default_lines(lines: list[str], wanted: Callable[[str, range], bool]) -> set[int]:
    """The lines of `default` in those blocks of variables that are wanted, by name and lines."""
    result: set[int] = set()
    for name, block in blocks(lines, "variable"):
        if wanted(name, block):
            result |= _assigned_lines(lines, {"default"}, block)
    return result


def _referring_lines(lines: list[str]) -> set[int]:
    """The lines of arguments that name a secret of Google's Secret Manager and do not hold it, by the providers' documentation."""
    result: set[int] = set()
    for at, line in enumerate(lines):
        if "secret" in line and (header := _REFERRING.match(line)):
            depth = len(header[1])
            for row in range(at + 1, min(at + _WITHIN, len(lines))):
                if lines[row].strip() and len(lines[row]) - len(lines[row].lstrip()) <= depth:
                    break
                if (match := _HCL_ATTRIBUTE.match(lines[row])) and match["name"] == "secret":
                    result.add(row)
    return result


def _is_none(line: str, start: int, end: int) -> bool:
    return False


def _is_reference(line: str, start: int, end: int) -> bool:
    return is_plain(line[start:end])


def _is_thing(name: str, line: str, start: int, end: int) -> bool:
    return names_thing(name, line[start:end])


def _is_trial(line: str, start: int, end: int) -> bool:
    """Whether it is what a variable is given so that a plan runs without the secret."""
    return bool(_TRIAL.fullmatch(line[start:end]))


def _holding_lines(lines: list[str]) -> set[int]:
    """The lines of arguments that hold secrets by the type of their resource, or by what the block says."""
    result: set[int] = set()
    for kind, block in blocks(lines, "resource"):
        secure = any(_SECURE.match(lines[row]) for row in block) or is_sensitive(lines, block)
        if names := _HOLDERS.get(kind, set()) | ({"value"} if secure else set()):
            result |= _assigned_lines(lines, names, block)
    for _, block in blocks(lines, "set_sensitive"):
        result |= _assigned_lines(lines, {"value"}, block)
    return result


def _assigned_lines(lines: Sequence[str], names: Collection[str], block: range) -> set[int]:
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


def _blank_strings(
    lines: list[str], at: int, offset: int, found: set[Finding], spare: _Spared, *, anything: bool
) -> None:
    """The texts of a line behind a column, but for those that `spare` tells."""
    line = lines[at]
    key = _IS_NAME if "?" in line[:offset] + line[offset : offset + 1] else _IS_KEY
    spans: list[tuple[int, int]] = []
    for match in _HCL_STRING.finditer(line, offset):
        if key.match(line, match.end()) or spare(line, *match.span(1)):
            continue
        if "{" in match[1] and not _is_text(match[1]):
            spans += _literal_parts(match[1], match.start(1), anything=anything)
        elif _is_text(match[1]) and (anything or _looks_literal(match[1])):
            spans.append(match.span(1))
    replace(lines, at, spans, "hcl-secret", found)


def _literal_parts(value: str, offset: int, *, anything: bool) -> Iterator[tuple[int, int]]:
    """The parts of a text between what is interpolated, if they are secret: those of a URL are not."""
    if not re.search(r"[$%]\{", value) or "://" in value or MARK.search(value):
        return
    for start, end in literals(value):
        part = value[start:end].strip(_EDGES)
        if (anything or is_credential(part, strict=False, password=True)) and sum(map(str.isalnum, part)) > 3:
            yield offset + start, offset + end


def _blank_arguments(lines: list[str], at: int, offset: int, found: set[Finding]) -> None:
    """Texts that stand within a password's expression as values: arguments, elements, choices."""
    line = lines[at]
    spans = [
        match.span(1)
        for match in _HCL_STRING.finditer(line, offset)
        if not _NO_VALUE.search(line[max(offset, match.start() - 40) : match.start()])
        and not _IS_KEY.match(line, match.end())
        and is_credential(match[1], strict=False, password=True, quoted=True)
    ]
    replace(lines, at, spans, "hcl-secret", found)


def _is_text(value: str) -> bool:
    stands = EXPRESSION.search(value) or MARK.search(value) or SAYS_PLACEHOLDER.search(value)
    return not stands and not _NO_TEXT.match(value)


def _looks_literal(value: str) -> bool:
    """A secret attribute's literal counts unless it is a reference, a path, an ARN or a placeholder."""
    return len(value) > 3 and not stands_for_another(value)


def _blank_heredoc(lines: list[str], first: int, marker: str, found: set[Finding], *, whole: bool) -> int:
    """Blanks a heredoc; if not `whole`, what is written in quotes there loses its credentials alone, as in JSON."""
    row = first
    while row < len(lines) and lines[row].strip() != marker:
        texts = [] if whole else list(_HCL_STRING.finditer(lines[row]))
        if texts:
            values = [
                m
                for m in texts
                if not _IS_KEY.match(lines[row], m.end())
                and is_credential(m[1], strict=False)
                and not _SHA1.match(m[1])
            ]
            replace(lines, row, [m.span(1) for m in values], "hcl-secret", found)
        elif not EXPRESSION.search(lines[row]) and (whole or any(map(str.isalnum, lines[row]))):
            blank(lines, row, "hcl-secret", found)
        row += 1
    return row + 1


def fenced(lines: list[str], found: set[Finding]) -> None:
    """HCL that stands in fenced blocks of documents."""
    first = -1
    for at, line in enumerate(lines):
        if first < 0:
            first = at + 1 if _FENCE.match(line) else -1
        elif line.lstrip().startswith(("```", "~~~")):
            block, own = lines[first:at], set[Finding]()
            hcl(block, own, frozenset(), everywhere=False)
            lines[first:at] = block
            found |= {Finding(finding.line + first, finding.rule) for finding in own}
            first = -1
