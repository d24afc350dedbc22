"""A secret's name and its value, in the syntaxes of configuration and code: on one line, on those below, or as a pair of the
thing's name and its value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ingest.redaction.calls import CALLS
from ingest.redaction.forms import BARE, NAMED, QUOTED, VALUE, WRAPPED, Form
from ingest.redaction.holders import holders
from ingest.redaction.keywords import Index
from ingest.redaction.marks import ALLOWED, MARK, Finding, blank, compiled, replace
from ingest.redaction.names import (
    HINTING_NAME,
    HINTS,
    SECRET_NAME,
    WEAK_HINTS,
    is_other,
    may_be_secret,
    names_password,
    names_secret,
)
from ingest.redaction.values import is_chance, is_credential, is_key_id, is_variable, names_object, names_thing

_BEHIND = r"\\?['\"\])]{0,3}(?:\*\*|__)?\s*(?:=>|:=|[:=：])(?:\*\*|__)?\s*(?:!!\w+\s+)?"  # a name
_ASSIGNED = Form(rf"{NAMED}{_BEHIND}{WRAPPED}{VALUE}")
# A type between them, a comparison.
_TYPED = Form(
    rf"{NAMED}(?:['\"\])]{{0,3}}(?:\s*[=!]==?|\s+-c?(?:eq|ne))|\s*:?\s[A-Za-z][\w\[\].<>?]{{1,20}}\s*:?=)\s*{QUOTED}"
)
# A directive.
_DIRECTIVE = Form(
    rf"(?i)^\s*(?:[A-Za-z_-]+\s+){{0,2}}\$?(?P<name>{SECRET_NAME})\s+(?:{QUOTED}|(?P<bare>[^\s'\"`,;{{}}()<>\[\]\\-]{BARE}{{5,}}))\s*;?\s*$"
)
_ELEMENT = Form(
    rf"(?i)<(?:(?:[a-z]+:)?(?P<name>{SECRET_NAME})(?:\s[^<>]{{0,80}})?|[a-z]\w*\s[^<>]{{0,80}}?\b(?:name|key|id)=[\"']{SECRET_NAME}[\"'][^<>]{{0,80}})>"
    r"\s*(?:<(?:value|string)>)?(?:<!\[CDATA\[)?(?P<single>[^<\n]{4,}?)(?:\]\]>)?</"
)
# A name that hints at a secret, and something random.
_HINTED = Form(rf"(?i)(?P<name>{HINTING_NAME}){_BEHIND}{WRAPPED}{VALUE}")
_LONG = re.compile(r"[\w+/.~-]{16}")
_NAMES = compiled(rf"(?i){SECRET_NAME}")
# Where the syntax says that what follows is text, and no name of anything: files of settings, and the environment of a process.
_SETTINGS = (
    ".env", ".ini", ".cfg", ".cnf", ".conf", ".properties", ".yaml", ".yml", ".sh", ".bash", ".service", "dockerfile", ".netrc",
)  # fmt: skip
_WORDED = (".env", ".ini", ".cfg", ".cnf", ".properties", ".yaml", ".yml")  # without any code
_LITERAL = Form(
    rf"(?i)^\s*(?:[-#;]\s*)?(?:export\s+|set\s+|declare\s+(?:-\w+\s+)?|env\s+|arg\s+|environment=)?[\"']?(?P<name>{SECRET_NAME})[\"']?\s*[:=]\s*(?:!!\w+\s+)?"
    r"(?P<bare>[^\s'\"`!{\[]\S{3,}(?: [^\s#;]\S*){0,3})\s*(?:\s[#;].*)?$"
)
_VARIABLE = Form(
    r"(?:(?:^|[\s\"'`])(?P<name>[A-Z][A-Z0-9_]*(?:PASSWORD|PASSWD|PASSPHRASE|_PASS|_PWD))|(?i:[;?&]\s?(?:password|passwd|pwd))|"
    r"^\s*\w+(?:\.\w+)+\.(?i:password) ?)= ?(?P<bare>[A-Za-z][A-Za-z_.-]{5,})(?:[\s\"'`;&,\\]|$)"
)
# In documents and notebooks, letters of both cases where no call is made.
_WRITTEN = Form(
    r"(?:^|[\s\"'`;,&?])(?P<name>(?i:[a-z_.-]{0,30}(?:password|passwd|passphrase|pwd)))=(?P<bare>[A-Za-z]+[a-z][A-Z][A-Za-z]*|[A-Z]{2,}[a-z][A-Za-z]*)(?:[\s\"'`;,&.\\]|$)"
)
_DOCUMENTS = (".md", ".mdx", ".ipynb", ".rst", ".adoc", ".txt", ".log", ".html", ".wiki", ".org", ".textile")
_ACCOUNT = re.compile(r"(?i)^\W*(?:user(?:\s?name)?|login|account)\W*[:=]\W*\S")  # a password may stand below it
_LOGIN = re.compile(r"^\s*(?:login|user)\s+\S+\s*$")  # of .netrc
_SPACED = Form(rf"(?i)^\s*(?P<name>{SECRET_NAME})\s+(?P<bare>\S{{4,}})\s*$")
# A pair: the name of a thing, and beside it or on a neighbouring line its value.
_NAME = re.compile(
    r"""(?i)(?:^|[\s{<(,-])["']?\w{0,20}(?:name|key|variable|alias)["']?\s*[:=]\s*(["']?)([\w.\-/]+)\1"""
)
_PAIRED = Form(rf"(?i)(?:^|[\s{{<(,])[\"']?\w{{0,20}}(?:value|default)[\"']?\s*[:=]\s*{VALUE}")
_NEAR = 2  # lines between the name and the value of a pair
_GIT = 8  # lines about a key's id that may say that it is git's
_PROPERTY = re.compile(
    rf"(?i)<key>{SECRET_NAME}</key>\s*$|>\s*{SECRET_NAME}\s*</(?:name|key)>\s*$|^\s*-\s+[\"']?--?{SECRET_NAME}[\"']?\s*$"
)  # the value stands below
# A name whose value stands below: as a block, a list, an element's text.
_OPENS = compiled(
    rf"(?i)(?:^|[\s\"'<:(])(?P<name>{SECRET_NAME})[\"']?(?:(?:\*\*|__)?\s*(?::(?:\*\*|__)?|[:=]\s*(?:(?P<block>[|>][-+0-9]*)|[\[(])|(?P<deeper>=))|>)\s*$"
)
_BLOCK, _DEEPER, _OPENS_NAME = (_OPENS.groupindex[group] for group in ("block", "deeper", "name"))
_ITEM = re.compile(r"^\s*(?:- +|<\w+>)?([\"'`]?)([^\s\"'`<>]*[^\s\"'`<>,])\1\s*(?:,|</\w+>)?\s*$")
_TEXT = re.compile(r"^\s*(?:- +)?([\"'])((?:(?!\1).){4,})\1\s*,?\s*$")  # an item in quotes
_KEYED = re.compile(r"^[\w.-]+[=:]")
# An object under a secret's name, whose value has a key of its own: outputs and parameters.
_OBJECT = compiled(rf"(?i)(?:^|[\s\"'])(?P<name>{SECRET_NAME})[\"']?\s*(?:[:=]\s*)?(?:\{{|:)\s*$")
_OBJECT_NAME = _OBJECT.groupindex["name"]
_OBJECT_VALUE = re.compile(
    r"(?i)^\s*[\"']?(?:value|default|plaintext|plain)[\"']?\s*[:=]\s*(?:\"((?:[^\"\\]|\\.){4,})\"|'([^']{4,})')\s*,?\s*(?:#.*)?$"
)
_WITHIN = 6  # lines of such an object that are looked at


def assignments(lines: list[str], index: Index, path: str, found: set[Finding]) -> None:
    """What stands behind a secret's name."""
    literal = path.lower().endswith(_SETTINGS)
    worded = path.lower().endswith(_WORDED)
    walked: dict[str, int] = {}
    below = 0  # the first line that no name above it has taken
    for at in index.rows(HINTS):
        if ALLOWED.search(lines[at]):
            continue
        if _NAMES.search(lines[at]):
            if literal or (at and _ACCOUNT.match(lines[at - 1])):
                _take(lines, at, _LITERAL, found, words=True)
            if at and _LOGIN.match(lines[at - 1]):
                _take(lines, at, _SPACED, found, words=True)
            if "=" in lines[at] and "(" not in lines[at] and path.lower().endswith(_DOCUMENTS):
                _take(lines, at, _WRITTEN, found, words=True)
            for form in _forms(lines[at]):
                _take(lines, at, form, found, words=form is _VARIABLE or (worded and form is _ASSIGNED))
            holders(lines, at, path, walked, found)
            _pairs(lines, at, found)
            _held(lines, at, found)
            if at >= below:
                below = _below(lines, at, found)
    for at in index.rows((*HINTS, *WEAK_HINTS)):
        if _LONG.search(lines[at]) and not ALLOWED.search(lines[at]):
            _hinted(lines, at, found)


def _forms(line: str) -> Iterator[Form]:
    """The forms whose signs stand in a line."""
    if "=" in line:
        yield _VARIABLE
    if "=" in line or ":" in line or "：" in line:
        yield _ASSIGNED
    if "=" in line or " -" in line:
        yield _TYPED
    if "(" in line or "${" in line or "||" in line or "?" in line or " or " in line or "," in line:
        yield from CALLS
    if len(line) < 200:
        yield _DIRECTIVE
    if "<" in line:
        yield _ELEMENT


def _take(
    lines: list[str], at: int, form: Form, found: set[Finding], *, words: bool = False, password: bool = False
) -> None:
    """What a line has in this form. `words`: without quotes it may be a word as well."""
    line = lines[at]
    spans: list[tuple[int, int]] = []
    for match in form.pattern.finditer(line):
        name = (match.group(form.name) if form.name else "") or ""
        start = match.start(form.name) if name else 0
        before = line[max(0, start - 2) : start]
        expanded = before == "${" and form not in CALLS
        apart = bool(name) and _is_part(line, start, match.end(form.name))
        if apart or expanded or is_other(name) or (form is _DIRECTIVE and _is_plain(name)):
            continue
        people = names_password(name) if name else password or form.people or form in (_ELEMENT, _VARIABLE)
        taken = _values(line, match, form, name, people=people, words=words, query=before[-1:] in ("?", "&"))
        spans += [span for span in taken if not _is_gits(lines, at, name, line[slice(*span)])]
    replace(lines, at, spans, "assignment", found)


def _is_gits(lines: list[str], at: int, name: str, value: str) -> bool:
    """Whether it is the name of the key that git signs with, beside lines that speak of git."""
    return is_key_id(name, value, lines[max(0, at - _GIT) : at + _GIT])


def _is_part(line: str, start: int, end: int) -> bool:
    """Whether the name there is the end of a longer one: of a label, as in `checksum/secret`, or of an ARN."""
    before, behind = line[max(0, start - 1) : start], line[end : end + 2]
    return (before == "/" and behind in (": ", '":')) or (before == ":" and behind[:1] == ":" and behind != ": ")


def _is_plain(name: str) -> bool:
    """Whether it is a word of prose, where a directive's name has several words or is in capitals."""
    return name.isalpha() and (name.islower() or name.istitle())


def _values(
    line: str, match: Any, form: Form, name: str, *, people: bool, words: bool, query: bool
) -> Iterator[tuple[int, int]]:
    for quoting, group in form.groups:
        value = match.group(group)
        start, end = match.span(group)
        if value is None or line[end : end + 1] == "(":  # a call
            continue
        if query:  # of a URL: the next parameter is another's
            value = value.partition("&")[0]
        text = quoting != "bare" or words
        code = (not people or not (text or name.isupper())) and is_variable(value)
        if code or (form.strict and names_secret(value)) or names_object(name, value) or names_thing(name, value):
            continue
        strict = form.strict or not text
        least = 8 if not people else 7 if form.strict else 6
        quoted = quoting != "bare"
        if is_credential(value, strict=strict, password=people and not strict, least=least, quoted=quoted):
            yield start, start + len(value)


def _hinted(lines: list[str], at: int, found: set[Finding]) -> None:
    """What is random behind a name that hints at a secret."""
    spans = []
    for match in _HINTED.pattern.finditer(lines[at]):
        start, end = match.span(_HINTED.name)
        if may_be_secret(match.group(_HINTED.name)) and not _is_part(lines[at], start, end):
            name, values = match.group(_HINTED.name), [(match.group(group) or "", group) for _, group in _HINTED.groups]
            spans += [match.span(g) for value, g in values if is_chance(value) and not _is_gits(lines, at, name, value)]
    replace(lines, at, spans, "assignment", found)


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
    name = opens.group(_OPENS_NAME) if opens else ""
    people = names_password(name) if name else "pass" in lines[at].lower()
    block = bool(opens and opens.group(_BLOCK))
    deeper = block or bool(opens and opens.group(_DEEPER))
    depth = len(lines[at]) - len(lines[at].lstrip())
    for row in range(at + 1, len(lines)):
        line = lines[row]
        inside = not line.strip() or len(line) - len(line.lstrip()) > depth
        if deeper and not inside:
            return row
        if block:
            if line.strip() and is_credential(line.rstrip(" ,"), strict=False, password=people):
                blank(lines, row, "assignment", found)
            continue
        text = _TEXT.match(line)
        item = text or _ITEM.match(line)
        if not item or (not text and _KEYED.match(item[2])):
            return row
        if MARK.search(line) or names_object(name, item[2]):
            continue
        if is_credential(item[2], strict=not text, password=bool(text) and people, least=6 if people else 8):
            replace(lines, row, [item.span(2)], "assignment", found)
    return len(lines)


def _held(lines: list[str], at: int, found: set[Finding]) -> None:
    """The `value` or `default` in quotes of an object that bears a secret's name."""
    match = _OBJECT.search(lines[at])
    if match is None or is_other(match.group(_OBJECT_NAME)):
        return
    depth = len(lines[at]) - len(lines[at].lstrip())
    for row in range(at + 1, min(at + 1 + _WITHIN, len(lines))):
        line = lines[row]
        if line.strip() and len(line) - len(line.lstrip()) <= depth:
            return
        if held := _OBJECT_VALUE.match(line):
            group = held.lastindex or 1
            if is_credential(held[group], strict=False, password=names_password(match.group(_OBJECT_NAME))):
                replace(lines, row, [held.span(group)], "assignment", found)
            return
