"""What a search makes of a question, over a real catalog and real indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.answers.evidence import assemble
from rag.errors import ModelError
from rag.ports import Scope
from rag.records import Document, ScoredPassage, Usage, Viewer
from rag.search import Retriever
from tests.conftest import configure, write

PAGES = {
    "sns.md": "# Alerts\n\nAlerts go through Simple Notification Service (SNS).\n\n## Topics\n\nEach SNS topic has a queue.\n",
    "other.md": "# Lunch\n\nEach room has a table, and the canteen has soup.\n",
    "old.md": "# [DEPRECATED] Rotate the signing key\n\nRotate the signing key with the old script.\n",
    "new.md": "# Rotate the signing key\n\nRotate the signing key with the pipeline.\n",
    "secret.md": "---\naudience: [sre]\n---\n# Names\n\nZebra Incident Team (ZIT) meets on Mondays.\n",
    "zit.md": "# Rota\n\nThe zit rota is on the wall.\n",
    **{f"filler{n}.md": f"# Filler {n}\n\nnothing to see here, number {n}\n" for n in range(20)},
}


@pytest.fixture
def search(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> Callable[..., Sequence[ScoredPassage]]:
    configure(settings, {"name": "wiki", "type": "folder", "path": str(write(tmp_path / "wiki", PAGES))})
    sync()

    def run(question: str, *groups: str) -> Sequence[ScoredPassage]:
        return owner.reader().retriever.search(question, Viewer.of(groups)).passages

    return run


def first(found: Sequence[ScoredPassage]) -> str:
    return found[0].document.path


def test_an_abbreviation_is_found_by_what_it_stands_for(search: Callable[..., Sequence[ScoredPassage]]) -> None:
    assert first(search("simple notification service topic queue")) == "sns.md"


def test_what_an_abbreviation_stands_for_is_told_to_those_alone_who_may_read_it(owner: Owner, search: object) -> None:
    def forms(*groups: str) -> list[tuple[str, str]]:
        return owner.catalog.other_forms(["zit"], owner.catalog.access_keys(Viewer.of(groups)))

    assert forms() == []
    assert forms("sre") == [("zit", "zebra incident team")]


def test_an_outdated_page_comes_after_the_one_that_is_in_force(search: Callable[..., Sequence[ScoredPassage]]) -> None:
    paths = [found.document.path for found in search("rotate the signing key")]
    assert paths.index("new.md") < paths.index("old.md")


def test_an_answer_that_cites_an_outdated_page_says_so(owner: Owner, search: object) -> None:
    answer = owner.reader().asker().answer("rotate the signing key with the old script", Viewer())
    flags = {(flag.kind, flag.reason) for flag in answer.flags}
    assert ("outdated", "wiki/old.md") in flags


class Backwards:
    """Likes the last one best."""

    name = "backwards"

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def scores(
        self, question: str, passages: Sequence[ScoredPassage], spent: list[Usage] | None = None
    ) -> Sequence[float]:
        if self._error:
            raise self._error
        return [float(place) for place in range(len(passages))]


def test_a_reranker_has_the_last_word_and_its_failure_is_said(owner: Owner, search: object) -> None:
    def found(reranker: Backwards | None) -> tuple[list[str], str]:
        result = Retriever(owner.catalog, owner.serving, reranker).search("signing key", Viewer(), 3)
        return [row.document.path for row in result.passages], result.coverage.note

    plain, note = found(None)
    assert note == ""
    assert found(Backwards())[0][0] != plain[0]
    assert found(Backwards(ModelError("busy"))) == (plain, "not reranked: busy")


MODULE = {
    "stack/main.tf": 'resource "aws_db_instance" "main" {\n  identifier            = "ledger"\n'
    "  backup_retention_period = var.retention\n  instance_class = var.size\n}\n",
    "stack/variables.tf": 'variable "retention" {\n  description = "Days that backups are kept"\n  default     = 35\n}\n\n'
    'variable "size" {\n  default = "db.t4g.medium"\n}\n',
    "other/variables.tf": 'variable "retention" {\n  default = 7\n}\n',
    "envs/prod/main.tf": 'module "ledger" {\n  source    = "../../stack"\n  retention = var.days\n}\nvariable "days" {}\n',
    "envs/test/main.tf": 'module "ledger" {\n  source    = "../../stack"\n  retention = 1\n}\n',
    "envs/prod/terraform.tfvars": "days = 90\n",
    "filler.md": "# Filler\n\nnothing of the kind\n",
}


def evidence_of(owner: Owner, question: str, viewer: Viewer | None = None, **limits: int) -> list[tuple[str, str, str]]:
    """Path, first line and reason of what comes along with the first result for a question that names the database."""
    viewer = viewer or Viewer()
    found = owner.reader().retriever.search("aws_db_instance ledger", Viewer.of(["sre"]), 1)
    evidence = assemble(question, found, owner.catalog, viewer, owner.reader().terraform(viewer), **limits)
    return [(one.document.path, one.passage.text.split("\n")[0], one.why[0]) for one in evidence[1:]]


def test_what_belongs_to_a_block_comes_along_as_evidence(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    configure(settings, {"name": "infra", "type": "folder", "path": str(write(tmp_path / "infra", MODULE))})
    sync()
    definitions = [
        ("stack/variables.tf", 'variable "retention" {', "definition"),
        ("stack/variables.tf", 'variable "size" {', "definition"),
    ]
    production, test = (f"envs/{name}/main.tf" for name in ("prod", "test"))
    call = 'module "ledger" {'
    assert evidence_of(owner, "the ledger") == [*definitions, (production, call, "caller"), (test, call, "caller")]
    assert evidence_of(owner, "the ledger in production") == [*definitions, (production, call, "caller")]
    assert evidence_of(owner, "which backup retention period has the ledger in production?") == [
        (production, call, "value"),
        ("envs/prod/terraform.tfvars", "days = 90", "value"),
        *definitions,
    ]
    assert evidence_of(owner, "the ledger", tokens=70) == definitions


def test_what_the_viewer_may_not_see_does_not_come_along(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    write(tmp_path / "infra", MODULE)
    both = {"type": "folder", "path": str(tmp_path / "infra")}
    configure(settings, {**both, "name": "infra", "audience": ["sre"]})
    sync()
    assert len(evidence_of(owner, "the ledger", Viewer.of(["sre"]))) == 4
    assert evidence_of(owner, "the ledger") == []


def test_how_a_word_is_spelt_tells_nothing_of_what_others_read(owner: Owner, search: object) -> None:
    serving = owner.serving()
    everyone, sre = (Scope(owner.catalog.access_keys(Viewer.of(groups))) for groups in ([], ["sre"]))
    assert serving.lexical.spelt("mondais", sre) == "mondays"
    assert serving.lexical.spelt("mondais", everyone) == "mondais"
    assert serving.lexical.spelt("mondays", everyone) == "mondays"  # and not the like of it


@pytest.mark.parametrize(
    "question", ['{{ "  " }}', "?!", "the of and", "\udcff broken", "'\"`", "\u200b", "x" * 4000, "\0"]
)
def test_any_question_is_answered(owner: Owner, search: Callable[..., Sequence[ScoredPassage]], question: str) -> None:
    search(question)
    owner.reader().retriever.candidates(question, Viewer())


def test_what_changed_between_index_and_document_is_left_out(
    owner: Owner, search: Callable[..., Sequence[ScoredPassage]], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = owner.catalog.documents

    def changed(ids: Iterable[str]) -> dict[str, Document]:
        return {i: replace(d, text="another text\n" * 9) if d.path == "new.md" else d for i, d in read(ids).items()}

    assert "new.md" in [found.document.path for found in search("rotate the signing key")]
    monkeypatch.setattr(owner.catalog, "documents", changed)
    found = search("rotate the signing key")
    assert "new.md" not in [one.document.path for one in found]
    assert all(one.passage.text in one.document.text for one in found)
