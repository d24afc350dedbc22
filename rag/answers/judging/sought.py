"""What kind of thing a question asks for, and whether a text says one: "how long" wants a length of time, "how often" how often.

A page that speaks of backups at length is no answer to how long they are kept; its one sentence with "30 days" is. A text's own
words are compared, never those above it. `rag.answers.extractive.extract` prefers the pieces that say it.
"""

from __future__ import annotations

import re

_WORDED = "one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|thirty|sixty|ninety|half an?|an?|a few"
_UNIT = (
    r"(?:milliseconds?|seconds?|secs?|minutes?|mins?|hours?|hrs?|(?:working |business )?days?|weeks?|months?|years?)"
)
_LENGTH = re.compile(
    rf"\b(?:\d[\d,.]*[ -]?(?:{_UNIT}|ms|s|m|h|d)|(?:{_WORDED})[ -]{_UNIT})\b|"
    r"(?:\bttl|retention|\bretain|timeout|expir|max_?age|_(?:days|hours|minutes|seconds))[^\d\n]{0,20}(?:\n[^\d\n]{0,30})?\b\d|"
    r"\b(?:for ?ever|indefinitely|permanently|never expires?)\b",
    re.I,
)
_PERIOD = (
    r"(?:second|minute|hour|day|night|morning|evening|week|weekday|weekend|fortnight|month|quarter|year|sprint|"
    r"release|deploy\w*)"
)
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_FREQUENCY = re.compile(
    rf"\b(?:every|each|per|once an?|twice an?|times an?)\s+(?:\w+\s+)?(?:{_PERIOD}s?|{_UNIT}|{_WEEKDAY})\b|"
    r"\b(?:hourly|daily|nightly|overnight|weekly|fortnightly|monthly|quarterly|yearly|annual(?:ly)?|continuously|cron)\b|"
    r"(?:[\d*][\d*,/-]*\s+){4}[\d*]|\brate\(",
    re.I,
)
_MOMENT = re.compile(
    rf"\b(?:when|once|after|before|until|as soon as|at \d|by the end|{_PERIOD}s?|{_WEEKDAY})\b|"
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b|\d{4}-\d\d|\b\d{1,2}[:.]\d\d\b|"
    r"\b\d{1,2} ?[ap]m\b",
    re.I,
)
_PERSON = re.compile(
    r"\b(?:teams?|managers?|owners?|leads?|engineers?|developers?|members?|admins?|administrators?|people|person|colleagues?|"
    r"maintainers?|users?|approvers?|reviewers?|everyone|everybody|anyone|anybody|contact|primary|secondary)\b|"
    r"(?<!\w)[@#][a-z][\w-]+|\b[\w.]+@[\w-]+\.\w",
    re.I,
)
_REASON = re.compile(
    r"\b(?:because|since|so that|so as|in order to|due to|as a result|therefore|reasons?|rationale|avoids?|prevents?|ensures?|"
    r"means that|this means|gives? us|lets? us|allow(?:s|ed|ing)?|instead of|rather than|need(?:s|ed)?|benefits?)\b",
    re.I,
)
_PLACE = re.compile(
    r"https?://|\]\(|`[^`]*[/.][^`]*`|\b(?:in|on|at|under|from|via|to|through)\s+(?:the\s+|our\s+|an?\s+)?[\[`*_\"']*[A-Z]|"
    r"\b(?:stored|kept|hosted|found|located|lives?|held|defined|configured|managed|runs?|installed)\s+(?:in|on|at|under|by|with)\b"
)
_CHOICE = re.compile(
    r"\b(?:should|must|recommend(?:s|ed|ation)?|prefer(?:s|red)?|we (?:have )?(?:decided|chosen?|chose|agreed)|by default|"
    r"standardi[sz]ed?|instead of|rather than)\b",
    re.I,
)
_HOLDS = {
    "length": _LENGTH, "frequency": _FREQUENCY, "number": re.compile(r"\d"), "moment": _MOMENT, "person": _PERSON,
    "reason": _REASON, "place": _PLACE, "choice": _CHOICE,
}  # fmt: skip
# Words that say more surely what was asked for: who is to be asked or has it, where a thing is kept, what follows from what.
_TEAM = r"(?:(?:the|our|your|an?)\s+)?(?:[\w'’.-]+\s+){0,4}(?:team|channel|manager|lead|owner|contact|office|people|members?)\b"
_MARKED = {
    "choice": re.compile(
        r"\b(?:should|must) (?:\w+ )?(?:be|use)\b|\bwe (?:have )?decided\b|\brecommend|\bby default\b", re.I
    ),
    "person": re.compile(
        r"\b(?:owned|maintained|managed|run|operated|built|looked after|supported|approved|written|kept) by\b|"
        r"\b(?:responsible|accountable) for\b|\b(?:own|owns|maintains?|looks? after|decides?|approves?) the\b|"
        rf"\b(?:contact|ask|email|message|notify|ping|tell|speak to|talk to|reach out to|get in touch with)\s+{_TEAM}|"
        r"(?<![\w/&])[@#][a-z][\w-]{3,}|\b[\w.]+@[\w-]+\.\w",
        re.I,
    ),
    "place": re.compile(
        r"\b(?:stored|kept|hosted|found|located|lives?|held|defined|configured|managed|runs?|installed|available|saved|written|"
        r"documented|set|logged)\s+(?:in|on|at|under|within|to)\b|https?://|`[^`\s]*[/.][^`\s]*`",
        re.I,
    ),
    "reason": re.compile(
        r"\b(?:because|so that|in order to|due to|as a result|therefore|the reason|this means|which means|otherwise|to avoid|"
        r"to prevent|to ensure)\b",
        re.I,
    ),
}
# What is certain to be a thing of its kind, what is so by its words, and what may be many another thing too.
_SURE, _TOLD, _LIKELY = 2.0, 1.5, 1.25
_WEIGHTS = {"length": _SURE, "frequency": _SURE}
QUANTITY = r"\bhow (?:many|much|long|often|far|big|large|old|fast|soon)\b"
_ASKED = (
    ("length", re.compile(r"\bhow (?:long|old|soon)\b|\b(?:retention|ttl|timeouts?)\b", re.I)),
    ("frequency", re.compile(r"\bhow (?:often|frequent(?:ly)?|regular(?:ly)?)\b", re.I)),
    ("number", re.compile(QUANTITY + r"|\b(?:size|count|number|limit|ports?|versions?|cidrs?|ips?|max\w*|min\w*|percent\w*|"
                          r"retention|interval|timeout|default|threshold|when|date|cost)\b|%", re.I)),
    ("moment", re.compile(r"^\W*(?:when|at what time|what time)\b|\b(?:and|,) when\b", re.I)),
    ("person", re.compile(r"^\W*whom?\b|^\W*(?:which|what) (?:team|person|people|group|role)\b|\b(?:and|,) who\b", re.I)),
    ("place", re.compile(r"^\W*where\b|\b(?:and|,) where\b", re.I)),
    ("choice", re.compile(r"\b(?:which|what)\b.{1,60}\b(?:should|ought to|recommended|preferred)\b", re.I)),
    ("reason", re.compile(r"^\W*(?:why|what(?:['’]s| is| was) the (?:reason|rationale)|how come)\b|\b(?:and|,) why\b", re.I)),
)  # fmt: skip
_MORE = re.compile(r"\band\b|[,;?.!:]\s+\w", re.I)  # that is asked or told besides
# A question for a fact: no procedure answers it.
_FACT = re.compile(r"^\W*(?:who|when|where|which|why|is|are|does|do|did|was|were)\b|\bstands? for\b|" + QUANTITY, re.I)


