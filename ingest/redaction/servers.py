"""Files of servers and databases: SQL, .netrc, .pgpass, user lists, and directives whose value is a password by the manual."""

from __future__ import annotations

from ingest.redaction.places import ANY, QUOTED, Place, ready

_LINE_END = r"\s*;?\s*(?:[#].*)?$"
SERVERS = ready((
    # SQL of PostgreSQL (CREATE ROLE, USER MAPPING), MySQL (CREATE USER, SET PASSWORD), SQL Server (CREATE LOGIN), Oracle.
    Place(("identified",), rf"(?i)\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+|values\s+)?(?:{QUOTED})", sure=True),
    Place(("identified",), r"(?i)\bidentified\s+by\s+(?P<bare>[^\s'\"`;]{6,})"),
    Place(("password(",), rf"(?i)\bpassword\(\s*{ANY}\s*\)", sure=True),
    Place(("insert",), r"(?i)\binsert\s+into\b[^()]*\([^()]*\b(?:\w*_)?(?:password|passwd|secret|token)[\"`\]]?\s*\)\s*values\s*\([^()]*"
          r"'(?P<single>[^'\n]{3,})'\s*\)"),
    # .netrc; Cisco's configuration; redis, keepalived, slapd, nslcd, haproxy, Net-SNMP, strongSwan, Postfix; pgbouncer's user list.
    Place(("password", "secret"), rf"(?i)(?:^|\s)(?:password\s+(?:[05789]\s+)?|secret\s+[05789]\s+){ANY}{_LINE_END}"),
    Place(("-server", "isakmp", "authentication-key"),
          r"(?i)\b(?:(?:tacacs|radius)-server\b[^\n]*\skey|isakmp\s+key|authentication-key\s+\d+\s+md5)\s+(?:[067]\s+)?(?P<bare>\S{4,})", sure=True),
    Place(("getconnection",), rf"\bgetConnection\((?:\s*(?:\"[^\"\n]*\"|\w+)\s*,){{2}}\s*(?:{QUOTED})\s*\)", sure=True),
    Place(("requirepass", "masterauth", "auth_pass", "bindpw", "rootpw"),
          r"(?i)^\s*(?:requirepass|masterauth|auth_pass|bindpw|rootpw)\s+['\"]?(?P<bare>[^\s'\"]{3,})['\"]?\s*$", sure=True),
    Place(("user ", "setuser"), r"(?i)^\s*(?:acl\s+set)?user\s[^>\n]*\s>(?P<bare>\S{4,})", sure=True),
    Place(("stats auth", "rocommunity", "rwcommunity", "server community"),
          r"(?i)\b(?:stats\s+auth\s+[\w.-]+:|r[ow]community6?\s+|server\s+community\s+)(?P<bare>[^\s'\"]{4,})", sure=True),
    Place((": psk", ":psk", ": eap", ": xauth"), rf"(?i):\s*(?:PSK|EAP|XAUTH)\s+(?:{QUOTED})", sure=True),
    Place(("]:",), r"^\s*\[[\w.-]+\](?::\d+)?\s+[\w.@+-]+:(?P<bare>\S{4,})\s*$", sure=True),
    Place(('" "',), r"^\"[\w.-]+\" \"(?P<double>[^\"\n]{4,})\"\s*$"),
    # .pgpass: host:port:database:user:password, also where a command writes it.
    Place((":",), r"^\s*(?:[\w.*-]+|\[[\da-fA-F:]+\]):(?:\d{2,5}|\*):[\w.*-]+:[\w.*@-]+:(?P<bare>\S{3,})\s*$", sure=True),
    Place((":5", ":3", ":*"), r"['\"\s](?:[\w.*-]+|\[[\da-fA-F:]+\]):(?:\d{4,5}|\*):[\w.*-]+:[\w.*@-]+:(?P<bare>[^\s'\"]{6,})"),
    # Providers and tools that take both in one text: auth = "user:password".
    Place(("auth",), r"(?i)(?:\b|_)auth['\"]?\s*[:=]\s*(?:'[\w.@-]+:(?P<single>[^'/\n][^'\n]{3,})'|\"[\w.@-]+:(?P<double>[^\"/\n][^\"\n]{3,})\"|"
          r"[\w.@-]+:(?P<bare>[^\s'\"/`;,{}()][^\s'\"`;,{}()]{5,}))"),
    # Oracle's thin JDBC: user/password@. Docker's config.json: base64 of user:password.
    Place(("jdbc:oracle",), r"(?i)jdbc:oracle:\w+:[\w.$-]+/(?P<bare>[^\s/@'\"]{3,})@", sure=True),
    Place(('"auth"', '"identitytoken"'), r"\"(?:auth|identitytoken)\"\s*:\s*\"(?P<double>[A-Za-z0-9+/_.-]{8,}={0,2})\""),
))  # fmt: skip
