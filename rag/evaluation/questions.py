"""Question sets: their format (../shared/eval/README.md), and what counts as a hit.

A result is a hit when it overlaps a gold span: same source and path, a line in common. A question with a `thread` (earlier
questions) is asked as the follow-up that it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.conversation import standalone
from rag.errors import SettingsError
from rag.records import Document, Passage, ScoredPassage


@dataclass(frozen=True)
class Span:
    """A place where an answer stands."""

    source: str
    path: str
    start_line: int
    end_line: int

    def overlaps(self, document: Document, passage: Passage) -> bool:
        """Whether the passage has a line in common with this place."""
        return (
            (self.source, self.path) == (document.source, document.path)
            and passage.start_line <= self.end_line
            and self.start_line <= passage.end_line
        )


@dataclass(frozen=True)
class Question:
    """One line of a question set. Unanswerable ones have no gold. What stands in `leave_out`, (source, path), is no result:
    the page whose link text is the question."""

    id: str
    kind: str
    text: str
    gold: tuple[Span, ...]
    must_contain: tuple[str, ...]
    needs_all: bool
    leave_out: frozenset[tuple[str, str]] = frozenset()
    thread: tuple[str, ...] = ()

    @property
    def asked_as(self) -> str:
        """The question as it is looked for: made to stand alone, where it follows others."""
        earlier: list[str] = []
        for one in self.thread:
            earlier.append(standalone(one, earlier))
        return standalone(self.text, earlier)

    def counted(self, results: Iterable[ScoredPassage]) -> list[ScoredPassage]:
        """The results without those that are to be left out."""
        return [found for found in results if (found.document.source, found.document.path) not in self.leave_out]

    def hit(self, results: Iterable[ScoredPassage]) -> bool:
        found = [(result.document, result.passage) for result in results]
        spans = [any(span.overlaps(*one) for one in found) for span in self.gold]
        return all(spans) if self.needs_all else any(spans)


def load_questions(file: Path) -> list[Question]:
    """The questions of a file, one JSON object a line. Raises: SettingsError naming the line that is wrong."""
    questions = []
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the question set {file} can't be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            questions.append(_question(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(
                f"{file}, line {number} is not a question: it needs id, kind, question and gold ({type(error).__name__}: {error})"
            ) from error
    if not questions:
        raise SettingsError(f"{file} holds no question")
    ids = [question.id for question in questions]
    for name in ids:
        if ids.count(name) > 1:
            raise SettingsError(f"{file} has two questions with the id {name!r}; ids must differ")
    return questions


def _question(entry: Mapping[str, Any]) -> Question:
    gold = tuple(Span(g["repo"], g["path"], int(g["start_line"]), int(g["end_line"])) for g in entry["gold"])
    for span in gold:
        if not 1 <= span.start_line <= span.end_line:
            raise ValueError(f"lines {span.start_line} to {span.end_line} are none")
    contains = tuple(str(text) for text in entry.get("must_contain", ()))
    left_out = frozenset((str(place["repo"]), str(place["path"])) for place in entry.get("leave_out", ()))
    return Question(
        str(entry["id"]),
        str(entry["kind"]),
        str(entry["question"]),
        gold,
        contains,
        bool(entry.get("needs_all")),
        left_out,
        tuple(str(one) for one in entry.get("thread", ())),
    )
