"""A keyed reply, read while it streams: its text without the keys, and each sentence as a claim with the places its keys name.

Models put keys behind a sentence, in front of it, into table cells and code, or alone on a line; each goes to the sentence, list
item, row or block that it stands by. In doubt a sentence ends early: a claim may go uncited, but none is cited by another's key.
The claims' texts, joined, are the text. The adapters of `rag.models` call this; `rag.models.keyed` draws the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.models.keyed import Keys, Span
from rag.models.keyed_scanner import Scanner, Token
from rag.ports import Claim, ModelEvent

_ENDED = re.compile(r"[.!?…。][)\]\"'”’*_`]*$")
_SHORT_FORM = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|approx|ca|incl|resp)\.$", re.I)
_BEHIND_KEYS = (":", ",", "-", "–", "—")  # between keys in front and what they belong to
_STOPS = (".", "!", "?", ";")
_TAIL = 24  # characters of a claim that tell how it ends


class KeyedReply:
    """Turns the text of a reply into events of ours: give every piece to `feed`, and `end` it."""

    def __init__(self, keys: Keys) -> None:
        self._scanner = Scanner(keys)
        self._begun = False
        self._unsent = ""
        self._claim = ""
        self._spans: list[Span] = []
        self._gap = ""  # blanks, and a row's bars: they go with what follows, so that marks stand close to their claim
        self._waiting: tuple[Span, ...] = ()  # keys that may belong to what follows
        self._bare = True  # nothing but a marker on this line so far
        self._leading = False  # on this line keys stand in front
        self._keyed = False  # on this line are keys
        self._line = ""  # what this line is: heading, row, or the end of a block of code
        self._block = False  # the line before ended all that stood on it
        self._after_keys = False  # nothing visible since the last keys

    def feed(self, text: str) -> Iterator[ModelEvent]:
        """Text and claims that are certain by now. Raises: ModelError as `Scanner.feed` does."""
        yield from self._events(self._scanner.feed(text))

    def end(self) -> Iterator[ModelEvent]:
        """What was held back; keys that were cut off are left out."""
        yield from self._events(self._scanner.feed("", final=True))
        self._settle()
        yield from self._close()
        if bars := self._gap.rstrip() if self._begun else "":
            yield ModelEvent(text=bars)
            yield ModelEvent(claim=Claim(bars))

    def _events(self, tokens: Iterator[Token]) -> Iterator[ModelEvent]:
        for token in tokens:
            yield from self._take(token)
        if self._unsent:
            yield ModelEvent(text=self._unsent)
            self._unsent = ""

    def _take(self, token: Token) -> Iterator[ModelEvent]:
        if token.kind == "keys":
            self._take_keys(token)
        elif token.kind == "newline":
            self._end_line(token)
        elif token.kind == "bar":
            self._gap += token.text
        elif token.kind == "space":
            if not (self._keyed and self._begins_line()):
                self._gap += token.text
        else:
            yield from self._take_visible(token)

    def _take_keys(self, token: Token) -> None:
        if not (token.in_code and self._begins_line()):
            self._gap = self._gap.rstrip(" \t")
        in_front = self._bare or (self._leading and self._has_ended())
        if in_front and not token.in_code and self._line != "row":
            self._waiting += token.spans
        else:
            self._spans.extend(token.spans)
        self._after_keys = self._keyed = True

    def _begins_line(self) -> bool:
        before = self._gap.rstrip(" \t")
        return before.endswith("\n") or not (before or self._claim)

    def _end_line(self, token: Token) -> None:
        self._settle()
        if not (self._keyed and self._bare and self._gap.endswith("\n")):  # a line of keys alone leaves none behind
            self._gap += token.text
        self._block = not token.in_code and (self._block or bool(self._line) or self._after_keys)
        self._bare, self._leading, self._keyed, self._line = True, False, False, ""

    def _settle(self) -> None:
        """Keys that nothing follows on their line belong to what came before."""
        self._spans.extend(self._waiting)
        self._waiting = ()

    def _take_visible(self, token: Token) -> Iterator[ModelEvent]:
        if self._waiting and token.text in _BEHIND_KEYS:
            return
        if self._waiting and self._claim and token.text in _STOPS:
            self._settle()
            self._gap = ""
        if self._after_keys and not self._gap and self._claim and token.text[0].isalnum():
            self._gap = " "
        if self._waiting:
            if not self._bare or "\n" in self._gap:
                yield from self._close()
            self._settle()
            self._leading = True
        elif self._begins_claim(token):
            yield from self._close()
        if self._begun:
            self._claim += self._gap
            self._unsent += self._gap
        self._claim += token.text
        self._unsent += token.text
        self._gap, self._begun, self._block, self._after_keys = "", True, False, False
        self._line = self._line or _line_of(token)
        self._bare = token.kind == "marker" and self._line != "row"

    def _begins_claim(self, token: Token) -> bool:
        """Whether the sentence so far is whole and this begins another."""
        if not self._claim or token.in_code:
            return False
        if "\n" in self._gap:
            is_led_up_to = token.kind == "fence" and self._claim.endswith(":") and not self._spans
            return not is_led_up_to and (
                self._gap.count("\n") > 1 or self._block or token.kind != "text" or self._has_ended()
            )
        if not self._gap or self._bare or self._line == "row":
            return False
        return self._has_ended() or (self._after_keys and token.text[0].isupper())

    def _has_ended(self) -> bool:
        tail = self._claim[-_TAIL:]
        return bool(_ENDED.search(tail)) and not _SHORT_FORM.search(tail)

    def _close(self) -> Iterator[ModelEvent]:
        if self._unsent:
            yield ModelEvent(text=self._unsent)
            self._unsent = ""
        if self._claim:
            yield ModelEvent(claim=Claim(self._claim, tuple(dict.fromkeys(self._spans))))
            self._claim, self._spans = "", []


def _line_of(token: Token) -> str:
    if token.kind == "marker":
        return {"|": "row", "#": "heading"}.get(token.text[0], "")
    return "block" if token.kind == "fence" and token.in_code else ""
