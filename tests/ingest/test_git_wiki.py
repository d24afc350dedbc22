"""Wikis of git hosts: pages are called and linked as the wiki shows them; sidebars and footers are no pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.digestion import digest_document
from ingest.rendering.wiki_page import name_of, page
from ingest.sources import Previous, SourceSpec
from ingest.sources.git import GitSource
from ingest.sources.git_wiki import is_wiki, page_link
from ingest.sync import SyncReport
from rag.errors import DocumentError
from rag.records import Document, Viewer
from tests.conftest import commit, configure, git

RUNBOOK = """Read [[Home]] and [[the steps|Deploy-Steps#first]] first.

## When it `fails` & burns
Fail over with `pg_ctl promote`.

## Steps
```bash
if [[ -f /etc/lock ]]; then exit 1; fi
```

## Steps
Again: alpaca.
"""
PAGES = {
    "Home.md": "# Welcome to the wiki\n\nAll runbooks.\n",
    "Runbook-for-DB.md": RUNBOOK,
    "_Sidebar.md": "* [[Home]]\n",
    "_Footer.md": "Footer of the wiki.\n",
    "ops/_sidebar.md": "* [[Home]]\n",
    "ops/Deploy Steps.md": "First, do llama.\n",
    "Old-Notes.mediawiki": "== Vicuna ==\n'''Bold''' text about the [[Main Page|main page]].\n",
    "Plan.org": "* Guanaco\n** TODO buy\n",
    "Guide.rst": "Guide\n=====\n\nText of the guide.\n",
    "How-to.asciidoc": "= How to\n\nText of how to.\n",
    "Draft.textile": "h1. Draft\n\nText of the draft.\n",
    "script.sh": "echo hello\n",
}


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    """A bare repository as a host keeps it."""
    commit(tmp_path / "work", PAGES)
    git(tmp_path, "clone", "-q", "--bare", "work", "team.wiki.git")
    return tmp_path / "team.wiki.git"


def documents(owner: Owner) -> dict[str, Document]:
    return {found.path: found for found in owner.catalog.documents_for(Viewer())}


@pytest.fixture
def synced(owner: Owner, settings: Settings, sync: Callable[..., SyncReport], wiki: Path) -> dict[str, Document]:
    web = "https://github.com/team/app/wiki"
    configure(settings, {"name": "wiki", "type": "git", "path": str(wiki), "web_url": web})
    report = sync()
    assert report.sources[0].outcome == "done", report.sources[0].message
    return documents(owner)


def test_sidebars_and_footers_are_no_documents_and_say_why(owner: Owner, synced: dict[str, Document]) -> None:
    left = {"_Sidebar.md", "_Footer.md", "ops/_sidebar.md"}
    assert set(synced) == set(PAGES) - left
    items = owner.catalog.items("wiki")
    assert {path for path, item in items.items() if item.outcome == "skipped"} == left
    assert all("no page" in items[path].reason for path in left)


def test_pages_are_called_by_their_file_and_the_front_page_by_its_heading(synced: dict[str, Document]) -> None:
    titles = {path: document.title for path, document in synced.items()}
    assert titles["Runbook-for-DB.md"] == "Runbook for DB"
    assert titles["ops/Deploy Steps.md"] == "Deploy Steps"
    assert titles["Home.md"] == "Welcome to the wiki"


def test_the_text_is_the_pages_own(synced: dict[str, Document]) -> None:
    assert all(document.text == PAGES[path] for path, document in synced.items())


def test_a_section_is_cited_by_its_heading(synced: dict[str, Document], wiki: Path) -> None:
    found = synced["Runbook-for-DB.md"]
    url = f"https://github.com/team/app/wiki/Runbook-for-DB/{git(wiki, 'rev-parse', 'HEAD')}"
    assert found.link(1, 1) == url
    assert found.link(4, 4) == f"{url}#when-it-fails--burns"
    assert found.link(8, 8) == f"{url}#steps"
    assert found.link(12, 12) == f"{url}#steps-1"
    assert found.place(4, 4) == "When it fails & burns"


def test_every_markup_is_read(owner: Owner, synced: dict[str, Document]) -> None:
    for word, path in (("vicuna", "Old-Notes.mediawiki"), ("guanaco", "Plan.org"), ("draft", "Draft.textile")):
        assert any(
            word in passage.text.lower() for passage in owner.catalog.passages_of(synced[path].id, owner.generation)
        )
        assert synced[path].kind == "page"
        assert synced[path].title == path.rpartition(".")[0].replace("-", " ")


def test_what_is_no_wiki_is_read_as_ever(tmp_path: Path) -> None:
    commit(tmp_path / "repo", {"_Sidebar.md": "# Side\n", "a.md": "# A\n"})
    source = GitSource(SourceSpec("s", "git", str(tmp_path / "repo")), tmp_path / "ours")
    items = source.listing(Previous()).items
    assert not any(item.refusal for item in items)
    assert all(isinstance(data, bytes) for _, data in source.fetch(items))


def test_a_local_copy_of_a_wiki_is_one_by_where_it_came_from(tmp_path: Path) -> None:
    commit(tmp_path / "copy", {"_Sidebar.md": "# Side\n", "Page-One.md": "Text.\n"})
    git(tmp_path / "copy", "remote", "add", "origin", "git@github.com:team/app.wiki.git")
    source = GitSource(SourceSpec("s", "git", str(tmp_path / "copy")), tmp_path / "ours")
    items = {item.path: item for item in source.listing(Previous()).items}
    assert items["_Sidebar.md"].refusal
    assert source.link(items["Page-One.md"], "abc").url == "https://github.com/team/app/wiki/Page-One/abc"


def test_a_page_that_can_not_be_read_stops_no_other(tmp_path: Path) -> None:
    commit(tmp_path / "x.wiki", {"Bad.md": b"\0\1\2\3" * 100, "Good.md": "Text.\n"})
    source = GitSource(SourceSpec("s", "git", str(tmp_path / "x.wiki")), tmp_path / "ours")
    read = {item.path: data for item, data in source.fetch(source.listing(Previous()).items)}
    assert isinstance(read["Bad.md"], Exception)
    assert read["Good.md"].text == "Text.\n"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("location", "web_url", "expected"),
    [
        ("https://github.com/team/app.wiki.git", "", True),
        ("https://github.com/team/app.wiki", "", True),
        ("git@gitlab.com:team/app.wiki.git", "", True),
        ("/srv/mirrors/app.wiki.git", "https://git.example.org/team/app", True),
        ("/srv/mirrors/pages.git", "https://git.example.org/team/app/-/wikis", True),
        ("/srv/mirrors/pages.git", "https://git.example.org/team/app/wiki/", True),
        ("https://github.com/team/wiki.git", "", False),
        ("https://github.com/team/wiki", "", False),
        ("https://github.com/team/my.wikipedia.git", "", False),
    ],
)
def test_a_wiki_is_told_by_its_address(location: str, web_url: str, expected: bool) -> None:
    assert is_wiki(location, web_url) is expected


@pytest.mark.parametrize(
    ("web_url", "path", "expected"),
    [
        ("https://github.com/o/r.wiki", "Runbook-for-DB.md", "https://github.com/o/r/wiki/Runbook-for-DB/abc"),
        ("https://github.com/o/r/wiki/", "ops/Deploy Steps.mediawiki", "https://github.com/o/r/wiki/Deploy-Steps/abc"),
        ("https://github.com/o/r.wiki", "v1.2-notes.md", "https://github.com/o/r/wiki/v1.2-notes/abc"),
        ("https://github.com/o/r.wiki", "Was ist das?.md", "https://github.com/o/r/wiki/Was-ist-das%3F/abc"),
        ("https://github.com/o/r.wiki", "img/run.sh", "https://github.com/o/r/wiki/img/run.sh?commit=abc"),
        ("https://gitlab.com/g/s/p.wiki", "ops/deploy.md", "https://gitlab.com/g/s/p/-/wikis/ops/deploy?version_id=abc"),
        ("https://gitlab.com/g.wiki", "home.md", "https://gitlab.com/groups/g/-/wikis/home?version_id=abc"),
        ("https://git.example.org/g/p/-/wikis", "a b.md", "https://git.example.org/g/p/-/wikis/a%20b?version_id=abc"),
        ("https://gitea.example.org/o/r.wiki", "Home-Page.md", "https://gitea.example.org/o/r/wiki/Home-Page?commit=abc"),
        ("https://codeberg.org/o/r.wiki", "100%25 Free.md", "https://codeberg.org/o/r/wiki/100%25-Free?commit=abc"),
        ("https://codeberg.org/o/r.wiki", "2000-01-02 meeting.-.md",
         "https://codeberg.org/o/r/wiki/2000-01-02+meeting.-?commit=abc"),
        ("https://codeberg.org/o/r.wiki", "run.sh", "https://codeberg.org/o/r/wiki/raw/run.sh?commit=abc"),
        ("", "Home.md", "Home.md@abc"),
    ],
)  # fmt: skip
def test_a_page_is_linked_as_its_host_shows_it(web_url: str, path: str, expected: str) -> None:
    link = page_link(web_url, "abc", path)
    assert (link.url, link.line_anchor) == (expected, "")


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("Runbook-for-DB", "Runbook for DB"),
        ("a_b", "a_b"),
        ("2000-01-02 meeting.-", "2000 01 02 meeting"),
        ("-", "-"),
        ("", ""),
    ],
)
def test_a_name_in_words(stem: str, expected: str) -> None:
    assert name_of(stem) == expected


def test_front_matter_may_name_a_page() -> None:
    rendered = page("x/Some-File.md", b"---\ntitle: The name\n---\n# One\n")
    assert rendered.title == ""
    assert page("x/Some-File.md", b"---\nowner: me\n---\n# One\n").title == "Some File"


@pytest.mark.parametrize(
    "text", ["", "\n", "# \n", "#", "text", "# A\n# A\n# A", "```\n# no\n```\n", "> # no\n", "a\n=\n\nb\n-\n"]
)
def test_places_cover_every_line_once(text: str) -> None:
    found = page("a.md", text.encode()).places
    lines = max(len(text.rstrip("\n").split("\n")), 1)
    assert [n for place in found for n in range(place.start, place.end + 1)] == list(range(1, lines + 1))
    assert len({place.anchor for place in found}) == len(found)


@pytest.mark.parametrize(
    "head",
    [
        "---\naudience: sre\n---\n",
        "\n\n---\naudience: sre\n---\n",
        "<!-- by hand -->\n+++\naudience = 'sre'\n+++\n",
        "<!-- audience: sre -->\n",
        "Audience: sre\nTitle: The page\n\n",
    ],
)
def test_a_wikis_page_names_its_audience_as_any_other_does(head: str) -> None:
    rendered = page("Some-Page.md", f"{head}# Steps\nDo llama.\n".encode())
    found = digest_document("Some-Page.md", rendered, ())
    assert found.parsed.audience == ("sre",)
    line = next(n for n, text in enumerate(found.text.split("\n"), 1) if text == "Do llama.")
    place = next(place for place in found.places if place.start <= line <= place.end)
    assert (place.name, place.original(line)) == ("Steps", (head.count("\n") + 2,) * 2)


def test_a_wikis_page_whose_audience_is_unclear_is_not_read() -> None:
    with pytest.raises(DocumentError, match="audience"):
        page("a.md", b"\n---\naudiance: sre\n---\n# One\n")
