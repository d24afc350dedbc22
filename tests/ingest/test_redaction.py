"""What is redacted, what must survive, and that lines stay where they are.

Values are made up, and put together here so that scanners of this repository find none.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.redaction import redact, sensitive_variables

A = "Zq8vKp0sLwX3" + "bN7mT2cR9dYfGhJ4"  # 28 characters with letters and digits
HEX = "9f86d081884c7d65" + "9a2feaa0c55ad015"  # 32
LONG = (A * 4)[:100]
PEM = (
    "-----BEGIN {}PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nq83hAgMBAAECggEAQf==\n-----END {}PRIVATE KEY-----"
)

SECRETS = [
    ("AKIA" + "Q3EGRIXZ7NWYB2KL", "aws_access_key_id = {}", "a.md"),
    ("ASIA" + "Q3EGRIXZ7NWYB2KL", "key {} was used", "a.txt"),
    (LONG[:40], "AWS_SECRET_ACCESS_KEY={}", "a.sh"),
    (LONG[:40], 'aws_secret_access_key = "{}"', "credentials"),
    ("gh" + "p_" + LONG[:36], "git clone with {}", "a.md"),
    ("gh" + "s_" + LONG[:36], "token {}", "a.md"),
    ("github" + "_pat_" + LONG[:60], "{}", "a.md"),
    ("glp" + "at-" + A[:20], "curl --header 'PRIVATE-TOKEN: {}'", "a.md"),
    ("xox" + "b-123456789012-" + A, "SLACK={}", "a.env"),
    ("T0" + "GKQH9S8/B01BZQZ/" + A[:24], "https://hooks.slack.com/services/{}", "a.yaml"),
    ("AI" + "za" + LONG[:35], "key={}", "a.js"),
    ("GOC" + "SPX-" + A, "{}", "a.md"),
    (LONG[:86] + "==", "DefaultEndpointsProtocol=https;AccountKey={};", "a.md"),
    ("sk_" + "live_" + A, "{}", "a.md"),
    ("SK" + HEX, "{}", "a.md"),
    ("S" + "G." + A[:22] + "." + LONG[:43], "{}", "a.md"),
    ("npm" + "_" + LONG[:36], "//registry/:_authToken={}", ".npmrc"),
    ("py" + "pi-" + LONG[:80], "{}", "a.md"),
    ("dckr" + "_pat_" + A[:27], "docker login -p {}", "a.md"),
    ("hv" + "s." + LONG[:30], "VAULT_TOKEN={}", "a.sh"),
    (A[:14] + ".atlas" + "v1." + LONG[:65], "{}", "a.md"),
    ("sk-" + "ant-api03-" + LONG[:80], "{}", "a.md"),
    ("NR" + "AK-" + A[:27], "{}", "a.md"),
    ("gl" + "sa_" + LONG[:32] + "_" + HEX[:8], "{}", "a.md"),
    ("do" + "p_v1_" + HEX * 2, "{}", "a.md"),
    ("ATA" + "TT3" + LONG[:80], "{}", "a.md"),
    ("ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0NSJ9." + A, "{}", "a.md"),
    ("s3cr3t" + "Pa55", "postgres://app:{}@db.internal:5432/main", "a.md"),
    (A, "Authorization: Bearer {}", "a.md"),
    ("dXNlcjpwYXNz" + "d29yZDEyMw==", "curl -H 'Authorization: Basic {}'", "a.md"),
    ("hunter2" + "-Zq8v", 'password = "{}"', "a.md"),
    ("hunter2" + "-Zq8v", "password: {}", "a.yaml"),
    ("hunter2" + "Zq8v", '    sse_customer_key = "{}"', "backend.tf"),
    ("app:hunter2" + "Zq8v", '    http_auth = "{}"', "backend.tf"),
    ("hunter2" + "-Zq8v", '{{"db_password": "{}"}}', "a.json"),
    ("hunter2" + "-Zq8v", "export DB_PASSWORD={}", "a.sh"),
    ("hunter2" + "-Zq8v", "mysql --password={} -u root", "a.md"),
    ("hunter2" + "-Zq8v", "<password>{}</password>", "pom.xml"),
    ("hunter2" + "-Zq8v", "client_secret: '{}'", "a.yaml"),
    (A, "DD_API_KEY={}", "a.env"),
    ("correcthorse", '  password = "{}"', "main.tf"),
    ("correcthorse", '  master_password = "{}"', "prod.tfvars"),
    ("plainword", 'variable "p" {{\n  sensitive = true\n  default   = "{}"\n}}', "v.tf"),
    ("plainword", 'variable "p" {{\n  default = {{\n    a = "{}"\n  }}\n  sensitive = true\n}}', "v.tf"),
    ("line of secret", "  private_key = <<EOT\n{}\nEOT", "v.tf"),
    ("cGxhaW53b3Jk", "apiVersion: v1\nkind: Secret\ndata:\n  anything: {}\n", "s.yaml"),
    ("plain words", "kind: Secret\nstringData:\n  file: |\n    {}\n    more\n", "s.yaml"),
    ("cGxhaW53b3Jk", "Text\n\n```yaml\nkind: Secret\ndata:\n  anything: {}\n```\n", "wiki.md"),
    ("cGxhaW53b3Jk", "data:\n  anything: {}\nkind: Secret\n", "s.yaml"),
]

SURVIVORS = [
    ("password = var.db_password", "a.tf"),
    ("password = random_password.db.result", "a.tf"),
    ('password = "${var.db_password}"', "a.tf"),
    ("password = data.aws_secretsmanager_secret_version.db.secret_string", "a.tf"),
    ('secret_name = "db-credentials-v2"', "a.tf"),
    ("password_length = 32", "a.tf"),
    ('variable "password" {\n  type = string\n  sensitive = true\n}', "a.tf"),
    ('  description = "The password1 of the database"', "a.tf"),
    ("secretName: api-tls-2024", "a.yaml"),
    ("token: string", "a.yaml"),
    ("secret: false", "a.yaml"),
    ("automountServiceAccountToken: false", "a.yaml"),
    ("tokenTTL: 3600", "a.yaml"),
    ("kind: ExternalSecret\ndata:\n  - secretKey: a1b2c3\n", "a.yaml"),
    ("kind: ConfigMap\ndata:\n  level: debug1\n", "a.yaml"),
    ("The password: ask the platform team in #ops-2.", "a.md"),
    ("password: <your-password-1>", "a.md"),
    ("PASSWORD=$DB_PASSWORD", "a.sh"),
    ("export TOKEN=$(vault read -field=token1 x)", "a.sh"),
    ("password: {{ .Values.db.password1 }}", "a.yaml"),
    ("token: ${{ secrets.GITHUB_TOKEN }}", "a.yaml"),
    ("api_key: xxxxxxxxxxxx", "a.yaml"),
    ("access_key = AKIAIOSFODNN7" + "EXAMPLE", "a.md"),
    ("key AKIAXXXXXXXXXXXXXXXX", "a.md"),
    ("secret_arn: arn:aws:secretsmanager:eu-west-2:123456789012:secret:db-1", "a.yaml"),
    ("token_id = 123e4567-e89b-12d3-a456-426614174000", "a.md"),
    ("image: repo/app@sha256:" + HEX * 2, "a.yaml"),
    ("commit " + HEX + "aabbccdd", "a.md"),
    ("credentials: /etc/app/creds-1.json", "a.yaml"),
    ("https://wiki.example.org:8443/secrets", "a.md"),
    ("git@github.com:org/repo.git", "a.md"),
    ("ServiceToken: !GetAtt Function1.Arn", "a.yaml"),
    ("dockerhub_credentials = base64encode(var.x)", "a.tf"),
    ('run("--token="+token1)', "a.go"),
    ("kubectl get secret db-1 -o jsonpath='{.data.password}' | base64 -d", "a.md"),
    ("sk-" + "learn is a library", "a.md"),
    ('password = "hunter2-Zq8v" # pragma: allowlist secret', "a.md"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "template", "path"), SECRETS)
def test_credentials_are_redacted(value: str, template: str, path: str) -> None:
    text = template.format(value)
    assert value in text
    redacted, findings = redact(text, path)
    assert value not in redacted
    assert findings
    assert redacted.count("\n") == text.count("\n")
    assert redact(redacted, path) == (redacted, ())


@pytest.mark.parametrize(("text", "path"), SURVIVORS)
def test_harmless_text_survives(text: str, path: str) -> None:
    assert redact(text, path) == (text, ())


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
@pytest.mark.parametrize("indent", ["", "    "])
def test_private_keys_go_whole(kind: str, indent: str) -> None:
    block = "\n".join(indent + line for line in PEM.format(kind, kind).split("\n"))
    redacted, findings = redact(f"before\n{block}\nafter", "key.md")
    lines = redacted.split("\n")
    assert lines[0] == "before"
    assert lines[-1] == "after"
    assert set(lines[1:-1]) == {indent + "[REDACTED:private-key]"}
    assert [finding.line for finding in findings] == [2, 3, 4, 5]


def test_a_private_key_on_one_line() -> None:
    text = '{"private_key": "' + PEM.format("", "").replace("\n", "\\n") + '", "x": 1}'
    redacted, _ = redact(text, "a.json")
    assert redacted == '{"private_key": "[REDACTED:private-key]", "x": 1}'


def test_a_private_key_without_an_end_goes_as_far_as_it_looks_like_one() -> None:
    text = "\n".join(PEM.format("", "").split("\n")[:3]) + "\n\nThis is prose again.\n"
    redacted, _ = redact(text, "a.md")
    assert "MIIE" not in redacted
    assert "q83h" not in redacted
    assert "This is prose again." in redacted


def test_findings_name_line_and_rule_and_never_the_value() -> None:
    _, findings = redact("a\nb\npassword: hunter2-Zq8v\n", "a.md")
    assert [(f.line, f.rule) for f in findings] == [(3, "assignment")]


@given(st.text(alphabet=st.sampled_from("pasword=:'\"\n {}${}<>ABC123-_kind Secret\tdata#"), max_size=300))
def test_any_text_keeps_its_lines_and_settles_at_once(text: str) -> None:
    redacted, _ = redact(text, "x.yaml")
    assert redacted.count("\n") == text.count("\n")
    assert redact(redacted, "x.yaml")[0] == redacted


@pytest.mark.parametrize(
    "piece",
    [
        "password=" + "a1" * 50,
        "token: ",
        "://a:b",
        "-----BEGIN PRIVATE KEY-----\n",
        "kind: Secret\ndata:\n  a: b\n",
        "eyJ" * 9,
    ],
)
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    def seconds(times: int) -> float:
        """CPU time, the least of three: other processes, and the first run's preparations, don't count."""
        spent = []
        for _ in range(3):
            began = time.process_time()
            redact(piece * times, "a.tf")
            spent.append(time.process_time() - began)
        return min(spent)

    small = max(seconds(400), 0.002)
    assert seconds(1600) < small * 4 * 3


def test_a_long_path_is_looked_at_once() -> None:
    """It stands in cloud-foundation-fabric, and a pattern that tried every division of its words never came to an end."""
    line = 'encryption_key = "projects/project-id/locations/europe-west8/keyRings/my-keyring/cryptoKeys/my-key"\n'
    began = time.process_time()
    redact(line, "README.md")
    assert time.process_time() - began < 1


def test_the_value_of_a_sensitive_variable_is_secret_wherever_it_is_given() -> None:
    declared = 'variable "plain" {}\nvariable "hidden" {\n  sensitive = true\n}\n'
    assert sensitive_variables(declared, "a.tf") == {"hidden"}
    assert sensitive_variables('{"variable": {"a": {"sensitive": true}, "b": {}}}', "a.tf.json") == {"a"}
    given = 'hidden = {\n  a = "one"\n}\nplain = "two"\n'
    redacted, findings = redact(given, "prod.tfvars", {"hidden"})
    assert redacted == 'hidden = {\n  a = "[REDACTED:hcl-secret]"\n}\nplain = "two"\n'
    assert [finding.line for finding in findings] == [2]
    call = 'module "m" {\n  hidden = "one"\n  plain  = "two"\n}\nresource "r" "s" {\n  hidden = "three"\n}\n'
    assert redact(call, "a.tf", {"hidden"})[0] == call.replace("one", "[REDACTED:hcl-secret]")
    assert redact('{"hidden": "one", "plain": "two"}', "a.tfvars.json", {"hidden"})[0].count("REDACTED") == 1


def test_a_variable_on_one_line_is_not_taken_for_its_neighbour() -> None:
    text = 'variable "name" { default = "plain" }\nvariable "other" {\n  sensitive = true\n}\n'
    assert redact(text, "a.tf") == (text, ())
