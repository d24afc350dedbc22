"""`TantivyIndex`: keyword search with BM25 over fields, the first index to follow the catalog.

Readers in other processes see the last commit. tantivy's commits are atomic; the watermark is written after each, so a
crash in between repeats changes, which is harmless. API: https://github.com/quickwit-oss/tantivy-py
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import tantivy

from rag.errors import IndexDamagedError
from rag.indexes.files import unwritable, write_atomically
from rag.indexes.tokens import pairs, tokenise
from rag.ports import Entry, Hit, Scope, Terms, Vectors

_RAW = ("id", "source", "kind", "path_raw", "access", "stamp")
# `text` holds title, headings, path and body together: a word counts once with its frequency over all of them, which ranked
# far better than a sum of one score a field (docs/decisions/0005-fusion.md). The other fields count on top, for passages and
# for whole documents by weights of their own (docs/decisions/0010-word-pairs.md).
_STEMMED, _WHOLE = ("text", "heading", "title"), ("identifiers", "pairs")
PASSAGES = {"text": 1.0, "heading": 0.25, "title": 0.25, "identifiers": 0.4, "pairs": 0.3}
DOCUMENTS = {"text": 1.0, "pairs": 1.0}
_COUNTS = 50_000  # words whose passages are counted, until a commit
_FORMAT = 2  # a new number makes every index of an older form be built anew


class _Commit:
    """What the index holds as of one commit, and what was learnt of it: ids by place, and how many passages hold a word."""

    def __init__(self, searcher: Any) -> None:
        self.searcher = searcher
        self._ids: dict[tuple[int, int], str] = {}
        self._counts: dict[tuple[str, Scope], int] = {}

    def best(self, query: Any, k: int) -> list[Hit]:
        """The k passages that fit best. All that fit are not counted: so tantivy need not look at each of them."""
        found = self.searcher.search(query, limit=k, count=False)
        return [Hit(self._id(address), score) for score, address in found.hits]

    def _id(self, address: Any) -> str:
        place = (address.segment_ord, address.doc)
        known = self._ids.get(place)
        if known is None:
            known = self._ids[place] = str(self.searcher.doc(address)["id"][0])
        return known

    def count(self, of: tuple[str, Scope], clauses: Sequence[Any]) -> int:
        """How many passages fit all clauses, which `of` names."""
        known = self._counts.get(of)
        if known is None:
            if len(self._counts) > _COUNTS:
                self._counts.clear()
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, clause) for clause in clauses])
            known = self._counts[of] = int(self.searcher.search(query, limit=1, count=True).count)
        return known


class TantivyIndex:
    """The lexical index in a folder; `weights` say what a match in each field counts.

    With `writable`, the calling process must hold the writer's lock.
    """

    def __init__(self, folder: Path, *, writable: bool, weights: Mapping[str, float] = PASSAGES) -> None:
        self._folder = folder
        self._weights = weights
        self._state = folder / "watermark.json"
        self._writer: Any = None
        try:
            if writable:
                folder.mkdir(parents=True, exist_ok=True)
                if self._read_state() is None:
                    _empty(folder)
            self._index = _open(folder, writable)
        except (OSError, ValueError) as error:
            raise _damaged(folder, "opened", error) from error
        self._writable = writable
        self._seen: tuple[tuple[int, int, int], _Commit] | None = None

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
                    self._writer.add_document(_document(entry, self._weights))
                self._writer.commit()
            write_atomically(self._state, json.dumps({"format": _FORMAT, "watermark": watermark}))
        except (OSError, ValueError) as error:
            self._writer = None
            raise unwritable("lexical index", self._folder, error) from error

    def close(self) -> None:
        """Lets another writer have the folder."""
        self._writer = None

    def search(self, query: Terms | Vectors, k: int, scope: Scope) -> list[Hit]:
        if not isinstance(query, Terms) or not scope.access:
            return []
        must = tantivy.Occur.Must
        try:
            commit = self._commit()
            words = _query(query, self._index.schema, self._weights)
            if words is None:
                return []
            clauses = [(must, words), *((must, clause) for clause in _filters(scope, self._index.schema))]
            return commit.best(tantivy.Query.boolean_query(clauses), k)
        except (OSError, ValueError) as error:
            raise _damaged(self._folder, "read", error) from error

    def _commit(self) -> _Commit:
        """The last commit, this process's or the owner's: looked up by the file that each commit replaces."""
        told = (self._folder / "meta.json").stat()
        sign = (told.st_ino, told.st_mtime_ns, told.st_size)
        seen = self._seen
        if seen is None or seen[0] != sign:
            self._index.reload()
            seen = self._seen = (sign, _Commit(self._index.searcher()))
        return seen[1]

    def beginning(self, chunks: Sequence[str], k: int, scope: Scope) -> list[Hit]:
        """The best k passages within `scope` whose heading or title holds the words of each chunk that was typed, of the last one
        their beginning too."""
        if not chunks or not scope.access:
            return []
        must = tantivy.Occur.Must
        try:
            schema, commit = self._index.schema, self._commit()
            typed = [_typed(chunk, schema, last=at == len(chunks) - 1) for at, chunk in enumerate(chunks)]
            clauses = [(must, query) for query in (*filter(None, typed), *_filters(scope, schema))]
            if not any(typed):
                return []
            return commit.best(tantivy.Query.boolean_query(clauses), k)
        except (OSError, ValueError) as error:
            raise _damaged(self._folder, "read", error) from error

    def __len__(self) -> int:
        return int(self._commit().searcher.num_docs)

    def rarity(self, word: str, scope: Scope) -> float:
        """How rare a word is among the passages within `scope`: 0 (in all of them) to 1 (in none). What others may read does not
        count: a figure that it moves would tell of it."""
        if not scope.access:
            return 1.0
        return 1.0 - self._holding(word, scope) / max(self._holding("", scope), 1)

    def _holding(self, word: str, scope: Scope) -> int:
        """How many passages within the scope hold the word; of "", how many there are."""
        commit, schema, stem = self._commit(), self._index.schema, _stem(word)
        if stem and not commit.searcher.doc_freq("text", stem):
            return 0
        wanted = [_term(schema, "text", stem, 1.0)] if stem else []
        return commit.count((stem, scope), [*wanted, *_filters(scope, schema)])

    def spelt(self, word: str, scope: Scope) -> str:
        """The word as the documents within `scope` spell it, where it stands in none of them and one letter's change makes it
        one that does: of all words one edit away (a letter left out, added, changed, or two swapped) the one in most passages."""
        if not _SPELLABLE.fullmatch(word) or self._stands(word, scope):
            return word
        searcher = self._commit().searcher
        counted = ((searcher.doc_freq("text", _stem(edit)), edit) for edit in _edits(word))
        likely = sorted((found for found in counted if found[0]), reverse=True)[:_LIKELY]
        return next((edit for _, edit in likely if self._stands(edit, scope)), word)

    def _stands(self, word: str, scope: Scope) -> bool:
        """Whether some passage within the scope has the word; what others may read does not count."""
        return len(_stem(word)) >= _STEM and self._holding(word, scope) > 0  # `noeds` is not known for `no`

    def stamps(self) -> Mapping[str, str]:
        try:
            return self._stamps()
        except (OSError, ValueError) as error:
            raise _damaged(self._folder, "read", error) from error

    def _stamps(self) -> Mapping[str, str]:
        searcher = self._commit().searcher
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
_TYPED, _LONGEST_TYPED = 8, 30  # words of a chunk that is typed, and letters of one, that are looked for
_STEM = 3  # letters of a stem that can stand for a word of five
_LIKELY = 5  # words one edit away that are tried
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_STEMMER = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(tantivy.Filter.stemmer("english")).build()


def _damaged(folder: Path, step: str, error: Exception) -> IndexDamagedError:
    """The error for an index of words that can't be opened or read, which says what to do."""
    return IndexDamagedError(
        f"the index in {folder} can't be {step}: {error}; run `waypost doctor --repair`, which makes it anew from the catalog"
    )


