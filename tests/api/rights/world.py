"""An organisation of which each document has an audience, and words that stand in it alone.

The reference model of rights is one line, `visible`: a document is for everyone, or for who belongs to one of its groups.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from tests.conftest import configure, write

GROUPS = ("dba", "netops", "payments", "sre")
SOURCES = 6
EACH = 5  # documents of each form in a source


@dataclass(frozen=True)
class Held:
    """A document as the model knows it: `known` is a word of it that people ask by, `inner` words are never asked for."""

    source: str
    path: str
    known: str
    inner: tuple[str, ...]
    audience: tuple[str, ...]

    def visible(self, groups: frozenset[str]) -> bool:
        return not self.audience or bool(groups & set(self.audience))


@dataclass(frozen=True)
class World:
    """All documents, their ids as the catalog has them, and the ids of their passages."""

    documents: tuple[Held, ...]
    ids: dict[str, Held]
    passages: dict[str, Held]

    def hidden(self, groups: frozenset[str]) -> list[Held]:
        return [held for held in self.documents if not held.visible(groups)]

    def hidden_sources(self, groups: frozenset[str]) -> set[str]:
        seen = {held.source for held in self.documents if held.visible(groups)}
        return {held.source for held in self.documents} - seen


def word_of(kind: str, number: int) -> str:
    """A word that nothing else holds, and that is no misspelling of another."""
    return f"{kind}{number:03d}x{(number * 7919) % 10007:05d}"


def page(held: Held) -> str:
    first, second, third = held.inner
    front = f"---\naudience: {json.dumps(list(held.audience))}\nowner: team-{third}\n---\n" if held.audience else ""
    return (
        f"{front}# Restart the {held.known} service ({first})\n\nThe {held.known} service of the database runs on {second}.\n\n"
        f"## Steps for {held.known}\n\n1. Run `kubectl rollout restart deploy/{second}`.\n2. Wait 5 minutes.\n"
        f"3. Tell {first} and see `aws_vpc.{held.known}`.\n\nNever delete {second}: its backups are kept for 7 days.\n"
    )


def terraform(held: Held) -> str:
    first, second, third = held.inner
    front = f"# audience: {', '.join(held.audience)}\n" if held.audience else ""
    return (
        f'{front}variable "{first}" {{\n  default = "{second}"\n}}\n\nresource "aws_vpc" "{held.known}" {{\n'
        f'  cidr_block = "10.7.0.0/16"\n  tags = {{ Name = "{third}", Kind = var.{first} }}\n}}\n'
    )


def rules(held: Held) -> str:
    first, second, third = held.inner
    front = f"# audience: {', '.join(held.audience)}\n" if held.audience else ""
    return (
        f"{front}groups:\n  - name: {first}\n    rules:\n      - alert: {held.known}\n        expr: up == 0\n"
        "        annotations:\n"
        f"          summary: {second} is down\n          runbook_url: https://runbooks.example.org/{third}/\n"
    )


FORMS: dict[str, Callable[[Held], str]] = {"md": page, "tf": terraform, "yaml": rules}


def planned(seed: int) -> list[Held]:
    chance, found = random.Random(seed), []
    for source in range(SOURCES):
        whole = (
            tuple(chance.sample(GROUPS, chance.randint(1, 2))) if source % 2 else ()
        )  # the audience of a source, or of its pages
        for form in FORMS:
            for _ in range(EACH):
                number = len(found)
                own = (
                    ()
                    if whole or form != "md" or chance.random() < 0.4
                    else tuple(chance.sample(GROUPS, chance.randint(1, 2)))
                )
                inner = tuple(word_of(kind, number) for kind in ("qa", "wu", "zi"))
                known = word_of("ko", number)
                folder = f"{inner[2]}/" if form == "tf" else ""
                name = word_of("source", source) if whole else f"open{source}"
                found.append(Held(name, f"{folder}{inner[0]}.{form}", known, inner, whole or own))
    return found


def make(folder: Path, settings: Settings, owner: Owner, sync: Callable[..., SyncReport], seed: int = 7) -> World:
    """Writes the organisation, syncs it, and gives what the model knows of it."""
    documents = planned(seed)
    entries: dict[str, dict[str, object]] = {}
    for held in documents:
        form = held.path.rsplit(".", 1)[1]
        whole = held.source.startswith("source")
        body = FORMS[form](Held(held.source, held.path, held.known, held.inner, ()) if whole else held)
        write(folder / held.source, {held.path: body})
        entry: dict[str, object] = {"name": held.source, "type": "folder", "path": str(folder / held.source)}
        entries[held.source] = {**entry, "audience": list(held.audience)} if whole else entry
    configure(settings, *entries.values())
    sync()
    ids, passages, generation = {}, {}, owner.catalog.serving()
    assert generation is not None
    for held in documents:
        stored = owner.catalog.document_at(held.source, held.path)
        assert stored is not None, held
        assert [set(clause) for clause in stored.access.clauses] == ([set(held.audience)] if held.audience else []), (
            held
        )
        ids[stored.id] = held
        passages.update({one.id: held for one in owner.catalog.passages_of(stored.id, generation)})
    return World(tuple(documents), ids, passages)
