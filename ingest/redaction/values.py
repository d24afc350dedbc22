"""Whether a value beside a secret's name is a secret itself, and not a reference, a placeholder, a path, a name or prose."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ingest.redaction.described import is_plain
from ingest.redaction.marks import MARK, compiled
from ingest.redaction.names import names_secret

REFERENCE = re.compile(
    r"^(?:var|local|module|data|each|self|path|random_\w+|aws_\w+|azurerm_\w+|google_\w+|kubernetes_\w+|tls_\w+|vault_\w+|"
    r"secrets?|env|vars|inputs|os|process|steps|github|values|config|settings|params?)\.|^[a-z_]\w*(?:\.[a-z_]\w*){2,}$|"
    r"^[*&][a-z_]\w*$", re.I
)  # fmt: skip
_PLACEHOLDER = re.compile(
    r"^(?:[x*.•_-]{3,}|(?:your|my|the|some|an?|example|sample|dummy|fake|mock|test|insert|enter|replace|changeme|todo|tbd|none|null|nil|"
    r"undefined|true|false|string|number|bool|object|list|map|array|integer|required|optional|redacted|secret|password|token|key|value|default|empty|unset|base64)"
    r"(?:[\s_.-][A-Za-z\s_.-]*\d{0,2})?)$|^(?:in|see|from|via|ask|kept)\s.*|^<.*>$|^\[.*\]$|^\.\.\.", re.I
)  # fmt: skip
_CAPITALS = re.compile(
    r"^[A-Z]+(?:-[A-Z]+)+$|^_*[A-Z][A-Z0-9]*(?:_+[A-Z0-9]+)+_*$"
)  # PUT-TOKEN-HERE, a variable's name
SAYS_PLACEHOLDER = re.compile(
    r"(?i)(?:\b|_)(?:your|change[_-]?me|replace|placeholder|example|dummy|redacted|x{3,})(?:\b|_)"
)
HARMLESS = re.compile(
    r"^(?:sha(?:1|256|512)[:-].*|arn:.*|(?:\.{0,2}|~|@)/.*|"
    r"[a-z][a-z0-9+.-]*://.*|[\w.-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}|@[\w./-]+\.\w{2,5}|(?:vault|ssm|op|awssm|gcpsm|doppler|secretsmanager|file|env|ref\+\w+):[\w./#:-]+|projects/[\w-]+/.*|\d{1,5}|"
    r"\d+(?:ms|s|m|h|d)|(?:@?[\w./-]+@)?[\^~<>=v]{0,3}\d+(?:\.(?:\d+|x|\*))+(?:[-+][\w.-]+)?|(?:[a-z0-9-]+\.)+(?:com|io|net|org|dev|local|internal)(?:[:/].*)?|[\w./-]+\.(?:ya?ml|json|tfvars|tf|txt|pem|key|crt|md|sh|py|go|html|env))$", re.I
)  # fmt: skip
_LETTERS = re.compile(r"^([A-Za-z_-]+?)(?:[_-]v\d{1,2})?$")  # and the number of a version
_LABEL = re.compile(r"^(?:[a-z_-]*\d){0,2}[a-z_-]*$")
# A path as stores of secrets have them; an error's or an issue's number; a date; ports and addresses; a region.
_ADDRESS = re.compile(
    r"^(?:[a-z][a-z0-9_.-]*/)+[a-z0-9_.#-]*$|^\w+(?:/[\w.-]+){3,}$|^[A-Z]{2,9}-\d+$|^\d{4}-\d\d(?:-\d\d)?$|^\d+(?:[.:/]\d+)+$|^[a-z]{2}(?:-[a-z]+)+-\d[a-z]?$"
)
# Settings of a connection, none of which is a secret's.
_CONNECTION = compiled(r"^(?:\s*[\w .]+=[^;=]*(?:;|$)){2,}$")
_HAS_SECRET = re.compile(r"(?i)(?:password|pwd|key|secret|token|signature|sig)\s*=")
_BASE64 = re.compile(r"^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9+/]{38,}={0,2}$")  # may begin like a path
_WORDY = re.compile(r"^[A-Za-z][A-Za-z _./:-]*$")
_WORDS = re.compile(r"^(?=.{6,40}$)[A-Za-z]{3,}(?:[-_.][A-Za-z]{3,}){0,5}$")
_PHRASE = re.compile(r"^[a-z]{2,}(?: [a-z]{2,}){2,7}$")
_PROSE = re.compile(
    r"\b(?:the|an?|of|for|to|is|are|be|in|on|at|by|or|and|not?|with|from|this|that|it|if|must|can|will|was|has|your|our|my|all|used?|using|when|as|via|per|you|we|they|please|only|but|should|would|could|may|have|had|do|does|same|see|ask|which|these|those|their|its|there|here|der|die|das|und|für|le|la|les|de|el)\b"
)
_VARIABLE = re.compile(r"^[A-Za-z_]\w*(?:\.\w+)*$")
_ESCAPED = re.compile(r"%[0-9A-F]{2}")
_UUID = re.compile(r"(?i)^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$")
_HOLDER = re.compile(r"(?i)^(?:existing[_-]?|db[_-]?password[_-]?)?(?:secrets?|credentials?|tokens)$")
_OBJECT_NAME = re.compile(
    r"^[a-z]{2,}[a-z0-9]{0,3}(?:[-/.][a-z]{2,}[a-z0-9]{0,3})*(?:[-/.](?:[a-z]{2,}[a-z0-9]{0,3}|\d{1,4}))$"
)
# https://docs.aws.amazon.com/efs/latest/ug/API_CreateFileSystem.html
_REQUEST = re.compile(r"(?i)^(?:creation|client[_-]?request|idempoten(?:cy|t))[_-]?token$")
_ROUTING = re.compile(r"(?i)routing[_-]?key$")
_TOPIC = re.compile(
    r"^(?:[a-z]{2,20}\d?(?:[_-][a-z]{1,20}\d?)*|[*#])(?:\.(?:[a-z]{1,20}\d?(?:[_-][a-z]{1,20}\d?)*|[*#]))+$", re.I
)
_GIT_KEY = re.compile(r"^(?:user\.)?signing[kK]ey$")
_KEY_ID = re.compile(r"^(?:0x)?(?:[0-9A-F]{8}|[0-9A-F]{16}|[0-9A-F]{40})!?$")
_GPG = re.compile(r"(?i)\bgpg|gpg_?sign|\[user\]|\bgit config\b")
_PRODUCT = re.compile(
    r"^[A-Z]?[a-z]+(?:[A-Z][a-z]+)*[-_.]?v?\d[\d.]*$|^[A-Z][\w]*(?:[-.][A-Z]?[\w]*)*-\d+$|^[A-Z][A-Za-z]+(?:-\w{1,4})+$|^.*\d{4}-\d\d-\d\d"
)
_HUMP = re.compile(r"[A-Z]+[a-z]*|[a-z]+")
_TURN = re.compile(r"\d(?=[A-Za-z])|[A-Za-z](?=\d)")
_SPOKEN = re.compile(
    r"(?i)pass|secret|token|key|user|name|admin|value|string|example|default|required|optional|none|null|true|false|undefined|"
    r"credential|base64|encoded|plain|text|auth|login|vault|manager|service|account|bearer|basic|sensitive|generated|random|"
    r"postgres|mysql|encrypt|hash|protected|rotat|config|environment|variable|database|kubernetes|github|terraform|enabled?$|disabled?$|hidden|ignore|"
    r"prompt|manual|never|always|chang|missing|invalid|incorrect|wrong|expire|reset|policy|masked|placeholder|unknown|"
    r"redact|removed|deleted|stored|provided|specified|supplied|(?:^|[-_.])(?:custom|normal|simple|strong|output|result|object|numbers?|boolean|field|label|title|method|filter)(?:$|[-_.])|"
    r"^(?:input|local|remote|global|header|"
    r"cookie|session|client|server|file|basic|digest|public|private|shared|static|dynamic|internal|external|legacy|update|create|delete|choose|insert|select)$"
)  # words of those who speak of passwords
# Signs of a regular expression, two of which no password has by chance.
_PATTERN = re.compile(r"\(\?(?:[:=!]|<[=!])|\\[dwsDWS](?:[+*?)|\\\[]|\{\d|$)|\[\^?(?:\w-\w)+\](?:[+*?)|\[]|\{\d|$)")
EXPRESSION = re.compile(
    r"\$\{|\$\(|\{\{|<%|<<|%\{|^%\(|^\$[A-Za-z_]|^%[A-Z_]+%|^\s*[+,.)\]]+\s*[A-Za-z_$][\w.$()]{0,30}[\s+,]+$|^\s*\+\s*[A-Za-z_.]+\d{0,2}\)*$|^[A-Za-z_][\w.]*\(| == |&&|\|\||"
    r"^!{1,2}[A-Za-z]\w*(?:[-.:/]\w+)*(?:\s|$)|^\$?\d?$|^ENC\[|^Ag[A-D][A-Za-z0-9+/]{100,}|\]\(|\w\]\[[\w .-]*\]"
)
_EDGES = "`'\",;:()[]"
_MARKS = frozenset("!@#$%^&*+=?~|")


def masked(value: str) -> bool:
    """Whether it stands for a secret rather than being one: AWS's …EXAMPLE, `your-token`, or mostly one character."""
    return hides(value) or bool(_CAPITALS.match(value))


