"""What an experienced engineer would speak up about in the lines that an answer cites: a secret that stood in the
open, no backup, a single point of failure, a step by hand in production, a door open to the world, a version that nobody chose.

Rules alone, over cited lines alone: nothing is said of what was not shown. `warnings` asks `red_flags`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answers.caveats.conflicts import spot
from rag.drift import is_trial, speaks_of_now
from rag.records import Citation, Document, Flag, ScoredPassage

MOST = 3  # of one answer
KIND = "red flag"
_PRODUCTION = re.compile(r"(?<![a-z])(production|prod|prd|live)(?![a-z])", re.I)
_NOT_PRODUCTION = re.compile(
    r"(?<![a-z])(non-?(prod|live)\w*|not (in )?prod\w*|staging|stag|stg|dev|development|test|sandbox|"
    r"examples?(?!\.(?:com|org|net))|demo|"
    r"pre-?prod)(?![a-z])",
    re.I,
)
_NEGATED = re.compile(
    r"\b(never|don'?t|do not|must not|mustn'?t|should not|shouldn'?t|cannot|can'?t|avoid|instead of|rather than|"
    r"no longer|not allowed|"
    r"reverted|put(?:s|ting)? (?:it|them) back|undo(?:es|ne)|overwrit\w+|holds for|is lost|forbidden|prohibit\w*|"
    r"without|used to|was|were|had)\b",
    re.I,
)
_COMMENT = re.compile(r"^\s*(#|//)")
# A folder or a file of made-up values: `envs/dev-example`, `settings.sample.yml`.
_MADE_UP = re.compile(r"(?<![a-z])(?:examples?|samples?|dummy|dummies|fixtures?|mocks?)(?![a-z])", re.I)


@dataclass(frozen=True)
class _Rule:
    """`line` finds it; `where` are the kinds of text that it holds for: code (Terraform, YAML), prose, any."""

    name: str
    line: re.Pattern[str]
    says: str
    where: str = "any"
    in_production: bool = False
    unless_trial: bool = False  # also where nothing says production, but not where something says dev or test


# Rules of redaction that go by a thing's name or place and not by the shape of a key or a token, so that they may err.
_BY_PLACE = frozenset(("assignment", "hcl-secret", "password", "kubernetes-secret"))
_HIDDEN = re.compile(
    r"(?:(?P<key>[\w.-]+)[\"'`*\])]{0,4}\s*(?:=>|:=|[:=])\s*[\"'`]?)?\[REDACTED:(?!purged\])(?P<rule>[\w-]+)\]"
)
_SECRET_KEY = re.compile(
    r"(?:passw(?:or)?d|pass(?:phrase|code)?|pwd|secret|token|(?:api|access|secret|private|account|encryption|signing|shared)[_-]?key|"
    r"connection[_-]?string)(?:[_-]?\d{1,2})?(?:_(?:value|prod|production|live|dev|staging|test))?$", re.I
)  # fmt: skip
_NO_SECRET_KEY = re.compile(
    r"(?:^|[_.-]|[a-z](?=[A-Z]))(?i:user|login|host|port|engine|db|database|region|address|endpoint)$|(?i:username|hostname|dbname)$"
)
_DIGEST_KEY = re.compile(r"hash|digest|checksum|encrypted", re.I)
_SHOWN = re.compile(r"\[REDACTED:kubernetes-secret\]")  # in a page: what a command prints of some Secret
_RULES = (
    _Rule(
        "hard-coded secret", _HIDDEN,
        "a credential stood here in the open; replace it, and keep it in a secret store",
    ),
    _Rule(
        "no backup",
        re.compile(r"\b(backup_retention_period|snapshot_retention_limit|backup_retention_days)\s*=\s*0\b"),
        "nothing is left to restore from; keep backups for some days", "code", unless_trial=True,
    ),
    _Rule(
        "no backup",
        re.compile(r"\bskip_final_snapshot\s*=\s*true\b|\bdelete_automated_backups\s*=\s*true\b"),
        "nothing is left to restore from once it is deleted; keep the last snapshot", "code", in_production=True,
    ),
    _Rule(
        "no deletion protection",
        re.compile(r"\bdeletion_protection\s*=\s*false\b"),
        "one wrong plan deletes it; set it to true", "code", in_production=True,
    ),
    _Rule(
        "public database",
        re.compile(r"\bpublicly_accessible\s*=\s*true\b"),
        "it has an address on the internet; set it to false and reach it from within the network", "code",
        unless_trial=True,
    ),
    _Rule(
        "not encrypted",
        re.compile(r"\b(?:storage_encrypted|at_rest_encryption_enabled)\s*=\s*false\b"),
        "who gets the disk or a snapshot reads it; encrypt it", "code", unless_trial=True,
    ),
    _Rule(
        "single point of failure",
        re.compile(r"\b(multi_az|automatic_failover_enabled|multi_az_enabled|zone_redundant)\s*=\s*false\b|\bsingle_nat_gateway\s*=\s*true\b|"
                   r"^\s*(?:replicas|replicaCount|desired_count|num_cache_clusters)\s*[:=]\s*1\s*(?:#.*)?$"),
        "one of it carries production", "code", in_production=True,
    ),
    _Rule(
        "open to the world",
        re.compile(r"a^"), "the whole internet reaches it; limit it to known ranges", "code",
    ),
    _Rule(
        "version that nobody chose",
        re.compile(r"\bimage:\s*[\"']?[\w./-]+:latest\b|\bimage\s*=\s*\"[\w./-]+:latest\"|^\s*FROM\s+[\w./-]+:latest\b|\?ref=(?:main|master|HEAD)\b"),
        "it changes without a change of ours; pin it", "code",
    ),
    _Rule(
        "manual step in production",
        re.compile(r"\bkubectl\b[^`\n|]*\s(?:edit|patch|scale|set image)\b|"
                   r"\bssh (?:-\S+ )*\S*(?:prod|live)[\w.@-]*|"
                   r"\b(?:log|sign) ?in ?(?:to|into) the (?:aws |azure |gcp |"
                   r"cloud )?(?:web )?(?:management )?(?:console|portal)\b.*\b(?:click|select|edit|"
                   r"change|delete|modify|create|untick|tick)\b|"
                   r"\bin the (?:aws |azure |gcp )?(?:web )?(?:management )?console\b[^.\n]*\b(?:click|edit|change|"
                   r"delete|modify|create|untick|tick)\b|"
                   r"\bclick (?:on )?[\"'*_`]*(?:edit|delete|modify|create|terminate|reboot|apply)\b", re.I),
        "it leaves no trace in code and can't be repeated; make it a pipeline or a script", "prose", in_production=True,
    ),
    _Rule(
        "possible secret", _HIDDEN,
        "what is hidden here may be a credential; if it is one, replace it, and keep it in a secret store",
    ),
)  # fmt: skip
_OPEN = re.compile(r"(?:0\.0\.0\.0/0|::/0)")
_OPEN_RULE = next(rule for rule in _RULES if rule.name == "open to the world")
_DOORS = frozenset((22, 23, 3389, 3306, 5432, 1433, 1521, 6379, 9200, 27017, 11211, 2375, 2379, 6443))
_PORT = re.compile(r"\b(from_port|to_port|port)\s*=\s*\"?(-?\d+)\"?")


def red_flags(citations: Sequence[Citation], evidence: Sequence[ScoredPassage]) -> list[Flag]:
    """The first few red flags in the cited lines, the gravest kinds first, one of each kind and document."""
    documents = {found.document.id: found.document for found in evidence}
    found: dict[tuple[str, str], Flag] = {}
    for citation in citations:
        document = documents.get(citation.document_id)
        if document and not is_trial(document.path) and (_is_code(document) or speaks_of_now(document)):
            for rule, line in _seen(document, citation):
                found.setdefault((rule.name, document.id), _flag(rule, document, line))
    order = [rule.name for rule in _RULES]
    return sorted(found.values(), key=lambda flag: order.index(flag.text))[:MOST]


def _is_code(document: Document) -> bool:
    return document.kind in ("terraform", "config", "code")


def _seen(document: Document, citation: Citation) -> Iterator[tuple[_Rule, int]]:
    """The rules that a citation's lines break, with the line."""
    lines = document.lines(citation.start_line, citation.end_line).split("\n")
    code = _is_code(document)
    context = f"{document.path} {document.title}"
    fenced = False
    for at, line in enumerate(lines):
        fenced = fenced != line.lstrip().startswith(("```", "~~~"))
        if _COMMENT.match(line) and (code or fenced):
            continue
        for rule in _RULES:
            if (rule.where == "code" and not code) or (rule.where == "prose" and code) or not rule.line.search(line):
                continue
            near = "\n".join(lines[max(at - 2, 0) : at + 1])
            if rule.unless_trial and _NOT_PRODUCTION.search("\n".join([context, *lines[: at + 1]])):
                continue
            if rule.in_production and not _in_production(near, context, lines[:at]):
                continue
            if rule.line is _HIDDEN and rule.name != _told_of(line, document.path):
                continue
            if (rule.where == "prose" and _NEGATED.search(line)) or (not code and _SHOWN.search(line)):
                continue
            yield rule, citation.start_line + at
    if code:
        yield from ((_OPEN_RULE, citation.start_line + at) for at in _open_doors(lines))


