"""Cursors: where the next page of a list begins, as a word that callers hand back and need not understand."""

from __future__ import annotations

import base64
import json

from rag.errors import SettingsError
from rag.terraform.pages import Behind

_HIGHEST = 2**31


def cursor_of(behind: Behind) -> str:
    """The cursor of a place."""
    told = json.dumps([*behind.place, behind.given], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def behind_cursor(cursor: str) -> Behind:
    """The place of a cursor; of "" the beginning. Raises: SettingsError when `cursor_of` never gave it."""
    if not cursor:
        return Behind()
    try:
        told = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        source, path, line, symbol, given = json.loads(told)
        texts = [text.encode() for text in (source, path, symbol)]
        fits = -1 <= line < _HIGHEST and given >= 0 and type(line) is type(given) is int
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise SettingsError("the cursor is not one that this server gave; begin without one") from error
    if not (fits and all(isinstance(text, bytes) for text in texts)):
        raise SettingsError("the cursor is not one that this server gave; begin without one")
    return Behind((source, path, line, symbol), given)
