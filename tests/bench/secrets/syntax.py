"""The kinds of files secrets are planted in: what innocent lines they have, and how each shape of secret is written there.

A template's `{value}` is the secret's text, indented as it stands when it has several lines; `{escaped}` the same inside JSON's
quotes, `{xml}` inside XML; `{key}`, `{KEY}`, `{camel}`, `{kebab}` its name, `{n}` a number unique in the file. The rest is drawn as
fields.py says. A `bare` secret may also stand where `named` ones do.
"""
# ruff: noqa: E501  (a table of templates)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Language:
    """How often files of it are made, where they lie, what opens, fills and closes them, and templates by shape."""

    weight: int
    path: str
    shapes: Mapping[str, Sequence[str]]
    filler: Sequence[str] = ()
    head: str = ""
    foot: str = ""
    gap: str = field(default="\n", kw_only=True)


WHOLE = ("{value}",)
YAML_FILLER = (
    'image{n}:\n  repository: ghcr.io/acme/‹svc›\n  tag: "1.‹d:1›.‹d:2›"\n  digest: sha256:‹hex:64›',
    "resources{n}:\n  limits:\n    cpu: 500m\n    memory: 512Mi",
    "ingress{n}:\n  enabled: true\n  className: nginx\n  tls:\n    - secretName: ‹svc›-tls",
    "serviceAccount{n}:\n  annotations:\n    eks.amazonaws.com/role-arn: arn:aws:iam::‹d:12›:role/‹svc›-‹env›",
    "existingSecret{n}: ‹svc›-db-credentials",
    "# the password comes from the secret store, see the runbook",
    "podAnnotations{n}:\n  checksum/config: ‹hex:64›",
    "nodeSelector{n}:\n  topology.kubernetes.io/zone: ‹region›a",
)
YAML_SHAPES = {
    "bare": ("# was: {value}", "args{n}:\n  - --endpoint\n  - {value}", "note{n}: |\n  Until June the job used {value} here.",
             "x-item{n}: '{value}'"),
    "named": ("‹svc›{n}:\n  {key}: \"{value}\"", "‹svc›{n}:\n  {camel}: {value}", "env{n}:\n  - name: {KEY}\n    value: \"{value}\"",
              "environment{n}:\n  - {KEY}={value}"),
    "block": ("‹svc›{n}:\n  {key}: |\n    {value}", "files{n}:\n  id_key: |-\n        {value}", "{key}{n}: \"{escaped}\""),
    "object": ("{key}{n}: |\n  {value}", "{key}{n}: '{value}'"),
    "yaml": WHOLE,
}  # fmt: skip
HCL_FILLER = (
    'resource "aws_s3_bucket" "logs{n}" {\n  bucket = "acme-‹svc›-logs-‹env›"\n  tags = {\n    Owner = "platform"\n  }\n}',
    'data "aws_secretsmanager_secret_version" "db{n}" {\n  secret_id = "‹env›/‹svc›/db-password"\n}',
    'variable "password_length{n}" {\n  type    = number\n  default = 32\n}',
    'module "vpc{n}" {\n  source = "git::https://github.com/acme/vpc.git?ref=‹hex:40›"\n  cidr   = "10.‹d:2›.0.0/16"\n}',
    'resource "random_password" "db{n}" {\n  length  = 24\n  special = false\n}',
    'resource "aws_instance" "app{n}" {\n  ami           = "ami-0‹hex:16›"\n  instance_type = "t3.small"\n  key_name      = "‹svc›-deploy"\n}',
    '# Passwords are kept in AWS Secrets Manager and read at apply time.',
)  # fmt: skip
SHELL_FILLER = (
    "set -euo pipefail", 'log() { echo "[$(date -Is)] $*"; }', 'DB_PASSWORD="$(vault kv get -field=password kv/‹svc›)"',
    "kubectl -n ‹env› rollout status deploy/‹svc›", "aws sts get-caller-identity --query Arn", "for host in web01 web02; do\n  ping -c1 \"$host\"\ndone",
    'echo "‹hex:64›  ‹svc›.tgz" | sha256sum -c -', "# ask the duty officer for the token",
)  # fmt: skip
PROSE_FILLER = (
    "## Rotating credentials\n\nPasswords are rotated every ninety days; the new one is written to Vault by the job `rotate-‹svc›`.",
    "When ‹svc› is slow, look at the dashboard first and then at the slow query log of `‹db›`.",
    "- [ ] tell the duty officer\n- [ ] open a ticket of type *change*\n- [ ] note the commit (`‹hex:40›`)",
    "The secret is called `‹env›/‹svc›/db-password`; nobody needs to know its value.",
    "| Stage | Replicas | Region |\n|---|---|---|\n| ‹env› | 3 | ‹region› |",
    "```console\n$ kubectl -n ‹env› get secret ‹svc›-tls -o yaml\n```",
    "See also [the network page](https://wiki.example.net/display/NET/‹svc›?pageId=‹d:9›).",
)
FENCED = {
    f"{shape}": (f"```{tag}\n{{value}}\n```",)
    for shape, tag in {"yaml": "yaml", "hcl": "hcl", "tfvars": "hcl", "json": "json", "env": "", "ini": "ini", "properties": "properties", "xml": "xml",
                       "python": "python", "nginx": "nginx", "sql": "sql", "powershell": "powershell", "docker": "dockerfile", "conf": "", "netrc": "",
                       "pgpass": "", "htpasswd": "", "ansible": "yaml", "k8s": "yaml", "log": "text"}.items()
}  # fmt: skip
MARKDOWN = {
    **FENCED,
    "bare": ("Use `{value}` for the nightly job.", "1. paste {value} into the field", "| ‹svc› | `{value}` | expires never |",
             "> ‹user›: here it is again: {value}", "- old: ~~{value}~~", "<!-- {value} -->", "```\n$ ‹svc› login {value}\n```"),
    "named": ("```bash\nexport {KEY}={value}\n```", "```yaml\n{key}: {value}\n```", "The `{KEY}` of ‹env› is `{value}`.", "* {key}: `{value}`",
              "```hcl\n{key} = \"{value}\"\n```", "| {KEY} | `{value}` |", "    {KEY}=\"{value}\""),
    "block": ("```\n{value}\n```", "The key of ‹host›:\n\n    {value}\n", "1. write it to the file:\n\n   ```\n   {value}\n   ```"),
    "object": ("```json\n{value}\n```",),
    "command": ("```bash\n{value}\n```", "Run `{value}` on the bastion.", "1. check the health:\n\n   ```sh\n   $ {value}\n   ```", "    {value}"),
    "prose": WHOLE, "table": WHOLE,
}  # fmt: skip

