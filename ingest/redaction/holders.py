"""Maps and lists that bear a secret's name: what they hold is secret, on the line of the name and on those below it, in YAML, JSON, HCL
and code. What stands there beside secrets has keys that say so: `type`, `description`, `length`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ingest.redaction.forms import NAMED
from ingest.redaction.marks import ALLOWED, MARK, Finding, compiled, replace
from ingest.redaction.names import is_other, names_password
from ingest.redaction.values import is_chance, is_credential, is_object_name, names_object

_MADE = r"(?:(?:to(?:map|set|list)|merge|concat|flatten|dict|OrderedDict|Map\.of|List\.of|Arrays\.asList)\(\s*)?"
_OPENED = compiled(rf"{NAMED}\\?[\"']?\s*(?:=>|:=|[:=])\s*{_MADE}(?P<open>[\[({{])")
_BELOW = compiled(rf"{NAMED}[\"']?\s*(?::|:?=|=>)\s*{_MADE}[\[({{]*\s*(?:#.*)?$")
_NAME, _BELOW_NAME = _OPENED.groupindex["name"], _BELOW.groupindex["name"]
_KEY = r"(?:[\"']?(?P<key>[\w./@-][\w./@ -]{0,59}?)[\"']?\s*(?:=>|[:=])\s*)?"
_VALUE = r"(?:\"(?P<double>(?:[^\"\\\n]|\\.)*)\"|'(?P<single>[^'\n]*)'|(?P<bare>[^\s,\[\]{}()\"'#][^,\[\]{}()\"'\n]*))"
_PART = re.compile(rf"\s*{_KEY}(?:(?P<mark>\[REDACTED:[\w-]+\])|{_VALUE}|[\[({{]|[\])}}])\s*,?")
_ROW = re.compile(rf"(?:- +)?{_KEY}{_VALUE}\s*,?\s*(?:#.*)?$")
_GROUPS = ("double", "single", "bare")
_SETTINGS = (".yaml", ".yml")  # where a word without quotes is a text
# Keys of what is beside a secret, or says how it is made or where it is.
_BESIDE = re.compile(
    r"(?i)(?:name|type|kind|path|file|arn|id|description|desc|title|label|version|key|ref|from|user\w*|login|accounts?|host\w*|url|uri|e?mail|"
    r"polic(?:y|ies)|method|format|length|algorithm|engine|sources?|store|vault|provider|region|namespace|role|owner|scopes?|pattern|regex|"
    r"message|help|placeholder|hint|text|examples?|external|required|min|max|ttl|expir\w*|rotat\w*|date|at|by|on|enabled?|mode|status|"
    r"image|command|charset|chars|special|kms\w*|account_?id|comments?|notes?|resource|audience|issuer|env|variable|mount\w*|target|steps?)s?$"
)
_ENVIRONMENTS = re.compile(
    r"(?i)(?:dev\w*|prod\w*|stag\w*|test\w*|qa|uat|live|default|value|plain\w*|root|admin|app|db|primary|replica)$"
)
_KEYS = re.compile(r"(?i)(?:secrets?|credentials?)$")  # these hold names and settings as well
_NO_HOLDER = re.compile(r"\[REDACTED:|\{\{|\{%|\[\[|\(\)")
_BLANK = 3  # free lines that may stand within
_MOST = 300  # lines below a name that are looked at


def holders(lines: list[str], at: int, path: str, walked: dict[str, int], found: set[Finding]) -> None:
    """The secrets that a map or a list holds, if one that bears a secret's name begins on this line. `walked` is kept for the text: up to
    which line names of each kind were followed, so that those within others cost nothing."""
    worded = path.lower().endswith(_SETTINGS)
    line = lines[at]
    if any(bracket in line for bracket in "[({"):
        replace(lines, at, list(_on_one_line(line, worded=worded)), "assignment", found)
    opened = _BELOW.search(lines[at])
    if opened and not is_other(name := opened.group(_BELOW_NAME)):
        kind = "passwords" if names_password(name) else "held" if _KEYS.search(name) else "tokens"
        kind += " of several" if name.lower().endswith("s") else ""
        if at >= walked.get(kind, 0):
            walked[kind] = _rows_below(lines, at, name, found, worded=worded)


def _on_one_line(line: str, *, worded: bool) -> Iterator[tuple[int, int]]:
    end = 0
    for match in _OPENED.finditer(line):
        if match.start() < end or is_other(match.group(_NAME)) or _NO_HOLDER.match(line, match.end() - 1):
            continue
        depth, end, bracket = 1, match.end(), line[match.end() - 1]
        while depth and (part := _PART.match(line, end)):
            signs = part.group().strip(" ,")[-1:]
            group = next((name for name in _GROUPS if part.group(name) is not None), "")
            if not group and not part["mark"]:
                depth += 1 if signs in ("[", "(", "{") else -1
            elif (
                group
                and bracket != "("
                and (worded or group != "bare")
                and _counts(match.group(_NAME), part, group, worded=worded, listed=bracket == "[")
            ):
                yield part.start(group), part.start(group) + len(part.group(group).rstrip())
            end = part.end()


def _rows_below(lines: list[str], at: int, name: str, found: set[Finding], *, worded: bool) -> int:
    """What stands deeper than the line of the name, until a line does not: that one is told."""
    depth = len(lines[at]) - len(lines[at].lstrip())
    blank = 0
    last = min(at + _MOST, len(lines))
    for row in range(at + 1, last):
        line = lines[row]
        text = line.lstrip()
        indent = len(line) - len(text)
        blank = 0 if text else blank + 1
        if blank > _BLANK or (text and indent <= depth and not (indent == depth and text.startswith("- "))):
            return row
        if blank or MARK.search(line) or ALLOWED.search(line) or not (part := _ROW.match(line, indent)):
            continue
        if part["bare"] and not worded and not (part["key"] or text.startswith("- ")):
            continue
        group = next(name for name in _GROUPS if part.group(name) is not None)
        if _counts(name, part, group, worded=worded, listed=part.group("key") is None):
            start, length = part.start(group), len(part.group(group).rstrip())
            replace(lines, row, [(start, start + length)], "assignment", found)
    return last


def _counts(name: str, part: Any, group: str, *, worded: bool, listed: bool) -> bool:
    """Whether a value of this map or list is a secret."""
    key, value, quoted = part.group("key") or "", part.group(group).strip(), group != "bare"
    if _BESIDE.search(key) or names_object(name, value) or (not quoted and not worded and "=" in value):
        return False
    people = names_password(name)
    if not people:
        if is_chance(value):
            return True
        return (
            not _KEYS.search(name)
            and name.lower().endswith("s")
            and is_credential(value, strict=True)
            and not is_object_name(value)
        )
    words = (quoted or worded) and (name.lower().endswith("s") or listed or bool(_ENVIRONMENTS.search(key)))
    return is_credential(value, strict=not words and not quoted, password=words, least=6, quoted=quoted)
