"""Whether any planted secret is left in what Waypost stores, logs or backs up: a byte scan.

    python -m tests.bench.secrets.stored

The files are served from a git host on loopback, synced, edited, synced again, searched, asked for and backed up by the commands
themselves; then every file of the data folder, the backup and all that was printed is looked through.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.bench.secrets.__main__ import share, write
from tests.bench.secrets.files import File, Secret, corpus, runs
from tests.conftest import commit, git
from tests.git_server import serving

ROOT = Path(__file__).parents[3]
_ASKED = ("password of the database", "api token", "secret access key", "private key", "connection string")


def printed(folder: Path, *arguments: str) -> bytes:
    """What a command says, on stdout and stderr. Raises: SystemExit when it fails."""
    settings = {"WAYPOST_HOME": str(folder / "home"), "WAYPOST_EMBEDDER": "hashing", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "api.cli", *arguments]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **settings}, capture_output=True, check=False)
    if done.returncode not in (0, 3):  # 3: something is quarantined
        raise SystemExit(f"{arguments}: exit code {done.returncode}\n{done.stderr.decode()}")
    return done.stdout + done.stderr


def used(folder: Path, files: list[File]) -> bytes:
    """Syncs the files twice, with every one edited, and uses what there is; gives all that was printed."""
    work, served = folder / "work", folder / "served"
    served.mkdir()
    with serving(served) as server:
        (folder / "waypost.yaml").write_text(f"sources: [{{name: r, type: git, url: {server.address}/r.git}}]\n")
        said = b""
        for edit in ("", "edited\n"):
            write(files, work)
            commit(work, {"README.md": f"# Planted\n{edit}"})
            if edit:
                for file in files:
                    with (work / file.path).open("a", newline="") as end:
                        end.write("\n")
                commit(work, {})
                git(work, "push", "-q", "-f", str(served / "r.git"), "main")
            else:
                git(work, "clone", "-q", "--bare", str(work), str(served / "r.git"))
            said += printed(folder, "sync") + printed(folder, "sync", "--json")
        for command in ("search", "ask"):
            said += b"".join(printed(folder, command, question, "--json") for question in _ASKED)
        said += printed(folder, "status", "--json")
        return said + printed(folder, "backup", str(folder / "backup"))


def left(secrets: list[Secret], held: list[tuple[str, bytes]]) -> Iterator[tuple[Secret, str]]:
    """The secrets of which a run of bytes is left, and where."""
    for secret in secrets:
        parts = [run.encode() for value in secret.values for run in runs(value)]
        found = next((name for name, data in held if any(part in data for part in parts)), "")
        if found:
            yield secret, found


def main() -> None:
    files = corpus()
    secrets = [secret for file in files for secret in file.secrets]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        held = [("printed", used(folder, files))]
        with closing(sqlite3.connect(folder / "home" / "catalog.db")) as catalog:
            outcomes = dict(catalog.execute("select outcome, count(*) from items group by outcome"))
        places = [folder / "home", folder / "backup"]
        stored = [file for place in places for file in [place, *place.rglob("*")] if file.is_file()]
        held += [(str(file.relative_to(folder)), file.read_bytes()) for file in stored]
        where = ", ".join(sorted({name.split("/")[0] for name, _ in held}))
        size = sum(len(data) for _, data in held) / 1e6
        planted = b"".join(file.text.encode() for file in files)
        seen = len(list(left(secrets, [("files", planted)])))  # else the scan finds nothing wherever it looks
        found = list(left(secrets, held))
    print(f"{len(files)} files and a README, {outcomes}; {size:.1f} MB in {len(held)} files of {where}")
    print(f"{share(seen, len(secrets))}  seen by the scan in the planted files themselves")
    print(f"{share(len(found), len(secrets))}  left in what is stored, printed or backed up")
    for secret, place in found[:50]:
        print(f"  {secret.kind.name}: {place}")


if __name__ == "__main__":
    main()
