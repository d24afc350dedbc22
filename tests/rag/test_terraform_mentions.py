"""Documents meet code: by address and by the names that code gives, both ways, and for each viewer what that one may see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.records import Viewer
from rag.terraform.lookup import TerraformLookup
from tests.conftest import configure, write

CODE = {
    "main.tf": 'resource "aws_s3_bucket" "labels" {\n  bucket = "tb-labels"\n}\nresource "aws_vpc" "main" {\n'
    '  cidr_block = "10.20.0.0/16"\n  tags = {\n    a = "everybody-says"\n  }\n}\nvariable "region" {}\n'
    'module "queue" {\n  source = "./queue"\n}\n',
    "queue/main.tf": "".join(f'resource "aws_sqs_queue" "q{n}" {{\n  name = "same-name"\n}}\n' for n in range(9)),
}
PAGES = {
    "labels.md": "# Labels\n\nThey lie in `tb-labels`.\nSee aws_s3_bucket.labels.arn and the `tb-labels-old` bucket.\n",
    "net.md": "Our range is 10.20.0.0/16 (10.20.0.0/160 is none), of var.region; same-name, everybody-says.\nmodule.queue.url\n",
}


@pytest.fixture
def lookup(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> Callable[..., TerraformLookup]:
    configure(
        settings,
        {"name": "infra", "type": "folder", "path": str(write(tmp_path / "infra", CODE))},
        {"name": "wiki", "type": "folder", "path": str(write(tmp_path / "wiki", PAGES)), "audience": ["ops"]},
    )
    sync()
    return lambda *groups: TerraformLookup(owner.catalog, Viewer.of(groups))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("aws_s3_bucket.labels", [("labels.md", 3, "tb-labels"), ("labels.md", 4, "aws_s3_bucket.labels")]),
        ("aws_vpc.main", [("net.md", 1, "10.20.0.0/16")]),
        ("module.queue", [("net.md", 2, "module.queue")]),
        ("var.region", []),
        ("aws_sqs_queue.q1", []),
    ],
)
def test_pages_that_mention_a_symbol(
    lookup: Callable[..., TerraformLookup], address: str, expected: list[tuple[str, int, str]]
) -> None:
    found = lookup("ops")
    (symbol,) = found.define(address)
    assert [(m.document.path, m.line, m.name) for m in found.mentions(symbol)] == expected
    assert lookup().mentions(symbol) == []


def test_symbols_that_a_page_mentions(lookup: Callable[..., TerraformLookup], owner: Owner) -> None:
    page = owner.catalog.document_at("wiki", "net.md")
    assert page is not None
    found = [(m.line, m.name, m.symbol.symbol.address) for m in lookup("ops").mentioned_in(page)]
    assert found == [(1, "10.20.0.0/16", "aws_vpc.main"), (2, "module.queue", "module.queue")]
