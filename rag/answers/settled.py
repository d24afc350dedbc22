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
from rag.records import Citation, ScoredPassage
from rag.terraform.lookup import TerraformLookup
from rag.terraform.values import EffectiveValue

_LONGEST = 160  # characters of a value


def settled(question: str, evidence: Sequence[ScoredPassage], citer: Citer, lookup: TerraformLookup) -> str:
    """One paragraph for each value asked for, with the line that sets it and those that it comes through; "" without any."""
    told = [_told(asked, evidence, citer) for asked in asked_values(question, evidence, lookup)]
    return "\n\n".join(dict.fromkeys(told)) if all(told) else ""


def _told(asked: Asked, evidence: Sequence[ScoredPassage], citer: Citer) -> str:
    """The value, and where it stands; "" for one that is not known, or of which a line is not at hand."""
    value, block = asked.value, asked.block
    written = _written(value)
    citations = [cited for step in value.steps if (cited := _line(step.source, step.path, step.line, evidence, citer))]
    if not written or not citations or (len(value.steps) > 1 and len(citations) < 2):
        return ""
    where = f" in {' → '.join(value.calls)}" if value.calls else ""
    lines = "\n".join(dict.fromkeys(cited.quote.strip() for cited in citations))
    places = ", ".join(dict.fromkeys(f"{c.source}/{c.path} line {c.start_line} [{c.number}]" for c in citations))
    what = f"`{block.symbol.address}{value.instance}` {asked.attribute}"
    return f"{what} is `{written}`{where}: {places}\n\n```\n{lines}\n```"


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


def _line(source: str, path: str, line: int, evidence: Sequence[ScoredPassage], citer: Citer) -> Citation | None:
    """The citation of a line that stands in the evidence."""
    for index, found in enumerate(evidence):
        document, passage = found.document, found.passage
        if (document.source, document.path) == (source, path) and passage.start_line <= line <= passage.end_line:
            return citer.cite(index, line, line, document.lines(line, line))
    return None
