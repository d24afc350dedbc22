"""Sync against a model: edits, deletions, moves, restrictions, bad listings and crashes in any order (hypothesis, stateful).

`make test-model` runs more of it: WAYPOST_TEST_EXAMPLES is the number of histories.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from api.owner import Owner, open_owner
from api.settings import Settings
from ingest.ledger import too_many
from ingest.sources import SourceSpec
from ingest.sync import SyncReport
from rag import doctor
from rag.errors import NotFoundError, SourceError
from rag.records import AccessRule, Viewer
from tests.integration.test_ledger import FakeSource

pytestmark = pytest.mark.timeout(3600)  # many histories in one test
EXAMPLES = int(os.environ.get("WAYPOST_TEST_EXAMPLES", "8"))
GROUPS = ("sre", "dba")
STEPS = ("store", "remove", "lexical", "vectors", "close")  # where a crash strikes


class CrashError(BaseException):
    """Stands for a kill: nothing may catch it."""


class MovingSource(FakeSource):
    """A source that says what moved since the last listing that was used."""

    def __init__(self) -> None:
        super().__init__({})
        self.moved: dict[str, str] = {}

    def listing(self, previous: Any) -> Any:
        listed = super().listing(previous)
        moved = {new: old for new, old in self.moved.items() if old in previous.signatures and new in self.texts}
        return type(listed)(listed.items, listed.complete, "", moved)


class SyncMachine(RuleBasedStateMachine):
    """`source` is what is at the source, `known` what Waypost must hold: path to (text, groups)."""

    pages = Bundle("pages")

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.settings = Settings(
            home=Path(folder) / "home", config=Path(folder) / "waypost.yaml", embedder="hashing-32"
        )
        self.source = MovingSource()
        self.known: dict[str, tuple[str, AccessRule]] = {}
        self.held: set[str] = set()
        self.number = 0
        self.crashed = False
        self._open()

    def _open(self) -> None:
        self.opened = ExitStack()
        self.owner: Owner = self.opened.enter_context(open_owner(self.settings, "sync"))

    def _text(self) -> str:
        self.number += 1
        return f"# Page\n\nword{self.number} alpaca\n"

    # -- what happens at the source ---------------------------------------------------------------------------------

    @rule(target=pages, count=st.sampled_from([1, 1, 1, 3, 30]))
    def add(self, count: int) -> str:
        path = ""
        for _ in range(count):
            path = f"p{self.number}.md"
            self.source.texts[path] = self._text()
        return path

    @rule(path=pages)
    def edit(self, path: str) -> None:
        if path in self.source.texts:
            self.source.texts[path] = self._text()

    @rule(path=consumes(pages))
    def delete(self, path: str) -> None:
        self.source.texts.pop(path, None)

    @rule(keep=st.integers(0, 3))
    def delete_most(self, keep: int) -> None:
        self.source.texts = dict(list(self.source.texts.items())[:keep])

    @rule(target=pages, path=consumes(pages), edited=st.booleans())
    def move(self, path: str, edited: bool) -> str:
        new = f"moved{self.number}.md"
        if path not in self.source.texts:
            return path
        self.source.texts[new] = self.source.texts.pop(path)
        self.source.access[new] = self.source.access.pop(path, AccessRule())
        self.source.moved[new] = path
        self.number += 1
        if edited:
            self.source.texts[new] = self._text()
        return new

    @rule(path=pages, groups=st.sets(st.sampled_from(GROUPS)))
    def restrict(self, path: str, groups: set[str]) -> None:
        self.source.access[path] = AccessRule.of([groups]) if groups else AccessRule()

    # -- syncs --------------------------------------------------------------------------------------------------------

    def _run(self) -> SyncReport:
        return self.owner.sync_sources(
            [(SourceSpec("wiki", "fake", "fake"), self.source)], lambda step: None, lambda: False
        )

    @rule()
    def sync(self) -> None:
        report = self._run()
        now = {path: (text, self.source.access.get(path, AccessRule())) for path, text in self.source.texts.items()}
        moved = {old for new, old in self.source.moved.items() if new in now}
        missing = self.known.keys() - now.keys() - moved
        outcome = report.sources[0].outcome
        if not now and self.known:
            assert outcome == "partial"  # nothing at all was listed
        elif too_many(len(missing), len(self.known)):
            assert outcome == "held"
            self.held = set(missing)
            self.known = {path: entry for path, entry in self.known.items() if path in self.held} | now
        else:
            assert outcome == "done"
            self.held, self.known = set(), now
        self.source.moved = {}
        self.crashed = False

    @rule(fault=st.sampled_from(["error", "bug", "incomplete", "twice"]))
    def sync_with_a_bad_listing(self, fault: str) -> None:
        if self.crashed or self.source.moved:
            return
        every, access = self.source.texts, self.source.access
        self.source.texts = {p: self.known[p][0] for p in list(self.known)[::2]}
        self.source.access = {path: rule for path, (_, rule) in self.known.items()}
        self.source.fault = {"error": SourceError("500"), "bug": ValueError("not JSON")}.get(fault)
        self.source.complete, self.source.twice = fault != "incomplete", fault == "twice"
        self._run()
        self.source.texts, self.source.access = every, access
        self.source.fault, self.source.complete, self.source.twice = None, True, False

    @rule()
    def approve(self) -> None:
        if self.crashed:
            return
        held = {path for path, row in self.owner.catalog.items("wiki").items() if row.missing_since}
        if not held:
            return
        self.owner.approve("wiki", source=(SourceSpec("wiki", "fake", "fake"), self.source))
        now = {path: (text, self.source.access.get(path, AccessRule())) for path, text in self.source.texts.items()}
        moved = {old for new, old in self.source.moved.items() if new in now}
        missing = self.known.keys() - now.keys() - moved
        if now:
            self.held = missing - held if too_many(len(missing - held), len(self.known)) else set()
            self.known = {path: entry for path, entry in self.known.items() if path in self.held} | now
        self.source.moved = {}

    @rule(step=st.sampled_from(STEPS), after=st.integers(0, 2))
    def crash(self, step: str, after: int) -> None:
        """A sync that dies at a step, and the process that comes after it."""
        target: tuple[Any, str] = {
            "store": ("rag.catalog.writer.CatalogWriter", "put_document"),
            "remove": ("rag.catalog.writer.CatalogWriter", "remove_document"),
            "lexical": ("rag.indexes.lexical.TantivyIndex", "apply"),
            "vectors": ("rag.indexes.vectors.ChromaIndex", "apply"),
            "close": ("rag.catalog.writer.CatalogWriter", "finish_run"),
        }[step]
        left = iter(range(after))
        module, _, name = target[0].rpartition(".")
        original = getattr(getattr(__import__(module, fromlist=[name]), name), target[1])

        def dies(*arguments: Any, **named: Any) -> Any:
            if next(left, None) is None:
                raise CrashError
            return original(*arguments, **named)

        try:
            with pytest.MonkeyPatch.context() as crashing:
                crashing.setattr(f"{target[0]}.{target[1]}", dies)
                self._run()
        except CrashError:
            pass
        self.crashed = True
        self.opened.close()
        self._open()
        before, self.known = (
            self.known,
            {d.path: (d.text, d.access) for d in self.owner.catalog.documents_for(Viewer.of(GROUPS))},
        )
        texts = {text for text, _ in before.values()} | set(self.source.texts.values())
        assert {text for text, _ in self.known.values()} <= texts  # the old state or the new one, nothing else
        kept = {path for path in before.keys() & self.source.texts.keys() if path not in self.source.moved}
        assert kept <= self.known.keys()

    # -- what must hold ------------------------------------------------------------------------------------------------

    @invariant()
    def what_waypost_holds_is_what_it_must(self) -> None:
        if not hasattr(self, "owner") or self.crashed:
            return
        documents = self.owner.catalog.documents_for(Viewer.of(GROUPS))
        assert {d.path: (d.text, d.access) for d in documents} == self.known
        assert doctor.examine(self.owner.catalog, self.owner.projections).sound

    @invariant()
    def everybody_finds_what_they_may_and_nothing_else(self) -> None:
        if not hasattr(self, "owner") or self.crashed or not self.known:
            return
        reader = self.owner.reader()
        for groups in ([], ["sre"], ["dba"]):
            viewer = Viewer.of(groups)
            found = {row.document.path for row in reader.retriever.search("alpaca", viewer, 100).passages}
            mine = {path for path, (_, rule) in self.known.items() if rule.admits(viewer.groups)}
            assert found == mine
        for document in self.owner.catalog.documents_for(Viewer.of(GROUPS)):
            if not document.access.admits(Viewer().groups):
                try:
                    self.owner.catalog.document(document.id, Viewer())
                except NotFoundError:
                    continue
                raise AssertionError(document.path)

    def teardown(self) -> None:
        if hasattr(self, "opened"):
            self.opened.close()
            self.stack.close()


TestSync = SyncMachine.TestCase
TestSync.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=15, deadline=None,
    suppress_health_check=list(HealthCheck), derandomize="WAYPOST_TEST_EXAMPLES" not in os.environ,
)  # fmt: skip
