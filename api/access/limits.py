"""How much is too much: requests of one caller in a minute, tokens from one address that are not valid. In memory."""

from __future__ import annotations

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from api.access.refusal import Refusal

_MOST = 10_000  # callers and addresses that are remembered; whoever was longest away is forgotten
_FAILURES = 30  # tokens from one address that are not valid, in a minute

Clock = Callable[[], float]


class Buckets:
    """A bucket for each name, which holds a minute's worth and fills steadily (a token bucket)."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is in it, and since when

    def take(self, name: str, per_minute: int) -> float:
        """Takes one: 0.0, or the seconds until there is one."""
        left = self._left(name, per_minute)
        if left < 1:
            return (1 - left) * 60 / per_minute
        self._held[name] = (left - 1, self._clock())
        self._held.move_to_end(name)
        if len(self._held) > _MOST:
            self._held.popitem(last=False)
        return 0.0

    def wait(self, name: str, per_minute: int) -> float:
        """The seconds until there is one, without taking it."""
        return max(0.0, (1 - self._left(name, per_minute)) * 60 / per_minute)

    def _left(self, name: str, per_minute: int) -> float:
        held, since = self._held.get(name, (float(per_minute), self._clock()))
        return min(float(per_minute), held + (self._clock() - since) * per_minute / 60)


class Guesses:
    """Slows down whoever tries tokens: after too many that are not valid an address may send only such as were valid."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._failed = Buckets(clock)
        self._valid: OrderedDict[bytes, None] = OrderedDict()

    def check(self, address: str, token: str) -> None:
        """Raises: Refusal when this address must wait."""
        wait = self._failed.wait(address, _FAILURES)
        if wait and _digest(token) not in self._valid:
            raise too_many("too many tokens that are not valid came from your address", wait)

    def failed(self, address: str) -> None:
        """Counts a token that is not valid."""
        self._failed.take(address, _FAILURES)

    def succeeded(self, token: str) -> None:
        """Remembers, by its hash, a token that is valid."""
        self._valid[_digest(token)] = None
        self._valid.move_to_end(_digest(token))
        if len(self._valid) > _MOST:
            self._valid.popitem(last=False)


def too_many(detail: str, seconds: float) -> Refusal:
    """429, and when to come again."""
    after = max(1, math.ceil(seconds))
    return Refusal(429, f"{detail}: try again in {after} s", {"Retry-After": str(after)})


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
