"""What questions ask of infrastructure in plain words, and how attributes of Terraform that tell it are called: "how long are
backups kept" asks for `backup_retention_period`. English and the providers' own names; nothing of any organisation.

`asked` calls this.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.indexes.tokens import content_words
from rag.shorthand import Forms

# A question for a value; "how do I change the retention" asks for none.
_FOR_A_VALUE = re.compile(
    r"\bhow (?:many|much|long|often|far|big|large|old|fast|soon)\b|^\W*(?:(?:for|at|in|on|to|of|by) )?(?:what|which|when)\b"
    r"|(?:^|[,;:.]\s*)(?:is|are|does|do|did|has|have|was|were)\b|\b(?:what(?:'s| is| are)|which) the\b",
    re.I,
)
_FOR_STEPS = re.compile(
    r"\bhow (?:do|can|should|could|would|to|must)\b|\bwhat (?:do|should|must|can) (?:i|we)\b|^\W*why\b", re.I
)
_KEPT = frozenset("kept keep keeps hold held stored store stay stays remain retained retain saved".split())
_SHORT = 12  # words up to which a question without a verb may name what it asks for


@dataclass(frozen=True)
class Matter:
    """`cue` finds it in a question, `named` in the name of an attribute, which holds one of `stored`. `spoken` are words of the
    cue that name no thing."""

    cue: re.Pattern[str]
    named: re.Pattern[str]
    spoken: frozenset[str]
    stored: tuple[str, ...]


def _matter(cue: str, named: str, spoken: str, stored: str) -> Matter:
    return Matter(
        re.compile(rf"\b(?:{cue})", re.I), re.compile(named), frozenset(spoken.split()), tuple(stored.split())
    )


_LONG = r"how long|how many (?:days|weeks|months|hours)|how far back|for what time"
_COUNT = _matter(
    r"how many|number of|count of|replica count|replicas",
    r"(?:^|_)(?:count|replicas|capacity)$(?<!min_count)(?<!max_count)(?<!min_capacity)(?<!max_capacity)"
    r"|^num(?:ber)?_|^desired_(?:size|capacity)$|(?:^|_)replicaCount$",
    "number count many replicas instance instances node nodes data desired copies size",
    "count replicas desired",
)
_COUNT_NAMED = re.compile(r"\b(?:desired|replicas?|count)\b", re.I)
_MACHINE = r"(?:what|which|how big|how large|kind of|size|type|class)"
_SIZE = _matter(
    rf"{_MACHINE}\b(?!.*\b(?:disks?|volumes?|storage)\b).*\b(?:instances?|nodes?|machines?|vms?|masters?|workers?)"
    r"|(?:instance|node|machine|vm)s?(?: |-)(?:size|type|class)",
    r"(?:^|_)(?:instance|node|machine|vm|master|warm)_?(?:class|types?|size)$|^sku_name$",
    "instance instances node nodes machine machines size class type types big",
    "instance_class instance_type node_type machine_type vm_size",
)
_OF_A_GROUP = re.compile(
    r"\b(?:min|max)(?:imum)?\b(?!.*\b(?:types?|class|instances?|machines?|vms?)\b)", re.I
)  # its bounds
MATTERS = (
    _matter(
        rf"retention|retain|(?:{_LONG})\b.*\b(?:kept|keep|keeps|hold|held|stor(?:e|ed)|stay|remain|retained|saved|back)",
        r"retention|retain|keep_",
        "retention retained retain kept keep keeps hold held stored store long days saved time",
        "retention",
    ),
    _SIZE,
    _matter(
        r"(?:how (?:big|large|much)|size)\b.*\b(?:disks?|volumes?|storage|space|root)"
        r"|(?:disk|volume|storage)s? (?:size|space)|allocated storage",
        r"(?:disk|volume|storage|root_volume)_(?:size|gb)|allocated_storage$|_size_(?:in_)?gb$",
        "big large much size disk disks volume volumes storage space",
        "allocated_storage volume_size disk_size",
    ),
    _matter(r"versions?", r"(?:^|_)version$", "version versions run runs running", "version"),
    _matter(r"regions?", r"(?:^|_)region$|^location$", "region regions", "region"),
    _matter(
        r"multi[- ]?az|availability zones?|(?:several|multiple|more than one) zones?|zone awareness",
        r"multi_az|zone_awareness_enabled|availability_zone_count|^availability_zones$",
        "multi az availability zone zones several multiple",
        "multi_az zone_awareness availability_zone_count",
    ),
    _matter(r"encrypt\w*", r"encrypt|^kms_key_id$", "encrypted encrypt encryption encrypts", "encrypt"),
    _matter(
        r"public(?:ly)?|(?:open|exposed|reachable|accessible)\b.*\b(?:world|internet|anyone|everyone)|from the internet",
        r"public",
        "public publicly open exposed reachable accessible world internet anyone everyone outside",
        "public",
    ),
    _matter(r"ports?\b", r"(?:^|_)port$", "port ports listen listens", "port"),
    _matter(r"ttl|time[- ]to[- ]live", r"(?:^|_)ttl$", "ttl time live", "ttl"),
    _matter(
        r"cidrs?|(?:ip|address) ranges?",
        r"(?:^|_)cidrs?(?:$|_)",
        "cidr cidrs range ranges ip address addresses block blocks network",
        "cidr",
    ),
    _matter(
        r"(?:memory|cpu|ram)\b.*\b(?:limits?|requests?)|(?:limits?|requests?)\b.*\b(?:memory|cpu|ram)"
        r"|how much (?:memory|ram|cpu)",
        r"(?:^|_)(?:memory|cpu)(?:_|$)",
        "much ram",
        "memory cpu",
    ),
    _matter(r"iops", r"iops", "iops per gb", "iops"),
    _COUNT,
    _matter(
        r"min(?:imum)?\b|at (?:the )?least|fewest",
        r"(?:^|_)min(?:imum)?(?:_|$)",
        "min minimum least fewest size nodes many number count capacity",
        "min_",
    ),
    _matter(
        r"max(?:imum)?\b|at (?:the )?most|up to",
        r"(?:^|_)max(?:imum)?(?:_|$)",
        "max maximum most size nodes many number count capacity",
        "max_",
    ),
    _matter(
        r"how often|schedule|cron|what time|when does",
        r"schedule|cron|(?:^|_)interval|_rate$",
        "often schedule scheduled cron runs run time",
        "schedule cron",
    ),
    _matter(
        r"(?:deletion|delete|termination)[- ]protect\w*|protected (?:from|against) (?:deletion|being deleted)",
        r"(?:deletion|delete|termination)_protection",
        "deletion delete protection protected termination",
        "_protection",
    ),
    _matter(r"final snapshot", r"final_snapshot", "final snapshot get", "final_snapshot"),
    _matter(r"time[- ]?outs?", r"timeout", "timeout timeouts time", "timeout"),
    _matter(
        r"backup window|when .*(?:backed up|backups? (?:taken|made|run))",
        r"backup_window",
        "backup backups window taken",
        "backup_window",
    ),
    _matter(r"maintenance window", r"maintenance_window", "maintenance window", "maintenance_window"),
)


def matters(question: str) -> list[Matter]:
    """The matters that a question asks for: how many there are is none where it asks for the most, or how many days."""
    found = [one for one in MATTERS if one.cue.search(question)]
    besides = len(found) > 1 and not _COUNT_NAMED.search(question)
    return [
        one for one in found if not (besides and one is _COUNT) and not (one is _SIZE and _OF_A_GROUP.search(question))
    ]


def also_called(question: str) -> Forms:
    """The plain words of a question that asks how long something is kept, each with what pages head it by."""
    if not MATTERS[0].cue.search(question):
        return ()
    return [(word, "retention") for word in content_words(question) if word in _KEPT]


def asks_for_a_value(question: str, found: Sequence[Matter]) -> bool:
    """Whether it wants to be told what something is, not what to do."""
    if _FOR_STEPS.search(question):
        return False
    return bool(_FOR_A_VALUE.search(question)) or (len(question.split()) <= _SHORT and (bool(found) or "_" in question))
