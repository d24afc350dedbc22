"""Real wikis on loopback, installed from Debian's packages; what Waypost holds is compared with them after every step.

They need apt and root, so they are scripts that `make test-wikis` runs, and no part of `make check`. The comparison knows nothing
of Waypost's code: it reads the catalog's and the wiki's own storage.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import yaml

WORD = re.compile(r"[^\W_]+")


def install(packages: Iterable[str], folder: Path, unpacked: Iterable[str] = ()) -> None:
    """Installs packages of Debian, and unpacks some into a folder without their dependencies. Ends the script without root."""
    if os.geteuid() != 0:
        sys.exit("make test-wikis installs packages with apt: run it as root, in a container of Debian 12")
    missing = [name for name in packages if _quiet(["dpkg", "-s", name]).returncode]
    if missing:
        run(["apt-get", "update"], folder)
        run(["apt-get", "install", "-y", "--no-install-recommends", *missing], folder)
    for name in unpacked:
        run(["apt-get", "download", name], folder)
        run(["dpkg", "-x", str(next(folder.glob(f"{name}_*.deb"))), "unpacked"], folder)


def _quiet(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True, **options)


def run(command: list[str], folder: Path) -> str:
    done = _quiet(command, cwd=folder)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


class Web:
    """PHP's own web server over a folder, until it is closed."""

    def __init__(self, folder: Path, port: int) -> None:
        self._process = subprocess.Popen(
            ["php", "-S", f"127.0.0.1:{port}", "-t", "."], cwd=folder, env={**os.environ, "PHP_CLI_SERVER_WORKERS": "2"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)  # its workers outlive their parent
        self._process.wait()


class Held(NamedTuple):
    """A document as the catalog holds it."""

    id: str
    version: str
    title: str
    text: str
    url: str


class Waypost:
    """The program, run as a user does, on a configuration with one source named `wiki`."""

    def __init__(self, folder: Path, source: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.configure(source)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("WAYPOST_", "ANTHROPIC_"))}
        self._environment = {
            **clean, **environment, "WAYPOST_HOME": str(folder / "home"), "WAYPOST_EMBEDDER": "hashing",
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        }  # fmt: skip

    def configure(self, source: Mapping[str, Any]) -> None:
        (self._folder / "waypost.yaml").write_text(yaml.safe_dump({"sources": [{"name": "wiki", **source}]}))

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "api.cli", *words, "--config", str(self._folder / "waypost.yaml")]

    def sync(self) -> dict[str, Any]:
        """The report on the source."""
        done = _quiet(self._command("sync", "--json"), env=self._environment)
        try:
            report: dict[str, Any] = json.loads(done.stdout)["sources"][0]
        except (ValueError, KeyError, IndexError):
            sys.exit(f"waypost sync said no report:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        return report

    def kill_sync(self, when: Callable[[], bool], longest: float = 120) -> bool:
        """Starts a sync, and kills it and its workers as soon as `when` says so; whether it came to that."""
        process = subprocess.Popen(
            self._command("sync", "--json"), env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + longest
        while process.poll() is None and time.monotonic() < end:
            if when():
                process.send_signal(signal.SIGKILL)
                process.wait()
                return True
            time.sleep(0.01)
        process.kill()
        process.wait()
        return False

    def search(self, words: str) -> str:
        return _quiet(self._command("search", words, "--json"), env=self._environment).stdout

    def documents(self) -> dict[str, Held]:
        """All documents, by path."""
        rows = self._rows("select path, id, version, title, text, url from documents where source = 'wiki'")
        return {path: Held(*rest) for path, *rest in rows}

    def outcomes(self) -> dict[str, tuple[str, str]]:
        """What became of each thing that was listed: outcome and reason, by path."""
        return {path: (how, why) for path, how, why in self._rows("select path, outcome, reason from items")}

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        if not (self._folder / "home" / "catalog.db").exists():
            return []
        connection = sqlite3.connect(f"file:{self._folder / 'home' / 'catalog.db'}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError:  # its tables are being made
            return []
        finally:
            connection.close()


@dataclass
class Steps:
    """Prints what each step saw, and counts what was wrong."""

    wrong: int = 0
    steps: int = 0

    def told(self, name: str, report: Mapping[str, Any], faults: Iterable[str]) -> None:
        faults = list(faults)
        self.steps += 1
        self.wrong += len(faults)
        counts = ", ".join(f"{number} {what}" for what, number in report.get("counts", {}).items() if number)
        print(
            f"{'WRONG' if faults else 'ok   '} {name}: {report.get('outcome')} ({counts}) {report.get('message', '')}",
            flush=True,
        )
        for fault in faults[:10]:
            print(f"        {fault}", flush=True)

    def end(self) -> None:
        print(f"{self.steps} steps, {self.wrong} differences")
        sys.exit(1 if self.wrong else 0)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._skipped += tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.words += WORD.findall(data)


def words_of(html: str) -> Counter[str]:
    """The words that a page of HTML shows, by Python's own parser."""
    reader = _Words()
    reader.feed(html)
    return Counter(reader.words)


def lost(shown: Counter[str], held: str) -> Counter[str]:
    """The words that are shown and not held."""
    return shown - Counter(WORD.findall(held))
