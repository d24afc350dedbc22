"""The door to the network: what no source may be led to is never connected to, and credentials stay where they belong."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ingest.addresses import kind, origin_of, shown
from ingest.egress import Limits, Network, open_client, resolve
from rag.errors import SettingsError, SourceError
from tests.ingest.hostile_urls import BAD_ADDRESSES, FOREIGN, MALFORMED
from tests.web_server import OneServer, Request, WebServer, redirect, serving

WIKI = "http://wiki.example.org/"
NAMES = {"wiki.example.org": ["93.184.215.14"], "media.example.org": ["93.184.215.15"]}
TOKEN = "t0ken-of-the-wiki"
pytestmark = pytest.mark.timeout(30)


@pytest.fixture(scope="module")
def running() -> Iterator[WebServer]:
    with serving() as server:
        yield server


@pytest.fixture
def server(running: WebServer) -> WebServer:
    running.pages.clear()
    running.seen.clear()
    return running


def client(net: OneServer, url: str = WIKI, **options: object) -> httpx.Client:
    return open_client("wiki", url, network=net.network, **options)  # type: ignore[arg-type]


# -- the table --------------------------------------------------------------------------------------------------------


def test_the_table_is_large_enough() -> None:
    assert len({*MALFORMED, *FOREIGN}) == len(MALFORMED) + len(FOREIGN) >= 150


def test_what_is_malformed_or_never_a_wiki_can_not_be_configured() -> None:
    wrong = []
    for url in MALFORMED:
        for place in ({"url": url}, {"url": WIKI, "also": [url]}):
            try:
                open_client("wiki", **place).close()  # type: ignore[arg-type]
            except SettingsError as refused:
                assert str(refused).startswith("source 'wiki': ")
            else:
                wrong.append(url)
    assert wrong == []


@pytest.mark.parametrize("table", [MALFORMED, FOREIGN], ids=["malformed", "foreign"])
def test_a_link_to_somewhere_else_is_not_followed(server: WebServer, table: list[str]) -> None:
    net = OneServer(server, NAMES)
    wrong = []
    with client(net, "https://wiki.example.org/") as asking:
        for url in table:
            for ask in (asking.get, asking.head, asking.post):
                try:
                    ask(url)
                except SourceError as refused:
                    assert "is not read" in str(refused), url
                else:
                    wrong.append(url)
            with pytest.raises(SourceError, match="is not read"), asking.stream("GET", url):
                pass
    assert (wrong, net.asked, net.connected, server.seen) == ([], [], [], [])


@pytest.mark.parametrize("table", [MALFORMED, FOREIGN], ids=["malformed", "foreign"])
def test_a_redirect_to_somewhere_else_is_not_followed(server: WebServer, table: list[str]) -> None:
    """The source is http://wiki.example.org:8080, so that none of the table's URLs is its own."""
    net = OneServer(server, NAMES)
    asked = 0
    with client(net, "http://wiki.example.org:8080/", headers={"Authorization": TOKEN}) as asking:
        for url in table:
            if any(character in url for character in "\r\n\0\x7f\t") or url.startswith(" "):
                continue  # can't stand in a Location header
            location = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + url.encode() + b"\r\n\r\n"
            server.pages["/start"] = lambda request, answer=location: request.wfile.write(answer)  # type: ignore[misc]
            with pytest.raises(SourceError, match=r"source 'wiki': .*is not read") as refused:
                asking.get("start")
            asked += 1
            assert TOKEN not in str(refused.value)
    assert len(server.seen) == asked
    assert set(net.connected) == {("93.184.215.14", 8080)}


