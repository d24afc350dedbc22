"""How much is too much: requests of one caller in a minute, wrong tokens from one address. In memory."""

from __future__ import annotations

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

    def _left(self, name: str, per_minute: int) -> float:
        held, since = self._held.get(name, (float(per_minute), self._clock()))
        return min(float(per_minute), held + (self._clock() - since) * per_minute / 60)


class Guesses:
    """Tells whoever tries tokens to stop: beyond some in a minute from one address, wrong ones are 429. Valid ones are not looked
    at here, so nobody is refused for what others send from behind the same proxy (decision 34)."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._failed = Buckets(clock)

    def failed(self, address: str) -> None:
        """Counts a token that was checked, and is not valid. Raises: Refusal for one too many."""
        if wait := self._failed.take(address, _FAILURES):
            raise too_many("this token is not valid, as too many before it that came from your address were not", wait)


def too_many(detail: str, seconds: float) -> Refusal:
    """429, and when to come again."""
    after = max(1, math.ceil(seconds))
    return Refusal(429, f"{detail}: try again in {after} s", {"Retry-After": str(after)})
