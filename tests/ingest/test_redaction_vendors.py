"""One made-up token of each vendor's documented shape, put together here so that scanners of this repository find none."""
# ruff: noqa: E501  (a table of samples)

from __future__ import annotations

import random
import re

import pytest

from ingest.redaction import redact
from ingest.redaction.vendors import VENDORS

MIXED = "Zq8vKp0sLwX3bN7mT2cR9dYfGhJ4" * 10
HEX = "9f86d081884c7d659a2feaa0c55ad015" * 5
LOWER = "q8vkp0slwx3bn7mt2cr9dyfghj4a" * 4
UPPER = "Q3EGRIXZ7NWYB2KL" * 6
LETTERS = "qZvKpLwXbNmTcRdYfGhJsBnMaEuIoPkLqW" * 2
UUID = f"{HEX[:8]}-{HEX[:4]}-4{HEX[:3]}-a{HEX[:3]}-{HEX[:12]}"

SAMPLES = [
    ("aws-access-key-id", "AK", "IA" + UPPER[:16]), ("aws-secret-access-key", "aws.secret '", MIXED[:40] + "'"),
    ("aws-session-token", "IQoJb3Jp", "Z2lu" + MIXED[:100]), ("aws-bedrock-key", "bedrock-api", "-key-" + MIXED[:60]),
    ("github-token", "gh", "p_" + MIXED[:36]), ("github-token", "github", "_pat_" + MIXED[:60]), ("gitlab-token", "glp", "at-" + MIXED[:20]),
    ("gitlab-token", "GR13", "48941" + MIXED[:20]), ("gitlab-token", "_gitlab_session=", LOWER[:32]), ("slack-token", "xo", "xb-12345-" + MIXED[:24]),
    ("slack-token", "xo", "xe.xo" + "xb-1-" + MIXED[:60]), ("webhook-url", "https://hooks.slack.com/services/", "T0G/B01/" + MIXED[:24]),
    ("google-api-key", "AI", "za" + MIXED[:35]), ("google-oauth", "GOC", "SPX-" + MIXED[:28]), ("assignment", "AccountKey=", MIXED[:86] + "=="),
    ("azure-sas", "https://x.example/?sig=", MIXED[:43]), ("azure-client-secret", "'", "abc8" + "Q~" + MIXED[:34]), ("stripe-key", "sk_", "live_" + MIXED[:24]),
    ("twilio-key", "S", "K" + HEX[:32]), ("sendgrid-key", "S", "G." + MIXED[:22] + "." + MIXED[:43]), ("mailgun-key", "ke", "y-" + HEX[:32]),
    ("npm-token", "np", "m_" + MIXED[:36]), ("pypi-token", "py", "pi-" + MIXED[:80]), ("docker-token", "dckr", "_pat_" + MIXED[:27]),
    ("vault-token", "hv", "s." + MIXED[:30]), ("terraform-token", MIXED[:14], ".atlas" + "v1." + MIXED[:65]), ("anthropic-key", "sk-", "ant-api03-" + MIXED[:80]),
    ("openai-key", "sk-", MIXED[:48]), ("newrelic-key", "NR", "AK-" + MIXED[:27]), ("newrelic-key", LOWER[:36], "NR" + "AL"),
    ("grafana-token", "gl", "sa_" + MIXED[:32] + "_" + HEX[:8]), ("grafana-token", "eyJr", "Ijoi" + MIXED[:80]), ("huggingface-token", "h", "f_" + LETTERS[:34]),
    ("huggingface-token", "api", "_org_" + LETTERS[:34]), ("digitalocean-token", "do", "p_v1_" + HEX[:64]), ("linear-key", "lin", "_api_" + MIXED[:40]),
    ("atlassian-token", "ATA", "TT3" + MIXED[:80]), ("bitbucket-token", "AT", "BB" + MIXED[:32]), ("pulumi-token", "pu", "l-" + HEX[:40]),
    ("databricks-token", "da", "pi" + HEX[:32]), ("age-secret-key", "AGE-SECRET", "-KEY-1" + UPPER[:58]), ("age-plugin-key", "AGE-PLUGIN", "-YUBIKEY-1" + UPPER[:58]),
    ("doppler-token", "dp", ".pt." + MIXED[:43]), ("1password-token", "ops", "_eyJ" + MIXED[:200]), ("1password-key", "A3-ABC234-", "ABC234-ABC23" + "-ABC23" * 3),
    ("artifactory-token", "AK", "Cp" + MIXED[:69]), ("cloudflare-token", "cf", "ut_" + MIXED[:40]), ("postman-key", "PM", f"AK-{HEX[:24]}-{HEX[:34]}"),
    ("rubygems-key", "ruby", "gems_" + HEX[:48]), ("sonarqube-token", "sq", "p_" + HEX[:40]), ("planetscale-token", "psc", "ale_tkn_" + MIXED[:43]),
    ("notion-token", "nt", "n_12345678901" + MIXED[:35]), ("sentry-token", "sntr", "yu_" + HEX[:64]), ("telegram-token", "123456789", ":A" + "A" + MIXED[:33]),
    ("shopify-token", "shp", "at_" + HEX[:32]), ("tailscale-key", "tsk", f"ey-auth-{MIXED[:12]}-{MIXED[:32]}"), ("heroku-key", "HR", "KU-" + MIXED[:60]),
    ("fly-token", "fm", "2_" + MIXED[:120]), ("dynatrace-token", "dt0", f"c01.{UPPER[:24]}.{UPPER[:64]}"), ("alibaba-key-id", "LT", "AI" + MIXED[:20]),
    ("tencent-key-id", "AK", "ID" + MIXED[:32]), ("okta-token", "SSWS ", MIXED[:42]), ("assignment", "Token token=", MIXED[:20]),
    ("wireguard-key", "private_key_a: ", MIXED[:42] + "E="), ("supabase-key", "sb", "p_" + HEX[:40]), ("buildkite-token", "bk", "ua_" + HEX[:40]),
    ("circleci-token", "CCI", f"PAT_{MIXED[:22]}_{HEX[:40]}"), ("infracost-key", "ic", "o-" + MIXED[:32]), ("netlify-token", "nf", "p_" + MIXED[:36]),
    ("airtable-token", "pa", f"t{MIXED[:14]}.{HEX[:64]}"), ("figma-token", "fi", "gd_" + MIXED[:40]), ("replicate-token", "r", "8_" + MIXED[:37]),
    ("groq-key", "gs", "k_" + MIXED[:52]), ("xai-key", "xa", "i-" + MIXED[:80]), ("brevo-key", "xkey", f"sib-{HEX[:64]}-{MIXED[:16]}"),
    ("mailchimp-key", HEX[:32], "-us" + "12"), ("prefect-key", "pn", "u_" + MIXED[:36]), ("square-token", "sq", "0atp-" + MIXED[:22]),
    ("nuget-key", "oy", "2" + LOWER[:43]), ("octopus-key", "AP", "I-" + UPPER[:28]), ("contentful-token", "CF", "PAT-" + MIXED[:43]),
    ("openshift-token", "sha", "256~" + MIXED[:43]), ("sourcegraph-token", "sg", "p_" + HEX[:40]), ("mapbox-token", "sk.", f"eyJ{MIXED[:60]}.{MIXED[:22]}"),
    ("plaid-token", "access-sand", "box-" + UUID), ("launchdarkly-key", "sd", "k-" + UUID), ("meta-token", "EA", "A" + MIXED[:150]),
    ("dropbox-token", "sl", "." + MIXED[:135]), ("yandex-token", "AQ", "VN" + MIXED[:36]), ("perplexity-key", "pp", "lx-" + MIXED[:48]),
    ("private-key", "LS0tLS1CRUdJTi", "BSU0EgUFJJVkFURSBLRVkt" + MIXED[:60]), ("aws-secret-access-key", "AK", f"IA{UPPER[:16]}, {MIXED[:40]}"),
    ("password-hash", "$apr1$", "abcd1234$" + MIXED[:22]), ("jwt", "ey", f"J{MIXED[:20]}.eyJ{MIXED[:20]}.{MIXED[:30]}"),
    ("url-password", "https://bob:", MIXED[:20] + "@x.example"), ("url-password", "https://", MIXED[:28] + "@x.example"),
    ("authorization-header", "Authorization: Bearer ", MIXED[:30]), ("session-cookie", "Cookie: a=b; my_session=", MIXED[:30]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "start", "rest"), SAMPLES)
