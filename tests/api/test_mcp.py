"""MCP by the official client, over HTTP and on stdio, as two viewers: what it gives, refuses, and does not let out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp_types import CallToolResult

from api.access.caller import Caller
from api.access.scopes import ASK, READ, SCOPES
from api.http import make_app
from api.mcp_http import LARGEST
from api.mcp_resources import PAGE
from api.mcp_server import make_server
from api.mcp_tools import TABLE
from rag.records import Viewer
from tests.api.conftest import admitted
from tests.api.mcp_home import HIDDEN, OPEN, SECRET, VAULT, WORD, Home, opened_home, serving

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
MODES = ["legacy", "auto"]
QUESTION = "How do I force-unlock the terraform state?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with opened_home(tmp_path_factory.mktemp("mcp")) as opened:
        yield opened


def stdio(home: Home, groups: str) -> StdioServerParameters:
    """`waypost mcp` as a process beside the owner."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "WAYPOST_HOME": str(home.settings.home),
        "WAYPOST_CONFIG": str(home.settings.config),
        "WAYPOST_EMBEDDER": "hashing",
        "WAYPOST_GROUPS": groups,
    }
    return StdioServerParameters(
        command=sys.executable, args=["-c", "from api.cli import main; main()", "mcp"], env=environment
    )


def talk(server: Any, work: Callable[[Client], Awaitable[Any]], mode: str = "legacy") -> Any:
    """What `work` makes of a client of this server. Raises: MCPError, out of the client's groups of tasks."""

    async def run() -> Any:
        async with Client(server, mode=mode, read_timeout_seconds=120) as client:
            try:
                return await work(client)
            except MCPError as error:
                return error

    found = anyio.run(run)
    if isinstance(found, MCPError):
        raise found
    return found


def call(server: Any, tool: str, arguments: dict[str, Any], mode: str = "legacy") -> CallToolResult:
    found = talk(server, lambda client: client.call_tool(tool, arguments), mode)
    assert isinstance(found, CallToolResult)
    return found


def told(result: CallToolResult) -> Any:
    """The object of a result that is no error."""
    assert not result.is_error, result.content
    return result.structured_content


def refused(server: Any, tool: str, arguments: dict[str, Any]) -> str:
    result = call(server, tool, arguments)
    assert result.is_error
    return text_of(result)


def text_of(result: Any) -> str:
    return "".join(part.text for part in result.content)


def mcp(base: str) -> str:
    return f"{base}/mcp"


async def everything(client: Client, home: Home) -> dict[str, Any]:
    """All that a client can get to see, by many ways."""
    calls: list[tuple[str, dict[str, Any]]] = [
        *(
            ("search", {"query": query, "limit": 50})
            for query in ("zanzibar", "04:10 batch", "state lock", "aws_vpc.main")
        ),
        *(("fetch", {"id": id_}) for id_ in home.hidden_ids()),
        *(("ask", {"question": question}) for question in ("When does the batch run?", QUESTION)),
        ("ask", {"question": "What restarts when it is stuck?"}),
        *(("terraform_lookup", {"address": "aws_vpc.main", "want": want}) for want in ("definition", "references")),
        ("terraform_lookup", {"address": "aws_db_instance.zanzibar"}),
        ("terraform_lookup", {"address": "aws_db_instance.zanzibar.instance_class", "want": "value"}),
        ("runbook_for_alert", {"name": "ZanzibarStuck", "labels": {"app": "zanzibar"}}),
        ("list_sources", {}),
    ]
    seen: dict[str, Any] = {}
    for number, (tool, arguments) in enumerate(calls):
        seen[f"{number} {tool}"] = (await client.call_tool(tool, arguments)).model_dump()
    cursor = None
    for page in range(100):
        listed = await client.list_resources(cursor=cursor)
        seen[f"resources {page}"] = listed.model_dump()
        cursor = listed.next_cursor
        if cursor is None:
            break
    for id_ in home.hidden_ids():
        try:
            seen[f"read {id_}"] = (await client.read_resource(f"waypost://documents/{id_}")).model_dump()
        except MCPError as error:
            seen[f"read {id_}"] = error.message
    return seen


