"""Readers of LlamaHub as sources: what they give, what their documents are called, and every way in which they can fail."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.rendering import Rendered
from ingest.sources import Credentials, Listed, Listing, Previous, SourceSpec
from ingest.sources.llamahub import LlamaHubOptions, LlamaHubSource
from rag.errors import SettingsError, SourceError
from tests.conftest import runs
from tests.places import readers

SECRET = "s3cret/pass+word"
PAGES = {f"Page {n}": f"The text of page {n}." for n in range(6)}


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    shutil.copy(readers.__file__, tmp_path / "wp_readers.py")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "pages.json").write_text(json.dumps({"pages": PAGES}))
    return tmp_path / "pages.json"


OPEN: list[LlamaHubSource] = []


def made(spec: SourceSpec, folder: Path) -> LlamaHubSource:
    OPEN.append(LlamaHubSource(spec, folder))
    return OPEN[-1]


def spec(**options: Any) -> SourceSpec:
    return SourceSpec(
        "hub", "llamahub", "", options=LlamaHubOptions(**options), credentials=Credentials(others=(SECRET,))
    )


def pages(file: Path, mode: str = "nothing", **options: Any) -> LlamaHubSource:
    file.write_text(json.dumps({"pages": PAGES, "mode": mode, "pids": str(file.parent / "pids")}))
    given = {"arguments": {"file": str(file), "token": SECRET}, **options}
    return made(spec(reader="wp_readers.PagesReader", **given), file.parent)


def given(*documents: dict[str, Any], folder: Path = Path("/"), **options: Any) -> LlamaHubSource:
    load = {"documents": list(documents)}
    return made(spec(reader="wp_readers:GivenReader", load=load, **options), folder)


def read(source: LlamaHubSource) -> dict[str, Any]:
    found = dict.fromkeys(source.listing(Previous()).items)
    return {item.path: data for item, data in source.fetch(list(found))}


def gone(pids: list[int]) -> bool:
    end = time.monotonic() + 5
    while any(map(runs, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(map(runs, pids))


# -- what is there ----------------------------------------------------------------------------------------------------


def test_what_it_gives_is_listed_and_fetched(file: Path) -> None:
    source = pages(file)
    listing = source.listing(Previous())
    assert listing.complete
    found = {item.path: data for item, data in source.fetch(listing.items)}
    assert {path: data.text for path, data in found.items() if isinstance(data, Rendered)} == PAGES
    assert found["Page 2"].title == "Page 2"  # type: ignore[union-attr]
    source.close()
    with pytest.raises(SourceError, match="was not listed"):
        list(source.fetch(listing.items))


def test_a_second_listing_says_the_same_although_its_ids_are_random(file: Path) -> None:
    assert pages(file).listing(Previous()) == pages(file).listing(Previous())


def test_what_it_prints_is_no_answer(file: Path) -> None:
    listing = pages(file, "print").listing(Previous())
    assert listing.complete
    assert {item.path for item in listing.items} == set(PAGES)


def test_only_what_the_globs_admit(file: Path) -> None:
    source = pages(file)
    source._spec = SourceSpec("hub", "llamahub", "", include=("Page 2",), options=source._options)
    assert [item.path for item in source.listing(Previous()).items] == ["Page 2"]
    source._spec = SourceSpec("hub", "llamahub", "", include=("nothing",), options=source._options)
    assert not source.listing(Previous()).complete


def test_an_object_among_the_arguments() -> None:
    arguments = {"client": {"class": "wp_readers.Client", "arguments": {"token": "t"}}}
    source = made(spec(reader="wp_readers.ClientReader", arguments=arguments), Path("/"))
    assert read(source)["client"].text == "Client t"


# -- what can fail ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("exit", "SystemExit"),
        ("vanish", "ended in the middle .exit code 0"),
        ("killed", "ended in the middle .Killed.: out of luck"),
        ("raise", "its reader failed: ConnectionError"),
    ],
)
def test_one_that_fails_is_a_source_error(file: Path, mode: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        pages(file, mode).listing(Previous())


@pytest.mark.parametrize(
    ("mode", "said"), [("empty", "no document"), ("skip", "Failed to load page 3"), ("log", "HTTP status 403")]
)
def test_one_that_may_have_left_something_out_is_not_complete(file: Path, mode: str, said: str) -> None:
    listing = pages(file, mode).listing(Previous())
    assert not listing.complete
    assert said in listing.message


def test_what_is_tolerated_makes_no_listing_incomplete(file: Path) -> None:
    assert pages(file, "skip", tolerate=("page 3",)).listing(Previous()).complete
    assert not pages(file, "skip", tolerate=("page 4",)).listing(Previous()).complete


def test_one_that_hangs_is_ended_with_all_that_it_started(file: Path) -> None:
    began = time.monotonic()
    with pytest.raises(SourceError, match="took more than 2 s and was ended; raise `seconds`"):
        pages(file, "hang", seconds=2).listing(Previous())
    assert time.monotonic() - began < 20
    assert gone([int(pid) for pid in (file.parent / "pids").read_text().split()])


def test_it_ends_with_waypost_however_that_ends(file: Path) -> None:
    pages(file, "hang")
    code = (
        "import sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "from pathlib import Path; from tests.ingest.test_llamahub import spec\n"
        "from ingest.sources import Previous\n"
        "from tests.ingest.test_llamahub import made\n"
        "told = spec(reader='wp_readers.PagesReader', arguments={'file': sys.argv[3]})\n"
        "made(told, Path('/')).listing(Previous())\n"
    )
    command = [sys.executable, "-c", code, str(file.parent), str(Path(__file__).parents[2]), str(file)]
    waypost = subprocess.Popen(command)
    try:
        end = time.monotonic() + 30
        while not (file.parent / "pids").exists() and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.2)
    finally:
        waypost.send_signal(signal.SIGKILL)
        waypost.wait()
    reader, started = map(int, (file.parent / "pids").read_text().split())
    assert gone([reader])
    if runs(started):  # the process that it started has to look after itself
        os.kill(started, signal.SIGKILL)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reader": "llama_index.readers.docstring_nothing.A"}, "pip install llama-index-readers-docstring-nothing`"),
        ({"reader": "no_such_package.readers.A"}, "install the package that has it"),
        ({"reader": "wp_readers.PageReader"}, "has no PageReader; it has: ClientReader, GivenReader, PagesReader"),
        ({"reader": "wp_readers.Client", "arguments": {"token": "t"}}, "is no reader"),
        ({"reader": "wp_readers.GivenReader", "arguments": {"fiel": "x"}}, "`arguments` does not fit GivenReader"),
        ({"reader": "wp_readers.GivenReader", "load": {"documnets": []}}, "`load` does not fit GivenReader.load_data"),
        ({"reader": "wp_readers.GivenReader", "python": "/no/python"}, "/no/python can't be run"),
    ],
)
def test_what_the_user_has_to_change_is_said(options: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as found:
        made(spec(**options), Path("/")).listing(Previous())
    assert "source 'hub'" in str(found.value)


def test_a_token_under_credentials_is_told_where_it_belongs() -> None:
    told = SourceSpec("hub", "llamahub", "", credentials=Credentials("t"), options=LlamaHubOptions(reader="a.B"))
    with pytest.raises(SettingsError, match="among `arguments`"):
        made(told, Path("/"))


# -- what is secret ---------------------------------------------------------------------------------------------------


def test_no_secret_is_in_what_is_said_of_a_failure(file: Path) -> None:
    with pytest.raises(SourceError) as found:
        pages(file, "raise").listing(Previous())
    assert SECRET not in str(found.value)
    assert "***" in str(found.value)


def test_a_secret_that_stands_in_the_file_itself_is_hidden_too(file: Path) -> None:
    file.write_text(json.dumps({"pages": PAGES, "mode": "raise"}))
    options = LlamaHubOptions(
        reader="wp_readers.PagesReader", arguments={"file": str(file), "token": "written-by-hand"}
    )
    with pytest.raises(SourceError) as found:
        made(SourceSpec("hub", "llamahub", "", options=options), file.parent).listing(Previous())
    assert "written-by-hand" not in str(found.value)


def test_secrets_are_in_no_command_environment_or_repr(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIKI_TOKEN", SECRET)
    source = pages(file, "tell", environment={"GIVEN": "yes"})
    told = json.loads(read(source)["told"].text)
    assert "WIKI_TOKEN" not in told["environment"]
    assert told["environment"]["GIVEN"] == "yes"
    assert SECRET not in json.dumps(told)
    assert SECRET not in repr(source._spec) + repr(source._options)
    assert not Path(told["folder"]).exists()


def test_another_secret_makes_no_document_anew() -> None:
    one, other = (spec(reader="a.B", arguments={"token": token}) for token in ("1", "2"))
    assert one.fingerprint == other.fingerprint
    assert one.fingerprint != spec(reader="a.B", title_key="t").fingerprint


def test_credentials_in_an_address_are_in_no_path_and_no_link() -> None:
    page = {"text": "x", "metadata": {"url": f"https://me:pw@wiki.invalid/a?token={SECRET}#top"}}
    other = {"text": "x", "metadata": {"url": "https://wiki.invalid/?p=12"}}
    listing = given(page, other).listing(Previous())
    assert [item.path for item in listing.items] == ["wiki.invalid/a", "wiki.invalid/?p=12"]
    assert [item.handle for item in listing.items] == ["https://wiki.invalid/a", "https://wiki.invalid/?p=12"]


# -- names ------------------------------------------------------------------------------------------------------------


def only(source: LlamaHubSource) -> Listed:
    (item,) = source.listing(Previous()).items
    return item


@pytest.mark.parametrize(
    ("metadata", "id_", "path"),
    [
        ({"file_path": "/srv/docs/net/vpn.md", "title": "VPN"}, None, "srv/docs/net/vpn.md"),
        ({"file_name": "vpn.md", "folder_path": "/srv/net"}, None, "srv/net/vpn.md"),
        ({"URL": "https://wiki.invalid/net/VPN", "title": "VPN"}, "17", "wiki.invalid/net/VPN"),
        ({"source": "s3://bucket/a.md"}, None, "bucket/a.md"),
        ({"source": "Confluence", "title": "VPN"}, None, "VPN"),
        ({"key": "OPS-12", "title": "Disk full"}, None, "Disk full"),
        ({"title": "a/../b//c\x1b[31m"}, None, "a/b/c [31m"),
        ({"page_id": 12}, None, "12"),
        ({}, "OPS-12", "OPS-12"),
        ({"title": "x" * 400}, None, None),
    ],
)
def test_what_names_a_document(metadata: dict[str, Any], id_: str | None, path: str | None) -> None:
    found = only(given({"text": "x", "id": id_, "metadata": metadata})).path
    assert found == path or (path is None and len(found) <= 300)


def test_what_nothing_names_is_called_by_its_text_and_said_so() -> None:
    source = given({"text": "# A note\n\nText."}, {"text": "Another."})
    first, second = read(source).items()
    assert first[0] != second[0]
    assert first[1].title == "A note"
    assert "id_key" in first[1].notes[0]


def test_keys_that_the_user_names() -> None:
    metadata = {"n": 5, "heading": "VPN", "changed": "Tue, 3 Mar 2026 12:00:00 +0100", "at": "https://w.invalid/5"}
    keys = {"path_key": "heading", "id_key": "n", "title_key": "heading", "updated_key": "changed", "url_key": "at"}
    item = only(given({"text": "x", "metadata": metadata}, **keys))
    assert (item.path, item.updated_at, item.handle) == ("VPN", "2026-03-03T11:00:00Z", "https://w.invalid/5")


@pytest.mark.parametrize("key", ["path_key", "id_key", "title_key", "updated_key", "url_key"])
def test_a_key_that_no_document_has_is_said(key: str) -> None:
    with pytest.raises(
        SettingsError, match=f"`{key}` is 'idd', which is in no document's metadata; the keys there: id, title"
    ):
        given({"text": "x", "metadata": {"id": 1, "title": "T"}}, **{key: "idd"}).listing(Previous())


def test_a_file_is_called_by_its_path_in_the_folder_that_is_read() -> None:
    arguments = {"input_dir": "/srv/docs/"}
    told = {"metadata": {"file_path": "/srv/docs/net/vpn.md"}, "text": "x"}
    load = {"documents": [told, {"text": "x", "metadata": {"file_path": "/srv/docs2/net/vpn.md"}}]}
    source = made(spec(reader="wp_readers.GivenReader", arguments=arguments, load=load), Path("/"))
    assert [item.path for item in source.listing(Previous()).items] == ["net/vpn.md", "srv/docs2/net/vpn.md"]


def test_the_pages_of_a_file_are_one_document_with_places() -> None:
    parts = [{"text": f"Text {n}\nof it.", "metadata": {"file_path": "/a/b.pdf", "page_label": str(n)}} for n in (1, 2)]
    source = given(*parts)
    rendered = read(source)["a/b.pdf"]
    assert rendered.text == "Text 1\nof it.\n\nText 2\nof it."
    assert [(p.start, p.name, p.anchor) for p in rendered.places] == [
        (1, "page 1", "#page=1"),
        (4, "page 2", "#page=2"),
    ]


def test_pages_of_one_title_are_told_apart_by_their_ids_and_seen_when_they_move() -> None:
    def named(*titles: str) -> LlamaHubSource:
        return given(*({"text": f"T{n}", "metadata": {"id": n, "title": t}} for n, t in enumerate(titles)))

    before = named("VPN", "VPN").listing(Previous())
    assert [item.path for item in before.items] == ["VPN (0)", "VPN (1)"]
    known = Previous("", {item.path: item.signature for item in before.items})
    after = named("VPN", "Gateways").listing(known)
    assert after.moved == {"VPN": "VPN (0)", "Gateways": "VPN (1)"}


def test_a_change_of_text_or_of_what_is_shown_is_a_change() -> None:
    def signature(text: str, **metadata: Any) -> str:
        return only(given({"text": text, "metadata": {"id": 1, **metadata}}, path_key="id")).signature

    first = signature("a", title="t", seen=1)
    assert first == signature("a", title="t", seen=2)
    assert (
        len({first, signature("b", title="t"), signature("a", title="u"), signature("a", title="t", date="2026-01-02")})
        == 4
    )


# -- what a text is ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "text", "kind"),
    [
        ({"file_path": "a/main.tf"}, 'resource "a" "b" {}', bytes),
        ({"file_path": "a/x.yaml"}, "a: 1", bytes),
        ({"file_path": "a/x.pdf"}, "words of it", Rendered),
        ({"file_path": "a/x.html"}, "words of it", Rendered),
        ({"title": "Node.js"}, "words", Rendered),
    ],
)
def test_files_are_parsed_as_such_and_the_rest_as_markdown(metadata: dict[str, Any], text: str, kind: type) -> None:
    (data,) = read(given({"text": text, "metadata": metadata})).values()
    assert isinstance(data, kind)


def test_html_is_rendered() -> None:
    html = "<!doctype html><title>T</title><h1 id=a>Otter</h1><p>The <code>otter</code> cache.</p><script>x</script>"
    (data,) = read(given({"text": html, "metadata": {"url": "https://w.invalid/otter"}})).values()
    assert "# Otter\n\nThe `otter` cache." in data.text
    assert "script" not in data.text


def test_a_slide_that_is_text_by_now_is_not_refused_as_a_picture() -> None:
    assert only(given({"text": "x", "metadata": {"file_path": "a/deck.pptx"}})).path == "a/deck.pptx.md"


def test_what_has_no_text_or_too_much_is_told() -> None:
    source = given(
        {"text": "", "metadata": {"title": "Empty"}}, {"text": "x" * 5_000_001, "metadata": {"title": "Much"}}
    )
    empty, much = source.listing(Previous()).items
    assert "no text" in empty.refusal
    assert much.size > 5_000_000
    assert source._pages["Much"].parts[0].text[1] == 0  # it was not even handed over


def test_listings_are_the_same_in_any_order() -> None:
    documents = [{"text": f"T{n}", "metadata": {"title": f"t{n % 3}", "id": n}} for n in range(6)]

    def listed(given_: list[dict[str, Any]]) -> Listing:
        found = given(*given_).listing(Previous())
        return Listing(tuple(sorted(found.items, key=lambda item: item.path)), found.complete)

    assert listed(documents) == listed(documents[::-1])
