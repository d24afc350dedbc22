"""The shapes of tokens, as a line of text: `glpat-<url:20+>` is `glpat-` and at least twenty characters of base64url.

`vendors` writes its table in them; `token_rule` makes a rule of a row.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ALPHABETS = {
    "d": "0-9", "hex": "0-9a-f", "HEX": "0-9A-F", "anyhex": "0-9A-Fa-f", "abc": "A-Za-z", "low": "a-z0-9", "up": "A-Z0-9", "b32": "A-Z2-7",
    "an": "A-Za-z0-9", "b64": "A-Za-z0-9+/", "b64=": "A-Za-z0-9+/=", "url": "A-Za-z0-9_-", "url=": "A-Za-z0-9_=-", "dot": "A-Za-z0-9_.=-",
    "word": "A-Za-z0-9_", "lowdash": "a-z0-9-", "mac": "A-Za-z0-9:+/=", "aad": "A-Za-z0-9_.~-",
}  # fmt: skip
UUID = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_FIELD = re.compile(r"<uuid>|<(?P<alphabet>[a-zA-Z0-9=]+):(?P<least>\d+)(?P<more>\+|-(?P<most>\d+))?>")
_PLAIN = re.compile(r"[A-Za-z0-9]")


class TokenRule(NamedTuple):
    """One kind of credential that can be told by its shape. `sure`: what stands in its group is one, though it be a word."""

    name: str
    keywords: tuple[str, ...]
    pattern: str
    sure: bool = False


def token_rule(name: str, *shapes: str) -> TokenRule:
    """The rule of a vendor's shapes. What is literal in each, at its longest, is the keyword that a text must have."""
    return TokenRule(name, tuple(sorted({_keyword(shape) for shape in shapes})), "|".join(map(_pattern, shapes)))


def _keyword(shape: str) -> str:
    return max(_FIELD.split(shape)[::5], key=len).lower()


def _pattern(shape: str) -> str:
    parts, end, closed = [], 0, True
    for field in _FIELD.finditer(shape):
        parts.append(re.escape(shape[end : field.start()]))
        parts.append(UUID if field[0] == "<uuid>" else _characters(field))
        end = field.end()
        closed = field[0] == "<uuid>" or (field["more"] != "+" and _is_plain(field["alphabet"]))
    parts.append(re.escape(shape[end:]))
    before = r"\b" if _PLAIN.match(shape) or shape.startswith("<") else ""
    return before + "".join(parts) + (r"\b" if closed and shape[-1] != "=" else "")


def _characters(field: re.Match[str]) -> str:
    times = {"": "", "+": ","}.get(field["more"] or "", f",{field['most']}")
    return f"[{ALPHABETS[field['alphabet']]}]{{{field['least']}{times}}}"


def _is_plain(alphabet: str) -> bool:
    """Whether its characters are those of words, so that a word's border can end it."""
    return not set("+/=.~:-") & set(
        ALPHABETS[alphabet]
        .replace("0-9", "")
        .replace("a-z", "")
        .replace("A-Z", "")
        .replace("a-f", "")
        .replace("A-F", "")
        .replace("2-7", "")
        .replace("A-Za-z", "")
    )
