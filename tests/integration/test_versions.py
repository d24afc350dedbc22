"""What documents said before: kept so that old citations resolve, shown to those alone who may see it, and gone in time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.http import make_app
from api.owner import Owner, open_owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.errors import NotFoundError
from rag.records import Viewer
from tests.api.conftest import LOOPBACK
from tests.conftest import commit, configure, git, write

Sync = Callable[..., SyncReport]
EVERYONE = Viewer()
FIRST = "# Page\n\nfirst words\n"


@pytest.fixture
def wiki(settings: Settings, tmp_path: Path) -> Path:
    folder = write(tmp_path / "wiki", {"a.md": FIRST, "b.md": "# B\n\nother\n"})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(folder)})
    return folder


def cited(owner: Owner, path: str, source: str = "wiki") -> tuple[str, str]:
    """What a citation bears: a document's id and version."""
    document = owner.catalog.document_at(source, path)
    assert document is not None
    return document.id, document.version


def refused(owner: Owner, citation: tuple[str, str], viewer: Viewer = EVERYONE) -> str:
    with pytest.raises(NotFoundError) as error:
        owner.catalog.version(*citation, viewer)
    return str(error.value)


def test_an_old_citation_resolves_after_an_edit_and_after_a_deletion(owner: Owner, sync: Sync, wiki: Path) -> None:
    sync()
    citation = cited(owner, "a.md")
    assert owner.catalog.version(*citation, EVERYONE)[1] == ""
    write(wiki, {"a.md": "# Page\n\nsecond words\n"})
    sync()
    second = cited(owner, "a.md")
    (wiki / "a.md").unlink()
    sync()
    for (one, text), path in zip(((citation, "first"), (second, "second")), ("a.md", "a.md"), strict=True):
        document, replaced_at = owner.catalog.version(*one, EVERYONE)
        assert (document.text.split()[2], document.path, bool(replaced_at)) == (text, path, True)


def test_a_moved_document_answers_for_its_old_place(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"old.md": "# Page\n\n" + "a line of text\n" * 20, "b.md": "# B\n"})
    configure(settings, {"name": "repo", "type": "git", "path": str(repo)})
    sync()
    citation = cited(owner, "old.md", "repo")
    git(repo, "mv", "old.md", "new.md")
    commit(repo, {})
    sync()
    assert cited(owner, "new.md", "repo")[0] == citation[0]
    assert owner.catalog.version(*citation, EVERYONE)[0].path == "old.md"


def test_the_stricter_of_then_and_now_decides(owner: Owner, sync: Sync, wiki: Path) -> None:
    secret = "---\naudience: [sre]\n---\n# Page\n\n"
    write(wiki, {"b.md": f"{secret}then\n"})
    sync()
    was_open, was_closed = cited(owner, "a.md"), cited(owner, "b.md")
    write(wiki, {"a.md": f"{secret}now\n", "b.md": "# B\n\nopen now\n"})
    sync()
    nothing = refused(owner, ("0" * 32, "1")).replace("0" * 32, was_open[0])
    assert refused(owner, was_open) == nothing
    assert (
        "no version"
        in refused(owner, was_closed)
        == refused(owner, (was_closed[0], "x")).replace(" x ", f" {was_closed[1]} ")
    )
    sre = Viewer.of(["sre"])
    assert "first" in owner.catalog.version(*was_open, sre)[0].text
    assert "then" in owner.catalog.version(*was_closed, sre)[0].text


def test_who_may_read_a_page_that_cannot_be_read_is_not_known(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"old.md": "# Page\n\n" + "a line of text\n" * 20, "b.md": "# B\n"})
    configure(settings, {"name": "repo", "type": "git", "path": str(repo)})
    sync()
    citation = cited(owner, "old.md", "repo")
    git(repo, "mv", "old.md", "new.md")
    commit(repo, {})
    sync()
    commit(repo, {"new.md": "---\naudiance: [sre]\n---\n# Page\n"})
    sync()
    assert owner.catalog.items("repo")["new.md"].outcome == "quarantined"
    assert refused(owner, citation) == f"no document {citation[0]}"


