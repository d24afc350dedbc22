"""What stands in the documents of one thing among several that the question names (`rag.namesakes`): added to what was found, and
first where it sets just what is asked, by a key of the question's words. `rag.ask` calls this.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from rag.answers.judging.wording import EVERYDAY, Wording
from rag.indexes.tokens import content_words
from rag.namesakes import KINDS, bears
from rag.records import ScoredPassage

OWN_PASSAGES = 8  # of the documents of one name that are looked at
_FIRST = 2  # of them that may stand before all others
_AFTER = 3  # results behind which others of them stand
_SETTING = re.compile(r"^[ \t]*(?:- )?[\"']?([A-Za-z][\w-]*)[\"']?[ \t]*[:=]+[ \t]*([^\s]?)", re.M)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SAYS_NOTHING = re.compile(rf"name|enabled?|default|value|id|key|kind|type|{KINDS}")  # of a key of one word


class Owned:
    """The names that a question has of things among several, `others` of the same kind, and what it asks about them."""

    def __init__(self, question: str, names: Sequence[str] = (), others: Collection[str] = ()) -> None:
        self.names = tuple(names)
        self._others = others
        for name in names:
            question = re.sub(re.escape(name), " ", question, flags=re.I)
        self._asked = Wording(question)
        self._words = [word for word in content_words(question) if word not in EVERYDAY]

    def sets(self, path: str, text: str) -> int:
        """How many words of the question the key of a setting has that stands in a document of the one that is named, at most; 0
        where none is called so."""
        if not any(bears(name, path) for name in self.names):
            return 0
        return max((self._said(key, value) for key, value in _SETTING.findall(text)), default=0)

    def _said(self, key: str, value: str) -> int:
        """How many words of a key are the question's; 0 where they are not all but one, nor two."""
        words = [part.lower() for part in _PARTS.findall(key)]
        said = sum(map(self._asked.holds, words))
        if len(words) == 1:
            return said if value not in ("", "{", "[", "(") and not _SAYS_NOTHING.fullmatch(words[0]) else 0
        return said if said > 1 and said >= len(words) - 1 else 0

    def is_anothers(self, path: str) -> bool:
        """Whether a document bears the name of another of the same kind, and none that is named."""
        return any(bears(name, path) for name in self._others) and not any(bears(name, path) for name in self.names)

    def tells(self, one: ScoredPassage) -> bool:
        """Whether a passage says anything of what is asked about the one that is named."""
        said = Wording(f"{one.passage.heading} {one.passage.text}")
        return any(map(said.holds, self._words))


def with_own(
    asked: Owned, found: Sequence[ScoredPassage], own: Mapping[str, Sequence[ScoredPassage]]
) -> tuple[ScoredPassage, ...]:  # fmt: skip
    """The results, with what stands in the documents of what is named, by name: what sets the thing that is asked for first, and
    what says something of it behind the first results."""
    first: list[ScoredPassage] = []
    after: list[ScoredPassage] = []
    for name, looked in own.items():
        passages = [one for one in looked if bears(name, one.document.path)]
        sets = {one.passage.id: asked.sets(one.document.path, one.passage.text) for one in passages}
        first += sorted(filter(lambda one: sets[one.passage.id], passages), key=lambda one: -sets[one.passage.id])[
            :_FIRST
        ]
        after += [one for one in passages if asked.tells(one)][:_FIRST]
    taken = {one.passage.id for one in first}
    rest = [one for one in found if one.passage.id not in taken]
    if first:  # what is asked for is told: what another has is no answer
        rest = [one for one in rest if not asked.is_anothers(one.document.path)]
    known = taken | {one.passage.id for one in rest}
    added = [one for one in after if one.passage.id not in known]
    return (*first, *rest[:_AFTER], *added, *rest[_AFTER:])
