"""Questions for values of Terraform, by environment, of maps in locals, and others; the right answers were read from the code.

    python -m tests.bench.asked_values HOME=NAME … [--questions FILE.jsonl] [-v]

HOME is a synced data folder, NAME (`moj`, `sample`) tells which of the questions are asked of it. A question is answered when
all of `lead` stands above the first quotation, each line of `cited` is cited, and nothing of `never` stands in the answer; one
with `none` when no value is told. Prints the share of each kind.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from api.compose import open_reader
from api.settings import Settings
from rag.records import Answer, Viewer

QUESTIONS = Path(__file__).with_name("asked_values.jsonl")
_TOLD = re.compile(r"` is `|: `|^- ", re.M)


def lead(answer: Answer) -> str:
    """What is said before the first quotation."""
    return re.split(r"^\*\*", answer.text, maxsplit=1, flags=re.M)[0]


def faults(question: dict[str, Any], answer: Answer) -> list[str]:
    """What is wrong with an answer; nothing when it is right."""
    told = lead(answer)
    found = [f"{word} is not told" for word in question.get("lead", ()) if not re.search(word, told)]
    found += [f"{word} is told" for word in question.get("never", ()) if re.search(word, answer.text, re.M)]
    cited = [(c.path, c.start_line, c.end_line) for c in answer.citations]
    for place in question.get("cited", ()):
        path, _, line = place.rpartition(":")
        if not any(path == where and start <= int(line) <= end for where, start, end in cited):
            found.append(f"{place} is not cited")
    if question.get("none") and _TOLD.search(told):
        found.append("a value is told")
    return found


def _shown(question: dict[str, Any], answer: Answer, *, whole: bool) -> list[str]:
    wrong = faults(question, answer)
    if wrong or whole:
        print(f"{question['id']} {question['question']}\n   {'; '.join(wrong) or 'right'}")
    if whole:
        print("      " + lead(answer).strip()[:1200].replace("\n", "\n      "))
    return wrong


def main(arguments: list[str]) -> None:
    file = Path(arguments[arguments.index("--questions") + 1]) if "--questions" in arguments else QUESTIONS
    questions = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    right, asked, seconds = Counter[str](), Counter[str](), 0.0
    for home, _, name in (one.partition("=") for one in arguments if "=" in one):
        with open_reader(Settings(home=Path(home), models=Settings().models)) as reader:
            asker = reader.asker()
            for question in (one for one in questions if one["home"] == name):
                began = time.perf_counter()
                answer = asker.answer(question["question"], Viewer())
                seconds += time.perf_counter() - began
                asked[question["kind"]] += 1
                right[question["kind"]] += not _shown(question, answer, whole="-v" in arguments)
    for kind in sorted(asked):
        print(f"{kind}: {right[kind]} of {asked[kind]}")
    print(f"all: {right.total()} of {asked.total()}, {1000 * seconds / max(asked.total(), 1):.0f} ms a question")


if __name__ == "__main__":
    main(sys.argv[1:])
