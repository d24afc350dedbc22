"""What product, tool or place a question names, and whether anything that was found is about it, or names it in passing alone.

"Which Jenkins job restores the database?" finds how databases are restored, and a list in which Jenkins occurs: its words are all
there, and nothing is said of Jenkins' jobs. `judgement` calls `in_passing`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

from rag.answers.extractive.pieces import pieces
from rag.answers.judging.products import PRODUCTS, WORDS_TOO
from rag.answers.judging.wording import EVERYDAY, Wording, all_of, asked_words, worth
from rag.environments import NAMED
from rag.indexes.tokens import STOP_WORDS
from rag.records import ScoredPassage
from rag.shorthand import STANDARD, Forms

_SUBJECT = 9  # words of a question up to which a name in it is what it is about, and no circumstance
_ABOUT = 0.65  # of what the other words are worth, from which on what names the thing is about it
_AS_MUCH = (
    0.85  # of what is said without it: the page of another place says more of the question than one of this place
)
_OFTEN = 3  # passages that name a thing, above which it is no passing mention
_OWN = 4.0  # what a name is worth, below which it is one of the organisation's own: in two of a hundred passages
_JUDGED = 5  # passages among which the one is looked for that says most of the question
# Written in capitals, and no names: what everybody has. Short forms of `rag.shorthand` are none either.
_COMMON = frozenset(
    """api apis apps aws bst cd ci cidr cidrs cli cpu csv cto dns faq gb gib gmt gui http https id ids ip ips iso json kb mb
    ok pdf qa sql ssh ssl tb tcp tib udp uk uri url urls usb utc uuid xml yaml
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec
    monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun""".split()
)
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
QUOTED = re.compile(r"\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)|`[^`]*`")
_ALERT = re.compile(r"(?:[A-Z][a-z0-9]+){3,}")  # of a rule, not of a product
# Where a rule is defined or routed by its name: `alert: DiskFull`, `alertname = "DiskFull"`, a heading "alert DiskFull".
_OF_RULE = r"\b(?:alert(?:_?name)?|alarm(?:_?name)?|record|rule|monitor|check)\b['\"]?\s*[:=~ ]+\s*['\"]?{name}\b"
_Weights = Mapping[str, float]
Mentions = Callable[[str], Sequence[str]]


def no_mentions(word: str) -> Sequence[str]:
    """Of nobody who could say what holds a word."""
    return ()


def in_passing(
    question: str, evidence: Sequence[ScoredPassage], rarity: Callable[[str], float], forms: Forms = (),
    mentions: Mentions = no_mentions,
) -> tuple[str, ...]:  # fmt: skip
    """The names in a question, as they are written there, that nothing in the evidence is about: none says with a name what else
    the question says, and the passage that says most has nothing of it. Where something is about one of them, the others are
    those that nothing speaks of at all. `mentions` gives texts that hold a word."""
    words = asked_words(question)
    if not evidence or len(words) > _SUBJECT:
        return ()
    weights = {word: worth(word, rarity(word)) for word in words}
    said = [Wording(all_of(found), forms) for found in evidence]
    best = max(range(len(said[:_JUDGED])), key=lambda at: _share(said[at], weights))

    def is_told(word: str) -> bool:
        lacking = (found for found, one in zip(evidence, said, strict=True) if not one.holds(word))
        if any(_is_anothers(found.document.title, question, _others(word, weights)) for found in lacking):
            return False
        if any(_defines(word, found) for found in evidence):
            return True
        often = sum(one.holds(word) for one in said) > _OFTEN
        if weights[word] < _OWN or (said[best].holds(word) and (often or _is_above(word, evidence[best], forms))):
            return True
        most = max((_share(one, _others(word, weights)) for one in said[:_JUDGED]), default=0.0)
        return max(_shares(word, weights, evidence, said, forms), default=0.0) >= max(_ABOUT, _AS_MUCH * most)

    held = {word for word in words if any(one.holds(word) for one in said)}
    names = dict(_names(question, words, evidence, mentions, WORDS_TOO - held))
    told = {word for word in names if is_told(word)}
    return tuple(spelling for word, spelling in names.items() if word not in (told | held if told else told))


def is_name(word: str, question: str) -> bool:
    """Whether a word is written as a name in the question, not only because a sentence begins with it."""
    found = _found(word, question)
    if not found:
        return False
    within = bool(re.search(r"[^.?!\s]\s+$", question[: found.start()]))
    return any(letter.isupper() for letter in found[0][0 if within else 1 :])


def _names(
    question: str, words: Sequence[str], evidence: Sequence[ScoredPassage], mentions: Mentions, also: Set[str]
) -> Iterator[tuple[str, str]]:
    """The names among a question's words, and how they are written there; what is quoted in it has none. `also` are products."""
    said = QUOTED.sub(" ", question)
    for word in words:
        found = _found(word, said)
        if not found or word in _COMMON or word in STANDARD or NAMED.fullmatch(word) or _ALERT.fullmatch(found[0]):
            continue
        if word.isdigit():
            continue
        written = is_name(word, said) or word in PRODUCTS or word in also
        if written or (word not in EVERYDAY and _is_name_there(word, evidence, mentions)):
            yield word, found[0]


