"""What environments are usually called, in questions and on pages: one table for those who must know one when they see it.

`rag.substitution` puts one in the place of another, one that is a plain word too where it is `PLACED`;
`rag.answers.caveats.conflicts` may hold statements apart that speak of two.
`rag.terraform.standings` tells whose a folder is. Environments that an organisation has are found in its code:
`rag.terraform.environments`.
"""

from __future__ import annotations

import re

ALIASES = {
    "prod": ("production", "prod", "prd", "live"),
    "stg": ("staging", "stage", "stg"),
    "dev": ("dev", "development"),
    "test": ("test", "testing"),
    "preprod": ("preprod", "pre-prod", "pre-production"),
    "nonprod": ("nonprod", "non-prod", "nonlive", "non-live"),
    "qa": ("qa",),
    "uat": ("uat",),
    "sandbox": ("sandbox",),
    "demo": ("demo",),
    "preview": ("preview",),
    "manager": ("manager",),
}
CANONICAL = {alias: name for name, aliases in ALIASES.items() for alias in aliases}
_LONGEST_FIRST = "|".join(sorted(map(re.escape, CANONICAL), key=len, reverse=True))
NAMED = re.compile(rf"(?<![\w./-])(?:{_LONGEST_FIRST})(?:-?\d{{1,2}})?(?![\w/-]|\.\w)", re.I)  # "live-2", "prod1" too

# What is a plain word too ("a Slack integration", "load tests"), and an environment's name where one stands.
_PLAIN = "integration|int|ephemeral|perf|performance|training|canary|acceptance|review|local|load|sit|ci|dr|mirror"
PLAIN = re.compile(rf"(?:{_PLAIN})(?:-?\d{{1,2}})?", re.I)
PLACED = re.compile(
    rf"(?:(?<=\bin )|(?<=\bon )|(?<=\bto )|(?<=\bfrom )|(?<=\bfor )|(?<=\baccess ))(?:{PLAIN.pattern})"
    rf"(?=\W*$|[,;.?!]\s|\s+(?:in|on|to|from|for|with|by|and|or|when|if|before|after|using|via|go|kept|stored)\b)"
    rf"|(?<![\w./-])(?:{PLAIN.pattern})(?=\s+(?:env(?:ironment)?s?|clusters?|accounts?|stacks?)\b)",
    re.I,
)


def canonical(name: str) -> str:
    """The first of the names that an environment goes by: `prod` for production; its own where it has no other."""
    return CANONICAL.get(name.lower(), name.lower())
