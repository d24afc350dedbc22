"""How much of what is planted redaction finds, and what it takes that is innocent.

    python -m tests.bench.secrets [--misses N] [--write DIR]
    python -m tests.bench.secrets --outside DIR

The first prints recall by kind and in total, every miss with its line (the secrets are synthetic) and every innocent line that
was changed. `--write` also leaves the files in a folder, for reading. `--outside` counts the lines of real files that redaction
changes, in 1,000, and prints each of them: whether it is false is for the reader to say.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

from ingest.redaction import redact, sensitive_variables
from tests.bench.secrets.files import File, Secret, corpus
from tests.bench.secrets.innocent import innocents

TEXT = {
    ".md",
    ".tf",
    ".tfvars",
    ".hcl",
    ".yaml",
    ".yml",
    ".json",
    ".sh",
    ".py",
    ".txt",
    ".rst",
    ".adoc",
    ".ini",
    ".conf",
    ".toml",
    ".tpl",
}


def _redacted(text: str, path: str) -> str:
    """The one call of the detector under test."""
    return redact(text, path, sensitive_variables(text, path))[0]


def changed(before: str, after: str) -> Iterator[tuple[int, str, str]]:
    """The lines (from 1) that differ, as they were and what now stands for them."""
    old, new = before.splitlines(), after.splitlines()
    for tag, low, high, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            for at in range(low, max(high, low + 1)):
                put = new[start + at - low] if start + at - low < end else ""
                yield at + 1, old[at] if at < len(old) else "", put


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
    """What is changed in the text files of a folder."""
    touched, lines = [], 0
    for path in sorted(
        path for path in folder.rglob("*") if path.is_file() and (path.suffix in TEXT or path.name == "Dockerfile")
    ):
        name = path.relative_to(folder).as_posix()
        text = path.read_text("utf-8", errors="replace")
        lines += len(text.splitlines())
        touched += [(name, *change) for change in changed(text, _redacted(text, name))]
    print_touched(f"changed in {folder}", touched, lines)


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
    options = parser.parse_args()
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
