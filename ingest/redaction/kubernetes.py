"""The values of Kubernetes Secrets, in files and in fenced blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.redaction.marks import MARK, Finding, replace
from ingest.redaction.values import EXPRESSION

_KIND = re.compile(r"^(?P<indent>\s*)(?:-\s+)?[\"']?kind[\"']?:\s*[\"']?Secret[\"']?,?\s*(?:#.*)?$")
_DATA = re.compile(r"^(?P<indent>\s*)(?:data|stringData):\s*(?:#.*)?$")
_ENTRY = re.compile(r"^(?P<lead>\s*[\"']?[\w.-]+[\"']?:\s*)(?P<value>\S.*)$")


def kubernetes_secrets(lines: list[str], found: set[Finding]) -> None:
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
            if not MARK.search(line):
                replace(lines, row, depth, len(line), "kubernetes-secret", found)
        elif entry:
            value = entry.group("value")
            block = depth if re.match(r"[|>][-+\d]*\s*$", value) else -1
            if (
                block < 0
                and not MARK.search(value)
                and not EXPRESSION.search(value)
                and not re.match(r"[\"']?<.*>[\"']?$", value)
            ):
                replace(lines, row, entry.start("value"), len(line), "kubernetes-secret", found)
