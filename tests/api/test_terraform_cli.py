"""`waypost terraform` lists, as a person at the terminal meets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.conftest import Run
from tests.conftest import write
from tests.infra import INFRA


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("providers", "--folder", "env/prod"),
            [
                "constraint ~> 5.0  infra/env/prod/versions.tf:3",
                "   locked 5.31.0 by infra/env/prod/.terraform.lock.hcl:1",
            ],
        ),
        (
            ("settings", "--folder", "env/prod"),
            [
                "infra/env/prod",
                "   required_version >= 1.5  infra/env/prod/backend.tf:2",
                '   backend s3  infra/env/prod/backend.tf:4  bucket = "state"',
            ],
        ),
        (("settings", "--folder", "env/test"), ["   backend local  infra/env/test/backend.tf:2"]),
        (("settings", "--source", "none"), ["0 found"]),
        (
            ("environments",),
            ["prod  infra", "   folder env/prod", "live  infra", "   tfvars env/test/live.tfvars", "3 found"],
        ),
    ],
)
def test_lists_for_people(run: Run, tmp_path: Path, arguments: tuple[str, ...], told: list[str]) -> None:
    write(tmp_path / "infra", {**INFRA, "env/test/.terraform.lock.hcl": INFRA["env/prod/.terraform.lock.hcl"]})
    assert run("init", "infra")[0] == 0
    assert run("sync")[0] == 0
    code, text, _ = run("terraform", *arguments)
    assert code == 0
    assert [line for line in told if line not in text] == []


def test_what_a_lock_file_alone_names_takes_one_line(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "infra", {".terraform.lock.hcl": INFRA["env/prod/.terraform.lock.hcl"]})
    assert run("init", "infra")[0] == 0
    assert run("sync")[0] == 0
    first, last = run("terraform", "providers")[1].splitlines()
    assert first.endswith("constraint none; locked 5.31.0  infra/.terraform.lock.hcl:1")
    assert last == "1 found"
