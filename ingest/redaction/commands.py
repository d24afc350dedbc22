"""Command lines: the options and words by which programs take passwords, each from the program's manual.

An option is read beside its program alone, for `-p` is a port elsewhere.
"""

from __future__ import annotations

from ingest.redaction.names import SECRET_NAME
from ingest.redaction.places import ANY, QUOTED, SHELL, Place, ready

_NAMED = r"[\w-]*(?:password|passwd|passphrase|secret|token|api-?key|access-?key|secret-?key|account-?key|credential|storepass|keypass|requirepass|pass)"


def _option(programs: str, option: str, *keywords: str) -> Place:
    """An option of these programs, whose value is a secret whatever it looks like."""
    return Place(keywords, rf"\s(?:{option}){SHELL}", sure=True, within=programs)


_BASE64 = r"[A-Za-z0-9+/]{8,}={0,2}"
_USER = r"['\"]?[\w.@%+\\-]+"
COMMANDS = ready((
    # Options that say it, of any program: GNU's, PowerShell's and Java's, Windows'.
    Place(("-pass", "-token", "-api", "-secret", "-access", "-account", "-storepass", "-keypass", "-cred", "pass ", "-requirepass"), rf"(?i)\s-{_NAMED}\s+{SHELL}"),
    Place(("/pass", "/p:", "/rp", "/user"), rf"(?i)\s/(?:pass|password|p|rp)[:\s]\s*{SHELL}"),
    # `-p` is a password's beside an account's option, whatever the program; before a host, an account and its password.
    Place(("-p", "-w"), rf"(?:\s-u|\s-U|\s--user(?:name)?|\s-l|\s-D)[\s=]?['\"]?[\w.@\\,=-]+['\"]?\s+(?:--?\w+\s+)?-[pPw]\s*{SHELL}"),
    Place(("@",), r"(?:^|[\s'\"`/])[A-Za-z][\w.-]{1,30}:(?P<strong>[^\s:/@'\"`|<>]{7,})@[A-Za-z0-9][\w.-]*(?:[^\w.:-]|$)"),
    # Options that only their program gives a meaning.
    _option(r"mysql\w*|mariadb\S*|mycli|percona\S*|xtrabackup", "-p", "mysql", "mariadb", "mycli", "percona", "xtrabackup"),
    _option("sshpass", r"-p\s*", "sshpass"),
    _option(r"ldap(?:search|modify|add|delete|passwd|whoami|compare|modrdn)", r"-w\s*", "ldap"),
    _option("redis-cli", r"-a\s+|--pass\s+", "redis-cli"),
    _option(
        r"(?:docker|podman|az|oc|helm|nerdctl|skopeo|crane|buildah|argocd|cf|npm|oras|regctl)\s+(?:\w+\s+)?login|mongo\w*|cqlsh|arangosh|"
        r"rabbitmqadmin|kafkacat|psexec|svn|influx|net\s+rpc|jfrog|rclone|az", r"-p\s+",
        "az ", "login", "mongo", "cqlsh", "arangosh", "rabbitmqadmin", "psexec",
    ),
    _option("sqlcmd|bcp|osql|ipmitool|mosquitto_pub|mosquitto_sub|zip|unzip", r"-P\s*", "sqlcmd", "bcp", "osql", "ipmitool", "mosquitto", "zip"),
    _option("7z|7za|7zr|rar", r"-h?p", "7z", "rar"),
    _option("ldappasswd", r"-[sa]\s*", "ldappasswd"),
    _option("wpa_passphrase", r"(?:'[^'\n]*'|\"[^\"\n]*\"|[\w.-]+)\s+", "wpa_passphrase"),
    _option("pw", r"-w\s+", "pw user"),
    Place(("sqlplus", "rman", "expdp", "impdp", "sqlldr"), r"\b(?:sqlplus|rman|expdp|impdp|exp|imp|sqlldr)\s+(?:-\w+\s+)*(?:\w+=)?['\"]?[\w$#.]+/(?P<bare>[^\s@/'\"]{3,})@", sure=True),
    Place(("7z", "7za", "rar"), r"\b(?:7z|7za|7zr|rar)\s[^|;\n]*\s['\"]-h?p(?P<bare>[^'\"\n]{4,})['\"]", sure=True),
    Place(("config set", "config:set", "secrets set"), rf"(?i)\b(?:config|secrets?)[\s:]set\s+--secret\s+\S+\s+{SHELL}", sure=True),
    Place(("auth-user-pass",), rf"--auth-user-pass\S*\s+[\w.-]+\s+{SHELL}"),
    Place(("vault",), rf"(?i)\b(?:echo|printf)\s+(?:-\w+\s+|['\"]%s(?:\\n)?['\"]\s+)*{SHELL}\s*\|\s*vault\b[^|\n]*=-", sure=True),
    Place(("send",), r"(?i)\bsend(?:line)?\s(?:--\s)?\"(?P<double>[^\"\n]{3,}?)\\r\"", sure=False),
    _option("plink|pscp|putty", r"-pw\s+", "plink", "pscp", "putty"),
    _option(r"snmp(?:walk|get|set|bulkwalk|getnext|table|inform|trap)", r"-[AXc]\s*", "snmp"),
    _option("smbclient|rpcclient|smbmap|winexe|net", r"-U\s*['\"]?[\w.\\-]+%", "smb", "rpcclient", "winexe"),
    _option("keytool|jarsigner|openssl|ssh-keygen", r"-(?:store|key|srckeystore|deststore)pass\s+|-k\s+|-[NP]\s+",
            "keytool", "jarsigner", "openssl", "ssh-keygen"),
    _option("useradd|usermod", r"-p\s*", "useradd", "usermod"),
    _option("etcdctl", r"--user[=\s]['\"]?\w+:", "etcdctl"),
    _option(r"lftp|ncftp\w*", rf"-u\s*{_USER},|-p\s*", "lftp", "ncftp"),
    _option("nmcli", r"password\s+|(?:wifi-sec|802-11-wireless-security)\.psk\s+", "nmcli"),
    _option(r"gh|gcloud|flyctl|heroku", r"(?:--body|-b)[=\s]\s*", "secret set"),
    _option("aws", r"--secret-(?:string|binary)[=\s]\s*|--master-user-password[=\s]\s*|configure\s+set\s+\S*(?:secret|token)\S*\s+", "aws"),
    Place(("securestring",), rf"(?i)\bput-parameter\b[^|;\n]*\bSecureString\b[^|;\n]*--value[=\s]\s*{SHELL}|"
          r"\bput-parameter\b[^|;\n]*--value[=\s]\s*(?:'(?P<tick>[^'\n]{3,})'|(?P<opaque>\S+))[^|;\n]*\bSecureString\b", sure=True),
    Place(("htpasswd",), rf"(?i)\bhtpasswd\s+(?:-\w+\s+)*-\w*b\w*\s+(?:-\w+\s+)*(?:[^\s'\"-]\S*\s+)?[\w.@-]+\s+{SHELL}\s*(?:$|[;&|`>])", sure=True),
    Place(("passwd",), r"(?i)\becho\s+(?:-\w+\s+)*['\"]?(?P<bare>[^\s'\"`|;\\]{4,})[^|\n]*\|\s*(?:sudo\s+)?(?:smb)?passwd\b", sure=True),
    Place((" pass ",), rf"(?i)\bconfig\s+create\s[^|;\n]*\spass\s+{SHELL}"),
    Place(("curl", "wget", "http ", "https ", "xh "), r"\s(?:-[a-zA-Z]*u|--user|-a|--auth|-U|--proxy-user)[\s=]*(?:[\w.@%+\\-]+:['\"](?P<tick>[^'\"\n]{3,})['\"]|'[\w.@%+\\-]+:(?P<single>[^'\n]{3,})'|"
          r"\"[\w.@%+\\-]+:(?P<double>[^\"\n]{3,})\"|[\w.@%+\\-]+:(?P<bare>[^\s'\"`<>|;]{3,}))", sure=True, within="curl|wget|https?|xh"),
    # Words at their place.
    Place(("set", "put", "add", "write"), rf"(?i)\b(?:config|kv|secrets?|env)[:\s](?:set|put|add|write)\s+[^\s=]*?{SECRET_NAME}[\s=]\s*{SHELL}"),
    Place(("keyvault",), rf"--value[=\s]\s*{SHELL}", sure=True, within=r"az\s+keyvault\s+secret\s+set"),
    Place(("vault",), rf"\s[\w.-]+={SHELL}", within=r"vault\s+(?:kv\s+)?(?:put|write|patch)"),
    Place(("vault",), r"(?i)\bvault\s+login\s+(?:-[\w-]+(?:=\S+)?\s+)*(?:token=)?['\"]?(?P<bare>[^\s'\"=<>|;`-][^\s'\"=|;`]{5,})"),
    Place(("vault",), r"(?i)(?:^\s*(?:[$#>]\s+)?(?:\S+=\S+\s+)*|`)vault\s+login\s+(?:-[\w-]+(?:=\S+)?\s+)*(?:token=)?(?P<double>[A-Za-z][A-Za-z_-]{5,})\s*(?:$|[#;&|`])"),
    Place(("pass:",), r"-(?:pass\w*|k)[=\s]\s*(?:'pass:(?P<single>[^'\n]{3,})'|\"pass:(?P<double>[^\"\n]{3,})\"|pass:(?P<bare>[^\s'\"`|;]{3,}))", sure=True),
    # What is taken out of base64 where it is written down.
    Place(("base64",), rf"\b(?:echo|printf)\s+(?:-\w+\s+|['\"]%s(?:\\n)?['\"]\s+)*['\"]?(?P<coded>{_BASE64})['\"]?\s*\|\s*(?:\w+\s+)?base64\s+-{{1,2}}(?:d|D|i)"),
    Place(("base64",), rf"\bbase64\s+-{{1,2}}(?:d|D|i)\w*\s*<<<\s*['\"]?(?P<coded>{_BASE64})"),
    Place(("add_user", "change_password", "authenticate_user"), rf"(?i)\b(?:add_user|change_password|authenticate_user)\s+\S+\s+{SHELL}"),
    Place(("from-literal",), rf"(?i)--from-literal[=\s]\s*['\"]?[\w./-]+=(?:{SHELL})"),
    Place(("net user", "net use"), rf"(?i)\bnet\s+user?\s+(?:\w:\s+)?\S+\s+{SHELL}"),
    Place(("convertto-securestring",), rf"(?i)ConvertTo-SecureString\s+(?:-(?:String|AsPlainText|Force)\s+)*(?:{QUOTED})", sure=True),
    Place(("convertto-securestring",), rf"(?i)(?:{QUOTED})\s*\|\s*ConvertTo-SecureString\b", sure=True),
    Place(("networkcredential", "pscredential", "basicauth", "auth"),
          rf"(?i)(?:NetworkCredential|\bauth\s*=\s*|BasicAuth\w*)\(\s*(?:'[^'\n]*'|\"[^\"\n]*\"|\w+)\s*,\s*(?:{QUOTED})\s*\)"),
    # What is piped into a program that reads a password.
    Place(("chpasswd",), r"(?i)\b(?:echo|printf)\s+(?:-\w+\s+)?['\"]?[\w.-]+:(?P<bare>[^\s'\"`|;]{3,}?)(?:\\n)?['\"]?\s*\|.*\bchpasswd\b", sure=True),
    Place(("-stdin", "sudo", "passphrase-fd", "kinit", "cryptsetup"),
          rf"(?i)\b(?:echo|printf)\s+(?:-\w+\s+)*{SHELL}\s*\|\s*(?:[^|\n]*(?:password-stdin|sudo\s+-\w*S|passwd\s[^|\n]*--stdin|passphrase-fd)|\s*(?:kinit|cryptsetup)\b)", sure=True),
    Place(("<<<",), rf"(?i)\b(?:kinit|sudo|cryptsetup|login|passwd)\b[^|;\n]*<<<\s*{ANY}", sure=True),
))  # fmt: skip
