"""Where tools and languages put secrets, and what beside them must survive."""
# ruff: noqa: E501  (a table of samples)

from __future__ import annotations

import random

import pytest

from ingest.redaction import KEYWORDS, redact
from ingest.redaction.keywords import Index
from tests.bench.secrets.hostile import hostile, seconds

S = "Vh7" + "q9Kd2mZx"  # a password; put together, so that no scanner takes this file for a leak
T = "uB4x" + "Kq81LmPz07RtYw3c"  # a token
WORD = "umber" + "lantern"

# Families of places; `{}` is the secret, which alone is taken.
ASSIGNED = [
    ("a.env", "export ADMIN_PASS='{}'"), ("a.env", "SMTP_PASS={}"), ("a.yml", "ansible_ssh_pass: {}"),
    ("a.tfvars", 'okta_api_token_3 = "{}"'), ("a.properties", "x.dd-api-key={}"), ("a.yml", "X-Api-Key: {}"),
    ("a.yaml", "- name: DB_PASSWORD\n  value: {}"), ("a.yaml", "- value: {}\n  name: DB_PASSWORD"),
    ("a.json", '{{"ParameterKey": "DbPassword", "ParameterValue": "{}"}}'),
    ("a.tf", 'set {{\n  name  = "auth.password"\n  value = "{}"\n}}'), ("a.yaml", "password: >-\n  {}"),
    ("a.yaml", "password:\n  {}"), ("a.yaml", "tokens:\n- {}"), ("a.tfvars", 'tokens = [\n  "{}",\n]'), ("a.ini", "secrets =\n  {}"),
    ("a.md", "Password:\n{}"), ("a.yaml", "secret_key: !!binary {}"), ("a.json", '{{"password": "{}"}}'),
    ("a.py", 'call("{{\\"password\\": \\"{}\\"}}")'), ("a.py", 'PASSWORD: str = "{}"'), ("a.py", "if password == '{}':"),
    ("a.py", "os.getenv('API_KEY', '{}')"), ("a.java", 'p.setProperty("password", "{}");'), ("a.md", "**Password:** {}"),
    ("Dockerfile", "ENV API_TOKEN {}"), ("a.conf", "SetEnv DB_PASSWORD {}"), ("nginx.conf", "proxy_set_header X-Api-Key {};"),
    ("nginx.conf", 'set $api_key "{}";'), ("a.xml", "<password>{}</password>"), ("a.xml", "<password>\n  {}\n</password>"),
    ("a.xml", '<property name="password" value="{}"/>'), ("a.xml", '<entry key="db.password">{}</entry>'),
    ("a.xml", '<property name="dbPassword"><value>{}</value></property>'), ("a.plist", "<key>token</key>\n<string>{}</string>"),
    ("a.md", "https://x.example/?a=b&access_token={}&c=d"), ("a.ps1", '$env:DEVOPS_PAT = "{}"'), ("a.yaml", "client-key-data: {}"),
    ("a.tf", 'db_passwords = {{\n  app = "{}"\n}}'), ("a.yaml", "passwords:\n  app: {}"),
]  # fmt: skip
TABLES = [
    ("a.md", "| Host | Password |\n|---|---|\n| a | `{}` |"), ("a.md", "Host | Password\n--- | ---\na | {}"), ("a.md", "| Token | `{}` |"),
    ("a.wiki", "||Host||Password||\n|a|{}|"), ("a.adoc", "|===\n|User |Password\n\n|a |{}\n|==="), ("a.csv", "host;password;x\na;{};b"),
    ("a.rst", "+------+----+\n| Password | {} |\n+------+----+"), ("a.html", "<tr><td>Password</td><td><b>{}</b></td></tr>"),
    ("a.html", "<tr><th>Host</th><th>Password</th></tr>\n<tr><td>a1</td><td>{}</td></tr>"), ("a.adoc", "|===\n|User |Password |Use\n\n|bob\n|{}\n|all\n|==="),
]  # fmt: skip
COMMAND_LINES = [
    "tool --db-password {}", "tool --token={}", "keytool -storepass {}", "Connect-It -ApiKey '{}'", "xfreerdp /p:{} /v:x",
    "mysql -h db -u root -p{} sessions", "sshpass -p '{}' ssh x", "ldapsearch -D cn=x -w {} -b dc=x", "redis-cli -a {} ping",
    "docker login -u x -p {} registry.example", "mongosh -u a -p '{}' x", "sqlcmd -S h -U sa -P '{}'", "7z x -p{} a.7z", "plink -pw {} h",
    "snmpwalk -v3 -A {} h", "smbclient //h/s -U 'bob%{}'", "ssh-keygen -N '{}' -f k", "useradd -p '{}' bob", "etcdctl --user root:{} get a",
    "lftp -u bob,{} h", "nmcli dev wifi connect x password {}", "gh secret set A --body '{}'", "aws secretsmanager create-secret --secret-string '{}'",
    "aws ssm put-parameter --type SecureString --value '{}'", "aws ssm put-parameter --value '{}' --type SecureString",
    "openssl rsa -passin pass:{}", "htpasswd -bc file bob {}", "htpasswd -nb bob {}", "curl -u admin:{} https://x.example",
    "curl -u 'admin:{}' https://x.example", "rabbitmqctl add_user bob {}", "kubectl create secret generic a --from-literal=b={}",
    "net user bob {} /add", "net use z: \\\\h\\s {}", "az keyvault secret set -n a --value {}", "vault kv put secret/a b={}",
    "consul kv put app/db_password {}", 'ConvertTo-SecureString "{}" -AsPlainText -Force', "'{}' | ConvertTo-SecureString -AsPlainText",
    "new NetworkCredential('bob', '{}')", "echo 'root:{}' | chpasswd", "echo {} | docker login -u bob --password-stdin", "kinit bob <<< '{}'",
    'setx API_TOKEN "{}"', "schtasks /create /ru bob /rp {}", "az storage blob list --account-key '{}'",
]  # fmt: skip
FILES = [
    ("a.sql", "CREATE USER x IDENTIFIED BY '{}';"), ("a.sql", "CREATE USER x IDENTIFIED BY {};"), ("a.sql", "ALTER ROLE x WITH PASSWORD '{}';"),
    ("a.sql", "SET PASSWORD FOR 'a'@'%' = '{}';"), ("a.sql", "SET PASSWORD = PASSWORD('{}');"), ("a.sql", "alter role x password {};"),
    ("a.sql", "INSERT INTO users (name, password) VALUES ('bob', '{}');"), ("a", "machine x login bob password {}"),
    ("a.cfg", "enable secret 0 {}"), ("redis.conf", "requirepass {}"), ("redis.conf", "user app on >{} ~*"), ("slapd.conf", "bindpw {}"),
    ("slapd.conf", "credentials={}"), ("haproxy.cfg", "stats auth bob:{}"), ("snmpd.conf", "rocommunity {}"), ("ipsec.secrets", ': PSK "{}"'),
    ("sasl_passwd", "[smtp.example]:587 bob:{}"), ("userlist.txt", '"app" "{}"'), (".pgpass", "db.example:5432:app:bob:{}"),
    ("a.sh", 'echo "db.example:5432:app:bob:{}" > ~/.pgpass'), ("a.tf", 'url = "jdbc:oracle:thin:app/{}@//db:1521/x"'),
    ("config.json", '{{"auths": {{"r.example": {{"auth": "{}"}}}}}}'), ("a.tf", 'auth = "admin:{}"'), ("a.md", "postgres://app:{}@db.example/x"),
    ("a.cfg", "tacacs-server key {}"), ("a.cfg", "crypto isakmp key {} address 10.0.0.1"), ("a.cfg", "ntp authentication-key 1 md5 {}"),
    ("a.yml", 'stats_auth: "admin:{}"'), ("a.java", 'DriverManager.getConnection("jdbc:x", "bob", "{}")'),
]  # fmt: skip
SAID = [
    "The admin password for x.example is {}.", "Das Passwort lautet {} und gilt.", "Log in with the password `{}`.", "Credentials: root / {}",
    "The password was changed to {} again.", "The initial password ({}) is old.", "Use bob / {} to log in.", "root / {} (console)", "The default credentials are admin:{}",
    "The pre-shared key is {}.", "<p>The root password: <code>{}</code></p>", "Host x, user bob, pass {}",
]  # fmt: skip
SAID_OF_TOKENS = [
    'api_token: str = "{}"',
    "Our API token is {}",
    "The secret key `{}` is old.",
    "Bearer {}",
    "vault login {}",
    "The token of the page ({}) is old.",
    "The licence key is {}.",
]
TAKEN = [
    *ASSIGNED, *TABLES, *FILES, *(("a.sh", text) for text in COMMAND_LINES), *(("a.md", text) for text in SAID),
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
    "secretKey defines the AWS API secret. If not specified, the environment", "- **password**: *string*", '"--token="+token, "-f"',
    '"${GH_TOKEN:?ERROR: GH_TOKEN is required}"', "DB_PASSWORD=\nPORT=8091\nREQUEST_ID=a1b2c3d4e5", "gpg --list-secret-keys --keyid-format=long",
    "the password was updated in `cloud-platform-infrastructure`", 'client_secret = "client-secret"', "api_key = glpat-XXX",
    "password: ENC[AES256_GCM,data:uTMlh3FM,iv:2uxdTY5W=,type:str]", 'call("password", "sha256")', "fmt '{ a1=\"b\" }' | tool fmt --stdin",
    "unzip -p archive1.zip file1", "mysql -P3306 -h db1", "| Secret | Owner |\n|---|---|\n| `billing-db-credentials` | platform |",
    "Password manager - [1Password](https://1password.com/)", "token: ${{ secrets.TOKEN_1 }}", '[[ "$SECRET" == "AWS_S3_ROLE" ]]',
    "aws ssm put-parameter --type String --value plain1234", "https://user:password@x.example", "Bearer authentication-with-tokens",
    "arn:aws:secretsmanager:eu-west-2:123456789012:secret:prod/db-AbC1d2", 'publicKeyToken="30ad4fe6b2a6aeed"', "- secretKey: api_token_v2",
    'set {\n  name  = "admin.existingSecret"\n  value = "grafana-admin-2023"\n}', "usernamePassword(credentialsId: 'github-app-1')",
    "| Host | Password |\n|---|---|\n| a | in Vault under kv/a2 |", "password: AgB" + "a1B2c3D4" * 20,
    "secrets:\n  [\n    AWS_TEST_S3_ROLE,\n  ]", "vault kv get -field=password secret/app1", 'auth = "https://login.example1:8443/x"', "kind: Secret\nmetadata:\n  name: app-db1\n",
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


@pytest.mark.parametrize("text", SAID_OF_TOKENS)
def test_a_token_is_taken_where_it_is_spoken_of(text: str) -> None:
    assert T not in redact(text.format(T), "a.md")[0]
    assert redact(text.format("rotated-every-month"), "a.md")[1] == ()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.ini", "password = {}"), ("a.yaml", "password: {}"), ("a.sh", "docker run -e POSTGRES_PASSWORD={} x"),
        ("a.md", "url=jdbc:x;password={};y"), ("a.md", "ingest.db.password = {}"), ("a.md", "https://bob:{}@x.example"),
        ("redis.conf", "requirepass {}"), ("a.sql", "SET PASSWORD FOR 'a'@'%' = '{}';"), ("a.sh", "nmcli c modify a wifi-sec.psk {}"),
    ],
)  # fmt: skip
def test_a_plain_word_is_a_password_where_the_syntax_says_that_it_is_text(path: str, text: str) -> None:
    assert WORD not in redact(text.format(WORD), path)[0]
    assert redact(text.format("yourpassword"), path)[1] == ()


