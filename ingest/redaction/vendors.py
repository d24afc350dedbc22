"""What credentials look like: the vendors' documented token formats. `tokens` searches for them.

Each rule is (name, keywords, pattern); a text without any of the keywords (lower case) is not searched. Where a pattern
has a group named `secret`, that alone is replaced. The patterns are for RE2, which matches in linear time. They were
written from the vendors' documentation of their formats, named beside each group.
"""

from __future__ import annotations

from typing import NamedTuple


class TokenRule(NamedTuple):
    """One kind of credential that can be told by its shape. `sure`: what stands in its group is one, though it be a word."""

    name: str
    keywords: tuple[str, ...]
    pattern: str
    sure: bool = False


TOKENS: tuple[TokenRule, ...] = (
    # AWS, IAM identifiers: prefixes of unique ids. Secret access keys have no prefix: they need their name beside them.
    TokenRule(
        "aws-secret-access-key",
        ("akia", "asia"),
        r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b[^A-Za-z0-9+\n]{1,12}(?P<secret>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)",
    ),
    TokenRule("aws-access-key-id", ("akia", "asia", "abia", "acca"), r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    TokenRule(
        "aws-secret-access-key",
        ("aws", "secret"),
        r"(?i)aws.{0,20}(?:secret|session).{0,40}?['\"=:\s](?P<secret>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)",
    ),
    # GitHub: authentication token formats. GitLab: token overview.
    TokenRule("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
    TokenRule("github-token", ("github_pat_",), r"\bgithub_pat_[A-Za-z0-9_]{22,}\b"),
    TokenRule("gitlab-token", ("gl",), r"\bgl(?:pat|ptt|dt|rt|cbt|ft|imt|agent|soat|oas|ffct)-[A-Za-z0-9_.-]{20,}"),
    # Slack: token types; incoming webhooks. Discord and Microsoft Teams: webhooks.
    TokenRule("slack-token", ("xox", "xapp-"), r"\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9.-]{10,}"),
    TokenRule(
        "webhook-url",
        ("hooks.slack.com", "discord", "webhook.office.com"),
        r"https://(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks|"
        r"[a-z0-9-]+\.webhook\.office\.com/webhookb2)/(?P<secret>[A-Za-z0-9_/@.-]{20,})",
    ),
    # Google: API keys; OAuth client secrets and access tokens.
    TokenRule("google-api-key", ("aiza",), r"\bAIza[A-Za-z0-9_-]{35}"),
    TokenRule("google-oauth", ("gocspx-", "ya29."), r"\b(?:GOCSPX-[A-Za-z0-9_-]{20,64}|ya29\.[A-Za-z0-9_-]{20,})"),
    # Azure: shared access signatures; storage account keys have their name beside them.
    TokenRule("azure-sas", ("sig=",), r"(?i)[?&;]sig=(?P<secret>[A-Za-z0-9%+/]{30,}(?:={1,2})?)"),
    # Vendors with prefixes of their own, from each one's page on API keys.
    TokenRule(
        "stripe-key", ("sk_", "rk_", "whsec_"), r"\b(?:(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{24,})"
    ),
    TokenRule("twilio-key", ("sk",), r"\bSK[0-9a-f]{32}\b"),
    TokenRule("sendgrid-key", ("sg.",), r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}"),
    TokenRule("mailgun-key", ("key-",), r"\bkey-[0-9a-f]{32}\b"),
    TokenRule("npm-token", ("npm_",), r"\bnpm_[A-Za-z0-9]{36}\b"),
    TokenRule("pypi-token", ("pypi-",), r"\bpypi-[A-Za-z0-9_-]{50,}"),
    TokenRule("docker-token", ("dckr_",), r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,60}"),
    TokenRule("vault-token", ("hvs.", "hvb.", "hvr."), r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}"),
    TokenRule("terraform-token", ("atlasv1",), r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}"),
    TokenRule("anthropic-key", ("sk-ant-",), r"\bsk-ant-[A-Za-z0-9_-]{20,}"),
    TokenRule(
        "openai-key",
        ("sk-",),
        r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}|\bsk-[A-Za-z0-9]{48}\b|\bsk-proj-[A-Za-z0-9_-]{40,}",
    ),
    TokenRule("newrelic-key", ("nr",), r"\bNR(?:AK|JS|AA|II)-[A-Za-z0-9]{20,48}"),
    TokenRule("grafana-token", ("glc_", "glsa_"), r"\b(?:glc_[A-Za-z0-9+/=]{32,}|glsa_[A-Za-z0-9]{32}_[0-9a-f]{8})"),
    TokenRule("huggingface-token", ("hf_",), r"\bhf_[A-Za-z]{34}\b"),
    TokenRule("digitalocean-token", ("do",), r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    TokenRule("linear-key", ("lin_api_",), r"\blin_api_[A-Za-z0-9]{40}\b"),
    TokenRule("atlassian-token", ("atatt3",), r"\bATATT3[A-Za-z0-9_=-]{50,}"),
    TokenRule("pulumi-token", ("pul-",), r"\bpul-[0-9a-f]{40}\b"),
    TokenRule("databricks-token", ("dapi",), r"\bdapi[0-9a-f]{32}(?:-\d)?\b"),
    TokenRule("age-secret-key", ("age-secret-key-",), r"\bAGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    # More vendors with telling beginnings, by each one's page on tokens or on secret scanning.
    TokenRule(
        "doppler-token", ("dp.",), r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}\b"
    ),
    TokenRule("1password-token", ("ops_eyj",), r"\bops_eyJ[A-Za-z0-9+/_=-]{100,}"),
    TokenRule(
        "1password-key",
        ("a3-",),
        r"\bA3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}\b",
    ),
    TokenRule("artifactory-token", ("akcp", "cmvmd"), r"\b(?:AKCp[A-Za-z0-9]{60,80}|cmVmd[A-Za-z0-9]{50,70})"),
    TokenRule(
        "cloudflare-token",
        ("cfut_", "cfat_", "cfk_", "v1.0-"),
        r"\b(?:cf(?:ut|at|k)_[A-Za-z0-9_-]{36,}|v1\.0-[0-9a-f]{24}-[0-9a-f]{140,150}\b)",
    ),
    TokenRule("postman-key", ("pmak-",), r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b"),
    TokenRule("rubygems-key", ("rubygems_",), r"\brubygems_[0-9a-f]{48}\b"),
    TokenRule("sonarqube-token", ("sqp_", "squ_", "sqa_"), r"\bsq[pua]_[0-9a-f]{40}\b"),
    TokenRule("planetscale-token", ("pscale_",), r"\bpscale_(?:tkn|oauth|pw)_[A-Za-z0-9_.=-]{32,64}"),
    TokenRule("notion-token", ("ntn_", "secret_"), r"\b(?:ntn_[0-9]{11}[A-Za-z0-9]{35}|secret_[A-Za-z0-9]{43})\b"),
    TokenRule("sentry-token", ("sntrys_", "sntryu_"), r"\b(?:sntrys_eyJ[A-Za-z0-9+/=_-]{40,}|sntryu_[0-9a-f]{64}\b)"),
    TokenRule("telegram-token", (":aa",), r"(?:\b|bot)[0-9]{8,10}:AA[A-Za-z0-9_-]{32,33}(?:[^A-Za-z0-9_-]|$)"),
    TokenRule("shopify-token", ("shpat_", "shpca_", "shppa_", "shpss_"), r"\bshp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}\b"),
    TokenRule("tailscale-key", ("tskey-",), r"\btskey-(?:[a-z]{3,10}-)?[A-Za-z0-9]{8,20}-[A-Za-z0-9]{16,40}\b"),
    TokenRule(
        "azure-client-secret",
        ("q~",),
        r"(?:^|[^A-Za-z0-9_~.-])(?P<secret>[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})",
    ),
    TokenRule("newrelic-key", ("nral",), r"\b[0-9a-z]{32,36}NRAL\b"),
    TokenRule("heroku-key", ("hrku-",), r"\bHRKU-[A-Za-z0-9_-]{36,}"),
    TokenRule(
        "fly-token", ("fo1_", "fm1", "fm2_"), r"\b(?:fo1_[A-Za-z0-9_-]{40,45}|fm(?:1[ar]|2)_[A-Za-z0-9+/=_-]{80,})"
    ),
    TokenRule("dynatrace-token", ("dt0",), r"\bdt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}\b"),
    TokenRule("alibaba-key-id", ("ltai",), r"\bLTAI[A-Za-z0-9]{12,24}\b"),
    TokenRule("okta-token", ("ssws",), r"\bSSWS\s+(?P<secret>[A-Za-z0-9_-]{40,44})"),
    TokenRule(
        "aws-session-token", ("iqojb3jpz2lu", "zxivyxdz"), r"\b(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)[A-Za-z0-9/+=]{80,}"
    ),
    TokenRule(
        "wireguard-key",
        ("privatekey", "presharedkey", "private_key", "preshared_key", "wg"),
        r"(?i)(?:private|preshared)_?key\w{0,8}['\"]?\s*[:=]\s*['\"]?(?P<secret>[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)",
    ),
    TokenRule("supabase-key", ("sbp_", "sb_secret_"), r"\b(?:sbp_[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{20,})\b"),
    TokenRule("buildkite-token", ("bkua_",), r"\bbkua_[0-9a-f]{40}\b"),
    TokenRule("circleci-token", ("ccipat_",), r"\bCCIPAT_[A-Za-z0-9]{22}_[0-9a-f]{40}\b"),
    TokenRule("infracost-key", ("ico-",), r"\bico-[A-Za-z0-9]{32}\b"),
    TokenRule("netlify-token", ("nfp_",), r"\bnfp_[A-Za-z0-9]{36,}\b"),
    TokenRule("airtable-token", ("pat",), r"\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b"),
    TokenRule("figma-token", ("figd_",), r"\bfigd_[A-Za-z0-9_-]{38,}"),
    TokenRule("replicate-token", ("r8_",), r"\br8_[A-Za-z0-9]{37}\b"),
    TokenRule("groq-key", ("gsk_",), r"\bgsk_[A-Za-z0-9]{48,}\b"),
    TokenRule("xai-key", ("xai-",), r"\bxai-[A-Za-z0-9]{70,90}\b"),
    TokenRule("brevo-key", ("xkeysib-",), r"\bxkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}\b"),
    TokenRule("mailchimp-key", ("-us",), r"\b[0-9a-f]{32}-us[0-9]{1,2}\b"),
    TokenRule("prefect-key", ("pnu_", "pnb_"), r"\bpn[ub]_[A-Za-z0-9]{36}\b"),
    TokenRule("square-token", ("sq0",), r"\bsq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,43}"),
    TokenRule("nuget-key", ("oy2",), r"\boy2[a-z0-9]{43}\b"),
    TokenRule("octopus-key", ("api-",), r"\bAPI-[A-Z0-9]{26,32}\b"),
    TokenRule("age-plugin-key", ("age-plugin-",), r"\bAGE-PLUGIN-[A-Z0-9]+-1[A-Z0-9]{50,}"),
    TokenRule("contentful-token", ("cfpat-",), r"\bCFPAT-[A-Za-z0-9_-]{43}"),
    TokenRule(
        "aws-bedrock-key",
        ("bedrock-api-key-", "absk"),
        r"\b(?:bedrock-api-key-[A-Za-z0-9+/=]{40,}|ABSK[A-Za-z0-9+/]{109,269}={0,2})",
    ),
    TokenRule("gitlab-token", ("gr1348941",), r"\bGR1348941[A-Za-z0-9_-]{20,}"),
    TokenRule("gitlab-token", ("_gitlab_session=",), r"_gitlab_session=(?P<secret>[0-9a-z]{32})"),
    TokenRule("huggingface-token", ("api_org_",), r"\bapi_org_[A-Za-z]{34}\b"),
    TokenRule("openshift-token", ("sha256~",), r"\bsha256~[A-Za-z0-9_-]{43}"),
    TokenRule("bitbucket-token", ("atbb", "atctt3"), r"\b(?:ATBB[A-Za-z0-9]{32}|ATCTT3[A-Za-z0-9_=-]{50,})"),
    TokenRule("sourcegraph-token", ("sgp_", "slk_"), r"\b(?:sgp_(?:[a-z0-9]+_)?|slk_)[0-9a-f]{40,64}\b"),
    TokenRule("mapbox-token", ("sk.eyj",), r"\bsk\.eyJ[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{20,}"),
    TokenRule(
        "plaid-token",
        ("access-",),
        r"\baccess-(?:sandbox|development|production)-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",
    ),
    TokenRule(
        "launchdarkly-key",
        ("sdk-", "api-"),
        r"\b(?:sdk|api)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b",
    ),
    TokenRule("meta-token", ("eaa",), r"\bEAA[A-Za-z0-9]{90,}"),
    TokenRule("grafana-token", ("eyjrijoi",), r"\beyJrIjoi[A-Za-z0-9+/=]{60,}"),
    TokenRule("dropbox-token", ("sl.",), r"\bsl\.(?:u\.)?[A-Za-z0-9_-]{120,}"),
    TokenRule(
        "yandex-token",
        ("t1.", "y0_", "aqvn"),
        r"\b(?:t1\.[A-Za-z0-9_-]+={0,2}\.[A-Za-z0-9_-]{86}={0,2}|y0_[A-Za-z0-9_-]{50,}|AQVN[A-Za-z0-9_-]{35,38}\b)",
    ),
    TokenRule("tencent-key-id", ("akid",), r"\bAKID[A-Za-z0-9]{32}\b"),
    TokenRule(
        "vendor-key",
        (
            "pplx-",
            "rdme_",
            "shippo_",
            "dnkey-",
            "clojars_",
            "tfp_",
            "aio_",
            "duffel_",
            "ezak",
            "flwseck",
            "rnd_",
            "napi_",
            "lsv2_",
            "pcsk_",
            "tvly-",
            "phx_",
            "avns_",
            "tk-us-",
            "sm_",
            "_mmk",
            "essu_",
            "fio-u-",
            "pat.",
        ),
        r"\b(?:pplx-[A-Za-z0-9]{48}|rdme_[a-z0-9]{70}|shippo_(?:live|test)_[0-9a-f]{40}|dnkey-[A-Za-z0-9_=-]{40,}|CLOJARS_[0-9a-f]{60}|"
        r"tfp_[A-Za-z0-9_.=-]{40,}|aio_[A-Za-z0-9]{28}|duffel_(?:live|test)_[A-Za-z0-9_=-]{43}|EZ[AT]K[A-Za-z0-9]{54}|"
        r"FLWSECK(?:_TEST)?-[A-Za-z0-9-]{20,}|rnd_[A-Za-z0-9]{28,}|napi_[a-z0-9]{60,}|lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}|"
        r"pcsk_[A-Za-z0-9_]{60,}|tvly-[A-Za-z0-9-]{28,}|phx_[A-Za-z0-9]{40,}|AVNS_[A-Za-z0-9_-]{16,}|tk-us-[A-Za-z0-9_-]{48}|"
        r"sm_[aps]at_[A-Za-z0-9]{16}|[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk|essu_[A-Za-z0-9+/=_-]{40,}|fio-u-[A-Za-z0-9_=-]{64}|"
        r"pat\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20})",
    ),  # Perplexity, ReadMe, Shippo, Defined Networking, Clojars, Typeform, Adafruit, Duffel, EasyPost, Flutterwave, Render, Neon,
    # LangSmith, Pinecone, Tavily, PostHog, Aiven, Scalingo, SettleMint, MaxMind, Elastic, Frame.io, Harness
    # A private key in base64, as kubeconfig and Kubernetes hold it: what "-----BEGIN … PRIVATE" comes out as, by the kinds of RFC 7468.
    TokenRule(
        "private-key",
        ("ls0tls1crudjti",),
        r"LS0tLS1CRUdJTi(?:BQUklWQVRF|BSU0EgUFJJVkFUR|BFQyBQUklWQVRF|BPUEVOU1NIIFBSSVZBVE|BFTkNSWVBURUQgUFJJVkFUR)[A-Za-z0-9+/=]{20,}",
    ),
    # Password hashes as crypt(5) and htpasswd(1) write them.
    TokenRule(
        "password-hash",
        ("$apr1$", "$1$", "$2", "$5$", "$6$", "$y$", "$argon2", "{s", "scram-sha-256$", "grub.pbkdf2."),
        r"(?:\$(?:apr1|1|2[aby]|5|6|y|argon2\w+)\$[A-Za-z0-9./+=$,-]{20,}|\{S(?:SHA\d*|HA)\}[A-Za-z0-9+/=]{20,}|"
        r"SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=$:]{40,}|grub\.pbkdf2\.sha512\.[0-9]+\.[0-9A-Fa-f.]{100,})",
    ),
    # JSON Web Tokens (RFC 7519): three base64url parts, the first two of them JSON.
    TokenRule("jwt", ("eyj",), r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,}"),
    # RFC 3986 user information; RFC 9110 authorization; RFC 6265 cookies of sessions.
    TokenRule(
        "url-password",
        ("://",),
        r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@'\"<>{}]{0,}:(?P<secret>[^\s/'\"<>{}]{3,})@[A-Za-z0-9_.\[-]",
        sure=True,
    ),
    TokenRule("url-password", ("://",), r"https?://(?P<secret>[A-Za-z0-9_-]{20,255})@[A-Za-z0-9.-]+"),
    TokenRule(
        "authorization-header",
        ("authorization",),
        r"(?i)authorization\\?['\"]?\s*[:=,]?\s*\\?['\"]?(?:bearer|basic|token|apikey|api-key|key|ssws|digest|splunk|genie ?key)\s+"
        r"(?P<secret>[A-Za-z0-9._~+/=-]{12,})",
    ),
    TokenRule(
        "session-cookie",
        ("cookie",),
        r"(?i)\b(?:set-)?cookie['\"]?\s*[:=]\s*(?:[^\n'\"]*[;\s'\"])?['\"]?[\w.-]*(?:sess|sid|auth|token)[\w.-]*=(?P<secret>[A-Za-z0-9%._~+/=-]{16,})",
    ),
)
