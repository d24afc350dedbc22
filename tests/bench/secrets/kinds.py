"""Ninety-five kinds of secrets: their formats, written down from the vendors' pages before and apart from Waypost's detector.

Each kind has, for each shape of place in a file (see syntax.py), formats in the language of fields.py. In `bare` and `named`
a format is `name=text`, one or more lines of it where credentials come in pairs; `bare` texts are recognisable anywhere, `named`
ones by the name they stand under only. Other shapes are whole lines. A text without `«…»` is a secret from end to end.

Structured: a vendor documents what a token looks like, or a standard does. Generic: only the place tells (a password).
Checked against the rules of gitleaks, detect-secrets and trufflehog of 2026, where a vendor's page gives no length.
"""
# ruff: noqa: E501  (a table of formats)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    name: str
    source: str
    formats: Mapping[str, Sequence[str]]
    structured: bool = True


def bare(name: str, source: str, *formats: str) -> Kind:
    return Kind(name, source, {"bare": formats})


def named(name: str, source: str, *formats: str) -> Kind:
    return Kind(name, source, {"named": formats})


def generic(name: str, source: str, **formats: Sequence[str]) -> Kind:
    return Kind(name, source, formats, structured=False)


def blocks(name: str, source: str, *formats: str) -> Kind:
    return Kind(name, source, {"block": formats})


