"""Resources as prose speaks of them: by address, or by label beside a word for their type ("the invoices database"), and what
it says of their ports, sizes and counts. `rag.drift.contradictions` asks where nothing in code marks names a resource.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.drift.facts import Fact, Facts
from rag.drift.typed import Typed

_TYPES = (  # what prose calls it, and what stands in the type's name
    (r"databases?|db|rds", r"db_instance|rds_|sql_database|docdb|_server$"),
    (r"caches?|redis|memcached", r"elasticache|redis|memorydb"),
    (r"queues?", r"queue"),
    (r"buckets?", r"bucket"),
    (r"log groups?", r"log_group"),
    (r"functions?|lambdas?", r"function"),
    (r"clusters?", r"cluster"),
    (r"instances?|servers?|hosts?|machines?", r"_instance$|virtual_machine"),
    (r"services?", r"_service$"),
    (r"node ?groups?|node pools?", r"node_group|node_pool"),
    (r"volumes?|disks?", r"volume|disk"),
    (r"load balancers?|listeners?", r"_lb|_alb|_elb|listener"),
    (r"tables?", r"table"),
    (r"streams?", r"stream"),
)
_ADDRESS = re.compile(r"(?<![\w.-])([a-z][a-z0-9]*_\w+)\.([\w-]+)")
_UNSURE = re.compile(
    r"\b(unlike|except|should|could|may|might|at least|at most|up to|about|around|roughly|between|for instance|will|planned|"
    r"never|not|"
    r"other than|than|want|wants|plan|plans|planned|going to|"
    r"move|moves|moving|migrat\w+|create|creates|creating|new|would)\b|\d\s*(?:to|-|–)\s*\d",
    re.I,
)
_ELSEWHERE = re.compile(
    r"\b(staging|stage|stg|dev|development|tests?|testing|sandbox|pre-?prod\w*|non-?prod\w*|demo|uat|qa)\b", re.I
)
_COUNTED = (
    (re.compile(r"\bports? (\d{2,5})\b", re.I), frozenset({"port"})),
    (re.compile(r"\b(\d+) ?Gi?B\b"), frozenset({"storage", "volume", "disk"})),
    (re.compile(r"\b(\d+) ?Mi?B\b"), frozenset({"memory"})),
    (
        re.compile(r"\b(\d+) (?:nodes?|replicas?|tasks?|instances|shards?)\b"),
        frozenset("desired node replica count shard".split()),
    ),
)  # fmt: skip


def spoken_of(text: str, facts: Facts) -> list[Fact]:
    """The facts of the one resource that a text speaks of, none where it speaks of several kinds or of another environment's."""
    if _UNSURE.search(text):
        return []
    found = [f for kind, label in _ADDRESS.findall(text) for f in facts.by_name.get(label, ()) if f.names[0] == kind]
    if not found:
        lowered = text.lower()
        for label in dict.fromkeys(re.findall(r"[a-z][\w-]*", lowered)):
            found += [f for f in facts.by_name.get(label, ()) if _is_called(f, label, lowered)]
    if len({fact.names[:2] for fact in found}) != 1:
        return []
    where = {word.lower() for word in _ELSEWHERE.findall(text)}
    return [fact for fact in found if not where or any(fact.is_of(word) for word in where)]


def _is_called(fact: Fact, label: str, text: str) -> bool:
    """Whether a word for the resource's type stands next to its label."""
    if len(fact.names) < 3 or fact.names[1] != label or fact.symbol.symbol.kind != "resource":
        return False
    name = re.escape(label)
    return any(
        re.search(kind, fact.names[0]) and re.search(rf"\b{name} (?:{word})\b|\b(?:{word}) {name}\b", text)
        for word, kind in _TYPES
    )


def counted(sentence: str) -> Iterator[tuple[Typed, frozenset[str]]]:
    """Numbers that say what they count, and the words of which an attribute that sets them has one."""
    for pattern, hints in _COUNTED:
        for match in pattern.finditer(sentence):
            yield Typed("number", int(match[1]), match[0], match.start()), hints


def is_unsure(sentence: str) -> bool:
    """Whether a sentence hedges, or speaks of an environment that isn't production."""
    return bool(_UNSURE.search(sentence))


def is_elsewhere(sentence: str, fact: Fact) -> bool:
    """Whether a sentence names an environment in which a fact does not stand."""
    where = [word.lower() for word in _ELSEWHERE.findall(sentence)]
    return bool(where) and not any(fact.is_of(word) for word in where)
