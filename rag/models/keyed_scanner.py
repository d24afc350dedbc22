"""Cuts a keyed reply into tokens while it comes, and holds back what may yet become a key.

Keys are read in any brackets, in none, in bold, in code, as links, several together and in ranges. What a model thinks aloud
(<think>…</think>) is left out. `rag.models.keyed_reply` makes sentences of the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rag.errors import ModelError
from rag.models.keyed import KEY, LETTERS, SHAPE, SIGNS, Keys, Span

_OPENING, _CLOSING = r"[(\[{<⟦【〚«]", r"[)\]}>⟧】〛»]"
_FILLERS = ("see", "source", "sources", "ref", "refs", "key", "keys", "cite", "cf", "and", "to")
_AROUND = re.compile(r"(?:`|\*\*?|_)?")
_ITEM = rf"(?<![A-Za-z0-9]){SHAPE}(?![A-Za-z0-9])"
_WITHIN = r"(?:[ \t,;:/&+|^#.…–—-]|\band\b|\bto\b)*"
_ITEMS = rf"{_ITEM}(?:{_WITHIN}{_ITEM})*"
_NAMED = r"(?:see|sources?|refs?|keys?|cite|cf)[:.]?[ \t]*"
_LINKED = r"(?:\((?=[^()\s]*[:/#])[^()\s]{0,300}\))?"  # of a key that a model made a link of
_BRACKETED = re.compile(
    rf"(?P<open>{_OPENING}{{1,3}})[ \t]?(?:{_NAMED}{_OPENING}{{0,2}})?{_WITHIN}{_ITEMS}[ \t]*{_CLOSING}{{1,3}}{_LINKED}",
    re.I,
)
_WHITE = re.compile(r"⟦[^⟦⟧\n]{0,60}⟧")
_BARE = re.compile(_ITEM, re.I)
_UNCLOSED = re.compile(rf"⟦[ \t]*{_ITEMS}", re.I)
_JOIN = re.compile(r"[ \t]*(?:[,;&+…–—-]|\.\.\.?|and\b|to\b)?[ \t]*", re.I)  # from one to the next
_LINK = re.compile(r"\([^()\s]*[:/#][^()\s]*\)")
_BEGUN = re.compile(rf"(?:`|\*\*?|_)?{_OPENING}{{1,3}}[ \t]?|`|\*\*?|_")
_PARTIAL = re.compile(rf"[{LETTERS}][{SIGNS}]{{0,4}}", re.I)
_JOIN_BEGUN = re.compile(r"[ \t]*(?:[,;&+…–—-]|\.{1,3}|an?d?|to?)?[ \t]*", re.I)
_LINK_BEGUN = re.compile(r"\([^()\s]{0,300}")
_LONGEST = 64  # characters that are held back

_REASONING = re.compile(r"<(/?)(think|thinking|thought|reasoning)>", re.I)
_TAGS = tuple(f"<{slash}{name}>" for slash in ("", "/") for name in ("think", "thinking", "thought", "reasoning"))
_FENCE = re.compile(r"`{3,}|~{3,}")
_MARKER = re.compile(r"(?:[-*+•]|\d{1,3}[.)]|#{1,6}|>)(?=[ \t\n])|\|")
_MARKER_BEGUN = re.compile(r"`+|~+|#+|[-*+•>]|\d{1,3}[.)]?")
_BLANKS = re.compile(r"[^\S\n]+")
_TICKS = re.compile("`+")
_WORD = re.compile(r"[A-Za-z0-9]+|\S")


@dataclass(frozen=True)
class Token:
    """`kind`: text, space, newline, marker (of a list, heading, row), bar (between a row's cells), fence, keys."""

    kind: str
    text: str = ""
    spans: tuple[Span, ...] = ()
    in_code: bool = False


_Found = tuple[Token | None, int]  # and how far it reaches; what gives no token is left out
_WAIT: _Found = (None, -1)  # more must come first


class Scanner:
    """The tokens of one reply."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._buffer = ""
        self._before = ""  # what stood before it
        self._thinking = ""  # the tag that must be closed
        self._fence = ""
        self._ticks = ""  # what an inline code span began with
        self._fresh = True  # nothing but blanks and markers on this line so far
        self._row = False
        self._rules: tuple[Callable[[int, bool], _Found | None], ...] = (
            self._thought, self._group, self._blank, self._mark, self._visible,
        )  # fmt: skip

    def feed(self, text: str, *, final: bool = False) -> Iterator[Token]:
        """The tokens that are certain by now. Raises: ModelError where thoughts can't be told from the answer."""
        self._buffer += text
        at = 0
        while at < len(self._buffer):
            token, end = next(found for rule in self._rules if (found := rule(at, final)))
            if end < 0:
                break
            at = end
            if token:
                yield token
        self._before = self._buffer[at - 1] if at else self._before
        self._buffer = self._buffer[at:]

    @property
    def _in_code(self) -> bool:
        return bool(self._fence or self._ticks)

    def _thought(self, at: int, final: bool) -> _Found | None:
        if self._thinking:
            ending = re.compile(f"</{self._thinking}>", re.I).search(self._buffer, at)
            if ending:
                self._thinking = ""
                return None, ending.end()
            self._buffer = self._buffer[:at] + self._buffer[max(at, len(self._buffer) - len("</reasoning>")) :]
            return (None, len(self._buffer)) if final else _WAIT
        if self._buffer[at] != "<" or self._in_code:
            return None
        tag = _REASONING.match(self._buffer, at)
        if tag and tag[1]:
            raise ModelError(
                "the model's thoughts stand in its answer; have its server keep them apart (a reasoning parser)"
            )
        if tag:
            self._thinking = tag[2]
            return None, tag.end()
        rest = self._buffer[at:].lower()
        return _WAIT if not final and any(known.startswith(rest) for known in _TAGS) else None

    def _group(self, at: int, final: bool) -> _Found | None:
        """Keys; in round brackets, in code and without brackets only such as were given."""
        if named := self._named(at):
            return self._keys_until(*named, final)
        rest = self._buffer[at : at + _LONGEST]
        if at + len(rest) == len(self._buffer) and self._may_become_keys(at, rest):
            if not final:
                return _WAIT
            if self._is_cut_off(rest):
                return None, len(self._buffer)
        if unclosed := _UNCLOSED.match(self._buffer, at):
            return self._keys_until(unclosed.end(), unclosed[0], final)
        return (None, at + 1) if rest[0] in "⟦⟧" else None

    def _named(self, at: int) -> tuple[int, str] | None:
        """Where keys end that begin here, in bold or code or neither, and what names them."""
        around = _AROUND.match(self._buffer, at)
        dressing = around[0] if around else ""
        end = self._one(at + len(dressing))
        while end and (join := _JOIN.match(self._buffer, end)) and (further := self._one(join.end())):
            end = further
        if not end or not self._buffer.startswith(dressing, end):
            return None
        return end + len(dressing), _LINK.sub("", self._buffer[at:end])

    def _one(self, at: int) -> int:
        """Where keys within one pair of brackets end, or a bare one; 0 where none begin here."""
        found = _BRACKETED.match(self._buffer, at)
        if found and self._is_meant(found):
            return found.end()
        if white := _WHITE.match(self._buffer, at):
            return white.end()
        bare = _BARE.match(self._buffer, at)
        return bare.end() if bare and self._begins_word(at) and bare[0] in self._keys else 0

    def _begins_word(self, at: int) -> bool:
        return not (self._buffer[at - 1] if at else self._before).isalnum()

    def _is_meant(self, found: re.Match[str]) -> bool:
        opening = set(found["open"])
        sure = "⟦" in opening or (opening & set("[【〚") and not self._in_code)
        return bool(sure) or all(item in self._keys for item in KEY.findall(_LINK.sub("", found[0])))

    def _keys_until(self, end: int, named: str, final: bool) -> _Found:
        if not final and self._may_go_on(end):
            return _WAIT
        return Token("keys", spans=self._keys.spans(named), in_code=self._in_code), end

    def _may_go_on(self, end: int) -> bool:
        """Whether what came behind keys may be the beginning of more that belong to them."""
        if _LINK_BEGUN.fullmatch(self._buffer, end):
            return True
        join = _JOIN_BEGUN.match(self._buffer, end)
        at = join.end() if join else end
        rest = self._buffer[at : at + _LONGEST]
        return at + len(rest) == len(self._buffer) and (not rest or self._may_become_keys(at, rest))

    def _may_become_keys(self, at: int, rest: str) -> bool:
        """Whether all that came so far may be the beginning of keys."""
        if "\n" in rest:
            return False
        if rest[0] == "⟦":
            return "⟧" not in rest
        if rest.isalnum():
            return self._begins_word(at) and self._keys.begin_with(rest)
        begun = _BEGUN.match(rest)
        if not begun or len(rest) > _LONGEST:
            return False
        *whole, last = re.split(r"[^A-Za-z0-9]+", rest[begun.end() :])
        return all(KEY.fullmatch(word) or word.lower() in _FILLERS for word in whole if word) and bool(
            not last or _PARTIAL.fullmatch(last) or any(filler.startswith(last.lower()) for filler in _FILLERS)
        )

    def _is_cut_off(self, rest: str) -> bool:
        """Whether a reply that ends with this ends within a key. Of a bare one too little is left to tell it from a word."""
        begun = re.search(r"[A-Za-z0-9]+$", rest)
        least = 4 if rest.isalnum() else 1
        return bool(re.fullmatch(r"⟦\W*\w*", rest)) or bool(
            begun and len(begun[0]) >= least and self._keys.begin_with(begun[0])
        )

    def _blank(self, at: int, final: bool) -> _Found | None:
        if self._buffer[at] == "\n":
            self._fresh, self._row, self._ticks = True, False, ""
            return Token("newline", "\n", in_code=bool(self._fence)), at + 1
        blanks = _BLANKS.match(self._buffer, at)
        return (Token("space", blanks[0], in_code=self._in_code), blanks.end()) if blanks else None

    def _mark(self, at: int, final: bool) -> _Found | None:
        """Fences and, outside of them, what a line of a list, a heading or a row of a table begins with."""
        if not self._fresh:
            return None
        if not final and _MARKER_BEGUN.fullmatch(self._buffer, at):
            return _WAIT
        fence = _FENCE.match(self._buffer, at)
        if fence and (not self._fence or fence[0].startswith(self._fence)):
            token = Token("fence", fence[0], in_code=bool(self._fence))
            self._fence = "" if self._fence else fence[0]
            self._fresh = False
            return token, fence.end()
        marker = None if self._fence else _MARKER.match(self._buffer, at)
        if not marker:
            return None
        self._row = marker[0] == "|"
        self._fresh = not self._row
        return Token("marker", marker[0]), marker.end()

    def _visible(self, at: int, final: bool) -> _Found | None:
        self._fresh = False
        if self._row and self._buffer[at] == "|" and not self._in_code:
            return Token("bar", "|"), at + 1
        ticks = None if self._fence else _TICKS.match(self._buffer, at)
        if ticks:
            if not final and ticks.end() == len(self._buffer):
                return _WAIT
            inside = bool(self._ticks)
            if self._ticks in ("", ticks[0]):
                self._ticks = "" if inside else ticks[0]
            return Token("text", ticks[0], in_code=inside), ticks.end()
        word = _WORD.match(self._buffer, at)
        assert word
        return Token("text", word[0], in_code=self._in_code), word.end()
