"""The words of this room: an alert as it fires, a rule as it is written, a runbook as it was found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rag.records import Document

FoundBy = Literal["link", "name", "search", ""]
# Of the link in a rule: it leads to a document; it is of a source of ours and leads to nothing; it leads elsewhere, which is
# never asked; it is made by a template; there is none.
LinkState = Literal["resolved", "dead", "outside", "template", "none"]

LINKS = ("runbook_url", "runbook", "runbookurl", "runbook_link", "playbook_url", "playbook", "runbook_uri")
_WORDS = ("summary", "description", "message", "title")
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\W]+")


@dataclass(frozen=True)
class Alert:
    """An alert, or what a rule says of one: `name` is what Prometheus calls alertname, or the title of an incident."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    status: str = "firing"

    @property
    def link(self) -> str:
        """The runbook's address as the rule has it, "" without one."""
        told = {key.lower().replace("-", "_"): value for key, value in self.annotations.items()}
        return next((told[key].strip() for key in LINKS if told.get(key, "").strip()), "")

    @property
    def words(self) -> str:
        """What is said of it, without what a template puts in: what runbooks are searched by."""
        told = {key.lower(): value for key, value in self.annotations.items()}
        said = [plain(told[key]) for key in _WORDS if told.get(key)]
        return " ".join(dict.fromkeys([" ".join(spoken(plain(self.name))), *said])).strip()


@dataclass(frozen=True)
class AlertRule:
    """An alerting rule in a file: the alert, and on which line it begins. `templated`: its file was read by its lines."""

    alert: Alert
    line: int
    templated: bool = False


@dataclass(frozen=True)
class StoredRule:
    """A rule with the document in which it stands; `number` is its place among that document's rules."""

    rule: AlertRule
    document: Document
    number: int

    @property
    def place(self) -> tuple[str, str, int, str]:
        """Where it stands in the order in which rules are listed."""
        return (self.document.source, self.document.path, self.rule.line, f"{self.number:06}")


@dataclass(frozen=True)
class Runbook:
    """The runbook of an alert, None where there is none; lines `start` to `end` of it speak of the alert (`end` 0: to its end),
    below `heading` where these are a section."""

    document: Document | None = None
    found_by: FoundBy = ""
    link: LinkState = "none"
    start: int = 1
    end: int = 0
    heading: str = ""


def spoken(name: str) -> list[str]:
    """The words that a name is made of: KubePodCrashLooping is Kube Pod Crash Looping."""
    return [part for part in _HUMP.split(name) if part]


def plain(text: str) -> str:
    """A text without what a template puts in, in one line."""
    return " ".join(_TEMPLATE.sub(" ", text).split())


def bare(name: str) -> str:
    """A name as it is compared: letters and digits alone, in lower case."""
    return "".join(char for char in name.casefold() if char.isalnum())
