"""Fusion: one order from two lists whose scores don't compare."""

from __future__ import annotations

from rag.ports import Hit
from rag.search import fuse


def hits(name: str, count: int, top: float, step: float) -> list[Hit]:
    return [Hit(f"{name}{n}", top - n * step) for n in range(count)]


def test_a_word_that_one_passage_holds_outweighs_every_nearness() -> None:
    """An identifier found once, while the vectors find a hundred passages that are merely alike."""
    ranked = fuse([Hit("exact", 19.0)], hits("near", 100, 0.9, 0.005))
    assert ranked[0].id == "exact"
    assert ranked[0].why == ("lexical",)


def test_found_by_both_comes_first() -> None:
    ranked = fuse([*hits("word", 50, 9.0, 0.1), Hit("both", 8.95)], [*hits("near", 50, 0.9, 0.01), Hit("both", 0.89)])
    assert (ranked[0].id, ranked[0].why) == ("both", ("lexical", "vectors"))


def test_one_list_alone_keeps_its_order() -> None:
    words = hits("word", 5, 9.0, 0.1)
    assert [row.id for row in fuse(words, [])] == [hit.id for hit in words]
    assert [row.id for row in fuse([], words)] == [hit.id for hit in words]
    assert fuse([], []) == []


def test_equal_scores_keep_a_stable_order() -> None:
    tied = [Hit(name, 1.0) for name in "cab"]
    assert [row.id for row in fuse(tied, [])] == ["a", "b", "c"]
