"""Lines that look like secrets and are none: placeholders, references, identifiers, digests, public keys, names, prose.

`innocents()` gives them as files, so that each line stands in the syntax it belongs to; all of them must survive as they are.
"""
# ruff: noqa: E501  (a table of lines)

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.bench.secrets.fields import expand

SEED = 7
# What documentation writes where a secret goes. Default passwords that products ship with (foobared, admin, secret) are left out.
PLACEHOLDERS = (
    "<your-token>", "<PASSWORD>", "changeme", "CHANGE_ME", "xxxxxxxx", "XXXX-XXXX-XXXX", "********", "REDACTED", "[redacted]", "your-password-here",
    "your_api_key", "example", "TODO", "...", "placeholder", "dummy", "insert-password-here", "my-secret-password", "<redacted>", "PUT-TOKEN-HERE",
)  # fmt: skip
# References by the syntax they are written in.
REFERENCES = {
    "infra/refs.tf": ("var.db_password", "local.admin_password", "module.db.password", "random_password.db.result", "data.aws_secretsmanager_secret_version.db.secret_string",
        "aws_secretsmanager_secret.db.arn", "data.vault_kv_secret_v2.app.data[\"password\"]", "sensitive(var.token)", "jsondecode(data.x.y.secret_string)[\"password\"]", "each.value.password",
        "\"${var.prefix}-password\"", "\"${random_password.db.result}\"", "null", "file(\"${path.module}/id_rsa.pub\")", "try(var.auth.token, \"\")", "azurerm_key_vault_secret.db.value"),
    "charts/refs/values.yaml": ("\"{{ .Values.db.password }}\"", "{{ .Values.auth.password | quote }}", "${DB_PASSWORD}", "$(DB_PASSWORD)", "!Ref DbPassword", "\"{{ vault_db_password }}\"",
        "${{ secrets.DB_PASSWORD }}", "'{{resolve:secretsmanager:prod/db:SecretString:password}}'", "ref+vault://kv/prod/db#password", "null", "\"\"", "~", "op://prod/db/password", "!vault-ref prod/db", "vault:secret/data/prod#password", "%{DB_PASSWORD}"),
    "scripts/refs.sh": ("\"$DB_PASSWORD\"", "${DB_PASSWORD}", "${DB_PASSWORD:?not set}", "$(cat /run/secrets/db_password)", "$(vault read -field=password secret/db)", "\"$(aws secretsmanager get-secret-value --secret-id prod/db)\"",
        "$1", "\"${1:-}\"", "`pass show prod/db`", "$(op read op://prod/db/password)", "\"$(openssl rand -base64 24)\"", "@password.txt"),
    "tools/refs.py": ("os.environ[\"DB_PASSWORD\"]", "os.getenv(\"API_TOKEN\")", "settings.password", "get_secret(\"prod/db\")", "getpass.getpass()", "None", "\"\"", "config[\"db\"][\"password\"]", "args.password", "keyring.get_password(\"db\", \"app\")",
        "secrets.token_urlsafe(32)", "f\"{user}-password\"", "self._password", "request.form.get(\"password\")", "password or default_password"),
}  # fmt: skip
ASSIGNED = {
    "infra/refs.tf": ("password_{n} = {value}", "master_password{n}  = {value}", "api_token{n} = {value}"),
    "charts/refs/values.yaml": ("password{n}: {value}", "apiToken{n}: {value}"),
    "scripts/refs.sh": ("export DB_PASSWORD={value}", "TOKEN={value}"),
    "tools/refs.py": ("password = {value}", "connect(user=user, password={value})"),
}
QUOTED = ('password = "{value}"', "export API_TOKEN='{value}'", "password: {value}", "curl -u admin:{value} https://wiki.example.net", "postgres://app:{value}@db.internal/orders",
          '  "secret": "{value}",', "The password is `{value}`.")  # fmt: skip
LINES = Path(__file__).with_name("innocent.txt")  # `=== path`, then the lines of that file


def innocents() -> dict[str, str]:
    """Path and text of each file; every line of it must survive."""
    rng = Random(SEED)
    parts = [part.partition("\n") for part in LINES.read_text("utf-8").split("=== ")[1:]]
    files = {path: expand(rng, text) for path, _, text in parts}
    for path, values in REFERENCES.items():
        pairs = [(form, value) for form in ASSIGNED[path] for value in values]
        lines = [form.replace("{n}", str(at)).replace("{value}", value) for at, (form, value) in enumerate(pairs)]
        files[path] = "\n".join(lines) + "\n"
    for at, form in enumerate(QUOTED):
        lines = [form.replace("{value}", value) for value in PLACEHOLDERS]
        files[f"docs/placeholders-{at}.md"] = "\n".join(lines) + "\n"
    return files
