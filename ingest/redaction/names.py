"""The names that secrets are given, in every syntax. `ingest.terraform.symbols` asks here too, so that both agree."""

from __future__ import annotations

import re
from functools import lru_cache

# The last word decides: `password` is one, `password_length` and `secret_name` are not. A number may follow it (`token_2`).
WORDS = (
    r"(?:password|passwd|passphrase|passwort|secret|token|credential|auth[_-]?key|api[_-]?key|apikey|app[_-]?key|access[_-]?key|"
    r"private[_-]?key|preshared[_-]?key|client[_-]?key|signing[_-]?key|encryption[_-]?key|secret[_-]?key|secret[_-]?key[_-]?base|"
    r"master[_-]?key|account[_-]?key|secret[_-]?string|connection[_-]?string|pwd|pgpassword|[_.-]pass|\bpass|[_-]pw|\bpw)"
)
SECRET_NAME = rf"(?:[A-Za-z0-9_.-]*{WORDS}s?(?:[_-]?\d{{1,2}})?)"
PASSWORD_NAME = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase|wort)?|pwd|[_-]pw|^pw)s?(?:[_-]?\d{1,2})?$"
)  # of them, for people's words
_SECRET = re.compile(rf"(?i)^[A-Za-z0-9_.-]*{WORDS}(?:[_-]?\d{{1,2}})?$")  # not of several: `http_tokens` is a setting
_ATTRIBUTES = frozenset(
    "webhook_url sse_customer_key http_auth shared_key primary_key private_key_pem private_key_openssh".split()
)


@lru_cache(maxsize=4096)  # names recur
def names_secret(name: str) -> bool:
    """Whether what bears this name is a secret: an attribute, a key, a variable."""
    return bool(_SECRET.match(name)) or name.lower() in _ATTRIBUTES
