"""Files of servers and databases: SQL, .netrc, .pgpass, user lists, and directives whose value is a password by the manual."""

from __future__ import annotations

from ingest.redaction.places import ANY, QUOTED, Place, ready

_LINE_END = r"\s*;?\s*(?:[#].*)?$"
_GIVEN = r"\s*(?:,|%\s*\(?|\.format\()\s*"  # before what is put into a text
SERVERS = ready((
    # SQL of PostgreSQL (CREATE ROLE, USER MAPPING), MySQL (CREATE USER, SET PASSWORD), SQL Server (CREATE LOGIN), Oracle.
    Place(("identified",), rf"(?i)\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+|values\s+)?(?:{QUOTED})", sure=True),
    Place(("identified",), r"(?i)\bidentified\s+by\s+(?P<bare>[^\s'\"`;]{6,})"),
    Place(("set password for",), rf"(?i)\bset\s+password\s+for\s+\S+\s*=\s*(?:\w+\(\s*)?(?:{QUOTED})", sure=True),
    Place(("password",), rf"(?i)\b(?:with|encrypted|user\s+'[^'\n]*'\s*,|role\s+\S+|login)\s+password\s+(?:{QUOTED})", sure=True),
    Place(("set ", "values"), rf"(?i)\bset\s+(?:[^;\n]*,\s*)?\w*(?:password|passwd|secret|token)\w{{0,5}}\s*=\s*\w+\(\s*(?:{QUOTED})", sure=True),
    Place(("password(",), rf"(?i)\bpassword\(\s*{ANY}\s*\)", sure=True),
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
    Place(("machine ", "default login"), rf"(?i)(?:machine\s+\S+|default)\s+(?:login|user)\s+\S+\s+(?:account\s+\S+\s+)?password\s+{ANY}", sure=True),
    # Directives of routers: Cisco's, FRR's, Juniper's, VyOS'. Net-SNMP's users and communities; Postfix' maps; Apache's passphrases.
    Place(("password", "secret", "key-string", "pre-shared", "psk"), r"(?i)^\s*(?:set\s.*|username\s.*|enable|neighbor\s.*|ip\s.*|key|crypto\s.*|ppp\s.*|snmp-server\s.*|area\s.*)?"
          r"\s?(?:password|secret|key-string|pre-shared-(?:secret|key)|plain-text-password-value|md5|community)\s+(?:[05-9]\s+)?['\"]?(?P<bare>[^\s'\"{};|]{5,})['\"]?\s*;?\s*$"),
    Place(("createuser", "com2sec", "community"), r"(?i)^\s*(?:createuser\s+\S+\s+\w+\s+|com2sec6?\s+\S+\s+\S+\s+)['\"]?(?P<bare>[^\s'\"]{4,})", sure=True),
    Place(("createuser",), r"(?i)^\s*createuser\s.*\s(?:AES\S*|DES)\s+['\"]?(?P<bare>[^\s'\"]{4,})", sure=True),
    Place(("password-hash",), r"(?i)^\s*password-hash\s+['\"]?(?P<bare>[^\s'\"]{6,})"),
    Place(("static:",), r"\bstatic:[\w.@-]+:(?P<bare>\S{4,})", sure=True),
    Place(("sslpassphrase", "secure_link", "default_pw"), r"(?i)^\s*(?:SSLPassPhraseDialog\s+\"(?P<double>[^\"|/:\n]{4,})\"|secure_link_md5\s+.*\s(?P<opaque>[A-Za-z0-9._-]{16,})\"?;)"),
    Place((": psk", ":psk", ": eap", ": xauth"), rf"(?i):\s*(?:PSK|EAP|XAUTH)\s+(?:{QUOTED})", sure=True),
    Place(("]:",), r"^\s*\[[\w.-]+\](?::\d+)?\s+[\w.@+-]+:(?P<bare>\S{4,})\s*$", sure=True),
    Place(('" "',), r"^\"[\w.-]+\" \"(?P<double>[^\"\n]{4,})\"\s*$"),
    # .pgpass: host:port:database:user:password, also where a command writes it.
    Place((":",), r"^\s*(?:[\w.*-]+|\[[\da-fA-F:]+\]):(?:\d{2,5}|\*):[\w.*-]+:[\w.*@-]+:(?P<bare>(?:\\.|[^\s:\\]){3,})\s*$", sure=True),
    Place((":5", ":3", ":*"), r"['\"\s](?:[\w.*-]+|\[[\da-fA-F:]+\]):(?:\d{4,5}|\*):[\w.*-]+:[\w.*@-]+:(?P<bare>[^\s'\"]{6,})"),
    # Providers and tools that take both in one text: auth = "user:password".
    Place(("auth",), r"(?i)(?:\b|_)auth['\"]?\s*[:=]\s*(?:'[\w.@-]+:(?P<single>[^'/\n][^'\n]{3,})'|\"[\w.@-]+:(?P<double>[^\"/\n][^\"\n]{3,})\"|"
          r"[\w.@-]+:(?P<bare>[^\s'\"/`;,{}()][^\s'\"`;,{}()]{5,}))"),
    # Oracle's thin JDBC: user/password@. Docker's config.json: base64 of user:password.
    Place(("jdbc:oracle",), r"(?i)jdbc:oracle:\w+:[\w.$-]+/(?P<bare>[^\s/@'\"]{3,})@", sure=True),
    Place(("sp_addlogin", "sp_password", "pgp_sym_"), rf"(?i)(?:sp_addlogin\s+\S+,\s*|sp_password\s+(?:\S+,\s*)?|pgp_sym_\w+\([^()\n]*,\s*)N?(?:{QUOTED})", sure=True),
    Place(("credentials(",), rf"\b[A-Z]\w*Credentials\(\s*(?:\"[^\"\n]*\"|'[^'\n]*'|[\w.]+)\s*,\s*(?:{QUOTED})\s*\)"),
    # A URL that is put together of an account and its password.
    Place((":%s@", ":%v@", ":{}@"), rf"://[\w.-]+:(?:%[sv]|\{{\}})@[^\"'\n]*[\"']{_GIVEN}(?:{QUOTED})", sure=True),
    Place((":%s@", ":%v@", ":{}@"), rf"://(?:%[sv]|\{{\}}):(?:%[sv]|\{{\}})@[^\"'\n]*[\"']{_GIVEN}(?:\"[^\"\n]*\"|'[^'\n]*'|[\w.\[\]]+)\s*,\s*(?:{QUOTED})", sure=True),
    # Arguments: an account and its password.
    Place((".login(", ".authenticate(", "basic_auth", "basicauth", "pdo(", "_connect(", "mysqli(", "passwordcred", "passwordauth", "userpassword", "usernamepassword"),
          rf"(?i)(?:\.login|\.authenticate|basic_?auth\w*|\bPDO|\b(?:mysqli|pg|mysql|odbc)_p?connect|\bmysqli|\w*password(?:auth|cred)\w*|user_?(?:name)?_?password\w*)"
          rf"\s?\(?\s*(?:(?:\"[^\"\n]*\"|'[^'\n]*'|[\w.$]+)\s*,\s*){{1,2}}(?:{QUOTED})"),
    Place(('"auth"', '"identitytoken"'), r"\"(?:auth|identitytoken)\"\s*:\s*\"(?P<double>[A-Za-z0-9+/_.-]{8,}={0,2})\""),
))  # fmt: skip
