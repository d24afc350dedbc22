"""The providers as processes, and whoever signs in at them: forms, redirects, cookies, PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

FOLDER = Path(os.environ.get("WAYPOST_TEST_OPENID") or "/nowhere")
CALLBACK = "https://waypost.example.org/callback"  # nobody is there: the code is read from the redirect
CLIENT, SECRET, PASSWORD = "waypost", "the-secret-of-the-client", "Correct-horse-battery-9-staple"
API = "https://waypost.example.org/"  # the resource that access tokens are for


def missing(path: str) -> str:
    """Why what needs this file is skipped; "" where it is there."""
    return "" if (FOLDER / path).exists() else f"no {path.rsplit('/', 1)[-1]}: make test-oidc fetches it"


NO_PANVA = missing("node_modules/oidc-provider") or ("" if shutil.which("node") else "no node: apt-get install nodejs")
NO_CANAILLE = missing("venv/bin/canaille")
NO_APACHE = missing("apache/usr/lib/apache2/modules/mod_auth_openidc.so")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def process(command: list[str], port: int, folder: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server until the end; its output goes to a file in the folder, which is shown where it does not come up."""
    log = folder / f"{port}.log"
    with log.open("ab") as output:
        started = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_for(port, started, log)
        yield started
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGCONT)
            os.killpg(started.pid, signal.SIGTERM)
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()


def wait_for(port: int, started: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 40
    while time.monotonic() < end and started.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"{started.args!r} does not serve:\n{log.read_text()[-3000:]}")


# -- keys ----------------------------------------------------------------------------------------------------------------


def new_jwk(kid: str | None, algorithm: str = "RS256") -> dict[str, Any]:
    """A private key as a JWK; without a kid, as some providers have them."""
    told: dict[str, Any]
    if algorithm == "ES256":
        told = jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    else:
        told = jwt.algorithms.RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)
    told.pop("key_ops", None)
    return {**told, "use": "sig", "alg": algorithm, **({"kid": kid} if kid else {})}


