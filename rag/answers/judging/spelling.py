"""Why a question may have been refused though pages on it are near: it is misspelt, or in another language than they are.

`rag.ask` says what `misread` gives beside a refusal. What is answered is told nothing of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from rag.answers.judging.wording import all_of, near, stem
from rag.indexes.tokens import STOP_WORDS, content_words, tokenise
from rag.records import ScoredPassage

ENGLISH = "Waypost reads questions in English: ask it in English."
_SHORTEST = 4  # letters of a word that may be a slip
_LONG = 6  # letters from which on a wrong letter is one, and not two that changed places alone
_ENDING = 2  # letters of one
_TELLING = 2  # words of a language that tell it
_LETTER = re.compile(r"[^\W\d_]+")
# Small words of languages of our users' wikis that English has not.
_SMALL = tuple(
    frozenset(words.split()) - STOP_WORDS
    for words in (
        "wie wo wer welche welcher welches welchen wann warum wird werden wurde ist sind ein eine einen einer der das dem "
        "des nicht für mit auf aus über und oder ich wir unsere unser kann muss gibt im zum zur vom nach",
        "où quel quelle quels quelles quand pourquoi est sont le les une du et je nous dans pour avec pas puis qui "
        "que au aux un en",
        "cómo qué cuál cuándo dónde para el los las una del puedo está son nuestro nuestra y un en",
        "qual quando onde para com os uma da dos das não são nosso nossa em um",
        "quale quando dove perché il gli una di della dei per sono posso nostro un",
        "hoe waar welke wanneer waarom het een niet voor met onze wordt kan ik en",
    )
)


def misread(question: str, passages: Sequence[ScoredPassage]) -> str:
    """What may be wrong with a question that was refused, in a sentence; "" where nothing is."""
    text = "\n".join(map(all_of, passages))
    if _is_foreign(question):
        return "" if _is_foreign(text) else ENGLISH
    words, said = content_words(question), Counter(tokenise(text).words)
    meant = [_meant(word, said) for word in words]
    slips = sum(word != other for word, other in zip(words, meant, strict=True))
    return f'Did you mean "{" ".join(meant)}"?' if slips and 2 * slips >= len(words) else ""


def _is_foreign(text: str) -> bool:
    """Whether a text is surely in no English: by its script, or by the small words of one language."""
    words = {word.lower() for word in _LETTER.findall(text)}
    letters = "".join(words)
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    told = max(len(words & small) for small in _SMALL)
    return 2 * latin < len(letters) or (told >= _TELLING and told > len(words & STOP_WORDS))


def _meant(word: str, said: Counter[str]) -> str:
    """The text's word that is one slip away from a word that it lacks, the commonest; else the word itself."""
    if len(word) < _SHORTEST or not word.isalpha() or any(_is_form(word, other) for other in said):
        return word
    return max(_slips(word, said), key=lambda other: said[other], default=word)


def _is_form(word: str, other: str) -> bool:
    """Whether it is the same word, perhaps with another ending."""
    shorter, longer = sorted((word, other), key=len)
    return stem(word) == stem(other) or (longer.startswith(shorter) and len(longer) - len(shorter) <= _ENDING)


def _slips(word: str, said: Iterable[str]) -> Iterable[str]:
    """Words that begin as this one and are one slip away; of a short word those alone in which letters changed places."""
    for other in said:
        moved = sorted(other) == sorted(word)
        if other[0] == word[0] and len(other) >= _SHORTEST and (moved or len(word) >= _LONG) and near(word, other):
            yield other
