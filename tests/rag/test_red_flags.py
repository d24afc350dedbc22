"""Red flags in cited lines: what an engineer would speak up about, and what only looks like it."""

from __future__ import annotations

import pytest

from rag.answers.caveats.red_flags import MOST, red_flags
from rag.records import AccessRule, Citation, Document, Flag, Passage, ScoredPassage


def flags(path: str, kind: str, text: str, lines: tuple[int, int] | None = None) -> list[Flag]:
    """The red flags of a citation of these lines, or of all."""
    document = Document(
        id=path, source="s", path=path, title=path, kind=kind, text=text, version="v", url="https://h/",
        line_anchor="#L{start}", updated_at="", owner="", access=AccessRule(), content_hash="",
    )  # fmt: skip
    first, last = lines or (1, text.count("\n") + 1)
    passage = Passage("p", path, 0, (), text, 1, text.count("\n") + 1, "section")
    cited = Citation(1, path, "p", "s", path, path, first, last, document.lines(first, last), "", "v", "", "")
    return red_flags([cited], [ScoredPassage(passage, document, 1.0)])


RULE = """\
resource "aws_security_group_rule" "in" {
  type = "ingress"
  from_port = 22
  to_port = 22
  cidr_blocks = ["0.0.0.0/0"]
}"""
DATABASE = 'resource "aws_db_instance" "x" {\n  %s\n}'


@pytest.mark.parametrize(
    ("path", "kind", "text", "name", "line"),
    [
        ("run.md", "runbook", "# Run\n\npassword: [REDACTED:assignment]", "hard-coded secret", 3),
        ("live/rds.tf", "terraform", DATABASE % "backup_retention_period = 0", "no backup", 2),
        ("production/rds.tf", "terraform", DATABASE % "skip_final_snapshot = true", "no backup", 2),
        ("rds.tf", "terraform", 'module "prod" {\n  multi_az = false\n}', "single point of failure", 2),
        ("prod/api.yaml", "config", "kind: Deployment\nspec:\n  replicas: 1", "single point of failure", 3),
        ("sg.tf", "terraform", RULE, "open to the world", 5),
        ("sg.tf", "terraform", RULE.replace("22", "0", 1).replace("22", "65535"), "open to the world", 5),
        ("api.yaml", "config", "containers:\n- image: registry/api:latest", "version that nobody chose", 2),
        (
            "m.tf",
            "terraform",
            'module "x" {\n  source = "git::https://h/m?ref=main"\n}',
            "version that nobody chose",
            2,
        ),
        (
            "run.md",
            "runbook",
            "# Run\nIn production: `kubectl -n api edit deploy/api`.",
            "manual step in production",
            2,
        ),
        (
            "run.md",
            "page",
            "# Run\nLog in to the AWS console of production, click Modify.",
            "manual step in production",
            2,
        ),
        ("run.md", "runbook", "# Run\n```\nssh admin@db-1.prod.example.com\n```", "manual step in production", 3),
    ],
)
def test_what_is_spoken_up_about(path: str, kind: str, text: str, name: str, line: int) -> None:
    (found,) = flags(path, kind, text)
    assert (found.kind, found.text) == ("red flag", name)
    (spot,) = found.spots
    assert (spot.line, spot.quote) == (line, text.split("\n")[line - 1].strip())
    assert spot.url == f"https://h/#L{line}"


