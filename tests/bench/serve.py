"""Load on `waypost serve`: `/v1/search` among 100,000 passages of which the caller may see half, at 8 at once.

    python -m tests.bench.serve SOURCE_HOME HOME FOLDER [--passages N] [--requests N] [--clients N]

SOURCE_HOME is a synced data folder, whose documents are multiplied into HOME as `tests.bench.scale` does (made if it is not
there). Once more it is measured while `waypost serve` syncs a copy of FOLDER, whose files were changed. Questions are those of
../shared/eval, each with a number of its own, so that no answer can be a kept one. The generator is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from api.owner import open_owner
from api.settings import Settings
from rag.evaluation.questions import load_questions
from tests.bench.scale import QUESTIONS, build, yardstick

WAYPOST = [sys.executable, "-m", "api.cli"]


@dataclass
class Load:
    """What a run of requests took: seconds in all, milliseconds of each, statuses, and the generator's own seconds of CPU."""

    seconds: float = 0.0
    cpu: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def told(self, name: str) -> str:
        ordered = sorted(self.times)
        failed = sum(status != 200 for status in self.statuses)
        return (
            f"{name:<28} {len(ordered) / self.seconds:6.1f} requests/s   p50 {statistics.median(ordered):6.1f} ms   "
            f"p95 {ordered[int(len(ordered) * 0.95)]:6.1f} ms   longest {ordered[-1]:6.0f} ms   failed {failed}   "
            f"generator's CPU {100 * self.cpu / self.seconds:.0f} %"
        )


def ask(address: str, questions: list[str], clients: int) -> Load:
    """Sends the questions, `clients` at once, each client over a connection that it keeps."""
    load, local = Load(), threading.local()

    def one(question: str) -> None:
        if not hasattr(local, "client"):
            local.client = httpx.Client(base_url=address, timeout=60)
        began = time.perf_counter()
        reply = local.client.get("/v1/search", params={"q": question, "k": 10})
        load.times.append((time.perf_counter() - began) * 1000)
        load.statuses.append(reply.status_code)

    used, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(one, questions))
    load.seconds, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    load.cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return load


@contextmanager
def serving(home: Path, config: Path, models: Path) -> Iterator[tuple[str, int]]:
    """`waypost serve` over the data folder: its address, and its process."""
    environment = {**os.environ, "WAYPOST_HOME": str(home), "WAYPOST_MODELS": str(models), "ANTHROPIC_API_KEY": ""}
    command = [*WAYPOST, "serve", "--port", "0", "--config", str(config)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            address = next(found[0] for line in process.stderr if (found := re.search(r"http://[\d.]+:\d+", line)))
            threading.Thread(target=lambda: [None for _ in process.stderr or ()], daemon=True).start()
            yield address, process.pid
        finally:
            process.terminate()


def family(process: int) -> list[int]:
    """A process and all that it started, with what those started."""
    found = [process]
    for one in found:  # which grows
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            with suppress(OSError):
                found += map(int, task.read_text().split())
    return found


def memory(process: int) -> str:
    """What the server holds, its search processes too: what they share counts once (PSS), but not in what each had at most."""
    held, most, cpu, counted = 0.0, 0.0, 0.0, 0
    for one in family(process):
        with suppress(OSError):  # it ended meanwhile
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
            status = Path(f"/proc/{one}/status").read_text()
            times = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            held += int(re.findall(r"^Pss:\s+(\d+) kB", rollup, re.M)[0]) / 1e6
            most += int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1e6
            cpu += (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
            counted += 1
    return f"the server's {counted} processes: {held:.2f} GB, at most {most:.2f} GB, {cpu:.0f} s of CPU so far"


def copy_of(folder: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns(".git"))


def change(folder: Path) -> None:
    """Adds a line to every text file that can take one."""
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix in (".md", ".erb", ".tf"):
            file.write_bytes(file.read_bytes() + f"\n# changed {time.time_ns()}\n".encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("home", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=600)
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    models = Path(os.environ.get("WAYPOST_MODELS", given.source / "models"))
    with open_owner(Settings(home=given.home, models=models), "bench") as owner:
        if owner.catalog.count(owner.generation) < given.passages:
            build(given.source, owner, given.passages)
        print(f"{owner.catalog.count(owner.generation)} passages, half of them hidden; {os.cpu_count()} cores")
    synced, config = given.home / "synced", given.home / "waypost.yaml"
    copy_of(given.folder, synced)
    config.write_text(json.dumps({"sources": [{"name": "synced", "type": "folder", "path": str(synced)}]}))
    asked = [question.text for question in load_questions(QUESTIONS)]
    questions = [f"{asked[n % len(asked)]} {n}" for n in range(given.requests)]
    environment = {**os.environ, "WAYPOST_HOME": str(given.home), "WAYPOST_MODELS": str(models)}
    sync = [*WAYPOST, "sync", "--config", str(config), "--json"]
    with serving(given.home, config, models) as (address, process):
        subprocess.run(sync, env=environment, check=False, capture_output=True)  # 3: `copies` is in no waypost.yaml
        ask(address, questions[:50], given.clients)
        print(f"yardstick {yardstick():.0f} ms")
        print(ask(address, questions, given.clients).told("/v1/search"))
        print(memory(process))
        change(synced)
        began = time.perf_counter()
        with subprocess.Popen(sync, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as syncing:
            load = Load(seconds=1e-9)
            while syncing.poll() is None:
                part = ask(address, questions[:80], given.clients)
                load.seconds += part.seconds
                load.cpu += part.cpu
                load.times += part.times
                load.statuses += part.statuses
        print(load.told("/v1/search while syncing"))
        print(f"that sync took {time.perf_counter() - began:.0f} s; {memory(process)}")
        print(f"yardstick {yardstick():.0f} ms")


if __name__ == "__main__":
    main()
