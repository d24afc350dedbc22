"""How much of what is planted redaction finds, and what it takes that is innocent.

    python -m tests.bench.secrets [--misses N] [--write DIR]
    python -m tests.bench.secrets --outside DIR
    python -m tests.bench.secrets --hostile

The first prints recall by kind and in total, every miss with its line (the secrets are synthetic) and every innocent line that
was changed. `--write` also leaves the files in a folder, for reading. `--outside` counts the lines of real files that redaction
changes, in 1,000, and prints each of them: whether it is false is for the reader to say. `--hostile` measures time.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ingest.redaction import redact, sensitive_variables
from ingest.refusals import decode, refuse_by_name
from rag.errors import DocumentError, RefusedError
from tests.bench.secrets.files import File, Secret, corpus
from tests.bench.secrets.hostile import report
from tests.bench.secrets.innocent import innocents


def _redacted(text: str, path: str) -> str:
    """The one call of the detector under test."""
    return redact(text, path, sensitive_variables(text, path))[0]


def changed(before: str, after: str) -> Iterator[tuple[int, str, str]]:
    """The lines (from 1) that differ, as they were and what now stands for them. Redaction keeps their number."""
    pairs = zip(before.split("\n"), after.split("\n"), strict=True)
    yield from ((at, old, new) for at, (old, new) in enumerate(pairs, 1) if old != new)


def around(secret: Secret) -> set[int]:
    """The lines a redaction of it may touch: its own, and the armour about a key."""
    wide = 4 if "block" in secret.kind.formats else 0
    return set(range(min(secret.lines) - wide, max(secret.lines) + wide // 2 + 1))


def measure(files: list[File]) -> tuple[list[tuple[File, Secret]], list[tuple[str, int, str, str]]]:
    """The secrets that survived, and the innocent lines beside secrets that did not."""
    missed, touched = [], []
    for file in files:
        after = _redacted(file.text, file.path)
        missed += [(file, secret) for secret in file.secrets if secret.survives(after)]
        allowed = set().union(*map(around, file.secrets))
        touched += [(file.path, at, old, new) for at, old, new in changed(file.text, after) if at not in allowed]
    return missed, touched


def innocent_lines(file: File) -> int:
    lines = range(1, len(file.text.splitlines()) + 1)
    return len(set(lines).difference(*map(around, file.secrets)))


def share(found: int, total: int) -> str:
    return f"{found:5} of {total:5}  {100 * found / max(total, 1):6.2f} %"


def print_recall(files: list[File], missed: list[tuple[File, Secret]], shown: int) -> None:
    total = Counter((secret.kind.structured, secret.kind.name) for file in files for secret in file.secrets)
    lost = Counter((secret.kind.structured, secret.kind.name) for _, secret in missed)
    for structured, word in ((True, "structured"), (False, "generic")):
        print(f"\n== {word} ==")
        for kind in sorted(key for key in total if key[0] == structured):
            print(f"{share(total[kind] - lost[kind], total[kind])}  {kind[1]}")
    print(f"\n== misses (at most {shown}) ==")
    for file, secret in missed[:shown]:
        print(
            f"{file.path}:{secret.lines[0]} {secret.kind.name}: {file.text.splitlines()[secret.lines[0] - 1].strip()[:200]}"
        )
    print()
    for structured, word in ((True, "structured"), (False, "generic")):
        all_of = sum(count for key, count in total.items() if key[0] == structured)
        print(f"{share(all_of - sum(n for key, n in lost.items() if key[0] == structured), all_of)}  {word} in all")


def print_touched(title: str, touched: list[tuple[str, int, str, str]], lines: int) -> None:
    print(f"\n== {title}: {len(touched)} of {lines} lines, {1000 * len(touched) / max(lines, 1):.2f} in 1,000 ==")
    for path, at, old, new in touched:
        print(f"{path}:{at}\n  - {old.strip()[:200]}\n  + {new.strip()[:200]}")


def outside(folder: Path) -> None:
    """What is changed in the files of a folder that a sync would read, and how fast."""
    touched: list[tuple[str, int, str, str]] = []
    lines = characters = 0
    spent = 0.0
    for name, text in readable(folder):
        lines += text.count("\n") + 1
        characters += len(text)
        began = time.process_time()
        after = _redacted(text, name)
        spent += time.process_time() - began
        touched += [(name, *change) for change in changed(text, after)]
    print_touched(f"changed in {folder}", touched, lines)
    print(f"{characters / 1e6:.1f} MB in {spent:.1f} s: {characters / 1e6 / max(spent, 1e-9):.1f} MB/s")


def readable(folder: Path) -> Iterator[tuple[str, str]]:
    """Path and text of each file that no rule refuses."""
    if not folder.is_dir():
        raise SystemExit(f"{folder} is no folder")
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts):
        name = path.relative_to(folder).as_posix()
        if not refuse_by_name(name, path.stat().st_size):
            with suppress(RefusedError, DocumentError):
                yield name, decode(path.read_bytes())[0]


def write(files: list[File], folder: Path) -> None:
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, "utf-8", newline="")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.secrets", description=__doc__.split("\n")[0])
    parser.add_argument("--misses", type=int, default=200, help="how many misses are printed")
    parser.add_argument("--write", type=Path, help="also write the planted files into this folder")
    parser.add_argument("--outside", type=Path, help="instead: what is changed in the files of this folder")
    parser.add_argument("--hostile", action="store_true", help="instead: the time for hostile texts of 0.5 and 1 MB")
    options = parser.parse_args()
    if options.hostile:
        return report()
    if options.outside:
        return outside(options.outside)
    files = corpus()
    if options.write:
        write(files, options.write)
    missed, touched = measure(files)
    plain = innocents()
    false = [(path, *change) for path, text in plain.items() for change in changed(text, _redacted(text, path))]
    print_touched("innocent lines changed", false, sum(len(text.splitlines()) for text in plain.values()))
    print_touched("innocent lines beside secrets changed", touched, sum(innocent_lines(file) for file in files))
    print_recall(files, missed, options.misses)
    return None


if __name__ == "__main__":
    main()
