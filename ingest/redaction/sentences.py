"""Sentences that tell a password or a token, in the languages of our users' wikis."""

from __future__ import annotations

from ingest.redaction.places import Place, ready

_PASSWORD = r"(?:\w*password|pw|pre-?shared key|passwort|\w*passwort|kennwort|passphrase|mot de passe|contraseña|senha|wachtwoord|passcode|hasło)"
_KEYWORDS = (
    "passw",
    "pw ",
    "shared key",
    "kennwort",
    "passphrase",
    "mot de passe",
    "contrase",
    "senha",
    "wachtwoord",
    "passcode",
    "hasło",
)
_VERB = r"(?:\b(?:is|ist|lautet|est|es|é|to|was|war|now|are|heet|brzmi|auf|enter|type)\b|:|=>|\s-)"
_TOKEN = r"(?:token|api[- ]key|access key|secret key|client secret|signing secret|webhook secret|licen[cs]e key|api-schlüssel)"
_STILL = r"(?:now\s+|still\s+|always\s+|currently\s+|jetzt\s+|nog\s+)?"
_WORD = r"[^\s\"'`“”<>{}|;,]"
_TOLD = rf"(?P<bare>{_WORD}*[0-9!@#$%^&*+=?~]{_WORD}*)"  # no word, so that a sentence is read on to its end
_ACCOUNT = r"[`'\"]?[\w.@-]{2,40}[`'\"]?"

SENTENCES = ready((
    Place(_KEYWORDS, rf"(?i)\b{_PASSWORD}\b(?:[^.\n:|(\w](?:[^.\n:|]|\.\w){{0,60}}?)?{_VERB}[*_]{{0,2}}\s+{_STILL}[\"'`“„]{{0,2}}(?:\*\*|__|<\w{{1,6}}>)?{_TOLD}"),
    Place(_KEYWORDS, rf"(?i)\b{_PASSWORD}\b[^.\n`|]{{0,30}}`(?P<tick>[^`\s]{{6,}})`"),
    Place(_KEYWORDS, rf"(?i)\b{_PASSWORD}\b[^.\n|(]{{0,15}}?\s(?:\((?P<bare>{_WORD}*?[0-9!@#$%^&*+=?~]{_WORD}*?)\)|\"(?P<double>[^\"\s]{{6,}})\"|'(?P<single>[^'\s]{{6,}})')"),
    Place(("token", "key", "secret"), rf"(?i)\b{_TOKEN}\b(?:[^.\n:|`]|\.\w){{0,60}}?{_VERB}[*_]{{0,2}}\s+{_STILL}[\"'`“„]{{0,2}}(?P<opaque>[A-Za-z0-9+/=_.~-]{{16,}})"),
    Place(("token", "key", "secret"), rf"(?i)\b{_TOKEN}\b[^.\n`|]{{0,30}}[`(](?P<opaque>[^`()\s]{{16,}})[`)]"),
    Place(("bearer",), r"(?i)\bbearer\s+(?P<opaque>[A-Za-z0-9._~+/=-]{20,})"),
    # An account and its password, side by side.
    Place(("pass", "pw"), rf"(?i)\b(?:user(?:name)?|login|account)\b:?\s+{_ACCOUNT}\s*[,;/]?\s+(?:(?:and|with)\s+)?(?:pass|pw|pwd)\b:?\s+[`'\"]?(?P<bare>{_WORD}{{6,}})"),
    Place(("credential", "login", "log in", "sign in", "user", "account", "zugangsdaten", "anmelde"),
          rf"(?i)\b(?:credentials?|login|log in|sign in|user(?:name)?\s?/\s?pass(?:word)?|account|zugangsdaten|anmeldedaten)\b[^.\n|]{{0,30}}?"
          rf"(?:[:=]|\b(?:is|are|as|with|by|lauten|mit|using)\b)\s+{_ACCOUNT}\s*[/:]\s*[`'\"]?(?P<bare>{_WORD}{{6,}})"),
    Place(("root", "admin", "postgres"), rf"(?i)\b(?:root|admin|administrator|postgres)[`'\"]?\s+/\s+[`'\"]?(?P<bare>{_WORD}{{6,}})"),
    Place(("log in", "login", "sign in", "anmelden"),
          rf"(?i)\b(?:use|enter|mit|with)\s+{_ACCOUNT}\s+/\s+[`'\"]?(?P<bare>{_WORD}{{6,}})[^.\n]{{0,40}}\b(?:log ?in|sign ?in|anmelden)\b"),
))  # fmt: skip
