"""What stands in a secret beside the secret: where a database is, of which kind, and who logs in. AWS documents these keys
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html); Secrets of Kubernetes and Vault have
them as well. `hcl` and `kubernetes`, which take all that a secret holds, ask here what of it may stay: a described key alone is not
enough, what it has must also look like what it says.
"""

from __future__ import annotations

import base64
import re

_KEY = re.compile(r"([\w.-]*[A-Za-z])['\"]?\s*([=:])\s*['\"]?$")
_EDGE = r"(?:^|[_.-]|[a-z](?=[A-Z]))"  # of a word in a name
_NAMES = re.compile(
    rf"(?:{_EDGE}(?i:user|login|engine|db|database)|(?i:user_?name|db_?name|database_?name|db(?:cluster|instance)_?identifier))$"
)
_HOSTS = re.compile(rf"{_EDGE}(?i:host|host_?name|address|endpoint|server)$")
_PORTS = re.compile(rf"{_EDGE}(?i:port)$")
_PLAIN = re.compile(r"(?=.{2,40}$)[A-Z]?[a-z]{1,20}\d{0,2}(?:[_.-][A-Z]?[a-z]{1,20}\d{0,2}){0,5}")
_HOST = re.compile(r"(?=.{4,120}$)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?::\d{2,5})?|\d{1,3}(?:\.\d{1,3}){3}")
_PORT = re.compile(r"\d{2,5}")


def is_described(line: str, start: int, end: int) -> bool:
    """Whether a key before these columns describes the value in them, as it is or in base64, and the value is of that kind."""
    key = _KEY.search(line[max(0, start - 80) : start])
    if not key or (key[2] == ":" and "?" in line[max(0, start - 500) : start]):  # behind a `?` a colon ends no key
        return False
    value = line[start:end]
    return is_of(key[1], value) or is_of(key[1], _decoded(value))


def describes(name: str) -> bool:
    """Whether it is a key of what stands beside a secret."""
    return any(kind.search(name) for kind in (_NAMES, _HOSTS, _PORTS))


def is_of(name: str, value: str) -> bool:
    """Whether a value is what a described key has: the name of an account, an engine or a database, a host, a port."""
    if _NAMES.search(name):
        return is_plain(value)
    if _HOSTS.search(name):
        return bool(_HOST.fullmatch(value)) or is_plain(value)
    return bool(_PORTS.search(name) and _PORT.fullmatch(value))


def is_plain(value: str) -> bool:
    """Whether it is made of words, with a number of two digits behind one at most: `govuk_readonly`, `app-db2`."""
    return bool(_PLAIN.fullmatch(value))


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("ascii").strip()
    except ValueError:
        return ""
