"""A document that is held against code: what it states of a thing is wrong where code has comparable values and none is that one.
`rag.drift.contradictions` and `rag.drift.prose` read documents and ask it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.drift.facts import Fact, Facts
from rag.drift.records import Drift, Places
from rag.drift.typed import Typed, agrees
from rag.environments import CANONICAL
from rag.records import Document

_VERBS = frozenset(
    "test testing stage live preview demo manager".split()
)  # environments' names that are other words too


@dataclass(frozen=True)
class Held:
    """A document, what code says, and where both stand."""

    document: Document
    facts: Facts
    places: Places

    def environments(self, text: str) -> frozenset[str]:
        """The environments that a text names, by the folders and files of code, or by what else they are called ("prod")."""
        known = self.facts.environments
        usual = {CANONICAL[name] for name in known if name in CANONICAL}
        words = re.findall(r"[a-z0-9-]+", text.lower())
        return frozenset(
            word for word in words if word in known or (word not in _VERBS and CANONICAL.get(word, word) in usual)
        )

    def against(
        self,
        line: int,
        value: Typed,
        about: str,
        found: Sequence[Fact],
        environments: frozenset[str],
        confidence: float,
    ) -> Iterator[Drift]:
        """A report when code has comparable values of the thing and none of them is the stated one; without `about` it is called
        as the attribute is that it was compared with."""
        if environments:
            named = [fact for fact in found if any(fact.is_of(environment) for environment in environments)]
            found = named or [fact for fact in found if not any(fact.is_of(other) for other in _folders_of(found))]
        judged = [(fact, told) for fact in found if (told := agrees(value, fact.value, fact.attribute)) is not None]
        if judged and not any(told for _, told in judged):
            compared = [fact for fact, _ in judged]
            yield self.drift(line, value.text, about or ".".join(compared[0].names[-2:]), compared, confidence)

    def drift(self, line: int, stated: str, about: str, against: Sequence[Fact], confidence: float) -> Drift:
        fact = against[0]
        here, there = self.places.of(self.document, line), self.places.of_code(fact)
        return Drift("value", stated, _shown(fact), about, self.document.id, here, there, confidence)


def _shown(fact: Fact) -> str:
    if isinstance(fact.value, bool):
        return str(fact.value).lower()
    return ", ".join(map(str, fact.value)) if isinstance(fact.value, list) else str(fact.value)


def _folders_of(found: Sequence[Fact]) -> frozenset[str]:
    """The names of the folders in which facts stand."""
    return frozenset(part for fact in found for part in fact.path.split("/")[:-1])