@pytest.mark.parametrize("table", [MALFORMED, FOREIGN], ids=["malformed", "foreign"])
def test_the_transport_alone_refuses_too(server: WebServer, table: list[str]) -> None:
    """As httpx understands the URL, in case it came past the look at its letters."""
    net = OneServer(server, NAMES)
    with client(net, "http://wiki.example.org:8080/") as asking:
        for url in table:
            try:
                request = httpx.Request("GET", url)
            except (httpx.InvalidURL, ValueError):
                continue
            with pytest.raises(SourceError):
                asking._transport.handle_request(request)
    assert (net.asked, net.connected) == ([], [])


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_a_name_is_not_connected_to_at_an_address_that_is_no_wiki(server: WebServer, address: str) -> None:
    for answer in ([address], [address, address]):
        net = OneServer(server, {"wiki.example.org": answer})
        with client(net) as asking, pytest.raises(SourceError, match="may be connected to"):
            asking.get("/")
        assert (net.connected, server.seen) == ([], [])
    net = OneServer(server, {"wiki.example.org": [address, "93.184.215.14", address]})
    with client(net) as asking:
        asking.get("/")
    assert net.connected == [("93.184.215.14", 80)]


GOOD = {
    "https://wiki.example.org/": ("wiki.example.org", "93.184.215.14"),
    "https://wiki.example.org": ("wiki.example.org", "93.184.215.14"),
    "HTTPS://Wiki.Example.ORG/Page": ("wiki.example.org", "93.184.215.14"),
    "https://wiki.example.org:443/": ("wiki.example.org", "93.184.215.14"),
    "https://wiki.example.org:8443/": ("wiki.example.org:8443", "93.184.215.14"),
    "http://wiki.example.org:80/": ("wiki.example.org", "93.184.215.14"),
    "http://wiki.example.org:65535/": ("wiki.example.org:65535", "93.184.215.14"),
    "http://wiki.example.org/w/index.php?title=Main_Page&action=raw": ("wiki.example.org", "93.184.215.14"),
    "http://wiki.example.org/wiki/%C3%9Cbersicht": ("wiki.example.org", "93.184.215.14"),
    "http://wiki.example.org/wiki/Übersicht": ("wiki.example.org", "93.184.215.14"),
    "http://wiki.example.org/a/../b?x=http://evil.example/@": ("wiki.example.org", "93.184.215.14"),
    "http://wiki.example.org/user@example.org": ("wiki.example.org", "93.184.215.14"),
    "http://wiki.example.org?q=1": ("wiki.example.org", "93.184.215.14"),
    "http://wiki.example.org/#part": ("wiki.example.org", "93.184.215.14"),
    "http://wiki/": ("wiki", "10.20.0.9"),
    "http://wiki.corp.local/": ("wiki.corp.local", "192.168.4.4"),
    "http://wiki_old.corp.local/": ("wiki_old.corp.local", "172.31.255.1"),
    "http://wiki.tailnet.example/": ("wiki.tailnet.example", "100.101.102.103"),
    "http://localhost:8091/": ("localhost:8091", "127.0.0.1"),
    "http://six.corp.local/": ("six.corp.local", "fd12:3456::9"),
    "http://six.example.org/": ("six.example.org", "2606:2800:21f::1"),
    "http://10.0.0.7/": ("10.0.0.7", "10.0.0.7"),
    "http://10.0.0.7:8090/confluence/": ("10.0.0.7:8090", "10.0.0.7"),
    "http://127.0.0.1:8091/": ("127.0.0.1:8091", "127.0.0.1"),
    "http://[::1]:8091/": ("[::1]:8091", "::1"),
    "http://[0:0:0:0:0:0:0:1]:8091/": ("[::1]:8091", "::1"),
    "http://[FD12:3456::9]/": ("[fd12:3456::9]", "fd12:3456::9"),
    "http://93.184.215.14/": ("93.184.215.14", "93.184.215.14"),
    "http://bücher.example/": ("xn--bcher-kva.example", "93.184.215.16"),
    "http://xn--bcher-kva.example/": ("xn--bcher-kva.example", "93.184.215.16"),
    "http://BÜCHER.example/": ("xn--bcher-kva.example", "93.184.215.16"),
    "http://straße.example/": ("xn--strae-oqa.example", "93.184.215.17"),
    "http://3com.example/": ("3com.example", "93.184.215.18"),
    "http://0x7f.example/": ("0x7f.example", "93.184.215.18"),
}


