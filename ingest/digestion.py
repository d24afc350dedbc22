"""What a file's bytes say: decode → redact → parse → abbreviations. `ingest.sandbox` runs this in a process of its own.

Nothing that was redacted leaves `digest_document`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from ingest.abbreviations import abbreviations
from ingest.parsers import Parsed, parse
from ingest.redaction import Finding, redact, sensitive_variables
from ingest.refusals import decode


@dataclass(frozen=True)
class Digested:
    """A document's text without credentials, and what its parser found. `seconds` are those of the processor, by part."""

    text: str
    parsed: Parsed
    findings: tuple[Finding, ...] = ()
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


def digest_document(path: str, data: bytes, sensitive: Collection[str]) -> Digested:
    """Reads one file; `sensitive` names the Terraform variables whose values are secret.

    Raises: RefusedError for what must not be read; DocumentError for what can't be.
    """
    at = [time.process_time()]
    text, notes = decode(data)
    at.append(time.process_time())
    redacted, findings = redact(text, path, sensitive)
    at.append(time.process_time())
    parsed = parse(path, redacted)
    parsed = replace(parsed, notes=(*notes, *parsed.notes))
    known = abbreviations(redacted)
    at.append(time.process_time())
    parts = ("decoding", "redaction", "parsing")
    seconds = {part: after - before for part, before, after in zip(parts, at, at[1:], strict=False)}
    return Digested(redacted, parsed, findings, known, seconds)


def declared_sensitive(path: str, data: bytes) -> set[str]:
    """The variables that a Terraform file declares to be sensitive."""
    return sensitive_variables(data.decode("utf-8", "replace"), path)
