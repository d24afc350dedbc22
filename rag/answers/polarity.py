"""Whether a sentence says the opposite of what it cites: "enabled" of what is disabled, "restart it" of what must not be.

`rag.answers.claims` flags the sentence then. It holds few words for opposites, and is silent where either side denies anything
in another way: a faithful sentence that is flagged costs more trust than a wrong one that a reader must catch.
"""

from __future__ import annotations

import re

from rag.answers.wording import stem
from rag.indexes.tokens import STOP_WORDS

_OPPOSITES = tuple(
    (frozenset(map(stem, one.split())), frozenset(map(stem, other.split())))
    for one, other in (
        ("enable enabled enabling", "disable disabled disabling"),
        ("true", "false"),
        ("allow allowed allows permitted", "deny denied denies forbidden"),
        ("public publicly", "private privately"),
        ("required mandatory", "optional"),
        ("encrypted", "unencrypted"),
        ("internal", "external"),
        ("inbound ingress", "outbound egress"),
        ("minimum", "maximum"),
        ("increase increases raised raise", "decrease decreases lowered lower"),
        ("add added adds", "remove removed removes"),
        ("attach attached", "detach detached"),
        ("automatic automatically", "manual manually"),
        ("synchronous", "asynchronous"),
        ("primary", "replica secondary standby"),
    )
)
_DENIES = re.compile(
    r"\b(?:not|never|no|none|nobody|nothing|cannot|without|avoid\w*|instead|rather|unless|except|only|until|neither|nor|un(?!encrypted)\w+ed|"
    r"stop\w*|refus\w*|prohibit\w*|forbid\w*|ban\w*|longer)\b|n['’]t\b",
    re.I,
)
_DENIED = re.compile(
    r"\b(?:(?:do|does|must|should|may|can|will) not|never|cannot|don['’]t|mustn['’]t|can['’]t)\s+(?:ever\s+)?([a-z]+)",
    re.I,
)
_WORD = re.compile(r"[a-z][a-z-]+", re.I)
_PLAIN = frozenset(map(stem, STOP_WORDS))
_ALIKE = 2  # words that sentence and quotation share besides: else they may speak of two things


def contradicted(sentence: str, quoted: str) -> tuple[str, str] | None:
    """What the sentence says, and what the quotation says instead; None where nothing tells that they disagree."""
    said, cited = _stems(sentence), _stems(quoted)
    if len((set(said) & set(cited)) - _PLAIN) < _ALIKE:
        return None
    denials = len(_DENIES.findall(sentence)), len(_DENIES.findall(quoted))
    if denials == (0, 0):
        return _opposite(said, cited)
    if denials == (0, 1):
        return _denied(quoted, said)
    if denials == (1, 0) and (found := _denied(sentence, cited)):
        return found[1], found[0]
    return None


def _stems(text: str) -> dict[str, str]:
    return {stem(word.lower()): word for word in _WORD.findall(text)}


def _opposite(said: dict[str, str], cited: dict[str, str]) -> tuple[str, str] | None:
    for one, other in _OPPOSITES:
        for ours, theirs in ((one, other), (other, one)):
            here, there = ours & said.keys(), theirs & cited.keys()
            if here and there and not theirs & said.keys() and not ours & cited.keys():
                return said[min(here)], cited[min(there)]
    return None


def _denied(text: str, elsewhere: dict[str, str]) -> tuple[str, str] | None:
    """A verb that a text denies wherever it has it, and that stands elsewhere: as it stands there, and denied."""
    verbs = [stem(match[1].lower()) for match in _DENIED.finditer(text)]
    everywhere = [stem(word.lower()) for word in _WORD.findall(text)]
    for verb in verbs:
        if verb in elsewhere and everywhere.count(verb) == verbs.count(verb):
            return elsewhere[verb], f"not {elsewhere[verb]}"
    return None
