"""Exports of Notion, built as Notion writes them: ids in names, links between files, databases, zips within zips."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ingest.sources.notion as notion
from api.owner import Owner
from ingest.rendering.notion import database, markdown, page, page_of
from ingest.sources import Previous, SourceSpec
from ingest.sources.notion import NotionSource
from ingest.sources.notion.names import edited, id_within, name_of
from ingest.sync import SourceReport
from rag.errors import SettingsError, SourceError
from rag.records import Document, Viewer
from tests.conftest import Files, write

TEAM, BOOK, OLD, TASKS, ROW, ROW2, TWIN = (f"{n:x}" * 32 for n in range(1, 8))
WRAPPER = "Export-9232703c-69b4-4c73-a025-00815d9e2b3b"
MARKDOWN: dict[str, str | bytes] = {
    f"Ops wiki {TEAM}.md": f"# Ops wiki\n\n[Failover](Ops%20wiki%20{TEAM}/Failover%20(db)%20{BOOK}.md)\n\n"
    f"[Tasks](Ops%20wiki%20{TEAM}/Tasks%20{TASKS}.csv)\n\n[Site](https://example.org/x)\n\n"
    f"![a.png](Ops%20wiki%20{TEAM}/a.png)\n",
    f"Ops wiki {TEAM}/Failover (db) {BOOK}.md": "# Failover (db)\n\nOwner: Ada\nLast edited time: March 3, 2026 2:05 PM\n\n"
    "Call `pgctl promote` on the alpaca.\n\n<aside>\n💡 Ask first.\n\n</aside>\n",
    f"Ops wiki {TEAM}/a.png": b"\x89PNG",
    f"Ops wiki {TEAM}/Tasks {TASKS}.csv": "\ufeffName,Status\nRotate keys: now,Done\n",
    f"Ops wiki {TEAM}/Tasks {TASKS}_all.csv": "\ufeffName,Status,Notes\nRotate keys: now,Done,\"one\ntwo | three\"\n"
    f"Buy a llama,Open,Failover (Failover%20{BOOK}.md)\nNo page,Open,\n",
    f"Ops wiki {TEAM}/Tasks {TASKS}/Rotate keys now {ROW}.md": "# Rotate keys: now\n\nStatus: Done\n\nTurn it.\n",
    f"Ops wiki {TEAM}/Tasks {TASKS}/Buy a llama {ROW2}.md": "# Buy a llama\n\nStatus: Open\n",
}  # fmt: skip
PATHS = {
    "Ops wiki.md", "Ops wiki/Failover (db).md", "Ops wiki/Tasks.csv", "Ops wiki/Tasks/Rotate keys now.md",
    "Ops wiki/Tasks/Buy a llama.md",
}  # fmt: skip
DASHED = "{}-{}-{}-{}-{}".format("2" * 8, "2" * 4, "2" * 4, "2" * 4, "2" * 12)
HTML = f"""<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"/><title>Failover</title>
<style>body {{}}</style></head><body><article id="{DASHED}" class="page sans"><header>
<div class="page-header-icon undefined"><span class="icon">🔥</span></div><h1 class="page-title">Failover</h1>
<p class="page-description"></p><table class="properties"><tbody>
<tr class="property-row property-row-last_edited_time"><th><span class="icon property-icon"><svg><path d="M8"/></svg></span>Edited
</th><td><time>@March 3, 2026 2:05 PM</time></td></tr></tbody></table></header><div class="page-body">
<h2 id="aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" class="">Steps</h2>
<ul id="x" class="to-do-list"><li><div class="checkbox checkbox-on"></div> <span class="to-do-children-checked">Page Ada</span>
<div class="indented"></div></li></ul><ul class="to-do-list"><li><div class="checkbox checkbox-off"></div> <span
class="to-do-children-unchecked">Promote</span></li></ul>
<figure class="block-color-gray_background callout" style="display:flex"><div style="font-size:1.5em"><span
class="icon">⚠️</span></div><div style="width:100%">Never twice</div></figure>
<ul class="toggle"><li><details open=""><summary>More</summary><p>Hidden detail</p></details></li></ul>
<figure class="link-to-page"><a href="Ops%20wiki/Tasks%20{TASKS}.html"><span class="icon">📋</span>Tasks</a></figure>
<figure class="image"><a href="Ops%20wiki/a.png"><img src="Ops%20wiki/a.png"/></a></figure>
<pre id="y" class="code"><code class="language-Bash">pgctl promote</code></pre></div></article></body></html>"""


def zipped(files: Files, **options: int) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, (2026, 4, 5, 6, 7, 8))
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return data.getvalue()


class Synced:
    def __init__(self, owner: Owner, folder: Path) -> None:
        self.owner = owner
        self.folder = folder
        self.at = folder / "export"

    def sync(self, **settings: str) -> SourceReport:
        spec = SourceSpec("notion", "notion", str(self.at), **settings)  # type: ignore[arg-type]
        source = NotionSource(spec, self.folder / "ours")
        return self.owner.sync_sources([(spec, source)], lambda step: None, lambda: False).sources[0]

    def documents(self) -> dict[str, Document]:
        return {found.path: found for found in self.owner.catalog.documents_for(Viewer())}

    def refused(self) -> dict[str, str]:
        items = self.owner.catalog.items("notion").items()
        return {path: row.reason for path, row in items if row.outcome == "skipped"}


@pytest.fixture
def synced(owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Synced]:
    monkeypatch.setattr(notion, "_SETTLED", 0.0)
    yield Synced(owner, tmp_path)


def as_folder(at: Path, files: Files) -> None:
    write(at, files)


def as_wrapped(at: Path, files: Files) -> None:
    write(at, {f"{WRAPPER}/{name}": content for name, content in files.items()})


def as_zip(at: Path, files: Files) -> None:
    at.write_bytes(zipped(files))


def as_parts(at: Path, files: Files) -> None:
    names = list(files)
    parts = {
        f"{WRAPPER}-Part-{n}.zip": zipped({name: files[name] for name in names[n - 1 :: 2]}) for n in (1, 2)
    }  # fmt: skip
    at.write_bytes(zipped(parts))


def as_folder_of_parts(at: Path, files: Files) -> None:
    at.mkdir()
    for n in (1, 2):
        part = zipped({name: files[name] for name in list(files)[n - 1 :: 2]})
        (at / f"e16ede6b-5bad-4f27-98e4-8851e8f81092_{WRAPPER}-Part-{n}.zip").write_bytes(part)


SHAPES = [as_folder, as_wrapped, as_zip, as_parts, as_folder_of_parts]


@pytest.mark.parametrize("shape", SHAPES)
def test_whatever_it_comes_in_it_is_the_same(synced: Synced, shape: Callable[[Path, Files], None]) -> None:
    shape(synced.at, MARKDOWN)
    report = synced.sync()
    assert report.outcome == "done", report.message
    assert set(synced.documents()) == PATHS
    assert set(synced.refused()) == {"Ops wiki/a.png", "Ops wiki/Tasks (one view).csv"}
    assert synced.sync().counts["unchanged"] == 5
    assert not list((synced.folder / "ours").glob("*"))


def test_a_page_is_cited_on_notions_site_with_its_time(synced: Synced) -> None:
    as_zip(synced.at, MARKDOWN)
    synced.sync()
    found = synced.documents()["Ops wiki/Failover (db).md"]
    assert found.title == "Failover (db)"
    assert found.updated_at == "2026-03-03T14:05:00Z"
    assert found.link(3, 3) == f"https://www.notion.so/{BOOK}"
    assert synced.documents()["Ops wiki.md"].updated_at == "2026-04-05T06:07:08Z"
    text = synced.documents()["Ops wiki.md"].text
    assert f"[Failover](https://www.notion.so/{BOOK})" in text
    assert f"[Tasks](https://www.notion.so/{TASKS})" in text
    assert "[Site](https://example.org/x)" in text
    assert "![a.png](Ops%20wiki/a.png)" in text
    synced.sync(web_url="https://notion.example.org/")
    assert synced.documents()["Ops wiki.md"].url == f"https://notion.example.org/{TEAM}"


def test_a_database_is_a_table_whose_rows_link_to_their_pages(synced: Synced) -> None:
    as_folder(synced.at, MARKDOWN)
    synced.sync()
    found = synced.documents()["Ops wiki/Tasks.csv"]
    assert found.text == (
        "# Tasks\n\n| Name | Status | Notes |\n| --- | --- | --- |\n"
        f"| [Rotate keys: now](https://www.notion.so/{ROW}) | Done | one <br> two \\| three |\n"
        f"| [Buy a llama](https://www.notion.so/{ROW2}) | Open | Failover |\n| No page | Open |  |\n"
    )
    assert (found.title, found.kind) == ("Tasks", "page")


def test_a_page_that_is_renamed_and_moved_is_the_same_document(synced: Synced) -> None:
    as_folder(synced.at, MARKDOWN)
    synced.sync()
    before = synced.documents()["Ops wiki/Failover (db).md"]
    old = synced.at / f"Ops wiki {TEAM}" / f"Failover (db) {BOOK}.md"
    (synced.at / f"Archive {OLD}").mkdir()
    old.rename(synced.at / f"Archive {OLD}" / f"Promotion {BOOK}.md")
    assert synced.sync().outcome == "done"
    assert synced.documents()["Archive/Promotion.md"].id == before.id
    assert "Ops wiki/Failover (db).md" not in synced.documents()


def test_a_newer_export_in_the_place_of_the_old(synced: Synced) -> None:
    as_zip(synced.at, MARKDOWN)
    synced.sync()
    files = {**MARKDOWN, f"Ops wiki {TEAM}/New {TWIN}.md": "# New\n"}
    files[f"Ops wiki {TEAM}.md"] = "# Ops wiki\n\nRewritten.\n"
    del files[f"Ops wiki {TEAM}/Tasks {TASKS}/Buy a llama {ROW2}.md"]
    as_zip(synced.at, files)
    report = synced.sync()
    assert report.outcome == "done"
    assert (report.counts["indexed"], report.counts["unchanged"], report.counts["gone"]) == (2, 3, 1)


def test_pages_of_one_title_are_told_apart(synced: Synced) -> None:
    as_folder(synced.at, {f"Notes {BOOK}.md": "# Notes\n\none", f"Notes {OLD}.md": "# Notes\n\ntwo"})
    synced.sync()
    assert set(synced.documents()) == {f"Notes {BOOK[:8]}.md", f"Notes {OLD[:8]}.md"}
    before = synced.documents()[f"Notes {BOOK[:8]}.md"]
    (synced.at / f"Notes {OLD}.md").unlink()
    synced.sync()
    assert synced.documents()["Notes.md"].id == before.id


def test_pages_in_html(synced: Synced) -> None:
    as_zip(synced.at, {"index.html": "<html>Contents</html>", "Ops wiki/Failover.html": HTML})
    assert synced.sync().outcome == "done"
    found = synced.documents()["Ops wiki/Failover.html"]
    assert (found.title, found.updated_at) == ("Failover", "2026-03-03T14:05:00Z")
    assert found.url == f"https://www.notion.so/{BOOK}"
    for part in ("- [x] Page Ada", "- [ ] Promote", "Never twice", "Hidden detail", "pgctl promote", "```"):
        assert part in found.text
    assert f"(https://www.notion.so/{TASKS})" in found.text
    assert "a.png" not in found.text
    assert "🔥" not in found.text
    line = found.text.split("\n").index("pgctl promote") + 1
    assert found.link(line, line) == f"https://www.notion.so/{BOOK}#aaaaaaaabbbbccccddddeeeeeeeeeeee"
    assert "index.html" in synced.refused()


# -- exports that are not whole ------------------------------------------------------------------------------------------


def test_what_was_written_a_moment_ago_takes_nothing_away(synced: Synced, monkeypatch: pytest.MonkeyPatch) -> None:
    as_folder(synced.at, MARKDOWN)
    synced.sync()
    monkeypatch.setattr(notion, "_SETTLED", 60.0)
    (synced.at / f"Ops wiki {TEAM}.md").unlink()
    report = synced.sync()
    assert report.outcome == "partial"
    assert "a moment ago" in report.message
    assert set(synced.documents()) == PATHS
    monkeypatch.setattr(notion, "_SETTLED", 0.0)
    assert synced.sync().outcome == "done"
    assert "Ops wiki.md" not in synced.documents()


def broken() -> dict[str, bytes]:
    whole = zipped(MARKDOWN)
    damaged = bytearray(whole)
    damaged[60:70] = b"\0" * 10
    locked = bytearray(whole)
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    bomb = zipped({f"{WRAPPER}-Part-1.zip": b"\0" * 30_000_000})
    lying = bytearray(zipped({f"A {TEAM}.md": "# A\n" + "x" * 5000}))
    at = lying.index(b"PK\x01\x02")
    lying[at + 24 : at + 28] = struct.pack("<I", 100)
    return {
        "cut off": whole[: len(whole) // 2], "empty": b"", "no zip": b"<html>log in</html>", "damaged": bytes(damaged),
        "locked": bytes(locked), "bomb": bomb, "lying": bytes(lying), "part cut off": zipped({"x-Part-1.zip": whole[:-40]}),
        "empty zip": zipped({}), "attachments alone": zipped({"a.png": b"x"}),
    }  # fmt: skip


@pytest.mark.parametrize("what", broken())
def test_an_export_that_is_broken_takes_nothing_away(synced: Synced, what: str) -> None:
    as_zip(synced.at, MARKDOWN)
    synced.sync()
    synced.at.write_bytes(broken()[what])
    report = synced.sync()
    assert report.outcome in ("failed", "partial")
    assert {"locked": "encrypted", "bomb": "bomb", "cut off": "being written"}.get(what, "export") in report.message
    assert set(synced.documents()) == PATHS


def test_an_export_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="correct its path"):
        NotionSource(SourceSpec("n", "notion", str(tmp_path / "no")), tmp_path).listing(Previous())


def test_a_file_that_is_replaced_between_listing_and_reading_is_not_taken(tmp_path: Path) -> None:
    as_folder(tmp_path / "e", MARKDOWN)
    source = NotionSource(SourceSpec("n", "notion", str(tmp_path / "e")), tmp_path / "ours")
    items = [item for item in source.listing(Previous()).items if item.path == "Ops wiki.md"]
    (tmp_path / "e" / f"Ops wiki {TEAM}.md").write_text("# Another\n")
    with pytest.raises(SourceError, match="sync again"):
        list(source.fetch(items))


def test_an_export_that_changes_while_it_is_listed_is_not_taken(tmp_path: Path) -> None:
    class Slow(NotionSource):
        def _read_all(self) -> list[notion._Found]:
            found = super()._read_all()
            (tmp_path / "e" / f"Ops wiki {TEAM}.md").unlink()
            return found

    as_folder(tmp_path / "e", MARKDOWN)
    with pytest.raises(SourceError, match="changed while it was read"):
        Slow(SourceSpec("n", "notion", str(tmp_path / "e")), tmp_path / "ours").listing(Previous())


def test_a_zip_that_is_replaced_between_listing_and_reading_is_read_as_it_was(tmp_path: Path) -> None:
    at = tmp_path / "e.zip"
    as_zip(at, MARKDOWN)
    source = NotionSource(SourceSpec("n", "notion", str(at)), tmp_path / "ours")
    items = [item for item in source.listing(Previous()).items if item.path == "Ops wiki.md"]
    (tmp_path / "new").write_bytes(zipped({f"Ops wiki {TEAM}.md": "# Another\n"}))
    (tmp_path / "new").replace(at)
    assert b"[Failover]" in next(data for _, data in source.fetch(items) if isinstance(data, bytes))
    source.close()


def test_two_exports_side_by_side_are_told(synced: Synced) -> None:
    synced.at.mkdir()
    for name in ("a-Part-1.zip", "b-Part-1.zip"):
        (synced.at / name).write_bytes(zipped(MARKDOWN))
    report = synced.sync()
    assert report.outcome == "partial"
    assert "keep one export" in report.message


def test_nothing_is_read_through_a_link(synced: Synced) -> None:
    as_folder(synced.at, MARKDOWN)
    (synced.folder / "secret.md").write_text("# Secret\n")
    (synced.at / f"Secret {TWIN}.md").symlink_to(synced.folder / "secret.md")
    (synced.at / "Out").symlink_to(synced.folder)
    synced.sync()
    assert set(synced.documents()) == PATHS
    assert "link" in synced.refused()["Secret.md"]


def test_paths_that_lead_out_of_a_zip_are_told_and_not_taken(synced: Synced) -> None:
    as_zip(synced.at, {**MARKDOWN, f"../Out {TWIN}.md": "# Out\n", f"/etc/Abs {OLD}.md": "# Abs\n"})
    report = synced.sync()
    assert report.outcome == "partial"
    assert "leads out" in report.message
    assert set(synced.documents()) == PATHS


# -- parts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "path", "page_id"),
    [
        (f"A {BOOK}.md", "A.md", BOOK),
        (f"{WRAPPER}/A {BOOK}.md", "A.md", BOOK),
        (f"{WRAPPER}/Part-1/A {BOOK}.md", "A.md", BOOK),
        (f"A {TEAM}/B/{OLD}/C {BOOK}.html", "A/B/C.html", BOOK),
        (f"{BOOK}.md", "Untitled.md", BOOK),
        (f"A {BOOK}_all.csv", "A.csv", BOOK),
        ("A_all.csv", "A.csv", ""),
        ("A/B c.md", "A/B c.md", ""),
        (f"A {BOOK} copy.md", f"A {BOOK} copy.md", ""),
        (f"a {BOOK}.png", f"a {BOOK}.png", ""),
        (f"A\x1b[1m\u202e {BOOK}.md", "A\\x1b[1m\\x202e.md", BOOK),
        (f"v1.2 release {BOOK}.md", "v1.2 release.md", BOOK),
    ],
)
def test_names(file: str, path: str, page_id: str) -> None:
    assert (name_of(file).path, name_of(file).id) == (path, page_id)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("Last edited time: June 18, 2025 12:29 PM", "2025-06-18T12:29:00Z"),
        ("Last Edited Time: Apr 02, 2021 8:12 AM", "2021-04-02T08:12:00Z"),
        ("Last edited time: 2022/01/26 9:12", "2022-01-26T09:12:00Z"),
        ("Last edited: 2022-01-26T09:12:00+02:00", "2022-01-26T07:12:00Z"),
        ("Last edited time: April 10, 2024 5:08\u202fPM (UTC)", "2024-04-10T17:08:00Z"),
        ("Last edited time: 27. Juli 2023 11:52", ""),
        ("Last edited by: Ada", ""),
    ],
)
def test_when_a_page_was_edited(text: str, when: str) -> None:
    assert edited(f"# A\n\nOwner: x\n{text}\n".encode(), ".md") == when


def test_ids_within_html() -> None:
    assert id_within(HTML.encode()) == BOOK
    assert id_within(b'<body><div style="x" id="0123456789abcdef0123456789abcdef"></div>') == "0123456789abcdef" * 2
    assert id_within(b"<body><p>nothing</p>") == ""


@pytest.mark.parametrize(
    ("target", "page_id"),
    [
        (f"A%20{BOOK}.md", BOOK),
        (f"../A%20{TEAM}/B%20{BOOK}.html#x", BOOK),
        (f"A_{BOOK}_all.csv", BOOK),
        (f"{BOOK}.md", BOOK),
        (f"https://example.org/A%20{BOOK}.md", ""),
        (f"A%20{BOOK}.png", ""),
        (f"A%20{BOOK}/a.png", ""),
        (f"A%20a{BOOK}.md", ""),
    ],
)
def test_links(target: str, page_id: str) -> None:
    assert page_of(target) == page_id


def test_markdown_keeps_its_lines() -> None:
    text = f"# A\n\n[B (c)](x/B%20(c)%20{BOOK}.md) and [d](e.md)\n\n```\n[x](y)\n```\n"
    made = markdown(text.encode(), "https://n.example").decode()
    assert made == text.replace(f"x/B%20(c)%20{BOOK}.md", f"https://n.example/{BOOK}")


def test_a_title_that_was_cut_in_the_name_of_a_file() -> None:
    title = "A very long title of a page that goes on and on and on"
    table = f"Name\n{title}\nOther\nTwice\n"
    pages = {title[:45]: BOOK, "Twice\0a": OLD, "Twice\0b": TWIN}
    text = database(table.encode(), "T", pages, "https://n.example").text
    assert f"[{title}](https://n.example/{BOOK})" in text
    assert "| Twice |" in text
    assert "| Other |" in text


def test_html_of_a_notion_page_keeps_headings_for_anchors() -> None:
    anchors = [place.anchor for place in page(HTML.encode(), "https://n.example").places]
    assert "#aaaaaaaabbbbccccddddeeeeeeeeeeee" in anchors
