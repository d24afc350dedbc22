"""What was found, with what stands in the documents of one thing among several that the question names (`rag.namesakes`): its own
come first where they say as much of the question as anything else. `rag.ask` calls this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rag.answers.judging.wording import Wording, all_of, worth
from rag.indexes.tokens import content_words, tokenise
from rag.namesakes import bears
from rag.records import ScoredPassage

OWN_PASSAGES = 4  # of the documents of one name that are looked at
_FIRST = 2  # of them that may stand before all others
_AFTER = 3  # results behind which the others stand
_JUDGED = 5  # results among which the one is looked for that says most of the question


def with_own(
    question: str, found: Sequence[ScoredPassage], own: Mapping[str, Sequence[ScoredPassage]],
    rarity: Callable[[str], float],
) -> tuple[ScoredPassage, ...]:  # fmt: skip
    """The results, with those of `own` documents, by name, that say something of what is asked about it."""
    weights = {word: worth(word, rarity(word)) for word in content_words(question)}

    def share(one: ScoredPassage, apart: frozenset[str] = frozenset()) -> float:
        said = Wording(all_of(one))
        return sum(value for word, value in weights.items() if word not in apart and said.holds(word))

    most = max(
        (share(one) for one in found[:_JUDGED] if not any(bears(n, one.document.path) for n in own)), default=0.0
    )
    first: list[ScoredPassage] = []
    after: list[ScoredPassage] = []
    for name, passages in own.items():
        words = frozenset(tokenise(name).words)
        telling = [one for one in passages if share(one, words) > 0]
        best = [one for one in telling if share(one) >= most][:_FIRST]
        first += best
        after += [one for one in telling if one not in best][:_FIRST]
    taken = {one.passage.id for one in first}
    rest = [one for one in found if one.passage.id not in taken]
    known = taken | {one.passage.id for one in rest}
    added = [one for one in after if one.passage.id not in known]
    return (*first, *rest[:_AFTER], *added, *rest[_AFTER:])
