"""The sample's threads: follow-ups find what their stand-alone form finds; and what pages planted in it contradict is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.compose import Reader
from api.owner import open_owner
from api.settings import Settings
from rag.ask import Asker
from rag.evaluation.questions import load_questions
from rag.models.scripted import ScriptedModel
from rag.ports import ModelEvent
from rag.records import Viewer
from tests.conftest import write

SAMPLE = Path("data/sample")
THREADS = SAMPLE / "followups.jsonl"
PLANTED = {  # a page, what it states, a question, and the two values that must be told
    "dispatch-restores": (
        "# Restoring in the Dispatch team\n\nPoint-in-time recovery of `consignments` reaches back 14 days in "
        "production.\n",
        "How far back does point-in-time recovery of consignments reach in production?",
        ("14 days", "21 days"),
    ),
    "paging": (
        "# Paging in the Labels team\n\n- Acknowledge within 15 minutes. After that it goes to the secondary.\n",
        "Within how many minutes do I have to acknowledge a page?",
        ("15 minutes", "5 minutes"),
    ),
    "handover": (
        "# Handover\n\nThe handover of the rota is on Wednesday at 09:00, in person or on a call.\n",
        "When is the on-call handover?",
        ("09:00", "10:00"),
    ),
    "silences": (
        "# Silences\n\nSilence an alert only with an end and a ticket number, 24 hours at most.\n",
        "How long may an alert be silenced at most?",
        ("24 hours", "eight hours"),
    ),
    "bristol-tips": (
        "# Tips for the Bristol gateway\n\nAfter the restart of `hub-gateway` wait 60 seconds before you do "
        "anything else.\n",
        "How long do I wait after restarting the Bristol gateway?",
        ("60 seconds", "240 seconds"),
    ),
    "wireguard": (
        "# WireGuard for staff\n\nEnrolment goes through the SSO page. Keys expire after 30 days, one device each.\n",
        "When do WireGuard keys expire?",
        ("30 days", "90 days"),
    ),
    "label-queue": (
        "# The label queue\n\n| Queue | Visibility |\n|---|---|\n| `tb-prod-label-print.fifo` | 60 s |\n",
        "What is the visibility timeout of tb-prod-label-print.fifo?",
        ("60 s", "45 s"),
    ),
    "label-archive": (
        "# The label archive\n\nThe bucket `tb-prod-label-archive` keeps labels for 365 days.\n",
        "How long does tb-prod-label-archive keep labels?",
        ("365 days", "400"),
    ),
    "metrics": (
        "# Metrics\n\nPrometheus keeps 30 days of metrics, the rest is in Thanos.\n",
        "How long does Prometheus keep metrics?",
        ("30 days", "15 days"),
    ),
    "break-glass": (
        "# Break-glass for the SRE team\n\nOnly the SRE on call can assume `tb-prod-break-glass`; a session ends "
        "after 4 hours.\n",
        "After how long does a tb-prod-break-glass session end?",
        ("4 hours", "one hour"),
    ),
    "dead-letters": (
        "# Dead letters\n\nMessages in a dead-letter queue are deleted for good after 7 days.\n",
        "After how many days are dead letters deleted?",
        ("7 days", "14 days"),
    ),
}


def sample_reader(folder: Path, files: dict[str, str]) -> Iterator[Reader]:
    shutil.copytree(SAMPLE, folder / "sample")
    write(folder / "sample" / "wiki", files)
    settings = Settings(home=folder / "home", config=folder / "sample" / "waypost.yaml", embedder="hashing")
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
        yield owner.reader()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    yield from sample_reader(tmp_path_factory.mktemp("sample"), {})


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    pages = {
        f"teams/{name}.md": f"---\nlast_reviewed_on: 2024-02-01\n---\n{text}" for name, (text, _, _) in PLANTED.items()
    }
    yield from sample_reader(tmp_path_factory.mktemp("planted"), pages)


def test_follow_ups_find_what_their_stand_alone_form_finds(reader: Reader) -> None:
    alone = {entry["id"]: entry["standalone"] for entry in map(json.loads, THREADS.read_text().splitlines())}
    questions = load_questions(THREADS)
    assert len(questions) >= 20

    def hits(ask: Callable[[str, str], str]) -> int:
        return sum(q.hit(reader.retriever.search(ask(q.id, q.asked_as), Viewer(), 5).passages) for q in questions)

    rewritten, best = hits(lambda _, asked: asked), hits(lambda name, _: alone[name])
    raw = sum(q.hit(reader.retriever.search(q.text, Viewer(), 5).passages) for q in questions)
    assert rewritten >= 0.85 * best
    assert rewritten > raw


def test_what_planted_pages_contradict_is_said(planted: Reader) -> None:
    asker = planted.asker()
    told = {}
    for name, (_, question, values) in PLANTED.items():
        reasons = [
            flag.text + flag.reason for flag in asker.answer(question, Viewer()).flags if flag.kind == "conflict"
        ]
        told[name] = any(all(value in reason for value in values) for reason in reasons)
    assert sum(told.values()) >= 8, told  # a ninth (handover) went with four false ones of twenty: decision 31


def test_a_model_is_shown_the_page_to_prefer_first_and_told_of_the_other(planted: Reader) -> None:
    model = ScriptedModel([ModelEvent(text="x")])
    asker = Asker(planted.catalog, planted.retriever, "You are an engineer.", model)
    asker.answer("When do WireGuard keys expire?", Viewer())
    (prompt,) = model.prompts
    assert (
        "wiki/networking/vpn.md:45 and wiki/teams/wireguard.md:6 disagree: prefer the first, it was reviewed later"
        in prompt.guidance
    )
    assert "90 days" not in prompt.guidance  # what documents say stays among the search results
    paths = [found.document.path for found in prompt.evidence]
    assert paths.index("networking/vpn.md") < paths.index("teams/wireguard.md")
    asker.answer("In which AWS region is the VPC of the staging environment?", Viewer())
    assert "wiki/reference/environments.md is past its review date (" in model.prompts[-1].guidance


def test_what_code_has_settled_is_told_once(planted: Reader) -> None:
    answer = planted.asker().answer("Which instance class has the consignments database in production?", Viewer())
    told = [flag for flag in answer.flags if flag.kind == "conflict"]
    stale = [(spot.path, spot.line) for flag in told for spot in flag.spots if spot.path == "reference/environments.md"]
    assert ("reference/environments.md", 25) in stale
    cases = [flag.reason for flag in told if "db.r6g.xlarge" in flag.text + flag.reason]
    assert len(cases) == 1
    assert cases[0].endswith("prefer the code")
