"""A secret's name and its value, in the syntaxes of configuration and code: on one line, on those below, or as a pair of the
thing's name and its value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ingest.redaction.keywords import Index
from ingest.redaction.marks import ALLOWED, MARK, Finding, blank, compiled, replace
from ingest.redaction.names import HINTS, SECRET_NAME, is_other, names_password, names_secret
from ingest.redaction.values import is_credential

_QUOTED = r"[a-zA-Z@$]{0,2}(?:\\?\"(?P<double>[^\"\n]{3,}?)\\?\"|'(?P<single>[^'\n]{3,})'|`(?P<tick>[^`\n]{3,})`)"
_VALUE = rf"(?:{_QUOTED}|(?P<bare>[^\s'\"`,;{{}}()<>\[\]\\]{{6,}}))"
_GROUPS = ("double", "single", "tick", "bare")
_NAMED = rf"(?i)(?P<name>{SECRET_NAME})"


class _Form:
    """A way to write a name and its value."""

    def __init__(self, pattern: str, *, strict: bool = False) -> None:
        self.pattern = compiled(pattern)
        self.strict = strict  # also what stands in quotes
        index = self.pattern.groupindex
        self.groups = [(name, index[name]) for name in _GROUPS if name in index]
        self.name = index.get("name", 0)


_ASSIGNED = _Form(rf"{_NAMED}\\?['\"\])]{{0,3}}(?:\*\*|__)?\s*(?:=>|:=|[:=])(?:\*\*|__)?\s*(?:!!\w+\s+)?{_VALUE}")
# A type between them, a comparison.
_TYPED = _Form(
    rf"{_NAMED}['\"\])]{{0,3}}(?:\s*[=!]==?|\s+-c?(?:eq|ne)|\s*:?\s[A-Za-z][\w\[\].<>?]{{1,20}}\s*:?=)\s*{_QUOTED}"
)
_ARGUMENTS = _Form(rf"(?i)['\"](?P<name>{SECRET_NAME})['\"]\s*,\s*{_QUOTED}", strict=True)
# A directive.
_DIRECTIVE = _Form(
    rf"(?i)^\s*(?:[A-Za-z_]+\s+){{0,2}}\$?(?P<name>{SECRET_NAME})\s+(?:{_QUOTED}|(?P<bare>[^\s'\"`,;{{}}()<>\[\]\\-][^\s'\"`,;{{}}()<>\[\]\\]{{5,}}))\s*;?\s*$"
)
_ELEMENT = _Form(
    rf"(?i)<(?:(?:[a-z]+:)?(?P<name>{SECRET_NAME})(?:\s[^<>]{{0,80}})?|[a-z]\w*\s[^<>]{{0,80}}?\b(?:name|key|id)=[\"']{SECRET_NAME}[\"'][^<>]{{0,80}})>"
    r"\s*(?:<(?:value|string)>)?(?P<single>[^<\n]{4,})</"
)
# Where the syntax says that what follows is text, and no name of anything: files of settings, and the environment of a process.
_SETTINGS = (".env", ".ini", ".cfg", ".cnf", ".conf", ".properties", ".yaml", ".yml")
_LITERAL = _Form(
    rf"(?i)^\s*(?:[-#;]\s*)?(?:export\s+|set\s+)?[\"']?(?P<name>{SECRET_NAME})[\"']?\s*[:=]\s*(?P<bare>[^\s'\"`]\S{{3,}})\s*(?:\s[#;].*)?$"
)
_VARIABLE = _Form(
    r"(?:(?:^|[\s\"'`])(?P<name>[A-Z][A-Z0-9_]*(?:PASSWORD|PASSWD|PASSPHRASE|_PASS|_PWD))|(?i:[;?&]\s?(?:password|passwd|pwd))|"
    r"^\s*\w+(?:\.\w+)+\.(?i:password) ?)= ?(?P<bare>[A-Za-z][A-Za-z_.-]{7,})(?:[\s\"'`;&]|$)"
)
_ACCOUNT = re.compile(r"(?i)^\W*(?:user(?:\s?name)?|login|account)\W*[:=]\W*\S")  # a password may stand below it
_FORMS = (_VARIABLE, _ASSIGNED, _TYPED, _ARGUMENTS, _DIRECTIVE, _ELEMENT)
# A pair: the name of a thing, and beside it or on a neighbouring line its value.
_NAME = re.compile(r"""(?i)(?:^|[\s{<(,-])["']?\w{0,20}(?:name|key|variable)["']?\s*[:=]\s*(["']?)([\w.\-/]+)\1""")
_PAIRED = _Form(rf"(?i)(?:^|[\s{{<(,])[\"']?\w{{0,20}}(?:value|default)[\"']?\s*[:=]\s*{_VALUE}")
_NEAR = 2  # lines between the name and the value of a pair
_PROPERTY = re.compile(
    rf"(?i)<key>{SECRET_NAME}</key>\s*$|>\s*{SECRET_NAME}\s*</(?:name|key)>\s*$"
)  # the value stands below
# A name whose value stands below: as a block, a list, an element's text.
_OPENS = compiled(
    rf"(?i)(?:^|[\s\"'<:(])(?P<name>{SECRET_NAME})[\"']?(?:(?:\*\*|__)?\s*(?::(?:\*\*|__)?|[:=]\s*(?:(?P<block>[|>][-+0-9]*)|[\[(])|(?P<deeper>=))|>)\s*$"
)
_BLOCK, _DEEPER = _OPENS.groupindex["block"], _OPENS.groupindex["deeper"]
_ITEM = re.compile(r"^\s*(?:- +|<\w+>)?([\"'`]?)([^\s\"'`<>]*[^\s\"'`<>,])\1\s*(?:,|</\w+>)?\s*$")
_PLURAL = re.compile(r"(?i)(?:passwords|passwds|passphrases)[\"']?\s*[:=]\s*\{?\s*$")  # by their owners
_OWNED = re.compile(r"^\s*[\"']?[\w./@-]+[\"']?\s*[:=]\s*([\"']?)(?P<bare>[^\s\"'{}]{4,})\1\s*,?\s*$")
_KEYED = re.compile(r"^[\w.-]+[=:]")


def assignments(lines: list[str], index: Index, path: str, found: set[Finding]) -> None:
    """What stands behind a secret's name."""
    literal = path.lower().endswith(_SETTINGS)
    below = 0  # the first line that no name above it has taken
    for at in index.rows(HINTS):
        if not ALLOWED.search(lines[at]):
            if literal or (at and _ACCOUNT.match(lines[at - 1])):
                _take(lines, at, _LITERAL, found, words=True)
            for form in _FORMS:
                _take(lines, at, form, found, words=form is _VARIABLE)
            _pairs(lines, at, found)
            if at >= below:
                below = max(_below(lines, at, found), _owned(lines, at, found))


def _take(
    lines: list[str], at: int, form: _Form, found: set[Finding], *, words: bool = False, password: bool = False
) -> None:
    """What a line has in this form. `words`: without quotes it may be a word as well."""
    line = lines[at]
    spans: list[tuple[int, int]] = []
    for match in form.pattern.finditer(line):
        name = (match.group(form.name) if form.name else "") or ""
        start = match.start(form.name) if name else 0
        before = line[max(0, start - 2) : start]
        behind = line[match.end(form.name) : match.end(form.name) + 2] if name else ""
        label = before.endswith("/") and behind in (": ", '":')  # `checksum/secret`
        part = before.endswith(":") and behind[:1] == ":" and behind != ": "  # of an ARN
        if label or part or before == "${" or is_other(name) or (form is _DIRECTIVE and _is_plain(name)):
            continue
        people = names_password(name) if name else password or form in (_ELEMENT, _VARIABLE)
        spans += _values(line, match, form, people=people, words=words, query=before[-1:] in ("?", "&"))
    replace(lines, at, spans, "assignment", found)


def _is_plain(name: str) -> bool:
    """Whether it is a word of prose, where a directive's name has several words or is in capitals."""
    return name.isalpha() and (name.islower() or name.istitle())


def _values(line: str, match: Any, form: _Form, *, people: bool, words: bool, query: bool) -> Iterator[tuple[int, int]]:
    for name, group in form.groups:
        value = match.group(group)
        start, end = match.span(group)
        if value is None or line[end : end + 1] == "(":  # a call
            continue
        if query:  # of a URL: the next parameter is another's
            value = value.partition("&")[0]
        quoted = name != "bare"
        if form.strict and names_secret(value):
            continue
        if is_credential(value, strict=form.strict or not (quoted or words), password=people and (quoted or words)):
            yield start, start + len(value)


def _pairs(lines: list[str], at: int, found: set[Finding]) -> None:
    """`- name: DB_PASSWORD` with its `value:`, on the same line or a neighbouring one."""
    named = [m[2] for m in _NAME.finditer(lines[at]) if names_secret(m[2].rpartition("/")[2])]
    if named:
        password = any(map(names_password, named))
        for row in _around(lines, at):
            if _PAIRED.pattern.search(lines[row]):
                _take(lines, row, _PAIRED, found, password=password)
                return


def _around(lines: list[str], at: int) -> Iterator[int]:
    """The line itself, those below it, and those above it, up to where another name, item or block begins."""
    yield at
    for step in (1, -1):
        for distance in range(1, _NEAR + 1):
            row = at + step * distance
            if not 0 <= row < len(lines) or not lines[row].strip() or _NAME.search(lines[row]):
                break
            if step == -1 and re.match(
                r"\s*(?:-\s|[}\]])", lines[at]
            ):  # an item begins here: what is above is another's
                break
            yield row


def _below(lines: list[str], at: int, found: set[Finding]) -> int:
    """What stands below a name at the end of a line, as a block or item by item. Returns the line behind it."""
    opens = _OPENS.search(lines[at])
    if not opens and not _PROPERTY.search(lines[at]):
        return at
    block = bool(opens and opens.group(_BLOCK))
    deeper = block or bool(opens and opens.group(_DEEPER))
    depth = len(lines[at]) - len(lines[at].lstrip())
    for row in range(at + 1, len(lines)):
        line = lines[row]
        inside = not line.strip() or len(line) - len(line.lstrip()) > depth
        item = None if block else _ITEM.match(line)
        if (deeper and not inside) or not (block or (item and not _KEYED.match(item[2]))):
            return row
        if block and line.strip() and is_credential(line.rstrip(" ,"), strict=False):
            blank(lines, row, "assignment", found)
        elif item and not MARK.search(line) and is_credential(item[2], strict=True):
            replace(lines, row, [item.span(2)], "assignment", found)
    return len(lines)


def _owned(lines: list[str], at: int, found: set[Finding]) -> int:
    """The passwords of several owners, each beside its owner's name, below a name in the plural. Returns the line behind them."""
    if not _PLURAL.search(lines[at]):
        return at
    depth = len(lines[at]) - len(lines[at].lstrip())
    for row in range(at + 1, len(lines)):
        line = lines[row]
        if len(line) - len(line.lstrip()) <= depth:
            return row
        item = _OWNED.match(line)
        if item and is_credential(item["bare"], strict=True):
            replace(lines, row, [item.span("bare")], "assignment", found)
    return len(lines)
