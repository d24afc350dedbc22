"""What Terraform's settings come to that a question asks for: said in a line, with the lines that say so, and whose value it is.

`rag.answers.extractive.extract` puts this before its quotations. Nothing is said that `rag.terraform.values` can't tell before
an apply, and nothing of which a line is not in the evidence.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from rag.answers.values.asked import Asked, AskedFor
from rag.answers.values.inventory import Listed
from rag.cite import Citer
from rag.records import Citation, ScoredPassage
from rag.terraform.standings import OTHER
from rag.terraform.values import EffectiveValue

_LONGEST = 160  # characters of a value
_QUOTED = 4  # lines of code that stand below one value
_THERE = 8  # names that are told in the place of one that isn't there
_BESIDES = 5  # other blocks that are named
_ELSEWHERE = 2  # places that are named where others' values stand


@dataclass(frozen=True)
class _Row:
    """One value of a setting, the environments in which it is so, and the citations of its lines."""

    asked: Asked
    written: str
    environments: tuple[str, ...]
    citations: tuple[Citation, ...]
    roots: tuple[str, ...] = ()


def settled(asked: AskedFor, evidence: Sequence[ScoredPassage], citer: Citer) -> str:
    """One paragraph for each setting asked for: its value in each environment, with the line that sets it and those that it comes
    through; "" without any."""
    if asked.environments:
        return _listed(asked.environments, evidence, citer)
    several = [one for one in asked.values if one.value.known]
    lines = [_lines(one, evidence) for one in several]
    if not several or not all(lines):  # before anything is cited: a citation must stand in the text
        return ""
    groups: dict[tuple[str, str], list[_Row]] = {}
    for one, at in zip(several, lines, strict=True):
        citations = _cited(one, at, evidence, citer)
        if not citations:
            return ""
        key = (one.block.symbol.address + one.value.instance, one.attribute)
        row = _Row(one, _written(one.value), (one.environment,) if one.environment else (), citations, (one.root,))
        _joined(groups.setdefault(key, []), row)
    told = [_told(rows) for rows in groups.values()]
    of_rows = [one for rows in groups.values() for row in rows for one in row.citations]
    elsewhere = _elsewhere(asked, {(one.source, one.path, one.start_line) for one in of_rows})
    return "\n\n".join(filter(None, (_lacking(asked, several), *dict.fromkeys(told), _besides(asked), elsewhere)))


def absent(asked: AskedFor) -> str:
    """That there is none of a name that the question has, and how those are called that there are."""
    return " ".join(
        f"The code has no {one.name} of which it tells this; there are: {', '.join(one.there[:_THERE])}."
        for one in asked.absent
    )


def _listed(environments: Sequence[Listed], evidence: Sequence[ScoredPassage], citer: Citer) -> str:
    """The environments, each with the line that makes it one."""
    rows: list[str] = []
    for one in environments:
        step = one.step
        at = _line(step.source, step.path, step.line, evidence)
        cited = at and citer.cite(at[0], at[1], at[1], evidence[at[0]].document.lines(at[1], at[1]))
        if cited:
            rows.append(
                f"- {one.name}: {one.what} ({cited.source}/{cited.path} line {cited.start_line} [{cited.number}])"
            )
    return "The code has these environments:\n\n" + "\n".join(rows) if rows else ""


def _lines(asked: Asked, evidence: Sequence[ScoredPassage]) -> list[tuple[int, int]]:
    """In which piece of evidence, and at which line, the value comes through; none for one that is not known, or of which a line
    is not at hand."""
    steps = asked.value.steps
    found = [at for step in steps if (at := _line(step.source, step.path, step.line, evidence))]
    opening = [at for at in found if evidence[at[0]].document.lines(at[1], at[1]).rstrip().endswith("{")]
    if _written(asked.value) and len(found) >= min(len(steps), 2):  # of maps around a value the innermost is named
        return [at for at in found if at not in opening[:-1]]
    return []


def _cited(
    asked: Asked, lines: Sequence[tuple[int, int]], evidence: Sequence[ScoredPassage], citer: Citer
) -> tuple[Citation, ...]:
    cited = [citer.cite(index, line, line, evidence[index].document.lines(line, line)) for index, line in lines]
    found = tuple(one for one in cited if one)
    return found if len(found) == len(lines) else ()


def _joined(rows: list[_Row], row: _Row) -> None:
    """Puts a row to the others: environments in which it is the same are told together."""
    for at, other in enumerate(rows):
        same = other.citations == row.citations or (other.environments and row.environments)
        if other.written == row.written and same:
            environments = tuple(dict.fromkeys((*other.environments, *row.environments)))
            citations = tuple(dict.fromkeys((*other.citations, *row.citations)))
            roots = tuple(dict.fromkeys((*other.roots, *row.roots)))
            rows[at] = _Row(other.asked, other.written, environments, citations, roots)
            return
    rows.append(row)


def _told(rows: Sequence[_Row]) -> str:
    """A setting's value and where it stands; a list where it differs."""
    one = rows[0].asked
    what = f"`{one.block.symbol.address}{one.value.instance}` {one.attribute}".rstrip()
    if len(rows) == 1:
        return f"{what} is `{rows[0].written}`{_where(rows[0])}: {_places(rows[0])}\n\n{_quoted(rows)}"
    listed = "\n".join(f"- {_whose(row, rows)}: `{row.written}` ({_places(row)})" for row in rows)
    return f"{what} is\n\n{listed}\n\n{_quoted(rows)}"


