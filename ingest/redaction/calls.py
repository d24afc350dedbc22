"""Calls and fallbacks of programming languages in which a secret's name and its value stand."""

from __future__ import annotations

from ingest.redaction.forms import NAMED, QUOTED, Form
from ingest.redaction.names import PASSWORDS, SECRET_NAME

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
