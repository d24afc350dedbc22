"""What a question asks of Terraform comes to: which setting of which block it means, and whose value.

A setting is known by the words of its name, or by plain words for it (`matters`), a block as `subject`
says. A question that names an environment gets that one's value and no other's; one that names none, what it is in each.
`rag.ask` calls this once; `rag.answers.evidence` takes the lines that a value comes through, `settled` says the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answers.judging.parts import parts
from rag.answers.judging.sought import QUANTITY
from rag.answers.values.instances import Absent, Instances
from rag.answers.values.inventory import Listed, environments_asked
from rag.answers.values.matters import Matter, asks_for_a_value, matters
from rag.answers.values.subject import WRITTEN, Candidate, Subject
from rag.catalog.symbols import StoredSymbol
from rag.environments import canonical
from rag.records import ScoredPassage
from rag.terraform.entries import entries
from rag.terraform.lookup import TerraformLookup
from rag.terraform.places import Step
from rag.terraform.standings import OTHER, PRODUCTION, Holding, Named, Standings, is_everywhere
from rag.terraform.values import EffectiveValue

_FILES = 8  # of the first results whose blocks are looked at, all of them
_BLOCKS = 12  # settings of one matter whose values are evaluated
_CONTEXTS = 60  # instances and callers of each
_MOST = 3  # values of one environment that stand equally near: of more the question speaks of none
_MOST_TOLD = 8  # values of all environments
_NEAR = 0.6  # share of the question's other words that say which block is meant
_NEARER = 0.8  # the same, for a block that was looked up beside what was found
_HERE = 0.2  # what it counts that code knows the environment that is named
_ALIKE = 0.01  # of the best one's score: those mean the same
_RIVAL = 0.6  # how much less sure production's may be than another environment's that is told in its place
_LESS = 0.6  # of what is surest, for another matter that the question asks for besides
_NUMBER = re.compile(QUANTITY, re.I)
_KINDS = ("resource", "module", "value", "local", "data", "variable")


@dataclass(frozen=True)
class Asked:
    """A setting that a question asks for, and what it comes to in `environment` ("": in all). `block` is what sets it, `root` the
    folder in which that is called first."""

    block: StoredSymbol
    attribute: str
    value: EffectiveValue
    environment: str = ""
    root: str = ""


@dataclass(frozen=True)
class AskedFor:
    """The values that a question asks for, or the environments. `lacking` are those it names of which nothing was found: then
    `values` are those of others; `elsewhere` may be others' of the same, which are not told. `others` are the folders and
    .tfvars files (source and path) of other environments than those that are `named`,
    `code_knows` the environments of the code; `absent` are names of one among several of which there is none,
    `besides` blocks that set the same, where nothing but the setting is named."""

    values: tuple[Asked, ...] = ()
    lacking: tuple[str, ...] = ()
    elsewhere: tuple[Asked, ...] = ()
    environments: tuple[Listed, ...] = ()
    named: Named = Named()  # noqa: RUF009  # frozen
    others: frozenset[tuple[str, str]] = frozenset()
    code_knows: frozenset[str] = frozenset()
    absent: tuple[Absent, ...] = ()
    besides: tuple[StoredSymbol, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The places that all of it comes through."""
        listed = (one.step for one in self.environments)
        return (*listed, *(step for one in self.values for step in one.value.steps))

    @property
    def unanswered(self) -> bool:
        """Whether the values are those of other environments alone than the one that is asked for."""
        return bool(self.lacking) and not any(one.environment == OTHER for one in self.values)

    @property
    def known(self) -> bool:
        """Whether anything can be told."""
        return bool(self.environments) or any(one.value.known for one in self.values)


@dataclass(frozen=True)
class _Hit:
    """A value, and how sure it is that the question means it."""

    score: float
    candidate: Candidate
    holding: Holding

    @property
    def asked(self) -> Asked:
        one = self.candidate
        return Asked(one.block, one.attribute, self.holding.value, self.holding.environment, self.holding.root)


def asked_values(question: str, results: Sequence[ScoredPassage], lookup: TerraformLookup) -> AskedFor:
    """The values that the question asks for, of the files among the first results and of what else sets such a thing; none where
    it is not clear which is meant. Of one that asks several things they are those of the first that has any, and that speaks
    of the same environments as the whole."""
    found = _asked_at_once(question, results, lookup)
    several = parts(question)
    if found.values or found.environments or found.absent or not several:
        return found
    standings = Standings(lookup)
    of_whole = standings.named(question).all
    for part in several:
        same = standings.named(part.text).all == of_whole
        if same and (one := _asked_at_once(part.text, results, lookup)).values:
            return one
    return found


