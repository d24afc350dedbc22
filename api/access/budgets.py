"""The model's tokens that a caller may use in a day: reserved before an answer, counted while the model works, settled after it.

`api.access.metering` counts. A model that was cut off before it told its usage costs what was reserved.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta

import anyio
from starlette.concurrency import run_in_threadpool

from api.access.caller import Caller
from api.access.keys import Keys
from api.access.limits import too_many
from api.access.metering import SPENDING, Spending
from rag.errors import StorageError


class Budgets:
    """The budgets of all callers, kept beside the keys. `standard` is for those whose key says nothing else, `reserve` what one
    answer may take."""

    def __init__(self, keys: Keys, standard: int, reserve: int) -> None:
        self._keys = keys
        self._standard = standard
        self._reserve = reserve

    @asynccontextmanager
    async def asking(self, caller: Caller) -> AsyncIterator[None]:
        """What runs within may ask the model, and is counted. Raises: Refusal (429) when the day's budget is used up;
        StorageError."""
        if not self._limit(caller):
            yield
            return
        day, spending = _today(), Spending()
        await run_in_threadpool(self._take, caller, day)
        before = SPENDING.set(spending)
        try:
            yield
        finally:
            SPENDING.reset(before)
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._settle, caller.id, day, spending)

    @contextmanager
    def answering(self, caller: Caller) -> Iterator[None]:
        """The same, for whoever asks in a thread and not in a request of their own. Raises: Refusal (429); StorageError."""
        if not self._limit(caller):
            yield
            return
        day, spending = _today(), Spending()
        self._take(caller, day)
        before = SPENDING.set(spending)
        try:
            yield
        finally:
            SPENDING.reset(before)
            self._settle(caller.id, day, spending)

    def _limit(self, caller: Caller) -> int:
        return self._standard if caller.tokens_per_day is None else caller.tokens_per_day

    def _take(self, caller: Caller, day: str) -> None:
        """Reserves what one answer may take. Raises: Refusal; StorageError."""
        limit = self._limit(caller)
        if not self._keys.spend(caller.id, day, self._reserve, limit):
            raise too_many(
                f"the {limit} tokens of the model that {caller.name} may use in a day are used", _rest_of_day()
            )

    def _settle(self, caller: str, day: str, spending: Spending) -> None:
        used = max(spending.tokens, self._reserve) if spending.untold else spending.tokens
        try:
            self._keys.spend(caller, day, used - self._reserve)
        except StorageError as error:  # the answer is out by now; what was reserved stays counted
            logging.getLogger(__name__).warning("what an answer used is not counted: %s", error)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _rest_of_day() -> float:
    now = datetime.now(UTC)
    return (now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1) - now).total_seconds()
