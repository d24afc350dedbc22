"""Which resource prose speaks of: by address, by its own name in code marks, by label beside a word for its type ("the invoices
database"), or by the environment where code has one such thing in each. `rag.drift.prose` asks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from rag.drift.facts import Fact, Facts
from rag.drift.typed import agrees, values_in

_TYPES = (  # what prose calls it, and what stands in the type's name or in that of the map that holds it
    (r"databases?|db|rds", r"db_instance|rds_|sql_database|docdb|_server$|database"),
    (r"caches?|redis|memcached", r"elasticache|redis|memorydb|cache"),
    (r"queues?", r"queue"),
    (r"buckets?", r"bucket"),
    (r"log groups?", r"log_group"),
    (r"functions?|lambdas?", r"function|lambda"),
    (r"clusters?", r"cluster"),
    (r"instances?|servers?|hosts?|machines?", r"_instance$|virtual_machine"),
    (r"services?", r"_service$"),
    (r"node ?groups?|node pools?|nodes", r"node_group|node_pool"),
    (r"volumes?|disks?", r"volume|disk"),
    (r"target groups?", r"target_group"),
    (r"load balancers?|listeners?", r"_lb$|_alb$|_elb$|_lb_listener|listener"),
    (r"tables?", r"dynamodb_table"),
    (r"streams?", r"stream"),
    (r"vpcs?|virtual networks?", r"vpc$|virtual_network$"),
    (r"(?:kms )?keys?", r"kms_key$"),
    (r"(?:auto-?)?scaling groups?|asgs?", r"autoscaling_group"),
    (r"topics?", r"topic"),
)
_SUBJECT = re.compile(
    r"^[\s*-]*(?:in [\w-]+,? )?(?:the |our )?`?(?P<label>[a-z][\w-]{3,})`?"
    r"(?: (?:(?:instances?|nodes?|servers?|hosts?) )?(?:in [\w-]+ )?(?:is|are|runs? on|uses?)|:) (?:an? |on )?[`*\"]*$",
    re.I,
)
_OF_HEADING = re.compile(rf"\b(the|our)((?: production| prod| live)?) ({'|'.join(said for said, _ in _TYPES)})\b", re.I)
_NOTHING = re.compile(r"(?!)")
_ADDRESS = re.compile(r"(?<![\w.-])([a-z][a-z0-9]*_\w+)\.([\w-]+)")
_MARKED = re.compile(r"`([\w./-]{3,80})`")
_ELSEWHERE = re.compile(
    r"\b(staging|stage|stg|dev|development|tests?|testing|sandbox|pre-?prod\w*|non-?prod\w*|demo|uat|qa)\b", re.I
)


def marked(sentence: str, facts: Facts) -> list[Fact]:
    """The facts of what the sentence names in code marks: by its name, by one that ends with it (`tb-prod-labels`), or by what
    code calls it where it is created (`name`, `identifier`). A word for a type beside it leaves out those of other types."""
    found: list[Fact] = []
    for match in _MARKED.finditer(sentence):
        holders = facts.called.get(match[1], [])
        parts = match[1].split("-")
        for at in range(len(parts)):
            if holders or (at and len(parts) - at < 2):
                break
            name = "-".join(parts[at:])
            holders = [f for f in facts.by_name.get(name, ()) if f.attribute != name]
        name, lowered = re.escape(match[0].lower()), sentence.lower()
        kinds = {kind for kind in {f.names[0] for f in holders} if _beside(name, _spoken(kind)).search(lowered)}
        beside = [fact for fact in holders if fact.names[0] in kinds]
        found.extend(beside or holders)
    return found


def spoken_of(text: str, facts: Facts) -> list[Fact]:
    """The facts of the one resource that a text speaks of, none where it speaks of several or of another environment's."""
    found = [f for kind, label in _ADDRESS.findall(text) for f in facts.by_name.get(label, ()) if f.names[0] == kind]
    if not found:
        lowered = text.lower()
        words = {*re.findall(r"[a-z][\w-]*", lowered)} & facts.by_label.keys()
        owners = {owner: held for word in sorted(words) for owner, held in facts.by_label[word].items()}
        found = [
            fact
            for (kind, label), held in owners.items()
            if _as_called(facts.kinds.get(label, kind) if kind == "module" else kind, label).search(lowered)
            for fact in held
        ]
    if len({fact.owner[2] for fact in found}) != 1:
        return []
    parts = [part for owner in dict.fromkeys(fact.owner for fact in found) for part in facts.parts.get(owner, ())]
    found = list({id(fact): fact for fact in (*found, *parts)}.values())
    return [fact for fact in found if not is_elsewhere(text, fact)]


