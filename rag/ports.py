"""The ports of this room: what an embedder, an index and a chat model must do.

Each has at most four methods; `tests/contract` holds the conformance suite that every implementation passes, fakes
included. Vendor types never cross them. (`Source`, the port of the other side, lives in `ingest.sources`.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.records import ScoredPassage, Usage

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into unit vectors. `name` identifies model and precision: vectors of two names never meet."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimensions), float32, L2-normalised, in the order of `texts`."""
        ...


@dataclass(frozen=True)
class Entry:
    """What an index holds of one passage. `stamp` changes when anything here but the vector changes."""

    id: str
    document_id: str
    source: str
    kind: str
    path: str
    title: str
    heading: str
    text: str
    access: str
    stamp: str
    vector: Vectors | None = None


@dataclass(frozen=True)
class Scope:
    """What a search may look at; applied inside the index's query, before ranking.

    `access` are the keys of the access rules that admit the viewer. Empty `sources`, `kinds`, `paths` mean any;
    `paths` are globs over a document's path (`*` within a folder name, `**` across folders), and `matching` are the
    paths that they match, for an index that knows no globs.
    """

    access: tuple[str, ...]
    sources: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    matching: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A passage id found by one index; higher is better, and scores of two indexes don't compare."""

    id: str
    score: float


@dataclass(frozen=True)
class Terms:
    """A question as the lexical indexes look for it: single words with what each counts, identifiers whole, and pairs of
    words that stand beside each other. All lower-case."""

    words: Mapping[str, float]
    identifiers: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


class Index(Protocol):
    """A projection of the catalog. Applying the same change twice leaves the same state."""

    def apply(self, puts: Sequence[Entry], deletes: Sequence[str], watermark: int) -> None:
        """Adds or replaces `puts`, removes `deletes`, and then durably remembers `watermark`.

        Raises: IndexDamagedError when the index can't be read; StorageError when it can't be written.
        """
        ...

    def search(self, query: Terms | Vectors, k: int, scope: Scope) -> list[Hit]:
        """The best k passages within `scope`, best first: for terms (lexical) or a vector of shape (dimensions,)."""
        ...

    def stamps(self) -> Mapping[str, str]:
        """Every passage id held, with its entry's stamp; read from the index itself, for the doctor."""
        ...

    def watermark(self) -> int:
        """The number of the last change applied; 0 when empty."""
        ...

    def __len__(self) -> int:
        """How many entries are held; cheap enough to ask after every sync."""
        ...


@dataclass(frozen=True)
class Tool:
    """A read-only look into what the asker may see, as a model is told of it; `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Lookup:
    """A look that a model took: with which tool, at what, and what was found there; or why nothing was. `usage` is what finding
    it cost, where a model orders what is found."""

    tool: str
    asked: str
    found: tuple[ScoredPassage, ...] = ()
    error: str = ""
    usage: Usage = field(default_factory=Usage)


class Toolbox(Protocol):
    """The looks that a model may take while it answers one question."""

    @property
    def tools(self) -> Sequence[Tool]: ...

    def run(self, name: str, arguments: object) -> Lookup:
        """What a tool finds. Arguments that make no sense are an `error` that the model is told of, never raised."""
        ...


@dataclass(frozen=True)
class Prompt:
    """What a model is asked: rules and persona, evidence as data, and the question. `history` are the earlier turns of its
    thread, oldest first, each a question with its answer; `guidance` is how this one question should be answered.

    The model may take `lookups` rounds of looks with the `toolbox`. All of it together may take `seconds` and cost `cost` tokens
    of input (`Usage.cost`); 0 sets no limit beside the model's own.
    """

    system: str
    evidence: tuple[ScoredPassage, ...]
    question: str
    max_tokens: int = 1500
    history: tuple[tuple[str, str], ...] = ()
    guidance: str = ""
    toolbox: Toolbox | None = None
    lookups: int = 0
    seconds: float = 0.0
    cost: int = 0


@dataclass(frozen=True)
class Claim:
    """A stretch of model text with the places it says it rests on: (evidence number from 0, first and last line)."""

    text: str
    spans: tuple[tuple[int, int, int, str], ...] = ()


@dataclass(frozen=True)
class ModelEvent:
    """A piece of a streamed reply: text as it comes, a finished claim, a look that the model took (what it found is evidence from
    then on, numbered behind the evidence before it), or (last, also before a ModelError) the usage."""

    text: str = ""
    claim: Claim | None = None
    lookup: Lookup | None = None
    usage: Usage | None = None
    stop_reason: str = ""


class ChatModel(Protocol):
    """A language model that answers from evidence with citations."""

    @property
    def name(self) -> str: ...

    def stream(self, prompt: Prompt) -> Iterator[ModelEvent]:
        """The reply as it comes. Raises: ModelError at any point, also half-way."""
        ...


class Reranker(Protocol):
    """Judges anew how well each of some passages answers a question."""

    @property
    def name(self) -> str: ...

    def scores(
        self, question: str, passages: Sequence[ScoredPassage], spent: list[Usage] | None = None
    ) -> Sequence[float]:
        """One number a passage, in their order; higher is better, and numbers of two calls don't compare. `spent` takes what a
        model counted, also when it fails.

        Raises: RetryLaterError when it can't judge now; SettingsError when it can't be loaded.
        """
        ...


@dataclass(frozen=True)
class Progress:
    """One step of a long job, for a progress bar: `done` of `total` things, 0 when the total isn't known."""

    stage: str
    done: int = 0
    total: int = 0
    source: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
