"""What Claude is asked, as the Messages API takes it: `Conversation` begins with a prompt and grows by the looks that Claude
takes.

Each passage is sent as small text blocks whose lines we know, because a citation names blocks. The blocks end in newlines, so
that the quoted text of several blocks is the document's own text. `shown` writes a request out for people (`waypost ask
--show-prompt`). API: https://platform.claude.com/docs/en/build-with-claude/search-results
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rag.answers.extractive.units import Unit, units
from rag.ports import Lookup, Prompt
from rag.records import ScoredPassage

_TURNS = 4  # earlier turns of the thread that are sent
_TURN = 1500  # characters of each question and answer among them
_MARK = re.compile(r" ?\[\d+\]")  # our citation marks, which mean nothing in another answer
_CHARACTERS = 3  # of a token, at the least: an estimate that bounds what a request costs
_CALLS = 3  # looks that are taken in one round
_LAST = "No further lookups can be made: answer from what is here."

Request = dict[str, Any]


class Conversation:
    """One answer's messages. `blocks[i]` are the units of evidence i, counted over the prompt's and what was looked up."""

    def __init__(self, model: str, prompt: Prompt, effort: str = "") -> None:
        self._model = model
        self._prompt = prompt
        self._effort = effort
        self.blocks: list[list[Unit]] = []
        self._messages: list[dict[str, Any]] = []
        for question, answer in prompt.history[-_TURNS:]:
            self._messages += [_said("user", _cut(question)), _said("assistant", _cut(_MARK.sub("", answer)))]
        content = self._results(prompt.evidence)
        content += [{"type": "text", "text": words} for words in (prompt.guidance, prompt.question) if words.strip()]
        self._messages.append({"role": "user", "content": content})

    def request(self, looks: bool) -> Request:
        """The request as the SDK takes it; with `looks`, Claude may ask for another."""
        prompt = self._prompt
        asked: Request = {
            "model": self._model,
            "max_tokens": prompt.max_tokens,
            "system": [{"type": "text", "text": prompt.system, "cache_control": {"type": "ephemeral"}}],
            "messages": list(self._messages),
        }
        if self._effort:
            asked["output_config"] = {"effort": self._effort}
        if prompt.toolbox and prompt.lookups:  # those before it are in the cached prefix: they stay the same
            asked["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
                for tool in prompt.toolbox.tools
            ]
            asked["tool_choice"] = {"type": "auto" if looks else "none"}
        return asked

    def cost(self, looks: bool) -> float:
        """What the next request costs at the most, in tokens of input (`Usage.cost`)."""
        return len(json.dumps(self.request(looks), ensure_ascii=False)) / _CHARACTERS + 5 * self._prompt.max_tokens

    def look(self, content: Sequence[Mapping[str, Any]], last: bool) -> list[Lookup]:
        """Takes the looks that a reply asks for, and puts the reply and what they gave behind the messages."""
        toolbox = self._prompt.toolbox
        assert toolbox is not None
        calls = [block for block in content if block["type"] == "tool_use"]
        taken, results = [], []
        for number, block in enumerate(calls):
            if number < _CALLS:
                lookup = toolbox.run(block["name"], block["input"])
            else:
                lookup = Lookup(block["name"], "", error=f"at most {_CALLS} lookups at once")
            taken.append(lookup)
            results.append(self._result(block["id"], lookup))
        asked = [{**block, "input": _object(block["input"])} if "input" in block else dict(block) for block in content]
        ending = [{"type": "text", "text": _LAST}] if last else []
        self._messages += [{"role": "assistant", "content": asked}, {"role": "user", "content": results + ending}]
        return taken

    def _result(self, id_: str, lookup: Lookup) -> dict[str, Any]:
        if lookup.error:
            said = [{"type": "text", "text": lookup.error}]
            return {"type": "tool_result", "tool_use_id": id_, "content": said, "is_error": True}
        found = self._results(lookup.found) or [{"type": "text", "text": "Nothing more was found."}]
        return {"type": "tool_result", "tool_use_id": id_, "content": found}

    def _results(self, evidence: Sequence[ScoredPassage]) -> list[dict[str, Any]]:
        """Passages as search results; each gets its number by its place among all of the conversation."""
        results = []
        for found in evidence:
            parts = [part for part in units(found.passage) if part.text.strip()]
            if parts:  # the API takes no empty text; an empty passage would shift the numbers of those behind it
                self.blocks.append(parts)
                results.append(_search_result(found, parts))
            else:
                self.blocks.append([])
                results.append(_search_result(found, [Unit("(empty)", 0, 0, "blank")]))
        return results


def _search_result(found: ScoredPassage, parts: Sequence[Unit]) -> dict[str, Any]:
    document, passage = found.document, found.passage
    dated = f", updated {document.updated_at[:10]}" if document.updated_at else ""
    outdated = f", says of itself: {document.outdated}" if document.outdated else ""
    return {
        "type": "search_result",
        "source": f"{document.source}/{document.path}",
        "title": f"{document.title} ({document.kind}, lines {passage.start_line}-{passage.end_line}{dated}{outdated})",
        "content": [{"type": "text", "text": part.text + "\n"} for part in parts],
        "citations": {"enabled": True},
    }


def _said(role: str, words: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": words}]}


def _cut(words: str) -> str:
    words = words.strip()
    return (words if len(words) <= _TURN else words[:_TURN].rstrip() + " …") or "(nothing)"


def _object(value: object) -> object:
    """Arguments as the API takes them back: an object, whatever was asked with."""
    return value if isinstance(value, dict) else {}


# -- for people -------------------------------------------------------------------------------------------------------


def shown(request: Request) -> str:
    """A request as text: its budget, tools, system prompt, and every block of its messages, in the order of sending."""
    budget = {key: value for key, value in request.items() if key not in ("system", "messages", "tools")}
    lines = ["# Request", "", *(f"- {key}: {json.dumps(value)}" for key, value in sorted(budget.items()))]
    for tool in request.get("tools", ()):
        lines += ["", f"## Tool: {tool['name']}", "", tool["description"], "", "```json"]
        lines += [json.dumps(tool["input_schema"], indent=1, ensure_ascii=False), "```"]
    for part in request["system"]:
        cached = " (cached)" if "cache_control" in part else ""
        lines += ["", f"## System prompt{cached}, {len(part['text'])} characters", "", _quoted(part["text"])]
    number = 0
    for message in request["messages"]:
        lines += ["", f"## Message of the {message['role']}"]
        for block in message["content"]:
            number += block["type"] == "search_result"
            lines += ["", *_block(block, number)]
    return "\n".join(lines) + "\n"


def _block(block: Mapping[str, Any], number: int) -> list[str]:
    if block["type"] == "search_result":
        head = f"### Search result {number - 1}: {block['source']}"
        blocks = [f"{at:>3} {_quoted(part['text'].rstrip(chr(10)), 4)}" for at, part in enumerate(block["content"])]
        return [head, block["title"], f"citations: {json.dumps(block['citations'])}", *blocks]
    if block["type"] == "text":
        return ["### Text", _quoted(block["text"])]
    return [f"### {block['type']}", _quoted(json.dumps(block, indent=1, ensure_ascii=False))]


def _quoted(words: str, indent: int = 0) -> str:
    """Lines behind a bar, so that what a document says is not taken for what stands around it."""
    return ("\n" + " " * indent).join(f"| {line}".rstrip() for line in words.split("\n"))
