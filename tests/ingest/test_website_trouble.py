"""Websites in trouble: pages that can't be parsed, nearly one text for many pages, and sites that are closed whole."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ingest.sources.web as web
from api.owner import Owner
from ingest.rendering.likeness import likeness, sketch
from ingest.sources.website import visits
from rag.errors import DocumentError
from tests.contract.test_web_sources import Synced
from tests.places import opened
from tests.places.server import Reply, page
from tests.places.website import WebsitePlace

pytestmark = pytest.mark.timeout(300)
NAMES = [f"Page {n}" for n in range(12)]
WORDS = "disk fan node quota kernel ingress lease volume probe drain shard token cache route proxy".split()
DEEP = page("<main><h1>Deep</h1>" + "<blockquote>" * 3000 + "text" + "</blockquote>" * 3000 + "</main>")
UNCLEAR = '<meta name="audience" content=""><main><h1>Page</h1>Salaries</main>'


@pytest.fixture
def synced(owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Synced]:
    """A site whose pages say different things, known since a sync."""
    monkeypatch.setattr(web, "_sleep", lambda seconds: None)
    (tmp_path / "ours").mkdir()
    with opened("website") as place:
        for n, name in enumerate(NAMES):
            place.put(name, f"When the {WORDS[n]} of {WORDS[n + 1]} is full, look at the {WORDS[n + 2]} first.")
        found = Synced(owner, place, tmp_path / "ours")
        site(found).with_times = False
        yield found


def site(synced: Synced) -> WebsitePlace:
    assert isinstance(synced.place, WebsitePlace)
    return synced.place


def texts(synced: Synced) -> dict[str, str]:
    return {path: found.text for path, found in synced.documents().items()}


def reasons(synced: Synced, outcome: str) -> dict[str, str]:
    return {p: row.reason for p, row in synced.owner.catalog.items("place").items() if row.outcome == outcome}


def try_again(synced: Synced, *names: str) -> None:
    with synced.owner.catalog.write() as writer:
        for name in names or NAMES:
            writer.doubt_item("place", name)


def sign_in(n: int) -> Reply:
    """What many pages answer when the session is over: never twice the same."""
    letters = "".join(chr(97 + int(digit, 16)) for digit in uuid.uuid4().hex[:12])
    return page(
        f"<title>Sign in</title><main><h1>Sign in to Acme</h1><p>Your session expired {n} minutes ago, at 12:{n:02}.</p>"
        f"<p>To see /docs/Page {n}, continue with single sign-on.</p><p>Request {uuid.uuid4()}, {letters}.</p></main>"
    )


def expire(synced: Synced) -> None:
    site(synced).served = {name: sign_in(n) for n, name in enumerate(NAMES)}


# -- pages that can't be parsed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reply"),
    [("Page 3", DEEP), ("guide.pdf", Reply(200, b"%PDF-1.4 cut", {"Content-Type": "application/pdf"}))],
    ids=["deep", "pdf"],
)
def test_a_page_that_cant_be_parsed_is_quarantined_and_its_text_stays(synced: Synced, name: str, reply: Reply) -> None:
    synced.place.put(name, "What stays")
    synced.sync()
    before = texts(synced)
    site(synced).served[name] = reply
    for _ in range(3):
        report = synced.sync()
        assert (report.outcome, report.counts["quarantined"], report.counts["gone"]) == ("done", 1, 0), report
        assert texts(synced) == before
        assert len(reasons(synced, "quarantined")[name]) > 10
    try_again(synced, name)
    synced.sync()
    assert texts(synced) == before
    site(synced).served[name] = page("<main><h1>Page 3</h1>Mended</main>")
    assert synced.sync().counts["indexed"] == 1
    assert "Mended" in texts(synced)[name]
    assert not reasons(synced, "quarantined")


def test_a_page_that_can_be_parsed_again_is_as_it_was(synced: Synced) -> None:
    synced.sync()
    site(synced).served["Page 3"] = DEEP
    synced.sync()
    del site(synced).served["Page 3"]
    synced.sync()
    assert not reasons(synced, "quarantined")
    assert len(synced.documents()) == 12


def test_an_error_of_ours_on_every_page_takes_nothing_away(synced: Synced, monkeypatch: pytest.MonkeyPatch) -> None:
    synced.sync()
    before = texts(synced)
    for name in NAMES:
        synced.place.put(name, f"{site(synced).pages[name]} Edited.")

    class Broken:
        def run(self, *_: object) -> object:
            raise DocumentError("AttributeError while parsing it")

    with monkeypatch.context() as patch:
        patch.setattr(visits, "shared", Broken)
        for _ in range(3):
            report = synced.sync()
            assert (report.outcome, report.counts["quarantined"], report.counts["gone"]) == ("done", 12, 0), report
            assert texts(synced) == before
            assert set(reasons(synced, "quarantined").values()) == {"AttributeError while parsing it"}
    synced.sync()
    assert all("Edited" in text for text in texts(synced).values())


def test_a_page_that_cant_be_parsed_and_goes_is_gone(synced: Synced) -> None:
    synced.sync()
    site(synced).served["Page 3"] = DEEP
    synced.sync()
    synced.place.remove("Page 3")
    assert synced.sync().outcome == "done"
    assert "Page 3" not in synced.documents()


def test_a_new_page_that_cant_be_parsed_is_tried_again(synced: Synced) -> None:
    site(synced).served["Page 3"] = DEEP
    for _ in range(2):
        assert synced.sync().counts["quarantined"] == 1
    del site(synced).served["Page 3"]
    synced.sync()
    assert len(synced.documents()) == 12


@pytest.mark.parametrize(
    "reply",
    [page(UNCLEAR), Reply(200, b"---\naudience: []\n---\nSalaries", {"Content-Type": "text/plain"})],
    ids=["html", "text"],
)
def test_a_page_whose_audience_becomes_unclear_is_for_nobody(synced: Synced, reply: Reply) -> None:
    synced.sync()
    site(synced).served["Page 3"] = DEEP
    synced.sync()
    site(synced).served["Page 3"] = reply
    for _ in range(2):
        report = synced.sync()
        assert (report.outcome, report.counts["quarantined"]) == ("done", 1), report
        assert set(synced.documents()) == {*NAMES} - {"Page 3"}
        assert "audience" in reasons(synced, "quarantined")["Page 3"]
    site(synced).served["Page 3"] = DEEP
    synced.sync()
    assert "Page 3" not in synced.documents()
    del site(synced).served["Page 3"]
    synced.sync()
    assert len(synced.documents()) == 12


# -- one text, and something else in each ---------------------------------------------------------------------------------


def test_a_sign_in_page_that_is_another_each_time_takes_nothing_away(synced: Synced) -> None:
    site(synced).served["Page 3"] = Reply(403)
    synced.sync()
    before = texts(synced)
    assert len(before) == 11
    for _ in range(3):
        expire(synced)
        report = synced.sync()
        assert report.outcome == "partial"
        assert "11 pages" in report.message
        assert texts(synced) == before
    site(synced).served = {}
    synced.sync()
    assert len(synced.documents()) == 12


def test_what_is_read_anew_for_another_reason_is_not_believed_either(synced: Synced) -> None:
    synced.sync()
    before = texts(synced)
    try_again(synced)
    expire(synced)
    synced.sync()
    assert texts(synced) == before


def test_a_sign_in_page_in_place_of_pages_that_are_not_looked_at_takes_nothing_away(synced: Synced) -> None:
    site(synced).with_times = True
    site(synced)._entry = lambda name: (  # type: ignore[method-assign]
        f"<url><loc>{site(synced).url}{name.replace(' ', '%20')}</loc><lastmod>2026-01-01T00:00:00Z</lastmod></url>"
    )
    synced.sync()
    before = texts(synced)
    try_again(synced)
    expire(synced)
    assert synced.sync().outcome == "failed"
    assert texts(synced) == before


def test_a_new_site_that_asks_to_sign_in_is_read_when_it_does_not(synced: Synced) -> None:
    site(synced).served = {
        name: page(f"<title>Sign in</title><main><h1>Sign in</h1>Session {n} expired at 12:{n:02}.</main>")
        for n, name in enumerate(NAMES)
    }
    for _ in range(2):
        synced.sync()
        assert not synced.documents()
    site(synced).served = {}
    synced.sync()
    assert len(synced.documents()) == 12


def test_pages_that_are_alike_by_nature_are_read_and_read_again(synced: Synced) -> None:
    for n, name in enumerate(NAMES):
        synced.place.put(name, f"Bug fixes of release 1.{n}. No other changes are known.")
    assert synced.sync().counts["indexed"] == 12
    for n, name in enumerate(NAMES):
        synced.place.put(name, f"Bug fixes of release 1.{n}. Some other changes are known, of {n + 2} May.")
    report = synced.sync()
    assert (report.outcome, report.counts["indexed"]) == ("done", 12), report
    assert all("Some other" in text for text in texts(synced).values())


TEXT = st.text(st.sampled_from("abcdefgh \nüß日本語_-"), max_size=300)


@given(TEXT, TEXT, st.uuids(), st.datetimes())
def test_numbers_dates_and_ids_make_no_other_sketch(text: str, rest: str, name: uuid.UUID, when: object) -> None:
    marked = "".join(part if part.isdigit() or not part.isalpha() else "1a" for part in str(name))
    assert sketch(f"{text} {marked} {when} 17 {rest}", "https://a.example/") == sketch(
        f"{text} {rest}", "https://a.example/"
    )


@given(TEXT, TEXT)
def test_likeness_is_a_share(one: str, other: str) -> None:
    first, second = sketch(one, ""), sketch(other, "")
    assert 0 <= likeness(first, second) == likeness(second, first) <= 1
    assert likeness(first, first) == bool(first)


def test_likeness_is_near_the_share_of_words_in_common() -> None:
    words = [chr(97 + n // 26) + chr(97 + n % 26) for n in range(600)]
    for common in (100, 300, 400):
        one, other = words[:400], words[400 - common : 800 - common]
        share = len(set(one) & set(other)) / len({*one, *other})
        assert likeness(sketch(" ".join(one), ""), sketch(" ".join(other), "")) == pytest.approx(share, abs=0.25)


# -- what is closed --------------------------------------------------------------------------------------------------------


def test_pages_that_are_closed_are_listed_with_their_reason_at_once(synced: Synced) -> None:
    synced.sync()
    site(synced).served["Page 3"] = Reply(403)
    site(synced).served["Page 4"] = page('<meta name="robots" content="noindex"><main><h1>X</h1>Text</main>')
    report = synced.sync()
    assert (report.outcome, report.counts["skipped"]) == ("done", 2)
    assert set(reasons(synced, "skipped")) == {"Page 3", "Page 4"}
    assert "noindex" in reasons(synced, "skipped")["Page 4"]
    assert len(synced.documents()) == 10


def test_robots_txt_that_closes_a_whole_site_is_told_with_what_to_do(synced: Synced) -> None:
    site(synced).robots = "User-agent: *\nDisallow: /\n"
    report = synced.sync()
    assert report.outcome == "partial"
    assert "robots.txt closes all its 12 pages to 'Waypost': ask" in report.message
    assert len(reasons(synced, "skipped")) == 12
