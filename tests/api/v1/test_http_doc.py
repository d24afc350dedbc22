"""Every example of docs/http.md, against a real server on loopback; and the client's errors."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import (
    ClientError,
    MissingError,
    RefusedError,
    RequestError,
    TooManyError,
    UnavailableError,
    WaypostClient,
)  # fmt: skip
from api.http import make_app
from api.owner import open_owner
from api.settings import Settings
from tests.api.v1.served import running

ROOT = Path(__file__).parents[3]
SAMPLE = "data/sample/waypost.yaml"
EMPTY = re.compile(
    r'"(?:results|suggestions|documents|passages|symbols|definitions|values|drift|sources|gaps)":\s*\[\]'
)
TEXT = (ROOT / "docs/http.md").read_text()


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over the sample, which whoever tries the examples has too."""
    settings = Settings(home=tmp_path_factory.mktemp("sample"), config=ROOT / SAMPLE, embedder="hashing")
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
        with running(make_app(settings, owner.reader(), lambda source: None)) as found:
            yield found


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq")
@pytest.mark.parametrize("script", examples("bash"))
def test_examples_of_curl(address: str, script: str) -> None:
    """`--fail-with-body` is put in, save where a failure is what is shown."""
    strict = script if "jq -e '.status" in script else script.replace("curl -sS", "curl -sS --fail-with-body")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", strict], env={"WAYPOST": address, "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()
    assert not EMPTY.search(done.stdout), "an example that finds nothing shows nothing"


def test_examples_are_there() -> None:
    assert len(examples("bash")) >= 10
    assert len(examples("python")) == 2


@pytest.mark.filterwarnings("ignore")  # llama-index's own
@pytest.mark.parametrize("script", examples("python"))
def test_examples_of_python(address: str, script: str) -> None:
    if "llama-index" in TEXT and "retriever" in script:
        pytest.importorskip("llama_index.core")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(script, "docs/http.md", "exec"), {"address": address})
    assert "change-infrastructure.md" in said.getvalue()
    assert "10.40.0.0/16" in said.getvalue() or "retriever" in script


def test_the_client_needs_httpx_alone() -> None:
    code = (
        "import sys, api.client; print(sorted({m.split('.')[0] for m in sys.modules}"
        " & {'fastapi', 'pydantic', 'sqlalchemy', 'numpy', 'starlette', 'rag', 'ingest'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def answering(status: int, **options: Any) -> WaypostClient:
    return WaypostClient(
        "http://w", "t", transport=httpx.MockTransport(lambda request: httpx.Response(status, **options))
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestError), (401, RefusedError), (403, RefusedError), (404, MissingError), (409, RequestError),
        (422, RequestError), (429, TooManyError), (500, UnavailableError), (503, UnavailableError),
    ],
)  # fmt: skip
def test_failures_are_raised_with_what_to_do(status: int, kind: type[ClientError]) -> None:
    headers = {"X-Request-Id": "r1", "Retry-After": "7"}
    client = answering(status, json={"detail": "do this"}, headers=headers)
    for call in (lambda: client.search("x"), lambda: list(client.ask_stream("x"))):
        with pytest.raises(kind) as raised:
            call()
        error = raised.value
        assert (error.status, error.detail, error.request_id, error.retry_after) == (status, "do this", "r1", 7)


def test_a_proxys_failure_and_a_stream_that_breaks_off() -> None:
    with pytest.raises(UnavailableError, match="502 Bad Gateway"):
        answering(502, text="<html>").sources()
    stream = 'event: text\ndata: {"text": "a"}\n\nevent: error\ndata: {"error": "it broke off"}\n\n'
    with pytest.raises(UnavailableError, match="it broke off"):
        list(answering(200, text=stream).ask_stream("x"))

    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(UnavailableError, match="can't be asked"):
        WaypostClient("http://w", transport=httpx.MockTransport(gone)).sources()


def test_the_token_is_sent() -> None:
    seen: list[str] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={"sources": []})

    WaypostClient("http://w", "secret", transport=httpx.MockTransport(note)).sources()
    assert seen == ["Bearer secret"]
