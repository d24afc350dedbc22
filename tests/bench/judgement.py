"""Fits and checks the numbers of `rag.answers.judging.judgement`: docs/decisions/0029-calibrated-refusals.md.

    python -m tests.bench.judgement HOME=FILE HOME=FILE…

HOME is a data folder that was synced with the packaged embedder (WAYPOST_HOME), FILE a question set about it; at least two,
since each is checked with what was fitted on the others. What can't be answered is of three kinds: `own`, questions of the set
without an answer; `cross`, the other sets' questions; `out`, answerable questions whose documents the search has to leave out.
Of the last two those are left away for which some document that was found still holds what the answer must contain.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from api.compose import Reader, open_reader
from api.settings import Settings
from rag.answers.evidence import EVIDENCE_PASSAGES, assemble
from rag.answers.judging.judgement import BOTH, NOT_FOUND, WORDS_ALONE, Fit, share_held
from rag.evaluation.questions import Question, load_questions
from rag.indexes.tokens import content_words
from rag.records import ScoredPassage, Viewer
from rag.search import DenseHits, Retriever, Serving

# What a kind of case counts in all when the numbers are fitted: the answerable half of it, and of the others the surest most. Of
# `out` many are answered by some other page in other words.
SHARES = {"answerable": 0.5, "own": 0.25, "cross": 0.15, "out": 0.1}
_RIDGE = 1.0
_MORE = 200  # hits that are asked for on top of what is left out
_THRESHOLDS = [round(0.05 * step, 2) for step in range(1, 20)]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A question put to one organisation, and what the judge looks at."""

    home: str
    kind: str
    held: float
    nearness: float

    @property
    def answerable(self) -> bool:
        return self.kind == "answerable"


class Without:
    """An index that leaves some ids out of what it finds."""

    def __init__(self, index: Any, left_out: set[str]) -> None:
        self._index = index
        self._left_out = left_out

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def search(self, query: Any, k: int, scope: Any) -> Any:
        found = self._index.search(query, k + _MORE, scope)
        if isinstance(found, DenseHits):
            return replace(found, hits=tuple(hit for hit in found.hits if hit.id not in self._left_out)[:k])
        return [hit for hit in found if hit.id not in self._left_out][:k]


def cases(home: Path, sets: dict[str, list[Question]]) -> Iterator[Case]:
    """Every case of one organisation; `sets` are all question sets by their organisation's home."""
    with open_reader(Settings(home=home, models=_models())) as reader:
        for own, questions in sets.items():
            for question in questions:
                if own != str(home):
                    yield from _case(reader, home, "cross", question, set())
                elif not question.gold:
                    yield from _case(reader, home, "own", question, set())
                else:
                    yield from _case(reader, home, "answerable", question, set())
                    if question.must_contain:
                        yield from _case(reader, home, "out", question, {(g.source, g.path) for g in question.gold})


def _models() -> Path | None:
    """Where the packaged model lies, if WAYPOST_MODELS names a place."""
    return Settings().models


def _case(
    reader: Reader, home: Path, kind: str, question: Question, left_out: set[tuple[str, str]]
) -> Iterator[Case]:  # fmt: skip
    retriever = _leaving_out(reader, left_out)
    found = retriever.search(question.text, Viewer(), EVIDENCE_PASSAGES)
    evidence = assemble(question.text, found, reader.catalog, Viewer(), reader.terraform(Viewer()))
    evidence = tuple(one for one in evidence if (one.document.source, one.document.path) not in left_out)
    words = content_words(question.text)
    if not evidence or not words or (kind in ("cross", "out") and _still_told(question, evidence)):
        return
    forms = retriever.forms(question.text, Viewer())
    yield Case(str(home), kind, share_held(words, evidence, retriever.rarity(Viewer()), forms), found.nearness or 0.0)