def hides(value: str) -> bool:
    """The same of what has a token's shape, which may be all in capitals."""
    body = value[4:] or value
    tail = value.rpartition("/")[2]
    mostly = len(set(body)) <= 2 or any(body.count(c) > 0.6 * len(body) for c in "xX*.0")
    hidden = len(tail) > 7 and len(set(tail)) == 1
    return mostly or hidden or "EXAMPLE" in value or bool(SAYS_PLACEHOLDER.search(value))


def stands_for_another(value: str) -> bool:
    """Whether it is a reference, an expression, a placeholder, or a thing that is no secret by its shape."""
    if MARK.search(value) or EXPRESSION.search(value) or REFERENCE.match(value) or _PLACEHOLDER.match(value):
        return True
    if masked(value) or is_name(value) or (_CONNECTION.match(value) and not _HAS_SECRET.search(value)):
        return True
    if ("\\" in value or "[" in value) and len(_PATTERN.findall(value)) > 1:
        return True
    return bool(HARMLESS.match(value) or _ADDRESS.match(value)) and not _BASE64.match(value)


def is_name(value: str) -> bool:
    """Whether it is itself what a secret is called: `client-secret`, `api_key`."""
    letters = _LETTERS.match(value)
    labelled = ("-" in value or "_" in value) and _LABEL.match(value) and names_secret(value)
    return bool(labelled or (letters and names_secret(letters[1])))


