"""Where tools and languages put secrets, and what beside them must survive."""

from __future__ import annotations

import time

import pytest

from ingest.redaction import redact

S = "Vh7" + "q9Kd2mZx"  # a password; put together, so that no scanner takes this file for a leak
WORD = "umber" + "lantern"

TAKEN = [
    ("a.env", "export ADMIN_PASS='{}'"), ("a.env", "SMTP_PASS={}"), ("a.yml", "ansible_ssh_pass: {}"),
    ("a.tfvars", 'okta_api_token_3 = "{}"'), ("a.properties", "x.dd-api-key={}"), ("a.yml", "X-Api-Key: {}"),
    ("a.md", "`curl -u admin:{} https://x.example`"), ("a.sh", "mysql -h db -u root -p{} sessions"),
    ("a.sh", "sshpass -p '{}' ssh x"), ("a.sh", "ldapsearch -D cn=x -w {} -b dc=x"), ("a.sh", "redis-cli -a {} ping"),
    ("a.sh", "docker login -u x -p {} registry.example"), ("a.sh", "htpasswd -bc file bob {}"),
    ("a.ps1", 'ConvertTo-SecureString "{}" -AsPlainText -Force'), ("a.ps1", "net user bob {} /add"),
    ("a.sql", "CREATE USER x IDENTIFIED BY '{}';"), ("a.sql", "ALTER ROLE x WITH PASSWORD '{}';"),
    ("a", "machine x login bob password {}"), ("redis.conf", "requirepass {}"), ("slapd.conf", "bindpw {}"),
    (".pgpass", "db.example:5432:app:bob:{}"), ("a.xml", "<password>{}</password>"),
    ("a.xml", '<property name="password" value="{}"/>'), ("a.yaml", "- name: DB_PASSWORD\n  value: {}"),
    ("a.yaml", "- value: {}\n  name: DB_PASSWORD"), ("a.tf", 'set {{\n  name  = "auth.password"\n  value = "{}"\n}}'),
    ("a.yaml", "password: >-\n  {}"), ("a.yaml", "secret_key: !!binary {}"), ("a.json", '{{"password": "{}"}}'),
    ("a.py", 'call("{{\\"password\\": \\"{}\\"}}")'), ("a.md", "| Host | Password |\n|---|---|\n| a | `{}` |"),
    ("a.md", "| Token | `{}` |"), ("a.md", "The admin password for x.example is {}."),
    ("a.md", "Das Passwort lautet {} und gilt."), ("a.md", "Log in with the password `{}`."),
    ("a.md", "Credentials: root / {}"), ("a.tf", 'url = "jdbc:oracle:thin:app/{}@//db:1521/x"'),
]  # fmt: skip

KEPT = [
    "http_tokens = \"required\"", "password_length = 32", "checksum/secret: 10b93b7d946bf54074e3248c801bef75", "TOKEN=@token.txt",
    'secret = "projects/acme/secrets/db/versions/latest"', "password: vault:secret/data/prod#password",
    "curl -u admin:PUT-TOKEN-HERE https://x.example", "docker run -p 8080:80 nginx1", "ssh -p 2222 bob@x.example",
    "access_key = ss.value.aws_v4_authentication.access_key", "issues were identified as contributing to outage",
    "| Password | Rotated |\n|---|---|\n| in the vault | 2026 |", "The password is in the vault.", "password: required",
    "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: app-db1\n", "- name: HOST\n  value: db1.example2",
    "host:5432:app", 'password = "${var.db_password}"', 'password = "$DB_PASSWORD"', "password: string",
    "Reset the password in 10 minutes.",
    'variable "db_password" {\n  description = "Password of 12 letters"\n}', "kubectl get secret app-v2 -o yaml",
]  # fmt: skip


@pytest.mark.parametrize(("path", "text"), TAKEN)
def test_a_secret_is_taken_from_where_tools_put_it(path: str, text: str) -> None:
    redacted, findings = redact(text.format(S), path)
    assert S not in redacted
    assert len(findings) == 1
    assert redacted.count("\n") == text.count("\n")
    assert redacted.replace("[REDACTED:" + findings[0].rule + "]", "{}").replace("{{", "{") == text.replace(
        "{{", "{"
    ).replace("}}", "}")


@pytest.mark.parametrize("text", KEPT)
@pytest.mark.parametrize("path", ["a.md", "a.tf", "a.yaml"])
def test_what_is_no_secret_survives(text: str, path: str) -> None:
    assert redact(text, path) == (text, ())


@pytest.mark.parametrize(
    "text", ['password = "{}"', "password: '{}'", "<password>{}</password>", "PGPASSWORD='{}' psql"]
)
def test_a_plain_word_is_a_password_where_it_is_quoted(text: str) -> None:
    assert WORD not in redact(text.format(WORD), "a.py")[0]
    assert redact(text.format("administrator"), "a.py")[1] == ()


@pytest.mark.parametrize(
    "unit",
    ["password ", "password=", "| token ", "-p ", "curl -u a:", "name: token ", "a_", "$2a$", "<password>", "identified by '"],
)  # fmt: skip
def test_time_is_linear(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        began = time.process_time()
        redact(text, "a.yaml")
        return time.process_time() - began

    seconds(1000)  # patterns are compiled at first use
    small, large = seconds(60_000), seconds(120_000)
    assert large < max(3 * small, 0.3)
