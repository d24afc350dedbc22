"""The procedure of an answer, from evidence made by hand: warnings, steps in order, and what is left out by its lines."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

import pytest

from rag.answers.extractive.extract import extract
from rag.answers.extractive.pieces import pieces
from rag.answers.extractive.quotation import Scored, word_count
from rag.answers.extractive.steps import WARNS, Pages, Procedure, procedure
from rag.catalog import Catalog
from rag.cite import Citer
from rag.records import Document, ScoredPassage, Viewer
from tests.rag.test_cautions import PAGE, at
from tests.rag.test_procedures import document, passage

ROTATE = (at("## Rotate"), at("ledgerctl start  # never twice") + 1)
ABOVE = [at("Never rotate it by day."), at("It hums.")]


def evidence(page: str, *ranges: tuple[int, int], warned: tuple[int, ...] = ()) -> list[ScoredPassage]:
    """Passages of a page by their lines, and behind them such that were not searched for."""
    found = [ScoredPassage(passage(page, *lines), document(page), 1.0) for lines in ranges]
    return found + [ScoredPassage(passage(page, n, n), document(page), 1.0, (WARNS,)) for n in warned]


def told(found: list[ScoredPassage], fits: int = 500, best: str = "") -> tuple[Procedure, list[str]]:
    """The procedure, and its lines in their order."""
    scored = [
        Scored(n, piece, 9.0 if best and best in piece.text else 1.0)
        for n, one in enumerate(found)
        for piece in pieces(one.passage)
    ]
    result = procedure(Pages(scored, found), fits)
    assert word_count(result.taken, found) + len(f"{result.before} {result.rest}".split()) <= fits
    ordered = sorted(result.taken, key=lambda one: one.piece.start)
    return result, [line for one in ordered for line in one.piece.text.split("\n") if line.strip("` ")]


def test_the_steps_come_whole_with_what_the_page_warns_of() -> None:
    result, lines = told(evidence(PAGE, ROTATE, warned=(*ABOVE, at("Never remove the last one."))))
    assert lines[0] == "Never rotate it by day."
    assert lines[-1] == "It hums."
    assert [line for line in lines if line.startswith("ledgerctl")] == [
        "ledgerctl stop",
        "ledgerctl swap",
        "ledgerctl start  # never twice",
    ]
    assert "Never remove the last one." not in lines
    assert not result.cut
    assert result.before == ""


def test_warnings_that_are_not_at_hand_are_named() -> None:
    result, _ = told(evidence(PAGE, ROTATE))
    assert re.fullmatch(
        rf"More warnings stand at line {ABOVE[0]}, \d+, \d+, {ABOVE[1]} of wiki/x.md: read them too.", result.rest
    )


def test_steps_are_cut_before_warnings_are() -> None:
    long = PAGE.replace("ledgerctl swap\n", f"ledgerctl swap {'word ' * 80}\n")
    result, lines = told(evidence(long, ROTATE, warned=tuple(ABOVE)), fits=130)
    assert lines[0] == "Never rotate it by day."
    assert {"ledgerctl stop", "Do not look away. Then:", "Avoid a second swap."} <= set(lines)
    assert not [line for line in lines if "ledgerctl swap" in line or "ledgerctl start" in line]
    assert f"The steps go on from line {at('Do not look away. Then:')} of wiki/x.md: read them there." in result.rest
    assert result.cut


def test_no_step_is_told_behind_a_gap() -> None:
    middle = at("### 2. Swap")
    result, lines = told(evidence(PAGE, (ROTATE[0], middle - 1), (at("### 3. Start"), ROTATE[1])))
    assert "ledgerctl stop" in lines
    assert "ledgerctl start  # never twice" not in lines
    assert f"go on from line {at('Do not look away. Then:')} " in result.rest


def test_what_was_searched_for_alone_says_which_page_and_section_answers() -> None:
    found = evidence(PAGE, (at("## Remove"), at("ledgerctl remove") + 1), warned=(at("ledgerctl stop"),))
    _, lines = told(found, best="ledgerctl stop")
    assert "ledgerctl remove" in lines
    assert "ledgerctl stop" not in lines


def test_lines_of_two_passages_are_told_once() -> None:
    _, lines = told(evidence(PAGE, ROTATE, (at("### 2. Swap"), ROTATE[1])))
    assert lines.count("ledgerctl swap") == 1
    assert lines.count("Do not look away. Then:") == 1


def test_warnings_have_a_limit_of_words() -> None:
    rules = "".join(f"- Never do thing {n} {'word ' * 30}\n" for n in range(20))
    page = f"# Swap\n\n{rules}\n## Swap it\n\n```\nswapctl go\n```\n"
    end = page.count("\n")
    result, lines = told(evidence(page, (end - 4, end), warned=tuple(range(3, 23))), fits=590)
    assert 3 <= len([line for line in lines if "Never" in line]) <= 6
    assert lines[-1] == "swapctl go"
    assert "More warnings stand at line" in result.rest


class Stored:
    """A catalog of the documents of evidence."""

    def __init__(self, found: list[ScoredPassage]) -> None:
        self._documents = {one.document.id: one.document for one in found}

    def document(self, document_id: str, viewer: Viewer) -> Document:
        return self._documents[document_id]


def answered(question: str, found: list[ScoredPassage]) -> str:
    citer = Citer(cast(Catalog, Stored(found)), Viewer(), found)
    return extract(question, found, citer, lambda word: 0.5)


def test_a_paragraph_is_quoted_with_what_its_section_warns_of() -> None:
    others = "".join(f"Swap broker {n}, prepare it.\n\n" for n in range(60))
    warning = f"**IMPORTANT:** one by one. {'Other things of no weight are said. ' * 9}".strip()
    page = f"# Swap\n\n## Prepare\n\nPrepare the broker for the swap.\n\n{others}{warning}\n\n## Else\n\nNo.\n"
    found = evidence(page, (1, page.count("\n")))
    text = answered("How do I prepare the swap of the broker?", found)
    assert text.count("one by one") == 1
    assert len(text.split()) <= 250
    assert "one by one" not in answered("Who is to prepare the swap of the broker?", found)


@pytest.mark.parametrize("ranges", [((1, 7), (3, 3)), ((3, 3), (1, 7))])
def test_what_two_passages_hold_is_quoted_once(ranges: tuple[tuple[int, int], ...]) -> None:
    page = "# Swap\n\nPause the broker, then swap it:\n\n```\nswapctl go\n```\n"
    assert answered("Who pauses the broker for a swap?", evidence(page, *ranges)).count("Pause the broker") == 1


@pytest.mark.parametrize("own", ["Purge", "Resize"])
def test_a_quotation_names_the_heading_above_it(own: str) -> None:
    page = "# Volumes\n\n## Resize\n\nRestart the pod that holds it.\n\n## Purge\n\nPurge it where nothing is needed.\n"
    (one,) = evidence(page, (5, 9))
    found = replace(one, passage=replace(one.passage, heading_path=(own,)))
    assert "**X › Resize** (wiki/x.md)" in answered("Which pod is restarted that holds it?", [found])


def test_what_is_said_of_steps_left_out_counts_among_the_words() -> None:
    steps = "".join(f"{n}. Swap the broker part {n} {'word ' * 5}\n" for n in range(1, 90))
    one = evidence(f"# Swap the broker\n\n{steps}", (1, 91))[0]
    (other,) = evidence("# Broker\n\n" + "Swap the broker. Then swap it. " * 30, (1, 3))
    away = replace(other.document, id="e", path="e.md")
    elsewhere = ScoredPassage(replace(other.passage, id="q", document_id="e"), away, 1.0)
    for length in range(20):
        named = replace(one, document=replace(one.document, path=f"{'a b ' * length}.md"))
        assert len(answered("How do I swap the broker?", [named, elsewhere]).split()) <= 600
