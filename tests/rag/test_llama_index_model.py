"""LLM classes of llama-index as models: by name, with options, within a time, and with their failures translated."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from rag.errors import ModelError, SettingsError
from rag.models.llama_index_model import LlamaIndexModel
from rag.ports import ModelEvent, Prompt
from rag.records import Usage
from tests import llama_index_llms as llms

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:llama_index.*")

PROMPT = Prompt("be brief", (), "How?", 100)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {"said": "Hello.", "trouble": None, "pause": 0.0, "shown": [], "made": []}.items():
        monkeypatch.setattr(llms, name, value)
    yield


def run(name: str = "Told", timeout: float = 5, secrets: tuple[str, ...] = (), **options: Any) -> list[ModelEvent]:
    return list(LlamaIndexModel(f"tests.llama_index_llms:{name}", options, secrets, timeout).stream(PROMPT))


def test_it_streams_through_the_real_machinery() -> None:
    events = run()
    assert "".join(event.text for event in events) == "Hello."
    assert len([event for event in events if event.text]) > 1
    assert (events[-1].usage, events[-1].stop_reason) == (Usage(25, 15, requests=1), "end_turn")
    assert "system: be brief" in llms.shown[0]  # llama-index made the text of the messages
    assert LlamaIndexModel("tests.llama_index_llms.Told", {"model": "m7"}).name == "m7"
    assert LlamaIndexModel("tests.llama_index_llms.Told", {"model": "unknown"}).name == "Told"


def test_one_that_tells_the_whole_so_far() -> None:
    events = run("Whole")
    assert "".join(event.text for event in events) == "Hello."
    assert (events[-1].usage, events[-1].stop_reason) == (Usage(7, 3, requests=1), "max_tokens")


def test_a_model_is_made_once_for_its_options() -> None:
    for model in ("once", "once", "other"):
        run(model=model)
    assert [options["model"] for options in llms.made] == ["once", "other"]


def test_its_exceptions_are_model_errors_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llms, "trouble", RuntimeError("sk-1 was\nrefused"))
    with pytest.raises(ModelError, match=r"tests.llama_index_llms:Told failed: RuntimeError: \*\*\* was refused"):
        run(secrets=("sk-1",))


def test_it_has_one_limit_of_time_and_one_of_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llms, "said", "word " * 300)
    with pytest.raises(ModelError, match="far more"):
        run()
    monkeypatch.setattr(llms, "pause", 0.1)
    began = time.monotonic()
    with pytest.raises(ModelError, match="too long"):
        run(timeout=0.3)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("Ollama", "write package.module:Class"),
        ("llama_index.llms.ollama:Ollama", "pip install llama-index-llms-ollama"),
        ("nowhere.at_all:Model", "install the package that has it"),
        ("tests.llama_index_llms:NoLLM", "no LLM class NoLLM; it has: CustomLLM, Told, Whole"),
        ("tests.llama_index_llms:Nothing", "no LLM class Nothing"),
    ],
)
def test_what_is_wrong_with_its_name_is_said(path: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        LlamaIndexModel(path, {})


def test_options_that_it_refuses_are_told_without_secrets() -> None:
    with pytest.raises(
        SettingsError, match=r"WAYPOST_LLAMA_INDEX_OPTIONS: ValueError: the key \*\*\* is refused"
    ) as found:
        run(secrets=("wrong-secret",), api_key="wrong-secret")
    assert found.value.__cause__ is None