def _leaving_out(reader: Reader, places: set[tuple[str, str]]) -> Retriever:
    if not places:
        return reader.retriever
    ids: set[str] = set()
    for place in places:
        if document := reader.catalog.document_at(*place):
            ids |= {document.id, *(passage.id for passage in reader.passages_of(document.id))}
    serving: Serving = reader._serving()
    dense, lexical = Without(serving.dense, ids), Without(serving.lexical, ids)
    cut = replace(serving, dense=dense, lexical=lexical, documents=Without(serving.documents, ids))
    return Retriever(reader.catalog, lambda: cut)


def _still_told(question: Question, evidence: Sequence[ScoredPassage]) -> bool:
    texts = [found.document.text.lower() for found in evidence]
    return bool(question.must_contain) and any(all(t.lower() in text for t in question.must_contain) for text in texts)


# -- fitting ----------------------------------------------------------------------------------------------------------


def fit(those: Sequence[Case], *, words_alone: bool = False) -> Fit:
    """Logistic regression by Newton's method, a little ridge on the standardised weights."""
    table = np.array([[case.held] if words_alone else [case.held, case.nearness] for case in those])
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-9
    inputs = np.c_[(table - mean) / spread, np.ones(len(those))]
    wanted = np.array([case.answerable for case in those], dtype=np.float64)
    counts = {kind: max(1, sum(case.kind == kind for case in those)) for kind in SHARES}
    weights = np.array([SHARES[case.kind] / counts[case.kind] for case in those]) * len(those)
    ridge = np.array([_RIDGE] * table.shape[1] + [1e-6])
    found: Array = np.zeros(table.shape[1] + 1)
    for _ in range(50):
        told = 1 / (1 + np.exp(-inputs @ found))
        gradient = inputs.T @ (weights * (told - wanted)) + ridge * found
        found = found - np.linalg.solve((inputs.T * (weights * told * (1 - told))) @ inputs + np.diag(ridge), gradient)
    slopes = found[:-1] / spread
    constant = float(found[-1] - (slopes * mean).sum())
    return Fit(float(slopes[0]), 0.0 if words_alone else float(slopes[1]), constant)


def refused(those: Sequence[Case], kind: str, by: Fit, threshold: float) -> float:
    """The share of the cases of a kind that score below the threshold."""
    scores = [by.score(case.held, case.nearness) for case in those if case.kind == kind]
    return sum(score < threshold for score in scores) / max(1, len(scores))


def print_curve(console: Console, title: str, those: Sequence[Case], by: Fit) -> None:
    """Refusals by threshold: the one in use is among them."""
    counted = {kind: sum(case.kind == kind for case in those) for kind in SHARES}
    table = Table("threshold", *(f"{kind} ({counted[kind]})" for kind in SHARES), title=title, title_justify="left")
    for threshold in sorted({*_THRESHOLDS, NOT_FOUND}):
        mark = " ◀" if threshold == NOT_FOUND else ""
        table.add_row(f"{threshold}{mark}", *(f"{refused(those, kind, by, threshold):.3f}" for kind in SHARES))
    console.print(table)


def main() -> None:
    console = Console(width=140)
    pairs = [argument.partition("=")[::2] for argument in sys.argv[1:]]
    if len(pairs) < 2:
        sys.exit("name at least two organisations: HOME=FILE HOME=FILE")
    sets = {home: load_questions(Path(file)) for home, file in pairs}
    found = {home: list(cases(Path(home), sets)) for home in sets}
    every = [case for those in found.values() for case in those]
    for words_alone, name, in_use in ((False, "BOTH", BOTH), (True, "WORDS_ALONE", WORDS_ALONE)):
        console.print(f"\n{name}, fitted on all {len(every)}: {fit(every, words_alone=words_alone)}; in use: {in_use}")
        for home, those in found.items():
            others = [case for case in every if case.home != home]
            kind = "words alone" if words_alone else "words and nearness"
            by = fit(others, words_alone=words_alone)
            print_curve(console, f"{home}, {kind}, fitted on the others", those, by)
            print_curve(console, f"{home}, {kind}, with the numbers in use", those, in_use)


if __name__ == "__main__":
    main()