def _open(folder: Path, writable: bool) -> Any:
    builder = tantivy.SchemaBuilder()
    for name in _RAW:
        builder.add_text_field(name, stored=name in ("id", "stamp"), tokenizer_name="raw", index_option="basic")
    for name in (*_STEMMED, *_WHOLE):
        tokenizer = "whitespace" if name in _WHOLE else "stemmed"
        builder.add_text_field(name, stored=False, tokenizer_name=tokenizer, index_option="freq")
    if not writable and not tantivy.Index.exists(str(folder)):
        raise OSError("it is not there")
    index = tantivy.Index(builder.build(), path=str(folder), reuse=True)
    index.register_tokenizer("stemmed", _STEMMER)
    index.register_tokenizer("whitespace", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index


def _document(entry: Entry, weights: Mapping[str, float]) -> Any:
    heading, title = tokenise(entry.heading).words, tokenise(entry.title).words
    everything = tokenise("\n".join((entry.title, entry.heading, entry.path, entry.text)))
    spoken = [*(heading or title), *tokenise(entry.text).words]
    fields = {
        "text": everything.words, "heading": heading, "title": title, "identifiers": everything.identifiers,
        "pairs": [_pair(*pair) for pair in pairs(spoken)],
    }  # fmt: skip
    return tantivy.Document(
        id=entry.id,
        source=entry.source,
        kind=entry.kind,
        path_raw=entry.path,
        access=entry.access,
        stamp=entry.stamp,
        **{field: " ".join(fields[field]) for field in weights},
    )


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    analysed = _STEMMER.analyze(word)
    return str(analysed[0]) if analysed else word


def _pair(first: str, second: str) -> str:
    return f"{_stem(first)}_{_stem(second)}"


def _edits(word: str) -> set[str]:
    """Every string one edit away that begins with the same letter."""
    splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    edits = {
        *(a + b[1:] for a, b in splits if b),
        *(a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1),
        *(a + c + b[1:] for a, b in splits if b for c in _LETTERS),
        *(a + c + b for a, b in splits for c in _LETTERS),
    }
    return {edit for edit in edits if edit[0] == word[0]} - {word}


def _query(terms: Terms, schema: Any, weights: Mapping[str, float]) -> Any:
    """Any of the terms in any field, weighted. None: nothing to look for."""
    wanted = [(field, _stem(word), count) for word, count in terms.words.items() for field in _STEMMED]
    wanted += [("identifiers", identifier, 1.0) for identifier in terms.identifiers]
    wanted += [("pairs", _pair(*pair), 1.0) for pair in terms.pairs]
    should = [
        (tantivy.Occur.Should, _term(schema, field, value, weights[field] * count))
        for field, value, count in wanted
        if field in weights
    ]
    return tantivy.Query.boolean_query(should) if should else None


def _term(schema: Any, field: str, value: str, boost: float) -> Any:
    return tantivy.Query.boost_query(tantivy.Query.term_query(schema, field, value, index_option="freq"), boost)


def _typed(chunk: str, schema: Any, *, last: bool) -> Any:
    """Headings and titles with a word of this chunk, of the last one also with a word that begins so; None without words.
    Terms are stems: the beginnings of what was typed are looked for too, so that `deploym` finds what `deployment` was cut to."""
    words = list(dict.fromkeys(tokenise(chunk).words))[:_TYPED]
    if not words:
        return None
    wanted = [(_term, _stem(word), 2.0) for word in words]
    if last:
        end = words[-1][:_LONGEST_TYPED]
        wanted += [(_term, end[:length], 1.0) for length in range(_STEM + 1, len(end))]
        wanted.append((_prefix, end, 1.0))
    should = [
        (tantivy.Occur.Should, make(schema, field, value, boost * weight))
        for make, value, boost in wanted
        for field, weight in (("heading", 2.0), ("title", 1.0))
    ]
    return tantivy.Query.boolean_query(should)


def _prefix(schema: Any, field: str, value: str, boost: float) -> Any:
    query = tantivy.Query.regex_query(schema, field, f"{re.escape(value)}.*")
    return tantivy.Query.boost_query(tantivy.Query.const_score_query(query, 1.0), boost)


def _filters(scope: Scope, schema: Any) -> list[Any]:
    """One clause for each restriction of the scope, without influence on the score."""
    clauses = []
    for field, values in (("access", scope.access), ("source", scope.sources), ("kind", scope.kinds)):
        if len(values) == 1:  # by its own list of passages: a set is looked for among all terms
            clauses.append(tantivy.Query.term_query(schema, field, values[0], index_option="basic"))
        elif values:
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
