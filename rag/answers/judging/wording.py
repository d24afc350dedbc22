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
    """able absolutely abt action actual actually add added advice advise advised advises advising afaik afternoon
    afterwards again age ago ahead allow allowed allowing allows alone along already alright although always amount
    annoyed annoying answer answered anybody anymore anyone anything anyway anyways anywhere apart apparently appear
    apply approach appropriate area arent argh around arrange arranged arrangement arrangements arrive arrived
    arrives arriving asap ask asked asking asks aspect assume assumed assumes assuming attempt avoid avoided
    avoiding avoids aware away awesome awful bad badly barely bases basically bear became become began begin
    beginner beginning begins begun behind believe belong belonging belongs benefit best bet bets better big bigger
    biggest bit bits blame blamed bloke both bother bothered bothers brand break briefly brilliant bring bringing
    brings brought btw buddy build bunch busier call called calls came cant care cared careful carefully caring
    carried carries carry carrying case catch cause certain chance change changed changes chap cheaper cheapest
    check cheers choice choose choosing chunk circumstances cleaner cleanest clear clever close closer closest clue
    clues colleague colleagues come comes coming common comparison complain complained complaining complains
    compare complete completely concern cons consider considered considering consist consists constantly continually correct
    correctly cos couldnt couple course cover coz crazy current currently cut cuz dark date day days deal dealing
    dealt decent decide decided decides deciding deep deeper definitely deliberately depend depending depends
    describe described describes description deserve desired detail details didnt difference differences different
    difficult dig digging digs directly doesnt dont double down downside downsides dozen dozens dramatically
    drastically drawback drawbacks dude dug dumb dunno earlier earliest early earth easier easiest easily easy
    effectively efficiently effort either else empty end ended ending endlessly ends enormous enough ensure entire
    entirely equally especially essential even evening evenly eventually ever every everybody everyone everyones
    everything everytime everywhere evidently exact exactly except exist exists expect expected expecting expects
    explain explained explaining explains explanation extra extremely fact fail fair fairly fall falling falls
    familiar far fast faster fastest fed feel feeling feels fell fellow felt few fewer fewest figure figured figures
    figuring fill final finally find fine finish finished finishes finishing firstly fix folks follow forever forget
    forgetting forgot forgotten fortnight fortunately forward found four frankly freshly full fully fundamentally
    funny further fuss fyi general generally gently genuinely gets getting giant gimme gist give given gives giving
    glance goes going gone gonna good gotcha gotchas gotta gotten grab grabbed grabbing grabs gradually great
    greater greatest greatly group grow guess guessed guessing guidance guy guys half hand handful handle handy hang
    happen happened happening happens happy hard harder hardest hardly hasnt hassle hate hated hates havent headache
    heaps hear hearing heavier heavily held hello help helpful hence here heres hers hey high higher highest highly
    hint hints hiya hmm hold holding holds honestly hope hoped hopefully hopes hoping horrible hour hours however
    hows huge hundred hurry idea ideal ideally ideas idk iirc imagine imagined immediately imo important impossible
    include incredibly indeed info information initially insane inside instantly instead instruction instructions
    intend intended intends interested involve involved involves isnt issue job just keep keeping keeps kept kick
    kill kind kinda kindly knew know knowing known knows lack lads large largely larger largest last lastly late
    lately later latest lead leading learn learned learning learnt least leave leaving left lemme less lets letting
    level lighter lightly liked likely likes line list listen listening literally little live loads lol longer
    longest look looked looking looks loosely lose loses losing lost lot lots love loved lovely loves low lower
    lowest luck lying made main mainly make makes making manage manner many massive massively mate mates matter may
    maybe mean meaning means meant meanwhile mention mentioned mentioning mentions merely mess messed messing middle
    mind mine minute minutes miss missing mistakenly moan moaning moans moment money month months moreover morning
    mostly move moving much nag nagged nagging nags nah name namely nasty naturally near nearer nearest nearly neat
    need needed needing neither never nevertheless new newbie newcomer newer newest next nice nicely nicer night
    nightmare nobody nobodys none nope normal normally nothing notice noticed notices noticing nowadays number
    obvious obviously occasionally occur occurs odd oddly oh okay old older oldest omg ones oops open order ordinary
    originally others otherwise ours ourselves overly pain painful part partially particular partly past peek people
    perfectly perform performed perhaps permanently person personally pick piece pieces place plain plan play played
    playing plays please plenty pls plss plz point poke poked pokes poking possible possibly ppl practically
    precisely prefer preferred present presently presumably pretend pretty preventing previous previously primarily
    prior probably problem procedure procedures process promptly proper properly pros provide provided provides
    pulled pulling purely purpose purposes push put puts putting question questions quick quicker quickest quickly
    quiet quieter quite raise ran randomly rapidly rarely rather reach reached read readily ready real realise
    realised realistic realistically realize realized really reason reasonable recently recommend recommendation
    recommended recommending recommends refer regarding regardless regularly related relatively relevant remain
    remember repeatedly request require required requires respectively result rid right ring rings role room rough
    roughly round rule run running runs rush sadly safer safest said sake sat save saw say saying says scary scream
    screaming screams screw screwed second seconds see seem seemingly seems seen send sending sends sense sensible
    sent separate separately serious seriously set sets several severely sharply shift short shorter shortest
    shortly shouldnt shout shouting shouts show shows shut side significant significantly silly similar simple
    simpler simplest simply since single sit sits sitting situation size slightly slow slower slowest slowly small
    smaller smallest smart smarter smoothly solely solution solve somebody somehow someone someones someplace
    something sometime sometimes somewhat somewhen somewhere soon sooner soonest sorry sort sorta sorts sound
    sounded sounds speak speaking special specifically spoke spoken stand standard standing stands start started
    starts stay stayed staying stays steadily step steps still stop stopped straight strange strictly stronger
    strongly struggle struggled struggles struggling stuff stuffs stupid successfully sudden suddenly sufficiently
    suggest suggested suggesting suggestion suggests suitable super supposed supposedly sure surely
    surprisingly swiftly take taken takes taking talk talked talking talks taste teach team teams tear tearing tears
    technically telling tells temporarily tempting tend terrible terribly thank thanks thats theirs thereby
    therefore theres theyre theyve thing thingies things thingy think third thoroughly thought thousand three threw
    throw throwing throws thus thx tightly till time times tiny tip tips tmr tmrw today together told tomorrow tomoz
    ton tonight tons took top tore torn totally touch tougher towards trick trickier tricks tricky tried tries
    trouble true truly try trying turn turned turns twice two type types typical typically ugh ugly ultimately
    understand unexpectedly unfortunately uniquely unless unlike unsure upside upsides urgently useful usual usually
    vaguely various virtually wait waiting walk walking walks wanna wanted wanting wants warn wasnt watched watching
    way ways weaker week weeks weird well went weve whatever whatnot whats whatsoever whenever whens wheres wherever
    whichever whoever whole whos whose whys wide widely wildly wise wish wished wishing wonder wondered wondering
    wonders wont word words work worked working works world worried worry worse worst worth wouldnt wrong wrongly
    yeah year years yell yelling yells yep yesterday yet youre yours youve""".split()
)
