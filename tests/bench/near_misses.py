"""Near misses and plain talk, over two organisations: how many questions get what they deserve.

Half of them ask of a product that the documents name in passing alone: these deserve `not_found`, or few words that say so. The
others ask in everyday words for what is written, some of it about such a product too: these deserve what they `must_contain`, and
no such opening. `known.jsonl` was looked at while the rules were written, `blind.jsonl` gave numbers alone; both were written
before. `make bench-near-misses`, ARGS="moj=HOME sample=HOME", and -v tells which of the known half fail.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from api.compose import Reader, open_reader
from api.settings import Settings
from rag.records import Answer, Viewer

QUESTIONS = Path(__file__).parents[1] / "rag" / "near_misses"
HALVES = ("known", "blind")
_SHORT = 130  # words of an answer that only says what is near


def rows(half: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (QUESTIONS / f"{half}.jsonl").read_text().splitlines()]


def is_right(row: dict[str, Any], answer: Answer) -> bool:
    if "about" not in row:
        return all(text.lower() in answer.text.lower() for text in row["must_contain"])
    brief = answer.verdict == "partial" and len(answer.text.split()) <= _SHORT
    return answer.verdict == "not_found" or (brief and row["about"] in answer.text.split("\n")[0].lower())


def main() -> None:
    homes = dict(argument.split("=", 1) for argument in sys.argv[1:] if "=" in argument)
    with ExitStack() as stack:
        opened = {
            name: open_reader(Settings(home=Path(home), models=Settings().models)) for name, home in homes.items()
        }
        report({name: stack.enter_context(reader) for name, reader in opened.items()})


def report(readers: dict[str, Reader]) -> None:
    print(f"{'half':<8}{'passing':>9}{'right':>7}{'plain':>8}{'right':>7}{'refused':>9}{'words of passing':>18}")
    for half in HALVES:
        told = [(row, readers[row["home"]].asker().answer(row["question"], Viewer())) for row in rows(half)]
        passing = [pair for pair in told if "about" in pair[0]]
        plain = [pair for pair in told if "about" not in pair[0]]
        refused = sum(answer.verdict == "not_found" for _, answer in plain)
        words = sum(len(answer.text.split()) for _, answer in passing) // max(1, len(passing))
        right = [sum(is_right(*pair) for pair in pairs) for pairs in (passing, plain)]
        print(f"{half:<8}{len(passing):>9}{right[0]:>7}{len(plain):>8}{right[1]:>7}{refused:>9}{words:>18}")
        for row, answer in told if "-v" in sys.argv and half == "known" else ():
            mark = "ok " if is_right(row, answer) else "NO "
            print(f"  {mark}{row['id']} {row['question']}\n      {answer.verdict} {answer.score:.2f} {answer.missing}"
                  f" {len(answer.text.split())} words: {' '.join(answer.text.split())[:150]}")  # fmt: skip


if __name__ == "__main__":
    main()