def asked_words(seen: dict[str, Any]) -> str:
    """What was seen, without the ids and words that were asked with."""
    return json.dumps(seen, default=str).lower()


# -- what there is ----------------------------------------------------------------------------------------------------


def test_the_tools_are_those_of_the_table_and_say_what_they_take(home: Home) -> None:
    listed = talk(mcp(home.member), lambda client: client.list_tools()).tools
    assert {tool.name for tool in listed} == set(TABLE)
    assert set(TABLE) == {"search", "fetch", "ask", "terraform_lookup", "runbook_for_alert", "list_sources"}
    assert {name: tool.scope for name, tool in TABLE.items() if tool.scope != READ} == {"ask": ASK}
    for tool in listed:
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        assert tool.annotations.title
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema["type"] == "object"
        for argument in tool.input_schema["properties"].values():
            assert argument["description"]
            bounds = {"maxLength", "maximum", "maxItems", "maxProperties", "enum", "anyOf"}
            assert bounds & set(argument), argument


@pytest.mark.parametrize("mode", MODES)
def test_search_and_fetch_have_the_shape_of_deep_research(home: Home, mode: str) -> None:
    found = call(mcp(home.outsider), "search", {"query": "force-unlock"}, mode)
    first = told(found)["results"][0]
    assert {"id", "title", "url"} <= set(first)
    assert first["title"] == "Unlock the state"
    assert first["url"] == f"waypost://documents/{first['id']}"  # a folder's files have no address in the web
    assert json.loads(text_of(found)) == found.structured_content
    fetched = call(mcp(home.outsider), "fetch", {"id": first["id"]}, mode)
    whole = told(fetched)
    assert set(whole) == {"id", "title", "text", "url", "metadata"}
    assert whole["text"].rstrip("\n") == OPEN["unlock.md"].rstrip("\n")
    assert (whole["metadata"]["path"], whole["metadata"]["next_line"]) == ("unlock.md", None)
    assert json.loads(text_of(fetched)) == whole


def test_a_long_document_is_fetched_in_portions(home: Home) -> None:
    pieces, line = [], 1
    while line:
        part = told(call(mcp(home.outsider), "fetch", {"id": home.id_of("long.md"), "start_line": line}))
        pieces.append(part["text"])
        line = part["metadata"]["next_line"]
    assert len(pieces) > 1
    assert "\n".join(pieces) == OPEN["long.md"]
    assert "it has 4002 lines" in refused(
        mcp(home.outsider), "fetch", {"id": home.id_of("long.md"), "start_line": 9999}
    )


