"""The names that secrets are given, in every syntax. `ingest.terraform.symbols` asks here too, so that both agree."""

from __future__ import annotations

import re
from functools import lru_cache

PASSWORDS = (
    r"password|passwd|passphrase|passcode|passwort|kennwort|wachtwoord|contrase[nñ]a|senha|hasło|mot[_ -]de[_ -]passe"
)
# The last word decides: `password` is one, `password_length` and `secret_name` are not. A number may follow it (`token_2`).
_WORDS = (
    rf"(?:{PASSWORDS}|secret|token|credential|auth[_-]?key|api[_-]?key|app[_-]?key|access[_-]?key|shared[_-]?key|"
    r"private[_-]?key|preshared[_-]?key|client[_-]?key|signing[_-]?key|encryption[_-]?key|secret[_-]?key|secret[_-]?key[_-]?base|"
    r"master[_-]?key|service[_-]?key|routing[_-]?key|account[_-]?key|secret[_-]?string|connection[_-]?string|client[_-]?key[_-]?data|integration[_-]?key|licen[sc]e[_-]?key|[_-]pat|pwd|authtok|[_.-]pass|\bpass|[a-z](?-i:Pass)|[_-]pw|\bpw|"
    r"[_.-]psk|\bpsk)"
)
SECRET_NAME = rf"(?:[A-Za-z0-9_.-]*{_WORDS}s?(?:[_-]?\d{{1,2}})?)"
# One of these stands in every such name, in lower case.
HINTS = (
    "pass", "secret", "token", "credential", "key", "pwd", "connection", "pw", "kennwort", "wachtwoord", "contrase", "senha", "hasł",
    "psk", "authtok", "_pat", "-pat",
)  # fmt: skip
_PASSWORD = re.compile(rf"(?i)(?:{PASSWORDS}|[_.-]pass|^pass|pwd|[_-]pw|^pw)s?(?:[_-]?\d{{1,2}})?$|[a-z](?-i:Pass)$")
_SECRET = re.compile(rf"(?i)^[A-Za-z0-9_.-]*{_WORDS}(?:[_-]?\d{{1,2}})?$")  # not of several: `http_tokens` is a setting
_OTHER = re.compile(r"(?i)public|existing[_-]?secret$")  # half of a pair of keys; Helm's name of a Secret
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
