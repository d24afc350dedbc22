"""A citation that is shown has been found, character for character."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.cite import Citer
from rag.records import ScoredPassage, Viewer
from tests.conftest import configure, write

FAR = "".join(f"## Note {n}\n\n{'Nothing of interest. ' * 50}\n\n" for n in range(2))  # more than a result holds
TEXT = f"# Unlock\n\nRun `terraform force-unlock`.\nThen  tell #ops.\n\n{FAR}## Later\n\nRun it again.\n"


@pytest.fixture
def evidence(owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings) -> list[ScoredPassage]:
    write(tmp_path / "wiki", {"a.md": TEXT, "b.md": "---\naudience: [payments]\n---\n# B\n\nsecret words\n"})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")})
    sync()
    found = owner.reader().retriever.search("unlock force secret words", Viewer.of(["payments"])).passages
    return sorted(found, key=lambda f: (f.document.path, f.passage.start_line))


def citer(owner: Owner, evidence: list[ScoredPassage], *groups: str) -> Citer:
    return Citer(owner.catalog, Viewer.of(groups), evidence)


def test_a_verbatim_quote_is_narrowed_to_its_lines(owner: Owner, evidence: list[ScoredPassage]) -> None:
    found = citer(owner, evidence).cite(0, 1, 99, "Then  tell #ops.\n")
    assert found is not None
    assert (found.start_line, found.end_line, found.quote) == (4, 4, "Then  tell #ops.")
    assert (found.source, found.path, found.number) == ("wiki", "a.md", 1)
    assert found.url.endswith(":4-4")
    assert found.version[:12] in found.url


def test_quotes_over_several_lines(owner: Owner, evidence: list[ScoredPassage]) -> None:
    found = citer(owner, evidence).cite(0, 3, 4, "Run `terraform force-unlock`.\nThen  tell #ops.")
    assert found is not None
    assert (found.start_line, found.end_line) == (3, 4)


@pytest.mark.parametrize(
    ("index", "start", "end", "quote"),
    [
        (0, 1, 99, "Then tell #ops."),  # one space less
        (0, 1, 99, "run `terraform force-unlock`."),  # another case
        (0, 1, 3, "Then  tell #ops."),  # not in those lines
        (0, 1, 99, "Run it again."),  # in the document, but not in this passage
        (0, 1, 99, "   "),
        (7, 1, 99, "Run"),  # no such evidence
        (-1, 1, 99, "Run"),
    ],
)
def test_what_cannot_be_found_is_not_cited(
    owner: Owner, evidence: list[ScoredPassage], index: int, start: int, end: int, quote: str
) -> None:
    under_test = citer(owner, evidence)
    assert under_test.cite(index, start, end, quote) is None
    assert under_test.citations == ()


def test_the_same_place_keeps_its_number(owner: Owner, evidence: list[ScoredPassage]) -> None:
    under_test = citer(owner, evidence)
    first = under_test.cite(0, 1, 99, "Then  tell #ops.")
    again = under_test.cite(0, 4, 4, "Then  tell #ops.")
    assert first is again
    assert len(under_test.citations) == 1


def test_a_document_changed_since_is_not_cited(owner: Owner, evidence: list[ScoredPassage]) -> None:
    stale = [replace(f, document=replace(f.document, version="older")) for f in evidence]
    assert citer(owner, stale).cite(0, 1, 99, "Then  tell #ops.") is None


def test_access_is_checked_again(owner: Owner, evidence: list[ScoredPassage]) -> None:
    secret = next(i for i, f in enumerate(evidence) if f.document.path == "b.md")
    assert citer(owner, evidence).cite(secret, 1, 99, "secret words") is None
    assert citer(owner, evidence, "payments").cite(secret, 1, 99, "secret words") is not None