def test_search_obeys_its_limit_and_filters(home: Home) -> None:
    assert len(told(call(mcp(home.outsider), "search", {"query": "lock", "limit": 1}))["results"]) == 1
    only = told(call(mcp(home.outsider), "search", {"query": "lock pod", "kinds": ["runbook"]}))["results"]
    assert [one["title"] for one in only] == ["KubePodCrashLooping"]
    ids = [one["id"] for one in told(call(mcp(home.outsider), "search", {"query": "glaciers", "limit": 50}))["results"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("mode", MODES)
def test_ask_gives_numbered_citations_in_text_and_as_objects(home: Home, mode: str) -> None:
    answer = call(mcp(home.outsider), "ask", {"question": QUESTION, "sources": ["wiki"]}, mode)
    view, text = told(answer), text_of(answer)
    assert view["verdict"] == "answered"
    assert [one["number"] for one in view["citations"]] == list(range(1, len(view["citations"]) + 1))
    assert view["citations"][0]["path"] == "unlock.md"
    assert view["answer"] in text
    assert "[1] Unlock the state (wiki/unlock.md:" in text
    assert f"thread: {view['thread']}" in text


def test_ask_follows_up_by_its_thread(home: Home) -> None:
    first = told(call(mcp(home.outsider), "ask", {"question": QUESTION}))
    second = told(call(mcp(home.outsider), "ask", {"question": "who holds it?", "thread": first["thread"]}))
    assert "force-unlock" in second["asked_as"]
    assert "there is no thread" in refused(
        mcp(home.member), "ask", {"question": "who holds it?", "thread": first["thread"]}
    )


@pytest.mark.parametrize("mode", MODES)
def test_ask_tells_of_its_progress(home: Home, mode: str) -> None:
    steps: list[str | None] = []

    async def on_progress(_done: float, _total: float | None, message: str | None) -> None:
        steps.append(message)

    talk(
        mcp(home.outsider),
        lambda client: client.call_tool("ask", {"question": QUESTION}, progress_callback=on_progress),
        mode,
    )
    assert steps[0] == "searching"
    assert "checking a citation" in steps


def test_ask_in_a_persona_and_of_one_that_is_not_there(home: Home) -> None:
    assert (
        told(call(mcp(home.outsider), "ask", {"question": QUESTION, "persona": "onboarding"}))["verdict"] == "answered"
    )
    assert "there are: onboarding" in refused(mcp(home.outsider), "ask", {"question": QUESTION, "persona": "nobody"})


def test_terraform_is_looked_up_by_definition_references_and_value(home: Home) -> None:
    shown = told(call(mcp(home.outsider), "terraform_lookup", {"address": "aws_vpc.main"}))
    assert [(one["path"], one["attributes"][0]["value"]) for one in shown["symbols"]] == [
        ("network/vpc.tf", "var.cidr")
    ]
    used = told(call(mcp(home.outsider), "terraform_lookup", {"address": "var.cidr", "want": "references"}))
    assert used["symbols"][0]["referred_by"][0]["line"] == 6
    value = told(call(mcp(home.outsider), "terraform_lookup", {"address": "aws_vpc.main.cidr_block", "want": "value"}))
    assert [one["value"] for one in value["values"]] == ["10.7.0.0/16"]
    assert "nothing here defines aws_vpc.nope" in refused(
        mcp(home.outsider), "terraform_lookup", {"address": "aws_vpc.nope"}
    )
    assert "leave environment out" in refused(
        mcp(home.outsider), "terraform_lookup", {"address": "aws_vpc.main", "environment": "live"}
    )


def test_a_runbook_is_found_by_the_name_of_the_alert(home: Home) -> None:
    found = told(call(mcp(home.outsider), "runbook_for_alert", {"name": "KubePodCrashLooping"}))
    assert (found["runbook"]["path"], found["runbook"]["matched"]) == ("runbooks/KubePodCrashLooping.md", "name")
    assert "Roll back." in found["runbook"]["text"]
    unsure = told(
        call(
            mcp(home.outsider),
            "runbook_for_alert",
            {"name": "Nothing", "annotations": {"summary": "pod log roll back"}},
        )
    )
    assert unsure["runbook"]["matched"] == "search"
    assert "check that it fits" in unsure["note"]


def test_personas_are_prompts(home: Home) -> None:
    listed = talk(mcp(home.outsider), lambda client: client.list_prompts()).prompts
    assert {one.name for one in listed} == {"onboarding", "senior-devops-engineer"}
    assert listed[0].arguments[0].required
    given = talk(mcp(home.outsider), lambda client: client.get_prompt("onboarding", {"question": QUESTION}))
    text = given.messages[0].content.text
    assert text.endswith(QUESTION)
    assert "`search`" in text
    for name, arguments, said in (
        ("nobody", {"question": "x"}, "there is no persona"),
        ("onboarding", {}, "give the prompt"),
        ("onboarding", {"question": "x" * 5000}, "of 1 to 4,000"),
        ("onboarding", {"question": "x", "other": "y"}, "no argument 'other'"),
        ("../../secret", {"question": "x"}, "there is no persona"),
    ):
        with pytest.raises(MCPError, match=said):
            talk(mcp(home.outsider), lambda client, n=name, a=arguments: client.get_prompt(n, a))


def test_documents_are_resources_in_pages(home: Home, tmp_path: Path) -> None:
    catalog = home.owner.catalog
    find = partial(catalog.listed.find, catalog.access_keys(Viewer()))
    rows = find(after=("", ""), limit=1000)
    assert [row.path for row in rows] == sorted(OPEN)
    assert find(after=(rows[0].source, rows[0].path), limit=1000) == rows[1:]
    assert len(find(after=("", ""), limit=2)) == 2 < PAGE
    listed = talk(mcp(home.outsider), lambda client: client.list_resources())
    assert [one.name for one in listed.resources] == [f"wiki/{path}" for path in sorted(OPEN)]
    read = talk(mcp(home.outsider), lambda client: client.read_resource(str(listed.resources[-1].uri)))
    assert read.contents[0].text == OPEN["unlock.md"]
    templates = talk(mcp(home.outsider), lambda client: client.list_resource_templates()).resource_templates
    assert [one.uri_template for one in templates] == ["waypost://documents/{id}"]
    with pytest.raises(MCPError, match="begin without one"):
        talk(mcp(home.outsider), lambda client: client.list_resources(cursor="nonsense"))


# -- who may see what -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_over_http_what_is_hidden_is_nowhere(home: Home, mode: str) -> None:
    _compare(home, mcp(home.member), mcp(home.outsider), mode)


@pytest.mark.timeout(300)  # each process imports for some seconds, on a busy machine for longer
def test_on_stdio_what_is_hidden_is_nowhere(home: Home) -> None:
    _compare(home, stdio(home, "payments"), stdio(home, ""), "legacy")


def _compare(home: Home, member: Any, outsider: Any, mode: str) -> None:
    """The member sees what is hidden by every way; the outsider by none, beside the words they asked with."""
    echoes = {
        "terraform_lookup": ("aws_db_instance.zanzibar",),
        "fetch": home.hidden_ids(),
        "read": home.hidden_ids(),
    }
    full = talk(member, lambda client: everything(client, home), mode)
    seen = talk(outsider, lambda client: everything(client, home), mode)
    for way, found in full.items():
        assert WORD in asked_words({"": found}) or way.endswith("ask"), way
    assert set(seen) == set(full)
    for way, found in seen.items():
        said = asked_words({"": found})
        for name, words in echoes.items():
            for word in words if name in way else ():
                said = said.replace(word.lower(), "")
        assert WORD not in said, (way, said)
        assert "04:10" not in said
        for id_ in home.hidden_ids():
            assert id_ not in said, way


def test_hidden_and_missing_look_the_same(home: Home) -> None:
    for id_ in home.hidden_ids():
        missing = "0" * len(id_)
        for tool, arguments in (("fetch", {"id": "ID"}), ("fetch", {"id": "ID", "start_line": 999})):
            texts = {
                refused(mcp(home.outsider), tool, {**arguments, "id": one}).replace(one, "ID") for one in (id_, missing)
            }
            assert texts == {"no document ID"}
        errors = set()
        for one in (id_, missing):
            with pytest.raises(MCPError) as caught:
                talk(mcp(home.outsider), lambda client, one=one: client.read_resource(f"waypost://documents/{one}"))
            errors.add((caught.value.code, caught.value.message.replace(one, "ID"), str(caught.value.data)))
        assert len(errors) == 1
    for name in (VAULT, "nope"):
        said = refused(mcp(home.outsider), "search", {"query": "x", "sources": [name]})
        assert said == f"there is no source {name!r}; list_sources tells which there are"


def test_the_caller_is_found_anew_for_each_request(home: Home) -> None:
    """As when a key is revoked between two requests of one client: the gate's finding of now holds, not that of the handshake."""

    class Changing:
        def __init__(self, app: Any) -> None:
            self.app = app
            self.viewer = Viewer.of(["payments"])

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                scope.setdefault("state", {})["caller"] = Caller(viewer=self.viewer)
            await self.app(scope, receive, send)

    app = make_app(home.settings, home.owner.reader())
    gate = Changing(app.router)
    app.router = gate  # type: ignore[assignment]

    async def work(client: Client) -> list[int]:
        counts = []
        for groups in (["payments"], [], ["payments"]):
            gate.viewer = Viewer.of(groups)
            counts.append(len((await client.list_resources()).resources))
        return counts

    with serving(app) as base:
        assert talk(mcp(base), work) == [len(OPEN) + len(HIDDEN) + len(SECRET), len(OPEN), 8]


def test_a_caller_without_the_scope_is_refused(home: Home) -> None:
    for scopes, fine in (({READ}, {"search", "list_sources"}), ({ASK}, {"ask"}), (set(), set()), (SCOPES, set(TABLE))):
        caller = Caller(name="ci", scopes=frozenset(scopes))
        server = make_server(home.settings, home.owner.reader(), caller)
        arguments: dict[str, dict[str, Any]] = {
            "search": {"query": "lock"},
            "ask": {"question": QUESTION},
            "list_sources": {},
        }
        for tool, given in arguments.items():
            result = call(server, tool, given)
            assert result.is_error == (tool not in fine)
            if result.is_error:
                assert f"it needs the scope {TABLE[tool].scope!r}" in text_of(result)
        if READ not in scopes:
            for work in (
                lambda client: client.list_resources(),
                lambda client: client.list_prompts(),
                lambda client: client.read_resource(f"waypost://documents/{home.id_of('unlock.md')}"),
            ):
                with pytest.raises(MCPError, match="it needs the scope 'read'"):
                    talk(server, work)


# -- what is wrong on purpose -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("search", {}, "query: Field required"),
        ("search", {"query": ""}, "at least 1 character"),
        ("search", {"query": "   "}, "the question is empty"),
        ("search", {"query": "x" * 4001}, "at most 4000 characters"),
        ("search", {"qeury": "x"}, "there is no argument 'qeury'; did you mean query?"),
        ("search", {"query": "x", "limit": 0}, "greater than or equal to 1"),
        ("search", {"query": "x", "limit": 10**30}, "limit"),
        ("search", {"query": "x", "kinds": ["poem"]}, "there is no kind 'poem'"),
        ("search", {"query": ["x"]}, "query: Input should be a valid string"),
        ("fetch", {"id": "../../etc/passwd"}, "no document"),
        ("fetch", {"id": "x" * 201}, "at most 200 characters"),
        ("fetch", {"id": "a\0b"}, "no document"),
        ("ask", {"question": "x", "persona": "../../secret.md"}, "persona: String should match"),
        ("ask", {"question": "x", "thread": "nope"}, "there is no thread"),
        ("terraform_lookup", {"address": "aws_vpc.main", "want": "state"}, "want: Input should be 'definition'"),
        ("runbook_for_alert", {"name": "x", "labels": {"a": 1}}, "labels.a"),
        ("runbook_for_alert", {"name": "x", "labels": {str(n): "" for n in range(61)}}, "at most 60 items"),
        ("list_sources", {"all": True}, "there is no argument 'all'"),
    ],
)
def test_wrong_arguments_are_told_what_to_do(home: Home, tool: str, arguments: dict[str, Any], said: str) -> None:
    assert said in refused(mcp(home.outsider), tool, arguments)


