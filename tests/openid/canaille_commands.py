"""Runs several of Canaille's commands in one process, with its own Python: starting it takes seconds.

Standard input holds a JSON list of commands, each a list of words; a word `@kind:field:value` stands for the id of what has that.
"""

import io
import json
import sys
from contextlib import redirect_stdout

from canaille.commands import cli  # type: ignore[import-not-found]


def run(words: list[str]) -> str:
    output = io.StringIO()
    with redirect_stdout(output):
        cli.main([id_of(word) if word.startswith("@") else word for word in words], standalone_mode=False)
    return output.getvalue()


def id_of(word: str) -> str:
    kind, field, value = word[1:].split(":", 2)
    return str(json.loads(run(["get", kind, f"--{field}", value]))[0]["id"])


for command in json.load(sys.stdin):
    run(command)
