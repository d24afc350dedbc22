"""Credentials whose shape is a standard's, or that are told by the URL, the header or the name beside them: a pattern each, for RE2.

Where a pattern has a group named `secret`, that alone is replaced. `tokens` searches for them, after `vendors`' table.
"""

from __future__ import annotations

from ingest.redaction.shapes import TokenRule

_HOOKS = (
    r"hooks\.slack\.com/(?:services|workflows|triggers)|(?:\w+\.)?discord(?:app)?\.com/api(?:/v\d+)?/webhooks|[a-z0-9-]+\.webhook\.office\.com/webhookb2|"
    r"hooks\.zapier\.com/hooks/catch|maker\.ifttt\.com/trigger/\w+/(?:json/)?with/key|hook\.\w+\.make\.com|hooks\.chime\.aws/incomingwebhooks|"
    r"events\.pagerduty\.com/integration|outlook\.office\.com/webhook|api\.telegram\.org/bot"
)  # Slack, Discord, Teams, Zapier, IFTTT, Make, Chime, PagerDuty: incoming webhooks
PAIRS: tuple[TokenRule, ...] = (
    # AWS: secret access keys have no prefix; they need a key id, still to be seen, or their name beside them.
    TokenRule(
        "aws-secret-access-key",
        ("akia", "asia"),
        r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b[^A-Za-z0-9+\n]{1,12}(?P<secret>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)",
    ),
)
STANDARDS: tuple[TokenRule, ...] = (
    TokenRule(
        "aws-secret-access-key",
        ("aws", "secret"),
        r"(?i)aws.{0,20}(?:secret|session).{0,40}?['\"=:\s](?P<secret>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)",
    ),
    TokenRule(
        "webhook-url",
        ("hooks.", "hook.", "discord", "webhook", "ifttt.com", "pagerduty.com"),
        rf"https?://(?:{_HOOKS})/(?P<secret>[A-Za-z0-9_/@.?=-]{{16,}})",
    ),
    # Azure: shared access signatures, keys of functions, client secrets.
    TokenRule("azure-sas", ("sig=",), r"(?i)[?&;]sig=(?P<secret>[A-Za-z0-9%+/_-]{30,}(?:={1,2})?)"),
    TokenRule(
        "azure-function-key",
        ("code=",),
        r"azurewebsites\.net/[^\s?]*\?(?:[^\s&]+&)*code=(?P<secret>[A-Za-z0-9/_+%=-]{30,})",
    ),
    TokenRule(
        "azure-client-secret",
        ("q~",),
        r"(?:^|[^A-Za-z0-9_~.-])(?P<secret>[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})",
    ),
    TokenRule("pagerduty-token", ("u+",), r"(?:^|[\s\"'`=:(|])(?P<secret>u\+[A-Za-z0-9_-]{18})(?:[^A-Za-z0-9_/+-]|$)"),
    TokenRule("mailgun-key", ("key-",), r"(?:^|[^\w-])(?P<secret>key-[0-9a-f]{32})\b"),
    TokenRule("okta-token", ("ssws",), r"\bSSWS\s+(?P<secret>[A-Za-z0-9_-]{40,44})"),
    TokenRule("age-plugin-key", ("age-plugin-",), r"\bAGE-PLUGIN-[A-Z0-9]+-1[A-Z0-9]{50,}"),
    TokenRule(
        "wireguard-key",
        ("privatekey", "presharedkey", "private_key", "preshared_key", "wg"),
        r"(?i)(?:private|preshared)_?key\w{0,8}['\"]?\s*[:=]\s*['\"]?(?P<secret>[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)",
    ),
    # Unleash: project:environment.secret. Firebase-like pairs of other vendors have their rows.
    TokenRule(
        "unleash-token",
        (":",),
        r"(?:^|[\s\"'=])(?P<secret>(?:\*|[a-z][\w-]{1,30}):[a-z][\w-]{1,30}\.[0-9a-f]{50,64})\b",
    ),
    TokenRule("twitter-token", ("aaaaaaaaaaaaaaaaaaaa",), r"\bA{20,}[A-Za-z0-9]{5,}(?:%[0-9A-F]{2}[A-Za-z0-9]*)+"),
    # RFC 6238 by way of authenticators' URIs. RFC 7517: the private parts of keys.
    TokenRule("otp-secret", ("otpauth://",), r"(?i)otpauth://[^\s\"']*[?&]secret=(?P<secret>[A-Z2-7]{10,})", sure=True),
    TokenRule("jwk-private", ('"kty"',), r"\"(?:d|k|p|q|dp|dq|qi)\"\s*:\s*\"(?P<secret>[A-Za-z0-9_-]{20,})\""),
    # A private key in base64, as kubeconfig and Kubernetes hold it: what "-----BEGIN … PRIVATE" comes out as, by the kinds of RFC 7468.
    TokenRule(
        "private-key",
        ("ls0tls1crudjti",),
        r"LS0tLS1CRUdJTi(?:BQUklWQVRF|BSU0EgUFJJVkFUR|BFQyBQUklWQVRF|BPUEVOU1NIIFBSSVZBVE|BFTkNSWVBURUQgUFJJVkFUR|BEU0EgUFJJVkFUR)[A-Za-z0-9+/=]{20,}",
    ),
    # Password hashes as crypt(5), htpasswd(1), Django and LDAP write them.
    TokenRule(
        "password-hash",
        (
            "$apr1$",
            "$1$",
            "$2",
            "$5$",
            "$6$",
            "$y$",
            "$7$",
            "$argon2",
            "$scrypt",
            "{s",
            "{crypt}",
            "scram-sha-256$",
            "grub.pbkdf2.",
            "pbkdf2_",
            "$pbkdf2",
            "$p$",
            "$8$",
            "$9$",
        ),
        r"(?:\$(?:apr1|1|2[abxy]|5|6|7|8|9|y|P|argon2\w+|scrypt|pbkdf2-\w+)\$[A-Za-z0-9./+=$,-]{20,}|\{S(?:SHA\d*|HA)\}[A-Za-z0-9+/=]{20,}|"
        r"SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=$:]{40,}|grub\.pbkdf2\.sha512\.[0-9]+\.[0-9A-Fa-f.]{100,}|pbkdf2_sha\d+\$\d+\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]{20,})",
    ),
    # JSON Web Tokens (RFC 7519): three base64url parts, the first two of them JSON. Encrypted ones (RFC 7516) have five.
    TokenRule(
        "jwt",
        ("eyj",),
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,}|\beyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*){3}\.[A-Za-z0-9_-]{16,}",
    ),
    # RFC 3986 user information; RFC 9110 authorization; RFC 6265 cookies of sessions.
    TokenRule(
        "url-password",
        ("://",),
        r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@'\"<>{}]{0,}:(?P<secret>[^\s/'\"<>{}]{3,})@[A-Za-z0-9_.\[-]",
        sure=True,
    ),
    TokenRule(
        "url-password",
        ("@tcp(", "@unix("),
        r"(?:^|[\s\"'`=])[\w.-]+:(?P<secret>[^\s'\"`/]{3,})@(?:tcp|unix)\(",
        sure=True,
    ),  # Go's MySQL driver
    TokenRule("url-password", ("://",), r"https?://(?P<secret>[A-Za-z0-9_-]{20,255})@[A-Za-z0-9.-]+"),
    TokenRule(
        "authorization-header",
        ("authorization",),
        r"(?i)authorization\\?['\"]?\s*[:=,]?\s*\\?['\"]?(?:bearer|basic|token|apikey|api-key|key|ssws|digest|splunk|genie ?key|pveapitoken|bot|sso-key|negotiate|"
        r"token token)[\s=]\s*\\?['\"]?(?P<secret>[A-Za-z0-9._~+/=!@-]{12,})",
    ),
    TokenRule(
        "session-cookie",
        ("cookie",),
        r"(?i)\b(?:set-)?cookie['\"]?\s*[:=]\s*(?:[^\n'\"]*[;\s'\"])?['\"]?[\w.-]*(?:sess|sid|auth|token|jwt|csrf)[\w.-]*=(?P<secret>[A-Za-z0-9%._~+/=-]{16,})",
    ),
    # Unknown vendors that follow the habit of the known: the kind of a token in its prefix, and behind it what is random.
    TokenRule(
        "prefixed-token",
        (
            "live_",
            "test_",
            "prod_",
            "pat_",
            "pat-",
            "sk_",
            "sk-",
            "rk_",
            "tok_",
            "token_",
            "token-",
            "key_",
            "key-",
            "api_",
            "secret_",
            "secret-",
            "_at_",
            "_rt_",
            "_sa_",
        ),
        r"\b(?:[A-Za-z][A-Za-z0-9]{0,11}[_-]){0,3}(?:sk|rk|pat|tok|token|key|apikey|api|secret|live|test|prod|at|rt|sa)[_-](?:[a-z0-9]{1,8}[_-]){0,2}"
        r"(?P<mixed>[A-Za-z0-9]{22,})(?:[_-][A-Za-z0-9]{6,})*\b",
    ),
    TokenRule(
        "prefixed-token",
        ("pat_", "sk_", "rk_", "tok_", "token_", "apikey_", "secret_"),
        r"\b(?:[a-z][a-z0-9]{0,11}_){0,3}(?:sk|rk|pat|tok|token|apikey|secret)_(?:[a-z0-9]{1,8}_){0,2}(?P<random>[a-z0-9]{24,})\b",
    ),
)
