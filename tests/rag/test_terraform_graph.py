"""Graphs of Terraform: a module folder's, and what is around an address, also across calls of local modules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.errors import NotFoundError, SettingsError
from rag.records import Viewer
from rag.terraform.graph import TerraformGraphs
from rag.terraform.lookup import TerraformLookup
from rag.terraform.records import Graph
from tests.conftest import configure
from tests.infra import sources
from tests.rag.conftest import LookUp

PROD, NET = "env/prod", "modules/net"


@pytest.fixture
def graphs(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> Callable[..., TerraformGraphs]:
    """Graphs for the members of these groups; the source `hidden` is for sre alone."""
    configure(settings, *sources(tmp_path / "infra"))
    sync()
    return lambda *groups: TerraformGraphs(TerraformLookup(owner.catalog, Viewer.of(["everyone", *groups])))


def links(graph: Graph) -> set[tuple[str, str]]:
    """(used, user) by address."""
    names = {node.id: node.address for node in graph.nodes}
    return {(names[edge.used], names[edge.user]) for edge in graph.edges}


def addresses(graph: Graph) -> set[str]:
    return {node.address for node in graph.nodes}


def test_a_module_folder(graphs: Callable[..., TerraformGraphs]) -> None:
    graph = graphs().find(folder=NET)
    assert links(graph) == {
        ("var.cidr", "aws_vpc.this"), ("var.zones", "aws_vpc.this"), ("aws_vpc.this", "local.vpc"),
        ("local.vpc", "aws_subnet.a"), ("var.zones", "aws_subnet.a"), ("aws_subnet.a", "output.subnet_id"),
        ("aws_vpc.this", "output.vpc_id"),
    }  # fmt: skip
    assert (len(graph.nodes), graph.left_out, graph.centre) == (7, 0, "")
    (subnet,) = [node for node in graph.nodes if node.address == "aws_subnet.a"]
    assert (subnet.kind, subnet.path, subnet.line, subnet.repeats) == (
        "resource", "modules/net/main.tf", 8, ("count", "dynamic tag"),
    )  # fmt: skip
    assert all(edge.user != edge.used for edge in graph.edges)
    assert [node.path for node in graph.nodes if node.address == "aws_vpc.this"] == ["modules/net/main.tf"]


def test_an_edge_tells_every_attribute(graphs: Callable[..., TerraformGraphs]) -> None:
    graph = graphs().find(folder=NET)
    ids = {node.address: node.id for node in graph.nodes}
    (edge,) = [e for e in graph.edges if (e.used, e.user) == (ids["var.zones"], ids["aws_subnet.a"])]
    assert edge.attributes == ("zones", "dynamic.tag.for_each")


def test_a_large_module_goes_without_variables_and_locals_and_says_so(graphs: Callable[..., TerraformGraphs]) -> None:
    graph = graphs().find(folder=NET, most=6)
    assert links(graph) == {
        ("aws_vpc.this", "aws_subnet.a"), ("aws_subnet.a", "output.subnet_id"), ("aws_vpc.this", "output.vpc_id"),
    }  # fmt: skip
    assert (len(graph.nodes), graph.left_out) == (4, 3)
    fewer = graphs().find(folder=NET, most=1)
    assert (addresses(fewer), fewer.left_out, fewer.edges) == ({"aws_vpc.this"}, 6, ())


def test_an_argument_leads_into_its_variable_alone(graphs: Callable[..., TerraformGraphs]) -> None:
    graph = graphs().find("local.range", depth=3)
    assert links(graph) == {
        ("local.range", "module.net"), ("module.net", "var.cidr"), ("var.cidr", "aws_vpc.this"),
    }  # fmt: skip
    assert [node.address for node in graph.nodes if node.id == graph.centre] == ["local.range"]
    assert addresses(graphs().find("local.range", depth=1)) == {"local.range", "module.net"}
    assert addresses(graphs().find("local.range", depth=0)) == {"local.range"}


def test_what_a_variable_rests_on_is_its_argument_alone(graphs: Callable[..., TerraformGraphs]) -> None:
    graph = graphs().find("var.zones", depth=2)
    assert addresses(graph) == {
        "var.zones", "module.net", "aws_subnet.a", "aws_vpc.this", "output.subnet_id", "output.vpc_id", "local.vpc",
    }  # fmt: skip
    assert {node.folder for node in graph.nodes} == {PROD, NET}


def test_an_output_leads_to_its_users_and_a_foreign_module_on(graphs: Callable[..., TerraformGraphs]) -> None:
    graph = graphs().find("aws_subnet.a", depth=4)
    assert {("output.subnet_id", "module.db"), ("module.db", "output.endpoint")} <= links(graph)
    assert "aws_route.out" not in addresses(graph)
    upwards = graphs().find("output.endpoint", depth=3)
    assert {("module.db", "output.endpoint"), ("output.subnet_id", "module.db")} <= links(upwards)


def test_around_a_call_stand_its_variables_and_the_users_of_its_outputs(graphs: Callable[..., TerraformGraphs]) -> None:
    graph = graphs().find("module.net", folder=PROD)
    assert links(graph) == {
        ("local.range", "module.net"), ("module.net", "var.cidr"), ("module.net", "var.zones"),
        ("module.net", "module.db"), ("module.net", "aws_route.out"),
    }  # fmt: skip
    inner = graphs().find("module.net.aws_vpc.this", folder=PROD)
    assert {("var.cidr", "aws_vpc.this"), ("aws_vpc.this", "output.vpc_id")} <= links(inner)


def test_the_nearest_are_kept(graphs: Callable[..., TerraformGraphs]) -> None:
    graph = graphs().find("local.range", depth=3, most=2)
    assert (addresses(graph), graph.left_out) == ({"local.range", "module.net"}, 2)


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"address": "aws_vpc.thin"}, NotFoundError, "nothing here defines aws_vpc.thin"),
        ({"address": "aws_vpcs.this"}, NotFoundError, "of that name there is: aws_vpc.this"),
        ({"address": "module.net"}, SettingsError, "2 module folders; say which.*infra/env/prod, infra/env/test"),
        ({"address": "terraform", "folder": PROD}, SettingsError, "graphs don't show terraform; they show: resource"),
        ({}, SettingsError, "there is Terraform in 4 module folders; say which"),
        ({"folder": "module/net"}, NotFoundError, "no Terraform in module/net; there is some in modules/net"),
        ({"folder": "net"}, NotFoundError, "there is some in modules/net"),
        ({"source": "none"}, NotFoundError, "there is no Terraform in none"),
    ],
)
def test_wrong_questions_are_told_what_there_is(
    graphs: Callable[..., TerraformGraphs], asked: dict[str, str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as raised:
        graphs().find(**asked)
    assert type(raised.value) is error


@pytest.mark.parametrize("folder", ["modules/net/", "/modules/net", "./modules/net"])
def test_a_folder_may_be_written_in_several_ways(graphs: Callable[..., TerraformGraphs], folder: str) -> None:
    assert len(graphs().find(folder=folder).nodes) == 7


def test_what_a_viewer_may_not_read_is_in_no_graph(graphs: Callable[..., TerraformGraphs]) -> None:
    for asked, said in (
        ({"address": "aws_vpc.hidden"}, "nothing here defines aws_vpc.hidden"),
        ({"folder": "secret"}, "there is no Terraform in secret"),
        (
            {"folder": PROD, "source": "hidden"},
            "there is no Terraform in hidden/env/prod; there is some in env/prod, env/test",
        ),
    ):
        with pytest.raises(NotFoundError) as raised:
            graphs().find(**asked)
        assert str(raised.value) == said
        assert graphs("sre").find(**asked).nodes
    asked = {"address": "output.subnet_id", "source": "hidden", "depth": 1}
    assert "aws_peer.p" in addresses(graphs("sre").find(**asked))


def test_checks_rest_on_what_they_assert_and_moves_are_not_drawn(look_up: LookUp) -> None:
    text = (
        'resource "a" "new" {}\nmoved {\n  from = a.old\n  to   = a.new\n}\nimport {\n  id = "x"\n  to = a.new\n}\n'
        "removed {\n  from = a.gone\n}\n"
        'check "up" {\n  assert {\n    condition     = a.new.id != ""\n    error_message = "down"\n  }\n}\n'
    )
    graphs = TerraformGraphs(look_up({"main.tf": text}))
    for graph in (graphs.find(), graphs.find("a.new"), graphs.find("check.up")):
        assert addresses(graph) == {"a.new", "check.up"}
        assert links(graph) == {("a.new", "check.up")}
    with pytest.raises(SettingsError, match="graphs don't show moved; they show: resource"):
        graphs.find("moved")
