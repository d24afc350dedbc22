"""A DokuWiki as a source: what is listed, missing, restricted, moved or broken; what users are told; how its pages are read."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ingest.sources.web as web
from ingest.rendering import Rendered, xmlrpc
from ingest.rendering.dokuwiki import page
from ingest.sources import Credentials, Listing, Previous, Source
from ingest.sources.dokuwiki import DokuWikiOptions, DokuWikiSource, _root_of
from rag.errors import DocumentError, RefusedError, SettingsError, SourceError
from tests.places.dokuwiki import DokuWikiPlace, Kept, OldDokuWikiPlace
from tests.places.server import Reply, serving

NOBODY = ((),)
PAGE = """
<h1 class="sectionedit1" id="failover">Failover</h1>
<div class="level1"><p>
See <a href="/doku.php?id=ops:other" class="wikilink2" title="ops:other" data-wiki-id="ops:other">the other</a>
<a href="https://en.wikipedia.org/wiki/Wiki" class="interwiki iw_wp">Wiki</a><sup><a
href="#fn__1" id="fnt__1" class="fn_top">1)</a></sup>
<img src="/lib/images/smileys/fixme.svg" class="icon smiley" alt="FIXME" /> and x<sup>2</sup>.
</p></div>
<!-- EDIT{&quot;target&quot;:&quot;section&quot;,&quot;range&quot;:&quot;1-194&quot;} -->
<div class='secedit editbutton_section'>Edit</div>
<h2 class="sectionedit2" id="steps">Steps</h2>
<div class="level2">
<ol><li class="level1 node"><div class="li"> first</div>
<ol><li class="level2"><div class="li"> nested</div></li></ol></li>
<li class="level1"><div class="li"> second</div></li></ol>
<dl class="code">
<dt><a href="/doku.php?do=export_code&amp;id=x&amp;codeblock=0" class="mediafile mf_sh">restart.sh</a></dt>
<dd><pre class="code apache">systemctl restart postgresql
<span class="kw3">echo</span> <span class="st0">&quot;done&quot;</span></pre>
</dd></dl>
<dl><dt>a term</dt><dd>its meaning</dd></dl>
<pre class="code">indented code</pre>
<div class="table sectionedit4"><table class="inline">
<thead><tr class="row0"><th class="col0"> Host </th><th class="col1"> Role </th></tr></thead>
<tr class="row1"><td class="col0"> db1 </td><td class="col1"> primary </td></tr>
</table></div>
<div class="wrap_important wrap_box plugin_wrap"><p>Do not run twice.</p></div>
<div class="plugin_note noteclassic">A plain note.</div>
</div>
<div class="footnotes"><div class="fn"><sup><a href="#fnt__1" id="fn__1" class="fn_bot">1)</a></sup>
<div class="content">a footnote with <code>code</code></div></div></div>
"""
MARKDOWN = """# Failover

