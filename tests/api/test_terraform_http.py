"""`/v1/terraform` over a real owner: the objects of the command line, in pages, for what the viewer may read."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient

from api.compose import open_reader
from api.http import make_app
from api.owner import Owner
from api.settings import Settings
from api.v1.cursors import cursor_of, place_of
from ingest.sync import SyncReport
from rag.catalog.symbols import Place
from rag.errors import SettingsError
from rag.terraform.pages import START
from tests.api.conftest import LOOPBACK, Run, loaded
from tests.conftest import configure, write
from tests.infra import INFRA, MARKUP, sources

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
Get = Callable[..., Any]


def opened(settings: Settings, owner: Owner) -> TestClient:
    return TestClient(make_app(settings, owner.reader()), base_url="http://127.0.0.1:8765", client=LOOPBACK)


@pytest.fixture
def client(owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings) -> Iterator[TestClient]:
    configure(settings, *sources(tmp_path / "infra"))
    sync()
    with opened(settings, owner) as found:
        yield found


@pytest.fixture
def get(client: TestClient) -> Get:
    """GET below /v1/terraform, which must succeed: its JSON."""

    def run(path: str, **parameters: object) -> Any:
        reply = client.get(f"/v1/terraform/{path}", params=parameters)
        assert reply.status_code == 200, reply.text
        return reply.json()

    return run


def test_symbols_by_what_they_are(get: Get) -> None:
    found = get("symbols", kind="resource", folder="modules/net", type="aws_subnet")
    assert (found["total"], found["next_cursor"]) == (1, None)
    (subnet,) = found["symbols"]
    assert (subnet["address"], subnet["path"], subnet["start_line"]) == ("aws_subnet.a", "modules/net/main.tf", 8)
    assert {"path": "count", "start_line": 9, "end_line": 9, "value": "2"} in subnet["attributes"]
    assert {one["address"] for one in get("symbols", prefix="module.")["symbols"]} == {"module.net", "module.db"}
    assert {one["folder"] for one in get("symbols", name="net", source="infra")["symbols"]} == {"env/prod", "env/test"}
    assert get("symbols", folder="")["total"] == 0


@pytest.mark.parametrize("name", ["symbols", "modules", "providers", "settings", "environments"])
def test_pages_make_the_whole(get: Get, name: str) -> None:
    whole = get(name, limit=200)
    assert whole["next_cursor"] is None
    pages, cursor = [], ""
    while cursor is not None:
        page = get(name, limit=2, cursor=cursor)
        pages.append(page[name])
        cursor = page["next_cursor"]
        assert page["total"] == whole["total"]
    assert [len(page) for page in pages[:-1]] == [2] * (len(pages) - 1)
    assert [one for page in pages for one in page] == whole[name]
    assert whole["total"] == len(whole[name]) > 2


def test_the_objects_are_those_of_the_command_line(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "infra", INFRA)
    assert run("init", "infra")[0] == 0
    assert run("sync")[0] == 0
    settings = Settings(home=tmp_path / "home", config=tmp_path / "waypost.yaml", embedder="hashing")
    with open_reader(settings) as reader:
        client = TestClient(make_app(settings, reader), base_url="http://127.0.0.1:8765", client=LOOPBACK)
        for path, parameters, arguments in (
            ("symbols", {"kind": "resource"}, ("list", "--kind", "resource")),
            ("symbols", {"limit": 200}, ("list",)),
            ("show", {"address": "aws_vpc.this"}, ("show", "aws_vpc.this")),
            ("show", {"address": "module.net.aws_vpc.this"}, ("show", "module.net.aws_vpc.this")),
            ("refs", {"address": "output.subnet_id"}, ("refs", "output.subnet_id")),
            ("values", {"attribute": "aws_vpc.this.cidr_block"}, ("values", "aws_vpc.this.cidr_block")),
            ("values", {"attribute": "var.cidr", "environment": "test"}, ("values", "var.cidr", "--env", "test")),
            ("modules", {}, ("modules",)),
            ("providers", {}, ("providers",)),
            ("providers", {"folder": "env/prod"}, ("providers", "--folder", "env/prod")),
            ("settings", {}, ("settings",)),
            ("settings", {"source": "infra", "folder": "env/prod"}, ("settings", "--folder", "env/prod")),
            ("environments", {"source": "infra"}, ("environments", "--source", "infra")),
            ("graph", {"address": "var.cidr", "depth": 3}, ("graph", "var.cidr", "--depth", "3")),
            ("graph", {"folder": "modules/net", "most": 3}, ("graph", "--folder", "modules/net", "--most", "3")),
        ):
            given = client.get(f"/v1/terraform/{path}", params=parameters).json()
            told = loaded(run("terraform", *arguments, "--json"))
            assert {key: value for key, value in given.items() if key not in ("next_cursor", "total")} == told
            assert any(told.values())


def test_a_graph_as_svg_and_mermaid(client: TestClient) -> None:
    asked = {"address": "var.cidr", "folder": "modules/net"}
    reply = client.get("/v1/terraform/graph", params={**asked, "format": "svg"})
    assert reply.headers["content-type"] == "image/svg+xml"
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "script-src" not in policy and "sandbox" in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert ElementTree.fromstring(reply.text).tag.endswith("svg")
    reply = client.get("/v1/terraform/graph", params={**asked, "format": "mermaid"})
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.text.startswith("flowchart LR\n")


def test_markup_in_names_stays_text(client: TestClient, get: Get) -> None:
    assert [node["address"] for node in get("graph", folder="odd")["nodes"]] == [f"odd.{MARKUP}"]
    for format_ in ("svg", "mermaid"):
        text = client.get("/v1/terraform/graph", params={"folder": "odd", "format": format_}).text
        assert "<script" not in text
        assert "script" in text
    shown = client.get("/v1/terraform/show", params={"address": f"odd.{MARKUP}"})
    assert shown.headers["content-type"] == "application/json"
    assert shown.json()["symbols"][0]["comment"] == "a comment with <script>"


@pytest.mark.parametrize(
    ("path", "parameters", "status", "said"),
    [
        ("symbols", {"kind": "resources"}, 400, "there is no kind 'resources'; there are: resource, data"),
        ("symbols", {"cursor": "x"}, 400, "the cursor is not one"),
        ("symbols", {"limit": 0}, 422, "query.limit"),
        ("symbols", {"limit": 201}, 422, "query.limit"),
        ("symbols", {"name": "x" * 5000}, 422, "query.name"),
        ("modules", {"cursor": "AAAA"}, 400, "the cursor is not one"),
        ("providers", {"cursor": "💥"}, 400, "the cursor is not one"),
        ("show", {}, 422, "query.address"),
        ("show", {"address": ""}, 422, "query.address"),
        ("show", {"address": "aws_vpcs.this"}, 404, "of that name there is: aws_vpc.this"),
        ("refs", {"address": "var.none"}, 404, "nothing here defines var.none"),
        ("values", {"attribute": "var.none"}, 404, "nothing here defines var.none"),
        ("graph", {"address": "aws_vpcs.this"}, 404, "of that name there is: aws_vpc.this"),
        ("graph", {"folder": "net"}, 404, "there is some in modules/net"),
        ("graph", {"address": "module.net"}, 400, "2 module folders; say which"),
        ("graph", {}, 400, "4 module folders; say which"),
        ("graph", {"address": "var.cidr", "depth": -1}, 422, "query.depth"),
        ("graph", {"address": "var.cidr", "depth": 11}, 422, "query.depth"),
        ("graph", {"address": "var.cidr", "most": 0}, 422, "query.most"),
        ("graph", {"address": "var.cidr", "format": "png"}, 422, "query.format"),
    ],
)
def test_wrong_requests(client: TestClient, path: str, parameters: dict[str, Any], status: int, said: str) -> None:
    reply = client.get(f"/v1/terraform/{path}", params=parameters)
    assert (reply.status_code, said in reply.json()["error"]) == (status, True), reply.text


@pytest.mark.parametrize("text", ["\0", "💥", "a" * 999, "((", "%", "module.", "module..", "..", "*", "[", "var.x[0"])
def test_odd_words_are_no_failure(client: TestClient, text: str) -> None:
    asked = (
        ("symbols", "prefix"),
        ("symbols", "cursor"),
        ("show", "address"),
        ("refs", "address"),
        ("values", "attribute"),
    )
    for path, key in (*asked, ("graph", "address"), ("graph", "folder")):
        assert client.get(f"/v1/terraform/{path}", params={key: text}).status_code in (200, 400, 404, 422)


def test_what_a_viewer_may_not_read_shows_nowhere(
    client: TestClient, get: Get, owner: Owner, settings: Settings
) -> None:
    assert get("symbols", source="hidden") == {"symbols": [], "next_cursor": None, "total": 0}
    for path in ("symbols", "modules", "providers", "settings", "environments"):
        assert "hidden" not in json.dumps(get(path, limit=200))
    assert get("symbols", limit=1)["total"] == len(get("symbols", limit=200)["symbols"])
    for path, parameters in (
        ("show", {"address": "aws_vpc.hidden"}), ("refs", {"address": "aws_vpc.hidden"}),
        ("values", {"attribute": "aws_vpc.hidden.x"}), ("graph", {"address": "aws_vpc.hidden"}),
    ):  # fmt: skip
        reply = client.get(f"/v1/terraform/{path}", params=parameters)
        assert (reply.status_code, reply.json()["detail"]) == (404, "nothing here defines aws_vpc.hidden")
    reply = client.get("/v1/terraform/show", params={"address": "aws_x.hidden"})
    assert reply.json()["detail"] == "nothing here defines aws_x.hidden"
    everything = get("symbols")["total"]
    sre = opened(settings.model_copy(update={"groups": "sre"}), owner)
    assert sre.get("/v1/terraform/symbols").json()["total"] == 2 * everything + 3
    assert sre.get("/v1/terraform/graph", params={"address": "aws_vpc.hidden"}).status_code == 200


@pytest.mark.parametrize("place", [START, ("a", 'ü/b"c', 3, "id")])
def test_cursors_come_back_as_they_were(place: Place) -> None:
    assert place_of(cursor_of(place)) == place


@pytest.mark.parametrize(
    "told",
    [
        [], {}, 3, None, ["a", "b", 1], ["a", "b", "1", "c"], ["a", "b", 2**63, "c"], ["a", "b", -2, "c"],
        [1, "b", 1, "c"], ["a", "b", 1.5, "c"], ["a", "b", True, "c"], ["\ud800", "b", 1, "c"], "abcd",
    ],
)  # fmt: skip
def test_what_is_no_cursor_is_refused(told: object) -> None:
    with pytest.raises(SettingsError, match="not one that this server gave"):
        place_of(base64.urlsafe_b64encode(json.dumps(told).encode()).decode())


def test_openapi_describes_the_objects(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    schemas = described["components"]["schemas"]
    assert {
        "SymbolPage",
        "ModulePage",
        "ProviderPage",
        "SettingsPage",
        "EnvironmentPage",
        "Shown",
        "Used",
        "Values",
        "GraphView",
        "Problem",
    } <= set(schemas)
    routes = {path: methods["get"] for path, methods in described["paths"].items() if "/terraform/" in path}
    assert len(routes) == 9
    for path, route in routes.items():
        assert {"200", "400", "422", "503"} <= set(route["responses"]), path
        assert "$ref" in route["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(routes["/v1/terraform/graph"]["responses"]["200"]["content"]) == {
        "application/json", "image/svg+xml", "text/plain",
    }  # fmt: skip
    (kind,) = [one for one in routes["/v1/terraform/symbols"]["parameters"] if one["name"] == "kind"]
    assert "resource" in kind["schema"]["enum"]
