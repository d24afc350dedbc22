"""`TantivyIndex`: keyword search with BM25 over fields, the first index to follow the catalog.

Readers in other processes see the last commit. tantivy's commits are atomic; the watermark is written after each, so a
crash in between repeats changes, which is harmless. API: https://github.com/quickwit-oss/tantivy-py
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tantivy

from rag.errors import IndexDamagedError
from rag.indexes.files import unwritable, write_atomically
from rag.indexes.tokens import STOP_WORDS, tokenise
from rag.ports import Entry, Hit, Scope, Vectors

_RAW = ("id", "source", "kind", "path_raw", "access", "stamp")
# `text` holds title, headings, path and body together: a word counts once with its frequency over all of them, which ranked
# far better than a sum of one score a field (docs/decisions/0005-fusion.md). Headings and whole identifiers count on top.
_FIELDS = {"text": 1.0, "heading": 0.5, "identifiers": 0.7}
_FORMAT = 1  # a new number makes every index of an older form be built anew


class TantivyIndex:
    """The lexical index in a folder. With `writable`, the calling process must hold the writer's lock."""

    def __init__(self, folder: Path, *, writable: bool) -> None:
        self._folder = folder
        self._state = folder / "watermark.json"
        self._writer: Any = None
        try:
            if writable:
                folder.mkdir(parents=True, exist_ok=True)
                if self._read_state() is None:
                    _empty(folder)
            self._index = _open(folder, writable)
        except (OSError, ValueError) as error:
            raise IndexDamagedError(f"the lexical index in {folder} can't be opened: {error}") from error
        self._writable = writable

    def _read_state(self) -> dict[str, int] | None:
        try:
            state = json.loads(self._state.read_text())
        except (OSError, ValueError):
            return None
        return state if state.get("format") == _FORMAT else None

    def watermark(self) -> int:
        return (self._read_state() or {}).get("watermark", 0)

    def apply(self, puts: Sequence[Entry], deletes: Sequence[str], watermark: int) -> None:
        try:
            if puts or deletes:
                if self._writer is None:
                    self._writer = self._index.writer(heap_size=64_000_000, num_threads=1)
                for passage_id in [*deletes, *(entry.id for entry in puts)]:
                    self._writer.delete_documents_by_term("id", passage_id)
                for entry in puts:
                    self._writer.add_document(_document(entry))
                self._writer.commit()
            write_atomically(self._state, json.dumps({"format": _FORMAT, "watermark": watermark}))
        except (OSError, ValueError) as error:
            self._writer = None
            raise unwritable("lexical index", self._folder, error) from error

    def search(self, query: str | Vectors, k: int, scope: Scope) -> list[Hit]:
        if not isinstance(query, str) or not scope.access:
            return []
        must = tantivy.Occur.Must
        try:
            self._index.reload()
            searcher = self._index.searcher()
            words = _query(query, self._index.schema, searcher)
            if words is None:
                return []
            clauses = [(must, words), *((must, clause) for clause in _filters(scope, self._index.schema))]
            found = searcher.search(tantivy.Query.boolean_query(clauses), limit=k)
            return [Hit(searcher.doc(address)["id"][0], score) for score, address in found.hits]
        except (OSError, ValueError) as error:
            raise IndexDamagedError(f"the lexical index in {self._folder} can't be read: {error}") from error

    def __len__(self) -> int:
        self._index.reload()
        return int(self._index.searcher().num_docs)

    def rarity(self, word: str) -> float:
        """How rare a word is among the passages: 0 (in all of them) to 1 (in none)."""
        searcher = self._index.searcher()
        return 1.0 - float(searcher.doc_freq("text", _stem(word))) / max(int(searcher.num_docs), 1)

    def spelt(self, word: str) -> str:
        """The word as the documents spell it, where it stands in none of them and one letter's change makes it one that does."""
        return _spelt(word, self._index.searcher())

    def stamps(self) -> Mapping[str, str]:
        self._index.reload()
        searcher = self._index.searcher()
        if not searcher.num_docs:
            return {}
        found = searcher.search(tantivy.Query.all_query(), limit=searcher.num_docs)
        stamps: dict[str, str] = {}
        for _, address in found.hits:
            document = searcher.doc(address)
            passage_id = document["id"][0]
            stamps[passage_id] = "twice" if passage_id in stamps else document["stamp"][0]
        return stamps


