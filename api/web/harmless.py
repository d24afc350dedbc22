"""Characters that act on whoever reads them, made visible: terminal codes, marks that turn text round, what can't be seen."""

from __future__ import annotations

import re

_CONTROL = 0x20
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_UNPAIRED = re.compile("[\ud800-\udfff]")


def harmless(text: str) -> str:
    """The text with each such character shown by its picture (␛) or its number (‹U+202E›); lines stay the lines they were."""
    return _UNPAIRED.sub("\ufffd", _ACTING.sub(_shown, text.replace("\r\n", "\n")))


def _shown(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < _CONTROL:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"‹U+{code:04X}›"
