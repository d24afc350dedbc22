"""Whether a sentence says the opposite of what it cites: "enabled" of what is disabled, "restart it" of what must not be.

`claims` flags the sentence then. Few words are opposites wherever they stand; of two sentences that are the same word
for word, more are, and a denial in one of them. Else it is silent where either side denies anything in another way: a faithful
sentence that is flagged costs more trust than a wrong one that a reader must catch.
"""

from __future__ import annotations

import re

from rag.answers.judging.wording import stem
from rag.indexes.tokens import STOP_WORDS

_Pairs = tuple[tuple[frozenset[str], frozenset[str]], ...]


def _pairs(*opposites: tuple[str, str]) -> _Pairs:
    return tuple((frozenset(map(stem, one.split())), frozenset(map(stem, other.split()))) for one, other in opposites)


_OPPOSITES = _pairs(
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
_IN_LIKE_SENTENCES = _pairs(  # opposites only where all else is the same: they have other meanings besides
    ("before", "after"),
    ("first", "last"),
    ("with", "without"),
    ("on", "off"),
    ("up", "down"),
    ("start started starts", "stop stopped stops"),
    ("keep keeps kept retained", "remove removed delete deleted drop dropped discarded"),
    ("accept accepts accepted", "refuse refuses refused reject rejects rejected"),
    ("allow allowed allows permitted open", "block blocked blocks closed refused"),
    ("nobody none no", "everybody everyone every all each anyone anybody"),
    ("always", "never"),
    ("shared", "separate dedicated"),
    ("safe", "unsafe dangerous"),
    ("lock locked", "unlock unlocked"),
    ("mount mounted", "unmount unmounted"),
    ("grant granted grants", "revoke revoked revokes"),
    ("upgrade upgraded", "downgrade downgraded"),
    ("succeed succeeds", "fail fails"),
    ("above over more", "below under less"),
    ("old", "new"),
    ("read", "write"),
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
_PLAIN_DENIAL = re.compile(r"\b(?:not|never|no|cannot)\b|n['’]t\b", re.I)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_FILLING = frozenset(  # what says nothing of which way a sentence goes
    "a an the it its this that these those you we they i our your do does did is are was were be been being has have had must "
    "should may might can will would shall ever always now still also currently please then just very s t".split()
)
_LIKE = 2  # words that two sentences have besides: two of one word each are any two
_BY_HAND = re.compile(r"\bby hand\b", re.I)
_TOKEN = re.compile(r"[a-z][a-z0-9_-]*|\d+(?:\.\d+)*", re.I)
_WORD = re.compile(r"[a-z][a-z-]+", re.I)
_PLAIN = frozenset(map(stem, STOP_WORDS))
_ALIKE = 2  # words that sentence and quotation share besides: else they may speak of two things


def contradicted(sentence: str, quoted: str) -> tuple[str, str] | None:
    """What the sentence says, and what the quotation says instead; None where nothing tells that they disagree."""
    sentence, quoted = (_BY_HAND.sub("manually", text) for text in (sentence, quoted))
    if (found := _among_like(sentence, quoted)) is not None:
        return found
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


def _among_like(sentence: str, quoted: str) -> tuple[str, str] | None:
    """What is opposite in a sentence and one of the quotation's that has all of its words but one; None where the quotation says
    the same elsewhere."""
    if len(_SENTENCE.split(sentence.strip())) > 1:
        return None
    told = [_between(sentence, part) for part in _SENTENCE.split(quoted) if part.strip() and not part.endswith("?")]
    if any(one == ("", "") for one in told):
        return None
    return next((one for one in told if one), None)


def _between(sentence: str, part: str) -> tuple[str, str] | None:
    """What two sentences that are alike differ by; two empty texts where they don't differ, None where they aren't alike."""
    said, cited = _sequence(sentence), _sequence(part)
    extra, lacking = [w for w in said if w not in cited], [w for w in cited if w not in said]
    if len(set(said) & set(cited)) < _LIKE:
        return None
    denials = len(_PLAIN_DENIAL.findall(sentence)), len(_PLAIN_DENIAL.findall(part))
    if not extra and not lacking:
        return _denial(denials, part) if sorted(denials) == [0, 1] else ("", "") if denials[0] == denials[1] else None
    for one, other in (*_OPPOSITES, *_IN_LIKE_SENTENCES):
        for ours, theirs in ((one, other), (other, one)):
            if set(extra) <= ours and set(lacking) <= theirs and extra and lacking and denials in ((0, 0), (1, 1)):
                kept = [[w for w in words if w not in ours | theirs] for words in (said, cited)]
                return (extra[0], lacking[0]) if kept[0] == kept[1] else None
    return None


def _denial(denials: tuple[int, int], part: str) -> tuple[str, str]:
    return ("that it is so", "that it is not") if denials[1] else ("that it is not so", "that it is")


def _sequence(text: str) -> list[str]:
    """The stems of a text that tell which way it goes, in order, its denials left out."""
    bare = _PLAIN_DENIAL.sub(" ", text)
    return [stem(word.lower()) for word in _TOKEN.findall(bare) if word.lower() not in _FILLING]


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
