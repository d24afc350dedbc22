"""What is thought of the evidence once more is known than its words: values of Terraform, names that nothing has, parts that
nothing tells. `rag.ask` calls this on what `judgement` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answers.judging.judgement import Judgement
from rag.answers.judging.unheard import Unheard
from rag.answers.values.asked import AskedFor
from rag.records import Verdict


def with_values(judged: Judgement, values: AskedFor) -> Judgement:
    """What is thought of the evidence, with the values of Terraform that are asked for: of an environment of which nothing was
    found there is no whole answer, though another's is told."""
    if values.known and not values.unanswered:  # its words stand nowhere, and its value does
        return judged if judged.verdict == "answered" else replace(judged, verdict="answered", missing=(), passing=())
    missing = tuple(dict.fromkeys((*values.lacking, *judged.missing)))
    if values.known:
        return replace(judged, verdict="partial", missing=missing, passing=())
    if judged.verdict == "answered" and values.named.words & set(judged.missing):
        return replace(judged, verdict="partial")
    return judged


def without(judged: Judgement, nobody: Sequence[Unheard]) -> Judgement:
    """What is thought of the evidence where the question names what nothing has: whatever is told is none of its."""
    verdict: Verdict = "not_found" if judged.verdict == "not_found" else "partial"
    names = [one.name for one in nobody]
    missing = (*names, *(word for word in judged.missing if not any(word in name.lower() for name in names)))
    return replace(judged, verdict=verdict, missing=missing, first=" ".join(one.note for one in nobody))


def half(judged: Judgement, lacking: Sequence[str]) -> Judgement:
    """What is thought of evidence that tells but parts of what is asked."""
    return replace(judged, verdict="partial", missing=tuple(dict.fromkeys((*lacking, *judged.missing))))
