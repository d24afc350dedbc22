"""The records that travel through Waypost: what the catalog stores, the indexes find, and the faces show.

All are frozen. A passage's text is always made of whole source lines (`start_line` to `end_line`, 1-based, inclusive),
or, within one over-long line, of a part of it; so a quote taken from it stands in the document character for character.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

EVERYONE = "everyone"
KINDS = ("page", "runbook", "terraform", "decision", "incident", "config", "code")  # of documents
Verdict = Literal["answered", "partial", "not_found"]


def digest(*parts: str) -> str:
    """A stable 128-bit hex name for the given parts (SHA-256, cut), told apart by their borders."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def stamp_of(source: str, kind: str, path: str, title: str, access: str) -> str:
    """A name for all that an index holds of a document's passages beside their text; `access` is the key of its rule."""
    return digest("stamp", source, kind, path, title, access)


@dataclass(frozen=True)
class AccessRule:
    """Who may read: a reader must belong to at least one group of every clause.

    No clause: everyone. An empty clause: nobody (restrictions that exist but can't be read).
    A page below restricted ancestors has one clause for each of them.
    """

    clauses: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, clauses: Iterable[Iterable[str]]) -> AccessRule:
        """The rule in its canonical form: sorted, without doubles, a clause that admits everyone left out."""
        clean = {tuple(sorted(set(clause))) for clause in clauses}
        return cls(tuple(sorted(clause for clause in clean if EVERYONE not in clause)))

    @property
    def key(self) -> str:
        """A short name, equal for equal rules; the indexes filter by it."""
        return EVERYONE if not self.clauses else digest("access", json.dumps(self.clauses))[:16]

    def admits(self, groups: frozenset[str]) -> bool:
        """Whether a reader of these groups may read."""
        return all(any(group in groups for group in clause) for clause in self.clauses)


NOBODY = AccessRule(((),))


@dataclass(frozen=True)
class Viewer:
    """Who is asking. Everybody belongs to the group `everyone`."""

    groups: frozenset[str] = frozenset({EVERYONE})

    @classmethod
    def of(cls, groups: Iterable[str]) -> Viewer:
        return cls(frozenset(groups) | {EVERYONE})


@dataclass(frozen=True)
class Generation:
    """What one set of indexes is made by: an embedder, as set and by its full name, and a splitter of documents.

    `state` is serving (searches go there), building (beside it), or kept (to go back to). Number 0: not in the catalog yet.
    """

    number: int
    embedder: str
    model: str
    splitter: str
    state: str = "building"
    created_at: str = ""

    @property
    def serving(self) -> bool:
        return self.state == "serving"

    @property
    def folder(self) -> str:
        """The name of the folder that holds its indexes."""
        return f"generation-{self.number}"


@dataclass(frozen=True)
class Place:
    """Where lines of a rendering (`start` to `end`) stand in the file or page that it was made of.

    `name` is what a reader looks for ("page 3"); `anchor`, appended to the document's URL, leads there. `first` and `last` are
    lines of the original, 0 where it has none: as many as those rendered stand for one each, others for all together.
    """

    start: int
    end: int
    name: str = ""
    anchor: str = ""
    first: int = 0
    last: int = 0

    def original(self, line: int) -> tuple[int, int]:
        """The lines of the original that a rendered line was made of."""
        if self.last - self.first != self.end - self.start:
            return self.first, self.last
        at = self.first + min(max(line, self.start), self.end) - self.start
        return at, at


@dataclass(frozen=True)
class Document:
    """One file or page as the catalog stores it: redacted text, version, and where it came from.

    `url` is pinned to the version. `line_anchor` is a format string with {start} and {end} that, appended to `url`,
    points at lines. `updated_at` is ISO 8601 in UTC, or "" where the source can't tell. `notes` are what a reader should
    know of how it was read ("partial: …"). `outdated` are its own words that it is deprecated, superseded or moved, or "".
    `reviewed_at` and `review_due` are days (ISO 8601) that it names for its review, or "". `places` are there where the text is
    a rendering (of a PDF, say), and say where its lines stand in the original, in their order.
    """

    id: str
    source: str
    path: str
    title: str
    kind: str
    text: str
    version: str
    url: str
    line_anchor: str
    updated_at: str
    owner: str
    access: AccessRule
    content_hash: str
    notes: tuple[str, ...] = ()
    outdated: str = ""
    reviewed_at: str = ""
    review_due: str = ""
    places: tuple[Place, ...] = ()

    @property
    def stamp(self) -> str:
        """A name for all that an index holds of its passages beside their text."""
        return stamp_of(self.source, self.kind, self.path, self.title, self.access.key)

    def lines(self, start: int, end: int) -> str:
        """The text of lines start to end, 1-based and inclusive, without the last newline."""
        return "\n".join(self.text.split("\n")[max(start, 1) - 1 : end])

    def link(self, start: int, end: int) -> str:
        """The version-pinned link to these lines, or to where they stand in the original."""
        if not self.places:
            return self.url + self.line_anchor.format(start=start, end=end)
        first, last = self._place(start), self._place(end)
        if first.first and last.last and self.line_anchor:
            return self.url + self.line_anchor.format(start=first.original(start)[0], end=last.original(end)[1])
        return self.url + first.anchor

    def place(self, start: int, end: int) -> str:
        """Where these lines of a rendering stand in the original, in words; "" where the text is the original."""
        if not self.places:
            return ""
        first, last = self._place(start), self._place(end)
        if first.first and last.last and self.line_anchor:
            lines = first.original(start)[0], last.original(end)[1]
            return f"line {lines[0]}" if lines[0] == lines[1] else f"lines {lines[0]} to {lines[1]}"
        return " to ".join(dict.fromkeys(name for name in (first.name, last.name) if name))

    def where(self, line: int) -> str:
        """Where a line of the text stands in a file that is no text, in words; "" where it is that line of the file."""
        return (self.place(line, line) or f"line {line} of the page's text") if self.places else ""

    def _place(self, line: int) -> Place:
        return self.places[max(bisect_right(self.places, line, key=lambda place: place.start) - 1, 0)]