def test_a_vendors_token_is_taken(rule: str, start: str, rest: str) -> None:
    redacted, findings = redact(f"It was {start}{rest} then", "a.md")
    assert (start + rest)[-28:] not in redacted
    assert rule in {finding.rule for finding in findings}
    assert redact(f"It was {start}... then", "a.md")[1] == ()  # as documents tell what tokens begin with


CHARACTERS = {
    "d": "0123456789", "hex": "0123456789abcdef", "HEX": "0123456789ABCDEF", "anyhex": "0123456789abcdef", "b32": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "low": "abcdefghijklmnopqrstuvwxyz0123456789", "lowdash": "abcdefghijklmnopqrstuvwxyz0123456789", "up": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "abc": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
}  # fmt: skip
ALNUM = CHARACTERS["low"] + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FIELD = re.compile(r"<uuid>|<([a-zA-Z0-9=]+):(\d+)(?:\+|-\d+)?>")


def token(shape: str) -> str:
    """A token of a shape, the same for the same shape."""
    rng = random.Random(shape)

    def draw(field: re.Match[str]) -> str:
        if not field[1]:
            return "-".join("".join(rng.choices("0123456789abcdef", k=k)) for k in (8, 4, 4, 4, 12))
        return "".join(rng.choices(CHARACTERS.get(field[1], ALNUM), k=int(field[2])))

    return FIELD.sub(draw, shape)