@pytest.mark.parametrize("url", GOOD)
def test_what_is_configured_is_read(server: WebServer, url: str) -> None:
    host, address = GOOD[url]
    origin = origin_of(url)
    net = OneServer(server, {origin.host: [address]})
    plain = url.replace("https", "http", 1).replace("HTTPS", "http", 1)
    with client(net, plain) as asking:
        assert asking.get(plain).status_code == 200
        assert asking.get("relative?x=1").status_code == 200
    seen = origin_of(plain)
    assert net.connected == [(address, seen.port)]
    assert {row[1].lower().removesuffix(":443") for row in server.seen} in (
        {host}, {f"[{seen.host}]:8091", "[0:0:0:0:0:0:0:1]:8091"}, {"[0:0:0:0:0:0:0:1]:8091"},
    )  # fmt: skip


def test_there_are_thirty_good_urls() -> None:
    assert len(GOOD) >= 30


@pytest.mark.parametrize(
    "path", ["/\\evil.example", "\\\\evil.example/x", "/a b", "/a\r\nX: y", "/a\x00", "/\u202ea", "Talk:Page"]
)
def test_relative_links_are_looked_at_too(server: WebServer, path: str) -> None:
    net = OneServer(server, NAMES)
    with client(net) as asking, pytest.raises(SourceError, match="is not read"):
        asking.get(path)
    assert net.connected == []


# -- redirects and credentials ----------------------------------------------------------------------------------------


def test_redirects_within_the_source_are_followed_and_counted(server: WebServer) -> None:
    net = OneServer(server, NAMES)
    for step in range(9):
        server.pages[f"/{step}"] = redirect(f"/{step + 1}" if step % 2 else f"http://WIKI.example.org:80/{step + 1}")
    with client(net, headers={"Authorization": TOKEN}) as asking:
        assert asking.get("/4").text == "/9"
        assert all(row[3]["Authorization"] == TOKEN for row in server.seen)
        with pytest.raises(SourceError, match="redirects more than 5 times"):
            asking.get("/3")
        server.pages["/loop"] = redirect("/loop")
        with pytest.raises(SourceError, match="redirects more than 5 times"):
            asking.get("/loop")
    assert len(server.seen) == 6 + 6 + 6


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_do_not_go_to_another_host_of_the_source(server: WebServer, status: int) -> None:
    net = OneServer(server, NAMES)
    server.pages["/page"] = redirect("http://media.example.org/picture", status)
    headers = {"Authorization": TOKEN, "X-Api-Key": TOKEN, "Private-Token": TOKEN, "Cookie": f"session={TOKEN}"}
    with client(net, also=["http://media.example.org/"], headers=headers, auth=("me", TOKEN)) as asking:
        asking.cookies.set("mine", TOKEN, domain="media.example.org")
        asking.cookies.set("all", TOKEN)
        assert asking.get("/page").text == "/picture"
        first, second = server.seen
        assert first[1] == "wiki.example.org"
        assert TOKEN in first[3]["X-Api-Key"]
        assert second[1] == "media.example.org"
        assert TOKEN not in str(second[3])
        assert not any(name in second[3] for name in ("Authorization", "Cookie", "X-Api-Key"))
        asking.get("http://media.example.org/direct", headers={"X-Api-Key": TOKEN})
        assert TOKEN not in str(server.seen[-1])


