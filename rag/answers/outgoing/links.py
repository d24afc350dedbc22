"""URLs in an answer: which of them the evidence has, and what may be shown of the others (nothing: they may carry data out).

An address is shown as code, which no renderer loads or makes a link of. `markup` calls this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

REMOVED = "[link removed]"
CUT = "…"  # where a text that is too long for a flag ends
_DEEPEST = 8  # brackets within brackets of one address


def _bracketed(outside: str, inside: str, depth: int = _DEEPEST) -> str:
    """What matches an address of these characters with brackets in pairs, as Kibana's views have: `#?_a=(view:(x:!()))`."""
    return rf"{outside}*+(?:\({_bracketed(inside, inside, depth - 1)}\){outside}*+)*+" if depth else rf"{outside}*+"


_CHARACTER = r"[^\s<>\"'`|\\()\[\]\x00]"
_END = rf"{_CHARACTER}*"
_PATH = r"[^?#\s<>\"'`|\\()\[\]\x00]*+"
_QUERY = _bracketed(_CHARACTER, r"[^\s<>\"`|\\()\x00]")
URL = re.compile(
    rf"""[a-z][a-z0-9+.-]{{1,31}}://(?:\[[0-9a-f:.%]+\])?{_PATH}(?:[?\#]{_QUERY})?
    | (?<![A-Za-z0-9])(?:
      (?:javascript|vbscript|mailto|blob|view-source):[^\s\x00]{_END}
    | data:[\w.+-]*/?[\w.+-]*[;,]{_END}
    | www\.[a-z0-9-]+\.{_END}
    | [a-z0-9_.+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[:/?]{_END})?
    )
    | (?<![\w:/])//[a-z0-9-]+(?:\.[a-z0-9-]+)+{_END}
    | (?<![\w:/.@-])(?:[a-z0-9-]+\.)+[a-z]{{2,24}}(?::\d+)?/?[?/]{_END}
    """,
    re.I | re.X,
)
TARGET = _bracketed(r"[^\s()<>]", r"[^\s()<>]")  # of a link: brackets in pairs are part of it
_TARGET = re.compile(rf"\]\(\s*<?({TARGET})|<([a-z][a-z0-9+.-]{{1,31}}://[^\s<>]*)>", re.I)
_TRAILING = ".,;:!?*_~"
_KEY = re.compile(r"(?!www\.)(?:[a-z0-9-]+\.)+[a-z]{2,24}(?::\d+)?/[^?]*", re.I)
_MAIL = re.compile(r"[^@/:]+@[^@/:?]+", re.I)


class Links:
    """The addresses that an answer may show: those of the evidence and of the question, and what they begin with."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def admit(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._known.update((match[1] or match[2] or "").rstrip("/") for match in _TARGET.finditer(text))
            for match in URL.finditer(text):
                address = match[0].rstrip(_TRAILING)
                self._known.add(address.rstrip("/"))
                path = re.split(r"[?#]", address, maxsplit=1)[0]
                while "/" in path and not path.endswith(":/"):  # a beginning of what is known tells nothing more
                    self._known.add(path.rstrip("/"))
                    path = path.rpartition("/")[0]

    def knows(self, address: str) -> bool:
        """Whether it is one of them, or one of them cut short, as a long command in a flag is."""
        if address.endswith(CUT):
            return any(known.startswith(address.removesuffix(CUT)) for known in self._known)
        return address.rstrip("/") in self._known

    def harmless(self, address: str) -> bool:
        """Whether it is known, or no link once it stands in code: a mail address, a key such as `example.io/role`."""
        return (
            self.knows(address) or address.endswith("://") or bool(_KEY.fullmatch(address) or _MAIL.fullmatch(address))
        )

    def filtered(self, text: str) -> str:
        """Text of code with the addresses taken out that are not known; all else stays as it is."""
        return URL.sub(self._in_code, text)

    def _in_code(self, match: re.Match[str]) -> str:
        address = match[0].rstrip(_TRAILING)
        return match[0] if self.harmless(address) else REMOVED + match[0][len(address) :]


def split(found: str) -> tuple[str, str]:
    """An address as it was found in a text, and the punctuation behind it that is none of it."""
    address = found.rstrip(_TRAILING)
    return address, found[len(address) :]