def test_versions_are_kept_as_long_as_is_set(settings: Settings, wiki: Path) -> None:
    def synced(days: int, text: str) -> tuple[tuple[str, str], int]:
        write(wiki, {"a.md": f"# Page\n\n{text} word\n"})
        with open_owner(settings.model_copy(update={"keep_versions_days": days}), "sync") as owner:
            owner.sync([], lambda step: None, lambda: False)
            with owner.catalog.write() as writer:
                kept = writer._connection.exec_driver_sql("select count(*) from versions").scalar()
            return cited(owner, "a.md"), kept

    first = synced(90, "first")[0]
    assert synced(90, "second")[1] == 1
    with open_owner(settings, "test") as owner:
        with owner.catalog.write() as writer:
            writer._connection.exec_driver_sql("update versions set replaced_at = '2020-01-01T00:00:00Z'")
        assert owner.catalog.version(*first, EVERYONE)
    assert synced(90, "third")[1] == 1  # the second; the first is too old
    with open_owner(settings, "test") as owner, owner.catalog.write() as writer:
        writer._connection.exec_driver_sql(
            "update versions set replaced_at = '2100-01-01T00:00:00Z'"
        )  # by a wrong clock
    assert synced(0, "fourth")[1] == 0


def test_what_was_read_with_less_redaction_is_not_kept_and_is_redacted_later(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"a.tf": 'variable "plain" {}\n', "prod.tfvars": 'plain = "told-at-first"\n'})
    configure(settings, {"name": "infra", "type": "git", "path": str(repo)})
    sync()
    citation = cited(owner, "prod.tfvars", "infra")
    commit(repo, {"prod.tfvars": 'plain = "told-again"\n'})
    sync()
    assert "told-at-first" in owner.catalog.version(*citation, EVERYONE)[0].text
    commit(repo, {"a.tf": 'variable "plain" {\n  sensitive = true\n}\n'})
    sync()
    assert owner.catalog.version(*citation, EVERYONE)[0].text == 'plain = "[REDACTED:hcl-secret]"\n'
    with owner.catalog.write() as writer:
        texts = writer._connection.exec_driver_sql("select text from versions").scalars().all()
    assert not [text for text in texts if "told" in text]


def test_a_forgotten_source_leaves_no_versions(owner: Owner, sync: Sync, wiki: Path, settings: Settings) -> None:
    sync()
    citation = cited(owner, "a.md")
    write(wiki, {"a.md": "# Page\n\nsecond words\n"})
    sync()
    configure(settings, {"name": "other", "type": "folder", "path": str(wiki)})
    owner.forget(["wiki"])
    refused(owner, citation)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_over_http(owner: Owner, sync: Sync, wiki: Path, settings: Settings) -> None:
    sync()
    document_id, version = cited(owner, "a.md")
    write(wiki, {"a.md": "# Page\n\nsecond words\n"})
    sync()
    assert version == hashlib.sha256(FIRST.encode()).hexdigest()
    with TestClient(make_app(settings, owner.reader()), base_url="http://127.0.0.1:8765", client=LOOPBACK) as client:
        now = client.get(f"/v1/documents/{document_id}").json()
        old = client.get(f"/v1/documents/{document_id}", params={"version": version, "start": 3, "end": 3}).json()
        assert (now["replaced_at"], old["text"], old["version"]) == ("", "first words", version)
        assert old["replaced_at"] > "2026"
        assert old["url"] == f"a.md@{version[:12]}:3-3"
        assert client.get(f"/v1/documents/{document_id}", params={"version": "x"}).status_code == 404
        assert client.get(f"/v1/documents/{document_id}", params={"version": now["version"]}).json() == now
