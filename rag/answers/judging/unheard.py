"""A name in a question that nothing has: of a cluster, a customer, an environment that no document and no code speaks of.

"Which machine type does acme-hub use?" finds what others use, every word but one. That is none of acme-hub's, and it is said
first that nothing is known of it. `rag.ask` calls this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.answers.judging.passing import QUOTED
from rag.answers.judging.wording import EVERYDAY
from rag.indexes.tokens import STOP_WORDS
from rag.namesakes import WRITTEN, Namesakes, bears, is_marked
from rag.records import ScoredPassage
from rag.terraform.standings import plain

_TASK = re.compile(r"\bhow (?:do|can|could|should|would|to|does one|might)\b|\b(?:what|which) steps\b", re.I)
_OF = re.compile(
    r"(?:\b(?:in|on|of|for|at|than|does|do|is|has|have|and|or|versus|vs|compare)\s+(?:(?:the|our)\s+)?)$", re.I
)
_END = re.compile(
    r"^(?:['’]s)?\s*(?:$|[?.!,;]|\s(?:and|or|have|has|use|uses|run|runs|need|needs|get|gets|cost|costs|on|at|in)\b)",
    re.I,
)
_THE_KIND = re.compile(
    r"^(?:['’]s)?\s+(?:cluster|environment|env|account|workspace|hub|site|tenant|customer|stack)\b", re.I
)
_KIND_OF = re.compile(
    r"\b(?:cluster|environment|env|account|workspace|hub|site|tenant|customer|stack)(?:\s+(?:called|named))?\s+$", re.I
)
_INDEFINITE = re.compile(r"\b(?:an?|any|some|each|every|no|another)\s+$", re.I)
_PART = re.compile(r"[^\W_]+")
_VERSION = re.compile(r"v?\d+(?:-\d+)*[a-z]?|[a-z]{1,2}\d+\w*", re.I)  # 1-34, v2, m5, t3a: of a size or a version


def possible_names(question: str) -> Iterator[str]:
    """What a question has that can only be the name of one thing among several, if it is anything that the documents know: joined
    or with digits where one is spoken of, a plain word only right beside the kind of thing. None where the question is how to do
    something: there a name is a circumstance."""
    said = QUOTED.sub(lambda quoted: " " * len(quoted[0]), question)
    if _TASK.search(said):
        return
    for match in WRITTEN.finditer(said):
        before, behind = said[: match.start()], said[match.end() :]
        parts = plain(match[0]).split("-")
        if _INDEFINITE.search(before) or _VERSION.fullmatch(match[0]) or any(p in STOP_WORDS | EVERYDAY for p in parts):
            continue
        named = bool(_OF.search(before) and _THE_KIND.match(behind)) or bool(
            _KIND_OF.search(before) and _END.match(behind)
        )
        if len(match[0]) > 3 and (named or (is_marked(match[0]) and _OF.search(before) and _END.match(behind))):
            yield match[0]


@dataclass(frozen=True)
class Unheard:
    """A name that nothing has, and those that may have been meant."""

    name: str
    meant: str = ""
    like: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What is said of it."""
        said = f"Nothing is known of {self.name}: no document and no code has the name"
        if self.meant:
            return f"{said}; did you mean {self.meant}?"
        return f"{said}; names like it: {', '.join(self.like)}." if self.like else f"{said}."


def unheard(
    question: str, holds: Callable[[str], bool], spelt: Callable[[str], str], namesakes: Namesakes
) -> tuple[Unheard, ...]:  # fmt: skip
    """The names in a question that nothing has which `holds` looks at: what the viewer may read. A plain word that `spelt` gives
    otherwise is a slip, which a search knows by itself."""
    names = [name for name in dict.fromkeys(possible_names(question)) if not holds(name)]
    meant = {name: _PART.sub(lambda part: spelt(part[0].lower()), name) for name in names}
    return tuple(
        Unheard(name, namesakes.meant(name) or (meant[name] if holds(meant[name]) else ""), namesakes.like(name))
        for name in names
        if is_marked(name) or meant[name] == name.lower()
    )


def of_nobody(evidence: Sequence[ScoredPassage], namesakes: Namesakes) -> tuple[ScoredPassage, ...]:
    """The evidence without what stands in documents that bear the name of one among several: none is what was asked for."""
    return tuple(
        one for one in evidence if not any(bears(name, one.document.path) for name in namesakes.names.values())
    )