@pytest.mark.parametrize(
    ("path", "kind", "text"),
    [
        ("run.md", "runbook", "# Run\npassword: [REDACTED:purged]"),
        ("guide.md", "page", "# Secrets\nIt prints\n```\ntoken: [REDACTED:kubernetes-secret]\n```"),
        ("envs/dev-example/all.yml", "config", "db_password: [REDACTED:assignment]"),
        ("app/settings.sample.yml", "config", "db_password: [REDACTED:assignment]"),
        ("app.yaml", "config", "kind: Secret\nstringData:\n  DB_USERNAME: [REDACTED:kubernetes-secret]"),
        ("app.tf", "terraform", '"engine" = "[REDACTED:hcl-secret]"'),
        ("staging/rds.tf", "terraform", DATABASE % "skip_final_snapshot = true"),
        ("modules/rds.tf", "terraform", DATABASE % "multi_az = false"),
        ("prod/rds.tf", "terraform", DATABASE % "# multi_az = false\n  backup_retention_period = 10"),
        ("prod/nonprod.tf", "terraform", 'module "nonprod" {\n  multi_az = false\n}'),
        ("prod/api.yaml", "config", "spec:\n  replicas: 10"),
        ("sg.tf", "terraform", RULE.replace("ingress", "egress")),
        ("sg.tf", "terraform", RULE.replace("22", "443")),
        ("vpc.tf", "terraform", 'resource "aws_route" "out" {\n  destination_cidr_block = "0.0.0.0/0"\n}'),
        ("examples/api.yaml", "config", "- image: api:latest"),
        ("run.md", "runbook", "# Run\nNever `kubectl edit` in production."),
        (
            "run.md",
            "runbook",
            "# Run\nIn production `kubectl -n api edit deploy` holds for three minutes, then it is reverted.",
        ),
        ("run.md", "runbook", "# Run\nOn the dev cluster: `kubectl -n api edit deploy/api`."),
        ("run.md", "runbook", "# Run\nIn production look with `kubectl -n api get deploy/api`."),
        ("incidents/1.md", "incident", "# Then\nIn production somebody ran `kubectl -n api edit deploy/api`."),
    ],
)
def test_what_only_looks_like_it(path: str, kind: str, text: str) -> None:
    assert flags(path, kind, text) == []


@pytest.mark.parametrize(
    ("path", "kind", "text", "name"),
    [
        ("app.tf", "terraform", 'master_password = "[REDACTED:hcl-secret]"', "hard-coded secret"),
        ("app.yaml", "config", "  api_key: '[REDACTED:assignment]'", "hard-coded secret"),
        ("app.yaml", "config", "  password: [REDACTED:kubernetes-secret]", "hard-coded secret"),
        ("dev-example/all.yml", "config", "  password: [REDACTED:github-token]", "hard-coded secret"),
        ("app.tf", "terraform", 'name = "[REDACTED:github-token]"', "hard-coded secret"),
        ("run.md", "runbook", "# Run\npostgres://app:[REDACTED:url-password]@db/orders", "hard-coded secret"),
        ("app.yaml", "config", "  user: [REDACTED:assignment]\n  token: [REDACTED:assignment]", "hard-coded secret"),
        ("app.tf", "terraform", 'gtm_auth = "[REDACTED:assignment]"', "possible secret"),
        (
            "settings.yaml",
            "config",
            "stringData:\n  grafana.ini: |\n    [REDACTED:kubernetes-secret]",
            "possible secret",
        ),
        ("run.md", "runbook", "# Run\nthe password [REDACTED:password] of the sandbox", "possible secret"),
        (".baseline", "config", '"hashed_secret": "[REDACTED:assignment]"', "possible secret"),
    ],
)
def test_only_what_surely_was_a_credential_is_called_one(path: str, kind: str, text: str, name: str) -> None:
    (found,) = flags(path, kind, text)
    assert found.text == name
    assert ("a credential stood" in str(found)) == (name == "hard-coded secret")


def test_only_cited_lines_count_and_at_most_a_few_are_told() -> None:
    text = "# Run\n\npassword: [REDACTED:assignment]\n\nIn production: `kubectl -n api edit deploy/api`."
    assert flags("run.md", "runbook", text, (1, 2)) == []
    assert [flag.text for flag in flags("run.md", "runbook", text, (4, 5))] == ["manual step in production"]
    module = 'module "prod" {\n  multi_az = false\n  skip_final_snapshot = true\n  source = "x?ref=main"\n}'
    many = [flag.text for flag in flags("m.tf", "terraform", f"{RULE}\n{module}")]
    assert many == ["no backup", "single point of failure", "open to the world"]
    assert len(many) == MOST


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("backup_retention_period = 0", "no backup"),
        ("publicly_accessible = true", "public database"),
        ("storage_encrypted = false", "not encrypted"),
    ],
)
def test_a_database_of_no_environment_is_flagged_and_a_sandbox_is_not(setting: str, name: str) -> None:
    assert [flag.text for flag in flags("rds.tf", "terraform", DATABASE % setting)] == [name]
    assert flags("sandbox/rds.tf", "terraform", DATABASE % setting) == []


@pytest.mark.parametrize("setting", ["deletion_protection = false", "skip_final_snapshot = true"])
def test_what_matters_in_production_alone(setting: str) -> None:
    assert len(flags("prod/rds.tf", "terraform", DATABASE % setting)) == 1
    assert flags("rds.tf", "terraform", DATABASE % setting) == []