def test_a_password_with_an_at_goes_whole_from_a_url() -> None:
    assert redact(f"redis://:{S}@{S}@r.example:6379", "a.md")[0] == "redis://:[REDACTED:url-password]@r.example:6379"


def test_an_id_is_a_secret_beside_a_secrets_name_alone() -> None:
    text = "token: 8c444cc4-9aaf-4577-acdd-52ee96bbcc48"
    assert redact(text, "a.yaml")[0] == "token: [REDACTED:assignment]"
    assert redact(text.replace("token", "token_id"), "a.yaml")[1] == ()


def test_a_word_below_an_account_is_its_password() -> None:
    assert redact(f"Username: bob\nPassword: {WORD}", "a.md")[0] == "Username: bob\nPassword: [REDACTED:assignment]"
    assert redact(f"Password: {WORD}", "a.md")[1] == ()


def test_letters_in_no_order_are_a_secret_and_names_in_camel_case_none() -> None:
    assert redact("token = 'nNoxvle" + "OPBRjXYsEKkSyxB'", "a.py")[1]
    assert not redact("token = 'getUserNameByIdOrNull'", "a.py")[1]


SECRETS_OF_KUBERNETES = [
    ("a.yaml", "items:\n- kind: ConfigMap\n  data:\n    a: plain\n- kind: Secret\n  data:\n    a: {}\n"),
    ("a.json", '{{\n  "kind": "Secret",\n  "stringData": {{\n    "a": "{}"\n  }}\n}}\n'),
    ("a.json", '{{"kind": "Secret", "data": {{"a": "{}"}}}}\n'),
    ("a.yaml", "kind: Secret\ndata: {{a: {}}}\n"),
    ("kustomization.yaml", "secretGenerator:\n- name: x\n  literals:\n  - a={}\n"),
]