def test_null_is_as_good_as_nothing(home: Home) -> None:
    found = told(call(mcp(home.outsider), "search", {"query": "lock", "sources": None, "limit": None}))
    assert found["results"]


def test_a_tool_that_is_not_there(home: Home) -> None:
    with pytest.raises(MCPError, match="there is no tool 'serach'; did you mean search"):
        call(mcp(home.outsider), "serach", {"query": "x"})


def test_an_error_of_ours_tells_nothing_of_itself(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("zanzibar at 10.0.0.1")

    server = make_server(home.settings, home.owner.reader(), Caller())
    before = TABLE["search"]
    TABLE["search"] = replace(before, run=broken)
    try:
        said = refused(server, "search", {"query": "x"})
    finally:
        TABLE["search"] = before
    assert said.startswith("search failed: an error of Waypost's")
    assert "zanzibar at 10.0.0.1" in caplog.text


HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


def post(base: str, **options: Any) -> httpx.Response:
    return httpx.post(mcp(base), headers={**HEADERS, **options.pop("headers", {})}, timeout=60, **options)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example"}, 400),
        ({"Host": "127.0.0.1.evil.example"}, 400),
        ({"Origin": "http://localhost:6274"}, 403),  # another program's page, without a token
        ({"Origin": "http://localhost:6274", "Authorization": "Bearer KEY"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Origin": "http://[::1]:80", "Authorization": "Bearer KEY"}, 200),
        ({"Origin": ""}, 403),
    ],
)
def test_pages_of_other_origins_are_refused(home: Home, headers: dict[str, str], status: int) -> None:
    if "Authorization" in headers:
        headers = {**headers, **admitted(home.settings, name=headers["Origin"].replace("[", "").replace("]", ""))}
    assert post(home.outsider, json=LIST, headers=headers).status_code == status


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS", "HEAD"])
def test_there_are_no_sessions_to_open_or_end(home: Home, method: str) -> None:
    reply = httpx.request(method, mcp(home.outsider), headers=HEADERS)
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    assert "mcp-session-id" not in post(home.outsider, json=LIST).headers


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b'"' + b"x" * LARGEST + b'"', 413),
        (b"[" * 100_000, 400),
        (json.dumps({**LIST, "params": {"name": "search", "arguments": {"query": "\ud800"}}}).encode(), 400),
    ],
)  # fmt: skip
def test_bodies_that_are_no_message_are_refused(home: Home, content: bytes, status: int) -> None:
    assert post(home.outsider, content=content).status_code == status
    assert post(home.outsider, json=LIST).status_code == 200


