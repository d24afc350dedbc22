"""What `waypost serve` logs on stderr: lines for people, or (`WAYPOST_LOG=json`) one JSON object a line, with the request
they belong to.

No secret stands in a line: every text that is logged passes `Redacting`, which takes out credentials by the rules for
documents, tokens of ours, what an Authorization header holds, and the values that the settings and the sources' credentials
are known to have. No question stands in it either, unless `WAYPOST_LOG_QUESTIONS` says so.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from api.observability.watch import REQUEST, Served
from api.settings import Settings
from ingest.redaction import redact

REQUESTS = logging.getLogger("waypost.http")
ASKED = logging.getLogger("waypost.asked")
_TOLD = "told"  # the attribute of a record that holds further fields
_SHORTEST = 6  # letters of a secret that is looked for
_HARMLESS = 1000  # fields that are remembered as holding no secret
_HEADERS = re.compile(
    r"(?i)\b(?:(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic|token|digest)\s+)?|bearer\s+)[^\s\"',;]+"
)
_OURS = re.compile(r"\bwp_[\w.~+/=-]+")
_QUIET = {"uvicorn.access": logging.CRITICAL, "uvicorn.error": logging.WARNING}


class Redacting(logging.Filter):
    """Takes credentials out of all that a record says. `secrets` are values that are known to be some."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        known = sorted({one for one in secrets if len(one) >= _SHORTEST}, key=len, reverse=True)
        self._harmless: set[str] = set()
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._message(record), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_info = None
        record.exc_text = self.clean(record.exc_text) if record.exc_text else None
        told = getattr(record, _TOLD, {})
        setattr(record, _TOLD, {k: self._clean_again(v) if isinstance(v, str) else v for k, v in told.items()})
        return True

    def _message(self, record: logging.LogRecord) -> str:
        """What the record says. Numbers hide nothing: of lines that differ in them alone one is looked at."""
        text, said = record.getMessage(), record.args
        if not isinstance(said, tuple) or not any(isinstance(one, int | float) for one in said):
            return self.clean(text)
        alike = str(record.msg) % tuple(0 if isinstance(one, int | float) else one for one in said)
        return text if self._clean_again(alike) == alike else self.clean(text)

    def _clean_again(self, text: str) -> str:
        """What the same few methods, routes and callers come to, which need not be looked at with each request."""
        if text in self._harmless:
            return text
        clean = self.clean(text)
        if clean == text:
            if len(self._harmless) >= _HARMLESS:
                self._harmless.clear()
            self._harmless.add(text)
        return clean

    def clean(self, text: str) -> str:
        """The text without credentials."""
        if self._known:
            text = self._known.sub("[REDACTED:setting]", text)
        text = _OURS.sub("[REDACTED:token]", _HEADERS.sub("[REDACTED:authorization]", text))
        return redact(text, "waypost.log")[0]


class JsonLines(logging.Formatter):
    """A record as one JSON object: at, level, logger, message, request_id, caller, and what else it was told."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage(),
            **_request(), **getattr(record, _TOLD, {}),
        }  # fmt: skip
        if record.exc_text:
            line["error"] = record.exc_text
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """A record as a line for people; what it says can't begin another one."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        said = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        request = _request().get("request_id", "")
        end = f" [{request}]" if request else ""
        return f"{at} {record.levelname.lower()} {said}{end}" + (f"\n{record.exc_text}" if record.exc_text else "")


class LoggedConsole(Console):
    """A console whose lines go into the log, where that is JSON."""

    def print(self, *objects: Any, **options: Any) -> None:
        markup = options.get("markup", True)
        told = " ".join(Text.from_markup(str(one)).plain if markup else str(one) for one in objects)
        logging.getLogger("waypost").info("%s", told)


def _request() -> dict[str, str]:
    """The request that is worked on, and its caller."""
    scope = REQUEST.get()
    state: Mapping[str, Any] = scope.get("state", {}) if scope else {}
    found = {"request_id": str(state.get("request_id") or ""), "caller": getattr(state.get("caller"), "name", "")}
    return {name: value for name, value in found.items() if value}


def secrets_of(settings: Settings) -> list[str]:
    """The settings that no representation of them shows."""
    hidden = [name for name, field in type(settings).model_fields.items() if not field.repr]
    return [value for name in hidden if isinstance(value := getattr(settings, name), str) and value]


def log_to(stream: TextIO, settings: Settings, secrets: Iterable[str] = ()) -> Callable[[], None]:
    """Lets everything that is logged in this process go to the stream; gives what undoes that."""
    handler = logging.StreamHandler(stream)
    handler.addFilter(Redacting([*secrets_of(settings), *secrets]))
    handler.setFormatter(JsonLines() if settings.log == "json" else TextLines())
    root, ours = logging.getLogger(), logging.getLogger("waypost")
    root.addHandler(handler)
    ours.setLevel(logging.INFO)
    before = {name: logging.getLogger(name).level for name in _QUIET}
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)

    def undo() -> None:
        root.removeHandler(handler)
        ours.setLevel(logging.NOTSET)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)

    return undo


def console_for(settings: Settings) -> Console:
    """Where the server says what it does: a terminal's lines, or the log where that is JSON."""
    make = LoggedConsole if settings.log == "json" else Console
    return make(stderr=True, highlight=False, soft_wrap=True)


def log_request(one: Served) -> None:
    """Logs a request that was answered: by its route's template, for its path and query may hold anything."""
    if not REQUESTS.isEnabledFor(logging.INFO):
        return
    state = one.scope.get("state", {})
    caller, ms = getattr(state.get("caller"), "name", ""), round(one.seconds * 1000, 1)
    told = {
        "method": one.method, "route": one.route, "status": one.status, "ms": ms, "caller": caller,
        "request_id": str(state.get("request_id") or ""),
    }  # fmt: skip
    REQUESTS.info("%s %s %s %s ms %s", one.method, one.route, one.status, ms, caller, extra={_TOLD: told})


def log_question(action: str, face: str, query: str, view: Any) -> None:
    """Logs what was asked, where the settings want that."""
    verdict = view.get("verdict", "") if isinstance(view, Mapping) else ""
    ASKED.info("%s: %s", action, query, extra={_TOLD: {"action": action, "face": face, "verdict": verdict}})


def start_log(settings: Settings, secrets: Iterable[str] = ()) -> Callable[[], None]:
    """The log of `waypost serve`, on stderr."""
    return log_to(sys.stderr, settings, secrets)