@pytest.mark.parametrize(("path", "text"), SECRETS_OF_KUBERNETES)
def test_secrets_of_kubernetes_lose_their_values_alone(path: str, text: str) -> None:
    redacted, _ = redact(text.format("plainly"), path)
    assert redacted == text.format("[REDACTED:kubernetes-secret]")


def test_an_object_that_is_no_secret_keeps_its_data() -> None:
    for text in ("kind: ConfigMap\ndata:\n  a: plainly\n", "configMapGenerator:\n- literals:\n  - a=plainly\n"):
        assert redact(text + "# Secret\n", "a.yaml")[1] == ()


HELD = [
    ("a.tf", 'resource "kubernetes_secret" "s" {{\n  data = {{\n    a = "{}"\n  }}\n}}'),
    ("a.tf", 'resource "aws_ssm_parameter" "s" {{\n  type  = "SecureString"\n  value = "{}"\n}}'),
    ("a.tf", 'resource "helm_release" "s" {{\n  set_sensitive {{\n    value = "{}"\n  }}\n}}'),
    ("a.md", 'text\n```hcl\nvariable "a" {{\n  sensitive = true\n  default   = "{}"\n}}\n```\n'),
]


@pytest.mark.parametrize(("path", "text"), HELD)
def test_terraform_that_holds_secrets_loses_them(path: str, text: str) -> None:
    redacted, findings = redact(text.format("plainly"), path)
    assert redacted == text.format("[REDACTED:hcl-secret]")
    assert [finding.line for finding in findings] == [
        text.split("\n").index(next(x for x in text.split("\n") if "{}" in x)) + 1
    ]


