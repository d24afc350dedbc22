"""The values of Kubernetes Secrets: in YAML and JSON, in files and in fenced blocks, in lists of objects and in kustomizations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from ingest.redaction.marks import MARK, Finding, blank, compiled, replace
from ingest.redaction.values import EXPRESSION, masked

_KEY = re.compile(r"^(?P<indent>\s*)(?P<item>(?:- +)*)[\"']?(?P<name>[\w.-]+)[\"']?:(?P<rest>.*)$")
_SECRET = re.compile(r"^\s*[\"']?Secret[\"']?\s*,?\s*(?:#.*)?$")
_ENTRY = re.compile(
    r"^\s*[\"']?[\w.-]+[\"']?:\s*(?:\"(?P<double>.*)\"|'(?P<single>.*)'|(?P<bare>[^\s\"'].*?)),?(?:\s+#.*)?$"
)
_ON_ONE_LINE = compiled(r"[\"']?(?:data|stringData)[\"']?\s*:\s*\{([^{}]*)\}")
_IN_LINE = re.compile(r"[\"']?[\w.-]+[\"']?\s*:\s*[\"']?([^\s\"',{}][^\"',{}]*)")
_GENERATOR = re.compile(r"^\s*(?:- +)?secretGenerator:\s*$")
_LITERAL = re.compile(r"^\s*- +[\"']?[\w.-]+=(.*?)[\"']?\s*$")


def kubernetes_secrets(lines: list[str], found: set[Finding]) -> None:
    """The values beneath `data` and `stringData` of each object, in YAML or JSON, whose kind is Secret."""
    for document in _documents(lines):
        secret, data = _objects(lines, document)
        until = document.start
        for row, indent, owner, rest in data:
            if owner in secret and row >= until and not rest.strip(" {").partition("#")[0].strip():
                until = _blank_entries(lines, range(row + 1, document.stop), indent, found)
        if secret or any('"kind":"Secret"' in lines[row].replace(" ", "") for row in document):
            for row in document:
                _on_one_line(lines, row, found)


def _documents(lines: list[str]) -> Iterator[range]:
    """The stretches between document borders, fences and heredoc ends."""
    first = 0
    for row, line in enumerate(lines):
        bare = line.strip()
        if bare.startswith(("---", "```", "~~~")) or bare in ("EOF", "YAML"):
            yield range(first, row)
            first = row + 1
    yield range(first, len(lines))


def _objects(lines: list[str], rows: range) -> tuple[set[int], list[tuple[int, int, int, str]]]:
    """The objects that are Secrets, and each `data` with its row, its indentation, its object and what stands behind it. Keys of one
    indentation, with none to their left between them and no new item, are of one object."""
    numbers, secret, data = count(), set(), []
    stack: list[tuple[int, int]] = []  # indentation and number of the objects around us
    for row in rows:
        key = _KEY.match(lines[row])
        if key is None:
            continue
        column = len(key["indent"]) + len(key["item"])
        while stack and (stack[-1][0] > column or (key["item"] and stack[-1][0] >= column)):
            stack.pop()
        if not stack or stack[-1][0] < column:
            stack.append((column, next(numbers)))
        if key["name"] == "kind" and _SECRET.match(key["rest"]):
            secret.add(stack[-1][1])
        elif key["name"] in ("data", "stringData"):
            data.append((row, column, stack[-1][1], key["rest"]))
    return secret, data


def _blank_entries(lines: list[str], rows: range, indent: int, found: set[Finding]) -> int:
    """Blanks the values of an object's keys, and tells the line behind them."""
    block = -1  # the indentation of the key whose block scalar we are in
    for row in rows:
        line = lines[row]
        depth = len(line) - len(line.lstrip())
        if line.strip() and depth <= indent:
            return row
        entry = _ENTRY.match(line)
        if block >= 0 and line.strip() and depth > block:
            blank(lines, row, "kubernetes-secret", found)
        elif entry:
            group = entry.lastgroup or "bare"
            block = depth if re.match(r"[|>][-+\d]*\s*$", entry[group]) else -1
            if block < 0 and _is_given(entry[group]):
                replace(lines, row, [entry.span(group)], "kubernetes-secret", found)
    return rows.stop


def _is_given(value: str) -> bool:
    """Whether it is a value, and no template, reference or placeholder."""
    stands = MARK.search(value) or EXPRESSION.search(value) or re.match(r"<.*>$", value)
    return bool(value) and not stands and not masked(value)


def _on_one_line(lines: list[str], at: int, found: set[Finding]) -> None:
    spans = []
    for match in _ON_ONE_LINE.finditer(lines[at]):
        start, text = match.start(1), match.group(1)
        spans += [(start + m.start(1), start + m.end(1)) for m in _IN_LINE.finditer(text) if _is_given(m[1])]
    replace(lines, at, spans, "kubernetes-secret", found)


def secret_generators(lines: list[str], found: set[Finding]) -> None:
    """The literals of a kustomization's `secretGenerator`."""
    inside = -1
    for at, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if _GENERATOR.match(line):
            inside = indent
        elif (
            inside >= 0
            and line.strip()
            and (indent < inside or (indent == inside and not line.lstrip().startswith("-")))
        ):
            inside = -1
        elif inside >= 0 and (literal := _LITERAL.match(line)) and _is_given(literal[1]):
            replace(lines, at, [literal.span(1)], "kubernetes-secret", found)
