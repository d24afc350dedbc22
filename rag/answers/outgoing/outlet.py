"""What leaves in an answer: text that loads nothing and links nowhere, without credentials and without the system prompt.

`rag.ask` writes to it what a model, or a document, says, and shows what comes back. It works in pieces, the sentences and lines
of the text, so that a stream cut anywhere gives what the whole gives (docs/decisions/0033-what-leaves-an-answer.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from rag.answers.outgoing.destructive import destructive
from rag.answers.outgoing.leaks import Guard, Instructions
from rag.answers.outgoing.links import Links
from rag.answers.outgoing.markup import Markup
from rag.answers.outgoing.suspicion import Suspicion, suspicions
from rag.ports import Lookup
from rag.records import Answer, Flag, ScoredPassage
from rag.steering import STEERING

Redact = Callable[[str], str]
_LONGEST = 4000  # characters that are held back at most before they are cut
_REASON = 500  # characters of why an answer is degraded
_CONTEXT = 8  # lines above that a credential may be known by
_SENTENCE = re.compile(r"[.!?][\"')\]*_]* +(?=\S)")
# What Markdown and HTML are made of; brackets stay round an IPv6 address.
_MARKED = re.compile(r"[<>`*|]+|\[(?![0-9a-fA-F:]+\])|(?<![0-9a-fA-F:])\]")
# Keys that servers of models echo: no part of an address, with a digit or with more letters in a row than a name's words have;
# and whatever stands behind the words that announce one.
_API_KEY = re.compile(
    r"(?<![\w/.@-])(?:(?:sk|pk|rk|gsk|hf|xai)[-_](?=[\w-]*\d|[\w-]*[A-Za-z]{16})[\w-]{8,}"
    r"|(?:sk|gsk|xai)[-_](?=[\w-]*[A-Za-z]{10})[\w-]{8,})"
)
_ANNOUNCED = re.compile(
    r"(\b(?:api[ _-]?key|token|secret|password|credentials?)\b(?: (?:provided|given|supplied|used|sent))?)"
    r"(['\"]? ?[:=] ?['\"]?| ?['\"])(?![/.])[\w+/.-]{9,}[\w+/-]=*(?=['\",;)]|\.?(?:\s|$))(?! (?!is |was |has |not )[a-z])",
    re.I,
)
_TWO_WORDS = re.compile(r"[A-Za-z]{2,}\W+[A-Za-z]{2,}")
_FENCE_LIKE = re.compile(r"[\s>*+\-\d.)]*(?:`{3}|~{3})")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
_UNSEEN = re.compile(
    "[\u200b\u200e\u200f\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_JOINERS = re.compile(r"(?<=[\x00-\x7f])[\u200c\u200d\u00ad]+(?=[\x00-\x7f])")
_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----")
_OF_A_KEY = re.compile(r"[ \t>]*(?:(?:[A-Za-z0-9+/=]{16,}\s*)+|[A-Za-z0-9+/=]{0,76}|[A-Za-z-]+: .*)\s*")


def readable(text: str) -> str:
    """A text without what moves a terminal, turns text round or can't be seen; its lines end in newlines alone."""
    text = _ANSI.sub("", text.replace("\r\n", "\n").replace("\r", " "))
    text = STEERING.sub(lambda match: match[0] if match[0] in "\n\t" else "", text)
    return _JOINERS.sub("", _UNSEEN.sub("", text))


def reason(text: str, redact: Redact) -> str:
    """Why an answer is degraded, or a search not whole, in one line: no markup, no credentials; addresses stay, since an operator
    must see which server it was."""
    plain = " ".join(_MARKED.sub(" ", readable(text)).split())
    plain = redact(_ANNOUNCED.sub(r"\1\2[REDACTED:api-key]", _API_KEY.sub("[REDACTED:api-key]", plain)))
    return plain if len(plain) <= _REASON else plain[: _REASON - 1] + "…"