@pytest.mark.parametrize("target", ["http://wiki.example.org:8080/x", "https://wiki.example.org/x"])
def test_another_port_or_scheme_is_another_host(server: WebServer, target: str) -> None:
    """Where both are the source's: refused to an unconfigured one is in the table."""
    net = OneServer(server, NAMES)
    server.pages["/page"] = redirect(target)
    with client(net, also=[target], headers={"Authorization": TOKEN}) as asking:
        if target.startswith("https"):
            with pytest.raises(SourceError):  # there is no TLS at the server
                asking.get("/page")
        else:
            asking.get("/page")
            assert "Authorization" not in server.seen[-1][3]
    assert net.connected[-1] == ("93.184.215.14", 443 if target.startswith("https") else 8080)


def test_a_downgrade_sends_no_credentials(server: WebServer) -> None:
    net = OneServer(server, NAMES)
    with client(net, "https://wiki.example.org/", also=[WIKI], headers={"Authorization": TOKEN}) as asking:
        asking.cookies.set("session", TOKEN)
        asking.get("http://wiki.example.org/x")
    assert TOKEN not in str(server.seen)


@pytest.mark.parametrize("status", [307, 308])
def test_what_is_posted_is_not_sent_on_to_another_host(server: WebServer, status: int) -> None:
    net = OneServer(server, NAMES)
    server.pages["/login"] = redirect("http://media.example.org/login", status)
    with client(net, also=["http://media.example.org/"]) as asking, pytest.raises(SourceError, match="not sent on"):
        asking.post("/login", data={"password": TOKEN})
    assert [row[1] for row in server.seen] == ["wiki.example.org"]


def test_cookies_of_another_host_are_not_taken(server: WebServer) -> None:
    net = OneServer(server, NAMES)
    server.pages["/sets"] = lambda request: request.answer(200, b"", {"Set-Cookie": "s=1; Domain=example.org; Path=/"})
    with client(net, also=["http://media.example.org/"]) as asking:
        asking.get("http://media.example.org/sets")
        assert not asking.cookies
        asking.get("/sets")
        asking.get("/next")
    assert server.seen[-1][3]["Cookie"] == "s=1"


def test_a_second_answer_of_the_name_server_is_never_asked_for(server: WebServer) -> None:
    """The address that was looked at is connected to: were the name handed on, it would be resolved again."""
    net = OneServer(server, {"wiki.example.org": [["93.184.215.14"], ["169.254.169.254"]]})
    with client(net) as asking:
        asking.get("/")
    assert net.asked == ["wiki.example.org"]
    assert net.connected == [("93.184.215.14", 80)]


@pytest.mark.parametrize("first", ["93.184.215.14", "10.0.0.4", "127.0.0.1"])
@pytest.mark.parametrize(
    "second", ["169.254.169.254", "::ffff:127.0.0.1", "10.0.0.5", "127.0.0.1", "8.8.8.8", "fd00:ec2::254"]
)
@pytest.mark.parametrize("by", ["request", "redirect", "several"])
def test_dns_rebinding(server: WebServer, first: str, second: str, by: str) -> None:
    """A name that becomes an address of another kind between two connections is refused, as is one that never is a wiki."""
    answers = [[first], [second]] if by != "several" else [[first, second], [second, second]]
    net = OneServer(server, {"wiki.example.org": answers})
    server.pages["/page"] = redirect("/other", headers={"Connection": "close"})
    server.pages["/close"] = lambda request: request.answer(200, b"", {"Connection": "close"})
    allowed = kind(first) == kind(second)
    with client(net, headers={"Authorization": TOKEN}) as asking:
        if by == "redirect" and allowed:
            asking.get("/page")
        elif by == "redirect":
            with pytest.raises(SourceError, match=r"ask whose name server|may be connected to"):
                asking.get("/page")
        else:
            asking.get("/close")
            if allowed:
                asking.get("/")
            else:
                with pytest.raises(SourceError, match=r"ask whose name server|may be connected to"):
                    asking.get("/")
    assert [address for address, _ in net.connected] == [first, second][: 1 + allowed]