def is_variable(value: str) -> bool:
    """Whether it is what code calls a secret, where no quotes say that it is text: `password1`, `args.password`."""
    return bool(_VARIABLE.match(value)) and names_secret(value.rpartition(".")[2])


def is_credential(value: str, *, strict: bool, password: bool = False, least: int = 8, quoted: bool = False) -> bool:
    """Whether a value looks like a secret. `strict` is for values without quotes, where prose and code are likelier: they must have
    `least` characters and be no words. With `password` plain words count, if they are none that documents use to speak of passwords;
    several of them if they are `quoted`."""
    value = value.strip().strip("*")  # of Markdown
    if len(value) < 4 or stands_for_another(value):
        return False
    if " " in value:
        if password and not strict and _PHRASE.match(value):
            return not _PROSE.search(value) and not _SPOKEN.search(value)
        return not strict and (_is_spaced(value) or (password and quoted and _is_several(value)))
    if _WORDY.match(value):
        return (password and bool(_WORDS.match(value)) and not _SPOKEN.search(value)) or _is_jumbled(value)
    digit = any(c.isdigit() for c in value)
    return (digit and (not strict or len(value) >= least)) or any(c in _MARKS for c in value)


def _is_spaced(value: str) -> bool:
    """Whether words and spaces are a password, of which one part at least looks like one."""
    parts = [part.strip(_EDGES) for part in value.split()]
    if (
        len(parts) > 4
        or _PROSE.search(value.lower())
        or any(stands_for_another(part) for part in parts if len(part) > 3)
    ):
        return False
    mixed = any(any(map(str.isdigit, part)) and any(map(str.isalpha, part)) for part in parts)
    return (
        any(map(str.isdigit, value))
        and any(not c.isalnum() and c != " " for c in value)
        and (mixed or any(c in _MARKS for c in value))
    )


