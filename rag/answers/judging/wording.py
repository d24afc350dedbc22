"""The words of a question compared with those of a text: by their stems, one letter astray, and by what each says.

`judgement` and `extract` call this. The index's own words are those of `rag.indexes.tokens`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from rag.indexes.tokens import STOP_WORDS, content_words, tokenise
from rag.inflections import INFLECTIONS
from rag.records import ScoredPassage
from rag.shorthand import Forms

_LONG = 5  # letters of a stem from which on a word may differ by an ending or a letter
_ENDING = 4  # letters that a text's word may have more than the question's
_MOST = 6.0  # what a word is worth that stands nowhere else
EVERYDAY_WORTH = 0.4  # of what it would be worth for its rarity, for a word of plain talk
_WRITTEN = re.compile(r"[^\W_]+")


class Wording:
    """The words of a text, asked for those of a question; `forms` are what that says in another form (`rag.shorthand`)."""

    def __init__(self, text: str, forms: Forms = ()) -> None:
        said = [stem(word) for word in tokenise(text).words]
        self._stems = frozenset(said)
        self._line = _line(said)
        self._forms = forms
        self._known: dict[str, bool] = {}

    def holds(self, word: str) -> bool:
        """Whether the text has the word, another ending or form of it, or what it was meant to be."""
        if word not in self._known:
            self._known[word] = self._holds(word)
        return self._known[word]

    def _holds(self, word: str) -> bool:
        own = stem(word)
        if own in self._stems or any(word in said.split() and self._tells(form) for said, form in self._forms):
            return True
        if any(stem(form) in self._stems for form in INFLECTIONS.get(word, ())):
            return True
        if len(own) < _LONG or not word.isalpha():
            return False
        begins = own[: max(_LONG, len(own) - 2)]
        return any(
            (other.startswith(begins) and len(other) <= len(own) + _ENDING)
            or (other[:1] == own[:1] and near(own, other))
            for other in self._stems
        )

    def _tells(self, form: str) -> bool:
        return _line([stem(word) for word in form.split()]) in self._line

    def telling(self, word: str) -> bool:
        """Whether a reader would miss this word: it is no plain talk, and no bare number or letter."""
        return word not in EVERYDAY and len(word) > 2 and not word.isdigit()


def near(a: str, b: str) -> bool:
    """Whether two words are one slip apart: a letter too many, too few or wrong, or two that changed places."""
    if abs(len(a) - len(b)) > 1:
        return False
    start = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    a, b = a[start:], b[start:]
    end = next((at for at, (x, y) in enumerate(zip(a[::-1], b[::-1], strict=False)) if x != y), min(len(a), len(b)))
    a, b = a[: len(a) - end], b[: len(b) - end]
    return max(len(a), len(b)) <= 1 or (len(a) == len(b) == 2 and a == b[::-1])


def _line(stems: Sequence[str]) -> str:
    """Stems in their order, so that a phrase can be looked for; "databas" of "databases" is that of "database"."""
    return f" {' '.join(word.rstrip('e') for word in stems if word not in STOP_WORDS)} "


def stem(word: str) -> str:
    """A word without its commonest English endings, for comparing a question's words with a text's."""
    return re.sub(r"(?<=[a-z]{3})(?:ing|ed|es|s|ly)$", "", word)


def all_of(found: ScoredPassage) -> str:
    """All that a passage says, where it stands included."""
    return f"{found.document.title} {found.passage.heading} {found.document.path} {found.passage.text}"


def worth(word: str, rarity: float) -> float:
    """How much a word says: from the share of passages that lack it, 0.1 for a common one to 6 for one in next to none, and less
    for plain talk, which is rare in documents and says nothing all the same."""
    value = min(_MOST, max(0.1, -math.log(max(1.0 - rarity, 1e-9))))
    return value * (EVERYDAY_WORTH if word in EVERYDAY else 1.0)


def parts_alone(question: str) -> frozenset[str]:
    """The words that stand in a question as parts of one word alone, "yubi" and "key" of "YubiKey": that is asked for once, not
    three times."""
    written = [part for found in _WRITTEN.findall(question) if (part := tokenise(found).words)]
    whole = {words[0] for words in written}
    return frozenset(part for words in written for part in words[1:] if part not in whole)


def asked_words(question: str) -> list[str]:
    """The words of a question that say something, each word that has parts as itself alone."""
    twice = parts_alone(question)
    return [word for word in content_words(question) if word not in twice]


# Words of how people ask, not of what they ask for. Written down from English at large, not from any set of questions.
EVERYDAY = frozenset(
    """able absolutely action actual actually add added advice advise afternoon age ago ahead allow allowed alone along
    already alright although always amount answer anybody anyone anything anyway anywhere apart appear apply
    approach appropriate area arent around arrange arranged arrangement arrangements ask asked asks aspect attempt
    avoid aware away bad bases basically bear became become begin behind believe benefit best better big bigger bit
    both bother break briefly bring brought build call called calls came cant care careful carefully carry case
    catch cause certain chance change changed changes check choice choose circumstances clear close colleague
    colleagues come comes coming common compare complete completely concern consider correct correctly couldnt couple course
    cover current currently cut dark date day days deal decide deep definitely depend description desired detail
    details didnt different difficult directly doesnt dont double down early earth easiest easily easy effort either
    else empty end ends enough ensure entire especially essential even evening eventually ever every everybody
    everyone everything everywhere exact exactly except exist exists expect expected explain explanation extra fact
    fail fair fairly fall familiar far fast fed feel fell few figure figures fill final finally find fine finish fix
    folks follow forget fortnight forward found four full fully further general gets give gives gone good great
    group grow guess guidance guy guys half hand handle hang happen happened happening happens happy hard hasnt
    havent hear held hello help helpful here hers hey hint hints hold holds hour hours huge hundred idea ideas
    immediately important impossible include info information inside instead instruction instructions intend
    intended interested involve involved involves isnt issue job keep keeps kept kick kill kind knew know known
    knows lack large last late later latest lead learn least leave left less lets letting level likely line list
    little live longer look looked looking looks lose lost lot lots low made main mainly make makes making manage
    manner many matter may maybe mean means meant mention middle mind mine minute minutes miss missing moment money
    month months morning mostly move much name near nearly neither never new next nice night nobody none normal
    normally nothing notice number obvious occasionally occur occurs okay old ones open order ordinary others
    otherwise ourselves part particular past people perform performed perhaps person pick piece place plain plan
    please plenty point possible possibly prefer preferred present pretty previous previously prior probably problem
    procedure procedures process proper properly provide provided provides purpose purposes push put puts question
    questions quick quickly quiet quite raise ran rarely rather reach reached read ready real really reason recently
    recommend recommendation recommended refer regarding related relevant remain remember request require required
    requires result rid right ring rings role room rough roughly round rule run running runs said save saw say says
    second seconds see seem seems seen send sense sent separate serious set sets several shift short shortly
    shouldnt show shows shut side significant similar simple simplest simply since single sit sits situation size
    slow small solution solve somebody somehow someone something sometimes somewhat somewhere soon sorry sort sorts
    speak special stand standard start started starts stay step steps still stop stopped straight strange stuff
    sudden suddenly suggest suggested suggestion suitable supposed sure take taken takes talk team teams technically
    tend thank thanks thing things think third thought thousand three threw throw till time times tip tips today
    together told tomorrow tonight took top totally touch towards tricky tried tries trouble true try trying turn
    turned turns twice two type types typically understand unless unlike unsure useful usual usually various wait
    waiting walk wanted wanting wants warn wasnt way ways week weeks weird well went whatever whats whenever wheres
    wherever whichever whoever whole wide wise wish wonder wont word words work worked working works world worried
    worry worse worth wouldnt wrong year years yesterday yet""".split()
)
