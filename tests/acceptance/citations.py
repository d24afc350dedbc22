"""Checks every citation of `waypost ask --json` against the git blobs themselves, with nothing of ours but the command.

    python -m tests.acceptance.citations QUESTIONS.jsonl NAME=REPOSITORY…

For each question the quote must stand, character for character, in the cited lines of `git show VERSION:PATH`, and VERSION
must be what `git log -1 -- PATH` says. In lines that hold [REDACTED:…] the rest must be equal.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def git(repository: str, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", repository, *arguments], capture_output=True, check=True)
    return done.stdout.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def ask(question: str) -> dict:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "waypost"), "ask", question, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def fault(citation: dict, repositories: dict[str, str], ref: str = "HEAD") -> str:
    """What is wrong with a citation, or ""."""
    repository = repositories[citation["source"]]
    lines = git(repository, "show", f"{citation['version']}:{citation['path']}").split("\n")
    region = "\n".join(lines[citation["start_line"] - 1 : citation["end_line"]])
    quote = citation["quote"]
    if "[REDACTED:" in quote:
        pattern = ".*".join(re.escape(part) for part in re.split(r"\[REDACTED:[\w-]+\]", quote))
        if not re.search(pattern, region):
            return "the rest of a redacted quote differs"
    elif quote not in region:
        return "the quote is not in the cited lines"
    if quote.count("\n") != citation["end_line"] - citation["start_line"]:
        return "more lines are cited than quoted"
    if git(repository, "log", "-1", "--format=%H", ref, "--", citation["path"]).strip() != citation["version"]:
        return "the version is not the last commit that changed the path"
    if (
        citation["version"] not in citation["url"]
        or f"L{citation['start_line']}-L{citation['end_line']}" not in citation["url"]
    ):
        return f"the link is not pinned: {citation['url']}"
    return ""


def main() -> None:
    questions = [json.loads(line) for line in Path(sys.argv[1]).read_text().split("\n") if line]
    repositories = dict(pair.split("=", 1) for pair in sys.argv[2:])
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(ask, [question["question"] for question in questions]))
    citations = [citation for answer in answers for citation in answer["citations"]]
    faults = [
        (citation["source"], citation["path"], found)
        for citation in citations
        if (found := fault(citation, repositories))
    ]
    for row in faults:
        print(*row)
    verdicts = {
        verdict: sum(a["verdict"] == verdict for a in answers) for verdict in ("answered", "partial", "not_found")
    }
    print(f"{len(answers)} answers {verdicts}; {len(citations)} citations, {len(citations) - len(faults)} verified")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
