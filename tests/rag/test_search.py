"""Fusion: one order from lists whose scores don't compare, with what is known of the documents and of the question."""

from __future__ import annotations

from collections.abc import Sequence

from rag.ports import Hit
from rag.ranking import Found, Ranked, apart, fuse, reorder
from rag.records import Passage, Standing


def hits(name: str, count: int, top: float, step: float) -> list[Hit]:
    return [Hit(f"{name}{n}", top - n * step) for n in range(count)]


def fused(lexical: Sequence[Hit], dense: Sequence[Hit], **more: object) -> list[Ranked]:
    """Each passage in a document of its own."""
    own = {hit.id: f"document of {hit.id}" for hit in (*lexical, *dense)}
    return fuse(Found(lexical, dense), own, **more)  # type: ignore[arg-type]


def test_a_word_that_one_passage_holds_outweighs_every_nearness() -> None:
    """An identifier found once, while the vectors find a hundred passages that are merely alike."""
    ranked = fused([Hit("exact", 19.0)], hits("near", 100, 0.9, 0.005))
    assert ranked[0].id == "exact"
    assert ranked[0].why == ("lexical",)


def test_found_by_both_comes_first() -> None:
    ranked = fused([*hits("word", 50, 9.0, 0.1), Hit("both", 8.95)], [*hits("near", 50, 0.9, 0.01), Hit("both", 0.89)])
    assert (ranked[0].id, ranked[0].why) == ("both", ("lexical", "vectors"))


def test_one_list_alone_keeps_its_order() -> None:
    words = hits("word", 5, 9.0, 0.1)
    assert [row.id for row in fused(words, [])] == [hit.id for hit in words]
    assert [row.id for row in fused([], words)] == [hit.id for hit in words]
    assert fused([], []) == []


def test_equal_scores_keep_a_stable_order() -> None:
    tied = [Hit(name, 1.0) for name in "cab"]
    assert [row.id for row in fused(tied, [])] == ["a", "b", "c"]


def test_a_passage_whose_document_is_about_the_question_comes_first() -> None:
    words = [Hit("stray", 5.0), Hit("part", 4.9), Hit("other", 1.0)]
    document_of = {"stray": "news", "part": "runbook", "other": "wiki"}
    assert fuse(Found(words), document_of)[0].id == "stray"
    documents = [Hit("runbook", 9.0), Hit("news", 2.0), Hit("wiki", 1.0)]
    assert fuse(Found(words, documents=documents), document_of)[0].id == "part"


def test_a_passage_without_a_document_is_left_out() -> None:
    assert [row.id for row in fuse(Found(hits("word", 2, 9.0, 0.1)), {"word1": "d"})] == ["word1"]


def test_a_hint_of_the_kind_weighs_and_never_filters() -> None:
    words = hits("word", 20, 9.0, 0.1)
    standings = {f"document of word{n}": Standing("terraform" if n == 1 else "page", False) for n in range(20)}
    assert [row.id for row in fused(words, [], standings=standings)][:2] == ["word0", "word1"]
    ranked = fused(words, [], standings=standings, kinds={"terraform": 1})
    assert [row.id for row in ranked][:2] == ["word1", "word0"]
    assert len(ranked) == 20


def test_what_says_that_it_is_outdated_comes_after_its_like() -> None:
    tied = [Hit("old", 3.0), Hit("young", 2.95), Hit("far", 1.0)]
    standings = {"document of old": Standing("page", True), "document of young": Standing("page", False)}
    assert fused(tied, [], standings=standings)[0].id == "young"


def test_an_incident_comes_after_its_like_unless_the_past_is_asked_for() -> None:
    tied = [Hit("incident", 3.0), Hit("page", 2.95), Hit("far", 1.0)]
    standings = {"document of incident": Standing("incident", False), "document of page": Standing("page", False)}
    assert fused(tied, [], standings=standings)[0].id == "page"
    assert fused(tied, [], standings=standings, kinds={"incident": 0})[0].id == "incident"


def passage(passage_id: str, text: str) -> Passage:
    return Passage(passage_id, f"document of {passage_id}", 0, (), text, 1, 1, "section")


def test_copies_of_prose_come_last_and_look_alike_blocks_stay() -> None:
    text = "To unlock the state run the force-unlock command with the id that the error message shows, then plan again twice."
    texts = {"first": text, "copy": text + " Done.", "other": "An altogether different passage about something else."}
    ranked = [Ranked(name, 3.0 - n, ()) for n, name in enumerate(texts)]
    passages = {name: passage(name, body) for name, body in texts.items()}
    assert [row.id for row in apart(ranked, passages, dict.fromkeys(texts, "page"))] == ["first", "other", "copy"]
    assert [row.id for row in apart(ranked, passages, dict.fromkeys(texts, "terraform"))] == list(texts)


def test_a_judgement_reorders_what_was_judged_before_everything_else() -> None:
    ranked = [Ranked(name, score, ()) for name, score in (("a", 3.0), ("b", 2.0), ("c", 1.0))]
    after = reorder(ranked, {"a": -1.0, "b": 5.0})
    assert [(row.id, row.score) for row in after] == [("b", 3.0), ("a", 2.0), ("c", 1.0)]
