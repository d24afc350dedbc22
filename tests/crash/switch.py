"""Switches the embedder under load and kills the sync half-way: no answer is wrong or mixed, and the switch completes.

    python -m tests.crash.switch [--trials 20] [--pages 1500] [--seed 1]

Each trial begins with a data folder that the first embedder made. Two processes search it all the time, as `waypost search` does.
A `waypost sync` that asks for the second embedder is killed (SIGKILL) at a random moment, and run again until it is done. Each
result that the searchers saw must be the first embedder's whole, the second's whole, or by keywords alone and say so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import yaml

WORDS = "alpaca llama vicuna guanaco rotate restore restart queue cluster bucket network policy secret backup".split()
FIRST, SECOND = "hashing", "hashing-64"
SEARCHER = """
import json, sys
from pathlib import Path
from api.compose import open_reader
from api.settings import Settings
from rag.records import Viewer
home, questions, until = Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
with open_reader(Settings(home=home, embedder="hashing")) as reader:
    while True:
        for question in questions:
            found = reader.retriever.search(question, Viewer(), 5)
            print(json.dumps([question, [row.passage.id for row in found.passages], found.coverage.note]), flush=True)
        if until == "once" or Path(until).exists():
            break
"""


class World:
    """A folder of pages about everything, and questions that each embedder answers in its own way."""

    def __init__(self, root: Path, pages: int, seed: int) -> None:
        self.root = root
        rng = random.Random(seed)
        (root / "pages").mkdir(parents=True)
        for number in range(pages):
            sections = "".join(
                f"\n## Part {part}\n\n{' '.join(rng.choices(WORDS, k=25))} w{number}x{part}\n" for part in range(3)
            )
            (root / "pages" / f"{number}.md").write_text(f"# Page {number}\n{sections}")
        config = {"sources": [{"name": "pages", "type": "folder", "path": str(root / "pages")}]}
        (root / "waypost.yaml").write_text(yaml.safe_dump(config))
        self.questions = [" ".join(rng.sample(WORDS, 3)) for _ in range(25)]

    def sync(self, home: Path, embedder: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "WAYPOST_HOME": str(home), "WAYPOST_EMBEDDER": embedder}
        command = [sys.executable, "-m", "api.cli", "sync", "--config", str(self.root / "waypost.yaml")]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)

    def searcher(self, home: Path, until: str, out: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", SEARCHER, str(home), json.dumps(self.questions), until]
        with out.open("wb") as handle, out.with_suffix(".err").open("wb") as errors:
            return subprocess.Popen(command, stdout=handle, stderr=errors)

    def answers(self, home: Path, name: str) -> dict[str, list[str]]:
        """What each question finds, nobody else at work."""
        out = self.root / f"{name}.jsonl"
        assert self.searcher(home, "once", out).wait() == 0, out.with_suffix(".err").read_text()
        return {question: ids for question, ids, _ in map(json.loads, out.read_text().splitlines())}


def trial(
    world: World, clean: Path, expected: dict[str, dict[str, list[str]]], whole: float, rng: random.Random
) -> Counter[str]:
    home, done = world.root / "home", world.root / "done"
    shutil.rmtree(home, ignore_errors=True)
    done.unlink(missing_ok=True)
    shutil.copytree(clean, home)
    outs = [world.root / f"seen{n}.jsonl" for n in range(2)]
    searchers = [world.searcher(home, str(done), out) for out in outs]
    time.sleep(2)
    killed = world.sync(home, SECOND)
    try:
        killed.wait(timeout=rng.uniform(0.1, 0.95) * whole)
    except subprocess.TimeoutExpired:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    time.sleep(0.5)
    finished = world.sync(home, SECOND).wait()
    time.sleep(0.5)
    done.touch()
    seen: Counter[str] = Counter({"kills": killed.returncode == -signal.SIGKILL, "switch not completed": finished != 0})
    for searcher, out in zip(searchers, outs, strict=True):
        if searcher.wait(timeout=120) != 0:
            seen["searcher failed"] += 1
            print(out.with_suffix(".err").read_text()[-600:])
        for line in out.read_text().splitlines():
            question, ids, note = json.loads(line)
            kinds = [name for name, answers in expected.items() if answers[question] == ids]
            seen[kinds[0] if kinds else "keywords alone, and said so" if note else "WRONG"] += 1
    seen["second after the switch wrong"] += world.answers(home, "after") != expected["second"]
    return seen


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--pages", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng, total = random.Random(options.seed), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="waypost-switch-") as root:
        world = World(Path(root), options.pages, options.seed)
        first, second = Path(root) / "first", Path(root) / "second"
        assert world.sync(first, FIRST).wait() == 0
        shutil.copytree(first, second)
        began = time.monotonic()
        assert world.sync(second, SECOND).wait() == 0
        whole = (time.monotonic() - began) * 2  # beside two searchers
        expected = {"first": world.answers(first, "first"), "second": world.answers(second, "second")}
        differing = sum(expected["first"][q] != expected["second"][q] for q in world.questions)
        print(f"{options.pages} pages; {differing} of {len(world.questions)} questions tell the two embedders apart")
        while total["kills"] < options.trials:
            seen = trial(world, first, expected, whole, rng)
            total += seen
            print(f"kill {total['kills']}: {dict(seen)}", flush=True)
    print(dict(total))
    bad = ("WRONG", "switch not completed", "searcher failed", "second after the switch wrong")
    sys.exit(any(total[name] for name in bad))


if __name__ == "__main__":
    main()