See [the other](http://wiki.example.org/doku.php?id=ops:other) [Wiki](https://en.wikipedia.org/wiki/Wiki) [1] FIXME and x^2.

## Steps

1. first
   1. nested
2. second

**restart.sh**

```apache
systemctl restart postgresql
echo "done"
```

- a term
  its meaning

```
indented code
```

| Host | Role |
| --- | --- |
| db1 | primary |

> **Important**
> Do not run twice.

> A plain note.

[1] a footnote with `code`
"""


@pytest.fixture(params=[DokuWikiPlace, OldDokuWikiPlace], ids=["json", "xml"])
def wiki(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[DokuWikiPlace]:
    monkeypatch.setattr(web, "_sleep", lambda seconds: None)
    with serving() as server:
        place = request.param(server)
        for name in ("start", "ops:db:failover", "ops:dns", "team:people"):
            place.put(name, f"The text of {name}.")
        yield place


Made = Callable[..., DokuWikiSource]


@pytest.fixture
def source(wiki: DokuWikiPlace, tmp_path: Path) -> Iterator[Made]:
    opened: list[Source] = []

    def make(namespaces: tuple[str, ...] = (), media: bool = False, **settings: object) -> DokuWikiSource:
        options = DokuWikiOptions(namespaces=namespaces, media=media)
        opened.append(wiki.source(wiki.spec(options=options, **settings), tmp_path))
        return opened[-1]  # type: ignore[return-value]

    yield make
    for one in opened:
        one.close()


def known(listing: Listing) -> Previous:
    return Previous("", {item.path: item.signature for item in listing.items})


def paths(listing: Listing) -> set[str]:
    return {item.path for item in listing.items}


# -- what is listed ---------------------------------------------------------------------------------------------------


def test_pages_are_called_by_their_namespaces(source: Made) -> None:
    listing = source().listing(Previous())
    assert listing.complete, listing.message
    assert paths(listing) == {"start", "ops/db/failover", "ops/dns", "team/people"}
    item = next(item for item in listing.items if item.path == "ops/db/failover")
    assert (item.handle, item.updated_at[:10]) == ("ops:db:failover", "2026-02-02")


def test_only_the_namespaces_that_are_wanted(source: Made) -> None:
    assert paths(source(("ops", ":team:")).listing(Previous())) == {"ops/db/failover", "ops/dns", "team/people"}
    assert paths(source(("ops:db", "ops")).listing(Previous())) == {"ops/db/failover", "ops/dns"}


def test_a_namespace_that_lists_nothing_lets_nothing_go(wiki: DokuWikiPlace, source: Made) -> None:
    before = known(source(("ops", "team")).listing(Previous()))
    wiki.unlisted |= {"team:people"}
    listing = source(("ops", "team")).listing(before)
    assert not listing.complete
    assert "namespace 'team' lists no page" in listing.message


def test_files_of_the_media_manager_stand_apart(wiki: DokuWikiPlace, source: Made) -> None:
    wiki.files["ops:notes.txt"] = (b"Notes.\n", 1_770_000_000)
    made = source(media=True)
    listing = made.listing(Previous())
    item = next(item for item in listing.items if item.path == "_media/ops/notes.txt")
    assert [data for _, data in made.fetch([item])] == [b"Notes.\n"]
    assert made.link(item, item.version).url == f"{wiki.url}/lib/exe/fetch.php?media=ops%3Anotes.txt&rev=1770000000"
    wiki.files.clear()
    again = made.listing(known(listing))
    assert not again.complete
    assert "no file" in again.message
    assert "_media/ops/notes.txt" not in paths(source().listing(Previous()))


@pytest.mark.parametrize("name", ["Foo Bar", "a\x1b[2Jb", "a::b", "..:..:etc", "a/b", ":a", "a:", "_a"])
def test_a_name_that_no_page_has_is_refused_and_shown_without_steering(
    wiki: DokuWikiPlace, source: Made, name: str
) -> None:
    if wiki.old and "\x1b" in name:
        pytest.skip("XML can't say it")
    wiki.pages[name] = Kept("text", 1)
    listing = source().listing(Previous())
    refused = [item for item in listing.items if item.refusal]
    assert len(refused) == 1
    assert refused[0].path.isprintable()
    assert len(listing.items) == 5


# -- what is missing --------------------------------------------------------------------------------------------------


def test_a_page_that_is_there_and_not_listed_is_not_let_go(wiki: DokuWikiPlace, source: Made) -> None:
    before = known(source().listing(Previous()))
    wiki.unlisted.add("ops:dns")
    listing = source().listing(before)
    assert not listing.complete
    assert "has ops:dns, and did not list it" in listing.message


def test_a_page_that_is_gone_is_asked_for_and_let_go(wiki: DokuWikiPlace, source: Made) -> None:
    before = known(source().listing(Previous()))
    wiki.remove("ops:dns")
    listing = source().listing(before)
    assert listing.complete
    assert paths(listing) == set(before.signatures) - {"ops/dns"}


def test_a_page_that_was_restricted_is_let_go(wiki: DokuWikiPlace, source: Made) -> None:
    before = known(source().listing(Previous()))
    wiki.restrict("ops:dns")
    listing = source().listing(before)
    assert listing.complete
    assert "ops/dns" not in paths(listing)


def test_a_refusal_alone_is_no_restriction(wiki: DokuWikiPlace, source: Made) -> None:
    """A firewall says 403, too; only the wiki's own word for the account's level does."""
    before = known(source().listing(Previous()))
    wiki.unlisted.add("ops:dns")
    wiki.broken["ops:dns"] = Reply(403, b"no")
    with pytest.raises(SourceError):
        source().listing(before)


def test_many_that_were_restricted_at_once_are_for_nobody(wiki: DokuWikiPlace, source: Made) -> None:
    for number in range(30):
        wiki.put(f"hr:page{number}", f"Text {number}.")
    before = known(source().listing(Previous()))
    wiki.restricted |= {f"hr:page{number}" for number in range(30)}
    wiki.remove("ops:dns")
    listing = source().listing(before)
    kept = [item for item in listing.items if item.path.startswith("hr/")]
    assert listing.complete
    assert len(kept) == 30
    assert {item.access.clauses for item in kept} == {NOBODY}
    assert all(item.signature == before.signatures[item.path] for item in kept)  # it is not read anew
    assert paths(listing) >= {"start", "team/people"}
    assert "ops/dns" not in paths(listing)


def test_when_everything_is_restricted_everything_is_for_nobody(wiki: DokuWikiPlace, source: Made) -> None:
    before = known(source().listing(Previous()))
    wiki.restricted |= set(wiki.pages)
    listing = source().listing(before)
    assert not listing.complete
    assert {(item.path, item.access.clauses) for item in listing.items} == {
        (path, NOBODY) for path in before.signatures
    }


def test_what_globs_and_namespaces_leave_out_is_not_asked_for(wiki: DokuWikiPlace, source: Made) -> None:
    before = known(source().listing(Previous()))
    assert paths(source(("ops",), exclude=("ops/dns",)).listing(before)) == {"ops/db/failover"}
    methods = [ask.body for ask in wiki.server.asked if b"getPageInfo" in ask.body]
    assert not methods


# -- moves ------------------------------------------------------------------------------------------------------------


def test_a_page_with_the_same_text_elsewhere_has_moved(wiki: DokuWikiPlace, source: Made) -> None:
    before = known(source().listing(Previous()))
    wiki.move("ops:dns", "net:dns")
    assert source().listing(before).moved == {"net/dns": "ops/dns"}


def test_a_copy_is_no_move_nor_is_one_of_several(wiki: DokuWikiPlace, source: Made) -> None:
    for name in ("a", "b"):
        wiki.write(name, "====== Template ======\n")
    before = known(source().listing(Previous()))
    wiki.write("copy", wiki.pages["start"].text)
    wiki.move("a", "c")
    wiki.move("b", "d")
    listing = source().listing(before)
    assert listing.moved == {}
    assert listing.complete


# -- reading ----------------------------------------------------------------------------------------------------------


def read(made: DokuWikiSource) -> dict[str, bytes | Rendered | Exception]:
    return {item.path: data for item, data in made.fetch(made.listing(Previous()).items)}


def test_what_is_read_is_the_revision_that_was_listed(wiki: DokuWikiPlace, source: Made) -> None:
    made = source()
    items = made.listing(Previous()).items
    wiki.put("start", "Changed since: llama.")
    found = {item.path: data for item, data in made.fetch(items)}["start"]
    assert isinstance(found, Rendered)
    assert "The text of start." in found.text


def test_a_page_without_a_past_is_read_as_it_is_if_it_is_still_the_one(wiki: DokuWikiPlace, source: Made) -> None:
    wiki.write("disk", "====== Disk ======\n\nPut there: alpaca.", past=False)
    made = source()
    items = [item for item in made.listing(Previous()).items if item.path == "disk"]
    (found,) = [data for _, data in made.fetch(items)]
    assert isinstance(found, Rendered)
    assert "alpaca" in found.text
    wiki.write("disk", "====== Disk ======\n\nPut there: llama.", past=False)
    (found,) = [data for _, data in made.fetch(items)]
    assert isinstance(found, DocumentError)
    assert "changed while it was read" in str(found)


@pytest.mark.parametrize(
    "reply", [Reply(500, b"Fatal error"), Reply(200, b"<br />Notice: plugin"), Reply(200, b""), Reply(400, b"no")]
)
def test_a_page_at_which_the_wiki_fails_stops_no_other(wiki: DokuWikiPlace, source: Made, reply: Reply) -> None:
    made = source()
    items = made.listing(Previous()).items
    wiki.broken["ops:dns"] = reply
    found = {item.path: data for item, data in made.fetch(items)}
    assert isinstance(found.pop("ops/dns"), DocumentError)
    assert all(isinstance(data, Rendered) for data in found.values())


@pytest.mark.parametrize("status", [502, 503, 429])
def test_a_wiki_that_is_busy_is_no_broken_page(wiki: DokuWikiPlace, source: Made, status: int) -> None:
    made = source()
    items = made.listing(Previous()).items
    wiki.broken["ops:dns"] = Reply(status, b"")
    with pytest.raises(SourceError):
        list(made.fetch(items))


def test_a_page_that_was_restricted_since_is_not_read(wiki: DokuWikiPlace, source: Made) -> None:
    made = source()
    items = made.listing(Previous()).items
    wiki.restrict("ops:dns")
    found = {item.path: data for item, data in made.fetch(items)}
    assert isinstance(found["ops/dns"], DocumentError)
    assert isinstance(found["start"], Rendered)


def test_when_the_account_is_locked_out_meanwhile_no_page_is_taken_for_restricted(
    wiki: DokuWikiPlace, source: Made
) -> None:
    made = source()
    items = made.listing(Previous()).items
    wiki.allowed = False
    with pytest.raises(SourceError, match="remoteuser"):
        list(made.fetch(items))


def test_links_are_pinned_and_may_lead_to_another_address(wiki: DokuWikiPlace, source: Made) -> None:
    item = next(item for item in source().listing(Previous()).items if item.path == "ops/dns")
    assert source().link(item, item.version).url == f"{wiki.url}/doku.php?id=ops%3Adns&rev={item.version}"
    outside = source(web_url="https://wiki.example.org/kb/").link(item, "1")
    assert outside.url == "https://wiki.example.org/kb/doku.php?id=ops%3Adns&rev=1"


# -- what users are told ----------------------------------------------------------------------------------------------


def test_a_remote_api_that_is_off_is_told_by_its_setting(wiki: DokuWikiPlace, source: Made) -> None:
    wiki.remote = False
    with pytest.raises(SettingsError, match=r"remote API is off.*`remote`.*`remoteuser`"):
        source().listing(Previous())


def test_an_account_that_is_not_accepted_is_told_so(wiki: DokuWikiPlace, source: Made) -> None:
    wiki.account = "Basic " + base64.b64encode(b"bob:the-password").decode()
    assert source(credentials=Credentials("the-password", "bob")).listing(Previous()).complete
    with pytest.raises(SourceError, match=r"credentials.*`remoteuser`") as raised:
        source(credentials=Credentials("an0ther-password", "robert")).listing(Previous())
    assert "an0ther" not in str(raised.value)
    assert "robert" not in str(raised.value)
    wiki.allowed = False
    with pytest.raises(SourceError, match="`remoteuser` must name it"):
        source(credentials=Credentials("the-password", "bob")).listing(Previous())


def test_a_url_of_no_wiki_is_told(wiki: DokuWikiPlace, tmp_path: Path) -> None:
    made = DokuWikiSource(
        wiki.spec().__class__("w", "dokuwiki", f"{wiki.url}/blog", options=DokuWikiOptions()), tmp_path
    )
    with pytest.raises(SourceError, match=r"folder in which doku\.php is"):
        made.listing(Previous())
    made.close()


@pytest.mark.parametrize(
    "location",
    ["https://w.example.org/kb", "https://w.example.org/kb/", "https://w.example.org/kb/doku.php?id=start#x",
     "https://w.example.org/kb/doku.php/ops/dns", "https://w.example.org/kb/lib/exe/xmlrpc.php"],
)  # fmt: skip
def test_the_url_of_a_page_leads_to_the_wiki(location: str) -> None:
    assert _root_of(location) == "https://w.example.org/kb/"


# -- pages ------------------------------------------------------------------------------------------------------------


def test_what_is_dokuwikis_own_is_read() -> None:
    found = page(PAGE, "http://wiki.example.org/doku.php?id=ops:db")
    assert found.text == MARKDOWN
    anchors = {place.anchor for place in found.places}
    assert anchors == {"#failover", "#steps"}


@pytest.mark.parametrize("text", ["", "  \n", "<div class='level1'></div>", "<!-- EDIT -->"])
def test_a_page_without_text_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="no text"):
        page(text, "http://w.example.org/")


# -- XML-RPC ----------------------------------------------------------------------------------------------------------


def answered(value: str) -> bytes:
    params = f"<params><param><value>{value}</value></param></params>"
    return f'<?xml version="1.0"?><methodResponse>{params}</methodResponse>'.encode()


def test_values_are_read() -> None:
    struct = "<struct><member><name>a</name><value><int>1</int></value></member></struct>"
    array = f"<array><data><value>{struct}</value><value>x</value><value><string>y &lt;b&gt;</string></value></data></array>"
    assert xmlrpc.answer(answered(array)) == {"result": [{"a": 1}, "x", "y <b>"]}
    assert xmlrpc.answer(answered("<base64>aGk=</base64>")) == {"result": b"hi"}
    assert xmlrpc.answer(answered("<boolean>1</boolean>")) == {"result": True}
    assert xmlrpc.answer(answered("<double>1.5</double>")) == {"result": 1.5}
    assert xmlrpc.answer(answered("<string>a\x0bb</string>")) == {"result": "ab"}
    assert xmlrpc.answer(answered("<string>\xe9</string>").decode().encode("latin-1")) == {
        "result": "\N{REPLACEMENT CHARACTER}"
    }


@pytest.mark.parametrize(
    "body",
    [
        b"", b"no", b"<html></html>", b"<methodResponse></methodResponse>", b"<methodResponse><params>",
        answered("<int>x</int>"), answered("<int>" + "9" * 5000 + "x</int>"), answered("<base64>a</base64>"),
        answered("<struct><member><name>a</name></member></struct>"),
        answered("<array><data><value>" * 50 + "</value></data></array>" * 50),
        answered("<array><data><value>" * 5000 + "</value></data></array>" * 5000),
        b'<!DOCTYPE a [<!ENTITY b "c">]><methodResponse><params><param><value>&b;</value></param></params></methodResponse>',
        b'<!DOCTYPE a SYSTEM "http://elsewhere.invalid/a.dtd"><methodResponse><params><param><value>x</value></param></params>'
        b"</methodResponse>",
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><methodResponse><params><param><value>&b;</value></param></params>'
        b"</methodResponse>",
        b"<methodResponse><fault><value>x</value></fault></methodResponse>",
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(DocumentError):
        xmlrpc.answer(body)


def test_a_call_says_what_it_was_given() -> None:
    import xmlrpc.client as stdlib

    given = ("a <b> & 'c' \"d\" é\x00", 3, True, {"depth": 0, "hash": 1})
    read_back, method = stdlib.loads(xmlrpc.call("wiki.x", *given))
    assert (read_back, method) == (("a <b> & 'c' \"d\" é", 3, True, {"depth": 0, "hash": 1}), "wiki.x")
