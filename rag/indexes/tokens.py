"""Words as the lexical index sees them: identifiers whole and in parts.

`aws_db_instance.main` gives itself, `aws_db_instance`, `aws`, `db`, `instance`, `main`; `KubePodCrashLooping` gives
itself, `kube`, `pod`, `crash`, `looping`; `PPR-9087`, `v1.9` and `--force-unlock` are found whole and by part.
The lexical index and the extractive answerer call this; a query and a text go through the same function.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.ports import Terms

# A run of word characters, joined inside by the marks that identifiers use. A leading -- or . or / belongs to flags and paths.
_COMPOUND = re.compile(r"[^\W_]+(?:[_.\-/:@+][^\W_]+|_+)*", re.UNICODE)
_PART = re.compile(r"[^\W_]+", re.UNICODE)
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_MAX = 120  # characters; longer runs are data, not words

STOP_WORDS = frozenset(
    """a about after all also an and any are as at be because been before being but by can cannot could did do does
    doing done for from get gets getting given go goes going got had has have having he her here him his how i if in
    into is it its just let like me might more most must my need needs no nor not now of off on once one only or
    other our out over own per please same she should so some such tell than that the their them then there these
    they this those through to too under until up us use used uses using very via want was we were what when where
    whether which while who whom whose why will with without would yes you your""".split()
)


@dataclass(frozen=True)
class Tokens:
    """`words` are lower-cased parts for the text fields; `identifiers` are compounds, whole, lower-cased."""

    words: tuple[str, ...]
    identifiers: tuple[str, ...]


def tokenise(text: str) -> Tokens:
    """Splits text into words and whole identifiers, in order, doubles kept."""
    words: list[str] = []
    identifiers: list[str] = []
    for match in _COMPOUND.finditer(text):
        compound = match.group()
        if len(compound) > _MAX:
            continue
        parts = _PART.findall(compound)
        small: list[str] = []
        for part in parts:
            lowered = part.lower()
            small.append(lowered)
            if not (part.isupper() or part.isdigit() or part[1:] == lowered[1:]):  # a capital inside
                camel = [piece.lower() for piece in _CAMEL.findall(part)]
                if len(camel) > 1:
                    identifiers.append(lowered)
                    small.extend(camel)
        words.extend(small)
        if len(parts) > 1:
            identifiers.extend(_wholes(compound.lower()))
        elif any(c.isdigit() for c in compound):
            identifiers.append(compound.lower())
    return Tokens(tuple(words), tuple(identifiers))


def _wholes(compound: str) -> list[str]:
    """The compound, and for a dotted, slashed or coloned one its snake- or hyphen-joined pieces too."""
    pieces = [piece for piece in re.split(r"[./:@]", compound.strip("_")) if "_" in piece or "-" in piece]
    return [compound, *pieces] if pieces and pieces != [compound] else [compound]


def pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """Words that stand beside each other once stop words are left out, doubles kept."""
    meaningful = [word for word in words if word not in STOP_WORDS]
    return list(zip(meaningful, meaningful[1:], strict=False))


def terms(question: str) -> Terms:
    """What to look for: the question's words without stop words (all of them, when it has no others), its identifiers and
    pairs of words."""
    tokens = tokenise(question)
    words = list(dict.fromkeys(tokens.words))
    meaningful = [word for word in words if word not in STOP_WORDS] or words
    return Terms(
        dict.fromkeys(meaningful, 1.0),
        tuple(dict.fromkeys(tokens.identifiers)),
        tuple(dict.fromkeys(pairs(tokens.words))),
    )


_WORD = re.compile(r"\w+")
_NO_WORDS = {at: " " for at in range(128) if not _WORD.match(chr(at))}


def distinct_words(text: str) -> frozenset[str]:
    """The words of a text as they stand there, in lower case: what copies of it have in common."""
    lowered = text.lower()  # most texts are ASCII, which `translate` takes apart in half the time
    return frozenset(lowered.translate(_NO_WORDS).split() if lowered.isascii() else _WORD.findall(lowered))


_HOW = re.compile(r"\bhow (?:long|often|old|soon|big|large|fast|far|frequently|regularly)\b", re.I)


def content_words(text: str) -> list[str]:
    """The distinct words of a question that carry meaning, in order: stop words and single letters left out, and the
    "long" of "how long", which says what kind of answer is wanted."""
    return [
        word
        for word in dict.fromkeys(tokenise(_HOW.sub(" ", text)).words)
        if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())
    ]
