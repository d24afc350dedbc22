"""What answers a question for a fact stands first: a quotation is in its page's order, and who asked "who owns it?" should not
read two paragraphs of it before the one that says so.

`extract` calls `led`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.answers.extractive.pieces import Piece
from rag.answers.extractive.quotation import Run

_KEPT = 0.5  # of the best piece's score, for what stands above it and is told behind it


def led(runs: Sequence[Run], answers: Callable[[str], bool]) -> list[Run]:
    """The runs, the first beginning with the paragraph or list of its best piece where that answers; what stood above that comes
    behind, if it says enough."""
    if not runs:
        return []
    first = runs[0]
    best = max(first, key=lambda one: one.score)
    at = _begin([one.piece for one in first], first.index(best))
    if not at or not answers(best.piece.text):
        return list(runs)
    above = first[:at]
    kept = [above] if max(one.score for one in above) >= _KEPT * best.score else []
    return [first[at:], *kept, *runs[1:]]


def _begin(pieces: Sequence[Piece], at: int) -> int:
    """Where the paragraph or the list begins that a piece is of, with what leads up to it."""
    while at and _belongs(pieces[at], pieces[at - 1]):
        at -= 1
    return at


def _belongs(piece: Piece, above: Piece) -> bool:
    """Whether a piece is understood with the one above it alone."""
    paragraph = above.kind == "prose" and piece.kind != "item" and piece.start <= above.end + 1
    first, last = above.place.leads
    led_up = bool(first) and first <= piece.start <= last
    return paragraph or led_up or bool(set(piece.place.lists) & set(above.place.lists))
