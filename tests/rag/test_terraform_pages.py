"""Pages of symbols and providers, cut by the catalog's query."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.catalog.symbols import Place
from rag.records import Viewer
from rag.terraform.lookup import TerraformLookup
from rag.terraform.pages import START, page_of, symbols_page
from rag.terraform.providers import Provider, find_providers
from tests.conftest import configure
from tests.infra import sources


@pytest.fixture
def lookup(owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path) -> TerraformLookup:
    configure(settings, *sources(tmp_path / "infra"))
    sync()
    return TerraformLookup(owner.catalog, Viewer())


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_of_symbols_are_the_list(lookup: TerraformLookup, limit: int) -> None:
    whole = lookup.symbols()
    found, behind = [], START
    while True:
        page = symbols_page(lookup, limit, behind)
        assert 0 < len(page.items) <= limit
        found += page.items
        if page.onward is None:
            break
        behind = page.onward
    assert [one.id for one in found] == [one.id for one in whole]
    assert lookup.count() == len(whole) == len({one.id for one in whole})


def test_what_is_wanted_holds_on_every_page_and_in_the_count(lookup: TerraformLookup) -> None:
    for wanted, addresses in (
        ({"kind": "resource", "folder": "modules/net"}, ["aws_vpc.this", "aws_vpc.this", "aws_subnet.a"]),
        ({"prefix": "aws_"}, ["aws_route.out", "aws_vpc.this", "aws_vpc.this", "aws_subnet.a"]),
        ({"prefix": "AWS_"}, []),
        ({"prefix": "%"}, []),
        ({"name": "net", "source": "infra"}, ["module.net", "module.net"]),
        ({"source": "hidden"}, []),
    ):
        page = symbols_page(lookup, 100, START, **wanted)
        assert [one.symbol.address for one in page.items] == addresses
        assert lookup.count(**wanted) == len(addresses)


def test_a_page_is_whole_though_files_come_and_go(
    lookup: TerraformLookup, sync: Callable[..., SyncReport], owner: Owner, tmp_path: Path
) -> None:
    first = symbols_page(lookup, 3, START, kind="output")
    assert first.onward is None
    page = symbols_page(lookup, 1, START, kind="output")
    (tmp_path / "infra/env/prod/main.tf").unlink()
    sync()
    assert page.onward is not None
    rest = symbols_page(TerraformLookup(owner.catalog, Viewer()), 5, page.onward, kind="output")
    assert [one.id for one in rest.items] == [one.id for one in first.items[1:]]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_of_a_list_are_the_list(lookup: TerraformLookup, limit: int) -> None:
    whole = find_providers(lookup)
    found: list[Provider] = []
    behind: Place | None = START
    while behind is not None:
        page = page_of(whole, limit, behind)
        assert 0 < len(page.items) <= limit
        found, behind = [*found, *page.items], page.onward
    assert found == whole
    assert [(one.folder, one.name, one.constraint) for one in found] == [
        ("env/prod", "aws", "~> 5.0"), ("env/prod", "random", "3.1"), ("env/test", "aws", "~> 4.0"),
    ]  # fmt: skip


def test_references_of_a_folder_are_the_viewers(lookup: TerraformLookup, owner: Owner) -> None:
    assert lookup.references_in("hidden", "secret") == []
    sre = TerraformLookup(owner.catalog, Viewer.of(["sre"]))
    assert [(one.target, one.line) for one in sre.references_in("hidden", "secret")] == [("module.net.subnet_id", 7)]
