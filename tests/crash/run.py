"""Kills syncs of many vectors at random moments and at named steps, and checks that nothing acknowledged is lost.

    python -m tests.crash.run [--passages 100000] [--random 20] [--named 5] [--seed 1] [--home FOLDER]

One data folder goes through all trials. In each, documents are edited, added and deleted; a sync is killed; then an
undisturbed sync must complete, `waypost doctor` be clean, and every document of the trial be found (or, deleted, not be found)
by text and by its own vector. Prints a line a trial, and the totals.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from api.compose import open_reader
from api.settings import Settings
from rag.records import Viewer

PASSAGES_EACH = 50
EDITED, ADDED, DELETED = 40, 5, 5
TRIES = 6  # a sync may end before it is killed; it is then tried again
NAMED = ("catalog-commit", "tantivy-commit", "chroma-upsert", "index_metadata.pickle", "data_level0.bin", "watermark")
WORDS = [
    f"{a}{b}{c}"
    for a in "bcdfghklmnprst"
    for b in ("a", "e", "io", "ou")
    for c in ("ld", "rm", "st", "nk", "x", "ving", "tor")
]


@dataclass
class World:
    """The documents as they should be: number to the edition of its text."""

    folder: Path
    editions: dict[int, int] = field(default_factory=dict)

    def write(self, number: int, edition: int) -> None:
        rng = random.Random(f"{number}/{edition}")
        sections = []
        for section in range(PASSAGES_EACH):
            words = " ".join(rng.choices(WORDS, k=30))
            sections.append(f"## Part {section}\n\nmark{number}x{edition}y{section} {words}.\n")
        (self.folder / f"{number % 40:02}").mkdir(exist_ok=True, parents=True)
        self.path(number).write_text(f"# Document {number}\n\n" + "\n".join(sections))
        self.editions[number] = edition

    def path(self, number: int) -> Path:
        return self.folder / f"{number % 40:02}" / f"{number}.md"

    def delete(self, number: int) -> None:
        self.path(number).unlink()
        del self.editions[number]


class Trials:
    """The data folder, the world it follows, and the tally."""

    def __init__(self, base: Path, passages: int, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(base / "documents")
        self.home = base / "home"
        config = base / "waypost.yaml"
        config.write_text(f"sources:\n- {{name: docs, type: folder, path: {self.world.folder}}}\n")
        self.settings = Settings(home=self.home, config=config, embedder="hashing")
        self.environment = {
            **os.environ,
            "WAYPOST_HOME": str(self.home),
            "WAYPOST_CONFIG": str(config),
            "WAYPOST_EMBEDDER": "hashing",
        }
        for number in range(passages // PASSAGES_EACH):
            self.world.write(number, 0)
        self.next = passages // PASSAGES_EACH
        self.failures: list[str] = []
        self.typical = 10.0  # seconds that a sync of one trial's changes takes

    def waypost(self, *arguments: str) -> tuple[int, dict]:
        done = subprocess.run(
            [sys.executable, "-m", "api.cli", *arguments, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError:
            return done.returncode, {"stderr": done.stderr[-2000:]}

    def change(self) -> tuple[list[int], list[int]]:
        """Edits, adds and deletes documents: (numbers that must be found, numbers that must not)."""
        present = self.rng.sample(sorted(self.world.editions), EDITED + DELETED)
        kept, gone = present[:EDITED], present[EDITED:]
        for number in kept:
            self.world.write(number, self.world.editions[number] + 1)
        for number in gone:
            self.world.delete(number)
        for _ in range(ADDED):
            self.world.write(self.next, 0)
            kept.append(self.next)
            self.next += 1
        return kept, gone

    def kill_one(self, step: str) -> bool:
        """Runs a sync and kills it; False when it had ended before."""
        number = self.rng.choice((1, 2)) if step in ("catalog-commit", "tantivy-commit", "watermark") else 1
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.victim", step, str(number), str(self.rng.randrange(1 << 30))],
            env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        began = time.perf_counter()
        if step == "random":
            time.sleep(self.rng.random() * self.typical)
            process.send_signal(signal.SIGKILL)
        elif step.endswith((".pickle", ".bin")):
            self._kill_on_write(process, step)
        killed = process.wait() == -signal.SIGKILL
        if not killed:
            self.typical = time.perf_counter() - began
        return killed

    def _kill_on_write(self, process: subprocess.Popen[bytes], name: str) -> None:
        """Watches the file and kills as soon as its size or time changes: while it is being rewritten."""
        files = [str(file) for file in (self.home / "generation-1" / "vectors" / "chroma").rglob(name)]
        before = {file: _stamp(file) for file in files}
        while process.poll() is None:
            if any(_stamp(file) != before[file] for file in files):
                process.send_signal(signal.SIGKILL)
                return

    def acknowledged(self) -> int:
        with sqlite3.connect(f"file:{self.home / 'catalog.db'}?mode=ro", uri=True) as connection:
            return int(connection.execute("select count(*) from documents").fetchone()[0])

    def check(self, label: str, kept: list[int], gone: list[int]) -> float:
        """Syncs undisturbed, asks the doctor, and searches; gives the seconds of that sync."""
        began = time.perf_counter()
        code, report = self.waypost("sync")
        took = time.perf_counter() - began
        if code != 0:
            self.failures.append(f"{label}: sync exited {code}: {report}")
            return took
        code, report = self.waypost("doctor")
        if code != 0 or not report.get("sound") or report.get("waiting"):
            self.failures.append(f"{label}: doctor: {json.dumps(report)[:600]}")
        if self.acknowledged() != len(self.world.editions):
            self.failures.append(f"{label}: {self.acknowledged()} documents, {len(self.world.editions)} expected")
        self._search(label, kept, gone)
        return took

    def _search(self, label: str, kept: list[int], gone: list[int]) -> None:
        with open_reader(self.settings) as reader:
            from rag.ports import Scope

            scope = Scope(("everyone",))
            for number in kept:
                section = self.rng.randrange(PASSAGES_EACH)
                mark = f"mark{number}x{self.world.editions[number]}y{section}"
                found = reader.retriever.search(mark, Viewer(), 3).passages
                if not found or mark not in found[0].passage.text:
                    self.failures.append(f"{label}: {mark} not found by text")
                    continue
                passage = reader.catalog.passages([found[0].passage.id])[
                    found[0].passage.id
                ]  # as it was before it grew
                from rag.catalog.reader import embedding_text

                text = embedding_text(found[0].document.title, passage.heading_path, passage.text)
                hits = reader.retriever._serving().dense.search(text, 10, scope).hits  # type: ignore[union-attr]
                if passage.id not in [hit.id for hit in hits]:
                    self.failures.append(f"{label}: {mark} not found by its vector")
            for number in gone:
                paths = [f.document.path for f in reader.retriever.search(f"mark{number}x0y0", Viewer(), 10).passages]
                if any(path.endswith(f"/{number}.md") for path in paths):
                    self.failures.append(f"{label}: deleted document {number} is still found")


def _stamp(file: str) -> tuple[int, int]:
    try:
        status = Path(file).stat()
    except OSError:
        return (0, 0)
    return status.st_size, status.st_mtime_ns


def trial(trials: Trials, number: int, step: str) -> None:
    """Kills one sync at a step, and checks what follows."""
    known, tries, killed = len(trials.failures), 0, False
    while not killed and tries < TRIES:
        kept, gone = trials.change()
        tries += 1
        killed = trials.kill_one(step)
    if not killed:
        trials.failures.append(f"trial {number} ({step}): ended by itself {TRIES} times, never killed")
    state = _state(trials.home)
    took = trials.check(f"trial {number} ({step})", kept, gone)
    found = f"vectors {state:<6} recovery sync {took:5.1f} s  failures {len(trials.failures)}"
    print(f"{number:3} {step:<22} try {tries}  {found}", flush=True)
    for failure in trials.failures[known:]:
        print("    FAILED", failure, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("passages", 100_000), ("random", 20), ("named", 5), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--home", type=Path, default=None)
    options = parser.parse_args()
    base = options.home or Path(tempfile.mkdtemp(prefix="waypost-crash-"))
    base.mkdir(parents=True, exist_ok=True)
    trials = Trials(base, options.passages, options.seed)
    began = time.perf_counter()
    took = trials.check("build", [0, 1, 2], [])
    print(f"built {options.passages} passages in {took:.0f} s in {base}, seed {options.seed}", flush=True)
    trials.typical = trials.check("undisturbed", *trials.change())
    print(f"an undisturbed sync of {EDITED + ADDED} changed documents: {trials.typical:.1f} s", flush=True)
    plan = ["random"] * options.random + [step for step in NAMED for _ in range(options.named)]
    for number, step in enumerate(plan, 1):
        trial(trials, number, step)
    minutes = (time.perf_counter() - began) / 60
    print(f"{len(plan)} trials, {len(trials.failures)} failures, seed {options.seed}, {minutes:.0f} min")
    if options.home is None:
        shutil.rmtree(base)
    sys.exit(bool(trials.failures))


def _state(home: Path) -> str:
    try:
        return (
            "dirty" if json.loads((home / "generation-1" / "vectors" / "state.json").read_text())["dirty"] else "clean"
        )
    except (OSError, ValueError, KeyError):
        return "none"


if __name__ == "__main__":
    main()
