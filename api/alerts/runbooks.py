"""Runbooks for alerts, and the state of alert rules, over one catalog: what `/v1/alerts`, `waypost alerts`, Slack and the
outgoing webhook show. Everything is what one viewer may see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.alert_rules import ENDINGS, MARKS, rules_in
from rag.alerts.addresses import Site
from rag.alerts.finder import Finder
from rag.alerts.records import Alert, AlertRule, Runbook, StoredRule
from rag.alerts.steps import Steps, steps_of
from rag.catalog import Catalog
from rag.catalog.kept import Kept
from rag.catalog.symbols import StoredSymbol
from rag.records import Viewer
from rag.search import Retriever
from rag.terraform.lookup import TerraformLookup

_MOST_RULES = 20_000  # of all sources together
_MOST_TERRAFORM = 20  # symbols that are named with one alert


@dataclass(frozen=True)
class Touched:
    """A thing of Terraform that a runbook, or an alert's labels, name: as what, and on which line of the runbook (0: a label)."""

    symbol: StoredSymbol
    name: str
    line: int


@dataclass(frozen=True)
class AnsweredAlert:
    """An alert with its runbook; `count` alerts of its name and link came together."""

    alert: Alert
    count: int
    runbook: Runbook
    steps: Steps
    terraform: tuple[Touched, ...]


@dataclass(frozen=True)
class CheckedRule:
    """A rule, the runbook that its alert would get, and what is wrong with that: "" for nothing."""

    stored: StoredRule
    runbook: Runbook
    problem: str

    @property
    def place(self) -> tuple[str, str, int, str]:
        return self.stored.place


class Runbooks:
    """Finds them; what it knows of documents is kept until the catalog changes."""

    def __init__(
        self, catalog: Catalog, retriever: Retriever, terraform: Kept[TerraformLookup], sites: Mapping[str, Site]
    ) -> None:
        self._catalog = catalog
        self._terraform = terraform
        self._finder = Kept(catalog, lambda viewer: Finder(catalog, retriever, viewer, sites))
        self._rules = Kept(catalog, lambda viewer: tuple(self._checked(viewer)))

    def answer(self, alerts: Sequence[Alert], viewer: Viewer) -> list[AnsweredAlert]:
        """Each alert with its runbook, those of one name and link once, in the order in which they came."""
        alike: dict[tuple[str, str], list[Alert]] = {}
        for alert in alerts:
            alike.setdefault((alert.name, alert.link), []).append(alert)
        return [self._answered(several, viewer) for several in alike.values()]

    def _answered(self, alike: Sequence[Alert], viewer: Viewer) -> AnsweredAlert:
        alert = next((one for one in alike if one.status == "firing"), alike[0])
        runbook = self._finder.of(viewer).find(alert)
        steps = steps_of(runbook, self._catalog, viewer)
        values = [value for one in alike for value in one.labels.values()]
        touched = tuple(self._touched(runbook, values, viewer))
        return AnsweredAlert(alert, len(alike), runbook, steps, touched[:_MOST_TERRAFORM])

    def _touched(self, runbook: Runbook, values: Sequence[str], viewer: Viewer) -> Iterator[Touched]:
        lookup, seen = self._terraform.of(viewer), set[str]()
        last = runbook.end or 10**9
        for mention in lookup.mentioned_in(runbook.document) if runbook.document else ():
            if runbook.start <= mention.line <= last and mention.symbol.id not in seen:
                seen.add(mention.symbol.id)
                yield Touched(mention.symbol, mention.name, mention.line)
        for name, symbol in lookup.named(values):
            if symbol.id not in seen:
                seen.add(symbol.id)
                yield Touched(symbol, name, 0)

    # -- rules --------------------------------------------------------------------------------------------------------

    def rules(self, viewer: Viewer) -> tuple[CheckedRule, ...]:
        """Every alerting rule in the documents, in their order, with what is wrong with its runbook."""
        return self._rules.of(viewer)

    def _checked(self, viewer: Viewer) -> Iterator[CheckedRule]:
        finder = self._finder.of(viewer)
        known: dict[tuple[str, str, str], Runbook] = {}
        for stored in self._stored(viewer):
            alert = stored.rule.alert
            key = (alert.name, alert.link, alert.words)
            runbook = known.get(key) or known.setdefault(key, finder.find(alert))
            yield CheckedRule(stored, runbook, problem_of(runbook))

    def _stored(self, viewer: Viewer) -> Iterator[StoredRule]:
        ids = self._catalog.listed.holding(self._catalog.access_keys(viewer), MARKS, ENDINGS)
        count = 0
        for document_id in ids:
            document = self._catalog.documents([document_id]).get(document_id)
            found: Sequence[AlertRule] = ()
            if document and document.access.admits(viewer.groups):
                found = rules_in(document.path, document.text)
            for number, rule in enumerate(found):
                count += 1
                if count > _MOST_RULES:
                    return
                assert document is not None
                yield StoredRule(rule, document, number)


def problem_of(runbook: Runbook) -> str:
    """What is wrong with a rule whose alert gets this runbook. A link that leads elsewhere is believed: it is never asked."""
    if runbook.link == "dead":
        return "dead link"
    if runbook.link == "outside" or runbook.found_by in ("link", "name"):
        return ""
    return "runbook by search only" if runbook.found_by == "search" else "no runbook"
