"""Stacks that look alike: the one asked for first, the others not in the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.answers.evidence import assemble
from rag.records import Viewer
from tests.conftest import configure, write

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "prod", "staging", "dev", "sandbox")
CALL = (
    'module "ledger" {\n  source         = "../../modules/db"\n  name           = "ledger-%s"\n'
    '  instance_class = "db.r6g.%dxlarge"\n}\n'
)
FILES = {
    **{f"envs/{name}/main.tf": CALL % (name, 2 * (at + 1)) for at, name in enumerate(NAMES)},
    "modules/db/main.tf": 'variable "name" {}\n\nvariable "instance_class" {}\n\nresource "aws_db_instance" "this" {\n'
    "  identifier     = var.name\n  instance_class = var.instance_class\n}\n",
    "docs/ledger.md": "# Ledger\n\nThe ledger database keeps what customers owe. Its instance class differs by environment.\n",
    "docs/other.md": "# Other\n\nNothing of the kind.\n",
}


@pytest.fixture
def stacks(owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path) -> Owner:
    configure(settings, {"name": "infra", "type": "folder", "path": str(write(tmp_path / "infra", FILES))})
    sync()
    return owner


def paths(owner: Owner, question: str) -> list[str]:
    return [row.document.path for row in owner.reader().retriever.search(question, Viewer(), 10).passages]


@pytest.mark.parametrize(
    ("question", "stack"),
    [
        ("which instance class has the ledger in delta?", "delta"),
        ("ledger instance class in production", "prod"),
        ("module ledger instance_class stg", "staging"),
    ],
)
def test_the_stack_that_is_named_comes_first_of_its_like(stacks: Owner, question: str, stack: str) -> None:
    found = [path for path in paths(stacks, question) if path.startswith("envs/")]
    assert found[0] == f"envs/{stack}/main.tf"


def test_stacks_that_look_alike_do_not_fill_the_results(stacks: Owner) -> None:
    found = paths(stacks, "ledger-x module source modules db")
    assert "modules/db/main.tf" in found[:4]
    assert len(found) == len(set(found)) == 10  # the others stand behind, and are not lost


def test_the_value_of_the_stack_asked_for_comes_along(stacks: Owner) -> None:
    reader = stacks.reader()
    found = reader.retriever.search("aws_db_instance this", Viewer(), 1)
    evidence = assemble(
        "which instance class has the ledger in delta?", found, stacks.catalog, Viewer(), reader.terraform(Viewer())
    )
    assert [one.document.path for one in evidence if one.why == ("value",)] == ["envs/delta/main.tf"]
