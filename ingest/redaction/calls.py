"""Calls, fallbacks and collections of programming languages in which a secret's name and its value stand."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.redaction.forms import NAMED, QUOTED, Form
from ingest.redaction.marks import compiled
from ingest.redaction.names import PASSWORDS, SECRET_NAME, names_password
from ingest.redaction.values import is_chance, is_credential, names_object

CALLS = (
    # Both are arguments: of a function that sets or gets what bears a name, and of any other.
    Form(
        rf"(?i)\b(?:put|set|get|fetch|define|default|env|string|property)\w*(?:\(|\s)\s*['\"#]{{1,2}}-{{0,2}}(?P<name>[\w.:-]*{SECRET_NAME})['\"]\s*,\s*{QUOTED}"
    ),
    Form(
        rf"(?i)['\"][#.]?-{{0,2}}(?P<name>{SECRET_NAME})['\"]\s*,\s*(?:[^'\"\n]{{0,60}}\bdefault\s*=\s*)?{QUOTED}",
        strict=True,
    ),
    # What a function takes that bears the name: setPassword("…"), .withPassword("…"), ssh.Password("…"). For asking ones it is a question.
    Form(
        rf"(?i)(?:^|[^A-Za-z_])(?:set|with|use|mysql|postgresql|change|new)?_?(?P<name>{PASSWORDS}|secret|token|api_?key)\(\s*{QUOTED}\s*[,)]"
    ),
    # What stands in for a variable that is not set.
    Form(rf"{NAMED}['\"\])}}]{{0,3}}\s*(?:\|\|=?|\?\?=?|\?:|\bor\b)\s*{QUOTED}"),
    Form(
        rf"{NAMED}\s*:?=\s*[^\"'\n]{{1,40}}(?:[\"'][^\"'\n]{{0,40}}[\"'][^\"'\n]{{0,10}})?(?:\|\||\?\?|\bor\b)\s*{QUOTED}"
    ),
    Form(rf"(?i)\$\{{(?P<name>{SECRET_NAME}):[-=]?(?P<single>[^}}\s$?=:-][^}}\n$]{{3,}})\}}"),
    # What is typed into a field, or sent when it is asked for.
    Form(rf"(?i)(?P<name>{SECRET_NAME})['\"\])]{{1,4}}\.(?:type|fill|send_?keys|val|setValue|input)\(\s*{QUOTED}"),
    Form(
        rf"(?i){PASSWORDS}[^\n]{{0,40}}\bsend(?:line)?\b[ (]{{1,2}}[\"'](?P<single>[^\"'\n]{{3,}}?)(?:\\[rn])*[\"']",
        people=True,
    ),
)
_OPENED = compiled(rf"{NAMED}\\?[\"']?\s*(?:=>|:=|[:=])\s*(?P<open>[\[({{])")
_NAME, _OPEN = _OPENED.groupindex["name"], _OPENED.groupindex["open"]
_ANY = compiled(QUOTED)
_VALUE_KEY = compiled(r"(?i)\b(?:value|default|plaintext|plain)\\?[\"']?\s*[:=]\s*$")
_CLOSING = {"[": "]", "(": ")", "{": "}"}


def collections(line: str) -> list[tuple[int, int]]:
    """The secrets of lists and maps that bear a secret's name, as far as they stand on its line."""
    if "[" not in line and "(" not in line and "{" not in line:
        return []
    opened = list(_OPENED.finditer(line))
    spans: list[tuple[int, int]] = []
    for match, until in zip(opened, [*(following.start() for following in opened[1:]), len(line)], strict=False):
        end = line.find(_CLOSING[match.group(_OPEN)], match.end(), until)
        spans += _held(line, match.group(_NAME), match.group(_OPEN), match.end(), until if end < 0 else end + 1)
    return spans


def _held(line: str, name: str, bracket: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What the brackets hold: of a list each item, of a map the values of several secrets or the one that is called so."""
    people = names_password(name)
    for match in _ANY.finditer(line[start:end]):
        before, after = line[max(start, start + match.start() - 20) : start + match.start()], start + match.end()
        group = next(number for number in range(1, 7) if match.group(number) is not None)
        value = match.group(group)
        is_key = line[after : after + 3].lstrip()[:1] in (":", "=")
        asked = bracket != "{" or name.lower().endswith("passwords") or _VALUE_KEY.search(before)
        if (
            asked
            and not is_key
            and not names_object(name, value)
            and (is_credential(value, strict=False, password=people) if people or bracket == "{" else is_chance(value))
        ):
            yield start + match.start(group), start + match.end(group)
