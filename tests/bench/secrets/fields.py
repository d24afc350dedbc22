"""The small language in which formats are written down: `‹…›` is drawn at random, `«…»` must not survive redaction.

`‹b62:24›` is 24 characters of an alphabet, `‹b62:24-40›` as many as chance says, `‹pw›` a password, `‹pem:RSA PRIVATE KEY›` a
whole block. A token stands nowhere in this folder; it comes to be when `expand` reads its format, so that no scanner of
the repository finds one.
"""

from __future__ import annotations

import base64
import json
import re
import string
import zlib
from collections.abc import Callable
from random import Random

ALNUM, LOWER = string.ascii_letters + string.digits, string.ascii_lowercase + string.digits
ALPHABETS = {
    "b62": ALNUM,
    "b36": LOWER,
    "alpha": string.ascii_letters,
    "upper": string.ascii_uppercase + string.digits,
    "b32": string.ascii_uppercase + "234567",
    "bech32": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "d": string.digits,
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "b64": ALNUM + "+/",
    "b64url": ALNUM + "-_",
    "aad": ALNUM + "-_.~",
    "crypt": "./" + ALNUM,
    "x": "x",
}
WORDS = (
    "amber badger cedar dapple ember falcon gravel hazel indigo juniper kestrel lantern meadow nimbus otter pebble quartz "
    "raven saffron thistle umber velvet willow yarrow zephyr"
).split()
NAMES = {
    "user": "app_rw admin svc-deploy root reporting jenkins backup grafana dbadmin svc_billing".split(),
    "svc": "billing checkout ledger search gateway notifier inventory reports mailer ingest".split(),
    "db": "orders customers ledger metrics sessions".split(),
    "env": "prod staging dev preprod".split(),
    "region": "eu-west-1 eu-central-1 us-east-1 us-west-2".split(),
    "host": [
        f"{a}.{b}" for a in ("db01", "api", "wiki", "registry", "pg-main") for b in ("corp.example.net", "internal")
    ],
}
# Safe in a bare shell word, YAML scalar and INI value; and what quotes let in besides.
BARE, QUOTED = "-_.+%@!", "-_.+%@!$&*^?();:/,|~"
FIELD = re.compile(r"‹(\w+)(?::([^›]*))?›")
SECRET = re.compile(r"«([^»]*)»")


def text(rng: Random, alphabet: str, length: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(length))