def test_terraform_that_holds_none_keeps_its_values() -> None:
    for text in (
        'resource "aws_ssm_parameter" "s" {\n  type  = "String"\n  value = "plainly"\n}',
        'resource "kubernetes_secret" "s" {\n  data = {\n    a = join("\\n", var.b)\n  }\n}',
        'resource "kubernetes_config_map" "s" {\n  data = {\n    a = "plainly"\n  }\n}',
    ):
        assert redact(text, "a.tf")[1] == ()


def test_a_sensitive_value_goes_from_json_wherever_it_stands_and_however_it_is_written() -> None:
    text = '{"hidden": "one\\u00e9", "x": {"hidden": "one\\u00e9"}, "one": "two"}'
    assert redact(text, "a.tfvars.json", {"hidden"})[0].count("[REDACTED:hcl-secret]") == 2


def test_keywords_are_found_in_any_text() -> None:
    """RE2::Set tells nothing at all if it runs out of memory."""
    rng = random.Random(5)
    words = list(KEYWORDS) * 40
    rng.shuffle(words)
    index = Index(["".join(words)], KEYWORDS)
    assert all(index.has([word]) and index.rows([word]) == [0] for word in KEYWORDS)


@pytest.mark.parametrize(("name", "text"), hostile(200_000).items())
def test_time_is_linear(name: str, text: str) -> None:
    """Four times the text takes four times as long, and would take sixteen if time grew with its square. Eleven is allowed,
    for other processes run beside this; `make bench-secrets ARGS=--hostile` measures more closely, up to 1 MB."""
    path = name.split(maxsplit=1)[0]
    quarter = min(seconds(hostile(50_000)[name], path) for _ in range(3))
    assert min(seconds(text, path) for _ in range(3)) < 11 * max(quarter, 0.01)


@pytest.mark.parametrize(
    ("path", "text", "kept"),
    [
        ("a.tf", 'resource "aws_secretsmanager_secret_version" "a" {{\n  secret_string = jsonencode({{ passport = "{}" }})\n}}', "48213"),
        ("a.tf", 'variable "api_token" {{\n  sensitive = true\n  default = "{}"\n}}', "test"),
        ("a.tf", 'variable "api_token" {{\n  default = "{}"\n}}', "umber" + "lantern"),
        ("a.tf", 'data "google_secret_manager_secret_version" "a" {{\n  secret = "{}"\n}}', "umberlantern" * 3),
        ("a.tf", 'routing_key = "{}"', "R0" + "ABCDEFGHIJKLMN1234567890ABCDEF"),
        ("a.properties", "signingkey = {}", "3F5A9C07" + "B1D2E486"),
        ("a.yaml", "password: '{}'", "x[a-z]+9" + "q#Zt"),
    ],
)  # fmt: skip
def test_what_is_spared_elsewhere_goes_where_nothing_says_so(path: str, text: str, kept: str) -> None:
    assert kept not in redact(text.format(kept), path)[0]
