"""Drift: what documents state otherwise than code, what they name that went, and what is no disagreement."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from api.compose import departures_from
from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.drift import REPORTED, Drift, facts_for, find_drift
from rag.drift.typed import agrees, values_in
from rag.records import Viewer
from tests.conftest import commit, configure, git, write

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
CODE = {
    "terraform/prod/main.tf": 'locals {\n  counts = {\n    live = "85"\n    test = "3"\n  }\n  groups = {\n    general = {\n'
    '      min_size = 2\n      max_size = 9\n      instance_types = ["m7i.large"]\n    }\n  }\n'
    '  cluster_version = {\n    live = "1.34"\n  }\n}\nresource "aws_s3_bucket_lifecycle_configuration" "audit-logs" {\n'
    "  expiration_days = 400\n}\n",
    "terraform/old/main.tf": 'module "kops" {\n  source = "x"\n}\nresource "aws_iam_role" "dlm" {}\n',
    "README.md": "The code.\n",
}


@pytest.fixture
def drift(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> Callable[[str], list[Drift]]:
    repository = tmp_path / "infra"
    commit(repository, CODE)
    git(repository, "rm", "-q", "-r", "terraform/old")
    commit(repository, {}, "the old cluster is gone", date="2026-04-01T12:00:00Z")

    def run(page: str, path: str = "page.md", url: str = "https://git.example.org/team/infra") -> list[Drift]:
        configure(
            settings,
            {"name": "code", "type": "git", "path": str(repository), **({"web_url": url} if url else {})},
            {"name": "wiki", "type": "folder", "path": str(write(tmp_path / "wiki", {path: page}))},
        )
        sync()
        catalog = owner.catalog
        went = departures_from(settings, catalog)
        found = find_drift(catalog, Viewer(), facts_for(catalog, Viewer()), went=went)
        return [one for one in found if one.confidence >= REPORTED]

    return run


@pytest.mark.parametrize(
    ("page", "stated", "actual"),
    [
        ('# Counts\n\n```\ncounts = {\n  live = "64"\n  test = "3"\n}\n```\n', "64", "85"),
        ("| Group | Instance types |\n|---|---|\n| `general` | m5.large |\n", "m5.large", "m7i.large"),
        ("The group `general` has nodes of m5.large.\n", "m5.large", "m7i.large"),
        ("Production has `general` with 2 to 6 nodes.\n", "2 to 6 nodes", "9"),
        ("The bucket `tb-audit-logs` keeps it all. Logs are kept for **90 days**.\n", "90 days", "400"),
        ("Our current Kubernetes version is 1.31.\n", "1.31", "1.34"),
        ("Set counts to the same as live: `node_counts` is not it.\n", "", ""),
    ],
)
def test_a_value_that_code_contradicts(
    drift: Callable[[str], list[Drift]], page: str, stated: str, actual: str
) -> None:
    found = [(one.kind, one.stated, one.actual) for one in drift(page)]
    assert found == ([("value", stated, actual)] if stated else [])


@pytest.mark.parametrize(
    "page",
    [
        '```\ncounts = {\n  live = "85"\n}\n```\n',
        '```\nmodule "mine" {\n  tags = {\n    live = "1"\n  }\n}\n```\n',
        '```\nmodule "mine" {\n  counts = {\n    live = "1"\n  }\n}\n```\n',
        "The group `general` had nodes of m5.large.\n",
        "The group `special` has nodes of m5.large.\n",
        "Use `general`, for example, with m5.large.\n",
        "The bucket `tb-audit-logs` is kept for 400 days.\n",
        "The bucket `tb-audit-logs` is far. Logs of `payments` are kept for 7 days.\n",
        "Kubernetes 1.31 was the first with that; our current cluster version is 1.34.2.\n",
        "See `terraform/prod/main.tf` and https://git.example.org/team/infra/blob/main/terraform/prod/main.tf.\n",
        "Ours was in other/old/place once, and module.nowhere never was.\n",
        '```\nmodule "kops" {\n}\n```\nThen look at module.kops.\n',
    ],
)
def test_what_is_no_disagreement(drift: Callable[[str], list[Drift]], page: str) -> None:
    assert drift(page) == []


def test_a_report_names_the_attribute_that_was_compared(drift: Callable[[str], list[Drift]]) -> None:
    (found,) = drift("The group `general` has nodes of m5.large.\n")
    assert found.about == "general.instance_types"


def test_pages_about_the_past_are_left_alone(drift: Callable[..., list[Drift]]) -> None:
    assert drift("Our current Kubernetes version is 1.31.\n", "incidents/one.md") == []


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("See [it](https://git.example.org/team/infra/blob/main/terraform/old/main.tf).\n", "terraform/old/main.tf"),
        ("Go to `terraform/old` and apply.\n", "terraform/old"),
        ("Run with -target=module.kops now.\n", "module.kops"),
        ("The role is aws_iam_role.dlm there.\n", "aws_iam_role.dlm"),
    ],
)
def test_what_went_is_told_with_its_commit(drift: Callable[[str], list[Drift]], page: str, name: str) -> None:
    (found,) = drift(page)
    assert (found.kind, found.stated) == ("gone", name)
    assert found.went.startswith("2026-04-01, commit ")
    assert found.document.quote == page.strip()


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("Go to `terraform/old` and apply.\n", ["terraform/old"]),
        ("See [it](https://git.example.org/team/infra/blob/main/terraform/old/main.tf).\n", ["terraform/old/main.tf"]),
        ("See [it](https://git.example.org/team/infra/blob/main/terraform/never/main.tf).\n", []),
        ("See [it](https://git.example.org/team/other/blob/main/terraform/old/main.tf).\n", []),
        ("See [it](https://git.example.org/team/infra/blob/main/terraform/prod/main.tf).\n", []),
    ],
)
def test_a_repository_without_an_address_is_held_against_too(
    drift: Callable[..., list[Drift]], page: str, names: list[str]
) -> None:
    assert [(one.kind, one.stated) for one in drift(page, url="")] == [("gone", name) for name in names]


def test_a_path_that_stands_beside_its_page_is_there(drift: Callable[..., list[Drift]], tmp_path: Path) -> None:
    write(tmp_path / "wiki", {"app/terraform/old/main.tf": "", "app/x.md": ""})
    assert drift("Go to `terraform/old` and apply.\n", "app/docs/page.md") == []
    assert [one.stated for one in drift("Go to `terraform/old` and apply.\n", "elsewhere/page.md")] == ["terraform/old"]


def test_the_sample_shows_every_planted_contradiction_and_no_other(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings
) -> None:
    parts = ("wiki", "runbooks", "monitoring", "terraform")
    configure(settings, *({"name": part, "type": "folder", "path": str(SAMPLE / part)} for part in parts))
    sync()
    found = find_drift(owner.catalog, Viewer(), facts_for(owner.catalog, Viewer()))
    lines = sorted((one.document.path, one.document.line, one.stated, one.actual) for one in found)
    page = "reference/environments.md"
    assert lines == [
        ("architecture/labels.md", 39, "180 days", "400"),
        (page, 16, "1.28", "1.30"),
        (page, 16, "1.28", "1.31"),
        (page, 25, "14 days", "21"),
        (page, 25, "400", "800"),
        (page, 25, "db.r6g.xlarge", "db.r7g.2xlarge"),
        (page, 26, "db.m6g.large", "db.m7g.xlarge"),
        (page, 27, "7 days", "14"),
        (page, 27, "db.r6g.large", "db.r7g.xlarge"),
        (page, 33, "4 to 16 nodes", "6"),
        (page, 33, "m6i.2xlarge", "m7i.2xlarge"),
    ]


def test_code_that_a_viewer_may_not_see_is_not_told(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    write(tmp_path / "infra", {"main.tf": CODE["terraform/prod/main.tf"]})
    write(tmp_path / "wiki", {"page.md": "Our current Kubernetes version is 1.31.\n"})
    configure(
        settings,
        {"name": "infra", "type": "folder", "path": str(tmp_path / "infra"), "audience": ["ops"]},
        {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")},
    )
    sync()
    for viewer, expected in ((Viewer(), 0), (Viewer.of(["ops"]), 1)):
        assert len(find_drift(owner.catalog, viewer, facts_for(owner.catalog, viewer))) == expected


ESTATE = {
    "production/main.tf": 'resource "aws_db_instance" "orders" {\n  engine = "postgres"\n  engine_version = "14.7"\n'
    '  instance_class = "db.r5.xlarge"\n  backup_retention_period = 14\n  multi_az = true\n}\n'
    'resource "aws_instance" "bastion" {\n  instance_type = "t3.small"\n}\n'
    'module "gauges_db" {\n  source = "git::https://git.example.org/rds.git?ref=queue"\n  instance_class = "db.m6g.large"\n}\n'
    'resource "aws_lambda_function" "mailer" {\n  runtime = "python3.11"\n}\n',
    "staging/main.tf": 'resource "aws_db_instance" "orders" {\n  instance_class = "db.t3.medium"\n'
    "  backup_retention_period = 3\n}\n",
    "modules/queue/variables.tf": 'variable "harbour_retention_days" {\n  default = 9\n}\n',
    "shared/main.tf": 'resource "aws_s3_bucket" "invoices" {\n  bucket = "quarry-invoices"\n}\n'
    'resource "aws_s3_bucket_lifecycle_configuration" "these" {\n  bucket = aws_s3_bucket.invoices.id\n  rule {\n'
    '    transition {\n      days = 30\n      storage_class = "GLACIER"\n    }\n    expiration {\n      days = 365\n    }\n'
    "  }\n}\nlocals {\n  flood_archive_retention_days = 60\n}\n",
}


CONTRADICTED = [
    ("# Orders\n\nThe orders database in production runs on `db.r5.2xlarge`.\n", "db.r5.2xlarge / db.r5.xlarge"),
    ("# Orders\n\nIn prod the orders database is a `db.t3.medium`.\n", "db.t3.medium / db.r5.xlarge"),
    ("# Orders\n\nThe database keeps its backups for 7 days.\n", "7 days / 14"),
    ("# The orders database\n\n- Class: `db.r5.4xlarge`\n", "db.r5.4xlarge / db.r5.xlarge"),
    ("# The orders database\n\n- Backups: `7` days\n", "7 days / 14"),
    ("# The orders database\n\n`backup_retention_period` is `5`.\n", "5 / 14"),
    ("# Bastion\n\nThe bastion is a `t2.micro`.\n", "t2.micro / t3.small"),
    ("# Gauges\n\nThe gauges database is a `db.m5.large`.\n", "db.m5.large / db.m6g.large"),
    ("# Mail\n\nThe mailer function runs on `python3.8`.\n", "python3.8 / python3.11"),
    ("# Invoices\n\nFiles in `quarry-invoices` are deleted after 90 days.\n", "90 days / 365"),
    ("# Invoices\n\nThe invoices bucket moves objects to Glacier after 90 days.\n", "90 days / 30"),
    ("# Floods\n\nFlood archive retention is 30 days.\n", "30 days / 60"),
    ("# Orders\n\nThe orders database is on Postgres 13.4, so `MERGE` is not there.\n", "13.4 / 14.7"),
    ("# Orders\n\n`orders` is a single-AZ database in production.\n", "`orders` is a single-AZ database in production / true"),
]  # fmt: skip
INNOCENT = [
    "# Orders\n\nIn prod the orders database is a `db.r5.xlarge`, in stg a `db.t3.medium`.\n",
    "# Orders\n\nThe billing database keeps its backups for 7 days.\n",
    "# Billing\n\nThe database keeps its backups for 7 days.\n",
    "# The orders database\n\n`orders-proxy` is a `db.r5.4xlarge`.\n",
    "# The orders database\n\nIt is not on Postgres 13.4.\n",
    "# Gauges\n\nThe gauges queue is on `db.m5.large`.\n",
    "# Invoices\n\nIn `quarry-invoices` objects go to Glacier after 30 days and are deleted after a year, or 365 days.\n",
    "# Harbour\n\nHarbour retention is 30 days.\n",  # a module's own, until it is told another
    "# Bastion\n\nThe new bastion will be a `t2.micro`.\n",
]


def test_what_pages_say_in_their_own_words_is_held_against_code(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    expected = {**dict(CONTRADICTED), **dict.fromkeys(INNOCENT, "")}
    write(tmp_path / "estate", ESTATE)
    write(tmp_path / "wiki", {f"{number}.md": page for number, page in enumerate(expected)})
    names = ("estate", "wiki")
    configure(settings, *({"name": name, "type": "folder", "path": str(tmp_path / name)} for name in names))
    sync()
    told = dict.fromkeys(expected, "")
    for one in find_drift(owner.catalog, Viewer(), facts_for(owner.catalog, Viewer())):
        if one.confidence >= REPORTED:
            page = list(expected)[int(one.document.path.removesuffix(".md"))]
            told[page] += f"{one.stated} / {one.actual}"
    assert told == expected


@pytest.mark.parametrize(
    ("text", "value", "name", "expected"),
    [
        ("14 days", 14, "backup_retention_days", True),
        ("two weeks", "14d", "delete_transition", True),
        ("one day", 86400, "message_retention_seconds", True),
        ("14 days", 21, "backup_retention_days", False),
        ("14 days", 21, "port", None),
        ("1.30", "~> 1.30.2", "version", True),
        ("1.3", "1.30", "version", False),
        ("10.0.0.0/16", ["10.1.0.0/16", "10.0.0.0/16"], "cidrs", True),
        ("m5.large", "m5.xlarge", "instance_type", False),
        ("400", "800", "max_connections", False),
        ("1 GB", 1024, "memory_size", True),
        ("1 TB", 1000, "allocated_storage", True),
        ("512 MB", 1, "memory_gb", False),
        ("3.11", "python3.11", "runtime", True),
        ("5 minutes", 300, "visibility_timeout_seconds", True),
    ],
)
def test_values_agree_across_units(text: str, value: object, name: str, expected: bool | None) -> None:
    (stated,) = values_in(text)
    assert agrees(stated, value, name) is expected


def test_what_tests_and_examples_set_says_nothing_of_what_runs(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    def found(folder: str, stated: str = "live-net") -> int:
        page = f'# Settings\n\n```hcl\nvpc_config = {{\n  network = "{stated}"\n}}\n```\n'
        code = 'vpc_config = {\n  network = "other"\n}\n'
        shutil.rmtree(tmp_path / "all", ignore_errors=True)
        files = {"docs/page.md": page, f"{folder}/main.tfvars": code}
        configure(settings, {"name": "all", "type": "folder", "path": str(write(tmp_path / "all", files))})
        sync()
        return len(find_drift(owner.catalog, Viewer(), facts_for(owner.catalog, Viewer())))

    trials = {folder: found(folder) for folder in ("tests/a", "modules/a/examples/b", "test/a", "stacks/test")}
    assert trials == {"tests/a": 0, "modules/a/examples/b": 0, "test/a": 0, "stacks/test": 1}
    assert [found("stacks", stated) for stated in ("...", "<network>", "my-net", "XXXXXXX", "net-1")] == [0, 0, 0, 0, 1]


COUNTS = 'locals {\n  node_groups_count = {\n    live    = "85"\n    default = "5"\n  }\n}\n'
ACCOUNTS = {
    "accounts/main/eks/cluster.tf": COUNTS,
    "accounts/trial/eks/cluster.tf": COUNTS.replace("85", "54").replace('"5"', '"3"'),
    "production/main.tf": "locals {\n  backups = {\n    days = 35\n  }\n}\n",
    "staging/main.tf": "locals {\n  backups = {\n    days = 3\n  }\n}\n",
}
COPY = '\n```\nnode_groups_count = {\n  live    = "%s"\n  default = "%s"\n}\n```\n'
DAYS = "\n```\nbackups = {\n  days = %s\n}\n```\n"


@pytest.mark.parametrize(
    ("path", "page", "stated"),
    [
        ("docs/a.md", "# Nodes\n" + COPY % (85, 3), []),  # it speaks of neither account
        ("docs/a.md", "# Nodes\nIn `accounts/main/eks/cluster.tf`:\n" + COPY % (85, 3), ["3"]),
        ("docs/a.md", "# Nodes\nIn `accounts/trial/eks`:\n" + COPY % (85, 3), ["85"]),
        (
            "docs/a.md",
            "# Nodes\nSee [it](https://x.org/t/r/blob/main/accounts/main/eks/cluster.tf).\n" + COPY % (54, 5),
            ["54"],
        ),
        ("accounts/main/eks/README.md", "# Nodes\n" + COPY % (54, 5), ["54"]),
        ("accounts/trial/eks/README.md", "# Nodes\n" + COPY % (54, 3), []),
        ("accounts/main/eks/README.md", "Default cluster size is **21** nodes.\n", ["21"]),
        ("accounts/main/eks/README.md", "Default cluster size is **5** nodes.\n", []),
        ("accounts/trial/eks/README.md", "The live cluster has 85 nodes.\n", ["85"]),
        ("docs/a.md", "The live cluster has 85 nodes.\n", []),
        ("docs/a.md", "# Backups in staging\n" + DAYS % 35, ["35"]),
        ("docs/a.md", "# Backups in production\n" + DAYS % 35, []),
        ("docs/a.md", "# Backups in staging\n\n```\n# as in production\n```\n" + DAYS % 3, []),
        ("docs/a.md", "# Backups in staging\n\n~~~~\n# as in production\n```\n# production\n~~~~\n" + DAYS % 3, []),
        ("docs/a.md", "# Backups\n\n## Staging\n" + DAYS % 3 + "\n## Production\n" + DAYS % 3, ["3"]),
    ],
)
def test_a_page_is_held_against_the_code_that_it_speaks_of(
    owner: Owner,
    sync: Callable[..., SyncReport],
    settings: Settings,
    tmp_path: Path,
    path: str,
    page: str,
    stated: list[str],
) -> None:
    write(tmp_path / "all", {**ACCOUNTS, path: page})
    configure(settings, {"name": "all", "type": "folder", "path": str(tmp_path / "all")})
    sync()
    found = find_drift(owner.catalog, Viewer(), facts_for(owner.catalog, Viewer()))
    assert [one.stated for one in found if one.confidence >= REPORTED] == stated
