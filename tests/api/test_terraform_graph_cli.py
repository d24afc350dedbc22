"""`waypost terraform graph`, as a person at the terminal meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.conftest import Run, loaded
from tests.conftest import write
from tests.infra import INFRA


@pytest.fixture
def drawn(run: Run, tmp_path: Path) -> Run:
    """`waypost terraform …` over the small organisation."""
    write(tmp_path / "infra", INFRA)
    assert run("init", "infra")[0] == 0
    assert run("sync")[0] == 0
    return lambda *arguments: run("terraform", *arguments)


def test_an_address_is_drawn_as_mermaid_on_stdout(drawn: Run) -> None:
    code, text, _ = drawn("graph", "local.range", "--depth", "2")
    assert code == 0
    assert '    n0("local.range"):::local' in text
    assert '"infra/modules/net"' in text
    assert "aws_vpc" not in text


def test_a_folder_is_drawn_into_a_file(drawn: Run, tmp_path: Path) -> None:
    code, text, said = drawn("graph", "--folder", "modules/net", "--format", "svg", "--out", "net.svg", "--most", "2")
    assert (code, text) == (0, "")
    assert "5 more are not drawn; --most N draws more" in said
    assert "2 nodes drawn into net.svg" in said
    assert (tmp_path / "net.svg").read_text().startswith("<svg ")
    graph = loaded(drawn("graph", "--folder", "modules/net", "--out", "net.mmd", "--json"))
    assert (len(graph["nodes"]), graph["left_out"], graph["centre"]) == (7, 0, "")
    assert (tmp_path / "net.mmd").read_text().startswith("flowchart LR")


def test_the_only_folder_needs_no_name(synced: Run) -> None:
    assert 'n0["aws_vpc.main"]' in synced("terraform", "graph")[1]
    assert 'n0["aws_vpc.main"]' in synced("terraform", "graph", "--source", "wiki", "--folder", "")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "5 module folders; say which, by source and folder: infra/env/prod"),
        (("module.net",), "3 module folders"),
        (("aws_vpcs.this",), "of that name there is: aws_vpc.this"),
        (("var.cidr", "--depth", "-1"), "--depth"),
        (("var.cidr", "--most", "0"), "--most"),
        (("var.cidr", "--format", "png"), "--format"),
        (("var.cidr", "--out", "none/x.svg"), "none/x.svg can't be written"),
        (("--source", "none"), "there is no Terraform in none"),
    ],
)
def test_wrong_usage(drawn: Run, arguments: tuple[str, ...], said: str) -> None:
    code, text, error = drawn("graph", *arguments)
    assert (code, text) == (2, "")
    assert said in error