def under(heading: str, sentence: str) -> str:
    """A sentence in which "the database" is that of the heading above it ("# Ledger"): "the ledger database"."""
    bare = re.fullmatch(r"[A-Za-z][\w-]{3,}", heading)
    return _OF_HEADING.sub(rf"\1\2 {heading} \3", sentence) if bare else ""


def subject_of(sentence: str, facts: Facts) -> list[Fact]:
    """The facts of the one thing that is called by its bare name, and said to be of an instance type."""
    value = next((one for one in values_in(sentence) if one.kind == "instance"), None)
    match = _SUBJECT.match(sentence[: value.at]) if value else None
    label = match["label"].lower().replace("-", "_") if match else ""
    owners = {
        name: held for name, held in facts.by_label.get(label, {}).items() if name[1].lower().replace("-", "_") == label
    }
    sized = [
        held for held in owners.values() if value and any(agrees(value, f.value, f.attribute) is not None for f in held)
    ]
    return [fact for fact in sized[0] if not is_elsewhere(sentence, fact)] if len(sized) == 1 else []


@lru_cache(maxsize=8192)
def _as_called(kind: str, label: str) -> re.Pattern[str]:
    """How prose calls a resource: by its label beside a word for its type, or by the label without its first word where two are
    left ("the RDS logs queue" of `cp_rds_logs_queue`)."""
    spoken = _spoken(kind)
    words = [word for word in re.split(r"[-_]", label.lower()) if not any(re.fullmatch(said, word) for said in spoken)]
    tails = [words, *([words[1:]] if len(words) > 2 else [])]
    return _beside("|".join(r"[ _-]".join(map(re.escape, tail)) for tail in tails if tail), spoken)


def _spoken(kind: str) -> list[str]:
    """What prose calls things of a type."""
    return [said for said, kinds in _TYPES if re.search(kinds, kind)]


def _beside(name: str, spoken: Sequence[str]) -> re.Pattern[str]:
    if not name or not spoken:
        return _NOTHING
    kinds = "|".join(spoken)
    return re.compile(rf"(?<![\w-])(?:{name})['’]?s? (?:{kinds})\b|\b(?:{kinds}) (?:\w+ )?(?:{name})(?![\w-])")


def placed_in(words: Collection[str], environments: Collection[str], facts: Facts) -> list[Fact]:
    """Facts of which code has one for each environment, where a sentence's words name one: an entry of a map by environments
    (`cluster_version.live`); where there is none, a variable of its folder, or an argument of a module that is called as prose
    calls it ("the VPC")."""
    entries = [fact for fact in facts.placed if len(fact.names) == 2 and fact.attribute in words]
    others = (fact for fact in facts.placed if fact.names[0] != "module" or fact.names[1] in words)
    return entries or [fact for fact in others if any(fact.is_of(name) for name in environments)]


def is_elsewhere(sentence: str, fact: Fact) -> bool:
    """Whether a sentence names an environment in which a fact does not stand."""
    where = [word.lower() for word in _ELSEWHERE.findall(sentence)]
    return bool(where) and not any(fact.is_of(word) for word in where)


def of_one_kind(found: Sequence[Fact]) -> bool:
    """Whether facts set one attribute."""
    return len({fact.names[-2:] if fact.names[0] == "module" else fact.names[0] for fact in found}) == 1
