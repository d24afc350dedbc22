"""Searches in processes of their own: they find what the serving process finds, for the same viewers, and are not missed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.owner import Owner, open_owner
from api.search_pool import SearchPool, processes_for
from api.settings import Settings
from rag.records import Viewer
from rag.search import Filters, SearchResult
from tests.conftest import write

PAGES = {
    "lock.md": "# Lock\n\nRun force-unlock to clear a stuck lock.\n",
    "redis.md": "# Redis\n\nRestart redis with systemctl.\n",
    "pay.md": "---\naudience: [payroll]\n---\n# Salaries\n\nThe lock of the payroll safe.\n",
}
QUESTIONS = ["clear a stuck lock", "restart redis", "payroll safe"] * 8


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    write(tmp_path / "wiki", PAGES)
    config = tmp_path / "waypost.yaml"
    config.write_text("sources: [{name: wiki, type: folder, path: wiki}]")
    settings = Settings(home=tmp_path / "home", config=config, embedder="hashing")
    with open_owner(settings, "test") as owner:
        owner.sync([], lambda _: None, lambda: False)
        yield owner


@pytest.fixture
def pool(owner: Owner) -> Iterator[SearchPool]:
    pool = SearchPool(owner.settings, 1)
    yield pool
    pool.close()


def found(result: SearchResult) -> list[tuple[str, float]]:
    return [(one.passage.id, one.score) for one in result.passages]


def started(pool: SearchPool) -> list[int]:
    """The pool's processes, once it is ready; two searches at once start it."""
    both = threading.Barrier(2)

    def made() -> SearchResult:
        both.wait(10)
        return None  # type: ignore[return-value]

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: pool("q", Viewer(), 1, Filters(), made), range(2)))
    assert pool._pool
    for future in pool._starting:
        future.result(60)
    return list(pool._pool._processes)


def crowded(pool: SearchPool, search: Callable[[], SearchResult]) -> SearchResult:
    """A search while another one is made here, which sends it to the pool."""
    going, done = threading.Event(), threading.Event()

    def slow() -> SearchResult:
        going.set()
        done.wait(30)
        return None  # type: ignore[return-value]

    other = threading.Thread(target=pool, args=("q", Viewer(), 1, Filters(), slow))
    other.start()
    going.wait(10)
    try:
        return search()
    finally:
        done.set()
        other.join(10)


def test_what_is_found_there_is_what_is_found_here(owner: Owner, pool: SearchPool) -> None:
    started(pool)
    here, beside = owner.reader().retriever, owner.reader(pool).retriever
    for viewer in (Viewer(), Viewer.of(["payroll"])):
        for question in set(QUESTIONS):
            there = crowded(pool, lambda q=question, v=viewer: pool(q, v, 5, Filters(), _not_here))  # type: ignore[misc]
            assert found(there) == found(here.search(question, viewer, 5))
            assert there.coverage == here.search(question, viewer, 5).coverage
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda q: found(beside.search(q, Viewer(), 5)), QUESTIONS))
    assert answers == [found(here.search(question, Viewer(), 5)) for question in QUESTIONS]


def _not_here() -> SearchResult:
    raise AssertionError("it was to be made in the pool")


def test_one_search_at_a_time_starts_nothing(owner: Owner, pool: SearchPool) -> None:
    retriever = owner.reader(pool).retriever
    for question in QUESTIONS:
        retriever.search(question, Viewer(), 5)
    assert pool._pool is None


def test_a_hidden_document_stays_hidden_there_and_a_changed_one_is_found(owner: Owner, pool: SearchPool) -> None:
    started(pool)

    def paths(viewer: Viewer) -> list[str]:
        result = crowded(pool, lambda: pool("payroll safe", viewer, 5, Filters(), _not_here))
        return [one.document.path for one in result.passages]

    assert "pay.md" in paths(Viewer.of(["payroll"]))
    assert "pay.md" not in paths(Viewer())
    wiki = owner.settings.config.parent / "wiki"
    (wiki / "pay.md").write_text(PAGES["pay.md"].replace("payroll]", "others]"))
    owner.sync([], lambda _: None, lambda: False)
    assert "pay.md" not in paths(Viewer.of(["payroll"]))


def test_a_killed_process_costs_no_search(owner: Owner, pool: SearchPool) -> None:
    (process,) = started(pool)
    os.kill(process, signal.SIGKILL)
    retriever = owner.reader(pool).retriever
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lambda q: retriever.search(q, Viewer(), 5).passages, QUESTIONS))


def test_processes_that_never_open_are_given_up_and_told_once(
    owner: Owner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pool = SearchPool(owner.settings.model_copy(update={"home": tmp_path / "none"}), 1, tries=2)
    result = owner.reader().retriever.search("lock", Viewer(), 5)
    starts = 0
    for _ in range(8):
        assert crowded(pool, lambda: pool("lock", Viewer(), 5, Filters(), lambda: result)) is result
        if pool._pool:
            starts += 1
            assert all(future.exception(60) for future in pool._starting)
    assert starts == 2
    assert [one.message.partition(";")[0] for one in caplog.records if one.name == "api.search_pool"] == [
        "search processes ended 2 times before they made a search"
    ]


def test_processes_that_searched_before_they_were_killed_are_started_again(owner: Owner) -> None:
    pool = SearchPool(owner.settings, 1, tries=1)
    (process,) = started(pool)
    assert crowded(pool, lambda: pool("lock", Viewer(), 5, Filters(), _not_here)).passages
    os.kill(process, signal.SIGKILL)
    result = owner.reader().retriever.search("lock", Viewer(), 5)
    for _ in range(1000):
        if pool._pool is None:
            break
        crowded(pool, lambda: pool("lock", Viewer(), 5, Filters(), lambda: result))
    assert started(pool) != [process]
    pool.close()


def test_processes_end_with_the_one_that_serves(owner: Owner) -> None:
    code = (
        "import os, sys, signal; sys.path.insert(0, sys.argv[1])\n"
        "from tests.api.test_search_pool import *\n"
        "if __name__ == '__main__':\n"
        "    pool = SearchPool(Settings(home=Path(sys.argv[2]), embedder='hashing'), 1)\n"
        "    print(*started(pool), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root, home = str(Path(__file__).parents[2]), str(owner.settings.home)
    script = owner.settings.config.parent / "parent.py"
    script.write_text(code)
    made = subprocess.run([sys.executable, script, root, home], capture_output=True, text=True, timeout=90, check=False)
    (process,) = map(int, made.stdout.split())
    for _ in range(200):
        if not _lives(process):
            return
        time.sleep(0.05)
    os.kill(process, signal.SIGKILL)
    pytest.fail("the process lives on")


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_how_many(tmp_path: Path) -> None:
    assert processes_for(Settings(home=tmp_path, search_processes=5)) == 5
    assert processes_for(Settings(home=tmp_path, search_processes=5, reranker="model")) == 0
    assert 0 <= processes_for(Settings(home=tmp_path)) <= 3
