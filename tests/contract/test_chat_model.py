"""What every chat model must do: Claude and an OpenAI-compatible server over HTTP, an LLM class of llama-index, and the fake."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from rag.answers.extractive.units import units
from rag.errors import ModelError
from rag.models.claude import AnthropicModel
from rag.models.keyed import keyed
from rag.models.llama_index_model import LlamaIndexModel
from rag.models.openai_compatible import OpenAICompatibleModel
from rag.models.scripted import ScriptedModel
from rag.ports import ChatModel, Claim, ModelEvent, Prompt
from rag.records import AccessRule, Document, Passage, ScoredPassage, Usage
from tests import llama_index_llms
from tests.loopback import LoopbackRequest, LoopbackServer, running
from tests.openai_server import OpenAIServer, Reply
from tests.openai_server import serving as openai_serving

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:anthropic.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:llama_index.*"),
]

TEXT = "# Locks\n\nA stuck lock is cleared so:\n\n```bash\nterraform force-unlock ID\n```\n\nTell #ops."
SEED = 3


def _evidence() -> tuple[ScoredPassage, ...]:
    document = Document(
        "d", "wiki", "locks.md", "Locks", "page", TEXT, "v", "u", "", "2026-01-02", "", AccessRule(), ""
    )
    return (ScoredPassage(Passage("p", "d", 0, ("Locks",), TEXT, 11, 19, "section"), document, 1.0),)


PROMPT = Prompt("be brief", _evidence(), "How?", 100, (("Why?", "Because."),), "In steps.")
UNITS = [unit for unit in units(PROMPT.evidence[0].passage) if unit.text.strip()]
Sentence = tuple[
    str, int | None
]  # what is said, and the number of the unit that it rests on; -1 for one that is not there


@dataclass
class Trial:
    """A model that says what it is told to, or breaks off behind that."""

    model: ChatModel
    say: Callable[[Sequence[Sentence], bool], None]


class _ClaudeRequest(LoopbackRequest):
    server: _ClaudeServer

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send(200, b"", {"Content-Type": "text/event-stream", "Connection": "close"})
        self.close_connection = True
        self.wfile.write(self.server.stream)


class _ClaudeServer(LoopbackServer):
    stream = b""

    def say(self, sentences: Sequence[Sentence], whole: bool) -> None:
        message = {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
            "stop_sequence": None, "usage": {"input_tokens": 25, "output_tokens": 1},
        }  # fmt: skip
        events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
        for index, (text, unit) in enumerate(sentences):
            block = {"type": "text", "text": "", "citations": []}
            events.append({"type": "content_block_start", "index": index, "content_block": block})
            events.append(
                {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}}
            )
            if unit is not None:
                place = {
                    "type": "search_result_location", "search_result_index": 0 if unit >= 0 else 9, "source": "s", "title": "t",
                    "cited_text": UNITS[unit].text + "\n", "start_block_index": unit, "end_block_index": unit + 1,
                }  # fmt: skip
                delta = {"type": "citations_delta", "citation": place}
                events.append({"type": "content_block_delta", "index": index, "delta": delta})
            events.append({"type": "content_block_stop", "index": index})
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 15}})
        events.append({"type": "message_stop"})
        kept = events if whole else events[:-2]
        self.stream = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in kept).encode()


def _keyed(sentences: Sequence[Sentence]) -> str:
    """The same as a model says it that was given keys."""
    keys = re.findall(r"⟦(\w{5})⟧", keyed(PROMPT, SEED).messages[-1].text)
    marks = {None: "", -1: " ⟦bbbb9⟧"}
    return "".join(text + marks.get(unit, f" ⟦{keys[unit or 0]}⟧") for text, unit in sentences)


@contextmanager
def _claude() -> Iterator[Trial]:
    with running(_ClaudeServer(_ClaudeRequest)) as server:
        yield Trial(AnthropicModel("sk-test", base_url=server.address, timeout=5, retries=0), server.say)


@contextmanager
def _openai() -> Iterator[Trial]:
    with openai_serving() as server:

        def say(sentences: Sequence[Sentence], whole: bool) -> None:
            server.replies = [Reply(_keyed(sentences), done=whole, finish="stop" if whole else None)]

        yield Trial(OpenAICompatibleModel(server.url, "m", timeout=5, seed=SEED), say)


@contextmanager
def _llama_index() -> Iterator[Trial]:
    def say(sentences: Sequence[Sentence], whole: bool) -> None:
        llama_index_llms.said = _keyed(sentences)
        llama_index_llms.trouble = None if whole else RuntimeError("gone")

    yield Trial(LlamaIndexModel("tests.llama_index_llms:Told", {}, timeout=5, seed=SEED), say)


@contextmanager
def _scripted() -> Iterator[Trial]:
    script: list[ModelEvent | Exception] = []

    def say(sentences: Sequence[Sentence], whole: bool) -> None:
        script.clear()
        for text, unit in sentences:
            spans = [] if unit is None else [(-1, 0, 0, "")] if unit < 0 else [_place(unit)]
            script.extend((ModelEvent(text=text), ModelEvent(claim=Claim(text, tuple(spans)))))
        script.append(ModelEvent(usage=Usage(25, 15), stop_reason="end_turn") if whole else ModelError("gone"))

    yield Trial(ScriptedModel(script), say)


@pytest.fixture(params=[_claude, _openai, _llama_index, _scripted], ids=["claude", "openai", "llama-index", "scripted"])
def trial(request: pytest.FixtureRequest) -> Iterator[Trial]:
    with request.param() as made:
        yield made


def _place(unit: int) -> tuple[int, int, int, str]:
    return (0, UNITS[unit].start_line, UNITS[unit].end_line, UNITS[unit].text)


SAID: list[Sentence] = [("First unlock it.", 2), (" Then tell ops.", 3), (" Good luck.", None)]


def test_it_has_a_name(trial: Trial) -> None:
    assert trial.model.name


def test_text_comes_before_its_claim_and_claims_cover_the_text(trial: Trial) -> None:
    trial.say(SAID, True)
    text, claimed = "", ""
    for event in trial.model.stream(PROMPT):
        text += event.text
        claimed += event.claim.text if event.claim else ""
        assert text.startswith(claimed)
    assert text == claimed == "First unlock it. Then tell ops. Good luck."


def test_a_claim_names_evidence_lines_and_words(trial: Trial) -> None:
    trial.say(SAID, True)
    claims = [event.claim for event in trial.model.stream(PROMPT) if event.claim]
    assert [claim.text.strip() for claim in claims] == ["First unlock it.", "Then tell ops.", "Good luck."]
    assert [[(*span[:3], span[3].strip()) for span in claim.spans] for claim in claims] == [
        [(0, 15, 18, UNITS[2].text.strip())], [(0, 19, 19, "Tell #ops.")], [],
    ]  # fmt: skip
    for claim in claims:
        for index, first, last, quote in claim.spans:
            passage = PROMPT.evidence[index].passage
            lines = passage.text.split("\n")[first - passage.start_line : last - passage.start_line + 1]
            assert quote.strip() in "\n".join(lines)


def test_a_place_that_is_not_there_cites_nothing(trial: Trial) -> None:
    trial.say([("Delete it all.", -1)], True)
    (claim,) = [event.claim for event in trial.model.stream(PROMPT) if event.claim]
    assert [index for index, *_ in claim.spans] == [-1]


def test_the_last_event_tells_usage_and_why_it_ended(trial: Trial) -> None:
    trial.say(SAID, True)
    *events, last = trial.model.stream(PROMPT)
    assert last.usage is not None
    assert (last.usage.input_tokens, last.usage.output_tokens) == (25, 15)
    assert last.stop_reason == "end_turn"
    assert not any(event.stop_reason for event in events)


def test_a_reply_that_breaks_off_is_an_error(trial: Trial) -> None:
    trial.say(SAID, False)
    text = ""
    with pytest.raises(ModelError):
        for event in trial.model.stream(PROMPT):
            text += event.text
    assert "First unlock it." in text


def test_it_answers_again_and_can_be_left(trial: Trial) -> None:
    trial.say(SAID, True)
    left = iter(trial.model.stream(PROMPT))
    next(left)
    getattr(left, "close", lambda: None)()
    assert "".join(event.text for event in trial.model.stream(PROMPT)).startswith("First unlock it.")


def test_no_evidence_is_no_obstacle(trial: Trial) -> None:
    trial.say([("Nothing.", None)], True)
    assert "".join(event.text for event in trial.model.stream(Prompt("s", (), "q"))) == "Nothing."


def test_the_servers_are_asked_with_all_of_the_prompt() -> None:
    with openai_serving() as server:
        server: OpenAIServer
        list(OpenAICompatibleModel(server.url, "m").stream(PROMPT))
        sent = json.dumps(server.seen[0][2])
    for part in ("be brief", "How?", "Why?", "Because.", "In steps.", "force-unlock"):
        assert part in sent
