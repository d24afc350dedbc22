"""Which way a question goes: to get something back, or to do away with it. Both ways share their words ("restore a deleted
namespace"), and steps that destroy are the last thing to be shown to someone who has lost something.

`extract` calls this. The words are English.
"""

from __future__ import annotations

import re

from rag.answers.extractive.pieces import Piece
from rag.answers.judging.sought import QUANTITY

_BACK = re.compile(
    r"\b(?:restor(?:e|es|ing|ation)|recover(?:y|s|ing)?|undelet\w+|undo(?:ing)?|revert(?:ing)?|roll(?:ing)?[- ]?back|rollback|"
    r"reinstat\w+|salvag\w+|retriev(?:e|ing|al)|(?:get|bring|have|put)(?:ting|ing)?\b[^.?!,;]{0,40}\bback)\b",
    re.I,
)
_AWAY = re.compile(
    r"\b(?:delet(?:e|es|ing|ion)|destroy(?:s|ing)?|destruction|remov(?:e|es|ing|al)|tear(?:ing)?[- ]?down|purg(?:e|ing)|"
    r"wip(?:e|ing)|eras(?:e|ing)|drop(?:ping)?|decommission(?:ing)?|uninstall(?:ing)?|terminat(?:e|ing|ion)|"
    r"get(?:ting)? rid of)\b",
    re.I,
)
_LOST = re.compile(
    r"\b(?:someone|somebody|who|i|we|he|she|they|you|was|were|is|are|been|got|gets?|have|has|had|accidentally|mistakenly)\s+"
    r"(?:\w+ly\s+|just\s+|all\s+|been\s+)?(?:deleted|destroyed|removed|wiped|erased|dropped|purged|terminated|lost|gone)\b",
    re.I,
)
_RETURNED = re.compile(r"\bbe (?:restored|recovered|reverted|undone|undeleted|brought back)\b", re.I)
_FACT = re.compile(rf"^\W*(?:(?:who|when|where|which|why|is|are|does|do|did|was|were)\b|{QUANTITY})", re.I)
_TO_DO = re.compile(
    r"\b(?:how (?:do|can|could|should|would|to|must)|(?:can|may|should|must) (?:i|we)|(?:i|we) (?:want|need|have) to)\b",
    re.I,
)


def seeks_return(question: str) -> bool:
    """Whether it asks how to get something back that is gone or was changed."""
    asked = [*_TO_DO.finditer(question)]
    for text in (question[asked[-1].end() :] if asked else "", question):
        back, away = _BACK.search(text), _AWAY.search(text)
        if back or away:
            return bool(back and (not away or back.start() < away.start()))
    return bool(_LOST.search(question)) and not _FACT.search(question)


def gives_back(title: str, piece: Piece) -> bool:
    """Whether a piece of a page tells of getting something back, by its own words or those above it."""
    return bool(_BACK.search(_above(title, piece)) or _BACK.search(piece.text) or _RETURNED.search(piece.text))


def does_away(title: str, piece: Piece) -> bool:
    """Whether what stands above a piece says that it tells how to destroy something, and nothing that it gives anything back."""
    return bool(_AWAY.search(_above(title, piece))) and not gives_back(title, piece)


def _above(title: str, piece: Piece) -> str:
    return " › ".join((title, *piece.place.path))
