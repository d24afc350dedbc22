"""Passwords where a tool's own syntax puts them: flags of clients, SQL, netrc and its like, and sentences that tell one.

Each pattern is from the tool's manual. Those that need no quotes must look like a credential; flags are read beside their command
alone, for `-p` is a port elsewhere.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ingest.redaction.marks import ALLOWED, Finding, compiled, replace
from ingest.redaction.values import is_credential, stands_for_another


class Place(NamedTuple):
    """Where a tool takes a secret. A line without any of the keywords is not searched; `sure`: whatever stands there is one."""

    keywords: tuple[str, ...]
    pattern: str
    sure: bool = False


_ANY = r"(?:'(?P<single>[^'\n]{3,})'|\"(?P<double>[^\"\n]{3,})\"|(?P<bare>[^\s'\"`<>{}()|;,]{4,}))"
PLACES = (
    # Options whose name says it, of any command.
    Place(("--",), rf"(?i)--[a-z-]*(?:password|passwd|passphrase|secret|token|api-key|access-key|secret-key)(?:\s+|=){_ANY}"),
    # mysql, mysqldump, mariadb, sshpass, ldapsearch, redis-cli, mongo, docker login, az login, htpasswd, smbclient, vncpasswd.
    Place(("mysql", "mariadb"), rf"(?i)\b(?:mysql\w*|mariadb\w*)\b[^|;\n]*?\s-p{_ANY}", sure=True),
    Place(("sshpass",), rf"(?i)\bsshpass\s+-p\s*{_ANY}", sure=True),
    Place(("ldap",), rf"(?i)\bldap(?:search|modify|add|delete|passwd|whoami)\b[^|;\n]*?\s-w\s*{_ANY}", sure=True),
    Place(("redis-cli",), rf"(?i)\bredis-cli\b[^|;\n]*?\s(?:-a|--pass)\s+{_ANY}", sure=True),
    Place(
        ("login", "mongo", "registry"),
        rf"(?i)\b(?:(?:docker|podman|az|oc|helm|helm registry|nerdctl|skopeo|crane|buildah|argocd|cf|npm)\s+(?:\w+\s+)?login|mongo\w*)\b"
        rf"[^|;\n]*?\s-p\s+{_ANY}",
        sure=True,
    ),
    Place(("htpasswd",), rf"(?i)\bhtpasswd\s+-\w*b\w*\s+(?:-\w+\s+)*\S+\s+[\w.@-]+\s+{_ANY}", sure=True),
    Place(("curl", "wget", "http"), r"(?i)\b(?:curl|https?|xh)\b[^|;\n]*?\s(?:-u|--user|-a|--auth|-U|--proxy-user)[\s=]*['\"]?"
          r"[\w.@%+\\-]+:(?P<bare>[^\s'\"`<>{}|;,]{3,})", sure=True),
    # PowerShell and Windows.
    Place(("convertto-securestring",), rf"(?i)ConvertTo-SecureString\s+(?:-String\s+)?{_ANY}", sure=True),
    Place(("net user",), rf"(?i)\bnet\s+user\s+\S+\s+{_ANY}"),
    Place(("-password",), rf"(?i)\s-(?:password|credential)\s+{_ANY}"),
    Place(("cmdkey", "/pass", "/p:"), rf"(?i)\s/(?:pass|password|p):{_ANY}"),
    # SQL: PostgreSQL CREATE ROLE, MySQL CREATE USER, SQL Server CREATE LOGIN, Oracle.
    Place(("identified",), r"(?i)\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+)?"
          r"(?:'(?P<single>[^'\n]{3,})'|\"(?P<double>[^\"\n]{3,})\")", sure=True),
    Place(("password",), rf"(?i)\b(?:encrypted\s+)?password(?:\s*=\s*|\s+)N?{_ANY}\s*(?:;|$|valid|in\s|login|superuser|nosuper|create)"),
    Place(("password(",), rf"(?i)\bpassword\(\s*{_ANY}\s*\)", sure=True),
    # netrc, .my.cnf-like words, and directives of servers: redis, keepalived, pgbouncer, slapd, nslcd.
    Place(("password",), rf"(?i)(?:^|\s)(?:login\s+\S+\s+)?password\s+{_ANY}\s*$"),
    Place(
        ("requirepass", "masterauth", "auth_pass", "bindpw", "rootpw", "bindcredentials", "secretkey", "authpass"),
        rf"(?i)^\s*(?:[a-z-]+\s+)?(?:requirepass|masterauth|auth_?pass|bindpw|rootpw|credentials|secretkey)[\s=:]+{_ANY}",
        sure=True,
    ),
    # pgpass: host:port:database:user:password.
    Place((":",), r"^\s*[\w.*-]+:(?:\d{2,5}|\*):[\w.*-]+:[\w.*@-]+:(?P<bare>\S{3,})\s*$", sure=True),
    # Oracle's thin JDBC: user/password@.
    Place(("jdbc:oracle",), r"(?i)jdbc:oracle:\w+:[\w.$-]+/(?P<bare>[^\s/@'\"]{3,})@", sure=True),
    # Sentences, in the languages of our users' wikis.
    Place(
        ("password", "passwort", "kennwort", "passphrase", "mot de passe", "contrase", "senha", "wachtwoord", "passcode", "hasło"),
        r"(?i)\b(?:password|passwort|kennwort|passphrase|mot de passe|contraseña|senha|wachtwoord|passcode|hasło)\b"
        r"(?:[^.\n:|]|\.\w){0,60}?(?:\b(?:is|ist|lautet|est|es|é|to|was|now|are|heet|brzmi)\b|:)\s+(?:now\s+|still\s+|always\s+|nog\s+)?"
        r"[\"'`*“„]{0,3}(?P<bare>[^\s\"'`*“”<>{}()|;,]{6,})",
    ),
    Place(
        ("passw", "kennwort", "passphrase", "passcode"),
        r"(?i)\b(?:password|passwort|kennwort|passphrase|passcode)\b[^.\n`|]{0,30}`(?P<single>[^`\s]{6,})`",
    ),
    Place(
        ("credential", "login", "user"),
        r"(?i)\b(?:credentials|login|user(?:name)?\s?/\s?pass(?:word)?)\b\s*[:=]\s*[`'\"]?[\w.@-]+[`'\"]?\s*/\s*[`'\"]?"
        r"(?P<bare>[^\s\"'`<>{}()|;,]{6,})",
    ),
)  # fmt: skip
_COMPILED = [(place, compiled(f"(?m){place.pattern}")) for place in PLACES]
_TRAILING = re.compile(r"[.,:;]+$")  # of a sentence


def commands(lines: list[str], lows: list[str], found: set[Finding]) -> None:
    """What stands at the places where tools take secrets. `lows` are the lines in lower case."""
    lowered, text = "\n".join(lows), "\n".join(lines)
    for place, pattern in _COMPILED:
        if not any(keyword in lowered for keyword in place.keywords) or not pattern.search(text):
            continue
        groups = [
            (name, pattern.groupindex[name]) for name in ("single", "double", "bare") if name in pattern.groupindex
        ]
        for at, low in enumerate(lows):
            if not any(keyword in low for keyword in place.keywords) or ALLOWED.search(lines[at]):
                continue
            for match in reversed(list(pattern.finditer(lines[at]))):
                for name, group in groups:
                    if (value := match.group(group)) is not None and _is_secret(value, name, sure=place.sure):
                        told = (_TRAILING.sub("", value) or value) if name == "bare" else value
                        replace(lines, at, match.start(group), match.start(group) + len(told), "password", found)


def _is_secret(value: str, quoting: str, *, sure: bool) -> bool:
    if sure:
        return not stands_for_another(value) and not value.startswith("-")
    return is_credential(value, strict=quoting == "bare", password=quoting != "bare")