_SPELLABLE = re.compile(r"[a-z]{5,30}")  # shorter words have too many neighbours
_GUESSED = 0.6  # what a word counts that may be a misspelling, or just a word that stands nowhere
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_STEMMER = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(tantivy.Filter.stemmer("english")).build()


def _open(folder: Path, writable: bool) -> Any:
    builder = tantivy.SchemaBuilder()
    for name in _RAW:
        builder.add_text_field(name, stored=name in ("id", "stamp"), tokenizer_name="raw", index_option="basic")
    for name in _FIELDS:
        tokenizer = "whitespace" if name == "identifiers" else "stemmed"
        builder.add_text_field(name, stored=False, tokenizer_name=tokenizer, index_option="freq")
    if not writable and not tantivy.Index.exists(str(folder)):
        raise OSError("it is not there")
    index = tantivy.Index(builder.build(), path=str(folder), reuse=True)
    index.register_tokenizer("stemmed", _STEMMER)
    index.register_tokenizer("whitespace", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index


def _document(entry: Entry) -> Any:
    heading = tokenise(entry.heading)
    everything = tokenise("\n".join((entry.title, entry.heading, entry.path, entry.text)))
    return tantivy.Document(
        id=entry.id,
        source=entry.source,
        kind=entry.kind,
        path_raw=entry.path,
        access=entry.access,
        stamp=entry.stamp,
        text=" ".join(everything.words),
        heading=" ".join(heading.words),
        identifiers=" ".join(everything.identifiers),
    )


def _stem(word: str) -> str:
    analysed = _STEMMER.analyze(word)
    return str(analysed[0]) if analysed else word


def _spelt(word: str, searcher: Any) -> str:
    """Of all words one edit away (a letter left out, added, changed, or two swapped) the one in most passages."""
    if not _SPELLABLE.fullmatch(word) or searcher.doc_freq("text", _stem(word)):
        return word
    splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    edits = {
        *(a + b[1:] for a, b in splits if b),
        *(a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1),
        *(a + c + b[1:] for a, b in splits if b for c in _LETTERS),
        *(a + c + b for a, b in splits for c in _LETTERS),
    }
    counted = max((searcher.doc_freq("text", _stem(edit)), edit) for edit in edits if edit[0] == word[0])
    return counted[1] if counted[0] else word


def _query(text: str, schema: Any, searcher: Any) -> Any:
    """Any of the question's words in any field, weighted; whole identifiers count on top. None: nothing to look for.

    A word that stands nowhere is looked for as the documents spell it.
    """
    tokens = tokenise(text)
    words = list(dict.fromkeys(tokens.words))
    meaningful = [word for word in words if word not in STOP_WORDS] or words
    should: list[tuple[Any, Any]] = []
    for word in meaningful:
        spelt = _spelt(word, searcher)
        certainty = 1.0 if spelt == word else _GUESSED
        for field, boost in _FIELDS.items():
            if field != "identifiers":
                should.append((tantivy.Occur.Should, _term(schema, field, _stem(spelt), boost * certainty)))
    for identifier in dict.fromkeys(tokens.identifiers):
        should.append((tantivy.Occur.Should, _term(schema, "identifiers", identifier, _FIELDS["identifiers"])))
    return tantivy.Query.boolean_query(should) if should else None


def _term(schema: Any, field: str, value: str, boost: float) -> Any:
    return tantivy.Query.boost_query(tantivy.Query.term_query(schema, field, value, index_option="freq"), boost)


def _filters(scope: Scope, schema: Any) -> list[Any]:
    """One clause for each restriction of the scope, without influence on the score."""
    clauses = []
    for field, values in (("access", scope.access), ("source", scope.sources), ("kind", scope.kinds)):
        if values:
            clauses.append(tantivy.Query.term_set_query(schema, field, list(values)))
    if scope.paths:
        globs = [tantivy.Query.regex_query(schema, "path_raw", glob_regex(glob)) for glob in scope.paths]
        clauses.append(tantivy.Query.boolean_query([(tantivy.Occur.Should, glob) for glob in globs]))
    return [tantivy.Query.const_score_query(clause, 0.0) for clause in clauses]


def glob_regex(glob: str) -> str:
    """A path glob as a regular expression: `**/` any folders, `*` and `?` within a name; a bare name: anywhere."""
    if "/" not in glob:
        glob = f"**/{glob}"
    out = ""
    for piece in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", glob):
        out += {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece) or re.escape(piece)
    return out


def _empty(folder: Path) -> None:
    """Removes what an index of another form, or a torn one, left."""
    for file in folder.iterdir():
        if file.is_file():
            file.unlink()
