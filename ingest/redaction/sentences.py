"""Sentences that tell a password or a token, in the languages of our users' wikis."""

from __future__ import annotations

from ingest.redaction.names import PASSWORDS
from ingest.redaction.places import Place, ready

_EDGE = r"(?:^|[^A-Za-z0-9_])"  # RE2's own border is one of ASCII
_PASSWORD = rf"(?:\w*(?:{PASSWORDS})(?:et|en|t)?|pw|pwd|pre-?shared key|wi-?fi[- ]key|clave)"
_KEYWORDS = (
    "passw", "pw", "shared key", "fi key", "fi-key", "kennwort", "passphrase", "pass phrase", "mot de passe", "contrase", "senha", "wachtwoord", "passcode", "hasło", "haslo",
    "clave", "senord", "adgangskode", "passord", "salasana", "jelsz", "heslo", "parola", "ifre", "zaporka", "lozinka", "парол", "κωδικός", "パスワード", "密码", "密碼",
    "口令", "비밀번호", "암호",
)  # fmt: skip
_VERB = r"(?:\b(?:is|ist|lautet|est|es|to|was|war|now|are|heet|brzmi|auf|enter|type|jest|on|var|je)\b|:|=>|->|→|—|–|\s-|\s(?:é|è|är|это|–)|는|은)"
_JOINED = r"(?:[は是：为為]\s*)"  # no space behind them
_TOKEN = (
    r"(?:token|api[- ]key|access key|secret key|client secret|signing secret|webhook secret|licen[cs]e key|api-schlüssel|encryption key|unseal key(?: \d)?|"
    r"recovery key(?: \d)?|root token|shared secret|secret ?id|app key|integration key|routing key|storage key|account key|subscription key|deploy key)"
)
_STILL = r"(?:now\s+|still\s+|always\s+|currently\s+|jetzt\s+|nog\s+)?"
_WORD = r"[^\s\"'`“”„<>{}|;,。、（）]"
_TOLD = rf"(?P<bare>{_WORD}*[0-9!@#$%^&*+=?~]{_WORD}*)"  # no word, so that a sentence is read on to its end
_ACCOUNT = r"[`'\"]?[\w.@-]{2,40}[`'\"]?"
_BOTH = r"(?:credentials?|creds|login|log in|logon|sign in|user(?:name)?\s?/\s?pass(?:word)?|account|zugangsdaten|anmeldedaten|identifiants|credenciales|inloggegevens)"