def _is_several(value: str) -> bool:
    """Whether words and what else is between blanks are a password, and no sentence, label or command."""
    parts = value.split()
    return (
        len(parts) <= 8
        and value.isascii()
        and value[-1] not in ".:?"
        and all(len(part) <= 24 and any(map(str.isalnum, part)) for part in parts)
        and not any(_PROSE.fullmatch(part.strip(_EDGES).lower()) for part in parts)
        and not any(part.isalpha() and _SPOKEN.search(part) for part in parts)
        and not any(stands_for_another(part) for part in parts if len(part) > 8)
    )


def is_opaque(value: str) -> bool:
    """Whether it is long and random, as no word, name or version is: for places that only hint at a secret."""
    if not 16 <= len(value) <= 512 or stands_for_another(value) or not any(c.isdigit() for c in value):
        return False
    letters = sum(c.isalpha() for c in value)
    return letters >= 4 and "/" not in value.strip("/")[:40] and len(_HUMP.findall(value)) >= 4


def _is_jumbled(value: str) -> bool:
    """Letters of both cases in no order that a name has, where humps are words: nNoxvleOPBRjXYsEK."""
    letters = [part for part in re.split(r"[^A-Za-z]+", value) if part]
    if len(value) < 12 or "/" in value or len(letters) > 3 or _SPOKEN.search(value):
        return False
    humps = _HUMP.findall(value)
    return len(humps) >= 5 and sum(map(len, humps)) < 3.2 * len(humps)


def is_mixed(value: str) -> bool:
    """Whether letters of both cases and digits are mixed as chance does it."""
    digits = sum(map(str.isdigit, value))
    both = any(map(str.isupper, value)) and any(map(str.islower, value))
    return both and 2 <= digits < len(value) / 2 and len(_HUMP.findall(value)) >= len(value) / 5 and not hides(value)


def is_random(value: str) -> bool:
    """Whether letters and digits take turns as chance does it, be it in one case: no word, date or number does."""
    turns = len(_TURN.findall(value))
    return turns >= len(value) / 6 and len(set(value)) >= 8 and not hides(value)


def is_chance(value: str) -> bool:
    """Whether it is random and no identifier of a kind that is known: for what a name only hints at."""
    if (
        stands_for_another(value)
        or _UUID.match(value)
        or len(_ESCAPED.findall(value)) > 2
        or value.startswith(("AAAA", "MII", "LS0t", "ssh-"))
    ):
        return False
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", value) if part]
    longest = max(map(len, parts), default=0)
    if longest < 16 and not (len(value) >= 24 and longest > 7 and len(parts) < 7):
        return False
    whole = "".join(parts)
    return len(value) <= 512 and "://" not in value and (is_mixed(whole) or is_random(whole))


def names_object(name: str, value: str) -> bool:
    """Whether it is the name of an object that is or has secrets, and no secret: `secret: app-credentials-2`."""
    return bool(_HOLDER.match(name) and _OBJECT_NAME.match(value))


def names_thing(name: str, value: str) -> bool:
    """Whether it opens nothing, though its name ends as a secret's does: what AMQP binds a queue by, dotted words with `*` and `#` among
    them, as PagerDuty's routing key is none; words that AWS tells a repeated request by."""
    return bool(
        (_ROUTING.search(name) and _TOPIC.match(value))
        or (_REQUEST.match(name) and (is_plain(value) or is_object_name(value)))
    )


def is_key_id(name: str, value: str, near: Iterable[str]) -> bool:
    """Whether it is the name of an OpenPGP key in git's `user.signingkey`, where the lines `near` speak of git or GnuPG."""
    return bool(_GIT_KEY.search(name) and _KEY_ID.match(value)) and any(map(_GPG.search, near))


def is_object_name(value: str) -> bool:
    """Whether it has the form of such a name."""
    return bool(_OBJECT_NAME.match(value))


def is_strong(value: str) -> bool:
    """Whether it is a password as rules ask for it, of letters of both cases, digits and marks, and no word, code, version or address:
    for places where anything else may stand as well."""
    kinds = [any(map(test, value)) for test in (str.isupper, str.islower, str.isdigit)] + [
        any(c in _MARKS for c in value)
    ]
    return (
        7 <= len(value) <= 64
        and sum(kinds) >= 3
        and any(map(str.isalpha, value))
        and not stands_for_another(value)
        and not _PRODUCT.match(value)
    )