STRUCTURED = [
    named("aws-access-key", "AWS IAM user guide: unique identifiers; access keys",
          "aws_access_key_id=AKIA‹b32:16›\naws_secret_access_key=‹b64:40›", "access_key=AKIA‹b32:16›\nsecret_key=‹b64:40›"),
    bare("aws-access-key-id", "AWS IAM user guide: unique identifiers", "aws_access_key_id=AKIA‹b32:16›", "key_id=ASIA‹b32:16›"),
    named("aws-session-token", "AWS STS guide: temporary credentials", "aws_session_token=IQoJb3JpZ2luX2Vj‹b64:260-340›=="),
    bare("github-token", "GitHub blog, 5 April 2021: token formats", *(f"github_token={p}_‹b62crc:30›" for p in ("ghp", "gho", "ghs", "ghu"))),
    bare("github-fine-grained", "GitHub docs: types of tokens", "gh_token=github_pat_‹b62:22›_‹b62:59›"),
    bare("gitlab-access-token", "GitLab docs: token overview; routable tokens", "gitlab_token=glpat-‹b64url:20›",
         "gitlab_token=glpat-‹b64url:27›.01.‹b36:2›‹b36:7›", "remote=https://oauth2:«glpat-‹b64url:20›»@gitlab.com/acme/‹svc›.git"),
    bare("gitlab-runner-token", "GitLab docs: token overview", "runner_token=glrt-‹b64url:20›", "deploy_token=gldt-‹b64url:20›",
         "trigger=glptt-‹hex:40›", "agent_token=glagent-‹b64url:50›"),
    bare("slack-token", "Slack docs: token types", "slack_token=xoxb-‹d:12›-‹d:13›-‹b62:24›", "slack_user=xoxp-‹d:12›-‹d:12›-‹d:13›-‹hex:32›"),
    bare("slack-app-token", "Slack docs: app-level tokens", "slack_app_token=xapp-1-A‹upper:10›-‹d:13›-‹hex:64›"),
    bare("slack-webhook", "Slack docs: incoming webhooks", "slack_url=https://hooks.slack.com/services/T‹upper:10›/B‹upper:10›/«‹b62:24›»"),
    bare("stripe-key", "Stripe docs: API keys", "stripe_key=sk_live_‹b62:24›", "stripe_key=sk_live_51‹b62:97›", "stripe_restricted=rk_live_‹b62:24›"),
    bare("stripe-webhook-secret", "Stripe docs: webhook signatures", "stripe_webhook=whsec_‹b62:32›"),
    named("twilio-api-key", "Twilio docs: API keys", "twilio_api_key=SK‹hex:32›\ntwilio_api_secret=‹b62:32›", "twilio_auth_token=‹hex:32›"),
    bare("sendgrid-key", "SendGrid docs: API keys", "sendgrid_api_key=SG.‹b64url:22›.‹b64url:43›"),
    bare("npm-token", "GitHub changelog, 23 September 2021", "npm_token=npm_‹b62crc:30›", "npmrc=//npm.example.net/:_authToken=«npm_‹b62crc:30›»"),
    bare("pypi-token", "Warehouse docs: token scanning; a macaroon in base64", "pypi_token=pypi-AgEIcHlwaS5vcmc‹b64url:130-170›"),
    bare("google-api-key", "Google Cloud docs: API keys", "google_api_key=AIzaSy‹b64url:33›"),
    Kind("gcp-service-account", "Google Cloud docs: service account keys", {"object": (
        '{\n  "type": "service_account",\n  "project_id": "acme-‹word›",\n  "private_key_id": "‹hex:40›",\n  "private_key": '
        '"‹pemline:PRIVATE KEY›",\n  "client_email": "‹svc›@acme-‹word›.iam.gserviceaccount.com"\n}',)}),
    bare("azure-storage-key", "Microsoft Learn: storage connection strings", "storage_connection=DefaultEndpointsProtocol=https;"
         "AccountName=acme‹word›;AccountKey=«‹b64:86›==»;EndpointSuffix=core.windows.net"),
    bare("azure-client-secret", "Microsoft Learn: Entra client secret", "client_secret=‹b62:3›8Q~‹aad:33›‹b62:1›", "arm_client_secret=‹b62:3›7Q~‹aad:33›‹b62:1›"),
    bare("azure-sas", "Microsoft Learn: shared access signatures", "sas_url=https://acme‹word›.blob.core.windows.net/backups?sv=2022-11-02"
         "&ss=b&srt=sco&sp=rl&se=2027-01-01T00:00:00Z&spr=https&sig=«‹b62:20›%2F‹b62:22›%3D»"),
    bare("databricks-token", "Databricks docs: personal access tokens", "databricks_token=dapi‹hex:32›", "databricks_token=dapi‹hex:32›-2"),
    bare("digitalocean-token", "DigitalOcean docs: personal access tokens", "do_token=dop_v1_‹hex:64›", "do_token=doo_v1_‹hex:64›"),
    bare("heroku-key", "Heroku changelog: prefixed API keys", "heroku_api_key=HRKU-AA‹b64url:58›"),
    bare("vault-token", "Vault docs: tokens; service, batch and root", "vault_token=hvs.CAESI‹b64url:87-100›", "vault_token=hvs.‹b62:24›",
         "vault_token=hvb.AAAAAQ‹b64url:140-180›"),
    bare("terraform-cloud-token", "HCP Terraform docs: API tokens", "tfe_token=‹b62:14›.atlasv1.‹b62:67›"),
    named("datadog-keys", "Datadog docs: API and application keys", "dd_api_key=‹hex:32›\ndd_app_key=‹hex:40›", "datadog_api_key=‹hex:32›"),
    bare("newrelic-key", "New Relic docs: API keys", "new_relic_api_key=NRAK-‹upper:27›", "new_relic_license_key=‹hex:36›NRAL"),
    bare("grafana-token", "Grafana docs: service accounts; cloud access policies", "grafana_token=glsa_‹b62:32›_‹hex:8›", "grafana_cloud=‹glc›"),
    named("pagerduty-key", "PagerDuty docs: API access keys", "pagerduty_token=u+‹b64url:18›", "pagerduty_api_key=‹b62:20›"),
    bare("sentry-token", "Sentry RFC 0091: organization tokens", "sentry_auth_token=‹sntrys›", "sentry_auth_token=sntryu_‹hex:64›"),
    bare("anthropic-key", "Anthropic docs: API keys", "anthropic_api_key=sk-ant-api03-‹b64url:93›AA", "anthropic_admin=sk-ant-admin01-‹b64url:93›AA"),
    bare("openai-key", "OpenAI docs: project keys", "openai_api_key=sk-proj-‹b64url:74›T3BlbkFJ‹b64url:73›‹b62:1›", "openai_api_key=sk-‹b62:20›T3BlbkFJ‹b62:20›"),
    bare("huggingface-token", "Hugging Face docs: user access tokens", "hf_token=hf_‹alpha:34›"),
    bare("docker-token", "Docker docs: personal access tokens", "docker_token=dckr_pat_‹b64url:26›‹b62:1›"),
    bare("linear-key", "Linear docs: API keys", "linear_api_key=lin_api_‹b62:40›"),
    bare("notion-token", "Notion docs: authorization", "notion_token=ntn_‹d:11›‹b62:35›", "notion_token=secret_‹b62:43›"),
    bare("atlassian-token", "Atlassian docs: API tokens", "jira_token=ATATT3xFfGF0‹b64url:171›=‹HEX:8›"),
    bare("telegram-bot-token", "Telegram docs: bots, authorizing", "telegram_token=‹d:10›:AA‹b64url:32›‹b62:1›"),
    bare("discord-webhook", "Discord docs: webhook resource", "alerts=https://discord.com/api/webhooks/‹d:18›/«‹b64url:67›‹b62:1›»"),
    bare("jwt", "RFC 7519", "id_token=‹jwt›", "session=‹jwt›"),
    blocks("pem-private-key", "RFC 7468, RFC 5958, RFC 5915",
           *(f"tls_key=‹pem:{label}PRIVATE KEY›" for label in ("RSA ", "EC ", "", "ENCRYPTED ", "DSA "))),
    blocks("openssh-private-key", "OpenSSH PROTOCOL.key", "deploy_key=‹pem:OPENSSH PRIVATE KEY›"),
    blocks("pgp-private-key", "RFC 4880, section 6.2", "signing_key=‹pem:PGP PRIVATE KEY BLOCK›"),
    bare("age-key", "age README: key files, Bech32", "age_key=AGE-SECRET-KEY-1‹bech32:58›"),
    named("wireguard-key", "wg(8)", "wireguard_private_key=‹b64:43›=", "wg_private_key=‹b64:43›="),
    Kind("kubernetes-secret", "Kubernetes docs: Secrets", {"k8s": (
        "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: ‹svc›-db\ntype: Opaque\ndata:\n  password: «‹b64pw›»",
        "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: ‹svc›-env\n  namespace: ‹env›\ndata:\n  config.json: «‹b64:120-200›»",
        "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: ‹svc›-pull\nstringData:\n  username: ‹user›\n  password: \"«‹qpw›»\"",
        "---\nkind: Secret\napiVersion: v1\ndata:\n  username: YXBw\n  connection: >-\n    «‹b64:76›»\nmetadata:\n  name: ‹svc›")}),
    named("mailgun-key", "Mailgun docs: API keys", "mailgun_api_key=key-‹hex:32›", "mailgun_signing_key=‹hex:32›-‹hex:8›-‹hex:8›"),
    bare("shopify-token", "Shopify docs: token format", *(f"shopify_token=shp{p}_‹hex:32›" for p in ("at", "ss", "ca", "pa"))),
    bare("doppler-token", "Doppler docs: token formats", "doppler_token=dp.st.prd.‹b62:43›", "doppler_token=dp.pt.‹b62:43›"),
    bare("pulumi-token", "Pulumi docs: access tokens", "pulumi_access_token=pul-‹hex:40›"),
    named("fastly-token", "Fastly docs: API tokens", "fastly_api_token=‹b62:31›‹b62:1›"),
    bare("cloudflare-token", "Cloudflare docs: token formats; origin CA keys", "cloudflare_api_token=cfut_‹b62:40›‹hex:8›",
         "cloudflare_api_token=cfat_‹b62:40›‹hex:8›", "origin_ca=v1.0-‹hex:24›-‹hex:146›"),
    named("cloudflare-legacy", "Cloudflare docs: API tokens before prefixes", "cloudflare_api_token=‹b64url:39›‹b62:1›", "cloudflare_api_key=‹hex:37›"),
    bare("planetscale-token", "PlanetScale docs: service tokens", "pscale_token=pscale_tkn_‹b64url:42›‹b62:1›", "db=pscale_pw_‹b64url:42›‹b62:1›"),
    bare("dynatrace-token", "Dynatrace docs: tokens", "dt_token=dt0c01.‹b32:24›.‹b32:64›"),
    bare("artifactory-token", "JFrog docs: API keys, reference tokens", "artifactory_key=AKCp‹b62:69›", "artifactory_ref=cmVmd‹b62:59›"),
    named("okta-token", "Okta docs: API tokens", "okta_api_token=00‹b64url:39›‹b62:1›"),
    bare("postman-key", "Postman docs: API keys", "postman_key=PMAK-‹hex:24›-‹hex:34›"),
    bare("rubygems-key", "RubyGems guides: API keys", "gem_key=rubygems_‹hex:48›"),
    bare("fly-token", "Fly.io docs: access tokens", "fly_api_token=fo1_‹b64url:42›‹b62:1›", "fly_api_token=fm2_‹b64:160-200›"),
    bare("1password-token", "1Password docs: service accounts", "op_token=ops_eyJ‹b64:300-400›"),
    named("alibaba-key", "Alibaba Cloud docs: AccessKey pairs", "alicloud_access_key=LTAI‹b62:20›\nalicloud_secret_key=‹b62:30›"),
    bare("tailscale-key", "Tailscale docs: key prefixes", "ts_authkey=tskey-auth-k‹b62:10›CNTRL-‹b62:32›"),
    bare("sonarqube-token", "SonarQube docs: tokens", "sonar_token=squ_‹hex:40›", "sonar_token=sqp_‹hex:40›"),
]  # fmt: skip

