"""What a question asks for, found out without a model: its terms, spelt as the documents spell them, short forms written out,
and the kind of document that it seems to want. `rag.search` calls this once for each search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.indexes.tokens import STOP_WORDS, terms, tokenise
from rag.literals import literals
from rag.ports import Terms

_SPELT = 30  # words whose spelling is looked up
_GUESSED = 0.6  # what a word counts that may be a misspelling, or just a word that stands nowhere
_COMMONER, _RARER = (
    0.5,
    0.1,
)  # what all words together count of another form for what the question says, by how often it stands
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)  # alert texts are templates: what stands in them says nothing
_TERRAFORM = re.compile(
    r"\b(terraform|tf|tfvars|hcl|opentofu|terragrunt|modules?|variables?|providers?)\b|\b(aws|azurerm|google)_\w+", re.I
)
_SETTING = re.compile(  # "which instance type does X have", "how many nodes", "where is the retention set"
    r"\b(which|what|where|how (many|much|long|big|large|often))\b.*"
    r"\b(versions?|size|types?|class|count|cidrs?|retention|default|defined|configured|set|instances?|region|arn|cron|nodes?)\b",
    re.I | re.S,
)
_INCIDENT = re.compile(
    r"\b(incidents?|outages?|post-?mortems?|happened|went wrong|root cause|broke|failed|when did|was|were|did)\b", re.I
)
_DECISION = re.compile(
    r"\b(why|decid\w+|decisions?|adrs?|chosen?|chose|rationale|reasons?|trade-?offs?|considered|instead|alternatives?)\b",
    re.I,
)
_ALERT = re.compile(r"\b(?:[A-Z][a-z0-9]+){3,}\b")  # KubePodCrashLooping


@dataclass(frozen=True)
class Understanding:
    """`text` is the question to embed, `terms` what to look for by words, `literals` what letter by letter (`rag.literals`);
    `kinds` are the kinds of document that it seems to ask for, each as often as something in it says so: they weigh, and never
    filter. Incidents and decisions are there with 0 where it may be about the past: then they weigh as others do."""

    text: str
    terms: Terms
    literals: Mapping[str, float]
    kinds: Mapping[str, int]


def understand(
    question: str, spelt: Callable[[str], str] = str, rarity: Callable[[str], float] = lambda _: 0.5,
    other_forms: Callable[[Sequence[str]], Sequence[tuple[str, str]]] = lambda _: (),
) -> Understanding:  # fmt: skip
    """What a question asks for. `spelt` gives a word as the documents spell it, `rarity` how rare it is (0 to 1), and
    `other_forms`, for the question's words, what of them is a short or a long form, with the other one."""
    text = " ".join(_TEMPLATE.sub(" ", question).split()) or question
    found = terms(text)
    corrected = {word: spelt(word) if at < _SPELT else word for at, word in enumerate(found.words)}
    words = {corrected[word]: 1.0 if corrected[word] == word else _GUESSED for word in found.words}
    for said, form in other_forms(tokenise(text).words):
        also = [word for word in form.split() if word not in STOP_WORDS]
        commoner = max(map(rarity, form.split())) < max(map(rarity, said.split()))
        counts = (_COMMONER if commoner else _RARER) / max(1, len(also))
        words |= {word: counts for word in also if word not in words}
    pairs = tuple((corrected.get(a, a), corrected.get(b, b)) for a, b in found.pairs)
    return Understanding(text, replace(found, words=words, pairs=pairs), literals(text), _kinds(text))


def _kinds(text: str) -> dict[str, int]:
    kinds = {
        "terraform": bool(_TERRAFORM.search(text)) + bool(_SETTING.search(text)),
        "runbook": bool(_ALERT.search(text)),
    }
    asked = {kind: int(count) for kind, count in kinds.items() if count}
    return asked | {k: 0 for k, p in (("incident", _INCIDENT), ("decision", _DECISION)) if p.search(text)}