def _asked_at_once(question: str, results: Sequence[ScoredPassage], lookup: TerraformLookup) -> AskedFor:
    if listed := environments_asked(question, lookup):
        return AskedFor(environments=listed)
    wanted = matters(question)
    if not asks_for_a_value(question, wanted):
        return AskedFor()
    standings = Standings(lookup)
    named = standings.named(question)
    subject = Subject(question, named.words)
    instances = Instances(question, named.names)
    every = list(_candidates(subject, wanted, results, lookup, standings))
    candidates = [one for one in every if one.setting in subject.written] or every  # called by its name, it is that one
    if _NUMBER.search(question):
        candidates = [one for one in candidates if one.told.expression[1:] not in ([True], [False])]
    found = _chosen(subject, candidates, named, standings, instances)
    if not any(one.value.known for one in found.values) and named.all:
        found = AskedFor()  # what another cluster has, or another customer, is no answer
        if is_everywhere(named):
            found = replace(_chosen(subject, candidates, Named(), standings, instances), lacking=named.all)
    elif named.unknown and not (named.known or named.marked):
        found = replace(found, lacking=named.unknown)
    if found.lacking and (others := tuple(one for one in found.values if one.environment == OTHER)):
        found = replace(found, values=others)  # what a workspace gets that no code names
    besides = _besides(question, candidates, found)
    return replace(
        found, named=named, others=standings.others(named), code_knows=frozenset(standings.known), besides=besides
    )


def _besides(question: str, candidates: Sequence[Candidate], found: AskedFor) -> tuple[StoredSymbol, ...]:
    """The other blocks that set what a question names and says nothing else of."""
    if not WRITTEN.fullmatch(question.strip(" ?`")):
        return ()
    told = {one.block.symbol.address for one in found.values}
    others = {one.block.id: one.block for one in candidates if one.block.symbol.address not in told}
    return tuple(others.values())


def _candidates(
    subject: Subject, wanted: Sequence[Matter], results: Sequence[ScoredPassage], lookup: TerraformLookup,
    standings: Standings,
) -> Iterator[Candidate]:  # fmt: skip
    """The settings that are asked for: in the files that were found, those that are called by their name, and elsewhere."""
    stored = dict.fromkeys(text for matter in wanted for text in matter.stored)
    seen: set[str] = set()
    by_name = (one for name in (*subject.written, *subject.spoken) for one in lookup.symbols(name=name))
    elsewhere = lookup.setting([*subject.written, *stored])
    for blocks, least in ((_in_files(results, lookup), _NEAR), (by_name, _NEAR), (elsewhere, _NEARER)):
        for block in blocks:
            if block.id in seen or block.symbol.kind not in _KINDS or block.symbol.sensitive:
                continue
            seen.add(block.id)
            settings = entries(block.symbol, standings.workspaces)
            fitting = [one for told in settings for one in subject.fit(block, told, wanted, least)]
            for matter in dict.fromkeys(one.matter for one in fitting):
                best = max(one.fit for one in fitting if one.matter == matter)
                yield from (one for one in fitting if one.matter == matter and one.fit == best)


def _in_files(results: Sequence[ScoredPassage], lookup: TerraformLookup) -> Iterator[StoredSymbol]:
    """All blocks of the first files among the results."""
    paths = dict.fromkeys(
        (one.document.source, one.document.path) for one in results if one.document.kind == "terraform"
    )
    for source, path in list(paths)[:_FILES]:
        yield from lookup.standing_in(source, path, 1, 10**9)


# -- which of them is meant -------------------------------------------------------------------------------------------


def _chosen(
    subject: Subject, candidates: Iterable[Candidate], named: Named, standings: Standings, instances: Instances
) -> AskedFor:
    """The values of the settings that are meant: for each matter of the question those that are surest."""
    by_matter: dict[str, list[Candidate]] = {}
    for one in candidates:
        by_matter.setdefault(one.matter, []).append(one)
    hits: dict[str, list[_Hit]] = {}
    absent: dict[Absent, None] = {}
    for matter, of_matter in by_matter.items():
        near = _hits(subject, of_matter, named, standings, instances)
        hits[matter], lacking = instances.narrowed(
            near, lambda one: (one.candidate, one.holding.value, one.holding.root)
        )
        absent.update(dict.fromkeys(lacking))
    surest = max((one.score for several in hits.values() for one in several), default=0.0)
    values: list[Asked] = []
    elsewhere: list[Asked] = []
    for several in hits.values():
        if several and max(one.score for one in several) >= _LESS * surest:
            told, others = _nearest(several, subject, standings)
            values += told
            elsewhere += others
    return AskedFor(tuple(values[:_MOST_TOLD]), (), tuple(elsewhere), absent=() if values else tuple(absent))


