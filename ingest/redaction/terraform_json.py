"""Terraform in JSON syntax: texts that sensitive variables get, wherever they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from ingest.redaction.marks import MARK, Finding, compiled, replace
from ingest.redaction.names import names_secret
from ingest.redaction.values import EXPRESSION

_STRING = compiled(r"\"((?:[^\"\\]|\\.)*)\"")
_IS_KEY = re.compile(r"\s*:")


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def json_variables(parsed: Any) -> list[tuple[str, dict[str, Any]]]:
    """The name and the body of each variable that a document in JSON syntax declares."""
    declared = parsed.get("variable") if isinstance(parsed, dict) else None
    named = [(n, b) for group in _listed(declared) if isinstance(group, dict) for n, b in group.items()]
    return [(name, one) for name, body in named for one in _listed(body) if isinstance(one, dict)]


def _listed(value: Any) -> list[Any]:
    """JSON syntax takes a list of things where it takes one."""
    return value if isinstance(value, list) else [value]


def terraform_json(lines: list[str], found: set[Finding], text: str, sensitive: Collection[str]) -> None:
    """The same of Terraform's JSON syntax: texts that sensitive variables get, wherever they stand."""
    whole = parsed(text)
    declared = json_variables(whole)
    own = {n for n, body in declared if body.get("sensitive") is True or names_secret(n.lower())}
    values = [body.get("default") for name, body in declared if name in own]
    values += list(_given(whole, {*own, *sensitive}))
    secret = {text for value in values for text in _texts(value)}
    for at, line in enumerate(lines if secret else ()):
        spans = [
            m.span(1) for m in _STRING.finditer(line) if not _IS_KEY.match(line, m.end()) and parsed(m[0]) in secret
        ]
        replace(lines, at, spans, "hcl-secret", found)


def _given(parsed: Any, names: Collection[str]) -> Iterator[Any]:
    """What keys of these names hold, at any depth of a JSON document."""
    waiting = [parsed]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from (inner for key, inner in value.items() if key in names and not isinstance(inner, dict))
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value and not EXPRESSION.search(value) and not MARK.search(value):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(part)
