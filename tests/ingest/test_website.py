"""Websites: what is asked for again, what is a page and what only looks like one; a site in trouble takes nothing away."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import ingest.sources.web as web
from api.owner import Owner
from ingest.rendering import sitemap, webpage
from ingest.sources.web import WebApi
from ingest.sources.website import WebsiteOptions
from ingest.sources.website.robots import parse
from ingest.sources.website.site import Site
from ingest.sources.website.sitemaps import Sitemaps
from ingest.sources.website.verdict import few
from rag.errors import DocumentError, RefusedError, SourceError
from tests.contract.test_web_sources import Synced
from tests.places import opened
from tests.places.server import LOGIN, Ask, Reply, page
from tests.places.website import WebsitePlace

pytestmark = pytest.mark.timeout(300)
NAMES = [f"Page {n}" for n in range(30)]


@pytest.fixture
def synced(owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Synced]:
    monkeypatch.setattr(web, "_sleep", lambda seconds: None)
    (tmp_path / "ours").mkdir()
    with opened("website") as place:
        for name in NAMES:
            place.put(name, f"The text of {name}.")
        yield Synced(owner, place, tmp_path / "ours")


def site(synced: Synced) -> WebsitePlace:
    assert isinstance(synced.place, WebsitePlace)
    return synced.place


def asked(synced: Synced) -> list[str]:
    """The pages that were asked for since the last call."""
    found = [ask.path.removeprefix("/docs/") for ask in synced.place.server.asked if ask.path.startswith("/docs/")]
    synced.place.server.asked.clear()
    return [name for name in found if not name.startswith("no-such-page-")]


def refused(synced: Synced) -> dict[str, str]:
    return {p: row.reason for p, row in synced.owner.catalog.items("place").items() if row.outcome == "skipped"}


# -- what is asked for -------------------------------------------------------------------------------------------------


def test_only_pages_without_a_time_in_the_sitemap_are_asked_about_again(synced: Synced) -> None:
    synced.sync()
    assert sorted(asked(synced)) == sorted(NAMES)
    report = synced.sync()
    assert report.counts["unchanged"] == 30
    assert set(asked(synced)) == {name for name in NAMES if len(name) % 2 == 0}


def test_a_new_date_without_new_words_is_no_new_version(synced: Synced) -> None:
    synced.sync()
    for name in NAMES:
        site(synced).put(name, f"The text of {name}.")
    assert synced.sync().counts["unchanged"] == 30
    assert len(asked(synced)) >= 30


def test_what_changes_around_the_content_is_no_new_version(synced: Synced) -> None:
    site(synced).with_times = False
    synced.sync()
    for file in (
        synced._folder / "pages.json",
    ):  # without its hints every page is sent whole, with a new date in its footer
        file.unlink()
    assert synced.sync().counts["unchanged"] == 30


def test_a_time_that_is_not_over_is_not_trusted(synced: Synced) -> None:
    site(synced).changed = dict.fromkeys(NAMES, site(synced)._clock.replace(year=2100))
    synced.sync()
    site(synced).pages["Page 3"] = "Changed within its time."
    site(synced).pages["Page 10"] = "Changed within its time."
    assert synced.sync().counts["indexed"] == 2


def test_what_is_remembered_holds_no_text(synced: Synced) -> None:
    synced.sync()
    assert "The text" not in (synced._folder / "pages.json").read_text()
    assert len(json.loads((synced._folder / "pages.json").read_text())["pages"]) == 30


# -- what is a page ----------------------------------------------------------------------------------------------------

LONG = "<p>" + "Words that are here to be read. " * 30 + "</p>"
NO_PAGES = {
    "noindex": page(f'<meta name="robots" content="noindex, follow"><main><h1>X</h1>{LONG}</main>'),
    "noindex by header": Reply(200, LONG.encode(), {"Content-Type": "text/html", "X-Robots-Tag": "noindex"}),
    "copy": page('<link rel="canonical" href="/docs/Page%201"><main><h1>X</h1>text</main>'),
    "log-in form": page(LOGIN.decode()),
    "redirect to log-in": Reply(302, b"", {"Location": "/docs/login?next=x"}),
    "redirect home": Reply(302, b"", {"Location": "/docs/"}),
    "redirect to another": Reply(302, b"", {"Location": "/docs/Page%201"}),
    "refresh": page('<meta http-equiv="refresh" content="0; url=/docs/Page%201"><a href="/docs/Page%201">here</a>'),
    "redirect elsewhere": Reply(302, b"", {"Location": "http://elsewhere.invalid/"}),
    "not found in words": page("<title>404 Not Found</title><main>Sorry.</main>"),
    "picture": Reply(200, b"\x89PNG", {"Content-Type": "image/png"}),
    "gone": Reply(410),
    "forbidden": Reply(403),
    "no text": page("<div id=app></div><script>start()</script>"),
}


@pytest.mark.parametrize("what", NO_PAGES)
def test_a_page_that_is_none_any_more_goes_and_says_why(synced: Synced, what: str) -> None:
    site(synced).with_times = False
    site(synced).served = {"": page("<h1>Home</h1>Welcome"), "login": page(LOGIN.decode())}
    site(synced).pages.pop("Page 29")
    site(synced).put("Page 100", "The hundredth page")
    synced.sync()
    site(synced).served["Page 10"] = NO_PAGES[what]
    assert synced.sync().outcome == "done"
    assert "Page 10" not in synced.documents()
    assert len(synced.documents()) == 29
    assert synced.sync().outcome == "done"
    assert list(refused(synced)) == ["Page 10"]
    assert len(refused(synced)["Page 10"]) > 10
    del site(synced).served["Page 10"]
    synced.sync()
    assert "Page 10" in synced.documents()


def test_an_error_page_with_status_200_is_found_out(synced: Synced) -> None:
    place = site(synced)
    place.with_times = False
    synced.sync()
    place.server.app = lambda ask: (
        page("<main><h1>Oops</h1>We looked everywhere.</main>") if (found := place.answer(ask)).status == 404 else found
    )
    place.served["Page 10"] = page("<main><h1>Oops</h1>We looked everywhere.</main>")
    assert synced.sync().outcome == "done"
    assert "Page 10" not in synced.documents()
    synced.sync()
    assert "there is not" in refused(synced)["Page 10"]


def test_a_canonical_address_that_all_pages_share_by_mistake_is_none(synced: Synced) -> None:
    synced.place.put("", "Welcome")
    for n in range(5):
        site(synced).served[f"Page {n}"] = page(f'<link rel=canonical href="/docs/"><main><h1>Own {n}</h1>t</main>')
    synced.sync()
    assert len(synced.documents()) == 31


def test_robots_txt_is_obeyed(synced: Synced) -> None:
    site(
        synced
    ).robots = (
        "User-agent: other\nDisallow: /\n\nUser-agent: waypost\nDisallow: /docs/Page%201\nAllow: /docs/Page%2012\n"
    )
    synced.sync()
    assert {name for name in NAMES if name not in synced.documents()} == set(refused(synced))
    assert set(refused(synced)) == {"Page 1", *(f"Page 1{n}" for n in range(10) if n != 2)}
    assert "Page 12" in asked(synced)
    assert "Page 11" not in asked(synced)


def test_other_pages_than_those_below_the_start_are_not_its(synced: Synced) -> None:
    entries = site(synced)._entry
    others = ("http://elsewhere.invalid/docs/x", "/blog/x", "/docsx", "javascript:alert(1)", "/docs/../etc", "")
    extra = "".join(f"<url><loc>{url}</loc></url>" for url in others)
    site(synced)._entry = lambda name: entries(name) + extra  # type: ignore[method-assign]
    assert synced.sync().outcome == "done"
    assert set(synced.documents()) == set(NAMES)


# -- a site in trouble -------------------------------------------------------------------------------------------------


def trouble(reply: Reply, synced: Synced) -> None:
    site(synced).with_times = False
    site(synced).served = {"": page("<h1>Home</h1>"), "login": page(LOGIN.decode()), **dict.fromkeys(NAMES[:20], reply)}


@pytest.mark.parametrize("what", ["maintenance", "log-in form", "redirect to log-in", "redirect home"])
def test_a_site_that_is_not_itself_takes_nothing_away_however_often(synced: Synced, what: str) -> None:
    synced.sync()
    before = {path: found.text for path, found in synced.documents().items()}
    maintenance = page("<main><h1>Back soon</h1><p>We are moving to a new server.</p></main>")
    trouble({"maintenance": maintenance, **NO_PAGES}[what], synced)
    for _ in range(3):
        report = synced.sync()
        assert report.outcome == "partial"
        assert "20 pages" in report.message
        assert {path: found.text for path, found in synced.documents().items()} == before
    site(synced).served = {}
    assert synced.sync().counts["unchanged"] == 30


@pytest.mark.parametrize("reply", [Reply(404), Reply(403), NO_PAGES["noindex"]], ids=["404", "403", "noindex"])
def test_many_pages_that_go_at_once_are_believed_the_second_time(synced: Synced, reply: Reply) -> None:
    synced.sync()
    trouble(reply, synced)
    report = synced.sync()
    assert report.outcome == "partial"
    assert len(synced.documents()) == (10 if reply.status == 403 else 30)  # what is refused is for nobody meanwhile
    assert "the next sync" in report.message
    assert synced.sync().outcome == "done"
    assert len(synced.documents()) == 10


def test_pages_that_were_refused_for_a_while_are_found_again_unread(synced: Synced) -> None:
    synced.sync()
    trouble(Reply(403), synced)
    synced.sync()
    site(synced).served = {}
    report = synced.sync()
    assert (report.counts["unchanged"], len(synced.documents())) == (30, 30)


def test_a_page_that_is_closed_without_news_in_the_sitemap_is_found_out_after_a_day(synced: Synced) -> None:
    synced.sync()
    site(synced).served["Page 12"] = Reply(403)  # it has a time in the sitemap
    synced.sync()
    assert "Page 12" in synced.documents()
    file = synced._folder / "pages.json"
    told = json.loads(file.read_text())
    for values in told["pages"].values():
        values[4] -= 90_000  # when it was looked at
    file.write_text(json.dumps(told))
    assert synced.sync().outcome == "done"
    assert "Page 12" not in synced.documents()


def test_many_pages_that_come_back_in_time_are_as_they_were(synced: Synced) -> None:
    synced.sync()
    trouble(Reply(404), synced)
    synced.sync()
    site(synced).served = {}
    synced.sync()
    trouble(Reply(404), synced)
    assert synced.sync().outcome == "partial"
    assert len(synced.documents()) == 30


def test_robots_txt_that_forbids_all_of_a_sudden_is_for_a_person(synced: Synced) -> None:
    synced.sync()
    site(synced).robots = "User-agent: *\nDisallow: /docs/Page%201\nDisallow: /docs/Page%202\n"
    assert synced.sync().outcome == "partial"
    assert synced.sync().outcome == "held"
    site(synced).robots = "User-agent: *\nDisallow: /\n"
    for _ in range(3):
        report = synced.sync()
    assert report.outcome == "partial"
    assert "robots.txt" in report.message
    assert len(synced.documents()) == 30


def test_a_page_that_fails_stays_as_it_was_and_costs_no_other(synced: Synced) -> None:
    site(synced).with_times = False
    synced.sync()
    site(synced).served["Page 4"] = Reply(500)
    synced.place.put("Page 5", "Llama")
    synced.place.remove("Page 6")
    assert synced.sync().outcome == "done"
    assert "The text" in synced.documents()["Page 4"].text
    assert "Llama" in synced.documents()["Page 5"].text
    assert "Page 6" not in synced.documents()


def test_a_page_that_is_closed_beside_pages_that_fail_is_found_by_nobody(synced: Synced) -> None:
    site(synced).with_times = False
    synced.sync()
    site(synced).served = {"Page 4": Reply(500), "Page 7": Reply(403)}
    synced.sync()
    assert "Page 4" in synced.documents()
    assert "Page 7" not in synced.documents()
    assert list(refused(synced)) == ["Page 7"]


def test_a_new_page_that_fails_is_tried_again(synced: Synced) -> None:
    site(synced).served["Page 4"] = Reply(500)
    assert synced.sync().counts["quarantined"] == 1
    assert len(synced.documents()) == 29


def test_a_new_site_that_is_down_for_maintenance_is_read_when_it_is_back(synced: Synced) -> None:
    site(synced).served = dict.fromkeys(NAMES[:20], page("<main><h1>Back soon</h1></main>"))
    synced.sync()
    site(synced).served = {}
    synced.sync()
    assert all("The text of" in found.text for found in synced.documents().values())
    assert len(synced.documents()) == 30


def test_a_part_of_the_sitemap_that_fails_makes_it_incomplete(synced: Synced) -> None:
    synced.sync()
    answer = site(synced).answer

    def without_part(ask: Ask) -> Reply:
        if ask.path == "/sitemap.xml":
            parts = "".join(f"<sitemap><loc>/{name}.xml</loc></sitemap>" for name in ("pages", "lost"))
            return Reply(200, f"<sitemapindex>{parts}</sitemapindex>".encode())
        return answer(ask)

    synced.place.server.app = without_part  # type: ignore[assignment]
    synced.place.remove("Page 3")
    assert synced.sync().outcome == "partial"
    assert "Page 3" in synced.documents()


def test_more_pages_than_may_be_are_told(synced: Synced) -> None:
    report = synced.sync(options=WebsiteOptions(max_pages=10, per_second=100))
    assert report.outcome == "partial"
    assert "`max_pages`" in report.message
    assert len(synced.documents()) == 10


def test_without_a_sitemap_it_says_what_to_do(synced: Synced) -> None:
    synced.place.server.app = lambda ask: Reply(404)
    report = synced.sync()
    assert report.outcome == "failed"
    assert "`crawl: true`" in report.message


# -- moves and links ---------------------------------------------------------------------------------------------------


def test_a_page_that_moved_without_a_redirect_is_known_by_what_it_says(synced: Synced) -> None:
    synced.sync()
    before = synced.documents()["Page 3"]
    site(synced).served["Page 3"] = site(synced).served["Elsewhere"] = page("<main><h1>Same</h1>words</main>")
    synced.sync()
    synced.place.put("Page 3", "touched")
    synced.sync()
    synced.place.move("Page 3", "Elsewhere")
    del site(synced).served["Page 3"]
    site(synced).moved.clear()
    synced.sync()
    assert synced.documents()["Elsewhere"].id == before.id


def test_a_page_is_cited_with_its_address_time_and_section(synced: Synced) -> None:
    site(synced).served["Page 3"] = page(
        '<base href="/docs/sub/"><meta property="article:modified_time" content="2026-02-03T04:05:06+02:00">'
        '<main><h1>Top</h1><p>First <a href="../x">link</a>.</p><h2 id="drain">Drain</h2><p>Call it.</p></main>'
    )
    synced.sync()
    found = synced.documents()["Page 3"]
    assert found.updated_at == "2026-02-03T02:05:06Z"
    assert found.link(7, 7).endswith("/docs/Page%203#drain")
    assert f"[link]({site(synced).url}x)" in found.text


# -- following links ---------------------------------------------------------------------------------------------------

CRAWL = WebsiteOptions(crawl=True, per_second=100)


@pytest.fixture
def linked(synced: Synced) -> Synced:
    """A site whose home page links to some of its pages, and those to the next."""
    place = site(synced)
    links = "".join(f'<li><a href="Page%20{n}">n</a>' for n in range(3))
    place.served = {
        "": page(f'<h1>Home</h1>{links}<a href="/blog">no</a><a href="Page%200?sort=up">no</a><a href="x.png">no</a>')
    }
    for n in range(10):
        place.served[f"Page {n}"] = page(f'<h1>P{n}</h1>Text {n} <a href="Page%20{n + 1}#x">next</a>')
    place.served["Page 10"] = page("<h1>End</h1>No more.")
    return synced


def test_links_are_followed_below_the_start(linked: Synced) -> None:
    assert linked.sync(options=CRAWL).outcome == "done"
    assert set(linked.documents()) == {"index", *(f"Page {n}" for n in range(11))}
    assert linked.sync(options=CRAWL).counts["unchanged"] == 12


def test_a_page_that_no_link_leads_to_stays_until_the_server_says_otherwise(linked: Synced) -> None:
    linked.sync(options=CRAWL)
    site(linked).served["Page 4"] = page("<h1>P4</h1>Its links are lost.")
    assert linked.sync(options=CRAWL).outcome == "done"
    assert len(linked.documents()) == 12
    site(linked).served["Page 9"] = Reply(404)
    assert linked.sync(options=CRAWL).outcome == "done"
    assert "Page 9" not in linked.documents()
    assert len(linked.documents()) == 11


def test_a_crawl_that_fails_somewhere_takes_nothing_away(linked: Synced) -> None:
    linked.sync(options=CRAWL)
    site(linked).served["Page 4"] = Reply(500)
    site(linked).served["Page 9"] = Reply(404)
    assert linked.sync(options=CRAWL).outcome == "partial"
    assert len(linked.documents()) == 12


def test_a_crawl_has_an_end(linked: Synced) -> None:
    report = linked.sync(options=WebsiteOptions(crawl=True, max_pages=5, per_second=100))
    assert report.outcome == "partial"
    assert len(linked.documents()) == 5


# -- parts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "path", "admitted"),
    [
        ("User-agent: *\nDisallow: /a", "/ab", False),
        ("User-agent: *\nDisallow: /a$", "/ab", True),
        ("User-agent: *\nDisallow: /a$", "/a", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?z", True),
        ("User-agent: *\nDisallow: /a/*/b/*/c", "/a/1/b/2/c", False),
        ("User-agent: *\nDisallow: /a/*/b/*/c", "/a/1/b/c", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /\nUser-agent: Waypost\nDisallow: /b", "/a", True),
        ("User-agent: a\nUser-agent: waypost\nDisallow: /", "/a", False),
        ("User-agent: *\nCrawl-delay: 3\nDisallow: /", "/a", False),
        ("Disallow: /", "/a", True),
        ("User-agent: *\nDisallow: /ä b", "/%C3%A4%20b", False),
        ("User-agent: *\nDisallow: /%61", "/a", False),
        ("User-agent: *  # all\nDisallow: /a  # why", "/a", False),
        ("<html>\nUser-agent: *\rDisallow: /a", "/a", False),
    ],
)
def test_robots(rules: str, path: str, admitted: bool) -> None:
    assert parse(rules.encode(), "Waypost").admits(path) is admitted


def test_robots_names_sitemaps() -> None:
    assert parse(b"Sitemap: https://a.example/s.xml\nsitemap:/b.xml\n", "x").sitemaps == (
        "https://a.example/s.xml",
        "/b.xml",
    )


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://a.example/docs/", "index"),
        ("https://a.example/docs/index.html", "index"),
        ("https://a.example/docs/x/", "x"),
        ("https://A.example:443/docs/x/index.html#there", "x"),
        ("/docs/a%20b/%C3%BC%2Fx%3Fy", "a b/ü%2Fx%3Fy"),
        ("/docs/x?id=3", "x?id=3"),
        ("/docs/%00%0a%80", "%00%0A%80"),
        ("/docs/%E2%80%AEx", "%E2%80%AEx"),
        ("/docs/y/../x", "x"),
        ("/docs/../etc", ""),
        ("/docs/%2e%2e/etc", ""),
        ("/other", ""),
        ("/docsx", ""),
        ("https://b.example/docs/x", ""),
        ("http://a.example/docs/x", ""),
        ("https://a.example:8443/docs/x", ""),
        ("https://u:p@a.example/docs/x", ""),
        ("mailto:a@a.example", ""),
    ],
)
def test_what_pages_are_called(url: str, path: str) -> None:
    pages = Site("https://a.example/docs/")
    found = pages.page(url)
    assert (pages.path_of(found) if found else "") == path
    if found and "%80" not in found:
        assert pages.path_of(pages.page(pages.address_of(path))) == path


SITEMAP = (
    b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    b"<url><loc> /a </loc><lastmod>2026-01-01</lastmod></url></urlset>"
)


def test_sitemaps_of_all_kinds() -> None:
    expected = ("urlset", (("/a", "2026-01-01"),))
    assert sitemap.read(SITEMAP) == expected
    assert sitemap.read(gzip.compress(SITEMAP)) == expected
    assert sitemap.read(b"https://a.example/x\nhttps://a.example/y\n")[1] == (
        ("https://a.example/x", ""),
        ("https://a.example/y", ""),
    )


@pytest.mark.parametrize(
    "data",
    [
        b"<html><body>log in</body></html>",
        SITEMAP[:-20],
        gzip.compress(SITEMAP)[:-5],
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + SITEMAP,
        gzip.compress(b"<urlset>" + b" " * 60_000_000),
        b"",
        b"{}",
    ],
)
def test_what_is_no_sitemap(data: bytes) -> None:
    with pytest.raises((DocumentError, RefusedError)):
        sitemap.read(data)


def test_sitemaps_that_name_each_other_end() -> None:
    with opened("website") as place:
        place.server.app = lambda ask: Reply(
            200, f"<sitemapindex><sitemap><loc>{ask.path}x</loc></sitemap></sitemapindex>".encode()
        )
        api = WebApi("s", place.url, per_second=100)
        found = Sitemaps("s", api, Site(place.url)).pages(["/s"], ())
        assert found.problems
        assert len(place.server.asked) < 10
        place.server.app = lambda ask: Reply(404)
        with pytest.raises(SourceError):
            Sitemaps("s", api, Site(place.url)).pages(["/s"], ())
        api.close()


def test_a_page_without_main_is_read_without_its_menus() -> None:
    html = """<header><a href=/>Site</a></header><div class="sidebar">Menu</div><div class="breadcrumbs">a > b</div>
    <div class="markdown-body"><h1>Title</h1><p>Text.</p><ul class="toc"><li>Text</ul></div><footer>Imprint</footer>"""
    shown, said = webpage.read(html.encode(), "https://a.example/", "", False)
    assert shown
    assert shown.text == "# Title\n\nText.\n"
    assert said["digest"]


def test_what_a_page_keeps_in_templates_is_read() -> None:
    html = '<body><script id="t" type="text/x-handlebars-template"><h1>Kafka</h1><p>Brokers.</p></script></body>'
    shown, _ = webpage.read(html.encode(), "https://a.example/", "", False)
    assert shown
    assert "Brokers." in shown.text


def test_how_many_are_few() -> None:
    assert [few(n) for n in (0, 1, 2, 5, 10, 30, 100, 1000)] == [0, 0, 1, 2, 3, 3, 5, 50]
