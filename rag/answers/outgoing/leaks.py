"""Long verbatim runs of the system prompt, found in what a model writes, so that they don't leave.

Whatever case, white space and punctuation; also in rot13, backwards, or in base64. Paraphrases and translations are not found.
`outlet` asks this for each piece of an answer.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

RUN = 8  # words in a row that are withheld
_HELD = 3  # words that may be the beginning of such a run: what holds them waits for the next
_WORD = re.compile(r"[^\W_]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
WITHHELD = "[withheld]"


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))


class Instructions:
    """The system prompt, as what is looked for."""

    def __init__(self, system: str) -> None:
        plain = _words(system)
        turned = _words(system[::-1])
        spellings = (plain, plain[::-1], turned, _words(codecs.encode(system, "rot13")))
        self.runs = frozenset(run for words in spellings for run in _runs(words))
        self.begun = frozenset(run[:length] for run in self.runs for length in range(_HELD, RUN))

    def among(self, texts: Iterable[str]) -> frozenset[tuple[str, ...]]:
        """The runs that stand in these texts too: they may be quoted."""
        return frozenset(run for text in texts if self.runs for run in _runs(_words(text)) if run in self.runs)


@dataclass
class _Held:
    shown: str
    end: int  # the number of the last word, from the answer's beginning
    leaks: bool = False


class Guard:
    """Withholds, in one answer, what has a part in a run of the instructions; runs that the evidence has are `allowed`."""

    def __init__(self, instructions: Instructions, allowed: frozenset[tuple[str, ...]] = frozenset()) -> None:
        self._instructions = instructions
        self._allowed = allowed
        self._last: list[str] = []
        self._count = 0
        self._held: list[_Held] = []
        self.withheld = False

    def piece(self, said: str, mark: str, shown: str) -> str:
        """What may leave by now; `said` is the piece before it was made harmless, `mark` a line that must leave."""
        if not self._instructions.runs:
            return mark + shown
        if mark:
            self._held.append(_Held(mark, -1))
        if shown:
            one = _Held(shown, self._count, self._encoded(said))
            self._held.append(one)
            for word in _words(said):
                self._count += 1
                one.end = self._count
                self._last = [*self._last[-RUN + 1 :], word]
                self._found()
        waiting = next(
            (n for n in range(RUN - 1, _HELD - 1, -1) if tuple(self._last[-n:]) in self._instructions.begun), 0
        )
        return self._released(self._count - waiting)

    def end(self) -> str:
        return self._released(self._count)

    def _found(self) -> None:
        run = tuple(self._last)
        if run not in self._instructions.runs or run in self._allowed:
            return
        for one in self._held:
            one.leaks = one.leaks or one.end > self._count - RUN

    def _encoded(self, text: str) -> bool:
        for match in _BASE64.finditer(text):
            try:
                decoded = base64.b64decode(match[0].rstrip("=").translate({45: 43, 95: 47}) + "===").decode(
                    "utf-8", "replace"
                )
            except (binascii.Error, ValueError):
                continue
            if any(run in self._instructions.runs and run not in self._allowed for run in _runs(_words(decoded))):
                return True
        return False

    def _released(self, until: int) -> str:
        told = []
        while self._held and self._held[0].end <= until:
            one = self._held.pop(0)
            if one.leaks:
                newline = "\n" if one.shown.endswith("\n") else " "
                told.append(newline if self.withheld else WITHHELD + newline)
            else:
                told.append(one.shown)
            self.withheld = self.withheld or one.leaks
        return "".join(told)
