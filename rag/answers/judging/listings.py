"""Text that holds words and says nothing with them: a spell-checker's list of words, rows of data of which no column is asked
for, actions in policies of who may do what. That a word stands there is no sign that anything is documented.

`judgement` and `rag.ask` leave such evidence aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.answers.judging.wording import EVERYDAY, Wording
from rag.indexes.tokens import content_words
from rag.records import ScoredPassage

_ROWS = (".csv", ".tsv")
_WORDS = (".txt", ".text", ".dic", ".csv", ".tsv")
_FEW = 2  # words of a line that is no more than an entry
_LINES = 8  # from which on lines of so few words are a list of them
_MOST = 0.9  # of a text's lines
_SAYING = re.compile(r"[:=.?!]\s|[:.?!]$|=|https?://")  # what says something of an entry
_ACTION = re.compile(r"[\"'][a-z][a-z0-9-]+:[A-Za-z*?]+[\"']")  # `"budgets:*"`, `"s3:GetObject"`
_COMPOUND = re.compile(r"pod[_ -]?disruption[_ -]?budgets?", re.I)  # which is no budget
_ASKS_OF_PODS = re.compile(r"\bpdbs?\b|\bpods?\b|disrupt", re.I)
_ASKS_OF_ACTIONS = re.compile(
    r"\b(?:allow\w*|permit\w*|permissions?|polic(?:y|ies)|iam|roles?|rights?|may|deny|denied)\b|:", re.I
)


def saying(question: str, evidence: Sequence[ScoredPassage]) -> tuple[ScoredPassage, ...]:
    """The evidence that says something, or is asked for by its own name."""
    return tuple(one for one in evidence if not is_listing(question, one))


def is_listing(question: str, found: ScoredPassage) -> bool:
    """Whether a passage is of words, or of rows of which the question asks for no column."""
    path = found.document.path.lower()
    if found.document.path.rpartition("/")[2].lower() in question.lower():
        return False
    if path.endswith(_WORDS) and _is_of_words(found.passage.text):
        return True
    return path.endswith(_ROWS) and not _asks_for_a_column(question, found.passage.heading)


def _is_of_words(text: str) -> bool:
    """Whether nearly every line is a word or two."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    few = [line for line in lines if len(line.split()) <= _FEW and not _SAYING.search(line) and "," not in line]
    return len(lines) >= _LINES and len(few) >= _MOST * len(lines)


def _asks_for_a_column(question: str, header: str) -> bool:
    """Whether the question has a word of a column's name: "who owns", of one that is called `owner`."""
    columns = Wording(header.replace("_", " "))
    words = [word for word in content_words(question) if word not in EVERYDAY]
    whose = re.search(r"\bwho\b", question, re.I) and columns.holds("owner")
    return bool(whose) or any(columns.holds(word) for word in words)


def without_actions(question: str, evidence: Sequence[ScoredPassage]) -> tuple[ScoredPassage, ...]:
    """The evidence without the actions that policies name, unless the question asks for what is allowed, and without names of
    Kubernetes that are another thing than their last word."""
    asked = ((_ASKS_OF_ACTIONS, _ACTION), (_ASKS_OF_PODS, _COMPOUND))
    names = [name for asks, name in asked if not asks.search(question)]
    return tuple(_plain(evidence, names))


def _plain(evidence: Sequence[ScoredPassage], names: Sequence[re.Pattern[str]]) -> Iterator[ScoredPassage]:
    for found in evidence:
        text = found.passage.text
        for name in names:
            text = name.sub("", text)
        yield found if text == found.passage.text else replace(found, passage=replace(found.passage, text=text))