def _is_name_there(word: str, evidence: Sequence[ScoredPassage], mentions: Mentions) -> bool:
    """Whether documents write a word as a name: always with a capital, and not only where a sentence or a line begins. Paths and
    addresses have none. Where the evidence lacks it, other passages are asked."""
    word_alone = re.compile(rf"(?<![\w./@:`-]){re.escape(word)}(?![\w/@:`-]|\.\w)", re.I)
    spelt = [match for found in evidence for match in word_alone.finditer(found.passage.text)]
    spelt = spelt or [match for text in mentions(word) for match in word_alone.finditer(text)]
    within = any(re.search(r"[a-z,;(] ?$", match.string[: match.start()]) for match in spelt)
    return within and all(match[0][0].isupper() for match in spelt)


def _found(word: str, question: str) -> re.Match[str] | None:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", question, re.I)


def _is_anothers(title: str, question: str, others: Iterable[str]) -> bool:
    """Whether a page's title asks for the `others` of the question's words of something else: "Restart the Bristol gateway",
    where it was asked for Corby's."""
    asked, titled = Wording(question), Wording(title)
    foreign = [
        word for word in _WORD.findall(title) if word.lower() not in STOP_WORDS and not asked.holds(word.lower())
    ]
    same = [other for other in others if other not in EVERYDAY]
    return (
        len(same) > 1 and all(map(titled.holds, same)) and len(foreign) == 1 and _is_written_as_name(foreign[0], title)
    )


def _is_written_as_name(word: str, title: str) -> bool:
    """Whether a title has a capital for this word's sake: in "Rotate User Credentials" every word has one."""
    written = [other for other in _WORD.findall(title)[1:] if other.lower() not in STOP_WORDS and other != word]
    return word[0].isupper() and not (written and all(other[0].isupper() for other in written))


def _defines(word: str, found: ScoredPassage) -> bool:
    """Whether a passage has the rule of an alert of that name, or where it is sent."""
    rule = re.compile(_OF_RULE.format(name=re.escape(word)), re.I)
    return bool(rule.search(found.passage.heading) or rule.search(found.passage.text))


def _is_above(word: str, found: ScoredPassage, forms: Forms) -> bool:
    return Wording(f"{found.document.title} {found.passage.heading} {found.document.path}", forms).holds(word)


def _shares(
    word: str, weights: _Weights, evidence: Sequence[ScoredPassage], said: Sequence[Wording], forms: Forms
) -> Iterator[float]:
    """How much of the question's other words is said with a name: by what has it above, and by each piece that has it."""
    others = _others(word, weights)
    for found, whole in zip(evidence, said, strict=True):
        if not whole.holds(word):
            continue
        if _is_above(word, found, forms):
            yield _share(whole, others)
        for piece in pieces(found.passage):
            if Wording(piece.text, forms).holds(word):
                above = f"{piece.header} {piece.heading} {found.passage.heading} {found.document.title}"
                yield _share(Wording(f"{above} {piece.text}", forms), others)


def _others(word: str, weights: _Weights) -> _Weights:
    return {other: value for other, value in weights.items() if other != word}


def _share(said: Wording, weights: _Weights) -> float:
    return sum(value for word, value in weights.items() if said.holds(word)) / (sum(weights.values()) or 1.0)
