"""Whether a question leans on what was asked before it, and on what kind: by its own words alone.

It leans when a word in it refers back ("it", "that log", "the other one"), when it is a piece of a question ("in staging?",
"why?"), when it orders, compares or presupposes what it does not name ("which pipelines do I pause first?", "is there a
runbook?"), and when it is an error that was pasted. `rag.conversation` asks `stands_alone` and `other_of`;
`rag.substitution` reads words by the same patterns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.indexes.tokens import STOP_WORDS, tokenise

_FRAGMENT = 6  # words of a question that is none, but names something else: "and the thanos node group?"
_PIECE = 3  # and of one that nothing leads in: "uat?"
_ALONE = 3  # words of its own from which a question without a reference stands alone
_ERROR = 12  # words of its own of an error that was pasted without saying where

_OPENING = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|right|thanks?(?: you)?|thx|great|cool|good|perfect|fine|done|yes|yep|no|nice|hm+|ah|so|well|sorry)\b"
    r"(?=[\s,.!:;-])[\s,.!:;-]*)*"
    r"(?P<lead>(?:(?:and|but|or|also|then|now)\b[\s,:-]*)*)",
    re.I,
)
_INSTEAD = re.compile(
    r"^(?:what about|how about|what of|same (?:question |thing )?(?:for|in|on|with))\s+(?P<other>.+)$", re.I
)
PLACED = re.compile(
    r"^(?P<where>in|on|for|at|with|from|under|within|to|using|without|after|before|by|until|during)\s+(?P<other>.+)$",
    re.I,
)
# A place that is asked for, of something that is not named: "in which region?", "on which port then?".
_WHICH_PLACE = re.compile(r"^(?:in|on|at|for|from|under|within|to|with|by) (?:which|what|whose)\b", re.I)
_PRONOUN = re.compile(
    r"(?<![./_-])\b(it|its|they|them|their|theirs|this|that|these|those|there|one|ones|he|she|him|her|same)\b(?![/_-])",
    re.I,
)
_EXPLETIVE = re.compile(
    r"\b(is it (?:ok|okay|safe|possible|true|allowed|enough|fine|worth)|it (?:is|seems|looks|takes?|says|turns out)|"
    r"does it (?:matter|take)|"
    r"will it take|it'?s \d[\d:.]*|is there|are there|was there|were there|there (?:is|are|was|were)|there's|this "
    r"(?:morning|afternoon|evening|week|month|year|quarter|time)|that (?:is|we|i|you|they|the|a|an|it)|at this|like this)\b",
    re.I,
)
_BARE = re.compile(r"^(?:but )?(?:why(?: not| is that| so)?|how(?: so| come)?|when|where|who|really|since when|"
                   r"for how long|how long|"
                   r"how often|how much|how many|says who|by whom|which(?: ones?)?|what else|anything else|"
                   r"what (?:next|now|then|if not)|"
                   r"and then|go on|more|example|for example|for instance)\W*$", re.I)  # fmt: skip
_REST_OF = re.compile(
    r"\b(?:some|any|another|others?|none|both|either|neither)"
    r"(?=\s+(?:from|in|on|for|to|at|of them|is|are|was|were|has|have|had|still)\b|\s*[?.!,;]|$)|"
    r"^all(?: (?:two|three|four|five|\d+))?(?=\s+(?:are|were|have|had|still)\b)",
    re.I,
)
# What came of it, told without saying of what: "cant find the record", "acquirer is fine, still growing".
_REPORT = re.compile(
    r"^(?:(?:i|we)\s+)?(?:can'?t|cannot|can not|couldn'?t|don'?t|didn'?t|won'?t|no|not)\s.*\b(?:the|any|anything|either|yet)\b|"
    r"(?:^|[,;]\s*)(?:still|no (?:change|luck|difference|effect)|not yet|same|tried|already|nothing(?=\W*$))\b",
    re.I,
)
_COMPARED = re.compile(r"\b(?:as well|too|better|worse|instead|otherwise|either|else|older|newer|bigger|smaller|"
                       r"longer|shorter|fewer)\b"
                       r"(?!\s+than\b)|^why not\b", re.I)  # fmt: skip
_CLAUSE = re.compile(r"[,;:.?!]\s|\s[-–—]\s|\b(?:if|when|while|because|after|before|and|but|or|so|yet|since|once|until|unless|"
                     r"though|although|where|which|who|whether|that|as|says?|said|thinks?)\s", re.I)  # fmt: skip
_BEFORE_NOUNS = ("after", "before", "since", "until", "as", "or", "and")  # "after that" is no clause
_AUXILIARY = (
    "is|are|was|were|does|do|did|can|could|will|would|should|has|have|had|must|may|might|"
    "isn't|aren't|doesn't|don't|didn't|can't|won't"
)
_LAST = re.compile(r"\b(?:first|next|before|after|afterwards|beforehand|meanwhile|meantime)\W*$", re.I)
_EXISTS = re.compile(
    r"^(?:is there|are there|do we have|have we got|does (?:it|anyone) have)\s+(?:a|an|any|some)\b", re.I
)
# What is to be expected of something that was named before: "will there be downtime?", "any alerts to silence?".
_EXPECTED = re.compile(
    rf"^(?:(?:{_AUXILIARY}) there (?:still |also |then )?be\b|(?:(?:{_AUXILIARY}) )?any\b(?!one\b|body\b))", re.I
)
_OF_ITS_OWN = re.compile(r"\b(?:for|of|on|about|in|with|from|by)\s+(?P<what>.+)", re.I)  # "any runbook for kafka?"
_INTRODUCED = re.compile(r"\b(?:a|an|any|my|new)\s+\w", re.I)
_PASTED = re.compile(r"\b\w*(?:error|exception|fail(?:ed|ure)|fatal|denied|refused|forbidden|unauthori[sz]ed|time[d-]? ?out|"
                     r"unknown|unable|invalid|panic|traceback|not found|exit (?:code|status))\b", re.I)  # fmt: skip
_BEFELL = re.compile(
    r"\b(?:our|my|we|us)\b|\bwhen (?:an?|the|i|we|you)\b|\b(?:dies|fails|failed|failing|crashes) with\b", re.I
)
LEAD = re.compile(
    r"^(?:(?:please|so|and|but|now|also|then|hi|hello|can you|could you|tell me|explain|i(?:'d| would) like to know)\b[\s,:]*)*"
    r"(?:how (?:do|does|can|should|would|could|did|is|are|was|were)|how (?:long|often|many|much|big|far|large)|"
    r"what(?:'s| is| are| was| were| does| do| did| would| happens?(?: when| if)?| else)?|"
    r"which|where(?:'s| is| are| was| do| does| can)?|when(?: is| are| was| do| does| did)?|who(?:'s| is| are| owns?| was)?|"
    r"why(?: is| are| was| were| do| does| did)?|is|are|was|were|does|do|did|can|could|should|may|must|has|have)\b"
    r"\s*(?:(?:i|we|you|one|someone|somebody|anyone|there)\b\s*)?",
    re.I,
)
VAGUE = frozenset(
    "undo revert reverse roll rollback back do does did done doing get got gets give go goes going happen "
    "happens happened work works "
    "mean means meant take takes took long often much many big far command commands file files page pages step "
    "steps value values "
    "name names called owner owns own owned setting settings set link links time times number numbers thing things way ways "
    "place part parts reason reasons cause risk risks safe ok okay allowed possible need needs needed want wants find found see "
    "look looks check checks tell know say says said use uses used change changes changed make makes made run runs try default "
    "first next last after before again else other others another instead still already now later today yet exactly documented "
    "written described defined configured set happens fix fixed help explain details detail more less example difference "
    "ask approve approves approval approval contact person team responsible kept stored put come comes turn turned off on "
    "anything something everything anyone someone somebody everyone nobody nothing worse wrong fail fails failed failing doesn "
    "isn won can cannot should must may might would could please thanks thank really also just only both either neither "
    "idea ideas clue chance "
    "long-term forever manually hand automatically quickly faster twice once never always sometimes old new current".split()
)
_NAME = re.compile(r"(?<![\w./-])(?:[A-Z][a-z]+(?:[A-Z]\w*)*|[A-Z]{2,}\w*|\w*[a-z\d]+(?:[._/-]\w+)+|\w*\d\w*)(?![\w/])")


@dataclass(frozen=True)
class Other:
    """What a question wants to know the same of: `phrase` of "what about X", "and X", and of "in X" with where it is put."""

    phrase: str
    where: str = ""


def opened(said: str) -> tuple[str, bool]:
    """A question without what opens it ("ok thanks, and"), and whether it goes on from something ("and")."""
    opening = _OPENING.match(said)
    return (said[opening.end() :], bool(opening["lead"])) if opening else (said, False)


def other_of(said: str) -> Other | None:
    """What else a question asks the same of, None where it asks something of its own."""
    rest, goes_on = opened(said)
    instead = _INSTEAD.match(rest)
    rest = (instead["other"] if instead else rest).rstrip("?!. ")
    if placed := PLACED.match(rest):
        return Other(placed["other"], placed["where"].lower())
    piece = len(rest.split()) <= (_FRAGMENT if goes_on else _PIECE) and not asks(rest) and not _is_pasted(rest)
    return Other(rest) if instead or piece else None


def stands_alone(said: str) -> bool:  # noqa: PLR0911  # one return a case
    """Whether a question says itself what it is about."""
    rest, goes_on = opened(said)
    own, named = own_words(rest), [match[0] for match in names(rest)]
    proper = any(not name.isupper() for name in named)
    if _BARE.match(rest.strip()) or _INSTEAD.match(rest) or not own or _refers_back(rest) or _is_pasted(rest):
        return False
    if len(own) <= _ALONE and (_COMPARED.search(rest) or (_LAST.search(rest) and not proper)):
        return False
    if _is_report(rest, own) and all(name.isdecimal() for name in named):
        return False
    if _is_placed(rest, own) or (goes_on and (not asks(rest) or len(own) < _ALONE)):
        return False
    if proper or len(own) > _ALONE:
        return True
    if _EXISTS.match(rest) and len(own) < _ALONE:
        return False
    return not (_presupposes(rest, own) or _is_expected(rest, own))


def _is_placed(rest: str, own: Sequence[str]) -> bool:
    """Whether it only says where: "for tracking"."""
    if _WHICH_PLACE.match(rest) and len(own) < _ALONE and not re.search(rf"\b(?:{_AUXILIARY})\b", rest, re.I):
        return True
    short = len(own) <= 1 or (len(own) <= _ALONE and not asks(rest))
    return bool(PLACED.match(rest)) and short and not re.search("[,:]", rest)


def _is_pasted(rest: str) -> bool:
    """Whether it is an error alone: it asks nothing, and does not say what it befell."""
    bare = not rest.rstrip().endswith("?") and not LEAD.match(rest) and not _BEFELL.search(rest)
    return bare and bool(_PASTED.search(rest)) and len(own_words(rest)) <= _ERROR


def _is_report(rest: str, own: Sequence[str]) -> bool:
    """Whether it tells in few words what came of something, and asks nothing."""
    asked = rest.rstrip().endswith("?") or re.match(r"(?:how|what|which|where|when|who|why)\b", rest, re.I)
    return not asked and len(own) <= _ALONE + 1 and bool(_REPORT.search(rest))


def _is_expected(rest: str, own: Sequence[str]) -> bool:
    """Whether a question of few words asks what comes with something, and does not say with what."""
    of = _OF_ITS_OWN.search(rest)
    return bool(_EXPECTED.match(rest)) and len(own) < _ALONE and not (of and own_words(of["what"]))


def _presupposes(rest: str, own: Sequence[str]) -> bool:
    """Whether a question of few words takes for known what it is about: "the logs", "which clients break?", "retention?"."""
    if asks(rest) and len(rest.split()) <= len(own) + 1:
        return True
    if len(own) >= _ALONE:
        return False
    if len(own) == 1 or re.match(r"which\b", rest, re.I):
        return not _INTRODUCED.search(rest)
    return bool(re.search(r"\bthe\b", rest, re.I)) or len(rest.split()) <= len(own) + 1


def asks(rest: str) -> bool:
    return bool(re.search(rf"\b(how|what|which|where|when|who|why|{_AUXILIARY})\b", rest, re.I))


def _refers_back(rest: str) -> bool:
    """Whether some word refers to what was said before the question, and not within it."""
    return any(not _referred_within(rest, match) for match in (*_PRONOUN.finditer(rest), *_REST_OF.finditer(rest)))


def _referred_within(rest: str, match: re.Match[str]) -> bool:  # noqa: PLR0911  # one return a case
    """Whether a pronoun has in the question itself what it stands for, or stands for nothing."""
    word, before, after = match[0].lower(), rest[: match.start()], rest[match.end() :]
    if any(found.start() <= match.start() < found.end() for found in _EXPLETIVE.finditer(rest)):
        return True
    if word in ("this", "that", "these", "those") and (noun := re.match(r"\s+(?:\w+\s+)?([\w-]+)", after)):
        named = own_words(noun[0])
        if (
            word == "that"
            and own_words(before)
            and re.match(
                r"\s+(?:\w+(?:s|ed|n't)|[A-Z]\w* \w+s|is|are|we|i|you|they|the|a|an|can|will|has|have)\b", after
            )
        ):
            return True  # a relative clause: "the job that runs nightly"
        if named and set(named) & set(own_words(before)):
            return True
    if (
        word in ("one", "ones")
        and re.match(r"\s+(?:of\s+\w|(?!(?:per|for|in|on|at|with|from|each|to|that|which)\b)[a-z])", after)
        and not re.search(r"\b(?:the|that|this|which|new|other) $", before)
    ):
        return True  # a number: "one node"
    if word == "same" and not re.match(r"\s*(?:[?.!,]|$|(?:question|thing|way|for|in|on|here|there)\b)", after):
        return True
    if word == "there" and not re.match(r"\s*(?:[?.!,]|$)", after):
        return True
    if (
        word in ("its", "their", "theirs")
        and _content(before)
        and not re.search(rf"\b(?:{_AUXILIARY}) $", before, re.I)
    ):
        return True
    clauses = [*_CLAUSE.finditer(before)]
    bare = word in ("this", "that", "these", "those") or re.match(r"\s*(?:[?.!,]|$)", after)
    if clauses and bare and clauses[-1].end() == len(before) and clauses[-1][0].strip().lower() in _BEFORE_NOUNS:
        clauses = clauses[:-1]
    return bool(clauses) and bool(own_words(before[: clauses[-1].start()]))


def _content(text: str) -> list[str]:
    return [word for word in dict.fromkeys(tokenise(text).words) if word not in STOP_WORDS and len(word) > 1]


def own_words(text: str) -> list[str]:
    """The words of a text that say what it is about."""
    return [word for word in _content(text) if word not in VAGUE]


def names(text: str) -> list[re.Match[str]]:
    """Identifiers and proper names, the first word of a sentence aside."""
    return [match for match in _NAME.finditer(text) if match.start() > 0 or shape(match[0]) not in ("Name", "word")]


def shape(name: str) -> str:
    """Of what shape a name is: those of one shape may stand for each other."""
    if re.search(r"[._/-]", name) or (re.search(r"\d", name) and not name.isdecimal()):
        return "identifier"
    if name.isdecimal():
        return "number"
    if re.fullmatch(r"(?:[A-Z][a-z0-9]+){2,}", name):
        return "Camel"
    if name.isupper():
        return "ACRONYM"
    return "Name" if name[:1].isupper() else "word"
