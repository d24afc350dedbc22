"""MediaWiki: where its API is, logging in, the cursor and when it is not trusted, namespaces, categories, what a page becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import ingest.sources.mediawiki as source_module
import ingest.sources.mediawiki.changes as changes_module
import ingest.sources.web as web
from ingest.rendering import Rendered
from ingest.sources import Credentials, Listing, Previous
from ingest.sources.mediawiki import MediaWikiOptions
from rag.errors import DocumentError, SettingsError, SourceError
from tests.places import opened
from tests.places.mediawiki import PASSWORD, USER, MediaWikiPlace, Wiki, error
from tests.places.server import Ask, Reply, page


class Kept:
    """A source between syncs, as the ledger would keep it."""

    def __init__(self, place: MediaWikiPlace, folder: Path) -> None:
        self.place, self.wiki, self._folder = place, place.wiki, folder
        self.previous = Previous()
        self.settings: dict[str, object] = {}

    def list(self) -> Listing:
        self.place.server.asked.clear()
        with closing(self.place.source(self.place.spec(**self.settings), self._folder)) as source:
            listing = source.listing(self.previous)
        if listing.complete:
            self.previous = Previous(listing.head, {item.path: item.signature for item in listing.items})
        return listing

    def paths(self) -> set[str]:
        return {item.path for item in self.list().items}

    def read(self, path: str) -> Rendered | bytes | Exception:
        with closing(self.place.source(self.place.spec(**self.settings), self._folder)) as source:
            items = [item for item in source.listing(self.previous).items if item.path == path]
            [(_, data)] = list(source.fetch(items))
        return data

    @property
    def listed_in_full(self) -> bool:
        return any(ask.query.get("generator") for ask in self.place.server.asked)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    monkeypatch.setattr(web, "_sleep", lambda seconds: None)
    with opened("mediawiki") as place:
        assert isinstance(place, MediaWikiPlace)
        for number in range(25):
            place.wiki.edit(f"Page {number:02}", f"The text of {number}.")
        place.wiki.clock += 300
        place.wiki.edit("Page 00", "What came before is not in the last minute, which is read again.")
        yield Kept(place, tmp_path)


# -- the cursor ---------------------------------------------------------------------------------------------------------


def test_all_pages_are_listed_at_first_and_changes_after_that(kept: Kept) -> None:
    assert len(kept.paths()) == 25
    assert kept.listed_in_full
    kept.wiki.edit("Page 03", "Changed.")
    kept.wiki.edit("New", "New.")
    kept.wiki.delete("Page 04")
    listing = kept.list()
    assert not kept.listed_in_full
    assert listing.complete
    assert {item.path for item in listing.items} == {f"Page {n:02}" for n in range(25) if n != 4} | {"New"}
    assert next(item for item in listing.items if item.path == "Page 03").version == str(kept.wiki.last_revision - 1)


def test_what_is_seen_twice_changes_nothing(kept: Kept) -> None:
    kept.wiki.edit("Shown", "x")
    kept.wiki.edit("Page 01", "y", templates=["Shown"])
    kept.list()
    kept.wiki.edit("Shown", "z")
    first = kept.list().items
    assert kept.list().items == first
    kept.wiki.edit("Page 09", "Soon after: the last minute is read again.")
    assert [item.path for item in kept.list().items if item not in first] == ["Page 09"]
    assert not kept.listed_in_full


def test_a_change_that_was_committed_late_is_seen(kept: Kept) -> None:
    kept.list()
    late = kept.wiki.edit("Page 02", "Began before the newest change, and was committed after it.")
    row = kept.wiki.changes.pop()
    kept.wiki.edit("Page 03", "Newest.")
    revision, late.revision = late.revision, late.revision - 100  # not committed yet
    kept.list()
    late.revision = revision
    kept.wiki.changes.insert(-1, row)
    assert f" {revision} " in {item.path: item.signature for item in kept.list().items}["Page 02"]
    assert not kept.listed_in_full


def _pruned(wiki: Wiki) -> None:
    del wiki.changes[: -1 if len(wiki.changes) > 1 else None]
    wiki.edit("Page 05", "After that.")
    del wiki.changes[0]


def _unseen_page(wiki: Wiki) -> None:
    wiki.edit("Imported", "No change tells of it.", told=False)


def _restored_from_backup(wiki: Wiki) -> None:
    wiki.changes.clear()
    wiki.edits -= 3


def _a_day_later(wiki: Wiki) -> None:
    wiki.clock += 25 * 3600


def _clock_set_back(wiki: Wiki) -> None:
    wiki.clock -= 7200


def _deleted_without_a_word(wiki: Wiki) -> None:
    """As an oversighter does, who suppresses; another change hides that the counts moved."""
    del wiki.pages[7]
    wiki.edit("Page 05", "x")


@pytest.mark.parametrize(
    "change",
    [_pruned, _unseen_page, _restored_from_backup, _a_day_later, _clock_set_back, _deleted_without_a_word],
)
def test_when_changes_can_not_be_trusted_all_pages_are_listed(kept: Kept, change: Callable[[Wiki], None]) -> None:
    kept.list()
    kept.list()
    assert not kept.listed_in_full
    change(kept.wiki)
    assert kept.paths() == {one.title for one in kept.wiki.pages.values()}
    assert kept.listed_in_full


@pytest.mark.parametrize("calls", [40, 0])
def test_pages_that_were_closed_without_a_word_are_seen(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    """Of a large wiki one page of each namespace is looked at."""
    monkeypatch.setattr(source_module, "_CALLS", calls)
    secret = kept.wiki.edit("Ops:Secret", "x")
    kept.wiki.clock += 300
    kept.wiki.edit("Page 01", "The last minute before this is read again.")
    kept.list()
    secret.readable = False
    refusals = {item.path: item.refusal for item in kept.list().items}
    assert "does not let this account read it" in refusals["Ops:Secret"]
    assert not refusals["Page 01"]
    secret.readable = True
    assert not {item.path: item.refusal for item in kept.list().items}["Ops:Secret"]


def test_too_many_changes_are_a_reason_to_list_all_pages(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes_module, "_MOST", 15)
    kept.list()
    for _ in range(16):
        kept.wiki.edit("Page 01", "Again.")
    kept.list()
    assert kept.listed_in_full


@pytest.mark.parametrize("setting", ["include", "options", "known"])
def test_other_settings_or_another_ledger_make_all_pages_be_listed(kept: Kept, setting: str) -> None:
    kept.list()
    if setting == "include":
        kept.settings["include"] = ("Page 0*",)
    elif setting == "options":
        kept.settings["options"] = MediaWikiOptions(namespaces=("Ops", 0))
    else:
        first = dict(list(kept.previous.signatures.items())[1:])
        kept.previous = replace(kept.previous, signatures=first)
    assert len(kept.paths()) == (10 if setting == "include" else 25)
    assert kept.listed_in_full


def test_a_list_that_lacks_pages_takes_none_away(kept: Kept) -> None:
    """Pages are gone when the wiki says so of each, and not for want of them in a list."""
    kept.list()
    kept.previous = replace(kept.previous, head="")
    answer = kept.wiki._chosen
    kept.wiki._chosen = lambda given: ([], {}) if given.get("generator") else answer(given)  # type: ignore[method-assign]
    assert len(kept.paths()) == 25


def test_an_answer_that_leaves_pages_out_is_an_error(kept: Kept) -> None:
    kept.list()
    kept.wiki.edit("Page 01", "x")
    kept.wiki._told = lambda one, given: {"title": "Page 01", "missing": True}  # type: ignore[method-assign]
    with pytest.raises(SourceError, match="was asked for"):
        kept.list()


def test_a_list_without_an_end_is_an_error(kept: Kept) -> None:
    kept.wiki._chosen = (
        lambda given: (  # type: ignore[method-assign]
            list(kept.wiki.pages.values())[:3],
            {"gapcontinue": "Page 03", "continue": "gapcontinue||"},
        )
    )
    with pytest.raises(SourceError, match="without an end"):
        kept.list()


# -- pages keep their identity ------------------------------------------------------------------------------------------


def test_moves(kept: Kept) -> None:
    kept.list()
    kept.wiki.move("Page 01", "Elsewhere", redirect=True)
    kept.wiki.move("Page 02", "Ops:Page 02")
    kept.wiki.move("Page 03", "Aside")
    kept.wiki.move("Page 04", "Page 03")
    kept.wiki.move("Aside", "Page 04")
    kept.wiki.move("Page 05", "Page 05 b", redirect=True)
    kept.wiki.move("Page 05 b", "Page 05")
    kept.wiki.move("Page 06", "Talk:Page 06")
    listing = kept.list()
    assert not kept.listed_in_full
    assert listing.moved == {
        "Elsewhere": "Page 01", "Ops:Page 02": "Page 02", "Page 03": "Page 04", "Page 04": "Page 03",
    }  # fmt: skip
    paths = {item.path for item in listing.items}
    assert not paths & {"Page 01", "Page 02", "Page 06", "Talk:Page 06", "Page 05 b"}
    assert "Page 05" in paths


def test_a_page_that_was_made_anew_is_another_and_one_that_was_restored_is_not(kept: Kept) -> None:
    kept.list()
    before = dict(kept.previous.signatures)
    kept.wiki.delete("Page 01")
    kept.wiki.delete("Page 02")
    kept.wiki.restore("Page 02")
    kept.wiki.edit("Page 01", "Another.")
    after = {item.path: item.signature for item in kept.list().items}
    assert after["Page 02"] == before["Page 02"]
    assert after["Page 01"].split()[0] != before["Page 01"].split()[0]


def test_a_redirect_is_no_page(kept: Kept) -> None:
    kept.list()
    kept.wiki.edit("Page 01", "", redirect=True)
    assert "Page 01" not in kept.paths()
    kept.wiki.edit("Page 01", "Text again.", redirect=False)
    assert "Page 01" in kept.paths()


def test_pages_that_show_what_changed_are_read_anew(kept: Kept) -> None:
    kept.wiki.edit("Template:Team", "x")
    kept.wiki.edit("Page 01", "y", templates=["Template:Team"])
    kept.list()
    before = dict(kept.previous.signatures)
    kept.wiki.edit("Template:Team", "z")
    after = {item.path: item.signature for item in kept.list().items}
    assert [path for path in after if after[path] != before[path]] == ["Page 01"]


# -- what is chosen -----------------------------------------------------------------------------------------------------


def test_namespaces(kept: Kept) -> None:
    for title in ("Help:One", "Talk:Page 01", "Ops:One", "File:Plan.png", "Ops wiki:About"):
        kept.wiki.edit(title, "x")
    others = {path for path in kept.paths() if not path.startswith("Page ")}
    assert others == {"Ops:One"}  # content, as the wiki says

    def chosen(**options: object) -> set[str]:
        kept.settings["options"] = MediaWikiOptions(**options)
        return {path for path in kept.paths() if not path.startswith("Page ")}

    assert chosen(namespaces=("Help", "talk", "Project", "main")) == {"Help:One", "Talk:Page 01", "Ops wiki:About"}
    assert chosen(namespaces=(12, "3000")) == {"Help:One", "Ops:One"}
    assert chosen(namespaces=("Image",)) == {"File:Plan.png"}
    assert chosen(files=True) == {"Ops:One", "File:Plan.png"}
    with pytest.raises(SettingsError, match=r"no namespace 'Halp'; did you mean 'help'.*Ops wiki"):
        chosen(namespaces=("Halp",))


def test_categories(kept: Kept) -> None:
    kept.wiki.edit("Page 01", "x", categories=["Run books"])
    kept.wiki.edit("Page 02", "x", categories=["Databases", "Run books"])
    kept.wiki.edit("Talk:Page 02", "x", categories=["Run books"])
    kept.settings["options"] = MediaWikiOptions(categories=("Run books", "Category:Databases"))
    assert kept.paths() == {"Page 01", "Page 02"}
    kept.wiki.edit("Page 01", "x", categories=[])
    kept.wiki.edit("Page 03", "x", categories=["Databases"])
    assert kept.paths() == {"Page 02", "Page 03"}
    assert not kept.listed_in_full
    kept.settings["options"] = MediaWikiOptions(categories=("Runbooks",))
    kept.previous = Previous()
    listing = kept.list()
    assert (listing.complete, listing.message) == (False, "the wiki lists no page in these categories")


def test_pages_are_titles_and_refused_for_none(kept: Kept) -> None:
    kept.wiki.edit("Restoring terraform.tfstate", "x")
    assert all(item.is_page for item in kept.list().items)


# -- where the API is, and logging in -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/wiki/Main_Page", "/w/index.php", "/w/api.php", "/w/index.php?title=Main_Page"])
def test_the_api_is_found(kept: Kept, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MediaWikiPlace, "url", property(lambda self: self.server.address + path))
    assert len(kept.paths()) == 25


@pytest.mark.parametrize("main", [Reply(404), Reply(403), page("<html>Not a wiki's page</html>")])
def test_usual_places_of_the_api_are_tried(kept: Kept, main: Reply) -> None:
    answer = kept.place.server.app
    kept.place.server.app = lambda ask: answer(ask) if ask.path == "/w/api.php" else main
    assert len(kept.paths()) == 25


def test_no_api_is_an_error_that_says_what_to_do(kept: Kept) -> None:
    kept.place.server.app = lambda ask: page("<html>A blog</html>")
    with pytest.raises(SettingsError, match=r"no MediaWiki API is found.*/w/api\.php.*Special:Version"):
        kept.list()


def test_an_api_that_is_elsewhere_is_named(kept: Kept) -> None:
    kept.place.server.app = lambda ask: page(
        "<link rel='EditURI' href='https://wiki.example.org/w/api.php?action=rsd'>"
    )
    with pytest.raises(SettingsError, match=r"says that it is at https://wiki\.example\.org/w/api\.php"):
        kept.list()


def test_a_private_wiki(kept: Kept) -> None:
    kept.wiki.private = True
    with pytest.raises(SettingsError, match=r"private wiki: make a bot password.*Special:BotPasswords"):
        kept.list()
    kept.settings["credentials"] = Credentials(token=PASSWORD, username=USER)
    assert len(kept.paths()) == 25
    assert all(PASSWORD not in str(ask.query) for ask in kept.place.server.asked)
    assert all(ask.query.get("assert") == "user" for ask in kept.place.server.asked if ask.query.get("prop"))


def test_a_refused_log_in_says_what_to_do(kept: Kept) -> None:
    kept.settings["credentials"] = Credentials(token="not-the-password", username=USER)
    with pytest.raises(SettingsError, match=r"refuses the log-in.*Special:BotPasswords") as raised:
        kept.list()
    assert "not-the-password" not in str(raised.value)
    assert USER not in str(raised.value)


def test_a_lost_session_is_renewed_once(kept: Kept) -> None:
    kept.wiki.private = True
    kept.settings["credentials"] = Credentials(token=PASSWORD, username=USER)
    lost = _losing(kept, {7})
    assert len(kept.paths()) == 25
    assert lost == [7]


def test_a_session_that_is_lost_again_and_again_is_an_error(kept: Kept) -> None:
    kept.wiki.private = True
    kept.settings["credentials"] = Credentials(token=PASSWORD, username=USER)
    kept.list()
    _losing(kept, set(range(3, 100)))
    with pytest.raises(SourceError, match="ended the session"):
        kept.list()


def _losing(kept: Kept, at: set[int]) -> list[int]:
    """Lets the wiki forget sessions before it answers the requests of these numbers."""
    answer, number, lost = kept.place.server.app, 0, []

    def app(ask: Ask) -> object:
        nonlocal number
        number += 1
        if number in at:
            kept.wiki.sessions.clear()
            lost.append(number)
        return answer(ask)

    kept.place.server.app = app
    return lost


# -- a wiki in trouble --------------------------------------------------------------------------------------------------


def test_lag_is_waited_for(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(web, "_sleep", waits.append)
    kept.wiki.lag = 3
    assert len(kept.paths()) == 25
    assert waits.count(5.0) == 3


def test_lag_without_end_is_an_error(kept: Kept) -> None:
    kept.wiki.lag = 1000
    with pytest.raises(SourceError, match="maxlag"):
        kept.list()


def test_an_account_that_may_read_nothing_takes_nothing_away(kept: Kept) -> None:
    kept.list()
    for one in kept.wiki.pages.values():
        one.readable = False
    with pytest.raises(SettingsError, match="may read none of them"):
        kept.list()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (error("permissiondenied", "No."), "does not let this account read it"),
        (error("nosuchrevid", "No."), "no longer has the revision"),
        (error("internal_api_error_Error", "Caught exception"), r"can't render it \(internal_api_error_Error\)"),
        (Reply(500, b"PHP fatal error: out of memory"), "fails to render it"),
    ],
)
def test_a_page_that_can_not_be_read_costs_itself_alone(kept: Kept, answer: Reply, reason: str) -> None:
    kept.list()
    kept.wiki.broken[kept.wiki.pages[3].revision] = answer
    with pytest.raises(DocumentError, match=reason):
        _raise(kept.read("Page 02"))
    assert isinstance(kept.read("Page 03"), Rendered)


@pytest.mark.parametrize("code", ["internal_api_error_DBQueryError", "internal_api_error_DBConnectionError"])
def test_a_wiki_without_its_database_costs_no_page(kept: Kept, code: str) -> None:
    kept.list()
    kept.wiki.broken[kept.wiki.pages[3].revision] = error(code, "No.")
    with pytest.raises(SourceError, match=code):
        kept.read("Page 02")


def test_a_wiki_that_renders_nothing_costs_no_more_than_three_pages(kept: Kept) -> None:
    read = []
    with closing(kept.place.source(kept.place.spec(), Path())) as source:
        items = source.listing(Previous()).items
        for one in kept.wiki.pages.values():
            kept.wiki.broken[one.revision] = error("internal_api_error_TypeError", "No.")
        with pytest.raises(SourceError, match="TypeError"):
            for item, _ in source.fetch(items):
                read.append(item.path)
    assert read == ["Page 00", "Page 01", "Page 02"]


def _raise(data: object) -> None:
    assert isinstance(data, Exception), data
    raise data


# -- what a page becomes ------------------------------------------------------------------------------------------------

PAGE = """<div class="mw-parser-output"><div id="toc" class="toc"><ul><li>contents-list</li></ul></div>
<p>See <a href="/wiki/Other" title="Other">the other</a>, <a href="/w/index.php?title=No&amp;action=edit&amp;redlink=1"
class="new">none yet</a>.<sup id="cite_ref-1" class="reference"><a href="#cite_note-1">[1]</a></sup></p>
<h2><span id=".C3.9Cber"></span><span class="mw-headline" id="Über">Über</span><span class="mw-editsection">[edit]</span></h2>
<div class="mw-highlight mw-highlight-lang-bash mw-content-ltr" dir="ltr"><pre><span></span>kubectl get <span>pods</span>
</pre></div>
<div class="mw-heading mw-heading3"><h3 id="Steps">Steps</h3><span class="mw-editsection">[edit]</span></div>
<table class="wikitable"><tbody><tr><th>Name</th><th>Port</th></tr><tr><td>db</td><td>5432</td></tr></tbody></table>
<table class="infobox"><tbody><tr><th>Owner</th><td>Harbour</td></tr><tr><th>Tier</th><td>1</td></tr></tbody></table>
<div class="mw-collapsible mw-collapsed"><div class="mw-collapsible-content" style="display:none">Folded text</div></div>
<div style="color:red; display: none">hidden-text</div><table class="navbox"><tr><td>navigation-box</td></tr></table>
<ul class="gallery"><li class="gallerybox"><div>
<div class="thumb"><a href="/wiki/File:X.png"><img alt="Plan" src="/i/x.png"></a></div>
<div class="gallerytext"><p>The caption</p></div></div></li></ul>
<table class="metadata ambox"><tbody><tr><td>This page is outdated.</td></tr></tbody></table>
<ol class="references"><li id="cite_note-1"><span class="mw-cite-backlink"><a href="#cite_ref-1">↑</a></span> <span
class="reference-text">The book</span></li></ol></div>"""


def test_what_a_page_becomes(kept: Kept) -> None:
    kept.wiki.edit("Page 01", "", html=PAGE, categories=["Run books", "Databases"])
    found = kept.read("Page 01")
    assert isinstance(found, Rendered)
    for shown in (
        f"[the other]({kept.place.url}/wiki/Other)", "none yet.", "[1]", "## Über\n",
        "```bash\nkubectl get pods\n```", "### Steps\n",
        "| Name | Port |\n| --- | --- |\n| db | 5432 |", "Owner", "Harbour", "Folded text", "The caption",
        "This page is outdated.", "1. The book", "Categories: Run books, Databases",
    ):  # fmt: skip
        assert shown in found.text, shown
    for dropped in ("[edit]", "contents-list", "redlink", "hidden-text", "navigation-box", "↑", ".C3.9C"):
        assert dropped not in found.text, dropped
    assert found.title == "Page 01"
    assert {(place.name, place.anchor) for place in found.places} == {
        ("", ""), ("Über", "#Über"), ("Steps", "#Steps"),
    }  # fmt: skip
    assert all(place.first == place.last == 0 for place in found.places)


def test_pages_of_data_are_code(kept: Kept) -> None:
    kept.wiki.edit("Settings.json", "", html='{"retries": 7}', model="json")
    found = kept.read("Settings.json")
    assert isinstance(found, Rendered)
    assert (found.text, found.title) == ('```json\n{"retries": 7}\n```\n', "Settings.json")


def test_links_are_pinned_to_the_revision(kept: Kept) -> None:
    kept.wiki.edit("Ops:A b/c & d?", "x")
    with closing(kept.place.source(kept.place.spec(), Path())) as source:
        item = next(item for item in source.listing(Previous()).items if item.path.startswith("Ops"))
        link = source.link(item, item.version)
    assert link.url == f"{kept.place.url}/w/index.php?title=Ops:A_b/c_%26_d%3F&oldid={kept.wiki.last_revision}"
    assert link.line_anchor == ""
