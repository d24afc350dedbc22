"""What a file's bytes say: decode or render → redact → parse → abbreviations. `ingest.sandbox` runs this in a process of its own.

Nothing that was redacted leaves `digest_document`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.abbreviations import abbreviations
from ingest.parsers import Parsed, parse, parse_rendered
from ingest.redaction import Finding, redact, sensitive_variables
from ingest.refusals import decode, refuse_by_text
from ingest.rendering import Rendered, checked, render
from rag.errors import RefusedError
from rag.records import Place


@dataclass(frozen=True)
class Digested:
    """A document's text without credentials, and what its parser found. `seconds` are those of the processor, by part; `places`
    are there where the text is a rendering."""

    text: str
    parsed: Parsed
    findings: tuple[Finding, ...] = ()
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    places: tuple[Place, ...] = ()


def digest_document(path: str, data: bytes | Rendered, sensitive: Collection[str]) -> Digested:
    """Reads one file, or what its source rendered; `sensitive` names the Terraform variables whose values are secret.

    Raises: RefusedError for what must not be read; DocumentError for what can't be.
    """
    at = [time.process_time()]
    rendered, text, notes = _read(path, data)
    if rendered is None and (reason := refuse_by_text(path, text)):
        raise RefusedError(reason)
    at.append(time.process_time())
    redacted, findings = redact(text, path, sensitive)
    at.append(time.process_time())
    parsed = _parsed(path, redacted, rendered)
    parsed = replace(parsed, notes=tuple(dict.fromkeys((*notes, *parsed.notes))))
    known = abbreviations(redacted)
    at.append(time.process_time())
    parts = ("decoding", "redaction", "parsing")
    seconds = {part: after - before for part, before, after in zip(parts, at, at[1:], strict=False)}
    places = _places(path, rendered.places) if rendered else ()
    return Digested(redacted, parsed, findings, known, seconds, places)


def _read(path: str, data: bytes | Rendered) -> tuple[Rendered | None, str, tuple[str, ...]]:
    """What was rendered, if anything was; the text, and notes on how it was read."""
    if isinstance(data, bytes):
        rendered = render(path, data)
        if rendered is None:
            return None, *decode(data)
    else:
        rendered = checked(data)
    return rendered, rendered.text, rendered.notes


def _parsed(path: str, text: str, rendered: Rendered | None) -> Parsed:
    if rendered is None:
        return parse(path, text)
    title, _ = redact(rendered.title, path)
    return parse_rendered(path, text, title)


def _places(path: str, places: Sequence[Place]) -> tuple[Place, ...]:
    """The places, whose names and anchors hold no credentials: they were taken from the text."""
    names, _ = redact("\n".join(place.name for place in places), path)
    anchors, _ = redact("\n".join(place.anchor for place in places), path)
    told = zip(places, names.split("\n"), anchors.split("\n"), strict=True)
    return tuple(replace(place, name=name, anchor=anchor) for place, name, anchor in told)


def declared_sensitive(path: str, data: bytes) -> set[str]:
    """The variables that a Terraform file declares to be sensitive."""
    return sensitive_variables(data.decode("utf-8", "replace"), path)
