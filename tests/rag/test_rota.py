"""Who is on call: where it says where that stands, and nothing where no document does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.answers.judging.rota import asks_who
from rag.records import Viewer
from tests.conftest import configure, write

PAGES = {
    "call.md": "# Support\n\nTeam members keep the on-call rota in [PagerDuty](https://pager.example/schedules).\n\n"
    "## Pay\n\nWhoever is on call is paid a day's rate for each weekend of it, as their contract says.\n",
    "api.md": "# Right calls\n\nCalls of the API go right to the gateway. Who calls it now is logged.\n",
}


@pytest.mark.parametrize(
    "question", ["who is on call?", "Who's on-call tonight", "who do I call right now", "whom should we page?"]
)
def test_who_is_on_call_is_asked_of_now(question: str) -> None:
    assert asks_who(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who is on call for payments?", "who do I call about billing?", "How is on-call paid?",
        "What do I do when I am on call?", "who calls the API right now?",
    ],
)  # fmt: skip
def test_what_asks_for_more_is_another_question(question: str) -> None:
    assert not asks_who(question)


@pytest.mark.parametrize("question", ["who is on call?", "who do I call right now"])
def test_the_line_that_says_where_it_stands_is_quoted(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path, question: str
) -> None:
    configure(settings, {"name": "wiki", "type": "folder", "path": str(write(tmp_path / "wiki", PAGES))})
    sync()
    answer = owner.reader().asker().answer(question, Viewer())
    assert answer.verdict == "partial"
    assert answer.citations[0].quote.startswith("Team members keep the on-call rota")
    assert "gateway" not in answer.text
    (tmp_path / "wiki" / "call.md").unlink()
    sync()
    assert owner.reader().asker().answer(question, Viewer()).verdict == "not_found"