@pytest.mark.parametrize(("name", "shape"), [(name, shape) for name, _, *shapes in VENDORS for shape in shapes])
def test_each_shape_is_taken_wherever_it_stands(name: str, shape: str) -> None:
    value = token(shape)
    for line in ("{}", "It was {}, then", 'x = "{}"', "- {} # of CI", "| a | `{}` |", "x={};"):
        redacted, _ = redact(line.format(value), "a.md")
        assert value[-12:] not in redacted, line
        assert "[REDACTED:" in redacted
    assert redact(f"It begins with {FIELD.split(shape)[0]}... then", "a.md")[1] == ()


def test_a_hundred_and_twenty_vendors_are_known() -> None:
    names = [name for name, *_ in VENDORS]
    assert len(names) == len(set(names)) > 120


@pytest.mark.parametrize(
    "text",
    [
        "deploy_sk_" + LOWER[:32],
        "acme_live_" + MIXED[:40],
        "foo-pat-" + MIXED[:36],
        "corp_api_" + MIXED[:32],
        "x_secret_" + HEX[:40],
    ],
)
def test_an_unknown_vendors_token_is_told_by_its_prefix(text: str) -> None:
    assert redact(f"It was {text} then", "a.md")[0] == "It was [REDACTED:prefixed-token] then"


@pytest.mark.parametrize(
    "text",
    [
        "test_the_token_is_read_from_the_environment", "acme/app:test-" + HEX[:40], "acme/app:prod-" + HEX[:40], "cache-key-" + HEX[:32], "sha-" + HEX[:40],
        "api-7d4b9c6f5d-x2x7k", "price_1MoBy5LkdIwHu7ixZhnattbh", "prod_NWjs8kKbJWmuuc", "ws-SihZTyXKfNXUWuUa", "key_ops_genie_api_key_for_the_team",
        "AWSReservedSSO_Admin_9f86d081884c7d65", "TestAccSecretManagerSecretVersionWithDefaultValue", "token_" + "Abc" * 9,
    ],
)  # fmt: skip
def test_what_has_a_prefix_and_is_no_token_survives(text: str) -> None:
    assert redact(f"It was {text} then", "a.md")[1] == ()