def test_slow_work_holds_up_nobody(home: Home) -> None:
    """While a tool works, others are answered: its work is not done on the event loop."""
    release = threading.Event()
    before = TABLE["list_sources"]

    def slow(asking: Any, arguments: Any) -> Any:
        release.wait(20)
        return before.run(asking, arguments)

    async def run() -> list[str]:
        order: list[str] = []
        async with Client(mcp(home.outsider), mode="legacy") as client:

            async def wait() -> None:
                await client.call_tool("list_sources", {})
                order.append("slow")

            async with anyio.create_task_group() as group:
                group.start_soon(wait)
                await anyio.sleep(0.2)
                await client.call_tool("search", {"query": "lock"})
                order.append("fast")
                release.set()
        return order

    TABLE["list_sources"] = replace(before, run=slow)
    try:
        assert anyio.run(run) == ["fast", "slow"]
    finally:
        TABLE["list_sources"] = before


# -- stdio ------------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(300)
def test_stdio_beside_the_owner(home: Home) -> None:
    async def work(client: Client) -> None:
        assert client.server_info
        assert client.server_info.name == "waypost"
        assert {tool.name for tool in (await client.list_tools()).tools} == set(TABLE)
        result = await client.call_tool("ask", {"question": QUESTION})
        assert not result.is_error
        assert result.structured_content["citations"][0]["path"] == "unlock.md"
        wrong = await client.call_tool("search", {"query": ""})
        assert wrong.is_error

    talk(stdio(home, ""), work)


