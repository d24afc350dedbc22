"""What stands beside what answers: only what says more, warns, or is as sure; and code in blocks that are understood alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answers.extractive.adding import Question
from rag.answers.extractive.blocks import blocks
from rag.answers.extractive.filling import Prohibitions, Room
from rag.answers.extractive.outline import Outline
from rag.answers.extractive.pieces import pieces
from rag.answers.extractive.quotation import Scored
from rag.records import ScoredPassage
from tests.rag.test_steps import answered
from tests.rag.test_task import of

QUESTION = "How long are the backups of the ledger kept?"
WORDS = {"backups": 1.0, "ledger": 1.0, "kept": 0.5}
BEST = "Backups of the ledger are kept for 30 days."


def found(text: str, title: str = "Store") -> ScoredPassage:
    page = f"# {title}\n\n{text}\n"
    return of(page, title, f"{title}.md", (1, page.count("\n")))[0]


def adds(text: str, score: float = 0.5, *, title: str = "Others", best: str = BEST, question: str = QUESTION) -> bool:
    evidence = [found(best), found(text, title)]
    first, other = (Scored(at, pieces(one.passage)[0], (1.0, score)[at]) for at, one in enumerate(evidence))
    return Question(question, WORDS, (), evidence).adds(other, [first], 1.0)


@pytest.mark.parametrize(
    ("told", "another"),
    [
        ({"text": "The ledger has backups, kept for years."}, False),
        ({"text": "The ledger has backups, kept for years.", "score": 0.95}, True),  # as sure
        ({"text": "Years of the ledger.", "best": "The backups stand in Leith."}, True),  # what is not said yet
        ({"text": "Kept for 9 years.", "best": "Nothing of the ledger."}, True),  # little is said yet
        ({"text": "Nothing either.", "best": "Nothing of note."}, True),  # nothing is said yet
        ({"text": "The ledger has backups. Never delete one."}, True),
        ({"text": "Others.", "title": "Backups"}, True),  # of a page that the question names
        ({"text": "30 days.", "best": "The backups of the ledger are kept."}, True),  # the first length of time
        ({"text": "x = module.ledger_id", "question": "Who reads ledger_id?"}, True),  # a place of that name
    ],
)
def test_another_quotation_adds_something(told: dict[str, str], another: bool) -> None:
    assert adds(**told) is another  # type: ignore[arg-type]


def test_of_one_word_it_can_not_be_told_what_adds() -> None:
    evidence = [found("Accounts to close: the ledger."), found("The ledger is not for sale.", "Others")]
    first, other = (Scored(at, pieces(one.passage)[0], (1.0, 0.5)[at]) for at, one in enumerate(evidence))
    assert Question("Can we use the ledger?", {"ledger": 1.0}, (), evidence).adds(other, [first], 1.0)
    assert not Question("Can we use the ledger?", {"ledger": 1.0, "accounts": 0.1}, (), evidence).adds(
        other, [first], 1.0
    )


DEED = "Where are the backups of the ledger?"
PLACE = "The backups of the ledger are kept in `attic/left`."


def test_another_page_that_says_nothing_more_is_not_quoted() -> None:
    pages = [found(PLACE), found("Of the ledger's backups there is much to be told.", "Others")]
    assert "Others" not in answered(DEED, pages)
    pages[1] = found("Of the ledger's backups in Leith there is much to be told.", "Others")
    assert "Others" in answered("Where are the backups of the ledger in Leith?", pages)


def test_what_goes_on_with_a_paragraph_stands_though_it_says_nothing_more() -> None:
    assert "room for that" in answered(DEED, [found(f"{PLACE} The ledger has room for that.")])


@pytest.mark.parametrize(("begins", "both"), [("For that reason ", True), ("However, ", True), ("", False)])
def test_a_conclusion_stands_with_what_it_is_drawn_from(begins: str, both: bool) -> None:
    page = found(f"All rooms are one and the same. {begins}{BEST}")
    assert ("one and the same" in answered(QUESTION, [page])) is both


def test_a_best_piece_that_is_longer_than_its_room_is_told_all_the_same() -> None:
    long = f"Backups of the ledger stand in Leith, {'and there they stay, ' * 70}as ever."
    assert "as ever" in answered("Which backups of the ledger stand in Leith?", [found(long)])
    longer = long.replace("and there", "where the tide is low and there", 1) + " never" * 400
    assert answered("Which backups of the ledger stand in Leith?", [found(longer)]) == ""


WHY = "Why are backups of the ledger kept in Leith?"
REASONS = (
    "# Store\n\n## Needs\n\nThe ledger needs backups because of audits.\n\n## Doubts\n\nLeith lets us keep a ledger.\n"
)


@pytest.mark.parametrize(("question", "another"), [(WHY, True), (WHY.replace("Why", "Where"), False)])
def test_a_page_may_give_several_reasons(question: str, another: bool) -> None:
    evidence = of(REASONS, "Store", "x.md", (3, 6), (7, 9))
    first, other = (Scored(at, pieces(one.passage)[0], (1.0, 0.5)[at]) for at, one in enumerate(evidence))
    assert Question(question, {"backups": 1.0, "ledger": 1.0}, (), evidence).adds(other, [first], 1.0) is another


def test_what_tells_another_part_of_the_question_is_quoted() -> None:
    question = "Which ledger has backups, and who feeds the heron?"
    assert adds("A child feeds the heron.", question=question, score=0.4)
    assert not adds("A child sleeps.", question=question, score=0.4)


def test_steps_of_one_list_and_the_page_of_a_procedure_belong_together() -> None:
    page = f"# Store\n\n{BEST}\n\n" + "".join(f"{n}. Do number {n} {'at length ' * 50}.\n" for n in range(1, 5))
    evidence = of(page, "Store", "x.md", (1, page.count("\n")))
    outline = Outline(evidence[0].document)
    best, first, _, third, *_ = (Scored(0, outline.of(one), 0.4) for one in pieces(evidence[0].passage))
    asked = Question(QUESTION, WORDS, (), evidence)
    room = Room(evidence, 0, 250, 590, None, Prohibitions([], evidence), asked)
    assert room.pads(third, [best], [], 1.0)
    assert not room.pads(third, [best, first], [], 1.0)
    assert not room.pads(third, [best], [first], 1.0)


VALUES = """pools = {
  core = [
    {
      name = "core-a"
      size = 4
    },
    {
      name = "core-b"
      size = 8
      more = 1
      less = 2
      disk = "ssd"
      zone = "b"
      team = "x"
    },
  ]
  user = []
  last = 1
}"""


def test_a_block_beside_another_within_the_same_one_alone() -> None:
    evidence = [replace(one, passage=replace(one.passage, text=VALUES, kind="block")) for one in [found(BEST)]]
    first, nested, last = (Scored(0, one, 0.4) for one in pieces(evidence[0].passage))
    asked = Question("Where is Leith?", {"disk": 1.0, "pools": 0.1}, (), evidence)
    room = Room(evidence, 0, 250, 590, None, Prohibitions([], evidence), asked)
    assert nested.piece.heading != last.piece.heading
    assert room.pads(last, [first, nested], [], 1.0)


def shown(text: str) -> list[tuple[str, tuple[str, ...]]]:
    lines = text.split("\n")
    return [("\n".join(lines[one.first : one.last + 1]), one.within) for one in blocks(lines)]


def test_a_long_block_is_cut_between_what_it_consists_of_each_with_its_name() -> None:
    told = shown(VALUES)
    assert [(text.count("name ="), within) for text, within in told] == [
        (1, ()), (1, ("pools", "core")), (0, ("pools",))
    ]  # fmt: skip
    assert told[0][0].startswith("pools") and "core-b" in told[1][0] and "less = 2" in told[1][0]


def test_short_blocks_stand_apart_and_single_lines_together() -> None:
    told = shown('a = 1\nb = 2\n\n# Of Leith.\nrole "x" {\n  c = 3\n}\nrole "y" {\n  d = 4\n}')
    assert [text.strip() for text, _ in told] == [
        "a = 1\nb = 2", '# Of Leith.\nrole "x" {\n  c = 3\n}', 'role "y" {\n  d = 4\n}'
    ]  # fmt: skip


@pytest.mark.parametrize("anchor", ["(how-to:grow)=", ".. _grow:"])
def test_where_links_lead_to_is_quoted_nowhere(anchor: str) -> None:
    page = f"{anchor}\n\n# Grow\n\nGrow it.\n\n{anchor}\n"
    texts = [one.text for one in pieces(of(page, "Grow", "x.md", (1, 7))[0].passage)]
    assert texts == ["Grow it."]
