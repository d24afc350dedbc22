"""Blocks of code in HTML: their text as it was typed, and the language that some class of theirs names.

`ingest.rendering.elements` calls this.
"""

from __future__ import annotations

import re
from typing import Any

from ingest.rendering.lines import seen

Element = Any
_LANGUAGE = re.compile(
    r"(?:^|\s)(?:language|lang|highlight-source|highlight-text|highlight|brush:?|sourceCode)[-: ]\s*([\w+#.-]+)"
)
_NAMES = re.compile(r"(?:^|\s)(bash|shell|sh|console|yaml|yml|json|hcl|terraform|python|go|ruby|java|xml|html|sql|toml|ini|diff"
                    r"|dockerfile|javascript|typescript|powershell|promql|nginx|text)(?:\s|$)")  # fmt: skip
_GUTTER = re.compile(
    r"\b(?:lineno|linenos|gutter|rouge-gutter|line-numbers-rows|hljs-ln-numbers|copybtn|copy-button)\b"
)
_IN_LINES = frozenset(
    "div p li tr ul ol dl dt dd table tbody section article blockquote details summary form pre h1 h2 h3 h4 h5 h6".split()
)
_NO_LANGUAGE = frozenset({"default", "none", "plain", "plaintext", "notranslate", "highlight", "nohighlight", "text"})


def is_gutter(element: Element) -> bool:
    """Whether an element holds the numbers of lines beside code, or its button to copy."""
    return bool(_GUTTER.search(element.get("class", "")))


def text_of(element: Element) -> str:
    """The text of a block of code; elements that are lines of their own end with a newline."""
    parts: list[str] = []
    _collect(element, parts)
    return seen("".join(parts).replace("\r", ""))


def _collect(element: Element, parts: list[str]) -> None:
    if element.text:
        parts.append(element.text)
    for child in element:
        name = child.tag.lower() if isinstance(child.tag, str) else ""
        if name == "br":
            parts.append("\n")
        elif name and name not in ("script", "style", "button") and not is_gutter(child):
            own_line = name in _IN_LINES
            if own_line:
                _end_line(parts)
            elif name in ("td", "th") and parts and not parts[-1][-1:].isspace():
                parts.append(" ")
            _collect(child, parts)
            if own_line and (child.getnext() is not None or child.tail) and not (child.tail or "").startswith("\n"):
                _end_line(parts)
        if child.tail:
            parts.append(" " * (name in ("td", "th") and not child.tail[0].isspace()) + child.tail)


def _end_line(parts: list[str]) -> None:
    if parts and not parts[-1].endswith("\n"):
        parts.append("\n")


def language_of(element: Element) -> str:
    """The language that a block of code names, or ""."""
    around = [element, *list(element)[:1]]
    parent = element.getparent()
    while parent is not None and len(around) < 5 and len(parent) == 1:
        around.append(parent)
        parent = parent.getparent()
    if parent is not None:
        around.append(parent)
    for one in around:
        if not isinstance(one.tag, str):
            continue
        named = (
            one.get("data-lang") or one.get("data-language") or one.get("lang")
            if one is element
            else one.get("data-lang")
        )
        classes = one.get("class", "")
        match = _LANGUAGE.search(classes) or (_NAMES.search(classes) if one in around[:2] else None)
        found = str(named or (match.group(1) if match else "")).lower()
        if found and found not in _NO_LANGUAGE and re.fullmatch(r"[\w+#.-]{1,20}", found):
            return found
    return ""
