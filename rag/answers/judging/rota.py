"""Who is on call right now: no document says that for long, and one may say where it stands.

`rag.ask` asks `asks_who` of a question; it then looks for `SOUGHT` instead, and answers from what `telling` leaves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.records import ScoredPassage

SOUGHT = "on-call rota schedule: who is on call"
TOLD = "Who is on call changes; what follows says where it stands, or whom to reach."
NAMED = ("rota", "roster", "schedule", "on-call", "oncall", "pagerduty", "opsgenie")
_WHO = re.compile(
    r"^\W*(?:(?:hi|hello|please|quick question)\W+)?(?:"
    r"who(?:['’]?s| is| are)?(?: (?:currently|the one|now))? (?:on[- ]?call|on duty|on (?:the )?(?:rota|pager))|"
    r"(?:whom?) (?:do|should|can|must|would) (?:i|we|you) (?:call|page|ring|phone|wake(?: up)?))"
    r"(?: (?:person|engineer|right|now|today|tonight|currently|at the moment|at night|this week|this weekend|out of hours))*\W*$",
    re.I,
)
_DUTY = re.compile(r"\bon[- ]?call\b|\brotas?\b|\brosters?\b|\bon duty\b", re.I)
_WHERE = re.compile(
    r"\brotas?\b.*\b(?:in|on|at|by)\b|\bschedules?\b|\brosters?\b|pagerduty|opsgenie|victorops|splunk on-?call|"
    r"https?://|\]\(|@[\w.-]+\.|(?<!\w)#[a-z][\w-]+|\bphone\b",
    re.I,
)


def asks_who(question: str) -> bool:
    """Whether it is asked who is on call, of nothing else than now."""
    return bool(_WHO.match(question))


def telling(evidence: Sequence[ScoredPassage]) -> tuple[ScoredPassage, ...]:
    """The evidence a line of which says where it stands who is on call, the line that names a schedule first."""
    told = [(max(map(_tells, found.passage.text.split("\n"))), found) for found in evidence]
    return tuple(found for tells, found in sorted(told, key=lambda one: -one[0]) if tells)


def _tells(line: str) -> int:
    """How much a line says of where to look: 2 of a schedule, 1 of another way to whoever it is, 0 of neither."""
    if not _DUTY.search(line) or not _WHERE.search(line):
        return 0
    return (
        2
        if re.search(r"rota|schedule|roster", line, re.I) and re.search(r"duty|opsgenie|victorops|http|\]", line, re.I)
        else 1
    )
