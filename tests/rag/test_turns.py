"""Turns: in order of coming, never more at once than allowed."""

from __future__ import annotations

import threading
import time

import pytest

from rag.turns import Turns


def test_who_waits_goes_in_before_who_comes_later() -> None:
    """One that leaves and comes back at once, over and over, would keep an unfair semaphore to itself."""
    turns, order, waiting = Turns(1), list[str](), threading.Event()

    def waiter(name: str) -> None:
        waiting.set()
        with turns:
            order.append(name)

    threads = []
    with turns:
        for name in ("first", "second", "third"):
            waiting.clear()
            threads.append(threading.Thread(target=waiter, args=(name,)))
            threads[-1].start()
            waiting.wait(5)
            time.sleep(0.05)  # so that it stands in the queue
    for _ in range(3):
        with turns:
            order.append("again")
    for thread in threads:
        thread.join(5)
    assert order[:4] == ["first", "second", "third", "again"]


def test_no_more_at_once_than_allowed_and_all_get_in() -> None:
    turns, lock = Turns(2), threading.Lock()
    inside, most, done = 0, 0, 0

    def work() -> None:
        nonlocal inside, most, done
        for _ in range(20):
            with turns:
                with lock:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.0005)
                with lock:
                    inside -= 1
                    done += 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (most, done) == (2, 160)


def test_a_turn_is_given_back_by_one_that_failed() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError, match="bad"), turns:
        raise ValueError("bad")
    with turns:
        pass
