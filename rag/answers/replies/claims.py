"""A model's reply, checked while it streams: `Transcript` takes its words and claims, and gives what may be shown.

Text is released by sentences; a citation mark comes behind a claim only when the quote was found in the catalog. What is
flagged is known at the end: claims whose citations can't be verified, statements without any, and particulars that what is
cited does not have. `rag.ask` feeds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.answers.extractive.units import FENCE
from rag.answers.replies.marks import Unmarked
from rag.answers.replies.particulars import missing
from rag.answers.replies.polarity import contradicted
from rag.answers.replies.sentences import advice, sentences, states
from rag.cite import Citer
from rag.ports import Claim
from rag.records import Citation, Flag

_BORDER = re.compile(r"\n|[.!?:;]['\")\]*_]*(?=\s)")
_FLAGS = 20  # of a kind; more say nothing more


@dataclass(frozen=True)
class _Checked:
    """A claim's place in the text, what its citations rest on (`quoted` of it), and whether it cited anything at all."""

    start: int
    end: int
    support: str
    cited: bool
    verified: bool
    quoted: str = ""


class Transcript:
    """One reply. `shown` is the text as it was released, with its marks."""

    def __init__(self, citer: Citer) -> None:
        self._citer = citer
        self._unmarked = Unmarked()
        self._raw = ""
        self._released = 0
        self._claimed = 0
        self._due = ""
        self._checked: list[_Checked] = []
        self.shown = ""

    @property
    def begun(self) -> bool:
        """Whether anything was said."""
        return bool(self._raw.strip())

    @property
    def verified(self) -> bool:
        """Whether any claim was."""
        return any(claim.verified for claim in self._checked)

    def text(self, piece: str) -> str:
        """Takes words; gives those that may be shown by now."""
        self._raw += piece
        pending = self._raw[self._released :]
        ends = [border.end() for border in _BORDER.finditer(pending) if _outside(pending[: border.end()])]
        return self._release(self._released + len(pending[: ends[-1]].rstrip())) if ends else ""

    def claim(self, claim: Claim) -> tuple[str, list[Citation]]:
        """Takes the end of a claim, which reaches back to the one before: what may be shown now, and citations that are new."""
        start, end = self._claimed, len(self._raw)
        self._claimed = end
        advised = any(first < end <= last for first, last in advice(self._raw))
        if not claim.spans or advised:  # advice is general knowledge: it bears nobody's mark
            self._checked.append(_Checked(start, end, "", False, False))
            return "", []
        before = len(self._citer.citations)
        verified = [(span[0], citation) for span in claim.spans if (citation := self._citer.cite(*span))]
        support = "\n".join(self._citer.shown(index) for index in dict.fromkeys(index for index, _ in verified))
        quoted = " ".join(dict.fromkeys(citation.quote for _, citation in verified))
        self._checked.append(_Checked(start, end, support, True, bool(verified), quoted))
        if not verified:
            return "", []
        self._due += "".join(f" [{number}]" for number in dict.fromkeys(c.number for _, c in verified))
        released = self._release(len(self._raw.rstrip()))
        return released, list(self._citer.citations[before:])

    def close(self) -> str:
        """The rest of the text; a block that was left open is closed, so that no mark stands in it."""
        rest = self._release(len(self._raw))
        if self._unmarked.fence:
            closing = f"\n{self._unmarked.fence}"
            self._unmarked.plain(closing, False)
            self.shown += closing
            rest += closing + self._marks()
        return rest

    def flags(self) -> list[Flag]:
        """What a reader should not take at face value, in the order of the text."""
        found = list(self._found())
        return [flag for at, flag in enumerate(found) if [f.kind for f in found[:at]].count(flag.kind) < _FLAGS]

    def _found(self) -> Iterator[Flag]:
        aside = advice(self._raw)
        for start, end in sentences(self._raw):
            sentence = self._raw[start:end]
            claims = [one for one in self._checked if self._overlaps(one, start, end)]
            if any(first <= start < last for first, last in aside):
                continue
            support = "\n".join(one.support for one in claims if one.verified)
            lacking = missing(sentence, support) if support else []
            if lacking:
                yield self._flag("particulars", sentence, f"not in what it cites: {', '.join(lacking)}")
            if support and (opposite := contradicted(sentence, " ".join(one.quoted for one in claims))):
                said, cited = opposite
                yield self._flag("particulars", sentence, f"it says {said}, and what it cites says {cited}")
            if any(one.cited and not one.verified for one in claims):
                yield self._flag("unverified", sentence, "what it cites is not in the documents as stored")
            elif not support and states(sentence):
                yield self._flag("uncited", sentence, "it cites no document")

    def _flag(self, kind: str, sentence: str, reason: str) -> Flag:
        """A flag whose words are as safe as the answer's."""
        plain = [Unmarked().plain(words, True) for words in (sentence, reason)]
        return Flag(kind, plain[0], plain[1])

    def _overlaps(self, claim: _Checked, start: int, end: int) -> bool:
        return bool(self._raw[max(start, claim.start) : min(end, claim.end)].strip(" \n\t.,;:!?*_-"))

    def _release(self, end: int) -> str:
        piece = self._raw[self._released : end]
        self._released = max(end, self._released)
        released = self._unmarked.plain(piece, not self.shown or self.shown.endswith("\n")) if piece else ""
        self.shown += released
        return released + self._marks()

    def _marks(self) -> str:
        """The marks that are due, behind the text so far; not within a fenced block, nor behind what closes one."""
        if not self._due or self._unmarked.fence:
            return ""
        closing = FENCE.match(self.shown.rsplit("\n", 1)[-1])
        marks, self._due = ("\n" + self._due.strip() if closing else self._due), ""
        self.shown += marks
        return marks


def _outside(text: str) -> bool:
    """Whether a text ends outside of a code span on its last line."""
    return text.rsplit("\n", 1)[-1].count("`") % 2 == 0
