"""A person at the web page, signed in by Apache's mod_auth_openidc at Canaille and oidc-provider, beside tools with tokens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import write
from tests.openid.providers import (
    CALLBACK,
    CLIENT,
    FOLDER,
    NO_APACHE,
    NO_CANAILLE,
    NO_PANVA,
    SECRET,
    Canaille,
    Panva,
    Person,
    Provider,
    free_port,
    process,
)

pytestmark = [pytest.mark.skipif(bool(NO_APACHE), reason=NO_APACHE), pytest.mark.timeout(240)]
APACHE = FOLDER / "apache"
PAGES = {
    "all/tea.md": "# The kettle\n\nThe kettle of the office is boiled at four.\n",
    "sre/lock.md": "# Unlock the state\n\nThe zanzibar lock is taken away by `terraform force-unlock`.\n",
}


@contextmanager
def waypost(folder: Path, port: int, **settings: str) -> Iterator[str]:
    """`waypost serve`, on what everyone and what sre may read."""
    write(folder, PAGES)
    (folder / "waypost.yaml").write_text(
        "sources:\n- {name: all, type: folder, path: all}\n- {name: sre, type: folder, path: sre, audience: [sre]}\n"
    )
    environment = {
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "WAYPOST_HOME": str(folder / "home"),
        "WAYPOST_CONFIG": str(folder / "waypost.yaml"), "WAYPOST_EMBEDDER": "hashing", "WAYPOST_RERANKER": "", **settings,
    }  # fmt: skip
    cli = [sys.executable, "-m", "api.cli"]
    subprocess.run([*cli, "sync"], cwd=folder, env={**os.environ, **environment}, check=True, capture_output=True)
    with process([*cli, "serve", "--port", str(port)], port, folder, **environment):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def apache(folder: Path, port: int, issuer: str, waypost_at: str) -> Iterator[str]:
    """Apache, as docs/access.md has it."""
    address, folder = f"http://127.0.0.1:{port}", folder / "apache"
    folder.mkdir()
    folder.chmod(0o777)  # Apache's workers are nobody
    text = Path(__file__).with_name("apache.conf").read_text()
    filled = text.format(
        apache=APACHE, folder=folder, port=port, issuer=issuer.rstrip("/"), secret=SECRET, address=address,
        passphrase="a-passphrase-of-this-test", waypost=waypost_at,
    )  # fmt: skip
    (folder / "apache.conf").write_text(filled)
    libraries = APACHE / "usr/lib/x86_64-linux-gnu"
    command = [str(APACHE / "usr/sbin/apache2"), "-f", str(folder / "apache.conf"), "-DFOREGROUND"]
    with process(command, port, folder, LD_LIBRARY_PATH=str(libraries)):
        yield address


@contextmanager
def all_of_it(provider: Provider, folder: Path, port: int) -> Iterator[tuple[str, str]]:
    """Apache's address and Waypost's own, with the provider serving."""
    with ExitStack() as stack:
        here = stack.enter_context(
            waypost(
                folder, free_port(), WAYPOST_TRUSTED_PROXIES="127.0.0.1", WAYPOST_ANONYMOUS="off",
                WAYPOST_OIDC_ISSUER=provider.issuer, WAYPOST_OIDC_AUDIENCE=CLIENT,
            )
        )  # fmt: skip
        yield stack.enter_context(apache(folder, port, provider.issuer, here)), here


def signs_in(provider: Provider, folder: Path, port: int) -> None:
    with all_of_it(provider, folder, port) as (address, _):
        ada = Person("ada")
        page = ada.go(f"{address}/search?q=zanzibar", f"{address}/search")
        assert page.status_code == 200, page.text
        assert "force-unlock" in page.text  # what only sre may read
        assert "ada@example.org" in page.text
        asked = next(step for step in ada.steps if "code_challenge" in step)
        assert parse_qs(urlsplit(asked).query)["code_challenge_method"] == ["S256"]
        bob = Person("bob")
        page = bob.go(f"{address}/search?q=zanzibar", f"{address}/search")
        assert (page.status_code, "force-unlock" in page.text, "bob@example.org" in page.text) == (200, False, True)
        liar = {"X-Forwarded-User": "ada@example.org", "X-Forwarded-Groups": "sre", "OIDC_CLAIM_groups": "sre"}
        assert "force-unlock" not in bob.http.get(f"{address}/search?q=zanzibar", headers=liar).text
        # a tool: without a token nobody, whatever it says; with one, as whom the token names
        tool = Person("tool")
        for http in (tool.http, ada.http):
            assert http.get(f"{address}/v1/search?q=zanzibar", headers={**liar, "Accept": "*/*"}).status_code == 401
        token = provider.tokens(Person("ada"), "openid profile email groups")["id_token"]
        reply = tool.http.get(f"{address}/v1/search?q=zanzibar", headers={"Authorization": f"Bearer {token}", **liar})
        assert (reply.status_code, "force-unlock" in reply.text) == (200, True), reply.text
        # signing out, at the proxy
        bob.http.get(f"{address}/oauth2callback", params={"logout": f"{address}/"})
        assert bob.http.get(f"{address}/search?q=zanzibar").is_redirect
        # a page of another site
        cross = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert ada.http.post(f"{address}/ask", data={"q": "kettle"}, headers=cross).status_code == 403
        ours = {"Origin": address, "Sec-Fetch-Site": "same-origin"}
        assert ada.http.post(f"{address}/ask", data={"q": "kettle"}, headers=ours).status_code != 403


@pytest.mark.skipif(bool(NO_CANAILLE), reason=NO_CANAILLE)
def test_signing_in_at_canaille(tmp_path: Path) -> None:
    port, provider = free_port(), Canaille(tmp_path)
    provider.run(["set", "client", f"@client:client-id:{CLIENT}", "--redirect-uris", CALLBACK, "--redirect-uris",
                  f"http://127.0.0.1:{port}/oauth2callback"])  # fmt: skip
    with provider.serving():
        signs_in(provider, tmp_path, port)


@pytest.mark.skipif(bool(NO_PANVA), reason=NO_PANVA)
def test_signing_in_at_oidc_provider(tmp_path: Path) -> None:
    port, provider = free_port(), Panva(tmp_path)
    provider.client["redirect_uris"].append(f"http://127.0.0.1:{port}/oauth2callback")
    provider.save()
    with provider.serving():
        signs_in(provider, tmp_path, port)