# -- whoever signs in ------------------------------------------------------------------------------------------------------


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action, self.fields, self.buttons, self._within = "", {}, {}, False  # type: ignore[var-annotated]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form" and told.get("method", "").lower() == "post" and not self.fields:
            self._within, self.action = True, told.get("action", "")
        elif self._within and tag == "input" and told.get("name"):
            self.fields[told["name"]] = told.get("value", "")
        elif self._within and tag == "button" and told.get("name"):
            self.buttons.setdefault(told["name"], told.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._within = self._within and tag != "form"


PEOPLE: list[Person] = []  # whose browsers are open


class Person:
    """Somebody at a browser: follows redirects, fills in what forms ask for, keeps cookies."""

    def __init__(self, name: str, verify: Any = True) -> None:
        self.name = name
        self.http = httpx.Client(
            timeout=30, trust_env=False, verify=verify, headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
        )
        PEOPLE.append(self)
        self.steps: list[str] = []  # the addresses that were seen on the way

    def go(self, url: str, until: str) -> httpx.Response:
        """Goes to an address, and on through redirects and forms, until one that begins like `until` is shown or led to."""
        reply = self.http.get(url)
        for _ in range(25):
            self.steps.append(str(reply.url))
            if reply.is_redirect:
                onward = urljoin(str(reply.url), reply.headers["Location"])
                if onward.startswith(CALLBACK):
                    return reply
                reply = self.http.get(onward)
            elif str(reply.url).startswith(until):
                return reply
            else:
                reply = self._filled_in(reply)
        raise AssertionError(f"{self.steps} lead nowhere: {reply.status_code} {reply.text[:500]}")

    def _filled_in(self, reply: httpx.Response) -> httpx.Response:
        form = _Forms()
        form.feed(reply.text)
        assert reply.status_code == 200, f"{reply.url} answers {reply.status_code}: {reply.text[:1000]}"
        assert form.fields or form.buttons, f"{reply.url} asks for nothing: {reply.text[:2000]}"
        for name in form.fields:
            if name in ("login", "password"):
                form.fields[name] = self.name if name == "login" else PASSWORD
        data = {**form.buttons, **form.fields}
        return self.http.post(urljoin(str(reply.url), form.action or str(reply.url)), data=data)


class Provider:
    """What both have: a discovery document, and the authorization code flow."""

    issuer = ""

    def tokens(self, person: Person, scope: str = "openid", **more: str) -> dict[str, Any]:
        """The tokens of the code flow with PKCE, as a command line or a web page gets them."""
        told = person.http.get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration").json()
        verifier = secrets.token_urlsafe(48)
        asked = {
            "client_id": CLIENT, "response_type": "code", "scope": scope, "redirect_uri": CALLBACK, "state": "s", "nonce": "n",
            "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("="),
            "code_challenge_method": "S256", **more,
        }  # fmt: skip
        reply = person.go(str(httpx.URL(told["authorization_endpoint"], params=asked)), CALLBACK)
        answer = parse_qs(urlsplit(reply.headers["Location"]).query)
        assert "code" in answer, answer
        got = person.http.post(
            told["token_endpoint"], auth=(CLIENT, SECRET),
            data={
                "grant_type": "authorization_code", "code": answer["code"][0], "redirect_uri": CALLBACK,
                "code_verifier": verifier, **({"resource": more["resource"]} if "resource" in more else {}),
            },
        )  # fmt: skip
        assert got.status_code == 200, got.text
        return dict(got.json())


# -- oidc-provider ---------------------------------------------------------------------------------------------------------


class Panva(Provider):
    """oidc-provider. `state` is read by it at each request: set it, and `save`."""

    def __init__(self, folder: Path, path: str = "", tls: tuple[Path, Path] | None = None) -> None:
        self._folder, self._tls = folder, tls
        self.port = free_port()
        self.issuer = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}{path}"
        self.state: dict[str, Any] = {
            "keys": [new_jwk("one")], "lasts": 600,
            "users": {
                "ada": {"email": "ada@example.org", "email_verified": True, "groups": ["sre", "staff"]},
                "bob": {"email": "bob@example.org", "email_verified": True},
            },
            "clients": [
                {"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": [CALLBACK],
                 "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
                 "token_endpoint_auth_method": "client_secret_basic"},
            ],
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None
        self.save()

    @property
    def client(self) -> dict[str, Any]:
        found: dict[str, Any] = self.state["clients"][0]
        return found

    def save(self) -> None:
        beside = self._folder / f"{self.port}.new"
        beside.write_text(json.dumps(self.state))
        beside.replace(self._folder / f"{self.port}.json")

    @contextmanager
    def serving(self) -> Iterator[Panva]:
        script = Path(__file__).with_name("panva.mjs")
        (self._folder / "node_modules").exists() or (self._folder / "node_modules").symlink_to(FOLDER / "node_modules")
        command = ["node", str(script), str(self.port), self.issuer, str(self._folder / f"{self.port}.json")]
        with process([*command, *map(str, self._tls or ())], self.port, self._folder) as self.process:
            yield self

    def pause(self) -> None:
        """It takes connections (the kernel does), and answers nothing."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)


# -- Canaille --------------------------------------------------------------------------------------------------------------


class Canaille(Provider):
    """Canaille on SQLite; `told` says whether it is told its name, else it takes that of requests, with a slash at the end."""

    def __init__(self, folder: Path, *, told: bool = True) -> None:
        self._folder = folder
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}" + ("" if told else "/")
        self.keys, self.retired = [_canaille_key("first")], []  # type: ignore[var-annotated]
        self._name = f"127.0.0.1:{self.port}" if told else ""
        people = [
            ["create", "user", "--user-name", name, "--password", PASSWORD, "--family-name", name.title(), "--emails",
             f"{name}@example.org"] for name in ("ada", "bob")
        ]  # fmt: skip
        groups = [
            ["create", "group", "--display-name", name, "--members", "@user:user-name:ada"] for name in ("sre", "staff")
        ]
        self.run(["install"], *people, *groups, *self.client(CLIENT, CALLBACK))

    def client(self, name: str, redirect: str, algorithm: str = "RS256") -> list[list[str]]:
        """The commands that make a client, whose access tokens are for itself."""
        scopes = [word for scope in ("openid", "profile", "email", "groups") for word in ("--scope", scope)]
        return [
            ["create", "client", "--client-id", name, "--client-secret", SECRET, "--client-name", "Waypost", *scopes,
             "--redirect-uris", redirect, "--grant-types", "authorization_code", "--response-types", "code",
             "--token-endpoint-auth-method", "client_secret_basic", "--client-uri", "http://127.0.0.1/",
             "--id-token-signed-response-alg", algorithm],
            ["set", "client", f"@client:client-id:{name}", "--audience", f"@client:client-id:{name}"],
        ]  # fmt: skip

    def members(self, group: str, *names: str) -> None:
        """Makes these the members of a group."""
        words = [word for name in names for word in ("--members", f"@user:user-name:{name}")]
        self.run(["set", "group", f"@group:display-name:{group}", *words])

    def run(self, *commands: list[str]) -> None:
        """Runs commands of Canaille's."""
        done = subprocess.run(
            [str(FOLDER / "venv/bin/python"), str(Path(__file__).with_name("canaille_commands.py"))], cwd=self._folder,
            env=self._environment(), capture_output=True, text=True, check=False, input=json.dumps(commands),
        )  # fmt: skip
        assert done.returncode == 0, f"{commands}: {done.stdout[-1500:]} {done.stderr[-3000:]}"

    @contextmanager
    def serving(self) -> Iterator[Canaille]:
        command = [str(FOLDER / "venv/bin/canaille"), "run", "--bind", f"127.0.0.1:{self.port}"]
        with process(command, self.port, self._folder, **self._environment()):
            yield self

    def rotate(self, kid: str) -> None:
        """A new key signs; the old one is published until it is dropped. Canaille reads its keys when it starts."""
        self.keys, self.retired = [_canaille_key(kid)], [*self.keys, *self.retired]

    def _environment(self) -> Mapping[str, str]:
        config = {
            "SECRET_KEY": "of a test", "SERVER_NAME": self._name, "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "sql"},
            "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{self._folder}/{self.port}.sqlite"},
            "CANAILLE_OIDC": {"ACTIVE_JWKS": self.keys, "INACTIVE_JWKS": self.retired},
        }  # fmt: skip
        file = self._folder / f"{self.port}.toml"
        file.write_text(_toml(config))
        return {**os.environ, "CANAILLE_CONFIG": str(file)}


def _canaille_key(kid: str) -> dict[str, Any]:
    return {name: value for name, value in new_jwk(kid).items() if name not in ("alg", "use")}


def _toml(told: Mapping[str, Any], section: str = "") -> str:
    """The little TOML that the configuration needs: JSON's texts and lists, inline tables for keys."""

    def value(one: Any) -> str:
        if isinstance(one, dict):
            return "{" + ", ".join(f"{name} = {value(part)}" for name, part in one.items()) + "}"
        return f"[{', '.join(map(value, one))}]" if isinstance(one, list) else json.dumps(one)

    lines = [f"{name} = {value(one)}" for name, one in told.items() if not isinstance(one, dict) and one != ""]
    tables = [f"\n[{name}]\n{_toml(one, name)}" for name, one in told.items() if isinstance(one, dict)]
    return "\n".join([*lines, *tables])
