"""Rendered documents through a real sync: found, cited at their place, redacted, purged; their vendors loaded for them alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from api.owner import Owner, open_owner
from api.purge import purge_value
from api.settings import Settings
from api.status import status_view
from api.views import citation_view, result_view
from ingest.sandbox import Sandbox
from ingest.sync import SyncReport
from rag.cite import Citer
from rag.records import Place, Viewer
from tests.conftest import commit, configure, write
from tests.ingest.rendering.files import deflated, diagram, docx, graph, notebook, paragraph, pdf

Sync = Callable[..., SyncReport]
BODY = (11, "Plain words that make up most of the letters of this page, line by line.")
SECRET = "AKIAQ3EGRWZ7TLKJ5XNB"
HTML = """<!doctype html>
<title>Zebra runbook - Site</title>
<main>
<h1 id="top">Zebra runbook</h1>
<p>Nothing here.</p>
<h2 id="steps">Steps</h2>
<p>To drain the zebra
queue, call <code>zebractl drain</code>.</p>
</main>
"""
FILES = {
    "runbooks/zebra.html": HTML.encode(),
    "walrus.pdf": pdf([[(20, "Walrus"), BODY], [(15, "Limits"), (11, "The walrus pool holds 40 connections.")]]),
    "heron.docx": docx(paragraph("Heron", "Heading1") + paragraph("Intro.") + paragraph("Escalation", "Heading2")
                       + paragraph("The heron team is paged by the falcon rota.")),
    "otter.ipynb": notebook({"cell_type": "markdown", "source": "# Otter"},
                            {"cell_type": "code", "source": "forecast_otter_disk(days=90)"}),
    "net/badger.drawio": diagram(("Edge", deflated(graph(
        '<mxCell id="a" value="badger proxy"/>', '<mxCell id="b" value="badger cache"/>',
        '<mxCell id="c" edge="1" source="a" target="b" value="memcached 11211"/>')))),
}  # fmt: skip
PLACES = {
    "zebra": ("runbooks/zebra.html", "lines 7 to 8", "?plain=1#L7-L8", "runbook"),
    "walrus pool": ("walrus.pdf", "page 2", "#page=2", "page"),
    "falcon": ("heron.docx", "section Escalation", "", "page"),
    "forecast_otter_disk": ("otter.ipynb", "cell 2", "", "page"),
    "memcached": ("net/badger.drawio", "page Edge", "", "page"),
}


@pytest.fixture
def repo(settings: Settings, tmp_path: Path) -> str:
    revision = commit(tmp_path / "repo", FILES)
    web = {"web_url": "https://github.com/example/infra"}
    configure(settings, {"name": "infra", "type": "git", "path": str(tmp_path / "repo"), **web})
    return revision


def test_each_format_is_found_and_cited_at_its_place(owner: Owner, sync: Sync, repo: str) -> None:
    report = sync()
    assert report.sources[0].counts["indexed"] == len(FILES), report
    reader = owner.reader()
    for words, (path, place, anchor, kind) in PLACES.items():
        found = reader.retriever.search(words, Viewer()).passages[0]
        assert (found.document.path, found.document.kind) == (path, kind)
        document, passage = found.document, found.passage
        line = next(n for n, text in enumerate(document.text.split("\n"), 1) if words.split()[-1] in text and n > 3)
        assert document.place(line, line) == place, document.places
        view = result_view(found)
        assert document.link(line, line) == f"https://github.com/example/infra/blob/{repo}/{path}{anchor}"
        assert view["url"] == document.link(passage.start_line, passage.end_line)
        assert view["place"] == document.place(passage.start_line, passage.end_line) != ""
        assert passage.text in document.text
    assert owner.catalog.document_at("infra", "runbooks/zebra.html").title == "Zebra runbook"


def test_a_citation_says_the_place(owner: Owner, sync: Sync, repo: str) -> None:
    sync()
    found = owner.reader().retriever.search("walrus pool", Viewer()).passages
    assert found[0].document.path == "walrus.pdf"
    citation = Citer(owner.catalog, Viewer(), found).cite(0, 1, 99, "The walrus pool holds 40 connections.")
    assert citation
    view = citation_view(citation)
    assert (view["place"], view["url"][-17:]) == ("page 2", "walrus.pdf#page=2")
    assert view["quote"] in owner.catalog.document(citation.document_id, Viewer()).lines(
        view["start_line"], view["end_line"]
    )


def test_a_text_has_no_place(owner: Owner, sync: Sync, settings: Settings, tmp_path: Path) -> None:
    configure(
        settings, {"name": "w", "type": "folder", "path": str(write(tmp_path / "w", {"a.md": "# A\n\nalpaca\n"}))}
    )
    sync()
    view = result_view(owner.reader().retriever.search("alpaca", Viewer()).passages[0])
    assert (view["place"], view["url"][-4:]) == ("", ":1-3")


def test_what_is_refused_and_what_is_broken_is_in_the_ledger(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    files = {
        "scan.pdf": pdf([[]]),
        "cut.pdf": b"%PDF-1.4\nx",
        "a.svg": "<svg/>",
        "b.drawio.svg": "<svg/>",
        "c.docx": b"PK",
    }
    configure(settings, {"name": "w", "type": "folder", "path": str(write(tmp_path / "w", files))})
    assert sync().sources[0].counts["quarantined"] == 2
    reasons = {path: (row.outcome, row.reason) for path, row in owner.catalog.items("w").items()}
    assert reasons["scan.pdf"] == ("skipped", "no text in it: scanned?")
    assert reasons["cut.pdf"][0] == reasons["c.docx"][0] == "quarantined"
    assert reasons["a.svg"] == ("skipped", "a picture")
    assert reasons["b.drawio.svg"] == ("skipped", "a picture: no diagram in it that can be edited")


def test_credentials_are_taken_out_of_texts_titles_and_places(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    page = f"<title>Key {SECRET}</title><h2 id='{SECRET}'>Key {SECRET}</h2><p>x {SECRET[:8]}<b>{SECRET[8:]}</b></p><h3>Rest</h3>"
    files = {
        "a.html": page, "b.pdf": pdf([[(11, f"aws {SECRET}"), BODY]], info=f"Key {SECRET}"),
        "c.docx": docx(paragraph(f"Key {SECRET}", "Heading1") + paragraph("text")),
        "d.drawio": diagram((f"Tab {SECRET}", graph(f'<mxCell id="a" value="{SECRET}"/>'))),
        "e.ipynb": notebook({"cell_type": "code", "source": "x", "outputs": [{"text": f"key {SECRET}"}]}),
    }  # fmt: skip
    configure(settings, {"name": "w", "type": "folder", "path": str(write(tmp_path / "w", files))})
    assert sync().sources[0].counts["indexed"] == 5
    for path in files:
        document = owner.catalog.document_at("w", path)
        assert document is not None
        told = repr(asdict(document))
        assert SECRET not in told, path
        assert "[REDACTED:" in told


def test_old_versions_keep_their_places(owner: Owner, sync: Sync, repo: str, tmp_path: Path) -> None:
    sync()
    before = owner.catalog.document_at("infra", "walrus.pdf")
    assert before is not None
    commit(
        tmp_path / "repo", {"walrus.pdf": pdf([[(20, "Walrus"), (11, "It holds 50.")]])}, date="2026-04-01T12:00:00Z"
    )
    sync()
    old, replaced_at = owner.catalog.version(before.id, before.version, Viewer())
    assert replaced_at
    assert (old.places, old.link(9, 9)) == (before.places, before.link(9, 9))


def test_a_purged_value_does_not_come_back_within_a_rendering(settings: Settings, tmp_path: Path) -> None:
    value = "Quokka-Passphrase-77"
    files = {
        "a.html": f"<h2 id='x'>{value}</h2><p>{value[:6]}<b></b>{value[6:]}</p>", "b.pdf": pdf([[BODY, (11, value)]]),
        "c.docx": docx(paragraph(value, "Heading1") + paragraph("text")),
        "d.drawio": diagram((value, deflated(graph(f'<mxCell id="a" value="{value}"/>')))), "e.md": "# E\n",
    }  # fmt: skip
    configure(settings, {"name": "w", "type": "folder", "path": str(write(tmp_path / "w", files))})
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
    assert purge_value(settings, value, ()).clean
    with open_owner(settings, "sync") as owner:
        with owner.catalog.write() as writer:
            for path in files:
                document = owner.catalog.document_at("w", path)
                assert document is not None and value not in repr(asdict(document)), path
                writer.doubt_item("w", path)
        report = owner.sync([], lambda step: None, lambda: False)
        assert report.sources[0].counts["indexed"] == 5
        for path in files:
            document = owner.catalog.document_at("w", path)
            assert document is not None and value not in repr(asdict(document)), path
            assert path == "e.md" or "[REDACTED:purged]" in document.text


@pytest.mark.parametrize(
    ("path", "data", "vendors"),
    [
        ("a.md", b"# A\n", set()),
        ("a.ipynb", FILES["otter.ipynb"], set()),
        ("a.html", FILES["runbooks/zebra.html"], {"lxml"}),
        ("a.pdf", FILES["walrus.pdf"], {"pypdf"}),
    ],
)
def test_vendors_are_loaded_for_their_files_alone(path: str, data: bytes, vendors: set[str]) -> None:
    sandbox = Sandbox(workers=1)  # of its own: a worker that read another file may have been replaced since, or not
    try:
        assert sandbox.run(loaded, path, data) == vendors
    finally:
        sandbox.close()


def loaded(path: str, data: bytes) -> set[str]:
    import sys

    from ingest.digestion import digest_document

    digest_document(path, data, ())
    return {"lxml", "pypdf", "docx", "bs4"} & set(sys.modules)


def test_what_was_redacted_in_a_file_that_is_no_text_is_reported_at_its_place(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {
        "a.pdf": pdf([[(20, "Walrus"), BODY], [(15, "Limits"), (11, f"The key is {SECRET}")]]),
        "b.docx": docx(paragraph("Heron", "Heading1") + paragraph("Keys", "Heading2") + paragraph(f"It is {SECRET}.")),
        "c.ipynb": notebook(
            {"cell_type": "markdown", "source": "# Otter"}, {"cell_type": "code", "source": f"k = '{SECRET}'"}
        ),
        "d.html": f"<h1>Zebra</h1>\n<p>one</p>\n<p>The key\nis {SECRET}</p>\n".encode(),
        "e.md": f"# E\n\n{SECRET}\n",
    }
    configure(settings, {"name": "s", "type": "folder", "path": str(write(tmp_path / "s", files))})
    sync()
    (told,) = status_view(owner.catalog, None, 0, 0)["sources"]
    assert {one["path"]: one["place"] for one in told["redactions"]} == {
        "a.pdf": "page 2", "b.docx": "section Keys", "c.ipynb": "cell 2", "d.html": "lines 3 to 4", "e.md": "",
    }  # fmt: skip
    assert [one["line"] for one in told["redactions"] if one["path"] == "e.md"] == [3]
    document = owner.catalog.document_at("s", "a.pdf")
    assert document is not None
    assert replace(document, places=(Place(1, 9),)).where(4) == "line 4 of the page's text"