GENERIC = [
    generic("hcl-password", "Terraform language: arguments, variables", hcl=(
        'resource "aws_db_instance" "‹svc›" {\n  engine   = "postgres"\n  username = "‹user›"\n  password = "«‹qpw›»"\n}',
        'resource "aws_rds_cluster" "‹svc›" {\n  master_username = "‹user›"\n  master_password        = "«‹qpw›»"\n  storage_encrypted = true\n}',
        'variable "‹svc›_db_password" {\n  type      = string\n  sensitive = true\n  default   = "«‹qpw›»"\n}',
        'resource "azurerm_mssql_server" "‹svc›" {\n  administrator_login          = "‹user›"\n  administrator_login_password = "«‹qpw›»"\n}',
        'locals {\n  ‹svc›_env = {\n    DB_USER     = "‹user›"\n    DB_PASSWORD = "«‹qpw›»"\n  }\n}',
        'resource "aws_secretsmanager_secret_version" "‹svc›" {\n  secret_id     = aws_secretsmanager_secret.‹svc›.id\n  secret_string = "«‹qpw›»"\n}'),
        tfvars=('db_password = "«‹qpw›»"', 'admin_pass = "«‹pw›»"', '‹svc› = {\n  username = "‹user›"\n  password = "«‹qpw›»"\n}')),
    generic("yaml-password", "YAML 1.2", yaml=(
        "‹svc›:\n  username: ‹user›\n  password: «‹pw›»", "‹svc›:\n  auth:\n    rootPassword: \"«‹qpw›»\"", "‹svc›: {user: ‹user›, password: '«‹qpw›»'}",
        "env:\n  - name: DB_PASSWORD\n    value: \"«‹qpw›»\"\n  - name: LOG_LEVEL\n    value: info", "‹svc›:\n  db_passwd: >-\n    «‹pw›»",
        "environment:\n  - POSTGRES_PASSWORD=«‹pw›»\n  - TZ=UTC")),
    generic("env-assignment", "POSIX shell; dotenv", command=("export DB_PASSWORD='«‹qpw›»'", "SMTP_PASS=«‹pw›»", "export ‹svc›_passwd=\"«‹pw›»\""),
            env=("DB_PASSWORD=«‹pw›»", 'REDIS_PASSWORD="«‹qpw›»"', "export ADMIN_PASS='«‹qpw›»'", "APP_SECRET=«‹pw›»  # rotated in May")),
    generic("json-password", "RFC 8259", json=('"‹svc›": {"user": "‹user›", "password": "«‹qpw›»"},', '"adminPassword": "«‹qpw›»",',
            '"auth": {\n    "username": "‹user›",\n    "passwd" : "«‹qpw›»"\n  },')),
    generic("ini-password", "INI and Java properties", ini=("[‹svc›]\nuser = ‹user›\npassword = «‹pw›»", "[mail]\nsmtp_password=«‹pw›»"),
            properties=("spring.datasource.password=«‹pw›»", "‹svc›.db.password = «‹pw›»", "javax.net.ssl.keyStorePassword: «‹pw›»")),
    generic("xml-password", "XML 1.0: Maven settings, web.config", xml=("<server><id>‹svc›</id><password>«‹pw›»</password></server>",
            '<property name="password" value="«‹pw›»"/>', '<add key="DbPassword" value="«‹pw›»" />')),
    generic("python-password", "Python language reference", python=("DB_PASSWORD = \"«‹qpw›»\"", "conn = connect(host=\"‹host›\", user=\"‹user›\", password='«‹qpw›»')",
            "CONFIG = {\n    \"user\": \"‹user›\",\n    \"password\": \"«‹qpw›»\",\n}", "os.environ[\"PGPASSWORD\"] = \"«‹qpw›»\"")),
    generic("url-password", "RFC 3986, section 3.2.1", bare=("database_url=postgres://‹user›:«‹upw›»@‹host›:5432/‹db›", "mongo_url=mongodb+srv://‹user›:«‹upw›»@‹host›/‹db›",
            "broker=amqp://‹user›:«‹upw›»@‹host›:5672/", "cache=redis://:«‹upw›»@‹host›:6379/0", "mirror=https://‹user›:«‹upw›»@‹host›/git/‹svc›.git")),
    generic("jdbc-password", "JDBC drivers of PostgreSQL, SQL Server, Oracle", bare=("jdbc_url=jdbc:postgresql://‹host›/‹db›?user=‹user›&password=«‹upw›»",
            "jdbc_url=jdbc:sqlserver://‹host›:1433;databaseName=‹db›;user=sa;password=«‹upw›»;encrypt=true", "jdbc_url=jdbc:oracle:thin:‹db›/«‹spw›»@//‹host›:1521/‹db›")),
    generic("odbc-password", "Microsoft Learn: connection strings", bare=("dsn=Driver={ODBC Driver 18 for SQL Server};Server=‹host›;Uid=‹user›;Pwd=«‹spw›»;",
            "connection=Server=tcp:‹host›,1433;Database=‹db›;User ID=‹user›;Password=«‹spw›»;Encrypt=True", "dsn=host=‹host› user=‹user› password=«‹spw›» dbname=‹db›")),
    generic("curl-user", "curl(1)", command=("curl -u ‹user›:«‹pw›» https://‹host›/api/v1/health", "curl -sf --user '‹user›:«‹qpw›»' -X POST https://‹host›/jobs",
            "wget --user=‹user› --password='«‹qpw›»' https://‹host›/dump.tgz")),
    generic("authorization-basic", "RFC 7617", command=("curl -H 'Authorization: Basic «‹basic›»' https://‹host›/rest/api/2/issue",),
            nginx=('proxy_set_header Authorization "Basic «‹basic›»";',), yaml=("headers:\n  Authorization: Basic «‹basic›»",), log=("> Authorization: Basic «‹basic›»",)),
    generic("authorization-bearer", "RFC 6750", command=('curl -H "Authorization: Bearer «‹b62:40-64›»" https://‹host›/v2/nodes', "http GET https://‹host›/me 'X-Api-Key: «‹b62:32-40›»'"),
            python=('headers = {"Authorization": "Bearer «‹b62:40-64›»"}',), log=("authorization: bearer «‹hex:64›»",), yaml=("headers:\n  - 'X-Auth-Token: «‹b62:32-44›»'",)),
    generic("netrc", "netrc(5)", netrc=("machine ‹host› login ‹user› password «‹pw›»", "machine ‹host›\n  login ‹user›\n  password «‹pw›»")),
    generic("pgpass", "PostgreSQL docs: the password file", pgpass=("‹host›:5432:‹db›:‹user›:«‹upw›»", "*:*:‹db›:‹user›:«‹upw›»")),
    generic("client-password-flag", "mysql(1), psql(1), redis-cli, sshpass(1), ldapsearch(1)", command=("mysql -h ‹host› -u root -p«‹spw›» ‹db›", "mysqldump --password=«‹spw›» ‹db› > out.sql",
            "PGPASSWORD=«‹pw›» psql -h ‹host› -U ‹user› ‹db›", "redis-cli -h ‹host› -a «‹spw›» ping", "sshpass -p '«‹qpw›»' ssh ‹user›@‹host›", "ldapsearch -D cn=‹user› -w «‹spw›» -b dc=acme",
            "az login --service-principal -u ‹uuid› -p «‹spw›» --tenant ‹uuid›")),
    generic("ansible-password", "Ansible docs: connection variables", ansible=("ansible_become_pass: «‹pw›»", "ansible_password: \"«‹qpw›»\"", "mysql_root_password: '«‹qpw›»'", "vault_‹svc›_db_pass: «‹pw›»"),
            ini=("[‹svc›]\n‹host› ansible_user=‹user› ansible_ssh_pass=«‹spw›»",)),
    generic("docker-flag", "docker run(1), docker login(1)", command=("docker run -d -e POSTGRES_PASSWORD=«‹pw›» -p 5432:5432 postgres:16", "docker login -u ‹user› -p «‹spw›» registry.example.net",
            "podman run --env MYSQL_ROOT_PASSWORD='«‹qpw›»' mariadb:11")),
    generic("helm-set", "Helm docs: helm upgrade", command=("helm upgrade --install ‹svc› acme/‹svc› --set auth.password=«‹spw›» -n ‹env›", "helm install ‹svc› ./chart --set-string db.user=‹user›,db.password=«‹spw›»",
            "terraform apply -var db_password=«‹spw›» -auto-approve")),
    generic("kubectl-literal", "Kubernetes docs: kubectl create secret", command=("kubectl create secret generic ‹svc›-db --from-literal=password=«‹spw›»",
            "kubectl -n ‹env› create secret docker-registry pull --docker-username=‹user› --docker-password='«‹qpw›»'")),
    generic("htpasswd", "Apache docs: password formats", htpasswd=("‹user›:«$apr1$‹crypt:8›$‹crypt:22›»", "‹user›:«$2y$05$‹crypt:53›»"),
            command=("htpasswd -bB /etc/nginx/.htpasswd ‹user› «‹spw›»",)),
    generic("prometheus-basic-auth", "Prometheus docs: configuration", yaml=(
            "scrape_configs:\n  - job_name: ‹svc›\n    basic_auth:\n      username: ‹user›\n      password: «‹pw›»\n    static_configs:\n      - targets: ['‹host›:9100']",
            "remote_write:\n  - url: https://‹host›/push\n    authorization:\n      credentials: «‹b62:40-60›»")),
    generic("prose-password", "wiki pages", prose=("The password is «‹spw›» until the migration is done.", "Log in as ‹user› with the password `«‹qpw›»` and open the console.",
            "Credentials: ‹user› / «‹spw›» (ask ‹word› before you change them).", "- Admin password for ‹host›: **«‹spw›»**", "If it asks for the passphrase, type `«‹qpw›»`.",
            "Username: ‹user›\nPassword: «‹pw›»"),
            foreign=("Das Passwort für ‹host› lautet «‹spw›» und gilt bis Ende März.", "Le mot de passe de ‹user› est : «‹spw›»", "La contraseña del usuario ‹user› es `«‹qpw›»`.",
            "Kennwort: «‹pw›»", "Het wachtwoord is «‹spw›», niet doorgeven.", "A senha do banco é «‹spw›».", "パスワード: «‹spw›»", "Пароль: «‹spw›»")),
    generic("table-password", "wiki tables", table=("| Host | User | Password |\n|------|------|----------|\n| ‹host› | ‹user› | «‹pw›» |\n| ‹host› | ‹user› | «‹pw›» |",
            "| Setting | Value |\n| --- | --- |\n| Username | `‹user›` |\n| Password | `«‹pw›»` |")),
    generic("api-key", "opaque keys under a telling name", named=("api_key=‹b62:32-40›", "secret_key_base=‹hex:128›", "client_secret=‹b64url:40›‹b62:1›", "encryption_key=‹b64:43›=", "access_token=‹b62:40›",
            "signing_secret=‹hex:32›")),
    generic("sql-password", "PostgreSQL, MySQL and SQL Server manuals", sql=("CREATE USER ‹db›_app WITH PASSWORD '«‹qpw›»';", "ALTER ROLE reporting LOGIN PASSWORD '«‹qpw›»';",
            "CREATE USER 'app'@'%' IDENTIFIED BY '«‹qpw›»';", "CREATE LOGIN ‹db›_ro WITH PASSWORD = N'«‹qpw›»';")),
    generic("powershell-password", "Microsoft Learn: ConvertTo-SecureString, net user", powershell=('$pw = ConvertTo-SecureString "«‹spw›»" -AsPlainText -Force', "net user svc_backup «‹spw›» /add",
            "$Password = '«‹qpw›»'")),
    generic("dockerfile-env", "Dockerfile reference", docker=("ENV DB_PASSWORD=«‹pw›»", 'ENV ADMIN_PASS="«‹pw›»"', "ARG NEXUS_PASSWORD=«‹pw›»")),
    generic("server-conf", "redis.conf, rabbitmq.conf, ldap.conf", conf=("requirepass «‹pw›»", "masterauth «‹pw›»", "default_pass = «‹pw›»", "bindpw «‹pw›»", "auth_pass «‹spw›»")),
    generic("logged-password", "application logs", log=("connecting to ‹host› as ‹user› password=«‹spw›» timeout=30s", 'POST /login {"user":"‹user›","password":"«‹qpw›»"}', "login failed for ‹user›, token=«‹b62:32›»")),
]  # fmt: skip
KINDS = [*STRUCTURED, *GENERIC]
