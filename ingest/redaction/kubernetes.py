"""The values of Kubernetes Secrets, whole: in YAML and JSON, in Helm's templates, in files and in fenced blocks, in lists of objects and
in kustomizations. This comes before all other rules, so that none leaves the half of a value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from ingest.redaction.described import is_described
from ingest.redaction.literals import literals, template_texts
from ingest.redaction.marks import MARK, Finding, blank, compiled, replace
from ingest.redaction.values import EXPRESSION, masked

_NAME = r"(?:\"[^\"]*\"|'[^']*'|[\w.-]+|\{\{[^{}]*\}\})"  # of a key
_KEY = re.compile(r"^(?P<indent>\s*)(?P<item>(?:- +)*)(?P<quote>[\"']?)(?P<name>[\w.-]+)(?P=quote)\s*:(?P<rest>.*)$")
_SECRET = re.compile(r"^\s*[\"']?(?:Sealed)?Secret(?:List)?[\"']?\s*,?\s*(?:#.*)?$")
SECRET_KIND = compiled(r"kind[\"']?\s*:\s*[\"']?(?:Sealed)?Secret(?:List)?\b")  # without one, a text has nothing for us
_ENTRY = re.compile(rf"^\s*(?:- +)?(?:{_NAME}\s*)?:(?:\s+|(?=[\"'])|$)(?:(?:![\w!]*|&\w+)\s+)*(?P<rest>.*)$")
_BLOCK = re.compile(r"[|>][-+\d]*\s*(?:#.*)?$")
_TEMPLATE = re.compile(r"\s*\{\{[^{}]*\}\}\s*$")  # alone on its line
_CODE = (
    ".jsonnet",
    ".libsonnet",
    ".go",
    ".py",
    ".js",
    ".ts",
    ".tsx",
    ".java",
    ".kt",
    ".cs",
    ".rb",
    ".cue",
    ".nix",
    ".dhall",
    ".k",
    ".pkl",
    ".tf",
)
_DATA = ("data", "stringData", "encryptedData")
_OPENED = compiled(r"[\"']?\b(?:data|stringData)[\"']?\s*:\s*\{")
_PAIR = re.compile(
    r"\s*(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"'{},:]+)\s*:\s*(?:\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"',{}\[\]][^,{}]*)|\{\})\s*(?:,|(?=\}))"
)
_COMMENT = re.compile(r"\s+#.*$")
_NO_VALUE = re.compile(r"(?i)^(?:<.*>|null|~|\*\w+|(?:your|the|my|some|insert|enter|replace|change)\b.*|[\[{]*)$")
_WHOLE_KIND = re.compile(r"\"kind\"\s*:\s*\"(?:Sealed)?Secret(?:List)?\"|\bkind: *[\"']?(?:Sealed)?Secret(?:List)?\b")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://$")
_GENERATOR = re.compile(r"^\s*(?:- +)?[\"']?secretGenerator[\"']?\s*:")
_LITERAL_ITEM = re.compile(r"^\s*(?:- +)?(?P<quote>[\"']?)[\w.-]+=(?P<value>.*?)(?P=quote)\s*,?\s*$")
_LITERALS = compiled(r"[\"']?literals[\"']?\s*:\s*\[")
_FLOWING = re.compile(
    r"\s*(?:\"[\w.-]+=(?P<double>(?:[^\"\\]|\\.)*)\"|'[\w.-]+=(?P<single>[^']*)'|[\w.-]+=(?P<bare>[^,\"'\]]+))\s*(?:,|(?=\]))"
)
_LAST_KEY = re.compile(r"^\s*(?:- +)?[\"']?(\w+)[\"']?\s*:")


def kubernetes_secrets(lines: list[str], path: str, found: set[Finding]) -> None:
    """The values beneath `data` and `stringData` of each object, in YAML or JSON, whose kind is Secret."""
    for document in _documents(lines):
        for row, indent, rest in _held_by_secrets(lines, document):
            if not rest.strip(" {").partition("#")[0].strip():
                _blank_entries(lines, range(row + 1, document.stop), indent, found, code=path.lower().endswith(_CODE))
            else:
                _on_one_line(lines, row, found)
        for row in document:
            if _WHOLE_KIND.search(lines[row]) and "ata" in lines[row]:
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


def _held_by_secrets(lines: list[str], rows: range) -> list[tuple[int, int, str]]:
    """Each `data` of a Secret with its row, its indentation and what stands behind it. Keys of one indentation, with none to their left
    between them and no new item, are of one object; those of a list of Secrets, or of a sealed one's template, stand deeper."""
    numbers, secret, whole = count(), set[int](), set[int]()
    data: list[tuple[int, int, str, tuple[int, ...]]] = []
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
            if "Sealed" in key["rest"] or "List" in key["rest"]:
                whole.add(stack[-1][1])
        elif key["name"] in _DATA:
            data.append((row, column, key["rest"], tuple(number for _, number in stack[-6:])))
    return [
        (row, column, rest) for row, column, rest, above in data if above[-1] in secret or whole.intersection(above)
    ]