LANGUAGES = {
    "terraform": Language(70, "infra/‹svc›/main-{n}.tf", {
        "bare": ('# formerly {value}', 'locals {\n  item{n} = ["{value}", "eu"]\n}', 'resource "null_resource" "r{n}" {\n  triggers = { arg = "{value}" }\n}',
                 'output "o{n}" {\n  value = "see {value}"\n}'),
        "named": ('provider "‹svc›" {\n  alias = "p{n}"\n  {key} = "{value}"\n}', 'variable "{key}_{n}" {\n  type    = string\n  default = "{value}"\n}',
                  'resource "aws_lambda_function" "f{n}" {\n  environment {\n    variables = {\n      {KEY} = "{value}"\n    }\n  }\n}',
                  'resource "aws_ssm_parameter" "p{n}" {\n  name  = "/‹env›/{key}"\n  type  = "SecureString"\n  value = "{value}"\n}'),
        "block": ('resource "aws_ssm_parameter" "k{n}" {\n  name  = "/‹env›/{key}"\n  value = <<-EOT\n    {value}\n  EOT\n}', 'locals {\n  {key}_{n} = "{escaped}"\n}'),
        "object": ('resource "google_secret_manager_secret_version" "s{n}" {\n  secret_data = <<EOF\n{value}\nEOF\n}',),
        "command": ('resource "aws_instance" "i{n}" {\n  user_data = <<-EOF\n    #!/bin/bash\n    yum -y update\n    {value}\n  EOF\n}',
                    'resource "null_resource" "c{n}" {\n  provisioner "local-exec" {\n    command = <<EOT\n{value}\nEOT\n  }\n}'),
        "hcl": WHOLE}, HCL_FILLER, 'terraform {\n  required_version = ">= 1.6"\n}'),
    "tfvars": Language(24, "infra/‹env›/‹svc›-{n}.tfvars", {
        "bare": ('list{n} = ["{value}"]', '# {value}'), "named": ('{key}_{n} = "{value}"', '‹svc›{n} = {\n  {key} = "{value}"\n}'),
        "block": ('{key}_{n} = <<EOT\n{value}\nEOT',), "object": ('{key}_{n} = <<EOT\n{value}\nEOT',), "tfvars": WHOLE},
        ('region{n} = "‹region›"', 'ami_id{n} = "ami-0‹hex:16›"', 'kms_key_arn{n} = "arn:aws:kms:‹region›:‹d:12›:key/‹uuid›"', 'password_secret_name{n} = "‹env›/‹svc›/db"',
         'cidrs{n} = ["10.0.0.0/16", "192.168.‹d:1›.0/24"]'), "# values of ‹env›"),
    "helm": Language(36, "charts/‹svc›/values-{n}.yaml", YAML_SHAPES, YAML_FILLER, "# values of ‹svc›\nreplicaCount: 3"),
    "kubernetes": Language(26, "k8s/‹env›/‹svc›-{n}.yaml", {
        "k8s": WHOLE, "named": ("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{n}\ndata:\n  {KEY}: \"{value}\"",
              "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: p{n}\nspec:\n  containers:\n    - name: app\n      env:\n        - name: {KEY}\n          value: {value}"),
        "block": ("---\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: b{n}\ndata:\n  {key}: |\n    {value}",),
        "bare": ("---\nkind: Job\napiVersion: batch/v1\nmetadata:\n  name: j{n}\nspec:\n  template:\n    spec:\n      containers:\n        - name: run\n          args: [\"--with\", \"{value}\"]",)},
        ("---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: ‹svc›{n}\n  uid: ‹uuid›", "---\nkind: Deployment\napiVersion: apps/v1\nmetadata:\n  name: d{n}\nspec:\n  template:\n    spec:\n"
         "      containers:\n        - name: app\n          image: ghcr.io/acme/‹svc›@sha256:‹hex:64›\n          env:\n            - name: DB_PASSWORD\n              valueFrom:\n"
         "                secretKeyRef:\n                  name: ‹svc›-db\n                  key: password")),
    "ansible": Language(14, "ansible/group_vars/‹svc›-{n}.yml", {**YAML_SHAPES, "ansible": WHOLE}, YAML_FILLER, "---"),
    "prometheus": Language(8, "monitoring/prometheus-{n}.yml", {"yaml": WHOLE, "named": ("remote_read{n}:\n  {key}: {value}",), "bare": ("# {value}",)}, YAML_FILLER[4:]),
    "workflow": Language(18, ".github/workflows/‹svc›-{n}.yml", {
        "bare": ("  bare{n}:\n    steps:\n      - run: deploy {value}",), "named": ("  env{n}:\n    env:\n      {KEY}: {value}\n    steps:\n      - run: make",),
        "command": ("  run{n}:\n    steps:\n      - name: run it\n        run: |\n          {value}",)},
        ("  lint{n}:\n    steps:\n      - uses: actions/checkout@‹hex:40›\n      - run: make lint\n        env:\n          TOKEN: ${{ secrets.GITHUB_TOKEN }}",), "on: push\njobs:"),
    "runbook": Language(84, "docs/runbooks/‹svc›-{n}.md", MARKDOWN, PROSE_FILLER, "# ‹svc›: what to do when it fails", gap="\n\n"),
    "foreign": Language(22, "wiki/betrieb/‹svc›-{n}.md", {**MARKDOWN, "foreign": WHOLE,
        "bare": ("Der Schlüssel `{value}` gilt für alle Rechner.", "Le jeton est {value}, ne le partagez pas.", "トークンは {value} です。")},
        ("Das Passwort wird alle neunzig Tage gewechselt und steht im Tresor.", "Le secret s'appelle `‹env›/‹svc›/db`.", "Siehe auch [Netz](https://wiki.example.net/‹svc›)."),
        "# Betriebshandbuch ‹svc›", gap="\n\n"),
    "shell": Language(30, "scripts/‹svc›-{n}.sh", {
        "bare": ("‹svc› login {value}", "# {value}", "curl -s https://‹host›/hook -d 'text={value}'"), "named": ("export {KEY}={value}", "{KEY}='{value}'", "{key}=\"{value}\""),
        "block": ("cat > /etc/‹svc›/key <<'EOF'\n{value}\nEOF", "echo -e \"{escaped}\" > id_key"), "object": ("cat > sa.json <<EOF\n{value}\nEOF",), "command": WHOLE}, SHELL_FILLER, "#!/usr/bin/env bash"),
    "python": Language(22, "tools/‹svc›_{n}.py", {
        "bare": ("client = Client(\"{value}\")", "# {value}", "ITEMS_{n} = [\n    '{value}',\n]"), "named": ("{KEY} = \"{value}\"", "client = Client({key}='{value}')",
        "SETTINGS_{n} = {\"{key}\": \"{value}\"}"), "block": ('{KEY} = """{value}"""', '{KEY} = "{escaped}"'), "object": ("{KEY} = r'''{value}'''",), "python": WHOLE},
        ("import os", "PASSWORD = os.environ[\"DB_PASSWORD\"]", "def total(items: list[int]) -> int:\n    return sum(items)", "REVISION = \"‹hex:40›\"", "token = request.headers.get(\"X-Token\")")),
    "env": Language(20, "deploy/‹svc›-{n}.env", {"bare": ("VALUE_{n}={value}", "# {value}"), "named": ("{KEY}={value}", "{KEY}=\"{value}\"", "export {KEY}='{value}'"),
        "block": ('{KEY}="{value}"', '{KEY}="{escaped}"'), "env": WHOLE}, ("LOG_LEVEL=info", "PORT=80‹d:2›", "DB_PASSWORD=", "REQUEST_ID=‹uuid›", "SECRET_NAME=‹env›/‹svc›/db")),
    "json": Language(22, "config/‹svc›-{n}.json", {"bare": ('"x{n}": ["{escaped}"],', '"note{n}": "was {escaped}",'), "named": ('"{key}": "{escaped}",', '"‹svc›{n}": {\n    "{camel}": "{escaped}"\n  },'),
        "block": ('"{key}": "{escaped}",',), "object": ('"{key}": {value},',), "json": WHOLE}, ('"port{n}": 80‹d:2›,', '"id{n}": "‹uuid›",', '"commit{n}": "‹hex:40›",',
        '"passwordFile{n}": "/run/secrets/db",'), "{", '"end": true\n}'),
    "notebook": Language(8, "notebooks/‹svc›-{n}.ipynb", {"bare": ('"{escaped}\\n",',), "named": ('"{KEY} = \'{escaped}\'\\n",', '"%env {KEY}={escaped}\\n",'), "command": ('"!{escaped}\\n",',)},
        ('"import pandas as pd\\n",', '"df = pd.read_csv(\'s3://acme-‹svc›/export.csv\')\\n",'), '{"cells": [{"cell_type": "code", "source": [', '"df.head()"]}], "nbformat": 4}'),
    "ini": Language(14, "etc/‹svc›-{n}.ini", {"bare": ("extra{n} = {value}", "; {value}"), "named": ("[‹svc›{n}]\n{key} = {value}", "{key}={value}"), "ini": WHOLE},
        ("[server{n}]\nport = 80‹d:2›\nworkers = 4", "; the password is read from the environment")),
    "properties": Language(12, "src/main/resources/‹svc›-{n}.properties", {"bare": ("app.item{n}={value}",), "named": ("‹svc›.{kebab}={value}", "app.{camel}: {value}"), "properties": WHOLE,
        "block": ("app.{kebab}={escaped}",)}, ("server.port=80‹d:2›", "spring.datasource.password=${DB_PASSWORD}", "build.revision=‹hex:40›")),
    "xml": Language(14, "conf/‹svc›-{n}.xml", {"bare": ("<item>{xml}</item>", "<!-- {xml} -->"), "named": ('<add key="{camel}" value="{xml}"/>', "<{key}>{xml}</{key}>"),
        "block": ("<{key}>\n{value}\n</{key}>",), "xml": WHOLE}, ('<timeout seconds="‹d:2›"/>', "<build id=\"‹uuid›\"/>", "<password>${env.DB_PASSWORD}</password>"), "<configuration>", "</configuration>"),
    "dockerfile": Language(14, "images/‹svc›-{n}/Dockerfile", {"bare": ("RUN fetch {value}", "LABEL note{n}=\"{value}\""), "named": ("ENV {KEY}={value}", "ARG {KEY}=\"{value}\"", "RUN {KEY}={value} make"),
        "command": ("RUN {value}", "RUN apk add curl && \\\n    {value}"), "docker": WHOLE}, ("COPY . /srv", "USER 1000", "ENV PORT=80‹d:2›", "RUN --mount=type=secret,id=npm npm ci"),
        "FROM debian:12@sha256:‹hex:64›"),
    "nginx": Language(9, "nginx/‹svc›-{n}.conf", {"nginx": WHOLE, "bare": ('add_header X-Item "{value}";', "# {value}"), "named": ('proxy_set_header X-{kebab} "{value}";',)},
        ("listen 443 ssl;", "ssl_certificate /etc/ssl/‹svc›.pem;", "proxy_pass http://‹svc›:8080;", "auth_basic_user_file /etc/nginx/.htpasswd;"), "server {", "}"),
    "log": Language(12, "incidents/‹svc›-{n}.log", {"log": ("2026-05-‹d:1›T10:‹d:1›4:05Z INFO {value}",), "bare": ("10:‹d:1›1:44 [‹svc›] WARN rejected {value}", "DEBUG argv=['run', '{value}']"),
        "named": ("DEBUG env {KEY}={value}", "INFO config {\"{key}\": \"{escaped}\"}")}, ("INFO request_id=‹uuid› status=200", "INFO pulled image sha256:‹hex:64›", "WARN password expires in 5 days for ‹user›")),
    "sql": Language(5, "db/‹db›-{n}.sql", {"sql": WHOLE}, ("SELECT count(*) FROM orders;", "GRANT SELECT ON orders TO reporting;", "-- passwords are set by the platform team")),
    "powershell": Language(5, "scripts/‹svc›-{n}.ps1", {"powershell": WHOLE}, ("Get-Service ‹svc›", "$cred = Get-Credential -Message 'Password?'")),
    "conf": Language(4, "etc/redis-{n}.conf", {"conf": WHOLE}, ("maxmemory 2gb", "appendonly yes", "# requirepass is set by the start script", "timeout 300")),
    "netrc": Language(3, "home/‹svc›-{n}/.netrc", {"netrc": WHOLE}),
    "pgpass": Language(2, "home/‹svc›-{n}/.pgpass", {"pgpass": WHOLE}, ("# hostname:port:database:username:password",)),
    "htpasswd": Language(2, "nginx/‹svc›-{n}/.htpasswd", {"htpasswd": WHOLE}),
}  # fmt: skip