def _told_of(line: str, path: str) -> str:
    """The name of the rule for what was hidden in a line: a credential, what may be one, or nothing to speak of. Among made-up
    values a key's or a token's shape alone counts."""
    made_up = _MADE_UP.search(path)
    hidden = [match for match in _HIDDEN.finditer(line) if not (made_up and match["rule"] in _BY_PLACE)]
    names = {_told_of_one(match["key"] or "", match["rule"]) for match in hidden}
    return next((name for name in ("hard-coded secret", "possible secret") if name in names), "")


def _told_of_one(key: str, rule: str) -> str:
    if rule not in _BY_PLACE or (_SECRET_KEY.search(key) and not _DIGEST_KEY.search(key)):
        return "hard-coded secret"
    return "" if _NO_SECRET_KEY.search(key) else "possible secret"


def _in_production(near: str, context: str, above: Sequence[str]) -> bool:
    """Whether lines are about production: they say so themselves, or stand where production's do, and nothing says otherwise."""
    if _NOT_PRODUCTION.search(near) or _NOT_PRODUCTION.search(context):
        return False
    return bool(
        _PRODUCTION.search(near) or _PRODUCTION.search(context) or any(_PRODUCTION.search(line) for line in above)
    )


def _open_doors(lines: Sequence[str]) -> Iterator[int]:
    """Lines that let everybody in by a port for administration or data, or by all ports; what goes out is left out."""
    for at, line in enumerate(lines):
        if not _OPEN.search(line) or _COMMENT.match(line):
            continue
        block = _block_around(lines, at)
        text = "\n".join(block)
        if re.search(
            r"egress|outbound|aws_route\b|route_table|destination_cidr|\brule_action\s*=\s*\"deny\"|nacl|network_acl",
            text,
            re.I,
        ):
            continue
        if not re.search(r"ingress|inbound|security_group|public_access_cidrs|authorized_networks", text, re.I):
            continue
        ports = {name: int(number) for name, number in _PORT.findall(text)}
        low, high = ports.get("from_port", ports.get("port", -2)), ports.get("to_port", ports.get("port", -2))
        every = re.search(r"\b(?:protocol|ip_protocol)\s*=\s*\"-1\"", text) or (low == 0 and high in (0, 65535))
        if every or (0 < high < 65535 and any(low <= door <= high for door in _DOORS)):
            yield at


def _block_around(lines: Sequence[str], at: int) -> Sequence[str]:
    """The innermost block of HCL around a line, with the line that opens it, as far as it is cited."""
    depth, first = 0, 0
    for above in range(at - 1, -1, -1):
        depth += lines[above].count("}") - lines[above].count("{")
        if depth < 0:
            first = above
            break
    depth = 0
    for below in range(at + 1, len(lines)):
        depth += lines[below].count("{") - lines[below].count("}")
        if depth < 0:
            return lines[first : below + 1]
    return lines[first:]


def _flag(rule: _Rule, document: Document, line: int) -> Flag:
    one = spot(document, line)
    return Flag(KIND, rule.name, f"{one.source}/{one.path}:{line}: {rule.says}", (one,))