def _blank_entries(lines: list[str], rows: range, indent: int, found: set[Finding], *, code: bool) -> None:
    """Blanks the values of an object's keys: behind the key, in the block below it, and on lines that go on with one. In `code` what
    stands in no quotes is an expression."""
    block = entries = -1  # the indentations of the key whose block scalar we are in, and of the first key
    for row in rows:
        line = lines[row]
        depth = len(line) - len(line.lstrip())
        if not line.strip() or _TEMPLATE.match(line):
            continue
        if depth <= indent:
            return
        entry = _ENTRY.match(line)
        if code and not (entry and entry["rest"][:1] in ("'", '"')):
            continue
        if block >= 0 and depth > block:
            _blank_line(lines, row, found)
        elif entry and (entries < 0 or depth <= entries):
            entries = depth if entries < 0 else entries
            block = depth if _BLOCK.match(entry["rest"]) else -1
            if block < 0:
                _take(lines, row, entry.start("rest"), found)
        elif entries >= 0 and depth > entries and any(map(str.isalnum, line)):
            _blank_line(lines, row, found)


def _blank_line(lines: list[str], row: int, found: set[Finding]) -> None:
    line = lines[row]
    if EXPRESSION.search(line):
        start = len(line) - len(line.lstrip())
        replace(lines, row, list(_given(line, start, len(line))), "kubernetes-secret", found)
    else:
        blank(lines, row, "kubernetes-secret", found)


def _take(lines: list[str], row: int, start: int, found: set[Finding]) -> None:
    """The value that begins in this column, without its quotes, the comma of JSON and a comment."""
    line = lines[row]
    quote = line[start : start + 1]
    if quote and quote in "\"'":
        last = line.rfind(quote)
        start, end = start + 1, last if last > start else len(line)
    else:
        comment = _COMMENT.search(line, start)
        end = len((line[: comment.start()] if comment else line).rstrip(" ,"))
    if start < end:
        replace(lines, row, list(_given(line, start, end)), "kubernetes-secret", found)


def _given(line: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What of a value is one, and no template, reference or placeholder."""
    value = line[start:end]
    if is_described(line, start, end):
        return
    if not EXPRESSION.search(value):
        if value and not MARK.fullmatch(value) and not _stands(value):
            yield start, end
        return
    if re.match(r"Ag[A-D][A-Za-z0-9+/=]{100,}$|ENC\[|<%|!", value):  # sealed, or a tag
        return
    spans = [*literals(value), *template_texts(value)]
    yield from (
        (start + a, start + b)
        for a, b in sorted(spans)
        if sum(map(str.isalnum, value[a:b])) > 2 and not _SCHEME.match(value[a:b])
    )


def _stands(value: str) -> bool:
    """Whether it stands for a value that somebody will put there."""
    if _NO_VALUE.match(value) or len(set(value)) <= 2:
        return True
    return len(value) > 6 and masked(value) and not re.search(r"[\s/:=]", value)


def _on_one_line(lines: list[str], at: int, found: set[Finding]) -> None:
    """The values of the objects' `data` that begin and end on this line."""
    line, spans, end = lines[at], list[tuple[int, int]](), 0
    only = _texts(line)
    for opened in _OPENED.finditer(line):
        end = max(end, opened.end())
        while pair := _PAIR.match(line, end):
            end = pair.end()
            group = pair.lastgroup
            if group and (only is None or pair[group] in only):
                spans += _given(line, pair.start(group), pair.start(group) + len(pair[group].rstrip()))
    replace(lines, at, sorted(spans), "kubernetes-secret", found)


def _texts(line: str) -> set[str] | None:
    """The values of the Secrets, as JSON writes them, where a line is JSON of several kinds of objects."""
    if line.count('"kind"') < 2:
        return None
    try:
        waiting: list[tuple[Any, bool]] = [(json.loads(line), False)]
    except (ValueError, RecursionError):
        return None
    texts: set[str] = set()
    while waiting:
        value, within = waiting.pop()
        if isinstance(value, dict):
            kind = value.get("kind")
            within = within or kind in ("SealedSecret", "SecretList")
            if kind == "Secret" or within:
                held = [one for name in _DATA if isinstance(part := value.get(name), dict) for one in part.values()]
                for each in held:
                    texts |= {json.dumps(each)[1:-1], json.dumps(each, ensure_ascii=False)[1:-1]}
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting += [(part, within) for part in parts]
    return texts


def secret_generators(lines: list[str], found: set[Finding]) -> None:
    """The literals of a kustomization's `secretGenerator`."""
    inside, key = -1, ""
    for at, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if _GENERATOR.match(line) or '"secretGenerator"' in line:
            inside, key = indent, ""
        elif (
            inside >= 0
            and line.strip()
            and (indent < inside or (indent == inside and not line.lstrip().startswith("-")))
        ):
            inside = -1
        if inside < 0:
            continue
        spans, end = list[tuple[int, int]](), 0
        for flow in _LITERALS.finditer(line):
            end = max(end, flow.end())
            while item := _FLOWING.match(line, end):
                spans += _given(line, *item.span(item.lastgroup or 0))
                end = item.end()
        replace(lines, at, spans, "kubernetes-secret", found)
        if named := _LAST_KEY.match(line):
            key = "literals" if re.search(r"literals[\"']?\s*:", line) else named[1]
        elif key == "literals" and (literal := _LITERAL_ITEM.match(line)):
            replace(lines, at, list(_given(line, *literal.span("value"))), "kubernetes-secret", found)
