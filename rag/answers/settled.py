"""What Terraform's attributes come to that a question asks for: said in a line, with the lines that say so.

`rag.answers.extract` puts this before its quotations. Nothing is said that `rag.terraform.values` can't tell before an apply, and
nothing of which a line is not in the evidence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rag.cite import Citer
from rag.records import Citation, ScoredPassage
from rag.terraform.companions import Asked, asked_attributes
from rag.terraform.lookup import TerraformLookup
from rag.terraform.values import EffectiveValue

_MOST = 3  # attributes that are told
_LONGEST = 160  # characters of a value


def settled(question: str, evidence: Sequence[ScoredPassage], citer: Citer, lookup: TerraformLookup) -> str:
    """One paragraph for each attribute asked for whose value comes from elsewhere than its own line; "" without any."""
    told: list[str] = []
    for asked in asked_attributes(question, evidence, lookup):
        if "_" not in asked.attribute.rpartition(".")[2]:  # one word ("bucket", "role") may be any word of the question
            continue
        told.extend(line for line in _told(asked, evidence, citer) if line not in told)
        if len(told) >= _MOST:
            break
    return "\n\n".join(told[:_MOST])


def _told(asked: Asked, evidence: Sequence[ScoredPassage], citer: Citer) -> Iterator[str]:
    """The value in each context, once for those in which it is the same."""
    seen: set[str] = set()
    for value in asked.values:
        written = _written(value)
        if not written or written in seen or not _from_elsewhere(asked, value):
            continue
        seen.add(written)
        citations = [
            cited for step in value.steps if (cited := _line(step.source, step.path, step.line, evidence, citer))
        ]
        if len(citations) < 2:  # its own line and where it comes from: else the quotations say it better
            continue
        where = f" in {' → '.join(value.calls)}" if value.calls else ""
        lines = "\n".join(cited.quote.strip() for cited in citations)
        marks = " ".join(dict.fromkeys(f"[{cited.number}]" for cited in citations))
        what = f"`{asked.block.symbol.address}{value.instance}` {asked.attribute}"
        yield f"{what} is `{written}`{where} {marks}\n\n```\n{lines}\n```"


def _from_elsewhere(asked: Asked, value: EffectiveValue) -> bool:
    """Whether some line outside the block has a say: else the block's own line is the answer."""
    block = asked.block
    return any(
        step.path != block.path or not block.symbol.start <= step.line <= block.symbol.end for step in value.steps
    )


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