def _where(row: _Row) -> str:
    calls = " → ".join(row.asked.value.calls)
    if not row.environments:
        return f" in {calls}" if calls else ""
    return f" in {_and(row.environments)}" + (f" ({calls})" if calls and len(row.environments) == 1 else "")


def _whose(row: _Row, rows: Sequence[_Row]) -> str:
    """The environments; with the folders where another row is of one of them too."""
    if any(other is not row and set(other.environments) & set(row.environments) for other in rows):
        return f"{_and(row.environments)} ({_and(row.roots)})"
    return _and(row.environments) or " → ".join(row.asked.value.calls) or row.asked.block.folder


def _places(row: _Row) -> str:
    """The lines, by file."""
    files: dict[str, dict[str, None]] = {}
    for one in row.citations:
        files.setdefault(f"{one.source}/{one.path}", {})[f"{one.start_line} [{one.number}]"] = None
    return ", ".join(f"{file} line{'s' * (len(lines) > 1)} {_and(tuple(lines))}" for file, lines in files.items())


def _quoted(rows: Sequence[_Row]) -> str:
    lines = dict.fromkeys(one.quote.strip() for row in rows for one in row.citations)
    shown = list(lines)[: max(_QUOTED, len(rows))]
    return "```\n" + "\n".join(shown) + "\n```"


def _lacking(asked: AskedFor, told: Sequence[Asked]) -> str:
    """That nothing is known of the environment that was asked for, and whose these values are."""
    if not asked.lacking:
        return ""
    names = _and(asked.lacking)
    if any(one.environment == OTHER for one in told):
        return f"Nothing in the code is called {names}: a workspace of that name gets what any other does."
    whose = dict.fromkeys(one.environment or " → ".join(one.value.calls) or one.block.folder for one in told)
    return f"Of {names} the Terraform code tells no such value; this is of {_and(tuple(whose))}."


def _besides(asked: AskedFor) -> str:
    """Which other blocks set the same, and how many there are."""
    named = [f"`{one.symbol.address}` ({one.source}/{one.path})" for one in asked.besides[:_BESIDES]]
    rest = len(asked.besides) - len(named)
    more = f"; and {rest} more" if rest > 0 else ""
    return f"It is set in {len(asked.besides)} other blocks too: {'; '.join(named)}{more}." if named else ""


def _elsewhere(asked: AskedFor, cited: Collection[tuple[str, str, int]]) -> str:
    """Where others' values stand, without those that are known to be what all that are told are, and lines that are cited."""
    told = {_written(one.value) for one in asked.values if one.value.known}
    others = [one for one in asked.elsewhere if not _written(one.value) or told != {_written(one.value)}]
    steps = [step for one in others for step in one.value.steps[-1:]]
    places = [f"{at.source}/{at.path} line {at.line}" for at in steps if (at.source, at.path, at.line) not in cited]
    named = list(dict.fromkeys(places))[:_ELSEWHERE]
    return f"Another environment's may differ: {'; '.join(named)}." if named else ""


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


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
