"""Follow-up questions, made to stand alone before anything is looked for: by rules, so that no model and no key is needed.

A question that says what it is about stays as it is. One that leans on what was asked before ("and in staging?", "why?", "how do
I undo it?", "where is that alert defined?") is given what it leans on: what it puts in the place of something is put there,
and otherwise the earlier question's words stand behind it in brackets. `rag.threads` and `waypost eval questions` call
`standalone`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.indexes.tokens import STOP_WORDS, tokenise
from rag.search import MAX_QUERY

_TOPIC = 300  # characters of an earlier question that are carried on
_FRAGMENT = 6  # words of a question that is none, but names something else: "and the thanos node group?"
_ALONE = 3  # words of its own from which a question without a reference stands alone

_ENVIRONMENTS = frozenset(
    "production prod live staging stage stg development dev test testing qa uat preprod pre-prod "
    "sandbox nonprod non-prod nonlive manager preview demo".split()
)
_OPENING = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|right|thanks?(?: you)?|thx|great|cool|good|perfect|fine|done|yes|yep|no|nice|hm+|ah|so|well|sorry)\b"
    r"(?=[\s,.!:;-])[\s,.!:;-]*)*"
    r"(?P<lead>(?:(?:and|but|or|also|then|now)\b[\s,:-]*)*)",
    re.I,
)
_INSTEAD = re.compile(
    r"^(?:what about|how about|what of|same (?:question |thing )?(?:for|in|on|with))\s+(?P<other>.+)$", re.I
)
_PLACED = re.compile(
    r"^(?P<where>in|on|for|at|with|from|under|within|to|using|without|after|before|by|until|during)\s+(?P<other>.+)$",
    re.I,
)
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
    r"\b(?:some|any|another|others?|none|both|either|neither)(?=\s+(?:from|in|on|for|to|at|of them)\b|\s*[?.!,;]|$)",
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
_LEAD = re.compile(
    r"^(?:(?:please|so|and|but|now|also|then|hi|hello|can you|could you|tell me|explain|i(?:'d| would) like to know)\b[\s,:]*)*"
    r"(?:how (?:do|does|can|should|would|could|did|is|are|was|were)|how (?:long|often|many|much|big|far|large)|"
    r"what(?:'s| is| are| was| were| does| do| did| would| happens?(?: when| if)?| else)?|"
    r"which|where(?:'s| is| are| was| do| does| can)?|when(?: is| are| was| do| does| did)?|who(?:'s| is| are| owns?| was)?|"
    r"why(?: is| are| was| were| do| does| did)?|is|are|was|were|does|do|did|can|could|should|may|must|has|have)\b"
    r"\s*(?:(?:i|we|you|one|someone|somebody|anyone|there)\b\s*)?",
    re.I,
)
_TAIL = re.compile(r"\s+(?:mean|do|happen|work|look at)(?: first| next| then)?$", re.I)
_VAGUE = frozenset(
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
    "long-term forever manually hand automatically quickly faster twice once never always sometimes old new current".split()
)
_NAME = re.compile(r"(?<![\w./-])(?:[A-Z][a-z]+(?:[A-Z]\w*)*|[A-Z]{2,}\w*|\w*[a-z\d]+(?:[._/-]\w+)+|\w*\d\w*)(?![\w/])")


def standalone(question: str, earlier: Sequence[str]) -> str:
    """The question so that it can be understood without the `earlier` ones (stand-alone themselves, oldest first)."""
    said = " ".join(question.split())
    if not earlier or not tokenise(said).words or _stands_alone(said):
        return question
    before = " ".join(earlier[-1].split())
    other = _other(said)
    if other and (put := _put_in_place(before, other.rstrip("?!. "))):
        return put
    topic = _topic(before)
    if not topic or MAX_QUERY - len(said) - 4 < len(topic):
        return question
    return f"{said.rstrip('?!. ')} ({topic})?"


def _opened(said: str) -> tuple[str, bool]:
    """A question without what opens it ("ok thanks, and"), and whether it goes on from something ("and")."""
    opening = _OPENING.match(said)
    return (said[opening.end() :], bool(opening["lead"])) if opening else (said, False)


def _other(said: str) -> str:
    """What a question wants to know the same of: of "what about X", "and X", "in X"; "" where it asks something of its own."""
    rest, goes_on = _opened(said)
    if instead := _INSTEAD.match(rest):
        return instead["other"]
    if placed := _PLACED.match(rest):
        return placed["other"]
    return rest if goes_on and len(rest.split()) <= _FRAGMENT and not _asks(rest) else ""


def _stands_alone(said: str) -> bool:
    """Whether a question says itself what it is about."""
    rest, goes_on = _opened(said)
    own = _own_words(rest)
    if _BARE.match(rest.strip()) or _INSTEAD.match(rest) or not own:
        return False
    if _refers_back(rest):
        return False
    if _COMPARED.search(rest) and len(own) <= _ALONE:
        return False
    if (
        _PLACED.match(rest)
        and (len(own) <= 1 or (len(own) <= _ALONE and not _asks(rest)))
        and not re.search("[,:]", rest)
    ):
        return False
    if goes_on and (not _asks(rest) or len(own) < _ALONE):
        return False
    return len(own) >= _ALONE or bool(_names(rest)) or not _definite(rest, own)


def _asks(rest: str) -> bool:
    return bool(re.search(rf"\b(how|what|which|where|when|who|why|{_AUXILIARY})\b", rest, re.I))


def _definite(rest: str, own: Sequence[str]) -> bool:
    """Whether it speaks of something as known ("the logs"), or is no sentence at all ("retention?")."""
    return bool(re.search(r"\bthe\b", rest, re.I)) or len(rest.split()) <= len(own) + 1


def _refers_back(rest: str) -> bool:
    """Whether some word refers to what was said before the question, and not within it."""
    return any(not _referred_within(rest, match) for match in (*_PRONOUN.finditer(rest), *_REST_OF.finditer(rest)))


def _referred_within(rest: str, match: re.Match[str]) -> bool:  # noqa: PLR0911  # one return a case
    """Whether a pronoun has in the question itself what it stands for, or stands for nothing."""
    word, before, after = match[0].lower(), rest[: match.start()], rest[match.end() :]
    if any(found.start() <= match.start() < found.end() for found in _EXPLETIVE.finditer(rest)):
        return True
    if word in ("this", "that", "these", "those") and (noun := re.match(r"\s+(?:\w+\s+)?([\w-]+)", after)):
        named = _own_words(noun[0])
        if (
            word == "that"
            and _own_words(before)
            and re.match(r"\s+(?:\w+(?:s|ed|n't)|is|are|we|i|you|they|the|a|an|can|will|has|have)\b", after)
        ):
            return True  # a relative clause: "the job that runs nightly"
        if named and set(named) & set(_own_words(before)):
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
    return bool(clauses) and bool(_own_words(before[: clauses[-1].start()]))


def _content(text: str) -> list[str]:
    return [word for word in dict.fromkeys(tokenise(text).words) if word not in STOP_WORDS and len(word) > 1]


def _own_words(text: str) -> list[str]:
    """The words of a text that say what it is about."""
    return [word for word in _content(text) if word not in _VAGUE]


def _names(text: str) -> list[re.Match[str]]:
    """Identifiers and proper names, the first word of a sentence aside."""
    return [match for match in _NAME.finditer(text) if match.start() > 0 or _shape(match[0]) not in ("Name", "word")]


# -- what is put in the place of something -----------------------------------------------------------------------------


def _put_in_place(before: str, other: str) -> str:
    """The earlier question about something else: its environment, or its one name of the same shape, replaced; "" where nothing
    in it is of that shape."""
    bare = re.sub(r"^(?:the|a|an|in|on|for|at|our)\s+", "", other, flags=re.I)
    environment = bare.split()[0].lower().strip(",") if bare.split() else ""
    if environment in _ENVIRONMENTS and len(bare.split()) <= 2:
        pattern = re.compile(rf"\b({'|'.join(sorted(map(re.escape, _ENVIRONMENTS), key=len, reverse=True))})\b", re.I)
        if pattern.search(before):
            return pattern.sub(bare.split()[0].strip(","), before)
        return f"{before.rstrip('?!. ')} in {bare}?"
    one = re.fullmatch(r"(?P<name>[\w./-]+)(?:'s)? ones?", bare)
    name = one["name"] if one else bare
    if len(name.split()) > 1:
        return _same_head(before, bare)
    alike = [match for match in _names(before) if _alike(match[0], name)]
    if len({match[0] for match in alike}) == 1:
        return re.sub(rf"(?<![\w/-]){re.escape(alike[0][0])}(?![\w/-])", lambda _: name, before)
    return ""


def _same_head(before: str, phrase: str) -> str:
    """ "the tracking database" → "the ledger database": the words before the same head replaced."""
    if any(word.lower() in STOP_WORDS for word in phrase.split()):
        return ""
    head = phrase.rsplit(maxsplit=1)[-1]
    found = re.search(rf"\b(?P<before>(?:[\w-]+ ){{1,3}}){re.escape(head)}\b", before, re.I)
    if not found:
        return ""
    words = found["before"].split()
    kept = [w for w in words if w.lower() in STOP_WORDS or w.lower() in ("the", "our", "a", "an")]
    first = words.index(kept[-1]) + 1 if kept else 0
    replaced = " ".join([*words[:first], *phrase.split()])
    return before[: found.start()] + replaced + before[found.end() :]


def _alike(name: str, other: str) -> bool:
    shape, wanted = _shape(name), _shape(other)
    return shape == wanted or {shape, wanted} <= {"Name", "word", "ACRONYM"}


def _shape(name: str) -> str:
    if re.search(r"[._/-]", name) or (re.search(r"\d", name) and not name.isdecimal()):
        return "identifier"
    if name.isdecimal():
        return "number"
    if re.fullmatch(r"(?:[A-Z][a-z0-9]+){2,}", name):
        return "Camel"
    if name.isupper():
        return "ACRONYM"
    return "Name" if name[:1].isupper() else "word"


# -- what is carried on ------------------------------------------------------------------------------------------------


def _topic(before: str) -> str:
    """What an earlier question is about: its last sentence that asks, with what it says before that, without how it asks."""
    bracketed = re.search(r"\(([^()]{3,})\)\?$", before)
    if bracketed:  # a follow-up itself: what it leant on, and its own words
        own = _LEAD.sub("", before[: bracketed.start()]).strip(" ?.!")
        lean = " ".join(word for word in own.split() if _own_words(word))
        return _cut(f"{bracketed[1]}, {lean}" if lean and lean not in bracketed[1] else bracketed[1])
    sentences = [part.strip() for part in re.split(r"(?<=[.?!])\s+", before) if part.strip()]
    return _cut(" ".join(filter(None, map(_told, sentences))).strip(" ?.!"))


def _told(sentence: str) -> str:
    """What a sentence says, without how it asks for it."""
    told = _TAIL.sub("", _LEAD.sub("", sentence).strip(" ?!"))
    return told if _own_words(told) else ""


def _cut(text: str) -> str:
    if len(text) <= _TOPIC:
        return text
    return text[:_TOPIC].rsplit(" ", 1)[0]
