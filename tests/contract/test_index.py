"""What every index must do; run on the fake, on real tantivy and on real Chroma."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.embedders.hashing import HashingEmbedder
from rag.indexes.lexical import TantivyIndex
from rag.indexes.memory import MemoryIndex
from rag.indexes.tokens import terms
from rag.indexes.vectors import ChromaIndex
from rag.ports import Entry, Index, Scope, Terms, Vectors

EMBEDDER = HashingEmbedder(32)
EVERYONE = Scope(("everyone",))


@pytest.fixture(params=["memory", "tantivy", "chroma"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    if request.param == "memory":
        yield MemoryIndex()
    elif request.param == "tantivy":
        yield TantivyIndex(tmp_path / "lexical", writable=True)
    else:
        chroma = ChromaIndex(tmp_path / "vectors", EMBEDDER.name)
        yield chroma
        chroma.close()


def entry(passage_id: str, text: str, **changes: str) -> Entry:
    values = {
        "document_id": "d", "source": "wiki", "kind": "page", "path": "a/page.md", "title": "", "heading": "",
        "access": "everyone", "stamp": "1",
    } | changes  # fmt: skip
    return Entry(id=passage_id, text=text, vector=EMBEDDER.embed([text])[0], **values)


def query(index: Index, text: str) -> Terms | Vectors:
    return EMBEDDER.embed([text])[0] if isinstance(index, ChromaIndex) else terms(text)


def found(index: Index, text: str, scope: Scope = EVERYONE, k: int = 10) -> list[str]:
    return [hit.id for hit in index.search(query(index, text), k, scope)]


def test_finds_the_nearest_first(index: Index) -> None:
    index.apply([entry("1", "restart the queue worker"), entry("2", "rotate the database password")], [], 1)
    assert found(index, "rotate password")[0] == "2"
    assert found(index, "queue worker", k=1) == ["1"]


def test_an_empty_index_finds_nothing(index: Index) -> None:
    assert found(index, "anything") == []
    assert index.stamps() == {}
    assert index.watermark() == 0


def test_it_knows_how_many_it_holds(index: Index) -> None:
    assert len(index) == 0
    entries = [entry(f"p{n}", f"text {n}") for n in range(5)]
    index.apply(entries, [], 1)
    index.apply([entries[0]], ["p1", "p2"], 2)
    assert len(index) == len(index.stamps()) == 3


def test_deleted_passages_are_not_found(index: Index) -> None:
    index.apply([entry("1", "alpha"), entry("2", "alpha beta")], [], 2)
    index.apply([], ["2", "never-there"], 3)
    assert found(index, "alpha beta") == ["1"]
    assert index.stamps() == {"1": "1"}
    assert index.watermark() == 3


def test_the_same_change_twice_leaves_the_same_state(index: Index) -> None:
    for _ in range(2):
        index.apply([entry("1", "alpha"), entry("2", "beta")], ["3"], 3)
    assert index.stamps() == {"1": "1", "2": "1"}
    assert found(index, "alpha").count("1") == 1


def test_a_new_stamp_replaces_the_entry(index: Index) -> None:
    index.apply([entry("1", "alpha", source="old")], [], 1)
    index.apply([entry("1", "alpha", source="new", stamp="2")], [], 2)
    assert index.stamps() == {"1": "2"}
    assert found(index, "alpha", Scope(("everyone",), sources=("old",))) == []
    assert found(index, "alpha", Scope(("everyone",), sources=("new",))) == ["1"]


def test_only_admitted_passages_are_found(index: Index) -> None:
    index.apply([entry("1", "alpha one"), entry("2", "alpha two", access="secret")], [], 1)
    assert found(index, "alpha") == ["1"]
    assert sorted(found(index, "alpha", Scope(("everyone", "secret")))) == ["1", "2"]
    assert found(index, "alpha", Scope(())) == []
    assert found(index, "alpha", Scope(("unknown",))) == []


def test_a_change_of_access_moves_the_passage(index: Index) -> None:
    index.apply([entry("1", "alpha")], [], 1)
    index.apply([entry("1", "alpha", access="secret", stamp="2")], [], 2)
    assert found(index, "alpha") == []
    assert found(index, "alpha", Scope(("secret",))) == ["1"]
    assert index.stamps() == {"1": "2"}


def test_filters_hold_inside_the_query(index: Index) -> None:
    many = [entry(f"m{i}", "alpha alpha alpha", path=f"b/{i}.md") for i in range(60)]
    index.apply([*many, entry("1", "alpha and more words", kind="runbook", path="runbooks/deep/x.md")], [], 1)
    assert found(index, "alpha", Scope(("everyone",), kinds=("runbook",)), k=1) == ["1"]
    globbed = Scope(("everyone",), paths=("runbooks/**",), matching=("runbooks/deep/x.md",))
    assert found(index, "alpha", globbed, k=1) == ["1"]
    assert found(index, "alpha", Scope(("everyone",), paths=("nowhere/*",))) == []


def test_holds_more_than_one_batch(index: Index) -> None:
    vectors = np.eye(32, dtype=np.float32)
    entries = [
        Entry(str(i), "d", "s", "page", "p", "", "", f"word{i}", "everyone", "1", vectors[i % 32]) for i in range(700)
    ]
    index.apply(entries, [], 700)
    assert len(index.stamps()) == 700


def test_a_misspelt_word_is_looked_for_as_the_documents_spell_it(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path, writable=True)
    texts = ["upgrade the cluster", "the opensearch domain", "kubernetes namespace", "a quarter past upgraded"]
    index.apply([entry(f"p{n}", text) for n, text in enumerate(texts)], [], 1)
    index.search(terms("anything"), 1, Scope(("everyone",)))
    for wrong, right in (
        ("upgarde", "p0"),
        ("opensaerch", "p1"),
        ("namespce", "p2"),
        ("clustter", "p0"),
        ("kubernetis", "p2"),
    ):
        assert index.spelt(wrong, EVERYONE) != wrong
        assert right in [hit.id for hit in index.search(terms(index.spelt(wrong, EVERYONE)), 5, Scope(("everyone",)))]
    index.apply([entry("p9", "no node here"), entry("p8", "two nodes there")], [], 2)
    index.search(terms("anything"), 1, EVERYONE)
    assert index.spelt("noeds", EVERYONE) == "nodes"  # whose stem is `no`
    for kept in ("upgrade", "cluster", "zzzzzz", "past", "v1.29", "opensearchdomain"):
        assert index.spelt(kept, EVERYONE) == kept


def test_equal_vectors_by_the_thousand_cut_nothing_off(tmp_path: Path) -> None:
    """As HNSW sees them, they link to each other alone (decision 18)."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(40, 64))
    others = centres[random.integers(0, 40, 1500)] + 0.3 * random.normal(size=(1500, 64))
    vectors = np.concatenate([others, np.repeat(centres[:1], 3000, 0)]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    entries = [replace(entry(str(n), "a"), vector=vectors[n]) for n in random.permutation(len(vectors))]
    index = ChromaIndex(tmp_path / "vectors", "m")
    index.apply(entries, [], 1)
    asked = range(0, 1500, 10)
    unfound = [n for n in asked if str(n) not in {hit.id for hit in index.search(vectors[n], 10, EVERYONE)}]
    index.close()
    assert len(unfound) <= 0.05 * len(asked)