def test_the_certificate_must_be_of_the_name_that_was_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "cert", "-days", "2", "-subj",
         "/CN=wiki", "-addext", "subjectAltName=DNS:wiki.example.org"], cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    with serving() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        net = OneServer(server, NAMES)
        with client(net, "https://wiki.example.org/") as asking, pytest.raises(SourceError, match="CERTIFICATE"):
            asking.get("/")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert"))  # a company's own authority
        with client(net, "https://wiki.example.org/") as asking:
            assert asking.get("/page").text == "/page"
        with client(net, "https://media.example.org/") as asking, pytest.raises(SourceError, match="CERTIFICATE"):
            asking.get("/")
        assert [row[1] for row in server.seen] == ["wiki.example.org"]


def test_proxies_and_netrc_of_the_environment_are_not_used(
    server: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text(f"machine wiki.example.org login me password {TOKEN}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with serving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        net = OneServer(server, NAMES)
        with client(net) as asking:
            asking.get("/")
        assert proxy.seen == []
    assert "Authorization" not in server.seen[0][3]


# -- bombs and drips --------------------------------------------------------------------------------------------------

SMALL = Limits(body=2_000_000, read=0.5, total=0.6)


def bomb(times: int) -> bytes:
    """Gzip of as many mebibytes of zeros."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packing.compress(bytes(1 << 20)) for _ in range(times)) + packing.flush()


def chunked(request: Request, pieces: Iterator[bytes], headers: dict[str, str]) -> None:
    request.send_response(200)
    for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
        request.send_header(name, value)
    request.end_headers()
    for piece in pieces:
        request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    request.wfile.write(b"0\r\n\r\n")


ZEROS = bomb(100)
BOMBS = {
    "long": lambda r: r.answer(200, bytes(2_000_001)),
    "claims to be long": lambda r: r.answer(200, b"x", {"Content-Length": "9" * 15}),
    "endless": lambda r: chunked(r, iter(lambda: bytes(65536), b""), {}),
    "gzip": lambda r: r.answer(200, ZEROS, {"Content-Encoding": "gzip"}),
    "x-gzip": lambda r: r.answer(200, ZEROS, {"Content-Encoding": "X-GZIP"}),
    "gzip of many parts": lambda r: r.answer(200, gzip.compress(bytes(1 << 20)) * 60, {"Content-Encoding": "gzip"}),
    "gzip in gzip": lambda r: r.answer(200, gzip.compress(ZEROS), {"Content-Encoding": "gzip, gzip"}),
    "brotli": lambda r: r.answer(200, b"\x8b\x7f" * 9, {"Content-Encoding": "br"}),
    "zstd": lambda r: r.answer(200, b"(\xb5/\xfd" * 9, {"Content-Encoding": "zstd"}),
    "deflate": lambda r: r.answer(200, ZEROS, {"Content-Encoding": "deflate"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_seen_before_they_are_unpacked(server: WebServer, name: str) -> None:
    net = OneServer(server, NAMES)
    server.pages["/bomb"] = BOMBS[name]
    began = time.monotonic()
    with client(net, limits=Limits(body=SMALL.body)) as asking:
        with pytest.raises(SourceError, match=r"more than 2 MB|not asked for"):
            asking.get("/bomb")
        got = 0
        with (
            pytest.raises(SourceError, match=r"more than 2 MB|not asked for"),
            asking.stream("GET", "/bomb") as response,
        ):
            for piece in response.iter_bytes():
                got += len(piece)
        assert got <= SMALL.body
        assert asking.get("/fine").text == "/fine"
    assert time.monotonic() - began < 10


def test_what_is_packed_tightly_is_unpacked_in_small_pieces(server: WebServer) -> None:
    net = OneServer(server, NAMES)
    packed = bomb(60)
    server.pages["/bomb"] = lambda request: request.answer(200, packed, {"Content-Encoding": "gzip"})
    with client(net, limits=Limits(body=100_000_000)) as asking, asking.stream("GET", "/bomb") as got:
        sizes = [len(piece) for piece in got.iter_bytes()]
    assert sum(sizes) == 60 << 20
    assert max(sizes) <= 1 << 20


def test_what_is_within_the_limits_is_read(server: WebServer) -> None:
    net = OneServer(server, NAMES)
    text = b"".join(b"%d\n" % n for n in range(50_000))
    server.pages["/plain"] = lambda request: request.answer(200, text)
    server.pages["/gzip"] = lambda request: request.answer(200, gzip.compress(text), {"Content-Encoding": "gzip"})
    half = gzip.compress(text[:1000]) + gzip.compress(text[1000:])
    server.pages["/two"] = lambda request: request.answer(200, half, {"Content-Encoding": "gzip"})
    server.pages["/none"] = lambda request: request.answer(200, b"", {"Content-Encoding": "gzip"})
    with client(net, limits=Limits(body=len(text))) as asking:
        for page in ("/plain", "/gzip", "/two"):
            assert asking.get(page).content == text
        assert asking.get("/none").content == b""
        assert asking.head("/gzip").status_code == 200
    assert server.seen[0][3]["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize("how", ["gzip", "length", "garbage"])
def test_half_an_answer_is_none(server: WebServer, how: str) -> None:
    net = OneServer(server, NAMES)
    packed = gzip.compress(b"text " * 1000)

    def page(request: Request) -> None:
        if how == "gzip":
            request.answer(200, packed[:-9], {"Content-Encoding": "gzip"})
        elif how == "garbage":
            request.answer(200, b"<html>", {"Content-Encoding": "gzip"})
        else:
            request.answer(200, b"half", {"Content-Length": "10"})
            request.close_connection = True

    server.pages["/half"] = page
    with client(net) as asking, pytest.raises(SourceError, match="can't be read now"):
        asking.get("/half")


def drip(request: Request, before: bytes, endless: bytes) -> None:
    request.close_connection = True
    request.wfile.write(before)
    for _ in range(200):
        request.wfile.write(endless)
        request.wfile.flush()
        time.sleep(0.05)


DRIPS = {
    "status": (b"", b"H"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"),
    "one header": (b"HTTP/1.1 200 OK\r\nX: ", b"1"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
    "body without end": (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "size of a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
    "gzip": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + bomb(1)[:12], b"\0"),
}


@pytest.mark.parametrize("name", DRIPS)
def test_a_drip_ends_when_the_time_of_the_whole_request_does(server: WebServer, name: str) -> None:
    net = OneServer(server, NAMES)
    server.pages["/drip"] = lambda request: drip(request, *DRIPS[name])
    with client(net, limits=SMALL) as asking:
        began = time.monotonic()
        with (
            pytest.raises(SourceError, match=r"too long in all|timed out|can't be read now"),
            asking.stream("GET", "/drip") as response,
        ):
            response.read()
        assert time.monotonic() - began < 4


def test_a_chain_of_slow_redirects_has_one_time(server: WebServer) -> None:
    net = OneServer(server, NAMES)

    def slow(request: Request) -> None:
        time.sleep(0.6)
        request.answer(302, b"", {"Location": "/slow"})

    server.pages["/slow"] = slow
    began = time.monotonic()
    with client(net, limits=Limits(redirects=50, read=1.0, total=1.5)) as asking, pytest.raises(SourceError):
        asking.get("/slow")
    assert time.monotonic() - began < 2.5


def test_silence_ends_by_the_read_time(server: WebServer) -> None:
    net = OneServer(server, NAMES)
    server.pages["/silent"] = lambda request: time.sleep(4)
    began = time.monotonic()
    with client(net, limits=Limits(read=0.5, total=60)) as asking, pytest.raises(SourceError, match="timed out"):
        asking.get("/silent")
    assert time.monotonic() - began < 2


def test_requests_of_two_threads_have_their_own_time(server: WebServer) -> None:
    """One that ends does not take the other's end away."""
    net = OneServer(server, NAMES)
    server.pages["/slow"] = lambda request: (time.sleep(0.5), request.answer(200, b"slow"))[1]
    server.pages["/drip"] = lambda request: drip(request, *DRIPS["headers"])
    with client(net, limits=Limits(read=1.0, total=1.2)) as asking:
        answers: list[str] = []
        other = threading.Thread(target=lambda: answers.append(asking.get("/slow").text))
        other.start()
        time.sleep(0.2)
        began = time.monotonic()
        with pytest.raises(SourceError):
            asking.get("/drip")
        assert time.monotonic() - began < 3
        other.join()
    assert answers == ["slow"]


def test_a_server_that_says_nothing_in_tls_ends_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        limits = Limits(connect=20.0, total=1.0)
        began = time.monotonic()
        with (
            open_client("wiki", f"https://127.0.0.1:{silent.getsockname()[1]}/", limits=limits) as asking,
            pytest.raises(SourceError, match="timed out"),
        ):
            asking.get("/")
        assert time.monotonic() - began < 5


def test_the_network_itself_knows_only_the_hosts_of_the_source(server: WebServer) -> None:
    net = OneServer(server, NAMES)
    with client(net) as asking:
        for host, port in (("evil.example", 80), ("wiki.example.org", 22), ("169.254.169.254", 80)):
            with pytest.raises(ValueError, match="not this source's"):
                asking._transport.connect_tcp(host, port)  # type: ignore[attr-defined]
        with pytest.raises(NotImplementedError):
            asking._transport.connect_unix_socket("/var/run/docker.sock")  # type: ignore[attr-defined]
    assert net.connected == []


# -- what is said -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://me:s3cret@wiki.example.org/x?token=s3cret#s3cret", "https://wiki.example.org/x"),
        ("https://me:s3cret@evil@wiki.example.org/\x1b[2J", "https://wiki.example.org/?[2J"),
        ("me:s3cret@host", "host"),
        ("/page?token=s3cret", "/page"),
    ],
)
def test_a_url_is_shown_without_credentials(url: str, text: str) -> None:
    assert shown(url) == text