@dataclass(frozen=True)
class Standing:
    """What ranking knows of a document: its kind, whether it says of itself that it is outdated, its title and path."""

    kind: str
    outdated: bool
    title: str = ""
    path: str = ""


@dataclass(frozen=True)
class PassageDraft:
    """A passage before it has an id: the catalog names it after its document and its text."""

    heading_path: tuple[str, ...]
    text: str
    start_line: int
    end_line: int
    kind: str


@dataclass(frozen=True)
class Passage:
    """A piece of a document that can be found and cited: a section, a Terraform block, a YAML document, a window."""

    id: str
    document_id: str
    ordinal: int
    heading_path: tuple[str, ...]
    text: str
    start_line: int
    end_line: int
    kind: str

    @property
    def heading(self) -> str:
        return " > ".join(self.heading_path)


@dataclass(frozen=True)
class ScoredPassage:
    """A search result. `score` orders results and means nothing else; `why` names what found it."""

    passage: Passage
    document: Document
    score: float
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Coverage:
    """How much of what is in the catalog each index could search, in passages."""

    passages: int
    lexical: int
    vectors: int
    note: str = ""

    @property
    def complete(self) -> bool:
        return not self.note and self.lexical >= self.passages and self.vectors >= self.passages


@dataclass(frozen=True)
class Citation:
    """A checked quote: `quote` stands verbatim in lines start_line to end_line of the stored version. `place` says where that is
    in the original, where the version stored is a rendering of it."""

    number: int
    document_id: str
    passage_id: str
    source: str
    path: str
    title: str
    start_line: int
    end_line: int
    quote: str
    url: str
    version: str
    updated_at: str
    owner: str
    reviewed_at: str = ""
    review_due: str = ""
    place: str = ""


@dataclass(frozen=True)
class Spot:
    """A line of a document, with its words, pinned link and date: where a flag's reason can be looked up."""

    source: str
    path: str
    line: int
    quote: str
    url: str
    updated_at: str


# Flags of what a model said and the documents don't bear out: such an answer is `partial` at most.
UNCHECKED = frozenset({"unverified", "uncited", "particulars", "cut"})


@dataclass(frozen=True)
class Flag:
    """A sentence of an answer that a reader should not take at face value, and why; `spots` are where that stands."""

    kind: str
    text: str
    reason: str
    spots: tuple[Spot, ...] = ()


@dataclass(frozen=True)
class Usage:
    """Tokens that a model counted, over all requests of an answer, repeated ones included; zero where no model was asked.

    `input_tokens` are those neither read from a cache of the vendor's nor written into it.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    requests: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens, self.cache_write_tokens + other.cache_write_tokens,
            self.requests + other.requests,
        )  # fmt: skip

    @property
    def cost(self) -> float:
        """What they cost, in tokens of input: one of output costs five, one written into the cache 1.25, one read from it 0.1."""
        read, written = self.cache_read_tokens, self.cache_write_tokens
        return self.input_tokens + 5 * self.output_tokens + 0.1 * read + 1.25 * written


@dataclass(frozen=True)
class Answer:
    """An answer with its checked citations.

    `degraded` says why a lesser answer was given (model unreachable, vectors incomplete), or is "".
    `nearest` are the nearest pages when nothing was found. `score` is how sure it is that the documents speak of what was asked
    (0 to 1; None where a model decided), `missing` are words of the question that nothing found holds. `thread` is the id to
    follow up by, "" where none is kept; `asked_as` is what a follow-up was made into so that it stands alone, "" where it did.
    """

    text: str
    verdict: Verdict
    citations: tuple[Citation, ...] = ()
    evidence: tuple[ScoredPassage, ...] = ()
    flags: tuple[Flag, ...] = ()
    nearest: tuple[ScoredPassage, ...] = ()
    degraded: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    coverage: Coverage | None = None
    score: float | None = None
    missing: tuple[str, ...] = ()
    thread: str = ""
    asked_as: str = ""
