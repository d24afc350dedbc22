"""Cursors: where the next page of a list begins, as a word that callers hand back and need not understand."""

from __future__ import annotations

import base64
import json
from typing import Annotated

from fastapi import Query

from rag.catalog.symbols import Place
from rag.errors import SettingsError
from rag.terraform.pages import START

_HIGHEST = 2**31
Cursor = Annotated[str, Query(max_length=10_000, description="the `next_cursor` of the page before")]


def cursor_of(place: Place) -> str:
    """The cursor of a place."""
    told = json.dumps(place, separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """The place of a cursor; of "" the beginning. Raises: SettingsError when `cursor_of` never gave it."""
    if not cursor:
        return START
    try:
        told = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        source, path, line, last = json.loads(told)
        texts = [text.encode() for text in (source, path, last)]
        fits = -1 <= line < _HIGHEST and type(line) is int
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise SettingsError("the cursor is not one that this server gave; begin without one") from error
    if not (fits and all(isinstance(text, bytes) for text in texts)):
        raise SettingsError("the cursor is not one that this server gave; begin without one")
    return source, path, line, last
