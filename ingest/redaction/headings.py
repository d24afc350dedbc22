"""A secret's name on a line of its own, as a heading or before a colon, and its value on a line below: notes, runbooks, cloud-init."""

from __future__ import annotations

import re

from ingest.redaction.keywords import Index
from ingest.redaction.marks import ALLOWED, MARK, Finding, compiled, replace
from ingest.redaction.names import HINTS, names_password, names_secret
from ingest.redaction.values import is_chance, is_credential

_NEAR = 4  # lines below a heading, free ones and fences among them, that are looked at
_HEADING = re.compile(r"^[\s#>*_=+-]*(?P<words>[^\W\d_][^|`'\"{}\[\]<>.,;=]{2,50}?)[\s*_#]*(?:\s=+|:{1,4}|;;)?[\s*_]*$")
_KEYED = re.compile(r"^[\w.-]+[=:]")
_ALONE = re.compile(r"^[\s>*+:-]*[`*\"']{0,3}(?P<value>[^\s`\"'|]{4,})[`*\"']{0,3}\s*$")
_LISTED = re.compile(
    r"^\s*(?:[*+-]|\d+\.)\s+[^:`|]{1,60}?(?:\s*[:=]|\s[-–—])\s+[`*\"']{0,3}(?P<value>[^\s`\"'|]{4,})[`*\"']{0,3}\s*$"
)
_PHRASE = re.compile(r"^[\s>*+:-]*[`*\"']{0,3}(?P<value>[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,7})[`*\"']{0,3}\.?\s*$")
# Lists of definitions: AsciiDoc's, and fields of reStructuredText; HTML's.
_DEFINED = re.compile(
    r"^[\s*:-]*(?P<words>[^\W\d_][^|`'\":;<>=]{2,50}?)[\s*_]*(?:::{1,3}|;;|(?<=\w):(?=\s))\s+[`*\"']{0,3}(?P<value>[^\s`\"'|]{4,})[`*\"']{0,3}\s*$"
)
_TERM = re.compile(r"(?i)<dt\b[^<>]{0,80}>(?:<\w+>)*(?P<words>[^<>\n]{2,60})(?:</\w+>)*")
_DETAIL = re.compile(r"(?i)<dd\b[^<>]{0,80}>(?:<\w+>)*(?P<value>[^<>\n]{4,})")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_CHPASSWD = compiled(r"^\s*(?:- )?chpasswd:\s*$|<<-?\s*['\"]?\w+['\"]?.*\bchpasswd\b|\bchpasswd\b.*<<-?\s*['\"]?\w+")
_ACCOUNT = re.compile(r"^\s*(?:- )?['\"]?[a-z_][\w.-]{0,30}:(?P<value>[^\s'\"]{3,})['\"]?\s*$")


def headings(lines: list[str], index: Index, found: set[Finding]) -> None:
    """The secrets below the lines that name them."""
    for at in index.rows(HINTS):
        line = lines[at]
        if "chpasswd" in line and _CHPASSWD.search(line):
            _accounts(lines, at, found)
        elif len(line) < 80 and (heading := _HEADING.match(line)):
            name = _name(heading["words"])
            if name:
                _below(lines, at, found, name=name, marked=line.lstrip().startswith(("#", "=")))


def _name(words: str) -> str:
    """The name that a heading is, if it is a secret's."""
    parts = words.strip(" :*").split()
    name = "_".join(parts).strip("_:").replace("-", "_")
    return name if len(parts) <= 5 and names_secret(name.rstrip("s") if names_password(name) else name) else ""


def definitions(lines: list[str], index: Index, found: set[Finding]) -> None:
    """The secrets of lists that define terms, beside their names."""
    for at in index.rows(HINTS):
        line = lines[at]
        if (
            len(line) < 200
            and ("::" in line or ";;" in line or line.lstrip().startswith(":"))
            and (defined := _DEFINED.match(line))
            and (name := _name(defined["words"]))
        ):
            _take(lines, at, defined, name, found)
        elif "<dt" in line.lower():
            for term in _TERM.finditer(line):
                name = _name(term["words"])
                for row in range(at, min(at + 3, len(lines))) if name else ():
                    if detail := _DETAIL.search(lines[row], begin := term.end() if row == at else 0, begin + 300):
                        _take(lines, row, detail, name, found)
                        break


def _take(lines: list[str], row: int, value: re.Match[str], name: str, found: set[Finding]) -> None:
    text = value["value"].rstrip(" ,;")
    people = names_password(name)
    counts = is_credential(text, strict=" " not in text, password=people, least=6) if people else is_chance(text)
    if counts and not MARK.search(text) and not ALLOWED.search(lines[row]):
        replace(lines, row, [(value.start("value"), value.start("value") + len(text))], "assignment", found)


def _below(lines: list[str], at: int, found: set[Finding], *, name: str, marked: bool) -> None:
    """The value that stands alone below a heading, or the values of the list there."""
    people = names_password(name)
    phrase = "phrase" in name.lower() or "fi_" in name.lower()
    for row in range(at + 1, min(at + 1 + _NEAR, len(lines))):
        line = lines[row]
        if phrase and (words := _PHRASE.match(line)) and is_credential(words["value"], strict=False, password=True):
            replace(lines, row, [words.span("value")], "assignment", found)
            return
        if not line.strip() or _FENCE.match(line):
            continue
        value = _ALONE.match(line) or (_LISTED.match(line) if marked else None)
        if not value or MARK.search(line) or ALLOWED.search(line):
            return
        text = value["value"].rstrip(",;")
        if value.re is _ALONE and _KEYED.match(text):
            return
        if not (is_credential(text, strict=True, least=6) if people else is_chance(text)):
            return
        replace(lines, row, [(value.start("value"), value.start("value") + len(text))], "assignment", found)
        if value.re is _ALONE:
            return


def _accounts(lines: list[str], at: int, found: set[Finding]) -> None:
    """`account:password` line by line, as chpasswd(8) reads them."""
    for row in range(at + 1, min(at + 12, len(lines))):
        account = _ACCOUNT.match(lines[row])
        if account and is_credential(account["value"], strict=False, password=True):
            replace(lines, row, [account.span("value")], "password", found)
        elif not account and not re.match(r"\s*(?:list|expire|users)\b", lines[row]):
            return