def _hits(
    subject: Subject, several: list[Candidate], named: Named, standings: Standings, instances: Instances
) -> list[_Hit]:
    """The values of the first settings whose block and instance are near what is asked for, or are called so, or alike."""
    found: list[_Hit] = []
    for one in sorted(several, key=lambda o: -o.fit - subject.nearness(o))[:_BLOCKS]:
        for holding in standings.holdings(one.block, one.told, named)[:_CONTEXTS]:
            near = subject.nearness(one, holding.value)
            spoken = instances.speak_of(one, holding.value) if near else None
            near = 1.0 if spoken else near
            if near >= one.least or spoken is not None:
                here = _HERE * standings.known_in(one.block.source, holding.root, named)
                found.append(_Hit(near + one.fit + here - subject.spare(one, holding.value), one, holding))
    return found


def _nearest(hits: Sequence[_Hit], subject: Subject, standings: Standings) -> tuple[list[Asked], list[Asked]]:
    """The values that are meant, production's first, and others that may be another environment's of the same."""
    by_root: dict[str, list[_Hit]] = {}
    for one in hits:
        by_root.setdefault(one.holding.root, []).append(one)
    best = max(one.score for one in hits)
    rank = {root: standings.rank(several[0].holding) for root, several in by_root.items()}
    score = {root: max(one.score for one in several) for root, several in by_root.items()}
    meant = [root for root in by_root if score[root] >= best - _ALIKE]
    if min(rank[root] for root in meant) > 1:  # no production among them, though it may have the like in other words
        meant = [root for root in by_root if rank[root] < 2 and score[root] >= best - _RIVAL] or meant
    told: list[Asked] = []
    for root in sorted(meant, key=lambda r: rank[r]):
        if rank[root] > 1 and {one.environment for one in told} & {one.holding.environment for one in by_root[root]}:
            meant.remove(root)  # another account's of the same names
            continue
        of_root = _of_root([one for one in by_root[root] if one.score >= score[root] - _ALIKE], subject)
        told += sorted(of_root, key=lambda one: canonical(one.environment) != PRODUCTION)
    others = [r for r in by_root if r not in meant and score[r] >= best - _RIVAL and rank[r] > 1]
    return told, [max(by_root[root], key=lambda one: one.score).asked for root in others] if told else []


def _directness(hit: _Hit) -> tuple[bool, int, int]:
    """What sorts the settings first that say their value themselves."""
    one = hit.candidate
    return one.told.expression[0] == "ref", len(hit.holding.value.steps), _KINDS.index(one.block.symbol.kind)


def _of_root(hits: Sequence[_Hit], subject: Subject) -> list[Asked]:
    """The values of one folder: for each environment those that differ, each by the fewest places it comes through."""
    once: dict[tuple[str, str, str], _Hit] = {}
    for one in sorted(hits, key=_directness):
        value = one.holding.value
        thing = "" if value.known else one.candidate.block.id
        once.setdefault((one.holding.environment, repr(value.value), thing), one)
    several = [one for one in once.values() if subject.named_in_full(one.candidate.block)] or list(once.values())
    by_environment: dict[str, list[_Hit]] = {}
    for one in several:
        by_environment.setdefault(one.holding.environment, []).append(one)
    if any(len(each) > _MOST for each in by_environment.values()):
        return []
    return [_of_all(one, hits) for one in several]


def _of_all(hit: _Hit, hits: Sequence[_Hit]) -> Asked:
    """What is asked for; without the instance, where several of the block come to the same."""
    asked, value = hit.asked, hit.holding.value
    same = {
        one.holding.value.instance
        for one in hits
        if (one.candidate.block.id, one.holding.value.calls) == (asked.block.id, value.calls)
        and (one.holding.environment, one.holding.value.value) == (asked.environment, value.value)
    }
    return replace(asked, value=replace(value, instance="")) if len(same) > 1 else asked