INITIALIZE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}  # fmt: skip


@pytest.mark.timeout(300)
def test_on_stdout_is_nothing_but_the_protocol(home: Home) -> None:
    parameters = stdio(home, "")
    messages = [
        INITIALIZE,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {**LIST, "id": 2, "method": "tools/call", "params": {"name": "search", "arguments": {"query": "lock"}}},
    ]
    with subprocess.Popen(
        [parameters.command, *parameters.args, "--config", "/nowhere.yaml"], env=parameters.env, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout
        process.stdin.write("".join(json.dumps(message) + "\n" for message in messages) + "not json\n")
        process.stdin.flush()
        lines = [process.stdout.readline(), process.stdout.readline()]
        rest, errors = process.communicate(timeout=200)
    assert {json.loads(line).get("id") for line in [*lines, *rest.splitlines()]} >= {1, 2}
    assert "there is no /nowhere.yaml" in " ".join(errors.split())
    assert process.returncode == 0


@pytest.mark.timeout(300)
def test_stdio_ends_by_interrupt_while_it_waits(home: Home) -> None:
    parameters = stdio(home, "")
    with subprocess.Popen(
        [parameters.command, *parameters.args], env=parameters.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(INITIALIZE) + "\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == -signal.SIGINT


@pytest.mark.timeout(300)
def test_stdio_without_anything_synced_says_what_to_do(home: Home, tmp_path: Path) -> None:
    parameters = stdio(home, "")
    done = subprocess.run(
        [parameters.command, *parameters.args], env={**(parameters.env or {}), "WAYPOST_HOME": str(tmp_path / "none")},
        input="", capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "waypost sync" in done.stderr
