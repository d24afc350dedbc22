"""What Claude is sent for five typical questions over the sample, as it arrives: `requests/*.md`, for people to judge.

`WAYPOST_TEST_RECORD=1` writes them anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import anthropic  # noqa: F401  # here, since importing it takes seconds that are no answer's
import pytest

from api.compose import Reader
from api.owner import Owner, open_owner
from api.settings import Settings
from rag.models.claude_request import shown
from rag.records import Viewer
from rag.search import Filters
from tests.model_server import ModelServer, claude, text

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

RECORD = bool(os.environ.get("WAYPOST_TEST_RECORD"))
REQUESTS = Path(__file__).parent / "requests"
SAMPLE = Path(__file__).parents[2] / "data" / "sample"
WRITTEN = 1_772_366_400  # 2026-03-01, when every file of the copy was written
OVERDUE = r"last_reviewed_on: (202[0-4]|2025-0)"
SECRETS = ("Mq7vRz4LpX9tBw2sKe8h", "AKIAQ3TZ7MKWL5VN2RBX", "vQ7-Lumber-92xKoTr")
QUESTIONS = {
    "a-step": "A courier's API is timing out on everything. How do I send their parcels to somebody else for a while?",
    "an-alert": "LabelPrinterQueueStuck for ley-z3, gateway keeps logging PRN-40 group blocked. What do I do?",
    "a-value": "What instance class does the tracking database have in production?",
    "a-reason": "Why did we decide against running our own Kafka?",
    "access": "How do I connect to a cluster, and which credentials do I need?",
}


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """The sample with times that don't change, on the hashing embedder, whose order is the same on every machine."""
    folder = tmp_path_factory.mktemp("requests")
    shutil.copytree(SAMPLE, folder / "sample")
    for file in (folder / "sample").rglob("*"):
        if file.suffix == ".md" and not re.search(OVERDUE, said := file.read_text(encoding="utf-8")):
            file.write_text(re.sub(r"review_in: \d+ months", "review_in: 1200 months", said), encoding="utf-8")
        os.utime(file, (WRITTEN, WRITTEN))  # what is overdue today is so on any later day, and nothing else
    settings = Settings(home=folder / "home", config=folder / "sample" / "waypost.yaml", embedder="hashing")
    with open_owner(settings, "sync") as opened:
        opened.sync([], lambda step: None, lambda: False)
        yield opened


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_request_is_the_one_that_was_judged(owner: Owner, name: str) -> None:
    with ModelServer() as server:
        server.replies(claude(text("Our documents don't say.")))
        update = {"anthropic_api_key": "sk-ant-test", "anthropic_base_url": server.url, "effort": "medium"}
        settings = owner.settings.model_copy(update=update)
        reader = Reader(settings, owner.catalog, owner.reader()._serving)
        prompt, _ = reader.asker().prompt(QUESTIONS[name], Viewer())  # whatever is thought of the evidence
        assert reader._model is not None
        list(reader._model.stream(prompt))
        (request,) = server.requests
    arrived = shown(request.body)
    told, _ = reader.request(QUESTIONS[name], Viewer(), Filters())
    assert {**told, "stream": True} == request.body  # --show-prompt is what is sent
    file = REQUESTS / f"{name}.md"
    if RECORD:
        file.write_text(arrived, encoding="utf-8")
    assert arrived == file.read_text(encoding="utf-8"), f"WAYPOST_TEST_RECORD=1 writes {file.name} anew"
    assert not [secret for secret in SECRETS if secret in request.raw.decode()]
    assert "sk-ant-test" not in request.raw.decode()


def test_what_people_read_is_all_that_is_sent(owner: Owner) -> None:
    reader = Reader(owner.settings, owner.catalog, owner.reader()._serving)
    prompt, _ = reader.asker().prompt(QUESTIONS["access"], Viewer())
    from rag.models.claude import AnthropicModel

    model = AnthropicModel("")
    request = model.request(prompt)
    told = shown(request)
    bare = told.replace("| ", "").replace("|", "")
    for message in request["messages"]:
        for block in message["content"]:
            for part in block.get("content", [block]):
                for line in part["text"].split("\n"):
                    assert line.replace("| ", "").replace("|", "").strip() in bare
    assert json.dumps(request["max_tokens"]) in told
