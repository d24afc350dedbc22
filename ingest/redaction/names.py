"""The names that secrets are given, in every syntax. `ingest.terraform.symbols` asks here too, so that both agree."""

from __future__ import annotations

import re
from functools import lru_cache

# What a password is called; those of other alphabets, where RE2 knows no border of words, are written as they are.
PASSWORDS = (
    r"password|passwd|passphrase|pass[_-]?phrase|passcode|passwort|kennwort|wachtwoord|contrase[nñ]a|senha|has[lł]o|mot[_ -]de[_ -]passe|l[öo]senord|adgangskode|"
    r"passord|salasana|jelsz[óo]|heslo|parola|[şs]ifre|zaporka|lozinka|пароль|парол[яеь]|κωδικός|パスワード|密码|密碼|口令|비밀번호|암호"
)
# The last word decides: `password` is one, `password_length` and `secret_name` are not. Behind it may stand a number (`token_2`)
# or whose or which it is (`token_prod`).
_WORDS = (
    rf"(?:{PASSWORDS}|secret|token|credential|auth[_-]?key|api[_-]?key|app[_-]?key|access[_-]?key|shared[_-]?key|"
    r"private[_-]?key|preshared[_-]?key|client[_-]?key|signing[_-]?key|encryption[_-]?key|secret[_-]?key|secret[_-]?key[_-]?base|"
    r"master[_-]?key|service[_-]?key|routing[_-]?key|account[_-]?key|secret[_-]?string|connection[_-]?string|client[_-]?key[_-]?data|integration[_-]?key|licen[sc]e[_-]?key|[_-]pat|pwd|authtok|[_.-]pass|\bpass|auth[_-]?string|requirepass|masterauth|[a-z](?-i:Pass)|(?-i:[A-Z]PASS)|[_-]pw|\bpw|[_-]mdp|\bmdp|"
    r"[_.-]psk|\bpsk)"
)
_WHICH = r"(?:[_.-]?(?:value|plain|plaintext|cleartext|raw|prod|production|staging|stage|dev|test|qa|uat|live|new|old|current|previous|primary|secondary|v\d))"
_NUMBER = r"(?:[_-]?\d{1,2})?"
SECRET_NAME = rf"(?:[A-Za-z0-9_.-]*{_WORDS}s?{_NUMBER}{_WHICH}?)"
# Names that only hint at a secret: what stands there must be random to be one.
HINTING_NAME = rf"(?:[A-Za-z0-9_.-]*(?:key|salt|pepper|hmac|cookie|seed|auth|creds?|webhook|unseal|nonce|otp|{_WORDS})s?{_NUMBER}(?:{_WHICH}|[_.-][a-z]{{1,10}})?)"
# One of these stands in every such name, in lower case.
HINTS = (
    "pass", "secret", "token", "credential", "key", "pwd", "connection", "pw", "kennwort", "wachtwoord", "contrase", "senha", "hasł", "haslo",
    "psk", "authtok", "auth_str", "auth-str", "authstr", "masterauth", "_pat", "-pat", "senord", "adgangskode", "salasana", "jelsz", "heslo", "parola", "ifre", "zaporka", "lozinka", "парол", "κωδικός",
    "パスワード", "密码", "密碼", "口令", "비밀번호", "암호", "mdp",
)  # fmt: skip
# And of these in those that only hint at one.
WEAK_HINTS = ("salt", "pepper", "hmac", "cookie", "seed", "auth", "cred", "webhook", "unseal", "otp")
_PASSWORD = re.compile(
    rf"(?i)(?:{PASSWORDS}|requirepass|masterauth|[_.-]pass|^pass|pwd|[_-]pw|^pw|[_-]mdp|^mdp)s?{_NUMBER}{_WHICH}?$|[a-z](?-i:Pass)$|(?-i:[A-Z]PASS)$"
)
# Not of several, but for passwords: `http_tokens` is a setting.
_SECRET = re.compile(rf"(?i)^[A-Za-z0-9_.-]*(?:{_WORDS}|(?:{PASSWORDS})s){_NUMBER}{_WHICH}?$")
# Half of a pair of keys; Helm's names of a Secret and of what it holds.
_OTHER = re.compile(r"(?i)public|existing[_-]?(?:secret|password|credential)s?(?:[_-]?key)?$")
_UNTOLD = re.compile(
    r"(?i)pub|ssh|gpg|pgp|kms|host|cache|idempotency|site|dedup|etag|primary|partition|foreign|sort|object|state|lookup|apt|repo|trusted|finger|known|publishable|client[_-]?id|[_-]id$|author|checksum|digest|version|name$|path$|file$|arn$|url$|ref$|type$"
)
_ATTRIBUTES = frozenset(
    "webhook_url sse_customer_key http_auth primary_key private_key_pem private_key_openssh".split()
)


def is_other(name: str) -> bool:
    """Whether it ends as a secret's name does, but is that of something public."""
    return bool(_OTHER.search(name))


@lru_cache(maxsize=4096)  # names recur
def names_secret(name: str) -> bool:
    """Whether what bears this name is a secret: an attribute, a key, a variable, the head of a column."""
    return (bool(_SECRET.match(name)) and not is_other(name)) or name.lower() in _ATTRIBUTES


@lru_cache(maxsize=4096)
def names_password(name: str) -> bool:
    """Whether it is one that people choose, so that it may be a plain word."""
    return bool(_PASSWORD.search(name))


@lru_cache(maxsize=4096)
def may_be_secret(name: str) -> bool:
    """Whether a name that hints at a secret is none of the known that do not hold one."""
    return not _UNTOLD.search(name)
