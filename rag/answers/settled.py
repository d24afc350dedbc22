"""What Terraform's attributes come to that a question asks for: said in a line, with the lines that say so.

`rag.answers.extract` puts this before its quotations. Nothing is said that `rag.terraform.values` can't tell before an apply, and
nothing of which a line is not in the evidence.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rag.answers.asked import Asked, asked_values
from rag.cite import Citer
from rag.records import ScoredPassage
from rag.terraform.lookup import TerraformLookup
from rag.terraform.values import EffectiveValue

_LONGEST = 160  # characters of a value


def settled(question: str, evidence: Sequence[ScoredPassage], citer: Citer, lookup: TerraformLookup) -> str:
    """One paragraph for each value asked for, with the line that sets it and those that it comes through; "" without any."""
    asked = asked_values(question, evidence, lookup)
    lines = [_lines(one, evidence) for one in asked]
    if not all(lines):  # before anything is cited: a citation must stand in the text
        return ""
    told = [_told(one, at, evidence, citer) for one, at in zip(asked, lines, strict=True)]
    return "\n\n".join(dict.fromkeys(told)) if all(told) else ""


def _lines(asked: Asked, evidence: Sequence[ScoredPassage]) -> list[tuple[int, int]]:
    """In which piece of evidence, and at which line, the value comes through; none for one that is not known, or of which a line
    is not at hand."""
    steps = asked.value.steps
    found = [at for step in steps if (at := _line(step.source, step.path, step.line, evidence))]
    return found if _written(asked.value) and len(found) >= min(len(steps), 2) else []


def _told(asked: Asked, lines: Sequence[tuple[int, int]], evidence: Sequence[ScoredPassage], citer: Citer) -> str:
    """The value, and where it stands; "" where a line can't be cited."""
    value, block = asked.value, asked.block
    cited = [citer.cite(index, line, line, evidence[index].document.lines(line, line)) for index, line in lines]
    citations = [one for one in cited if one]
    if len(citations) < min(len(value.steps), 2):
        return ""
    where = f" in {' → '.join(value.calls)}" if value.calls else ""
    quoted = "\n".join(dict.fromkeys(one.quote.strip() for one in citations))
    places = ", ".join(dict.fromkeys(f"{c.source}/{c.path} line {c.start_line} [{c.number}]" for c in citations))
    what = f"`{block.symbol.address}{value.instance}` {asked.attribute}"
    return f"{what} is `{_written(value)}`{where}: {places}\n\n```\n{quoted}\n```"


def _written(value: EffectiveValue) -> str:
    """The value as Terraform writes it; "" for one that is not known, or too long to be an answer."""
    if not value.known or isinstance(value.value, dict):
        return ""
    text = _plain(value.value)
    return text if text and len(text) <= _LONGEST and "`" not in text else ""


def _plain(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return ""


def _line(source: str, path: str, line: int, evidence: Sequence[ScoredPassage]) -> tuple[int, int] | None:
    """The first piece of evidence in which a line stands, and the line."""
    for index, found in enumerate(evidence):
        document, passage = found.document, found.passage
        if (document.source, document.path) == (source, path) and passage.start_line <= line <= passage.end_line:
            return index, line
    return None
