"""Alerts that were asked about, and pages that tell what to do about one: an alert is asked by its name, not by a task ("What do
I do when BrokerDown fires?"), and its runbook is read from what it means to how it is mended, commands or none.

`task` asks whose words count, `page` whether what stands under headings is to be done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# How an alert is spoken of; what it is about is said by other words.
_TALK = frozenset(
    """alert alerts alerted alerting alarm alarms alarmed fire fires fired firing trigger triggers triggered triggering
    page pages paged paging pager went goes going saying says see seeing get gets got getting received raised
    resolve resolves resolved silence acknowledge runbook runbooks playbook playbooks""".split()
)
_ASKED = re.compile(
    r"\b(?:alert|alarm)(?:s|ed|ing)?\b|\b(?:fires|fired|firing|paged)\b|\b(?:run|play)books?\b|^\W*[A-Za-z]+(?:[A-Z][a-z]+){2,}\W*$"
)
# What the headings of a runbook are about: what it is, whom it harms, how to look into it, how to mend it.
_KINDS = tuple(
    re.compile(rf"\b(?:{words})", re.I)
    for words in (
        r"meaning\b|description\b|symptoms?\b|understanding\b|(?:about|what is|what does) (?:this|the) alert",
        r"(?:\w+ )?(?:impact|severity|effects?)\b|who is affected",
        r"diagnos\w+|investigat\w+|troubleshoot\w*|debug\w*|triage|verif(?:y|ication)\b|(?:possible |likely )?causes?\b"
        r"|(?:how|what|things) to (?:check|look)|check(?:s|ing)?\b",
        r"mitigat\w+|resol(?:ution|ving|ve)\b|remed\w+|fix(?:es|ing)?\b|recover\w*|repair\w*|solutions?\b|workarounds?\b"
        r"|(?:what|things) to do\b|(?:actions?|response)\b|dealing with|escalat\w+",
    )
)  # fmt: skip
# What else stands on a page that tells how it went once.
_TOLD = re.compile(r"\b(?:timelines?|lessons|post-?mortem|retrospective|action items|what (?:went|happened))\b", re.I)
_LEAST = 2  # kinds of headings that make a runbook
_HEADING = 6  # words up to which a heading may be of such a kind: a longer one tells a story


def asks_of_alert(question: str) -> bool:
    """Whether it asks about an alert, by saying so or by a name alone."""
    return bool(_ASKED.search(question))


def without_talk(question: str, words: Iterable[str]) -> list[str]:
    """The words of a question without those that only say that an alert fired; all of them where there are no others."""
    every = list(words)
    return [word for word in every if word not in _TALK] or every if asks_of_alert(question) else every


def is_runbook(headings: Iterable[str]) -> bool:
    """Whether headings side by side are those of a runbook: two kinds of them, one of these telling how to look into it or mend
    it; those of an incident's report are not."""
    said = [heading for heading in headings if len(heading.split()) <= _HEADING]
    found = [any(kind.search(heading) for heading in said) for kind in _KINDS]
    return sum(found) >= _LEAST and any(found[2:]) and not any(map(_TOLD.search, said))
