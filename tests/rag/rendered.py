"""What a browser would make of an answer, as far as parsers of Markdown and HTML can tell."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt

_MADE = frozenset(  # what Markdown itself makes
    "p br hr h1 h2 h3 h4 h5 h6 strong em s blockquote ul ol li pre code table thead tbody tr th td".split()
)
_ADDRESS = re.compile(
    r"""[a-z][a-z0-9+.-]*://[^\s"')(] | (?<![\w:/])//\w+\.\w
    | (?<![a-z0-9])(?:www\.\w|(?:javascript|vbscript|mailto):\S|data:\w+/)""",
    re.I | re.X,
)
RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self._code = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._code += tag == "code"
        for name, value in attributes:
            plain = (tag, name) in (("code", "class"), ("ol", "start"), ("td", "style"), ("th", "style"))
            if not plain and (value is not None or tag in _MADE):
                self.wrong.append(f"<{tag} {name}={value}>")
        if tag not in _MADE and (tag in ACTIVE or any(value is not None for _, value in attributes)):
            self.wrong.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        if not self._code and (found := _ADDRESS.search(data)):
            self.wrong.append(f"address {found[0]}")

    def handle_comment(self, data: str) -> None:
        self.wrong.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append("declaration")

    def unknown_decl(self, data: str) -> None:
        self.wrong.append("declaration")

    def handle_pi(self, data: str) -> None:
        self.wrong.append("instruction")


ACTIVE = frozenset(
    "a img image script style link iframe object embed svg video audio source form input button meta base frame frameset textarea"
    " math template details marquee picture track area map body html head title plaintext xmp noscript".split()
)


def faults(answer: str) -> list[str]:
    """What of an answer would load, run or lead somewhere when it is rendered by one that allows HTML and marks addresses."""
    elements = _Elements()
    elements.feed(RENDERER.render(answer))
    elements.close()
    return elements.wrong
