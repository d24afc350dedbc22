"""Work that is done after the reply: a bounded queue and the threads that empty it. Slack's answers and notices go by it.

What finds no room is refused at once, so that whoever asks can be told; nothing waits.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

Job = Callable[[], None]


class Worker:
    """At most `room` jobs wait while `hands` threads, which end with the process, work; a job that fails is logged."""

    def __init__(self, name: str, room: int, hands: int = 1) -> None:
        self._name = name
        self._hands = hands
        self._jobs: queue.Queue[Job] = queue.Queue(room)
        self._starting = threading.Lock()
        self._started = False

    def put(self, job: Job) -> bool:
        """Whether there is room for a job; it is done soon, then."""
        with self._starting:
            if not self._started:
                self._started = True
                for number in range(self._hands):
                    threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True).start()
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return False
        return True

    def wait(self) -> None:
        """Until everything is done that was put so far."""
        self._jobs.join()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except Exception:  # the outermost line of this face: the next job must be done
                logging.getLogger(__name__).exception("%s: a job failed", self._name)
            finally:
                self._jobs.task_done()
