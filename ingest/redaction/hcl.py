"""Terraform in HCL: literals of secret attributes, and what sensitive variables are given, whatever it looks like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingest.redaction.marks import ALLOWED, MARK, Finding, replace
from ingest.redaction.names import names_secret
from ingest.redaction.values import EXPRESSION, HARMLESS, REFERENCE

_HCL_OPEN = re.compile(r"^\s*[\w-]+(?:\s+(?:\"[^\"]*\"|[\w-]+))*\s*\{\s*(?:#.*)?$")
_HCL_ATTRIBUTE = re.compile(r"^(?P<indent>\s*)\"?(?P<name>[\w.-]+)\"?\s*=\s*(?P<value>.*)$")
_HCL_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*)\"")
_HEREDOC = re.compile(r"<<[-~]?\s*\"?(\w+)\"?\s*$")


def hcl(lines: list[str], found: set[Finding], names: frozenset[str], *, everywhere: bool) -> None:
    """Literals of secret attributes, and the values of sensitive variables, whatever they look like. `names` are given a value
    `everywhere` in .tfvars and Terragrunt files, and else by calls of modules alone."""
    sensitive = _sensitive_lines(lines)
    for block in [range(len(lines))] if everywhere else [block for _, block in blocks(lines, "module")]:
        sensitive |= _assigned_lines(lines, names, block)
    at = 0
    while at < len(lines):
        match = _HCL_ATTRIBUTE.match(lines[at])
        if match and not ALLOWED.search(lines[at]):
            name, value = match.group("name").lower(), match.group("value")
            secret = names_secret(name)
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


def blocks(lines: Sequence[str], kind: str) -> Iterator[tuple[str, range]]:
    """The name and the lines of each block of a kind, up to the one that closes it."""
    header = re.compile(rf"\s*{kind}\s+\"?([\w-]+)")
    for at, line in enumerate(lines):
        if match := header.match(line):
            end = at + 1
            if line.count("{") != line.count("}") or "{" not in line:
                while end < len(lines) and not re.match(r"\s?\}", lines[end]) and not header.match(lines[end]):
                    end += 1
            yield match[1], range(at, end)


def is_sensitive(lines: Sequence[str], block: range) -> bool:
    return any(re.match(r"\s*sensitive\s*=\s*true\b", lines[row]) for row in block)


def _sensitive_lines(lines: list[str]) -> set[int]:
    """The lines of `default` in blocks of variables that are sensitive, or named as a secret is."""
    result: set[int] = set()
    for name, block in blocks(lines, "variable"):
        if is_sensitive(lines, block) or names_secret(name.lower()):
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


def _blank_strings(lines: list[str], at: int, offset: int, found: set[Finding], *, anything: bool) -> None:
    for match in reversed(list(_HCL_STRING.finditer(lines[at], offset))):
        value = match.group(1)
        key = lines[at][match.end() :].lstrip().startswith(("=", ":"))
        if (
            value
            and not key
            and not EXPRESSION.search(value)
            and not MARK.search(value)
            and (anything or _looks_literal(value))
        ):
            replace(lines, at, match.start(1), match.end(1), "hcl-secret", found)


def _looks_literal(value: str) -> bool:
    """A secret attribute's literal counts unless it is a reference, a path, an ARN or a placeholder in angle brackets."""
    return not (REFERENCE.match(value) or HARMLESS.match(value) or re.match(r"^[<*x.]+", value)) and len(value) > 3


def _blank_heredoc(lines: list[str], first: int, marker: str, found: set[Finding]) -> int:
    row = first
    while row < len(lines) and lines[row].strip() != marker:
        if lines[row].strip() and not EXPRESSION.search(lines[row]) and not MARK.search(lines[row]):
            indent = len(lines[row]) - len(lines[row].lstrip())
            replace(lines, row, indent, len(lines[row]), "hcl-secret", found)
        row += 1
    return row + 1