class Outlet:
    """One answer on its way out. `admit` tells it what the answer may rest on, before anything is written."""

    def __init__(self, question: str = "", instructions: Instructions | None = None, redact: Redact = str) -> None:
        self._links = Links()
        self._links.admit([question])
        self._instructions = instructions or Instructions("")
        self._redact = redact
        self._allowed: frozenset[tuple[str, ...]] = frozenset()
        self._suspicions: dict[Suspicion, None] = {}
        self._removed: dict[str, None] = {}
        self._redacted = self._withheld = False
        self.restart()

    def admit(self, evidence: Sequence[ScoredPassage]) -> tuple[ScoredPassage, ...]:
        """The evidence without the lines that speak to the assistant: what an answer may be made of. They are flagged."""
        kept: list[ScoredPassage] = []
        for found in evidence:
            told, rest = suspicions(found)
            self._suspicions.update(dict.fromkeys(told))
            kept.extend(rest)
        texts = [one.passage.text for one in kept]
        self._links.admit(texts)
        self._allowed |= self._instructions.among(texts)
        self._guard = Guard(self._instructions, self._allowed)
        return tuple(kept)

    def restart(self) -> None:
        """What was written so far is void."""
        self._buffer = self._line = ""
        self._above: list[str] = []
        self._in_key = False
        self._markup = Markup(self._links)
        self._guard = Guard(self._instructions, self._allowed)
        self._written: list[str] = []
        self._shown: list[str] = []

    def write(self, text: str) -> str:
        """The text that may be shown by now."""
        self._written.append(text)
        self._buffer += text
        shown = "".join(self._pieces())
        self._shown.append(shown)
        return shown

    def close(self) -> str:
        """The rest: what was unfinished is text."""
        rest, self._buffer = self._buffer, ""
        shown = (self._piece(rest + "\n") if rest else "") + self._guard.end()
        shown = shown.removesuffix("\n") if rest else shown
        if end := self._markup.end():
            shown += "\n" * (not "".join((*self._shown, shown)).endswith("\n")) + end.rstrip("\n")
        self._shown.append(shown)
        self._removed.update(self._markup.removed)
        self._withheld = self._withheld or self._guard.withheld
        return shown

    def plain(self, text: str) -> str:
        """A whole text at once."""
        inner = Outlet("", self._instructions, self._redact)
        inner._links, inner._allowed = self._links, self._allowed
        inner.restart()
        shown = inner.write(text) + inner.close()
        self._removed.update(inner._removed)
        self._redacted, self._withheld = self._redacted or inner._redacted, self._withheld or inner._withheld
        return shown

    def answer(self, answer: Answer) -> Answer:
        """The whole answer as it leaves, with what a reader should know of it; `close` comes before."""
        written = "".join(self._written) == answer.text
        text = "".join(self._shown) if written else self.plain(answer.text)
        flags = [replace(one, text=self.plain(one.text), reason=self.plain(one.reason)) for one in answer.flags]
        degraded = reason(answer.degraded, self._redact)
        return replace(answer, text=text, flags=(*flags, *self._flags(text)), degraded=degraded)

    def lookup(self, lookup: Lookup) -> Lookup:
        """A look as it leaves: with what, and at what, are a model's words."""
        tool, asked, error = (self.plain(words) for words in (lookup.tool, lookup.asked, lookup.error))
        return replace(lookup, tool=tool, asked=asked, error=error)

    def _flags(self, text: str) -> Iterable[Flag]:
        if self._removed:
            yield Flag(
                "removed", " and ".join(self._removed), "the documents don't have it, or it could load or run something"
            )
        if self._withheld:
            yield Flag("removed", "instructions", "the model repeated its own instructions; they are withheld")
        if self._redacted:
            yield Flag(
                "redacted", "a credential", "it was taken out of the answer; where it stands, it should be changed"
            )
        for one in self._suspicions:
            where = f"{one.source}/{one.path}:{one.start}-{one.end}"
            yield Flag(
                "suspicious", self.plain(where), f"{one.why}; they were not followed, and these lines were left out"
            )
        yield from (Flag("destructive", self.plain(command), effect) for command, effect in destructive(text))

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _pieces(self) -> Iterable[str]:
        while cut := self._cut():
            piece, self._buffer = self._buffer[:cut], self._buffer[cut:]
            yield self._piece(piece)

    def _cut(self) -> int:
        """Where the next piece ends: behind a line, or behind a sentence in which nothing is left open; 0 while it is unknown.
        What the text says decides it, never how much of it has come."""
        head = self._buffer[:_LONGEST]
        newline = head.find("\n") + 1
        line = head[:newline] if newline else head
        if not self._markup.fenced and not self._in_key and not _FENCE_LIKE.match(self._line + line):
            for match in _SENTENCE.finditer(line):
                if _TWO_WORDS.search(line, 0, match.start()) and _closed(line[: match.end()]):
                    return match.end()
        if newline:
            return newline
        if len(self._buffer) <= _LONGEST:
            return 0
        return head.rfind(" ") + 1 or _LONGEST

    def _piece(self, raw: str) -> str:
        piece = readable(raw)
        if not raw.endswith(("\n", " ", "\t")):
            piece += " "  # cut where nothing ends: what meets must not make a link
        piece = self._without_secrets(piece)
        mark, shown = self._markup.piece(piece)
        self._line = "" if piece.endswith("\n") else self._line + piece
        return self._guard.piece(piece, mark, shown)

    def _without_secrets(self, piece: str) -> str:
        begun = _KEY.search(piece)
        if self._in_key:
            if end := _KEY_END.search(piece):
                self._in_key = False
                return piece[end.end() :]
            if _OF_A_KEY.fullmatch(piece):
                return ""
            self._in_key = False
        if begun and not _KEY_END.search(piece):
            self._in_key = self._redacted = True
            piece = piece[: begun.start()] + "[REDACTED:private-key]" + "\n" * piece.endswith("\n")
        whole = self._redact("\n".join((*self._above, self._line + piece)))
        last = whole.split("\n")[-2 if piece.endswith("\n") else -1] + "\n" * piece.endswith("\n")
        same = next(
            (n for n, (a, b) in enumerate(zip(last, self._line, strict=False)) if a != b),
            min(len(last), len(self._line)),
        )
        shown = last[same:]
        self._redacted = self._redacted or shown != piece
        if piece.endswith("\n"):
            self._above = [*self._above, last.rstrip("\n")][-_CONTEXT:]
        return shown


def _closed(text: str) -> bool:
    """Whether nothing that means something only as a whole is open at the end of a text."""
    pairs = (
        text.count("[") - text.count("]"),
        text.count("(") - text.count(")"),
        text.count("`") % 2,
        text.count('"') % 2,
    )
    return not any(pairs) and not re.search(r"<[A-Za-z/!?][^>]*$", text) and "`" not in re.sub(r"(`+)[^`]*\1", "", text)