def test_errors_say_what_to_do(server: WebServer) -> None:
    net = OneServer(server, NAMES)
    server.pages["/moved"] = redirect("https://wiki.example.org/moved?token=s3cret")
    with client(net) as asking, pytest.raises(SourceError) as refused:
        asking.get("/moved?token=s3cret")
    assert str(refused.value) == (
        "source 'wiki': https://wiki.example.org/moved is not read: this source is http://wiki.example.org; if it has moved,"
        " correct its `url` in waypost.yaml (http://wiki.example.org/moved redirects there)"
    )
    with pytest.raises(SettingsError) as wrong:
        open_client("wiki", "https://me:s3cret@wiki.example.org/?token=s3cret")
    assert "s3cret" not in str(wrong.value)
    assert "credentials" in str(wrong.value)


def test_what_can_not_be_reached_is_a_source_error() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with (
        open_client("wiki", WIKI, network=Network(resolve=unknown)) as asking,
        pytest.raises(SourceError, match=r"wiki\.example\.org can't be resolved"),
    ):
        asking.get("/")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with open_client("wiki", f"http://127.0.0.1:{port}/") as asking, pytest.raises(SourceError, match="refused"):
        asking.get("/")
    with open_client("wiki", f"http://localhost:{port}/") as asking, pytest.raises(SourceError, match="refused"):
        asking.get("/")


def test_a_header_can_not_be_split(server: WebServer) -> None:
    net = OneServer(server, NAMES)
    with client(net) as asking, pytest.raises(SourceError):
        asking.get("/", headers={"X-Title": "a\r\nHost: evil.example"})
    assert server.seen == []


def test_localhost_is_resolved() -> None:
    assert {kind(address) for address in resolve("localhost", 80)} == {"loopback"}
