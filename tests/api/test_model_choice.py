"""Which model answers when: by the settings, in their order, and said to whoever asks for the status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.compose import model_choice, model_from, model_view
from api.settings import Settings, llama_index_options
from rag.errors import SettingsError

URL = {"model_url": "http://127.0.0.1:11434/v1/", "model": "llama3.1"}
LLM = {"llama_index_llm": "tests.llama_index_llms:Told"}


def test_none_without_settings() -> None:
    assert model_choice(Settings()).told == "answers: extractive, without a model"
    assert model_from(Settings()) is None


def test_claude_where_there_is_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    choice = model_choice(Settings())
    assert (choice.via, choice.note) == ("claude", "")
    assert type(model_from(Settings())).__name__ == "AnthropicModel"
    for given, via in ((URL, "openai-compatible"), (LLM, "llama-index")):
        choice = model_choice(Settings(**given))
        assert choice.via == via
        assert choice.note.startswith("ANTHROPIC_API_KEY is not used, for WAYPOST_")
    assert model_choice(Settings(**URL)).told == (
        "answers: llama3.1 (openai-compatible, http://127.0.0.1:11434/v1);"
        " ANTHROPIC_API_KEY is not used, for WAYPOST_MODEL_URL is set"
    )


def test_the_named_model_is_made() -> None:
    made = model_from(Settings(**URL))
    assert made
    assert (type(made).__name__, made.name) == ("OpenAICompatibleModel", "llama3.1")
    made = model_from(Settings(**LLM, llama_index_options='{"model": "m9"}'))
    assert made
    assert (type(made).__name__, made.name) == ("LlamaIndexModel", "m9")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({**URL, **LLM}, "unset one of them"),
        ({"model_url": URL["model_url"]}, "set WAYPOST_MODEL too"),
        ({**URL, "model_url": "http://me:pw-secret@h/v1"}, "put the key into WAYPOST_MODEL_KEY"),
        ({**URL, "model_key": "sk-secret x"}, "WAYPOST_MODEL_KEY holds characters"),
        ({"llama_index_llm": "nowhere:Model"}, "nowhere can't be imported"),
        ({**LLM, "llama_index_options": "[sk-secret"}, "must be a JSON object"),
        ({**LLM, "llama_index_options": '{"api_key": "${NOPE}"}'}, "the environment variable NOPE is not set"),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said.replace("$", r"\$")) as found:
        model_from(Settings(**given))
    assert "secret" not in str(found.value)


def test_options_are_filled_in_and_kept_from_view() -> None:
    settings = Settings(**URL, model_key="sk-secret", llama_index_options='{"api_key": "${TOKEN}", "a": {"b": 1}}')
    options, secrets = llama_index_options(settings, {"TOKEN": "tok-secret"})
    assert (options, secrets) == ({"api_key": "tok-secret", "a": {"b": 1}}, ("tok-secret",))
    assert "secret" not in repr(settings)


def test_status_tells_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / "a.md").write_text("# A\n\nb\n")
    (tmp_path / "waypost.yaml").write_text("sources:\n  - {name: wiki, type: folder, path: wiki}\n")
    home = {
        "WAYPOST_HOME": str(tmp_path / "home"),
        "WAYPOST_CONFIG": str(tmp_path / "waypost.yaml"),
        "WAYPOST_EMBEDDER": "hashing",
    }
    model = {"WAYPOST_MODEL_URL": URL["model_url"], "WAYPOST_MODEL": "llama3.1"}
    assert CliRunner().invoke(app, ["sync"], env=home).exit_code == 0
    told = json.loads(CliRunner().invoke(app, ["status", "--json"], env={**home, **model}).stdout)["model"]
    assert (told["name"], told["via"], told["at"]) == ("llama3.1", "openai-compatible", "http://127.0.0.1:11434/v1")
    assert "answers: llama3.1 (openai-compatible" in CliRunner().invoke(app, ["status"], env={**home, **model}).stdout
    broken = {**home, **model, "WAYPOST_LLAMA_INDEX_LLM": "x:Y"}
    assert "unset one of them" in CliRunner().invoke(app, ["status"], env=broken).stdout
    assert model_view(Settings(**URL))["told"].startswith("answers: llama3.1")
