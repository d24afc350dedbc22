"""A document that is held against code: what it states of a thing is wrong where code has comparable values and none is that one.
`rag.drift.contradictions` and `rag.drift.prose` read documents and ask it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rag.drift.facts import Fact, Facts
from rag.drift.records import Drift, Places
from rag.drift.typed import Typed, agrees
from rag.environments import CANONICAL
from rag.records import Document

_VERBS = frozenset(
    "test testing stage live preview demo manager".split()
)  # environments' names that are other words too


_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+")
_FENCE = re.compile(r"^\s*(```+|~~~+)")  # a line that opens or closes a fenced block
_TITLED = frozenset(CANONICAL) - _VERBS  # what a heading names an environment by


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

    def concerning(self, found: Sequence[Fact], line: int) -> Sequence[Fact]:
        """Those of some facts that a line of the document speaks of: in the code that is named last above it, or that the
        document stands beside, or of the environment of the heading above; all of them where nothing tells them apart."""
        if len({fact.path for fact in found}) < 2:
            return found
        folder = posixpath.dirname(self.document.path)
        beside = [
            fact
            for fact in found
            if folder and fact.symbol.source == self.document.source and fact.path.startswith(f"{folder}/")
        ]
        return self._in_code_named(found, line) or beside or self._of_headed(found, line) or found

    def _in_code_named(self, found: Sequence[Fact], line: int) -> list[Fact]:
        """Those that stand in the file or folder that is named last at this line or above it, of those that tell facts apart."""
        for at, path in reversed(self._paths):
            if at <= line:
                within = [fact for fact in found if _stands_in(fact.path, path)]
                if 0 < len(within) < len(found):
                    return within
        return []

    def _of_headed(self, found: Sequence[Fact], line: int) -> list[Fact]:
        named = [names for at, names in self._headed if at <= line][-1:] or [frozenset[str]()]
        return [fact for fact in found if any(fact.is_of(name) for name in named[0])]

    @cached_property
    def _paths(self) -> list[tuple[int, str]]:
        """(line, path) of files and folders that the document names."""
        lines = enumerate(self.document.text.split("\n"), 1)
        return [(number, path) for number, line in lines for path in _PATH.findall(line)]

    @cached_property
    def _headed(self) -> list[tuple[int, frozenset[str]]]:
        """(line, environments that its heading names), the title's first; a heading without any is of the one above it."""
        found = [(number, _environments_in(line)) for number, line in self.headings]
        return [(0, _environments_in(self.document.title)), *((number, names) for number, names in found if names)]

    @cached_property
    def headings(self) -> list[tuple[int, str]]:
        """(line, heading); what begins with `#` in a fenced block is a comment of code."""
        found, fence = [], ""
        for number, line in enumerate(self.document.text.split("\n"), 1):
            if mark := _FENCE.match(line):
                if not fence:
                    fence = mark[1]
                elif mark[1].startswith(fence):
                    fence = ""
            elif not fence and line.startswith("#"):
                found.append((number, line))
        return found

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
        if not environments:
            found = self.concerning(found, line)
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


def _environments_in(heading: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"[a-z0-9-]+", heading.lower()) if word in _TITLED)


def _stands_in(file: str, named: str) -> bool:
    """Whether a file is the one that is named, or stands below the folder that is; a link's address may lead up to it."""
    named = re.sub(r"^.*?/(?:blob|tree)/[^/]+/", "", named).rstrip("/.")
    return file == named or file.startswith(f"{named}/")


def _shown(fact: Fact) -> str:
    if isinstance(fact.value, bool):
        return str(fact.value).lower()
    return ", ".join(map(str, fact.value)) if isinstance(fact.value, list) else str(fact.value)


def _folders_of(found: Sequence[Fact]) -> frozenset[str]:
    """The names of the folders in which facts stand."""
    return frozenset(part for fact in found for part in fact.path.split("/")[:-1])
