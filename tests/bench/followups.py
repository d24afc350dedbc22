"""Follow-ups made to stand alone, over threads of many infrastructures: how many say what a colleague would understand.

`known.jsonl` was looked at while the rules were written, `blind.jsonl` gave numbers alone: both were written first, by one hand,
the second from other texts. A follow-up is right when it holds the stem of every word it `needs` and none that it must `never`
hold (another hub's name), and a complete question when nothing of it is altered. `make bench-followups`, ARGS=-v tells which.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from rag.conversation import standalone

THREADS = Path(__file__).parents[1] / "rag" / "threads"
HALVES = ("known", "blind", "trial_known", "trial_blind")


def rows(half: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (THREADS / f"{half}.jsonl").read_text().splitlines()]


def rewritten(row: dict[str, Any]) -> str:
    """The last question of a thread as it is looked for, each turn before it made to stand alone as well."""
    earlier: list[str] = []
    for question in row["thread"]:
        earlier.append(standalone(question, earlier))
    return standalone(row["question"], earlier)


def is_right(row: dict[str, Any], alone: str) -> bool:
    if row.get("same"):
        return alone == row["question"]
    said = alone.lower()
    lacks = [word for word in row["needs"] if not re.search(rf"\b{re.escape(word.lower().rstrip('e'))}", said)]
    return not lacks and not any(re.search(rf"\b{re.escape(word.lower())}\b", said) for word in row["never"])


def main() -> None:
    print(f"{'half':<12}{'threads':>8}{'right':>7}{'wrong name':>12}{'slowest':>10}")
    for half in HALVES:
        told, slowest = [], 0.0
        for row in rows(half):
            began = time.perf_counter()
            told.append((row, rewritten(row)))
            slowest = max(slowest, time.perf_counter() - began)
        wrong = [(row, alone) for row, alone in told if not is_right(row, alone)]
        misnamed = sum(any(re.search(rf"\b{re.escape(w)}\b", a, re.I) for w in row["never"]) for row, a in told)
        right = len(told) - len(wrong)
        print(f"{half:<12}{len(told):>8}{right:>7}{misnamed:>12}{slowest * 1000:>7.1f} ms")
        if "-v" in sys.argv and half.endswith("known"):  # the blind half is told in numbers alone
            for row, alone in wrong:
                print(f"  {row['id']} {' | '.join(row['thread'])} | {row['question']}\n      {alone}")


if __name__ == "__main__":
    main()