SENTENCES = ready((
    Place(_KEYWORDS, rf"(?i){_EDGE}{_PASSWORD}(?:[^.\n:|(\w](?:[^.\n:|]|\.\w){{0,60}}?)?(?:{_VERB}[*_]{{0,2}}\s+|{_JOINED}){_STILL}[\"'`“„]{{0,2}}(?:\*\*|__|<\w{{1,6}}>)?{_TOLD}"),
    Place(_KEYWORDS, rf"(?i){_EDGE}{_PASSWORD}\s*\([^()\n]{{1,30}}\)\s*[:=]\s*[\"'`]?{_TOLD}"),
    Place(_KEYWORDS, rf"(?i){_EDGE}{_PASSWORD}\b[^.\n`|]{{0,30}}`(?P<tick>[^`\s]{{6,}})`"),
    Place(_KEYWORDS, rf"(?i){_EDGE}{_PASSWORD}\b[^.\n|(]{{0,15}}?\s(?:\((?P<bare>{_WORD}*?[0-9!@#$%^&*+=?~]{_WORD}*?)\)|[\"“„](?P<double>[^\"“”\s]{{6,}})[\"“”]|'(?P<single>[^'\s]{{6,}})')"),
    # Behind the word itself, before it, or somewhere beside it: what no word or name is.
    Place(_KEYWORDS, rf"(?i){_EDGE}{_PASSWORD}\s+[\"'`]?(?P<strong>{_WORD}{{7,}})"),
    Place(_KEYWORDS, rf"(?i)(?:^|\s)[`'\"“](?P<strong>[^\s`'\"“”]{{6,}})[`'\"”]\s(?:is|was|as|ist|als|for|est|es|será)\b(?:\s\w+){{0,2}}\s{_PASSWORD}"),
    Place(_KEYWORDS, rf"(?i)\b(?:type|enter|use)\s+[`'\"]?(?P<strong>{_WORD}{{7,}}?)[`'\"]?\s(?:when|if|for|at|as|to)\b[^.\n]{{0,40}}{_PASSWORD}"),
    # Words that nothing but a passphrase's name stands before.
    Place(("phrase", "fi password", "fi key", "fi-password", "fi-key", "wlan"), r"(?i)(?:pass[ -]?phrase|(?:wi-?fi|wlan)[ -](?:pass\w*|key|psk|code))\b[*_`]{0,3}(?:\s*[:=|]|\s+(?:is|ist|est|es))[*_`]{0,3}\s+"
          r"[\"'`“]?(?P<phrase>[A-Za-z]{2,}(?:[ -][A-Za-z]{2,}){2,7})[\"'`”]?\s*(?:[.,;(|<]|$)"),
    # Tokens.
    Place(("token", "key", "secret"), rf"(?i)\b{_TOKEN}\b(?:[^.\n:|`]|\.\w){{0,60}}?{_VERB}[*_]{{0,2}}\s+{_STILL}[\"'`“„]{{0,2}}(?P<opaque>[A-Za-z0-9+/=_.~-]{{16,}})"),
    Place(("token", "key", "secret"), rf"(?i)\b{_TOKEN}\b[^.\n`|]{{0,30}}[`(](?P<opaque>[^`()\s]{{16,}})[`)]"),
    Place(("token", "key", "secret"), rf"(?i)\b{_TOKEN}:?\s+[\"'`]?(?P<opaque>[A-Za-z0-9+/=_.~-]{{16,}})"),
    Place(("_token", "_key", "_secret", "_pat", "_salt"), r"\b[A-Z][A-Z0-9_]*_(?:TOKEN|KEY|SECRET|PAT|SALT)`?\s+(?:to|is|as|with|→|->|=>)\s+[`\"']?(?P<opaque>[A-Za-z0-9+/=_.~-]{16,})"),
    Place(("bearer",), r"(?i)\bbearer\s+(?P<opaque>[A-Za-z0-9._~+/=-]{20,})"),
    # An account and its password, side by side.
    Place(("pass", "pw"), rf"(?i)\b(?:user(?:name)?|login|account)\b:?\s+{_ACCOUNT}\s*[,;/]?\s+(?:(?:and|with|und|mit|et)\s+)?(?:pass|pw|pwd|{PASSWORDS})\b:?\s+[`'\"]?(?P<bare>{_WORD}{{6,}})"),
    Place(("credential", "creds", "login", "log in", "logon", "sign in", "user", "account", "zugangsdaten", "anmelde", "identifiants", "inloggeg"),
          rf"(?i)\b{_BOTH}\b[^.\n|]{{0,30}}?(?:[:=]|\b(?:is|are|as|with|by|lauten|mit|using)\b)\s+{_ACCOUNT}(?:\s*[/:]\s*|\s+(?:and|und|et|y)\s+)[`'\"]?(?P<bare>{_WORD}{{6,}})"),
    Place(("root", "admin", "postgres"), rf"(?i)\b(?:root|admin|administrator|postgres)[`'\"]?\s+/\s+[`'\"]?(?P<bare>{_WORD}{{6,}})"),
    Place(("root/", "admin", "postgres/", "sa/", "oracle/", "ubuntu/"), rf"(?i)(?:^|[\s`'\"(])(?:root|admin|administrator|postgres|sa|oracle|ubuntu)/(?P<bare>{_WORD}{{6,}}?)[`'\"]?\s+(?:on|at|for|@|auf|bei|sur|en|op)\b"),
    Place(("root", "admin", "postgres", "guest", "ubuntu"), r"(?i)^[\s>*+-]*[`'\"]?(?:root|admin|administrator|postgres|guest|ubuntu|sa)[`'\"]?\s?[:/]\s?[`'\"]?(?P<strong>[^\s()\"'`<>|;,:/]{7,})[`'\"]?\s*$"),
    Place((" / ",), r"(?:^|[\s(])[`'\"]?[a-z][\w.@-]{1,40}[`'\"]?\s/\s[`'\"]?(?P<strong>[^\s()\"'`“”<>|;,]{7,}?)[`'\"]?(?:\s\([^()\n]*\)|[.,)]?(?:\s|$))"),
    Place(("log in", "login", "sign in", "anmelden"),
          rf"(?i)\b(?:use|enter|mit|with)\s+{_ACCOUNT}\s+/\s+[`'\"]?(?P<bare>{_WORD}{{6,}})[^.\n]{{0,40}}\b(?:log ?in|sign ?in|anmelden)\b"),
))  # fmt: skip
