"""What the Confluence source makes of a wiki: paths, who may read, what one page shows of another, and how much it asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import ingest.sources.web as web
from ingest.rendering import Rendered
from ingest.sources import Credentials, Listed, Listing, Previous, SourceSpec
from ingest.sources.confluence import ConfluenceOptions, ConfluenceSource
from rag.errors import DocumentError, SettingsError, SourceError
from tests.places.confluence import Confluence
from tests.places.server import Ask, Reply, Server, data, emptied, serving

NOBODY = ((),)


class Site:
    """A wiki behind a server, and sources that read it."""

    def __init__(self, server: Server, cloud: bool, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.wiki = Confluence(cloud)
        server.app = self.wiki.answer
        self._made: list[ConfluenceSource] = []

    def close(self) -> None:
        for source in self._made:
            source.close()

    def source(self, *, token: str = "", url: str = "", **options: object) -> ConfluenceSource:
        given = {"api": "v2" if self.wiki.cloud else "v1", "everyone": ("confluence-users",), **options}
        spec = SourceSpec("wiki", "confluence", url or self.server.address, options=ConfluenceOptions(**given))
        spec = replace(spec, credentials=Credentials(token, "me@x" if token else ""))
        self._made.append(ConfluenceSource(spec, self.folder))
        return self._made[-1]

    def listing(self, previous: Listing | None = None, **options: object) -> Listing:
        known = {item.path: item.signature for item in previous.items} if previous else {}
        return self.source(**options).listing(Previous("", known))

    def texts(self, **options: object) -> dict[str, str]:
        source = self.source(**options)
        items = source.listing(Previous()).items
        return {item.path: _text(read) for item, read in source.fetch(items)}


def _text(read: bytes | Rendered | Exception) -> str:
    return read.text if isinstance(read, Rendered) else read.decode() if isinstance(read, bytes) else repr(read)


def by_path(listing: Listing) -> dict[str, Listed]:
    return {item.path: item for item in listing.items}


@pytest.fixture(params=[True, False], ids=["cloud", "data-center"])
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(web, "_sleep", lambda seconds: None)
    with serving() as server:
        made = Site(server, request.param, tmp_path / "ours")
        yield made
        made.close()


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(web, "_sleep", lambda seconds: None)
    with serving() as server:
        made = Site(server, True, tmp_path / "ours")
        yield made
        made.close()


@pytest.fixture
def center(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(web, "_sleep", lambda seconds: None)
    with serving() as server:
        made = Site(server, False, tmp_path / "ours")
        yield made
        made.close()


# -- what there is ----------------------------------------------------------------------------------------------------


def test_paths_are_the_tree_of_titles(site: Site) -> None:
    home = site.wiki.add("Home", "<p>home</p>")
    page = site.wiki.add("CI/CD", "<p>x</p>", parent=home.id)
    site.wiki.add("News", "<p>n</p>", type="blogpost")
    site.wiki.add("run.sh", type="attachment", parent=page.id, file=b"echo hello\n")
    site.wiki.add("shot.png", type="attachment", parent=page.id, file=b"png")
    site.wiki.add("terraform.tfstate", "<p>Where state is.</p>")
    assert set(by_path(site.listing())) == {
        "OPS/Home.md", "OPS/Home/CI-CD.md", "OPS/Blog/2026-03-01 News.md", "OPS/Home/CI-CD/run.sh", "OPS/terraform.tfstate.md",
    }  # fmt: skip
    assert site.texts()["OPS/Home/CI-CD/run.sh"] == "echo hello\n"


def test_pages_that_would_share_a_path_carry_their_ids(site: Site) -> None:
    one, two = site.wiki.add("a/b", "<p>1</p>"), site.wiki.add("A-B", "<p>2</p>")
    assert set(by_path(site.listing())) == {f"OPS/a-b ({one.id}).md", f"OPS/A-B ({two.id}).md"}


def test_what_is_told_of_a_page(site: Site) -> None:
    page = site.wiki.add("Page", "<h2>Steps</h2><p>x</p>", labels=["runbook", "dns"])
    source = site.source()
    item = source.listing(Previous()).items[0]
    assert (item.version, item.updated_at) == ("1", "2026-03-01T12:00:00Z")
    assert item.owner == ("Ada Byron" if site.wiki.cloud else "Grace Hopper")
    base = f"{site.server.address}{site.wiki.context}"
    assert source.link(item, "1").url == f"{base}/pages/viewpage.action?pageId={page.id}&pageVersion=1"
    read = next(read for _, read in source.fetch([item]))
    assert isinstance(read, Rendered)
    assert read.text.startswith("Labels: dns, runbook\n\n## Steps")
    assert [place.anchor for place in read.places][-1] == ("#Steps" if site.wiki.cloud else "#Page-Steps")


def test_trash_archive_and_drafts_are_not_there(site: Site) -> None:
    for status in ("trashed", "archived", "draft", "current"):
        site.wiki.add(status, "<p>x</p>", status=status)
    assert set(by_path(site.listing())) == {"OPS/current.md"}


def test_personal_and_archived_spaces_are_read_only_when_named(site: Site) -> None:
    site.wiki.add_space("ADA", "Ada", type="personal")
    site.wiki.add_space("OLD", "Old", status="archived")
    for space in ("OPS", "ADA", "OLD"):
        site.wiki.add("Page", f"<p>{space}</p>", space=space)
    assert set(by_path(site.listing())) == {"OPS/Page.md"}
    assert set(by_path(site.listing(spaces=("ada", "OPS")))) == {"OPS/Page.md", "ADA/Page.md"}


def test_a_space_that_is_not_shown_is_told(site: Site) -> None:
    site.wiki.add("Page", "<p>x</p>")
    found = site.listing(spaces=("OPS", "NET"))
    assert not found.complete
    assert "net" in found.message


def test_only_what_carries_a_label_or_a_query_finds(site: Site) -> None:
    page = site.wiki.add("Yes", "<p>x</p>", labels=["runbook"])
    site.wiki.add("No", "<p>x</p>", labels=["minutes"])
    site.wiki.add("yes.txt", type="attachment", parent=page.id, file=b"x")
    assert set(by_path(site.listing(labels=("runbook",)))) == {"OPS/Yes.md", "OPS/Yes/yes.txt"}
    assert set(by_path(site.listing(cql='label = "runbook"'))) == {"OPS/Yes.md", "OPS/Yes/yes.txt"}
    assert set(by_path(site.listing(attachments=False))) == {"OPS/Yes.md", "OPS/No.md"}


def test_a_move_and_a_new_label_are_told_and_an_unchanged_page_is_not(site: Site) -> None:
    home = site.wiki.add("Home", "<p>home</p>")
    page = site.wiki.add("Page", "<p>x</p>")
    before = site.listing()
    assert by_path(site.listing(before))["OPS/Page.md"] == by_path(before)["OPS/Page.md"]
    page.labels = ["new"]
    assert by_path(site.listing(before))["OPS/Page.md"].signature != by_path(before)["OPS/Page.md"].signature
    page.parent = home.id
    assert site.listing(before).moved == {"OPS/Home/Page.md": "OPS/Page.md"}


def test_the_version_that_was_listed_is_the_one_that_is_read(site: Site) -> None:
    page = site.wiki.add("Page", "<p>first</p>")
    source = site.source()
    items = source.listing(Previous()).items
    site.wiki.edit(page, "<p>second</p>")
    assert [_text(read).strip() for _, read in source.fetch(items)] == ["first"]


# -- who may read -----------------------------------------------------------------------------------------------------


def test_restrictions_of_a_page_and_all_above_it_count(site: Site) -> None:
    top = site.wiki.add("Top", "<p>x</p>", groups=["security", "audit"])
    middle = site.wiki.add("Middle", "<p>x</p>", parent=top.id)
    site.wiki.add("Below", "<p>x</p>", parent=middle.id, users=["u-1"], groups=["leads"])
    site.wiki.add("file.txt", type="attachment", parent=middle.id, file=b"x")
    access = {path: item.access.clauses for path, item in by_path(site.listing()).items()}
    above = ("audit", "security")
    assert access["OPS/Top/Middle.md"] == (above,)
    assert access["OPS/Top/Middle/file.txt"] == (above,)
    assert access["OPS/Top/Middle/Below.md"] == (above, ("leads", "user:u-1"))


def test_a_page_without_restrictions_is_for_everyone(site: Site) -> None:
    site.wiki.add("Page", "<p>x</p>")
    assert site.listing().items[0].access.clauses == ()


def test_long_lists_of_restrictions_are_read_to_their_end(site: Site) -> None:
    site.wiki.add("Page", "<p>x</p>", users=[f"u-{n}" for n in range(7)], groups=["a", "b", "c"])
    expected = ("a", "b", "c", *(f"user:u-{n}" for n in range(7)))
    assert site.listing().items[0].access.clauses == (expected,)


def test_restrictions_that_cant_be_read_are_for_nobody(site: Site) -> None:
    top = site.wiki.add("Top", "<p>x</p>", unreadable=True)
    site.wiki.add("Below", "<p>x</p>", parent=top.id)
    assert {item.access.clauses for item in site.listing().items} == {NOBODY}


def test_a_change_of_restrictions_changes_who_may_read_alone(site: Site) -> None:
    page = site.wiki.add("Page", "<p>x</p>")
    before = site.listing().items[0]
    page.groups = ["security"]
    after = site.listing().items[0]
    assert after.access.clauses == (("security",),)
    assert after.signature == before.signature


def test_what_search_does_not_know_yet_is_asked_for(cloud: Site) -> None:
    cloud.wiki.add("Page", "<p>x</p>", groups=["security"], unindexed=True, labels=["new"])
    found = by_path(cloud.listing(labels=("new",)))
    assert found["OPS/Page.md"].access.clauses == (("security",),)


def test_a_restricted_folder_counts_and_one_that_is_hidden_is_for_nobody(cloud: Site) -> None:
    folder = cloud.wiki.add("Folder", type="folder", groups=["security"])
    cloud.wiki.add("Page", "<p>x</p>", parent=folder.id)
    cloud.wiki.add("Lost", "<p>x</p>", parent="999999")
    access = {path: item.access.clauses for path, item in by_path(cloud.listing()).items()}
    assert access == {"OPS/Folder/Page.md": (("security",),), "OPS/Lost.md": NOBODY}


def test_who_may_see_a_space_counts(cloud: Site) -> None:
    cloud.wiki.add("Page", "<p>x</p>")
    cloud.wiki.readers["OPS"] = [{"type": "group", "id": "g-hr"}, {"type": "user", "id": "u-2"}]
    assert cloud.listing(token="t").items[0].access.clauses == (("confluence-hr", "user:u-2"),)
    assert cloud.listing(space_permissions=False).items[0].access.clauses == ()
    cloud.wiki.readers["OPS"] = []
    assert cloud.listing(token="t").items[0].access.clauses == NOBODY


def test_a_person_is_told_that_pages_are_found_by_few(cloud: Site) -> None:
    cloud.wiki.add("Page", "<p>x</p>")
    cloud.wiki.readers["OPS"] = [{"type": "group", "id": "g-hr"}]
    told = cloud.listing(token="t", everyone=())
    assert (told.complete, told.items[0].access.clauses) == (True, (("confluence-hr",),))
    assert "found by those alone who may see their spaces: confluence-hr. Name under `everyone`" in told.message
    assert cloud.listing(token="t", everyone=("confluence-hr",)).message == ""
    assert cloud.listing(token="t", everyone=(), space_permissions=True).message == ""
    cloud.wiki.readers["OPS"] = []
    assert "found by those alone who may see their spaces: nobody" in cloud.listing(token="t").message


def test_what_anybody_may_see_without_an_account_is_for_everyone(cloud: Site) -> None:
    cloud.wiki.add("Page", "<p>x</p>")
    cloud.wiki.readers["OPS"] = [{"type": "group", "id": "g-hr"}]
    told = cloud.listing(everyone=())
    assert (told.items[0].access.clauses, told.message) == ((), "")


def test_a_person_is_told_that_data_center_keeps_to_itself_who_may_see_a_space(center: Site) -> None:
    center.wiki.add("Page", "<p>x</p>")
    assert "name an `audience`" in center.listing(token="t").message
    assert center.listing(token="t", space_permissions=False).message == ""


def test_a_query_that_the_wiki_does_not_understand_is_told(site: Site) -> None:
    site.wiki.add("Page", "<p>x</p>")
    site.wiki.refused_cql = "typ = page"
    with pytest.raises(SettingsError, match="does not understand `cql: typ = page`"):
        site.listing(cql="typ = page")


def test_data_center_tells_nothing_of_spaces(center: Site) -> None:
    with pytest.raises(SettingsError, match="audience"):
        center.listing(space_permissions=True)


# -- what one page shows of another -----------------------------------------------------------------------------------


def _include(title: str) -> str:
    return (
        '<ac:structured-macro ac:name="include"><ac:parameter ac:name=""><ac:link>'
        f'<ri:page ri:content-title="{title}" /></ac:link></ac:parameter></ac:structured-macro>'
    )


def test_an_included_page_is_shown_and_read_anew_when_it_changes(site: Site) -> None:
    site.wiki.add("A", f"<p>a</p>{_include('B')}")
    included = site.wiki.add("B", "<p>Text of B.</p>")
    assert "Text of B." in site.texts()["OPS/A.md"]
    before = by_path(site.listing())["OPS/A.md"].signature
    assert by_path(site.listing())["OPS/A.md"].signature == before
    site.wiki.edit(included, "<p>Now C.</p>")
    assert by_path(site.listing())["OPS/A.md"].signature != before
    assert "Now C." in site.texts()["OPS/A.md"]


def test_a_page_is_not_shown_to_those_who_may_not_read_it(site: Site) -> None:
    page = site.wiki.add("A", f"<p>a</p>{_include('B')}")
    included = site.wiki.add("B", "<p>Text of B.</p>", groups=["security"])
    assert "Text of B." not in site.texts()["OPS/A.md"]
    assert "Included page: [B]" in site.texts()["OPS/A.md"]
    page.groups = ["security"]
    assert "Text of B." in site.texts()["OPS/A.md"]
    before = by_path(site.listing())["OPS/A.md"].signature
    page.groups = []
    assert by_path(site.listing())["OPS/A.md"].signature != before, "it would stay open with the text of B"
    page.groups = ["security"]
    included.groups = ["few"]
    assert by_path(site.listing())["OPS/A.md"].signature != before


def test_without_its_file_every_page_is_read_anew(site: Site) -> None:
    site.wiki.add("A", "<p>a</p>")
    before = site.listing().items[0].signature
    (site.folder / "includes.json").unlink()
    assert site.listing().items[0].signature != before


def test_people_are_called_by_their_names(site: Site) -> None:
    key = "account-id" if site.wiki.cloud else "userkey"
    site.wiki.add(
        "A",
        f'<p>Ask <ac:link><ri:user ri:{key}="u-1" /></ac:link> or <ac:link><ri:user ri:{key}="u-7" /></ac:link></p>',
    )
    assert site.texts()["OPS/A.md"].strip() == "Ask @Ada Byron or @user"


def test_a_diagram_is_read_from_its_attachment(site: Site) -> None:
    macro = '<ac:structured-macro ac:name="drawio"><ac:parameter ac:name="diagramName">net</ac:parameter></ac:structured-macro>'
    page = site.wiki.add("A", macro)
    cell = '<mxCell id="a" value="Hub gateway" vertex="1" parent="1"/>'
    file = f'<mxfile><diagram name="N"><mxGraphModel><root>{cell}</root></mxGraphModel></diagram></mxfile>'.encode()
    site.wiki.add("net", type="attachment", parent=page.id, file=file)
    assert "- Hub gateway" in site.texts()["OPS/A.md"]


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_pages_that_are_still_there_are_not_taken_for_gone(site: Site) -> None:
    for number in range(3):
        site.wiki.add(f"Page {number}", "<p>x</p>")
    before = site.listing()
    answer = site.wiki.answer

    def short(ask: Ask) -> Reply:
        """A wiki that says of its list that it ends, though it lacks a page."""
        hidden = [t for t in site.wiki.things.values() if t.title == "Page 1"]
        listing = ask.path.endswith(("/pages", "/rest/api/content"))
        for thing in hidden:
            thing.status = "hidden" if listing else "current"
        return answer(ask)

    site.server.app = short
    found = site.listing(before)
    assert not found.complete
    assert "1 things" in found.message
    site.server.app = answer
    next(t for t in site.wiki.things.values() if t.title == "Page 1").status = "trashed"
    assert site.listing(before).complete


def test_what_the_settings_leave_out_is_gone(site: Site) -> None:
    site.wiki.add_space("NET", "Network")
    page = site.wiki.add("Page", "<p>x</p>")
    site.wiki.add("a.txt", type="attachment", parent=page.id, file=b"x")
    site.wiki.add("Other", "<p>x</p>", space="NET")
    before = site.listing()
    assert site.listing(before, spaces=("OPS",), attachments=False).complete


def test_a_list_that_goes_round_is_no_list(cloud: Site) -> None:
    for number in range(25):
        cloud.wiki.add(f"Page {number}", "<p>x</p>")
    answer = cloud.wiki.answer
    cloud.server.app = lambda ask: answer(replace(ask, query={k: v for k, v in ask.query.items() if k != "cursor"}))
    with pytest.raises(SourceError, match="without an end"):
        cloud.listing()


def test_a_list_that_lacks_what_it_counts_is_no_list(center: Site) -> None:
    center.wiki.add("Page", "<p>x</p>")
    answer = center.wiki.answer

    def lost(ask: Ask) -> Reply:
        reply = answer(ask)
        return replace(reply, body=emptied(reply.body)) if ask.path.endswith("/rest/api/content") else reply

    center.server.app = lost
    with pytest.raises(SourceError, match="counts"):
        center.listing()


def test_credentials_that_are_not_taken_are_told_and_never_shown(site: Site) -> None:
    site.wiki.add("Page", "<p>x</p>")
    site.wiki.token = "right"
    with pytest.raises(SourceError, match="credentials") as told:
        site.listing(token="wr0ng-t0ken")
    assert "wr0ng" not in str(told.value)
    assert site.listing(token="right").complete
    assert not any("right" in f"{ask.path}{ask.query}" for ask in site.server.asked)


def test_credentials_that_are_taken_for_nobodys_are_told(site: Site) -> None:
    """Cloud answers a wrong token as it answers the public, with less and no error."""
    site.wiki.add("Page", "<p>x</p>")
    answer = site.wiki.answer
    site.server.app = lambda ask: data({"type": "anonymous"}) if ask.path.endswith("/user/current") else answer(ask)
    with pytest.raises(SourceError, match="nobody's"):
        site.listing(token="wrong")


def test_it_waits_when_told_to(site: Site) -> None:
    site.wiki.add("Page", "<p>x</p>")
    site.wiki.busy = 2
    assert site.listing().complete


def test_a_page_that_goes_meanwhile_stops_nothing(site: Site) -> None:
    gone, stays = site.wiki.add("A", "<p>a</p>"), site.wiki.add("B", "<p>b</p>")
    source = site.source()
    items = source.listing(Previous()).items
    del site.wiki.things[gone.id]
    read = {item.handle: read for item, read in source.fetch(items)}
    assert isinstance(read[gone.id], DocumentError)
    assert _text(read[stays.id]).strip() == "b"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "/",
        "/confluence",
        "/confluence/display/OPS/Home",
        "/confluence/spaces/OPS",
        "/confluence/index.action",
        "/confluence/pages/viewpage.action?pageId=1",
    ],
)
def test_the_wiki_is_found_below_the_address_that_was_typed(center: Site, typed: str) -> None:
    center.wiki.context = "/confluence"
    center.wiki.add("Page", "<p>x</p>")
    found = center.listing(url=center.server.address + typed, api="auto")
    assert [item.path for item in found.items] == ["OPS/Page.md"]


def test_an_address_without_a_wiki_is_told(center: Site) -> None:
    center.wiki.context = "/elsewhere"
    with pytest.raises(SourceError, match="no Confluence at"):
        center.listing(api="auto")


def test_an_unchanged_wiki_costs_few_requests(site: Site) -> None:
    for number in range(100):
        site.wiki.add(f"Page {number}", "<p>x</p>")
    site.listing(token="t")
    site.server.asked.clear()
    site.listing(token="t")
    lists = 100 // 10  # of as many as this server gives at once
    # Cloud: the account, spaces, pages, blog posts, the same again for details, attachments, a space's readers, one group's name
    assert len(site.server.asked) == (2 * lists + 7 if site.wiki.cloud else lists + 4)


def test_what_stands_above_is_asked_for_once_and_by_its_kind(cloud: Site) -> None:
    outer = cloud.wiki.add("Outer", type="folder")
    inner = cloud.wiki.add("Inner", type="folder", parent=outer.id)
    for number in range(5):
        cloud.wiki.add(f"Page {number}", "<p>x</p>", parent=inner.id)
    assert "OPS/Outer/Inner/Page 3.md" in by_path(cloud.listing())
    asked = [ask.path for ask in cloud.server.asked if outer.id in ask.path or inner.id in ask.path]
    assert sum("/api/v2/" in path for path in asked) == 2
    assert sum("/restriction/" in path for path in asked) == 2