def asks_for_fact(question: str) -> bool:
    """Whether a question asks for a fact, and not for what to do."""
    return bool(_FACT.search(question))


class Sought:
    """The kinds of thing that a question asks for."""

    def __init__(self, question: str) -> None:
        self._alone = not _MORE.search(question.strip())
        self._kinds = [kind for kind, asked in _ASKED if asked.search(question)]

    def weight(self, text: str) -> float:
        """By how much a text counts for saying a thing of such a kind: 1 where it says none."""
        found = [_WEIGHTS.get(kind, _LIKELY) for kind in self._kinds if _HOLDS[kind].search(text)]
        found += [_TOLD for kind in self._kinds if kind in _MARKED and _MARKED[kind].search(text)]
        return max(found, default=1.0)

    def is_met(self, text: str) -> bool:
        """Whether a text says a thing of such a kind, where any is asked for."""
        return not self._kinds or self.weight(text) > 1.0

    def is_said(self, text: str) -> bool:
        """Whether a kind of thing is asked for, and a text says one."""
        return self.weight(text) > 1.0

    @property
    def is_why(self) -> bool:
        """Whether reasons are asked for, of which one thing may have several."""
        return "reason" in self._kinds

    @property
    def is_sure(self) -> bool:
        """Whether a kind is asked for that nothing else is taken for, and nothing more."""
        return self._alone and any(_WEIGHTS.get(kind) == _SURE for kind in self._kinds)

    def is_all(self, text: str) -> bool:
        """Whether a text says a thing of such a kind."""
        return self.is_sure and self.weight(text) == _SURE