def base62(number: int, width: int = 6) -> str:
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    return "".join(digits[number // 62**place % 62] for place in reversed(range(width)))


def checked(rng: Random, length: int) -> str:
    """Random base62 and its CRC32 in six base62 digits, as GitHub and npm end their tokens (GitHub's blog of 5 April 2021)."""
    body = text(rng, ALNUM, length)
    return body + base62(zlib.crc32(body.encode()))


def password(rng: Random, special: str) -> str:
    """What people and generators choose: phrases with and without digits, random strings with and without special characters."""
    one, other = rng.sample(WORDS, 2)
    return rng.choice(
        [
            f"{one.title()}-{other}-{rng.randrange(1000, 9999)}",
            f"{one}{rng.choice('!_.')}{other.title()}{rng.randrange(10, 99)}",
            f"{one.title()}{other.title()}{rng.randrange(1980, 2026)}!",
            f"{one}{other}",
            f"{rng.choice('PSTH')}@{text(rng, LOWER, 4)}w0rd{rng.randrange(100, 999)}",
            text(rng, ALNUM, rng.randint(10, 24)),
            text(rng, ALNUM, rng.randint(16, 32)),
            text(rng, ALPHABETS["hex"], 32),
            *(
                text(rng, ALNUM, 4) + text(rng, ALNUM + special, rng.randint(8, 20)) + text(rng, ALNUM, 2)
                for _ in range(3)
            ),
        ]
    )


def pem(rng: Random, label: str) -> str:
    """A private key's armour (RFC 7468; RFC 4880 for PGP) about random base64, every line of the body a secret."""
    starts = {"OPENSSH": "b3BlbnNzaC1rZXktdjEAAAAA", "EC": "MHcCAQEEI", "PGP": "lQdGBG", "DSA": "MIIBuw"}
    start = next((start for word, start in starts.items() if word in label), "MIIE")
    count = 2 if label.startswith("EC") else rng.randint(6, 24)
    body = start + text(rng, ALPHABETS["b64"], 64 * count + 27) + "="
    lines = [f"«{body[at : at + 64]}»" for at in range(0, len(body), 64)]
    head = {
        "RSA": ["Proc-Type: 4,ENCRYPTED", f"DEK-Info: AES-128-CBC,{text(rng, ALPHABETS['HEX'], 32)}", ""],
        "PGP": [""],
    }
    before = head["RSA"] if label.startswith("RSA") and rng.random() < 0.25 else head["PGP"] if "PGP" in label else []
    after = [f"={text(rng, ALNUM, 4)}"] if "PGP" in label else []
    return "\n".join([f"-----BEGIN {label}-----", *before, *lines, *after, f"-----END {label}-----"])


def url64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def jwt(rng: Random, _: str) -> str:
    """RFC 7519: header, claims, signature; the claims and the signature are the secret."""
    header = url64({"alg": "HS256", "typ": "JWT"})
    claims = url64(
        {"sub": text(rng, string.digits, 10), "name": rng.choice(WORDS), "iat": rng.randrange(10**9, 2 * 10**9)}
    )
    return f"{header}.«{claims}».«{text(rng, ALPHABETS['b64url'], 43)}»"


def grafana(rng: Random, _: str) -> str:
    fields = {
        "o": text(rng, string.digits, 6),
        "n": f"stack-{rng.choice(WORDS)}",
        "k": text(rng, ALNUM, 24),
        "m": {"r": "eu"},
    }
    return "glc_" + base64.b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode()


def sentry(rng: Random, _: str) -> str:
    """Sentry's RFC 0091: the prefix, base64 of a JSON with iat, url, region_url and org, and 43 characters of base64."""
    fields = {
        "iat": rng.randrange(10**9, 2 * 10**9),
        "url": "https://sentry.io",
        "region_url": "https://us.sentry.io",
        "org": "x",
    }
    body = base64.b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode()
    return f"sntrys_{body}_{text(rng, ALPHABETS['b64'], 43)}"


def encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


FUNCTIONS: dict[str, Callable[[Random, str], str]] = {
    "b62crc": lambda rng, length: checked(rng, int(length)),
    "pw": lambda rng, _: password(rng, BARE),
    "qpw": lambda rng, _: password(rng, QUOTED),
    "upw": lambda rng, _: password(rng, "-._~").replace("@", "%40").replace("!", "%21"),
    "spw": lambda rng, _: (
        text(rng, ALNUM, 5) + text(rng, ALNUM + "-_!", rng.randint(3, 12)) + text(rng, string.digits, 2)
    ),
    "b64pw": lambda rng, _: encoded(password(rng, QUOTED)),
    "basic": lambda rng, _: encoded(f"{rng.choice(NAMES['user'])}:{password(rng, QUOTED)}"),
    "pem": pem,
    "pemline": lambda rng, label: pem(rng, label).replace("\n", "\\n") + "\\n",
    "jwt": jwt,
    "glc": grafana,
    "sntrys": sentry,
    "word": lambda rng, _: rng.choice(WORDS),
    "uuid": lambda rng, _: "-".join(text(rng, ALPHABETS["hex"], length) for length in (8, 4, 4, 4, 12)),
}


def draw(rng: Random, name: str, argument: str) -> str:
    if name in ALPHABETS:
        low, _, high = argument.partition("-")
        return text(rng, ALPHABETS[name], rng.randint(int(low), int(high or low)))
    return rng.choice(NAMES[name]) if name in NAMES else FUNCTIONS[name](rng, argument)


def expand(rng: Random, form: str) -> str:
    """The format with every `‹…›` drawn; `«…»` stays as it is."""
    return FIELD.sub(lambda match: draw(rng, match[1], match[2] or ""), form)
