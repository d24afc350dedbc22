"""Retries, deadlines and the breaker, by a clock that the tests move."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from rag.errors import ModelBusyError, ModelError, ModelRefusedError
from rag.models.claude_reply import _retry_after
from rag.models.steady import Breaker, Deadline, Patience, Steady, relayed


class Clock:
    """Seconds that pass when they are slept away."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Attempts:
    """Each attempt yields what is said, or raises it."""

    def __init__(self, *script: list[str | Exception]) -> None:
        self.left = list(script)
        self.made = 0

    def __call__(self) -> Generator[str]:
        self.made += 1
        for said in self.left.pop(0) if len(self.left) > 1 else self.left[0]:
            if isinstance(said, Exception):
                raise said
            yield said


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def steady(clock: Clock) -> Steady:
    return Steady(Patience(), clock, clock.sleep)


def test_what_is_busy_is_asked_again_with_longer_pauses(steady: Steady, clock: Clock) -> None:
    attempts = Attempts([ModelBusyError("a")], [ModelBusyError("b")], ["yes"])
    assert list(steady.events(attempts, steady.deadline())) == ["yes"]
    assert clock.slept == [0.5, 1.0]


def test_retry_after_is_honoured_if_it_fits(steady: Steady, clock: Clock) -> None:
    assert list(steady.events(Attempts([ModelBusyError("a", 7)], ["yes"]), steady.deadline())) == ["yes"]
    assert clock.slept == [7]
    with pytest.raises(ModelBusyError):
        list(steady.events(Attempts([ModelBusyError("a", 31)], ["yes"]), steady.deadline()))
    assert clock.slept == [7]


@pytest.mark.parametrize(
    ("script", "made"),
    [([ModelBusyError("a")], 3), ([ModelError("a")], 1), (["half", ModelBusyError("a")], 1)],
)
def test_attempts_are_bounded(steady: Steady, script: list[str | Exception], made: int) -> None:
    attempts = Attempts(script)
    with pytest.raises(ModelError):
        list(steady.events(attempts, steady.deadline()))
    assert attempts.made == made


def test_a_request_that_is_refused_closes_the_model_to_nobody(steady: Steady) -> None:
    for _ in range(9):
        attempts = Attempts([ModelRefusedError("too large")])
        with pytest.raises(ModelRefusedError):
            list(steady.events(attempts, steady.deadline()))
        assert attempts.made == 1


def test_the_breaker_opens_lets_one_try_and_closes(clock: Clock) -> None:
    breaker = Breaker(5, 30, clock)
    for _ in range(5):
        breaker.admit()
        breaker.failed()
    with pytest.raises(ModelError, match="left alone"):
        breaker.admit()
    clock.now += 30
    breaker.admit()
    with pytest.raises(ModelError):  # one is trying
        breaker.admit()
    breaker.failed()
    with pytest.raises(ModelError):
        breaker.admit()
    clock.now += 30
    breaker.admit()
    breaker.succeeded()
    breaker.admit()
    breaker.failed()
    breaker.admit()  # in a row, they begin anew


def test_a_stream_that_drips_is_left_at_the_deadline_and_its_thread_ends() -> None:
    closed = threading.Event()

    class Dripping:
        def __iter__(self) -> Iterator[int]:
            while not closed.wait(0.01):
                yield 1

        def close(self) -> None:
            closed.set()

    @contextmanager
    def opened() -> Iterator[Dripping]:
        yield Dripping()

    before, began = threading.active_count(), time.monotonic()
    with pytest.raises(ModelError, match="too long"):
        for _ in relayed(opened, lambda error: ModelError(str(error)), Deadline(0.2), 0.1):
            pass
    assert 0.2 <= time.monotonic() - began < 2
    assert closed.is_set()
    end = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_what_waits_at_the_deadline_is_too_late(clock: Clock) -> None:
    @contextmanager
    def opened() -> Iterator[list[int]]:
        yield [1, 2, 3]

    pieces = relayed(opened, lambda error: ModelError(str(error)), Deadline(5, clock), 1)
    assert next(pieces) == 1
    time.sleep(0.1)  # the others wait to be taken
    clock.now += 6
    with pytest.raises(ModelError, match="too long"):
        next(pieces)


def test_a_stream_that_never_opens_is_left_too() -> None:
    release = threading.Event()

    @contextmanager
    def opened() -> Iterator[list[int]]:
        release.wait(5)
        yield []

    with pytest.raises(ModelBusyError, match="nothing"):
        list(relayed(opened, lambda error: ModelError(str(error)), Deadline(3), 0.05))
    release.set()


def test_a_reader_that_stops_taking_closes_the_stream() -> None:
    closed = threading.Event()

    class Endless:
        def __iter__(self) -> Iterator[int]:
            while True:
                yield 1

        def close(self) -> None:
            closed.set()

    @contextmanager
    def opened() -> Iterator[Endless]:
        yield Endless()

    pieces = relayed(opened, lambda error: ModelError(str(error)), Deadline(5), 1)
    assert next(pieces) == 1
    pieces.close()
    assert closed.is_set()


@pytest.mark.parametrize(("said", "seconds"), [("2", 2.0), ("0.5", 0.5), ("-3", 0.0), ("", None), ("soon", None)])
def test_retry_after(said: str, seconds: float | None) -> None:
    assert _retry_after({"retry-after": said}) == seconds


def test_retry_after_as_a_date() -> None:
    assert _retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert (_retry_after({"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"}) or 0) > 1e6
