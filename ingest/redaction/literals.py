"""What of a text is literal, where references are written into it: `zebra-${var.env}`, `{{ .Values.user }}-zebra`."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.redaction.marks import compiled

_REFERENCE = compiled(
    r"\$?\{\{[^{}\n]*\}\}|[$%]\{(?:[^{}\n]|\{[^{}\n]*\})*\}|\$\([^()\n]*\)|<%[^%\n]*%>|<[\w .-]+>|\[REDACTED:[\w-]+\]|\$[A-Z_][A-Z0-9_]*\b"
)
_DEFAULT = compiled(
    r"\{\{-?\s*(?:\(?\s*(?:b64enc|quote|toString)\s+)?\"(?P<first>[^\"\\\n]+)\"\s*(?:\||-?\}\})|\b(?:default|coalesce\s[^{}\"\n]*)\s*\(?\"(?P<other>[^\"\\\n]+)\""
)
_GROUPS = (_DEFAULT.groupindex["first"], _DEFAULT.groupindex["other"])


def literals(text: str) -> Iterator[tuple[int, int]]:
    """The stretches between the references of a text, without blanks about them."""
    end = 0
    for start, stop in [*(match.span() for match in _REFERENCE.finditer(text)), (len(text), len(text))]:
        part = text[end:start]
        if part.strip():
            yield end + len(part) - len(part.lstrip()), end + len(part.rstrip())
        end = stop


def template_texts(text: str) -> Iterator[tuple[int, int]]:
    """The texts that a template of Go or Jinja gives where nothing else is given."""
    for match in _DEFAULT.finditer(text):
        yield from (match.span(group) for group in _GROUPS if match.group(group) is not None)
